"""What is asked of an installer for ``upgrade``: which projects may move, and how far.

Owns what a patch, a minor and a major upgrade of a version are, as constraints. Which versions
there are is the installer's to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.belonging import is_own
from pinfold.core.environments.planning.demands import asked_extras, demands_of, met
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.environments.planning.uninstalling import SEEDS, to_uninstall
from pinfold.core.formats.summary import is_exact_pin
from pinfold.core.formats.versions import parsed_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from packaging.version import Version

    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages

FIRST_YEAR = 1900
"""A version whose first number is at least this begins with a year."""


class Level(Enum):
    """How far an upgrade may go; the value is its name on the command line."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What to ask an installer for.

    `requirements` are to be installed and `upgrades` may move; `constraints` are lines of a
    constraints file that say how far. `notes` say in sentences what is not upgraded, or less far.
    """

    requirements: tuple[str, ...]
    upgrades: tuple[PackageName, ...]
    constraints: tuple[str, ...]
    notes: tuple[str, ...]


def to_upgrade(
    texts: Sequence[str],
    installed: InstalledPackages,
    *,
    level: Level = Level.MAJOR,
    asked: Iterable[Asked] = (),
) -> Upgrade | Refusal:
    """Return what to ask for to upgrade *texts*, the names of projects; all of them if none.

    All are those that somebody wants: what an environment is made with, pip above all, stays unless
    it is named, or one of *asked* or an installed project requires it.

    *asked* are the requirements of the project's files, which go on to count. What is installed
    from a URL or a folder stays. Where projects are named, the others stay as they are, and with
    them what they demand: a named one moves no further than they let it.
    """
    asked = tuple(asked)
    demands = _Demands(installed, asked)
    named: Collection[PackageName] = sorted(
        key
        for key, one in installed.by_name.items()
        if is_own(one, installed.environment) and (key not in SEEDS or demands.has(key))
    )
    if texts:
        found = to_uninstall(texts, installed)
        if isinstance(found, Refusal):
            return found
        named = found.named
    notes: list[str] = []
    moving: list[InstalledDistribution] = []
    for key in named:
        distribution = installed.by_name[key]
        why = _why_it_stays(distribution)
        if why is None:
            moving.append(distribution)
        else:
            notes.append(f"{distribution.name} stays as it is: {why}")
    constraints: list[str] = []
    requirements: list[str] = []
    for distribution in moving:
        requirements.append(demands.requirement(distribution))
        limit, note = upgrade_limit(distribution, level)
        if limit:
            constraints.append(f"{distribution.key}{limit}")
        if note:
            notes.append(note)
        notes += demands.pins(distribution)
    if texts:
        held = demands.of_others({one.key for one in moving})
        constraints += [line for line, _ in held]
        notes += [note for _, note in held]
    return Upgrade(
        tuple(dict.fromkeys(requirements)),
        tuple(one.key for one in moving),
        tuple(dict.fromkeys(constraints)),
        tuple(dict.fromkeys(notes)),
    )


def upgrade_limit(distribution: InstalledDistribution, level: Level) -> tuple[str, str | None]:
    """Return the specifier that an upgrade of *level* stays within, and a note for people.

    ``>=1.2.3,<1.3`` for a patch, ``>=1.2.3,<2`` for a minor upgrade. Never below what is installed,
    so that no upgrade is a downgrade; ``<1.3`` leaves 1.3's pre-releases out (PEP 440). From a
    pre-release others can be reached, as from there an older release would be a step back. Where
    the first number is a year it says nothing of compatibility: a minor upgrade has no end then.
    """
    version = parsed_version(distribution.version)
    if version is None:
        return "", f"{distribution.name} {distribution.version} has no version to go by"
    note = None
    if version.local is not None:
        note = (
            f"{distribution.name} {version} comes from an index of its own, as its local version "
            "says: make sure that index is used"
        )
    return f">={version.public}{_ceiling(version, level)}", note


def _ceiling(version: Version, level: Level) -> str:
    first, second = (*version.release, 0)[:2]
    epoch = f"{version.epoch}!" if version.epoch else ""
    if level is Level.MAJOR:
        return ""
    if level is Level.MINOR:
        return "" if first >= FIRST_YEAR else f",<{epoch}{first + 1}"
    return f",<{epoch}{first}.{second + 1}"


def _why_it_stays(distribution: InstalledDistribution) -> str | None:
    if distribution.editable is not None:
        return f"it is an editable install of {distribution.editable}"
    if distribution.direct_url is not None:
        return "it was installed from a URL or a folder, not from an index"
    return None


class _Demands:
    """What files and installed projects ask of each project."""

    def __init__(self, installed: InstalledPackages, asked: Iterable[Asked]) -> None:
        self._installed = installed
        self._markers = installed.environment.markers
        self._asked = [
            one for one in asked if one.key is not None and one.applies(self._markers) is not False
        ]
        roots = [(one.key, one.extras) for one in self._asked if one.key is not None]
        self._extras = asked_extras(roots, installed.by_name, self._markers)

    def requirement(self, distribution: InstalledDistribution) -> str:
        """Return the requirement that stands for *distribution*, with the extras asked of it."""
        extras = sorted(self._extras.get(distribution.key, ()))
        return f"{distribution.key}[{','.join(extras)}]" if extras else distribution.key

    def has(self, key: PackageName) -> bool:
        """Return whether anything asks for *key*: a file, or another installed project."""
        return any(one.key == key and not one.is_constraint for one in self._asked) or any(
            demand.key == key
            for other in self._installed.by_name.values()
            if other.key not in SEEDS
            for demand in demands_of(other, self._markers, self._extras.get(other.key, frozenset()))
        )

    def pins(self, distribution: InstalledDistribution) -> list[str]:
        """Return notes on lines of files that let *distribution* have one version only."""
        return [
            f"`{distribution.name}` cannot move: {one.asker.path.name}, line "
            f"{(one.asker.line or 0) + 1}, asks for {one.asker.text}"
            for one in self._asked
            if one.key == distribution.key
            and one.asker.path is not None
            and is_exact_pin(one.specifier)
        ]

    def of_others(self, moving: Collection[PackageName]) -> list[tuple[str, str]]:
        """Return constraints, each with a note, that projects that stay put on *moving* ones."""
        found: list[tuple[str, str]] = []
        for other in self._installed.by_name.values():
            if other.key in moving:
                continue
            wanted = self._extras.get(other.key, frozenset())
            for demand in demands_of(other, self._markers, wanted):
                # One that is not met now would only make every upgrade impossible.
                present = self._installed.by_name.get(demand.key)
                if demand.key in moving and demand.specifier and met(demand, present):
                    assert present is not None
                    limit = demand.specifier
                    note = f"`{present.name}` stays within {limit}, which {other.name} requires"
                    found.append((f"{demand.key}{limit}", note))
        return found
