"""Which environment a file is judged against.

Owns the order in which places are looked at, what each of them may hold, and why one is taken or
not. Refuses to know what is installed there, and never starts anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from pinfold.core.environments.layout import NoEnvironment, kind_of, prefix_of
from pinfold.core.environments.python_envs import (
    PYTHON_ENVS,
    BadListing,
    NamedPath,
    read_python_envs,
    read_venv_file,
)
from pinfold.core.model.environment import EnvironmentState, RejectedCandidate

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.environments.layout import Kind
    from pinfold.core.files import FileSystem

MAX_DEPTH = 200
"""How deep a folder may lie for anybody to look there."""

_MOST_REJECTED = 100


@dataclass(frozen=True, slots=True)
class EnvironmentQuery:
    """Asks for the environment of the files in *folder*.

    `stop` is the last folder that is looked at on the way up. `configured` is the environment that
    the project's settings name. All paths are absolute.
    """

    folder: Path
    stop: Path
    configured: Path | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen and why; `prefix` is set if and only if `state` is `FOUND`."""

    state: EnvironmentState
    reason: str
    prefix: Path | None = None
    rejected: tuple[RejectedCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What a folder itself says of an environment for what is in it.

    `chosen` is ``None`` if it says nothing. `rejected` is what stands there and was passed over.
    """

    chosen: Chosen | None
    rejected: tuple[RejectedCandidate, ...] = ()


class Scout(Protocol):
    """Looks at places on disk for :func:`choose_environment`, which may ask for many twice."""

    def look_in(self, folder: Path) -> FolderLook:
        """Return what :func:`look_in` does."""
        ...

    def look_at(self, path: Path) -> Path | NoEnvironment:
        """Return what :func:`look_at` does."""
        ...


def choose_environment(
    query: EnvironmentQuery,
    scout: Scout,
    *,
    explicit: Path | None = None,
    home: Path | None = None,
    activated: Path | None = None,
) -> Chosen:
    """Return the environment for *query*, by evidence on disk alone.

    In this order: *explicit* for all files, the one that the settings name, what stands in the
    file's folder and then in those above it, the *activated* one. What somebody named for this
    project and cannot be used is said, and nothing else taken in its place.
    """
    if explicit is not None:
        return _named(explicit, "`--env`", scout)
    if query.configured is not None:
        return _named(query.configured, "`environment` in the settings", scout)
    rejected: list[RejectedCandidate] = []
    for folder in _upwards(query.folder, query.stop, home):
        look = scout.look_in(folder)
        rejected += look.rejected
        if look.chosen is not None:
            return replace(look.chosen, rejected=tuple(rejected[:_MOST_REJECTED]))
    if activated is not None:
        prefix = scout.look_at(activated)
        if not isinstance(prefix, NoEnvironment):
            reason = "it is the activated one (VIRTUAL_ENV)"
            return replace(_found(prefix, reason), rejected=tuple(rejected[:_MOST_REJECTED]))
        rejected.append(RejectedCandidate(activated, f"is activated, but {prefix.reason}"))
    reason = (
        "there is no `.venv`, `.python-envs`, `venv` or `env` in its folder or above, and none is"
        " activated"
    )
    return Chosen(EnvironmentState.NONE, reason, None, tuple(rejected[:_MOST_REJECTED]))


def look_at(path: Path, filesystem: FileSystem) -> Path | NoEnvironment:
    """Return the prefix of the environment that somebody named by *path*, or why it is none."""
    prefix = prefix_of(path, filesystem)
    kind = kind_of(prefix, filesystem)
    return kind if isinstance(kind, NoEnvironment) else prefix


def look_in(folder: Path, filesystem: FileSystem) -> FolderLook:
    """Return what *folder* itself says of an environment for what is in it."""
    venv = folder / ".venv"
    rejected: list[RejectedCandidate] = []
    is_file = filesystem.is_file(venv)
    # PEP 832: a `.venv` folder beside a `.python-envs` file is the last of those that it lists.
    if not is_file and _takes(venv, filesystem, rejected):
        return FolderLook(_found(venv, "it is the nearest `.venv`"))
    chosen = _by_listing(folder / PYTHON_ENVS, filesystem, rejected)
    if chosen is None and is_file:
        chosen = _by_venv_file(venv, filesystem, rejected)
    for name in ("venv", "env"):
        if chosen is None and _takes(folder / name, filesystem, rejected):
            chosen = _found(folder / name, f"it is the nearest `{name}`")
    return FolderLook(chosen, tuple(rejected))


def _found(prefix: Path, reason: str) -> Chosen:
    return Chosen(EnvironmentState.FOUND, reason, prefix)


def _named(path: Path, source: str, scout: Scout) -> Chosen:
    prefix = scout.look_at(path)
    if isinstance(prefix, NoEnvironment):
        reason = f"the environment that {source} names, {path}, {prefix.reason}"
        return Chosen(EnvironmentState.UNUSABLE, reason)
    return _found(prefix, f"{source} names it")


@lru_cache(maxsize=65_536)
def _upwards(folder: Path, stop: Path, home: Path | None) -> tuple[Path, ...]:
    """Return the folders to look in: never the home directory, never the root of a file system.

    Remembered, since whoever polls asks for the same again and again, and paths are slow.
    """
    # Invariant: whatever `stop` says. An environment in the home directory would otherwise be that
    # of every project below which has none, and one in / that of everything.
    if folder == home or folder.parent == folder or len(folder.parts) > MAX_DEPTH:
        return ()
    if folder == stop or not folder.is_relative_to(stop):
        return (folder,)
    return (folder, *_upwards(folder.parent, stop, home))


def _takes(path: Path, filesystem: FileSystem, rejected: list[RejectedCandidate]) -> bool:
    if not filesystem.exists(path):
        return False
    kind = kind_of(path, filesystem)
    if isinstance(kind, NoEnvironment):
        rejected.append(RejectedCandidate(path, kind.reason))
        return False
    return True


def _by_listing(
    path: Path, filesystem: FileSystem, rejected: list[RejectedCandidate]
) -> Chosen | None:
    """Return the default of a ``.python-envs`` file.

    PEP 832: a tool that cannot use the last one must ask or fail, so no other line is tried.
    """
    named = read_python_envs(path, filesystem)
    if named is None:
        return None
    if isinstance(named, BadListing):
        rejected.append(RejectedCandidate(path, named.reason))
        return None
    kind = _kind_of_named(named, filesystem)
    if not isinstance(kind, NoEnvironment):
        assert named.path is not None
        return _found(named.path, f"the last line of {path} names it")
    reason = f"the last line of {path} names `{named.text}`, which {kind.reason}"
    return Chosen(EnvironmentState.UNUSABLE, reason)


def _by_venv_file(
    path: Path, filesystem: FileSystem, rejected: list[RejectedCandidate]
) -> Chosen | None:
    named = read_venv_file(path, filesystem)
    if isinstance(named, BadListing):
        rejected.append(RejectedCandidate(path, named.reason))
        return None
    kind = _kind_of_named(named, filesystem)
    if not isinstance(kind, NoEnvironment):
        assert named.path is not None
        return _found(named.path, f"the file {path} names it")
    rejected.append(RejectedCandidate(path, f"names `{named.text}`, which {kind.reason}"))
    return None


def _kind_of_named(named: NamedPath, filesystem: FileSystem) -> Kind | NoEnvironment:
    if named.path is None:
        return NoEnvironment(named.refusal or "")
    return kind_of(named.path, filesystem)
