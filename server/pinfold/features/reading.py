"""What pip would read in a file, line by line, as plain data: the shape of ``pinfold parse``.

Owns that shape, which ``docs/schemas/parse.schema.json`` describes and which only ever grows.
Knows nothing of where the text came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.logical_lines import LINE_BREAKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.entry import Entry
    from pinfold.core.model.dependency import Option


class EntryReading(TypedDict):
    """One logical line. Lines count from 1, as an editor counts them; `endLine` is inclusive."""

    kind: str
    line: int
    endLine: int
    text: str
    name: str | None
    extras: list[str]
    specifier: str | None
    marker: str | None
    url: str | None
    target: str | None
    options: dict[str, list[str]]
    ignored: list[str]
    error: str | None


class FileReading(TypedDict):
    """A file; `encoding` is the codec as pip calls it."""

    version: int
    path: str
    encoding: str
    entries: list[EntryReading]


def reading_of(document: Document, path: str, encoding: str) -> FileReading:
    """Return what pip reads in *document*; *path* is how people are told of the file."""
    return {
        "version": 1,
        "path": path,
        "encoding": encoding,
        "entries": [
            _entry_reading(document, start, line.text, line.entry)
            for start, line in zip(document.starts, document.lines, strict=True)
            if line.entry is not None
        ],
    }


# The options that make a line what it is; their value is the entry's target.
_OWN_OPTION: Mapping[EntryKind, str] = {
    EntryKind.INCLUDE: "requirement",
    EntryKind.CONSTRAINT: "constraint",
    EntryKind.EDITABLE: "editable",
}


def _entry_reading(document: Document, start: int, source: str, entry: Entry) -> EntryReading:
    requirement = entry.requirement
    first, last = _lines(document, start, source)
    return {
        "kind": entry.kind.value,
        "line": first,
        "endLine": last,
        "text": entry.text,
        "name": None if requirement is None else requirement.name,
        "extras": [] if requirement is None else list(requirement.extras),
        "specifier": None if requirement is None else _specifier(requirement.specifier),
        "marker": None if requirement is None else _marker(requirement.marker),
        "url": None if requirement is None else requirement.url,
        "target": None if entry.target is None else entry.target.text,
        "options": _options(entry),
        "ignored": list(_ignored(entry, source)),
        "error": None if entry.problem is None else entry.problem.message,
    }


def _lines(document: Document, start: int, source: str) -> tuple[int, int]:
    """Return the first and the last editor line that the logical line's content touches."""
    content = source[:-1] if source[-1:] in LINE_BREAKS else source
    if source.endswith("\r\n"):
        content = source[:-2]
    first, last = document.position(start), document.position(start + len(content))
    return first.line + 1, last.line + 1


def _specifier(text: str | None) -> str | None:
    # Most requirements are named without one, or pinned: neither needs packaging's import.
    if not text:
        return text
    from packaging.specifiers import SpecifierSet

    return str(SpecifierSet(text))


def _marker(text: str | None) -> str | None:
    if text is None:
        return None
    from packaging.markers import Marker

    return str(Marker(text))


def _options(entry: Entry) -> dict[str, list[str]]:
    own = _OWN_OPTION.get(entry.kind)
    options: dict[str, list[str]] = {}
    for option in entry.options:
        if not option.honoured or option.name == own:
            continue
        if option.value is None:
            options[option.name] = ["true"]
        else:
            options.setdefault(option.name, []).append(option.value.text)
    return options


def _ignored(entry: Entry, source: str) -> Iterator[str]:
    dropped = [option for option in entry.options if not option.honoured]
    pieces = [(option.range.start, _as_written(option, source)) for option in dropped]
    pieces += [(part.range.start, part.text) for part in entry.stray]
    for _, text in sorted(pieces, key=lambda piece: piece[0]):
        yield text


def _as_written(option: Option, source: str) -> str:
    """Return spelling and value with what stands between them: a space, ``=``, or nothing."""
    spelling, value = option.spelling, option.value
    if value is None:
        return spelling.text
    if spelling.text.startswith("--"):
        separator = "=" if source[spelling.range.end : spelling.range.end + 1] == "=" else " "
    else:
        separator = "" if value.range.start == spelling.range.end else " "
    return f"{spelling.text}{separator}{value.text}"
