"""``workspace/executeCommand``: who asks for what, in which form, and who ends it.

Owns every task that a command starts: a cancellation, in whichever way it comes, the end of the
session and a client that is gone end it, and what it then has to put back is waited for. What a
command does is :mod:`pinfold.lsp.environment_commands`, which is imported beside the event loop
with the first command.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from pinfold.core.environments.conversation import CannotAsk
from pinfold.core.formats.secrets import masked
from pinfold.features.markup import without_backticks
from pinfold.lsp.command_table import (
    ACTIVE,
    COMMANDS_BY_ID,
    POINTED_AT,
    UNTRUSTED,
    UNTRUSTED_AND_HOW,
    ArgumentKind,
)
from pinfold.lsp.convert import path_of_uri
from pinfold.lsp.late_answers import REQUEST_CANCELLED
from pinfold.lsp.progress import CommandProgress, ProgressTokens
from pinfold.lsp.transport import in_thread
from pinfold.lsp.ui import (
    SHOW_MESSAGE,
    VALIDATE_INPUT,
    MessageConversation,
    OpenQuestions,
    PickerConversation,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from pinfold.core.environments.conversation import Conversation, Severity
    from pinfold.features.environment_status import OtherSelection
    from pinfold.features.environments import Json
    from pinfold.lsp.command_table import Argument, Command
    from pinfold.lsp.documents import Documents
    from pinfold.lsp.handshake import ToolSettings
    from pinfold.lsp.install_failures import FailedLine
    from pinfold.lsp.late_answers import LateAnswer, LateAnswers
    from pinfold.lsp.machine import Machine
    from pinfold.lsp.progress import Token
    from pinfold.lsp.ui import Peer

    ArgumentValue = Path | str | bool | tuple[str, ...] | tuple[Path, ...]
    Arguments = Mapping[str, ArgumentValue]
    Handler = Callable[["Session", Arguments], Awaitable[object]]

_LOGGER = logging.getLogger("pinfold.lsp")

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REQUEST_FAILED = -32803

PROBES = "probes"
"""What interpreters that are asked about themselves go by in the background."""

RECOVERY = "recovery"
"""What the putting back of what an earlier session has left goes by in the background."""


class CommandFailed(Exception):
    """A command could not do what it is for; the message says why, to people.

    `data` says it to programs, where they have something to do about it.
    """

    data: Mapping[str, str] | None = None

    def __init__(self, message: str, code: int = REQUEST_FAILED) -> None:
        super().__init__(message)
        self.code = code


class BadArguments(CommandFailed):
    """What a client sent is not what the command takes."""

    def __init__(self, message: str) -> None:
        super().__init__(message, INVALID_PARAMS)


class NeedsTrust(CommandFailed):
    """*what* runs programs, and the workspace is not trusted.

    With *has_ui*, the client shows a button that leads to trust, by the reason in `data`.
    """

    data = MappingProxyType({"reason": "untrusted"})

    def __init__(self, what: str, *, has_ui: bool) -> None:
        super().__init__(f"{what} {UNTRUSTED if has_ui else UNTRUSTED_AND_HOW}")


class Host(Protocol):
    """What commands need of the session around them.

    `is_trusted` is what the client says of the workspace, ``None`` if it says nothing. `tools` is
    what it says of installers, `other_selections` of what other programs have selected.
    """

    documents: Documents | None
    is_trusted: bool | None
    tools: ToolSettings
    other_selections: Mapping[Path, OtherSelection]

    def look_again(self) -> None:
        """Look at the environments now."""
        ...

    def tell_failures(self, failures: Mapping[Path, Sequence[FailedLine]]) -> None:
        """Show these lines as those at which an installation has failed, and no others."""
        ...


class Answer(Protocol):
    """The way back to whoever has asked for a command."""

    on_cancelled: Callable[[], object]

    def give(self, result: str) -> None:
        """Answer with *result*, which is JSON."""
        ...

    def refuse(self, code: int, message: str, data: Mapping[str, str] | None = None) -> None:
        """Answer with an error."""
        ...


class Background:
    """What the commands of a session share: what reads the machine, and what goes on behind them.

    Owns its tasks; lives as long as the session.
    """

    def __init__(self) -> None:
        self._machine: Machine | None = None
        self._making: asyncio.Future[Machine] | None = None
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._is_over = False

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

    def cancel(self, key: object) -> None:
        """End the work of that key, if it is under way; it may be begun anew at once."""
        task = self._tasks.pop(key, None)
        if task is not None:
            self._ending.add(task)
            task.cancel()

    async def over(self, key: object) -> None:
        """Return once the work of that key is at its end, or was not begun."""
        task = self._tasks.get(key)
        if task is not None:
            await asyncio.wait({task})

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """What is not at its end yet."""
        return {*self._tasks.values(), *self._ending}

    @property
    def is_over(self) -> bool:
        """Whether the session is at its end, and nobody is there to be told anything."""
        return self._is_over

    def stop(self) -> None:
        """End everything."""
        self._is_over = True
        for key in tuple(self._tasks):
            self.cancel(key)

    def _ended(self, key: object, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        self._ending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOGGER.error("work in the background failed", exc_info=task.exception())


@dataclass(frozen=True, slots=True)
class Session:
    """What one command works with; `conversation` is the way to whoever asked for it.

    `begin_command` begins another, for whoever has pressed a button.
    """

    host: Host
    peer: Peer
    documents: Documents
    conversation: Conversation
    background: Background
    abilities: Abilities
    begin_command: Callable[[str, Arguments], None]

    @property
    def has_ui(self) -> bool:
        """Whether the client has an interface of its own."""
        return self.abilities.has_ui

    async def machine(self) -> Machine:
        """Return what reads this machine."""
        return await self.background.machine()

    def begin_once(self, key: object, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do *work* in the background, unless that of the same key is under way."""
        self.background.begin_once(key, work)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the client can do: show pickers, previews, progress that the server begins; edit.

    `shows_documents` if it can be asked to show a file, `applies_edits` if it changes files on
    demand, `has_versions` if such a change may say of which version it is, `creates_files` and
    `deletes_files` if it may make a file or take one away.
    """

    has_ui: bool = False
    has_preview: bool = False
    has_progress: bool = False
    shows_documents: bool = False
    applies_edits: bool = False
    has_versions: bool = False
    creates_files: bool = False
    deletes_files: bool = False


class Commands:
    """Runs commands; lives as long as the session.

    *more* are commands beyond those that are declared, with what does them. With *recovers*, what
    an earlier session has left half-way is put back.
    """

    def __init__(
        self,
        host: Host,
        peer: Peer,
        documents: Documents,
        answers: LateAnswers,
        abilities: Abilities,
        more: Mapping[Command, Handler] = MappingProxyType({}),
        *,
        recovers: bool = True,
    ) -> None:
        self._host = host
        self._peer = peer
        self._documents = documents
        self._answers = answers
        self._abilities = abilities
        self._more = more
        self._by_id = {**COMMANDS_BY_ID, **{command.id: command for command in more}}
        self._handlers: Mapping[str, Handler] | None = None
        self._background = Background()
        self._questions = OpenQuestions()
        self._tokens = ProgressTokens(can_create=abilities.has_progress)
        self._executions: set[_Execution] = set()
        self._is_to_recover = recovers
        self._validations: set[asyncio.Task[None]] = set()

    def execute(self, identifier: int | str, params: object) -> None:
        """Begin what a request asks for; it is answered later, and ends when it is cancelled."""
        self.recover()
        answer = self._answers.begin(identifier)
        try:
            command, arguments = parsed_params(params, self._by_id)
        except BadArguments as error:
            answer.refuse(error.code, str(error))
            return
        self._begin(command, arguments, answer, _token_of(params))

    def begin(self, identifier: str, arguments: Arguments) -> None:
        """Begin a command that somebody has asked for by a button; he is told if it fails."""
        self._begin(self._by_id[identifier], arguments, _Unanswered(self._peer), None)

    def recover(self) -> None:
        """Put back, once in a session, what an earlier one has left half-way."""
        if self._is_to_recover:
            self._is_to_recover = False
            self._background.begin_once(RECOVERY, self._recover)

    def read_variables(self, prefix: Path, take: Callable[[Sequence[Json]], None]) -> None:
        """Read, behind everything else, what is set for terminals in which *prefix* is active."""
        work = partial(self._read_variables, prefix, take)
        self._background.begin_once(("terminal variables", prefix), work)

    async def _read_variables(self, prefix: Path, take: Callable[[Sequence[Json]], None]) -> None:
        from pinfold.lsp.terminal_commands import terminal_variables

        take(await terminal_variables(await self._background.machine(), prefix))

    async def _recover(self) -> None:
        told = await in_thread(_recovered)
        for message, severity in told:
            MessageConversation(self._peer, self._own_progress()).tell(message, severity)
        if told:
            self._host.look_again()

    def _own_progress(self) -> CommandProgress:
        return CommandProgress(self._peer, self._tokens, None, lambda: None)

    def _begin(
        self, command: Command, arguments: Arguments, answer: Answer, token: Token | None
    ) -> None:
        if command.needs_trust and self._host.is_trusted is False:
            refusal = NeedsTrust(command.name, has_ui=self._abilities.has_ui)
            answer.refuse(refusal.code, str(refusal), refusal.data)
            return
        execution = _Execution(answer)
        progress = CommandProgress(self._peer, self._tokens, token, execution.cancel)
        session = self._session(progress)
        work = self._run(command, session, arguments, answer, progress)
        execution.begin(asyncio.get_running_loop().create_task(work))
        self._executions.add(execution)

        def over(_task: asyncio.Task[None]) -> None:
            self._executions.discard(execution)
            # Once more, for a command that was cancelled before it had begun.
            progress.close()

        execution.task.add_done_callback(over)

    def validate_input(self, identifier: int | str, params: object) -> None:
        """Begin to answer what is wrong with what somebody is typing."""
        answer = self._answers.begin(identifier)
        input_id = params.get("inputId") if isinstance(params, dict) else None
        value = params.get("value") if isinstance(params, dict) else None
        if not isinstance(input_id, str) or not isinstance(value, str):
            answer.refuse(INVALID_PARAMS, f"{VALIDATE_INPUT} takes `inputId` and `value`")
            return
        work = self._validate(input_id, value, answer)
        task = asyncio.get_running_loop().create_task(work)
        answer.on_cancelled = task.cancel
        self._validations.add(task)
        task.add_done_callback(self._validations.discard)

    def cancel_progress(self, token: Token) -> None:
        """End the command that shows its progress by *token*."""
        self._tokens.cancel(token)

    def trust_changed(self) -> None:
        """End what only a trusted workspace allows, and nobody has asked for."""
        if self._host.is_trusted is not True:
            self._background.cancel(PROBES)

    def stop(self) -> None:
        """End everything; :meth:`finish` waits for the end."""
        for execution in tuple(self._executions):
            execution.cancel()
        for task in tuple(self._validations):
            task.cancel()
        self._background.stop()

    async def finish(self, timeout_s: float) -> bool:
        """End everything, and return whether it came to its end in time.

        A command that is cancelled may have to end a process tree, and to put things back.
        """
        self.stop()
        tasks = {execution.task for execution in self._executions}
        tasks |= self._validations | self._background.tasks
        if not tasks:
            return True
        _, pending = await asyncio.wait(tasks, timeout=timeout_s)
        return not pending

    def _session(self, progress: CommandProgress) -> Session:
        conversation: Conversation
        if self._abilities.has_ui:
            conversation = PickerConversation(
                self._peer,
                self._questions,
                progress,
                has_preview=self._abilities.has_preview,
            )
        else:
            conversation = MessageConversation(self._peer, progress)
        return Session(
            self._host,
            self._peer,
            self._documents,
            conversation,
            self._background,
            self._abilities,
            self.begin,
        )

    async def _run(
        self,
        command: Command,
        session: Session,
        arguments: Arguments,
        answer: Answer,
        progress: CommandProgress,
    ) -> None:
        try:
            if self._handlers is None:
                more = {command.id: handler for command, handler in self._more.items()}
                self._handlers = {**await in_thread(_handlers), **more}
            try:
                if any(one.name in arguments for one in POINTED_AT):
                    arguments = await _aimed(command, session, arguments)
                result = await self._handlers[command.id](session, arguments)
            finally:
                progress.close()
        except CommandFailed as error:
            answer.refuse(error.code, masked(str(error)), error.data)
        except CannotAsk as error:
            answer.refuse(REQUEST_FAILED, masked(f"{command.name}: {error}"))
        except asyncio.CancelledError:
            # Usually it is answered by now, save where the command has ended itself.
            answer.refuse(REQUEST_CANCELLED, f"{command.name} was cancelled")
            raise
        except Exception:
            _LOGGER.exception("%s failed", command.id)
            answer.refuse(INTERNAL_ERROR, "internal error; the log of the server says more")
        else:
            answer.give(masked(json.dumps(result)))

    async def _validate(self, input_id: str, value: str, answer: LateAnswer) -> None:
        try:
            problem = await self._questions.problem(input_id, value)
        except Exception:
            # The text is looked at once more when it is entered.
            _LOGGER.exception("what is typed could not be looked at")
            problem = None
        shown = None if problem is None else without_backticks(problem)
        answer.give(masked(json.dumps({"problem": shown})))


class _Unanswered:
    """Takes the answer to a command for which nobody waits, and tells people of a failure."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.on_cancelled: Callable[[], object] = lambda: None

    def give(self, result: str) -> None:
        """Do nothing: what there is to tell, the command has told."""

    def refuse(self, code: int, message: str, data: Mapping[str, str] | None = None) -> None:
        """Tell why it was not done."""
        del data
        if code != REQUEST_CANCELLED:
            self._peer.tell(SHOW_MESSAGE, {"type": 1, "message": message})


