"""What a fix would change, as a unified diff that ``git apply`` and ``patch`` take.

Owns the format. Made from the edits themselves and not by comparing texts: so it takes linear time
whatever the file holds. Lines are git's: they end at a line feed, and a carriage return before it
belongs to the line.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from pinfold.core.model.finding import Edit
from pinfold.core.model.text import TextRange
from pinfold.features.fixing import edited_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.formats.encoding import DecodedText

CONTEXT = 3


def diff_lines(path: str, decoded: DecodedText, edits: Sequence[Edit]) -> list[str]:
    """Return the lines of the diff that *edits* make of a file, each with its line feed.

    *edits* are in order and do not overlap. Empty where they change nothing.
    """
    text = decoded.text
    if decoded.bom == codecs.BOM_UTF8:
        # For git the mark is part of the first line.
        text = _MARK + text
        edits = [Edit(edit.range.shifted(len(_MARK)), edit.text) for edit in edits]
    lines = _split(text)
    starts = _line_starts(lines)
    changes = [
        change
        for block in _blocks(starts, len(text), edits)
        if (change := _trimmed(block, text, starts, lines)) is not None
    ]
    if not changes:
        return []
    parts = [f"--- {_name('a', path)}\n", f"+++ {_name('b', path)}\n"]
    drift = 0
    for group in _grouped(changes):
        parts += _hunk(group, lines, drift)
        drift += sum(len(change.added) - (change.end - change.start) for change in group)
    return parts


def encoded_lines(lines: Sequence[str], decoded: DecodedText) -> bytes:
    """Return the diff as bytes, its content in the encoding of the file, so that it applies.

    A file whose encoding does not keep ASCII as it is (UTF-16) is binary for git; its diff is in
    UTF-8, for people.
    """
    text = "".join(lines)
    try:
        if _ASCII.encode(decoded.encoding) == _ASCII.encode("ascii"):
            return text.encode(decoded.encoding)
    except UnicodeEncodeError:
        pass
    return text.encode("utf-8", "backslashreplace")


_ASCII = "\n+-@"
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines from `start` to before `end`, which `edits` touch."""

    start: int
    end: int
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """The lines from `start` to before `end` become `added`."""

    start: int
    end: int
    added: tuple[str, ...]


def _split(text: str) -> list[str]:
    """Return the lines of *text*, each with its line feed; none of them is empty."""
    lines = text.split("\n")
    last = lines.pop()
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def _line_starts(lines: Sequence[str]) -> list[int]:
    return list(accumulate((len(line) for line in lines), initial=0))[:-1]


def _blocks(starts: Sequence[int], length: int, edits: Sequence[Edit]) -> Iterator[_Block]:
    pending: _Block | None = None
    for edit in edits:
        start = max(0, bisect_right(starts, edit.range.start) - 1)
        # The line behind the edit too: it may be joined to what is in front of it.
        end = len(starts) if edit.range.end >= length else bisect_right(starts, edit.range.end)
        if pending is not None and start < pending.end:
            pending = _Block(pending.start, max(end, pending.end), (*pending.edits, edit))
            continue
        if pending is not None:
            yield pending
        pending = _Block(start, end, (edit,))
    if pending is not None:
        yield pending


def _trimmed(
    block: _Block, text: str, starts: Sequence[int], lines: Sequence[str]
) -> _Change | None:
    """Return what changes in *block*, equal lines at either end left out."""
    base = starts[block.start] if starts else 0
    limit = starts[block.end] if block.end < len(starts) else len(text)
    moved = [
        Edit(TextRange(edit.range.start - base, edit.range.end - base), edit.text)
        for edit in block.edits
    ]
    old = lines[block.start : block.end]
    new = _split(edited_text(text[base:limit], moved))
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if head == len(old) == len(new):
        return None
    return _Change(block.start + head, block.end - tail, tuple(new[head : len(new) - tail]))


def _grouped(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    """Yield the changes in groups whose context meets."""
    group: list[_Change] = []
    for change in changes:
        if group and change.start - group[-1].end > 2 * CONTEXT:
            yield group
            group = []
        group.append(change)
    yield group


def _hunk(group: Sequence[_Change], lines: Sequence[str], drift: int) -> Iterator[str]:
    start = max(0, group[0].start - CONTEXT)
    end = min(len(lines), group[-1].end + CONTEXT)
    body: list[str] = []
    position = start
    for change in group:
        body += (f" {line}" for line in lines[position : change.start])
        body += (f"-{line}" for line in lines[change.start : change.end])
        body += (f"+{line}" for line in change.added)
        position = change.end
    body += (f" {line}" for line in lines[position:end])
    removed = end - start
    added = sum(not line.startswith("-") for line in body)
    yield f"@@ -{_span(start, removed)} +{_span(start + drift, added)} @@\n"
    for line in body:
        if line.endswith("\n"):
            yield line
        else:
            yield f"{line}\n"
            yield "\\ No newline at end of file\n"


def _span(start: int, count: int) -> str:
    # A range without lines is told by the line in front of it.
    first = start + 1 if count else start
    return str(first) if count == 1 else f"{first},{count}"


def _name(side: str, path: str) -> str:
    """Return *path* as git writes it: quoted where it holds anything out of the ordinary."""
    name = path if path.startswith("/") else f"{side}/{path}"
    if name.isascii() and name.isprintable() and not set(name) & set('"\\'):
        # A tab ends the name for those that would take a time stamp behind the blank.
        return f"{name}\t" if " " in name else name
    quoted = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in name.encode("utf-8", "surrogateescape")
    )
    return f'"{quoted}"'
