"""Files that name environments: ``.python-envs``, and a ``.venv`` that is a file.

Owns their syntax, and which of the paths in them may be looked at at all. Refuses to know whether
an environment stands at any of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, is_local_path

if TYPE_CHECKING:
    from pinfold.core.files import FileSystem

PYTHON_ENVS = ".python-envs"
MAX_LISTING_BYTES = 64 * 1024
MAX_PATH_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True)
class NamedPath:
    """A path that a file names: `text` as it stands there, and where that leads.

    `refusal` says in a clause why it is not looked at; `path` is ``None`` then.
    """

    text: str
    path: Path | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class BadListing:
    """A file that should name environments and names none; `reason` says why, in a clause.

    `is_empty` if it can be read, and has no line that says anything.
    """

    reason: str
    is_empty: bool = False


def read_python_envs(
    path: Path, filesystem: FileSystem, *, windows: bool = os.name == "nt"
) -> NamedPath | BadListing | None:
    """Return the default environment that the ``.python-envs`` file at *path* names: its last.

    ``None`` if nothing stands there, or a folder, where some keep their environments. Relative
    paths start from the file's folder.

    Format: PEP 832 as redrafted on 2026-07-31 (UTF-8, an environment a line, the last is the
    default). It knows neither blank lines nor comments; Poetry passes over both, and so do we.
    """
    if not filesystem.is_file(path) and not _is_obstacle(path, filesystem):
        return None
    lines = _read_lines(path, filesystem)
    if isinstance(lines, BadListing):
        return lines
    for line in reversed(lines):
        if line and not line.startswith("#"):
            return named_path(line, path.parent, windows=windows)
    return BadListing("names no environment", is_empty=True)


def read_venv_file(
    path: Path, filesystem: FileSystem, *, windows: bool = os.name == "nt"
) -> NamedPath | BadListing:
    """Return what the ``.venv`` file at *path* names in its first line.

    uv 0.13 writes one for an environment that it keeps elsewhere, and PEP 832 had it so before its
    redraft. Some shells' plugins write a mere name into such a file, which then leads nowhere.
    """
    lines = _read_lines(path, filesystem)
    if isinstance(lines, BadListing):
        return lines
    if not lines or not lines[0]:
        return BadListing("is empty")
    return named_path(lines[0], path.parent, windows=windows)


def named_path(text: str, folder: Path, *, windows: bool = os.name == "nt") -> NamedPath:
    """Return where *text*, which a file in *folder* says, leads; links are not followed.

    A home directory is not looked up for a ``~``: no writer of these files means that by it.
    """
    if len(text) > MAX_PATH_CHARACTERS:
        return NamedPath(text[:40], None, "is too long for a path")
    if not text.isprintable():
        return NamedPath(text, None, "is no path that anybody would write")
    # What leads off this machine, or to a device, would act as soon as it is looked at.
    joined = os.path.join(folder, text)
    if not is_local_path(text, windows=windows) or not is_local_path(joined, windows=windows):
        return NamedPath(text, None, "leads off this machine or to a device, so nobody looks there")
    return NamedPath(text, Path(os.path.normpath(joined)))


def _is_obstacle(path: Path, filesystem: FileSystem) -> bool:
    """Return whether something stands at *path* that is neither a file nor a folder."""
    if filesystem.is_directory(path):
        return False
    return filesystem.exists(path) or filesystem.read_link(path) is not None


def _read_lines(path: Path, filesystem: FileSystem) -> list[str] | BadListing:
    data = filesystem.read_bytes(path, MAX_LISTING_BYTES)
    if isinstance(data, Unreadable):
        return BadListing(data.detail)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return BadListing("is not UTF-8")
    if "\0" in text:
        return BadListing("is a binary file")
    # Not splitlines(), which also breaks at characters that a path may have.
    return [line.strip() for line in text.split("\n")]
