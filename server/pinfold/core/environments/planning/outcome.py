"""What an operation would do to the packages of an environment, from what an installer says.

Owns the comparison of before and after, who asks for what changes, and what ``pip check`` would
newly complain of. Of a release that is not there yet it says only what somebody has told of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pinfold.core.environments.installed import consistency
from pinfold.core.environments.installed.distributions import Reading
from pinfold.core.files import FileIdentity
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.environment import Breakage, InstalledDistribution
from pinfold.core.model.plan import ChangeKind, PackageChange, Release

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import BrokenDependency, InstalledPackages
    from pinfold.core.model.plan import Asker, Resolution

_NOTHING: Mapping[PackageName, tuple[Asker, ...]] = MappingProxyType({})
_UNTOLD: Mapping[PackageName, Sequence[str]] = MappingProxyType({})


def release_of(distribution: InstalledDistribution) -> Release:
    """Return *distribution* as a release, with where it came from; credentials are masked."""
    direct = distribution.direct_url
    source: str | None = None
    if distribution.editable is not None:
        source = str(distribution.editable)
    elif direct is not None:
        source = masked(direct.url)
    return Release(
        distribution.name,
        distribution.key,
        distribution.version,
        source,
        is_editable=distribution.editable is not None,
    )


def changes_of(
    resolution: Resolution,
    installed: InstalledPackages | None,
    askers: Mapping[PackageName, tuple[Asker, ...]] = _NOTHING,
) -> tuple[PackageChange, ...]:
    """Return what *resolution* does to *installed*, in order of name."""
    after = {release.key: release for release in resolution.added}
    before = {release.key: release for release in resolution.removed}
    for key in {*before, *after}:
        present = None if installed is None else installed.by_name.get(key)
        if present is not None:
            # What is read tells where it came from, which an installer mostly does not.
            before[key] = release_of(present)
    return tuple(
        PackageChange(
            key,
            _kind(before.get(key), after.get(key)),
            before.get(key),
            after.get(key),
            askers.get(key, ()),
        )
        for key in sorted({*before, *after})
    )


def removal_of(
    names: Collection[PackageName],
    installed: InstalledPackages,
    askers: Mapping[PackageName, tuple[Asker, ...]] = _NOTHING,
) -> tuple[PackageChange, ...]:
    """Return the changes of taking *names* away, those that are installed, in order of name."""
    return tuple(
        PackageChange(
            key, ChangeKind.REMOVED, release_of(installed.by_name[key]), None, askers.get(key, ())
        )
        for key in sorted(names)
        if key in installed.by_name
    )


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What would be installed; `untold` are projects of which nobody says what they require."""

    distributions: Mapping[PackageName, InstalledDistribution]
    untold: frozenset[PackageName]


def afterwards(
    installed: InstalledPackages,
    changes: Sequence[PackageChange],
    requires: Mapping[PackageName, Sequence[str]] = _UNTOLD,
) -> Afterwards:
    """Return what would be installed once *changes* are made.

    *requires* are the ``Requires-Dist`` of what would be added, as far as they are known.
    """
    distributions = dict(installed.by_name)
    untold: set[PackageName] = set()
    for change in changes:
        present = distributions.pop(change.key, None)
        if change.after is None:
            continue
        release = change.after
        told = requires.get(change.key)
        if told is None and present is not None and present.version == release.version:
            told = present.requires
        if told is None:
            untold.add(change.key)
        distributions[change.key] = InstalledDistribution(
            release.name,
            release.key,
            release.version,
            present.folder if present is not None else Path(release.key),
            requires=tuple(told or ()),
        )
    return Afterwards(distributions, frozenset(untold))


def breaks_of(
    installed: InstalledPackages,
    changes: Sequence[PackageChange],
    requires: Mapping[PackageName, Sequence[str]] = _UNTOLD,
) -> tuple[str, ...]:
    """Return what ``pip check`` would say once *changes* are made and does not say yet.

    In its words. *requires* are the ``Requires-Dist`` of what would be added, as far as they are
    known; of the others nothing is said, but for what those that stay ask of them.
    """
    if not changes:
        return ()
    known = {_sort_of(one) for one in _broken(installed, installed.by_name)}
    then = afterwards(installed, changes, requires)
    return tuple(
        one.message
        for one in _broken(installed, then.distributions)
        if _sort_of(one) not in known and one.breakage in _TOLD_BY_PIP
    )


_TOLD_BY_PIP = (Breakage.MISSING, Breakage.INCOMPATIBLE)


def _kind(before: Release | None, after: Release | None) -> ChangeKind:
    if before is None:
        return ChangeKind.ADDED
    if after is None:
        return ChangeKind.REMOVED
    old, new = parsed_version(before.version), parsed_version(after.version)
    if old is None or new is None or old == new:
        return ChangeKind.REPLACED
    return ChangeKind.UPGRADED if new > old else ChangeKind.DOWNGRADED


def _sort_of(one: BrokenDependency) -> tuple[object, ...]:
    # Not the message: that names versions, and what is broken anyway may be so in another one.
    return one.distribution, one.breakage, one.needs, one.requirement


def _broken(
    installed: InstalledPackages, distributions: Mapping[PackageName, InstalledDistribution]
) -> tuple[BrokenDependency, ...]:
    environment = installed.environment
    return consistency.broken(
        environment,
        [
            (
                _reading(distribution),
                replace(distribution, requires_python=None),
                consistency.wants(distribution, environment.markers),
            )
            for distribution in distributions.values()
        ],
        (),
    )


def _reading(distribution: InstalledDistribution) -> Reading:
    folder = FileIdentity(str(distribution.folder), 0, 0, 0)
    return Reading(distribution, is_readable=True, has_tags=False, folder=folder, metadata=None)
