"""The commands about environments, each a function of a session and its arguments.

Owns what is asked and answered. Reads nothing in the event loop: what blocks goes through
:mod:`pinfold.lsp.machine` in a thread. None of these runs anything, so none needs trust; behind a
listing, interpreters of which no file tells the version are asked, where the client has said that
the workspace is trusted.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.conversation import Severity
from pinfold.features.environments import (
    diagnosis_json,
    diagnosis_text,
    explanation_json,
    explanation_text,
    is_ill,
    listing_json,
    ordered,
    selection_json,
)
from pinfold.features.installation_words import words_json
from pinfold.features.package_states import NOTHING_WANTED, packages_json, wanted_by
from pinfold.features.projects import usual_files
from pinfold.lsp.command_places import (
    NoEnvironment,
    as_path,
    ask_machine,
    document,
    markdown,
    needed_place,
    own_files,
    place_at,
    place_of,
    show,
    shown,
    written,
)
from pinfold.lsp.commands import CommandFailed
from pinfold.lsp.environment_search import search_behind, searched, tell_of_inventory
from pinfold.lsp.environment_users import environment_uses
from pinfold.lsp.requirements_files import requirements_files
from pinfold.lsp.selecting import AUTOMATIC, NONE, ask_environment
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.installation import Installation
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Json, Selection
    from pinfold.lsp.commands import Arguments, ArgumentValue, Handler, Session
    from pinfold.lsp.machine import Machine, Place


async def list_environments(session: Session, arguments: Arguments) -> object:
    """Answer from the last search, if there was one, and search again behind the answer."""
    machine = await session.machine()
    folder = arguments.get("folder")
    roots = session.documents.roots
    if folder is None and len(roots) == 1:
        folder = roots[0]
    place = None if folder is None else await place_at(session, as_path(folder))
    projects = roots if place is None else (place.project,)
    kept = None
    if arguments.get("fresh") is not True:
        kept = await in_thread(partial(machine.kept, projects))
    if kept is not None:
        # The answer must not be out of date for longer than it takes to find out.
        session.begin_once(projects, partial(search_behind, session, machine, projects, kept))
        return await _listing(session, machine, kept, projects, place)
    inventory = await searched(session, machine, projects)
    return await _listing(session, machine, inventory, projects, place)


async def list_packages(session: Session, arguments: Arguments) -> object:
    """Say what is installed, and what of that, and beside it, the project's files ask for."""
    machine = await session.machine()
    path = arguments.get("environment")
    place: Place | None = None
    if path is None or "folder" in arguments:
        place = await needed_place(session, arguments)
    packages = None if place is None else place.selection.answer.packages
    if path is not None:
        examined = await ask_machine(partial(machine.diagnosed_at, as_path(path)))
        if place is None or not place.selection.is_of(examined.installation):
            # Another one than the files of the folder are for.
            place, packages = None, examined.packages
        if packages is None:
            raise CommandFailed(f"what is installed in {path} cannot be read")
    if packages is None:
        assert place is not None
        raise NoEnvironment(place.selection)
    snapshot = own_files(session.documents.snapshot)
    return await in_thread(partial(_packages, packages, place, snapshot))


async def activation(session: Session, arguments: Arguments) -> object:
    """Say what is to be typed into a shell."""
    machine = await session.machine()
    installation = await _installation(session, machine, arguments)
    shell = arguments.get("shell")
    text = await ask_machine(
        partial(machine.activation, installation, shell if isinstance(shell, str) else None)
    )
    return {
        "version": 1,
        "prefix": written(installation.prefix),
        "shell": text.shell.value,
        "way": None if text.way is None else text.way.name.lower(),
        "activate": text.activate,
        "deactivate": text.deactivate,
        "refusal": text.refusal,
    }


async def select_environment(session: Session, arguments: Arguments) -> object:
    """Keep a choice for a folder; ask for what was not said."""
    machine = await session.machine()
    place = await place_of(session, arguments, asks=True, explains=True)
    if place is None:
        return None
    chosen: ArgumentValue | None = arguments.get("environment")
    if chosen is None:
        chosen = await ask_environment(session, machine, place)
        if chosen is None:
            return None
    prefix: Path | None = None
    if chosen == AUTOMATIC:
        await ask_machine(partial(machine.forget, place.folder))
    elif chosen == NONE:
        await ask_machine(partial(machine.choose, place.folder, None))
    else:
        installation = await ask_machine(partial(machine.identified, as_path(chosen)))
        prefix = installation.prefix
        await ask_machine(partial(machine.choose, place.folder, prefix))
    session.host.look_again()
    now = await place_at(session, place.folder)
    if prefix is not None and session.has_ui and "environment" in arguments:
        # Nobody was asked what it is for, so it is said.
        session.conversation.tell(
            f"{_below(place.project, prefix)} is for the files in"
            f" {_below(place.project.parent, place.folder)} now.",
            Severity.INFO,
        )
    return {
        "version": 1,
        "folder": written(place.folder),
        "prefix": None if prefix is None else written(prefix),
        "forgotten": chosen == AUTOMATIC,
        "selection": selection_json(now.selection, written),
    }


