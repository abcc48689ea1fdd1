"""virtualenvwrapper: environments in one folder, with its hooks beside the interpreter.

Format: https://virtualenvwrapper.readthedocs.io/en/latest/
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement
from pinfold.core.environments.locators.locator import Locator, path_in
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation


def _folders(look: Inspector) -> list[str]:
    around = look.surroundings
    places = [around.folder("WORKON_HOME"), around.at_home(".virtualenvs")]
    places += [around.at_home("Envs")] if around.is_windows else []
    return list(dict.fromkeys(place for place in places if place is not None))


def _locate(look: Inspector) -> Iterator[Installation]:
    for folder in look.once(_folders):
        for path in look.children(folder):
            candidate = look.candidate(path)
            judgement = None if candidate is None else _identify(candidate, look)
            if candidate is not None and judgement is not None:
                yield look.environment(candidate, judgement)


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.is_conda or candidate.parent not in look.once(_folders):
        return None
    if candidate.parent == look.surroundings.folder("WORKON_HOME"):
        evidence = "it is in WORKON_HOME"
    elif any(_has_hook(candidate, folder, look) for folder in ("bin", "Scripts")):
        evidence = "it has virtualenvwrapper's hooks"
    else:
        return None
    text = look.text(os.path.join(candidate.prefix, ".project"))
    project = None if text is None else path_in(text, Path(candidate.prefix))
    return Judgement(InstallationKind.VIRTUALENVWRAPPER, evidence, candidate.name, project)


def _has_hook(candidate: Candidate, folder: str, look: Inspector) -> bool:
    return look.filesystem.is_file(os.path.join(candidate.prefix, folder, "postactivate"))


VIRTUALENVWRAPPER = Locator(
    "virtualenvwrapper",
    {
        InstallationKind.VIRTUALENVWRAPPER: (
            "`WORKON_HOME`, or its hooks in an environment in `~/.virtualenvs`"
        ),
    },
    locate=_locate,
    identify=_identify,
)
