"""Findings as the client gets them: what is published, when, and in which form.

Owns the debouncing, the order (a finding of an old version never follows one of a newer) and the
wire form of ``textDocument/publishDiagnostics``, which is put together as text: building protocol
objects for a thousand findings costs ten times as much as finding them again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.model.finding import Severity
from pinfold.core.model.text import LineTable
from pinfold.core.rules.registry import Family, rules
from pinfold.core.settings import MAX_SETTINGS_BYTES
from pinfold.lsp.convert import PositionEncoding, to_range, units, uri_of_path
from pinfold.lsp.documents import included_by, judged, settings_files
from pinfold.lsp.transport import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pinfold.core.files import FileIdentity, FileSystem
    from pinfold.core.model.finding import Finding
    from pinfold.core.settings import SettingProblem
    from pinfold.core.workspace.snapshot import Judgement, Snapshot
    from pinfold.lsp.documents import Documents, OpenFile

DEFAULT_DEBOUNCE_MS = 20
LONGEST_WAIT_MS = 250
"""How long findings are held back while the edits do not cease."""

POLL_INTERVAL_S = 1.0

_KEPT_TEXTS = 50_000

_LOGGER = logging.getLogger("pinfold.lsp")

# What is judged for the first time and is longer than this, or took longer than that the last
# time, is judged beside the loop.
_LARGE_TEXT = 100_000
_LONG_S = 0.02


@dataclass(frozen=True, slots=True)
class ClientDiagnostics:
    """What the client understands of a diagnostic."""

    related: bool = False
    tags: bool = False
    data: bool = False

    @classmethod
    def of(cls, capabilities: object) -> ClientDiagnostics:
        """Read ``textDocument.publishDiagnostics`` of the client's capabilities."""
        if not isinstance(capabilities, dict):
            return cls()
        tags = capabilities.get("tagSupport")
        values = tags.get("valueSet") if isinstance(tags, dict) else None
        return cls(
            related=capabilities.get("relatedInformation") is True,
            tags=tags is True or (isinstance(values, list) and _UNNECESSARY in values),
            data=capabilities.get("dataSupport") is True,
        )


@dataclass(slots=True)
class _State:
    """What is under way for one document."""

    handle: asyncio.Handle | None = None
    waiting_since: float = 0.0
    in_flight: bool = False
    again: bool = False
    sent: str = ""
    last_duration_s: float | None = None


