"""Where the files inside an environment say that it is, which is where it was made.

Owns the reading of activation scripts, of the first lines of commands, and of the launchers of
Windows. Refuses to judge: that a claim is no longer true is for
:mod:`pinfold.core.environments.health.diagnosis` to see. Nothing is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from pinfold.core.files import FileStart, Unreadable, path_in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinfold.core.files import FileSystem

MAX_SCRIPT_BYTES = 64 * 1024
"""An activation script has some 4 KiB."""

MOST_COMMANDS = 100
"""How many commands of one environment are looked at."""

_FIRST_LINE_BYTES = 1024
_MAX_LAUNCHER_BYTES = 1024 * 1024
_MOST_LAUNCHERS = 5


@dataclass(frozen=True, slots=True)
class ScriptClaim:
    """The prefix that an activation script sets.

    `prefix` is as it was meant: the text between the quotes. `is_literal` says whether the shell
    will see just that: scripts of CPython before 3.11.11, 3.12.8 and 3.13.1 put any path between
    double quotes, and then a shell reads ``$``, a backtick or a quote in it.
    """

    prefix: str
    is_literal: bool


@dataclass(frozen=True, slots=True)
class CommandClaim:
    """The interpreter that a command in the folder of an environment is run by."""

    command: str
    interpreter: str

    @property
    def prefix(self) -> str | None:
        """The environment that the interpreter belongs to, by its place; ``None`` if to none."""
        path = pure_path(self.interpreter)
        if path.parent.name.lower() not in ("bin", "scripts") or not path.is_absolute():
            return None
        return str(path.parent.parent)


def parse_activate(data: bytes) -> ScriptClaim | None:
    """Read the prefix from an ``activate`` (sh, bash, zsh); ``None`` if it is worked out there."""
    return _claim(data, _POSIX_ASSIGNMENT, " \t\n;&")


def parse_activate_csh(data: bytes) -> ScriptClaim | None:
    """Read the prefix from an ``activate.csh``."""
    return _claim(data, _CSH_ASSIGNMENT, " \t\n;&")


def parse_activate_fish(data: bytes) -> ScriptClaim | None:
    """Read the prefix from an ``activate.fish``."""
    return _claim(data, _FISH_ASSIGNMENT, " \t\n;&")


def parse_activate_bat(data: bytes) -> ScriptClaim | None:
    """Read the prefix from an ``activate.bat``."""
    for match in re.finditer(_BATCH_ASSIGNMENT, _text(data)):
        path = match["path"].strip()
        if path and "%" not in path:
            return ScriptClaim(path, is_literal=True)
    return None


def parse_first_line(data: bytes) -> str | None:
    """Return the interpreter that a script names, ``None`` if it is no Python by its full path.

    Installers write paths that are long or hold a space in another way, since the system would not
    read them: ``#!/bin/sh`` and a line that is shell and Python at once.
    """
    if not data.startswith(b"#!"):
        return None
    lines = data[2:].split(b"\n", 2)
    text = path_in_bytes(lines[0].strip())
    if text == "/bin/sh" and len(lines) > 1:
        match = re.match(_EXEC_LINE, path_in_bytes(lines[1]))
        text = match["double"] or match["single"] or match["bare"] if match else ""
    # Arguments follow a space, and a path with one does not stand here.
    elif not text.startswith('"'):
        text = text.partition(" ")[0]
    text = text.strip('"')
    path = pure_path(text)
    is_python = re.fullmatch(_PYTHON_NAME, path.name) is not None
    return text if path.is_absolute() and is_python else None


def read_command_claims(prefix: Path, filesystem: FileSystem) -> Iterator[CommandClaim]:
    """Yield what the commands of the environment at *prefix* are run by, by their names' order."""
    for name in ("bin", "Scripts"):
        folder = prefix / name
        listing = filesystem.scan(folder)
        if isinstance(listing, Unreadable):
            continue
        names = [one for one in sorted(listing.files) if not re.match(_NO_COMMAND, one)]
        launchers = [one for one in names if one.lower().endswith(".exe")]
        # pip's own first, which nearly every environment has.
        launchers.sort(key=lambda one: not one.lower().startswith("pip"))
        for one in [each for each in names if each not in launchers][:MOST_COMMANDS]:
            start = filesystem.read_start(folder / one, _FIRST_LINE_BYTES)
            if isinstance(start, FileStart) and (found := parse_first_line(start.data)):
                yield CommandClaim(f"{name}/{one}", found)
        for one in launchers[:_MOST_LAUNCHERS]:
            data = filesystem.read_bytes(folder / one, _MAX_LAUNCHER_BYTES)
            if isinstance(data, bytes) and (found := _in_launcher(data)):
                yield CommandClaim(f"{name}/{one}", found)


