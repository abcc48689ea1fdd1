"""The version control of a folder that something is installed from as editable, read from files.

Owns what git keeps in its folder: the commit that is checked out, and the address it came from, as
``pip freeze`` words them. Starts no git. Other systems are recognised, and read no further.
Read from pip 26.3: ``_internal/vcs/git.py``, ``_internal/vcs/versioncontrol.py``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, is_local_path

if TYPE_CHECKING:
    from pinfold.core.files import FileSystem

MAX_GIT_FILE_BYTES = 4 * 1024 * 1024
"""The most that is read of a file of git's: a large ``packed-refs`` has a megabyte or two."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder under version control.

    `system` is ``git``, ``hg``, ``svn`` or ``bzr``. `remote` is the address as configured, ``None``
    if there is none; `revision` the full commit, ``None`` if it cannot be read (always so but for
    git). `subdirectory` is where the project lies below the root, ``None`` if there.
    """

    system: str
    remote: str | None = None
    revision: str | None = None
    subdirectory: str | None = None

    @property
    def address(self) -> str | None:
        """The remote as pip writes it, ``None`` if pip makes nothing of it."""
        if self.remote is None:
            return None
        if re.match(r"\w+://", self.remote):
            return self.remote
        if os.path.isabs(self.remote):  # noqa: PTH117 - as text
            return Path(self.remote).as_uri()
        short = _SHORT_SSH.fullmatch(self.remote)
        return None if short is None else short.expand(r"ssh://\1\2/\3")


def read_checkout(folder: Path, filesystem: FileSystem) -> Checkout | None:
    """Return the version control that *folder* is under, that of the innermost root."""
    for root in (folder, *folder.parents):
        if filesystem.exists(root / ".git"):
            return _read_git(folder, root, filesystem)
        for name in ("hg", "svn", "bzr"):
            if filesystem.is_directory(root / f".{name}"):
                return Checkout(name)
    return None


_SHORT_SSH = re.compile(r"(\w+@)?([^/:]+):(\w[^:]*)")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECTION = re.compile(r"\s*\[\s*(?P<name>[\w.-]+)(?:\s+\"(?P<sub>(?:[^\"\\]|\\.)*)\")?\s*\]")
_URL = re.compile(r"\s*url\s*=\s*(?P<value>.*)", re.IGNORECASE)
_MAX_LINKS = 10


def _read_git(folder: Path, root: Path, filesystem: FileSystem) -> Checkout:
    own = root / ".git"
    if filesystem.is_file(own):
        # A worktree or a submodule: the file says where the rest is.
        text = _text(own, filesystem)
        place = text.removeprefix("gitdir:").strip()
        if not text.startswith("gitdir:") or not is_local_path(place):
            return Checkout("git")
        own = root / place
    common = own
    shared = _text(own / "commondir", filesystem).strip()
    if shared and is_local_path(shared):
        common = own / shared
    return Checkout(
        "git",
        _remote(_text(common / "config", filesystem)),
        _revision(own, common, filesystem),
        _subdirectory(folder, root, filesystem),
    )


def _revision(own: Path, common: Path, filesystem: FileSystem) -> str | None:
    said = _text(own / "HEAD", filesystem).strip()
    for _ in range(_MAX_LINKS):
        if _COMMIT.fullmatch(said):
            return said
        name = said.removeprefix("ref:").strip()
        if not said.startswith("ref:") or not name.startswith("refs/") or ".." in name:
            return None
        said = _text(own / name, filesystem).strip() or _text(common / name, filesystem).strip()
        said = said or _packed(name, _text(common / "packed-refs", filesystem))
    return None


def _packed(name: str, text: str) -> str:
    for line in text.splitlines():
        commit, _, found = line.partition(" ")
        if found == name:
            return commit
    return ""


def _remote(configuration: str) -> str | None:
    """Return the address of ``origin``, else of the first remote that has one."""
    first: str | None = None
    remote: str | None = None
    for line in configuration.splitlines():
        section = _SECTION.match(line)
        if section is not None:
            remote = section["sub"] if section["name"].lower() == "remote" else None
        match = _URL.fullmatch(line if section is None else line[section.end() :])
        if match is None or remote is None:
            continue
        # pip takes what stands before the first blank.
        value = (_value(match["value"]).split() or [""])[0]
        if remote == "origin" and value:
            return value
        first = first or value
    return first or None


def _value(text: str) -> str:
    """Return a value as git reads it, without quotes, escapes and a comment behind it."""
    found: list[str] = []
    is_quoted = False
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece == '"':
            is_quoted = not is_quoted
        elif piece in ("#", ";") and not is_quoted:
            break
        else:
            found.append(_ESCAPES.get(piece[1:], "") if piece.startswith("\\") else piece)
    return "".join(found).strip()


_PIECE = re.compile(r"\\.?|.", re.DOTALL)
_ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "t": "\t", "b": "\b"}


def _subdirectory(folder: Path, root: Path, filesystem: FileSystem) -> str | None:
    for place in (folder, *folder.parents):
        if any(filesystem.is_file(place / name) for name in ("pyproject.toml", "setup.py")):
            return None if place == root else os.path.relpath(place, root)
    return None


def _text(path: Path, filesystem: FileSystem) -> str:
    data = filesystem.read_bytes(path, MAX_GIT_FILE_BYTES)
    return "" if isinstance(data, Unreadable) else data.decode("utf-8", "replace")
