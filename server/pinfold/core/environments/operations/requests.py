"""What somebody wants done to an environment. Values only, one for each verb.

Paths are absolute. `folder` is where relative paths in what was typed start from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pinfold.core.environments.planning.upgrading import Level
from pinfold.core.model.plan import Verb

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make an environment at `prefix`.

    `python` is the path of an interpreter, its name or a version; left out, it is the one that
    suits the project best. With `is_over`, one that is there is set aside first. `files`,
    `requirements` and `editables` are installed into it.
    """

    folder: Path
    prefix: Path
    python: str | None = None
    prompt: str | None = None
    files: tuple[Path, ...] = ()
    requirements: tuple[str, ...] = ()
    editables: tuple[str, ...] = ()
    is_over: bool = False

    verb = Verb.CREATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take the environment at `prefix` away; `workspaces` are folders that must not go with it."""

    folder: Path
    prefix: Path
    workspaces: tuple[Path, ...] = ()

    verb = Verb.REMOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Make the environment at `prefix` anew with the same packages, maybe on another `python`.

    Where nobody can read which packages it has, what `files` ask for is installed instead.
    """

    folder: Path
    prefix: Path
    python: str | None = None
    files: tuple[Path, ...] = ()

    verb = Verb.REBUILD


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Install what was typed, and what files ask for.

    With `is_again`, what was typed is there already, and is installed once more.
    """

    folder: Path
    prefix: Path
    requirements: tuple[str, ...] = ()
    editables: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    constraints: tuple[Path, ...] = ()
    is_again: bool = False

    verb = Verb.INSTALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninstall:
    """Take packages away; with `with_unused`, those too that nothing needs then.

    `files` are the project's requirements files: what they ask for is needed.
    """

    folder: Path
    prefix: Path
    names: tuple[str, ...]
    with_unused: bool = False
    files: tuple[Path, ...] = ()

    verb = Verb.UNINSTALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Upgrade packages, all of them if none are named, within what `files` ask for."""

    folder: Path
    prefix: Path
    names: tuple[str, ...] = ()
    level: Level = Level.MAJOR
    files: tuple[Path, ...] = ()

    verb = Verb.UPGRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Have what `files` ask for installed, and nothing else."""

    folder: Path
    prefix: Path
    files: tuple[Path, ...]
    with_seeds: bool = False

    verb = Verb.SYNC


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take the last change back, or with `is_redo` make the one again that was taken back last.

    `entry` names the change that is meant, so that no other is taken back by mistake.
    """

    folder: Path
    prefix: Path
    is_redo: bool = False
    entry: str | None = None

    verb = Verb.UNDO


Request: TypeAlias = Create | Remove | Rebuild | Install | Uninstall | Upgrade | Sync | Undo