async def adopt_environment(session: Session, arguments: Arguments) -> object:
    """Keep as the choice what another extension of the editor has told that it has selected."""
    place = await place_of(session, arguments, asks=True)
    if place is None:
        return None
    others = session.host.other_selections
    # It is told for workspace folders, and the file in front may be in a project below.
    for folder in (place.folder, *place.folder.parents):
        if folder in others:
            chosen = {"folder": folder, "environment": others[folder].environment}
            return await select_environment(session, chosen)
    raise CommandFailed(f"no other extension has selected an environment for {place.folder}")


async def explain_environment(session: Session, arguments: Arguments) -> object:
    """Say which environment is for a folder, and why."""
    machine = await session.machine()
    place = await place_of(session, arguments, asks=True, explains=True)
    if place is None:
        return None
    selection = place.selection
    examined = None
    if selection.prefix is not None:
        examined = await ask_machine(partial(machine.diagnosed_at, selection.prefix))
    text = explanation_text(selection, written)
    show(session, text, Severity.INFO)
    path = arguments.get("folder")
    asked = place.folder if path is None else as_path(path)
    return {
        **explanation_json(selection, examined, asked, written),
        "text": text,
        "markdown": markdown(text),
        "document": document("environment.md", markdown(text)),
    }


async def diagnose_environment(session: Session, arguments: Arguments) -> object:
    """Say what is wrong with an environment."""
    machine = await session.machine()
    path, selection = arguments.get("environment"), None
    if path is None:
        place = await place_of(session, arguments, asks=True)
        if place is None:
            return None
        path, selection = place.selection.prefix, place.selection
        if path is None:
            raise NoEnvironment(place.selection)
    examined = await ask_machine(partial(machine.diagnosed_at, as_path(path)))
    text = diagnosis_text(examined, written)
    show(session, text, Severity.WARNING if is_ill(examined) else Severity.INFO)
    return {
        "version": 1,
        "environment": diagnosis_json(examined, selection, written),
        "text": text,
        "markdown": markdown(text),
        "document": document("health.md", markdown(text)),
    }


async def refresh(session: Session, _arguments: Arguments) -> object:
    """Look at everything again."""
    session.host.look_again()
    machine = await session.machine()
    roots = session.documents.roots
    async with session.conversation.progress("Looking for environments"):
        if len(roots) > 1:
            # What is found is kept for each as well: that is where listings of one look.
            for root in roots:
                await searched(session, machine, (root,))
        inventory = await searched(session, machine, roots)
    tell_of_inventory(session, roots)
    return {
        "version": 1,
        "environments": len(inventory.installations),
        "complete": inventory.is_complete,
    }


def _below(folder: Path, path: Path) -> str:
    return written(path.relative_to(folder) if path.is_relative_to(folder) else path)


HANDLERS: Mapping[str, Handler] = {
    "pinfold.listEnvironments": list_environments,
    "pinfold.listPackages": list_packages,
    "pinfold.activation": activation,
    "pinfold.selectEnvironment": select_environment,
    "pinfold.adoptEnvironment": adopt_environment,
    "pinfold.explainEnvironment": explain_environment,
    "pinfold.diagnoseEnvironment": diagnose_environment,
    "pinfold.refresh": refresh,
}


async def _installation(session: Session, machine: Machine, arguments: Arguments) -> Installation:
    path = arguments.get("environment")
    if path is None:
        place = await needed_place(session, arguments)
        path = place.selection.prefix
        if path is None:
            raise NoEnvironment(place.selection)
    return await ask_machine(partial(machine.identified, as_path(path)))


def _packages(packages: InstalledPackages, place: Place | None, snapshot: Snapshot) -> Json:
    wanted = NOTHING_WANTED
    if place is not None:
        found = requirements_files(place.folder, snapshot)
        # As the status bar counts: the usual one, or all of them, and what somebody has open.
        opened = [path for path in found if path in snapshot.documents]
        files = dict.fromkeys([*(usual_files(found) or found), *opened])
        wanted = wanted_by(packages, snapshot, tuple(files))
    return packages_json(packages, wanted, written)


async def _listing(
    session: Session,
    machine: Machine,
    inventory: Inventory,
    projects: Sequence[Path],
    place: Place | None,
) -> Json:
    snapshot = own_files(session.documents.snapshot)
    selection = None if place is None else place.selection
    roots = session.documents.roots

    def work() -> Json:
        uses: tuple[Selection, ...] = ()
        if place is not None:
            # Where all are listed at once, nobody says from which folder he looks.
            uses = environment_uses(machine, snapshot, inventory.installations)
        near = [use for use in uses if any(map(use.folder.is_relative_to, projects))]
        found = machine.examined(inventory, selection, near)
        examined = ordered(found, projects, selection)
        folder = None if place is None else place.folder
        listing = listing_json(examined, inventory, folder, selection, written)
        shapes = listing["environments"]
        assert isinstance(shapes, list)
        seen_from = _seen_from(place, projects)
        show_path = partial(shown, roots=roots)
        for shape, item in zip(shapes, examined, strict=True):
            words = words_json(item, seen_from, selection, written, uses, show_path=show_path)
            shape.update(words)
        return listing

    return await in_thread(work)


def _seen_from(place: Place | None, projects: Sequence[Path]) -> Path:
    """Return the folder that what is near is told by; the root where it is several."""
    if place is not None:
        return place.project
    return projects[0] if len(projects) == 1 else Path(os.sep)
