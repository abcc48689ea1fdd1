"""Whether there is anything to be done, judged without an installer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pinfold.core.environments.planning.asked import Asked, read_typed
from pinfold.core.environments.planning.satisfaction import unsatisfied
from tests.core.environments.planning.made import asked_in_file, packages

COMMIT = "1234567890abcdef1234567890abcdef12345678"
REPOSITORY = "git+https://host.example/tool"
ARCHIVE = "https://host.example/tool-1.zip"


@pytest.mark.parametrize(
    ("asked", "installed"),
    [
        ("", []),
        ("flask", ["Flask 1"]),
        ("flask>=1,<2 ; python_version > '3'", ["flask 1.5"]),
        ("gone; python_version < '3'", []),
        ("flask>=1", ["flask 2.0rc1"]),
        ("flask==1.0", ["flask 1.0+local"]),
        ("a", ["a 1 requires b>=1", "b 1 requires c", "c 1"]),
        ("a", ["a 1 requires b; python_version < '3'"]),
        ("a", ["a 1 requires a", "x 1 requires gone"]),
        ("a[more]", ['a 1 requires b; extra == "more"', "b 1"]),
        ("a", ['a 1 requires b; extra == "more"']),
        ("a", ["a 1 requires b[x]", 'b 1 requires c; extra == "x"', "c 1"]),
        ("a --hash=sha256:" + "0" * 64, ["a 1"]),
        (f"tool @ {REPOSITORY}@{COMMIT}", [f"tool 1 from {REPOSITORY}@{COMMIT} commit {COMMIT}"]),
        (
            f"tool @ git+https://me:pw@host.example/tool@{COMMIT}#egg=tool",
            [f"tool 1 from {REPOSITORY}@v1 commit {COMMIT}"],
        ),
        (f"tool @ {ARCHIVE}", [f"tool 1 from {ARCHIVE}"]),
        (f"tool @ {ARCHIVE}#sha256=00ff", [f"tool 1 from {ARCHIVE} hash sha256:00ff"]),
        ("--pre\n-i https://host.example/simple\nflask\n# comment\n", ["flask 1"]),
    ],
)
def test_nothing_to_do(asked: str, installed: list[str]) -> None:
    """All that is asked for is there, and so is all that it brings."""
    assert unsatisfied(asked_in_file(asked), packages(*installed)) is None


@pytest.mark.parametrize(
    ("asked", "installed", "reason"),
    [
        ("flask", [], "flask is not installed"),
        ("flask>1", ["flask 1"], "flask>1 is not met by flask 1"),
        ("flask", ["flask oops"], "flask has a version that is none"),
        ("flask; platform_release == '1'", ["flask 1"], "whether `flask"),
        ("a", ["a 1 requires b"], "b, which a requires, is not installed"),
        ("a", ["a 1 requires b", "b 1 requires c>1", "c 1"], "c>1, which b requires, is not met"),
        ("a", ["a 1 requires b[x]", 'b 1 requires c; extra == "x"'], "c, which b requires"),
        ("a", ["a 1 requires b[x]", "b 1"], "b has no extra called x"),
        ("a[more]", ["a 1"], "a has no extra called more"),
        ("./folder", ["folder 1"], "what `./folder` holds by now cannot be told"),
        ("-e ./tool", ["tool 1 editable /project/tool"], "what `-e ./tool` holds by now"),
        ("a=1", ["a 1"], "`a=1` cannot be judged"),
        ("a @ https://${HOST}/a-1.zip", ["a 1"], "cannot be judged"),
        (f"tool @ {REPOSITORY}@main", [f"tool 1 from {REPOSITORY}@main commit {COMMIT}"], "tool"),
        (f"tool @ {REPOSITORY}@main", [f"tool 1 from {REPOSITORY}@main commit main"], "tool may"),
        (f"tool @ {REPOSITORY}", [f"tool 1 from {REPOSITORY} commit {COMMIT}"], "tool may have"),
        (f"tool @ {REPOSITORY}@{COMMIT}", [f"tool 1 from {REPOSITORY}@main commit 1234"], "tool"),
        (f"tool @ {REPOSITORY}2@{COMMIT}", [f"tool 1 from {REPOSITORY}@v commit {COMMIT}"], "tool"),
        (f"tool @ {REPOSITORY}@{COMMIT}", ["tool 1"], "tool may have come from elsewhere"),
        (f"tool @ {ARCHIVE}#sha256=00ff", [f"tool 1 from {ARCHIVE}"], "tool may have"),
        (f"tool @ {ARCHIVE}#subdirectory=x", [f"tool 1 from {ARCHIVE}"], "tool may have"),
        (f"tool @ {ARCHIVE}?x", [f"tool 1 from {ARCHIVE}"], "tool may have"),
        ("tool @ file:///tool-1.zip", ["tool 1 from file:///tool-1.zip"], "tool may have"),
        ("a", ["a 1 requires b @ https://host.example/b-1.zip", "b 1"], "b may have come"),
        ("a", ["a 1 requires b @ https://[x/b-1.zip", "b 1 from https://[x/b-1.zip"], "b may"),
        ("tool", ["a 1"], "tool is not installed"),
    ],
)
def test_something_to_do(asked: str, installed: list[str], reason: str) -> None:
    """What is not met, and what is in doubt, needs an installer, and the reason says so."""
    found = unsatisfied(asked_in_file(asked), packages(*installed))

    assert found is not None
    assert reason in found


@pytest.mark.parametrize(
    ("asked", "is_met"), [("", False), ("#subdirectory=x", True), ("#subdirectory=y", False)]
)
def test_subdirectory(asked: str, is_met: bool) -> None:
    """Which folder of a repository is meant is part of where something came from."""
    installed = packages(f"tool 1 from {REPOSITORY}@main commit {COMMIT}")
    (one,) = installed.by_name.values()
    assert one.direct_url is not None
    deep = replace(one, direct_url=replace(one.direct_url, subdirectory="x"))
    installed = replace(installed, by_name={one.key: deep})
    found = unsatisfied(asked_in_file(f"tool @ {REPOSITORY}@{COMMIT}{asked}"), installed)

    assert is_met is (found is None)


def test_unreadable_requirement_of_another() -> None:
    """A distribution whose requirements cannot be read may lack something."""
    installed = packages("a 1")
    key = next(iter(installed.by_name))
    odd = replace(installed.by_name[key], requires=("not a requirement",))
    spoilt = replace(installed, by_name={key: odd})

    assert unsatisfied(asked_in_file("a"), spoilt) is not None


def test_broken_metadata() -> None:
    """A distribution that was not installed completely does not satisfy anybody."""
    installed = packages("a 1")
    key = next(iter(installed.by_name))
    half = replace(installed.by_name[key], problem="its RECORD is missing")
    spoilt = replace(installed, by_name={key: half})

    assert "a is installed, but its RECORD is missing" == unsatisfied(asked_in_file("a"), spoilt)


@pytest.mark.parametrize(
    ("constraint", "is_met"),
    [
        ("b<2", True),
        ("b>1", False),
        ("b>1; python_version < '3'", True),
        ("b>1; platform_release == '1'", False),
        ("other==7", True),
        ("b @ https://host.example/b-1.zip", False),
        ("b>=${LOW}", False),
    ],
)
def test_constraints(constraint: str, is_met: bool) -> None:
    """Constraints hold for what is brought along, and ask for nothing themselves."""
    asked = (*asked_in_file("a"), *asked_in_file(constraint, is_constraint=True))
    found = unsatisfied(asked, packages("a 1 requires b", "b 1"))

    assert is_met is (found is None)


def test_secrets() -> None:
    """The reason repeats no password."""
    one = read_typed("tool @ https://me:secret@host.example/tool-1.zip")
    assert isinstance(one, Asked)
    found = unsatisfied([one], packages("tool 1"))

    assert found is not None
    assert "secret" not in found
