"""What `sync` takes away, and what `rebuild` puts back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinfold.core.environments.planning.rebuilding import to_rebuild
from pinfold.core.environments.planning.syncing import Surplus, surplus
from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import Resolution
from tests.core.environments.planning.made import FOLDER, asked_in_file, packages
from tests.core.environments.planning.test_outcome import release

NOTHING = Resolution((), ())


@pytest.mark.parametrize(
    ("file", "lines", "expected"),
    [
        ("a\n", ["a 1 requires b", "b 1", "c 1"], ["c"]),
        ("a\n", ["a 1", "pip 25", "setuptools 70", "wheel 1"], []),
        ("a; python_version < '3'\n", ["a 1"], ["a"]),
        ("", ["a 1 requires b", "b 1"], ["a", "b"]),
        ("a\n", ["a 1", "tool 1 editable /project/tool"], ["tool"]),
        ("-e ./tool\n", ["b 1", "tool 1 editable /project/tool requires b"], []),
        ("a[x]\n", ['a 1 requires b; extra == "x"', "b 1"], []),
        ("a\n", ['a 1 requires b; extra == "x"', "b 1"], ["b"]),
        ("a\n", ["a 1 requires b", "b 1 requires a"], []),
    ],
)
def test_surplus(file: str, lines: list[str], expected: list[str]) -> None:
    """What no line brings goes, but for what environments are made with."""
    found = surplus(asked_in_file(file), packages(*lines), NOTHING, [FOLDER])

    assert Surplus(tuple(map(normalised, expected))) == found


def test_seeds() -> None:
    """pip goes if somebody wants that."""
    installed = packages("a 1", "pip 25")

    assert ("pip",) == surplus(asked_in_file("a"), installed, NOTHING, [], seeds=True).names


def test_surplus_after_an_upgrade() -> None:
    """What counts is what the new versions require; where nobody tells that, it is said."""
    installed = packages("a 1 requires b", "b 1", "c 1")
    told = Resolution((release("a 2"),), (), {normalised("a"): ("c",)})
    untold = Resolution((release("a 2"), release("z 1")), ())
    unsure = (normalised("a"), normalised("z"))

    assert Surplus((normalised("b"),)) == surplus(asked_in_file("a"), installed, told, [])
    # It is taken to need what the release before it does.
    assert Surplus((normalised("c"),), unsure) == surplus(asked_in_file("a"), installed, untold, [])


@pytest.mark.parametrize(
    ("file", "lines", "expected"),
    [
        # Nobody knows which project it is: it may be any that no index has given.
        (
            "git+https://host.example/x\n",
            ["x 1 from git+https://host.example/x@main requires b", "b 1", "c 1"],
            ["c"],
        ),
        (
            "./lib[more]\n",
            ['x 1 from file:///elsewhere/lib requires b; extra == "more"', "b 1", "c 1"],
            ["c"],
        ),
        ("git+https://host.example/x; python_version < '3'\n", ["x 1 editable /x"], ["x"]),
        ("./lib\n", ["x 1 from file:///project/lib", "y 1 editable /y"], ["y"]),
        # Whether it is needed cannot be told.
        ("a\n", ["a 1 requires b; platform_release == '1'", "b 1"], []),
    ],
)
def test_doubt(file: str, lines: list[str], expected: list[str]) -> None:
    """What may be meant by a line stays, with all that it may need."""
    found = surplus(asked_in_file(file), packages(*lines), NOTHING, [FOLDER])

    assert Surplus(tuple(map(normalised, expected))) == found


def test_what_is_added_is_wanted() -> None:
    """What an installer adds is brought by some line, also where none says its name."""
    installed = packages("x 1", "b 1", "c 1")
    added = Resolution((release("x 2"),), (), {normalised("x"): ("b",)})
    found = surplus(asked_in_file("./x\n"), installed, added, [FOLDER])

    assert Surplus((normalised("c"),)) == found


def test_what_is_only_seen_stays() -> None:
    """What an environment sees in its base is not in it, and cannot be taken out."""
    installed = packages("a 1")
    (distribution,) = installed.by_name.values()
    seen = replace(distribution, folder=Path("/usr/lib/python3/dist-packages/a-1.dist-info"))
    installed = replace(installed, by_name={seen.key: seen})

    assert Surplus(()) == surplus((), installed, NOTHING, [])
    assert () == to_rebuild(installed).wanted.requirements


def test_rebuild() -> None:
    """Everything is listed as it is, by name, and nothing is resolved."""
    commit = "1" * 40
    rebuilt = to_rebuild(
        packages(
            "Zope.x 1.0",
            "b 2.0+cpu requires gone",
            "c oops",
            f"d 1 from git+https://host.example/d@main commit {commit}",
            "e 1 from https://host.example/e-1.zip hash sha256:00ff",
            "f 1 from file:///project/f",
            "tool 1 editable /project/tool",
            "pip 25.0",
        )
    )

    assert (
        "b==2.0+cpu",
        "c===oops",
        f"d @ git+https://host.example/d@{commit}",
        "e @ https://host.example/e-1.zip#sha256=00ff",
        "f @ file:///project/f",
        "pip==25.0",
        "Zope.x==1.0",
    ) == rebuilt.wanted.requirements
    assert ("/project/tool",) == rebuilt.wanted.editables
    assert rebuilt.wanted.without_dependencies


def test_rebuild_with_subdirectory() -> None:
    """The folder in a repository that a project lies in is part of where it came from."""
    installed = packages(f"d 1 from git+https://host.example/d@main commit {'1' * 40}")
    (distribution,) = installed.by_name.values()
    assert distribution.direct_url is not None
    deep = replace(distribution.direct_url, subdirectory="sub/d")
    installed = replace(
        installed, by_name={distribution.key: replace(distribution, direct_url=deep)}
    )

    assert (f"d @ git+https://host.example/d@{'1' * 40}#subdirectory=sub/d",) == to_rebuild(
        installed
    ).wanted.requirements


def test_rebuild_without_a_version() -> None:
    """What has no version cannot be asked for again, which is said."""
    installed = packages("a 1")
    (distribution,) = installed.by_name.values()
    odd = replace(distribution, version="", problem="it has no metadata")
    rebuilt = to_rebuild(replace(installed, by_name={odd.key: odd}))

    assert (("a is left out: it has no metadata",), ()) == (
        rebuilt.notes,
        rebuilt.wanted.requirements,
    )