def read_activate_claim(prefix: Path, filesystem: FileSystem) -> ScriptClaim | None:
    """Return what the environment's first activation script says."""
    for name, parse in (
        ("bin/activate", parse_activate),
        ("Scripts/activate.bat", parse_activate_bat),
    ):
        data = filesystem.read_bytes(prefix / name, MAX_SCRIPT_BYTES)
        if isinstance(data, bytes):
            return parse(data)
    return None


def prefix_in_command(command: str) -> str | None:
    """Return the folder in the ``command`` of a ``pyvenv.cfg``; it stands at the end, unquoted."""
    match = re.search(_VENV_COMMAND, command)
    return match["path"].rstrip() if match else None


# As text, which `re` compiles when it is first needed: most environments need one of these.
_POSIX_ASSIGNMENT = r"(?m)^[ \t]*(?:export[ \t]+)?VIRTUAL_ENV=(?=[^\s])"
_CSH_ASSIGNMENT = r"(?m)^[ \t]*setenv[ \t]+VIRTUAL_ENV[ \t]+"
_FISH_ASSIGNMENT = r"(?m)^[ \t]*set[ \t]+-gx[ \t]+VIRTUAL_ENV[ \t]+"
_BATCH_ASSIGNMENT = (
    r"(?im)^[ \t]*@?(?:set[ \t]+\"?VIRTUAL_ENV=|for[ \t]+%%i[ \t]+in[ \t]+\(\")"
    r"(?P<path>[^\"\r\n]*)"
)
_EXEC_LINE = (
    r"'''exec'[ \t]+(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s'\"]+))[ \t]"
)
_PYTHON_NAME = r"(?i)(?:python|pypy|graalpy)[0-9.t]*w?(?:\.exe)?"
_NO_COMMAND = r"(?i)(?:python|pypy|graalpy)[0-9.t]*w?(?:\.exe)?$|activate"
_VENV_COMMAND = r" -m venv (?:.*? )??(?P<path>(?:/|[A-Za-z]:[\\/]).*)"
_LAUNCHER_LINE = rb"#!(?P<path>[^\r\n\0]{1,1000})\r?\nPK\x03\x04"
_MOST_ASSIGNMENTS = 20
_WRITTEN_PATH = r"['\"]?(?:/|[A-Za-z]:)"


def _claim(data: bytes, assignment: str, ends: str) -> ScriptClaim | None:
    text = _text(data)
    for match in list(re.finditer(assignment, text))[:_MOST_ASSIGNMENTS]:
        rest = text[match.end() :]
        raw = rest.partition("\n")[0].rstrip()
        if not re.match(_WRITTEN_PATH, raw):
            # It is worked out when the script runs, for another system or wherever it is.
            continue
        value, is_literal = _shell_word(rest, ends)
        if raw[0] == raw[-1] == '"' and len(raw) > 1 and value != raw[1:-1]:
            # Not what the shell reads, but what whoever wrote it meant.
            return ScriptClaim(raw[1:-1], is_literal=False)
        return ScriptClaim(value, is_literal)
    return None


def _text(data: bytes) -> str:
    return path_in_bytes(data[:MAX_SCRIPT_BYTES]).replace("\r\n", "\n")


def _shell_word(text: str, ends: str) -> tuple[str, bool]:
    """Return the word at the start of *text* as POSIX shells read it, and if nothing expands."""
    parts: list[str] = []
    is_literal = True
    quote = ""
    at = 0
    while at < len(text) and (quote or text[at] not in ends):
        char = text[at]
        at += 1
        if char == quote:
            quote = ""
        elif quote == "'":
            parts.append(char)
        elif char == "\\" and at < len(text):
            if quote and text[at] not in '$`"\\\n':
                parts.append(char)
            parts.append(text[at])
            at += 1
        elif not quote and char in "'\"":
            quote = char
        else:
            is_literal = is_literal and char not in "$`"
            parts.append(char)
    return "".join(parts), is_literal and not quote


def _in_launcher(data: bytes) -> str | None:
    """Return the interpreter in a launcher: an archive behind a line behind a program."""
    match = re.search(_LAUNCHER_LINE, data)
    return parse_first_line(b"#!" + match["path"] + b"\n") if match else None


def pure_path(text: str) -> PurePath:
    """Return *text* as a path of the system that it looks like."""
    return PureWindowsPath(text) if re.match(_DRIVE, text) else PurePosixPath(text)


_DRIVE = r"[A-Za-z]:[\\/]|\\\\"
