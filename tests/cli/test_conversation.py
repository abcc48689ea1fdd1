"""Questions at a terminal: what is shown, what an answer means, where nobody is asked."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pinfold.cli.conversation import TerminalConversation
from pinfold.cli.terminal import Screen
from pinfold.core.environments.conversation import (
    Action,
    Back,
    Button,
    CannotAsk,
    Input,
    Offer,
    Pick,
    Picked,
    PickItem,
    Preview,
    Question,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Mapping

    from pinfold.core.environments.conversation import Conversation

Result = TypeVar("Result")

PICK = Pick("Environment", "Which?", "environment")
ITEMS = (
    PickItem("a", ".venv", "Python 3.12", "it is the nearest", "Recommended", is_picked=True),
    PickItem("b", "venv", "Python 3.11", group="This project", buttons=(Button("x", "Rebuild"),)),
    PickItem("c", "tool\x1b[2J", "Python 3.9", group="This project"),
)
NAME = Input("Name", "How is it to be called?", "name", value=".venv")
QUESTION = Question("Remove it?", ("It holds 3 packages.",), "Remove")
PLAN = Preview("Install", ("+ flask 3.1.0",), (Action("do", "Install"), Action("dry", "Show")))
ONE = Preview("Install", ("+ flask 3.1.0",), (Action("do", "Install"),))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


class Person:
    """Somebody who types lines, and what he sees meanwhile."""

    def __init__(self, *lines: str, agrees: bool = False, is_there: bool = True) -> None:
        self.seen = Terminal()
        self._lines = list(lines)
        self.conversation: Conversation = TerminalConversation(
            Screen(self.seen, color=False),
            self._read if is_there else None,
            options={"environment": "--env DIR"},
            agrees=agrees,
            is_dumb=True,
        )

    @property
    def text(self) -> str:
        """Everything that he has seen."""
        return self.seen.getvalue()

    def has_more(self) -> bool:
        """Return whether he was not asked for all that he would have typed."""
        return bool(self._lines)

    def _read(self) -> str:
        return f"{self._lines.pop(0)}\n" if self._lines else ""


def done(asking: Coroutine[Any, Any, Result]) -> Result:
    """Return what was answered."""
    return asyncio.run(asking)


async def offers() -> AsyncIterator[Offer]:
    """Yield one item, then all."""
    yield Offer(ITEMS[:1], is_last=False)
    yield Offer(ITEMS)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["2"], Picked("b")),
        (["2 rebuild"], Picked("b", "x")),
        (["2 nonsense", "1"], Picked("a")),
        (["0", "4", "9" * 30, "², ", "3"], Picked("c")),
        (["3.11"], Picked("b")),
        (["venv"], Picked("b")),
        (["VENV"], Picked("b")),
        (["python", "1"], Picked("a")),
        (["nothing like it", "1"], Picked("a")),
        (["b", "q"], None),
        ([""], None),
        ([], None),
    ],
    ids=str,
)
def test_pick(lines: list[str], expected: Picked | None) -> None:
    """A number chooses, or a text that stands in one item alone; else it is asked again."""
    person = Person(*lines)

    assert expected == done(person.conversation.pick(PICK, offers()))
    assert not person.has_more()


def test_list() -> None:
    """A list has groups, details, and nothing in it that a terminal would obey."""
    person = Person("q")
    done(person.conversation.pick(PICK, offers()))

    assert (
        "Environment\n"
        "  Recommended\n"
        "  1  .venv        Python 3.12\n"
        "     it is the nearest\n"
        "  This project\n"
        "  2  venv         Python 3.11 (Rebuild)\n"
        "  3  tool\\x1b[2J  Python 3.9\n"
        "Which? [number or text, q for none]: "
    ) == person.text


def test_text_leaves_those_it_stands_in() -> None:
    """Where a text stands in several, these are shown, with the numbers that they had."""
    person = Person("python 3.1", "2")
    picked = done(person.conversation.pick(PICK, offers()))

    assert Picked("b") == picked
    assert 1 == person.text.count("tool")
    assert 2 == person.text.count("2  venv")


def test_back() -> None:
    """Where there is a question before, a letter leads back to it."""
    pick = Pick("Environment", "Which?", "environment", can_go_back=True)

    assert Back.BACK is done(Person("b").conversation.pick(pick, offers()))
    assert Back.BACK is done(Person("b").conversation.pick_many(pick, offers()))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["1,3"], ("a", "c")),
        (["2-3 2"], ("b", "c")),
        (["3, 1"], ("a", "c")),
        (["all"], ("a", "b", "c")),
        (["none"], ()),
        ([""], ("a",)),
        (["q"], None),
        ([], None),
        (["0", "4", "3-1", "1-", "x", "1-2-3", "-2", f"1-{'9' * 5000}", "2"], ("b",)),
    ],
    ids=str,
)
def test_many(lines: list[str], expected: tuple[str, ...] | None) -> None:
    """Numbers and spans choose; an empty line takes what is marked; nonsense is asked again."""
    person = Person(*lines)

    assert expected == done(person.conversation.pick_many(PICK, offers()))
    assert not person.has_more()
    assert "[x] .venv" in person.text


@pytest.mark.parametrize(
    ("lines", "expected"),
    [(["env"], "env"), ([""], ".venv"), (["a/b", "ab"], "ab"), ([], None), (["a/b"], None)],
    ids=str,
)
def test_text(lines: list[str], expected: str | None) -> None:
    """An empty line is what stands there; what is wrong is said, and asked again."""

    async def problem(text: str) -> str | None:
        return "a name has no slash" if "/" in text else None

    person = Person(*lines)

    assert expected == done(person.conversation.input(NAME, problem))
    assert ("a name has no slash" in person.text) == ("a/b" in lines)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("y", True), ("YES", True), ("n", False), ("", False), ("no", False), ("q", False)],
)
def test_agreement(line: str, *, expected: bool) -> None:
    """Only a yes agrees."""
    person = Person(line)

    assert expected is done(person.conversation.confirm(QUESTION))
    assert "Remove it?\n  It holds 3 packages.\nRemove? [y/N] " == person.text


def test_agreement_that_is_neither() -> None:
    """What is neither yes nor no is asked again; the end of the input is a no."""
    assert done(Person("maybe", "y").conversation.confirm(QUESTION))
    assert not done(Person("maybe").conversation.confirm(QUESTION))


def test_agreed_before() -> None:
    """Whoever said yes before is shown everything and asked nothing, terminal or not."""
    person = Person(agrees=True, is_there=False)

    assert done(person.conversation.confirm(QUESTION))
    assert "do" == done(person.conversation.preview(PLAN))
    assert "do" == done(person.conversation.preview(ONE))
    assert "+ flask 3.1.0" in person.text
    assert "[y/N]" not in person.text


@pytest.mark.parametrize(
    ("lines", "expected"), [(["1"], "do"), (["0", "x", "2"], "dry"), (["q"], None), ([], None)]
)
def test_preview(lines: list[str], expected: str | None) -> None:
    """What would be done is printed, and of several things to do a number chooses one."""
    person = Person(*lines)

    assert expected == done(person.conversation.preview(PLAN))
    assert person.text.startswith("Install\n  + flask 3.1.0\n  1  Install\n  2  Show\n")


@pytest.mark.parametrize(("line", "expected"), [("y", "do"), ("", None)])
def test_preview_with_one_thing_to_do(line: str, expected: str | None) -> None:
    """One thing to do is done or not."""
    assert expected == done(Person(line).conversation.preview(ONE))


def test_nobody_is_there() -> None:
    """Without a terminal, each question names the option that answers it; the plan is shown."""
    person = Person(is_there=False)
    conversation = person.conversation
    questions = {
        "--env DIR": (conversation.pick(PICK, offers()), conversation.pick_many(PICK, offers())),
        "--name": (conversation.input(NAME),),
        "--yes": (
            conversation.confirm(QUESTION),
            conversation.preview(PLAN),
            conversation.preview(ONE),
        ),
    }
    for option, asked in questions.items():
        for asking in asked:
            with pytest.raises(CannotAsk, match=f"`{option}`") as caught:
                asyncio.run(asking)
            assert option == caught.value.argument

    assert 2 == person.text.count("+ flask 3.1.0")


@pytest.mark.parametrize(
    ("streams", "environment", "expected"),
    [
        ("both", {}, True),
        ("both", {"CI": ""}, True),
        ("both", {"CI": "false"}, True),
        ("both", {"CI": "true"}, False),
        ("both", {"CI": "1"}, False),
        ("stdin", {}, False),
        ("stderr", {}, False),
    ],
)
def test_who_is_asked(
    streams: str,
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    expected: bool,
) -> None:
    """Somebody is asked where input and messages are a terminal's, and never in CI."""
    for name in ("stdin", "stderr"):
        kind = Terminal if streams in (name, "both") else io.StringIO
        monkeypatch.setattr(sys, name, kind("y\n" if name == "stdin" else ""))
    conversation = TerminalConversation.of_this_process(environment)
    try:
        agreed = done(conversation.confirm(QUESTION))
    except CannotAsk:
        agreed = False

    assert expected is agreed


