"""A port on loopback that leads to a socket in the file system.

A server that is cut off from every network listens on such a socket, which no network namespace
hides, and a browser knows ports only.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 65_536


class Relay(ThreadingTCPServer):
    """Hands on every connection, for the length of the ``with``; *place* need not be there yet."""

    daemon_threads = True

    def __init__(self, place: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.place = place

    @property
    def port(self) -> int:
        """The port."""
        port: int = self.server_address[1]
        return port

    def __enter__(self) -> Relay:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.shutdown()
        self.server_close()


class _Connection(BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as there:
            try:
                there.connect(str(self.server.place))
            except OSError:
                # As where nobody listens on a port.
                return
            back = Thread(target=_hand_on, args=(there, self.request), daemon=True)
            back.start()
            _hand_on(self.request, there)
            back.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    # Either end may go at any time.
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
