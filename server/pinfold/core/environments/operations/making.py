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
from pinfold.core.environments.declared_python import contradictions
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
from pinfold.core.environments.operations.requests import Create
from pinfold.core.environments.operations.resolving import resolved
from pinfold.core.environments.operations.workbench import (
    CPYTHON,
    as_environment,
    base_interpreter,
    stands_in,
)
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
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.installers.installer import Installer
    from pinfold.core.environments.operations.choosing_python import ChosenPython
    from pinfold.core.environments.operations.prepared import Desk, Preparation
    from pinfold.core.environments.operations.requests import Rebuild, Remove
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.installation import Installation
    from pinfold.core.model.plan import PackageChange
    from pinfold.core.model.wording import Words


def prepare_create(desk: Desk, request: Create) -> Preparation:
    """Return how an environment is made."""
    return _creation(desk, request, sees_system=False)


def _creation(desk: Desk, request: Create, *, sees_system: bool) -> Preparation:
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
            Wording(
                "rebuild it, remove it, make it anew (`--over`), or name another place",
                "rebuild it, remove it, make it anew, or name another place",
            ),
        )
    if is_there and (refusal := _refusal_to_remove(desk.bench, prefix, ())) is not None:
        return refusal
    if (refusal := refusal_of_manager(desk.bench, request)) is not None:
        return refusal
    interpreter = (
        _python_to_make_over(desk.bench, request)
        if is_there
        else choose_python(desk.bench, request.python, request.folder)
    )
    if isinstance(interpreter, Refusal):
        return interpreter
    notes: list[Words] = [*interpreter.notes, *_seeds(desk.bench, interpreter)]
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
    steps = installer.create(prefix, interpreter.path, prompt=prompt, sees_system=sees_system)
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


def _python_to_make_over(bench: Workbench, request: Create) -> ChosenPython | Refusal:
    """Return what an environment is made with that replaces another: what is named, or the same.

    Unless that is not what the project asks for, which somebody may make it anew for.
    """
    prefix, folder = request.prefix, request.folder
    old = bench.installation(prefix)
    if (
        request.python is not None
        or old is None
        or old.version is None
        or contradictions(as_environment(old), bench.declared(folder))
    ):
        return choose_python(bench, request.python, folder, instead_of=prefix)
    kept = _python_of(bench, prefix, folder, old, old.version)
    if isinstance(kept, Refusal) or kept.version != old.version:
        return kept
    note = "It has the same Python as the environment that it replaces."
    return replace(kept, notes=(*kept.notes, note))


def _python_of(
    bench: Workbench,
    prefix: Path,
    folder: Path,
    old: Installation | None,
    version: str | None,
    *,
    named: str | None = None,
) -> ChosenPython | Refusal:
    """Return what is *named*, or what *old*, the environment at *prefix*, was made with.

    Else the one that comes nearest to it; *version* is that of its Python, where it is known.
    """
    minor = ".".join(version.split(".")[:2]) if version else None
    home = None if old is None else old.base_home
    base = base_interpreter(home, minor, prefix)
    real = None if old is None else old.real_executable
    if base is None and real is not None and not stands_in(real, prefix):
        # Its pyvenv.cfg names none that is there, but this is what it has run with.
        base = real
    return choose_python(
        bench,
        named or (None if base is None else str(base)),
        folder,
        minor=minor,
        implementation=CPYTHON if old is None else old.implementation,
        instead_of=prefix,
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
        return _rebuilt_from_files(desk, request)
    version = None if installation is None else installation.version
    interpreter = _python_of(
        bench,
        prefix,
        request.folder,
        installation,
        version or installed.environment.python,
        named=request.python,
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


def _rebuilt_from_files(desk: Desk, request: Rebuild) -> Preparation:
    """Return how an environment is made anew of which nobody can read what is installed."""
    made = desk.bench.configuration(request.prefix)
    prompt = None if made is None else made.prompt
    if prompt is not None and refusal_of_prompt(prompt) is not None:
        prompt = None
    prepared = _creation(
        desk,
        Create(
            folder=request.folder,
            prefix=request.prefix,
            python=request.python,
            prompt=prompt,
            files=request.files,
            is_over=True,
        ),
        sees_system=made is not None and made.includes_system_site_packages,
    )
    if not isinstance(prepared, Prepared):
        return prepared
    names = " and ".join(file.name for file in request.files)
    instead = f"what {names} asks for is installed instead" if names else "none is installed"
    note = f"Which packages it had cannot be read: {instead}."
    plan = replace(prepared.plan, verb=Verb.REBUILD, notes=(note, *prepared.plan.notes))
    return replace(prepared, request=request, plan=plan)


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


def _way_out(bench: Workbench, prefix: Path) -> Words:
    """Return what to do with a folder that is no environment, and yet is to go."""
    shown = quote(str(prefix))
    target = standing(bench.changes.journal.history(), Path(os.path.realpath(prefix))).next_to_undo
    if target is None:
        return f"if you do not need it, move it away yourself: `mv {shown} {shown}.old`"
    undo = Wording(f"`pinfold undo --env {shown}`", "Undo Last Change")
    if target.held is None:
        return undo.between(after=" takes it away, for there was none before it was made")
    return undo.between(after=f" gives what was there before the last {target.verb.value}")


def _chosen_names(prefix: Path, *, is_there: bool) -> tuple[str, ...]:
    """Return the names of the folders that are made or filled for an environment at *prefix*."""
    missing = [folder for folder in prefix.parents if not os.path.lexists(folder)]
    return tuple(folder.name for folder in (*(() if is_there else (prefix,)), *missing))


def _usual_prompt(prefix: Path) -> str | None:
    """Return the project's name, which says more than that of the environment; or nothing."""
    if prefix.name not in USUAL_NAMES or refusal_of_prompt(prefix.parent.name) is not None:
        return None
    return prefix.parent.name
