"""Findings are seen where they are, and mended from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import DJANGO_3, SQLPARSE, make_environment, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.conftest import Opener

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def test_squiggles_and_a_quick_fix(window: Opener, tmp_path: Path) -> None:
    """What is wrong has a squiggle, and a fix that changes the file and takes the squiggle away."""
    project = write(
        tmp_path / "blog",
        {"requirements.txt": "django==3.2.25\nsqlparse>=0.4\nsqlparse<1\n"},
    )
    make_environment(project / ".venv", DJANGO_3, SQLPARSE)
    wb = window(project, "requirements.txt")
    expect(wb.problem("already required on line 2")).to_be_visible()
    expect(wb.squiggles()).to_have_count(1)
    wb.screenshot("squiggles")

    wb.leave_lightbulbs()
    wb.go_to_line(3)
    wb.open_lightbulb("Merge into line 2").click()
    expect(wb.squiggles()).to_have_count(0)
    wb.save()
    wb.screenshot("quick-fix")

    text = (project / "requirements.txt").read_text(encoding="utf-8")
    assert "django==3.2.25\nsqlparse>=0.4,<1\n" == text
