"""What the metadata files of an installed distribution say.

Owns the syntax of ``METADATA``, ``PKG-INFO``, ``requires.txt``, ``WHEEL`` and ``direct_url.json``,
read from bytes as ``importlib.metadata`` and pip 26.3 read it. Refuses to know where the files
stand and what the requirements in them mean.

The headers of nearly every file are found by one regular expression. What it cannot vouch for
(folded values, lines that are no header) goes through ``email``, as in the standard library.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.files import path_in_bytes
from pinfold.core.formats.summary import normalised
from pinfold.core.model.environment import DirectUrl

if TYPE_CHECKING:
    from pinfold.core.model.dependency import PackageName

MAX_TAGS = 10_000
"""The most tags that one ``Tag`` line may stand for; compressed sets multiply."""


class CoreMetadata(NamedTuple):
    """The headers that matter here; those that may stand once are ``None`` where they do not.

    `requires` and `extras` are as written, in order. `is_utf8` says whether the headers are in
    UTF-8, as they must be: pip reads nothing of a file that is not.
    """

    name: str | None = None
    version: str | None = None
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    requires_python: str | None = None
    is_utf8: bool = True


def header_end(data: bytes) -> int | None:
    """Return where the headers at the start of *data* end, ``None`` if not within it."""
    end = data.find(b"\n\n")
    # Headers with a carriage return take the slow way: universal newlines are in force.
    if data.find(b"\r", 0, len(data) if end < 0 else end) >= 0:
        match = _BLANK_LINE.search(data)
        return None if match is None else match.start()
    if data.startswith(b"\n"):
        return 0
    return None if end < 0 else end


def parse_metadata(headers: bytes) -> CoreMetadata:
    """Read the headers of a ``METADATA`` or ``PKG-INFO``; nothing of its body is in *headers*."""
    text, is_utf8 = _decoded(headers)
    name = version = requires_python = None
    requires: list[str] = []
    extras: list[str] = []
    for key, value, _ in _headers(text, _CORE):
        match key if key in _USUAL else key.title():
            case "Requires-Dist":
                requires.append(value)
            case "Provides-Extra":
                extras.append(value)
            case "Name":
                name = value if name is None else name
            case "Version":
                version = value if version is None else version
            case _:
                requires_python = value if requires_python is None else requires_python
    return CoreMetadata(name, version, tuple(requires), tuple(extras), requires_python, is_utf8)


def parse_requires_txt(data: bytes) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return the requirements and extras of an egg's ``requires.txt``, and whether it is UTF-8.

    An extra, and the marker of a section, become part of each requirement. The text of these is
    pip's (``_iter_egg_info_dependencies``, 26.3), which normalises extras.
    """
    text, is_utf8 = _decoded(data)
    requires: list[str] = []
    extras: dict[str, None] = {}
    extra = marker = ""
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section, _, marker = line.strip("[]").partition(":")
            extra = normalised(section)
            continue
        if extra:
            extras.setdefault(extra)
        conditions = [f"({marker})" if extra and marker else marker] if marker else []
        conditions += [f'extra == "{extra}"'] if extra else []
        requires.append(f"{line} ; {' and '.join(conditions)}" if conditions else line)
    return tuple(requires), tuple(extras), is_utf8


@lru_cache(maxsize=4_096)
def parse_wheel_tags(data: bytes) -> frozenset[str] | None:
    """Return the tags of a ``WHEEL`` file, expanded; ``None`` if one of them is no tag."""
    from packaging.tags import parse_tag

    end = header_end(data)
    text, is_utf8 = _decoded(data if end is None else data[:end])
    if not is_utf8:
        return None
    tags: set[str] = set()
    try:
        for _, value, _ in _headers(text, _TAG):
            tags.update(map(str, parse_tag(value, limit=MAX_TAGS)))
    except ValueError:
        return None
    return frozenset(tags)


