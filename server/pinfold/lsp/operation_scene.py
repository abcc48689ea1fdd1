"""What an operation works with: the folder, the environment that is meant, the way to a person.

Owns the reading of the arguments that all operations have, and what `yes` stands for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.history import standing
from pinfold.core.environments.changes.journal import Phase
from pinfold.core.environments.operations.prepared import managed_project_of
from pinfold.core.environments.planning.managers import refusal_of_project
from pinfold.core.model.environment import EnvironmentState
from pinfold.core.model.plan import Verb
from pinfold.core.model.wording import in_editor
from pinfold.features.operations import refusal_text
from pinfold.lsp.command_places import (
    NoEnvironment,
    as_path,
    ask_machine,
    place_at,
    place_of,
    written,
)
from pinfold.lsp.commands import RECOVERY, CommandFailed, NeedsTrust
from pinfold.lsp.operation_questions import USUAL_PLACE, may_create
from pinfold.lsp.requirements_files import on_disk
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.environments.conversation import Conversation, Preview, Question
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.environments.planning.refusal import Refusal
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.lsp.commands import Arguments, Session
    from pinfold.lsp.machine import Machine, Place


@dataclass(frozen=True, slots=True)
class Scene:
    """What one operation works with.

    `conversation` agrees by itself where that was asked for, and to nothing without trust.
    """

    session: Session
    machine: Machine
    bench: Workbench
    place: Place
    conversation: Conversation
    agrees: bool
    only_preview: bool

    @property
    def folder(self) -> Path:
        """The folder that it is about."""
        return self.place.folder

    @property
    def snapshot(self) -> Snapshot:
        """What is on disk now, which is what an installer reads."""
        return on_disk(self.session.documents.snapshot)

    def shown(self, path: Path) -> str:
        """Return a path for people: relative to the project if it is in there."""
        project = self.place.project
        return written(path.relative_to(project) if path.is_relative_to(project) else path)


async def scene_of(session: Session, arguments: Arguments) -> Scene | None:
    """Return what to work with; ``None`` if a person was asked for the folder, and does not say."""
    machine = await session.machine()
    # A plan that is made for a half-changed environment would be carried out on another one.
    await session.background.over(RECOVERY)
    place = await _place(session, arguments)
    if place is None:
        return None
    host = session.host
    untrusted = session.documents.roots if host.is_trusted is False else ()
    bench = await in_thread(partial(machine.workbench, host.tools, untrusted))
    agrees = arguments.get("yes") is True
    conversation = _Consent(session, is_given=agrees)
    only_preview = arguments.get("dryRun") is True
    return Scene(session, machine, bench, place, conversation, agrees, only_preview)


async def _place(session: Session, arguments: Arguments) -> Place | None:
    """Return the folder that is meant: that which was named, or that of what was named."""
    if "folder" not in arguments:
        named = [
            *(paths_of(arguments, "files") or ()),
            *(paths_of(arguments, "requirements") or ()),
        ]
        if named:
            parent = named[0].parent
            # pip takes paths from where it is started, which is rarely in there.
            return await place_at(
                session, parent.parent if parent.name == "requirements" else parent
            )
        environment = arguments.get("environment", arguments.get("path"))
        roots = session.documents.roots
        if environment is not None and len(roots) != 1:
            for root in (*roots, as_path(environment).parent):
                if as_path(environment).is_relative_to(root):
                    return await place_at(session, root)
    return await place_of(session, arguments, asks=True)


async def prefix_or_wish(
    scene: Scene, arguments: Arguments, names: Sequence[str] = (), files: Sequence[Path] = ()
) -> Path | bool:
    """Return the environment that is meant; whether to make one, where there is none.

    *names* and *files* are what is to be installed there.
    """
    if "environment" in arguments or scene.place.selection.prefix is not None:
        return await needed_prefix(scene, arguments)
    await refuse_for_manager(scene, names, files)
    answer = scene.place.selection.answer
    if answer.state is not EnvironmentState.NONE or answer.is_meant or scene.agrees:
        raise NoEnvironment(scene.place.selection)
    return await may_create(scene.conversation, scene.folder)


async def refuse_for_manager(
    scene: Scene, names: Sequence[str] = (), files: Sequence[Path] = ()
) -> None:
    """Refuse where there is no environment because the project's manager has not made it yet.

    Raises:
        CommandFailed: with what of the manager's makes it, with *names* and *files* in it.
    """
    answer = scene.place.selection.answer
    if answer.state is not EnvironmentState.NONE or answer.is_meant:
        return
    verb = Verb.INSTALL if names or files else Verb.CREATE

    def look() -> Refusal | None:
        for folder in dict.fromkeys((scene.folder, scene.place.project)):
            project = managed_project_of(folder / USUAL_PLACE, scene.bench.filesystem)
            if project is not None:
                named = [written(file) for file in files]
                return refusal_of_project(project, verb, names=names, files=named)
        return None

    refusal = await in_thread(look)
    if refusal is not None:
        raise CommandFailed(refusal_text(refusal, say=in_editor))


async def needed_prefix(scene: Scene, arguments: Arguments) -> Path:
    """Return the environment that is meant.

    Raises:
        CommandFailed: there is none.
    """
    named = arguments.get("environment")
    if named is not None:
        found = await ask_machine(partial(scene.machine.identified, as_path(named)))
        return found.prefix
    prefix = scene.place.selection.prefix
    if prefix is None:
        await refuse_for_manager(scene)
        raise NoEnvironment(scene.place.selection)
    return prefix


async def named_prefix(scene: Scene, arguments: Arguments) -> Path:
    """Return what was named, as it was: whether it may go is judged where that is known."""
    named = arguments.get("environment")
    if named is not None:
        return await in_thread(partial(prefix_at, as_path(named)))
    selection = scene.place.selection
    prefix = selection.prefix or selection.answer.unreadable
    if prefix is None:
        raise NoEnvironment(selection)
    return prefix


def prefix_at(path: Path) -> Path:
    """Return the environment at *path*, which may be an interpreter in it. Blocks."""
    if path.is_dir() or not os.path.lexists(path) or path.parent.name not in ("bin", "Scripts"):
        return path
    return path.parent.parent


def changed_last(bench: Workbench, place: Place, *, is_redo: bool) -> Path | None:
    """Return the environment that was changed last, of the project's and the one in use. Blocks.

    It need not be there any more.
    """
    history = bench.changes.journal.history()
    for entry in reversed(history):
        is_ours = entry.prefix == place.selection.prefix or entry.prefix.is_relative_to(
            place.project
        )
        if is_ours and entry.phase is Phase.DONE:
            stands = standing(history, entry.place)
            if (stands.next_to_redo if is_redo else stands.next_to_undo) is not None:
                return entry.prefix
    return place.selection.prefix


class _Consent:
    """A conversation in which nobody agrees to a plan unless the workspace is trusted by then.

    With *is_given*, somebody has agreed to everything already; he may still be asked.
    """

    def __init__(self, session: Session, *, is_given: bool) -> None:
        way = session.conversation
        self.pick, self.pick_many, self.input = way.pick, way.pick_many, way.input
        self.tell, self.progress = way.tell, way.progress
        self._way = way
        self._host = session.host
        self._has_ui = session.has_ui
        self._is_given = is_given

    async def confirm(self, question: Question) -> bool:
        """Ask, or agree and say to what, where that is more than what was asked for."""
        if not self._is_given:
            return await self._way.confirm(question)
        self._way.tell(question.title, question.severity)
        return True

    async def preview(self, preview: Preview) -> str | None:
        """Show a plan, or take the usual action.

        Raises:
            NeedsTrust: trust was taken back meanwhile.
        """
        action: str | None = preview.actions[0].id
        if not self._is_given:
            action = await self._way.preview(preview)
        if action is not None and self._host.is_trusted is False:
            # A plan may have been on show for long, and making it takes its time, too.
            raise NeedsTrust(preview.title, has_ui=self._has_ui)
        return action


def text_of(arguments: Arguments, name: str) -> str | None:
    """Return an argument that is a text, ``None`` if it was left out."""
    found = arguments.get(name)
    return found if isinstance(found, str) else None


def texts_of(arguments: Arguments, name: str) -> tuple[str, ...] | None:
    """Return an argument that is a list of texts, ``None`` if it was left out."""
    found = arguments.get(name)
    return tuple(str(text) for text in found) if isinstance(found, tuple) else None


def paths_of(arguments: Arguments, name: str) -> tuple[Path, ...] | None:
    """Return an argument that is a list of paths, ``None`` if it was left out."""
    found = arguments.get(name)
    if not isinstance(found, tuple):
        return None
    return tuple(path for path in found if isinstance(path, Path))
