"""Findings pushed to a client that does not ask for them: ``textDocument/publishDiagnostics``.

Owns when a document is published, how edits that come together are taken together, and what the
client shows of each file. What is found is somebody else's business.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinfold.lsp.diagnostic_texts import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.reports import OpenReports, Report

LONGEST_WAIT_MS = 250
"""How long findings are held back while the edits do not cease."""

_QUICK_S = 0.005
"""What is judged in less is judged with every key; waiting for silence would only be slower."""


@dataclass(slots=True)
class _State:
    """What is under way for one open document, and what the client was sent of it."""

    handle: asyncio.Handle | None = None
    waiting_since: float = 0.0
    in_flight: bool = False
    again: bool = False
    sent: Report | None = None


class Publisher:
    """Publishes what is found, of open documents and of others; lives as long as the session."""

    def __init__(
        self,
        documents: Documents,
        reports: OpenReports,
        send: Callable[[str], None],
        *,
        debounce_ms: int,
        has_input: Callable[[], bool],
    ) -> None:
        self._documents = documents
        self._reports = reports
        self._send = send
        self._debounce_s = debounce_ms / 1000
        self._has_input = has_input
        self._states: dict[Path, _State] = {}
        self._shown: dict[Path, Report] = {}

    def opened(self, file: OpenFile) -> None:
        """Publish the findings of *file* soon, even if they are those of before."""
        self._shown.pop(file.path, None)
        state = self._states.get(file.path)
        if state is not None:
            state.sent = None
        self.changed(file)

    def changed(self, file: OpenFile) -> None:
        """Publish the findings of *file* soon."""
        state = self._states.setdefault(file.path, _State())
        loop = asyncio.get_running_loop()
        now = loop.time()
        if state.handle is None:
            state.waiting_since = now
        else:
            state.handle.cancel()
        duration_s = self._reports.duration_s(file.path)
        if self._debounce_s <= 0 or (duration_s is not None and duration_s < _QUICK_S):
            # Behind the messages that are already here, so that a burst is published once.
            state.handle = loop.call_soon(self._publish, file.path)
            return
        due = min(now + self._debounce_s, state.waiting_since + LONGEST_WAIT_MS / 1000)
        state.handle = loop.call_at(due, self._publish, file.path)

    def closed(self, file: OpenFile, *, stays: bool) -> None:
        """Take back what was published of *file*, unless it *stays*, to be judged from disk."""
        state = self._states.pop(file.path, None)
        if state is not None and state.handle is not None:
            state.handle.cancel()
        sent = None if state is None else state.sent
        if stays and sent is not None:
            self._shown[file.path] = sent
        elif file.is_judged:
            self._send(_notification(file.uri, None, ""))

    def reported(self, path: Path, report: Report | None) -> None:
        """Publish what is found in a file that is not open, ``None`` if it is not judged."""
        shown = self._shown.pop(path, None)
        items = "" if report is None else report.items
        # As the client spelt it, should it have had the file open.
        uri = shown.uri if shown is not None else report.uri if report is not None else ""
        if items != ("" if shown is None else shown.items):
            self._send(_notification(uri, None, items))
        if report is not None and items:
            self._shown[path] = replace(report, uri=uri)

    def affected(self, file: OpenFile, *, at_once: bool) -> None:
        """Publish the findings of *file* soon: something that they depend on has changed."""
        del at_once
        self.changed(file)

    def settled(self) -> None:
        """Do nothing: whatever was to be published is on its way."""

    def stop(self) -> None:
        """Publish nothing any more."""
        for state in self._states.values():
            if state.handle is not None:
                state.handle.cancel()
        self._states.clear()

    def _publish(self, path: Path) -> None:
        state, file = self._states.get(path), self._documents.of(path)
        if state is None:
            return
        state.handle = None
        if file is None or not file.is_judged:
            return
        loop = asyncio.get_running_loop()
        if self._has_input() and loop.time() < state.waiting_since + LONGEST_WAIT_MS / 1000:
            # More edits may be among what has arrived meanwhile.
            state.handle = loop.call_soon(self._publish, path)
            return
        if state.in_flight:
            # What has changed meanwhile is judged when this is done.
            state.again = True
            return
        state.in_flight = True
        try:
            self._reports.soon(file, lambda report: self._done(file, state, report))
        except Exception:
            state.in_flight = False
            raise

    def _done(self, file: OpenFile, state: _State, report: Report | None) -> None:
        state.in_flight = False
        again, state.again = state.again, False
        path = file.path
        if self._states.get(path) is not state:
            return
        if report is not None:
            sent = state.sent
            state.sent = report
            if sent is None or (sent.version, sent.items) != (report.version, report.items):
                self._send(_notification(report.uri, report.version, report.items))
        if (again or self._documents.of(path) != file) and state.handle is None:
            self._publish(path)


def _notification(uri: str, version: int | None, items: str) -> str:
    stated = "" if version is None else f'"version":{version},'
    return (
        '{"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":'
        f'{{"uri":{quoted(uri)},{stated}"diagnostics":[{items}]}}}}'
    )
