"""Pipenv: environments in one folder, each with a ``.project`` file, or in the project itself.

Format: https://pipenv.pypa.io/en/latest/configuration.html and pipenv 2026's ``venv_locator``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement
from pinfold.core.environments.locators.locator import Locator, path_in
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation

# A suffix of the user's own may follow (PIPENV_PYTHON).
_NAME = re.compile(r".+-[A-Za-z0-9_-]{8}(?:-.+)?")


def _folders(look: Inspector) -> list[str]:
    around = look.surroundings
    data = around.xdg_data()
    places = [
        around.folder("WORKON_HOME"),
        None if data is None else os.path.join(data, "virtualenvs"),
        around.at_home(".virtualenvs"),
        around.at_home(".venvs"),
    ]
    return list(dict.fromkeys(place for place in places if place is not None))


def _locate(look: Inspector) -> Iterator[Installation]:
    for folder in look.once(_folders):
        for path in look.children(folder):
            candidate = look.candidate(path)
            judgement = None if candidate is None else _identify(candidate, look)
            if candidate is not None and judgement is not None:
                yield look.environment(candidate, judgement)


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.is_conda:
        return None
    # The name first: the folder need not be listed then.
    is_named = "-" in candidate.name and _NAME.fullmatch(candidate.name) is not None
    if is_named and ".project" in candidate.names:
        project = _project(candidate, look)
        # virtualenvwrapper writes such files too; a Pipfile tells, and a name with a hash.
        if project is not None and _has_pipfile(project, look):
            evidence = f"its .project file leads to {project}, which has a Pipfile"
            return Judgement(InstallationKind.PIPENV, evidence, candidate.name, project)
        if project is not None and candidate.parent == _own_folder(look):
            # Some time ago it had: the project is gone, or no longer pipenv's.
            evidence = f"it is among Pipenv's in {candidate.parent}"
            return Judgement(InstallationKind.PIPENV, evidence, candidate.name, project)
    if (
        candidate.name == ".venv"
        and "Pipfile" in candidate.siblings
        and "uv" not in candidate.keys
        and "poetry.lock" not in candidate.siblings
    ):
        evidence = "it is the `.venv` beside a Pipfile"
        return Judgement(InstallationKind.PIPENV, evidence, None, candidate.parent)
    return None


def _own_folder(look: Inspector) -> str | None:
    data = look.surroundings.xdg_data()
    return None if data is None else os.path.join(data, "virtualenvs")


def _project(candidate: Candidate, look: Inspector) -> str | None:
    text = look.text(os.path.join(candidate.prefix, ".project"))
    if text is None or not os.path.isabs(text.strip()):  # noqa: PTH117
        return None
    return path_in(text, Path(candidate.prefix))


def _has_pipfile(project: str, look: Inspector) -> bool:
    return look.filesystem.is_file(os.path.join(project, "Pipfile"))


def _of_project(project: str, look: Inspector) -> Iterator[Installation]:
    if not _has_pipfile(project, look):
        return
    for installation in _locate(look):
        if installation.project is not None and str(installation.project) == project:
            yield installation


PIPENV = Locator(
    "pipenv",
    {
        InstallationKind.PIPENV: (
            "`.project` in it, which leads to a folder with a Pipfile; a `.venv` beside a Pipfile"
        ),
    },
    locate=_locate,
    identify=_identify,
    of_project=_of_project,
)
