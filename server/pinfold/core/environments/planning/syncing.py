"""What ``sync`` takes away: what is installed and no requirements file brings.

Owns which projects those are, and says where that cannot be known: an installer does not always
tell what the releases require that it would add.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.asked import key_of, roots_of
from pinfold.core.environments.planning.belonging import is_own
from pinfold.core.environments.planning.demands import closure
from pinfold.core.environments.planning.outcome import afterwards, changes_of
from pinfold.core.environments.planning.uninstalling import SEEDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.plan import Resolution


@dataclass(frozen=True, slots=True)
class Surplus:
    """What a sync takes away, in order of name.

    `unsure` are releases that would be added and of which nobody has said what they require. They
    are taken to need what the installed release of the project does; what they need beyond that may
    be among `names`. With none of them, `names` is exact.
    """

    names: tuple[PackageName, ...]
    unsure: tuple[PackageName, ...] = ()


def surplus(
    asked: Sequence[Asked],
    installed: InstalledPackages,
    resolution: Resolution,
    folders: Sequence[Path],
    *,
    seeds: bool = False,
) -> Surplus:
    """Return what no one of *asked* brings once *resolution* is carried out.

    An editable install is kept if something asks for it, as anything else is; where a line does not
    say which project it asks for, nothing goes that came from a URL or a folder. pip, setuptools
    and wheel stay unless *seeds* are to go too. Only what lies in the environment itself is looked
    at, not what it sees in its base.
    """
    then = afterwards(installed, changes_of(resolution, installed), resolution.requires)
    markers = installed.environment.markers
    roots = list(roots_of(asked, installed, folders))
    unnamed = [
        one
        for one in asked
        if not one.is_constraint
        and one.applies(markers) is not False
        and key_of(one, installed, folders) is None
    ]
    extras = tuple(sorted({extra for one in unnamed for extra in one.extras}))
    # Whatever is to be added is wanted, also where no line says its name.
    roots += [(release.key, extras) for release in resolution.added]
    if unnamed:
        # It may be any of those that no index has given, and with all that any of these needs.
        roots += [
            (key, tuple(sorted(distribution.extras)))
            for key, distribution in installed.by_name.items()
            if distribution.direct_url is not None or distribution.editable is not None
        ]
    distributions = dict(then.distributions)
    for key in then.untold & installed.by_name.keys():
        # Most releases need what the one before needed; what is kept for that and is not needed any
        # more goes with the next sync, where what goes and is needed would have to come again.
        before = installed.by_name[key]
        distributions[key] = replace(
            distributions[key], requires=before.requires, extras=before.extras
        )
    kept = closure(roots, distributions, markers)
    names = [
        key
        for key, distribution in installed.by_name.items()
        if key in then.distributions
        and key not in kept
        and (seeds or key not in SEEDS)
        and is_own(distribution, installed.environment)
    ]
    return Surplus(tuple(sorted(names)), tuple(sorted(then.untold & kept)))
