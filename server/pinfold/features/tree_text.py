"""Dependency trees drawn in lines for people.

Owns the rods and the words. What stands in a tree is :mod:`pinfold.features.dependency_tree`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.features.dependency_tree import BranchState, Cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.features.dependency_tree import Branch

_CUTS = {
    Cut.SHOWN_BEFORE: "(shown above)",
    Cut.CYCLE: "(leads back here)",
    Cut.DEPTH: "...",
}


def tree_lines(found: Sequence[Branch]) -> Iterator[str]:
    """Yield trees, one under the other."""
    for branch in found:
        yield _label(branch)
        yield from _below(branch, "")


def _below(branch: Branch, indent: str) -> Iterator[str]:
    for position, below in enumerate(branch.branches, 1):
        is_last = position == len(branch.branches)
        rod, space = ("└── ", "    ") if is_last else ("├── ", "│   ")
        yield f"{indent}{rod}{_label(below)}"
        yield from _below(below, indent + space)


def _label(branch: Branch) -> str:
    words = [branch.name + (f"[{','.join(branch.extras)}]" if branch.extras else "")]
    if branch.version is not None:
        words.append(branch.version or "?")
    match branch.state:
        case BranchState.MISSING:
            words.append("is not installed")
            if branch.demand:
                words.append(f"(needed: {branch.demand})")
        case BranchState.CONFLICTING:
            words.append(f"does not fit: {branch.demand or ''} is needed")
        case BranchState.MET:
            pass
    if branch.cut is not None:
        words.append(_CUTS[branch.cut])
    return " ".join(words)
