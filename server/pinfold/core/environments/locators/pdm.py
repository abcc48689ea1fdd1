"""PDM: the environment that ``.pdm-python`` names, those in its data folder, its interpreters.

Format: https://pdm-project.org/latest/usage/venv/ and PDM 2.x.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator, path_in
from pinfold.core.environments.locators.projects import read_toml, text_entry
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation

# `{folder}-{hash of its path}-{name}`.
_NAME = re.compile(r".+-[A-Za-z0-9_-]{8}-(?P<name>.+)")


def _settings(look: Inspector) -> dict[str, object]:
    around = look.surroundings
    named = around.folder("PDM_CONFIG_FILE")
    if named is None:
        folder = around.native_config("pdm")
        named = None if folder is None else os.path.join(folder, "config.toml")
    return {} if named is None else read_toml(named, look)


def _setting(look: Inspector, variable: str, *keys: str) -> str | None:
    around = look.surroundings
    path = around.variable(variable) or text_entry(_settings(look), *keys)
    if path is not None and path.startswith("~") and around.home is not None:
        path = around.home + path[1:]
    return path if path is not None and os.path.isabs(path) else None  # noqa: PTH117


def _kept_in(look: Inspector) -> str | None:
    data = look.surroundings.native_data("pdm")
    default = None if data is None else os.path.join(data, "venvs")
    return _setting(look, "PDM_VENV_LOCATION", "venv", "location") or default


def _locate(look: Inspector) -> Iterator[Installation]:
    folder = look.once(_kept_in)
    named = {_named(project, look): project for project in look.surroundings.projects}
    for path in look.children(folder):
        match = _NAME.fullmatch(name_of(path))
        candidate = None if match is None else look.candidate(path)
        if candidate is not None:
            yield look.environment(candidate, _kept(candidate, folder, named.get(path)))
    data = look.surroundings.native_data("pdm")
    default = None if data is None else os.path.join(data, "python")
    installs = _setting(look, "PDM_PYTHON_INSTALL_ROOT", "python", "install_root") or default
    for path in look.children(installs, links=False):
        hint = version_in_name(name_of(path))
        if hint is not None:
            yield from look.bases(path, InstallationKind.PDM, "PDM installed it", hint=hint)


def _kept(candidate: Candidate, folder: str | None, project: str | None) -> Judgement:
    match = _NAME.fullmatch(candidate.name)
    evidence = f"it is among PDM's in {folder}"
    if project is not None:
        evidence = f"{project}/.pdm-python names it"
    return Judgement(
        InstallationKind.PDM, evidence, match["name"] if match is not None else None, project
    )


def _named(project: str, look: Inspector) -> str | None:
    """Return the prefix of the environment that a project's ``.pdm-python`` names."""
    text = look.text(os.path.join(project, ".pdm-python"))
    executable = None if text is None else path_in(text, Path(project))
    if executable is None:
        return None
    folder = os.path.dirname(executable)
    return os.path.dirname(folder) if name_of(folder) in ("bin", "Scripts") else folder


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.configuration is None:
        return None
    if candidate.parent == look.once(_kept_in) and _NAME.fullmatch(candidate.name) is not None:
        return _kept(candidate, candidate.parent, None)
    if candidate.name not in (".venv", "venv", "env"):
        return None
    if ".pdm-python" in candidate.siblings and _named(candidate.parent, look) == candidate.prefix:
        evidence = "the .pdm-python beside it names it"
    elif "pdm.lock" in candidate.siblings and candidate.name == ".venv":
        evidence = "it is the `.venv` beside a pdm.lock"
    else:
        return None
    return Judgement(InstallationKind.PDM, evidence, None, candidate.parent)


def _of_project(project: str, look: Inspector) -> Iterator[Installation]:
    prefix = _named(project, look)
    candidate = None if prefix is None else look.candidate(prefix)
    if candidate is not None and candidate.configuration is not None:
        yield look.environment(candidate, _kept(candidate, candidate.parent, project))


PDM = Locator(
    "pdm",
    {
        InstallationKind.PDM: (
            "the name in its data folder, with a hash; `.pdm-python` or `pdm.lock` beside it; "
            "interpreters in its data folder"
        ),
    },
    locate=_locate,
    identify=_identify,
    of_project=_of_project,
)
