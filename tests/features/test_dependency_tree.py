"""Who needs whom, as trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.formats.summary import normalised
from pinfold.features.dependency_tree import Branch, known_names, trees, ways_to
from tests.core.environments.planning.made import packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def drawn(found: Sequence[Branch], indent: str = "") -> Iterator[str]:
    """Yield the lines of an outline."""
    for branch in found:
        extras = f"[{','.join(branch.extras)}]" if branch.extras else ""
        words = [branch.key + extras, branch.version or "-", branch.demand or ""]
        if branch.state.value != "met":
            words.append(branch.state.value)
        if branch.cut is not None:
            words.append(branch.cut.value)
        yield indent + " ".join(word for word in words if word)
        yield from drawn(branch.branches, indent + "  ")


def check(lines: list[str], expected: str, found: Sequence[Branch]) -> None:
    """Hold trees against an outline, and each project against being in one of them."""
    outline = [line for line in expected.splitlines() if line.strip()]
    margin = len(outline[0]) - len(outline[0].lstrip()) if outline else 0

    assert [line[margin:] for line in outline] == list(drawn(found)), lines


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ""),
        (["b 1", "a 2"], "a 2\nb 1"),
        (["a 1 requires b>=1", "b 1 requires c", "c 1"], "a 1\n  b 1 b>=1\n    c 1 c"),
        (
            ["a 1 requires c", "b 1 requires c", "c 1 requires d", "d 1"],
            "a 1\n  c 1 c\n    d 1 d\nb 1\n  c 1 c shown-before",
        ),
        (["a 1 requires gone>1"], "a 1\n  gone - gone>1 missing"),
        (["a 1 requires b>1", "b 1"], "a 1\n  b 1 b>1 conflicting"),
        (["a 1 requires b", "b 1 requires a"], "a 1\n  b 1 b\n    a 1 a cycle"),
        (["a 1 requires a"], "a 1\n  a 1 a cycle"),
        (
            ["x 1 requires a", "a 1 requires b", "b 1 requires a"],
            "x 1\n  a 1 a\n    b 1 b\n      a 1 a cycle",
        ),
        (
            ["a 1 requires b[x]", 'b 1 requires c; extra == "x"', "c 1"],
            "a 1\n  b[x] 1 b[x]\n    c 1 c",
        ),
        # Without the extra it brings nothing, and so stands for itself.
        (["a 1 requires b", 'b 1 requires c; extra == "x"', "c 1"], "a 1\n  b 1 b\nc 1"),
        (["a 1 requires b; python_version < '3'", "b 1"], "a 1\nb 1"),
        # Two demands on the same project: the one that is not met is shown.
        (["a 1 requires b requires b>1", "b 1"], "a 1\n  b 1 b>1 conflicting"),
        # Which is what `pip` writes for an extra that takes in another one.
        (
            [
                'a 1 requires a[y]; extra == "x" requires b; extra == "y"',
                "b 1",
                "c 1 requires a[x]",
            ],
            "c 1\n  a[x] 1 a[x]\n    a[y] 1 a[y]\n      b 1 b",
        ),
    ],
)
def test_trees(lines: list[str], expected: str) -> None:
    """Every project stands below those that need it, and is opened once."""
    check(lines, expected, trees(packages(*lines)))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["a 1 requires c<2", "b 1 requires c", "c 1"],
            "c 1\n  a 1 c<2\n  b 1 c",
        ),
        (["a 1 requires b", "b 1 requires a"], "a 1\n  b 1 a\n    a 1 b cycle"),
        (["a 1 requires gone"], "gone - missing\n  a 1 gone missing"),
        (
            ["a 1 requires b[x]", 'b 1 requires c; extra == "x"', "c 1"],
            "c 1\n  b 1 c\n    a 1 b[x]",
        ),
    ],
)
def test_inverted(lines: list[str], expected: str) -> None:
    """Below a project stand those that need it, with what they need of it."""
    check(lines, expected, trees(packages(*lines), inverted=True))


def test_of_packages() -> None:
    """Trees begin where somebody wants them to, in his order."""
    lines = ["a 1 requires b", "b 1 requires c", "c 1", "d 1"]
    names = [normalised("c"), normalised("b")]

    check(lines, "c 1\nb 1\n  c 1 c", trees(packages(*lines), names))
    check(
        lines,
        "c 1\n  b 1 c\n    a 1 b\nb 1 shown-before",
        trees(packages(*lines), names, inverted=True),
    )


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (0, "a 1 depth\nx 1"),
        (1, "a 1\n  b 1 b depth\nx 1"),
        (2, "a 1\n  b 1 b\n    c 1 c\nx 1"),
        (9, "a 1\n  b 1 b\n    c 1 c\nx 1"),
    ],
)
def test_depth(depth: int, expected: str) -> None:
    """A tree is no deeper than somebody wants, and shows where it goes on."""
    lines = ["a 1 requires b", "b 1 requires c", "c 1", "x 1"]

    check(lines, expected, trees(packages(*lines), depth=depth))


def test_what_is_cut_is_shown_elsewhere() -> None:
    """What the depth hides in one place is shown in another one that is less deep."""
    lines = ["a 1 requires b", "b 1 requires c", "c 1 requires d", "d 1", "x 1 requires c"]

    check(
        lines,
        "a 1\n  b 1 b\n    c 1 c depth\nx 1\n  c 1 c\n    d 1 d",
        trees(packages(*lines), depth=2),
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["c 1"], "c 1"),
        (
            ["a 1 requires b requires d", "b 1 requires c<2 requires d", "c 1 requires d", "d 1"],
            "a 1\n  b 1 b\n    c 1 c<2",
        ),
        (["a 1 requires c", "b 1 requires c", "c 1"], "a 1\n  c 1 c\nb 1\n  c 1 c"),
        (["a 1 requires c"], "a 1\n  c - c missing"),
        (["b 1 requires c", "c 1 requires b"], "b 1\n  c 1 c"),
        (["c 1 requires d", "d 1 requires c"], "c 1"),
    ],
)
def test_why(lines: list[str], expected: str) -> None:
    """Only the ways that lead to a project are shown, down to it."""
    check(lines, expected, ways_to(packages(*lines), normalised("c")))


def test_names() -> None:
    """A tree may be asked of what is there, and of what is missing."""
    assert {"a", "gone"} == known_names(packages("a 1 requires gone"))


def test_deep_nesting() -> None:
    """However deep others nest, nothing breaks."""
    lines = [f"p{number:04} 1 requires p{number + 1:04}" for number in range(2_000)]
    (tree,) = trees(packages(*lines))
    depth = 0
    while tree.branches:
        (tree,) = tree.branches
        depth += 1

    assert (100, "depth") == (depth, tree.cut and tree.cut.value)


NAMES = st.sampled_from("abcdef")
WRITTEN = st.dictionaries(NAMES, st.lists(NAMES, max_size=3, unique=True), min_size=1)


def edges(found: Sequence[Branch]) -> Iterator[tuple[str, str]]:
    """Yield each pair of a project and one below it."""
    for branch in found:
        for below in branch.branches:
            yield branch.key, below.key
        yield from edges(branch.branches)


@given(WRITTEN)
def test_every_need_is_shown_once(written: dict[str, list[str]]) -> None:
    """The trees hold every need exactly once, top down as well as bottom up."""
    installed = packages(
        *(f"{name} 1" + "".join(f" requires {n}" for n in needs) for name, needs in written.items())
    )
    expected = sorted((name, need) for name, needs in written.items() for need in needs)

    assert expected == sorted(edges(trees(installed)))
    assert expected == sorted((n, a) for a, n in edges(trees(installed, inverted=True)))


@given(WRITTEN, NAMES)
def test_every_way_ends_there(written: dict[str, list[str]], name: str) -> None:
    """Whatever stands in the answer to why leads to the project, and nothing stands below it."""
    installed = packages(
        *(f"{name} 1" + "".join(f" requires {n}" for n in needs) for name, needs in written.items())
    )
    key = normalised(name)
    is_known = key in known_names(installed)
    found = ways_to(installed, key)

    assert is_known is bool(found)
    waiting = list(found)
    while waiting:
        branch = waiting.pop()
        assert branch.key != key or not branch.branches
        assert branch.key == key or branch.branches or branch.cut
        waiting += branch.branches
