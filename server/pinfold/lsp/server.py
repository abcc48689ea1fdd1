"""The language server as a process: start, standard streams, end.

Owns what a process has one of: logging, the two pipes, the exit status. What is said over the pipes
is :mod:`pinfold.lsp.protocol`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from typing import TYPE_CHECKING

from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer

from pinfold import __version__
from pinfold.lsp.protocol import PinfoldProtocol
from pinfold.lsp.transport import Input, Output

if TYPE_CHECKING:
    from pygls.server import ServerErrors

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


def serve_stdio(*, reads_environments: bool = True) -> int:
    """Serve one client over standard input and output; return the exit status.

    0 after `shutdown` and `exit`, 1 if the client left in any other way. Without
    *reads_environments*, files are judged by themselves alone.
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
            _serve(sys.stdin.fileno(), sys.stdout.fileno(), reads_environments=reads_environments)
        )
    except KeyboardInterrupt:
        return 1


async def _serve(input_descriptor: int, output_descriptor: int, *, reads_environments: bool) -> int:
    if os.name != "nt":
        # The two may share a socket that somebody has set otherwise.
        os.set_blocking(input_descriptor, True)
        os.set_blocking(output_descriptor, True)
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(status: int) -> None:
        source.close()
        if not over.done():
            over.set_result(status)

    protocol = Server().protocol
    output = Output(output_descriptor, lambda: end(1))
    source = Input(input_descriptor, protocol.receive, lambda: end(1))
    protocol.send_text = output.send
    protocol.has_input = source.has_more
    protocol.end = end
    protocol.reads_environments = reads_environments
    source.start()
    return await over
