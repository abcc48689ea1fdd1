"""Findings as programs read them: the shape of ``docs/schemas/check.schema.json``.

Owns that shape, which only ever grows. The output is ASCII, whatever a file or its name holds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pinfold.cli.secrets import masked
from pinfold.core.model.finding import Applicability, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.cli.report import FileReport, Places, Span, Totals
    from pinfold.core.model.finding import Finding, Fix


def check_json(reported: Sequence[FileReport], totals: Totals, places: Places) -> str:
    """Return the JSON of a whole run: a line for each file that has findings."""
    files = ",\n".join(json.dumps(_file(report, places)) for report in reported if report.findings)
    summary = {
        "files": totals.files,
        "errors": totals.by_severity.get(Severity.ERROR, 0),
        "warnings": totals.by_severity.get(Severity.WARNING, 0),
        "infos": totals.by_severity.get(Severity.INFO, 0),
        "hints": totals.by_severity.get(Severity.HINT, 0),
    }
    opening, closing = ("[\n", "\n]") if files else ("[", "]")
    return (
        f'{{"version": 1, "files": {opening}{files}{closing},\n"summary": {json.dumps(summary)}}}\n'
    )


def _file(report: FileReport, places: Places) -> dict[str, object]:
    return {
        "path": places.shown(report.path),
        "findings": [_finding(report, finding, places) for finding in report.findings],
    }


def _finding(report: FileReport, finding: Finding, places: Places) -> dict[str, object]:
    related: list[dict[str, object]] = []
    for other in finding.related:
        place = places.span(report, other.path, other.range)
        related.append(
            {
                "path": places.shown(other.path),
                "line": place.line,
                "column": place.column,
                "message": masked(other.message),
            }
        )
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": masked(finding.message),
        **_range(places.span(report, None, finding.range)),
        "related": related,
        "fixes": [_fix(report, fix, places) for fix in finding.fixes],
    }


def _fix(report: FileReport, fix: Fix, places: Places) -> dict[str, object]:
    return {
        "title": masked(fix.title),
        "safe": fix.applicability is Applicability.SAFE,
        "edits": [
            {
                "path": places.shown(edit.path or report.path),
                **_range(places.span(report, edit.path, edit.range)),
                "text": edit.text,
            }
            for edit in fix.edits
        ],
    }


def _range(span: Span) -> dict[str, int]:
    return {
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
