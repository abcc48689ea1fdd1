"""Positions, ranges and URIs against an editor that keeps its text in UTF-16 units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.formats.document import Document
from pinfold.core.model.text import TextRange
from pinfold.lsp.convert import (
    InvalidChange,
    PositionEncoding,
    chosen_encoding,
    edits_of_change,
    expressible,
    joined_halves,
    path_of_uri,
    to_offset,
    to_position,
    uri_of_path,
)

ENCODINGS = list(PositionEncoding)
TEXTS = st.text(alphabet="ab=\r\n\x0c\u2028\u0085é€😀𝕏", max_size=30)


def check_change(text: str, change: Any, encoding: PositionEncoding, expected: str) -> None:
    """Apply one change to a document of *text*."""
    document = Document.read(text)
    for span, replacement in edits_of_change(document, change, encoding):
        document = document.edited(span, replacement)

    assert expected == document.text


def span(start: tuple[int, int], end: tuple[int, int]) -> dict[str, dict[str, int]]:
    """Return a protocol range."""
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (["utf-16", "utf-8", "utf-32"], PositionEncoding.UTF32),
        (["utf-16", "utf-8"], PositionEncoding.UTF8),
        (["utf-16"], PositionEncoding.UTF16),
        (["utf-7"], PositionEncoding.UTF16),
        ([], PositionEncoding.UTF16),
        (None, PositionEncoding.UTF16),
        ("utf-8", PositionEncoding.UTF16),
    ],
)
def test_encoding_is_negotiated(offered: object, expected: PositionEncoding) -> None:
    """The cheapest encoding that the client knows is taken, UTF-16 if it says nothing."""
    assert expected == chosen_encoding(offered)


@given(TEXTS, st.data(), st.sampled_from(ENCODINGS))
def test_position_leads_back_to_its_offset(
    text: str, data: st.DataObject, encoding: PositionEncoding
) -> None:
    """Every offset that a position can name survives the way to the client and back."""
    document = Document.read(text)
    offset = data.draw(st.integers(0, len(text)))
    if text[max(0, offset - 1) : offset + 1] == "\r\n":
        offset += 1

    assert offset == to_offset(document, *to_position(document, offset, encoding), encoding)


@given(TEXTS, st.integers(-3, 40), st.integers(-3, 40), st.sampled_from(ENCODINGS))
def test_any_position_is_brought_inside_its_line(
    text: str, line: int, character: int, encoding: PositionEncoding
) -> None:
    """A position outside of the text or its line gives the nearest place inside, never an error."""
    document = Document.read(text)
    offset = to_offset(document, line, character, encoding)

    assert 0 <= offset <= len(text)
    found_line, _ = to_position(document, offset, encoding)
    assert max(0, min(line, len(document.table) - 1)) == found_line


def test_position_past_the_line_stays_before_its_end() -> None:
    """The end of a line is where its line end begins, of whatever kind that is."""
    document = Document.read("a\r\nb\rc\nd")

    assert [1, 4, 6, 8] == [
        to_offset(document, line, 99, PositionEncoding.UTF16) for line in range(4)
    ]


@pytest.mark.parametrize(
    ("encoding", "character", "expected"),
    [
        (PositionEncoding.UTF8, 1, 1),
        (PositionEncoding.UTF8, 2, 1),
        (PositionEncoding.UTF8, 4, 1),
        (PositionEncoding.UTF8, 5, 2),
        (PositionEncoding.UTF16, 1, 1),
        (PositionEncoding.UTF16, 2, 1),
        (PositionEncoding.UTF16, 3, 2),
        (PositionEncoding.UTF32, 2, 2),
    ],
)
def test_position_inside_a_character_is_its_start(
    encoding: PositionEncoding, character: int, expected: int
) -> None:
    """Between the bytes or the halves of a character there is no offset."""
    assert expected == to_offset(Document.read("a😀b"), 0, character, encoding)


class Utf16Editor:
    """An editor as they are written in JavaScript: its text is a list of UTF-16 units."""

    def __init__(self, text: str) -> None:
        self.units = _units(text)

    @property
    def text(self) -> str:
        """The text, with halves that stand together joined."""
        return b"".join(self.units).decode("utf-16-le", "surrogatepass")

    def places(self) -> list[tuple[int, tuple[int, int]]]:
        """Return every index that a position can name, with that position."""
        found = []
        line = character = 0
        for index, unit in enumerate([*self.units, b""]):
            is_between = unit == b"\n\0" and index and self.units[index - 1] == b"\r\0"
            if not is_between:
                found.append((index, (line, character)))
            ends = unit == b"\n\0" or (unit == b"\r\0" and self.units[index + 1 :][:1] != [b"\n\0"])
            line, character = (line + 1, 0) if ends else (line, character + 1)
        return found

    def replace(self, start: int, end: int, text: str) -> None:
        """Replace units."""
        self.units[start:end] = _units(text)


def _units(text: str) -> list[bytes]:
    encoded = text.encode("utf-16-le", "surrogatepass")
    return [encoded[index : index + 2] for index in range(0, len(encoded), 2)]


@given(
    TEXTS,
    st.lists(
        st.tuples(
            st.integers(0, 99),
            st.integers(0, 99),
            st.one_of(TEXTS, st.sampled_from(["\ud83d", "\ude00", "x\ud83d", "\ude00\ude00"])),
        ),
        max_size=8,
    ),
)
def test_edits_between_surrogate_halves_are_followed(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    """Whatever an editor of UTF-16 units does, also inside a character, the texts stay equal."""
    editor = Utf16Editor(text)
    document = Document.read(text)
    for first, second, replacement in edits:
        places = editor.places()
        (start, start_position), (end, end_position) = sorted(
            (places[first % len(places)], places[second % len(places)])
        )
        editor.replace(start, end, replacement)
        change = {"range": span(start_position, end_position), "text": replacement}
        for where, new in edits_of_change(document, change, PositionEncoding.UTF16):
            document = document.edited(where, new)

        assert editor.text == document.text


@given(TEXTS, TEXTS)
def test_whole_text_becomes_one_small_edit(old: str, new: str) -> None:
    """A change without a range is the whole text, of which only the difference is read again."""
    check_change(old, {"text": new}, PositionEncoding.UTF16, new)


def test_edit_of_a_whole_text_spares_what_stays() -> None:
    """The lines around the difference are the same objects as before."""
    document = Document.read("a==1\nb==1\nc==1\n")
    edits = edits_of_change(document, {"text": "a==1\nb==2\nc==1\n"}, PositionEncoding.UTF8)

    assert ((TextRange(8, 9), "2"),) == edits


def test_range_in_the_wrong_order_is_turned() -> None:
    """A range that ends before it starts means the same span."""
    check_change("abc", {"range": span((0, 2), (0, 1)), "text": "X"}, PositionEncoding.UTF16, "aXc")


@pytest.mark.parametrize(
    "change",
    [
        None,
        {},
        {"text": 1},
        {"text": "", "range": {}},
        {"text": "", "range": {"start": {"line": 0, "character": 0}}},
        {"text": "", "range": span((0, 0), (0, 0)) | {"end": {"line": "0", "character": 0}}},
    ],
)
def test_malformed_change_is_refused(change: object) -> None:
    """What is no change is not guessed at."""
    with pytest.raises(InvalidChange):
        edits_of_change(Document.read("a"), change, PositionEncoding.UTF16)


def test_halves_that_stand_together_are_one_character() -> None:
    """JSON may bring the halves of a character apart; a file on disk never holds them so."""
    assert "😀\ud83dx" == joined_halves("\ud83d\ude00\ud83dx")


def test_edit_never_begins_between_cr_and_lf() -> None:
    r"""No position lies between \r and \n, so that an edit there takes in both."""
    document = Document.read("a\r\nb")

    assert (TextRange(1, 3), "\r\n") == expressible(document, TextRange(2, 3), "\n")
    assert (TextRange(0, 3), "x\n") == expressible(document, TextRange(0, 2), "x")
    assert (TextRange(3, 4), "") == expressible(document, TextRange(3, 4), "")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("file:///a/b%20c.txt", Path("/a/b c.txt")),
        ("file://localhost/a", Path("/a")),
        ("file:///a/./x/../b", Path("/a/b")),
        ("file:///a%23b%3F", Path("/a#b?")),
        ("file://elsewhere/a", None),
        ("untitled:Untitled-1", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_uri_names_a_local_path(uri: str, expected: Path | None) -> None:
    """Only a `file:` URI of this machine names a path."""
    assert expected == path_of_uri(uri)


@given(st.text(alphabet="ab /#?%é😀\udc80\ud800", min_size=1).map(lambda name: Path("/") / name))
def test_every_path_has_a_uri(path: Path) -> None:
    """A path has a URI, whatever a file's text put into it."""
    assert uri_of_path(path).startswith("file:///")
