"""What is installed is changed, put back and written down."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import (
    DJANGO_3,
    FLASK,
    SQLPARSE,
    WERKZEUG,
    content,
    installed,
    make_environment,
    python_of,
    write,
)
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.code_server import CodeServer
    from tests.editors.vscode.conftest import HalfWay, Opener
    from tests.harness.index import Index

pytestmark = [pytest.mark.editor, pytest.mark.slow]


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Path:
    """Return a project whose environment lacks one of the two packages that it asks for."""
    for archive in (FLASK, WERKZEUG, SQLPARSE):
        index.add(archive)
    project = write(tmp_path / "shop", {"requirements.txt": "flask==3.0.3\nsqlparse==0.5.1\n"})
    make_environment(project / ".venv", SQLPARSE)
    return project


def test_install_what_is_missing(window: Opener, project: Path) -> None:
    """The finding leads to the installation, after which it is gone, and the package is there."""
    wb = window(project, "requirements.txt")
    expect(wb.problem("`flask` is not installed")).to_be_visible()
    expect(wb.status("1 missing")).to_be_visible()
    wb.screenshot("missing")

    wb.run("pinfold.installRequirements")
    expect(wb.dialog()).to_contain_text("Werkzeug 3.0.4")
    wb.screenshot("install-preview")
    wb.press_in_dialog("Install")
    expect(wb.notification("2 added")).to_be_visible()
    expect(wb.problem("not installed")).to_have_count(0)
    expect(wb.status("missing")).to_have_count(0)
    wb.screenshot("installed")

    expected = {"Flask": "3.0.3", "Werkzeug": "3.0.4", "sqlparse": "0.5.1"}
    assert expected == installed(project / ".venv")


def test_cancel_a_long_install(half_way: HalfWay, server: CodeServer) -> None:
    """Whoever cancels has the old state back, is told so, and nothing runs any more."""
    wb, project = half_way.window, half_way.project
    is_running = bool(server.processes(within=str(project)))
    expect(wb.progress()).to_be_visible()
    wb.screenshot("cancel")
    wb.press_button("Cancel")
    expect(wb.notification("as it was before")).to_be_visible()
    expect(wb.progress()).to_have_count(0)
    eventually(lambda: not server.processes(within=str(project)), "nothing runs any more")
    wb.screenshot("cancelled")

    assert is_running
    assert half_way.before == content(project / ".venv")


def test_broken_environment_is_rebuilt(window: Opener, project: Path) -> None:
    """An environment whose interpreter is gone says so, and is made anew with the same packages."""
    for python in (project / ".venv" / "bin").glob("python*"):
        python.unlink()
        python.symlink_to("/opt/gone/bin/python3")
    (project / ".venv" / "pyvenv.cfg").write_text(
        "home = /opt/gone/bin\n"
        "include-system-site-packages = false\n"
        f"version = {platform.python_version()}\n",
        encoding="utf-8",
    )
    wb = window(project, "requirements.txt")
    expect(wb.status("broken")).to_be_visible()
    wb.screenshot("broken")

    wb.run("pinfold.rebuildEnvironment")
    expect(wb.dialog()).to_contain_text("2 packages at the same versions")
    wb.press_in_dialog("Rebuild")
    expect(wb.notification("Rebuilt")).to_be_visible()
    expect(wb.status("broken")).to_have_count(0)
    wb.screenshot("rebuilt")

    assert {"sqlparse": "0.5.1"} == installed(project / ".venv")


def test_undo(window: Opener, project: Path) -> None:
    """The last change is taken back by the button that is offered after it."""
    before = installed(project / ".venv")
    wb = window(project, "requirements.txt")
    expect(wb.status("1 missing")).to_be_visible()
    wb.run("pinfold.installRequirements")
    wb.press_in_dialog("Install")
    expect(wb.status("missing")).to_have_count(0)
    wb.press_button("Undo", "2 added")
    expect(wb.notification("as it was before: 2 removed")).to_be_visible()
    expect(wb.problem("`flask` is not installed")).to_be_visible()
    wb.screenshot("undone")

    assert before == installed(project / ".venv")


def test_freeze(window: Opener, tmp_path: Path) -> None:
    """What is installed becomes a requirements file that pip takes."""
    project = write(tmp_path / "blog", {"requirements.txt": "django\n"})
    make_environment(project / ".venv", DJANGO_3, SQLPARSE)
    wb = window(project, "requirements.txt")
    expect(wb.status(".venv")).to_be_visible()

    wb.run("pinfold.freeze")
    expect(wb.page.locator(".tab")).to_have_count(2)
    wb.screenshot("freeze")
    frozen = wb.text()

    assert ["Django==3.2.25", "sqlparse==0.5.1"] == frozen.split()
    assert frozen.split() == python_of(project / ".venv", "-m", "pip", "freeze").split()
