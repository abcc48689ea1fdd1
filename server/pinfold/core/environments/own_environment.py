"""The environment that Pinfold runs in, where it is nobody's but its own.

Whatever starts Pinfold from such a one, like pre-commit, has it activated; that tells nothing of a
project. Owns how such an environment is told from one that somebody works in, and has Pinfold in,
too. Reads the names of what is there, and the metadata of what Pinfold needs, and no others.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from typing import TYPE_CHECKING

from pinfold.core.environments.installed.distributions import read_distribution
from pinfold.core.environments.installed.site_packages import read_location
from pinfold.core.environments.planning.uninstalling import SEEDS
from pinfold.core.files import LocalFileSystem, Unreadable
from pinfold.core.formats.summary import normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from pinfold.core.environments.installed.site_packages import MetadataPlace
    from pinfold.core.model.dependency import PackageName

_NAME = re.compile(r"[\w.-]+")
_EXTRA = re.compile(r";.*\bextra\b")

_OWN = normalised("pinfold")


def is_for_pinfold_alone(prefix: Path) -> bool:
    """Return whether Pinfold runs in the environment at *prefix*, and nothing is there beside."""
    try:
        if not prefix.samefile(sys.prefix):
            return False
    except OSError:
        return False
    filesystem = LocalFileSystem()
    places: dict[PackageName, MetadataPlace] = {}
    for folder in {sysconfig.get_path(name) for name in ("purelib", "platlib")}:
        location = read_location(filesystem, folder)
        if isinstance(location, Unreadable) or location.egg_links:
            return False
        for place in location.places:
            if place.folder in location.leftovers:
                continue
            if place.key is None:
                # Nobody knows whose it is.
                return False
            places[place.key] = place

    def requires(name: PackageName) -> Iterable[str]:
        reading = read_distribution(filesystem, places[name])
        return (
            () if reading is None or reading.distribution is None else reading.distribution.requires
        )

    return places.keys() <= needed_by_pinfold(places, requires) | SEEDS


def needed_by_pinfold(
    known: Collection[PackageName], requires: Callable[[PackageName], Iterable[str]]
) -> set[PackageName]:
    """Return which of *known* are Pinfold and what it needs, directly or not.

    *requires* returns the ``Requires-Dist`` of a distribution. Those of extras are for nobody who
    only runs it; other markers may hold or not.
    """
    found: set[PackageName] = set()
    pending = [_OWN]
    while pending:
        name = pending.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        for requirement in requires(name):
            match = _NAME.match(requirement)
            if match is not None and not _EXTRA.search(requirement):
                pending.append(normalised(match[0]))
    return found
