"""Progress: what a client is told of it, without a server around it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.lsp.progress import CommandProgress, ProgressTokens
from pinfold.lsp.ui import ClientRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

END = {"kind": "end"}


class FakePeer:
    """A client that says yes to everything, or what else a test wants; it hears what it is told."""

    def __init__(self, answer: Exception | asyncio.Future[object] | None = None) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.values: list[Mapping[str, Any]] = []
        self.tokens: list[object] = []
        self.heard = asyncio.Event()
        self._answer = answer

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Answer, or refuse."""
        self.asked.append((method, params))
        if isinstance(self._answer, Exception):
            raise self._answer
        return None if self._answer is None else await self._answer

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Take note."""
        assert "$/progress" == method
        self.values.append(params["value"])
        self.tokens.append(params["token"])
        self.heard.set()

    async def hear(self) -> Mapping[str, Any]:
        """Return what is told next."""
        self.heard.clear()
        async with deadline():
            await self.heard.wait()
        return self.values[-1]


@contextlib.asynccontextmanager
async def deadline() -> Any:
    """End a test that waits for what does not come."""
    task = asyncio.current_task()
    assert task is not None
    handle = asyncio.get_running_loop().call_later(20.0, task.cancel)
    try:
        yield
    finally:
        handle.cancel()


def progress_of(peer: FakePeer) -> CommandProgress:
    """Return the progress of a command, with a client that can be asked for it."""
    return CommandProgress(peer, ProgressTokens(can_create=True), None, lambda: None)


def test_from_beginning_to_end() -> None:
    """The client is asked, then told of the beginning, of what is reported, and of the end."""

    async def work() -> None:
        peer = FakePeer()
        async with progress_of(peer).begin("Title", is_measured=True) as progress:
            first = await peer.hear()
            progress.report("half", 50.7)
            second = await peer.hear()
        beginning = {"kind": "begin", "title": "Title", "cancellable": True, "percentage": 0}
        report = {"kind": "report", "cancellable": True, "message": "half", "percentage": 50}

        assert (beginning, report, END) == (first, second, peer.values[-1])
        assert [("window/workDoneProgress/create", {"token": peer.tokens[0]})] == peer.asked
        assert 1 == len(set(peer.tokens))

    asyncio.run(work())


def test_percentages() -> None:
    """They do not go down, and are never more than all; unmeasured, there are none."""

    async def work(*, is_measured: bool) -> list[object]:
        peer = FakePeer()
        async with progress_of(peer).begin("Title", is_measured=is_measured) as progress:
            await peer.hear()
            for message, percent in (("a", 60.0), ("b", 10.0), ("c", None), ("d", 300.0)):
                progress.report(message, percent)
                await peer.hear()
        return [value.get("percentage") for value in peer.values[1:-1]]

    assert [60, 60, 60, 100] == asyncio.run(work(is_measured=True))
    assert [None] * 4 == asyncio.run(work(is_measured=False))


def test_much_is_said_at_once() -> None:
    """Reports from many threads that come too fast are left out, all but the last."""

    async def work() -> None:
        peer = FakePeer()
        async with progress_of(peer).begin("Title", is_measured=True) as progress:
            await peer.hear()

            def report() -> None:
                for number in range(1000):
                    progress.report(f"{number}", number / 20)

            threads = [threading.Thread(target=report) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                await asyncio.to_thread(thread.join)
            progress.report("last")
            while (await peer.hear())["message"] != "last":
                pass

        assert len(peer.values) < 100

    asyncio.run(work())


def test_what_comes_too_fast_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two reports a client has time."""
    monkeypatch.setattr("pinfold.lsp.progress.INTERVAL_S", 3600.0)

    async def work() -> None:
        peer = FakePeer()
        async with progress_of(peer).begin("Title") as progress:
            await peer.hear()
            for number in range(5):
                progress.report(f"{number}")
                await asyncio.to_thread(lambda: None)

        assert ["begin", "end"] == [value["kind"] for value in peer.values]

    asyncio.run(work())