class _Execution:
    """One command under way."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._is_cancelled = False
        self.task: asyncio.Task[None]

    def begin(self, task: asyncio.Task[None]) -> None:
        """Take over the task."""
        self.task = task
        self._answer.on_cancelled = self.cancel

    def cancel(self) -> None:
        """End it, whoever asks for that.

        Once and no more: a second cancellation, as by a shutdown after a cancelled request, would
        end the cleaning up that the first has begun.
        """
        if self._is_cancelled:
            return
        self._is_cancelled = True
        self._answer.refuse(REQUEST_CANCELLED, "the command was cancelled")
        self.task.cancel()


def parsed_params(
    params: object, commands: Mapping[str, Command] = MappingProxyType(COMMANDS_BY_ID)
) -> tuple[Command, Arguments]:
    """Return the command that ``ExecuteCommandParams`` name, and its arguments by name.

    Legal are no argument, null, and one JSON object.

    Raises:
        BadArguments: they are malformed.
    """
    name = params.get("command") if isinstance(params, dict) else None
    command = commands.get(name) if isinstance(name, str) else None
    if command is None:
        raise BadArguments(f"there is no command {name!r:.100}")
    assert isinstance(params, dict)
    given = params.get("arguments")
    if given is None or given in ([], [None]):
        return command, {}
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        raise BadArguments(f"{command.id} takes no argument, null, or one JSON object")
    known = {argument.name: argument for argument in command.accepted}
    arguments: dict[str, ArgumentValue] = {}
    for field, value in given[0].items():
        if field not in known:
            raise BadArguments(f"{command.id} takes no `{field:.100}`")
        if field == ACTIVE.name and isinstance(value, str) and _path(value) is None:
            # An editor may show what is no file; that says nothing of what is meant.
            continue
        if value is not None:
            arguments[field] = _parsed(command, known[field], value)
    return command, arguments


def _parsed(command: Command, argument: Argument, value: object) -> ArgumentValue:
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
        case ArgumentKind.TEXTS if isinstance(value, list):
            texts = [text for text in value if isinstance(text, str) and text]
            if len(texts) == len(value):
                return tuple(texts)
        case ArgumentKind.PATHS if isinstance(value, list):
            paths = [path for text in value if isinstance(text, str) and (path := _path(text))]
            if len(paths) == len(value):
                return tuple(paths)
    raise BadArguments(f"`{argument.name}` of {command.id} has to be {kind.value}")


def _path(text: str) -> Path | None:
    from pinfold.core.files import is_local_path

    if "\0" in text:
        return None
    if text.startswith("file:"):
        return path_of_uri(text)
    path = Path(text)
    return path if path.is_absolute() and is_local_path(text) else None


def _token_of(params: object) -> Token | None:
    token = params.get("workDoneToken") if isinstance(params, dict) else None
    return token if isinstance(token, (int, str)) and not isinstance(token, bool) else None


def _new_machine() -> Machine:
    from pinfold.lsp.machine import Machine

    return Machine()


def _handlers() -> Mapping[str, Handler]:
    from pinfold.lsp import (
        debug_commands,
        environment_commands,
        operation_commands,
        package_commands,
        terminal_commands,
        tree_commands,
    )

    return {
        **debug_commands.HANDLERS,
        **environment_commands.HANDLERS,
        **operation_commands.HANDLERS,
        **package_commands.HANDLERS,
        **terminal_commands.HANDLERS,
        **tree_commands.HANDLERS,
    }


async def _aimed(command: Command, session: Session, arguments: Arguments) -> Arguments:
    # With the handlers, and not before them: it reads what they read.
    from pinfold.lsp.command_targets import aimed

    return await aimed(command, session, arguments)


def _recovered() -> tuple[tuple[str, Severity], ...]:
    from pinfold.core.environments.places import state_folder
    from pinfold.lsp.recovery import recover

    return recover(state_folder())
