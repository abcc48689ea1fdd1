"""The options for indexes that stand in requirements files, or on somebody's command line.

Owns which files are looked through and what of them counts. Refuses to expand variables: what is
shown may hold none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, is_local_path, locale_encoding
from pinfold.core.formats.encoding import DecodedText, decode_requirements
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.requirements import parse_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.formats.entry import Entry

MAX_FILES = 100
"""How many files are looked through: includes may go on and on, each into the next."""


@dataclass(frozen=True, slots=True)
class IndexOption:
    """One option that says where packages come from.

    `name` is pip's: ``index-url``, ``extra-index-url``, ``find-links``, ``no-index``. `origin` is
    the path and the line, from 1, or ``the command line``.
    """

    name: str
    value: str
    origin: str


_NAMES = ("index-url", "extra-index-url", "find-links", "no-index")


def read_index_options(paths: Iterable[Path], filesystem: FileSystem) -> tuple[IndexOption, ...]:
    """Return the options in files and in what they include, in pip's order of reading."""
    seen: set[str] = set()
    return tuple(
        option
        for path in paths
        for option in _in_file(os.path.abspath(path), filesystem, seen)  # noqa: PTH100
    )


def _in_file(path: str, filesystem: FileSystem, seen: set[str]) -> Iterator[IndexOption]:
    # Paths are compared as pip compares them: made absolute, links not resolved.
    if path in seen or len(seen) >= MAX_FILES:
        return
    seen.add(path)
    data = filesystem.read_bytes(path)
    if isinstance(data, Unreadable):
        return
    decoded = decode_requirements(data, locale_encoding())
    if not isinstance(decoded, DecodedText):
        return
    text = decoded.text
    for start, entry in parse_requirements(text).entries():
        line = text.count("\n", 0, start) + 1
        yield from _of_entry(entry, f"{path}:{line}")
        target = _include(entry)
        if target is not None:
            included = os.path.abspath(os.path.join(os.path.dirname(path), target))  # noqa: PTH100
            yield from _in_file(included, filesystem, seen)


def _of_entry(entry: Entry, origin: str) -> Iterator[IndexOption]:
    for name in _NAMES:
        for option in entry.honoured(name):
            value = option.value.text if option.value is not None else ""
            yield IndexOption(name, value, origin)


def _include(entry: Entry) -> str | None:
    """Return the local path that a line includes."""
    if entry.kind not in (EntryKind.INCLUDE, EntryKind.CONSTRAINT) or entry.target is None:
        return None
    target = entry.target.text
    return None if "://" in target or "${" in target or not is_local_path(target) else target


_SPELLINGS = {
    "--index-url": "index-url",
    "--pypi-url": "index-url",
    "-i": "index-url",
    "--extra-index-url": "extra-index-url",
    "--find-links": "find-links",
    "-f": "find-links",
    "--no-index": "no-index",
}


def split_options(options: Sequence[str]) -> tuple[tuple[IndexOption, ...], tuple[str, ...]]:
    """Return the options of a command line that say where packages come from, and the others."""
    found: list[IndexOption] = []
    others: list[str] = []
    origin = "the command line"
    words = iter(options)
    for word in words:
        spelling, equals, value = word.partition("=")
        name = _SPELLINGS.get(spelling)
        if name is None and word[:2] in ("-i", "-f"):
            name, value, equals = _SPELLINGS[word[:2]], word[2:], "="
        if name is None:
            others.append(word)
        elif name == "no-index":
            found.append(IndexOption(name, "", origin))
        else:
            found.append(IndexOption(name, value if equals else next(words, ""), origin))
    return tuple(found), tuple(others)
