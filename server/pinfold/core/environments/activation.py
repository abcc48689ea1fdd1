"""The line that activates an environment in a shell, and the one that ends it. Text only.

Owns which script or command is right, and what is set by hand where a script is missing or would do
the wrong thing. Refuses to type it anywhere, and to change a start-up file of a shell.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.environments.health.claims import (
    MAX_SCRIPT_BYTES,
    ScriptClaim,
    parse_activate,
    parse_activate_bat,
    parse_activate_csh,
    parse_activate_fish,
    pure_path,
)
from pinfold.core.environments.shells import Shell, Unquotable, quoted
from pinfold.core.files import Unreadable
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.model.installation import Installation


class Way(Enum):
    """How an environment is activated."""

    SCRIPT = "its own script"
    CONDA = "conda"
    VARIABLES = "variables, since it has no script for this shell that would do"


@dataclass(frozen=True, slots=True)
class ActivationText:
    """What to type into a shell.

    `activate` and `deactivate` are set if and only if `refusal`, a clause, is not.
    """

    shell: Shell
    way: Way | None = None
    activate: str | None = None
    deactivate: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class ActivationScripts:
    """The activation scripts of an environment: their content by name, and their folder's name."""

    folder: str = "bin"
    texts: Mapping[str, bytes] = field(default_factory=dict)


def read_activation_scripts(prefix: Path, filesystem: FileSystem) -> ActivationScripts:
    """Read the scripts that makers of environments put into *prefix*; none are run."""
    for folder in ("bin", "Scripts"):
        listing = filesystem.scan(prefix / folder)
        if isinstance(listing, Unreadable):
            continue
        found = {}
        for name in listing.files:
            if name.lower() in _SCRIPT_NAMES:
                data = filesystem.read_bytes(prefix / folder / name, MAX_SCRIPT_BYTES)
                if isinstance(data, bytes):
                    found[name] = data
        return ActivationScripts(folder, found)
    return ActivationScripts()


def activation(
    installation: Installation, shell: Shell, scripts: ActivationScripts
) -> ActivationText:
    """Return how *installation* is activated in *shell*, or why it cannot be.

    Its own script is taken if it will set just this prefix. One of a moved environment does not,
    nor does one that older makers wrote into a folder whose name their quoting does not hold.
    """
    prefix = str(installation.prefix)
    if installation.kind is InstallationKind.CONDA and shell is not Shell.NUSHELL:
        return _by_conda(prefix, shell)
    if installation.is_base:
        refusal = f"{prefix} is an interpreter, not an environment: there is nothing to activate"
        return ActivationText(shell, refusal=refusal)
    folder = str(pure_path(prefix) / scripts.folder)
    separator = ";" if _is_windows_path(prefix) else ":"
    if separator in prefix.removeprefix(pure_path(prefix).drive):
        refusal = f"`{separator}` in {prefix} ends an entry of PATH, so no shell can find it there"
        return ActivationText(shell, refusal=refusal)
    if shell is Shell.XONSH and "$" in prefix:
        # Tried with xonsh 0.25: no quoting helps, since it does so whenever PATH is used.
        refusal = f"xonsh takes `$` in an entry of PATH for a variable, as in {prefix}"
        return ActivationText(shell, refusal=refusal)
    name = _script_name(shell, scripts)
    if name is not None and _will_do(name, installation, shell, scripts):
        word = quoted(str(pure_path(folder) / name), shell)
        if isinstance(word, str):
            activate, deactivate = _BY_SCRIPT[shell]
            return ActivationText(shell, Way.SCRIPT, activate.format(word), deactivate)
    return _by_variables(installation, shell, folder)


def by_variables(
    installation: Installation, shell: Shell, scripts: ActivationScripts
) -> ActivationText:
    """Return how *installation* is activated in *shell* by variables, whatever scripts it has."""
    folder = str(pure_path(str(installation.prefix)) / scripts.folder)
    return _by_variables(installation, shell, folder)


