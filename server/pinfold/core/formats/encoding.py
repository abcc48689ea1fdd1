"""Bytes to text as pip decodes a requirements file, and back without loss.

Owns the order in which pip looks for an encoding, and the promise that a file is never written
back in a way that changes a byte nobody asked to change. Refuses to know where the bytes come from
and which locale is in force: both are given.
"""

from __future__ import annotations

import codecs
import re
import warnings
from dataclasses import dataclass
from enum import Enum

# pip 26.3, req_file.py: the order matters, because the BOM of UTF-16 (little endian) is a prefix of
# that of UTF-32 (little endian). After the native BOM pip decodes with the codec "utf-16" or
# "utf-32", which swallows a second BOM; after the other one it does not.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)

# The same BOMs, with the codec that writes the rest of the file without a BOM of its own.
_WRITTEN_AFTER_BOM = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
}

_DECLARATION = re.compile(rb"coding[:=]\s*([-\w.]+)")

# No codec has a longer name, and looking one up costs time in proportion to its length.
_LONGEST_CODEC_NAME = 100

# Python's decoders for these insert characters one at a time: quadratic in the size of the file.
_QUADRATIC_CODECS = frozenset({"punycode", "idna"})
_QUADRATIC_LIMIT_BYTES = 65_536

# The codec that warns of what it decodes. A warning about somebody's file must neither reach the
# terminal nor, turned into an error, change the reading. Warnings are silenced for this one alone:
# silencing swaps the state of the whole process, which is not safe in several threads.
_WARNING_CODECS = frozenset({"unicode-escape", "unicode_escape", "unicodeescape"})


class EncodingSource(Enum):
    """What told pip which encoding a file is in."""

    BOM = "byte order mark"
    DECLARED = "declaration"
    DEFAULT = "default"
    LOCALE = "locale"


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text that pip reads from a file.

    `encoding` is the name of the codec as pip calls it: its own for a BOM, the one in the file for
    a declaration. `bom` is what pip cuts off before decoding, empty if there is none.
    `round_trips` is whether encoding `text` gives back the file byte for byte.
    """

    text: str
    encoding: str
    bom: bytes
    source: EncodingSource
    round_trips: bool = True


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A file that pip fails to decode.

    `offset` counts bytes from the start of the file; ``None`` where the codec itself is at fault.
    """

    reason: str
    encoding: str
    source: EncodingSource
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Unencodable:
    """A text that cannot be written back without changing what it says; the file stays as it is."""

    reason: str
    encoding: str


def decode_requirements(data: bytes, locale_encoding: str) -> DecodedText | Undecodable:
    """Read *data* as ``_decode_req_file`` of pip 26.3 does.

    *locale_encoding* is what pip takes where a file without BOM and declaration is no UTF-8. Codecs
    that raise, warn or give no text are an :class:`Undecodable`.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode(data, encoding, bom, EncodingSource.BOM)
    declared = _declaration(data)
    if declared is not None:
        return _decode(data, declared[1].decode("ascii"), b"", EncodingSource.DECLARED)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode(data, locale_encoding, b"", EncodingSource.LOCALE)
    return DecodedText(text, "utf-8", b"", EncodingSource.DEFAULT)


def encode_requirements(decoded: DecodedText, text: str) -> bytes | Unencodable:
    """Return the bytes of *text* in the encoding, and behind the BOM, that *decoded* was read from.

    Refuses wherever pip would not read exactly *text* from the result: where the codec lost
    something of the old file, lacks a character of the new one, or where the edit took away or
    brought in a declaration.
    """
    if not decoded.round_trips:
        reason = f"writing this file as {decoded.encoding} would change bytes that no edit touches"
        return Unencodable(reason, decoded.encoding)
    try:
        data = decoded.bom + text.encode(_writing_codec(decoded.encoding, decoded.bom))
    except Exception as error:  # noqa: BLE001 - codecs raise whatever they like
        return Unencodable(_encode_reason(error, decoded.encoding), decoded.encoding)
    if not _reads_back(data, text, decoded):
        reason = f"pip would not read the changed text back from {decoded.encoding}"
        return Unencodable(reason, decoded.encoding)
    return data


def as_utf8(text: str) -> bytes | Unencodable:
    """Return *text* as UTF-8 without a BOM, with a declaration of another encoding set right.

    A UTF-16 file may declare ``coding: utf-16`` in its first lines. pip passes over that behind a
    BOM, and would obey it in the new file.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        return Unencodable(_encode_reason(error, "utf-8"), "utf-8")
    declared = _declaration(data)
    if declared is not None and _canonical_name(declared[1].decode("ascii")) != "utf-8":
        start, name = declared
        data = data[:start] + b"utf-8" + data[start + len(name) :]
    match decode_requirements(data, "ascii"):
        case DecodedText(text=read, bom=b"") if read.encode("utf-8") == data:
            return data
        case _:
            # A text that begins with U+FEFF would turn into one with a BOM.
            return Unencodable("pip would not read the same text back from utf-8", "utf-8")


