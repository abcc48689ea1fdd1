"""What a person is asked before an operation on an environment, where the arguments do not say it.

Owns the questions and what there is to choose from. Every one may be declined, which is ``None``.
What becomes of the answers is :mod:`pinfold.lsp.operation_commands`'.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.conversation import (
    Back,
    Input,
    Offer,
    Pick,
    Picked,
    PickItem,
    Question,
    Severity,
    at_once,
)
from pinfold.core.environments.declared_python import contradictions
from pinfold.core.environments.operations.choosing_python import choose_python
from pinfold.core.environments.operations.prepared import own_projects
from pinfold.core.environments.operations.workbench import as_environment, suitable
from pinfold.core.environments.planning.asked import read_typed
from pinfold.core.environments.planning.naming import refusal_of_place
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.environments.planning.uninstalling import SEEDS
from pinfold.core.model.wording import in_editor
from pinfold.features.environments import python_of
from pinfold.features.operations import refusal_text
from pinfold.lsp.command_places import identity_path, written
from pinfold.lsp.environment_search import inventories
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from pinfold.core.environments.conversation import Conversation
    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.installation import Installation
    from pinfold.lsp.commands import Session
    from pinfold.lsp.machine import Machine, Place

    Ask = Callable[[bool], Awaitable[object]]
    """Puts a question, given whether there is one before it; returns the answer."""

USUAL_PLACE = ".venv"
USUAL_FILE = "requirements.txt"

MAX_NAME_BYTES = 255
"""How long a part of a path may be, on every file system that people have."""

_ENTER, _OVER, _OTHER = "enter", "over", "other"
_ALL = "*"
_FEW = 5
"""How many interpreters are offered where only few have room."""


async def asked_in_turn(questions: Sequence[Ask]) -> bool:
    """Put questions, each of which keeps its answer; return whether none was declined.

    Whoever goes back answers the one before again.
    """
    index = 0
    while index < len(questions):
        answer = await questions[index](index > 0)
        if answer is None:
            return False
        index += -1 if answer is Back.BACK else 1
    return True


# Where an environment is made, and with what.


async def ask_place(
    conversation: Conversation, place: Place, prefix: Path, *, can_go_back: bool
) -> tuple[Path, bool] | Back | None:
    """Return where an environment is made, and whether in place of the one that is at *prefix*."""
    folder = place.folder
    # Whoever has named a place elsewhere may have another beside it.
    within = (place.project, prefix.parent)
    items = (
        PickItem(_OVER, "Make it anew", "what is there is set aside, and undo brings it back"),
        PickItem(_OTHER, "Another name…", "beside it", needs_text=True),
    )
    pick = Pick(
        f"{written(prefix)} is there already",
        "Make it anew, or another one beside it?",
        "over",
        can_go_back,
    )
    while True:
        picked = await conversation.pick(pick, at_once(*items))
        if not isinstance(picked, Picked):
            return picked
        if picked.id == _OVER:
            return prefix, True

        async def problem(text: str) -> str | None:
            return await in_thread(partial(_problem_of_place, folder, within, text))

        question = Input("Create Environment", f"Its folder, in {folder}", "path", can_go_back=True)
        named = await conversation.input(question, problem)
        if not isinstance(named, Back):
            return None if named is None else (_placed(folder, named), False)


def is_taken(prefix: Path) -> bool:
    """Return whether something stands at *prefix* that an environment cannot be made in. Blocks."""
    if not os.path.lexists(prefix):
        return False
    try:
        return prefix.is_symlink() or any(prefix.iterdir())
    except OSError:
        return True


def _problem_of_place(folder: Path, within: Sequence[Path], text: str) -> str | None:
    if not text.strip():
        return "a folder needs a name"
    if "\0" in text:
        return "no path holds a NUL"
    place = _placed(folder, text)
    if any(len(part.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES for part in place.parts):
        return f"a name is no longer than {MAX_NAME_BYTES} bytes"
    if place.name.startswith("-"):
        return "a name that begins with a hyphen looks like an option to every command"
    if not any(known in place.parents for known in within):
        return f"that is not in {written(within[0])}"
    refusal = refusal_of_place(place, (place.name,))
    if refusal is not None:
        return refusal.message
    return "something is there already" if is_taken(place) else None


def _placed(folder: Path, text: str) -> Path:
    return Path(os.path.normpath(folder / Path(text.strip()).expanduser()))


async def ask_python(
    session: Session, machine: Machine, bench: Workbench, place: Place, *, can_go_back: bool
) -> str | Back | None:
    """Return the interpreter that an environment is made with."""
    conversation = session.conversation

    async def problem(text: str) -> str | None:
        return await in_thread(partial(_problem_of_python, bench, text, place.folder))

    pick = Pick("Create Environment", "The Python that it is made with", "python", can_go_back)
    question = Input(
        "Create Environment",
        "A version, or the path of an interpreter",
        "python",
        can_go_back=True,
    )
    while True:
        offers = _pythons(session, machine, bench, place)
        try:
            picked = await conversation.pick(pick, offers)
        finally:
            await offers.aclose()
        if not isinstance(picked, Picked):
            return picked
        if picked.id != _ENTER:
            return str(identity_path(picked.id))
        entered = await conversation.input(question, problem)
        if not isinstance(entered, Back):
            return None if entered is None else entered.strip()


async def _pythons(
    session: Session, machine: Machine, bench: Workbench, place: Place
) -> AsyncGenerator[Offer, None]:
    found = inventories(session, machine, (place.project,))
    try:
        async for inventory, is_last in found:
            items = await in_thread(partial(_python_items, bench, inventory, place))
            yield Offer(items, is_last=is_last)
    finally:
        await found.aclose()


def _python_items(bench: Workbench, inventory: Inventory, place: Place) -> tuple[PickItem, ...]:
    declared = bench.declared(place.folder, place.project)
    best = suitable(inventory.installations, declared)
    items = [
        _python_item(
            found,
            "Interpreters" if index else "Recommended",
            "" if index else "check",
            is_secondary=index >= _FEW,
        )
        for index, found in enumerate(best)
    ]
    enter = PickItem(
        _ENTER, "Enter interpreter path…", group="Something else", icon="edit", needs_text=True
    )
    known = {found.executable for found in best}
    rest = [
        _python_item(
            found,
            "Not for this project",
            "warning",
            detail="; ".join(one.message for one in contradictions(as_environment(found), declared))
            or "too old for what is installed today",
            is_secondary=True,
        )
        for found in inventory.installations
        if found.is_base
        and found.version is not None
        and found.executable not in (None, *known)
        and not any(ailment.is_severe for ailment in found.ailments)
    ]
    return (*items[:1], enter, *items[1:], *rest)


def _python_item(
    found: Installation, group: str, icon: str, *, detail: str = "", is_secondary: bool = False
) -> PickItem:
    assert found.executable is not None
    return PickItem(
        str(found.executable),
        f"Python {python_of(found)}",
        written(found.executable),
        detail,
        group,
        icon,
        is_secondary,
    )


def _problem_of_python(bench: Workbench, text: str, folder: Path) -> str | None:
    if not text.strip() or "\0" in text:
        return "that names no interpreter"
    found = choose_python(bench, text.strip(), folder)
    return found.message if isinstance(found, Refusal) else None


# Which files.


async def ask_files(
    conversation: Conversation,
    found: Sequence[Path],
    folder: Path,
    *,
    title: str,
    argument: str,
    usual: Sequence[Path] = (),
    can_go_back: bool = False,
) -> tuple[Path, ...] | Back | None:
    """Return those of the requirements files *found* that are meant; *usual* are picked already."""
    shown = {f"{index}": path for index, path in enumerate(found)}
    items = [
        PickItem(key, _relative(path, folder), is_picked=path in usual)
        for key, path in shown.items()
    ]
    pick = Pick(title, "Which requirements files?", argument, can_go_back)
    chosen = await conversation.pick_many(pick, at_once(*items))
    if chosen is None or isinstance(chosen, Back):
        return chosen
    return tuple(shown[key] for key in chosen if key in shown)


async def ask_whether_to_install(
    conversation: Conversation, found: Sequence[Path], folder: Path, *, can_go_back: bool
) -> tuple[Path, ...] | Back | None:
    """Return the requirements files that a new environment is filled from: none is an answer."""
    if len(found) > 1:
        return await ask_files(
            conversation,
            found,
            folder,
            title="Install into the new environment",
            argument="requirements",
            usual=[path for path in found if path.name == USUAL_FILE],
            can_go_back=can_go_back,
        )
    (path,) = found
    items = (
        PickItem("install", f"Install from {_relative(path, folder)}", icon="check"),
        PickItem("nothing", "Install nothing", icon="circle-slash"),
    )
    pick = Pick("Create Environment", "What is to be installed into it?", "install", can_go_back)
    picked = await conversation.pick(pick, at_once(*items))
    if not isinstance(picked, Picked):
        return picked
    return (path,) if picked.id == "install" else ()


async def may_go_on_unsaved(conversation: Conversation, unsaved: Sequence[Path]) -> bool:
    """Ask whether what is on disk counts, of files that an editor shows otherwise."""
    names = ", ".join(sorted({path.name for path in unsaved}))
    have = "has" if len(unsaved) == 1 else "have"
    question = Question(
        f"{names} {have} edits that are not saved",
        (
            "An installer reads what is on disk, and not what the editor shows.",
            "Save now and go on, or go on with what is on disk.",
        ),
        "Go on",
    )
    return await conversation.confirm(question)


async def may_create(conversation: Conversation, folder: Path) -> bool:
    """Ask whether an environment is to be made, since there is none."""
    question = Question(
        f"There is no environment for {written(folder)}",
        (f"One is made at {written(folder / USUAL_PLACE)}.",),
        "Create",
        "environment",
        Severity.INFO,
    )
    return await conversation.confirm(question)


# Which packages.


async def ask_requirements(conversation: Conversation) -> tuple[str, ...] | None:
    """Return requirements that somebody types."""

    async def problem(text: str) -> str | None:
        found = typed(text)
        return refusal_text(found, say=in_editor) if isinstance(found, Refusal) else None

    question = Input("Install Packages", "Packages, as for pip install", "packages")
    text = await conversation.input(question, problem)
    found = typed(text) if isinstance(text, str) else None
    return found if isinstance(found, tuple) else None


def typed(text: str) -> tuple[str, ...] | Refusal:
    """Return the requirements in a line: one with spaces in it, or several between spaces."""
    one = read_typed(text)
    if not isinstance(one, Refusal):
        return (text.strip(),)
    words = text.split()
    if len(words) < 2:
        return one
    for word in words:
        found = read_typed(word)
        if isinstance(found, Refusal):
            return found
    return tuple(words)


async def ask_installed(
    conversation: Conversation, installed: InstalledPackages, title: str, *, offers_all: bool
) -> tuple[str, ...] | None:
    """Return the names of installed packages that are meant; none of them for all.

    ``None``, too, if nothing was chosen where that does not mean all.
    """
    items = [PickItem(_ALL, "All packages", icon="check-all")] if offers_all else []
    for key in sorted(own_projects(installed)):
        found = installed.by_name[key]
        detail = "" if found.editable is None else f"editable, {written(found.editable)}"
        is_seed = key in SEEDS
        items.append(PickItem(key, found.name, found.version, detail, is_secondary=is_seed))
    pick = Pick(title, "Which packages?", "packages")
    chosen = await conversation.pick_many(pick, at_once(*items))
    if not isinstance(chosen, tuple) or not chosen:
        return None
    return () if _ALL in chosen else tuple(chosen)


def _relative(path: Path, folder: Path) -> str:
    return written(path.relative_to(folder)) if path.is_relative_to(folder) else written(path)
