"""Which VS Code this is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from docs.generate import editor_sentence
from tests.editors.vscode.prepare import prepare

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def test_the_documentation_names_it(extensions: Path) -> None:
    """What the documentation says of its version, it says of itself."""
    package = prepare().parents[2] / "lib" / "vscode" / "package.json"
    version = json.loads(package.read_text(encoding="utf-8"))["version"]

    assert f"which is VS Code {version} " in editor_sentence()
