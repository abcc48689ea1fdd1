"""Where the parts of a requirement stand, once it is known to be one.

Owns the finding of name, extras, clauses, marker and its comparisons in a text that ``packaging``
or pip has accepted. Judges nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from pinfold.core.model.dependency import Dependency, Part
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from packaging.requirements import Requirement as PackagingRequirement

    from pinfold.core.formats.urls import Url

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\b")
_EXTRA = re.compile(r"[^\s,]+")
_CLAUSE = re.compile(r"[^\s,](?:[^,]*[^\s,])?")
_ATOM = re.compile(
    r"(?:'[^']*'|\"[^\"]*\"|[\w.]+)\s*"
    r"(?:===|==|~=|!=|<=|>=|<|>|\bnot\s+in\b|\bin\b)\s*"
    r"(?:'[^']*'|\"[^\"]*\"|[\w.]+)"
)


class Offsets(Protocol):
    """Where a piece of a requirement's text stands in the source."""

    def source_range(self, start: int, end: int) -> TextRange:
        """Return the range of the characters *start* to *end*."""
        ...


class Shifted:
    """Offsets of a text that begins *distance* further on."""

    __slots__ = ("_distance", "_offsets")

    def __init__(self, offsets: Offsets, distance: int) -> None:
        self._offsets = offsets
        self._distance = distance

    def source_range(self, start: int, end: int) -> TextRange:
        """Return the range of the characters *start* to *end*."""
        return self._offsets.source_range(start + self._distance, end + self._distance)


def named_parts(
    text: str,
    parsed: PackagingRequirement,
    url: Part | None,
    marker: Part | None,
    offsets: Offsets,
) -> Dependency:
    """Find the parts of *text*, which ``packaging`` has accepted as *parsed*."""
    name_start = len(text) - len(text.lstrip(" \t"))
    cursor = name_start + len(parsed.name)
    name = Part(parsed.name, offsets.source_range(name_start, cursor))
    extras: tuple[Part, ...] = ()
    bracket = skip_blanks(text, cursor)
    if bracket < len(text) and text[bracket] == "[":
        closing = text.index("]", bracket)
        extras = parts_between(_EXTRA, text, bracket + 1, closing, offsets)
        cursor = closing + 1
    specifier: Part | None = None
    clauses: tuple[Part, ...] = ()
    if url is None:
        start = skip_blanks(text, cursor)
        end = len(text.rstrip(" \t"))
        if start < end and text[start] == "(" and text[end - 1] == ")":
            start, end = start + 1, end - 1
        clauses = parts_between(_CLAUSE, text, start, end, offsets)
        if clauses:
            specifier = stripped_part(text, start, end, offsets)
    return Dependency(
        name,
        extras,
        specifier,
        clauses,
        url=url,
        marker=marker,
        atoms=atoms(marker),
    )


def parts_between(
    pattern: re.Pattern[str], text: str, start: int, end: int, offsets: Offsets
) -> tuple[Part, ...]:
    """Return each match of *pattern* between *start* and *end* of *text*."""
    return tuple(
        Part(match.group(), offsets.source_range(match.start(), match.end()))
        for match in pattern.finditer(text, start, end)
    )


def atoms(marker: Part | None) -> tuple[Part, ...]:
    """Return the comparisons of *marker*."""
    if marker is None:
        return ()
    start = marker.range.start
    if marker.range.end - start != len(marker.text):
        # A continuation lies inside the marker: its atoms are told as the marker's whole range.
        return tuple(Part(m.group(), marker.range) for m in _ATOM.finditer(marker.text))
    return tuple(
        Part(match.group(), TextRange(start + match.start(), start + match.end()))
        for match in _ATOM.finditer(marker.text)
    )


def egg_part(text: str, url: Url, offsets: Offsets) -> Part | None:
    """Return the project name in the fragment of *url*, which is written *text*."""
    if url.egg is None:
        return None
    start = re.search(r"[#&]egg=", text)
    if start is None:
        return None
    return Part(url.egg, offsets.source_range(start.end(), start.end() + len(url.egg)))


def bracketed_extras(text: str, offsets: Offsets) -> tuple[Part, ...]:
    """Return the extras in the brackets at the very end of *text*."""
    bracket = trailing_extras(text)
    if bracket is None:
        return ()
    return parts_between(_EXTRA, text, bracket + 1, len(text) - 1, offsets)


def stripped_part(text: str, start: int, end: int, offsets: Offsets) -> Part:
    """Return ``text[start:end]`` without white space at either end."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    return Part(stripped, offsets.source_range(start, start + len(stripped)))


def skip_blanks(text: str, start: int) -> int:
    """Return where the blanks at *start* end."""
    while start < len(text) and text[start] in " \t":
        start += 1
    return start


def trailing_extras(text: str) -> int | None:
    """Return where the brackets at the very end of *text* open, or ``None``.

    Equal to matching ``(.+)(\\[[^\\]]+\\])``, as pip's `strip_extras` does, which takes quadratic
    time on a long run of opening brackets.
    """
    if not text.endswith("]"):
        return None
    bracket = text.rfind("[", 1, len(text) - 2)
    return None if bracket == -1 or "]" in text[bracket:-1] else bracket
