"""Environments and requirements files for the tests of planning, written as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.asked import AskedFile, asked_in
from pinfold.core.formats.document import Document
from tests.harness.environments import environment

if TYPE_CHECKING:
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.environment import InstalledPackages

FOLDER = Path("/project")


def packages(*lines: str) -> InstalledPackages:
    """Return what an environment holds; see `tests.harness.environments`."""
    found = environment(*lines).packages
    assert found is not None
    return found


def asked_in_file(text: str, *, is_constraint: bool = False) -> tuple[Asked, ...]:
    """Return what the lines of a requirements file ask for."""
    path = FOLDER / ("constraints.txt" if is_constraint else "requirements.txt")
    return asked_in(AskedFile(path, Document.read(text), is_constraint))
