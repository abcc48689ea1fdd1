"""Findings for a client that asks: ``textDocument/diagnostic`` and ``workspace/diagnostic``.

Owns what such a client has been told, the request for the workspace, which is held until there is
something to tell, and when the client is asked to ask again. What is found is somebody else's
business. LSP 3.17, "Pull Diagnostics".
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pinfold.core.files import Unreadable
from pinfold.core.workspace.dependency_files import (
    classify_name,
    is_certain_name,
    looks_like_dependency_file,
)
from pinfold.lsp.convert import path_of_uri, uri_of_path
from pinfold.lsp.diagnostic_texts import quoted
from pinfold.lsp.reports import Report
from pinfold.lsp.transport import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.lsp.diagnostic_texts import DiagnosticTexts
    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.reports import OpenReports

SERVER_CANCELLED = -32802

_GATHERED_S = 0.05
"""How long what changes together is gathered before it is told."""

_INCLUDING_S = 1.0
"""How long a client that knows of dependencies between files has, to ask by itself."""

_LINGER_S = 1.0
"""How long a request through which a change was streamed is kept for those that follow it."""

_STREAMED_AT_ONCE = 100


class Answer(Protocol):
    """The way back to a request that is answered later; nothing happens once it is closed."""

    @property
    def is_open(self) -> bool:
        """Whether the client still waits."""
        ...

    def give(self, result: str) -> None:
        """Answer with *result*, which is JSON."""
        ...

    def refuse(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        """Answer with an error."""
        ...


@dataclass(slots=True)
class _WorkspacePull:
    """A request for the workspace; `known` are the result ids that the client has, by URI."""

    answer: Answer
    token: str | int | None
    known: dict[str, str]
    has_streamed: bool = False
    finish: asyncio.TimerHandle | None = None


class Puller:
    """Answers what is asked, at once or when there is something to tell; lives for a session.

    `refresh` asks the client to ask again, ``None`` where it cannot be asked. `is_settled` tells
    whether the files that are not open have been judged as they are.
    """

    def __init__(
        self,
        documents: Documents,
        reports: OpenReports,
        send: Callable[[str], None],
        *,
        refresh: Callable[[Callable[[], None]], None] | None,
        is_settled: Callable[[], bool],
    ) -> None:
        self._documents = documents
        self._reports = reports
        self._send = send
        self._refresh = refresh
        self._is_settled = is_settled
        self._others: dict[Path, Report] = {}
        self._told: dict[Path, str] = {}
        self._told_of_workspace: Mapping[str, str] | None = None
        self._workspace: _WorkspacePull | None = None
        self._evaluation: asyncio.Handle | None = None
        self._affected: set[Path] = set()
        self._check_handle: asyncio.TimerHandle | None = None
        self._is_refreshing = False
        self._is_refresh_due = False
        self._is_over = False

    # What happens.

    def opened(self, file: OpenFile) -> None:
        """Take note of a document that the editor shows now."""
        self._others.pop(file.path, None)
        self._evaluate_soon()

    def changed(self, file: OpenFile) -> None:
        """Take note of an edit: the client asks by itself."""
        self._affected.discard(file.path)
        self._evaluate_soon()

    def affected(self, file: OpenFile, *, at_once: bool) -> None:
        """Have the client ask again, should something else be found in *file* now."""
        self._affected.add(file.path)
        self._check_after(_GATHERED_S if at_once else _INCLUDING_S)
        self._evaluate_soon()

    def closed(self, file: OpenFile, *, stays: bool) -> None:
        """Forget what was told of a document."""
        del stays
        self._told.pop(file.path, None)
        self._affected.discard(file.path)
        self._evaluate_soon()

    def reported(self, path: Path, report: Report | None) -> None:
        """Take in what is found in a file that is not open, ``None`` if it is not judged."""
        if report is None:
            self._others.pop(path, None)
        else:
            self._others[path] = report
        self._evaluate_soon()

    def settled(self) -> None:
        """Take note that all files have been judged."""
        self._evaluate_soon()

    def stop(self) -> None:
        """Answer what is pending; nothing more comes."""
        self._is_over = True
        for handle in (self._evaluation, self._check_handle):
            if handle is not None:
                handle.cancel()
        self._end_workspace_pull()

    # What is asked.

    def pull_document(self, answer: Answer, uri: str, previous: str | None) -> None:
        """Answer with what is found in one document, open or not."""
        file = self._documents.at(uri)
        if file is not None and file.is_judged:

            def done(report: Report | None) -> None:
                if report is None:
                    # Invariant: what was found in an old version is dropped.
                    answer.refuse(
                        SERVER_CANCELLED,
                        "the document has changed meanwhile",
                        {"retriggerRequest": True},
                    )
                    return
                self._told[file.path] = report.result_id
                self._affected.discard(file.path)
                answer.give(_document_report(report, previous))

            self._reports.soon(file, done)
            return
        path = path_of_uri(uri)
        other = None if path is None else self._others.get(path)
        if other is not None:
            answer.give(_document_report(other, previous))
        elif path is None or file is not None or classify_name(path) is None:
            answer.give(_FULL % (quoted(self._reports.ids.of_nothing), ""))
        else:
            self._pull_from_disk(answer, path, previous)

    def pull_workspace(
        self, answer: Answer, known: dict[str, str], token: str | int | None
    ) -> None:
        """Answer with what the client does not know yet, as soon as there is any such thing."""
        self._end_workspace_pull()
        self._workspace = _WorkspacePull(answer, token, known)
        self._evaluate_soon()

    def _pull_from_disk(self, answer: Answer, path: Path, previous: str | None) -> None:
        snapshot = self._documents.snapshot
        own = replace(snapshot, disk=snapshot.disk.without([path]))
        texts, uris, ids = self._reports.new_texts(), self._reports.uris(), self._reports.ids

        def done(items: str | None) -> None:
            found = items or ""
            report = Report(uri_of_path(path), None, found, ids.of(path, found))
            answer.give(_document_report(report, previous))

        in_background(lambda: _found_on_disk(own, path, texts, uris), done)

    def _end_workspace_pull(self) -> None:
        pull, self._workspace = self._workspace, None
        if pull is None:
            return
        if pull.finish is not None:
            pull.finish.cancel()
        if pull.has_streamed:
            pull.answer.give('{"items":[]}')
        else:
            pull.answer.refuse(
                SERVER_CANCELLED,
                "the request has been superseded, or the server is shutting down",
                {"retriggerRequest": False},
            )

    # The workspace as it is.

    def _evaluate_soon(self) -> None:
        if self._workspace is None and self._told_of_workspace is None:
            return
        if self._evaluation is None and not self._is_over:
            loop = asyncio.get_running_loop()
            self._evaluation = loop.call_later(_GATHERED_S, self._evaluate)

    def _evaluate(self) -> None:
        self._evaluation = None
        current = self._current()
        if current is None:
            # It goes on when the documents that take long have been judged.
            return
        pull = self._workspace
        if pull is None:
            self._refresh_workspace(current)
            return
        if not pull.answer.is_open:
            self._workspace = None
            return
        is_settled = self._is_settled()
        if pull.token is None and not is_settled:
            return
        news = [
            report for report in current.values() if pull.known.get(report.uri) != report.result_id
        ]
        nothing = self._reports.ids.of_nothing
        gone = [uri for uri, known in pull.known.items() if known != nothing and uri not in current]
        is_first = self._told_of_workspace is None and is_settled
        if not (news or gone or is_first):
            return
        if pull.token is None:
            self._give_all(pull, current, gone)
        else:
            self._stream(pull, [*map(_workspace_report, news), *map(self._empty, gone)])
            pull.known.update((report.uri, report.result_id) for report in news)
            pull.known.update((uri, nothing) for uri in gone)
            self._finish_in_time(pull, is_first=is_first)
        if is_settled:
            self._told_of_workspace = _ids(current)

    def _current(self) -> Mapping[str, Report] | None:
        """Return what is found everywhere, by URI; ``None`` if some of it is still to be judged."""
        current = {report.uri: report for report in self._others.values()}
        for file in self._documents:
            if file.is_judged:
                report = self._report_now(file)
                if report is None:
                    return None
                current[file.uri] = report
        return current

    def _report_now(self, file: OpenFile) -> Report | None:
        """Return what is found in *file*; ``None`` if that takes long: it is evaluated then."""
        found: list[Report] = []
        is_late = False

        def done(report: Report | None) -> None:
            if is_late:
                self._evaluate_soon()
            elif report is not None:
                found.append(report)

        self._reports.soon(file, done)
        is_late = True
        return found[0] if found else None

    def _give_all(
        self, pull: _WorkspacePull, current: Mapping[str, Report], gone: Iterable[str]
    ) -> None:
        # Everything, lest a client takes what is left out for clean.
        items = [_workspace_report(report, pull.known) for report in current.values()]
        items += [self._empty(uri) for uri in gone]
        self._workspace = None
        pull.answer.give(f'{{"items":[{",".join(items)}]}}')

    def _stream(self, pull: _WorkspacePull, items: Sequence[str]) -> None:
        for first in range(0, len(items), _STREAMED_AT_ONCE):
            joined = ",".join(items[first : first + _STREAMED_AT_ONCE])
            pull.has_streamed = True
            self._send(
                '{"jsonrpc":"2.0","method":"$/progress","params":{"token":'
                f'{json.dumps(pull.token)},"value":{{"items":[{joined}]}}}}}}'
            )

    def _finish_in_time(self, pull: _WorkspacePull, *, is_first: bool) -> None:
        """Answer a request that was streamed: what follows soon is streamed, too.

        Clients let seconds pass before they ask again, and a change seldom comes alone.
        """
        if pull.finish is not None:
            pull.finish.cancel()
            pull.finish = None
        if is_first:
            self._end_streamed(pull)
        elif self._is_settled():
            loop = asyncio.get_running_loop()
            pull.finish = loop.call_later(_LINGER_S, self._end_streamed, pull)

    def _end_streamed(self, pull: _WorkspacePull) -> None:
        if self._workspace is pull:
            self._workspace = None
        pull.answer.give('{"items":[]}')

    def _empty(self, uri: str) -> str:
        nothing = self._reports.ids.of_nothing
        return _WORKSPACE_FULL % (quoted(uri), "null", quoted(nothing), "")

    # Asking to be asked.

    def _refresh_workspace(self, current: Mapping[str, Report]) -> None:
        # For clients that ask for the workspace once in a while; others have a request pending.
        told = self._told_of_workspace
        if told is None or not self._is_settled():
            return
        self._told_of_workspace = _ids(current)
        # Of what is open, clients ask by themselves when it is edited.
        opened = {file.uri for file in self._documents}
        if {(uri, found) for uri, found in told.items() if uri not in opened} != {
            (uri, report.result_id) for uri, report in current.items() if uri not in opened
        }:
            self._refresh_now()

    def _check_after(self, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        if self._check_handle is not None:
            if self._check_handle.when() <= due:
                return
            self._check_handle.cancel()
        self._check_handle = loop.call_at(due, self._check)

    def _check(self) -> None:
        """Ask to be asked if what was told of an open document is not what is found in it now."""
        self._check_handle = None
        affected, self._affected = self._affected, set()
        for path in affected:
            file = self._documents.of(path)
            if file is not None and file.is_judged and path in self._told:
                self._reports.soon(file, lambda report, path=path: self._compare(path, report))  # type: ignore[misc]

    def _compare(self, path: Path, report: Report | None) -> None:
        told = self._told.get(path)
        if report is not None and told is not None and told != report.result_id:
            self._refresh_now()

    def _refresh_now(self) -> None:
        if self._refresh is None or self._is_over:
            return
        if self._is_refreshing:
            self._is_refresh_due = True
            return
        self._is_refreshing = True
        self._refresh(self._refreshed)

    def _refreshed(self) -> None:
        self._is_refreshing = False
        if self._is_refresh_due:
            self._is_refresh_due = False
            self._refresh_now()


_FULL = '{"kind":"full","resultId":%s,"items":[%s]}'
_UNCHANGED = '{"kind":"unchanged","resultId":%s}'
_WORKSPACE_FULL = '{"uri":%s,"version":%s,"kind":"full","resultId":%s,"items":[%s]}'
_WORKSPACE_UNCHANGED = '{"uri":%s,"version":%s,"kind":"unchanged","resultId":%s}'


def _document_report(report: Report, previous: str | None) -> str:
    if previous == report.result_id:
        return _UNCHANGED % quoted(report.result_id)
    return _FULL % (quoted(report.result_id), report.items)


def _workspace_report(report: Report, known: Mapping[str, str] | None = None) -> str:
    version = "null" if report.version is None else str(report.version)
    if known is not None and known.get(report.uri) == report.result_id:
        return _WORKSPACE_UNCHANGED % (quoted(report.uri), version, quoted(report.result_id))
    return _WORKSPACE_FULL % (quoted(report.uri), version, quoted(report.result_id), report.items)


def _ids(current: Mapping[str, Report]) -> Mapping[str, str]:
    return {uri: report.result_id for uri, report in current.items()}


def _found_on_disk(
    snapshot: Snapshot, path: Path, texts: DiagnosticTexts, uris: Mapping[Path, str]
) -> str:
    """Return what is found in a file that has the name of a dependency file, if it is one."""
    document = snapshot.document(path)
    if isinstance(document, Unreadable):
        if not is_certain_name(path) or snapshot.disk.filesystem.identity(path) is None:
            return ""
    elif not is_certain_name(path) and not looks_like_dependency_file(document.text):
        return ""
    return texts.of(snapshot.judge(path), snapshot, uris)
