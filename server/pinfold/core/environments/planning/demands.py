"""What installed distributions demand of others, with the extras that are asked of them.

Owns the reading of a ``Requires-Dist`` in full (extras and URLs too, which ``pip check`` has no use
for) and the walk from some projects to all that they bring. Refuses to know who asks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.formats.markers import applies
from pinfold.core.formats.pep508 import read_with_packaging, too_complex
from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.summary import normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledDistribution, MarkerEnvironment

Root = tuple["PackageName", "tuple[PackageName, ...]"]
"""A project, and the extras that are asked of it."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One requirement of a distribution; `shown` is its text without marker and credentials."""

    text: str
    shown: str
    key: PackageName
    extras: tuple[PackageName, ...]
    specifier: str
    url: str | None
    marker: str | None


@lru_cache(maxsize=8_192)
def parsed_demand(text: str) -> Demand | None:
    """Return a ``Requires-Dist`` read, ``None`` if it is no requirement, or too complex a one."""
    if too_complex(text) is not None:
        return None
    read = read_with_packaging(text)
    if isinstance(read, str):
        return None
    extras = tuple(sorted({normalised(extra) for extra in read.extras}))
    marker = None if read.marker is None else str(read.marker)
    shown = read.name + (f"[{','.join(extras)}]" if extras else "")
    shown += f" @ {masked(read.url)}" if read.url else str(read.specifier)
    specifier = str(read.specifier)
    return Demand(text, shown, normalised(read.name), extras, specifier, read.url, marker)


def demands_of(
    distribution: InstalledDistribution,
    markers: MarkerEnvironment,
    extras: Collection[PackageName] = (),
    *,
    in_doubt: bool = False,
) -> Iterator[Demand]:
    """Yield what *distribution* demands where *markers* hold, in its order.

    A demand whose marker cannot be judged is left out unless those *in_doubt* are wanted too. Those
    that cannot be read are.
    """
    for text in distribution.requires:
        demand = parsed_demand(text)
        if demand is None:
            continue
        if demand.marker is None:
            yield demand
            continue
        judged = [applies(demand.marker, markers, extra) for extra in ("", *extras)]
        if True in judged or (in_doubt and None in judged):
            yield demand


def possible_demands(
    distribution: InstalledDistribution, markers: MarkerEnvironment
) -> Iterator[Demand]:
    """Yield what *distribution* may demand, whichever of its extras somebody has asked for."""
    # Which extras were asked for is written down nowhere.
    yield from demands_of(distribution, markers, sorted(distribution.extras), in_doubt=True)


def met(demand: Demand, present: InstalledDistribution | None) -> bool:
    """Return whether *present* is what *demand* asks for, as ``pip check`` judges it."""
    if present is None:
        return False
    return not demand.specifier or allows(demand.specifier, present.version) is not False


def asked_extras(
    roots: Iterable[Root],
    distributions: Mapping[PackageName, InstalledDistribution],
    markers: MarkerEnvironment,
) -> Mapping[PackageName, frozenset[PackageName]]:
    """Return the extras that *roots* and *distributions* ask of each project, of those with any.

    What somebody once typed is written down nowhere, and is not among them.
    """
    found: dict[PackageName, frozenset[PackageName]] = {}
    queue: deque[Root] = deque((key, extras) for key, extras in roots if extras)
    for distribution in distributions.values():
        queue.extend(
            (demand.key, demand.extras)
            for demand in demands_of(distribution, markers)
            if demand.extras
        )
    while queue:
        key, extras = queue.popleft()
        before = found.get(key, frozenset())
        if before.issuperset(extras):
            continue
        found[key] = before.union(extras)
        present = distributions.get(key)
        if present is not None:
            queue.extend(
                (demand.key, demand.extras)
                for demand in demands_of(present, markers, found[key])
                if demand.extras
            )
    return found


def closure(
    roots: Iterable[Root],
    distributions: Mapping[PackageName, InstalledDistribution],
    markers: MarkerEnvironment,
) -> frozenset[PackageName]:
    """Return *roots* and everything that they bring, or may bring, present or not."""
    queue: deque[Root] = deque(roots)
    seen: dict[PackageName, set[PackageName]] = {}
    while queue:
        key, extras = queue.popleft()
        fresh = set(extras) - seen[key] if key in seen else set(extras)
        if key in seen and not fresh:
            continue
        seen.setdefault(key, set()).update(extras)
        distribution = distributions.get(key)
        if distribution is not None:
            queue.extend(
                (demand.key, demand.extras)
                for demand in demands_of(distribution, markers, seen[key], in_doubt=True)
            )
    return frozenset(seen)
