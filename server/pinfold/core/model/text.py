"""Spans of text, and the lines an editor shows.

Owns the two units that everything else is told in: half-open ranges in code points, and lines as an
editor counts them. Knows nothing of UTF-16 (that is :mod:`pinfold.lsp.convert`) and nothing of
pip's own idea of a line (that is :mod:`pinfold.core.formats.logical_lines`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

# LSP ends a line at \n, \r\n or \r only. str.splitlines() also stops at form
# feeds and U+2028, which would shift every finding below one of them.
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, order=True)
class TextRange:
    """Half-open span of a text, in Unicode code points.

    ``text[r.start : r.end]`` is the spanned text. Inside a logical line, ranges are relative to the
    start of that line, so that an unchanged line's parse and findings stay valid wherever it moves.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a range: [{self.start}, {self.end})")

    def shifted(self, distance: int) -> TextRange:
        """Return the same span, *distance* code points further on."""
        return TextRange(self.start + distance, self.end + distance)

    def of(self, text: str) -> str:
        """Return the part of *text* that this range spans."""
        return text[self.start : self.end]


class Position(NamedTuple):
    """A place in a text: 0-based editor line, 0-based column in code points."""

    line: int
    column: int


class LineTable:
    """Where each editor line of a text starts.

    Lines end at ``\\n``, ``\\r\\n`` or ``\\r`` and nowhere else, as LSP defines them.
    """

    __slots__ = ("_length", "_starts")

    def __init__(self, starts: list[int], length: int) -> None:
        self._starts = starts
        self._length = length

    @classmethod
    def of(cls, text: str) -> LineTable:
        """Return the table of *text*."""
        return cls([0, *(end.end() for end in _LINE_END.finditer(text))], len(text))

    def __len__(self) -> int:
        return len(self._starts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LineTable)
            and self._length == other._length
            and self._starts == other._starts
        )

    __hash__ = None  # type: ignore[assignment]  # compared in tests only

    def edited(self, span: TextRange, replacement: str, text: str) -> LineTable:
        """Return the table of *text*, which is this one's text with *span* replaced.

        Looks again only at the lines that the edit touches; the starts behind it are moved.
        """
        starts = self._starts
        # A \r before the edit and a \n after it may become one line end, or cease to be one: look
        # from one line earlier to one character further.
        first = max(0, bisect_right(starts, span.start) - 2)
        last = bisect_right(starts, span.end + 1)
        distance = len(replacement) - (span.end - span.start)
        begin = starts[first]
        end = (starts[last] + distance) if last < len(starts) else len(text)
        fresh = [match.end() for match in _LINE_END.finditer(text, begin, end)]
        if last < len(starts) and fresh and fresh[-1] == end:
            fresh.pop()
        tail = starts[last:]
        if distance:
            tail = [start + distance for start in tail]
        return LineTable([*starts[: first + 1], *fresh, *tail], len(text))

    def position(self, offset: int) -> Position:
        """Return the line and column of *offset*; an offset past the end is taken as the end."""
        offset = max(0, min(offset, self._length))
        line = bisect_right(self._starts, offset) - 1
        return Position(line, offset - self._starts[line])

    def line_starting_at(self, offset: int) -> int:
        """Return the line that starts exactly at *offset*, or -1."""
        line = bisect_right(self._starts, offset) - 1
        return line if self._starts[line] == offset else -1

    def offset(self, position: Position) -> int:
        """Return the offset of *position*, brought inside the text where it points outside."""
        if position.line < 0:
            return 0
        if position.line >= len(self._starts):
            return self._length
        start = self._starts[position.line]
        return min(start + max(0, position.column), self._line_limit(position.line))

    def starts(self, first: int, last: int) -> list[int]:
        """Return where the lines *first* to *last* start, as far as there are such lines."""
        return self._starts[first:last]

    def line_start(self, line: int) -> int:
        """Return the offset at which 0-based *line* starts.

        Raises:
            IndexError: there is no such line.
        """
        return self._starts[line]

    def _line_limit(self, line: int) -> int:
        following = line + 1
        return self._starts[following] if following < len(self._starts) else self._length
