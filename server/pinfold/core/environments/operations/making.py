"""Environments made, removed and made anew: what would be done.

Owns the plans of `create`, `remove` and `rebuild`. Everything blocks.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.deletion import (
    Surroundings,
    has_shape,
    refusal_for_its_place,
    refusal_to_remove,
)
from pinfold.core.environments.changes.history import standing
from pinfold.core.environments.changes.journal import SetAside
from pinfold.core.environments.installers.installer import Target, Wanted, target_of
from pinfold.core.environments.installers.seeds import read_seed
from pinfold.core.environments.operations.choosing_python import choose_python
from pinfold.core.environments.operations.prepared import (
    USUAL_NAMES,
    Prepared,
    counted,
    free_place,
    own_projects,
    refusal_of_manager,
    refusal_of_projects,
    stands_at,
    versions_of,
)
from pinfold.core.environments.operations.resolving import resolved
from pinfold.core.environments.operations.workbench import CPYTHON, base_interpreter
from pinfold.core.environments.planning.asked import askers_of
from pinfold.core.environments.planning.installing import to_install
from pinfold.core.environments.planning.naming import (
    note_on_place,
    refusal_of_place,
    refusal_of_prompt,
)
from pinfold.core.environments.planning.outcome import changes_of, removal_of
from pinfold.core.environments.planning.rebuilding import to_rebuild
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.model.plan import Failure, Plan, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.installers.installer import Installer
    from pinfold.core.environments.operations.choosing_python import ChosenPython
    from pinfold.core.environments.operations.prepared import Desk, Preparation
    from pinfold.core.environments.operations.requests import Create, Rebuild, Remove
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.plan import PackageChange


def prepare_create(desk: Desk, request: Create) -> Preparation:
    """Return how an environment is made."""
    prefix = request.prefix
    free = free_place(prefix)
    is_there = free is None
    if (wrong := refusal_of_place(prefix, _chosen_names(prefix, is_there=is_there))) is not None:
        return wrong
    if request.prompt is not None and (wrong := refusal_of_prompt(request.prompt)) is not None:
        return wrong
    if is_there and not request.is_over:
        return Refusal(
            RefusalReason.INVALID,
            f"{prefix} is there already",
            "rebuild it, remove it, make it anew (`--over`), or name another place",
        )
    if is_there and (refusal := _refusal_to_remove(desk.bench, prefix, ())) is not None:
        return refusal
    if (refusal := refusal_of_manager(desk.bench, request)) is not None:
        return refusal
    interpreter = choose_python(desk.bench, request.python, request.folder)
    if isinstance(interpreter, Refusal):
        return interpreter
    notes: list[str] = [*interpreter.notes, *_seeds(desk.bench, interpreter)]
    if (note := note_on_place(prefix)) is not None:
        notes.append(note)
    wanted = Wanted()
    asked: tuple[Asked, ...] = ()
    if request.requirements or request.editables or request.files:
        found = to_install(
            request.requirements,
            editables=request.editables,
            files=request.files,
            exists=partial(stands_at, request.folder),
        )
        if isinstance(found, Refusal):
            return found
        wanted = found.wanted
        asked = (*found.typed, *desk.installable(request.files))
        if (wrong := refusal_of_projects(desk.bench, request.folder, asked)) is not None:
            return wrong
    installer = desk.bench.installer(
        prefix, interpreter.version, request.folder, (interpreter.path,)
    )
    target = target_of(prefix)
    prompt = _usual_prompt(prefix) if request.prompt is None else request.prompt
    steps = installer.create(prefix, interpreter.path, prompt=prompt)
    if isinstance(steps, Failure):
        return steps
    plan = Plan(Verb.CREATE, prefix, steps, installer=installer.label)
    if asked:
        sources = installer.sources(target, wanted)
        notes += sources.notes
        notes.append(f"It is filled by {counted(len(asked), 'requirement')}.")
        changes = _contents(desk, request, installer, interpreter, wanted, asked)
        if changes is None:
            notes.append(f"{installer.label} cannot tell which packages before it is done.")
        plan = replace(
            plan,
            steps=(*steps, installer.install(target, wanted)),
            changes=changes or (),
            indexes=sources.indexes,
        )
    if is_there:
        notes.append(f"What is at {prefix} now is set aside, and undo brings it back.")
    plan = replace(plan, notes=(f"Python: {interpreter.label}", *notes))
    set_aside = free or SetAside.MOVED
    before = versions_of(desk.bench.installed(prefix)) if is_there else None
    return Prepared(
        request, plan, set_aside, installer, versions=before, wanted=wanted, asked=asked
    )


def _seeds(bench: Workbench, interpreter: ChosenPython) -> Iterator[str]:
    """Yield what is in a new environment before anything is installed."""
    seed = read_seed(interpreter.path, bench.filesystem)
    if seed is not None and seed.names:
        yield f"It comes with {' and '.join(seed.names)}."


def _contents(
    desk: Desk,
    request: Create,
    installer: Installer,
    interpreter: ChosenPython,
    wanted: Wanted,
    asked: tuple[Asked, ...],
) -> tuple[PackageChange, ...] | None:
    """Return the packages of an environment that is not there yet, ``None`` if nobody can tell.

    Raises:
        CouldNotAsk: they cannot be installed.
    """
    with desk.bench.scratch_folder() as stand_in:
        # Its interpreter is asked in its place; nothing is put into that.
        target = Target(request.prefix, interpreter.path)
        wanted = replace(wanted, stand_in=stand_in)
        resolution = resolved(desk, installer, target, wanted, asked, None)
    if resolution is None:
        return None
    markers = interpreter.environment.markers
    counting = [one for one in asked if one.applies(markers) is not False]
    askers = askers_of(counting, None, resolution, (request.folder,))
    return changes_of(resolution, None, askers)


def prepare_remove(desk: Desk, request: Remove) -> Preparation:
    """Return what goes with an environment."""
    prefix = request.prefix
    refusal = _refusal_to_remove(desk.bench, prefix, request.workspaces)
    if refusal is not None:
        return refusal
    installed = desk.bench.installed(prefix)
    changes: tuple[PackageChange, ...] = ()
    if installed is not None:
        changes = removal_of(list(own_projects(installed)), installed)
    note = "It is kept for 30 days, and undo brings it back."
    plan = Plan(Verb.REMOVE, prefix, changes=changes, notes=(note,))
    return Prepared(request, plan, SetAside.MOVED, versions=versions_of(installed))


def prepare_rebuild(desk: Desk, request: Rebuild) -> Preparation:
    """Return how an environment is made anew with the same packages."""
    bench, prefix = desk.bench, request.prefix
    if (refusal := refusal_of_manager(desk.bench, request)) is not None:
        return refusal
    installation = bench.installation(prefix)
    if installation is not None and installation.is_base:
        return Refusal(RefusalReason.INVALID, f"{prefix} is an interpreter, and not an environment")
    if (prefix / "conda-meta").is_dir():
        return Refusal(
            RefusalReason.INVALID,
            f"{prefix} is conda's, which makes its environments itself",
            "use `conda env export` and `conda env create`",
        )
    refusal = _refusal_to_remove(desk.bench, os.path.realpath(prefix), ())
    if refusal is not None:
        return refusal
    installed = bench.installed(prefix)
    if installed is None:
        return Refusal(
            RefusalReason.INVALID,
            f"what is installed in {prefix} cannot be read",
            "create it over: `pinfold env create --over`",
        )
    version = None if installation is None else installation.version
    version = version or installed.environment.python
    minor = ".".join(version.split(".")[:2]) if version else None
    home = None if installation is None else installation.base_home
    base = base_interpreter(home, minor)
    chosen = request.python or (None if base is None else str(base))
    implementation = CPYTHON if installation is None else installation.implementation
    interpreter = choose_python(
        desk.bench, chosen, request.folder, minor=minor, implementation=implementation
    )
    if isinstance(interpreter, Refusal):
        return interpreter
    made = bench.configuration(prefix)
    sees_system = made is not None and made.includes_system_site_packages
    rebuilt = to_rebuild(installed)
    installer = bench.installer(prefix, interpreter.version, request.folder, (interpreter.path,))
    prompt = None if made is None else made.prompt
    notes = [*interpreter.notes, *_seeds(bench, interpreter), *rebuilt.notes]
    if made is None:
        notes.append("Its pyvenv.cfg cannot be read: it will not see its interpreter's packages.")
    if prompt is None:
        prompt = _usual_prompt(prefix)
    elif (wrong := refusal_of_prompt(prompt)) is not None:
        notes.append(f"Its prompt is not kept: {wrong.message}.")
        prompt = _usual_prompt(prefix)
    steps = installer.create(prefix, interpreter.path, prompt=prompt, sees_system=sees_system)
    if isinstance(steps, Failure):
        return steps
    target = target_of(prefix)
    wanted = rebuilt.wanted
    plan = Plan(
        Verb.REBUILD,
        prefix,
        steps,
        notes=(f"Python: {interpreter.label}", *notes),
        installer=installer.label,
    )
    if wanted.requirements or wanted.editables:
        sources = installer.sources(target, wanted)
        count = len(wanted.requirements) + len(wanted.editables)
        plan = replace(
            plan,
            steps=(*steps, installer.install(target, wanted)),
            indexes=sources.indexes,
            notes=(
                *plan.notes,
                *sources.notes,
                f"The same {counted(count, 'package')} at the same versions.",
            ),
        )
    return Prepared(
        request,
        plan,
        SetAside.MOVED,
        installer,
        versions=versions_of(installed),
        wanted=wanted,
    )


def _refusal_to_remove(
    bench: Workbench, prefix: str | Path, workspaces: tuple[Path, ...]
) -> Refusal | None:
    home = bench.surroundings.home
    try:
        working_directory = Path.cwd()
    except OSError:
        working_directory = None
    around = Surroundings(None if home is None else Path(home), workspaces, working_directory)
    known = bench.installations(workspaces)
    prefix = Path(prefix)
    found = refusal_to_remove(prefix, around, known)
    if found is None:
        return None
    # Invariant: nobody is told to move away what holds his home, or what he works on.
    is_elsewhere = refusal_for_its_place(prefix, around) is None
    is_other = not has_shape(prefix) and not (prefix / "conda-meta").is_dir()
    action = _way_out(bench, prefix) if is_elsewhere and is_other else None
    return Refusal(RefusalReason.INVALID, found, action)


def _way_out(bench: Workbench, prefix: Path) -> str:
    """Return what to do with a folder that is no environment, and yet is to go."""
    shown = quote(str(prefix))
    target = standing(bench.changes.journal.history(), Path(os.path.realpath(prefix))).next_to_undo
    if target is None:
        return f"if you do not need it, move it away yourself: `mv {shown} {shown}.old`"
    if target.held is None:
        return f"`pinfold undo --env {shown}` takes it away, for there was none before it was made"
    return f"`pinfold undo --env {shown}` gives what was there before the last {target.verb.value}"


def _chosen_names(prefix: Path, *, is_there: bool) -> tuple[str, ...]:
    """Return the names of the folders that are made or filled for an environment at *prefix*."""
    missing = [folder for folder in prefix.parents if not os.path.lexists(folder)]
    return tuple(folder.name for folder in (*(() if is_there else (prefix,)), *missing))


def _usual_prompt(prefix: Path) -> str | None:
    """Return the project's name, which says more than that of the environment; or nothing."""
    if prefix.name not in USUAL_NAMES or refusal_of_prompt(prefix.parent.name) is not None:
        return None
    return prefix.parent.name
