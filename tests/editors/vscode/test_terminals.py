"""Terminals, tasks and debug sessions have the environment of their folder.

Each shell's start-up files put a folder like that of pyenv's shims first on PATH.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.code_server import CodeServer, stub_extension
from tests.editors.vscode.projects import make_environment
from tests.editors.vscode.terminals import (
    SHELLS,
    ask,
    make_project,
    new_terminal,
    report,
    wait_until_stale,
    write_start_up_files,
)
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.editors.vscode.conftest import Maker, Opener
    from tests.editors.vscode.workbench import Workbench

pytestmark = [pytest.mark.editor, pytest.mark.slow]

PROMPT = "(the project) "
STUBS = Path(__file__).parent / "stubs"
TRUSTED = {"security.workspace.trust.enabled": False}


@pytest.fixture(scope="module")
def shells(extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    """Return a server in whose home shells find start-up files; its windows are trusted."""
    with CodeServer(tmp_path_factory.mktemp("shells"), extensions, settings=TRUSTED) as server:
        write_start_up_files(server.home)
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project, in a folder whose name has to be quoted."""
    return make_project(tmp_path / "the project")


class Opened(Protocol):
    """Opens windows on the project."""

    def __call__(self, shell: str = "bash", file: str = "requirements.txt") -> Workbench:
        """Return a window, once Pinfold has said which environment is that of *file*."""
        ...


@pytest.fixture
def opened(window: Opener, shells: CodeServer, project: Path) -> Opened:
    """Return what opens windows on the project, with one shell or another."""

    def open_window(shell: str = "bash", file: str = "requirements.txt") -> Workbench:
        settings = {"terminal.integrated.defaultProfile.linux": shell}
        workbench = window(project, file, settings=settings, on=shells)
        folder = file.rpartition("/")[0]
        expect(workbench.status(f"{folder}/.venv".lstrip("/"))).to_be_visible()
        return workbench

    return open_window


@pytest.mark.parametrize("shell", SHELLS)
def test_terminal_runs_the_right_python(
    shell: str, opened: Opened, shells: CodeServer, project: Path
) -> None:
    """A new terminal is active whatever start-up files do; nothing is typed into it."""
    workbench = opened(shell)

    new_terminal(workbench, PROMPT)
    found = ask(workbench, project / "found.json")
    workbench.screenshot(f"terminal-{shell}")

    assert str(project / ".venv") == found["prefix"] == found["VIRTUAL_ENV"]
    assert "activate" not in workbench.terminal_text()
    assert "activate" not in (shells.home / ".bashrc").read_text(encoding="utf-8")


def test_leaving_in_bash(opened: Opened, project: Path) -> None:
    """bash has a `deactivate` in every terminal; what ran before runs again."""
    workbench = opened()
    new_terminal(workbench, PROMPT)
    ask(workbench, project / "inside.json")

    workbench.in_terminal("deactivate")
    after = ask(workbench, project / "after.json")
    prompt = project / "prompt"
    workbench.in_terminal(f"printf '%s' \"${{PS1@P}}\" > {shlex.quote(str(prompt))}")
    eventually(lambda: prompt.exists() and prompt.read_text() != "", "the prompt is told")
    workbench.screenshot("terminal-left")

    assert ("shims", "") == (after["prefix"], after["VIRTUAL_ENV"])
    assert f"({project.name})" not in prompt.read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_open_terminal_of_a_nested_project(shell: str, opened: Opened, project: Path) -> None:
    """It is active in the project of the file in front; `deactivate` leaves nothing behind."""
    nested = project / "services" / "web"
    nested.mkdir(parents=True)
    (nested / "requirements.txt").touch()
    make_environment(nested / ".venv")
    workbench = opened(shell, "services/web/requirements.txt")

    workbench.run("pinfold.openTerminal")
    expect(workbench.page.locator(".terminal-wrapper.active")).to_be_visible()
    inside = ask(workbench, project / "inside.json")
    workbench.screenshot(f"terminal-nested-{shell}")
    workbench.in_terminal("deactivate")
    after = ask(workbench, project / "after.json")

    assert str(nested / ".venv") == inside["prefix"] == inside["VIRTUAL_ENV"]
    assert str(nested) == inside["PWD"]
    assert ("shims", "") == (after["prefix"], after["VIRTUAL_ENV"])


def test_profile(opened: Opened, project: Path) -> None:
    """A terminal of Pinfold's profile can be left in every shell, and is there without one, too."""
    workbench = opened("zsh")
    # VS Code does not show the panel by itself for an extension's profile.
    new_terminal(workbench, PROMPT)
    ask(workbench, project / "usual.json")

    _new_with_profile(workbench, 2)
    inside = ask(workbench, project / "inside.json")
    workbench.in_terminal("deactivate")
    after = ask(workbench, project / "after.json")
    workbench.run("pinfold.selectEnvironment")
    workbench.pick("None")
    expect(workbench.status("No environment")).to_be_visible()
    _new_with_profile(workbench, 3)
    without = ask(workbench, project / "without.json")
    workbench.screenshot("terminal-profile")

    assert str(project / ".venv") == inside["prefix"]
    assert ("shims", "") == (after["prefix"], after["VIRTUAL_ENV"])
    assert ("shims", "") == (without["prefix"], without["VIRTUAL_ENV"])


