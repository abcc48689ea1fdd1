"""Between the protocol's units and ours: positions, ranges, URIs, severities, edits.

Owns the only place where UTF-16 and UTF-8 columns exist; everything behind it counts code points.
What a client sends is brought inside the text, since clients and servers do lose step.
"""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlsplit

from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from pinfold.core.formats.document import Document


class PositionEncoding(Enum):
    """What a column of a position counts."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def chosen_encoding(offered: object) -> PositionEncoding:
    """Return the encoding to use with a client that offers *offered*, as it came.

    UTF-32 costs nothing, being what we count in. A client that offers nothing counts UTF-16.
    """
    if isinstance(offered, list):
        for encoding in (PositionEncoding.UTF32, PositionEncoding.UTF8, PositionEncoding.UTF16):
            if encoding.value in offered:
                return encoding
    return PositionEncoding.UTF16


def to_offset(document: Document, line: int, character: int, encoding: PositionEncoding) -> int:
    """Return the offset of a position, brought inside the text and inside its line.

    A position inside a character (between the halves of a surrogate pair, or between the bytes of a
    code point) is taken as the character's start.
    """
    start, end = _line_span(document, line)
    if line < 0 or character <= 0:
        return start
    if encoding is PositionEncoding.UTF32:
        return min(start + character, end)
    content = document.text[start:end]
    if content.isascii():
        return min(start + character, end)
    if encoding is PositionEncoding.UTF16:
        return start + _characters_in_utf16(content, character)
    return start + _characters_in_utf8(content, character)


def to_position(document: Document, offset: int, encoding: PositionEncoding) -> tuple[int, int]:
    """Return the line and the column, counted in *encoding*, of an offset."""
    line, column = document.table.position(offset)
    if encoding is PositionEncoding.UTF32 or column == 0:
        return line, column
    before = document.text[offset - column : offset]
    if before.isascii():
        return line, column
    return line, units(before, encoding)


def to_range(
    document: Document, span: TextRange, encoding: PositionEncoding
) -> tuple[int, int, int, int]:
    """Return line and column of the start and of the end of *span*."""
    line, column = document.table.position(span.start)
    piece = document.text[span.start - column : span.end]
    if piece.isascii() and "\n" not in piece and "\r" not in piece:
        # Nearly always: one look-up instead of two, and no column to convert.
        return line, column, line, column + span.end - span.start
    return (
        *to_position(document, span.start, encoding),
        *to_position(document, span.end, encoding),
    )


def expressible(document: Document, span: TextRange, text: str) -> tuple[TextRange, str]:
    r"""Return the same edit with both its ends at places that a position can name.

    No position lies between ``\r`` and ``\n``.
    """
    start, end = span.start, span.end
    if document.text[max(0, start - 1) : start + 1] == "\r\n":
        start, text = start - 1, "\r" + text
    if end and document.text[end - 1 : end + 1] == "\r\n":
        end, text = end + 1, text + "\n"
    return TextRange(start, end), text


def units(text: str, encoding: PositionEncoding) -> int:
    """Return how many columns *text* takes."""
    match encoding:
        case PositionEncoding.UTF32:
            return len(text)
        case PositionEncoding.UTF16:
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case PositionEncoding.UTF8:
            return len(text.encode("utf-8", "surrogatepass"))


class InvalidChange(ValueError):
    """A content change that does not have the protocol's shape."""


def edits_of_change(
    document: Document, change: object, encoding: PositionEncoding
) -> tuple[tuple[TextRange, str], ...]:
    """Return one ``TextDocumentContentChangeEvent`` as edits of *document*.

    A change without a range is the whole new text; of that, only what differs is an edit, so that
    what did not change is not read again.

    Raises:
        InvalidChange: it is no such event.
    """
    if not isinstance(change, dict) or not isinstance(change.get("text"), str):
        raise InvalidChange("a change needs a text")
    text: str = change["text"]
    if change.get("range") is None:
        return _edits_of_whole_text(document.text, joined_halves(text))
    start_line, start_character = _position(change["range"], "start")
    end_line, end_character = _position(change["range"], "end")
    if (end_line, end_character) < (start_line, start_character):
        start_line, start_character, end_line, end_character = (
            end_line,
            end_character,
            start_line,
            start_character,
        )
    if encoding is PositionEncoding.UTF16 and not (text.isascii() and document.text.isascii()):
        first, first_units = _utf16_place(document, start_line, start_character)
        last, last_units = _utf16_place(document, end_line, end_character)
        beside = document.text[max(0, first - 1) : first] + document.text[last : last + 1]
        if first_units or last_units or _has_halves(text) or _has_halves(beside):
            return (_edit_between_halves(document, first, first_units, last, last_units, text),)
        return ((TextRange(first, last), text),)
    start = to_offset(document, start_line, start_character, encoding)
    end = to_offset(document, end_line, end_character, encoding)
    return ((TextRange(start, end), text),)


