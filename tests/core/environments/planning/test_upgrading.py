"""What `upgrade` asks for, and how far it lets a project go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.environments.planning.upgrading import (
    Level,
    Upgrade,
    to_upgrade,
    upgrade_limit,
)
from tests.core.environments.planning.made import asked_in_file, packages


def limit(version: str, level: Level) -> str:
    """Return the specifier that an upgrade from *version* stays within."""
    (distribution,) = packages(f"a {version}").by_name.values()
    return upgrade_limit(distribution, level)[0]


@pytest.mark.parametrize(
    ("version", "patch", "minor", "major"),
    [
        ("1.2.3", ">=1.2.3,<1.3", ">=1.2.3,<2", ">=1.2.3"),
        ("1.2", ">=1.2,<1.3", ">=1.2,<2", ">=1.2"),
        ("7", ">=7,<7.1", ">=7,<8", ">=7"),
        ("0.4.2", ">=0.4.2,<0.5", ">=0.4.2,<1", ">=0.4.2"),
        ("1!2.3", ">=1!2.3,<1!2.4", ">=1!2.3,<1!3", ">=1!2.3"),
        ("2.0rc1", ">=2.0rc1,<2.1", ">=2.0rc1,<3", ">=2.0rc1"),
        ("2.0.post1", ">=2.0.post1,<2.1", ">=2.0.post1,<3", ">=2.0.post1"),
        ("2.1.0+cu118", ">=2.1.0,<2.2", ">=2.1.0,<3", ">=2.1.0"),
        ("2024.8.30", ">=2024.8.30,<2024.9", ">=2024.8.30", ">=2024.8.30"),
        ("oops", "", "", ""),
    ],
)
def test_limits(version: str, patch: str, minor: str, major: str) -> None:
    """A patch leaves the first two numbers, a minor upgrade the first one, but that of a year."""
    assert (patch, minor, major) == tuple(limit(version, level) for level in Level)


VERSIONS = st.builds(
    lambda epoch, release, suffix: f"{epoch}{'.'.join(map(str, release))}{suffix}",
    st.sampled_from(["", "", "1!"]),
    st.lists(st.integers(0, 2030), min_size=1, max_size=4),
    st.sampled_from(["", "", "a1", "rc2", ".post1", ".dev3", "+local.1"]),
)


@given(VERSIONS, VERSIONS, st.sampled_from(Level))
def test_limits_hold(version: str, other: str, level: Level) -> None:
    """What is installed is within its own limit, and what is older than it is not."""
    specifier = SpecifierSet(limit(version, level))
    before, after = Version(version), Version(other)

    assert specifier.contains(before, prereleases=True)
    assert not (after < Version(before.public) and specifier.contains(after, prereleases=True))
    if level is Level.PATCH and specifier.contains(after, prereleases=True):
        assert (*before.release, 0)[:2] == (*after.release, 0)[:2]
        assert before.epoch == after.epoch


def upgrade(texts: list[str], *lines: str, level: Level = Level.MAJOR, file: str = "") -> Upgrade:
    """Return what an upgrade asks for."""
    found = to_upgrade(texts, packages(*lines), level=level, asked=asked_in_file(file))
    assert isinstance(found, Upgrade)
    return found


@pytest.mark.parametrize(
    ("lines", "file", "named", "moving"),
    [
        (["b 1.0"], "b", [], ["b"]),
        (["b 1.0"], "b\npip>=20", [], ["b", "pip"]),
        (["b 1.0 requires setuptools>40"], "b", [], ["b", "setuptools"]),
        (["b 1.0"], "b", ["pip"], ["pip"]),
    ],
)
def test_what_an_environment_is_made_with(
    lines: list[str], file: str, named: list[str], moving: list[str]
) -> None:
    """pip and its like move where something asks for them, or somebody names them."""
    found = upgrade(
        named, *lines, "pip 23.0", "setuptools 65.0 requires wheel", "wheel 0.4", file=file
    )

    assert tuple(moving) == found.upgrades
    assert [] == [note for note in found.notes if "pip" in note]


def test_all() -> None:
    """Without names everything may move that came from an index."""
    found = upgrade(
        [],
        "b 1.2",
        "a 1.0 requires b<2",
        "tool 1 editable /project/tool",
        "x 1 from https://host.example/x-1.zip",
        level=Level.PATCH,
    )

    assert ("a", "b") == found.requirements == found.upgrades
    assert ("a>=1.0,<1.1", "b>=1.2,<1.3") == found.constraints
    assert (
        "tool stays as it is: it is an editable install of /project/tool",
        "x stays as it is: it was installed from a URL or a folder, not from an index",
    ) == found.notes


def test_named() -> None:
    """A named one moves no further than the others let it, who stay; a broken demand counts not."""
    found = upgrade(
        ["B"],
        "b 1.2",
        "a 1.0 requires b<2",
        "c 1 requires b>5",
        "d 1 requires b",
        level=Level.MINOR,
    )

    assert ("b",) == found.requirements == found.upgrades
    assert ("b>=1.2,<2", "b<2") == found.constraints
    assert ("`b` stays within <2, which a requires",) == found.notes


def test_named_together() -> None:
    """Two that are named do not hold each other back."""
    assert ("a>=1.0", "b>=1.2") == upgrade(["a", "b"], "b 1.2", "a 1.0 requires b<2").constraints


def test_extras_and_pins_of_files() -> None:
    """The extras that files ask for stay asked for, and a pin is told of."""
    found = upgrade([], "a 1", "b 1", file="a[x,y]>=1\nb==1  # pinned\nb==1; python_version<'3'\n")

    assert ("a[x,y]", "b") == found.requirements
    assert ("`b` cannot move: requirements.txt, line 2, asks for b==1",) == found.notes


def test_local_version() -> None:
    """A local version tells of an index of its own."""
    (note,) = upgrade([], "torch 2.1+cpu").notes

    assert note.startswith("torch 2.1+cpu comes from an index of its own")


def test_unknown() -> None:
    """What is not installed cannot be upgraded."""
    assert isinstance(to_upgrade(["x"], packages("a 1")), Refusal)


def test_only_what_is_its_own() -> None:
    """What an environment only sees in its base is not upgraded there."""
    from dataclasses import replace
    from pathlib import Path

    installed = packages("a 1", "b 1")
    first, second = installed.by_name.values()
    elsewhere = replace(second, folder=Path("/usr/lib/python3/dist-packages/b-1.dist-info"))
    installed = replace(installed, by_name={first.key: first, second.key: elsewhere})
    found = to_upgrade([], installed)

    assert isinstance(found, Upgrade)
    assert ("a",) == found.upgrades
