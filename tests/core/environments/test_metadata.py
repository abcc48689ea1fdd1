"""The syntax of metadata files, held against the standard library where it reads them too."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments.installed.metadata import (
    CoreMetadata,
    first_line,
    header_end,
    local_directory,
    parse_direct_url,
    parse_metadata,
    parse_requires_txt,
    parse_wheel_tags,
)
from pinfold.core.model.environment import DirectUrl

_LINES = st.sampled_from(
    [
        *("Name: foo", "name:bar", "Version: 1.0 ", "VERSION:\t2", "Requires-Dist: one>=1"),
        *("requires-dist:   two ; extra == 'x'", "Provides-Extra: x", "Requires-Python: >=3.8"),
        *(
            " continued",
            "\tcontinued",
            "",
            " ",
            "Summary: text",
            "no header",
            ": no name",
            "Näme: x",
        ),
        *(
            "From somebody",
            "Requires-Dist:",
            "Name:",
            "License: line",
            "        folded",
            "\x0c",
            "a:b",
        ),
        *(
            "Requires-Distant: no",
            "X-Name: no",
            "Description: Name: no",
            "Requires-Dist : no",
            "é: x",
        ),
    ]
)
_TEXTS = st.lists(_LINES, max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: end.join(lines) + end)
)


class _InMemory(importlib.metadata.Distribution):
    def __init__(self, text: str) -> None:
        # As the text of a file is read: with universal newlines.
        self._text = text.replace("\r\n", "\n").replace("\r", "\n")

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


@given(_TEXTS)
def test_headers_are_those_of_email(text: str) -> None:
    """However odd the lines, the headers are those that ``importlib.metadata`` sees."""
    data = text.encode()
    end = header_end(data)
    message: Any = _InMemory(text).metadata
    expected = CoreMetadata(
        message.get("Name"),
        message.get("Version"),
        tuple(message.get_all("Requires-Dist") or ()),
        tuple(message.get_all("Provides-Extra") or ()),
        message.get("Requires-Python"),
    )

    assert expected == parse_metadata(data if end is None else data[:end])


def test_typical_metadata() -> None:
    """A file as build backends write it."""
    text = (
        b"Metadata-Version: 2.4\nName: Foo.Bar\nVersion: 1.0\nSummary: What Name: it is\n"
        b"Requires-Python: >=3.9\nRequires-Dist: one>=1\nProvides-Extra: x\n"
        b"Requires-Dist: two; extra == 'x'\nLicense: First line\n        Name: not this\n"
    )

    assert len(text) - 1 == header_end(text + b"\nThe body.\n\nName: not this\n")
    assert parse_metadata(text) == CoreMetadata(
        name="Foo.Bar",
        version="1.0",
        requires=("one>=1", "two; extra == 'x'"),
        extras=("x",),
        requires_python=">=3.9",
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"Name: a\n\nbody", 7),
        (b"Name: a\r\n\r\nbody", 7),
        (b"Name: a\r\rbody", 7),
        (b"Name: a\r\nVersion: 1\r\n", None),
        (b"Name: a\nVersion: 1", None),
        (b"\nName: a\n", 0),
        (b"\r\nName: a\r\n", 0),
        (b"Name: a\n \nVersion: 1\n\n", 20),
        (b"", None),
    ],
)
def test_end_of_headers(data: bytes, expected: int | None) -> None:
    """The first blank line ends them, whatever the line ends."""
    assert expected == header_end(data)


def test_headers_that_are_not_utf_8() -> None:
    """The bytes are replaced, so that what is left can be printed, and it is said."""
    found = parse_metadata(b"Name: foo\nSummary: \xff\nRequires-Dist: \xfe\n")

    assert ("foo", ("\ufffd",), False) == (found.name, found.requires, found.is_utf8)


def test_requires_txt() -> None:
    """Sections become markers, with extras normalised as pip does it."""
    requires, extras, is_utf8 = parse_requires_txt(
        b"one>=1\r\n# remark\n\n[Some_Extra]\ntwo\n\n[:python_version < '3']\nthree\n"
        b"[x:os_name == 'nt' or os_name == 'posix']\nfour @ file:4\n"
    )

    assert requires == (
        "one>=1",
        'two ; extra == "some-extra"',
        "three ; python_version < '3'",
        "four @ file:4 ; (os_name == 'nt' or os_name == 'posix') and extra == \"x\"",
    )
    assert (("some-extra", "x"), True) == (extras, is_utf8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"Wheel-Version: 1.0\nTag: py2.py3-none-any\n", {"py2-none-any", "py3-none-any"}),
        (b"tag: CP39-CP39-Win32\r\n", {"cp39-cp39-win32"}),
        (
            b"Tag: py3-none-any\n\nTag: py2-none-any\n",
            {"py3-none-any"},
        ),
        (b"Wheel-Version: 1.0\n", set()),
        (b"", set()),
        (b"Tag: not a tag\n", None),
        (b"Tag: py3-none-\n", None),
        (b"Tag: \xff\n", None),
        (b"Tag: " + b".".join([b"py3"] * 500) + b"-none-" + b".".join([b"any"] * 500), None),
    ],
)
def test_wheel_tags(data: bytes, expected: set[str] | None) -> None:
    """Compressed tags are expanded; one that is no tag, or multiplies beyond reason, spoils all."""
    assert expected == parse_wheel_tags(data)


def test_direct_urls() -> None:
    """Archives with both kinds of hashes, revisions, folders, and what is none of these."""
    assert parse_direct_url(
        b'{"url": "https://files.example/a.zip", "archive_info": {"hash": "sha256=ab"}}'
    ) == DirectUrl("https://files.example/a.zip", hashes=frozenset({"sha256:ab"}))
    assert parse_direct_url(
        b'{"url": "https://git.example/a", "subdirectory": "src", "vcs_info": '
        b'{"vcs": "git", "commit_id": "abc", "requested_revision": "main"}}'
    ) == DirectUrl(
        "https://git.example/a",
        vcs="git",
        requested_revision="main",
        commit="abc",
        subdirectory="src",
    )
    assert parse_direct_url(
        b'{"url": "file:///home/me/a%20b", "dir_info": {"editable": true}}'
    ) == DirectUrl("file:///home/me/a%20b", directory=Path("/home/me/a b"), is_editable=True)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"\xff", b'{"url": 1}', b'{"url": "x"}', b"[" * 100_000, b'{"url": "x"'],
)
def test_no_direct_url(data: bytes) -> None:
    """What is not as PEP 610 has it is as if it were not there."""
    assert parse_direct_url(data) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///a/b", Path("/a/b")),
        ("file://localhost/a", Path("/a")),
        ("file://server/share", None),
        ("https://files.example/a", None),
        ("file://[/a", None),
        ("file:///a%00b", None),
        (json.loads('"file:///\\u00e9"'), Path("/é")),
    ],
)
def test_local_directory(url: str, expected: Path | None) -> None:
    """A file URL leads to a folder of this machine, or to none that we look at."""
    assert expected == local_directory(url)


def test_first_line() -> None:
    """Blank lines in front are passed over."""
    assert ("uv", None) == (first_line(b"\n  \n uv \nmore"), first_line(b"\n"))
