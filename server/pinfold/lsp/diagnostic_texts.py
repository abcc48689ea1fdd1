"""Findings in the form that the client gets: elements of a JSON array, put together as text.

Building protocol objects for a thousand findings costs ten times as much as finding them again, so
the text of a finding is kept for as long as its line is, and after an edit only the findings that
the edit reaches are looked at. Knows nothing of when anything is sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, count
from operator import is_not, itemgetter, ne
from threading import Lock
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.model.finding import Severity
from pinfold.core.model.text import LineTable
from pinfold.core.rules.registry import Family, rules
from pinfold.core.settings import MAX_SETTINGS_BYTES
from pinfold.lsp.convert import common_prefix, common_suffix, to_range, units, uri_of_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.model.finding import Finding, PlacedFinding
    from pinfold.core.settings import SettingProblem
    from pinfold.core.workspace.snapshot import Judgement, Snapshot
    from pinfold.lsp.convert import PositionEncoding

_KEPT_TEMPLATES = 50_000
_KEPT_DOCUMENTS = 8
_UNNECESSARY = 1


@dataclass(frozen=True, slots=True)
class ClientDiagnostics:
    """What the client understands of a diagnostic."""

    related: bool = False
    tags: bool = False

    @classmethod
    def of(cls, *capabilities: object) -> ClientDiagnostics:
        """Read the client's capabilities: the first that say anything of a property count.

        ``textDocument.diagnostic`` has them since version 3.18 of the protocol; older clients mean
        what they say of ``textDocument.publishDiagnostics`` for both.
        """
        tags = _first(capabilities, "tagSupport")
        values = tags.get("valueSet") if isinstance(tags, dict) else None
        return cls(
            related=_first(capabilities, "relatedInformation") is True,
            tags=tags is True or (isinstance(values, list) and _UNNECESSARY in values),
        )


@dataclass(frozen=True, slots=True)
class _Written:
    """What was last written of a document: the findings, in order, and the text of each.

    Loose are those whose text depends on more than the line that they are in: they span several, or
    tell of other places. `first_loose` is the first of them, or else how many findings there are;
    `last_loose` the last, or else -1.
    """

    document: Document
    placed: Sequence[PlacedFinding]
    parts: Sequence[str]
    joined: str
    first_loose: int
    last_loose: int


class DiagnosticTexts:
    """Writes findings for one client; of one file for one thread at a time."""

    def __init__(self, encoding: PositionEncoding, client: ClientDiagnostics) -> None:
        self.encoding = encoding
        self.client = client
        self._templates: dict[int, tuple[Finding, str]] = {}
        self._written: dict[Path, _Written] = {}
        self._lock = Lock()

    def forget(self, path: Path) -> None:
        """Let go of what was last written of a file."""
        self._written.pop(path, None)

    def of(self, judgement: Judgement, snapshot: Snapshot, uris: Mapping[Path, str]) -> str:
        """Return what is found in a file, separated by commas."""
        document, placed = judgement.document, judgement.placed
        if document is None:
            return ",".join(
                _DIAGNOSTIC % (0, 0, 0, 0, self._after_range(finding), "") for _, finding in placed
            )
        before = self._written.get(judgement.path)
        head, tail = (0, 0) if before is None else _unmoved(before, document, placed)
        middle = placed[head : len(placed) - tail]
        fresh, loose = self._parts(document, middle, snapshot, uris)
        if before is None:
            parts: Sequence[str] = fresh
        elif not middle and head + tail == len(before.parts):
            parts = before.parts
        else:
            parts = [*before.parts[:head], *fresh, *before.parts[len(before.parts) - tail :]]
        joined = before.joined if before and parts is before.parts else ",".join(parts)
        first_loose, last_loose = len(placed), -1
        if loose:
            first_loose, last_loose = head + loose[0], head + loose[-1]
        written = _Written(document, placed, parts, joined, first_loose, last_loose)
        self._keep(judgement.path, written)
        return joined

    def _parts(
        self,
        document: Document,
        placed: Sequence[PlacedFinding],
        snapshot: Snapshot,
        uris: Mapping[Path, str],
    ) -> tuple[list[str], list[int]]:
        """Return the text of each finding, and which of them are loose."""
        parts: list[str] = []
        loose: list[int] = []
        templates, line_starting_at = self._templates, document.table.line_starting_at
        for start, finding in placed:
            known = templates.get(id(finding))
            line = line_starting_at(start)
            if known is not None and known[0] is finding and line >= 0:
                parts.append(known[1] % (line, line))
                continue
            place = to_range(document, finding.range.shifted(start), self.encoding)
            after = self._after_range(finding)
            more = ""
            if finding.related and self.client.related:
                more = self._related_text(finding, snapshot, uris)
            if more or place[0] != place[2]:
                loose.append(len(parts))
            elif place[0] == line:
                self._keep_template(finding, place, after)
            parts.append(_DIAGNOSTIC % (*place, after, more))
        return parts, loose

    def _keep(self, path: Path, written: _Written) -> None:
        with self._lock:
            self._written.pop(path, None)
            if len(self._written) >= _KEPT_DOCUMENTS:
                del self._written[next(iter(self._written))]
            self._written[path] = written

    def _keep_template(
        self, finding: Finding, place: tuple[int, int, int, int], after: str
    ) -> None:
        if len(self._templates) >= _KEPT_TEMPLATES:
            self._templates.clear()
        template = _DIAGNOSTIC % (0, place[1], 0, place[3], after, "")
        # The finding is kept with its text, so that nothing else can come to have its id.
        escaped = template.replace("%", "%%").replace('"line":0', '"line":%d')
        self._templates[id(finding)] = (finding, escaped)

    def _after_range(self, finding: Finding) -> str:
        return _shared_text(finding.severity, finding.rule, finding.message, tags=self.client.tags)

    def _related_text(self, finding: Finding, snapshot: Snapshot, uris: Mapping[Path, str]) -> str:
        parts: list[str] = []
        for related in finding.related:
            document = snapshot.document(related.path)
            if isinstance(document, Unreadable):
                continue
            uri = uris.get(related.path) or uri_of_path(related.path)
            place = to_range(document, related.range, self.encoding)
            parts.append(_RELATED % (quoted(uri), *place, quoted(related.message)))
        return f',"relatedInformation":[{",".join(parts)}]' if parts else ""


def settings_text(
    path: Path, problems: Iterable[SettingProblem], snapshot: Snapshot, texts: DiagnosticTexts
) -> str:
    """Return what is wrong in the settings file at *path*, separated by commas."""
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
            *_place(text, table, problem.range.start, texts.encoding),
            *_place(text, table, problem.range.end, texts.encoding),
            _shared_text(severity, rule.name, problem.message, tags=texts.client.tags),
            "",
        )
        for problem in problems
    )


def notice_text(place: tuple[int, int, int, int], code: str, message: str) -> str:
    """Return an error at a place that no rule has found; columns are as the client counts."""
    after = _shared_text(Severity.ERROR, code, message, tags=False)
    return _DIAGNOSTIC % (*place, after, "")


def joined(items: str, more: str) -> str:
    """Return two lists of diagnostics, each separated by commas, as one."""
    return f"{items},{more}" if items and more else items or more


@lru_cache(maxsize=4096)
def quoted(text: str) -> str:
    """Return *text* as a JSON string."""
    return json.dumps(text)


def _first(capabilities: Iterable[object], name: str) -> object:
    for group in capabilities:
        if isinstance(group, dict) and group.get(name) is not None:
            return group[name]
    return None


def _unmoved(
    before: _Written, document: Document, placed: Sequence[PlacedFinding]
) -> tuple[int, int]:
    """Return how many findings at the head, and how many at the tail, are written as before.

    Those are the same findings, in lines before or behind which nothing is otherwise.
    """
    old, new = before.document.text, document.text
    unchanged = common_prefix(old, new)
    head = min(before.first_loose, _count_equal(ne, before.placed, placed))
    # On the line where the texts part, and on one that it may have joined, columns may differ.
    limit = document.table.line_start(max(0, document.table.position(unchanged).line - 1))
    while head and placed[head - 1].absolute_start >= limit:
        head -= 1
    most = min(len(before.placed) - before.last_loose - 1, len(before.placed) - head)
    most = min(most, len(placed) - head)
    if most <= 0 or len(before.document.table) != len(document.table):
        return head, 0
    behind = len(new) - common_suffix(old, new, min(len(old), len(new)) - unchanged)
    olds, news = map(_FINDING, reversed(before.placed)), map(_FINDING, reversed(placed))
    tail = min(most, _count_equal(is_not, olds, news))
    while tail and placed[-tail].start < behind:
        tail -= 1
    if not tail:
        return head, 0
    first, last = placed[-tail].start, before.placed[-tail].start
    is_level = document.table.position(first) == before.document.table.position(last)
    return head, tail if is_level else 0


_FINDING = itemgetter(1)


def _count_equal(
    differs: Callable[[object, object], bool], olds: Iterable[object], news: Iterable[object]
) -> int:
    """Return how many of *olds* and *news* go together before the first two that differ."""
    # At the speed of C, for this is done with every key.
    pairs = map(differs, olds, news)
    seen = count()
    first = next(compress(seen, pairs), None)
    # The one that was drawn last when the pairs ended is one too many.
    return next(seen) - 1 if first is None else first


@lru_cache(maxsize=16_384)
def _shared_text(severity: Severity, rule_name: str, message: str, *, tags: bool) -> str:
    code = _code(rule_name, tags=tags)
    return (
        f'"severity":{_SEVERITIES[severity]},"source":"pinfold",{code},"message":{quoted(message)}'
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
_WITHOUT_EFFECT = frozenset({"unused-ignore", "unused-marker"})


@lru_cache(maxsize=512)
def _code(rule_name: str, *, tags: bool) -> str:
    rule = rules().get(rule_name)
    text = f'"code":{quoted(rule_name)}'
    is_faded = rule_name in _WITHOUT_EFFECT or (rule is not None and rule.family is Family.IGNORED)
    if tags and is_faded:
        # An editor fades what does nothing.
        text += f',"tags":[{_UNNECESSARY}]'
    return text


def _place(text: str, table: LineTable, offset: int, encoding: PositionEncoding) -> tuple[int, int]:
    position = table.position(offset)
    start = offset - position.column
    return position.line, units(text[max(0, start) : offset], encoding)
