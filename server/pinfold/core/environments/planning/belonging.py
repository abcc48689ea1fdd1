"""Which distributions lie in an environment itself, and not in one that it looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinfold.core.model.environment import Environment, InstalledDistribution


def is_own(distribution: InstalledDistribution, environment: Environment) -> bool:
    """Return whether *distribution* lies in *environment* itself.

    What it sees in its base, or in the user's own folder, is nobody's to change from here. The
    metadata of an old editable install lie in its project: what leads there is taken for its own.
    """
    prefix = environment.prefix
    place = distribution.folder.parent
    if place in environment.site_packages:
        return place.is_relative_to(prefix)
    return distribution.editable is not None or place.is_relative_to(prefix)
