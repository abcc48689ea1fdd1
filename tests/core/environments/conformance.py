"""What every locator has to withstand, and an example of what each of them finds.

Not a test module itself: :mod:`tests.core.environments.test_locators` runs every check on every
example. Whoever adds a locator adds an example here; see docs/adding-an-environment-kind.md.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pinfold.core.environments.inspector import Cancelled, Inspector, LeftOut
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import (
    MAX_FILE_BYTES,
    FileIdentity,
    FileStart,
    FileSystem,
    Listing,
    MemoryFileSystem,
    StrPath,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.locators.locator import Locator
    from pinfold.core.model.installation import Installation, InstallationKind

HOME = "/home/someone"
PROGRAM = b"\x7fELF a program"


class FakeRegistry:
    """A Windows registry of nested dictionaries; a value stands under a key that ends in ``=``."""

    def __init__(self, keys: dict[str, dict[str, str]]) -> None:
        self._keys = keys

    def subkeys(self, key: str) -> list[str]:
        """Return the names of the keys in *key*."""
        below = [name[len(key) + 1 :] for name in self._keys if name.startswith(key + "\\")]
        return list(dict.fromkeys(name.split("\\")[0] for name in below))

    def value(self, key: str, name: str) -> str | None:
        """Return a value of *key*."""
        return self._keys.get(key, {}).get(name)


@dataclass(frozen=True)
class Expected:
    """What an example expects of one installation; ``None`` stands for what it does not say."""

    prefix: str
    kind: InstallationKind
    version: str | None = None
    is_base: bool = False
    name: str | None = None
    project: str | None = None
    implementation: str = "cpython"


@dataclass(frozen=True)
class Example:
    """A machine, and what a locator finds on it.

    A text in `files` that begins with ``->`` is a link. `kept` is a folder that the locator lists,
    in which things with strange names may stand as well.
    """

    name: str
    locator: Locator
    files: dict[str, bytes | str]
    expected: tuple[Expected, ...]
    surroundings: Surroundings = field(default_factory=lambda: Surroundings(home=HOME))
    kept: str | None = None

    def filesystem(self) -> MemoryFileSystem:
        """Return the machine's files."""
        return filesystem_of(self.files)


def filesystem_of(files: dict[str, bytes | str]) -> MemoryFileSystem:
    """Return a file system with *files*, links among them."""
    made = MemoryFileSystem()
    for path, content in files.items():
        if isinstance(content, str) and content.startswith("->"):
            made.make_link(path, content[2:])
        else:
            made.write(path, content)
    return made


def header(version: str) -> str:
    """Return the part of a ``patchlevel.h`` that says the version."""
    return f'/* Version as a string */\n#define PY_VERSION      \t"{version}"\n'


def base(prefix: str, version: str, **more: bytes | str) -> dict[str, bytes | str]:
    """Return the files of a base interpreter with headers."""
    minor = ".".join(version.split(".")[:2])
    return {
        f"{prefix}/bin/python{minor}": PROGRAM,
        f"{prefix}/bin/python3": f"->python{minor}",
        f"{prefix}/bin/python": "->python3",
        f"{prefix}/include/python{minor}/patchlevel.h": header(version),
        f"{prefix}/lib/python{minor}/os.py": "",
        **more,
    }


def bare_base(prefix: str, minor: str) -> dict[str, bytes | str]:
    """Return the files of a base interpreter that do not say its full version."""
    files = base(prefix, f"{minor}.0")
    del files[f"{prefix}/include/python{minor}/patchlevel.h"]
    return files


def venv(
    prefix: str, version: str = "3.12.4", keys: str = "", home: str = "/opt/python/bin"
) -> dict[str, bytes | str]:
    """Return the files of a virtual environment."""
    minor = ".".join(version.split(".")[:2])
    return {
        f"{prefix}/pyvenv.cfg": f"home = {home}\nversion = {version}\n{keys}",
        f"{prefix}/bin/python": f"->{home}/python{minor}",
        f"{prefix}/lib/python{minor}/site-packages/README": "",
    }


def conda_environment(
    prefix: str, version: str = "3.12.4", command: str = "conda create -n x"
) -> dict[str, bytes | str]:
    """Return the files of a conda environment with Python in it."""
    return {
        f"{prefix}/conda-meta/history": f"==> 2026 <==\n# cmd: {command}\n",
        f"{prefix}/conda-meta/python-{version}-h99_0_cpython.json": "{}",
        f"{prefix}/bin/python3.12": PROGRAM,
        f"{prefix}/bin/python": "->python3.12",
    }


