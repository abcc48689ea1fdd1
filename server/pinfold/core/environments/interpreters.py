"""Base interpreters, read off the folder that their executables stand in.

Owns which of the names in such a folder are interpreters, which of them are the same, and how the
full version and the implementation are told without starting one. Refuses to start one, to know
who keeps it, and virtual environments, whose executables are links to these.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.files import FileSystem

MAX_HEADER_BYTES = 64 * 1024
MAX_DETAILS_BYTES = 256 * 1024
MAX_INTERPRETERS = 50
"""How many interpreters are looked at in one folder."""

_MOST_LINKS = 40


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A base interpreter.

    `executable` is its most usual name in the folder that was looked at, `real_executable` where
    that leads, `prefix` the folder that it calls ``sys.prefix``. `version` is as full as the files
    tell.
    """

    executable: str
    real_executable: str
    prefix: str
    version: str | None
    implementation: str
    is_externally_managed: bool = False

    @property
    def minor(self) -> str | None:
        """The first two parts of the version."""
        return None if self.version is None else minor_of(self.version)


def minor_of(version: str) -> str:
    """Return the first two parts of a version."""
    return ".".join(version.split(".", 2)[:2])


def name_of(path: str) -> str:
    """Return the last part of a path; text, for there may be thousands."""
    return os.path.basename(path)  # noqa: PTH119


def real_path(path: str, filesystem: FileSystem, known: dict[str, str] | None = None) -> str:
    """Return *path* with every link followed as far as there is one; circles are left as they are.

    What *known* says of folders is used, and added to: interpreters share theirs.
    """
    cache = {} if known is None else known
    return _real(os.path.normpath(path), filesystem, cache, _MOST_LINKS)


def _real(path: str, filesystem: FileSystem, known: dict[str, str], links: int) -> str:
    found = known.get(path)
    if found is not None:
        return found
    parent, name = os.path.split(path)
    if not name or parent == path:
        return path
    folder = _real(parent, filesystem, known, links)
    here = os.path.join(folder, name)
    target = filesystem.read_link(here)
    if target is None or not links:
        known[path] = here
        return here
    if target.startswith("\\\\?\\") and not target.startswith("\\\\?\\UNC"):
        target = target[4:]  # As Windows writes a junction.
    joined = os.path.normpath(os.path.join(folder, target))
    found = _real(joined, filesystem, known, links - 1)
    known[path] = found
    return found


# `t` is a build without the global interpreter lock, `d` one for debugging.
_NAME = re.compile(
    r"(?P<name>python|pypy|graalpy)(?P<version>[0-9](?:\.[0-9]{1,2})?)?(?P<flags>[td]{0,2})"
    r"(?:\.exe)?",
    re.IGNORECASE,
)
_REAL_NAME = re.compile(r"(?:python|pypy|graalpy)", re.IGNORECASE)
_USUAL = ("python", "python3", "python2", "pypy3", "pypy", "graalpy")

IMPLEMENTATIONS = {"python": "cpython", "pypy": "pypy", "graalpy": "graalpy"}


def read_interpreters(
    folder: str,
    filesystem: FileSystem,
    *,
    known: dict[str, str] | None = None,
    hint: str | None = None,
) -> Iterator[Interpreter]:
    """Yield the interpreters in *folder*, a ``bin`` or a prefix on Windows; each of them once.

    The first is that of the folder's plainest name. Scripts and what leads to another program are
    none: so are the shims of pyenv, asdf and mise, which look for an interpreter when they run.
    *hint* is the version that the name of the installation says, for where files say none.
    """
    names = filesystem.names(folder)
    if isinstance(names, Unreadable):
        return
    matches = [match for name in names if (match := _NAME.fullmatch(name)) is not None]
    # The plainest name first: that is what people type.
    matches.sort(key=lambda match: (_usualness(match), match[0]))
    places: dict[str, list[re.Match[str]]] = {}
    cache = {} if known is None else known
    for match in matches[:MAX_INTERPRETERS]:
        places.setdefault(real_path(os.path.join(folder, match[0]), filesystem, cache), []).append(
            match
        )
    for real, same in places.items():
        name = name_of(real)
        if _REAL_NAME.match(name) is None or not _is_program(real, filesystem):
            continue
        yield _interpreter(folder, real, same, filesystem, hint)


def _usualness(match: re.Match[str]) -> int:
    stem = match[0].lower().removesuffix(".exe")
    return _USUAL.index(stem) if stem in _USUAL else len(_USUAL)


def _is_program(path: str, filesystem: FileSystem) -> bool:
    start = filesystem.read_start(path, 2)
    # The stubs of the Windows Store are empty, and scripts begin with a hash-bang.
    return not isinstance(start, Unreadable) and start.data not in (b"", b"#!")


