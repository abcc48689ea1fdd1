"""Work-done progress: what a client is told of what takes long, and how it may end it.

Owns the tokens, and that whatever was begun is ended. What is done meanwhile, and what becomes of
it when it is cancelled, is the business of :mod:`pinfold.lsp.commands`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from pinfold.lsp.transport import call_in
from pinfold.lsp.ui import ClientRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from pinfold.core.environments.conversation import Progress
    from pinfold.lsp.ui import Peer

    Token = int | str

CREATE = "window/workDoneProgress/create"
PROGRESS = "$/progress"

INTERVAL_S = 0.1
"""How often a client is told at most: an installer may say more than a person can read."""


class ProgressTokens:
    """What a client can end by its token; *can_create* if it takes tokens of ours."""

    def __init__(self, *, can_create: bool) -> None:
        self.can_create = can_create
        self._on_cancelled: dict[Token, Callable[[], object]] = {}
        self._count = 0

    def new(self) -> str:
        """Return a token that nothing has had yet."""
        self._count += 1
        return f"pinfold-progress-{self._count}"

    def open(self, token: Token, on_cancelled: Callable[[], object]) -> None:
        """Have *on_cancelled* called when the client cancels *token*."""
        self._on_cancelled[token] = on_cancelled

    def close(self, token: Token) -> None:
        """Forget a token."""
        self._on_cancelled.pop(token, None)

    def cancel(self, token: Token) -> None:
        """End what goes by *token*, if anything does."""
        on_cancelled = self._on_cancelled.get(token)
        if on_cancelled is not None:
            on_cancelled()


class CommandProgress:
    """The progress of one command.

    *token* is what the client has given it with the request, if it has: everything that the
    command shows goes by it, as the stages of one progress, since a token has one beginning and
    one end. Else each has a token of ours.
    """

    def __init__(
        self,
        peer: Peer,
        tokens: ProgressTokens,
        token: Token | None,
        on_cancelled: Callable[[], object],
    ) -> None:
        self._peer = peer
        self._tokens = tokens
        self._token = token
        self._on_cancelled = on_cancelled
        self._whole: _Shown | None = None
        if token is not None:
            tokens.open(token, on_cancelled)

    def close(self) -> None:
        """Show no more; the command is over."""
        if self._whole is not None:
            self._whole.end()
        if self._token is not None:
            self._tokens.close(self._token)

    def begin(
        self, title: str, *, is_cancellable: bool = True, is_measured: bool = False
    ) -> AbstractAsyncContextManager[Progress]:
        """Show that something is under way; see :meth:`Conversation.progress`."""
        if self._token is not None:
            stage = self._stage(
                self._token, title, is_cancellable=is_cancellable, is_measured=is_measured
            )
            return contextlib.nullcontext(stage)
        if not self._tokens.can_create:
            return contextlib.nullcontext(_Unseen())
        on_cancelled = self._on_cancelled if is_cancellable else None
        return _shown(self._peer, self._tokens, title, on_cancelled, is_measured=is_measured)

    def _stage(
        self, token: Token, title: str, *, is_cancellable: bool, is_measured: bool
    ) -> Progress:
        if self._whole is not None:
            return self._whole.stage(title, is_cancellable=is_cancellable, is_measured=is_measured)
        self._whole = _Shown(
            self._peer, token, title, is_cancellable=is_cancellable, is_measured=is_measured
        )
        self._whole.begin()
        return self._whole


@contextlib.asynccontextmanager
async def _shown(
    peer: Peer,
    tokens: ProgressTokens,
    title: str,
    on_cancelled: Callable[[], object] | None,
    *,
    is_measured: bool,
) -> AsyncIterator[Progress]:
    token = tokens.new()
    shown = _Shown(
        peer, token, title, is_cancellable=on_cancelled is not None, is_measured=is_measured
    )
    if on_cancelled is not None:
        tokens.open(token, on_cancelled)
    # Not waited for: a client that does not answer must not hold up what is to be done.
    creating = asyncio.get_running_loop().create_task(_create(peer, token, shown))
    try:
        yield shown
    finally:
        shown.end()
        tokens.close(token)
        creating.cancel()
        await asyncio.wait({creating})


async def _create(peer: Peer, token: Token, shown: _Shown) -> None:
    try:
        await peer.ask(CREATE, {"token": token})
    except ClientRefused:
        # Then it sees nothing of it; the work goes on.
        return
    shown.begin()


class _Unseen:
    """For a client that shows no progress."""

    def report(self, message: str, percent: float | None = None) -> None:
        """Say nothing."""


class _Shown:
    """One progress; begins when the client is ready, with what is the case by then."""

    def __init__(
        self, peer: Peer, token: Token, title: str, *, is_cancellable: bool, is_measured: bool
    ) -> None:
        self._peer = peer
        self._token = token
        self._title = title
        self._is_cancellable = is_cancellable
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        # Guarded by the lock, for they are set from any thread.
        self._message = ""
        # A client that sees no percentage at the beginning may show none later.
        self._is_measured = is_measured
        self._percent = 0.0
        self._is_waiting = False
        # Of the loop alone.
        self._is_begun = False
        self._is_ended = False
        self._next_s = 0.0
        self._told: Mapping[str, Any] = {}

    def report(self, message: str, percent: float | None = None) -> None:
        """Say how far it is; see :class:`Progress`."""
        with self._lock:
            self._message = message
            if percent is not None and self._is_measured:
                self._percent = max(self._percent, min(percent, 100.0))
            if self._is_waiting:
                return
            self._is_waiting = True
        call_in(self._loop, self._tell_in_time)

    def begin(self) -> None:
        """Open it at the client."""
        if self._is_ended:
            return
        state = self._state()
        self._is_begun = True
        self._next_s = monotonic() + INTERVAL_S
        self._told = state
        self._send(
            {
                "kind": "begin",
                "title": self._title,
                "cancellable": self._is_cancellable,
                **state,
            }
        )

    def stage(self, title: str, *, is_cancellable: bool, is_measured: bool) -> Progress:
        """Go on with something else under the same token."""
        self._is_cancellable = is_cancellable
        with self._lock:
            # What was reached before stays: a percentage never goes down under its token.
            self._is_measured = is_measured
        self.report(title)
        return _Stage(self, title)

    def end(self) -> None:
        """Close it at the client; nothing is told after that."""
        if self._is_begun and not self._is_ended:
            self._send({"kind": "end"})
        self._is_ended = True

    def _tell_in_time(self) -> None:
        delay_s = self._next_s - monotonic()
        if delay_s > 0:
            self._loop.call_later(delay_s, self._tell)
        else:
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            self._is_waiting = False
        if not self._is_begun or self._is_ended:
            return
        state = self._state()
        if state == self._told:
            return
        self._next_s = monotonic() + INTERVAL_S
        self._told = state
        self._send({"kind": "report", "cancellable": self._is_cancellable, **state})

    def _state(self) -> dict[str, Any]:
        with self._lock:
            state: dict[str, Any] = {"message": self._message} if self._message else {}
            if self._is_measured:
                state["percentage"] = int(self._percent)
        return state

    def _send(self, value: Mapping[str, Any]) -> None:
        self._peer.tell(PROGRESS, {"token": self._token, "value": value})


class _Stage:
    """A progress under a token that something before it has begun, whose title it has."""

    def __init__(self, whole: _Shown, title: str) -> None:
        self._whole = whole
        self._title = title

    def report(self, message: str, percent: float | None = None) -> None:
        """Say how far it is, and what."""
        self._whole.report(f"{self._title}: {message}" if message else self._title, percent)