def environment_variables(
    installation: Installation,
    base_environ: Mapping[str, str],
    *,
    is_windows: bool = os.name == "nt",
) -> dict[str, str]:
    """Return the variables in which a command runs inside *installation* without activating it.

    They are those of *base_environ*, in which another environment may be active.
    """
    known = _Known(base_environ, is_windows=is_windows)
    prefix = str(installation.prefix)
    for name in _OF_ANOTHER_ENVIRONMENT:
        known.remove(name)
    folders = _folders(installation, is_windows=is_windows)
    path = known.get("PATH")
    separator = ";" if is_windows else ":"
    known.set("PATH", separator.join([*folders, path] if path else folders))
    if installation.kind in _CONDA_LIKE:
        known.set("CONDA_PREFIX", prefix)
        known.set("CONDA_DEFAULT_ENV", installation.name or prefix)
    elif not installation.is_base:
        known.set("VIRTUAL_ENV", prefix)
        known.set("VIRTUAL_ENV_PROMPT", installation.name or pure_path(prefix).name)
    return known.variables


_SCRIPT_NAMES = frozenset(
    (
        "activate",
        "activate.bat",
        "activate.csh",
        "activate.fish",
        "activate.nu",
        "activate.ps1",
        "activate.xsh",
    )
)

_SCRIPTS = {
    Shell.SH: "activate",
    Shell.BASH: "activate",
    Shell.ZSH: "activate",
    Shell.KSH: "activate",
    Shell.FISH: "activate.fish",
    Shell.TCSH: "activate.csh",
    Shell.POWERSHELL: "activate.ps1",
    Shell.CMD: "activate.bat",
    Shell.NUSHELL: "activate.nu",
    Shell.XONSH: "activate.xsh",
}

_BY_SCRIPT = {
    Shell.SH: (". {}", "deactivate"),
    Shell.BASH: ("source {}", "deactivate"),
    Shell.ZSH: ("source {}", "deactivate"),
    Shell.KSH: (". {}", "deactivate"),
    Shell.FISH: ("source {}", "deactivate"),
    Shell.TCSH: ("source {}", "deactivate"),
    Shell.POWERSHELL: ("& {}", "deactivate"),
    Shell.CMD: ("call {}", "deactivate"),
    Shell.NUSHELL: ("overlay use {}", "deactivate"),
    Shell.XONSH: ("source {}", "deactivate"),
}

_CONDA_LIKE = (InstallationKind.CONDA, InstallationKind.PIXI)

_OF_ANOTHER_ENVIRONMENT = (
    "PYTHONHOME",
    "__PYVENV_LAUNCHER__",
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
)


def _is_windows_path(text: str) -> bool:
    return bool(pure_path(text).drive)


def _script_name(shell: Shell, scripts: ActivationScripts) -> str | None:
    wanted = _SCRIPTS[shell]
    # venv calls PowerShell's by a capital letter, virtualenv and uv do not.
    return next((name for name in scripts.texts if name.lower() == wanted), None)


def _will_do(
    name: str, installation: Installation, shell: Shell, scripts: ActivationScripts
) -> bool:
    """Return whether a script, run by *shell*, sets the prefix as it is."""
    data = scripts.texts[name]
    if shell in (Shell.POWERSHELL, Shell.XONSH):
        # They work out where they are. xonsh's resolves links, and expands nothing.
        return True
    if shell is Shell.NUSHELL:
        match = _NUSHELL_PREFIX.search(data.decode("utf-8", "replace"))
        path = "" if match is None else match["plain"] or match["raw"] or ""
        return _is_named(path, installation)
    claim = _PARSERS[shell](data)
    if claim is None:
        # uv's relocatable ones work it out too, but only in shells that tell them how.
        has_prefix = b"VIRTUAL_ENV=" in data or b"VIRTUAL_ENV " in data
        return has_prefix and b"dirname" in data and shell not in (Shell.SH, Shell.TCSH, Shell.CMD)
    if not claim.is_literal or not _is_named(claim.prefix, installation):
        return False
    return not (shell in _UNSAFE and _UNSAFE[shell].search(claim.prefix))