class Publisher:
    """Publishes the findings of open documents after they change; lives as long as the session."""

    def __init__(
        self,
        documents: Documents,
        send: Callable[[str], None],
        client: ClientDiagnostics,
        *,
        debounce_ms: int,
        has_watcher: bool,
    ) -> None:
        self._documents = documents
        self._send = send
        self._client = client
        self._texts = DiagnosticTexts(documents.encoding, client)
        self._debounce_s = debounce_ms / 1000
        self._has_watcher = has_watcher
        self._states: dict[Path, _State] = {}
        self._settings_sent: dict[Path, str] = {}
        self._poll_handle: asyncio.Handle | None = None
        self._identities: dict[Path, FileIdentity | None] = {}

    def opened(self, file: OpenFile) -> None:
        """Publish the findings of *file* soon, even if they are those of before."""
        state = self._states.get(file.path)
        if state is not None:
            state.sent = ""
        self.changed(file)

    def changed(self, file: OpenFile) -> None:
        """Publish the findings of *file* soon, and of the documents that include it."""
        if file.is_judged:
            self._schedule(file)
        for including in self._documents.including(file.path):
            self._schedule(including)

    def closed(self, file: OpenFile) -> None:
        """Take back what was published of *file*."""
        state = self._states.pop(file.path, None)
        if state is not None and state.handle is not None:
            state.handle.cancel()
        if file.is_judged:
            self._send(_notification(file.uri, None, ""))
        for including in self._documents.including(file.path):
            self._schedule(including)
        self._publish_settings()

    def everything_changed(self) -> None:
        """Publish every document's findings soon."""
        for file in self._documents:
            if file.is_judged:
                self._schedule(file)

    def stop(self) -> None:
        """Publish nothing any more."""
        for state in self._states.values():
            if state.handle is not None:
                state.handle.cancel()
        self._states.clear()
        if self._poll_handle is not None:
            self._poll_handle.cancel()

    def _schedule(self, file: OpenFile) -> None:
        state = self._states.setdefault(file.path, _State())
        loop = asyncio.get_running_loop()
        now = loop.time()
        if state.handle is None:
            state.waiting_since = now
        else:
            state.handle.cancel()
        if self._debounce_s <= 0:
            # Behind the messages that are already here, so that a burst is published once.
            state.handle = loop.call_soon(self._publish, file.path)
            return
        due = min(now + self._debounce_s, state.waiting_since + LONGEST_WAIT_MS / 1000)
        state.handle = loop.call_at(due, self._publish, file.path)

    def _publish(self, path: Path) -> None:
        state, file = self._states.get(path), self._documents.of(path)
        if state is None:
            return
        state.handle = None
        if file is None or not file.is_judged:
            return
        if self._is_long(file, state):
            if state.in_flight:
                # One at a time: what has changed meanwhile is judged when it is done.
                state.again = True
            else:
                self._judge_in_background(file, state)
            return
        started = time.perf_counter()
        judgement = self._documents.judge(file)
        state.last_duration_s = time.perf_counter() - started
        self._send_findings(file, state, judgement)

    def _is_long(self, file: OpenFile, state: _State) -> bool:
        if state.last_duration_s is not None:
            return state.last_duration_s > _LONG_S
        opened = self._documents.snapshot.documents.get(file.path)
        return opened is not None and len(opened.document.text) > _LARGE_TEXT

    def _judge_in_background(self, file: OpenFile, state: _State) -> None:
        snapshot = self._documents.snapshot
        state.in_flight = True
        started = time.perf_counter()

        def done(judgement: Judgement | None) -> None:
            state.in_flight = False
            state.last_duration_s = time.perf_counter() - started
            current = self._documents.of(file.path)
            again, state.again = state.again, False
            if self._states.get(file.path) is not state or current is None:
                return
            # Invariant: what was found in an old version is dropped, not published late.
            if judgement is not None and current == file:
                self._documents.remember(file, snapshot, judgement)
                self._send_findings(file, state, judgement)
            if (again or current != file) and state.handle is None:
                self._publish(file.path)

        in_background(lambda: judged(snapshot, file), done)

    def _send_findings(self, file: OpenFile, state: _State, judgement: Judgement) -> None:
        snapshot = self._documents.snapshot
        diagnostics = self._texts.of(judgement, snapshot, self._documents)
        message = _notification(file.uri, file.version, diagnostics)
        is_new = not state.sent
        if message != state.sent:
            state.sent = message
            self._send(message)
        self._publish_settings()
        self._poll_after(0.0 if is_new else POLL_INTERVAL_S)

    def _publish_settings(self) -> None:
        """Publish what is wrong in the settings files that the open documents have."""
        snapshot = self._documents.snapshot
        wrong: dict[Path, tuple[str | None, list[SettingProblem]]] = {}
        for path in self._states:
            found = snapshot.settings(path)
            for problem in found.problems:
                _, problems = wrong.setdefault(problem.path, (found.text, []))
                if problem not in problems:
                    problems.append(problem)
        for path in self._settings_sent.keys() - wrong.keys():
            del self._settings_sent[path]
            self._send(_notification(uri_of_path(path), None, ""))
        for path, (_, problems) in wrong.items():
            diagnostics = _settings_text(
                path, problems, snapshot, self._documents.encoding, self._client
            )
            message = _notification(uri_of_path(path), None, diagnostics)
            if self._settings_sent.get(path) != message:
                self._settings_sent[path] = message
                self._send(message)

    def _poll_after(self, delay_s: float) -> None:
        # At once for a new document, so that a change to what it depends on is soon seen.
        if self._poll_handle is not None:
            if delay_s:
                return
            self._poll_handle.cancel()
        self._poll_handle = asyncio.get_running_loop().call_later(delay_s, self._poll)

    def _poll(self) -> None:
        """Look whether files changed that the client does not watch for us."""
        self._poll_handle = None
        snapshot = self._documents.snapshot
        paths = self._unwatched(snapshot)
        if not paths:
            return
        filesystem = snapshot.disk.filesystem
        in_background(lambda: _identities(filesystem, paths), self._polled)

    def _polled(self, identities: dict[Path, FileIdentity | None] | None) -> None:
        if identities is not None:
            # One that was not looked at before counts as changed: it may have been, between its
            # reading and this look. What is found is sent only if it is something else.
            known = self._identities
            changed = [
                path
                for path, identity in identities.items()
                if path not in known or known[path] != identity
            ]
            self._identities = identities
            if changed:
                self._documents.changed_on_disk(changed)
                self.everything_changed()
        if self._states:
            self._poll_after(POLL_INTERVAL_S)

    def _unwatched(self, snapshot: Snapshot) -> frozenset[Path]:
        paths: set[Path] = set()
        for file in self._documents:
            if file.is_judged and file.is_local:
                paths.add(file.path)
                paths.update(included_by(snapshot, file))
                paths.update(settings_files(snapshot, file.path))
        if self._has_watcher:
            # Clients watch their workspace folders only.
            roots = snapshot.roots
            return frozenset(
                path for path in paths if not any(path.is_relative_to(root) for root in roots)
            )
        return frozenset(paths)


