"""``workspace/executeCommand``: who asks for what, in which form, and who ends it.

Owns every task that a command starts: a cancellation, the end of the session and a client that is
gone end it. What a command does is :mod:`pinfold.lsp.environment_commands`, which is imported
beside the event loop with the first command.
"""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pinfold.core.environments.conversation import CannotAsk
from pinfold.core.formats.secrets import masked
from pinfold.lsp.command_table import COMMANDS_BY_ID, ArgumentKind
from pinfold.lsp.convert import path_of_uri
from pinfold.lsp.transport import in_thread
from pinfold.lsp.ui import MessageConversation, PickerConversation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from pinfold.core.environments.conversation import Conversation
    from pinfold.lsp.command_table import Argument, Command
    from pinfold.lsp.documents import Documents
    from pinfold.lsp.late_answers import LateAnswer, LateAnswers
    from pinfold.lsp.machine import Machine
    from pinfold.lsp.ui import Peer

    Arguments = Mapping[str, "Path | str | bool"]
    Handler = Callable[["Session", Arguments], Awaitable[object]]

_LOGGER = logging.getLogger("pinfold.lsp")

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REQUEST_FAILED = -32803


class CommandFailed(Exception):
    """A command could not do what it is for; the message says why, to people."""

    def __init__(self, message: str, code: int = REQUEST_FAILED) -> None:
        super().__init__(message)
        self.code = code


class BadArguments(CommandFailed):
    """What a client sent is not what the command takes."""

    def __init__(self, message: str) -> None:
        super().__init__(message, INVALID_PARAMS)


class Host(Protocol):
    """What commands need of the session around them."""

    documents: Documents | None

    def look_again(self) -> None:
        """Look at the environments now."""
        ...


class Session:
    """What a command works with."""

    def __init__(self, host: Host, peer: Peer, documents: Documents, *, has_ui: bool) -> None:
        self.host = host
        self.peer = peer
        self.documents = documents
        self.has_ui = has_ui
        self.conversation: Conversation = (
            PickerConversation(peer) if has_ui else MessageConversation(peer)
        )
        self._machine: Machine | None = None
        self._making: asyncio.Future[Machine] | None = None
        self._tasks: dict[object, asyncio.Task[None]] = {}

    async def machine(self) -> Machine:
        """Return what reads this machine; made beside the loop, with the first use."""
        if self._machine is None:
            if self._making is None:
                self._making = asyncio.ensure_future(in_thread(_new_machine))
            # Shielded: one command that is cancelled must not take the machine from the others.
            self._machine = await asyncio.shield(self._making)
        return self._machine

    def begin_once(self, key: object, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do *work* in the background, unless that of the same key is under way."""
        if key in self._tasks:
            return
        task = asyncio.get_running_loop().create_task(work())
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))

    def stop(self) -> None:
        """End what goes on in the background."""
        for task in tuple(self._tasks.values()):
            task.cancel()

    def _ended(self, key: object, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            _LOGGER.error("work in the background failed", exc_info=task.exception())


class Commands:
    """Runs commands; lives as long as the session."""

    def __init__(self, session: Session, answers: LateAnswers) -> None:
        self._session = session
        self._answers = answers
        self._handlers: Mapping[str, Handler] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def execute(self, identifier: int | str, params: object) -> None:
        """Begin what a request asks for; it is answered later, and ends when it is cancelled."""
        answer = self._answers.begin(identifier)
        try:
            command, arguments = parsed_params(params)
        except BadArguments as error:
            answer.refuse(error.code, str(error))
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._run(command, arguments, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        answer.on_cancelled = task.cancel

    def stop(self) -> None:
        """End everything."""
        for task in tuple(self._tasks):
            task.cancel()
        self._session.stop()

    async def _run(self, command: Command, arguments: Arguments, answer: LateAnswer) -> None:
        try:
            if self._handlers is None:
                self._handlers = await in_thread(_handlers)
            result = await self._handlers[command.id](self._session, arguments)
        except CommandFailed as error:
            answer.refuse(error.code, masked(str(error)))
        except CannotAsk as error:
            answer.refuse(REQUEST_FAILED, masked(f"{command.id}: {error}"))
        except Exception:
            _LOGGER.exception("%s failed", command.id)
            answer.refuse(INTERNAL_ERROR, "internal error; the log of the server says more")
        else:
            answer.give(masked(json.dumps(result)))


def parsed_params(params: object) -> tuple[Command, Arguments]:
    """Return the command that ``ExecuteCommandParams`` name, and its arguments by name.

    Legal are no argument, null, and one JSON object.

    Raises:
        BadArguments: they are malformed.
    """
    name = params.get("command") if isinstance(params, dict) else None
    command = COMMANDS_BY_ID.get(name) if isinstance(name, str) else None
    if command is None:
        raise BadArguments(f"there is no command {name!r:.100}")
    assert isinstance(params, dict)
    given = params.get("arguments")
    if given is None or given in ([], [None]):
        return command, {}
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        raise BadArguments(f"{command.id} takes no argument, null, or one JSON object")
    known = {argument.name: argument for argument in command.arguments}
    arguments: dict[str, Path | str | bool] = {}
    for field, value in given[0].items():
        if field not in known:
            raise BadArguments(f"{command.id} takes no `{field:.100}`")
        if value is not None:
            arguments[field] = _parsed(command, known[field], value)
    return command, arguments


def _parsed(command: Command, argument: Argument, value: object) -> Path | str | bool:
    kind = argument.kind
    match kind:
        case ArgumentKind.FLAG if isinstance(value, bool):
            return value
        case ArgumentKind.TEXT if isinstance(value, str) and value:
            return value
        case ArgumentKind.ENVIRONMENT if value in ("none", "automatic"):
            return str(value)
        case ArgumentKind.PATH | ArgumentKind.ENVIRONMENT if isinstance(value, str):
            path = _path(value)
            if path is not None:
                return path
    raise BadArguments(f"`{argument.name}` of {command.id} has to be {kind.value}")


def _path(text: str) -> Path | None:
    from pinfold.core.files import is_local_path

    if "\0" in text:
        return None
    if text.startswith("file:"):
        return path_of_uri(text)
    path = Path(text)
    return path if path.is_absolute() and is_local_path(text) else None


def _new_machine() -> Machine:
    from pinfold.lsp.machine import Machine

    return Machine()


def _handlers() -> Mapping[str, Handler]:
    from pinfold.lsp.environment_commands import HANDLERS

    return HANDLERS
