"""The layout of an environment on disk: what shows that one is there, and where its packages are.

Owns the shapes that a prefix may have (virtual environment, conda, a base interpreter, Debian's;
CPython and PyPy; POSIX and Windows) and what they tell of the interpreter. Refuses to start it, and
to know why somebody asks for this prefix. What cannot be read off is left out, never guessed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pinfold.core.environments.interpreters import (
    ABI_FLAGS,
    ToldVersion,
    minor_in_name,
    name_of,
    read_conda_version,
    real_path,
)
from pinfold.core.environments.pyvenv_cfg import (
    MAX_CFG_BYTES,
    VenvConfiguration,
    parse_pyvenv_cfg,
)
from pinfold.core.files import FileStart, Unreadable, UnreadableReason, is_local_path
from pinfold.core.model.environment import Environment, MarkerEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pinfold.core.files import FileSystem

MAX_HEADER_BYTES = 64 * 1024
MAX_DETAILS_BYTES = 256 * 1024

USUAL_NAMES = frozenset({".venv", "venv", "env", ".env", ".virtualenv", "virtualenv", ".conda"})
"""What environments inside of projects are called."""

_MOST_PYTHONS = 100
"""How many ``lib/pythonX.Y`` of one prefix are looked at."""


class Kind(Enum):
    """What shows that an environment is there."""

    VIRTUAL = "pyvenv.cfg"
    CONDA = "conda-meta"
    PLAIN = "an interpreter and its library"


@dataclass(frozen=True, slots=True)
class NoEnvironment:
    """There is no environment that can be read at a path; `reason` says why, in a clause."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Library:
    """A folder of an interpreter's library: ``lib/python3.11``, ``lib/pypy3.10``, ``Lib``.

    `version` is the minor one that its name says. `site_packages` are in the order of `sys.path`.
    """

    implementation: str | None
    version: str | None
    site_packages: tuple[Path, ...]
    is_windows: bool = False


def kind_of(prefix: Path, filesystem: FileSystem) -> Kind | NoEnvironment:
    """Return what shows that *prefix* is an environment, or why it is none; a few stats."""
    if prefix.parent == prefix:
        # Debian's /bin and /lib lead to those of /usr, so that it would look like one.
        return NoEnvironment("is the root of the file system")
    if not filesystem.is_directory(prefix):
        there = filesystem.exists(prefix)
        return NoEnvironment("is no folder" if there else UnreadableReason.MISSING.value)
    if filesystem.is_file(prefix / "pyvenv.cfg"):
        return Kind.VIRTUAL
    if filesystem.is_directory(prefix / "conda-meta"):
        return Kind.CONDA
    if any(filesystem.is_file(prefix / name) for name in _INTERPRETERS):
        return Kind.PLAIN
    return NoEnvironment("holds neither a pyvenv.cfg nor an interpreter")


def prefix_of(path: Path, filesystem: FileSystem) -> Path:
    """Return the prefix that *path* is, or that the interpreter at *path* belongs to."""
    if not filesystem.is_file(path):
        return path
    prefix = _above(path)
    if filesystem.is_file(prefix / "pyvenv.cfg"):
        return prefix
    # As Python itself does: only a base interpreter is looked for where links lead, since those of
    # a virtual environment lead out of it.
    return _above(Path(os.path.realpath(path)))


