"""An installation under examination: what is known of it before anything is judged.

Owns the reading of its ``pyvenv.cfg``, whether it should have one, and where its interpreters may
stand. Refuses to judge.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.health.programs import this_machine
from pinfold.core.environments.pyvenv_cfg import (
    MAX_CFG_BYTES,
    VenvConfiguration,
    parse_pyvenv_cfg,
)
from pinfold.core.files import Unreadable, UnreadableReason, is_local_path
from pinfold.core.model.wording import Command, Wording

if TYPE_CHECKING:
    from pinfold.core.files import FileSystem
    from pinfold.core.model.installation import Installation

REBUILD = Wording(
    "rebuild the environment (`pinfold env rebuild`)",
    "rebuild the environment",
    Command("pinfold env rebuild"),
)
"""What mends most."""

POSIX_NAMES = ("bin/python", "bin/python3", "bin/pypy3", "bin/pypy")
WINDOWS_NAMES = ("Scripts/python.exe", "python.exe", "Scripts/pypy.exe", "bin/python.exe")

WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True, slots=True)
class Case:
    """An installation, and what its ``pyvenv.cfg`` says.

    `configuration` is ``None`` if there is none that could be read, `obstacle` says why, in a
    clause. `is_virtual` if there should be one, `is_old_virtualenv` if it was made by a virtualenv
    before version 20, which wrote none. `machine` is as in ``uname -m``, ``None`` if the
    system does not say.
    """

    installation: Installation
    filesystem: FileSystem
    platform: str
    machine: str | None
    is_virtual: bool
    is_old_virtualenv: bool
    configuration: VenvConfiguration | None
    obstacle: str | None

    @property
    def prefix(self) -> Path:
        """The folder."""
        return self.installation.prefix

    @property
    def is_windows(self) -> bool:
        """Whether it is to run on Windows."""
        return self.platform == "win32"

    @property
    def home(self) -> Path | None:
        """The folder of the base interpreter, if it may be looked at."""
        home = self.configuration.home if self.configuration else None
        if home is None or not os.path.isabs(home) or not is_local_path(home):  # noqa: PTH117
            return None
        return Path(os.path.normpath(home))

    @property
    def made_for(self) -> str | None:
        """The minor version that the environment was made for."""
        version = self.configuration.version if self.configuration else None
        if version is not None:
            return minor(version)
        libraries = library_minors(self.prefix, self.filesystem)
        return libraries[0] if len(libraries) == 1 else None


def read_case(
    installation: Installation, filesystem: FileSystem, platform: str, machine: str | None = None
) -> Case:
    """Read what is to be known of *installation*, for a system by its ``sys.platform``.

    And for a *machine* by its ``uname -m``, which is this one unless told otherwise.
    """
    machine = machine or this_machine()
    prefix = installation.prefix
    data = filesystem.read_bytes(prefix / "pyvenv.cfg", MAX_CFG_BYTES)
    if isinstance(data, bytes):
        bad = _unreadable_content(data)
        return Case(
            installation,
            filesystem,
            platform,
            machine,
            is_virtual=True,
            is_old_virtualenv=False,
            configuration=None if bad else parse_pyvenv_cfg(data),
            obstacle=bad,
        )
    if data.reason is not UnreadableReason.MISSING:
        is_virtual, is_old = True, False
        obstacle: str | None = data.detail
    else:
        activates = _activates(installation, filesystem)
        is_old = activates and _has_old_mark(prefix, filesystem)
        is_virtual = activates and not is_old
        obstacle = "is missing" if is_virtual else None
    return Case(
        installation,
        filesystem,
        platform,
        machine,
        is_virtual=is_virtual,
        is_old_virtualenv=is_old,
        configuration=None,
        obstacle=obstacle,
    )


def executables(case: Case) -> list[Path]:
    """Return where interpreters may stand, the most usual first."""
    names = WINDOWS_NAMES if case.is_windows else POSIX_NAMES
    paths = [case.prefix / name for name in names]
    if not case.is_windows and case.made_for is not None:
        paths.append(case.prefix / f"bin/python{case.made_for}")
    known = case.installation.executable
    if known is not None and known not in paths:
        paths.append(known)
    return paths


def is_there(path: Path, filesystem: FileSystem) -> bool:
    """Return whether anything stands at *path*, be it a link that leads nowhere."""
    return filesystem.exists(path) or filesystem.read_link(path) is not None


def library_minors(prefix: Path, filesystem: FileSystem) -> list[str]:
    """Return the minor versions that there is a ``lib/pythonX.Y`` for, in the order of text."""
    found = set()
    for name in ("lib", "lib64"):
        listing = filesystem.scan(prefix / name)
        names = [] if isinstance(listing, Unreadable) else listing.directories + listing.files
        found |= {match["version"] for one in names if (match := _LIBRARY.fullmatch(one))}
    return sorted(found)


_LIBRARY = re.compile(r"(?:python|pypy)(?P<version>[0-9]{1,2}\.[0-9]{1,3})t?")


def minor(version: str) -> str:
    """Return the first two numbers of a version."""
    return ".".join(version.split(".")[:2])


def _unreadable_content(data: bytes) -> str | None:
    if not data.strip():
        return "is empty"
    if b"\0" in data:
        return "is not a text file"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # `site` of CPython reads it so, strictly, and Python does not start.
        line = data.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8: line {line} holds the byte 0x{data[error.start]:02x}"
    return None


def _activates(installation: Installation, filesystem: FileSystem) -> bool:
    """Return whether it is an environment by what activates it."""
    prefix = installation.prefix
    if installation.is_base or filesystem.is_directory(prefix / "conda-meta"):
        return False
    return any(filesystem.is_file(prefix / name / "activate") for name in ("bin", "Scripts"))


def _has_old_mark(prefix: Path, filesystem: FileSystem) -> bool:
    """Return whether the file is there that only virtualenv before version 20 wrote."""
    return any(
        filesystem.is_file(prefix / f"lib/python{minor}/orig-prefix.txt")
        for minor in library_minors(prefix, filesystem)
    )
