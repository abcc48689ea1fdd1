"""What an environment is made again from: the exact list of what is installed in it.

Owns the requirement that gives each distribution back. Whether an index still has it, and whether a
folder still stands, is for others to find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.installers.installer import Wanted
from pinfold.core.environments.planning.belonging import is_own
from pinfold.core.formats.versions import parsed_version

if TYPE_CHECKING:
    from pinfold.core.model.environment import (
        DirectUrl,
        InstalledDistribution,
        InstalledPackages,
    )


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What to install into an empty environment; `notes` say in sentences what will be missing."""

    wanted: Wanted
    notes: tuple[str, ...] = ()


def to_rebuild(installed: InstalledPackages) -> Rebuild:
    """Return what gives *installed* back: every distribution at its version, in order of name.

    Nothing is resolved: each is installed without what it requires, for that is in the list too.
    What an environment only sees in its base, or in the user's own folder, is left out.
    """
    requirements: list[str] = []
    editables: list[str] = []
    notes: list[str] = []
    for _, distribution in sorted(installed.by_name.items()):
        if not is_own(distribution, installed.environment):
            continue
        if distribution.editable is not None:
            editables.append(str(distribution.editable))
        elif not distribution.version:
            notes.append(f"{distribution.name} is left out: {distribution.problem}")
        else:
            requirements.append(exact_requirement(distribution))
    wanted = Wanted(
        requirements=tuple(requirements), editables=tuple(editables), without_dependencies=True
    )
    return Rebuild(wanted, tuple(notes))


def exact_requirement(distribution: InstalledDistribution) -> str:
    """Return the requirement that only *distribution* as it is meets, as ``pip freeze`` writes it.

    pip 26.3: ``operations/freeze.py``, ``utils/direct_url_helpers.py``. Credentials in a URL stay,
    as without them it leads nowhere: whoever shows it masks them.
    """
    if distribution.direct_url is not None:
        return f"{distribution.name} @ {_reference(distribution.direct_url)}"
    version = parsed_version(distribution.version)
    if version is None:
        return f"{distribution.name}==={distribution.version}"
    return f"{distribution.name}=={version}"


def _reference(direct: DirectUrl) -> str:
    if direct.vcs is not None:
        revision = direct.commit or direct.requested_revision
        url = f"{direct.vcs}+{direct.url}" + (f"@{revision}" if revision else "")
    else:
        url = direct.url
    fragments: list[str] = []
    if direct.hashes:
        # pip takes the first that is recorded, and records them in order of name.
        algorithm, _, digest = min(direct.hashes).partition(":")
        fragments.append(f"{algorithm}={digest}")
    if direct.subdirectory:
        fragments.append(f"subdirectory={direct.subdirectory}")
    return url + (f"#{'&'.join(fragments)}" if fragments else "")
