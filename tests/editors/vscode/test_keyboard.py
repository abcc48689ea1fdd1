"""A keyboard alone suffices, and a screen reader has something to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import FLASK, WERKZEUG, installed, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.conftest import Opener
    from tests.harness.index import Index

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def test_keyboard_only(window: Opener, index: Index, tmp_path: Path) -> None:
    """From an empty environment to a mended file, no pointer is touched; all has a name."""
    for archive in (FLASK, WERKZEUG):
        index.add(archive)
    project = write(tmp_path / "shop", {"requirements.txt": "flask\n"})
    wb = window(project, "requirements.txt")
    status = wb.status("No environment")
    expect(status).to_be_visible()
    wb.forbid_pointer()

    wb.press("F1")
    wb.answer(f">{wb.title('pinfold.createEnvironment')}")
    expect(wb.item("Python 3.").first).to_be_visible()
    named = [label for label in wb.items() if label]
    wb.press("Enter")
    expect(wb.item("requirements.txt").first).to_be_visible()
    wb.press("Enter")
    expect(wb.dialog()).to_contain_text("Flask 3.0.3")
    described = wb.dialog().get_attribute("aria-describedby")
    expect(wb.dialog().get_by_role("button", name="Create", exact=True)).to_be_focused()
    wb.press("Enter")
    expect(wb.notification("Created")).to_be_visible()
    expect(wb.status(".venv")).to_be_visible()
    # Over to the file, to its first problem, and the fix of that.
    expect(wb.status("missing")).to_have_count(0)
    wb.press("Control+1")
    wb.leave_lightbulbs()
    wb.press("F8")
    expect(wb.page.locator(".marker-widget")).to_contain_text("may resolve to any version")
    wb.open_lightbulb("")
    wb.screenshot("keyboard")
    wb.press("Enter")
    expect(wb.squiggles()).to_have_count(0)
    wb.save()

    assert "flask==3.0.3\n" == (project / "requirements.txt").read_text(encoding="utf-8")
    assert {"Flask": "3.0.3", "Werkzeug": "3.0.4"} == installed(project / ".venv")
    assert named
    assert described
    assert "Python" in (wb.status(".venv").locator("a").first.get_attribute("aria-label") or "")
