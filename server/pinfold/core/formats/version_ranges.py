"""Which versions specifiers leave together, by the range arithmetic of ``packaging``.

Owns the questions that rules ask of it: can any version do, which clauses are to blame, how is it
said in fewer. Pre-releases are versions like any other here: whether they are wanted is for an
installer to say, and a conflict is only what none of all versions can end.
At most :data:`~pinfold.core.formats.pep508.MAX_CLAUSES` clauses reach ``packaging`` at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.formats.pep508 import MAX_CLAUSES
from pinfold.core.formats.versions import parsed_specifier, parsed_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.ranges import VersionRange

MAX_SIMPLIFIED = 12
"""The most clauses of which redundant ones are sought: each is tried by itself."""


@lru_cache(maxsize=16_384)
def range_of(specifier: str) -> VersionRange | None:
    """Return the versions that *specifier* allows; ``None`` if it is none or has too many clauses.

    Empty text allows every version.
    """
    parsed = parsed_specifier(specifier)
    return None if parsed is None else parsed.to_range()


@lru_cache(maxsize=4096)
def range_of_version(version: str) -> VersionRange | None:
    """Return the range of just *version*, its local versions left out; ``None`` if it is none."""
    from packaging.ranges import VersionRange

    parsed = parsed_version(version)
    return None if parsed is None else VersionRange.singleton(parsed)


def clauses_of(specifier: str) -> tuple[str, ...]:
    """Return the comparisons of a specifier as they are written, without white space around."""
    return tuple(clause for part in specifier.split(",") if (clause := part.strip()))


def minimal_clash(ranges: Sequence[VersionRange]) -> tuple[int, ...]:
    """Return the indices of a few of *ranges* that have no version in common, none of them idle.

    They are in order, and the last is the first that leaves nothing. Empty if all of them together
    leave a version.
    """
    joint: VersionRange | None = None
    for index, one in enumerate(ranges):
        joint = one if joint is None else joint & one
        if joint.is_empty:
            return (*_excluding(ranges[:index], one), index)
    return ()


def _excluding(ranges: Sequence[VersionRange], last: VersionRange) -> list[int]:
    """Return the indices of some of *ranges* that leave nothing of *last*, as few as it takes."""
    if last.is_empty:
        return []
    for index, one in enumerate(ranges):
        if (one & last).is_empty:
            return [index]
    # Each round finds one that cannot be done without: what comes behind it is then idle. Leaving
    # out one after the other would take quadratic time.
    found: list[int] = []
    joint = last
    candidates = len(ranges)
    while not joint.is_empty:
        running = joint
        for index in range(candidates):
            running &= ranges[index]
            if running.is_empty:
                found.append(index)
                joint &= ranges[index]
                candidates = index
                break
    return sorted(found)


def intersection(ranges: Sequence[VersionRange]) -> VersionRange:
    """Return what all of *ranges*, one at least, have in common."""
    joint = ranges[0]
    for other in ranges[1:]:
        joint &= other
    return joint


@lru_cache(maxsize=4096)
def joined(specifiers: tuple[str, ...]) -> str | None:
    """Return one specifier that allows exactly what all of *specifiers* allow together.

    Its clauses are some of theirs as they are written: those that say nothing more are left out.
    Lower bounds come first, exclusions last. ``None`` where no version is left, or there are too
    many clauses.
    """
    found: dict[str, str] = {}
    for specifier in specifiers:
        for clause in clauses_of(specifier):
            found.setdefault("".join(clause.split()), clause)
    clauses = sorted(found.values(), key=_order)
    if len(clauses) > MAX_CLAUSES:
        return None
    whole = range_of(",".join(clauses))
    if whole is None or whole.is_empty:
        return None
    if len(clauses) <= MAX_SIMPLIFIED:
        # From behind, so that of two that say the same the first one stays.
        for clause in reversed(list(clauses)):
            rest = [other for other in clauses if other is not clause]
            if rest and range_of(",".join(rest)) == whole:
                clauses = rest
    return ",".join(clauses)


_OPERATORS = ("===", "==", "~=", ">=", ">", "<=", "<", "!=")
_RANKS = {"===": 0, "==": 0, "~=": 1, ">=": 1, ">": 1, "<=": 2, "<": 2, "!=": 3}


def _order(clause: str) -> int:
    operator = next((one for one in _OPERATORS if clause.startswith(one)), "")
    return _RANKS.get(operator, 4)
