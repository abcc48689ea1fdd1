from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pinfold.core.environments.activation import ActivationScripts, read_activation_scripts
from pinfold.core.environments.shells import Shell, quoted
from pinfold.core.environments.terminal_activation import (
    Action,
    TerminalActivation,
    TerminalVariable,
    terminal_activation,
    terminal_environment,
)
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.installation import Installation, InstallationKind

COMMANDS = {
    shell: [path, *options]
    for shell, name, options in (
        (Shell.BASH, "bash", ["--norc", "--noprofile", "-c"]),
        (Shell.ZSH, "zsh", ["-f", "-c"]),
        (Shell.FISH, "fish", ["--no-config", "-c"]),
    )
    if (path := shutil.which(name)) is not None
}
"""Shells of this machine for which VS Code has a script."""

PLAIN_PATH = os.environ["PATH"]


def activation_of(
    prefix: Path, kind: InstallationKind = InstallationKind.VENV
) -> TerminalActivation:
    """Return how terminals have the environment at *prefix* active."""
    return terminal_activation(
        Installation(prefix, kind, is_base=False),
        read_activation_scripts(prefix, LocalFileSystem()),
        {},
        is_windows=False,
    )


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """The environment of the workspace folder."""
    return made(tmp_path / "the outer")


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """The environment of a project in it."""
    return made(tmp_path / "the inner")


def made(prefix: Path) -> Path:
    """Make an environment."""
    command = [sys.executable, "-I", "-m", "venv", "--without-pip", os.fspath(prefix)]
    subprocess.run(command, check=True, timeout=60)
    return prefix


def run(
    shell: Shell, activation: TerminalActivation, commands: list[str], cwd: Path
) -> list[dict[str, str | None]]:
    """Return what *commands* report in a terminal; its start-up file puts another python first.

    Variables are set as VS Code and its scripts for shells do.
    """
    shims = cwd / "shims"
    shims.mkdir()
    (shims / "python").write_text('#!/bin/sh\necho \'REPORT {"shims": ""}\'\n')
    (shims / "python").chmod(0o755)
    environ = {"PATH": PLAIN_PATH, "HOME": os.fspath(cwd), "LANG": "C.UTF-8", "TERM": "dumb"}
    lines = [f"export PATH={quoted(os.fspath(shims), shell)}:$PATH", "PS1='$ '"]
    if shell is Shell.FISH:
        lines = [f"set -gx PATH {quoted(os.fspath(shims), shell)} $PATH", "set -gx PS1 '$ '"]
    for variable in activation.variables:
        is_prepended = variable.action is Action.PREPEND
        if variable.at_start:
            rest = environ.get(variable.name, "") if is_prepended else ""
            environ[variable.name] = variable.value + rest
        if variable.after_startup:
            value, name = quoted(variable.value, shell), variable.name
            rest = f'"${name}"' if is_prepended else ""
            set_to = f"set -gx {name} {value}" if shell is Shell.FISH else f"export {name}={value}"
            lines.append(set_to + rest)
    done = subprocess.run(
        [*COMMANDS[shell], "\n".join([*lines, *commands])],
        capture_output=True,
        cwd=cwd,
        env=environ,
        timeout=60,
        check=False,
        text=True,
    )
    reports: list[dict[str, str | None]] = [
        json.loads(line.removeprefix("REPORT "))
        for line in done.stdout.splitlines()
        if line.startswith("REPORT ")
    ]

    assert "" == done.stderr
    return reports


def report(cwd: Path, shell: Shell, python: str = "python") -> str:
    """Return a command that says which environment is active."""
    script = cwd / "report.py"
    script.write_text(
        "import json, os, sys\n"
        "names = ('VIRTUAL_ENV', 'CONDA_PREFIX', 'PATH', 'PS1')\n"
        "found = {name: os.environ.get(name) for name in names}\n"
        "print('REPORT ' + json.dumps({'prefix': sys.prefix, **found}), flush=True)\n"
    )
    return f"{python} {quoted(os.fspath(script), shell)}"


