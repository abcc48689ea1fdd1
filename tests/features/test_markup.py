"""Nothing of a file's becomes markup, whatever a Markdown reader makes of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pinfold.features.markup import MAX_FOREIGN_LENGTH, Markup, code, foreign, message, paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it.token import Token

FOREIGN = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *("[a](http://x)", "![a](b)", "<b>", "<script>", "&lt;", "**", "_a_", "`", "``"),
                *("# ", "- ", "1. ", "> ", "| a | b |", "\n", "\r", "    ", "\t", "---", "==="),
                *("http://x.example", "www.x.example", "a@b.example", "<http://x>", "\u202e"),
                *("[a]: http://x", ":", "a", " ", "\\", "~~~", "\x00"),
            ]
        ),
        max_size=8,
    ).map("".join),
)

# With HTML, tables and bare links on, as the most generous editor might have them.
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def kinds(markdown: str) -> set[str]:
    """Return the kinds of everything that a reader finds in *markdown*."""

    def walk(tokens: list[Token]) -> set[str]:
        found: set[str] = set()
        for token in tokens:
            found.add(token.type)
            found |= walk(token.children or [])
        return found

    return walk(READER.parse(markdown))


def shown(markdown: str) -> str:
    """Return the characters that a reader shows."""
    return "".join(
        child.content
        for token in READER.parse(markdown)
        for child in token.children or []
        if child.type in ("text", "code_inline", "text_special")
    )


INERT = {"paragraph_open", "inline", "text", "paragraph_close", "text_special"}


@pytest.mark.parametrize("made", [foreign, code, message], ids=lambda made: made.__name__)
@given(FOREIGN)
def test_foreign_text_stays_inert(made: Callable[[str], Markup], text: str) -> None:
    """Foreign text is words and code spans in one paragraph, at the start of a line or within."""
    markup = made(text)
    assert kinds(markup.markdown) <= INERT | {"code_inline"}
    within = paragraphs([Markup("word ", "word ") + markup + Markup(" word", " word")])
    assert kinds(within.markdown) <= INERT | {"code_inline"}


@given(FOREIGN)
def test_foreign_text_is_shown_as_it_is(text: str) -> None:
    """A reader shows the same characters that the plain form has."""
    markup = foreign(text)

    assert markup.plain == shown(markup.markdown)


@given(st.text(alphabet="a` \\<", max_size=20))
def test_code_is_shown_as_it_is(text: str) -> None:
    """Backticks in code do not end it."""
    markup = code(text)

    assert markup.plain == shown(markup.markdown)


def test_code_in_a_message() -> None:
    """Pairs of backticks in a message enclose code."""
    markup = message("`a*b` is no operator: write `==`")

    assert (
        Markup("`a*b` is no operator\\: write `==`", "`a*b` is no operator: write `==`") == markup
    )


def test_direction_of_writing_cannot_be_turned() -> None:
    """Characters that make a text look like another one are shown as what they are."""
    assert "abc<U+202E>" == foreign("abc\u202e").plain


def test_long_text_is_cut() -> None:
    """A file cannot fill the screen."""
    assert MAX_FOREIGN_LENGTH == len(foreign("x" * 10_000).plain)
