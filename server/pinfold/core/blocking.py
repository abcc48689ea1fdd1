"""Work that blocks, on behalf of a coroutine: done in a thread, and ended with the coroutine.

Owns that whoever is cancelled comes back only when the thread has come to its end, so that
processes are gone and things are put back by then. Refuses to know what the work is.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOGGER = logging.getLogger("pinfold")

Result = TypeVar("Result")


class GivenUp(Exception):
    """Work was ended because its event was set, and all is as it was before."""


async def to_the_end(work: Callable[[threading.Event], Result]) -> Result:
    """Return what *work* returns, or raise what it raises; it runs in a thread of its own.

    When the coroutine is cancelled, the event that *work* was given is set, and it is waited for:
    however often it is cancelled, the thread has come to its end before anybody is told. Bounding
    that time is the business of *work*, and of whoever must not wait for it.

    The thread is a daemon: a process that has to end does not wait for it.
    """
    done, cancellations = await _ended(work)
    if cancellations:
        _note_error(done)
        raise cancellations[-1]
    return done.result()


async def done_after_all(work: Callable[[threading.Event], Result]) -> Result:
    """Do the same, for work that may not be taken back any more when it ends.

    Whoever is cancelled is told so only if *work* raises :class:`GivenUp`. If not, he gets what it
    has returned or raised: neither may what was done be told as not done, nor what could not be put
    back as put back.
    """
    done, cancellations = await _ended(work)
    if cancellations and isinstance(done.exception(), GivenUp):
        raise cancellations[-1]
    task = asyncio.current_task()
    if task is not None and sys.version_info >= (3, 11):
        for _ in cancellations:
            task.uncancel()
    return done.result()


async def _ended(
    work: Callable[[threading.Event], Result],
) -> tuple[asyncio.Future[Result], Sequence[asyncio.CancelledError]]:
    """Wait for the end of *work*; return that, and how often it was cancelled meanwhile."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()
    cancelled = threading.Event()

    def tell(settle: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            # The loop is closed, and nobody is there to be told.
            return

    def run() -> None:
        try:
            result = work(cancelled)
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            failure = error
            tell(lambda: done.set_exception(failure))
        else:
            tell(lambda: done.set_result(result))

    threading.Thread(target=run, name="pinfold-operation", daemon=True).start()
    cancellations: list[asyncio.CancelledError] = []
    while not done.done():
        cancellation = await _waited(done)
        if cancellation is not None:
            cancellations.append(cancellation)
            cancelled.set()
    return done, cancellations


def _note_error(done: asyncio.Future[Result]) -> None:
    if done.exception() is not None:
        _LOGGER.info("what was cancelled ended with an error", exc_info=done.exception())


async def _waited(done: asyncio.Future[Result]) -> asyncio.CancelledError | None:
    try:
        # Not `await done`, which a cancellation would end together with the waiting for it.
        await asyncio.wait({done})
    except asyncio.CancelledError as error:
        return error
    return None
