"""The tree loses nothing, and reading after an edit equals reading from scratch."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinfold.core.formats.document import Document
from pinfold.core.formats.requirements import parse_requirements
from pinfold.core.model.text import TextRange
from tests.oracle.lines import generate_files

# What decides where lines begin and end, and little else, so that edits meet in the same places.
_ALPHABET = "ab=\\#\n\r\x0c\u2028\x85 -1;r[]@'\"\U0001f40d"
_TEXTS = st.text(alphabet=_ALPHABET, max_size=30)
_EDITS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10), st.text(_ALPHABET, max_size=6)))


@settings(max_examples=500)
@given(st.text() | _TEXTS)
@example("\\")
@example("a\\\n")
@example("\r\n\r")
@example("\ufeffa\x00\ud800")
def test_tree_loses_nothing(text: str) -> None:
    """Joining the lines gives back any text, and no line is empty."""
    tree = parse_requirements(text)

    assert text == "".join(line.text for line in tree.lines)
    assert all(len(line) == len(line.text) > 0 for line in tree.lines)


@settings(max_examples=500)
@given(st.text() | _TEXTS)
def test_reading_everything_about_a_line_never_fails(text: str) -> None:
    """Entry, comment and parts of any text can be asked for."""
    for line in Document.read(text).lines:
        entry, _, _ = line.entry, line.comment, line.texts

        assert entry is None or (entry.problem is not None) == (entry.kind.value == "error")


def test_generated_files_lose_nothing() -> None:
    """Files with all kinds of line ends join to what they were."""
    for text in generate_files(1, 500):
        assert text == parse_requirements(text).text


@settings(max_examples=400)
@given(_TEXTS, _EDITS)
@example("a\r", [(2, 0, "\n")])
@example("a\r\nb", [(1, 1, "")])
@example("a\r\nb", [(2, 0, "x")])
@example("a\nb\nc", [(1, 0, "\\")])
@example("a\\\nb\nc", [(1, 1, "")])
@example("# a\nb", [(0, 1, ""), (2, 0, "\\")])
def test_edited_equals_read_from_scratch(text: str, edits: list[tuple[int, int, str]]) -> None:
    """After any edits a document is what reading its text from scratch gives."""
    document = Document.read(text)
    for at, length, replacement in edits:
        start = min(at, len(document.text))
        end = min(start + length, len(document.text))
        expected = document.text[:start] + replacement + document.text[end:]
        document = document.edited(TextRange(start, end), replacement)
        check_equal_to_scratch(document, expected)


def test_edited_keeps_the_lines_it_does_not_touch() -> None:
    """Lines away from the edit are the same objects, with all that was worked out about them."""
    document = Document.read("".join(f"a{number}==1\n" for number in range(100)))
    start = document.starts[50]
    edited = document.edited(TextRange(start, start + 1), "b")

    kept = [old is new for old, new in zip(document.lines, edited.lines, strict=True)]
    assert kept.count(False) <= 3
    assert all(kept[:48])
    assert all(kept[53:])


def check_equal_to_scratch(document: Document, text: str) -> None:
    """Check that *document* is what reading *text* gives, in every respect."""
    scratch = Document.read(text)

    assert text == document.text == "".join(line.text for line in document.lines)
    assert list(scratch.lines) == list(document.lines)
    assert list(scratch.starts) == list(document.starts)
    assert scratch.table == document.table
    assert dict(scratch.names) == dict(document.names)
    assert dict(scratch.traits) == {trait: n for trait, n in document.traits.items() if n}
    assert list(scratch.entries) == list(document.entries)
