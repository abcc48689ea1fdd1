"""Physical lines are joined and stripped of comments as pip does it, and the way back is known."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pip._internal.req.req_file import ignore_comments, join_lines

from pinfold.core.formats.logical_lines import LINE_BREAKS, join_physical_lines
from pinfold.core.formats.requirements import parse_requirements

_ALPHABET = "ab=\\#\n\r\x0c\u2028\x85 \t\u00a0-"


@settings(max_examples=400)
@given(st.text(alphabet=_ALPHABET))
@example("\\a\\\n# b\\\n c")
@example("a \\\n # b\n")
@example("a\\\n\\\n\\")
@example("\\")
def test_lines_are_joined_as_pip_joins_them(text: str) -> None:
    """What is left of each logical line is what is left of it in pip."""
    numbered = enumerate(text.splitlines(), start=1)
    expected = [line for _, line in ignore_comments(join_lines(numbered))]
    joined = (join_physical_lines(line.text) for line in parse_requirements(text).lines)

    assert expected == [line.text for line in joined if line.text]


@settings(max_examples=400)
@given(st.text(alphabet=_ALPHABET))
def test_characters_stand_where_they_came_from(text: str) -> None:
    """Every character of a joined line is found again in its source, in order."""
    for line in parse_requirements(text).lines:
        joined = join_physical_lines(line.text)
        offsets = [joined.source_offset(offset) for offset in range(len(joined.text))]

        assert joined.text == "".join(line.text[offset] for offset in offsets)
        assert offsets == sorted(set(offsets))


@pytest.mark.parametrize(
    ("source", "text", "comment"),
    [
        ("foo # bar\n", "foo", "# bar"),
        ("foo#bar\n", "foo#bar", None),
        ("foo\u3000# bar", "foo", "# bar"),
        ("  # bar \n", "", "# bar "),
        ("foo \\\n  # bar\n", "foo", "# bar"),
        ("foo # bar \\\nbaz\n", "foo", "# bar baz"),
        ("\\foo\\\\\\\n==1\n", "foo==1", None),
        ("foo\\", "foo", None),
    ],
)
def test_known_comments(source: str, text: str, comment: str | None) -> None:
    """A comment needs white space before it, and takes the lines that a backslash adds to it."""
    joined = join_physical_lines(source)

    assert text == joined.text
    assert comment == (None if joined.comment is None else joined.comment.text)


def test_line_breaks_are_those_of_splitlines() -> None:
    """The listed characters are exactly those at which Python breaks a line."""
    every = [chr(code) for code in range(0x110000)]

    assert set(LINE_BREAKS) == {one for one in every if len(f"a{one}b".splitlines()) == 2}