class DiagnosticTexts:
    """Findings as the elements of a JSON array, for one client.

    A finding of a line stays the same object while its line does, so its text is kept too: all of
    it but the line numbers, which are all that an edit elsewhere changes.
    """

    def __init__(self, encoding: PositionEncoding, client: ClientDiagnostics) -> None:
        self._encoding = encoding
        self._client = client
        self._kept: dict[int, tuple[Finding, str]] = {}

    def of(self, judgement: Judgement, snapshot: Snapshot, documents: Documents) -> str:
        """Return what is found in a file, separated by commas."""
        document = judgement.document
        if document is None:
            return ",".join(
                _DIAGNOSTIC % (0, 0, 0, 0, _after_range(finding, self._client), "")
                for _, finding in judgement.placed
            )
        parts: list[str] = []
        kept, line_starting_at = self._kept, document.table.line_starting_at
        for index, (start, finding) in enumerate(judgement.placed):
            known = kept.get(id(finding))
            line = line_starting_at(start)
            if known is not None and known[0] is finding and line >= 0:
                parts.append(known[1] % (line, line))
                continue
            span = finding.range.shifted(start)
            place = to_range(document, span, self._encoding)
            after = _after_range(finding, self._client)
            if not finding.fixes and not finding.related:
                parts.append(_DIAGNOSTIC % (*place, after, ""))
                if place[0] == place[2] == line:
                    self._keep(finding, place, after)
                continue
            more = ""
            if self._client.related and finding.related:
                absolute = finding.moved(start)
                more = _related_text(absolute, snapshot, documents, self._encoding)
            if self._client.data and finding.fixes:
                more += f',"data":{{"index":{index}}}'
            parts.append(_DIAGNOSTIC % (*place, after, more))
        return ",".join(parts)

    def _keep(self, finding: Finding, place: tuple[int, int, int, int], after: str) -> None:
        if len(self._kept) >= _KEPT_TEXTS:
            self._kept.clear()
        template = _DIAGNOSTIC % (0, place[1], 0, place[3], after, "")
        # The finding is kept with its text, so that nothing else can come to have its id.
        escaped = template.replace("%", "%%").replace('"line":0', '"line":%d')
        self._kept[id(finding)] = (finding, escaped)


def _after_range(finding: Finding, client: ClientDiagnostics) -> str:
    return _shared_text(finding.severity, finding.rule, finding.message, tags=client.tags)


@lru_cache(maxsize=16_384)
def _shared_text(severity: Severity, rule_name: str, message: str, *, tags: bool) -> str:
    code = _code(rule_name, tags=tags)
    return (
        f'"severity":{_SEVERITIES[severity]},"source":"pinfold",{code},"message":{_quoted(message)}'
    )


_DIAGNOSTIC = '{"range":{"start":{"line":%d,"character":%d},"end":{"line":%d,"character":%d}},%s%s}'
_RELATED = (
    '{"location":{"uri":%s,"range":{"start":{"line":%d,"character":%d},'
    '"end":{"line":%d,"character":%d}}},"message":%s}'
)
_SEVERITIES = {
    Severity.ERROR: 1,
    Severity.WARNING: 2,
    Severity.INFO: 3,
    Severity.HINT: 4,
    Severity.OFF: 4,
}
_UNNECESSARY = 1


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return json.dumps(text)


@lru_cache(maxsize=512)
def _code(rule_name: str, *, tags: bool) -> str:
    rule = rules().get(rule_name)
    text = f'"code":{_quoted(rule_name)}'
    if tags and rule is not None and rule.family is Family.IGNORED:
        # An editor fades what does nothing.
        text += f',"tags":[{_UNNECESSARY}]'
    return text


def _notification(uri: str, version: int | None, diagnostics: str) -> str:
    stated = "" if version is None else f'"version":{version},'
    return (
        '{"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":'
        f'{{"uri":{_quoted(uri)},{stated}"diagnostics":[{diagnostics}]}}}}'
    )


def _related_text(
    finding: Finding, snapshot: Snapshot, documents: Documents, encoding: PositionEncoding
) -> str:
    parts: list[str] = []
    for related in finding.related:
        document = snapshot.document(related.path)
        if isinstance(document, Unreadable):
            continue
        opened = documents.of(related.path)
        uri = uri_of_path(related.path) if opened is None else opened.uri
        place = to_range(document, related.range, encoding)
        parts.append(_RELATED % (_quoted(uri), *place, _quoted(related.message)))
    return f',"relatedInformation":[{",".join(parts)}]' if parts else ""


def _settings_text(
    path: Path,
    problems: Iterable[SettingProblem],
    snapshot: Snapshot,
    encoding: PositionEncoding,
    client: ClientDiagnostics,
) -> str:
    rule = rules()["invalid-setting"]
    settings = snapshot.settings(path).settings
    severity = settings.severity_of(rule.name, rule.default, path)
    if severity is Severity.OFF:
        return ""
    data = snapshot.disk.filesystem.read_bytes(path, MAX_SETTINGS_BYTES)
    text = "" if isinstance(data, Unreadable) else data.decode("utf-8-sig", "replace")
    table = LineTable.of(text)
    return ",".join(
        _DIAGNOSTIC
        % (
            *_place(text, table, problem.range.start, encoding),
            *_place(text, table, problem.range.end, encoding),
            _shared_text(severity, rule.name, problem.message, tags=client.tags),
            "",
        )
        for problem in problems
    )


def _place(text: str, table: LineTable, offset: int, encoding: PositionEncoding) -> tuple[int, int]:
    position = table.position(offset)
    start = offset - position.column
    return position.line, units(text[max(0, start) : offset], encoding)


def _identities(filesystem: FileSystem, paths: Iterable[Path]) -> dict[Path, FileIdentity | None]:
    return {path: filesystem.identity(path) for path in paths}