def _is_named(path: str, installation: Installation) -> bool:
    names = (installation.prefix, *installation.aliases)
    return any(path == str(name) for name in names)


_PARSERS: Mapping[Shell, Callable[[bytes], ScriptClaim | None]] = {
    Shell.SH: parse_activate,
    Shell.BASH: parse_activate,
    Shell.ZSH: parse_activate,
    Shell.KSH: parse_activate,
    Shell.FISH: parse_activate_fish,
    Shell.TCSH: parse_activate_csh,
    Shell.CMD: parse_activate_bat,
}

# What the scripts for these shells go on to use without quoting it well, or quote in the way of
# another shell.
_UNSAFE = {
    Shell.FISH: re.compile(r"[\\'\"$\x01-\x1f]"),
    Shell.TCSH: re.compile(r"[!'\"\\$`\x01-\x1f]"),
    Shell.CMD: re.compile(r"[%^&!]"),
}
# uv's, and virtualenv's.
_NUSHELL_PREFIX = re.compile(
    r"(?:const|let) virtual_env = (?:'(?P<plain>[^'\n]*)'|r(?P<hash>#+)'(?P<raw>.*?)'(?P=hash))"
)


def _by_conda(prefix: str, shell: Shell) -> ActivationText:
    word = quoted(prefix, shell)
    if isinstance(word, Unquotable):
        return ActivationText(shell, refusal=f"{prefix!r} cannot be named: {word.reason}")
    return ActivationText(shell, Way.CONDA, f"conda activate {word}", "conda deactivate")


def _by_variables(installation: Installation, shell: Shell, folder: str) -> ActivationText:
    prefix = str(installation.prefix)
    word, path_word = quoted(prefix, shell), quoted(folder, shell)
    if isinstance(word, Unquotable):
        return ActivationText(shell, refusal=f"{prefix!r} cannot be named: {word.reason}")
    assert isinstance(path_word, str)
    variable = "CONDA_PREFIX" if installation.kind in _CONDA_LIKE else "VIRTUAL_ENV"
    activate, deactivate = _BY_VARIABLES[shell]
    if shell is Shell.CMD:  # The quotes of cmd go around the assignment.
        word, path_word = word.strip('"'), path_word.strip('"')

    def filled(template: str) -> str:
        # One after the other would replace what looks like a place in the path itself.
        places = {"@VARIABLE": variable, "@PREFIX": word, "@FOLDER": path_word}
        return re.sub("@[A-Z]+", lambda match: str(places[match[0]]), template)

    return ActivationText(shell, Way.VARIABLES, filled(activate), filled(deactivate))


# The old PATH is kept under the name that the scripts of venv, virtualenv and uv use: whichever
# environment is active already is left behind, and its `deactivate` ends this one too.
_POSIX = (
    (
        '_OLD_VIRTUAL_PATH="${_OLD_VIRTUAL_PATH:-$PATH}"; @VARIABLE=@PREFIX;'
        ' PATH=@FOLDER:"$_OLD_VIRTUAL_PATH"; export @VARIABLE PATH;'
        " unset PYTHONHOME VIRTUAL_ENV_PROMPT; hash -r"
    ),
    'PATH="$_OLD_VIRTUAL_PATH"; export PATH; unset @VARIABLE _OLD_VIRTUAL_PATH; hash -r',
)