def _interpreter(
    folder: str,
    real: str,
    names: list[re.Match[str]],
    filesystem: FileSystem,
    hint: str | None,
) -> Interpreter:
    match = _NAME.fullmatch(name_of(real))
    known = [*names, match] if match is not None else names
    minor = next((found["version"] for found in known if "." in (found["version"] or "")), None)
    free_threaded = any("t" in found["flags"].lower() for found in known)
    kind = next((found["name"].lower() for found in known if found["name"] != "python"), "python")
    home = os.path.dirname(real)
    prefix = _prefix(home, minor, filesystem)
    if minor is None:
        minor = only_minor(prefix, filesystem, hint)
    told = read_version(prefix, minor, filesystem, free_threaded=free_threaded)
    implementation = told.implementation or IMPLEMENTATIONS[kind]
    version = told.version
    if version is None and hint is not None and (minor is None or minor_of(hint) == minor):
        version = hint
    if version is None and minor is not None:
        version = read_packaged_version(prefix, implementation, minor, filesystem)
    if minor is None and version is not None:
        minor = minor_of(version)
    return Interpreter(
        os.path.join(folder, names[0][0]),
        real,
        prefix,
        version or minor,
        implementation,
        is_externally_managed=_is_externally_managed(prefix, minor, implementation, filesystem),
    )


def _prefix(home: str, minor: str | None, filesystem: FileSystem) -> str:
    """Return ``sys.prefix`` of the executable in *home*, links followed."""
    above, name = os.path.split(home)
    if name.lower() in ("bin", "scripts", "sbin"):
        # On a system whose /bin leads to /usr/bin, the real path is the latter.
        return above
    if minor is not None and not filesystem.is_directory(os.path.join(home, "lib")):
        # Some keep the program beside its library: /usr/lib/pypy3.9/pypy3.9.
        folder = home
        for _ in range(3):
            folder = os.path.dirname(folder)
            if filesystem.is_directory(os.path.join(folder, "lib", f"pypy{minor}")):
                return folder
    return home


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """What the files of an installation say of it; ``None`` where they say nothing."""

    version: str | None = None
    implementation: str | None = None


_HEADER_VERSION = re.compile(rb'^#define\s+PY_VERSION\s+"([0-9][0-9a-z.]{2,20})\+?"', re.MULTILINE)

# What the builds of Python are called by, at the end of a folder of headers: `m` has another
# allocator (3.7 and older), `d` is for debugging, `t` without the global interpreter lock.
_LOCKED_FLAGS = ("", "m", "d", "dm")
_FREE_THREADED_FLAGS = ("t", "td")
ABI_FLAGS = (*_LOCKED_FLAGS, *_FREE_THREADED_FLAGS)

# `python-3.12.4-h955ad1f_1.json`, `python-3.9.18-0_73_pypy.json`, `pypy3.9-7.3.15-h9557127_0.json`.
_CONDA_PYTHON = re.compile(
    r"python-(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)-(?P<build>[^-]+)\.json"
)
_CONDA_OTHER = re.compile(r"(?P<name>pypy|graalpy)(?:[0-9.]+)?-[^-]+-[^-]+\.json")
_OTHER_BUILD = re.compile(r"_(?P<name>pypy|graalpy)")


def read_version(
    prefix: str, minor: str | None, filesystem: FileSystem, *, free_threaded: bool = False
) -> ToldVersion:
    """Return the full version of the interpreter at *prefix*; *minor* says which, of several."""
    flag = "t" if free_threaded else ""
    if minor is not None:
        # PEP 739, since Python 3.14.
        for library in (f"python{minor}{flag}", f"pypy{minor}"):
            path = os.path.join(prefix, "lib", library, "build-details.json")
            details = filesystem.read_start(path, MAX_DETAILS_BYTES)
            if not isinstance(details, Unreadable) and (told := _details(details.data, minor)):
                return told
    flags = _FREE_THREADED_FLAGS if free_threaded else _LOCKED_FLAGS
    for folder, known in (
        *((f"include/python{minor}{one}", "cpython") for one in flags),
        (f"include/pypy{minor}", "pypy"),
        ("include", None),
        ("Headers", "cpython"),
    ):
        if minor is None and "None" in folder:
            continue
        path = os.path.join(prefix, folder, "patchlevel.h")
        header = filesystem.read_start(path, MAX_HEADER_BYTES)
        if isinstance(header, Unreadable):
            continue
        match = _HEADER_VERSION.search(header.data)
        if match is None:
            continue
        found = match[1].decode("ascii")
        if minor is None or minor_of(found) == minor:
            is_pypy = b"PYPY_VERSION" in header.data
            return ToldVersion(found, known or ("pypy" if is_pypy else "cpython"))
    return read_conda_version(prefix, filesystem)


