"""A project's ``pyproject.toml`` that is no TOML: what it asks for counts nowhere, unsaid.

Owns the finding of it and the sentence. What is read of one that is whole is for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.formats.toml_source import TomlError, parse_toml

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.files import FileSystem

MAX_PYPROJECT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UnreadableProject:
    """A ``pyproject.toml`` that is none; `line` counts from 0, `reason` is a clause."""

    path: Path
    line: int
    reason: str

    def told(self, shown: str) -> str:
        """Return that in a clause for people, with the path as *shown*."""
        return f"{shown}:{self.line + 1}: this is no TOML: {self.reason}"


def unreadable_project(
    folder: Path, stop: Path, filesystem: FileSystem
) -> UnreadableProject | None:
    """Return the ``pyproject.toml`` nearest to *folder*, up to *stop*, if that is no TOML."""
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        data = filesystem.read_bytes(path, MAX_PYPROJECT_BYTES)
        if not isinstance(data, Unreadable):
            return _judged(path, data)
        if place == stop:
            break
    return None


def _judged(path: Path, data: bytes) -> UnreadableProject | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        return UnreadableProject(path, line, f"byte 0x{data[error.start]:02x} is not UTF-8")
    parsed = parse_toml(text)
    if not isinstance(parsed, TomlError):
        return None
    return UnreadableProject(path, text.count("\n", 0, parsed.range.start), parsed.message)
