"""The picker of environments: what there is to choose from, and what else can be done there.

Owns the items, their order and their buttons, the way to an interpreter that nobody has listed, and
what becomes of whatever somebody picks that is no choice. What a choice is kept as is not decided
here.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.conversation import (
    Back,
    Button,
    Input,
    Offer,
    Pick,
    Picked,
    PickItem,
)
from pinfold.core.environments.examination import Examined
from pinfold.core.model.environment import SelectionPlace
from pinfold.features.environments import ordered
from pinfold.features.installation_words import Group, words_for
from pinfold.lsp.command_places import identity_path, shown, written
from pinfold.lsp.environment_search import inventories
from pinfold.lsp.machine import Refused
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.model.installation import Installation
    from pinfold.features.environment_status import OtherSelection
    from pinfold.features.environments import Selection
    from pinfold.lsp.commands import Arguments, Session
    from pinfold.lsp.machine import Machine, Place

NONE, AUTOMATIC = "none", "automatic"

_CREATE, _ENTER, _MEND = "create", "enter", "mend"
_COPY, _OPEN, _REBUILD, _REMOVE, _ADD = "copy", "open", "rebuild", "remove", "add"
_TITLE = "Select Environment"
_GROUP = "Something else"


async def ask_environment(session: Session, machine: Machine, place: Place) -> str | Path | None:
    """Return what somebody chooses for a folder: an environment, or one of the words.

    ``None`` if he chooses nothing, or has something else done, which is then begun.
    """
    folder = shown(place.folder, session.documents.roots)
    pick = Pick(_TITLE, f"The environment for the files in {folder}", "environment")
    while True:
        offers = _offers(session, machine, place)
        try:
            picked = await session.conversation.pick(pick, offers)
        finally:
            await offers.aclose()
        if not isinstance(picked, Picked):
            return None
        if picked.button is not None or picked.id in (_CREATE, _MEND):
            _begin(session, place, picked)
            return None
        if picked.id in (NONE, AUTOMATIC):
            return picked.id
        if picked.id != _ENTER:
            # An identity is a path; what it is has to be found out now, whatever was listed.
            return identity_path(picked.id)
        entered = await _entered(session, machine, place)
        if not isinstance(entered, Back):
            return entered


async def _entered(session: Session, machine: Machine, place: Place) -> Path | Back | None:
    def wrong_with(text: str) -> str | None:
        path = _path(text, place.folder)
        if path is None:
            return "that is no path"
        try:
            machine.identified(path)
        except Refused as refused:
            return str(refused)
        return None

    async def problem(text: str) -> str | None:
        return await in_thread(partial(wrong_with, text))

    question = Input(
        _TITLE,
        "The path of an interpreter, or of an environment's folder",
        "environment",
        can_go_back=True,
    )
    text = await session.conversation.input(question, problem)
    return _path(text, place.folder) if isinstance(text, str) else text


def _path(text: str, folder: Path) -> Path | None:
    """Return the path that somebody has typed, as seen from *folder*."""
    text = text.strip()
    if not text or "\0" in text:
        return None
    # A link that is an interpreter has to stay one.
    return Path(os.path.normpath(folder / os.path.expanduser(text)))  # noqa: PTH111


def _begin(session: Session, place: Place, picked: Picked) -> None:
    """Begin what somebody would rather have done than choose."""
    about: dict[str, Path] = {"folder": place.folder}
    if picked.id == _CREATE:
        session.begin_command("pinfold.createEnvironment", about)
        return
    if picked.id == _MEND:
        assert place.selection.prefix is not None
        named: Arguments = {**about, "environment": place.selection.prefix}
        session.begin_command("pinfold.rebuildEnvironment", named)
        return
    path = identity_path(picked.id)
    named = {**about, "environment": path}
    match picked.button:
        case button if button == _REBUILD:
            session.begin_command("pinfold.rebuildEnvironment", named)
        case button if button == _REMOVE:
            session.begin_command("pinfold.removeEnvironment", named)
        case button if button == _ADD:
            session.begin_command("pinfold.createEnvironment", {**about, "python": str(path)})
        case _:
            # What is copied or opened, the client does; one that cannot has nothing to do here.
            pass


async def _offers(session: Session, machine: Machine, place: Place) -> AsyncGenerator[Offer, None]:
    """Yield what there is to choose from: what is known, what is found, and what ails it."""
    selection = place.selection
    other = session.host.other_selections.get(place.folder)
    is_trusted = session.host.is_trusted is not False
    roots = session.documents.roots

    def offered(inventory: Inventory, *, is_last: bool) -> Offer:
        found = [
            *machine.with_selected(inventory, selection),
            *_elsewhere(machine, inventory, other),
        ]
        if is_last:
            examined: Sequence[Examined] = machine.examined_ones(found)
        else:
            examined = [Examined(installation) for installation in found]
        items = _items(examined, place, other, roots, is_trusted=is_trusted)
        return Offer(tuple(items), is_last=is_last)

    # Another folder of the workspace may have the environment that is meant for this one, too.
    found = inventories(
        session, machine, tuple(dict.fromkeys((place.project, *session.documents.roots)))
    )
    try:
        # At once, were it only to say what is meant now: nobody waits for a picker to open.
        async for inventory, is_last in found:
            yield await in_thread(partial(offered, inventory, is_last=is_last))
    finally:
        await found.aclose()


def _elsewhere(
    machine: Machine, inventory: Inventory, other: OtherSelection | None
) -> Iterator[Installation]:
    """Yield what another program has selected, if nobody has found it."""
    if other is None or any(_is_of(other, found) for found in inventory.installations):
        return
    try:
        yield machine.identified(other.environment)
    except Refused:
        # It is not there any more, and no choice.
        return


def _is_of(other: OtherSelection | None, installation: Installation) -> bool:
    if other is None:
        return False
    interpreters = (installation.executable, *installation.aliases)
    return other.is_at(installation.prefix, installation.version, *interpreters)


def _items(
    examined: Sequence[Examined],
    place: Place,
    other: OtherSelection | None,
    roots: Sequence[Path],
    *,
    is_trusted: bool,
) -> Iterator[PickItem]:
    """Yield the recommended one, what else can be done, and then the others by their groups."""
    selection = place.selection
    items = [
        _item(one, place, other, roots, is_trusted=is_trusted)
        for one in ordered(examined, (place.project,), selection)
    ]
    only = _only_one(examined, place)
    if only is not None:
        items = [
            _recommended(item, only.prefix.parent) if item.id == only.id else item for item in items
        ]
    by_group = {group: [item for item in items if item.group == group.value] for group in Group}
    off = "" if is_trusted else "off: this workspace is not trusted"
    create = PickItem(
        _CREATE,
        "Create environment…",
        off or ("" if selection.prefix else "none is used for this folder yet"),
        group=_GROUP if selection.prefix else Group.RECOMMENDED.value,
        icon="add",
        is_secondary=True,
    )
    if is_trusted and (causes := list(_broken(examined, selection))):
        # Who clicks on what the status bar calls broken wants it mended, and not chosen again.
        name = selection.prefix.name if selection.prefix else ""
        yield PickItem(
            _MEND, f"Rebuild {name}…", causes[0], group=Group.RECOMMENDED.value, icon="sync"
        )
    yield from by_group[Group.RECOMMENDED]
    if selection.prefix is None:
        yield create
    yield from by_group[Group.PROJECT]
    if selection.prefix is not None:
        yield create
    yield PickItem(_ENTER, "Enter interpreter path…", group=_GROUP, icon="edit", needs_text=True)
    yield PickItem(
        NONE, "None", "no environment for this folder", group=_GROUP, icon="circle-slash"
    )
    if _is_chosen(selection):
        yield PickItem(
            AUTOMATIC,
            "Automatic",
            "forget what was chosen for this folder, or the next one above",
            group=_GROUP,
            icon="star-full",
        )
    yield from by_group[Group.OTHERS]
    yield from by_group[Group.INTERPRETERS]


def _only_one(examined: Sequence[Examined], place: Place) -> Installation | None:
    """Return what is recommended where nothing is used: the only one right in a project.

    What is unusually named is taken for no folder before somebody has chosen it.
    """
    if place.selection.prefix is not None:
        return None
    environments = [one.installation for one in examined if not one.installation.is_base]
    for folder in (place.folder, place.project):
        own = [one for one in environments if one.prefix.parent == folder]
        if own:
            is_meant = len(own) == 1 and not any(one.is_severe for one in own[0].ailments)
            return own[0] if is_meant else None
    return None


def _recommended(item: PickItem, folder: Path) -> PickItem:
    reason = f"it is the only one in {folder.name}"
    detail = "; ".join(filter(None, (reason, item.detail)))
    return replace(item, group=Group.RECOMMENDED.value, detail=detail)


def _is_chosen(selection: Selection) -> bool:
    steps = selection.answer.steps
    return any(step.place is SelectionPlace.CHOICE and step.is_taken for step in steps)


def _broken(examined: Sequence[Examined], selection: Selection) -> Iterator[str]:
    """Yield what is severely wrong with the environment that is selected, if it is one."""
    for one in examined:
        installation = one.installation
        if selection.is_of(installation) and not installation.is_base:
            yield from (ailment.cause for ailment in installation.ailments if ailment.is_severe)


def _item(
    examined: Examined,
    place: Place,
    other: OtherSelection | None,
    roots: Sequence[Path],
    *,
    is_trusted: bool,
) -> PickItem:
    installation = examined.installation
    words = words_for(examined, place.project, place.selection, partial(shown, roots=roots))
    details = [words.detail] if words.detail else []
    if other is not None and _is_of(other, installation):
        details.append(f"selected in {other.source or 'another extension'}")
    return PickItem(
        installation.id,
        words.label,
        words.description,
        "; ".join(details),
        words.group.value,
        words.icon,
        is_secondary=words.group in (Group.INTERPRETERS, Group.OTHERS),
        buttons=tuple(_buttons(installation, is_trusted=is_trusted)),
    )


def _buttons(installation: Installation, *, is_trusted: bool) -> Iterator[Button]:
    path = installation.prefix
    if installation.is_base and installation.executable is not None:
        path = installation.executable
    folder = path.parent if path is installation.executable else path
    if is_trusted and installation.is_base:
        yield Button(_ADD, "Create environment with this Python", "add")
    if is_trusted and not installation.is_base:
        yield Button(_REBUILD, "Rebuild", "sync")
        yield Button(_REMOVE, "Remove", "trash")
    yield Button(_COPY, "Copy path", "copy", copies=written(path))
    yield Button(_OPEN, "Open folder", "folder-opened", opens=written(folder))
