"""Operations run, and what people are told of what became of them.

Owns the question about edits that are not saved, the buttons under a message, and the lines at
which an installation has failed. What is asked for is :mod:`pinfold.lsp.operation_commands`'.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.conversation import Severity
from pinfold.core.environments.operations.prepared import UnreadableFile
from pinfold.core.environments.operations.requests import Create, Rebuild, Remove, Undo
from pinfold.core.environments.operations.runner import Outcome, Result, run_operation
from pinfold.core.model.text import TextRange
from pinfold.core.model.wording import in_editor
from pinfold.features.operations import (
    asked_files,
    cancelled_text,
    failure_message,
    installable_files,
    outcome_text,
    plan_lines,
)
from pinfold.lsp.command_places import ask_machine, place_at
from pinfold.lsp.convert import to_range, uri_of_path
from pinfold.lsp.environment_search import search_anew, tell_of_inventory
from pinfold.lsp.failure_log import failure_log
from pinfold.lsp.install_failures import FailedLine
from pinfold.lsp.operation_questions import may_go_on_unsaved
from pinfold.lsp.requirements_files import unsaved_files
from pinfold.lsp.saving import Saver
from pinfold.lsp.transport import in_thread
from pinfold.lsp.ui import SHOW_MESSAGE_REQUEST, ClientRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.formats.document import Document
    from pinfold.core.model.plan import Plan
    from pinfold.lsp.commands import Arguments, Session
    from pinfold.lsp.operation_scene import Scene

LOG_MESSAGE = "window/logMessage"
SHOW_DOCUMENT = "window/showDocument"

_UNDO, _SHOW_LOG = "Undo", "Show Log"


async def run_and_tell(
    scene: Scene,
    request: Request,
    said: Sequence[str],
    files: Sequence[Path] = (),
    *,
    save: Path | None = None,
) -> Outcome:
    """Do it, once it was agreed to, and tell of the outcome.

    *files* are those that it installs from, and *save* is one that is written when it is done.
    """
    session = scene.session
    snapshot = scene.snapshot
    unsaved = await in_thread(
        partial(unsaved_files, session.documents.snapshot, snapshot, tuple(files))
    )
    if unsaved and not scene.only_preview:
        if not await may_go_on_unsaved(scene.conversation, unsaved):
            return Outcome(Result.DECLINED)
        # He may have saved meanwhile.
        snapshot = scene.snapshot

    def render(plan: Plan) -> Sequence[str]:
        lines = plan_lines(plan, scene.shown, say=in_editor)
        return [f"Environment: {scene.shown(plan.prefix)}", *lines]

    saver = Saver(scene, request, save)
    try:
        outcome = await run_operation(
            request,
            scene.bench,
            scene.conversation,
            partial(installable_files, snapshot),
            render=render,
            said=("pinfold", *said),
            only_preview=scene.only_preview,
            amend=saver.amend,
        )
    except asyncio.CancelledError:
        if not scene.only_preview:
            _tell_cancelled(scene, request)
        raise
    finally:
        # Whatever became of it: what was put back has been something else meanwhile.
        session.host.look_again()
    try:
        outcome = await saver.finish(outcome)
    except asyncio.CancelledError:
        # The environment is as it was to be, and stays so.
        if not session.background.is_over:
            await _tell(scene, request, saver.cancelled(outcome))
        raise
    await _log_failure(scene, request, said, outcome)
    await _tell(scene, request, outcome)
    return outcome


async def _log_failure(
    scene: Scene, request: Request, said: Sequence[str], outcome: Outcome
) -> None:
    """Leave in the client's log what a message on the screen is soon gone with."""
    if outcome.failure is None:
        return
    command = ("pinfold", *said)
    text = await in_thread(
        partial(failure_log, command, request.prefix, outcome.failure, outcome.log)
    )
    params = {"type": _MESSAGE_TYPES[Severity.ERROR], "message": text}
    scene.session.peer.tell(LOG_MESSAGE, params)


def _running_on(text: str) -> str:
    """Return lines as sentences: a message of an editor may have no lines, and then drops them."""
    lines = text.split("\n")
    return " ".join(line if line.endswith(".") else f"{line}." for line in lines)


def _tell_cancelled(scene: Scene, request: Request) -> None:
    """Say that all is as it was before, unless that is because the session ends."""
    session = scene.session
    if not session.background.is_over:
        is_new = isinstance(request, Create) and not request.is_over
        text = cancelled_text(request.verb, scene.shown(request.prefix), is_new=is_new)
        session.conversation.tell(text, Severity.INFO)


