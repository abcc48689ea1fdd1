"""Findings as people read them: the place, the words, the source line with a mark under it.

Owns the text format. Everything that comes from a file or its name passes through
:func:`pinfold.cli.terminal.visible`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.cli.secrets import masked
from pinfold.cli.terminal import Ink, cells, counted, escaped, visible
from pinfold.core.model.finding import Applicability, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.cli.report import FileReport, Places, Totals
    from pinfold.cli.terminal import Screen
    from pinfold.core.model.finding import Finding
    from pinfold.core.model.text import LineTable, TextRange

LONGEST_MESSAGE = 1_000
TAB_STOP = 4


def render_report(report: FileReport, places: Places, screen: Screen, *, brief: bool) -> str:
    """Return the findings of a file; *brief* leaves out all but a line for each."""
    path = visible(places.shown(report.path))
    parts: list[str] = []
    for finding in report.findings:
        parts.append(_headline(path, report.table, finding, screen))
        if not brief:
            parts.append(_details(report, finding, places, screen))
    return "".join(parts)


def render_totals(totals: Totals) -> str:
    """Return what a run found, in one line."""
    if not totals.findings:
        return f"No problems in {counted(totals.files, 'file')}.\n"
    if totals.files == totals.files_with_findings:
        files = counted(totals.files, "file")
    else:
        files = f"{totals.files_with_findings:,} of {counted(totals.files, 'file')}"
    return f"Found {_problems(totals)} in {files}{_offer(totals)}.\n"


def render_fixed(fixed: int, files: int, totals: Totals, *, only_shown: bool) -> str:
    """Return what was mended, or would be if *only_shown*, and what is left, in one line."""
    verb = "Would fix" if only_shown else "Fixed"
    done = f"{verb} {counted(fixed, 'problem')}"
    if fixed:
        done += f" in {counted(files, 'file')}"
    if not totals.findings:
        return f"{done}; none left.\n"
    return f"{done}; {_problems(totals)} left in {counted(totals.files_with_findings, 'file')}.\n"


def shown_message(text: str) -> str:
    """Return what a rule says for people: on one line, not too long, without passwords."""
    # Masked first: without the `@` behind it, a password that is cut would not be known for one.
    text = masked(text)
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[:LONGEST_MESSAGE]}{_ELLIPSIS}"
    return visible(text)


def excerpt(text: str, table: LineTable, span: TextRange, width: int) -> tuple[str, str] | None:
    """Return the first line of *span* and the marks under it, in at most about *width* columns.

    ``None`` where there is nothing to show. Takes time by *width*, not by the line's length.
    """
    first = table.line_start(table.position(span.start).line)
    limit = _line_end(text, table, span.start)
    if first == limit:
        return None
    whole_first, whole_limit = first, limit
    start = min(span.start, limit)
    end = max(start, min(span.end, limit))
    text, base = _masked_around(text, first, limit, start, width)
    start, end, limit = start - base, min(end - base, len(text)), len(text)
    left = _left_edge(text, start, width - _columns(text[start:limit], width // 2))
    is_cut = base + left > whole_first
    shown: list[str] = []
    marks: list[str] = []
    if is_cut:
        shown.append(_ELLIPSIS)
        marks.append(" " * len(_ELLIPSIS))
    column = 0
    offset = left
    while offset < limit and column < width:
        piece = _cell(text[offset], column)
        size = _width(piece)
        shown.append(piece)
        if offset < end or offset == start:
            marks.append((" " if offset < start else "^") * size)
        column += size
        offset += 1
    if base + offset < whole_limit:
        shown.append(_ELLIPSIS)
    underline = "".join(marks)
    if "^" not in underline:
        # An empty span at the line's end, or one of characters without a width.
        underline += "^"
    return "".join(shown), underline


_ELLIPSIS = "..."
_LONGEST_SECRET = 4_200

_INKS = {
    Severity.ERROR: Ink.ERROR,
    Severity.WARNING: Ink.WARNING,
    Severity.INFO: Ink.INFO,
    Severity.HINT: Ink.HINT,
    Severity.OFF: Ink.DIM,
}

_COUNTED = (
    (Severity.ERROR, "error"),
    (Severity.WARNING, "warning"),
    (Severity.INFO, "info"),
    (Severity.HINT, "hint"),
)


def _headline(path: str, table: LineTable, finding: Finding, screen: Screen) -> str:
    line, column = table.position(finding.range.start)
    place = screen.paint(f"{path}:{line + 1}:{column + 1}:", Ink.BOLD)
    name = screen.paint(f"{finding.severity.value}[{finding.rule}]", _INKS[finding.severity])
    return f"{place} {name} {shown_message(finding.message)}\n"


def _details(report: FileReport, finding: Finding, places: Places, screen: Screen) -> str:
    number = str(report.table.position(finding.range.start).line + 1)
    parts: list[str] = []
    found = excerpt(report.text, report.table, finding.range, screen.width - len(number) - 5)
    if found is not None:
        source, underline = found
        bar = screen.paint("|", Ink.DIM)
        marks = underline.lstrip(" ")
        blank = " " * (len(underline) - len(marks))
        parts.append(f"  {screen.paint(number, Ink.DIM)} {bar} {source}\n")
        parts.append(
            f"  {' ' * len(number)} {bar} {blank}{screen.paint(marks, _INKS[finding.severity])}\n"
        )
    for related in finding.related:
        line, column = places.table(related.path).position(related.range.start)
        path = visible(places.shown(related.path))
        parts.append(f"  see {path}:{line + 1}:{column + 1}: {shown_message(related.message)}\n")
    for fix in finding.fixes:
        kind = "fix" if fix.applicability is Applicability.SAFE else "unsafe fix"
        parts.append(f"  {screen.paint(f'{kind}:', Ink.ADDED)} {shown_message(fix.title)}\n")
    return "".join(parts)


def _problems(totals: Totals) -> str:
    parts = [
        f"{count:,} {noun}" if severity is Severity.INFO else counted(count, noun)
        for severity, noun in _COUNTED
        if (count := totals.by_severity.get(severity, 0))
    ]
    return f"{counted(totals.findings, 'problem')} ({', '.join(parts)})"


def _offer(totals: Totals) -> str:
    parts: list[str] = []
    if totals.fixable:
        parts.append(f"{totals.fixable:,} can be fixed with --fix")
    if totals.unsafely_fixable:
        more = " more" if totals.fixable else " can be fixed"
        parts.append(f"{totals.unsafely_fixable:,}{more} with --fix --unsafe-fixes")
    return f"; {', '.join(parts)}" if parts else ""


def _line_end(text: str, table: LineTable, offset: int) -> int:
    """Return where the content of the editor line at *offset* ends, its line end left out."""
    line = table.position(offset).line
    if line + 1 == len(table):
        return len(text)
    end = table.line_start(line + 1)
    start = table.line_start(line)
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return end


def _masked_around(text: str, first: int, limit: int, start: int, width: int) -> tuple[str, int]:
    """Return what is near *start* of the line between *first* and *limit*, and where that begins.

    Near is wide enough that a URL's credentials are seen whole.
    """
    base = max(first, start - width - _LONGEST_SECRET)
    return masked(text[base : min(limit, start + width + _LONGEST_SECRET)]), base


def _left_edge(text: str, start: int, room: int) -> int:
    """Return the offset to show a line from, so that *start* comes within *room* columns."""
    left = start
    used = 0
    while left > 0:
        used += _width(_cell(text[left - 1], 0))
        if used > room:
            break
        left -= 1
    return left


def _columns(text: str, most: int) -> int:
    """Return how many columns *text* takes, counting no further than *most*."""
    used = 0
    for character in text:
        if used >= most:
            return most
        used += _width(_cell(character, 0))
    return min(used, most)


def _cell(character: str, column: int) -> str:
    if character == "\t":
        return " " * (TAB_STOP - column % TAB_STOP)
    return character if character.isprintable() else escaped(character)


def _width(piece: str) -> int:
    return len(piece) if len(piece) != 1 else cells(piece)


def render_diff_line(line: str, screen: Screen) -> str:
    """Return a line of a unified diff, coloured by what it says."""
    content = line.removesuffix("\n")
    shown = "".join(c if c == "\t" or c.isprintable() else escaped(c) for c in content)
    return f"{screen.paint(shown, _diff_ink(line))}\n"


def _diff_ink(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return Ink.BOLD
    return {"-": Ink.REMOVED, "+": Ink.ADDED, "@": Ink.HUNK}.get(line[:1], "0")


def rendered_lines(lines: Sequence[str], screen: Screen) -> str:
    """Return *lines* of a unified diff for a person."""
    return "".join(render_diff_line(line, screen) for line in lines)
