"""Work in a thread, on behalf of a coroutine that may be cancelled."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from pinfold.core.blocking import GivenUp, done_after_all, to_the_end

DEADLINE_S = 20.0


def test_result() -> None:
    """What the work returns is returned."""
    assert 3 == asyncio.run(to_the_end(lambda _cancelled: 3))


def test_error() -> None:
    """What the work raises is raised."""

    def work(_cancelled: Event) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        asyncio.run(to_the_end(work))


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fails", [False, True])
def test_cancelled(times: int, *, fails: bool) -> None:
    """Whoever is cancelled, once or often, waits for the work to put back what it did."""
    begun, may_end = Event(), Event()
    steps: list[str] = []

    def work(cancelled: Event) -> str:
        begun.set()
        assert cancelled.wait(DEADLINE_S)
        steps.append("told")
        assert may_end.wait(DEADLINE_S)
        steps.append("put back")
        if fails:
            raise OSError("full")
        return "nobody sees this"

    async def cancel() -> bool:
        task = asyncio.ensure_future(to_the_end(work))
        await asyncio.to_thread(begun.wait, DEADLINE_S)
        for _ in range(times):
            task.cancel()
            # So that each of them comes while the one before it is at work.
            await asyncio.wait({task}, timeout=0)
        is_early = task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return is_early

    assert not asyncio.run(cancel())
    assert ["told", "put back"] == steps


def test_loop_that_is_gone() -> None:
    """Work that outlives the loop harms nobody."""
    begun, may_end, ended = Event(), Event(), Event()

    def work(_cancelled: Event) -> None:
        begun.set()
        may_end.wait(DEADLINE_S)
        ended.set()

    loop = asyncio.new_event_loop()
    task = loop.create_task(to_the_end(work))
    loop.run_until_complete(asyncio.to_thread(begun.wait, DEADLINE_S))
    loop.run_until_complete(loop.shutdown_default_executor())
    # As when the process is about to end: nobody awaits it any more.
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    may_end.set()

    assert ended.wait(DEADLINE_S)


@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("error", [None, OSError, GivenUp])
def test_done_after_all(times: int, error: type[Exception] | None) -> None:
    """Only work that has given up was cancelled: else one gets what it did, and may go on."""
    begun, may_end = Event(), Event()

    def work(_cancelled: Event) -> str:
        begun.set()
        assert may_end.wait(DEADLINE_S)
        if error is not None:
            raise error
        return "done"

    async def act() -> str:
        try:
            found = await done_after_all(work)
        except OSError:
            found = "failed"
        # Nothing of the cancellation is left that would end what comes afterwards.
        await asyncio.sleep(0)
        return found

    async def cancel() -> str:
        task = asyncio.ensure_future(act())
        await asyncio.to_thread(begun.wait, DEADLINE_S)
        for _ in range(times):
            task.cancel()
            await asyncio.wait({task}, timeout=0)
        may_end.set()
        return await task

    if error is GivenUp:
        with pytest.raises(asyncio.CancelledError if times else GivenUp):
            asyncio.run(cancel())
    else:
        assert ("done" if error is None else "failed") == asyncio.run(cancel())
