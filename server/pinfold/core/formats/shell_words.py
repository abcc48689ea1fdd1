"""Words as a POSIX shell would split them, each with the span it came from.

Owns the splitting of the options half of a requirements line. pip splits it with
:func:`shlex.split`, which forgets where a word stood; this reads the same words and remembers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What shlex counts as white space. It is narrower than str.isspace(): a no-break space or a form
# feed is part of a word.
_WHITESPACE = " \t\r\n"
_PLAIN_WORD = re.compile(r"[^ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its text without quotes and escapes, and where it stands with them.

    `offsets[i]` is where character ``i`` of `text` stands, so that a part keeps its range.
    """

    text: str
    range: TextRange
    offsets: Sequence[int]

    def part(self, start: int, end: int | None = None) -> TextRange:
        """Return where the characters *start* to *end* of `text` stand.

        An empty part stands at the end of the word when nothing follows it.
        """
        end = len(self.text) if end is None else end
        if start >= len(self.offsets):
            return TextRange(self.range.end, self.range.end)
        if end <= start:
            return TextRange(self.offsets[start], self.offsets[start])
        return TextRange(self.offsets[start], self.offsets[end - 1] + 1)


@dataclass(frozen=True, slots=True)
class Unsplittable:
    """The text ends inside a quote, or right after a backslash; `range` is where that began."""

    message: str
    range: TextRange


def split_words(text: str, start: int = 0) -> tuple[Word, ...] | Unsplittable:
    """Split ``text[start:]`` as ``shlex.split(text[start:])`` does; ranges are offsets in *text*.

    Rules read from ``Lib/shlex.py`` of CPython 3.13, POSIX mode with `whitespace_split`: quotes
    join to words, a backslash escapes anything outside quotes but only ``"`` and itself inside
    double quotes, nothing inside single ones.
    """
    if not any(mark in text for mark in "'\"\\"):
        return tuple(_plain_words(text, start))
    words: list[Word] = []
    characters: list[str] = []
    offsets: list[int] = []
    word_start: int | None = None
    quote = ""
    quote_start = start
    index = start
    length = len(text)
    while index < length:
        character = text[index]
        if quote:
            if character == quote:
                quote = ""
            elif character == "\\" and quote == '"':
                if index + 1 == length:
                    return Unsplittable("backslash escapes nothing", TextRange(index, index + 1))
                following = text[index + 1]
                if following not in ('"', "\\"):
                    # Inside double quotes shlex keeps a backslash that escapes nothing special.
                    characters.append("\\")
                    offsets.append(index)
                index += 1
                characters.append(following)
                offsets.append(index)
            else:
                characters.append(character)
                offsets.append(index)
        elif character in _WHITESPACE:
            if word_start is not None:
                words.append(_word(characters, offsets, word_start, index))
                characters, offsets, word_start = [], [], None
        else:
            if word_start is None:
                word_start = index
            if character in "'\"":
                quote, quote_start = character, index
            elif character == "\\":
                if index + 1 == length:
                    return Unsplittable("backslash escapes nothing", TextRange(index, index + 1))
                index += 1
                characters.append(text[index])
                offsets.append(index)
            else:
                characters.append(character)
                offsets.append(index)
        index += 1
    if quote:
        return Unsplittable("quote is never closed", TextRange(quote_start, length))
    if word_start is not None:
        words.append(_word(characters, offsets, word_start, length))
    return tuple(words)


def _plain_words(text: str, start: int) -> Iterator[Word]:
    for match in _PLAIN_WORD.finditer(text, start):
        first, last = match.span()
        yield Word(match.group(), TextRange(first, last), range(first, last))


def _word(characters: list[str], offsets: list[int], start: int, end: int) -> Word:
    return Word("".join(characters), TextRange(start, end), tuple(offsets))
