"""The few facts of a logical line that rules over a whole file ask for, kept with the line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.model.dependency import PackageName

if TYPE_CHECKING:
    from pinfold.core.formats.requirements import LogicalLine


class LineTrait(Enum):
    """Something about a line that a rule looks for.

    The common ones are what most lines of most files have; see `COMMON_TRAITS`.
    """

    # Members are singletons, and hashing them by name takes a good part of reading a file.
    __hash__ = object.__hash__

    REQUIREMENT = "is a requirement or an editable"
    NAMED = "requires a project that it names"
    HASHED = "is a requirement with a hash"
    UNHASHED = "is a requirement without a hash"
    INCLUDE = "includes or constrains by another file"
    OPTION = "sets options"
    PATH = "names a local path"
    VARIABLE = "mentions an environment variable"
    IGNORE = "carries an ignore comment"
    UNPINNED = "is a requirement that fixes no version"
    PINNED = "is a requirement that fixes one version"
    NARROWED = "limits the version in several ways, or from above"
    LETTERED = "fixes a version that is not just digits and dots"
    URL = "names a URL"
    EXTRAS = "asks for extras"
    MARKED = "has a marker"
    ERROR = "is refused by pip"


COMMON_TRAITS: frozenset[LineTrait] = frozenset(
    {
        LineTrait.REQUIREMENT,
        LineTrait.NAMED,
        LineTrait.HASHED,
        LineTrait.UNHASHED,
        LineTrait.PINNED,
        LineTrait.UNPINNED,
        LineTrait.NARROWED,
        LineTrait.LETTERED,
        LineTrait.URL,
        LineTrait.EXTRAS,
        LineTrait.MARKED,
    }
)
"""What a line may have and still be of no interest to a rule over the whole file."""


@dataclass(frozen=True, slots=True)
class LineSummary:
    """A line in brief; `name` is normalised."""

    name: PackageName | None
    traits: frozenset[LineTrait]

    @property
    def is_common(self) -> bool:
        """Whether the line has none but common traits."""
        return self.traits <= COMMON_TRAITS


_EMPTY = LineSummary(None, frozenset())
_TYPICAL = frozenset({LineTrait.REQUIREMENT, LineTrait.NAMED, LineTrait.UNHASHED})
_TYPICAL_PINNED = _TYPICAL | {LineTrait.PINNED}
_TYPICAL_UNPINNED = _TYPICAL | {LineTrait.UNPINNED}
_TYPICAL_NARROWED = _TYPICAL_UNPINNED | {LineTrait.NARROWED}
_TYPICAL_LETTERED = _TYPICAL_PINNED | {LineTrait.LETTERED}
_TYPICAL_URL = _TYPICAL_PINNED | {LineTrait.URL}
_EXTRAS = frozenset({LineTrait.EXTRAS})
_MARKED = frozenset({LineTrait.MARKED})
_SEPARATORS = re.compile(r"[-_.]+")
_EXACT = re.compile(r"===?\s*[^,*\s]+")
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")


def normalised(name: str) -> PackageName:
    """Return *name* in the form of PEP 503, as ``packaging.utils.canonicalize_name`` does.

    Written out here because it is asked for every line of every file, and importing ``packaging``
    for it would be most of a short program's start.
    """
    if "_" in name or "." in name or "--" in name:
        name = _SEPARATORS.sub("-", name)
    return PackageName(name.lower())


def is_exact_pin(specifier: str | None) -> bool:
    """Return whether the text of a specifier is one ``==`` or ``===`` clause without a wildcard."""
    return specifier is not None and _EXACT.fullmatch(specifier) is not None


def _is_plain(specifier: str | None) -> bool:
    return specifier is not None and specifier.lstrip("= ").replace(".", "").isdigit()


def _is_narrowed(specifier: str | None) -> bool:
    return specifier is not None and ("," in specifier or specifier.startswith("<"))


def summary_of(line: LogicalLine) -> LineSummary:
    """Return *line* in brief; worked out once, then kept with the line."""
    summary = line.kept_summary
    if summary is None:
        summary = line.kept_summary = _summarise(line)
    return summary


def _summarise(line: LogicalLine) -> LineSummary:
    if line.is_typical:
        name, extras, specifier, url, marker = line.texts
        if url is not None:
            traits = _TYPICAL_URL
        elif not is_exact_pin(specifier):
            traits = _TYPICAL_NARROWED if _is_narrowed(specifier) else _TYPICAL_UNPINNED
        else:
            traits = _TYPICAL_PINNED if _is_plain(specifier) else _TYPICAL_LETTERED
        if extras is not None:
            traits |= _EXTRAS
        if marker is not None:
            traits |= _MARKED
        if _mentions_ignore(line):
            traits |= {LineTrait.IGNORE}
        return LineSummary(None if name is None else normalised(name), traits)
    entry = line.entry
    found: set[LineTrait] = set()
    if _mentions_ignore(line):
        found.add(LineTrait.IGNORE)
    if entry is None:
        return LineSummary(None, frozenset(found)) if found else _EMPTY
    if "${" in entry.text and _VARIABLE.search(entry.text):
        found.add(LineTrait.VARIABLE)
    match entry.kind:
        case EntryKind.REQUIREMENT | EntryKind.EDITABLE:
            found.add(LineTrait.REQUIREMENT)
            found.add(LineTrait.HASHED if entry.honoured("hash") else LineTrait.UNHASHED)
            assert entry.requirement is not None
            requirement = entry.requirement
            if requirement.path is not None:
                found.add(LineTrait.PATH)
            if requirement.url is not None:
                found.add(LineTrait.URL)
            if requirement.extras:
                found.add(LineTrait.EXTRAS)
            if requirement.marker is not None:
                found.add(LineTrait.MARKED)
            fixed = requirement.url or requirement.path or is_exact_pin(requirement.specifier)
            found.add(LineTrait.PINNED if fixed else LineTrait.UNPINNED)
            if _is_narrowed(requirement.specifier):
                found.add(LineTrait.NARROWED)
            if is_exact_pin(requirement.specifier) and not _is_plain(requirement.specifier):
                found.add(LineTrait.LETTERED)
        case EntryKind.INCLUDE | EntryKind.CONSTRAINT:
            found.add(LineTrait.INCLUDE)
        case EntryKind.OPTION:
            found.add(LineTrait.OPTION)
        case EntryKind.ERROR:
            found.add(LineTrait.ERROR)
    name = None if entry.requirement is None else entry.requirement.name
    if name is not None:
        found.add(LineTrait.NAMED)
    return LineSummary(None if name is None else normalised(name), frozenset(found))


def _mentions_ignore(line: LogicalLine) -> bool:
    return "#" in line.text and "pinfold:" in line.text
