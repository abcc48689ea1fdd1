"""An operation on an environment before it runs: what is asked for, what it would do. Values only.

Nothing here starts anything. A plan is made from what was read and what an installer's resolver
said, is shown to whoever asked for it, and is then carried out step by step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.wording import Words


class Verb(Enum):
    """What is done to an environment; the value is its name in JSON and on the command line."""

    CREATE = "create"
    REMOVE = "remove"
    REBUILD = "rebuild"
    INSTALL = "install"
    UNINSTALL = "uninstall"
    UPGRADE = "upgrade"
    SYNC = "sync"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Release:
    """One project at one version, and where it comes from if that is no index.

    `name` is as its metadata spell it. `source` is the URL or the folder of a direct reference.
    """

    name: str
    key: PackageName
    version: str
    source: str | None = None
    is_editable: bool = False


class ChangeKind(Enum):
    """What becomes of a project; the value is its name in JSON."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    REPLACED = "replaced"
    """The same version, from another place or installed again."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A requirement that asks for a project.

    `text` is the requirement as written. `path` and `line` (from 0) say where it stands; `package`
    is the installed project that has it among its own, for one that no file asks for. All ``None``
    if it was typed.
    """

    text: str
    path: Path | None = None
    line: int | None = None
    package: PackageName | None = None


@dataclass(frozen=True, slots=True)
class PackageChange:
    """What becomes of one project. Not both of `before` and `after` are ``None``."""

    key: PackageName
    kind: ChangeKind
    before: Release | None
    after: Release | None
    asked_by: tuple[Asker, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A process that is part of an operation.

    `argv` is never given to a shell. `variables` are set on top of those of the operation. `title`
    says to people what it is for: ``install 3 packages with uv``. `because` is a clause that says,
    if it fails, why it was tried at all, where that is not plain.
    """

    title: str
    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    because: str | None = None


@dataclass(frozen=True, slots=True)
class IndexUse:
    """Where packages are taken from, as it is told to people; `url` has its credentials masked.

    `origin` says who asked for it: ``pip.conf``, ``UV_DEFAULT_INDEX``, ``--index-url``,
    ``default``. `credentials` says where those for it come from, ``None`` if none are set up; they
    themselves are never told.
    """

    url: str
    origin: str
    is_extra: bool = False
    credentials: str | None = None


@dataclass(frozen=True, slots=True)
class LineChange:
    """What becomes of one line of a requirements file that is written beside the environment.

    `line` counts from 0: in the text afterwards, or in that before if the line goes. `before` is
    ``None`` for a line that is added, `after` for one that goes.
    """

    path: Path
    line: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an installer says that an environment would hold: the changes alone.

    `added` are the releases that would be installed (an upgrade or a reinstallation has its project
    in `removed` too), `removed` those that would go. `requires` has the ``Requires-Dist`` of what
    would be added, of those of which the installer tells it.
    """

    added: tuple[Release, ...]
    removed: tuple[Release, ...]
    requires: Mapping[PackageName, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation before it runs.

    `prefix` is the environment. `steps` are run in order, the next only if the one before has
    succeeded. `changes` are in order of name; `breaks` are sentences that say what would no longer
    work, as ``pip check`` would afterwards; `notes` what else is to be known before agreeing.
    `installer` is ``uv 0.13.9`` or ``pip 26.3``, ``None`` where none takes part. `saves` are the
    lines of files that are written once it is done.
    """

    verb: Verb
    prefix: Path
    steps: tuple[Step, ...] = ()
    changes: tuple[PackageChange, ...] = ()
    breaks: tuple[str, ...] = ()
    notes: tuple[Words, ...] = ()
    indexes: tuple[IndexUse, ...] = ()
    installer: str | None = None
    saves: tuple[LineChange, ...] = ()

    @property
    def removes(self) -> tuple[PackageChange, ...]:
        """The projects that would be gone."""
        return tuple(change for change in self.changes if change.after is None)


class FailureKind(Enum):
    """Why an installer failed; the value is its name in JSON."""

    CONFLICT = "conflict"
    NO_SUCH_PACKAGE = "no-such-package"
    NO_SUCH_VERSION = "no-such-version"
    WRONG_PYTHON = "wrong-python"
    NO_COMPILER = "no-compiler"
    MISSING_HEADER = "missing-header"
    BUILD_FAILED = "build-failed"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    NO_NETWORK = "no-network"
    HASH_MISMATCH = "hash-mismatch"
    DISK_FULL = "disk-full"
    DENIED = "denied"
    BROKEN_WHEEL = "broken-wheel"
    EXTERNALLY_MANAGED = "externally-managed"
    NO_ENSUREPIP = "no-ensurepip"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an operation failed, for people.

    `cause` is a sentence and `action` says what to do, where there is anything. `packages` are the
    projects at fault, `askers` the requirements, as far as the installer tells.
    """

    kind: FailureKind
    cause: str
    action: str | None = None
    packages: tuple[PackageName, ...] = ()
    askers: tuple[Asker, ...] = ()
