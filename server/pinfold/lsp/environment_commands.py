"""The commands about environments, each a function of a session and its arguments.

Owns what is asked and answered. Reads nothing in the event loop: what blocks goes through
:mod:`pinfold.lsp.machine` in a thread. None of these runs anything, so none needs trust; behind a
listing, interpreters of which no file tells the version are asked, where the client has said that
the workspace is trusted.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.blocking import to_the_end
from pinfold.core.environments.conversation import Offer, Pick, Picked, PickItem, Severity
from pinfold.core.environments.examination import Examined
from pinfold.features.environments import (
    belongs_to,
    diagnosis_json,
    diagnosis_text,
    explanation_json,
    explanation_text,
    is_ill,
    is_selected,
    listing_json,
    ordered,
    packages_json,
    python_of,
    selection_json,
)
from pinfold.lsp.command_places import (
    as_path,
    ask_machine,
    identity_path,
    markdown,
    needed_place,
    place_at,
    place_of,
    show,
    why_none,
    written,
)
from pinfold.lsp.commands import PROBES, CommandFailed
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.model.installation import Installation
    from pinfold.features.environments import Json, Selection
    from pinfold.lsp.commands import Arguments, Handler, Session
    from pinfold.lsp.machine import Machine, Place

INVENTORY_CHANGED = "pinfold/inventoryChanged"

NONE, AUTOMATIC = "none", "automatic"

_STREAMED_S = 0.1
"""How often those who wait for a search see what it has found."""


async def list_environments(session: Session, arguments: Arguments) -> object:
    """Answer from the last search, if there was one, and search again behind the answer."""
    machine = await session.machine()
    folder = arguments.get("folder")
    roots = session.documents.roots
    if folder is None and len(roots) == 1:
        folder = roots[0]
    place = None if folder is None else await place_at(session, as_path(folder))
    projects = roots if place is None else (place.project,)
    selection = None if place is None else place.selection
    kept = None
    if arguments.get("fresh") is not True:
        kept = await in_thread(partial(machine.kept, projects))
    if kept is not None:
        # The answer must not be out of date for longer than it takes to find out.
        session.begin_once(projects, partial(search_behind, session, machine, projects, kept))
        return await _listing(machine, kept, projects, place, selection)
    inventory = await _searched(session, machine, projects)
    return await _listing(machine, inventory, projects, place, selection)


async def list_packages(session: Session, arguments: Arguments) -> object:
    """Say what is installed."""
    machine = await session.machine()
    path = arguments.get("environment")
    if path is not None:
        examined = await ask_machine(partial(machine.diagnosed_at, as_path(path)))
        packages = examined.packages
        if packages is None:
            raise CommandFailed(f"what is installed in {path} cannot be read")
    else:
        place = await needed_place(session, arguments)
        packages = place.selection.answer.packages
        if packages is None:
            raise CommandFailed(why_none(place.selection))
    return await in_thread(partial(packages_json, packages, written))


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
    place = await place_of(session, arguments, asks=True)
    if place is None:
        return None
    chosen = arguments.get("environment")
    if chosen is None:
        pick = Pick(
            "Select Environment",
            f"The environment for the files in {place.folder}",
            "environment",
        )
        offers = _offers(session, machine, place)
        try:
            picked = await session.conversation.pick(pick, offers)
        finally:
            await offers.aclose()
        if not isinstance(picked, Picked):
            return None
        # An identity is a path; what it is has to be found out now, whatever was listed.
        chosen = picked.id if picked.id in (NONE, AUTOMATIC) else identity_path(picked.id)
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
    return {
        "version": 1,
        "folder": written(place.folder),
        "prefix": None if prefix is None else written(prefix),
        "forgotten": chosen == AUTOMATIC,
        "selection": selection_json(now.selection, written),
    }


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
            raise CommandFailed(why_none(place.selection))
    examined = await ask_machine(partial(machine.diagnosed_at, as_path(path)))
    text = diagnosis_text(examined, written)
    show(session, text, Severity.WARNING if is_ill(examined) else Severity.INFO)
    return {
        "version": 1,
        "environment": diagnosis_json(examined, selection, written),
        "text": text,
        "markdown": markdown(text),
    }


async def refresh(session: Session, _arguments: Arguments) -> object:
    """Look at everything again."""
    session.host.look_again()
    machine = await session.machine()
    async with session.conversation.progress("Looking for environments"):
        inventory = await _searched(session, machine, session.documents.roots)
    return {
        "version": 1,
        "environments": len(inventory.installations),
        "complete": inventory.is_complete,
    }


HANDLERS: Mapping[str, Handler] = {
    "pinfold.listEnvironments": list_environments,
    "pinfold.listPackages": list_packages,
    "pinfold.activation": activation,
    "pinfold.selectEnvironment": select_environment,
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
            raise CommandFailed(why_none(place.selection))
    return await ask_machine(partial(machine.identified, as_path(path)))


async def _searched(session: Session, machine: Machine, projects: Sequence[Path]) -> Inventory:
    looking = await in_thread(partial(machine.look, projects))
    try:
        inventory = await in_thread(looking.to_the_end)
    except asyncio.CancelledError:
        looking.cancel()
        raise
    _ask_unknown(session, machine, projects, inventory)
    return inventory


def _ask_unknown(
    session: Session, machine: Machine, projects: Sequence[Path], inventory: Inventory
) -> None:
    """Have interpreters asked, in the background, for what no file tells.

    Only where the client has said that the workspace is trusted: nobody has asked for this, and
    some of them lie in the workspace.
    """
    host = session.host
    if host.is_trusted is not True:
        return

    async def work() -> None:
        answered = await to_the_end(
            partial(machine.ask_unknown, inventory, lambda: host.is_trusted is True)
        )
        if answered:
            tell_of_inventory(session, projects)

    session.begin_once(PROBES, work)


def tell_of_inventory(session: Session, projects: Sequence[Path]) -> None:
    """Tell a client that shows them that there are other environments now."""
    if session.has_ui:
        folders = [written(project) for project in projects]
        session.peer.tell(INVENTORY_CHANGED, {"folders": folders})


async def search_behind(
    session: Session, machine: Machine, projects: Sequence[Path], known: Inventory
) -> None:
    """Search, and tell the client if there is anything else than what is *known*."""
    inventory = await _searched(session, machine, projects)
    if inventory.installations != known.installations:
        tell_of_inventory(session, projects)


async def _listing(
    machine: Machine,
    inventory: Inventory,
    projects: Sequence[Path],
    place: Place | None,
    selection: Selection | None,
) -> Json:
    def work() -> Json:
        examined = ordered(machine.examined(inventory, selection), projects, selection)
        folder = None if place is None else place.folder
        return listing_json(examined, inventory, folder, selection, written)

    return await in_thread(work)


async def inventories(
    session: Session, machine: Machine, projects: Sequence[Path]
) -> AsyncGenerator[tuple[Inventory, bool], None]:
    """Yield what is known of the machine, what is found of it, and at last, with true, all of it.

    The first comes at once, were there nothing in it.
    """
    kept = await in_thread(partial(machine.kept, projects))
    looking = await in_thread(partial(machine.look, projects))
    try:
        yield (await in_thread(looking.so_far) if kept is None else kept), False
        end = asyncio.ensure_future(in_thread(looking.to_the_end))
        while not end.done():
            await asyncio.wait({end}, timeout=_STREAMED_S)
            if kept is None and not end.done():
                yield await in_thread(looking.so_far), False
        inventory = end.result()
        _ask_unknown(session, machine, projects, inventory)
        yield inventory, True
    finally:
        looking.cancel()


async def _offers(session: Session, machine: Machine, place: Place) -> AsyncGenerator[Offer, None]:
    """Yield what there is to choose from: what is known, what is found, and what ails it."""
    selection = place.selection

    def offered(inventory: Inventory, *, is_last: bool) -> Offer:
        if is_last:
            return Offer(_items(machine.examined(inventory, selection), place))
        found = machine.with_selected(inventory, selection)
        items = _items([Examined(installation) for installation in found], place)
        return Offer(items, is_last=False)

    found = inventories(session, machine, (place.project,))
    try:
        # At once, were it only to say what is meant now: nobody waits for a picker to open.
        async for inventory, is_last in found:
            yield await in_thread(partial(offered, inventory, is_last=is_last))
    finally:
        await found.aclose()


def _items(examined: Sequence[Examined], place: Place) -> tuple[PickItem, ...]:
    selection, projects = place.selection, (place.project,)
    recommended: list[PickItem] = []
    rest: list[PickItem] = []
    for item in ordered(examined, projects, selection):
        shown = _item(item, place)
        (recommended if is_selected(item.installation, selection) else rest).append(shown)
    environments = [item for item in rest if item.group != "Interpreters"]
    bases = [item for item in rest if item.group == "Interpreters"]
    none = PickItem(NONE, "None", "no environment for this folder", icon="none")
    automatic = PickItem(
        AUTOMATIC, "Automatic", "forget what was chosen for this folder", icon="none"
    )
    return (*recommended, *environments, none, automatic, *bases)


def _item(examined: Examined, place: Place) -> PickItem:
    installation, selection = examined.installation, place.selection
    group = "Other environments"
    if is_selected(installation, selection):
        group = "Recommended"
    elif installation.is_base:
        group = "Interpreters"
    elif belongs_to(installation, (place.project,)):
        group = "This project"
    details = [selection.answer.reason] if group == "Recommended" else []
    details += [ailment.cause for ailment in installation.ailments]
    icon = "check" if group == "Recommended" else ""
    if installation.ailments:
        icon = "error" if any(ailment.is_severe for ailment in installation.ailments) else "warning"
    return PickItem(
        installation.id,
        _label(installation, place.project),
        f"Python {python_of(installation)}, {installation.kind.value}",
        "; ".join(details),
        group,
        icon,
        is_secondary=group in ("Interpreters", "Other environments"),
    )


def _label(installation: Installation, project: Path) -> str:
    path = installation.prefix
    if installation.is_base and installation.executable is not None:
        path = installation.executable
    shown = written(path.relative_to(project)) if path.is_relative_to(project) else written(path)
    name = installation.name
    return f"{shown} ({name})" if name and name not in shown else shown