async def _tell(scene: Scene, request: Request, outcome: Outcome) -> None:
    session, projects = scene.session, (scene.place.project,)
    text = outcome_text(outcome, scene.shown(request.prefix), say=in_editor)
    match outcome.result:
        case Result.DONE:
            assert outcome.done is not None
            undoing: Arguments = {
                "folder": scene.folder,
                "environment": request.prefix,
                "id": outcome.done.entry,
                "yes": True,
            }
            if isinstance(request, Undo):
                _offer(session, text, Severity.INFO, {})
            else:
                undo_it = partial(session.begin_command, "pinfold.undo", undoing)
                _offer(session, text, Severity.INFO, {_UNDO: undo_it})
            session.host.tell_failures({})
            tell_of_inventory(session, projects)
        case Result.FAILED:
            session.host.tell_failures(await in_thread(partial(_failed_lines, scene, outcome)))
            assert outcome.failure is not None
            text, log = failure_message(outcome.failure), outcome.log
            actions: dict[str, Callable[[], None]] = {}
            if log is not None and session.abilities.shows_documents:
                actions[_SHOW_LOG] = partial(_show_file, session, log)
            elif log is not None:
                text = f"{text} All that was said: {log}"
            _offer(session, text, Severity.ERROR, actions)
        case Result.REFUSED:
            refusal = outcome.refusal
            command = " ".join(refusal.command or ()) if refusal is not None else ""
            # What Pinfold itself does, the palette does.
            if not command.startswith("pinfold ") and command not in text:
                text = f"{text}: {command}"
            _offer(session, text, Severity.WARNING, {})
        case Result.NOTHING_TO_DO:
            session.host.tell_failures({})
            _offer(session, _running_on(text), Severity.INFO, {})
        case Result.PREVIEWED | Result.DECLINED:
            pass
    for sentence in outcome.unsaved:
        session.conversation.tell(sentence, Severity.WARNING)
    if outcome.result is Result.DONE and isinstance(request, (Create, Remove, Rebuild, Undo)):
        await search_anew(session, scene.machine, projects)


def _offer(
    session: Session, message: str, severity: Severity, actions: Mapping[str, Callable[[], None]]
) -> None:
    """Say something, with buttons; nobody waits until one is pressed."""
    if not actions:
        session.conversation.tell(message, severity)
        return

    async def ask() -> None:
        params = {
            "type": _MESSAGE_TYPES[severity],
            "message": message,
            "actions": [{"title": title} for title in actions],
        }
        try:
            answer = await session.peer.ask(SHOW_MESSAGE_REQUEST, params)
        except ClientRefused:
            session.conversation.tell(message, severity)
            return
        action = actions.get(answer.get("title", "")) if isinstance(answer, dict) else None
        if action is not None:
            action()

    session.begin_once(object(), ask)


_MESSAGE_TYPES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}


def _show_file(session: Session, path: Path) -> None:
    async def show() -> None:
        params = {"uri": uri_of_path(path), "takeFocus": True}
        try:
            await session.peer.ask(SHOW_DOCUMENT, params)
        except ClientRefused:
            session.conversation.tell(f"All that was said: {path}", Severity.INFO)

    session.begin_once(object(), show)


async def choose_if_not_found(scene: Scene, prefix: Path) -> None:
    """Keep a new environment as that of the folder, unless it is the one that is found anyway."""
    now = await place_at(scene.session, scene.folder)
    if now.selection.prefix != prefix:
        await ask_machine(partial(scene.machine.choose, scene.folder, prefix))
        scene.session.host.look_again()


def _failed_lines(scene: Scene, outcome: Outcome) -> Mapping[Path, Sequence[FailedLine]]:
    """Return the lines that ask for what could not be installed. Blocks."""
    failure = outcome.failure
    assert failure is not None
    found: dict[Path, list[FailedLine]] = {}
    snapshot = scene.snapshot
    for asker in failure.askers:
        if asker.path is None or asker.line is None:
            continue
        try:
            file, *_ = asked_files(snapshot, [asker.path])
        except UnreadableFile:
            continue
        document = file.document
        place = to_range(document, _line(document, asker.line), scene.session.documents.encoding)
        found.setdefault(asker.path, []).append(FailedLine(place, failure.cause))
    return found


def _line(document: Document, number: int) -> TextRange:
    """Return the text of a line, without what is blank around it."""
    table = document.table
    start = table.line_start(min(number, len(table) - 1))
    end = table.line_start(number + 1) if number + 1 < len(table) else len(document.text)
    text = document.text[start:end]
    start += len(text) - len(text.lstrip())
    return TextRange(start, max(start, start + len(text.strip())))
