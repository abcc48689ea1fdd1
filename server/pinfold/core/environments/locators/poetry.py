"""Poetry: environments in its cache, named after project and path, or in the project itself.

Format: https://python-poetry.org/docs/configuration/ and Poetry 2.x's ``EnvManager``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator, short_hash
from pinfold.core.environments.locators.projects import (
    has_settings_of,
    read_pyproject,
    read_toml,
    text_entry,
)
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation

_NAME = re.compile(r"(?P<base>.+-[A-Za-z0-9_-]{8})-py[0-9]+\.[0-9]+")


def _settings(look: Inspector) -> dict[str, Any]:
    around = look.surroundings
    folder = around.folder("POETRY_CONFIG_DIR")
    if folder is None and around.is_windows:
        roaming = around.roaming_application_data()
        folder = None if roaming is None else os.path.join(roaming, "pypoetry")
    elif folder is None:
        folder = around.native_config("pypoetry")
    return {} if folder is None else read_toml(os.path.join(folder, "config.toml"), look)


def _folder(look: Inspector) -> str | None:
    """Return where Poetry keeps environments."""
    around = look.surroundings
    settings = _settings(look)
    cache = (
        around.folder("POETRY_CACHE_DIR")
        or text_entry(settings, "cache-dir")
        or around.native_cache("pypoetry")
    )
    path = around.variable("POETRY_VIRTUALENVS_PATH") or text_entry(settings, "virtualenvs", "path")
    if path is None:
        return None if cache is None else os.path.join(cache, "virtualenvs")
    path = path.replace("{cache-dir}", cache or "")
    if path.startswith("~") and around.home is not None:
        path = around.home + path[1:]
    return os.path.normpath(path) if os.path.isabs(path) else None  # noqa: PTH117


def _locate(look: Inspector) -> Iterator[Installation]:
    folder = look.once(_folder)
    projects = {_base_name(project, look): project for project in look.surroundings.projects}
    for path in look.children(folder):
        match = _NAME.fullmatch(name_of(path))
        candidate = None if match is None else look.candidate(path)
        if match is not None and candidate is not None:
            yield look.environment(candidate, _kept(candidate, folder, projects.get(match["base"])))
    yield from _locate_interpreters(look)


def _kept(candidate: Candidate, folder: str | None, project: str | None) -> Judgement:
    evidence = f"it is among Poetry's in {folder}"
    if project is not None:
        evidence = f"its name is what Poetry makes of {project}"
    return Judgement(InstallationKind.POETRY, evidence, candidate.name, project)


def _locate_interpreters(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    data = around.folder("POETRY_HOME") or around.native_data("pypoetry")
    for path in look.children(None if data is None else os.path.join(data, "python")):
        hint = version_in_name(name_of(path))
        if hint is not None:
            evidence = "Poetry installed it"
            yield from look.bases(path, InstallationKind.POETRY, evidence, hint=hint)


def _base_name(project: str, look: Inspector) -> str:
    """Return the part of the name that says which project it is, as ``generate_env_name`` does."""
    content = read_pyproject(project, look)
    name = text_entry(content, "project", "name") or text_entry(content, "tool", "poetry", "name")
    # As poetry-core does: the name of a package is the normalised one.
    normal = re.sub(r"[-_.]+", "-", name or "non-package-mode").lower()
    sanitized = re.sub(r'[ $`!*@"\\\r\n\t]', "_", normal)[:42]
    return f"{sanitized}-{short_hash(os.path.normcase(look.real_path(project)))}"


def _of_project(project: str, look: Inspector) -> Iterator[Installation]:
    folder = look.once(_folder)
    if folder is None or not look.filesystem.is_file(os.path.join(project, "pyproject.toml")):
        return
    base = _base_name(project, look)
    # What `poetry env use` chose.
    chosen = text_entry(read_toml(os.path.join(folder, "envs.toml"), look), base, "minor")
    paths = [path for path in look.children(folder) if _is_of(path, base)]
    paths.sort(key=lambda path: not path.endswith(f"-py{chosen}"))
    for path in paths:
        candidate = look.candidate(path)
        if candidate is not None:
            yield look.environment(candidate, _kept(candidate, folder, project))


def _is_of(path: str, base: str) -> bool:
    match = _NAME.fullmatch(name_of(path))
    return match is not None and match["base"] == base


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.is_conda:
        return None
    if (
        "-" in candidate.name
        and _NAME.fullmatch(candidate.name)
        and candidate.parent == look.once(_folder)
    ):
        return _kept(candidate, candidate.parent, None)
    if candidate.name != ".venv" or "uv" in candidate.keys:
        return None
    if "poetry.lock" in candidate.siblings:
        evidence = "it is the `.venv` beside a poetry.lock"
    elif (
        "virtualenv" in candidate.keys
        and "pyproject.toml" in candidate.siblings
        and has_settings_of("poetry", candidate.parent, look)
    ):
        evidence = "it is the `.venv` beside a pyproject.toml with [tool.poetry]"
    else:
        return None
    return Judgement(InstallationKind.POETRY, evidence, None, candidate.parent)


POETRY = Locator(
    "poetry",
    {
        InstallationKind.POETRY: (
            "the name in its cache, which ends in a hash and a version "
            "(`POETRY_VIRTUALENVS_PATH`); a `.venv` beside a `poetry.lock`, or one of virtualenv "
            "beside `[tool.poetry]`; interpreters in its data folder"
        ),
    },
    locate=_locate,
    identify=_identify,
    of_project=_of_project,
)
