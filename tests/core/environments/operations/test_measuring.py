"""How far an operation is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.operations.measuring import MOST, Measure, is_progress
from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import ChangeKind, PackageChange, Plan, Release, Step, Verb


def plan(*titles: str, adds: tuple[str, ...] = ()) -> Plan:
    """Return a plan of these steps that adds packages."""
    changes = tuple(
        PackageChange(
            normalised(name), ChangeKind.ADDED, None, Release(name, normalised(name), "1")
        )
        for name in adds
    )
    return Plan(Verb.INSTALL, Path("/env"), tuple(Step(one, ("x",)) for one in titles), changes)


@pytest.mark.parametrize(
    ("line", "is_shown"),
    [
        ("Collecting flask==3.1.0", True),
        ("WARNING: Location 'file:///wheels/certifi/' is ignored: it is neither a file nor", False),
        ("warning: Failed to hardlink files; falling back to full copy.", False),
    ],
)
def test_warnings_are_no_progress(line: str, is_shown: bool) -> None:
    """What an installer warns of is left to the log."""
    assert is_shown is is_progress(line)


PIP = """\
Looking in indexes: http://localhost/
Collecting Flask==3.1.0 (from -r requirements.txt (line 1))
  Downloading flask-3.1.0-py3-none-any.whl.metadata (2.7 kB)
Downloading flask-3.1.0-py3-none-any.whl (102 kB)
Collecting a_b>=1 (from Flask)
Using cached a_b-1.0-py3-none-any.whl (4 kB)
Collecting something-else
Installing collected packages: a_b, Flask
Successfully installed Flask-3.1.0 a_b-1.0
"""
UV = """\
Resolved 2 packages in 12ms
Downloading flask (1.2MiB)
Building a-b @ file:///a-b
Built a-b @ file:///a-b
Downloaded flask
Prepared 2 packages in 1.2s
Installed 2 packages in 5ms
 + a-b==1.0 (from file:///a-b)
 + flask==3.1.0
"""


@pytest.mark.parametrize("output", [PIP, UV], ids=["pip", "uv"])
def test_packages_of_packages(output: str) -> None:
    """What is found, and then installed, of what is planned; it never goes back."""
    measure = Measure(plan("install with it", adds=("Flask", "a_b")))
    assert measure.is_known
    seen = [measure.began("install with it")]
    seen += [measure.heard(line.strip()) for line in output.splitlines()]

    assert sorted(seen) == seen
    assert [0, 40, 80, 95] == sorted(set(map(round, seen)))


def test_steps_of_steps() -> None:
    """Where no packages are known, each step counts the same."""
    measure = Measure(plan("make", "put pip in"))
    seen = [measure.began("make"), measure.heard("Collecting x"), measure.began("waiting for 12")]
    seen += [measure.began("put pip in"), measure.heard("Installed 1 package in 2ms")]

    assert [0, 0, 0, 50, 50] == seen


def test_both() -> None:
    """The last step counts as much as it installs; what else is called like it is no step."""
    measure = Measure(plan("make", "make", "install", adds=("a", "b")))
    seen = [measure.began(title) for title in ("make", "make", "install", "install", "make")]
    seen += [measure.heard(line) for line in ("Collecting b", "Collecting b", "Prepared 2 of them")]

    assert [0, 25, 50, 50, 50, 70, 70, 90] == list(map(round, seen))


def test_never_all() -> None:
    """Before it is over, it is never all; and what cannot be measured is not."""
    measure = Measure(plan(*(f"step {number}" for number in range(1000)), adds=("a",)))
    for number in range(1000):
        last = measure.began(f"step {number}")

    assert MOST == last
    assert not Measure(plan("remove")).is_known
    assert not Measure(plan(adds=("a",))).is_known
