"""Questions to the person at the terminal, and how far something is.

Owns how a question is put there: lists with numbers, y or n, a line of text; and that nobody is
asked where nobody sits: in CI, or where input or messages do not go to a terminal. Everything is
said on standard error, since what is printed may be read by a program. What is asked, and what
becomes of the answer, is the business of whoever asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pinfold.cli.terminal import Ink, Progress, Screen, is_terminal, visible
from pinfold.core.environments.conversation import Back, CannotAsk, Picked, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    import rich.progress

    from pinfold.core.environments import conversation
    from pinfold.core.environments.conversation import (
        Input,
        Offer,
        Pick,
        PickItem,
        Preview,
        Question,
        Validate,
    )

Result = TypeVar("Result")

_NOBODY = "nobody can be asked here, without a terminal"
_INKS = {Severity.INFO: "", Severity.WARNING: Ink.WARNING, Severity.ERROR: Ink.ERROR}
_HEADS = {Severity.INFO: "", Severity.WARNING: "warning: ", Severity.ERROR: "error: "}


def converse(operation: Coroutine[Any, Any, Result]) -> Result:
    """Return what an operation returns that was begun at a terminal.

    Whoever interrupts it, or ends the process by a signal that can be noticed (as a terminal does
    that is closed), waits for what it puts back.

    Raises:
        KeyboardInterrupt: it was interrupted.
        SystemExit: the process was told to end.
    """
    signals: list[int] = []

    async def work() -> Result:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def end(number: int) -> None:
            # Once: a second cancellation would end the cleaning up that the first has begun.
            if not signals:
                task.cancel()
            signals.append(number)

        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                # Windows has no such handlers; an interruption is asyncio's own business there.
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, end, number)
        return await operation

    try:
        return asyncio.run(work())
    except asyncio.CancelledError:
        if not signals:
            raise
        if signals[0] == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise SystemExit(128 + signals[0]) from None


class TerminalConversation:
    """With a person at a terminal, or with nobody.

    *options* are what people type for an argument (``--env`` for ``environment``); those that are
    not among them have its name. With *agrees*, ``--yes`` was given: what only has to be agreed to
    is not asked.
    """

    def __init__(
        self,
        screen: Screen,
        read_line: Callable[[], str] | None,
        *,
        options: Mapping[str, str] = MappingProxyType({}),
        agrees: bool = False,
        is_dumb: bool = False,
    ) -> None:
        self._screen = screen
        self._read_line = read_line
        self._options = options
        self._agrees = agrees
        self._lock = threading.Lock()
        self._bars = _Bars(screen) if is_terminal(screen.stream) and not is_dumb else None

    @classmethod
    def of_this_process(
        cls,
        environment: Mapping[str, str],
        *,
        color: str = "auto",
        options: Mapping[str, str] = MappingProxyType({}),
        agrees: bool = False,
    ) -> TerminalConversation:
        """Return the way to whoever has started this process; *color* is as for the output."""
        screen = Screen.of(sys.stderr, color, environment)
        source = sys.stdin if is_terminal(sys.stdin) and is_terminal(sys.stderr) else None
        is_ci = environment.get("CI", "").lower() not in ("", "0", "false")
        return cls(
            screen,
            None if source is None or is_ci else source.readline,
            options=options,
            agrees=agrees,
            is_dumb=is_ci or environment.get("TERM") == "dumb",
        )

    @property
    def has_bars(self) -> bool:
        """Whether progress is a bar, and not a line for each thing that is said."""
        return self._bars is not None

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> Picked | Back | None:
        """Show a list; a number chooses, and a text leaves those in which it stands."""
        self._check(pick.argument)
        items = await self._last(offers)
        shown = dict(enumerate(items, 1))
        self._show_list(pick.title, shown, many=False)
        hint = f"number or text, {'b to go back, ' if pick.can_go_back else ''}q for none"
        while True:
            line = await self._ask(f"{pick.placeholder} [{hint}]: ")
            if line is None or line in ("", "q"):
                return None
            if line == "b" and pick.can_go_back:
                return Back.BACK
            number, _, button = line.partition(" ")
            item = shown.get(_number(number))
            if item is not None:
                pressed = _button(item, button) if button else None
                if not button or pressed is not None:
                    return Picked(item.id, pressed)
            found = _matching(line, shown)
            if len(found) == 1:
                return Picked(next(iter(found.values())).id)
            if found:
                self._show_list(pick.title, found, many=False)
            else:
                self._say(f"there is no `{line}` among them", Ink.WARNING)

    async def pick_many(
        self, pick: Pick, offers: AsyncIterator[Offer]
    ) -> tuple[str, ...] | Back | None:
        """Show a list; several numbers choose."""
        self._check(pick.argument)
        items = await self._last(offers)
        shown = dict(enumerate(items, 1))
        self._show_list(pick.title, shown, many=True)
        back = "b to go back, " if pick.can_go_back else ""
        hint = f"1,3-5, all or none, {back}q to leave; the marked ones"
        while True:
            line = await self._ask(f"{pick.placeholder} [{hint}]: ")
            if line is None or line == "q":
                return None
            if line == "b" and pick.can_go_back:
                return Back.BACK
            if line == "":
                return tuple(item.id for item in items if item.is_picked)
            if line in ("all", "none"):
                return tuple(item.id for item in items if line == "all")
            numbers = _numbers(line, len(items))
            if numbers is not None:
                return tuple(shown[number].id for number in numbers)
            self._say(f"`{line}` is no list of numbers from 1 to {len(items)}", Ink.WARNING)

    async def input(self, question: Input, validate: Validate | None = None) -> str | Back | None:
        """Ask for a line; an empty one is what stands there at first."""
        self._check(question.argument)
        self._say(question.title, Ink.BOLD)
        default = f" [{question.value}]" if question.value else ""
        while True:
            line = await self._ask(f"{question.prompt}{default}: ")
            if line is None:
                return None
            text = line or question.value
            problem = None if validate is None else await validate(text)
            if problem is None:
                return text
            self._say(problem, Ink.WARNING)

    async def confirm(self, question: Question) -> bool:
        """Ask y or n; n is what an empty line says."""
        self._say(question.title, _INKS[question.severity] or Ink.BOLD)
        for detail in question.details:
            self._say(f"  {detail}")
        return await self._agreed(question.action, question.argument)

    async def preview(self, preview: Preview) -> str | None:
        """Print what would be done, and ask; whoever said yes before is not asked."""
        self._say(preview.title, _INKS[preview.severity] or Ink.BOLD)
        for text in preview.lines:
            self._say(f"  {text}")
        usual = preview.actions[0]
        if self._agrees or len(preview.actions) == 1:
            agreed = await self._agreed(usual.label, preview.argument)
            return usual.id if agreed else None
        self._check(preview.argument)
        for number, action in enumerate(preview.actions, 1):
            self._say(f"  {number}  {action.label}")
        while True:
            line = await self._ask(f"What is to be done? [1-{len(preview.actions)}, q for none]: ")
            if line is None or line in ("", "q"):
                return None
            if 1 <= _number(line) <= len(preview.actions):
                return preview.actions[_number(line) - 1].id
            self._say(f"there is no `{line}` among them", Ink.WARNING)

    def tell(self, message: str, severity: Severity = Severity.INFO) -> None:
        """Print it on standard error."""
        for line in message.split("\n"):
            self._say(f"{_HEADS[severity]}{line}", _INKS[severity])

    def progress(
        self, title: str, *, is_cancellable: bool = True, is_measured: bool = False
    ) -> AbstractAsyncContextManager[conversation.Progress]:
        """Show a bar on a terminal, and elsewhere a line for each step."""
        del is_cancellable  # whoever sits at a terminal can interrupt whatever he likes
        if self._bars is None:
            return _lines(self, title)
        return self._bars.bar(title, is_measured=is_measured)

    def _check(self, argument: str) -> None:
        if self._read_line is None:
            option = self._options.get(argument, f"--{argument}")
            raise CannotAsk(option, _NOBODY)

    async def _agreed(self, action: str, argument: str) -> bool:
        if self._agrees:
            return True
        self._check(argument)
        while True:
            line = await self._ask(f"{action}? [y/N] ")
            if line is None or line.lower() in ("", "n", "no", "q"):
                return False
            if line.lower() in ("y", "yes"):
                return True

    async def _ask(self, prompt: str) -> str | None:
        """Return a line without what stands around it, ``None`` at the end of the input."""
        read_line = self._read_line
        assert read_line is not None
        with self._bars.hidden() if self._bars else contextlib.nullcontext():
            self._screen.write(visible(prompt))
            _flush(self._screen)
            line = await _in_thread(read_line)
            if not line.endswith("\n"):
                # Whoever closed the input did not end the line of the question.
                self._screen.write("\n")
        return line.strip() if line else None

    async def _last(self, offers: AsyncIterator[Offer]) -> tuple[PickItem, ...]:
        items: tuple[PickItem, ...] = ()
        progress = Progress(self._screen.stream)
        try:
            async for offer in offers:
                items = offer.items
                progress.show(f"{len(items)} found, looking for more")
        finally:
            progress.hide()
        return items

    def _show_list(self, title: str, shown: Mapping[int, PickItem], *, many: bool) -> None:
        self._say(title, Ink.BOLD)
        width = len(str(max(shown, default=0)))
        room = max((len(visible(item.label)) for item in shown.values()), default=0)
        group = ""
        for number, item in shown.items():
            if item.group != group:
                group = item.group
                self._say(f"  {group}", Ink.DIM)
            mark = ("[x] " if item.is_picked else "[ ] ") if many else ""
            buttons = ", ".join(button.label for button in item.buttons)
            described = f"{item.description} ({buttons})" if buttons else item.description
            label = visible(item.label).ljust(room)
            self._say(f"  {number:>{width}}  {mark}{label}  {described}".rstrip())
            if item.detail:
                self._say(f"  {'':>{width}}  {item.detail}", Ink.DIM)

    def _say(self, text: str, ink: str = "") -> None:
        """Print a line, above the bars if there are any."""
        line = visible(text)
        with self._lock, self._bars.hidden() if self._bars else contextlib.nullcontext():
            self._screen.write(f"{self._screen.paint(line, ink) if ink else line}\n")
            _flush(self._screen)


class _Bars:
    """The bars of a terminal, as many as things are under way."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._shown: rich.progress.Progress | None = None
        self._count = 0
        self._hidden = 0

    @contextlib.asynccontextmanager
    async def bar(self, title: str, *, is_measured: bool) -> AsyncIterator[conversation.Progress]:
        """Show one bar."""
        shown = self._shown = self._shown or _new_bars(self._screen)
        task = shown.add_task(visible(title), total=None, message="")
        self._count += 1
        if self._count == 1:
            shown.start()
        try:
            yield _Bar(shown, task, is_measured=is_measured)
        finally:
            shown.remove_task(task)
            self._count -= 1
            if self._count == 0:
                shown.stop()

    @contextlib.contextmanager
    def hidden(self) -> Any:
        """Take the bars away, for as long as something else is written."""
        shown = self._shown if self._count and not self._hidden else None
        self._hidden += 1
        if shown is not None:
            shown.stop()
        try:
            yield
        finally:
            self._hidden -= 1
            if shown is not None and self._count:
                shown.start()