def _new_with_profile(workbench: Workbench, number: int) -> None:
    workbench.palette("Create New Terminal (With Profile)")
    workbench.pick("Python Environment")
    # VS Code leaves the one that was there in front.
    tabs = workbench.page.locator(".tabs-list .monaco-list-row")
    expect(tabs).to_have_count(number)
    tabs.last.click()
    active = workbench.page.locator(".terminal-wrapper.active .xterm-rows")
    expect(active).not_to_contain_text("report.py")
    expect(active).to_contain_text("$")


def test_terminals_follow_the_choice(opened: Opened, project: Path) -> None:
    """A new terminal has what was chosen last; one that runs is marked as out of date."""
    other = make_environment(project / "other")
    workbench = opened()
    new_terminal(workbench, PROMPT)
    before = ask(workbench, project / "before.json")

    workbench.run("pinfold.selectEnvironment")
    workbench.pick("other")
    expect(workbench.status("other")).to_be_visible()
    wait_until_stale(workbench)
    new_terminal(workbench)
    after = ask(workbench, project / "after.json")
    workbench.screenshot("terminal-follows")

    assert str(project / ".venv") == before["prefix"]
    assert str(other) == after["prefix"]


def test_tasks(opened: Opened, project: Path) -> None:
    """A task's shell runs the environment's Python."""
    task = {"label": "say", "type": "shell", "command": "python report.py task.json"}
    (project / ".vscode").mkdir()
    tasks = {"version": "2.0.0", "tasks": [{**task, "problemMatcher": []}]}
    (project / ".vscode" / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    workbench = opened()

    # What a terminal has, a task has.
    new_terminal(workbench, PROMPT)
    workbench.palette("Tasks: Run Task")
    workbench.pick("say")
    found = report(project / "task.json")
    workbench.screenshot("task")

    assert str(project / ".venv") == found["prefix"]


@pytest.mark.parametrize("said", [None, "/usr/bin/python3"], ids=["unsaid", "said"])
def test_debug_configuration(
    said: str | None, window: Opener, new_server: Maker, project: Path, tmp_path: Path
) -> None:
    """A file is debugged with its environment, unless the configuration names another Python.

    The debugger is a stub with the type of Microsoft's.
    """
    stub = STUBS / "debugger"
    extension = stub_extension(
        tmp_path,
        json.loads((stub / "package.json").read_text(encoding="utf-8")),
        (stub / "main.js").read_text(encoding="utf-8"),
    )
    written = tmp_path / "configuration.json"
    launch = {"name": "File", "type": "debugpy", "request": "launch", "program": "${file}"}
    configuration = launch | ({"python": said} if said else {})
    (project / ".vscode").mkdir()
    (project / ".vscode" / "launch.json").write_text(
        json.dumps({"version": "0.2.0", "configurations": [configuration]}), encoding="utf-8"
    )
    server = new_server(
        settings=TRUSTED,
        variables={"STUB_WRITES_TO": str(written)},
        more_extensions=[extension],
    )
    workbench = window(project, "report.py", on=server)
    expect(workbench.status(".venv")).to_be_visible()

    workbench.press("F5")

    resolved = report(written)
    workbench.screenshot("debug")
    expected = said or str(project / ".venv" / "bin" / "python")
    assert (expected, str(project / "report.py")) == (resolved["python"], resolved["program"])


def test_switched_off(window: Opener, shells: CodeServer, project: Path) -> None:
    """With the setting off, terminals are left alone."""
    settings = {"pinfold.terminal.activate": False}
    workbench = window(project, "requirements.txt", settings=settings, on=shells)
    expect(workbench.status(".venv")).to_be_visible()
    found = ask(workbench, project / "found.json")
    workbench.screenshot("terminal-switched-off")

    assert ("shims", "") == tuple(found.values())


def test_restricted_mode(window: Opener, shells: CodeServer, project: Path) -> None:
    """What a workspace that is not trusted holds does not get into terminals, until it is."""
    settings = {
        "security.workspace.trust.enabled": True,
        "security.workspace.trust.startupPrompt": "never",
    }
    workbench = window(project, settings=settings, on=shells)
    expect(workbench.status(".venv")).to_be_visible()

    workbench.run("pinfold.openTerminal")
    workbench.press_button("Manage Workspace Trust", "Restricted Mode")
    workbench.page.get_by_role("button", name="Trust", exact=True).click()
    expect(workbench.page.get_by_text("You trust this folder")).to_be_visible()
    workbench.page.get_by_role("button", name=re.compile("^Close")).last.click()
    expect(workbench.page.get_by_text("You trust this folder")).to_have_count(0)
    workbench.run("pinfold.openTerminal")
    expect(workbench.page.locator(".terminal-wrapper.active")).to_be_visible()
    found = ask(workbench, project / "found.json")
    workbench.screenshot("terminal-trusted")

    assert str(project / ".venv") == found["prefix"]
