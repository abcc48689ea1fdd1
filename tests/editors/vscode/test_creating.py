"""An environment is made from the command palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import (
    FLASK,
    WERKZEUG,
    SlowProject,
    installed,
    python_of,
    write,
)
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.conftest import Opener
    from tests.harness.index import Index

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def test_create_from_the_palette(window: Opener, index: Index, tmp_path: Path) -> None:
    """Chosen by its name, made with what the project asks for, shown while it is made and after."""
    for archive in (FLASK, WERKZEUG):
        index.add(archive)
    slow = SlowProject(tmp_path / "slow")
    project = write(tmp_path / "shop", {"requirements.txt": "flask==3.0.3\n../slow\n"})
    wb = window(project, "requirements.txt")
    expect(wb.status("No environment")).to_be_visible()

    wb.run("pinfold.createEnvironment")
    wb.pick("Python 3.")
    wb.pick("requirements.txt")
    expect(wb.dialog()).to_contain_text("Flask 3.0.3")
    slow.hold()
    wb.press_in_dialog("Create")
    eventually(lambda: slow.has_begun, "the installation is under way")
    expect(wb.progress()).to_be_visible()
    wb.screenshot("create-progress")
    slow.let_go()
    expect(wb.notification("Created")).to_be_visible()
    expect(wb.progress()).to_have_count(0)
    expect(wb.status(".venv")).to_be_visible()
    expect(wb.status("missing")).to_have_count(0)
    wb.screenshot("create")

    assert {"Flask": "3.0.3", "Werkzeug": "3.0.4", "slow": "1.0"} == installed(project / ".venv")
    assert "3.0.3" == python_of(project / ".venv", "-c", "import flask; print(flask.__version__)")
