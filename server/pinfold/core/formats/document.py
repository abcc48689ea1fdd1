"""A requirements file while somebody edits it: text, editor lines and logical lines kept in step.

Owns the incremental reading: after an edit only the logical lines that it touches are read again,
the others are the same objects as before, with everything that was ever worked out about them.
Knows nothing of editors' units (ranges are code points) and nothing of where the text came from.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, count
from typing import TYPE_CHECKING

from pinfold.core.formats.logical_lines import LINE_BREAKS, is_continued
from pinfold.core.formats.requirements import LogicalLine, split_logical_lines
from pinfold.core.formats.summary import COMMON_TRAITS, LineTrait, summary_of
from pinfold.core.model.text import LineTable, Position, TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pinfold.core.formats.entry import Entry
    from pinfold.core.formats.summary import LineSummary
    from pinfold.core.model.dependency import PackageName


class Marks:
    """Which lines of a document are worth a look: a cache, and the one thing of it that changes.

    A mark goes once :mod:`pinfold.core.rules.run` has seen that the rules of `epoch` say nothing of
    the line, and that it has none but common traits. Iterating gives the indices of marked lines.
    """

    __slots__ = ("_bytes", "epoch")

    def __init__(self, marks: bytearray, epoch: object = None) -> None:
        self._bytes = marks
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        # Of a copy: marks are cleared on the way.
        return compress(count(), bytes(self._bytes))

    def clear(self, index: int) -> None:
        """Take the mark of a line away."""
        self._bytes[index] = 0

    def begin(self, epoch: object) -> None:
        """Mark every line, for other rules or other facts than before."""
        self._bytes = bytearray(b"\1") * len(self._bytes)
        self.epoch = epoch

    def spliced(self, first: int, last: int, count: int) -> Marks:
        """Return the marks with the lines *first* to *last* replaced by *count* new ones."""
        return Marks(self._bytes[:first] + b"\1" * count + self._bytes[last:], self.epoch)


@dataclass(frozen=True, eq=False)
class Document:
    """The text of a requirements file and everything that reading it gives. A value.

    Invariant: `lines` joined give `text`; `starts[i]` is where ``lines[i]`` begins.
    `names` counts, per normalised project name, the lines that require it; `traits` counts the
    lines that have a trait. They let a rule see at once that there is nothing to do.
    `is_aligned` says that every logical line is one editor line, as in most files: the starts of
    the one are then those of the other, and need not be moved twice at every edit.
    """

    text: str
    table: LineTable
    lines: Sequence[LogicalLine]
    starts: Sequence[int]
    names: Mapping[PackageName, int]
    traits: Mapping[LineTrait, int]
    marks: Marks
    is_aligned: bool

    @classmethod
    def read(cls, text: str) -> Document:
        """Read *text* from scratch, in linear time."""
        lines = split_logical_lines(text)
        names: dict[PackageName, int] = {}
        traits: dict[LineTrait, int] = {}
        for line in lines:
            _count(names, traits, summary_of(line), 1)
        marks = Marks(bytearray(b"\1") * len(lines))
        table, starts = LineTable.of(text), _starts(lines, 0)
        is_aligned = table.starts(0, len(lines)) == starts
        return cls(text, table, lines, starts, names, traits, marks, is_aligned)

    def edited(self, span: TextRange, text: str) -> Document:
        """Return the document with *span* replaced by *text*.

        Reads the touched logical lines again and moves the rest. Equal in every respect to reading
        the new text from scratch.
        """
        new_text = self.text[: span.start] + text + self.text[span.end :]
        table = self.table.edited(span, text, new_text)
        distance = len(text) - (span.end - span.start)
        first, last = self._touched(span)
        region_start = self.starts[first] if self.lines else 0
        # Old offset at which the region ends; it grows until the last new line ends where an old
        # one did.
        while True:
            region_end = self.starts[last] if last < len(self.lines) else len(self.text)
            region = new_text[region_start : region_end + distance]
            if last >= len(self.lines) or _ends_line(region, new_text, region_end + distance):
                break
            last += 1
        fresh = split_logical_lines(region)
        names, traits = self._counts_after(self.lines[first:last], fresh)
        lines = [*self.lines[:first], *fresh, *self.lines[last:]]
        marks = self.marks.spliced(first, last, len(fresh))
        fresh_starts = _starts(fresh, region_start)
        behind = [] if last >= len(self.lines) else [region_end + distance]
        # The lines of the region, and the one behind it, start where editor lines of the same
        # number do: then so do all that follow.
        is_aligned = (
            self.is_aligned
            and table.starts(first, first + len(fresh) + len(behind)) == fresh_starts + behind
        )
        if is_aligned:
            starts = table.starts(0, len(lines))
        else:
            tail = self.starts[last:]
            starts = [
                *self.starts[:first],
                *fresh_starts,
                *(tail if distance == 0 else [start + distance for start in tail]),
            ]
        return Document(new_text, table, lines, starts, names, traits, marks, is_aligned)

    def _touched(self, span: TextRange) -> tuple[int, int]:
        """Return which logical lines an edit of *span* may change, as half-open indices."""
        if not self.lines:
            return 0, 0
        # One line earlier than the edit: a line that ends in \r and an insertion that begins with
        # \n make one line end of two characters.
        first = max(0, bisect_right(self.starts, span.start) - 2)
        last = bisect_right(self.starts, span.end)
        return first, last

    def _counts_after(
        self, gone: Sequence[LogicalLine], fresh: Sequence[LogicalLine]
    ) -> tuple[Mapping[PackageName, int], Mapping[LineTrait, int]]:
        before = [summary_of(line) for line in gone]
        after = [summary_of(line) for line in fresh]
        if before == after:
            # The common case, an edit within a version or a comment: nothing is copied.
            return self.names, self.traits
        names, traits = dict(self.names), dict(self.traits)
        for summary in before:
            _count(names, traits, summary, -1)
        for summary in after:
            _count(names, traits, summary, 1)
        return names, traits

    @cached_property
    def entries(self) -> Sequence[tuple[int, Entry]]:
        """What pip reads, in order, each with the offset at which its line starts."""
        return tuple(
            (start, line.entry)
            for start, line in zip(self.starts, self.lines, strict=True)
            if line.entry is not None
        )

    def with_trait(self, trait: LineTrait) -> Iterator[tuple[int, LogicalLine]]:
        """Yield the lines that have *trait*, each with its offset; costs nothing if none has."""
        if self.traits.get(trait, 0) == 0:
            return
        if trait in COMMON_TRAITS:
            for start, line in zip(self.starts, self.lines, strict=True):
                if trait in summary_of(line).traits:
                    yield start, line
            return
        for index in self.marks:
            line = self.lines[index]
            if trait in summary_of(line).traits:
                yield self.starts[index], line

    def named(self, name: PackageName) -> Iterator[tuple[int, LogicalLine]]:
        """Yield the lines that require *name*, each with its offset."""
        if self.names.get(name, 0) == 0:
            return
        for start, line in zip(self.starts, self.lines, strict=True):
            if summary_of(line).name == name:
                yield start, line

    def position(self, offset: int) -> Position:
        """Return the editor line and column of *offset*."""
        return self.table.position(offset)

    def line_at(self, offset: int) -> tuple[int, LogicalLine] | None:
        """Return the logical line that holds *offset*, with its own offset."""
        if not self.lines:
            return None
        index = max(0, bisect_right(self.starts, offset) - 1)
        return self.starts[index], self.lines[index]


def _starts(lines: Sequence[LogicalLine], start: int) -> list[int]:
    starts: list[int] = []
    for line in lines:
        starts.append(start)
        start += len(line)
    return starts


def _count(
    names: dict[PackageName, int], traits: dict[LineTrait, int], summary: LineSummary, step: int
) -> None:
    if summary.name is not None:
        count = names.get(summary.name, 0) + step
        if count:
            names[summary.name] = count
        else:
            del names[summary.name]
    for trait in summary.traits:
        traits[trait] = traits.get(trait, 0) + step


def _ends_line(region: str, text: str, end: int) -> bool:
    """Return whether the last logical line of *region* ends there, not in what follows."""
    if not region:
        return True
    if region[-1] not in LINE_BREAKS:
        return False
    if region[-1] == "\r" and text[end : end + 1] == "\n":
        return False
    physical = region.splitlines()[-1]
    return not is_continued(physical)
