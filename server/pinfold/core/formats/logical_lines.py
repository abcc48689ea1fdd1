"""Physical lines joined and stripped of comments: pip's preprocessing, made reversible.

Owns pip's idea of a line. pip splits with :meth:`str.splitlines`, which also stops at form feeds,
U+2028 and others; an editor does not, so a logical line may begin amid an editor's line.
Read from pip 26.3, ``_internal/req/req_file.py``: `join_lines`, `ignore_comments`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from pinfold.core.model.dependency import Part
from pinfold.core.model.text import TextRange

LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""Every character at which :meth:`str.splitlines` ends a line (``\\r\\n`` counts as one break)."""

_COMMENT_LINE = re.compile(r"\s*#")


@dataclass(frozen=True, slots=True)
class JoinedLine:
    """What pip makes of a logical line, and where each piece of it stands in the source.

    `text` is joined, without its comment and without white space at either end; ``${VAR}`` stays.
    `comment` is the comment with its ``#``, or ``None``. `pieces` maps offsets of `text` to offsets
    of the source, as pairs of starts in ascending order.
    """

    text: str
    comment: Part | None
    pieces: tuple[tuple[int, int], ...]

    def source_offset(self, offset: int) -> int:
        """Return where the character at *offset* of `text` stands in the source."""
        if len(self.pieces) == 1:
            joined, source = self.pieces[0]
        else:
            index = bisect_right(self.pieces, (offset, 1 << 62)) - 1
            joined, source = self.pieces[max(index, 0)]
        return max(0, source + offset - joined)

    def source_range(self, start: int, end: int) -> TextRange:
        """Return where the characters *start* to *end* of `text` stand, whatever lies between."""
        if end <= start:
            offset = self.source_offset(start)
            return TextRange(offset, offset)
        return TextRange(self.source_offset(start), self.source_offset(end - 1) + 1)

    def part(self, start: int, end: int) -> Part:
        """Return ``text[start:end]`` with its range in the source."""
        return Part(self.text[start:end], self.source_range(start, end))


def is_comment_line(physical_line: str) -> bool:
    """Return whether pip takes the whole line for a comment, and so never joins it to the next."""
    return _COMMENT_LINE.match(physical_line) is not None


def is_continued(physical_line: str) -> bool:
    """Return whether pip joins the line to the next; it comes without its line break."""
    return physical_line.endswith("\\") and not is_comment_line(physical_line)


def join_physical_lines(source: str) -> JoinedLine:
    """Read one logical line as pip does: join, drop the comment, strip.

    *source* is the raw text of exactly one logical line, with line breaks and continuations.
    """
    texts: list[str] = []
    pieces: list[tuple[int, int]] = []
    joined_length = 0
    start = 0
    for raw in source.splitlines(keepends=True):
        content = raw.rstrip(LINE_BREAKS) if raw[-1] in LINE_BREAKS else raw
        piece_start = start
        if is_continued(content):
            # pip strips backslashes from both ends, not just the one that continues the line.
            stripped = content.lstrip("\\")
            piece_start += len(content) - len(stripped)
            content = stripped.rstrip("\\")
        elif texts and is_comment_line(content):
            # pip puts a space before a comment that ends a continuation. It never survives: the
            # comment and the white space before it are dropped.
            content = " " + content
            piece_start -= 1
        texts.append(content)
        pieces.append((joined_length, piece_start))
        joined_length += len(content)
        start += len(raw)
    joined = "".join(texts)
    comment_start = _find_comment(joined)
    kept = joined if comment_start is None else joined[:comment_start]
    text = kept.strip()
    lead = len(kept) - len(kept.lstrip()) if text else 0
    line = JoinedLine(text, None, tuple((joined - lead, source) for joined, source in pieces))
    if comment_start is None:
        return line
    hash_start = joined.index("#", comment_start)
    offset = JoinedLine(joined, None, tuple(pieces)).source_offset(hash_start)
    end = max(offset + 1, len(source.rstrip(LINE_BREAKS)))
    return JoinedLine(text, Part(joined[hash_start:], TextRange(offset, end)), line.pieces)


def _find_comment(text: str) -> int | None:
    """Return where pip's comment begins, the white space before its ``#`` included.

    Equal to searching for ``(^|\\s+)#``, which takes quadratic time on a long run of blanks.
    """
    mark = text.find("#")
    while mark != -1:
        if mark == 0:
            return 0
        if text[mark - 1].isspace():
            return len(text[:mark].rstrip())
        mark = text.find("#", mark + 1)
    return None
