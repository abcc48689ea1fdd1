"""Messages over a pair of pipes, and work beside the event loop.

Owns the framing (``Content-Length``), the limits on it, and threads that nobody has to wait for.
Knows nothing of what a message says.

pygls' own loop is not used: it hands each header line and each body to a thread pool (half a
millisecond a message), ends the process with status 0 whatever happened, and gives no answer to
what it cannot read.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_MESSAGE_BYTES = 256 * 1024 * 1024
"""The longest message that is read: a document of 16 Mi characters, each of them escaped."""

MAX_HEADER_BYTES = 64 * 1024

STUCK_AFTER_S = 0.4
"""A session without a client that makes no progress for so long, twice over, is ended by force."""

_CHUNK_BYTES = 1 << 18
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

_Result = TypeVar("_Result")


class Framing:
    """Takes a stream of bytes apart into message bodies; a value that grows by :meth:`feed`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        self._skip = 0

    def feed(self, data: bytes) -> list[bytes | None]:
        """Return the bodies that *data* completes; ``None`` for each that could not be read."""
        bodies: list[bytes | None] = []
        self._buffer += data
        while self._advance(bodies):
            pass
        return bodies

    def _advance(self, bodies: list[bytes | None]) -> bool:
        if self._skip:
            skipped = min(self._skip, len(self._buffer))
            del self._buffer[:skipped]
            self._skip -= skipped
            return self._skip == 0
        if self._length is None:
            return self._read_header(bodies)
        if len(self._buffer) < self._length:
            return False
        bodies.append(bytes(self._buffer[: self._length]))
        del self._buffer[: self._length]
        self._length = None
        return True

    def _read_header(self, bodies: list[bytes | None]) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end == -1:
            if len(self._buffer) > MAX_HEADER_BYTES:
                # No header is that long; what follows may be one again.
                del self._buffer[:-3]
                bodies.append(None)
            return False
        # The last one counts, for what stands before it may be rubbish of any kind.
        lengths = _LENGTH.findall(self._buffer[:end])
        del self._buffer[: end + 4]
        if not lengths:
            bodies.append(None)
            return True
        length = int(lengths[-1])
        if length > MAX_MESSAGE_BYTES:
            self._skip = length
            bodies.append(None)
        else:
            self._length = length
        return True


class Output:
    """The way to the client; `on_lost` is called once when there is none any more."""

    def __init__(self, descriptor: int, on_lost: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_lost = on_lost
        self._is_lost = False

    def close(self) -> None:
        """Say that the session is over; what is still said goes nowhere."""
        self._is_lost = True

    def send(self, body: str) -> None:
        """Send one message. Waits for a client that is slow to read."""
        encoded = body.encode("utf-8", "backslashreplace")
        # Not through sys.stdout: what its buffer still held when a client vanished would be
        # written, and fail, once more at exit.
        rest = memoryview(b"Content-Length: %d\r\n\r\n%b" % (len(encoded), encoded))
        try:
            while rest and not self._is_lost:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self._is_lost = True
            self._on_lost()


class Input:
    """Reads messages in a daemon thread; every function it is given is called in the loop.

    A bare descriptor in a thread works for pipes, files and consoles on every system, and keeps
    neither a lock nor the process when the session is over.
    """

    def __init__(
        self, descriptor: int, on_body: Callable[[bytes | None], None], on_end: Callable[[], None]
    ) -> None:
        self._descriptor = descriptor
        self._on_body = on_body
        self._on_end = on_end
        self._received = 0
        self._handled = 0
        self._is_over = threading.Event()

    def start(self) -> None:
        """Begin to read; from within a running loop."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), name="pinfold-input", daemon=True).start()

    def close(self) -> None:
        """Say that the session is over; what is still read is not handed on."""
        self._is_over.set()

    def has_more(self) -> bool:
        """Return whether messages have come in that are not handled yet."""
        return self._received > self._handled

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        framing = Framing()
        data = b"?"
        while data:
            try:
                data = os.read(self._descriptor, _CHUNK_BYTES)
            except OSError:
                data = b""
            bodies = framing.feed(data)
            self._received += len(bodies)
            for body in bodies:
                if not call_in(loop, self._handle, body):
                    return
        call_in(loop, self._on_end)
        self._end_a_stuck_process()

    def _handle(self, body: bytes | None) -> None:
        # Before it is handled: what a message brings about may ask whether there are others.
        self._handled += 1
        if not self._is_over.is_set():
            self._on_body(body)

    def _end_a_stuck_process(self) -> None:
        # The client is gone. The loop ends by itself, unless it waits for somebody to read what it
        # writes, or is at work on something large that nobody wants any more.
        handled = -1
        while not self._is_over.wait(STUCK_AFTER_S):
            if self._handled == handled:
                os._exit(1)
            handled = self._handled


def in_background(work: Callable[[], _Result], on_done: Callable[[_Result | None], None]) -> None:
    """Run *work* in a thread and call *on_done* in the loop with its result, ``None`` if it failed.

    Not `asyncio.to_thread`: the interpreter waits for that one's threads before it ends, and when
    the client is gone nothing may be waited for.
    """
    loop = asyncio.get_running_loop()

    def run() -> None:
        result: _Result | None = None
        try:
            result = work()
        finally:
            call_in(loop, on_done, result)

    threading.Thread(target=run, name="pinfold-work", daemon=True).start()


def call_in(
    loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object
) -> bool:
    """Have *function* called in *loop*, from any thread; false if the session is over."""
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        # The loop is closed: the session is over.
        return False
    return True


async def in_thread(work: Callable[[], _Result]) -> _Result:
    """Return what *work* returns, or raise what it raises; it runs in a thread of its own.

    Whoever is cancelled waits no more, while the thread goes on to its end. Not
    `asyncio.to_thread`, for the reason that :func:`in_background` gives.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Result] = loop.create_future()

    def succeed(result: _Result) -> None:
        if not done.done():
            done.set_result(result)

    def fail(error: Exception) -> None:
        if not done.done():
            done.set_exception(error)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            call_in(loop, fail, error)
        else:
            call_in(loop, succeed, result)

    threading.Thread(target=run, name="pinfold-work", daemon=True).start()
    return await done
