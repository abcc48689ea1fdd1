"""pyenv: interpreters under ``versions``, and the environments of its plugin pyenv-virtualenv.

Never a shim: those stand in a folder of their own, which is not looked at, and are scripts, which
are no interpreters. Format: https://github.com/pyenv/pyenv and pyenv-virtualenv's README.
"""

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


def pyenv_roots(look: Inspector) -> list[str]:
    """Return the folders that may be pyenv's, that of pyenv-win too."""
    surroundings = look.surroundings
    places = [
        surroundings.folder("PYENV_ROOT"),
        surroundings.folder("PYENV"),
        surroundings.at_home(".pyenv"),
        surroundings.at_home(".pyenv", "pyenv-win"),
    ]
    return list(dict.fromkeys(place for place in places if place is not None))


def _versions(look: Inspector) -> list[tuple[str, str]]:
    """Return the roots, each with what the paths of its versions begin with."""
    return [(root, os.path.join(root, "versions", "")) for root in look.once(pyenv_roots)]


def _locate(look: Inspector) -> Iterator[Installation]:
    for root in look.once(pyenv_roots):
        for path in look.children(os.path.join(root, "versions")):
            yield from _version(path, root, look)


def _version(path: str, root: str, look: Inspector) -> Iterator[Installation]:
    candidate = look.candidate(path)
    if candidate is not None and candidate.configuration is not None:
        # An environment, or the plugin's link to one.
        judgement = _identify_environment(candidate, look)
        if judgement is not None:
            yield look.environment(candidate, judgement)
        return
    name = name_of(path)
    if candidate is not None:
        # conda's, which pyenv installs as well.
        evidence = f"pyenv keeps it in {root}"
        yield look.environment(candidate, Judgement(InstallationKind.PYENV, evidence, name))
        return
    yield from look.bases(
        path,
        InstallationKind.PYENV,
        f"it is among pyenv's versions in {root}",
        hint=version_in_name(name),
        name=name,
    )
    for inner in look.children(os.path.join(path, "envs")):
        candidate = look.candidate(inner)
        judgement = None if candidate is None else _identify_environment(candidate, look)
        if candidate is not None and judgement is not None:
            yield look.environment(candidate, judgement)


def _identify_environment(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.configuration is None:
        return None
    for root, versions in look.once(_versions):
        if candidate.prefix.startswith(versions):
            evidence = f"it is among the environments of pyenv-virtualenv in {root}"
            return Judgement(InstallationKind.PYENV_VIRTUALENV, evidence, candidate.name)
    return None


PYENV = Locator(
    "pyenv",
    {
        InstallationKind.PYENV: "`versions` in its folder (`PYENV_ROOT`); never a shim",
        InstallationKind.PYENV_VIRTUALENV: (
            "a `pyvenv.cfg` in that folder, which the plugin puts there"
        ),
    },
    locate=_locate,
    identify=_identify_environment,
)