@pytest.mark.slow
@pytest.mark.parametrize("shell", COMMANDS)
def test_variables_win_over_start_up_files(shell: Shell, outer: Path, tmp_path: Path) -> None:
    """What a start-up file puts first on PATH is not what runs."""
    activation = activation_of(outer)

    inside = run(shell, activation, [report(tmp_path, shell)], tmp_path)

    assert [os.fspath(outer)] == [one.get("prefix") for one in inside]
    assert os.fspath(outer) == inside[0]["VIRTUAL_ENV"]
    assert "(the outer) $ " == inside[0]["PS1"]


@pytest.mark.slow
@pytest.mark.parametrize("marked", ["", "__vsc_original_PS1=$PS1; PS1='<'$PS1'>'"])
def test_bash_can_leave(outer: Path, tmp_path: Path, marked: str) -> None:
    """bash gets a `deactivate` with its variables, which leaves nothing behind.

    Also where VS Code has put its marks around the prompt.
    """
    own = quoted(sys.executable, Shell.BASH)
    leaving = ["deactivate", report(tmp_path, Shell.BASH, str(own)), "typeset -f deactivate"]
    commands = [marked, *leaving]

    after = run(Shell.BASH, activation_of(outer), commands, tmp_path)

    assert [None] == [one["VIRTUAL_ENV"] for one in after]
    assert f"{tmp_path / 'shims'}:{PLAIN_PATH}" == after[0]["PATH"]
    assert "$ " == after[0]["PS1"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [InstallationKind.VENV, InstallationKind.CONDA], ids=str)
@pytest.mark.parametrize("shell", COMMANDS)
def test_a_line_after_the_variables_of_another(
    shell: Shell, kind: InstallationKind, outer: Path, inner: Path, tmp_path: Path
) -> None:
    """A line activates its environment alone, and `deactivate` then leaves neither behind."""
    line = activation_of(inner, kind).lines[shell]
    own = str(quoted(sys.executable, shell))
    commands = [line, report(tmp_path, shell), "deactivate", report(tmp_path, shell, own)]

    inside, after = run(shell, activation_of(outer), commands, tmp_path)

    variable = "VIRTUAL_ENV" if kind is InstallationKind.VENV else "CONDA_PREFIX"
    assert os.fspath(inner) == inside["prefix"]
    assert os.fspath(inner) == inside[variable]
    assert f"{inner / 'bin'}:{tmp_path / 'shims'}:{PLAIN_PATH}" == inside["PATH"]
    assert (None, None) == (after["VIRTUAL_ENV"], after["CONDA_PREFIX"])
    assert f"{tmp_path / 'shims'}:{PLAIN_PATH}" == after["PATH"]


@pytest.mark.slow
def test_nothing_is_set_again_in_fish(outer: Path, inner: Path, tmp_path: Path) -> None:
    """VS Code's script for fish would set these with the first prompt, after the line."""
    names = ("VSCODE_ENV_REPLACE", "VSCODE_ENV_PREPEND")
    before = [f"set -gx {name} PATH=/x" for name in names]
    after = [f'set -q {name}; or echo \'REPORT {{"gone": "{name}"}}\'' for name in names]
    line = activation_of(inner).lines[Shell.FISH]

    gone = run(Shell.FISH, activation_of(outer), [*before, line, *after], tmp_path)

    assert list(names) == [one["gone"] for one in gone]


@pytest.mark.slow
@pytest.mark.parametrize("shell", COMMANDS)
def test_conda_where_the_shell_knows_it(shell: Shell, tmp_path: Path) -> None:
    """Its own function does it where a start-up file has defined one."""
    line = activation_of(tmp_path / "its", InstallationKind.CONDA).lines[shell]
    function = "conda () { echo 'REPORT {\"said\": \"'$*'\"}'; }"
    if shell is Shell.FISH:
        function = 'function conda; echo \'REPORT {"said": "\'"$argv"\'"}\'; end'
    said = run(shell, activation_of(tmp_path / "its"), [function, line], tmp_path)

    assert [{"said": f"activate {tmp_path / 'its'}"}] == said