def read_environment(
    prefix: Path,
    filesystem: FileSystem,
    *,
    home: Path | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Environment | NoEnvironment:
    """Return the environment at *prefix*, or why there is none that can be read.

    *home* is the user's home directory, whose packages an interpreter adds to its own, and
    *variables* are those of the process, which may say that these are elsewhere, or not used.
    """
    kind = kind_of(prefix, filesystem)
    if isinstance(kind, NoEnvironment):
        return kind
    configuration = None
    if kind is Kind.VIRTUAL:
        data = filesystem.read_bytes(prefix / "pyvenv.cfg", MAX_CFG_BYTES)
        if isinstance(data, Unreadable):
            return NoEnvironment(f"has a pyvenv.cfg that {data.detail}")
        configuration = parse_pyvenv_cfg(data)
    wanted = _minor(configuration.version) if configuration and configuration.version else None
    library = _library(prefix, filesystem, wanted)
    if library is None:
        return NoEnvironment("has no site-packages")
    base = _base(configuration, prefix, filesystem)
    running = _running_minor(prefix, filesystem) if configuration else None
    if running is not None and running != library.version and library.version is not None:
        # Another interpreter than the one that the packages are for: it is what answers markers.
        library = replace(library, version=running)
    said_by_all = wanted is None or library.version in (None, wanted)
    conda = ToldVersion()
    if kind is Kind.CONDA:
        conda = read_conda_version(os.fspath(prefix), filesystem)
        if conda.implementation not in (None, "cpython"):
            library = replace(library, implementation=conda.implementation)
    python = (
        _version_of_base(base, library, filesystem)
        or conda.version
        or (configuration.version if configuration and said_by_all else None)
        or library.version
    )
    return Environment(
        prefix,
        _search_path(prefix, configuration, library, base, filesystem, _user_base(home, variables)),
        python,
        _markers(python, _implementation(configuration, library), library),
        _executable(prefix, library.version, filesystem),
    )


def read_remains(prefix: Path, filesystem: FileSystem) -> Environment | None:
    """Return what is left at *prefix* of an environment that has lost its ``pyvenv.cfg``.

    ``None`` unless it is certain that it was one (:func:`is_remains`) and its packages are there.
    """
    library = _library(prefix, filesystem, None) if is_remains(prefix, filesystem) else None
    if library is None:
        return None
    return Environment(
        prefix,
        library.site_packages,
        library.version,
        _markers(library.version, _implementation(None, library), library),
        None,
    )


def is_remains(prefix: Path, filesystem: FileSystem) -> bool:
    """Return whether *prefix* is certainly an environment that has lost its ``pyvenv.cfg``.

    A script that activates it stands there, and an interpreter or a folder of packages, and there
    is no standard library, which only an interpreter of its own has, or a virtualenv before 20. A
    folder in the place of the file, or a link that leads in a circle, is as good as no file.
    """
    if filesystem.is_file(prefix / "pyvenv.cfg") or filesystem.exists(prefix / "conda-meta"):
        return False
    if not any(map(partial(_activates, filesystem), (prefix / name for name in _ACTIVATE))):
        return False
    libraries = [prefix / "Lib"]
    libraries += [prefix / "lib" / name for name in _library_names(prefix / "lib", filesystem)]
    libraries += [prefix / "lib64" / name for name in _library_names(prefix / "lib64", filesystem)]
    if any(
        filesystem.exists(library / name)
        for library in libraries
        for name in ("os.py", "orig-prefix.txt")
    ):
        return False
    places = [*(library / "site-packages" for library in libraries), prefix / "site-packages"]
    return any(map(filesystem.is_directory, places)) or any(
        filesystem.is_file(prefix / name) for name in _INTERPRETERS
    )


_ACTIVATE = ("bin/activate", "Scripts/activate")


def _activates(filesystem: FileSystem, script: Path) -> bool:
    start = filesystem.read_start(script, MAX_CFG_BYTES)
    return isinstance(start, FileStart) and b"VIRTUAL_ENV" in start.data


_INTERPRETERS = ("bin/python", "bin/python3", "bin/pypy3", "Scripts/python.exe", "python.exe")


def _executable(prefix: Path, version: str | None, filesystem: FileSystem) -> Path | None:
    """Return the interpreter at *prefix* that its packages are for, by its most usual name."""
    names = ["bin/python", "Scripts/python.exe", "python.exe", "bin/python3", "bin/pypy3"]
    if prefix == Path("/usr") and version is not None:
        # Debian's has no other name that is sure to be of this version.
        names.insert(0, f"bin/python{version}")
    return next((prefix / name for name in names if filesystem.is_file(prefix / name)), None)


def _above(interpreter: Path) -> Path:
    folder = interpreter.parent
    return folder.parent if folder.name.lower() in ("bin", "scripts") else folder


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


# `t` is a build without the global interpreter lock.
_LIBRARY_NAME = re.compile(r"(?P<name>python|pypy)(?P<version>[0-9]{1,2}\.[0-9]{1,3})t?")


def _library(prefix: Path, filesystem: FileSystem, wanted: str | None) -> _Library | None:
    """Return the library that belongs to *prefix*: that of version *wanted*, where there are more.

    ``None`` where there is none with a folder for packages.
    """
    found = list(_libraries(prefix, filesystem))
    if len(found) > 1:
        wanted = wanted or _version_of_link(prefix, found, filesystem)
        found.sort(key=lambda library: library.version != wanted)
        if found[0].version != wanted:
            # Several, and nothing says which: the newest is as good a guess as any is, but a guess.
            return None
    if found:
        return found[0]
    for name in ("Lib/site-packages", "site-packages"):
        packages = prefix / name
        if filesystem.is_directory(packages):
            is_windows = name.startswith("Lib")
            return _Library(None if is_windows else "pypy", wanted, (packages,), is_windows)
    return None


def _libraries(prefix: Path, filesystem: FileSystem) -> Iterator[_Library]:
    names = _library_names(prefix / "lib", filesystem)
    names += [name for name in _library_names(prefix / "lib64", filesystem) if name not in names]
    roots = [prefix / "lib"]
    if _are_distinct(prefix / "lib64", prefix / "lib", filesystem):
        # Fedora's order: compiled packages first.
        roots.insert(0, prefix / "lib64")
    for name in names[:_MOST_PYTHONS]:
        match = _LIBRARY_NAME.fullmatch(name)
        assert match is not None
        version = match["version"]
        places = [root / name / "site-packages" for root in roots]
        if version.startswith("3") and filesystem.is_directory(prefix / "lib/python3"):
            # Debian's own interpreter; /usr/local is for what pip installs with it.
            places = [
                prefix / "local/lib" / name / "dist-packages",
                prefix / "lib/python3/dist-packages",
                prefix / "lib" / name / "dist-packages",
                *places,
            ]
        present = tuple(place for place in places if filesystem.is_directory(place))
        if present:
            implementation = "pypy" if match["name"] == "pypy" else None
            yield _Library(implementation, version, present)


def _library_names(directory: Path, filesystem: FileSystem) -> list[str]:
    listing = filesystem.scan(directory)
    if isinstance(listing, Unreadable):
        return []
    names = listing.directories + listing.files  # A link to a folder is among the files.
    return sorted(name for name in names if _LIBRARY_NAME.fullmatch(name))


def _are_distinct(path: Path, other: Path, filesystem: FileSystem) -> bool:
    """Return whether *path* is a folder, and not the one that *other* leads to."""
    one, two = filesystem.identity(path), filesystem.identity(other)
    return filesystem.is_directory(path) and (one is None or two is None or one[1:] != two[1:])


def _version_of_link(prefix: Path, libraries: list[_Library], filesystem: FileSystem) -> str | None:
    """Return the version of the interpreter that ``bin/python3`` is a link to."""
    meant = filesystem.identity(prefix / "bin/python3")
    for library in libraries:
        same = filesystem.identity(prefix / f"bin/python{library.version}")
        if meant is not None and same is not None and meant[1:] == same[1:]:
            return library.version
    return None


def _running_minor(prefix: Path, filesystem: FileSystem) -> str | None:
    """Return the minor version of the interpreter outside *prefix* that it is a link to."""
    for name in _INTERPRETERS:
        path = prefix / name
        if filesystem.read_link(path) is not None and filesystem.is_file(path):
            real = real_path(os.fspath(path), filesystem)
            return None if Path(real).is_relative_to(prefix) else minor_in_name(name_of(real))
        if filesystem.is_file(path):
            return None
    return None


def _base(
    configuration: VenvConfiguration | None, prefix: Path, filesystem: FileSystem
) -> Path | None:
    """Return the prefix of the interpreter behind *prefix*; itself where it is no virtual one."""
    if configuration is None:
        return prefix
    home = configuration.home
    if home is None or not os.path.isabs(home) or not is_local_path(home):  # noqa: PTH117
        return None
    base = Path(os.path.normpath(home))
    base = base.parent if base.name.lower() == "bin" else base
    return base if base.parent != base and filesystem.is_directory(base) else None


def _search_path(
    prefix: Path,
    configuration: VenvConfiguration | None,
    library: _Library,
    base: Path | None,
    filesystem: FileSystem,
    user_base: Path | None,
) -> tuple[Path, ...]:
    """Return the folders of packages in the order of ``sys.path``, as ``site.main`` puts them."""
    own = library.site_packages
    users = tuple(_users(library, filesystem, user_base))
    if configuration is None:
        return users + own
    if not configuration.includes_system_site_packages or base is None or base == prefix:
        return own
    behind = _library(base, filesystem, library.version)
    return tuple(dict.fromkeys(own + users + (behind.site_packages if behind else ())))


def _user_base(home: Path | None, variables: Mapping[str, str]) -> Path | None:
    """Return where the user's own packages are kept, ``None`` if they are not used (PEP 370)."""
    if variables.get("PYTHONNOUSERSITE"):
        return None
    named = variables.get("PYTHONUSERBASE")
    if not named:
        return None if home is None else home / ".local"
    # A relative one means another folder for each process.
    is_usable = os.path.isabs(named) and is_local_path(named)  # noqa: PTH117 - as text
    return Path(named) if is_usable else None


def _users(library: _Library, filesystem: FileSystem, base: Path | None) -> Iterator[Path]:
    """Yield the user's own folder of packages, where it is that of a POSIX system."""
    if base is None or library.version is None or os.name != "posix" or sys.platform == "darwin":
        return
    path = base / f"lib/{library.implementation or 'python'}{library.version}/site-packages"
    if filesystem.is_directory(path):
        yield path


_HEADER_VERSION = re.compile(rb'^#define\s+PY_VERSION\s+"([0-9][0-9a-z.]{2,20})\+?"', re.MULTILINE)


def _version_of_base(base: Path | None, library: _Library, filesystem: FileSystem) -> str | None:
    """Return the full version that the base interpreter's own files say.

    It counts for more than pyvenv.cfg, which stays as it is when the base is upgraded.
    """
    if base is None or library.version is None:
        return None
    if library.implementation == "pypy":
        # Its headers stand elsewhere, and say the version in other words.
        return None
    version = library.version
    # PEP 739, since Python 3.14.
    details = filesystem.read_bytes(
        base / f"lib/python{version}/build-details.json", MAX_DETAILS_BYTES
    )
    if isinstance(details, bytes) and (found := _version_in_details(details, version)):
        return found
    for name in (*(f"include/python{version}{flags}" for flags in ABI_FLAGS), "include"):
        header = filesystem.read_bytes(base / name / "patchlevel.h", MAX_HEADER_BYTES)
        if isinstance(header, bytes) and (match := _HEADER_VERSION.search(header)):
            found = match[1].decode("ascii")
            if _minor(found) == version:
                return found
    return None


def _version_in_details(data: bytes, version: str) -> str | None:
    try:
        info = json.loads(data)["language"]["version_info"]
        found = f"{int(info['major'])}.{int(info['minor'])}.{int(info['micro'])}"
        level, serial = info["releaselevel"], int(info["serial"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if _minor(found) != version:
        return None
    suffix = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(level)
    return f"{found}{suffix}{serial}" if suffix else found


def _implementation(configuration: VenvConfiguration | None, library: _Library) -> str:
    said = (configuration.implementation or "") if configuration else ""
    return library.implementation or said.lower() or "cpython"


_IMPLEMENTATION_NAMES = {"cpython": "CPython", "pypy": "PyPy", "graalvm": "GraalVM"}
_SYSTEM_NAMES = {"Darwin": "macOS"}


def _markers(python: str | None, implementation: str, library: _Library) -> MarkerEnvironment:
    """Return what markers may ask for, as far as it is known without asking the interpreter."""
    values: dict[str, str] = {}
    if implementation in ("cpython", "pypy"):
        values["implementation_name"] = implementation
        values["platform_python_implementation"] = _IMPLEMENTATION_NAMES[implementation]
    if python is not None:
        values["python_version"] = _minor(python)
        if python.count(".") == 2:
            values["python_full_version"] = python
            if implementation == "cpython":
                values["implementation_version"] = python
    is_foreign = library.is_windows is not (os.name == "nt")
    if not is_foreign:
        values |= _platform()
        if values["sys_platform"] == "linux" and python is not None and python.startswith("2."):
            values["sys_platform"] = "linux2"
    name = _IMPLEMENTATION_NAMES.get(implementation, implementation)
    system = values.get("platform_system") or (
        "Windows" if library.is_windows else "another system"
    )
    parts = (name, python, "on", _SYSTEM_NAMES.get(system, system))
    return MarkerEnvironment(values, " ".join(part for part in parts if part))


def _platform() -> Mapping[str, str]:
    """Return what this process knows of the machine.

    Not through the module `platform`, some functions of which start a process.
    """
    values = {"os_name": os.name, "sys_platform": sys.platform}
    if hasattr(os, "uname"):
        machine = os.uname()
        values["platform_system"] = machine.sysname
        values["platform_release"] = machine.release
        values["platform_version"] = machine.version
        values["platform_machine"] = machine.machine
    elif os.name == "nt":
        values["platform_system"] = "Windows"
        variables = os.environ
        known = variables.get("PROCESSOR_ARCHITEW6432") or variables.get("PROCESSOR_ARCHITECTURE")
        if known:
            values["platform_machine"] = known
    return values
