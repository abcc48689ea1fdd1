"""Ranges of versions against brute force over versions around every boundary."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from pinfold.core.formats.pep508 import MAX_CLAUSES
from pinfold.core.formats.version_ranges import (
    clauses_of,
    intersection,
    joined,
    minimal_clash,
    range_of,
    range_of_version,
)
from tests.oracle.conflicts import specifier, versions


def _specifiers(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    return [specifier(chance) for _ in range(count)]


def _allowed(specifiers: list[str]) -> list[str]:
    joint = SpecifierSet(",".join(one for one in specifiers if one))
    return [str(one) for one in versions() if joint.contains(one, prereleases=True)]


@given(st.integers(min_value=0), st.integers(1, 4))
def test_emptiness(seed: int, count: int) -> None:
    """A range is empty exactly if none of the versions around its boundaries is in it."""
    specifiers = _specifiers(seed, count)
    ranges = [found for one in specifiers if (found := range_of(one)) is not None]

    assert count == len(ranges)
    assert (not _allowed(specifiers)) is intersection(ranges).is_empty


@given(st.integers(min_value=0), st.integers(2, 6))
def test_clash_is_minimal(seed: int, count: int) -> None:
    """What is blamed leaves nothing together, and something without any one of it."""
    specifiers = _specifiers(seed, count)
    ranges = [found for one in specifiers if (found := range_of(one)) is not None]
    clash = minimal_clash(ranges)

    assert bool(clash) is intersection(ranges).is_empty
    if clash:
        assert [] == _allowed([specifiers[index] for index in clash])
    for index in clash if len(clash) > 1 else ():
        assert [] != _allowed([specifiers[other] for other in clash if other != index])


@given(st.integers(min_value=0), st.integers(1, 4))
def test_joined_asks_for_the_same(seed: int, count: int) -> None:
    """One specifier in the place of several allows what they allow, and has no idle clause."""
    specifiers = _specifiers(seed, count)
    whole = joined(tuple(specifiers))
    expected = _allowed(specifiers)

    assert bool(expected) is (whole is not None)
    if whole is not None:
        assert expected == _allowed([whole])


@pytest.mark.parametrize(
    ("specifiers", "expected"),
    [
        (("<5", ">=3"), ">=3,<5"),
        ((">=3", ">= 3 , <5"), ">=3,<5"),
        (("==4.2", ">=3"), "==4.2"),
        (("", ">=3"), ">=3"),
        (("", ""), ""),
        (("!=2.5,<3", ">2"), ">2,<3,!=2.5"),
        (("~=2.1", ">=2.0"), "~=2.1"),
        (("<2", ">=3"), None),
    ],
)
def test_joined(specifiers: tuple[str, ...], expected: str | None) -> None:
    """Clauses stay as they are written, bounds first; what says nothing more is left out."""
    assert expected == joined(specifiers)


def test_limits() -> None:
    """No more clauses than packaging can take are handed on, and few are compared in pairs."""
    many = ",".join(f"!={number}" for number in range(MAX_CLAUSES))

    assert range_of(f"{many},!=1000") is None
    assert joined((many, "!=1000")) is None
    assert joined((many, "!=1")) is not None
    assert range_of("no version") is None
    assert range_of_version("no version") is None
    assert (">=1", "<2") == clauses_of(" >=1 , <2,")
