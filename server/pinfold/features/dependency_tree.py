"""Who needs whom among what is installed, as trees: top down, bottom up, or the ways to one.

Owns the shape of the trees, and what is marked in them: what is missing, what has another version
than is asked for, what stands in the tree already, what leads back to itself. Prints nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.demands import asked_extras, demands_of, met

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pinfold.core.environments.planning.demands import Demand
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.features.environments import Json, WritePath

FORMAT_VERSION = 1

MAX_DEPTH = 100
"""How deep a tree is at most; who nests deeper means harm."""


class BranchState(Enum):
    """Whether a project is what is asked for; the value is its name in JSON."""

    MET = "met"
    MISSING = "missing"
    CONFLICTING = "conflicting"


class Cut(Enum):
    """Why nothing is shown below a project that has something; the value is its name in JSON."""

    SHOWN_BEFORE = "shown-before"
    CYCLE = "cycle"
    DEPTH = "depth"


@dataclass(frozen=True, slots=True)
class Branch:
    """A project in a tree, and those below it, in order of name.

    `version` is ``None`` for one that is not installed. `demand` is the requirement between the
    project and the one above, ``None`` for a root; `extras` are those that it asks for. `state` is
    about that demand.
    """

    key: PackageName
    name: str
    version: str | None
    demand: str | None = None
    extras: tuple[PackageName, ...] = ()
    state: BranchState = BranchState.MET
    cut: Cut | None = None
    branches: tuple[Branch, ...] = ()


def trees(
    installed: InstalledPackages,
    packages: Sequence[PackageName] = (),
    *,
    inverted: bool = False,
    depth: int | None = None,
) -> tuple[Branch, ...]:
    """Return the trees of *packages*, of those that nothing else needs if none is named.

    *inverted*: below a project stand those that need it; the roots are those that need nothing. So
    that each project is in some tree, one of each circle is a root too. *depth* counts from the
    roots, which have 0. A project whose branches stand in the trees already is only marked.
    """
    graph = _Graph(installed, inverted=inverted)
    limit = MAX_DEPTH if depth is None else min(depth, MAX_DEPTH)
    growth = _Growth(graph, limit, None)
    return tuple(growth.root(key) for key in packages or graph.roots())


def ways_to(
    installed: InstalledPackages, package: PackageName, *, depth: int | None = None
) -> tuple[Branch, ...]:
    """Return the trees that say why *package* is there: the ways that lead down to it, no others.

    A tree of *package* alone, without branches, if nothing needs it.
    """
    graph = _Graph(installed, inverted=False)
    limit = MAX_DEPTH if depth is None else min(depth, MAX_DEPTH)
    above = graph.above(package)
    growth = _Growth(graph, limit, above, end=package)
    return tuple(growth.root(key) for key in graph.roots() if key in above)


def known_names(installed: InstalledPackages) -> frozenset[PackageName]:
    """Return the projects that a tree may be asked of: installed ones, and what they miss."""
    return frozenset(_Graph(installed, inverted=False).keys)


def trees_json(
    installed: InstalledPackages,
    found: Sequence[Branch],
    write_path: WritePath,
    *,
    inverted: bool,
) -> Json:
    """Return the shape of ``pinfold tree --format json``."""
    return {
        "version": FORMAT_VERSION,
        "prefix": write_path(installed.environment.prefix),
        "inverted": inverted,
        "trees": [_branch_json(branch) for branch in found],
    }


def _branch_json(branch: Branch) -> Json:
    return {
        "name": branch.name,
        "version": branch.version,
        "requirement": branch.demand,
        "extras": list(branch.extras),
        "state": branch.state.value,
        "cut": None if branch.cut is None else branch.cut.value,
        "branches": [_branch_json(below) for below in branch.branches],
    }


@dataclass(frozen=True, slots=True)
class _Edge:
    """From a project to the one below it in the tree, with the demand between the two."""

    below: PackageName
    demand: Demand
    state: BranchState
    extras: tuple[PackageName, ...]


class _Graph:
    """Who needs whom, with the extras that are asked for."""

    def __init__(self, installed: InstalledPackages, *, inverted: bool) -> None:
        self.installed = installed
        self._inverted = inverted
        markers = installed.environment.markers
        self._markers = markers
        self._extras = asked_extras((), installed.by_name, markers)
        self._below: dict[PackageName, list[PackageName]] = defaultdict(list)
        self._users: dict[PackageName, list[tuple[PackageName, Demand]]] = defaultdict(list)
        names: dict[PackageName, None] = dict.fromkeys(installed.by_name)
        for key, distribution in installed.by_name.items():
            wanted = self._extras.get(key, frozenset())
            for demand in demands_of(distribution, markers, wanted):
                names[demand.key] = None
                self._below[key].append(demand.key)
                self._users[demand.key].append((key, demand))
        self.keys: Collection[PackageName] = sorted(names)

    def edges(self, key: PackageName, extras: tuple[PackageName, ...]) -> list[_Edge]:
        """Return what stands below *key*, of which *extras* are asked, in order of name."""
        if self._inverted:
            found = [self._edge(user, demand, ()) for user, demand in self._users[key]]
        else:
            distribution = self.installed.by_name.get(key)
            demands = (
                () if distribution is None else demands_of(distribution, self._markers, extras)
            )
            found = [self._edge(demand.key, demand, demand.extras) for demand in demands]
        return sorted(_each_once(found), key=lambda edge: edge.below)

    def _edge(self, below: PackageName, demand: Demand, extras: tuple[PackageName, ...]) -> _Edge:
        present = self.installed.by_name.get(demand.key)
        state = BranchState.MET
        if present is None:
            state = BranchState.MISSING
        elif not met(demand, present):
            state = BranchState.CONFLICTING
        return _Edge(below, demand, state, extras)

    def roots(self) -> list[PackageName]:
        """Return those that nothing leads to, and the first of each circle that is left then."""
        down: Mapping[PackageName, Collection[PackageName]] = self._below
        if self._inverted:
            down = {key: [user for user, _ in users] for key, users in self._users.items()}
        led_to = {below for key, found in down.items() for below in found if below != key}
        roots = [key for key in self.keys if key not in led_to]
        reached = _reached(roots, down)
        for key in self.keys:
            if key not in reached:
                roots.append(key)
                reached |= _reached([key], down)
        return sorted(roots)

    def above(self, package: PackageName) -> frozenset[PackageName]:
        """Return *package* and everything that needs it, directly or through others."""
        users = {key: [user for user, _ in found] for key, found in self._users.items()}
        return frozenset(_reached([package], users))


class _Growth:
    """One growing of trees; remembers what stands in them already."""

    def __init__(
        self,
        graph: _Graph,
        limit: int,
        only: Collection[PackageName] | None,
        end: PackageName | None = None,
    ) -> None:
        self._graph = graph
        self._limit = limit
        self._only = only
        self._end = end
        self._shown: set[tuple[PackageName, tuple[PackageName, ...]]] = set()
        self._open: list[tuple[PackageName, tuple[PackageName, ...]]] = []

    def root(self, key: PackageName) -> Branch:
        """Grow the tree of *key*."""
        state = BranchState.MET
        if key not in self._graph.installed.by_name:
            state = BranchState.MISSING
        return self._branch(key, None, (), state)

    def _branch(
        self,
        key: PackageName,
        demand: Demand | None,
        extras: tuple[PackageName, ...],
        state: BranchState,
    ) -> Branch:
        present = self._graph.installed.by_name.get(key)
        branches, cut = self._below(key, extras)
        return Branch(
            key,
            key if present is None else present.name,
            None if present is None else present.version,
            None if demand is None else demand.shown,
            extras,
            state,
            cut,
            branches,
        )

    def _below(
        self, key: PackageName, extras: tuple[PackageName, ...]
    ) -> tuple[tuple[Branch, ...], Cut | None]:
        edges = [] if key == self._end else self._graph.edges(key, extras)
        if self._only is not None:
            edges = [edge for edge in edges if edge.below in self._only]
        place = (key, extras)
        if not edges:
            return (), None
        if place in self._open:
            return (), Cut.CYCLE
        if place in self._shown:
            return (), Cut.SHOWN_BEFORE
        if len(self._open) >= self._limit:
            return (), Cut.DEPTH
        self._shown.add(place)
        self._open.append(place)
        branches = tuple(
            self._branch(edge.below, edge.demand, edge.extras, edge.state) for edge in edges
        )
        self._open.pop()
        return branches, None


def _each_once(edges: Sequence[_Edge]) -> list[_Edge]:
    """Return *edges* with each project once: where one is asked for twice, as the worse demand."""
    found: dict[PackageName, _Edge] = {}
    for edge in edges:
        known = found.get(edge.below)
        if known is None:
            found[edge.below] = edge
            continue
        extras = tuple(sorted({*known.extras, *edge.extras}))
        worse = edge if known.state is BranchState.MET else known
        found[edge.below] = _Edge(edge.below, worse.demand, worse.state, extras)
    return list(found.values())


def _reached(
    roots: Sequence[PackageName], down: Mapping[PackageName, Collection[PackageName]]
) -> set[PackageName]:
    reached = set(roots)
    waiting = list(roots)
    while waiting:
        for below in down.get(waiting.pop(), ()):
            if below not in reached:
                reached.add(below)
                waiting.append(below)
    return reached
