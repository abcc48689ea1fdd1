"""The folder that a command is about, and the environment for it; how a result is said.

Owns what the commands have in common: who is asked which folder is meant, what is told of what the
machine refuses, the form in which a client gets paths and lines.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pinfold.core.environments.choices import ChoiceError
from pinfold.core.environments.conversation import Pick, Picked, PickItem, Severity, at_once
from pinfold.core.model.environment import EnvironmentState
from pinfold.features.markup import Markup, message, paragraphs
from pinfold.lsp.commands import BadArguments, CommandFailed
from pinfold.lsp.machine import Refused
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Json, Selection
    from pinfold.lsp.commands import Arguments, ArgumentValue, Session
    from pinfold.lsp.machine import Place

MAX_SHOWN_LINES = 25
"""How many lines of a result a client without an interface of its own is shown."""

Result = TypeVar("Result")


async def ask_machine(work: Callable[[], Result]) -> Result:
    """Return what the machine says, in a thread; what it refuses is told to whoever asked.

    Raises:
        CommandFailed: the machine refused.
    """
    try:
        return await in_thread(work)
    except (Refused, ChoiceError) as error:
        raise CommandFailed(str(error)) from error


async def place_of(
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
            there = "are several folders" if candidates else "is no folder"
            way_out = "open a file in the one that is meant" if candidates else "open one"
            raise BadArguments(f"there {there} that this may be about: {way_out}")
    return await place_at(session, as_path(folder), explains=explains)


async def place_at(session: Session, folder: Path, *, explains: bool = False) -> Place:
    """Return what is to be known of a folder.

    Raises:
        CommandFailed: there is no such folder, or it does not answer.
    """
    machine = await session.machine()
    snapshot = own_files(session.documents.snapshot)
    return await ask_machine(partial(machine.place, folder, snapshot, explains=explains))


async def _asked_folder(session: Session, candidates: Sequence[Path]) -> Path | None:
    items = tuple(
        PickItem(str(index), folder.name or str(folder), str(folder.parent))
        for index, folder in enumerate(candidates)
    )
    pick = Pick("Folder", "Which folder is this about?", "folder")
    picked = await session.conversation.pick(pick, at_once(*items))
    known = dict(zip((item.id for item in items), candidates, strict=True))
    return known.get(picked.id) if isinstance(picked, Picked) else None


async def needed_place(session: Session, arguments: Arguments) -> Place:
    """Return the folder that is meant, where nobody is to be asked.

    Raises:
        BadArguments: there are several, or none.
    """
    place = await place_of(session, arguments)
    # Only a person who was asked may have nothing to say.
    assert place is not None
    return place


class NoEnvironment(CommandFailed):
    """There is no environment for a folder that can be used; *why* says it otherwise than usual.

    A client shows buttons that lead to one, by the reason in `data`.
    """

    def __init__(self, selection: Selection, why: str | None = None) -> None:
        super().__init__(why or _why_none(selection))
        self.data = {"reason": "no-environment", "folder": written(selection.folder)}


def _why_none(selection: Selection) -> str:
    answer = selection.answer
    if answer.state is EnvironmentState.NONE:
        way_out = "run Select Environment or Create Environment"
        return f"no environment for {selection.folder}: {answer.reason}; {way_out}"
    return f"no environment for {selection.folder} that can be used: {answer.reason}"


def show(session: Session, text: str, severity: Severity) -> None:
    """Show a result; a client with an interface of its own does that where it likes."""
    if session.has_ui:
        return
    lines = text.split("\n")
    if len(lines) > MAX_SHOWN_LINES:
        left_out = len(lines) - MAX_SHOWN_LINES + 1
        lines = [*lines[: MAX_SHOWN_LINES - 1], f"… and {left_out:,} more lines"]
    session.conversation.tell("\n".join(lines), severity)


def markdown(text: str) -> str:
    """Return lines, each of which may quote anything, as a paragraph and a list."""
    first, *others = map(message, text.split("\n"))
    bullets = "\n".join(f"- {line.markdown}" for line in others)
    return paragraphs([first, Markup(bullets, bullets)]).markdown


def document(name: str, text: str) -> Json:
    """Return what a client shows somebody who has asked for it, as a document of that name."""
    return {"name": name, "text": text if text.endswith("\n") else f"{text}\n"}


def own_files(snapshot: Snapshot) -> Snapshot:
    """Return *snapshot* with files of its own, for a thread."""
    return replace(snapshot, disk=snapshot.disk.without(()))


def written(path: Path) -> str:
    """Return *path* for a client, which has no working directory that it could be relative to."""
    return path.as_posix()


def shown(path: Path, roots: Sequence[Path]) -> str:
    """Return *path* for a line that has little room: from its workspace folder, or from home."""
    names = [root.name for root in roots]
    for root in roots:
        if names.count(root.name) == 1 and root.name and path.is_relative_to(root):
            return (root.name / path.relative_to(root)).as_posix()
    home = _home()
    if home is not None and path != home and path.is_relative_to(home):
        return f"~/{path.relative_to(home).as_posix()}"
    return written(path)


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        # There is nobody of that name here.
        return None


def as_path(value: ArgumentValue) -> Path:
    """Return an argument that can be nothing but a path."""
    assert isinstance(value, Path)
    return value


def identity_path(identity: str) -> Path:
    """Return the path that an item's id is, which a client may have made up.

    Raises:
        CommandFailed: it is none.
    """
    path = Path(identity)
    if "\0" in identity or not path.is_absolute():
        raise CommandFailed("what the client says was chosen was not among the items")
    return path
