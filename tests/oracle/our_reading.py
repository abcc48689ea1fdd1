"""Our own reading in the oracle's terms, so that the two can be held side by side."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from pinfold.core.formats.document import Document
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.problem import ProblemKind
from pinfold.core.formats.urls import archive_extension
from tests.oracle.pip_reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pinfold.core.formats.entry import Entry

_TARGETS = {
    EntryKind.INCLUDE: "requirement",
    EntryKind.CONSTRAINT: "constraint",
    EntryKind.EDITABLE: "editable",
}


def our_readings(text: str) -> tuple[Reading, ...]:
    """Return what Pinfold reads in *text*, one reading a logical line that says something."""
    return tuple(reading for _, reading in our_entries(text))


def our_entries(text: str) -> Iterator[tuple[Entry, Reading]]:
    """Yield what Pinfold reads in *text*, with the entry that each reading was made from."""
    document = Document.read(text)
    for start, line in zip(document.starts, document.lines, strict=True):
        entry = line.entry
        if entry is None:
            continue
        first = document.position(start).line + 1
        content = line.text.rstrip("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
        last = document.position(start + max(0, len(content) - 1)).line + 1
        if len(content) < len(line.text) and not content:
            last = first
        yield entry, _reading(entry, first, _last(document, start, line.text, last))


def depends_on_disk(entry: Entry) -> bool:
    """Return whether pip's reading depends on a directory that may exist or not.

    Archives do not count: pip takes a missing one for a path all the same.
    """
    requirement = entry.requirement
    if requirement is None or requirement.path is None:
        return False
    if entry.kind is EntryKind.EDITABLE:
        return True
    path = requirement.parts.path
    return path is not None and archive_extension(path.text) is None


def is_limit(entry: Entry) -> bool:
    """Return whether Pinfold refuses the line for its size, which pip does not."""
    return entry.problem is not None and entry.problem.kind is ProblemKind.TOO_COMPLEX


def _last(document: Document, start: int, raw: str, fallback: int) -> int:
    # A logical line may end in blank physical lines that a backslash pulled in.
    pieces = raw.splitlines(keepends=True)
    begin = start + len(raw) - len(pieces[-1])
    return max(fallback, document.position(begin).line + 1)


def _reading(entry: Entry, first: int, last: int) -> Reading:
    requirement = entry.requirement
    if requirement is None or entry.problem is not None:
        name = specifier = marker = url = None
        extras: tuple[str, ...] = ()
    else:
        name, extras, url = requirement.name, requirement.extras, requirement.url
        specifier = (
            None if requirement.specifier is None else str(SpecifierSet(requirement.specifier))
        )
        marker = None if requirement.marker is None else str(Marker(requirement.marker))
    return Reading(
        kind=entry.kind.value,
        first_line=first,
        last_line=last,
        logical_line="",
        text=entry.text if entry.kind is EntryKind.REQUIREMENT else "",
        name=name,
        extras=extras,
        specifier=specifier,
        marker=marker,
        url=url,
        target=None if entry.target is None else entry.target.text,
        editable=entry.kind is EntryKind.EDITABLE,
        options=_options(entry),
        hashes=tuple(
            option.value.text for option in entry.honoured("hash") if option.value is not None
        ),
        dropped=tuple(sorted(_dropped(entry))),
        error=None,
    )


def _options(entry: Entry) -> Mapping[str, tuple[str, ...]]:
    own = _TARGETS.get(entry.kind)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for option in entry.options:
        if option.honoured and not (option.name == own and option.value is not None):
            found[option.name].append("true" if option.value is None else option.value.text)
    return {
        name: ("true",) if set(values) == {"true"} else tuple(values)
        for name, values in found.items()
    }


def _dropped(entry: Entry) -> Iterator[tuple[str, str]]:
    for option in entry.options:
        if not option.honoured:
            yield option.name, "true" if option.value is None else option.value.text
    for part in entry.stray:
        yield "", part.text
