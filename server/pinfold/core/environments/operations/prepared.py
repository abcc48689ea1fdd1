"""What a preparation gives and what it works with.

Owns the values, and what the verbs have in common: whose environment it is, what files ask for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.journal import SetAside
from pinfold.core.environments.installers.installer import Wanted
from pinfold.core.environments.planning.asked import AskedFile, asked_in
from pinfold.core.environments.planning.belonging import is_own
from pinfold.core.environments.planning.managers import (
    ManagedProject,
    read_managed_project,
    refusal_of_project,
)
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.environments.unreadable_project import unreadable_project
from pinfold.core.model.plan import Failure, Plan, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pinfold.core.environments.changes.journal import Entry
    from pinfold.core.environments.installers.installer import Installer
    from pinfold.core.environments.operations.requests import (
        Create,
        Install,
        Rebuild,
        Request,
        Sync,
        Uninstall,
        Upgrade,
    )
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.files import FileSystem
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.plan import Step
    from pinfold.core.process import Completed

ReadFiles = Callable[[Sequence[Path]], tuple[AskedFile, ...]]

USUAL_NAMES = (".venv", "venv", "env", ".env")
"""What environments are called that belong to the project around them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, and what is needed to carry it out.

    `set_aside` says how the old state is kept. `versions` are those that the plan was made for, by
    name, ``None`` for an environment that is made in a :func:`free_place`: where that is not so any
    more, it is not carried out. `target` is the change that an undo takes back, and `said` how it
    was asked for. `scratch` are small files that the steps need, by path: they are written before
    and removed afterwards. `wanted` is what the installer was told to install, and `asked` who asks
    for it.
    """

    request: Request
    plan: Plan
    set_aside: SetAside
    installer: Installer | None = None
    versions: Mapping[str, str] | None = None
    target: Entry | None = None
    scratch: tuple[tuple[Path, str], ...] = ()
    said: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    asked: tuple[Asked, ...] = ()

    def as_said(self, said: tuple[str, ...]) -> Prepared:
        """Return the same, with the words in which it was asked for."""
        return replace(self, said=said)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.plan.steps and self.plan.verb not in (Verb.REMOVE, Verb.UNDO)


Preparation = Prepared | Refusal | Failure


class UnreadableFile(Exception):
    """A requirements file that was named cannot be read; `detail` says why, in a clause."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path} {detail}")
        self.path = path
        self.detail = detail


class RefusedFile(Exception):
    """A requirements file has a `line` (from 0) that pip refuses; `detail` says why, in a clause.

    All that an installer would say is that it cannot be read, and some not where.
    """

    def __init__(self, path: Path, line: int, detail: str) -> None:
        super().__init__(f"{path}:{line + 1}: {detail}")
        self.path = path
        self.line = line
        self.detail = detail


class CouldNotAsk(Exception):
    """An installer failed while it was asked what would change; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Desk:
    """What all preparations work with.

    `run_step` runs what an installer is asked; it may raise, to give up. `read_files` reads
    requirements files with those that they include; it raises :class:`UnreadableFile`.
    """

    bench: Workbench
    run_step: Callable[[Step], Completed]
    read_files: ReadFiles

    def asked(self, files: Sequence[Path]) -> tuple[Asked, ...]:
        """Return every requirement of *files* and of those that they include."""
        return tuple(one for file in self.read_files(files) for one in asked_in(file))

    def installable(
        self, files: Sequence[Path], constraints: Sequence[Path] = ()
    ) -> tuple[Asked, ...]:
        """Return the same of files that an installer is given, with *constraints* beside them.

        Raises:
            RefusedFile: it would refuse one of them.
        """
        read = self.read_files(files)
        for file in (*read, *self.read_files(constraints)):
            for line, detail in file.refused:
                raise RefusedFile(file.path, line, detail)
        return tuple(one for file in read for one in asked_in(file))


def versions_of(installed: InstalledPackages | None) -> Mapping[str, str]:
    """Return what is installed, by name, to be compared with what was there before."""
    if installed is None:
        return {}
    return {key: installed.by_name[key].version for key in own_projects(installed)}


def managed_project_of(prefix: Path, filesystem: FileSystem) -> ManagedProject | None:
    """Return the project whose manager keeps the environment at *prefix*, be it there or not."""
    if prefix.name not in USUAL_NAMES:
        # One of somebody's own, beside that of the manager, is nobody else's business.
        return None
    return read_managed_project(prefix.parent, prefix.parent, filesystem)


def refusal_of_manager(
    bench: Workbench,
    request: Install | Uninstall | Upgrade | Sync | Create | Rebuild,
    names: Sequence[str] = (),
    editables: Sequence[str] = (),
    files: Sequence[Path] = (),
) -> Refusal | None:
    """Return why the project's own manager has to do it, where the environment is its."""
    project = managed_project_of(request.prefix, bench.filesystem)
    if project is None:
        return None
    return refusal_of_project(
        project,
        request.verb,
        names=names,
        editables=editables,
        files=[str(file) for file in files],
    )


def refusal_of_projects(bench: Workbench, folder: Path, asked: Sequence[Asked]) -> Refusal | None:
    """Return why a project that is installed from its folder cannot be: it says nothing of itself.

    *folder* is where relative paths start from.
    """
    for one in asked:
        if one.path is None or one.is_constraint:
            continue
        project = folder / Path(one.path).expanduser()
        broken = unreadable_project(project, project, bench.filesystem)
        if broken is not None:
            shown = os.path.relpath(broken.path, folder)
            return Refusal(RefusalReason.INVALID, broken.told(shown), "mend it, and try again")
    return None


def free_place(prefix: Path) -> SetAside | None:
    """Return how what is at *prefix* is set aside for an environment, ``None`` if it is in use.

    An empty folder may be somebody's mount point, or have rights of its own.
    """
    if not os.path.lexists(prefix):
        return SetAside.NOTHING
    try:
        is_empty = not prefix.is_symlink() and not any(prefix.iterdir())
    except OSError:
        return None
    return SetAside.MOVED if is_empty else None


def own_projects(installed: InstalledPackages) -> Iterator[PackageName]:
    """Yield what lies in the environment itself, not in one that it looks into."""
    for key, found in installed.by_name.items():
        if is_own(found, installed.environment):
            yield key


def stands_at(folder: Path, text: str) -> bool:
    """Return whether something stands where *text*, a path as typed in *folder*, leads."""
    return os.path.lexists(folder / Path(text).expanduser())


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
