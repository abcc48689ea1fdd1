"""The commands about environments, each a function of a session and its arguments.

Owns what is asked and answered. Reads nothing in the event loop: what blocks goes through
:mod:`pinfold.lsp.machine` in a thread. None of these runs anything, so none needs trust; behind a
listing, interpreters of which no file tells the version are asked, where the client has said that
the workspace is trusted.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pinfold.core.blocking import to_the_end
from pinfold.core.environments.choices import ChoiceError
from pinfold.core.environments.conversation import Offer, Pick, Picked, PickItem, Severity, at_once
from pinfold.core.environments.examination import Examined
from pinfold.core.model.environment import EnvironmentState
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
from pinfold.features.markup import Markup, message, paragraphs
from pinfold.lsp.commands import PROBES, BadArguments, CommandFailed
from pinfold.lsp.machine import Refused
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.model.installation import Installation
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Json, Selection
    from pinfold.lsp.commands import Arguments, Handler, Session
    from pinfold.lsp.machine import Machine, Place

INVENTORY_CHANGED = "pinfold/inventoryChanged"

NONE, AUTOMATIC = "none", "automatic"

_STREAMED_S = 0.1
"""How often those who wait for a search see what it has found."""

Result = TypeVar("Result")


async def list_environments(session: Session, arguments: Arguments) -> object:
    """Answer from the last search, if there was one, and search again behind the answer."""
    machine = await session.machine()
    folder = arguments.get("folder")
    roots = session.documents.roots
    if folder is None and len(roots) == 1:
        folder = roots[0]
    place = None if folder is None else await _place_at(session, _as_path(folder))
    projects = roots if place is None else (place.project,)
    selection = None if place is None else place.selection
    kept = None
    if arguments.get("fresh") is not True:
        kept = await in_thread(partial(machine.kept, projects))
    if kept is not None:
        # The answer must not be out of date for longer than it takes to find out.
        session.begin_once(projects, partial(_search_behind, session, machine, projects, kept))
        return await _listing(machine, kept, projects, place, selection)
    inventory = await _searched(session, machine, projects)
    return await _listing(machine, inventory, projects, place, selection)


async def list_packages(session: Session, arguments: Arguments) -> object:
    """Say what is installed."""
    machine = await session.machine()
    path = arguments.get("environment")
    if path is not None:
        examined = await _ask(partial(machine.diagnosed_at, _as_path(path)))
        packages = examined.packages
        if packages is None:
            raise CommandFailed(f"what is installed in {path} cannot be read")
    else:
        place = await _needed_place(session, arguments)
        packages = place.selection.answer.packages
        if packages is None:
            raise CommandFailed(_why_none(place.selection))
    return await in_thread(partial(packages_json, packages, _written))


async def activation(session: Session, arguments: Arguments) -> object:
    """Say what is to be typed into a shell."""
    machine = await session.machine()
    installation = await _installation(session, machine, arguments)
    shell = arguments.get("shell")
    text = await _ask(
        partial(machine.activation, installation, shell if isinstance(shell, str) else None)
    )
    return {
        "version": 1,
        "prefix": _written(installation.prefix),
        "shell": text.shell.value,
        "way": None if text.way is None else text.way.name.lower(),
        "activate": text.activate,
        "deactivate": text.deactivate,
        "refusal": text.refusal,
    }


async def select_environment(session: Session, arguments: Arguments) -> object:
    """Keep a choice for a folder; ask for what was not said."""
    machine = await session.machine()
    place = await _place(session, arguments, asks=True)
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
        chosen = picked.id if picked.id in (NONE, AUTOMATIC) else _identity_path(picked.id)
    prefix: Path | None = None
    if chosen == AUTOMATIC:
        await _ask(partial(machine.forget, place.folder))
    elif chosen == NONE:
        await _ask(partial(machine.choose, place.folder, None))
    else:
        installation = await _ask(partial(machine.identified, _as_path(chosen)))
        prefix = installation.prefix
        await _ask(partial(machine.choose, place.folder, prefix))
    session.host.look_again()
    now = await _place_at(session, place.folder)
    return {
        "version": 1,
        "folder": _written(place.folder),
        "prefix": None if prefix is None else _written(prefix),
        "forgotten": chosen == AUTOMATIC,
        "selection": selection_json(now.selection, _written),
    }


async def explain_environment(session: Session, arguments: Arguments) -> object:
    """Say which environment is for a folder, and why."""
    machine = await session.machine()
    place = await _place(session, arguments, asks=True, explains=True)
    if place is None:
        return None
    selection = place.selection
    examined = None
    if selection.prefix is not None:
        examined = await _ask(partial(machine.diagnosed_at, selection.prefix))
    text = explanation_text(selection, _written)
    _show(session, text, Severity.INFO)
    path = arguments.get("folder")
    asked = place.folder if path is None else _as_path(path)
    return {
        **explanation_json(selection, examined, asked, _written),
        "text": text,
        "markdown": _markdown(text),
    }


async def diagnose_environment(session: Session, arguments: Arguments) -> object:
    """Say what is wrong with an environment."""
    machine = await session.machine()
    path, selection = arguments.get("environment"), None
    if path is None:
        place = await _place(session, arguments, asks=True)
        if place is None:
            return None
        path, selection = place.selection.prefix, place.selection
        if path is None:
            raise CommandFailed(_why_none(place.selection))
    examined = await _ask(partial(machine.diagnosed_at, _as_path(path)))
    text = diagnosis_text(examined, _written)
    _show(session, text, Severity.WARNING if is_ill(examined) else Severity.INFO)
    return {
        "version": 1,
        "environment": diagnosis_json(examined, selection, _written),
        "text": text,
        "markdown": _markdown(text),
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


async def _ask(work: Callable[[], Result]) -> Result:
    """Return what the machine says, in a thread; what it refuses is told to whoever asked.

    Raises:
        CommandFailed: the machine refused.
    """
    try:
        return await in_thread(work)
    except (Refused, ChoiceError) as error:
        raise CommandFailed(str(error)) from error


async def _place(
    session: Session, arguments: Arguments, *, asks: bool = False, explains: bool = False
) -> Place | None:
    """Return the folder that is meant; ``None`` if a person was asked, and does not say.

    Raises:
        BadArguments: there are several, or none, and nobody is to be asked.
    """
    folder = arguments.get("folder")
    roots = session.documents.roots
    if folder is None:
        local = (file.path.parent for file in session.documents if file.is_local)
        candidates = roots or tuple(sorted(set(local)))
        if len(candidates) == 1:
            folder = candidates[0]
        elif asks and candidates:
            folder = await _asked_folder(session, candidates)
            if folder is None:
                return None
        else:
            count = "several folders" if candidates else "no folder"
            raise BadArguments(f"there is {count} that this may be about: pass `folder`")
    return await _place_at(session, _as_path(folder), explains=explains)


async def _place_at(session: Session, folder: Path, *, explains: bool = False) -> Place:
    machine = await session.machine()
    snapshot = _own(session.documents.snapshot)
    return await _ask(partial(machine.place, folder, snapshot, explains=explains))


async def _asked_folder(session: Session, candidates: Sequence[Path]) -> Path | None:
    items = tuple(
        PickItem(str(index), folder.name or str(folder), str(folder.parent))
        for index, folder in enumerate(candidates)
    )
    pick = Pick("Folder", "Which folder is this about?", "folder")
    picked = await session.conversation.pick(pick, at_once(*items))
    known = dict(zip((item.id for item in items), candidates, strict=True))
    return known.get(picked.id) if isinstance(picked, Picked) else None


async def _installation(session: Session, machine: Machine, arguments: Arguments) -> Installation:
    path = arguments.get("environment")
    if path is None:
        place = await _needed_place(session, arguments)
        path = place.selection.prefix
        if path is None:
            raise CommandFailed(_why_none(place.selection))
    return await _ask(partial(machine.identified, _as_path(path)))


async def _needed_place(session: Session, arguments: Arguments) -> Place:
    place = await _place(session, arguments)
    # Only a person who was asked may have nothing to say.
    assert place is not None
    return place


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
            _tell_of_inventory(session, projects)

    session.begin_once(PROBES, work)


def _tell_of_inventory(session: Session, projects: Sequence[Path]) -> None:
    if session.has_ui:
        folders = [_written(project) for project in projects]
        session.peer.tell(INVENTORY_CHANGED, {"folders": folders})


async def _search_behind(
    session: Session, machine: Machine, projects: Sequence[Path], known: Inventory
) -> None:
    inventory = await _searched(session, machine, projects)
    if inventory.installations != known.installations:
        _tell_of_inventory(session, projects)


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
        return listing_json(examined, inventory, folder, selection, _written)

    return await in_thread(work)


async def _offers(session: Session, machine: Machine, place: Place) -> AsyncGenerator[Offer, None]:
    """Yield what there is to choose from: what is known, what is found, and what ails it."""
    projects, selection = (place.project,), place.selection

    def offered(inventory: Inventory) -> Offer:
        found = machine.with_selected(inventory, selection)
        items = _items([Examined(installation) for installation in found], place)
        return Offer(items, is_last=False)

    kept = await in_thread(partial(machine.kept, projects))
    looking = await in_thread(partial(machine.look, projects))
    try:
        # At once, were it only to say what is meant now: nobody waits for a picker to open.
        yield await in_thread(lambda: offered(kept or looking.so_far()))
        end = asyncio.ensure_future(in_thread(looking.to_the_end))
        while not end.done():
            await asyncio.wait({end}, timeout=_STREAMED_S)
            if kept is None and not end.done():
                yield await in_thread(lambda: offered(looking.so_far()))
        inventory = end.result()
        _ask_unknown(session, machine, projects, inventory)
        examined = await in_thread(partial(machine.examined, inventory, selection))
        yield Offer(_items(examined, place), is_last=True)
    finally:
        looking.cancel()


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
    shown = _written(path.relative_to(project)) if path.is_relative_to(project) else _written(path)
    name = installation.name
    return f"{shown} ({name})" if name and name not in shown else shown


def _why_none(selection: Selection) -> str:
    answer = selection.answer
    if answer.state is EnvironmentState.NONE:
        return f"no environment for {selection.folder}: {answer.reason}; pass `environment`"
    return f"no environment for {selection.folder} that can be used: {answer.reason}"


def _show(session: Session, text: str, severity: Severity) -> None:
    # A client with an interface of its own shows the result where it likes.
    if not session.has_ui:
        session.conversation.tell(text, severity)


def _markdown(text: str) -> str:
    """Return lines, each of which may quote anything, as a paragraph and a list."""
    first, *others = map(message, text.split("\n"))
    bullets = "\n".join(f"- {line.markdown}" for line in others)
    return paragraphs([first, Markup(bullets, bullets)]).markdown


def _own(snapshot: Snapshot) -> Snapshot:
    """Return *snapshot* with files of its own, for a thread."""
    return replace(snapshot, disk=snapshot.disk.without(()))


def _written(path: Path) -> str:
    """Return *path* for a client, which has no working directory that it could be relative to."""
    return path.as_posix()


def _as_path(value: Path | str | bool) -> Path:
    assert not isinstance(value, (str, bool))
    return value


def _identity_path(identity: str) -> Path:
    path = Path(identity)
    if "\0" in identity or not path.is_absolute():
        raise CommandFailed("what the client says was chosen was not among the items")
    return path
