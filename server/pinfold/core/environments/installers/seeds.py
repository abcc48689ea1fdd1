"""What an interpreter has for a new environment: venv, ensurepip and the wheels in it.

Owns where an interpreter's own library is, and what Debian leaves out of it. Files only.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from pinfold.core.environments.interpreters import name_of, real_path
from pinfold.core.environments.pyvenv_cfg import parse_pyvenv_cfg
from pinfold.core.files import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.files import FileSystem

_LIBRARY = re.compile(r"(?:python|pypy)(?P<version>[0-9]\.[0-9]{1,2})t?")
_NAME = re.compile(r"(?:python|pypy)(?P<version>[0-9]\.[0-9]{1,2})")
_WHEEL = re.compile(r"(?P<name>pip|setuptools)-(?P<version>[0-9][^-]*)-[^/]*\.whl")


@dataclass(frozen=True, slots=True)
class Seed:
    """What an interpreter brings along. `minor` is its version, as ``3.12``.

    `wheels` is the folder with the wheels of pip and, before Python 3.12, setuptools; ``None`` if
    it has none. `pip` is the version of that pip, `pip_wheel` where it is. `is_debian` where the
    system's package manager may have kept ensurepip back.
    """

    minor: str
    has_venv: bool
    has_ensurepip: bool
    wheels: Path | None
    pip: Version | None
    pip_wheel: Path | None
    names: tuple[str, ...]
    is_debian: bool


def read_seed(interpreter: Path, filesystem: FileSystem) -> Seed | None:
    """Return what *interpreter*, or the base that it belongs to, brings; ``None`` if unknown."""
    base = _base(interpreter, filesystem)
    for library, minor in _libraries(base, filesystem):
        wheels, pip, pip_wheel, names = _wheels(library, filesystem)
        return Seed(
            minor,
            filesystem.is_file(os.path.join(library, "venv", "__main__.py")),
            filesystem.is_file(os.path.join(library, "ensurepip", "__init__.py")),
            wheels,
            pip,
            pip_wheel,
            names,
            library.startswith("/usr/lib/") and filesystem.is_file("/etc/debian_version"),
        )
    return None


def without_pip(interpreter: Path) -> str:
    """Return why pip is taken from an index, in a clause."""
    return f"{interpreter} brings no pip along, so that of an index is needed"


def _base(interpreter: Path, filesystem: FileSystem) -> str:
    data = filesystem.read_bytes(interpreter.parent.parent / "pyvenv.cfg", 64 * 1024)
    home = None if isinstance(data, Unreadable) else parse_pyvenv_cfg(data).home
    if home is not None and os.path.isabs(home):  # noqa: PTH117
        return real_path(os.path.join(home, interpreter.name), filesystem)
    return real_path(str(interpreter), filesystem)


def _libraries(real: str, filesystem: FileSystem) -> Iterator[tuple[str, str]]:
    """Yield the folders of the standard library, the most likely first, each with its version."""
    folder = os.path.dirname(real)
    if name_of(folder).lower() != "bin":
        library = os.path.join(folder, "Lib")  # Windows.
        names = filesystem.names(folder)
        for name in () if isinstance(names, Unreadable) else sorted(names):
            match = re.fullmatch(r"python([0-9])([0-9]+)\.dll", name, re.IGNORECASE)
            if match is not None and filesystem.is_file(os.path.join(library, "os.py")):
                yield library, f"{match[1]}.{match[2]}"
        return
    libraries = os.path.join(os.path.dirname(folder), "lib")
    names = filesystem.names(libraries)
    if isinstance(names, Unreadable):
        return
    named = _NAME.match(name_of(real))
    matches = [match for name in names if (match := _LIBRARY.fullmatch(name)) is not None]
    for match in sorted(matches, key=lambda match: match[0]):
        path = os.path.join(libraries, match[0])
        is_it = named is None or named["version"] == match["version"]
        if is_it and filesystem.is_file(os.path.join(path, "os.py")):
            yield path, match["version"]


def _wheels(
    library: str, filesystem: FileSystem
) -> tuple[Path | None, Version | None, Path | None, tuple[str, ...]]:
    folder = Path(library, "ensurepip", "_bundled")
    names = filesystem.names(folder)
    found = {
        match["name"]: match
        for name in (() if isinstance(names, Unreadable) else sorted(names))
        if (match := _WHEEL.fullmatch(name)) is not None
    }
    if "pip" not in found:
        return None, None, None, ()
    pip = found["pip"]
    return folder, Version(pip["version"]), folder / pip[0], tuple(sorted(found))
