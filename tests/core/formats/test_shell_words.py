"""Words are split as `shlex` splits them, and know where they stand."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinfold.core.formats.shell_words import Unsplittable, split_words
from pinfold.core.model.text import TextRange


@settings(max_examples=400)
@given(st.text(alphabet="ab'\"\\ \t\r\n#-=\u00a0\x0c") | st.text())
@example("''")
@example("a'' \"\"")
@example('"\\a\\"\\\\"')
def test_words_are_those_of_shlex(text: str) -> None:
    """Every text splits, or fails to, as the standard library has it."""
    try:
        expected: list[str] | None = shlex.split(text)
    except ValueError:
        expected = None
    words = split_words(text)

    assert expected == (None if isinstance(words, Unsplittable) else [w.text for w in words])


@settings(max_examples=400)
@given(st.text(alphabet="ab'\"\\ \t#-=\u00a0"), st.integers(0, 5))
def test_characters_stand_where_their_offsets_say(text: str, start: int) -> None:
    """Each character of a word is at its offset, words do not overlap, blanks are in none."""
    words = split_words(text, start)
    if isinstance(words, Unsplittable):
        assert start <= words.range.start < words.range.end <= len(text)
        return
    position = start
    for word in words:
        assert position <= word.range.start < word.range.end <= len(text)
        assert "" == text[position : word.range.start].strip(" \t")
        assert word.text == "".join(text[offset] for offset in word.offsets)
        assert list(word.offsets) == sorted(set(word.offsets))
        assert all(word.range.start <= offset < word.range.end for offset in word.offsets)
        position = word.range.end
    assert "" == text[position:].strip(" \t")


@pytest.mark.parametrize(
    ("text", "span"),
    [("a 'b", (2, 4)), ('a "b\\', (4, 5)), ("a\\", (1, 2)), ("'a' \"", (4, 5))],
)
def test_unsplittable_text_says_where(text: str, span: tuple[int, int]) -> None:
    """The range is from the quote that is never closed, or of the backslash at the end."""
    words = split_words(text)

    assert isinstance(words, Unsplittable)
    assert TextRange(*span) == words.range


@pytest.mark.parametrize(
    ("text", "part", "span"),
    [
        ("--hash=ab", (7, 9), (7, 9)),
        ("'--hash=ab'", (7, 9), (8, 10)),
        ("--'ha'sh", (2, 6), (3, 8)),
        ("''", (0, 0), (2, 2)),
        ("ab", (1, 1), (1, 1)),
    ],
)
def test_part_of_a_word(text: str, part: tuple[int, int], span: tuple[int, int]) -> None:
    """A part of a word stands where its characters stand, quotes between them included."""
    words = split_words(text)
    assert not isinstance(words, Unsplittable)

    assert TextRange(*span) == words[0].part(*part)
