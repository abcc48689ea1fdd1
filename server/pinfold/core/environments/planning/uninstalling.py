"""What ``uninstall`` takes away: what is named, and on demand what nothing needs any more.

Owns which projects that are. That something else would break is
:mod:`pinfold.core.environments.planning.outcome`'s to say, and for people to weigh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.belonging import is_own
from pinfold.core.environments.planning.demands import possible_demands
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.formats.summary import normalised
from pinfold.core.formats.urls import is_project_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages, MarkerEnvironment

SEEDS = frozenset(map(normalised, ("pip", "setuptools", "wheel", "distribute")))
"""What environments are made with: never taken away but by name."""


@dataclass(frozen=True, slots=True)
class Uninstallation:
    """What is taken away, in order of name: what is named, and what nothing needs then."""

    named: tuple[PackageName, ...]
    unused: tuple[PackageName, ...] = ()

    @property
    def names(self) -> tuple[PackageName, ...]:
        """Everything that is taken away."""
        return tuple(sorted({*self.named, *self.unused}))


def to_uninstall(
    texts: Sequence[str],
    installed: InstalledPackages,
    *,
    with_unused: bool = False,
    kept: Collection[PackageName] = (),
) -> Uninstallation | Refusal:
    """Return what to take away for *texts*, the names of projects.

    *with_unused*: also what was brought along by them and nothing else needs; never one of *kept*,
    which are those that a requirements file asks for, or that somebody has installed by name.
    """
    if not texts:
        return Refusal(RefusalReason.NOTHING_NAMED, "nothing to uninstall is named")
    named: set[PackageName] = set()
    unknown: list[str] = []
    foreign: list[str] = []
    for text in texts:
        stripped = text.strip()
        if not is_project_name(stripped):
            return Refusal(
                RefusalReason.INVALID,
                f"`{stripped}` is no name of a package",
                "name installed packages, without versions or extras",
            )
        key = normalised(stripped)
        found = installed.by_name.get(key)
        if found is None:
            unknown.append(stripped)
        elif is_own(found, installed.environment):
            named.add(key)
        else:
            foreign.append(f"`{found.name}` lies in {found.folder.parent}")
    if unknown:
        shown = ", ".join(f"`{text}`" for text in unknown)
        is_one = len(unknown) == 1
        return Refusal(
            RefusalReason.NOT_INSTALLED,
            f"{shown} {'is' if is_one else 'are'} not installed",
            _suggestion(unknown, installed),
        )
    if foreign:
        return Refusal(
            RefusalReason.NOT_INSTALLED,
            f"{', '.join(foreign)}, which the environment only looks into",
        )
    unused = _unused(named, installed, kept) if with_unused else ()
    return Uninstallation(tuple(sorted(named)), tuple(sorted(unused)))


def lines_that_ask(
    names: Collection[PackageName], asked: Sequence[Asked], markers: MarkerEnvironment
) -> list[str]:
    """Return notes on the lines of files that ask for one of *names*, which is taken away."""
    return [
        f"{one.asker.path.name}, line {(one.asker.line or 0) + 1}, asks for {one.asker.text}"
        for one in asked
        if one.key in names
        and not one.is_constraint
        and one.asker.path is not None
        and one.applies(markers) is not False
    ]


def _suggestion(unknown: Sequence[str], installed: InstalledPackages) -> str | None:
    from difflib import get_close_matches

    close: dict[str, None] = {}
    for text in unknown:
        key = normalised(text)[:100]
        for found in get_close_matches(key, list(installed.by_name), n=1, cutoff=0.6):
            close[installed.by_name[normalised(found)].name] = None
    shown = ", ".join(f"`{name}`" for name in close)
    return f"did you mean {shown}?" if shown else None


def _unused(
    named: set[PackageName], installed: InstalledPackages, kept: Collection[PackageName]
) -> set[PackageName]:
    """Return what *named* have brought along that nothing else that is installed may need."""
    # Whatever extras somebody has asked for: what may be needed is needed.
    needs = {
        key: {demand.key for demand in possible_demands(found, installed.environment.markers)}
        for key, found in installed.by_name.items()
    }
    brought: set[PackageName] = set()
    waiting = list(named)
    while waiting:
        for key in needs[waiting.pop()]:
            is_here = key in needs and is_own(installed.by_name[key], installed.environment)
            if is_here and key not in brought and key not in named:
                brought.add(key)
                waiting.append(key)
    unused = brought - SEEDS - set(kept)
    while True:
        staying = needs.keys() - named - unused
        needed = {key for one in staying for key in needs[one]} & unused
        if not needed:
            return unused
        unused -= needed
