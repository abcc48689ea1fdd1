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
    from pathlib import Path

    from pinfold.cli.report import FileReport, Places, Totals
    from pinfold.core.model.finding import Finding, Fix
    from pinfold.core.model.text import LineTable, TextRange


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
        line, column = places.table(other.path).position(other.range.start)
        related.append(
            {
                "path": places.shown(other.path),
                "line": line + 1,
                "column": column + 1,
                "message": masked(other.message),
            }
        )
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": masked(finding.message),
        **_range(report.table, finding.range),
        "related": related,
        "fixes": [_fix(report, fix, places) for fix in finding.fixes],
    }


def _fix(report: FileReport, fix: Fix, places: Places) -> dict[str, object]:
    def table(path: Path) -> LineTable:
        return report.table if path == report.path else places.table(path)

    return {
        "title": masked(fix.title),
        "safe": fix.applicability is Applicability.SAFE,
        "edits": [
            {
                "path": places.shown(edit.path or report.path),
                **_range(table(edit.path or report.path), edit.range),
                "text": edit.text,
            }
            for edit in fix.edits
        ],
    }


def _range(table: LineTable, span: TextRange) -> dict[str, int]:
    start, end = table.position(span.start), table.position(span.end)
    return {
        "line": start.line + 1,
        "column": start.column + 1,
        "endLine": end.line + 1,
        "endColumn": end.column + 1,
    }
