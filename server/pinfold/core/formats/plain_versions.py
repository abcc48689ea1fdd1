"""Versions and specifiers of the plain kind, numbers and dots, compared without ``packaging``.

Owns the few comparisons that nearly every installed distribution asks for, where they are exact:
no pre-, post- or development releases, no epochs, no local parts. Refuses to answer for any other;
:mod:`pinfold.core.formats.versions` does. Held against ``packaging`` by a property test.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pinfold.core.formats import versions

Release = tuple[int, ...]

# At most nine digits: what is longer is somebody else's, for Python refuses very long numbers.
_RELEASE = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}"
_PLAIN = re.compile(_RELEASE)
_CLAUSE = re.compile(rf"\s*(==|!=|<=|>=|<|>|~=)\s*({_RELEASE})(\.\*)?\s*")


@lru_cache(maxsize=16_384)
def plain_release(version: str) -> Release | None:
    """Return the numbers of *version* without zeros at their end, ``None`` if it is not plain."""
    if _PLAIN.fullmatch(version) is None:
        return None
    return _without_zeros(tuple(map(int, version.split("."))))


@lru_cache(maxsize=65_536)
def allows(specifier: str, version: str) -> bool | None:
    """Return whether *specifier* allows *version*; what is installed may be a pre-release.

    ``None`` where that cannot be told; see :func:`pinfold.core.formats.versions.allows`.
    """
    clauses = _clauses(specifier)
    release = None if clauses is None else plain_release(version)
    if clauses is None or release is None:
        return versions.allows(specifier, version)
    return all(_allows(operator, bound, width, release) for operator, bound, width in clauses)


@lru_cache(maxsize=16_384)
def _clauses(specifier: str) -> tuple[tuple[str, Release, int], ...] | None:
    """Return operator, numbers and their count of each clause; a wildcard is ``==.*``."""
    found: list[tuple[str, Release, int]] = []
    for clause in specifier.split(",") if specifier.strip() else ():
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        operator, text, wildcard = match.groups()
        numbers = tuple(map(int, text.split(".")))
        if wildcard:
            if operator not in ("==", "!="):
                return None
            found.append((operator + ".*", numbers, len(numbers)))
        elif operator == "~=":
            if len(numbers) < 2:
                return None
            found.append((">=", _without_zeros(numbers), len(numbers)))
            found.append(("==.*", numbers[:-1], len(numbers) - 1))
        else:
            found.append((operator, _without_zeros(numbers), len(numbers)))
    return tuple(found)


def has_plain_witness(specifier: str) -> bool:
    """Return whether *specifier* allows 0, a version that it names, or one just above one of those.

    ``True`` is certain; ``False`` says nothing: it may allow others, or not be plain.
    """
    clauses = _clauses(specifier)
    if clauses is None:
        return False
    bounds = [bound for _, bound, _ in clauses]
    return any(
        all(_allows(operator, bound, width, version) for operator, bound, width in clauses)
        for version in (*bounds, (), *((*bound, 1) for bound in bounds))
    )


def _allows(operator: str, bound: Release, width: int, release: Release) -> bool:
    # Without zeros at their end, tuples compare as versions do: 1 is 1.0, and below 1.0.1.
    match operator:
        case ">=":
            return release >= bound
        case "==":
            return release == bound
        case "<":
            return release < bound
        case "!=":
            return release != bound
        case ">":
            return release > bound
        case "<=":
            return release <= bound
        case _:
            start = release[:width] + (0,) * (width - len(release))
            return (start == bound) is (operator == "==.*")


def _without_zeros(numbers: Release) -> Release:
    length = len(numbers)
    while length and numbers[length - 1] == 0:
        length -= 1
    return numbers[:length]
