"""Rules on requirements that cannot all be met, whatever is installed.

Owns the judgement: which of the demands on a project no version satisfies together, and in which
environment all of them hold. Where the demands come from is gathered by
:mod:`pinfold.core.rules.demands`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.formats.marker_environments import can_apply, worlds
from pinfold.core.formats.pep508 import MAX_CLAUSES
from pinfold.core.formats.plain_versions import has_plain_witness
from pinfold.core.formats.summary import LineTrait
from pinfold.core.formats.version_ranges import (
    clauses_of,
    intersection,
    minimal_clash,
    range_of,
    range_of_version,
)
from pinfold.core.model.finding import Finding, Related, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.demands import called_from, comparable_url, demand_graph, demand_of
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.ranges import VersionRange

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.demands import ComparableUrl, Demand, DemandGraph, Place
    from pinfold.core.rules.view import FileView

MAX_DEMANDS = 100
"""How many different demands on one project are compared; those after them are not looked at."""


@line_rule(
    "unsatisfiable",
    Family.CONFLICTS,
    default=Severity.ERROR,
    constraints_default=Severity.WARNING,
    since="0.1",
    reads_typical=frozenset({LineTrait.NARROWED}),
)
def unsatisfiable(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    """No version can satisfy the requirement, whatever is published.

    ## Why
    pip tries every version there is, and then gives up.
    Pre-releases, post-releases and local versions are versions too: what is reported here excludes
    all of them.
    A line whose marker holds in no environment is not reported, since nothing comes of it.
    In a constraints file it is a warning: `foo<0` is a known way to say that a package must not be
    installed.

    ## Example
    ```requirements
    django>=5,<4.2
    ```
    Use instead:
    ```requirements
    django>=4.2,<5
    ```
    """
    del facts
    demand = demand_of(line)
    if has_plain_witness(demand.specifier):
        # Nearly all, and packaging takes a hundred times as long to say so.
        return
    found = range_of(demand.specifier)
    if found is None or not found.is_empty or not can_apply(demand.marker):
        return
    clauses = clauses_of(demand.specifier)
    ranges = [range_of(clause) for clause in clauses]
    known = [one for one in ranges if one is not None]
    to_blame = (
        [clauses[index] for index in minimal_clash(known)] if len(known) == len(clauses) else []
    )
    span = line.span("specifier")
    where = subject_range(line) if span is None else TextRange(*span)
    yield Finding(where, f"no version satisfies {_listed(to_blame or clauses)}")


@file_rule("conflicting-requirements", Family.CONFLICTS, default=Severity.ERROR, since="0.1")
def conflicting_requirements(view: FileView) -> Iterator[Finding]:
    """Lines ask for versions of a package that exclude each other.

    ## Why
    pip takes all lines that apply, and the version must satisfy every one of them.
    Where it cannot, nothing is installed at all, often after a long search.
    Lines are compared over everything that the file includes with `-r` and `-c`; a constraint
    counts only for what something requires.
    A conflict is reported only if there is an environment in which all of its lines apply, and the
    message names one.

    ## Example
    ```requirements
    -r base.txt
    django>=5 ; python_version >= "3.10"
    ```
    Beside it is a file that it includes:
    ```requirements base.txt
    django<4
    ```
    Use instead:
    ```requirements
    -r base.txt
    django>=3.2
    ```
    """
    for conflict in conflicts_in(view):
        yield from _findings(view, conflict)


@dataclass(frozen=True, slots=True)
class Clash:
    """Demands that cannot be met together, by their index; `later` is the last of them.

    `environment` names one in which all of them hold. `holds_everywhere` says that they hold in
    each, so that it is but an example. `is_of_urls` says that it is two URLs which differ.
    """

    later: int
    others: tuple[int, ...]
    environment: str
    holds_everywhere: bool
    is_of_urls: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A clash between places of a graph.

    `anchors` are the places of the judged file that it is told at; without any, it is told at the
    include at offset `include`. `others` are the other lines of it, one for each demand.
    """

    name: PackageName
    clash: Clash
    anchors: tuple[Place, ...]
    others: tuple[Place, ...]
    include: int | None


def conflicts_in(view: FileView) -> tuple[Conflict, ...]:
    """Return the conflicts that *view* has to tell of; kept for the rules that ask in turn."""
    return _conflicts(demand_graph(view))


@lru_cache(maxsize=4)
def _conflicts(graph: DemandGraph) -> tuple[Conflict, ...]:
    return tuple(
        conflict
        for name, places in graph.repeated.items()
        for conflict in _conflicts_of(graph, name, places)
    )