def variables_of(
    prefix: str, environ: dict[str, str] | None = None, *, is_windows: bool = False
) -> dict[str, TerminalVariable]:
    """Return the variables for an environment by their names."""
    installation = Installation(Path(prefix), InstallationKind.VENV, is_base=False)
    found = terminal_activation(
        installation, ActivationScripts(), environ or {}, is_windows=is_windows
    )
    return {variable.name: variable for variable in found.variables}


def test_the_variables() -> None:
    """PATH is prepended to, and everything is set again after the start-up files."""
    found = variables_of("/p/.venv")

    assert TerminalVariable("PATH", "/p/.venv/bin:", Action.PREPEND) == found["PATH"]
    assert TerminalVariable("VIRTUAL_ENV", "/p/.venv") == found["VIRTUAL_ENV"]
    assert TerminalVariable("PS1", "(.venv) ", Action.PREPEND, at_start=False) == found["PS1"]
    assert "PYTHONHOME" not in found


def test_what_stands_in_the_way_is_emptied() -> None:
    """PYTHONHOME would lead the environment's Python astray."""
    assert (
        TerminalVariable("PYTHONHOME", "") == variables_of("/v", {"PYTHONHOME": "/x"})["PYTHONHOME"]
    )


@pytest.mark.parametrize(
    ("prefix", "environ"),
    [("/v/$(id)", {}), ("/v/100%n", {}), ("/v", {"VIRTUAL_ENV_DISABLE_PROMPT": "1"})],
)
def test_prompts_that_are_left_alone(prefix: str, environ: dict[str, str]) -> None:
    """Nothing goes into a prompt that it would read, or that somebody does not want."""
    assert not {"PS1", "_PINFOLD_PROMPT"} & variables_of(prefix, environ).keys()


@pytest.mark.parametrize("prefix", ["/back\\slash", "/two\nlines"])
def test_values_that_scripts_misread(prefix: str) -> None:
    """They are set for the process alone, since VS Code's scripts would change them."""
    found = variables_of(prefix)

    assert not found["PATH"].after_startup
    assert not found["VIRTUAL_ENV"].after_startup


def test_windows() -> None:
    """PATH has another separator, and no function of bash's is set."""
    found = variables_of("C:\\p\\.venv", is_windows=True)

    assert found["PATH"].value.endswith(";")
    assert found["PATH"].after_startup
    assert not found["VIRTUAL_ENV"].after_startup
    assert "BASH_FUNC_deactivate%%" not in found


@pytest.mark.parametrize(
    "installation",
    [
        Installation(Path("/usr"), InstallationKind.SYSTEM, is_base=True),
        Installation(Path("/a:b"), InstallationKind.VENV, is_base=False),
        Installation(Path("/caf\udce9"), InstallationKind.VENV, is_base=False),
        Installation(Path("/${file}"), InstallationKind.VENV, is_base=False),
    ],
    ids=["interpreter", "separator", "not Unicode", "variable of the editor"],
)
def test_what_cannot_be_active(installation: Installation) -> None:
    """There are no variables where there is nothing to activate, or where they would be wrong."""
    found = terminal_activation(installation, ActivationScripts(), {}, is_windows=False)

    assert found.refusal is not None
    assert ((), {}) == (found.variables, found.lines)


def test_a_terminal_of_an_extension() -> None:
    """It has what is there behind what is prepended, and lines that the shells evaluate."""
    activation = TerminalActivation(
        (
            TerminalVariable("PATH", "/e/bin:", Action.PREPEND),
            TerminalVariable("PS1", "(e) ", Action.PREPEND, at_start=False),
            TerminalVariable("VIRTUAL_ENV", "/e", after_startup=False),
        ),
        {Shell.BASH: "source a", Shell.POWERSHELL: "& a"},
    )

    assert {
        "PATH": "/e/bin:${env:PATH}",
        "VIRTUAL_ENV": "/e",
        "VSCODE_PYTHON_BASH_ACTIVATE": "source a",
        "VSCODE_PYTHON_PWSH_ACTIVATE": "& a",
    } == terminal_environment(activation)
