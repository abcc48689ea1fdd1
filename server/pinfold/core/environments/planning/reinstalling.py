"""What is asked of an installer for ``install --reinstall``: the same packages, put in once more.

Owns which requirement stands for what is installed. What is brought along stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.environments.installers.installer import Wanted
from pinfold.core.environments.planning.asked import read_typed
from pinfold.core.environments.planning.installing import Installation
from pinfold.core.environments.planning.rebuilding import exact_requirement
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.environments.planning.uninstalling import to_uninstall
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.model.environment import InstalledPackages


def to_reinstall(texts: Sequence[str], installed: InstalledPackages) -> Installation | Refusal:
    """Return what to ask for to have *texts* installed again, each at the version that it has.

    One that names a version, or a URL, gets that.
    """
    if not texts:
        return Refusal(
            RefusalReason.NOTHING_NAMED,
            "nothing to install again is named",
            Wording(
                "name packages; `pinfold env rebuild` installs all of them again",
                "name packages; Rebuild Environment installs all of them again",
            ),
        )
    typed = []
    requirements: list[str] = []
    editables: list[str] = []
    for text in texts:
        one = read_typed(text)
        if isinstance(one, Refusal):
            return one
        if one.key is None:
            return Refusal(
                RefusalReason.INVALID,
                f"`{text.strip()}` does not say which package is to be installed again",
                "name the package",
            )
        found = to_uninstall((one.key,), installed)
        if isinstance(found, Refusal):
            return found
        typed.append(one)
        distribution = installed.by_name[one.key]
        if one.specifier or one.url is not None or one.path is not None:
            requirements.append(text.strip())
        elif distribution.editable is not None:
            editables.append(str(distribution.editable))
        elif distribution.version:
            requirements.append(exact_requirement(distribution))
        else:
            return Refusal(
                RefusalReason.INVALID,
                f"which version of {distribution.name} is installed cannot be read",
                f"name one: `{distribution.name}==VERSION`",
            )
    wanted = Wanted(
        requirements=tuple(requirements),
        editables=tuple(editables),
        reinstall=True,
        without_dependencies=True,
        own=tuple(requirements),
    )
    return Installation(tuple(typed), wanted)
