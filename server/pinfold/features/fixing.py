"""The fixes of findings, applied to a text until there is nothing left to mend.

Owns the choice of fixes that may go together, the rounds, and the sum of all edits. Knows neither
rules nor files: whoever calls says how a document is judged, and does what is to be done with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.formats.document import Document
from pinfold.core.model.finding import Applicability, Edit
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from pinfold.core.model.finding import Finding, Fix

Judge = Callable[[Document], Sequence["Finding"]]
"""Returns the findings of a document; their ranges are absolute."""

MAX_ROUNDS = 20
"""How often a text is judged again; fixes that stand in each other's way need a round each."""


@dataclass(frozen=True, slots=True)
class FixOutcome:
    """What became of a document.

    `document` is what it is now, and `findings` what is still found in it. `edits` lead there from
    the text that it was: in order, without overlap, all of the file itself. `fixed` counts the
    fixes that were applied.
    """

    document: Document
    findings: tuple[Finding, ...]
    edits: tuple[Edit, ...]
    fixed: int


def fix_all(judge: Judge, document: Document, *, unsafe: bool) -> FixOutcome:
    """Apply the first applicable fix of each finding, judge again, and so on until nothing changes.

    Unsafe fixes are applied only if *unsafe*. Fixes that edit another file, or the encoding, are
    left to whoever can see more than one text.
    """
    length = len(document.text)
    line_end = dominant_line_end(document.text)
    findings = tuple(judge(document))
    edits: tuple[Edit, ...] = ()
    fixed = 0
    seen = {document.text}
    for _ in range(MAX_ROUNDS):
        chosen = _compatible(
            fix.edits
            for finding in findings
            if (fix := applicable_fix(finding, unsafe=unsafe)) is not None
        )
        taken = with_line_end([edit for fix in chosen for edit in fix], line_end)
        text = edited_text(document.text, taken)
        if text in seen:
            # Nothing to do, or two fixes that undo each other.
            break
        seen.add(text)
        edits = composed(length, edits, taken)
        fixed += len(chosen)
        document = Document.read(text)
        findings = tuple(judge(document))
    return FixOutcome(document, findings, edits, fixed)


def applicable_fix(finding: Finding, *, unsafe: bool) -> Fix | None:
    """Return the first fix of *finding* that may be applied and edits just the file itself."""
    for fix in finding.fixes:
        is_own = bool(fix.edits) and all(edit.path is None for edit in fix.edits)
        if is_own and not fix.reencode and may_apply(fix, unsafe=unsafe):
            return fix
    return None


def may_apply(fix: Fix, *, unsafe: bool) -> bool:
    """Return whether *fix* may be applied without a person looking at it."""
    return unsafe or fix.applicability is Applicability.SAFE


def dominant_line_end(text: str) -> str:
    r"""Return the line end that most editor lines of *text* have; ``\n`` where there is none."""
    pairs = text.count("\r\n")
    counts = {"\n": text.count("\n") - pairs, "\r\n": pairs, "\r": text.count("\r") - pairs}
    return max(counts, key=lambda line_end: counts[line_end])


def with_line_end(edits: Iterable[Edit], line_end: str) -> list[Edit]:
    """Return *edits* in the order of the text, with the line ends they insert made *line_end*."""
    ordered = sorted(edits, key=lambda edit: (edit.range.start, edit.range.end))
    if line_end == "\n":
        return ordered
    return [
        Edit(edit.range, _BARE_LINE_FEED.sub(line_end, edit.text), edit.path) for edit in ordered
    ]


def edited_text(text: str, edits: Sequence[Edit]) -> str:
    """Return *text* with *edits*, which are in order and do not overlap."""
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += (text[position : edit.range.start], edit.text)
        position = edit.range.end
    parts.append(text[position:])
    return "".join(parts)


def composed(length: int, first: Sequence[Edit], second: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return what *first*, then *second* do to a text of *length*, as edits of that text."""
    queue: list[_Piece] = _pieces(length, first)[::-1]
    result: list[_Piece] = []
    position = 0
    for edit in second:
        result += _take(queue, edit.range.start - position)
        _take(queue, edit.range.end - edit.range.start)
        if edit.text:
            result.append(edit.text)
        position = edit.range.end
    result += reversed(queue)
    return _edits(length, result)


_BARE_LINE_FEED = re.compile(r"(?<!\r)\n")

_Piece = TextRange | str
"""A stretch of the first text that is still there, or text that has come in."""


def _compatible(candidates: Iterable[Sequence[Edit]]) -> list[Sequence[Edit]]:
    """Return the candidates, first come first served, none of which touches another's text."""
    from bisect import bisect_left

    chosen: list[Sequence[Edit]] = []
    # Ordered and free of overlap, so that only the neighbours of a new range can be in its way.
    taken: list[TextRange] = []
    for edits in candidates:
        places = [(bisect_left(taken, edit.range), edit.range) for edit in edits]
        if any(_collides(taken, place, span) for place, span in places):
            continue
        chosen.append(edits)
        for edit in edits:
            taken.insert(bisect_left(taken, edit.range), edit.range)
    return chosen


def _collides(taken: Sequence[TextRange], place: int, span: TextRange) -> bool:
    return any(_overlap(other, span) for other in taken[max(0, place - 1) : place + 1])


def _overlap(one: TextRange, other: TextRange) -> bool:
    # An insertion at the edge of another edit could go to either side of it: next round.
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def _pieces(length: int, edits: Sequence[Edit]) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = 0
    for edit in edits:
        if position < edit.range.start:
            pieces.append(TextRange(position, edit.range.start))
        if edit.text:
            pieces.append(edit.text)
        position = edit.range.end
    if position < length:
        pieces.append(TextRange(position, length))
    return pieces


def _take(queue: list[_Piece], count: int) -> list[_Piece]:
    """Take *count* code points from the end of *queue*, which is in reverse order."""
    taken: list[_Piece] = []
    while count > 0:
        piece = queue.pop()
        size = len(piece) if isinstance(piece, str) else piece.end - piece.start
        if size > count:
            if isinstance(piece, str):
                queue.append(piece[count:])
                piece = piece[:count]
            else:
                queue.append(TextRange(piece.start + count, piece.end))
                piece = TextRange(piece.start, piece.start + count)
            size = count
        taken.append(piece)
        count -= size
    return taken


def _edits(length: int, pieces: Iterable[_Piece]) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    texts: list[str] = []
    position = 0
    for piece in (*pieces, TextRange(length, length)):
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if texts or piece.start > position:
            edits.append(Edit(TextRange(position, piece.start), "".join(texts)))
            texts = []
        position = piece.end
    return tuple(edits)
