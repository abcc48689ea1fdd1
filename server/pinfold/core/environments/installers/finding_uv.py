"""uv beyond ``PATH``: the places it is looked for in, and which of those found is used.

Owns the order of the places, each with its reason, and how long a version that uv has told is
believed. Refuses to run anything that lies in a folder which nobody trusts, and a uv that is older
than what we say to it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from pinfold.core.environments.layout import NoEnvironment, prefix_of, read_environment
from pinfold.core.process import ProcessStartError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileIdentity, FileSystem
    from pinfold.core.process import Completed

OLDEST = Version("0.5.0")
"""Before 0.4.23 the options for indexes had other names; nobody tests older ones here."""

DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class UvCandidate:
    """A place that has something called uv.

    `argv` is how it is called, `program` the file that decides which uv that is, and `reason` says
    in a clause why it was looked for there.
    """

    argv: tuple[str, ...]
    program: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Uv:
    """A uv that answers. `argv` is how it is called."""

    argv: tuple[str, ...]
    version: Version
    reason: str

    @property
    def label(self) -> str:
        """Name and version."""
        return f"uv {self.version}"


@dataclass(frozen=True, slots=True)
class RejectedUv:
    """A uv that is not used; `problem` says in a clause why."""

    candidate: UvCandidate
    problem: str


@dataclass(frozen=True, slots=True)
class UvSearch:
    """What became of the search. `uv` is ``None`` if there is none that can be used."""

    uv: Uv | None
    rejected: tuple[RejectedUv, ...] = ()


@dataclass(frozen=True, slots=True)
class UvPlaces:
    """Where uv is looked for beside what the machine says.

    `explicit` is what a setting or an option names: then no other is looked for. `prefix` is the
    environment that is to be worked on, `interpreters` are those whose ``-m uv`` is asked last.
    Nothing below `untrusted` is run, unless it is `explicit`.
    """

    explicit: Path | None = None
    prefix: Path | None = None
    interpreters: tuple[Path, ...] = ()
    untrusted: tuple[Path, ...] = ()


def uv_candidates(
    places: UvPlaces, surroundings: Surroundings, filesystem: FileSystem
) -> Iterator[UvCandidate]:
    """Yield what is called uv, in the order in which it counts; nothing is run for it."""
    name = "uv.exe" if surroundings.is_windows else "uv"
    if places.explicit is not None:
        yield UvCandidate((str(places.explicit),), places.explicit, "the settings name it")
        return
    seen: set[str] = set()
    for folder, reason in _folders(places, surroundings):
        path = os.path.join(folder, name)
        if path not in seen and filesystem.is_executable(path):
            seen.add(path)
            yield UvCandidate((path,), Path(path), reason)
    for interpreter in places.interpreters:
        program = _module(interpreter, filesystem)
        if program is not None:
            argv = (str(interpreter), "-I", "-m", "uv")
            yield UvCandidate(argv, program, f"{interpreter} has it as a module")


def _folders(places: UvPlaces, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
    if places.prefix is not None:
        scripts = "Scripts" if surroundings.is_windows else "bin"
        yield str(places.prefix / scripts), "it is in the environment"
    for folder in surroundings.search_path():
        yield folder, "it is on PATH"
    # https://docs.astral.sh/uv/reference/installer/: where uv's own installer puts it. Editors that
    # are started from a desktop do not have what a shell's profile adds to PATH.
    installed = "uv's installer puts it there"
    for variable in ("UV_INSTALL_DIR", "XDG_BIN_HOME"):
        named = surroundings.folder(variable)
        if named is not None:
            yield named, installed
    for parts, reason in (
        ((".local", "bin"), installed),
        ((".cargo", "bin"), "cargo and older installers put it there"),
    ):
        folder_at_home = surroundings.at_home(*parts)
        if folder_at_home is not None:
            yield folder_at_home, reason
    if surroundings.is_windows:
        local = surroundings.local_application_data()
        if local is not None:
            yield os.path.join(local, "Microsoft", "WinGet", "Links"), "WinGet puts it there"
        return
    brewed = surroundings.folder("HOMEBREW_PREFIX")
    if brewed is not None:
        yield os.path.join(brewed, "bin"), "Homebrew puts it there"
    for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin"):
        yield folder, "Homebrew puts it there"


def _module(interpreter: Path, filesystem: FileSystem) -> Path | None:
    environment = read_environment(prefix_of(interpreter, filesystem), filesystem)
    if isinstance(environment, NoEnvironment):
        return None
    for folder in environment.site_packages:
        module = folder / "uv" / "__main__.py"
        if filesystem.is_file(module):
            return module
    return None


class UvFinder:
    """Finds uv, and asks each one for its version once for as long as its file is what it was.

    May be called from several threads. *environ* of the surroundings is what uv inherits.
    """

    def __init__(self, filesystem: FileSystem, surroundings: Surroundings) -> None:
        self._filesystem = filesystem
        self._surroundings = surroundings
        self._known: dict[tuple[tuple[str, ...], FileIdentity], Version | str] = {}

    def find(self, places: UvPlaces) -> UvSearch:
        """Return the first uv that can be used; it is run for its version, if need be."""
        rejected = []
        for candidate in uv_candidates(places, self._surroundings, self._filesystem):
            if candidate.program != places.explicit and _is_below(candidate, places.untrusted):
                rejected.append(RejectedUv(candidate, "lies in a folder that is not trusted"))
                continue
            version = self._version(candidate)
            if isinstance(version, str):
                rejected.append(RejectedUv(candidate, version))
            elif version < OLDEST:
                rejected.append(RejectedUv(candidate, f"is uv {version}, older than {OLDEST}"))
            else:
                uv = Uv(candidate.argv, version, candidate.reason)
                return UvSearch(uv, tuple(rejected))
        return UvSearch(None, tuple(rejected))

    def _version(self, candidate: UvCandidate) -> Version | str:
        """Return the version, or in a clause why there is none."""
        identity = self._filesystem.identity(candidate.program)
        if identity is None:
            return "does not exist"
        key = (candidate.argv, identity)
        known = self._known.get(key)
        if known is None:
            known = _ask(candidate.argv, self._surroundings)
            self._known[key] = known
        return known


def _is_below(candidate: UvCandidate, folders: Sequence[Path]) -> bool:
    # Where links lead too: a link in ~/.local/bin may lead into the workspace.
    argument = candidate.argv[0]
    paths = {Path(os.path.normpath(argument)), Path(os.path.realpath(argument))}
    return any(path.is_relative_to(folder) for path in paths for folder in folders)


_VERSION = re.compile(rb"uv ([0-9][^\s]*)")


def _ask(
    argv: tuple[str, ...], surroundings: Surroundings, ask: Callable[..., Completed] = run
) -> Version | str:
    # Not `uv self version`, which those from a package manager and those before 0.7 do not have.
    try:
        completed = ask(
            (*argv, "--version"),
            cwd=Path(Path(argv[0]).anchor or os.sep),
            env=surroundings.variables,
            deadline_s=DEADLINE_S,
        )
    except ProcessStartError as error:
        return error.reason.value
    match = _VERSION.match(completed.output)
    if not completed.has_succeeded or match is None:
        return "does not say which version it is"
    try:
        return Version(match[1].decode("ascii", "replace"))
    except InvalidVersion:
        return "does not say which version it is"