def test_told() -> None:
    """What needs no answer is a line, or several, and says how bad it is."""
    person = Person()
    person.conversation.tell("done\nand seen \x07")
    person.conversation.tell("old", Severity.WARNING)
    person.conversation.tell("gone", Severity.ERROR)

    assert "done\nand seen \\x07\nwarning: old\nerror: gone\n" == person.text


def test_progress_in_lines() -> None:
    """Where there are no bars, each thing that is said is a line, once."""

    async def work(conversation: Conversation) -> None:
        async with conversation.progress("Installing", is_measured=True) as progress:
            for message in ("flask", "flask", "", "jinja2 \x1b"):
                await asyncio.to_thread(progress.report, message, 10.0)

    person = Person()
    done(work(person.conversation))

    assert "Installing\n  flask\n  jinja2 \\x1b\n" == person.text


def test_bars() -> None:
    """Bars are above each other, from any thread, and make room for what else is said and asked."""

    async def work(conversation: Conversation) -> bool:
        async with conversation.progress("[bold]One", is_measured=True) as one:
            one.report("[red]fl\x1bask", 40.0)
            async with conversation.progress("Two") as two:

                def report() -> None:
                    for number in range(50):
                        two.report(str(number))

                threads = [threading.Thread(target=report) for _ in range(4)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    await asyncio.to_thread(thread.join)
                conversation.tell("said between")
            two.report("too late")
            return await conversation.confirm(QUESTION)

    seen = Terminal()
    conversation = TerminalConversation(Screen(seen, color=False), lambda: "y\n")

    assert done(work(conversation))
    text = seen.getvalue()
    assert "said between\n" in text
    assert "[bold]One" in text
    assert "[red]fl\\x1bask" in text
    assert "Remove? [y/N] " in text
    # While there are bars, the cursor is hidden: it is shown for what is said and asked.
    for said in ("said between", "Remove? [y/N] "):
        before = text[: text.index(said)]
        assert before.rindex("\x1b[?25h") > before.rindex("\x1b[?25l")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")


# In a process, with a real terminal.

PROGRAM = """
import asyncio, os, sys
from threading import Event
from pinfold.cli.conversation import TerminalConversation, converse
from pinfold.core.blocking import to_the_end
from pinfold.core.environments.conversation import Input, Question

async def work(conversation):
    name = await conversation.input(Input("Name", "How?", "name"))
    async with conversation.progress("Working", is_measured=True) as progress:
        progress.report("half-way", 50)
        if name != "wait":
            return name
        def block(cancelled):
            print("blocked", flush=True)
            cancelled.wait()
            print("put back", flush=True)
        try:
            await to_the_end(block)
        finally:
            print("said", await conversation.input(Input("More", "More?", "more")), flush=True)

conversation = TerminalConversation.of_this_process(os.environ)
try:
    print(converse(work(conversation)))
except KeyboardInterrupt:
    print("interrupted")
"""


class Pty:
    """A program that has a terminal for its input and its messages; what it prints is piped."""

    def __init__(self) -> None:
        import pty

        self.master, slave = pty.openpty()
        server = Path(__file__).resolve().parents[2] / "server"
        variables = {name: value for name, value in os.environ.items() if name != "CI"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            env={**variables, "PYTHONPATH": str(server), "TERM": "xterm"},
            text=True,
        )
        os.close(slave)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Wait until *text* is shown."""
        import select

        while text not in self.shown:
            assert select.select([self.master], [], [], 30.0)[0], self.shown
            self.shown += os.read(self.master, 4096).decode()

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self.master, f"{line}\n".encode())

    def end(self) -> str:
        """Return what was printed, once the process is gone."""
        # What it still shows must be read, or it would wait.
        reader = threading.Thread(target=self._drain, daemon=True)
        reader.start()
        output, _ = self.process.communicate(timeout=30)
        reader.join(30)
        return output

    def _drain(self) -> None:
        try:
            while data := os.read(self.master, 4096):
                self.shown += data.decode("utf-8", "replace")
        except OSError:
            return


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
def test_real_terminal() -> None:
    """What is typed at a real terminal is read, with letters of all kinds."""
    terminal = Pty()
    terminal.wait_for("How?: ")
    terminal.type("grün")

    assert "grün\n" == terminal.end()
    assert 0 == terminal.process.returncode


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize(
    ("number", "status", "last"),
    [(signal.SIGINT, 0, "interrupted\n"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
def test_ended_in_the_middle(number: int, status: int, last: str) -> None:
    """Whoever ends the program, even twice, waits for what it puts back."""
    terminal = Pty()
    terminal.wait_for("How?: ")
    terminal.type("wait")
    terminal.wait_for("half-way")
    assert terminal.process.stdout is not None
    blocked = terminal.process.stdout.readline()
    terminal.process.send_signal(number)
    terminal.wait_for("More?: ")
    terminal.process.send_signal(number)
    terminal.type("good")

    assert "blocked\n" == blocked
    assert f"put back\nsaid good\n{last}" == terminal.end()
    assert status == terminal.process.returncode


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
def test_interrupted_while_asked() -> None:
    """Whoever is asked can leave; the thread that waits for his line keeps nothing."""
    terminal = Pty()
    terminal.wait_for("How?: ")
    terminal.process.send_signal(signal.SIGINT)

    assert "interrupted\n" == terminal.end()
    assert 0 == terminal.process.returncode
    assert "Fatal" not in terminal.shown
