"""Dependency trees drawn in lines for people.

Owns the rods and the words. What stands in a tree is :mod:`pinfold.features.dependency_tree`'s,
and how words are coloured a host's.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pinfold.features.dependency_tree import BranchState, Cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.model.dependency import PackageName
    from pinfold.features.dependency_tree import Branch


class Rods(NamedTuple):
    """What trees are drawn with: before a branch, before the last one, below the two."""

    branch: str
    last: str
    beside: str
    below: str


LINES = Rods("├── ", "└── ", "│   ", "    ")
ASCII = Rods("|-- ", "`-- ", "|   ", "    ")
"""For a stream that has no such lines: escapes in their place would be hard to read."""


class Tone(Enum):
    """What a word is, to be coloured accordingly."""

    NAME = "name"
    PLAIN = "plain"
    PROBLEM = "problem"
    ASIDE = "aside"


class Word(NamedTuple):
    """Some words of a line, as they come from metadata: a terminal has to make them visible."""

    text: str
    tone: Tone = Tone.PLAIN


class TreeLine(NamedTuple):
    """One line: what leads to the package, which one it is, what is said of it."""

    rods: str
    key: PackageName
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The line without colours."""
        return self.rods + " ".join(word.text for word in self.words)


_CUTS = {
    Cut.SHOWN_BEFORE: "(shown above)",
    Cut.CYCLE: "(leads back here)",
    Cut.DEPTH: "...",
}


def tree_lines(found: Sequence[Branch], rods: Rods = LINES) -> Iterator[TreeLine]:
    """Yield trees, one under the other."""
    for branch in found:
        yield TreeLine("", branch.key, tuple(_words(branch)))
        yield from _below(branch, "", rods)


def _below(branch: Branch, indent: str, rods: Rods) -> Iterator[TreeLine]:
    for position, below in enumerate(branch.branches, 1):
        is_last = position == len(branch.branches)
        rod, space = (rods.last, rods.below) if is_last else (rods.branch, rods.beside)
        yield TreeLine(indent + rod, below.key, tuple(_words(below)))
        yield from _below(below, indent + space, rods)


def _words(branch: Branch) -> Iterator[Word]:
    yield Word(branch.name + (f"[{','.join(branch.extras)}]" if branch.extras else ""), Tone.NAME)
    if branch.version is not None:
        yield Word(branch.version or "?")
    demand = branch.demand or ""
    match branch.state:
        case BranchState.MISSING:
            yield Word("is not installed", Tone.PROBLEM)
            if demand:
                yield Word(f"(needed: {demand})", Tone.ASIDE)
        case BranchState.CONFLICTING:
            yield Word(f"does not fit: {demand} is needed", Tone.PROBLEM)
        case BranchState.MET:
            pass
    if branch.cut is not None:
        yield Word(_CUTS[branch.cut], Tone.ASIDE)
