"""How the terminals of an editor are activated: variables that it sets, lines that it brings.

Owns which variables are set when, and what takes them back. An editor can set variables for every
terminal, before the shell starts and once more when its start-up files have been read; into those
that it opens itself it can also bring a line that the shell evaluates then. Nothing is typed, and
no file is changed. Refuses to know how a script is found and quoted, which is
:mod:`pinfold.core.environments.activation`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.environments.activation import (
    ActivationText,
    Way,
    activation,
    by_variables,
    environment_variables,
)
from pinfold.core.environments.shells import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.core.environments.activation import ActivationScripts
    from pinfold.core.model.installation import Installation


class Action(Enum):
    """What becomes of a variable; the value is its name in JSON."""

    REPLACE = "replace"
    PREPEND = "prepend"


@dataclass(frozen=True, slots=True)
class TerminalVariable:
    """A variable of a terminal.

    `at_start`: it is set for the process. `after_startup`: it is set, or prepended to, once more
    when the shell's start-up files have been read, which may have put something else first.
    """

    name: str
    value: str
    action: Action = Action.REPLACE
    at_start: bool = True
    after_startup: bool = True


@dataclass(frozen=True, slots=True)
class TerminalActivation:
    """How the terminals of an editor are activated.

    The `lines` are for shells that evaluate one after their start-up files. Each begins by taking
    back what the variables have done, were it for another environment, so that its ``deactivate``
    leaves nothing behind. With a `refusal`, a clause, there are neither.
    """

    variables: tuple[TerminalVariable, ...] = ()
    lines: Mapping[Shell, str] = field(default_factory=dict)
    refusal: str | None = None


def terminal_activation(
    installation: Installation,
    scripts: ActivationScripts,
    environ: Mapping[str, str],
    *,
    is_windows: bool,
) -> TerminalActivation:
    """Return how terminals that inherit *environ* have *installation* active.

    It is refused if there is nothing to activate, or its path cannot be had in variables.
    """
    texts = {shell: activation(installation, shell, scripts) for shell in _LINES}
    if all(text.refusal is not None for text in texts.values()):
        return TerminalActivation(refusal=texts[Shell.BASH].refusal)
    prefix = str(installation.prefix)
    # VS Code has no other texts than those of Unicode, and puts its own variables into values.
    if "${" in prefix or any("\ud800" <= character <= "\udfff" for character in prefix):
        return TerminalActivation(refusal=f"no variable of an editor can hold {prefix!r}")
    lines = {
        shell: f"{_TAKEN_BACK[shell]} {_line(installation, text, scripts)}"
        for shell, text in texts.items()
        if text.activate is not None
    }
    return TerminalActivation(tuple(_variables(installation, environ, is_windows)), lines)


def terminal_environment(activation: TerminalActivation) -> dict[str, str]:
    """Return the variables of a terminal that VS Code opens for an extension.

    It puts the value that is there in the place of ``${env:NAME}``. Its scripts for shells evaluate
    the lines, of which it knows by variables that no extension may set for all terminals.
    https://code.visualstudio.com/docs/terminal/shell-integration
    """
    environment = {
        variable.name: f"{variable.value}${{env:{variable.name}}}"
        if variable.action is Action.PREPEND
        else variable.value
        for variable in activation.variables
        if variable.at_start
    }
    for shell, line in activation.lines.items():
        environment[f"VSCODE_PYTHON_{_LINES[shell]}_ACTIVATE"] = line
    return environment


# How VS Code calls the shells that it has such a script for.
_LINES = {
    Shell.BASH: "BASH",
    Shell.ZSH: "ZSH",
    Shell.FISH: "FISH",
    Shell.POWERSHELL: "PWSH",
}

_FOLDERS, _PROMPT = "_PINFOLD_PATH", "_PINFOLD_PROMPT"
"""What was put before PATH and before the prompt, for whoever takes it back."""

# Every shell reads other characters of its prompt in its own way.
_PLAIN_PROMPT = re.compile(r"[\w .@+-]+")

# VS Code's scripts for bash, zsh and fish read values with `echo -e`, and up to the line's end.
_MISREAD = re.compile(r"[\\\n]")

_OURS = "VIRTUAL_ENV VIRTUAL_ENV_PROMPT CONDA_PREFIX CONDA_DEFAULT_ENV"

# The folder may stand in PATH more than once, and beside itself.
_POSIX_TAKEN_BACK = (
    f'if [ -n "${{{_FOLDERS}:-}}" ]; then PATH=":$PATH:";'
    f' while case "$PATH" in *":${_FOLDERS}:"*) true ;; *) false ;; esac; do'
    f' PATH=${{PATH%%":${_FOLDERS}:"*}}:${{PATH#*":${_FOLDERS}:"}}; done;'
    ' PATH="${PATH#:}"; PATH="${PATH%:}";'
    # VS Code's script for bash puts its marks around the prompt, and keeps the one without them.
    ' PS1="${__vsc_original_PS1-$PS1}";'
    f' PS1="${{PS1#"${{{_PROMPT}:-}}"}}"; unset {_OURS} {_FOLDERS} {_PROMPT}; hash -r; fi;'
)

_TAKEN_BACK = {
    Shell.BASH: _POSIX_TAKEN_BACK,
    Shell.ZSH: _POSIX_TAKEN_BACK,
    # VS Code's script for fish sets the variables again after it has evaluated the line.
    Shell.FISH: (
        "set -e VSCODE_ENV_REPLACE; set -e VSCODE_ENV_PREPEND;"
        f" if set -q {_FOLDERS}; set -gx PATH (string match -v -- ${_FOLDERS} $PATH);"
        f" for name in {_OURS} {_FOLDERS} {_PROMPT}; set -e $name; end; end;"
    ),
    Shell.POWERSHELL: (
        f"if ($env:{_FOLDERS}) {{ $separator = [IO.Path]::PathSeparator;"
        f" $env:PATH = ($env:PATH -split $separator | Where-Object"
        f" {{ $_ -notin ($env:{_FOLDERS} -split $separator) }}) -join $separator;"
        f" Remove-Item -ErrorAction SilentlyContinue Env:{_OURS.replace(' ', ', Env:')},"
        f" Env:{_FOLDERS}, Env:{_PROMPT} }};"
    ),
}

_IF_CONDA = {
    Shell.BASH: "if typeset -f conda > /dev/null; then {conda}; else {otherwise}; fi",
    Shell.ZSH: "if typeset -f conda > /dev/null; then {conda}; else {otherwise}; fi",
    Shell.FISH: "if functions -q conda; {conda}; else; {otherwise}; end",
    Shell.POWERSHELL: (
        "if (Get-Command conda -ErrorAction SilentlyContinue) {{ {conda} }} else {{ {otherwise} }}"
    ),
}

_WITH_DEACTIVATE = {
    Shell.BASH: "{activate}; deactivate () {{ {deactivate}; unset -f deactivate; }}",
    Shell.ZSH: "{activate}; deactivate () {{ {deactivate}; unset -f deactivate; }}",
    Shell.FISH: "{activate}; function deactivate; {deactivate}; functions -e deactivate; end",
    Shell.POWERSHELL: (
        "{activate}; function global:deactivate {{ {deactivate};"
        " Remove-Item Function:deactivate -ErrorAction SilentlyContinue }}"
    ),
}

# bash alone takes functions from its environment. Scripts of other environments call it with
# `nondestructive`, and then define their own.
_BASH_DEACTIVATE = (
    f'() {{ {_POSIX_TAKEN_BACK} [ "${{1:-}}" = nondestructive ] || unset -f deactivate; }}'
)


def _line(installation: Installation, text: ActivationText, scripts: ActivationScripts) -> str:
    match text.way:
        case Way.CONDA:
            # It is a function that its users' start-up files define, or do not.
            plain = by_variables(installation, text.shell, scripts)
            otherwise = _with_deactivate(plain)
            return _IF_CONDA[text.shell].format(conda=text.activate, otherwise=otherwise)
        case Way.VARIABLES:
            return _with_deactivate(text)
        case _:
            return str(text.activate)


def _with_deactivate(text: ActivationText) -> str:
    template = _WITH_DEACTIVATE[text.shell]
    return template.format(activate=text.activate, deactivate=text.deactivate)


def _variables(
    installation: Installation, environ: Mapping[str, str], is_windows: bool
) -> list[TerminalVariable]:
    separator = ";" if is_windows else ":"
    folders = environment_variables(installation, {}, is_windows=is_windows)
    path = folders.pop("PATH")
    # PowerShell reads it as it is meant; in Git Bash the entry is one of no use, and no harm.
    found = [_variable("PATH", f"{path}{separator}", Action.PREPEND, is_sure=is_windows)]
    found += (_variable(name, value) for name, value in sorted(folders.items()))
    found.append(_variable(_FOLDERS, path))
    if environ.get("PYTHONHOME"):
        # Nothing can unset a variable; Python takes an empty one for none.
        found.append(_variable("PYTHONHOME", ""))
    prompt = f"({folders.get('VIRTUAL_ENV_PROMPT') or folders.get('CONDA_DEFAULT_ENV')}) "
    if not environ.get("VIRTUAL_ENV_DISABLE_PROMPT") and _PLAIN_PROMPT.fullmatch(prompt[1:-2]):
        found.append(TerminalVariable("PS1", prompt, Action.PREPEND, at_start=False))
        found.append(_variable(_PROMPT, prompt))
    if not is_windows:
        function = "BASH_FUNC_deactivate%%"
        found.append(TerminalVariable(function, _BASH_DEACTIVATE, after_startup=False))
    return found


def _variable(
    name: str, value: str, action: Action = Action.REPLACE, *, is_sure: bool = False
) -> TerminalVariable:
    return TerminalVariable(
        name, value, action, after_startup=is_sure or not _MISREAD.search(value)
    )
