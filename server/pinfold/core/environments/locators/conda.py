"""conda and mamba: installs and environments, and those of pixi, which look alike.

Owns where they are listed (``environments.txt``, ``envs_dirs`` of the settings, the usual places),
and what tells them apart. Refuses to start conda, which takes seconds.

Format: https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import FOREIGN, Judgement
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.layout import USUAL_NAMES
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.files import is_local_path
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.environments.places import Surroundings
    from pinfold.core.model.installation import Installation

_INSTALL_NAMES = (
    "anaconda",
    "anaconda2",
    "anaconda3",
    "miniconda",
    "miniconda2",
    "miniconda3",
    "miniforge",
    "miniforge3",
    "mambaforge",
    "micromamba",
    "mamba",
)
_PLACES = ("/opt", "/usr/local", "/usr/share", "/opt/homebrew/Caskroom")
_PLACES_WINDOWS = ("C:\\", "C:\\ProgramData", "C:\\tools")
_VARIABLES = ("CONDA_ROOT", "CONDA_PREFIX", "CONDA_DIR", "CONDA", "MAMBA_ROOT_PREFIX")
_SYSTEM_CONFIGURATION = ("/etc/conda", "/var/lib/conda")
_CONDARC = (".condarc", "condarc", ".mambarc")

MAX_ENVIRONMENTS = 2_000


def _locate(look: Inspector) -> Iterator[Installation]:
    seen: set[str] = set()
    pending = list(dict.fromkeys(_prefixes(look)))[:MAX_ENVIRONMENTS]
    while pending:
        prefix = pending.pop(0)
        if prefix in seen or len(seen) >= MAX_ENVIRONMENTS:
            continue
        seen.add(prefix)
        if look.surroundings.is_foreign(prefix):
            look.leave_out(prefix, FOREIGN)
            continue
        candidate = look.candidate(prefix)
        judgement = None if candidate is None else _identify(candidate, look)
        if candidate is None or judgement is None:
            continue
        yield look.environment(candidate, judgement)
        if "envs" in candidate.names:
            pending += look.children(os.path.join(prefix, "envs"))
        elif candidate.parent_name == "envs":
            # The install that an environment belongs to need not be listed itself.
            pending.append(candidate.above)


def _prefixes(look: Inspector) -> Iterator[str]:
    """Yield what may be an install or an environment."""
    around = look.surroundings
    for variable in _VARIABLES:
        folder = around.folder(variable)
        if folder is not None:
            yield folder
    listed = around.at_home(".conda", "environments.txt")
    text = None if listed is None else look.text(listed)
    for line in (text or "").split("\n"):
        path = line.strip()
        if os.path.isabs(path) and is_local_path(path):  # noqa: PTH117
            yield os.path.normpath(path)
    for name in _INSTALL_NAMES:
        for place in _places(around):
            yield os.path.join(place, name)
    for name in ("miniconda", "miniforge", "mambaforge", "anaconda"):
        yield f"/opt/homebrew/Caskroom/{name}/base"
    for folder in _environment_folders(look):
        yield from look.children(folder)


def _places(around: Surroundings) -> Iterator[str]:
    if around.home is not None:
        yield around.home
        yield os.path.join(around.home, "opt")
        yield os.path.join(around.home, ".local", "share")
    yield from _PLACES_WINDOWS if around.is_windows else _PLACES


def _environment_folders(look: Inspector) -> Iterator[str | None]:
    around = look.surroundings
    yield around.at_home(".conda", "envs")
    for variable in ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        for path in (around.variable(variable) or "").split(os.pathsep):
            if os.path.isabs(path):  # noqa: PTH117
                yield os.path.normpath(path)
    for settings in _settings(look):
        text = look.text(settings)
        if text is not None:
            yield from _listed_folders(text, around)


def _settings(look: Inspector) -> Iterator[str]:
    around = look.surroundings
    for variable in ("CONDARC", "MAMBARC"):
        named = around.folder(variable)
        if named is not None:
            yield named
    for folder in (*_SYSTEM_CONFIGURATION, around.folder("XDG_CONFIG_HOME")):
        if folder is not None:
            inner = folder if folder.endswith("conda") else os.path.join(folder, "conda")
            yield from (os.path.join(inner, name) for name in _CONDARC)
    for parts in ((), (".conda",), (".config", "conda")):
        folder = around.at_home(*parts)
        if folder is not None:
            yield from (os.path.join(folder, name) for name in _CONDARC)
    for variable in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX", "CONDA_PREFIX"):
        folder = around.folder(variable)
        if folder is not None:
            yield from (os.path.join(folder, name) for name in _CONDARC)


def _listed_folders(text: str, around: Surroundings) -> Iterator[str]:
    """Yield the ``envs_dirs`` of a condarc. Only lists of plain paths are understood, not YAML."""
    for line in _lists(text):
        path = line.strip().strip("'\"")
        if path.startswith("~/") and around.home is not None:
            path = around.home + path[1:]
        path = re.sub(
            r"\$\{?(\w+)\}?", lambda match: around.variables.get(match[1], match[0]), path
        )
        if os.path.isabs(path):  # noqa: PTH117
            yield os.path.normpath(path)


def _lists(text: str) -> Iterator[str]:
    is_inside = False
    for line in text.split("\n"):
        bare = line.split(" #", 1)[0].rstrip()
        key = re.match(r"(?:envs_dirs|envs_path)[ \t]*:(.*)", bare)
        if key is not None:
            is_inside = True
            yield from (part for part in key[1].strip(" \t[]").split(",") if part.strip())
        elif is_inside and bare.lstrip().startswith("- "):
            yield bare.lstrip()[2:]
        elif bare and not bare.lstrip().startswith("#"):
            is_inside = False


# `# cmd: /opt/mamba/bin/mamba create -n x`, `# cmd: C:\miniconda3\Scripts\conda-script.py create`.
_COMMAND = re.compile(r"^# cmd: (?P<command>[^\n]*)$", re.MULTILINE)


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if not candidate.is_conda or _is_pixi(candidate, look):
        return None
    history = look.text(os.path.join(candidate.prefix, "conda-meta", "history"))
    first = _COMMAND.search(history) if history is not None else None
    maker = "conda"
    if first is not None and re.search(r"mamba", first["command"].split(" create")[0]):
        maker = "mamba"
    is_install = bool(candidate.names & {"condabin", "envs"})
    name: str | None = "base" if is_install else None
    evidence = f"it has conda-meta, and its history says that {maker} made it"
    if first is None:
        evidence = "it has conda-meta"
    if name is None and candidate.parent_name == "envs":
        name = candidate.name
    project = candidate.parent if candidate.name in USUAL_NAMES else None
    return Judgement(InstallationKind.CONDA, evidence, name, project)


def _is_pixi(candidate: Candidate, look: Inspector) -> bool:
    if look.filesystem.is_file(os.path.join(candidate.prefix, "conda-meta", "pixi")):
        return True
    return candidate.parent_name == "envs" and name_of(candidate.above) == ".pixi"


def _identify_pixi(candidate: Candidate, look: Inspector) -> Judgement | None:
    if not candidate.is_conda or not _is_pixi(candidate, look):
        return None
    is_inside = candidate.parent_name == "envs" and name_of(candidate.above) == ".pixi"
    project = os.path.dirname(candidate.above) if is_inside else None
    if project is not None and project == look.surroundings.home:
        project = None  # What `pixi global` installs.
    evidence = "it is in .pixi/envs" if is_inside else "it has conda-meta/pixi"
    return Judgement(InstallationKind.PIXI, evidence, candidate.name, project)


def _locate_pixi(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    home = around.folder("PIXI_HOME") or around.at_home(".pixi")
    folders = [] if home is None else [os.path.join(home, "envs")]
    # Environments that the settings keep out of the projects.
    cache = around.folder("PIXI_CACHE_DIR") or around.folder("RATTLER_CACHE_DIR")
    if cache is None and (native := around.native_cache("rattler")) is not None:
        cache = os.path.join(native, "cache")
    if cache is not None:
        detached = os.path.join(cache, "envs")
        folders += [os.path.join(path, "envs") for path in look.children(detached)]
    folders += [os.path.join(project, ".pixi", "envs") for project in around.projects]
    for folder in folders:
        for path in look.children(folder):
            candidate = look.candidate(path)
            judgement = None if candidate is None else _identify_pixi(candidate, look)
            if candidate is not None and judgement is not None:
                yield look.environment(candidate, judgement)


CONDA = Locator(
    "conda",
    {
        InstallationKind.CONDA: (
            "`conda-meta` in it; listed by `environments.txt`, `envs_dirs` in a `.condarc`, "
            "variables, and the usual places"
        ),
    },
    locate=_locate,
    identify=_identify,
)
PIXI = Locator(
    "pixi",
    {InstallationKind.PIXI: "`.pixi/envs`, or `conda-meta/pixi` in it"},
    locate=_locate_pixi,
    identify=_identify_pixi,
)
