"""What tests of all editors share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.editors.scene import ARCHIVES, Scene
from tests.harness.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def index() -> Iterator[Index]:
    """Return an index with a few packages."""
    with Index(ARCHIVES) as index:
        yield index


@pytest.fixture
def scene(tmp_path: Path, index: Index) -> Scene:
    """Return a project with requirements, and no environment."""
    return Scene(tmp_path, index)
