"""Rules on requirements that are declared more than once."""

from __future__ import annotations

import re
from itertools import permutations
from typing import TYPE_CHECKING

from pinfold.core.formats.summary import normalised
from pinfold.core.formats.version_ranges import joined
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Related, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.conflicts import conflicts_in
from pinfold.core.rules.demands import called_from, demand_graph
from pinfold.core.rules.registry import Family, file_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.rules.demands import Place
    from pinfold.core.rules.view import FileView

MAX_MERGED = 100
"""How many lines of one project are offered to be merged; a person needs no more at a time."""


@file_rule(
    "duplicate-requirement",
    Family.CONFLICTS,
    default=Severity.WARNING,
    input_default=Severity.HINT,
    since="0.1",
    fix=Applicability.SAFE,
)
def duplicate_requirement(view: FileView) -> Iterator[Finding]:
    """Package is required twice under the same condition.

    ## Why
    pip takes both lines, and the version must satisfy both.
    Whoever changes one of them does not see the other.
    Lines whose markers differ are no duplicates; nor is a constraint one of a requirement.
    Two lines that exclude each other are told by `conflicting-requirements`, and not again here.

    ## Example
    ```requirements
    flask==3.1.0
    redis>=5
    Flask==3.1.0
    redis<6,>=4.2
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    redis>=5,<6
    ```

    ## Fix safety
    Safe where both lines ask for exactly the same: the second one goes.
    Safe as well where the second line of this file adds nothing to the first but other versions
    that it allows: the first then asks for what both allow, and the second goes.
    Unsafe where the first line gains extras, where a comment would go with the second, or where the
    first is in another file, which others may include too.
    There is no fix for URLs, editables and lines with digests or build settings that differ.
    """
    repeated = demand_graph(view).repeated
    if not repeated:
        return
    conflicts = conflicts_in(view)
    told = {(place.path, place.start) for one in conflicts for place in one.anchors}
    excluded = {pair for one in conflicts for pair in permutations(one.others, 2)}
    for places in repeated.values():
        for number, (place, first) in enumerate(_pairs(places)):
            if (place.path, place.start) not in told and (place, first) not in excluded:
                yield _finding(place, first, may_merge=number < MAX_MERGED)


def _pairs(places: Sequence[Place]) -> Iterator[tuple[Place, Place]]:
    """Yield each line of the judged file with one that requires the same before it or elsewhere."""
    own = [place for place in places if place.include is None]
    elsewhere: dict[str | None, Place] = {}
    for place in places:
        if place.include is not None and not place.demand.is_constraint:
            # The first file that requires it is enough to say.
            elsewhere.setdefault(_marker(place), place)
    seen: dict[str | None, Place] = {}
    for place in own:
        marker = _marker(place)
        first = seen.setdefault(marker, place)
        if first is not place:
            yield place, first
        if marker in elsewhere:
            yield place, elsewhere[marker]


def _finding(place: Place, first: Place, *, may_merge: bool) -> Finding:
    where = f"on line {first.line_number}"
    if first.include is not None:
        where = f"by `{called_from(place.path, first.path)}`, line {first.line_number}"
    fix: Fix | None = None
    if _ask_the_same(first.line, place.line):
        fix = _remove(place)
    elif may_merge:
        fix = _merge(place, first)
    return Finding(
        _subject(place.line).shifted(place.start),
        f"`{place.line.name}` is already required {where}",
        () if fix is None else (fix,),
        (Related(first.path, _subject(first.line).shifted(first.start), "first required here"),),
    )


def _marker(place: Place) -> str | None:
    marker = place.demand.marker
    return None if marker is None else "".join(marker.split()).replace("'", '"')


def _ask_the_same(one: LogicalLine, other: LogicalLine) -> bool:
    if one.is_typical and other.is_typical and one.texts[1:] == other.texts[1:]:
        return True
    return _asked(one) == _asked(other)


def _asked(line: LogicalLine) -> tuple[object, ...]:
    """Return everything that the line asks for; equal where one of two lines can go."""
    name, extras, specifier, url, marker = line.texts
    asked = None if specifier is None else "".join(specifier.split())
    spelt = None if marker is None else "".join(marker.split()).replace("'", '"')
    key = None if name is None else normalised(name)
    return (key, _extras(extras), asked, url, spelt, *_options(line))


def _extras(extras: str | None) -> frozenset[str]:
    if extras is None:
        return frozenset()
    return frozenset(normalised(extra.strip()) for extra in extras.split(","))


def _options(line: LogicalLine) -> tuple[object, ...]:
    """Return what stands on a line beside its requirement: a path, digests, settings, ``-e``."""
    if line.is_typical or line.entry is None:
        return (False, None, frozenset(), ())
    entry = line.entry
    hashes, settings = (
        tuple(option.value.text for option in entry.honoured(name) if option.value is not None)
        for name in ("hash", "config-settings")
    )
    return (
        entry.dependency is not None and entry.dependency.editable,
        None if entry.target is None else entry.target.text,
        frozenset(hashes),
        settings,
    )


def _subject(line: LogicalLine) -> TextRange:
    span = line.span("name")
    if span is not None:
        return TextRange(*span)
    assert line.entry is not None
    return line.entry.range


def _remove(place: Place) -> Fix:
    return Fix("Remove this line", (_removal(place),), Applicability.SAFE)


def _removal(place: Place) -> Edit:
    return Edit(TextRange(place.start, place.start + len(place.line)), "")


def _merge(place: Place, first: Place) -> Fix | None:
    """Return the fix that lets *first* ask for what both ask for, and takes *place* away."""
    # Only what one look reads whole: continuations, digests and options are left to a person, and
    # so are URLs and what stands in parentheses.
    lines = (first.line, place.line)
    if not all(line.is_typical and line.texts[3] is None for line in lines):
        return None
    versions = joined((first.demand.specifier, place.demand.specifier))
    extras = [_extras(line.texts[1]) for line in lines]
    name = first.line.span("name")
    if versions is None or name is None:
        return None
    specifier = first.line.span("specifier")
    end = len(_requirement(first.line)) if specifier is None else specifier[1]
    bracket = ""
    if extras[0] | extras[1]:
        spelt = ",".join(text for line in lines if (text := line.texts[1]) is not None)
        bracket = f"[{','.join(_unique(spelt.split(',')))}]"
    merged = f"{first.line.name}{bracket}{versions}"
    is_own = first.include is None
    rewrite = Edit(
        TextRange(first.start + name[0], first.start + end), merged, None if is_own else first.path
    )
    is_plain = extras[1] <= extras[0] and place.line.comment is None
    applicability = Applicability.SAFE if is_own and is_plain else Applicability.UNSAFE
    if extras[1] <= extras[0] and versions == first.demand.specifier:
        # The first line asks for all of it already.
        return Fix("Remove this line", (_removal(place),), applicability)
    where = f"line {first.line_number}" if is_own else f"`{called_from(place.path, first.path)}`"
    return Fix(
        f"Merge into {where}: `{merged}`",
        (rewrite, _removal(place)),
        applicability,
    )


def _requirement(line: LogicalLine) -> str:
    """Return a typical line's text up to the end of its name and extras."""
    head = re.match(r"[^\s;\[#]+(?:\[[^\]]*\])?", line.text)
    return "" if head is None else head.group()


def _unique(extras: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for extra in extras:
        if normalised(extra.strip()) not in seen:
            seen.add(normalised(extra.strip()))
            yield extra.strip()