def joined_halves(text: str) -> str:
    """Return *text* with each high and low surrogate that stand together made one character.

    JSON can carry the halves apart; a file, read from disk, never does.
    """
    if not _has_halves(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def path_of_uri(uri: str) -> Path | None:
    """Return the local path that *uri* names, ``None`` where it names none."""
    try:
        split = urlsplit(uri)
    except ValueError:
        return None
    if split.scheme != "file" or not split.path.startswith("/"):
        return None
    if os.name != "nt":
        if split.netloc not in ("", "localhost"):
            return None
        # As bytes: a name that is no UTF-8 comes percent-encoded, too.
        return Path(os.path.abspath(os.fsdecode(unquote_to_bytes(split.path))))  # noqa: PTH100
    decoded = unquote_to_bytes(split.path).decode("utf-8", "surrogatepass")
    if split.netloc not in ("", "localhost"):
        return Path(f"//{split.netloc}{decoded}")
    return Path(decoded.lstrip("/"))


def uri_of_path(path: Path) -> str:
    """Return the URI of a local file."""
    try:
        return path.as_uri()
    except UnicodeEncodeError:
        # Half a surrogate pair, which only a file's text can have put there.
        return "file://" + quote(str(path).encode("utf-8", "surrogatepass"))


def _line_span(document: Document, line: int) -> tuple[int, int]:
    """Return where a line's content starts and ends, its line end left out."""
    table, text = document.table, document.text
    if line < 0:
        return 0, 0
    if line >= len(table):
        return len(text), len(text)
    start = table.line_start(line)
    if line + 1 == len(table):
        return start, len(text)
    end = table.line_start(line + 1)
    if end - start >= 2 and text[end - 2 : end] == "\r\n":
        return start, end - 2
    return start, end - 1


def _characters_in_utf16(content: str, count: int) -> int:
    encoded = content.encode("utf-16-le", "surrogatepass")
    if 2 * count >= len(encoded):
        return len(content)
    characters = len(encoded[: 2 * count].decode("utf-16-le", "surrogatepass"))
    return characters - 1 if _splits_pair(encoded, count) else characters


def _splits_pair(encoded: bytes, count: int) -> bool:
    """Return whether the unit before *count* and the one behind it make one character."""
    before = encoded[2 * count - 1] if count else 0
    behind = encoded[2 * count + 1] if 2 * count < len(encoded) else 0
    return 0xD8 <= before < 0xDC and 0xDC <= behind < 0xE0


def _characters_in_utf8(content: str, count: int) -> int:
    encoded = content.encode("utf-8", "surrogatepass")
    if count >= len(encoded):
        return len(content)
    while count and encoded[count] & 0xC0 == 0x80:
        count -= 1
    return len(encoded[:count].decode("utf-8", "surrogatepass"))


_HALF = re.compile("[\ud800-\udfff]")


def _has_halves(text: str) -> bool:
    return not text.isascii() and _HALF.search(text) is not None


def _position(span: object, side: str) -> tuple[int, int]:
    position = span.get(side) if isinstance(span, dict) else None
    if isinstance(position, dict):
        line, character = position.get("line"), position.get("character")
        if isinstance(line, int) and isinstance(character, int):
            return line, character
    raise InvalidChange("a range needs a start and an end, each with a line and a character")


def _edits_of_whole_text(old: str, new: str) -> tuple[tuple[TextRange, str], ...]:
    head = common_prefix(old, new)
    most = min(len(old), len(new)) - head
    tail = common_suffix(old, new, most)
    return ((TextRange(head, len(old) - tail), new[head : len(new) - tail]),)


def common_prefix(old: str, new: str) -> int:
    """Return how many characters the two texts have in common from the start."""
    # By halving, so that the comparing is done by slices and not character by character.
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_suffix(old: str, new: str, most: int) -> int:
    """Return how many characters the two texts have in common at the end, up to *most*."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _utf16_place(document: Document, line: int, character: int) -> tuple[int, int]:
    """Return the offset of a position, and 1 if it lies in the middle of the character there."""
    offset = to_offset(document, line, character, PositionEncoding.UTF16)
    if offset >= len(document.text) or document.text[offset] <= "\uffff" or character <= 0:
        return offset, 0
    found = to_position(document, offset, PositionEncoding.UTF16)
    return offset, int(found == (line, character - 1))


def _edit_between_halves(
    document: Document, first: int, first_units: int, last: int, last_units: int, text: str
) -> tuple[TextRange, str]:
    """Return an edit that begins or ends inside a character, or brings in half of one.

    The other half stays, as it does in the client, and joins what it now stands beside.
    """
    old = document.text
    # A half at the edge of the edit may join a half in the text outside of it.
    before = max(0, first - 1)
    after = min(len(old), last + 1 + last_units)
    head = old[before:first] + _half(old[first : first + first_units], high=True)
    if last_units:
        tail = _half(old[last : last + 1], high=False) + old[last + 1 : after]
    else:
        tail = old[last:after]
    return TextRange(before, after), joined_halves(head + text + tail)


def _half(character: str, *, high: bool) -> str:
    encoded = character.encode("utf-16-le", "surrogatepass")
    return (encoded[:2] if high else encoded[2:]).decode("utf-16-le", "surrogatepass")
