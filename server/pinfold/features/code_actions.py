"""What can be done about findings: their fixes, the ignore comment, and all safe fixes at once.

Gives edits in code points. Knows neither an editor nor its units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.model.finding import Applicability, Edit
from pinfold.core.rules.run import ignore_fix
from pinfold.features.fixing import applicable_fix, dominant_line_end, with_line_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pinfold.core.formats.document import Document
    from pinfold.core.model.finding import Finding, Fix
    from pinfold.core.model.text import TextRange

NEVER_IGNORED = frozenset({"unused-ignore", "invalid-setting", "unreadable-file"})
"""Rules whose findings no comment on a line can silence."""


@dataclass(frozen=True, slots=True)
class QuickFix:
    """One way to mend or silence `finding`; `is_preferred` if it is plainly the one to take.

    `edits` are in order and end lines as the file does.
    """

    title: str
    edits: tuple[Edit, ...]
    finding: Finding
    is_preferred: bool
    silences: bool


def quick_fixes(
    document: Document, findings: Iterable[Finding], span: TextRange
) -> tuple[QuickFix, ...]:
    """Return what mends or silences the findings that touch *span*; mending comes first."""
    touched = [
        finding
        for finding in findings
        if finding.range.start <= span.end and span.start <= finding.range.end
    ]
    line_end = dominant_line_end(document.text) if touched else ""
    kept: dict[tuple[str, tuple[Edit, ...]], QuickFix] = {}
    mending, silencing = _mending(touched), _silencing(document, touched)
    for silences, fixes in ((False, mending), (True, silencing)):
        for fix, finding, is_preferred in fixes:
            edits = tuple(with_line_end(fix.edits, line_end))
            quick_fix = QuickFix(fix.title, edits, finding, is_preferred, silences)
            # Two findings on a line may offer the same thing.
            kept.setdefault((fix.title, edits), quick_fix)
    return tuple(kept.values())


def has_safe_fixes(findings: Iterable[Finding]) -> bool:
    """Return whether any finding has a fix of the file itself that needs nobody's eye."""
    return any(applicable_fix(finding, unsafe=False) is not None for finding in findings)


def _mending(findings: Iterable[Finding]) -> Iterator[tuple[Fix, Finding, bool]]:
    for finding in findings:
        # A fix without edits is one of the command line: it changes bytes that no editor shows.
        fixes = [fix for fix in finding.fixes if fix.edits and not fix.reencode]
        safe = [fix for fix in fixes if fix.applicability is Applicability.SAFE]
        for fix in fixes:
            yield fix, finding, len(safe) == 1 and fix is safe[0]


def _silencing(
    document: Document, findings: Iterable[Finding]
) -> Iterator[tuple[Fix, Finding, bool]]:
    for finding in findings:
        located = document.line_at(finding.range.start)
        if finding.rule in NEVER_IGNORED or located is None:
            continue
        start, line = located
        fix = ignore_fix(line, start, finding.rule)
        if fix is not None:
            yield fix, finding, False