def locate(
    locator: Locator,
    surroundings: Surroundings,
    filesystem: FileSystem,
    left_out: list[LeftOut] | None = None,
) -> list[Installation]:
    """Return all that a locator finds."""
    noted = [] if left_out is None else left_out
    return list(locator.locate(Inspector(surroundings, filesystem, on_left_out=noted.append)))


def check_finds(example: Example) -> None:
    """The locator finds what the example expects, and nothing else."""
    found = locate(example.locator, example.surroundings, example.filesystem())

    assert sorted(map(repr, example.expected)) == sorted(
        repr(
            Expected(
                str(one.prefix),
                one.kind,
                one.version,
                one.is_base,
                one.name,
                None if one.project is None else str(one.project),
                one.implementation,
            )
        )
        for one in found
    )
    assert all(one.evidence and one.kind in example.locator.kinds for one in found)
    assert all(one.prefix.is_absolute() for one in found)


def check_reads_only_through_the_port(example: Example) -> None:
    """Nothing is started, opened, listed or connected to but through the port."""
    filesystem = example.filesystem()
    locate(example.locator, example.surroundings, filesystem)  # Modules are imported late.
    with audited() as events:
        locate(example.locator, example.surroundings, filesystem)

    assert [] == events


def check_withstands_an_empty_machine(example: Example) -> None:
    """Where nothing is, nothing is found."""
    empty = Surroundings(
        home=example.surroundings.home,
        variables=example.surroundings.variables,
        platform=example.surroundings.platform,
        projects=example.surroundings.projects,
    )

    assert [] == locate(example.locator, empty, MemoryFileSystem())
    assert [] == locate(example.locator, Surroundings(), MemoryFileSystem())


def check_withstands_what_is_unreadable(example: Example) -> None:
    """Any file or folder may be unreadable, a loop of links, a pipe, empty, binary or enormous."""
    for path in _all_paths(example.files):
        for spoil in ("deny", "loop", "fifo", "empty", "binary", "enormous", "remove", "text"):
            filesystem = example.filesystem()
            filesystem.remove(path)
            match spoil:
                case "deny":
                    filesystem.deny(path)
                case "loop":
                    filesystem.make_link(path, path)
                case "fifo":
                    filesystem.make_fifo(path)
                case "empty":
                    filesystem.write(path, b"")
                case "binary":
                    filesystem.write(path, b"\0\xff\xfe=\x80\n" * 50)
                case "enormous":
                    filesystem.write(path, b"home = /\n" * 100_000)
                case "text":
                    filesystem.write(path, "[project]\nname = 3\n[tool]\npoetry = 1\n{[\n")
            locate(example.locator, example.surroundings, filesystem)


def check_withstands_what_vanishes(example: Example) -> None:
    """Everything may vanish between any two calls."""
    calls = Vanishing(example.filesystem(), sys.maxsize)
    locate(example.locator, example.surroundings, calls)
    for last in range(min(calls.count, 300)):
        locate(example.locator, example.surroundings, Vanishing(example.filesystem(), last))


def check_withstands_strange_names(example: Example) -> None:
    """Names may hold a newline, quotes, or bytes that are no UTF-8; an id is the path as it is."""
    if example.kept is None:
        return
    files = dict(example.files)
    names = ("a\nb", 'it\'s "so"', "\udcff\udc80", " ", "-", "x" * 250)
    for name in names:
        files |= venv(f"{example.kept}/{name}")
        files[f"{example.kept}/{name}.link"] = f"->{name}.link"
    found = locate(example.locator, example.surroundings, filesystem_of(files))
    ids = {one.id for one in found}

    assert {expected.prefix for expected in example.expected} <= ids
    assert all(one.id == str(one.prefix) or one.shares_prefix for one in found)


def check_is_deterministic(example: Example) -> None:
    """A hundred refreshes give the same, whatever the order in which the system lists names."""
    first = locate(example.locator, example.surroundings, example.filesystem())
    for turn in range(100):
        files = dict(example.files)
        if turn % 2:
            files = dict(reversed(list(files.items())))

        again = locate(example.locator, example.surroundings, filesystem_of(files))

        assert sorted(map(repr, first)) == sorted(map(repr, again))


def check_withstands_a_crowd(example: Example) -> None:
    """Ten thousand names beside each other do not keep it from its own, or it says so."""
    if example.kept is None:
        return
    filesystem = Crowded(example.filesystem(), example.kept)
    left_out: list[LeftOut] = []
    found = locate(example.locator, example.surroundings, filesystem, left_out)

    ids = {one.id for one in found}
    assert left_out or {expected.prefix for expected in example.expected} <= ids


