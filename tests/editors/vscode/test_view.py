"""The view of environments: what it shows, what its actions do, what it costs while unseen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import (
    DJANGO_3,
    FLASK,
    SQLPARSE,
    WERKZEUG,
    environment_for,
    installed,
    make_environment,
    python_of,
    write,
)
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.editors.vscode.code_server import CodeServer
    from tests.editors.vscode.conftest import Maker, Opener
    from tests.editors.vscode.workbench import Workbench
    from tests.harness.index import Index

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def unfold(workbench: Workbench) -> Locator:
    """Unfold the view, with nothing else beside it in the sidebar, and return it."""
    page = workbench.page
    view = page.locator(".pane", has=page.get_by_text("Python Environments", exact=True))
    header = view.locator(".pane-header")
    if header.get_attribute("aria-expanded") != "true":
        header.click()
    # Rows out of sight are not there at all.
    page.locator(".sidebar .pane-header[aria-expanded=true]").first.click()
    expect(page.locator(".sidebar .pane-header[aria-expanded=true]")).to_have_count(1)
    return view


def widen_sidebar(workbench: Workbench) -> None:
    """Give rows a place beside their buttons, for whoever looks at the picture."""
    mouse = workbench.page.mouse
    mouse.move(349, 600)
    mouse.down()
    mouse.move(470, 600, steps=4)
    mouse.up()
    mouse.move(900, 600)


def row(view: Locator, begin: str, *marks: str) -> Locator:
    """Return the rows that a screen reader reads from *begin* on, with *marks* after it."""
    pattern = ".*".join(map(re.escape, (begin, *marks)))
    return view.get_by_role("treeitem", name=re.compile(f"^{pattern}", re.IGNORECASE))


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Path:
    """Return a project in which one package is missing, and one has another version."""
    index.add(FLASK)
    index.add(WERKZEUG)
    text = "flask==3.0.3\ndjango==4.0.10\n"
    folder = write(tmp_path / "shop", {"requirements.txt": text})
    make_environment(folder / ".venv", DJANGO_3, SQLPARSE)
    make_environment(folder / "other")
    return folder


def test_packages_and_what_they_need(window: Opener, project: Path) -> None:
    """Environments, in them what is missing, wrong and right, and below it what that needs."""
    workbench = window(project, "requirements.txt")
    view = unfold(workbench)

    expect(row(view, ".venv", "selected")).to_be_visible()
    expect(row(view, "other")).to_be_visible()
    expect(row(view, "flask missing, flask==3.0.3")).to_be_visible()
    expect(row(view, "sqlparse 0.5.1, installed")).to_be_visible()
    wrong = row(view, "django 3.2.25, django==4.0.10, wrong")
    wrong.click()
    wrong.press("ArrowRight")
    expect(row(view, "sqlparse 0.5.1, sqlparse>=0.2, met")).to_be_visible()
    widen_sidebar(workbench)
    workbench.screenshot("view-packages")

    requires = "import importlib.metadata; print(importlib.metadata.requires('django'))"
    assert {"Django": "3.2.25", "sqlparse": "0.5.1"} == installed(project / ".venv")
    assert "['sqlparse>=0.2']" == python_of(project / ".venv", "-c", requires)


def test_install_what_is_missing(window: Opener, project: Path) -> None:
    """From the context menu, with the keyboard alone."""
    workbench = window(project, "requirements.txt")
    view = unfold(workbench)
    missing = row(view, "flask missing")
    missing.click()

    workbench.press("Shift+F10")
    expect(workbench.page.get_by_role("menuitem", name="Install What Is Asked For")).to_be_visible()
    workbench.press("ArrowDown", "Enter")
    workbench.press_in_dialog("Install")

    eventually(lambda: "Flask" in installed(project / ".venv"), "Flask is installed")
    expect(row(view, "flask 3.0.3")).to_be_visible()
    workbench.screenshot("view")
    expected = {"Flask": "3.0.3", "Werkzeug": "3.0.4", "Django": "3.2.25", "sqlparse": "0.5.1"}
    assert expected == installed(project / ".venv")


def test_select(window: Opener, server: CodeServer, project: Path) -> None:
    """An environment is selected by the button in its row."""
    workbench = window(project, "requirements.txt")
    view = unfold(workbench)
    expect(row(view, ".venv", "selected")).to_be_visible()
    before = environment_for(project, server.variables)
    other = row(view, "other")
    other.hover()
    other.get_by_role("button", name=re.compile("Select Environment")).click()

    expect(workbench.status("other")).to_be_visible()
    expect(row(view, "other", "selected")).to_be_visible()
    workbench.screenshot("view-selected")

    after = environment_for(project, server.variables)
    assert (project / ".venv", project / "other") == (before, after)


def test_empty_folder(window: Opener, new_server: Maker, tmp_path: Path) -> None:
    """Nothing runs until the view is shown; it offers to make an environment, and does."""
    project = tmp_path / "new"
    project.mkdir()
    settings = {"security.workspace.trust.enabled": False}
    server = new_server(settings=settings)
    workbench = window(project, settings=settings, on=server)
    before = server.processes(within="run.py server")

    view = unfold(workbench)
    button = view.get_by_role("button", name="Create Environment", exact=True)
    expect(button).to_be_visible()
    workbench.screenshot("view-welcome")
    button.click()
    workbench.pick("Python 3.")
    workbench.press_in_dialog("Create")
    expect(row(view, ".venv")).to_be_visible()

    assert ([], 1) == (before, len(server.processes(within="run.py server")))
    assert (project / ".venv" / "pyvenv.cfg").is_file()


def test_several_folders(window: Opener, server: CodeServer, tmp_path: Path) -> None:
    """Environments stand below the folder of the workspace that they are of."""
    for name in ("one", "two"):
        make_environment(write(tmp_path / name, {"requirements.txt": ""}) / ".venv")
    workspace = tmp_path / "both.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": "one"}, {"path": "two"}]}))
    workbench = window(workspace)
    view = unfold(workbench)

    for name in ("one", "two"):
        expect(row(view, name)).to_be_visible()
    expect(row(view, ".venv", "selected")).to_have_count(2)
    workbench.screenshot("view-folders")

    folders = [tmp_path / "one", tmp_path / "two"]
    assert [folder / ".venv" for folder in folders] == [
        environment_for(folder, server.variables) for folder in folders
    ]


def test_first_steps(window: Opener, tmp_path: Path) -> None:
    """In an open folder it begins with making an environment, and knows once that is there."""
    project = tmp_path / "first"
    project.mkdir()
    workbench = window(project)
    workbench.palette("Welcome: Open Walkthrough...")
    workbench.pick("First Steps with Pinfold")
    page = workbench.page.locator(".gettingStartedContainer")
    create = page.get_by_role("button", name="Create Environment", exact=True)
    expect(create).to_be_visible()
    workbench.screenshot("walkthrough")

    create.click()
    workbench.pick("Python 3.")
    workbench.press_in_dialog("Create")
    expect(workbench.status(".venv")).to_be_visible()
    done = page.locator(".getting-started-step", has_text="Create an environment")
    expect(done.locator(".codicon-getting-started-step-checked")).to_be_visible()

    assert (project / ".venv" / "pyvenv.cfg").is_file()
