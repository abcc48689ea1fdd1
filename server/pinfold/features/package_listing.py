"""What is installed, one package after the other, as people and programs are shown it: plain data.

Owns which packages are listed and their shape in JSON. Where one came from is told without
credentials.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.demands import asked_extras, demands_of
from pinfold.core.environments.planning.outcome import release_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages
    from pinfold.features.environments import Json, WritePath

FORMAT_VERSION = 1


def listed(
    installed: InstalledPackages, *, only_editable: bool = False, only_unneeded: bool = False
) -> tuple[InstalledDistribution, ...]:
    """Return what is installed in order of name; *only_unneeded*: what nothing else requires."""
    needed = required_by(installed) if only_unneeded else {}
    return tuple(
        distribution
        for key, distribution in sorted(installed.by_name.items())
        if not (only_editable and distribution.editable is None) and not needed.get(key)
    )


def required_by(installed: InstalledPackages) -> Mapping[PackageName, Sequence[PackageName]]:
    """Return for each project those that require it, with the extras that others ask of them."""
    markers = installed.environment.markers
    extras = asked_extras((), installed.by_name, markers)
    found: dict[PackageName, dict[PackageName, None]] = defaultdict(dict)
    for key, distribution in sorted(installed.by_name.items()):
        for demand in demands_of(distribution, markers, extras.get(key, frozenset())):
            if demand.key != key:
                found[demand.key][key] = None
    return {key: tuple(users) for key, users in found.items()}


def listing_json(
    installed: InstalledPackages,
    distributions: Sequence[InstalledDistribution],
    write_path: WritePath,
) -> Json:
    """Return the shape of ``pinfold list --format json``."""
    users = required_by(installed)
    return {
        "version": FORMAT_VERSION,
        "prefix": write_path(installed.environment.prefix),
        "packages": [
            {
                "name": distribution.name,
                "version": distribution.version,
                "editable": (
                    None if distribution.editable is None else write_path(distribution.editable)
                ),
                "source": source_of(distribution),
                "installer": distribution.installer,
                "requires": list(installed.requires.get(distribution.key, ())),
                "requiredBy": list(users.get(distribution.key, ())),
                "problem": distribution.problem,
            }
            for distribution in distributions
        ],
    }


def source_of(distribution: InstalledDistribution) -> str | None:
    """Return the URL that *distribution* came from, ``None`` if from an index or as editable."""
    return None if distribution.editable is not None else release_of(distribution).source
