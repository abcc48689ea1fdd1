"""What distributions demand, and all that they bring."""

from __future__ import annotations

import pytest

from pinfold.core.environments.planning.demands import (
    asked_extras,
    closure,
    demands_of,
    met,
    parsed_demand,
)
from pinfold.core.formats.summary import normalised
from tests.core.environments.planning.made import packages

A = normalised("a")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Foo_x[B,a]>=1,<2; python_version > '3'", "Foo_x[a,b]<2,>=1"),
        (
            "foo @ https://me:secret@host.example/f.zip",
            "foo @ https://me:******@host.example/f.zip",
        ),
        ("not a requirement", None),
        ("foo" + ",".join([">1"] * 200), None),
    ],
)
def test_demand(text: str, shown: str | None) -> None:
    """A demand is shown without marker and password; what is none, or too much, is passed over."""
    demand = parsed_demand(text)

    assert shown == (None if demand is None else demand.shown)


def test_demands() -> None:
    """Those for an extra count where it is asked for, and those in doubt where they are wanted."""
    installed = packages(
        'a 1 requires b requires c; extra == "x" requires d; platform_release == "1"'
        ' requires e; python_version < "3"'
    )
    distribution, markers = installed.by_name[A], installed.environment.markers

    def keys(*extras: str, in_doubt: bool = False) -> list[str]:
        wanted = list(map(normalised, extras))
        found = demands_of(distribution, markers, wanted, in_doubt=in_doubt)
        return [demand.key for demand in found]

    assert ["b"] == keys()
    assert ["b", "c"] == keys("x")
    assert ["b", "d"] == keys(in_doubt=True)


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("a", "1", True),
        ("a>1", "1", False),
        ("a>=1", "2rc1", True),
        # pip check says nothing of what cannot be compared.
        ("a>=1", "oops", True),
        ("a", None, False),
    ],
)
def test_met(text: str, version: str | None, expected: bool) -> None:
    """A demand is met as `pip check` has it."""
    demand = parsed_demand(text)
    assert demand is not None
    present = None if version is None else packages(f"a {version}").by_name[A]

    assert expected is met(demand, present)


def test_extras_of_extras() -> None:
    """An extra may ask for another one, of the same project or of one that is not there."""
    installed = packages(
        'a 1 requires a[y]; extra == "x" requires b[z]; extra == "y"',
        'b 1 requires gone[w]; extra == "z"',
    )
    found = asked_extras(
        [(A, (normalised("x"),))], installed.by_name, installed.environment.markers
    )

    assert {"a": {"x", "y"}, "b": {"z"}, "gone": {"w"}} == found


def test_closure() -> None:
    """What is brought is brought whether or not it is there, by circles and extras too."""
    installed = packages(
        "a 1 requires b[x] requires gone",
        'b 1 requires a requires c; extra == "x" requires d; extra == "y"',
        "c 1",
        "e 1",
    )
    markers = installed.environment.markers
    found = closure([(A, ())], installed.by_name, markers)
    more = closure([(A, ()), (normalised("b"), (normalised("y"),))], installed.by_name, markers)

    assert {"a", "b", "c", "gone"} == found
    assert found | {"d"} == more