def parse_direct_url(data: bytes) -> DirectUrl | None:
    """Return what ``direct_url.json`` says (PEP 610), ``None`` if it is not valid."""
    import json

    from packaging.direct_url import DirectUrl as PackagingDirectUrl
    from packaging.direct_url import DirectUrlValidationError

    try:
        content = json.loads(data.decode("utf-8"))
        if not isinstance(content, dict):
            return None
        found = PackagingDirectUrl.from_dict(content)
    except (ValueError, RecursionError, DirectUrlValidationError):
        return None
    hashes: frozenset[str] = frozenset()
    if found.archive_info is not None:
        recorded = found.archive_info.hashes or {}
        hashes = frozenset(f"{algorithm}:{digest}" for algorithm, digest in recorded.items())
    vcs = found.vcs_info
    return DirectUrl(
        url=found.url,
        directory=None if found.dir_info is None else local_directory(found.url),
        is_editable=found.dir_info is not None and bool(found.dir_info.editable),
        vcs=None if vcs is None else vcs.vcs,
        requested_revision=None if vcs is None else vcs.requested_revision,
        commit=None if vcs is None else vcs.commit_id,
        hashes=hashes,
        subdirectory=found.subdirectory,
    )


def local_directory(url: str) -> Path | None:
    """Return the folder of this machine that a ``file:`` URL leads to, ``None`` if to none."""
    from urllib.parse import unquote_to_bytes, urlsplit
    from urllib.request import url2pathname

    try:
        parts = urlsplit(url)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            return None
        if os.name == "nt":
            path = url2pathname(parts.path)
        else:
            # Before Python 3.14 that reads UTF-8, whichever encoding paths have.
            path = path_in_bytes(unquote_to_bytes(parts.path))
    except ValueError:
        return None
    return Path(path) if path and "\0" not in path else None


def first_line(data: bytes) -> str | None:
    """Return the first line of *data* that is not blank, ``None`` if there is none."""
    if data in _INSTALLERS:
        return _INSTALLERS[data]
    return next(iter(stripped_lines(data)), None)


def stripped_lines(data: bytes) -> list[str]:
    """Return the lines of *data* that are not blank, without the blanks around them."""
    text, _ = _decoded(data)
    return [line for line in map(str.strip, text.splitlines()) if line]


def normalised_extras(extras: tuple[str, ...]) -> frozenset[PackageName]:
    """Return *extras* in the one form that they are compared in (PEP 685)."""
    return frozenset(map(normalised, extras))


# Names as importlib.metadata compares them, whatever their case. Blanks in front of a value, and
# line ends, are not part of it; blanks behind it are. They begin with the end of the line before,
# not with ``^``: a search leaps from one such character to the next.
_CORE = re.compile(
    r"\n(Requires-Dist|Provides-Extra|Name|Version|Requires-Python):[ \t]*(.*)(?=(\n[ \t])?)",
    re.IGNORECASE,
)
# What stands in nearly every file that is asked for its first line.
_INSTALLERS = {b"pip\n": "pip", b"pip": "pip", b"uv": "uv", b"uv\n": "uv", b"conda": "conda"}
_USUAL = frozenset({"Requires-Dist", "Provides-Extra", "Name", "Version", "Requires-Python"})
_TAG = re.compile(r"\n(Tag):[ \t]*(.*)(?=(\n[ \t])?)", re.IGNORECASE)
# A line that neither is a header nor goes on with one: for `email`, the body begins there.
_ODD = re.compile(r"\n(?![!-9;-~]+:|[ \t]|\Z)")
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?=[\r\n])|\A(?=[\r\n])")


def _headers(text: str, wanted: re.Pattern[str]) -> list[tuple[str, str, str]]:
    """Return name and value of the *wanted* headers; the third says nothing any more."""
    below = "\n" + text
    found: list[tuple[str, str, str]] = wanted.findall(below)
    if _ODD.search(below) or text.startswith((" ", "\t")):
        return _headers_by_email(text, wanted)
    for _, _, folded in found:
        if folded:
            return _headers_by_email(text, wanted)
    return found


def _headers_by_email(text: str, wanted: re.Pattern[str]) -> list[tuple[str, str, str]]:
    import textwrap
    from email.parser import HeaderParser

    return [
        # As importlib.metadata has it: a folded value is moved to the left as a whole.
        (name, textwrap.dedent(" " * 8 + value) if "\n" in value else value, "")
        for name, value in HeaderParser().parsestr(text).items()
        if wanted.match(f"\n{name}:")
    ]


def _decoded(data: bytes) -> tuple[str, bool]:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        # Not half surrogate pairs, which could be printed nowhere.
        return data.decode("utf-8", "replace"), False
