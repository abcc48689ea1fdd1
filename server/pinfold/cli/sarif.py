"""Findings as SARIF 2.1.0, which code scanning and viewers of many makes read.

Owns what Pinfold says in that format; what the words of the format mean is said by the standard
(OASIS, Static Analysis Results Interchange Format 2.1.0, errata 01; sections are given as §). The
output is ASCII, and has nothing in it that no UTF-8 could hold, whatever a file or its name holds.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from hashlib import sha256
from textwrap import shorten
from typing import TYPE_CHECKING
from urllib.parse import quote

import pinfold
from pinfold.cli.render import shown_message
from pinfold.cli.rule import plain_body
from pinfold.cli.secrets import masked
from pinfold.cli.selection import family_key
from pinfold.cli.terminal import visible
from pinfold.core.model.finding import Applicability, Severity
from pinfold.core.rules.registry import rules
from pinfold.features.fixing import dominant_line_end, with_line_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pinfold.cli.report import FileReport, Places, Span
    from pinfold.core.model.finding import Edit, Finding, Fix
    from pinfold.core.rules.registry import Rule

    Json = dict[str, object]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
"""What the standard calls its schema: a name, which nothing here looks up."""

ROOT = "SRCROOT"
"""What the root of the relative paths is called."""

FINGERPRINT = "pinfoldLine/v1"
"""What our fingerprints are called; a new way to make them needs a new number (§3.27.17)."""

LONGEST_DESCRIPTION = 1_000
"""Code scanning takes 1,024 characters at most."""


def check_sarif(
    reported: Sequence[FileReport],
    places: Places,
    root: Path,
    *,
    failures: Sequence[str],
    remarks: Sequence[str],
    status: int,
) -> str:
    """Return the SARIF of a whole run: a line for each rule and each result.

    *places* shows paths relative to *root*. *failures* are what makes the exit *status* that of a
    failed operation; *remarks* are what was passed over without being one.
    """
    declared = list(rules().values())
    version = pinfold.__version__
    driver: Json = {"name": "Pinfold", "version": version, "semanticVersion": version}
    invocation: Json = {"executionSuccessful": not failures, "exitCode": status}
    told = [*_notifications(failures, "error"), *_notifications(remarks, "warning")]
    if told:
        invocation["toolExecutionNotifications"] = told
    shared: Json = {
        "invocations": [invocation],
        "originalUriBaseIds": {ROOT: {"uri": os.path.join(root.as_uri(), "")}},
        "columnKind": "unicodeCodePoints",
        # The longest first (§3.14.26). A bare \r ends an editor's line too.
        "newlineSequences": ["\r\n", "\n", "\r"],
    }
    described = _lines(map(_rule, declared))
    writing = _Writing(places, declared)
    results = (result for report in reported for result in _results(report, writing))
    return (
        f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0", "runs": [\n'
        f'{{"tool": {{"driver": {{{_members(driver)}, "rules": {described}}}}},\n'
        f'{_members(shared)},\n"results": {_lines(results)}}}\n'
        "]}\n"
    )


class _Writing:
    """What the results of a run share, so that none of it is worked out for each of them."""

    def __init__(self, places: Places, declared: Iterable[Rule]) -> None:
        self.places = places
        self.rule_index = {rule.name: number for number, rule in enumerate(declared)}
        self._artifacts: dict[Path, Json] = {}
        self._line_ends: dict[Path, str] = {}

    def artifact(self, path: Path) -> Json:
        """Return where the file at *path* lies, as a URI."""
        known = self._artifacts.get(path)
        if known is None:
            shown = self.places.shown(path)
            if os.path.isabs(shown):  # noqa: PTH117
                known = {"uri": path.as_uri()}
            else:
                # The name's own bytes, whether or not they are UTF-8.
                known = {"uri": quote(os.fsencode(shown)), "uriBaseId": ROOT}
            self._artifacts[path] = known
        return known

    def line_end(self, report: FileReport, path: Path) -> str:
        """Return the line end that ``--fix`` writes in the file at *path*."""
        known = self._line_ends.get(path)
        if known is None:
            known = dominant_line_end(self.places.text(report, path))
            self._line_ends[path] = known
        return known


class _Fingerprints:
    """What tells the findings of a file from each other, wherever their lines move."""

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._lines: dict[int, bytes] = {}
        self._seen: Counter[tuple[str, bytes]] = Counter()

    def of(self, finding: Finding, line: int) -> str:
        """Return that of *finding*, the next one on the 1-based *line*.

        Made of the rule, of what the line says, and of how many of the same there were before in
        the file; not of the message, whose words may change with a version.
        """
        found = (finding.rule, self._line(line))
        self._seen[found] += 1
        digest = sha256(found[0].encode() + b"\0" + found[1]).hexdigest()
        return f"{digest[:32]}:{self._seen[found]}"

    def _line(self, line: int) -> bytes:
        known = self._lines.get(line)
        if known is None:
            table, text = self._report.table, self._report.text
            end = table.line_start(line) if line < len(table) else len(text)
            said = text[table.line_start(line - 1) : end].strip()
            # Masked, so that nobody can try passwords on the digest.
            known = sha256(masked(said).encode("utf-8", "surrogatepass")).digest()
            self._lines[line] = known
        return known


_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
    Severity.HINT: "note",
}

_WHY = re.compile(r"^## Why\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]\n]*)\]\((?!https?:)\S+?\)")


def _rule(rule: Rule) -> Json:
    family = family_key(rule.family)
    # A link to another page leads nowhere outside of the documentation.
    page = _LINK.sub(r"\1", rule.documentation.partition("\n")[2].strip("\n"))
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": _description(rule)},
        "help": {"text": plain_body(rule), "markdown": page},
        "defaultConfiguration": _configuration(rule.default),
        "properties": {
            "family": family,
            "tags": [family],
            "since": rule.since,
            **({} if rule.fix is None else {"fix": rule.fix.value}),
        },
    }


def _description(rule: Rule) -> str:
    """Return what *rule* finds and why that matters, in a paragraph."""
    why = _WHY.search(_LINK.sub(r"\1", rule.documentation))
    text = f"{rule.title} {why['text']}" if why else rule.title
    return shorten(text, LONGEST_DESCRIPTION, placeholder="...")


def _configuration(default: Severity) -> Json:
    if default is Severity.OFF:
        return {"enabled": False}
    return {"level": _LEVELS[default]}


def _notifications(messages: Iterable[str], level: str) -> list[Json]:
    return [{"level": level, "message": {"text": _literal(visible(text))}} for text in messages]


def _results(report: FileReport, writing: _Writing) -> Iterator[Json]:
    fingerprints = _Fingerprints(report)
    for finding in report.findings:
        span = writing.places.span(report, None, finding.range)
        result: Json = {
            "ruleId": finding.rule,
            "ruleIndex": writing.rule_index[finding.rule],
            "level": _LEVELS[finding.severity],
            "message": {"text": _message(report, finding, writing)},
            "locations": [{"physicalLocation": _physical(report.path, span, writing)}],
            "partialFingerprints": {FINGERPRINT: fingerprints.of(finding, span.line)},
        }
        if finding.related:
            result["relatedLocations"] = _related(report, finding, writing)
        if fixes := [shape for fix in finding.fixes if (shape := _fix(report, fix, writing))]:
            result["fixes"] = fixes
        result["properties"] = {"severity": finding.severity.value}
        yield result


def _message(report: FileReport, finding: Finding, writing: _Writing) -> str:
    """Return what *finding* says, with a link to each place that it speaks of.

    Code scanning shows no related location that the message does not link to.
    """
    lines = [_literal(shown_message(finding.message))]
    for number, other in enumerate(finding.related, 1):
        span = writing.places.span(report, other.path, other.range)
        place = f"{visible(writing.places.shown(other.path))}:{span.line}:{span.column}"
        link = place.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
        lines.append(f"see [{link}]({number}): {_literal(shown_message(other.message))}")
    return "\n".join(lines)


def _related(report: FileReport, finding: Finding, writing: _Writing) -> list[Json]:
    return [
        {
            "id": number,
            "physicalLocation": _physical(
                other.path, writing.places.span(report, other.path, other.range), writing
            ),
            "message": {"text": _literal(shown_message(other.message))},
        }
        for number, other in enumerate(finding.related, 1)
    ]


def _fix(report: FileReport, fix: Fix, writing: _Writing) -> Json | None:
    """Return *fix*; ``None`` if this format has no words for it.

    It has none for a change of encoding, and none for text that no UTF-8 can hold; and a report
    that goes far should not carry passwords.
    """
    by_path: dict[Path, list[Edit]] = {}
    for edit in fix.edits:
        if masked(edit.text) != edit.text or _is_beyond_utf8(edit.text):
            return None
        by_path.setdefault(edit.path or report.path, []).append(edit)
    if not by_path:
        return None
    return {
        "description": {"text": _literal(shown_message(fix.title))},
        "artifactChanges": [
            {
                "artifactLocation": writing.artifact(path),
                "replacements": [
                    _replacement(writing.places.span(report, path, edit.range), edit.text)
                    for edit in with_line_end(edits, writing.line_end(report, path))
                ],
            }
            for path, edits in by_path.items()
        ],
        "properties": {"safe": fix.applicability is Applicability.SAFE},
    }


def _replacement(span: Span, text: str) -> Json:
    replacement: Json = {"deletedRegion": _region(span)}
    if text:
        replacement["insertedContent"] = {"text": text}
    return replacement


def _physical(path: Path, span: Span, writing: _Writing) -> Json:
    return {"artifactLocation": writing.artifact(path), "region": _region(span)}


def _region(span: Span) -> Json:
    # The end's line is the start's where it is not given (§3.30.7).
    end = {} if span.end_line == span.line else {"endLine": span.end_line}
    return {
        "startLine": span.line,
        "startColumn": span.column,
        **end,
        "endColumn": span.end_column,
    }


def _literal(text: str) -> str:
    """Return *text* so that nothing in it is taken for a link (§3.11.6).

    The standard lets brackets stand as they are, so that only what looks like a link is changed.
    """
    return text.replace("[", "\\[").replace("]", "\\]") if "](" in text else text


def _is_beyond_utf8(text: str) -> bool:
    return _SURROGATE.search(text) is not None


_SURROGATE = re.compile("[\ud800-\udfff]")


def _members(shape: Json) -> str:
    """Return *shape* as JSON without its braces, to stand beside other members."""
    return json.dumps(shape)[1:-1]


def _lines(shapes: Iterable[Json]) -> str:
    """Return *shapes* as a JSON list, each on a line of its own."""
    lines = ",\n".join(map(json.dumps, shapes))
    return f"[\n{lines}\n]" if lines else "[]"
