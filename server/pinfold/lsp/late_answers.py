"""Requests that are answered after others: what becomes of them when somebody loses interest.

Owns that each is answered once and no more, whoever comes first: the answer, a cancellation by the
client, or the end of the session.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pinfold.features.markup import without_backticks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REQUEST_CANCELLED = -32800


class LateAnswers:
    """The requests of a session that wait for their answers."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self.send = send
        self._pending: dict[int | str, LateAnswer] = {}

    def begin(self, identifier: int | str) -> LateAnswer:
        """Return the way back to a request that has just come in."""
        answer = self._pending[identifier] = LateAnswer(self, identifier)
        return answer

    def cancel(self, identifier: int | str) -> None:
        """Answer a request as cancelled, if it waits."""
        answer = self._pending.get(identifier)
        if answer is not None:
            answer.refuse(REQUEST_CANCELLED, "the client cancelled the request")
            answer.on_cancelled()

    def cancel_all(self) -> None:
        """Answer all requests as cancelled."""
        for answer in tuple(self._pending.values()):
            answer.refuse(REQUEST_CANCELLED, "the server is shutting down")
            answer.on_cancelled()

    def end(self, identifier: int | str, answer: LateAnswer) -> None:
        """Forget a request that has been answered."""
        # A client that uses an id twice has lost the first of the two.
        if self._pending.get(identifier) is answer:
            del self._pending[identifier]


class LateAnswer:
    """The way back to one request; closed by the first answer.

    `on_cancelled` is called when nobody waits for one any more.
    """

    def __init__(self, answers: LateAnswers, identifier: int | str) -> None:
        self._answers = answers
        self._identifier = identifier
        self._is_open = True
        self.on_cancelled: Callable[[], object] = _nothing

    @property
    def is_open(self) -> bool:
        """Whether the client still waits."""
        return self._is_open

    def give(self, result: str) -> None:
        """Answer with *result*, which is JSON."""
        self._send(f'"result":{result}')

    def refuse(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        """Answer with an error, which clients show as plain text."""
        error: dict[str, Any] = {"code": code, "message": without_backticks(message)}
        if data is not None:
            error["data"] = dict(data)
        self._send(f'"error":{json.dumps(error)}')

    def _send(self, outcome: str) -> None:
        if self._is_open:
            self._is_open = False
            self._answers.end(self._identifier, self)
            identifier = json.dumps(self._identifier)
            self._answers.send(f'{{"jsonrpc":"2.0","id":{identifier},{outcome}}}')


def _nothing() -> None:
    pass
