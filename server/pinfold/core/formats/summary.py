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
    """Something about a line that a rule over the whole file looks for."""

    REQUIREMENT = "is a requirement or an editable"
    INCLUDE = "includes or constrains by another file"
    HASHED = "is a requirement with a hash"
    UNHASHED = "is a requirement without a hash"
    OPTION = "sets options"
    PATH = "names a local path"
    VARIABLE = "mentions an environment variable"
    IGNORE = "carries an ignore comment"
    UNPINNED = "is a requirement that fixes no version"
    PINNED = "is a requirement that fixes one version"
    ERROR = "is refused by pip"


@dataclass(frozen=True, slots=True)
class LineSummary:
    """A line in brief; `name` is normalised."""

    name: PackageName | None
    traits: frozenset[LineTrait]


_EMPTY = LineSummary(None, frozenset())
_TYPICAL_PINNED = frozenset({LineTrait.REQUIREMENT, LineTrait.UNHASHED, LineTrait.PINNED})
_TYPICAL_UNPINNED = frozenset({LineTrait.REQUIREMENT, LineTrait.UNHASHED, LineTrait.UNPINNED})
_SEPARATORS = re.compile(r"[-_.]+")
_EXACT = re.compile(r"===?\s*[^,*\s]+")
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")


def normalised(name: str) -> PackageName:
    """Return *name* in the form of PEP 503, as ``packaging.utils.canonicalize_name`` does.

    Written out here because it is asked for every line of every file, and importing ``packaging``
    for it would be most of a short program's start.
    """
    return PackageName(_SEPARATORS.sub("-", name).lower())


def is_exact_pin(specifier: str | None) -> bool:
    """Return whether the text of a specifier is one ``==`` or ``===`` clause without a wildcard."""
    return specifier is not None and _EXACT.fullmatch(specifier) is not None


def summary_of(line: LogicalLine) -> LineSummary:
    """Return *line* in brief; worked out once, then kept with the line."""
    summary = line.kept_summary
    if summary is None:
        summary = line.kept_summary = _summarise(line)
    return summary


def _summarise(line: LogicalLine) -> LineSummary:
    if line.is_typical:
        name, _, specifier, url, _ = line.texts
        pinned = url is not None or is_exact_pin(specifier)
        traits = _TYPICAL_PINNED if pinned else _TYPICAL_UNPINNED
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
            fixed = requirement.url or requirement.path or is_exact_pin(requirement.specifier)
            found.add(LineTrait.PINNED if fixed else LineTrait.UNPINNED)
        case EntryKind.INCLUDE | EntryKind.CONSTRAINT:
            found.add(LineTrait.INCLUDE)
        case EntryKind.OPTION:
            found.add(LineTrait.OPTION)
        case EntryKind.ERROR:
            found.add(LineTrait.ERROR)
    name = None if entry.requirement is None else entry.requirement.name
    return LineSummary(None if name is None else normalised(name), frozenset(found))


def _mentions_ignore(line: LogicalLine) -> bool:
    return "#" in line.text and "pinfold:" in line.text
