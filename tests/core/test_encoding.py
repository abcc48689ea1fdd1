"""Decoding agrees with pip, and writing back never changes a byte that no edit touches."""

from __future__ import annotations

import codecs
import logging
import sys
import time
import warnings
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pip._internal.req import req_file

from pinfold.core.formats.encoding import (
    DecodedText,
    EncodingSource,
    Undecodable,
    Unencodable,
    as_utf8,
    decode_requirements,
    encode_requirements,
)

_CODECS = (
    "utf-8 utf8 UTF-8 utf-8-sig utf-16 utf-16-le utf_16_be utf-32 latin-1 iso-8859-15 cp1252 cp037"
    " ascii shift_jis euc-jp gb18030 big5 koi8-r iso2022_jp hz utf-7 mac-roman"
    " hex rot13 base64 zlib uu bz2 unicode_escape raw_unicode_escape idna punycode undefined"
    " charmap mbcs oem aliases nonsense . .. - utf-8.x string-escape"
).split()
_BOMS = (
    b"",
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
)
_TEXTS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("aé#\n\r\\ =x\ufeff€")), max_size=40
)


@st.composite
def _files(draw: st.DrawFn) -> bytes:
    """Bytes of files as people, editors and adversaries write them."""
    text = draw(_TEXTS)
    if draw(st.booleans()):
        codec = draw(st.sampled_from(_CODECS))
        form = draw(st.sampled_from(("# -*- coding: {} -*-", "#coding={}", " # coding: {}")))
        lines = draw(st.sampled_from(("{}\n", "\n{}\n", "x\r\n{}\r\n", "\n\n{}\n", "\r{}\r", "{}")))
        text = lines.format(form.format(codec)) + text
    if draw(st.booleans()):
        body = draw(st.binary(max_size=40)) + text.encode("utf-8")
    else:
        codec = draw(st.sampled_from(("utf-8", "utf-16-le", "utf-16-be", "utf-32-be", "utf-32-le")))
        body = text.encode(codec)
    end = draw(st.binary(max_size=6))
    return draw(st.sampled_from(_BOMS)) + draw(st.sampled_from(_BOMS)) + body + end


def _pip_decodes(data: bytes, locale_encoding: str) -> str | None:
    """Return what pip reads, or None where it fails."""
    with (
        warnings.catch_warnings(),
        mock.patch.object(req_file, "get_locale_encoding", return_value=locale_encoding),
        mock.patch.object(logging, "warning"),
    ):
        warnings.simplefilter("ignore")
        try:
            return req_file._decode_req_file(data, "requirements.txt")
        except Exception:  # noqa: BLE001 - whatever pip raises, it fails
            return None


@given(_files(), st.sampled_from(("utf-8", "cp1252", "latin-1", "ascii", "shift_jis")))
@example(b"\xff\xfe\x00\x00\xff\xfe\x00\x00a\x00\x00\x00", "utf-8")
@example(b"# coding: unicode_escape\n\\d", "utf-8")
@example(b"# coding: \n# coding: latin-1\n\xe9", "utf-8")
def test_text_is_what_pip_decodes(data: bytes, locale_encoding: str) -> None:
    """For any bytes, the text is pip's, or both fail."""
    decoded = decode_requirements(data, locale_encoding)

    expected = _pip_decodes(data, locale_encoding)
    assert expected == (decoded.text if isinstance(decoded, DecodedText) else None)


@given(_files(), st.sampled_from(("utf-8", "cp1252", "latin-1", "ascii")))
def test_writing_back_gives_the_same_bytes(data: bytes, locale_encoding: str) -> None:
    """Encoding what was decoded gives the file, or is refused because the codec loses bytes."""
    decoded = decode_requirements(data, locale_encoding)
    if isinstance(decoded, Undecodable):
        return

    written = encode_requirements(decoded, decoded.text)
    assert written == data if decoded.round_trips else isinstance(written, Unencodable)


@given(_files(), _TEXTS)
def test_edited_text_is_read_back_or_refused(data: bytes, text: str) -> None:
    """What is written after an edit is what pip reads, else nothing is written."""
    decoded = decode_requirements(data, "cp1252")
    if isinstance(decoded, Undecodable):
        return

    written = encode_requirements(decoded, text)
    assert isinstance(written, Unencodable) or text == _pip_decodes(written, "cp1252")


@given(_TEXTS)
def test_utf8_bom_and_default_always_round_trip(text: str) -> None:
    """A UTF-8 file is written back whatever it holds, with its BOM if it had one."""
    for bom in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE):
        codec = {2: "utf-16-be", 4: "utf-32-be"}.get(len(bom), "utf-8")
        data = bom + text.encode(codec)
        decoded = decode_requirements(data, "ascii")
        if bom or not (data.startswith((*_BOMS[1:], b"#")) or b"\n#" in data):
            assert isinstance(decoded, DecodedText)

            assert data == encode_requirements(decoded, decoded.text)