def test_nothing_follows_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a thread says too late is not told, not even when the loop is gone."""
    monkeypatch.setattr("pinfold.lsp.progress.INTERVAL_S", 0.0)

    async def work() -> Any:
        peer = FakePeer()
        async with progress_of(peer).begin("Title") as progress:
            await peer.hear()
            progress.report("on its way")
        progress.report("late")
        # The loop has handled everything that was waiting.
        await asyncio.sleep(0)

        assert END == peer.values[-1]
        return progress

    asyncio.run(work()).report("much too late")


def test_client_that_is_slow_to_begin() -> None:
    """Nothing waits for the client; it begins with what is the case by then."""

    async def work() -> None:
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        peer = FakePeer(answer)
        async with progress_of(peer).begin("Title") as progress:
            progress.report("first")
            progress.report("second")
            answer.set_result(None)
            beginning = await peer.hear()

        assert "second" == beginning["message"]
        assert ["begin", "end"] == [value["kind"] for value in peer.values]

    asyncio.run(work())


@pytest.mark.parametrize("answer", ["refused", "never"])
def test_client_that_does_not_begin(answer: str) -> None:
    """A client that refuses, or has not answered by the end, is told nothing."""

    async def work() -> None:
        never: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        peer = FakePeer(ClientRefused("no") if answer == "refused" else never)
        async with progress_of(peer).begin("Title") as progress:
            progress.report("on its way")
            await asyncio.sleep(0)

        assert ([], 1) == (peer.values, len(peer.asked))

    asyncio.run(work())


def test_cancellation_by_token() -> None:
    """A token ends its command while it is open, where that may be ended, and no other."""

    async def work() -> None:
        peer, tokens, ended = FakePeer(), ProgressTokens(can_create=True), []
        progress = CommandProgress(peer, tokens, None, lambda: ended.append("ended"))
        async with progress.begin("Title"):
            await peer.hear()
            tokens.cancel("other")
            tokens.cancel(str(peer.tokens[0]))
        tokens.cancel(str(peer.tokens[0]))
        async with progress.begin("Title", is_cancellable=False):
            await peer.hear()
            tokens.cancel(str(peer.tokens[-1]))

        assert ["ended"] == ended
        assert [True, False] == [
            value["cancellable"] for value in peer.values if value["kind"] == "begin"
        ]

    asyncio.run(work())


def test_token_of_the_client() -> None:
    """It is used for all that the command shows, unasked, and ends it until that is over."""

    async def work() -> None:
        peer, tokens, ended = FakePeer(), ProgressTokens(can_create=True), []
        progress = CommandProgress(peer, tokens, 7, lambda: ended.append("ended"))
        async with progress.begin("First", is_measured=True) as first:
            first.report("half", 50)
            tokens.cancel(7)
        async with progress.begin("Second", is_cancellable=False) as second:
            await peer.hear()
            second.report("all", 100)
            await peer.hear()
        async with progress.begin("Third", is_measured=True) as third:
            third.report("", 10)
            await peer.hear()
        progress.close()
        progress.close()
        tokens.cancel(7)

        assert ["ended"] == ended
        assert ([], {7}) == (peer.asked, set(peer.tokens))
        assert [
            {"kind": "begin", "title": "First", "cancellable": True, "percentage": 0},
            {"kind": "report", "message": "Second", "cancellable": False},
            {"kind": "report", "message": "Second: all", "cancellable": False},
            {"kind": "report", "message": "Third", "cancellable": True, "percentage": 50},
            END,
        ] == peer.values

    asyncio.run(work())


def test_work_that_fails() -> None:
    """An error ends the progress as the end does."""

    async def work() -> None:
        peer = FakePeer()

        async def fail() -> None:
            async with progress_of(peer).begin("Title"):
                await peer.hear()
                raise OSError("full")

        with pytest.raises(OSError, match="full"):
            await fail()

        assert END == peer.values[-1]

    asyncio.run(work())