_BY_VARIABLES = {
    Shell.SH: _POSIX,
    Shell.BASH: _POSIX,
    Shell.ZSH: _POSIX,
    Shell.KSH: _POSIX,
    Shell.FISH: (
        (
            "set -q _OLD_VIRTUAL_PATH; or set -gx _OLD_VIRTUAL_PATH $PATH;"
            " set -gx @VARIABLE @PREFIX; set -gx PATH @FOLDER $_OLD_VIRTUAL_PATH;"
            " set -e PYTHONHOME; set -e VIRTUAL_ENV_PROMPT"
        ),
        "set -gx PATH $_OLD_VIRTUAL_PATH; set -e _OLD_VIRTUAL_PATH; set -e @VARIABLE",
    ),
    Shell.TCSH: (
        (
            'if (! $?_OLD_VIRTUAL_PATH) set _OLD_VIRTUAL_PATH="$PATH:q";'
            ' setenv @VARIABLE @PREFIX; setenv PATH @FOLDER":$_OLD_VIRTUAL_PATH:q";'
            " unsetenv PYTHONHOME; unsetenv VIRTUAL_ENV_PROMPT; rehash"
        ),
        'setenv PATH "$_OLD_VIRTUAL_PATH:q"; unset _OLD_VIRTUAL_PATH; unsetenv @VARIABLE; rehash',
    ),
    Shell.POWERSHELL: (
        (
            "if (-not $env:_OLD_VIRTUAL_PATH) { $env:_OLD_VIRTUAL_PATH = $env:PATH };"
            " $env:@VARIABLE = @PREFIX;"
            " $env:PATH = @FOLDER + [IO.Path]::PathSeparator + $env:_OLD_VIRTUAL_PATH;"
            " Remove-Item Env:PYTHONHOME, Env:VIRTUAL_ENV_PROMPT -ErrorAction SilentlyContinue"
        ),
        (
            "$env:PATH = $env:_OLD_VIRTUAL_PATH;"
            " Remove-Item Env:_OLD_VIRTUAL_PATH, Env:@VARIABLE -ErrorAction SilentlyContinue"
        ),
    ),
    # Variables of a line are put in before any of it runs, so the old path is taken twice.
    Shell.CMD: (
        (
            'set "_OLD_VIRTUAL_PATH=%PATH%" & set "@VARIABLE=@PREFIX" & set "PATH=@FOLDER;%PATH%"'
            ' & set "PYTHONHOME="'
        ),
        'set "PATH=%_OLD_VIRTUAL_PATH%" & set "_OLD_VIRTUAL_PATH=" & set "@VARIABLE="',
    ),
    Shell.NUSHELL: (
        (
            "$env.@VARIABLE = @PREFIX; $env.PATH = ($env.PATH | prepend @FOLDER);"
            " hide-env --ignore-errors PYTHONHOME VIRTUAL_ENV_PROMPT"
        ),
        (
            "$env.PATH = ($env.PATH | where {|entry| $entry != @FOLDER });"
            " hide-env --ignore-errors @VARIABLE"
        ),
    ),
    Shell.XONSH: (
        (
            "$@VARIABLE = @PREFIX; $PATH.insert(0, @FOLDER);"
            " __xonsh__.env.pop('PYTHONHOME', None); __xonsh__.env.pop('VIRTUAL_ENV_PROMPT', None)"
        ),
        "$PATH.remove(@FOLDER); __xonsh__.env.pop('@VARIABLE', None)",
    ),
}


def _folders(installation: Installation, *, is_windows: bool) -> list[str]:
    """Return the folders of commands of an installation, as conda's or venv's script puts them."""
    prefix = pure_path(str(installation.prefix))
    if is_windows and installation.kind in _CONDA_LIKE:
        names = ("", "Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin")
        return [str(prefix / name) for name in names]
    executable = installation.executable
    if executable is not None:
        own = pure_path(str(executable)).parent
        if is_windows and installation.is_base:
            return [str(own), str(own / "Scripts")]
        return [str(own)]
    return [str(prefix / ("Scripts" if is_windows else "bin"))]


class _Known:
    """Variables, by names of either case where the system takes them so."""

    def __init__(self, variables: Mapping[str, str], *, is_windows: bool) -> None:
        self.variables = dict(variables)
        self._is_windows = is_windows

    def get(self, name: str) -> str | None:
        return self.variables.get(self._spelling(name))

    def set(self, name: str, value: str) -> None:
        self.variables[self._spelling(name)] = value

    def remove(self, name: str) -> None:
        self.variables.pop(self._spelling(name), None)

    def _spelling(self, name: str) -> str:
        if not self._is_windows:
            return name
        return next((one for one in self.variables if one.upper() == name.upper()), name)