def _conflicts_of(
    graph: DemandGraph, name: PackageName, places: Sequence[Place]
) -> Iterator[Conflict]:
    groups: dict[Demand, list[Place]] = {}
    for place in places:
        groups.setdefault(place.demand, []).append(place)
    if len(groups) == 1:
        return
    demands = tuple(groups)
    for clash in judged(demands):
        involved = [groups[demands[index]] for index in (*clash.others, clash.later)]
        own = [[place for place in group if place.include is None] for group in involved]
        told = max((number for number, group in enumerate(own) if group), default=None)
        if told is None:
            if not graph.is_seen_by_another(involved):
                *others, later = (group[0] for group in involved)
                yield Conflict(name, clash, (), (*others, later), later.include)
            continue
        others = [
            (own[number] or group)[0] for number, group in enumerate(involved) if number != told
        ]
        yield Conflict(name, clash, tuple(own[told]), tuple(others), None)


@lru_cache(maxsize=8192)
def judged(demands: tuple[Demand, ...]) -> tuple[Clash, ...]:
    """Return which of *demands*, all on one project and different, exclude each other.

    A pure function of the texts, so that a keystroke elsewhere costs nothing. Each demand is held
    against all before it that were met together, in each environment; one that is excluded is told
    once, and no more looked at. Of more than `MAX_DEMANDS` demands, or clauses in them, only the
    first are compared: what is found among them is true all the same.
    """
    compared = _compared(demands)
    if len({demand.url for demand, _ in compared if demand.url}) < 2 and not (
        intersection([allowed for _, allowed in compared]).is_empty if compared else False
    ):
        return ()
    markers = tuple(dict.fromkeys(demand.marker for demand, _ in compared))
    states = [_State(world.environment.label, set(), []) for world in worlds(markers)]
    holding = [
        [
            number
            for number, world in enumerate(worlds(markers))
            if world.applying[markers.index(demand.marker)]
        ]
        for demand, _ in compared
    ]
    for (demand, _), numbers in zip(compared, holding, strict=True):
        if not demand.is_constraint:
            for number in numbers:
                states[number].is_required = True
    clashes: list[Clash] = []
    for index in range(len(compared)):
        clash = _first_clash(index, compared, [states[number] for number in holding[index]])
        if clash is None:
            continue
        others, is_of_urls, environment = clash
        involved = (*others, index)
        everywhere = all(len(holding[one]) == len(states) for one in involved)
        position = {number: demands.index(compared[number][0]) for number in involved}
        *before, last = sorted(position[number] for number in involved)
        clashes.append(Clash(last, tuple(before), environment, everywhere, is_of_urls))
    return tuple(clashes)


@dataclass(slots=True)
class _State:
    """What has been met so far in one environment; `members` are indices of demands."""

    label: str
    urls: set[ComparableUrl]
    members: list[int]
    joint: VersionRange | None = None
    is_required: bool = False


def _compared(demands: Sequence[Demand]) -> list[tuple[Demand, VersionRange]]:
    found: list[tuple[Demand, VersionRange]] = []
    clauses = 0
    for demand in demands[:MAX_DEMANDS]:
        clauses += 1 + demand.specifier.count(",")
        if clauses > MAX_CLAUSES:
            break
        allowed = range_of(demand.specifier)
        if allowed is not None and demand.version is not None:
            named = range_of_version(demand.version)
            allowed = allowed if named is None else allowed & named
        if allowed is None or (allowed.is_empty and not demand.is_constraint):
            # The line is reported by itself already.
            continue
        found.append((demand, allowed))
    return found


def _first_clash(
    index: int, compared: Sequence[tuple[Demand, VersionRange]], states: Sequence[_State]
) -> tuple[tuple[int, ...], bool, str] | None:
    """Return what the demand at *index* clashes with, and where; else let it join the others."""
    demand, allowed = compared[index]
    for state in states:
        if not state.is_required:
            continue
        if demand.url is not None and state.urls - {demand.url}:
            other = next(
                one for one in state.members if compared[one][0].url not in (None, demand.url)
            )
            return (other,), True, state.label
        joint = allowed if state.joint is None else state.joint & allowed
        if joint.is_empty and state.members:
            members = [*state.members, index]
            clash = minimal_clash([compared[one][1] for one in members])
            others = tuple(members[one] for one in clash if members[one] != index)
            if others:
                return others, False, state.label
            # A constraint that no version meets excludes whatever is required, if it is already.
            required = (one for one in state.members if not compared[one][0].is_constraint)
            if (first := next(required, None)) is not None:
                return (first,), False, state.label
    for state in states:
        state.members.append(index)
        if demand.url is not None:
            state.urls.add(demand.url)
        state.joint = allowed if state.joint is None else state.joint & allowed
    return None


