"""The language server as a process: start, standard streams, end.

Owns what a process has one of: logging, the two pipes, the exit status. What is said over the pipes
is :mod:`pinfold.lsp.protocol`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer

from pinfold import __version__
from pinfold.lsp.protocol import PinfoldProtocol
from pinfold.lsp.transport import Input, Output, call_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from pygls.server import ServerErrors

    from pinfold.lsp.command_table import Command
    from pinfold.lsp.commands import Handler

_LOGGER = logging.getLogger("pinfold.lsp")


class Server(LanguageServer):
    """pygls' server with our protocol; shows nobody an error of its own."""

    protocol: PinfoldProtocol

    def __init__(self) -> None:
        super().__init__("pinfold", __version__, protocol_cls=PinfoldProtocol)

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        """Log what went wrong; whoever asked for something has been answered already."""
        if source is not FeatureRequestError:
            _LOGGER.error("a notification was not handled", exc_info=error)


FINISH_S = 6.0
"""How long what was under way at the end of a session may take to put back what it has changed."""


def serve_stdio(
    *,
    reads_environments: bool = True,
    more_commands: Mapping[Command, Handler] = MappingProxyType({}),
) -> int:
    """Serve one client over standard input and output; return the exit status.

    0 after `shutdown` and `exit`, 1 if the client left in any other way. Without
    *reads_environments*, files are judged by themselves alone. *more_commands* are those beyond
    the declared ones.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    # It logs whole messages, and with them whatever is in the user's files.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    # A document of 10,000 lines is some 100,000 objects, none of them in a circle. Looking through
    # all of them for circles takes 40 ms, and by default would come with every hundredth key.
    gc.set_threshold(50_000, 50, 100)
    try:
        return asyncio.run(
            _serve(
                sys.stdin.fileno(),
                sys.stdout.fileno(),
                reads_environments=reads_environments,
                more_commands=more_commands,
            )
        )
    except KeyboardInterrupt:
        return 1


async def _serve(
    input_descriptor: int,
    output_descriptor: int,
    *,
    reads_environments: bool,
    more_commands: Mapping[Command, Handler],
) -> int:
    if os.name != "nt":
        # The two may share a socket that somebody has set otherwise.
        os.set_blocking(input_descriptor, True)
        os.set_blocking(output_descriptor, True)
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(status: int) -> None:
        source.close()
        # What is put back from now on has nobody to tell, and must not wait for one who reads.
        output.close()
        if not over.done():
            over.set_result(status)

    protocol = Server().protocol
    output = Output(output_descriptor, lambda: end(1))
    source = Input(input_descriptor, protocol.receive, lambda: end(1))
    protocol.send_text = output.send
    protocol.has_input = source.has_more
    protocol.end = end
    protocol.reads_environments = reads_environments
    protocol.more_commands = more_commands
    _end_on_signals(end)
    source.start()
    status = await over
    if not await protocol.finish(FINISH_S):
        _LOGGER.warning("what was under way did not end in time; the next start puts it back")
        # The event loop would wait for it.
        os._exit(status)
    return status


def _end_on_signals(end: Callable[[int], None]) -> None:
    """Have whoever ends the process by a signal that can be noticed wait for what is put back."""
    loop = asyncio.get_running_loop()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        call_in(loop, end, 128 + number)
        # The loop may be waiting for a client that does not read.
        timer = threading.Timer(FINISH_S + 1.0, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, on_signal)
