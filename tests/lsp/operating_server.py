"""A server with commands that take long, ask and need trust, as those do that change something.

Owns what each of them leaves behind for a test to see. They are not among the declared ones, so
that tests of how a command is run do not depend on what any of them does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from pinfold.core.blocking import to_the_end
from pinfold.core.environments.conversation import Input, Pick, PickItem, Question, at_once
from pinfold.core.process import Stream, run
from pinfold.lsp import server
from pinfold.lsp.command_table import FOLDER, Command
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from pinfold.lsp.commands import Arguments, Session

MARK = "PINFOLD_TEST_OPERATION"
PUT_BACK = "put-back"
FIFO = "fifo"
STUBBORN_FINISH_S = 1.0

# It does not end when it is asked to, so that ending it takes as long as it may.
_PROGRAM = 'trap "" TERM; echo half-way; while :; do sleep 1; done'


async def operate(session: Session, arguments: Arguments) -> object:
    """Run a process until it is cancelled, end it, and put something back."""
    folder = arguments["folder"]
    assert isinstance(folder, Path)
    async with session.conversation.progress("Operating", is_measured=True) as progress:

        def work(cancelled: Event) -> str:
            def on_output(_stream: Stream, line: str) -> None:
                progress.report(line, 50)

            ended = run(
                ["/bin/sh", "-c", _PROGRAM],
                cwd=folder,
                env={"PATH": os.defpath, MARK: str(folder)},
                deadline_s=60.0,
                on_output=on_output,
                cancelled=cancelled,
                grace_s=0.5,
            )
            (folder / PUT_BACK).write_text(ended.ending.name)
            return ended.ending.name

        return await to_the_end(work)


async def tidy_up(session: Session, arguments: Arguments) -> object:
    """Wait; when cancelled, wait for a line in a FIFO, and put something back."""
    folder = arguments["folder"]
    assert isinstance(folder, Path)
    async with session.conversation.progress("Waiting"):
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            # What a second cancellation would interrupt.
            await in_thread((folder / FIFO).read_text)
            (folder / PUT_BACK).write_text("CANCELLED")
    return None


async def be_stubborn(session: Session, arguments: Arguments) -> object:
    """Never come to an end, cancelled or not."""
    async with session.conversation.progress("Waiting"):
        await to_the_end(lambda _cancelled: Event().wait())
    return None


async def be_quick(session: Session, arguments: Arguments) -> object:
    """Show progress twice."""
    for title in ("First", "Second"):
        async with session.conversation.progress(title, is_cancellable=False):
            pass
    return {"done": True}


async def name_it(session: Session, arguments: Arguments) -> object:
    """Ask for a name without a slash, for parts, and for agreement."""

    async def problem(text: str) -> str | None:
        if text == "crash":
            raise ValueError(text)
        return "a name has no slash" if "/" in text else None

    conversation = session.conversation
    name = await conversation.input(Input("Name", "How?", "name"), problem)
    parts = await conversation.pick_many(
        Pick("Parts", "Which?", "parts"), at_once(PickItem("a", "A"), PickItem("b", "B"))
    )
    agreed = await conversation.confirm(Question("Really?", ("It is final.",), "Do it"))
    return {"name": name, "parts": parts, "agreed": agreed}


COMMANDS = {
    Command("test.operate", "Operate", "", (FOLDER,), needs_trust=True): operate,
    Command("test.tidy", "Tidy up", "", (FOLDER,)): tidy_up,
    Command("test.stubborn", "Stubborn", ""): be_stubborn,
    Command("test.quick", "Quick", ""): be_quick,
    Command("test.name", "Name", ""): name_it,
}

if __name__ == "__main__":
    if "--impatient" in sys.argv:
        server.FINISH_S = STUBBORN_FINISH_S
    sys.exit(server.serve_stdio(reads_environments=False, more_commands=COMMANDS))
