"""Findings as GitHub reads them from a step's log: workflow commands, which become annotations.

Owns that form and its escaping, as the runner of GitHub Actions takes them apart
(``ActionCommand.cs`` and ``ActionCommandManager.cs`` of actions/runner).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.cli.render import shown_message
from pinfold.cli.report import Span
from pinfold.cli.terminal import visible
from pinfold.core.model.finding import Severity
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.cli.report import FileReport, Places
    from pinfold.core.model.finding import Finding


def check_github(reported: Sequence[FileReport], places: Places) -> str:
    """Return a command for each finding of a run, the worst first.

    GitHub shows only the first few annotations of a job, and an error must not be missing because
    there were hints in front of it.
    """
    found = [(report, finding) for report in reported for finding in report.findings]
    found.sort(key=lambda item: _ORDER[item[1].severity])
    return "".join(_command(report, finding, places) for report, finding in found)


_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
    Severity.HINT: "notice",
}
_ORDER = {severity: order for order, severity in enumerate(_COMMANDS)}

# The percent sign first: the others' escapes hold one.
_IN_MESSAGE = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_IN_PROPERTY = (*_IN_MESSAGE, (":", "%3A"), (",", "%2C"))


def _command(report: FileReport, finding: Finding, places: Places) -> str:
    path = visible(places.shown(report.path))
    span = _trimmed(report, finding)
    properties = [f"file={_escaped(path, _IN_PROPERTY)}", f"line={span.line}"]
    if span.line == span.end_line:
        properties += (f"col={span.column}", f"endLine={span.line}", f"endColumn={span.end_column}")
    else:
        # With an end on another line, the runner takes no columns.
        properties.append(f"endLine={span.end_line}")
    properties.append(f"title=Pinfold ({finding.rule})")
    # Of all this, the log shows only the message: so the place and the rule stand there too.
    place = f"{path}:{span.line}:{span.column}"
    lines = [f"{place}: [{finding.rule}] {shown_message(finding.message)}"]
    lines += _related(report, finding, places)
    message = _escaped("\n".join(lines), _IN_MESSAGE)
    return f"::{_COMMANDS[finding.severity]} {','.join(properties)}::{message}\n"


def _related(report: FileReport, finding: Finding, places: Places) -> Iterator[str]:
    for other in finding.related:
        span = places.span(report, other.path, other.range)
        place = f"{visible(places.shown(other.path))}:{span.line}:{span.column}"
        yield f"see {place}: {shown_message(other.message)}"


def _trimmed(report: FileReport, finding: Finding) -> Span:
    """Return where *finding* is, without the line end that it may close with.

    GitHub counts the last line in, and so would mark the one behind it.
    """
    start, end = finding.range.start, finding.range.end
    while end > start and report.text[end - 1 : end] in ("\r", "\n"):
        end -= 1
    return Span.of(report.table, TextRange(start, end))


def _escaped(text: str, escapes: Sequence[tuple[str, str]]) -> str:
    for character, escape in escapes:
        text = text.replace(character, escape)
    return text
