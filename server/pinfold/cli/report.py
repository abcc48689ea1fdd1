"""What a run found, file by file, and what it adds up to.

Owns the order of reports, the findings about settings files, and the counts. Knows no terminal and
no JSON.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from pinfold.cli.targets import shown_path
from pinfold.core.files import Unreadable
from pinfold.core.model.finding import Applicability, Finding, Severity
from pinfold.core.model.text import LineTable
from pinfold.core.rules.registry import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.cli.selection import Selection
    from pinfold.cli.targets import Question
    from pinfold.core.model.finding import Fix
    from pinfold.core.model.text import TextRange
    from pinfold.core.settings import FoundSettings
    from pinfold.core.workspace.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class FileReport:
    """The findings in one file. `text` is empty where the file cannot be read.

    `position` is the place of the report among all of a run, whenever it was made.
    """

    path: Path
    text: str
    table: LineTable
    findings: tuple[Finding, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the reports of a run add up to.

    `files` counts what was judged, `files_with_findings` those of them that have any. `fixable`
    counts the findings that ``--fix`` would mend, `unsafely_fixable` those that only
    ``--unsafe-fixes`` would.
    """

    files: int
    files_with_findings: int
    by_severity: Mapping[Severity, int]
    fixable: int
    unsafely_fixable: int

    @property
    def findings(self) -> int:
        """How many findings there are, whatever their severity."""
        return sum(self.by_severity.values())

    @property
    def fails(self) -> bool:
        """Whether there is a finding that makes the run fail."""
        return bool(self.by_severity[Severity.ERROR] or self.by_severity[Severity.WARNING])


class Span(NamedTuple):
    """A stretch of a file as programs read it: lines and columns count from 1.

    Lines are those of an editor, columns code points, the end is exclusive.
    """

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of(cls, table: LineTable, span: TextRange) -> Span:
        """Return *span* of the file with the lines *table*."""
        start, end = table.position(span.start), table.position(span.end)
        return cls(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


class Places:
    """Where the offsets of a file lie, and how people are told of it.

    Paths are shown relative to *root*, which is the working directory unless something else is
    given.
    """

    def __init__(self, snapshot: Snapshot, root: Path | None = None) -> None:
        self._snapshot = snapshot
        self._root = root or snapshot.working_directory
        self._tables: dict[Path, LineTable] = {}

    def shown(self, path: Path) -> str:
        """Return *path* for people and programs."""
        return shown_path(path, self._root)

    def text(self, report: FileReport, path: Path | None) -> str:
        """Return what the file at *path* holds, ``None`` being the one that *report* is on."""
        if path is None or path == report.path:
            return report.text
        document = self._snapshot.document(path)
        return "" if isinstance(document, Unreadable) else document.text

    def span(self, report: FileReport, path: Path | None, span: TextRange) -> Span:
        """Return *span* of the file at *path*, ``None`` being the one that *report* is on."""
        if path is None or path == report.path:
            return Span.of(report.table, span)
        return Span.of(self.table(path), span)

    def table(self, path: Path) -> LineTable:
        """Return the lines of the file at *path*; those of an empty one if it cannot be read."""
        table = self._tables.get(path)
        if table is None:
            document = self._snapshot.document(path)
            table = _NO_LINES if isinstance(document, Unreadable) else document.table
            self._tables[path] = table
        return table


def reports(
    questions: Iterable[Question],
    selection: Selection,
    told: set[tuple[Path, Finding]],
) -> Iterator[FileReport]:
    """Yield a report on each file of *questions*, clean ones too.

    A settings file that is not in order has its report in front of the first file that it is for.
    """
    for question in questions:
        snapshot, target, position = question.snapshot, question.target, question.position
        for report in settings_reports(snapshot.settings(target.path), selection, told):
            yield replace(report, position=position)
        judgement = selection.judge(snapshot, target)
        document, findings = judgement.document, judgement.findings
        if document is None:
            yield FileReport(target.path, "", _NO_LINES, findings, position)
        else:
            yield FileReport(target.path, document.text, document.table, findings, position)


def settings_reports(
    found: FoundSettings, selection: Selection, told: set[tuple[Path, Finding]]
) -> Iterator[FileReport]:
    """Yield a report on each settings file with problems that are not among those *told*."""
    rule = rules()["invalid-setting"]
    if not found.problems or not selection.reports(rule.name):
        return
    by_path: dict[Path, list[Finding]] = {}
    for problem in found.problems:
        severity = found.settings.severity_of(rule.name, rule.default, problem.path)
        finding = Finding(problem.range, problem.message, rule=rule.name, severity=severity)
        if severity is not Severity.OFF and (problem.path, finding) not in told:
            told.add((problem.path, finding))
            by_path.setdefault(problem.path, []).append(finding)
    for path, findings in by_path.items():
        text = (found.text or "") if path == found.settings.source else ""
        yield FileReport(path, text, LineTable.of(text), tuple(findings))


def totals_of(reported: Sequence[FileReport]) -> Totals:
    """Add up *reported*."""
    findings = [finding for report in reported for finding in report.findings]
    safe = sum(_is_mendable(finding, Applicability.SAFE) for finding in findings)
    unsafe = sum(
        _is_mendable(finding, Applicability.UNSAFE)
        and not _is_mendable(finding, Applicability.SAFE)
        for finding in findings
    )
    return Totals(
        len({report.path for report in reported}),
        len({report.path for report in reported if report.findings}),
        Counter(finding.severity for finding in findings),
        safe,
        unsafe,
    )


_NO_LINES = LineTable.of("")


def _is_mendable(finding: Finding, applicability: Applicability) -> bool:
    return any(fix.applicability is applicability and _does_something(fix) for fix in finding.fixes)


def _does_something(fix: Fix) -> bool:
    return bool(fix.edits) or fix.reencode