def read_conda_version(prefix: str, filesystem: FileSystem) -> ToldVersion:
    """Return what the list of conda's packages at *prefix* says of the interpreter there."""
    names = filesystem.names(os.path.join(prefix, "conda-meta"))
    if isinstance(names, Unreadable):
        return ToldVersion()
    found = [match for name in names if (match := _CONDA_PYTHON.fullmatch(name)) is not None]
    # PyPy has a package with a version of its own. That of Python is the version of an empty one.
    others = {match["name"] for name in names if (match := _CONDA_OTHER.fullmatch(name))}
    others |= {match["name"] for one in found if (match := _OTHER_BUILD.search(one["build"]))}
    version = found[0]["version"] if len(found) == 1 else None
    if len(others) == 1:
        return ToldVersion(version, others.pop())
    return ToldVersion() if version is None or others else ToldVersion(version, "cpython")


def _details(data: bytes, minor: str) -> ToldVersion | None:
    try:
        content = json.loads(data)
        info = content["language"]["version_info"]
        version = f"{int(info['major'])}.{int(info['minor'])}.{int(info['micro'])}"
        level, serial = info["releaselevel"], int(info["serial"])
        implementation = content.get("implementation", {}).get("name")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if minor_of(version) != minor:
        return None
    suffix = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(level)
    known = implementation if isinstance(implementation, str) else None
    return ToldVersion(f"{version}{suffix}{serial}" if suffix else version, known)


_LIBRARY = re.compile(r"(?:python|pypy)([0-9]\.[0-9]{1,2})t?")


def minor_in_name(name: str) -> str | None:
    """Return the minor version that the name of an interpreter tells: ``python3.11``."""
    match = _NAME.fullmatch(name)
    version = None if match is None else match["version"]
    return version if version is not None and "." in version else None


def only_minor(prefix: str, filesystem: FileSystem, hint: str | None) -> str | None:
    """Return the minor version of the library at *prefix*: that of *hint*, or the only one."""
    names = filesystem.names(os.path.join(prefix, "lib"))
    if isinstance(names, Unreadable):
        return minor_of(hint) if hint is not None else None
    minors = {match[1] for name in names if (match := _LIBRARY.fullmatch(name)) is not None}
    if hint is not None and minor_of(hint) in minors:
        return minor_of(hint)
    return minors.pop() if len(minors) == 1 else None


def _is_externally_managed(
    prefix: str, minor: str | None, implementation: str, filesystem: FileSystem
) -> bool:
    """Return whether PEP 668's mark stands in the standard library."""
    name = "pypy" if implementation == "pypy" else "python"
    places = [os.path.join(prefix, "Lib"), os.path.join(prefix, "lib", f"{name}{minor}")]
    return any(filesystem.exists(os.path.join(place, "EXTERNALLY-MANAGED")) for place in places)


# What begins a version of a distribution's package: "3.11.2-6+deb12u6", "1:3.9.2-3".
_PACKAGE_VERSION = r"(?:[0-9]+:)?(?P<version>{minor}\.[0-9]{{1,3}}(?:~?(?:a|b|rc)[0-9]+)?)"


def read_packaged_version(
    prefix: str, implementation: str, minor: str, filesystem: FileSystem
) -> str | None:
    """Return the version that the system's package database has of its own interpreter.

    For Debian's and Alpine's, whose interpreters come without headers, and Arch's. There is no text
    to read where packages are RPMs.
    """
    if prefix != "/usr" or implementation != "cpython":
        return None
    version = _PACKAGE_VERSION.format(minor=re.escape(minor))
    for path, pattern in (
        (
            "/var/lib/dpkg/status",
            rf"^Package: python{re.escape(minor)}-minimal\n(?:[^\n]+\n)*?Version: {version}",
        ),
        ("/lib/apk/db/installed", rf"^P:python3\n(?:[^\n]+\n)*?V:{version}"),
    ):
        data = filesystem.read_bytes(path)
        if isinstance(data, bytes):
            match = re.search(pattern.encode(), data, re.MULTILINE)
            if match is not None:
                return match["version"].decode("ascii").replace("~", "")
    names = filesystem.names("/var/lib/pacman/local")
    for name in [] if isinstance(names, Unreadable) else names:
        match_name = re.match(rf"python-{version}-", name)
        if match_name is not None:
            return match_name["version"]
    return None
