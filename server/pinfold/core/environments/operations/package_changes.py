"""Packages installed, taken away, upgraded, brought in step with files: what would be done.

Owns the plans of `install`, `uninstall`, `upgrade` and `sync`. Everything blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.journal import SetAside
from pinfold.core.environments.declared_python import DeclaredPython
from pinfold.core.environments.installers.installer import Wanted, target_of
from pinfold.core.environments.layout import read_remains
from pinfold.core.environments.operations.prepared import (
    Prepared,
    refusal_of_manager,
    refusal_of_projects,
    stands_at,
    versions_of,
)
from pinfold.core.environments.operations.resolving import resolved
from pinfold.core.environments.operations.workbench import suitable
from pinfold.core.environments.planning.asked import askers_of
from pinfold.core.environments.planning.installing import to_install
from pinfold.core.environments.planning.managers import refusal_of_interpreter
from pinfold.core.environments.planning.outcome import breaks_of, changes_of, removal_of
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.environments.planning.reinstalling import to_reinstall
from pinfold.core.environments.planning.satisfaction import unsatisfied
from pinfold.core.environments.planning.syncing import surplus
from pinfold.core.environments.planning.uninstalling import lines_that_ask, to_uninstall
from pinfold.core.environments.planning.upgrading import to_upgrade
from pinfold.core.model.plan import Plan, Resolution, Verb
from pinfold.core.model.wording import Wording, as_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.installers.installer import Installer, Target
    from pinfold.core.environments.operations.prepared import Desk, Preparation
    from pinfold.core.environments.operations.requests import (
        Install,
        Request,
        Sync,
        Uninstall,
        Upgrade,
    )
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.plan import PackageChange, Step
    from pinfold.core.model.wording import Words

_ANY = DeclaredPython()


def prepare_install(desk: Desk, request: Install) -> Preparation:
    """Return what an installation changes."""
    ready = _ready(desk, request, names=request.requirements, editables=request.editables)
    if not isinstance(ready, _Ready):
        return ready
    if request.is_again:
        again = to_reinstall(request.requirements, ready.installed)
        if isinstance(again, Refusal):
            return again
        return _installing(desk, request, ready.equipped(), again.wanted, again.typed)
    found = to_install(
        request.requirements,
        editables=request.editables,
        files=request.files,
        constraints=request.constraints,
        exists=partial(stands_at, request.folder),
    )
    if isinstance(found, Refusal):
        return found
    asked = (*found.typed, *desk.installable(request.files, request.constraints))
    if (wrong := refusal_of_projects(desk.bench, request.folder, asked)) is not None:
        return wrong
    if not request.constraints and unsatisfied(asked, ready.installed) is None:
        return ready.idle(request, "Everything that is asked for is installed.")
    return _installing(desk, request, ready.equipped(), found.wanted, asked)


def prepare_uninstall(desk: Desk, request: Uninstall) -> Preparation:
    """Return what goes."""
    ready = _ready(desk, request, names=request.names)
    if not isinstance(ready, _Ready):
        return ready
    asked = desk.asked(request.files)
    kept = [one.key for one in asked if one.key is not None]
    found = to_uninstall(request.names, ready.installed, with_unused=request.with_unused, kept=kept)
    if isinstance(found, Refusal):
        return found
    equipped = ready.equipped()
    step = equipped.installer.uninstall(ready.target, found.names)
    changes = removal_of(found.names, ready.installed)
    plan = Plan(
        Verb.UNINSTALL,
        request.prefix,
        (step,),
        changes,
        breaks=breaks_of(ready.installed, changes),
        notes=(
            *lines_that_ask(found.names, asked, ready.installed.environment.markers),
            *_left_unused(request, ready.installed, kept),
        ),
        installer=equipped.installer.label,
    )
    return equipped.prepared(request, plan)


def _left_unused(
    request: Uninstall, installed: InstalledPackages, kept: Sequence[PackageName]
) -> Iterator[Words]:
    """Yield what stays although only what goes has needed it."""
    if request.with_unused:
        return
    found = to_uninstall(request.names, installed, with_unused=True, kept=kept)
    names = [] if isinstance(found, Refusal) else sorted(set(found.unused) - set(found.named))
    if names:
        shown = ", ".join(installed.by_name[key].name for key in names)
        stays, them = ("stays", "it") if len(names) == 1 else ("stay", "them")
        said = f"{shown} {stays}, though nothing else needs {them}"
        yield Wording(
            f"{said}: `pinfold uninstall --with-unused` takes {them} away, too.", f"{said}."
        )


def prepare_upgrade(desk: Desk, request: Upgrade) -> Preparation:
    """Return what an upgrade changes."""
    ready = _ready(desk, request, names=request.names)
    if not isinstance(ready, _Ready):
        return ready
    asked = desk.installable(request.files)
    found = to_upgrade(request.names, ready.installed, level=request.level, asked=asked)
    if isinstance(found, Refusal):
        return found
    if not found.requirements:
        return ready.idle(request, *found.notes, "There is nothing to upgrade.")
    scratch: tuple[tuple[Path, str], ...] = ()
    constraints: tuple[Path, ...] = ()
    if found.constraints:
        path = desk.bench.scratch_file("constraints.txt")
        scratch = ((path, "".join(f"{line}\n" for line in found.constraints)),)
        constraints = (path,)
    wanted = Wanted(
        requirements=found.requirements,
        files=request.files,
        constraints=constraints,
        upgrades=found.upgrades,
        own=(*found.requirements, *found.constraints),
    )
    return _installing(
        desk, request, ready.equipped(), wanted, asked, notes=found.notes, scratch=scratch
    )


def prepare_sync(desk: Desk, request: Sync) -> Preparation:
    """Return what is missing and what is too much."""
    ready = _ready(desk, request, files=request.files)
    if not isinstance(ready, _Ready):
        return ready
    if not request.files:
        return Refusal(
            RefusalReason.NOTHING_NAMED,
            "there is no requirements file to sync with",
            "name one",
        )
    asked = desk.installable(request.files)
    if (wrong := refusal_of_projects(desk.bench, request.folder, asked)) is not None:
        return wrong
    wanted = Wanted(files=request.files)
    resolution = Resolution((), ())
    equipped: _Equipped | None = None
    if unsatisfied(asked, ready.installed) is not None:
        equipped = ready.equipped()
        found = _resolution(desk, equipped, wanted, asked)
        if found is None:
            return Refusal(
                RefusalReason.INVALID,
                f"{equipped.installer.label} cannot tell what it would do, and so neither what is"
                " to go",
                "upgrade pip in this environment, or install uv",
            )
        resolution = found
    gone = surplus(asked, ready.installed, resolution, (request.folder,), seeds=request.with_seeds)
    has_more = bool(resolution.added or resolution.removed)
    if not gone.names and not has_more:
        return ready.idle(request, "What is installed is what is asked for.")
    equipped = equipped or ready.equipped()
    changes = tuple(
        sorted(
            (
                *changes_of(
                    resolution,
                    ready.installed,
                    askers_of(asked, ready.installed, resolution, (request.folder,)),
                ),
                *removal_of(gone.names, ready.installed),
            ),
            key=lambda change: change.key,
        )
    )
    sources = equipped.installer.sources(ready.target, wanted)
    steps: list[Step] = []
    notes: list[str] = []
    if gone.names:
        steps.append(equipped.installer.uninstall(ready.target, gone.names))
        notes += [f"What {key} requires is not known before it is there." for key in gone.unsure]
    if has_more:
        steps.append(equipped.installer.install(ready.target, wanted))
        notes += sources.notes
    plan = Plan(
        Verb.SYNC,
        request.prefix,
        tuple(steps),
        changes,
        breaks=breaks_of(ready.installed, changes, resolution.requires),
        notes=tuple(notes),
        # What only removes takes nothing from anywhere.
        indexes=sources.indexes if has_more else (),
        installer=equipped.installer.label,
    )
    return replace(equipped.prepared(request, plan), wanted=wanted, asked=asked)


@dataclass(frozen=True, slots=True)
class _Ready:
    """An environment that may be changed, and what changes it.

    The installer is only looked for where there is something to do: to make sure of one starts it.
    """

    installed: InstalledPackages
    target: Target
    find_installer: Callable[[], Installer]

    def equipped(self) -> _Equipped:
        """Return the same with an installer.

        Raises:
            NoInstaller: there is none.
        """
        return _Equipped(self.installed, self.target, self.find_installer())

    def idle(self, request: Request, *notes: str) -> Prepared:
        """Return that there is nothing to do."""
        plan = Plan(request.verb, request.prefix, notes=notes)
        return Prepared(request, plan, SetAside.COPIED, versions=versions_of(self.installed))


@dataclass(frozen=True, slots=True)
class _Equipped:
    """An environment that may be changed, and the installer that does it."""

    installed: InstalledPackages
    target: Target
    installer: Installer

    def prepared(self, request: Request, plan: Plan) -> Prepared:
        return Prepared(
            request,
            plan,
            SetAside.COPIED,
            self.installer,
            versions=versions_of(self.installed),
        )


def _ready(
    desk: Desk,
    request: Install | Uninstall | Upgrade | Sync,
    *,
    names: Sequence[str] = (),
    editables: Sequence[str] = (),
    files: Sequence[Path] = (),
) -> _Ready | Refusal:
    """Return the environment and the installer for it, or why it is not to be changed."""
    bench, prefix = desk.bench, request.prefix
    installation = bench.installation(prefix)
    installed = bench.installed(prefix)
    if installation is None or installed is None:
        return refusal_of_manager(desk.bench, request, names, editables, files) or Refusal(
            RefusalReason.INVALID,
            f"there is no environment at {prefix} whose packages can be read",
            Wording(
                f"see `pinfold env doctor {as_argument(str(prefix))}`",
                "see what Diagnose Environment says",
            ),
        )
    refusal = refusal_of_interpreter(
        is_externally_managed=installation.is_externally_managed, told=None
    )
    if refusal is not None:
        return refusal
    project = refusal_of_manager(desk.bench, request, names, editables, files)
    if project is not None:
        return project
    target = target_of(prefix)
    lost = None
    if read_remains(prefix, bench.filesystem) is not None:
        # What is left of it is its base's own interpreter: packages would go into that.
        lost = "pyvenv.cfg"
    elif not target.python.exists():
        lost = "interpreter"
    if lost is not None:
        return Refusal(
            RefusalReason.INVALID,
            f"the {lost} of {prefix} is gone",
            Wording(
                f"rebuild it: `pinfold env rebuild {as_argument(str(prefix))}`",
                "run Rebuild Environment",
            ),
        )

    def find_installer() -> Installer:
        others = [
            one.executable
            for one in suitable(bench.installations((request.folder,)), _ANY)
            if one.executable is not None
        ]
        return bench.installer(prefix, installed.environment.python, request.folder, others)

    return _Ready(installed, target, find_installer)


def _installing(
    desk: Desk,
    request: Install | Upgrade,
    ready: _Equipped,
    wanted: Wanted,
    asked: tuple[Asked, ...],
    *,
    notes: Sequence[str] = (),
    scratch: tuple[tuple[Path, str], ...] = (),
) -> Preparation:
    installer = ready.installer
    sources = installer.sources(ready.target, wanted)
    with desk.bench.written(scratch):
        resolution = _resolution(desk, ready, wanted, asked)
    all_notes = [*notes, *sources.notes]
    changes: tuple[PackageChange, ...] = ()
    breaks: tuple[str, ...] = ()
    if resolution is None:
        all_notes.append(f"{installer.label} cannot tell what it would do before it is done.")
    else:
        askers = askers_of(asked, ready.installed, resolution, (request.folder,))
        changes = changes_of(resolution, ready.installed, askers)
        breaks = breaks_of(ready.installed, changes, resolution.requires)
        if not changes:
            plan = Plan(
                request.verb, request.prefix, notes=(*all_notes, "There is nothing to change.")
            )
            return ready.prepared(request, plan)
    plan = Plan(
        request.verb,
        request.prefix,
        (installer.install(ready.target, wanted),),
        changes,
        breaks=breaks,
        notes=tuple(dict.fromkeys(all_notes)),
        indexes=sources.indexes,
        installer=installer.label,
    )
    return replace(ready.prepared(request, plan), scratch=scratch, wanted=wanted, asked=asked)


def _resolution(
    desk: Desk, ready: _Equipped, wanted: Wanted, asked: Sequence[Asked]
) -> Resolution | None:
    return resolved(desk, ready.installer, ready.target, wanted, asked, ready.installed)