@pytest.mark.parametrize(
    ("data", "encoding", "bom", "source"),
    [
        (b"flask", "utf-8", b"", EncodingSource.DEFAULT),
        (b"\xef\xbb\xbfflask", "utf-8", codecs.BOM_UTF8, EncodingSource.BOM),
        (b"\xfe\xff\0f", "utf-16-be", codecs.BOM_UTF16_BE, EncodingSource.BOM),
        (
            codecs.BOM_UTF16 + "f".encode("utf-16-le"),
            "utf-16",
            codecs.BOM_UTF16,
            EncodingSource.BOM,
        ),
        (b"# coding: Latin-1\n\xe9", "Latin-1", b"", EncodingSource.DECLARED),
        (b"\n#vim: fileencoding=cp1252\n", "cp1252", b"", EncodingSource.DECLARED),
        (b"\n\n# coding: latin-1\n", "utf-8", b"", EncodingSource.DEFAULT),
        (b"caf\xe9", "cp1252", b"", EncodingSource.LOCALE),
    ],
)
def test_source_and_encoding_are_named(
    data: bytes, encoding: str, bom: bytes, source: EncodingSource
) -> None:
    """The value says which codec pip used and what told it so."""
    assert sys.byteorder == "little" or encoding != "utf-16"
    decoded = decode_requirements(data, "cp1252")

    assert isinstance(decoded, DecodedText)
    assert (encoding, bom, source) == (decoded.encoding, decoded.bom, decoded.source)


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"ok\nab\xff", "byte 0xff at offset 5 is not valid ascii", 5),
        (b"\xef\xbb\xbfa\xff", "byte 0xff at offset 4 is not valid utf-8", 4),
        (b"\xfe\xff\0a\0", "byte 0x00 at offset 4 is not valid utf-16-be", 4),
        (
            b"# coding: klingon\n",
            "klingon is not the name of a text encoding that Python knows",
            None,
        ),
        (b"# coding: hex\n", "hex is not the name of a text encoding that Python knows", None),
        (b"# coding: undefined\n", "decoding as undefined failed with UnicodeError", None),
        (
            b"# coding: " + b"x" * 1_000_000,
            "xxxxxxxxxxxxxxxxxxxx… is not the name of a text encoding that Python knows",
            None,
        ),
    ],
)
def test_failure_is_said_in_a_sentence(data: bytes, reason: str, offset: int | None) -> None:
    """What cannot be decoded is a value with its reason and the offset in the file."""
    decoded = decode_requirements(data, "ascii")

    assert isinstance(decoded, Undecodable)
    assert (reason, offset) == (decoded.reason, decoded.offset)


def test_codec_that_warns_stays_silent() -> None:
    """A codec's warning reaches nobody, and does not turn into an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        decoded = decode_requirements(b"# coding: unicode_escape\n\\d", "utf-8")

    assert isinstance(decoded, DecodedText)
    assert [] == caught


@pytest.mark.parametrize("codec", ["punycode", "idna"])
def test_quadratic_codec_is_refused_for_a_large_file(codec: str) -> None:
    """A file of megabytes in a codec that takes quadratic time is refused at once."""
    data = f"# coding: {codec}\n".encode() + b"a" * 4_000_000
    started = time.process_time()
    decoded = decode_requirements(data, "utf-8")

    assert isinstance(decoded, Undecodable)
    assert f"a file of {len(data)} bytes is too long to be read as {codec}" == decoded.reason
    assert time.process_time() - started < 1


def test_character_that_the_encoding_lacks_is_refused() -> None:
    """A fix that brings in a character the file's encoding lacks is not written."""
    decoded = decode_requirements(b"# coding: latin-1\n\xe9\n", "utf-8")
    assert isinstance(decoded, DecodedText)

    expected = Unencodable("latin-1 has no character '\\u20ac'", "latin-1")
    assert expected == encode_requirements(decoded, decoded.text + "€")


def test_edit_that_removes_the_declaration_is_refused() -> None:
    """Without its declaration the file would be read in another encoding."""
    decoded = decode_requirements(b"# coding: latin-1\n\xe9\n", "utf-8")
    assert isinstance(decoded, DecodedText)

    expected = Unencodable("pip would not read the changed text back from latin-1", "latin-1")
    assert expected == encode_requirements(decoded, "é\n")


def test_lone_surrogate_is_refused() -> None:
    """An editor can send half of a pair, which no file can hold."""
    decoded = decode_requirements(b"flask\n", "utf-8")
    assert isinstance(decoded, DecodedText)

    assert isinstance(encode_requirements(decoded, "\ud800"), Unencodable)
    assert isinstance(as_utf8("\ud800"), Unencodable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flask\r\n", b"flask\r\n"),
        ("# coding: utf-16\nx==é\n", b"# coding: utf-8\nx==\xc3\xa9\n"),
        ("\n# vim: fileencoding=latin-1 :\nx\n", b"\n# vim: fileencoding=utf-8 :\nx\n"),
        ("# coding: UTF8\né\n", b"# coding: UTF8\n\xc3\xa9\n"),
        ("# coding: klingon\né\n", b"# coding: utf-8\n\xc3\xa9\n"),
        ("\n\n# coding: utf-16\n", b"\n\n# coding: utf-16\n"),
    ],
)
def test_rewriting_as_utf8_sets_the_declaration_right(text: str, expected: bytes) -> None:
    """A declaration of another encoding would make pip misread the new file."""
    assert expected == as_utf8(text)


@given(_files())
@example("\ufeff\ufeffflask".encode("utf-16-be"))
def test_rewriting_as_utf8_keeps_pips_reading(data: bytes) -> None:
    """pip reads from the UTF-8 file what it read before, but for the declaration."""
    decoded = decode_requirements(data, "latin-1")
    if isinstance(decoded, Undecodable):
        return
    written = as_utf8(decoded.text)
    if isinstance(written, Unencodable):
        assert decoded.text.startswith("\ufeff") or "coding" in decoded.text or not decoded.bom
        return

    again = _pip_decodes(written, "ascii")
    assert again is not None
    assert [line for line in decoded.text.split("\n") if "coding" not in line] == [
        line for line in again.split("\n") if "coding" not in line
    ]
    assert written == as_utf8(again)