class _Bar:
    def __init__(
        self, shown: rich.progress.Progress, task: rich.progress.TaskID, *, is_measured: bool
    ) -> None:
        self._shown = shown
        self._task = task
        self._is_measured = is_measured
        self._percent = 0.0

    def report(self, message: str, percent: float | None = None) -> None:
        """Say how far it is; from any thread, which the bars see to themselves."""
        if percent is not None and self._is_measured:
            self._percent = max(self._percent, min(percent, 100.0))
        # Until there is something to measure, the bar only shows that it goes on.
        total = 100.0 if self._percent else None
        # A task that is over is none that could be updated.
        with contextlib.suppress(KeyError):
            self._shown.update(
                self._task, completed=self._percent, total=total, message=visible(message)
            )


@contextlib.asynccontextmanager
async def _lines(
    terminal: TerminalConversation, title: str
) -> AsyncIterator[conversation.Progress]:
    terminal.tell(title)
    yield _Lines(terminal)


class _Lines:
    """Where there are no bars: a line for each thing that is said."""

    def __init__(self, terminal: TerminalConversation) -> None:
        self._terminal = terminal
        self._last = ""

    def report(self, message: str, percent: float | None = None) -> None:
        """Print what has not just been said."""
        del percent
        if message and message != self._last:
            self._last = message
            self._terminal.tell(f"  {message}")


