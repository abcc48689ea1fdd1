"""A folder that is not trusted is read, and nothing of it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import FLASK, WERKZEUG, installed, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.conftest import Maker, Opener
    from tests.harness.index import Index

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def test_restricted_mode_then_trust(
    window: Opener, new_server: Maker, index: Index, tmp_path: Path
) -> None:
    """Findings are there without trust, changes are refused; with trust they work at once."""
    for archive in (FLASK, WERKZEUG):
        index.add(archive)
    project = write(tmp_path / "shop", {"requirements.txt": "flask==3.0.3\nflask\n"})
    server = new_server()
    wb = window(project, "requirements.txt", on=server)
    expect(wb.page.get_by_text("Restricted Mode is intended")).to_be_visible()
    expect(wb.problem("already required")).to_be_visible()
    wb.run("pinfold.createEnvironment")
    refusal = wb.notification("trust")
    expect(refusal).to_be_visible()
    wb.screenshot("restricted")
    was_made = (project / ".venv").exists()
    before = server.processes(within="run.py server")
    wb.page.evaluate("window.isStillTheSame = true")

    wb.press_button("Manage Workspace Trust", "trust")
    wb.page.get_by_role("button", name="Trust", exact=True).click()
    wb.run("pinfold.createEnvironment")
    wb.pick("Python 3.")
    wb.pick("requirements.txt")
    wb.press_in_dialog("Create")
    expect(wb.notification("Created")).to_be_visible()
    wb.screenshot("trusted")

    assert not was_made
    assert {"Flask": "3.0.3", "Werkzeug": "3.0.4"} == installed(project / ".venv")
    assert wb.page.evaluate("window.isStillTheSame")
    assert 1 == len(before)
    assert before == server.processes(within="run.py server")