def _findings(view: FileView, conflict: Conflict) -> Iterator[Finding]:
    where = _where(conflict)
    others = conflict.others
    related = tuple(_related(place) for place in others)
    if conflict.anchors:
        told = _named_places(view, others)
        for anchor in conflict.anchors:
            subject = f"`{request_text(anchor)}` conflicts with {told}"
            yield Finding(
                subject_range(anchor.line).shifted(anchor.start), f"{subject}: {where}", (), related
            )
        return
    include = next(one for one in view.includes if one.start == conflict.include)
    *first, last = others
    subject = f"{_named_places(view, (last,))} conflicts with {_named_places(view, first)}"
    yield Finding(include.entry.range.shifted(include.start), f"{subject}: {where}", (), related)


def _where(conflict: Conflict) -> str:
    clash = conflict.clash
    all_of_them = (
        "both" if len(clash.others) == 1 else f"all {_NUMBERS.get(len(clash.others) + 1, '')}"
    )
    all_of_them = all_of_them.strip()
    nothing = _difference(conflict) if clash.is_of_urls else f"no version satisfies {all_of_them}"
    if clash.holds_everywhere:
        return f"{nothing}, for example on {clash.environment}"
    return f"on {clash.environment}, where {all_of_them} apply, {nothing}"


def _difference(conflict: Conflict) -> str:
    told = "they are two different URLs"
    places = (*conflict.others, *conflict.anchors[:1])
    if len({request_text(place) for place in places}) > 1:
        return told
    # What differs is left out of what is shown, since it may hold a secret.
    urls = [place.demand.url for place in places]
    one, other = urls[0], urls[-1]
    if one is None or other is None:
        return told
    parts = [name for name in one._fields if getattr(one, name) != getattr(other, name)]
    return f"they are two URLs that differ in the {parts[0]}"


_NUMBERS = {3: "three", 4: "four", 5: "five", 6: "six"}


def _named_places(view: FileView, places: Sequence[Place]) -> str:
    told = []
    for place in places:
        where = f"line {place.line_number}"
        if place.path != view.path:
            where = f"{called_from(view.path, place.path)}, {where}"
        told.append(f"`{request_text(place)}` ({where})")
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _related(place: Place) -> Related:
    verb = "constrained" if place.demand.is_constraint else "required"
    return Related(
        place.path,
        subject_range(place.line).shifted(place.start),
        f"`{request_text(place)}` is {verb} here",
    )


_MAX_TEXT = 80


def request_text(place: Place) -> str:
    """Return the name and the versions that *place* asks for, short enough to be told.

    Of a URL only the host and the last part of the path are told: the rest may hold a secret.
    """
    url = place.line.texts[3]
    asked = place.demand.specifier if url is None else f" @ {_short_url(url)}"
    text = f"{place.line.name}{asked}"
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


def _short_url(url: str) -> str:
    comparable = comparable_url(url)
    if comparable is None:
        return "…"
    host = "" if comparable.scheme == "file" else comparable.host
    # Of the URL as it stands, with its case; a password may hold neither a slash nor a `#`.
    path = re.split(r"[?#]", url.partition("://")[2] or url, maxsplit=1)[0].rstrip("/")
    folder, slash, last = path.rpartition("/")
    if not slash or not last:
        return host or "…"
    return f"{host}{'/…/' if '/' in folder or not host else '/'}{last}".lstrip("/")


def subject_range(line: LogicalLine) -> TextRange:
    """Return where a finding about all that *line* asks for stands: at the name, if it has one."""
    span = line.span("name")
    if span is not None:
        end = line.span("specifier")
        return TextRange(span[0], span[1] if end is None else max(span[1], end[1]))
    assert line.entry is not None
    return line.entry.range


def _listed(clauses: Sequence[str]) -> str:
    if len(clauses) == 1:
        return f"`{clauses[0]}`"
    if len(clauses) > 2:
        return f"all of `{','.join(clauses)}`" if len(clauses) <= 6 else "all of its clauses"
    return f"both `{clauses[0]}` and `{clauses[1]}`"