def _new_bars(screen: Screen) -> rich.progress.Progress:
    # Late: it takes longer to import than most verbs take.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
    from rich.table import Column

    message = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn(),
        # No markup: what is said may hold brackets of anybody's.
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[message]}", markup=False, table_column=message),
        console=Console(file=screen.stream, no_color=not screen.color),
        transient=True,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _button(item: PickItem, text: str) -> str | None:
    wanted = text.strip().casefold()
    for button in item.buttons:
        if wanted and wanted in (button.id.casefold(), button.label.casefold()):
            return button.id
    return None


def _matching(text: str, shown: Mapping[int, PickItem]) -> dict[int, PickItem]:
    """Return the items with *text*; one that is called just that is meant alone."""
    wanted = text.casefold()
    same = {number: item for number, item in shown.items() if item.label.casefold() == wanted}
    if len(same) == 1:
        return same
    return {
        number: item
        for number, item in shown.items()
        if wanted in f"{item.label} {item.description}".casefold()
    }


def _number(text: str) -> int:
    """Return the number that *text* is, 0 if it is none that stands before anything."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _numbers(text: str, count: int) -> tuple[int, ...] | None:
    """Return what ``1,3-5`` means, in order and once each; ``None`` if it means nothing."""
    found: set[int] = set()
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        begin, end = _number(first), _number(last if dash else first)
        if not 1 <= begin <= end <= count:
            return None
        found.update(range(begin, end + 1))
    return tuple(sorted(found))


def _flush(screen: Screen) -> None:
    if screen.stream is not None:
        screen.stream.flush()


async def _in_thread(work: Callable[[], Result]) -> Result:
    """Return what *work* returns; whoever is cancelled leaves the thread behind."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Sequence[Result], error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result[0])

    def run() -> None:
        result: list[Result] = []
        failure: Exception | None = None
        try:
            result.append(work())
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            failure = error
        with contextlib.suppress(RuntimeError):
            # Else the loop is closed, and nobody waits.
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="pinfold-reader", daemon=True).start()
    return await done