def check_can_be_cancelled(example: Example) -> None:
    """It ends soon once nobody wants to know."""

    def check() -> None:
        raise Cancelled

    look = Inspector(example.surroundings, example.filesystem(), check=check)
    try:
        found = list(example.locator.locate(look))
    except Cancelled:
        return

    assert not example.expected or [] == found


def check_judges_without_raising(example: Example) -> None:
    """It can be asked about any environment and any project, its own or not."""
    files = {**example.files, **venv("/a/.venv"), **conda_environment("/a/conda")}
    look = Inspector(example.surroundings, filesystem_of(files))
    for prefix in ("/a/.venv", "/a/conda", *(expected.prefix for expected in example.expected)):
        candidate = look.candidate(prefix)
        if candidate is not None:
            judgement = example.locator.identify(candidate, look)
            assert judgement is None or judgement.kind in example.locator.kinds
    for project in ("/a", "/nowhere", "/", *example.surroundings.projects):
        list(example.locator.of_project(project, look))


CHECKS = (
    check_finds,
    check_reads_only_through_the_port,
    check_withstands_an_empty_machine,
    check_withstands_what_is_unreadable,
    check_withstands_what_vanishes,
    check_withstands_strange_names,
    check_withstands_a_crowd,
    check_is_deterministic,
    check_can_be_cancelled,
    check_judges_without_raising,
)


class Forwarding:
    """A file system that hands every call on; `before` sees it first."""

    def __init__(self, inner: FileSystem) -> None:
        self.inner = inner

    def before(self, path: StrPath) -> None:
        """See a call."""

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Read a file."""
        self.before(path)
        return self.inner.read_bytes(path, limit)

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Read the start of a file."""
        self.before(path)
        return self.inner.read_start(path, limit)

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return an identity."""
        self.before(path)
        return self.inner.identity(path)

    def is_file(self, path: StrPath) -> bool:
        """Return whether a file is there."""
        self.before(path)
        return self.inner.is_file(path)

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder is there."""
        self.before(path)
        return self.inner.is_directory(path)

    def exists(self, path: StrPath) -> bool:
        """Return whether anything is there."""
        self.before(path)
        return self.inner.exists(path)

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """List a folder."""
        self.before(directory)
        return self.inner.scan(directory)

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """List a folder."""
        self.before(directory)
        return self.inner.names(directory)

    def read_link(self, path: StrPath) -> str | None:
        """Read a link."""
        self.before(path)
        return self.inner.read_link(path)

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a program is there."""
        self.before(path)
        return self.inner.is_executable(path)


class Vanishing(Forwarding):
    """A file system that is empty after so many calls."""

    def __init__(self, inner: FileSystem, last: int) -> None:
        super().__init__(inner)
        self._last = last
        self.count = 0

    def before(self, path: StrPath) -> None:
        """Count a call."""
        self.count += 1
        if self.count == self._last + 1:
            self.inner = MemoryFileSystem()


class Crowded(Forwarding):
    """A file system with ten thousand empty folders in one that is listed."""

    def __init__(self, inner: FileSystem, folder: str) -> None:
        super().__init__(inner)
        self._folder = folder
        self._crowd = [f"nothing{index}" for index in range(10_000)]

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """List a folder."""
        listing = self.inner.scan(directory)
        if os.fspath(directory) != self._folder or isinstance(listing, Unreadable):
            return listing
        return Listing(self._crowd + listing.directories, listing.files)


_WATCHED = (
    "open",
    "os.exec",
    "os.fork",
    "os.listdir",
    "os.posix_spawn",
    "os.scandir",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "socket.",
    "subprocess.",
    "winreg.",
)
_events: list[str] | None = None
_is_hooked = False


@contextmanager
def audited() -> Iterator[list[str]]:
    """Give a list of all that this process asks of the system by way of Python meanwhile."""
    global _events, _is_hooked  # noqa: PLW0603 - an audit hook can never be taken away
    if not _is_hooked:
        _is_hooked = True
        sys.addaudithook(_note)
    events: list[str] = []
    _events = events
    try:
        yield events
    finally:
        _events = None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _events is not None and event.startswith(_WATCHED):
        _events.append(f"{event} {arguments[:1]}")


def _all_paths(files: dict[str, bytes | str]) -> list[str]:
    """Return all paths of an example, and the folders above that are its own."""
    found = dict.fromkeys(files)
    for path in files:
        folder = os.path.dirname(path)
        while folder.count("/") > 1:
            found[folder] = None
            folder = os.path.dirname(folder)
    return list(found)