def _declaration(data: bytes) -> tuple[int, bytes] | None:
    """Return the offset and the name of the codec that PEP 263 lets the first two lines declare."""
    start = 0
    for _ in range(2):
        end = data.find(b"\n", start)
        stop = len(data) if end < 0 else end
        if data[start : start + 1] == b"#":
            match = _DECLARATION.search(data, start, stop)
            if match is not None:
                return match.start(1), match[1]
        if end < 0:
            return None
        start = end + 1
    return None


def _decode(
    data: bytes, encoding: str, bom: bytes, source: EncodingSource
) -> DecodedText | Undecodable:
    body = data[len(bom) :]
    refusal = _codec_refusal(encoding, len(body))
    if refusal is not None:
        return Undecodable(refusal, encoding, source)
    try:
        text = _decoded(body, encoding)
    except UnicodeDecodeError as error:
        offset = len(bom) + error.start
        reason = f"byte {_shown_byte(data, offset)} at offset {offset} is not valid {encoding}"
        return Undecodable(reason, encoding, source, offset)
    except LookupError:  # Codecs from bytes to bytes, such as "hex", exist and are refused here.
        return Undecodable(_not_a_text_encoding(encoding), encoding, source)
    except Exception as error:  # noqa: BLE001 - codecs raise whatever they like
        reason = f"decoding as {encoding} failed with {type(error).__name__}"
        return Undecodable(reason, encoding, source)
    # UTF-8 is the one codec known to give back every byte; elsewhere it is tried once, here, since
    # the bytes are gone by the time that a fix wants to write.
    round_trips = encoding == "utf-8" or _gives_back(body, text, _writing_codec(encoding, bom))
    return DecodedText(text, encoding, bom, source, round_trips)


def _codec_refusal(encoding: str, size: int) -> str | None:
    if len(encoding) > _LONGEST_CODEC_NAME:
        return _not_a_text_encoding(f"{encoding[:20]}…")
    name = _canonical_name(encoding)
    if name is None:
        return _not_a_text_encoding(encoding)
    if name in _QUADRATIC_CODECS and size > _QUADRATIC_LIMIT_BYTES:
        return f"a file of {size} bytes is too long to be read as {encoding}"
    return None


def _not_a_text_encoding(name: str) -> str:
    return f"{name} is not the name of a text encoding that Python knows"


def _canonical_name(encoding: str) -> str | None:
    """Return Python's own name of a codec, or ``None`` where it knows none of that name."""
    if len(encoding) > _LONGEST_CODEC_NAME:
        return None
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return None


def _decoded(data: bytes, encoding: str) -> str:
    if _canonical_name(encoding) not in _WARNING_CODECS:
        return data.decode(encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return data.decode(encoding)


def _writing_codec(encoding: str, bom: bytes) -> str:
    return _WRITTEN_AFTER_BOM[bom] if bom else encoding


def _gives_back(body: bytes, text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding) == body
    except Exception:  # noqa: BLE001 - as above
        return False


def _reads_back(data: bytes, text: str, decoded: DecodedText) -> bool:
    # ASCII as the locale reads nothing that UTF-8 does not, so that only a file that was in the
    # locale's encoding before may depend on it afterwards.
    locale_encoding = decoded.encoding if decoded.source is EncodingSource.LOCALE else "ascii"
    again = decode_requirements(data, locale_encoding)
    return isinstance(again, DecodedText) and again.text == text and again.bom == decoded.bom


def _encode_reason(error: Exception, encoding: str) -> str:
    if isinstance(error, UnicodeEncodeError):
        character = error.object[error.start : error.start + 1]
        return f"{encoding} has no character {character!a}"
    return f"encoding as {encoding} failed with {type(error).__name__}"


def _shown_byte(data: bytes, offset: int) -> str:
    # A codec may count in units of its own, and name a place past the end.
    return f"0x{data[offset]:02x}" if offset < len(data) else "sequence"
