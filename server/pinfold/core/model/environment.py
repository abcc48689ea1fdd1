"""An environment and what is installed in it, as the files on disk tell it. Values only.

``None`` means that a thing is not known, never that it is guessed. Nothing here reads: whoever
builds these values (:mod:`pinfold.core.environments`) does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.installation import Ailment


@dataclass(frozen=True, slots=True, eq=False)
class MarkerEnvironment:
    """The values of the variables that a marker may ask for (PEP 508); unknown ones are left out.

    Equal only to itself, so that what was worked out for it can be kept cheaply.
    `label` names it to people: ``Python 3.11 on Linux``.
    """

    values: Mapping[str, str]
    label: str


@dataclass(frozen=True, slots=True)
class Environment:
    """A place that distributions are installed in.

    `prefix` is the folder as the user knows it, links not resolved: it is the identity.
    `site_packages` are the folders in which distributions are looked for, in the order of
    ``sys.path``: where two hold the same project, the first counts. `python` is the version as far
    as the files tell it (``3.11.2``, or ``3.11``). `executable` is the interpreter by its most
    usual name, ``None`` where none was looked for, or stands there.
    """

    prefix: Path
    site_packages: tuple[Path, ...]
    python: str | None
    markers: MarkerEnvironment
    executable: Path | None = None


@dataclass(frozen=True, slots=True)
class DirectUrl:
    """Where a distribution came from if not from an index (``direct_url.json``, PEP 610).

    `directory` is set where `url` is a local folder. `hashes` are ``algorithm:digest`` of the
    archive, as recorded. `commit` is the exact revision of a version-control URL, and
    `requested_revision` what was asked for.
    """

    url: str
    directory: Path | None = None
    is_editable: bool = False
    vcs: str | None = None
    requested_revision: str | None = None
    commit: str | None = None
    hashes: frozenset[str] = frozenset()
    subdirectory: str | None = None


@dataclass(frozen=True, slots=True)
class InstalledDistribution:
    """One installed distribution.

    `name` is as its metadata spell it, `key` the normalised form. `folder` is its ``*.dist-info``
    or ``*.egg-info`` (a file for a distutils one). `requires` are its ``Requires-Dist`` as written,
    in order; `extras` the normalised names of those it provides. `editable` is the folder that an
    editable install leads to. `tags` are those of its ``WHEEL`` file, expanded. `problem` says, in
    a clause, why its metadata cannot be trusted.
    """

    name: str
    key: PackageName
    version: str
    folder: Path
    requires: tuple[str, ...] = ()
    extras: frozenset[PackageName] = frozenset()
    requires_python: str | None = None
    direct_url: DirectUrl | None = None
    editable: Path | None = None
    installer: str | None = None
    tags: frozenset[str] = frozenset()
    problem: str | None = None


class Breakage(Enum):
    """How an installed distribution's own demands are not met."""

    MISSING = "needs something that is not installed"
    INCOMPATIBLE = "needs another version of something that is installed"
    PLATFORM = "is built for another platform or interpreter"
    PYTHON = "is for other Pythons"


@dataclass(frozen=True, slots=True)
class BrokenDependency:
    """One thing that is wrong among installed distributions.

    `message` is the line that ``pip check`` prints of it (there is none for
    :attr:`Breakage.PYTHON`, which pip does not look at). `needs` is what is missing or has the
    wrong version, `requirement` the demand as pip prints it.
    """

    distribution: PackageName
    breakage: Breakage
    message: str
    needs: PackageName | None = None
    requirement: str | None = None


# No slots: on Python 3.10 a class with them cannot be referred to weakly, and what is derived from
# it must not keep it alive.
@dataclass(frozen=True, eq=False)
class InstalledPackages:
    """Everything that is installed in an environment at one moment.

    Equal only to itself: what is derived from it may be kept for as long as it is the same object,
    and a new one is made only when something on disk has changed. `by_name` has, of each project,
    the distribution that counts; `shadowed` those that another one of the same name hides, and
    `leftovers` folders that look like the remains of an interrupted install or removal.
    `broken` is in the order of ``pip check``. `requires` holds, for each distribution, the projects
    that it needs in this environment without any extra; installed or not.
    """

    environment: Environment
    by_name: Mapping[PackageName, InstalledDistribution]
    broken: tuple[BrokenDependency, ...] = ()
    requires: Mapping[PackageName, tuple[PackageName, ...]] = field(default_factory=dict)
    shadowed: tuple[InstalledDistribution, ...] = ()
    leftovers: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedCandidate:
    """An environment that was looked at and not taken, and why, in a clause."""

    path: Path
    reason: str


class SelectionPlace(Enum):
    """Where the environment of a file is looked for, in order; the value is its name in JSON."""

    OPTION = "--env"
    CHOICE = "choice"
    SETTING = "setting"
    FOLDER = "folder"
    TOOL = "tool"
    PYENV = "pyenv"
    ACTIVATED = "activated"


@dataclass(frozen=True, slots=True)
class SelectionStep:
    """One place that was looked at for the environment of a file.

    `path` is what was looked at there, ``None`` where there was nothing to look at; `outcome` says
    in a clause what came of it. `is_taken` of the step that ended the search, which may be that
    what somebody named cannot be used.
    """

    place: SelectionPlace
    path: Path | None
    outcome: str
    is_taken: bool = False


_START_OF_FILE = TextRange(0, 0)


@dataclass(frozen=True, slots=True)
class PythonContradiction:
    """A file of the project asks for another Python than the environment of its files has.

    `line` counts from 0, `range` is what asks for it, in the text of the file. `message` is a
    sentence without a full stop.
    """

    path: Path
    line: int
    message: str
    range: TextRange = _START_OF_FILE


class EnvironmentState(Enum):
    """What became of the search for the environment of a file."""

    FOUND = "found"
    NONE = "there is none"
    UNUSABLE = "the one that is named cannot be used"
    UNRESPONSIVE = "its file system does not answer"


@dataclass(frozen=True, slots=True, eq=False)
class EnvironmentAnswer:
    """Which environment a file is judged against, why, and what is installed in it.

    Equal only to itself, as :class:`InstalledPackages` is; several answers may share one of those.
    `reason` is a clause that says why it is this one, or why there is none. `packages` is set if
    and only if `state` is `FOUND`. `is_meant` if there is none because somebody wants none.
    `contradictions` are files that ask for another Python. `ailments` is what is wrong with the
    environment, as far as a quick look shows; `unreadable` is its folder where it cannot be read
    at all. `steps` is the whole search, in order; it differs from folder to folder, and so is empty
    where the answer is shared by several.
    """

    state: EnvironmentState
    reason: str
    packages: InstalledPackages | None = None
    rejected: tuple[RejectedCandidate, ...] = ()
    is_meant: bool = False
    contradictions: tuple[PythonContradiction, ...] = ()
    steps: tuple[SelectionStep, ...] = ()
    ailments: tuple[Ailment, ...] = ()
    unreadable: Path | None = None
