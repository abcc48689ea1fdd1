"""Beside Microsoft's Python extensions, each of which is a stub here: its id, and its API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.code_server import CodeServer, stub_extension
from tests.editors.vscode.projects import make_environment
from tests.editors.vscode.terminals import (
    ask,
    make_project,
    new_terminal,
    write_start_up_files,
)
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from tests.editors.vscode.conftest import Maker, Opener
    from tests.editors.vscode.workbench import Workbench

pytestmark = [pytest.mark.editor, pytest.mark.slow]

STUBS = Path(__file__).parent / "stubs"
SELECTS = "Stub: Select Another Environment"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with three environments."""
    folder = make_project(tmp_path / "project")
    make_environment(folder / "first" / "env")
    make_environment(folder / "second" / "env")
    return folder


@pytest.fixture(params=["python", "environments"])
def server(
    request: pytest.FixtureRequest, new_server: Maker, project: Path, tmp_path: Path
) -> CodeServer:
    """Return a server with a stub, in which an environment is selected that is not ours."""
    stub = STUBS / request.param
    package = json.loads((stub / "package.json").read_text(encoding="utf-8"))
    script = (stub / "main.js").read_text(encoding="utf-8")
    server = new_server(
        settings={"security.workspace.trust.enabled": False},
        variables={
            "STUB_SELECTED": str(project / "first" / "env" / "bin" / "python"),
            "STUB_SELECTS_NEXT": str(project / "second" / "env" / "bin" / "python"),
            "STUB_WRITES_TO": str(tmp_path / "told.jsonl"),
        },
        more_extensions=[stub_extension(tmp_path, package, script)],
    )
    write_start_up_files(server.home)
    return server


@pytest.fixture
def workbench(window: Opener, server: CodeServer, project: Path) -> Workbench:
    """Return a window on the project."""
    workbench = window(project, "requirements.txt", on=server)
    expect(workbench.status(".venv")).to_be_visible()
    return workbench


def told(project: Path) -> list[dict[str, Any]]:
    """Return what the stub was told."""
    path = project.parent / "told.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_their_selection_is_offered(workbench: Workbench, project: Path) -> None:
    """It is no choice of ours until somebody says so, and its changes are followed."""
    new_terminal(workbench, "(project) ")
    before = ask(workbench, project / "before.json")
    workbench.run("pinfold.adoptEnvironment")
    expect(workbench.status("first")).to_be_visible()
    new_terminal(workbench, "(first) ")
    first = ask(workbench, project / "first.json")

    workbench.palette(SELECTS)
    workbench.run("pinfold.selectEnvironment")
    expect(workbench.item("second/env").filter(has_text="selected in Python").first).to_be_visible()
    workbench.screenshot("other-extension")
    workbench.press("Escape")
    workbench.run("pinfold.adoptEnvironment")
    expect(workbench.status("second")).to_be_visible()
    new_terminal(workbench, "(second) ")
    second = ask(workbench, project / "second.json")

    prefixes = [str(project / name) for name in (".venv", "first/env", "second/env")]
    assert prefixes == [one["prefix"] for one in (before, first, second)]
    assert [] == told(project)


def test_ours_is_published_when_asked(workbench: Workbench, project: Path) -> None:
    """Nothing is told unasked; once somebody wants that, every choice is told."""
    settings = project / ".vscode" / "settings.json"
    workbench.run("pinfold.selectEnvironment")
    workbench.pick("second")
    expect(workbench.status("second")).to_be_visible()
    unasked = told(project), settings.exists()

    workbench.run("pinfold.publishEnvironment")
    expect(workbench.notification()).to_be_visible()
    workbench.screenshot("publish")
    workbench.press_button("Always in This Workspace")
    eventually(settings.exists, "the setting is kept")
    workbench.run("pinfold.selectEnvironment")
    workbench.pick("first")
    eventually(lambda: len(told(project)) > 1 and "first" in told(project)[-1]["selected"], "told")

    assert ([], False) == unasked
    assert {"pinfold.pythonExtension.publish": True} == json.loads(settings.read_text())
    assert {
        "selected": str(project / "second" / "env" / "bin" / "python"),
        "folder": str(project),
    } == told(project)[0]
    assert str(project / "first" / "env" / "bin" / "python") == told(project)[-1]["selected"]
