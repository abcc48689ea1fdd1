"""What is found in each document that is open, as text, with an id by which it is known again.

Owns which judgements are quick enough for the event loop, the work beside it, and that a finding of
an old version is dropped. Knows nothing of who wants a report, or why.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinfold.lsp.diagnostic_texts import DiagnosticTexts
from pinfold.lsp.documents import judged
from pinfold.lsp.install_failures import InstallFailures
from pinfold.lsp.transport import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.workspace.snapshot import Judgement
    from pinfold.lsp.diagnostic_texts import ClientDiagnostics
    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.install_failures import FailedLine

    OnReport = Callable[["Report | None"], None]

# What is judged for the first time and is longer than this, or took longer than that the last
# time, is judged beside the loop.
_LARGE_TEXT = 100_000
_LONG_S = 0.02


@dataclass(frozen=True, slots=True)
class Report:
    """What is found in one file.

    `items` are the elements of a JSON array of diagnostics; `result_id` is another one whenever
    they are. `version` is the client's, ``None`` for what is not open.
    """

    uri: str
    version: int | None
    items: str
    result_id: str


class ResultIds:
    """Names for what was found: the same of a file for as long as the same is found in it.

    Finding nothing has one name, whatever the file: a client that goes on to tell the name of a
    file that is gone is told that nothing has changed.
    """

    def __init__(self) -> None:
        # A client may remember ids of a session that is over.
        self._session = os.urandom(4).hex()
        self._count = 0
        self._last: dict[Path, tuple[str, str]] = {}

    def of(self, path: Path, items: str) -> str:
        """Return the id of *items*, found in the file at *path* now."""
        known = self._last.get(path)
        if known is not None and known[1] == items:
            return known[0]
        self._count += 1
        found = f"{self._session}-{self._count}" if items else self.of_nothing
        self._last[path] = (found, items)
        return found

    @property
    def of_nothing(self) -> str:
        """The id of finding nothing."""
        return f"{self._session}-none"


class OpenReports:
    """Reports on the open documents, worked out when they are asked for."""

    def __init__(self, documents: Documents, client: ClientDiagnostics) -> None:
        self.ids = ResultIds()
        self.failures = InstallFailures()
        self._documents = documents
        self._client = client
        self._texts = DiagnosticTexts(documents.encoding, client)
        self._durations: dict[Path, float] = {}
        self._reports: dict[Path, tuple[OpenFile, Judgement, Report]] = {}
        self._waiting: dict[Path, list[tuple[OpenFile, OnReport]]] = {}

    def new_texts(self) -> DiagnosticTexts:
        """Return a writer for another thread."""
        return DiagnosticTexts(self._documents.encoding, self._client)

    def uris(self) -> Mapping[Path, str]:
        """Return how the client spells the open documents."""
        return {file.path: file.uri for file in self._documents}

    def duration_s(self, path: Path) -> float | None:
        """Return how long the last judgement of a document took, ``None`` before the first."""
        return self._durations.get(path)

    def is_long(self, file: OpenFile) -> bool:
        """Return whether *file* is to be judged beside the loop."""
        duration_s = self._durations.get(file.path)
        if duration_s is not None:
            return duration_s > _LONG_S
        opened = self._documents.snapshot.documents.get(file.path)
        return opened is not None and len(opened.document.text) > _LARGE_TEXT

    def now(self, file: OpenFile) -> Report:
        """Return what is found in *file* now, at once."""
        started = time.perf_counter()
        known = self._documents.known_judgement(file)
        judgement = self._documents.judge(file)
        report = self._report(file, judgement)
        if known is None:
            self._durations[file.path] = time.perf_counter() - started
        return report

    def soon(self, file: OpenFile, on_done: OnReport) -> None:
        """Call *on_done* with what is found in *file*: at once, unless judging it takes long.

        It gets ``None`` if the document has changed meanwhile: what was found is out of date then.
        """
        waiting = self._waiting.get(file.path)
        if waiting is not None:
            # One at a time: two threads at the same lines would do the same work twice.
            waiting.append((file, on_done))
        elif self._documents.known_judgement(file) is not None or not self.is_long(file):
            on_done(self.now(file))
        else:
            self._waiting[file.path] = [(file, on_done)]
            self._judge_in_background(file)

    def tell_failures(self, failures: Mapping[Path, Sequence[FailedLine]]) -> frozenset[Path]:
        """Show these lines as those at which an installation has failed, and no others.

        Returns the files in which something else is found by that.
        """
        concerned = self.failures.replace(failures)
        for path in concerned:
            self._reports.pop(path, None)
        return concerned

    def forget(self, path: Path) -> None:
        """Let go of what is known of a document that was closed."""
        self._durations.pop(path, None)
        self._reports.pop(path, None)
        self._texts.forget(path)

    def _judge_in_background(self, file: OpenFile) -> None:
        # With files of its own: a dictionary that a thread adds to cannot be copied meanwhile.
        snapshot = self._documents.snapshot
        own = replace(snapshot, disk=snapshot.disk.without(()))
        uris, texts = self.uris(), self._texts
        started = time.perf_counter()

        def work() -> tuple[Judgement, str]:
            judgement = judged(own, file)
            return judgement, texts.of(judgement, own, uris)

        def done(result: tuple[Judgement, str] | None) -> None:
            snapshot.disk.learn(own.disk)
            waiting = self._waiting.pop(file.path, [])
            current = self._documents.of(file.path)
            report = None
            if result is None:
                # Judging it failed, which the loop gets to see at the next attempt.
                self._durations[file.path] = 0.0
            # Invariant: what was found in an old version is dropped, not told late.
            if result is not None and current == file:
                self._durations[file.path] = time.perf_counter() - started
                self._documents.remember(file, snapshot, result[0])
                report = self._keep(file, *result)
            for asked, on_done in waiting:
                if asked == file:
                    on_done(report)
                elif asked == current:
                    self.soon(asked, on_done)
                else:
                    on_done(None)

        in_background(work, done)

    def _report(self, file: OpenFile, judgement: Judgement) -> Report:
        known = self._reports.get(file.path)
        if known is not None and known[0] is file and known[1] is judgement:
            return known[2]
        items = self._texts.of(judgement, self._documents.snapshot, self.uris())
        return self._keep(file, judgement, items)

    def _keep(self, file: OpenFile, judgement: Judgement, items: str) -> Report:
        items = self.failures.with_items(file.path, items)
        report = Report(file.uri, file.version, items, self.ids.of(file.path, items))
        self._reports[file.path] = (file, judgement, report)
        return report
