"""What a command is about where somebody has pointed at it: a menu's files, the file in front.

Owns into which arguments of a command that goes, so that a client need not know them. Whatever else
says the same counts before what a menu was opened on, and that before the file in front.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.lsp.command_places import as_path, ask_machine, own_files
from pinfold.lsp.command_table import ACTIVE, POINTED_AT, SELECTED, ArgumentKind
from pinfold.lsp.commands import BadArguments, CommandFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.features.projects import Pointed
    from pinfold.lsp.command_table import Command
    from pinfold.lsp.commands import Arguments, ArgumentValue, Session

_FILES = "files"

# Each of these says which folder is meant, so that nobody has to guess it from where he looks.
_SAY_FOLDER = ("folder", "file", "files", "requirements")

_SAY_WHERE = ("environment", "path")


async def aimed(command: Command, session: Session, arguments: Arguments) -> Arguments:
    """Return *arguments* with what was pointed at in the places where *command* takes it.

    Raises:
        CommandFailed: what was selected is not there, or more than the command takes.
    """
    pointers = {argument.name for argument in POINTED_AT}
    explicit = {name: value for name, value in arguments.items() if name not in pointers}
    taken = frozenset(argument.name for argument in command.arguments)
    selected, active = arguments.get(SELECTED.name), arguments.get(ACTIVE.name)
    # What is chosen for a folder may be anywhere; else, an environment is of where it lies.
    chosen = {one.name for one in command.arguments if one.kind is ArgumentKind.ENVIRONMENT}
    said = explicit
    if active is not None and chosen & explicit.keys() and _holds(explicit.get("folder"), active):
        # A view shows the environments of a whole workspace folder. Whoever takes one there means
        # it for the project of the file before him, and not for all the others in that folder.
        explicit = {name: value for name, value in said.items() if name != "folder"}
    if any(name in explicit for name in _SAY_FOLDER) or "folder" not in taken:
        return explicit
    if any(name in explicit and name not in chosen for name in _SAY_WHERE):
        return explicit
    if isinstance(selected, tuple) and selected:
        paths = [path for path in selected if isinstance(path, Path)]
        return {**explicit, **_of_selected(command, await _pointed(session, paths))}
    if active is None:
        return explicit
    try:
        (found,) = await _pointed(session, [as_path(active)])
    except CommandFailed:
        # A document that is nowhere yet, or not any more, says nothing of what is meant.
        return said
    return {**explicit, **_of_active(command, session, found)}


def _holds(folder: ArgumentValue | None, path: ArgumentValue) -> bool:
    return folder is not None and as_path(path).is_relative_to(as_path(folder))


async def _pointed(session: Session, paths: Sequence[Path]) -> tuple[Pointed, ...]:
    machine = await session.machine()
    snapshot = own_files(session.documents.snapshot)
    return await ask_machine(partial(machine.pointed_at, paths, snapshot))


def _of_selected(command: Command, found: Sequence[Pointed]) -> Arguments:
    files = tuple(one.file for one in found if one.file is not None)
    if command.for_files and len(files) == len(found):
        return {"folder": found[0].folder, command.for_files: files}
    folders = {one.folder: None for one in found}
    if len(folders) > 1:
        raise BadArguments(f"{command.name} is about one folder at a time")
    return {"folder": found[0].folder}


def _of_active(command: Command, session: Session, found: Pointed) -> Arguments:
    # Whoever makes an environment is asked what to install; where he looks does not tell.
    if found.file is not None and command.for_files == _FILES:
        return {"folder": found.folder, _FILES: (found.file,)}
    roots = session.documents.roots
    if roots and not any(found.path.is_relative_to(root) for root in roots):
        # A file of the library, or of another project: what is meant is the workspace.
        return {}
    return {"folder": found.folder}
