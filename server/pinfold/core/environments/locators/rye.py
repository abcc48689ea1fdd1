"""Rye: its interpreters, and the environments that it marks with ``rye-venv.json``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation


def _locate(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    home = around.folder("RYE_HOME") or around.at_home(".rye")
    for path in look.children(None if home is None else os.path.join(home, "py"), links=False):
        # `cpython@3.12.3`; older Ryes have an `install` folder inside.
        name = name_of(path)
        inner = os.path.join(path, "install")
        prefix = inner if look.filesystem.is_directory(inner) else path
        yield from look.bases(
            prefix,
            InstallationKind.RYE,
            f"it is among Rye's toolchains in {home}",
            hint=version_in_name(name),
            name=name,
        )


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    del look
    # Rye locks whenever it makes one. Looking for that first saves listing every environment.
    if candidate.configuration is None or _LOCKS.isdisjoint(candidate.siblings):
        return None
    if "rye-venv.json" not in candidate.names:
        return None
    return Judgement(
        InstallationKind.RYE,
        "it has a rye-venv.json",
        candidate.configuration.prompt,
        candidate.parent,
    )


_LOCKS = frozenset({"requirements.lock", "requirements-dev.lock"})

RYE = Locator(
    "rye",
    {
        InstallationKind.RYE: (
            "`rye-venv.json` in it, and a lock of Rye's beside it; toolchains in `py` (`RYE_HOME`)"
        ),
    },
    locate=_locate,
    identify=_identify,
)
