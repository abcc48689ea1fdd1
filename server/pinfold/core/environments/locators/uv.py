"""What uv keeps: managed interpreters, and the environments of scripts (PEP 723).

Format: https://docs.astral.sh/uv/reference/storage/ and uv 0.13.9's behaviour.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.environments.places import Surroundings
    from pinfold.core.model.installation import Installation

# `cpython-3.12.4-linux-x86_64-gnu`, `pypy-3.10.14-…`, `cpython-3.13.0+freethreaded-…`.
_MANAGED = re.compile(r"(?:cpython|pypy|graalpy|pyodide)-[0-9]+\.[0-9]+(?:\.[0-9]+)?[^/]*-[^/]+")
_HASH = re.compile(r"(?P<name>.+)-[0-9a-f]{8,16}")


def managed_pythons(surroundings: Surroundings) -> str | None:
    """Return the folder of uv's own interpreters."""
    return surroundings.folder("UV_PYTHON_INSTALL_DIR") or _data(surroundings, "python")


def _data(surroundings: Surroundings, name: str) -> str | None:
    if surroundings.is_windows and surroundings.folder("XDG_DATA_HOME") is None:
        roaming = surroundings.roaming_application_data()
        return None if roaming is None else os.path.join(roaming, "uv", name)
    data = surroundings.xdg_data()
    return None if data is None else os.path.join(data, "uv", name)


def _cache(surroundings: Surroundings) -> str | None:
    named = surroundings.folder("UV_CACHE_DIR")
    if named is not None:
        return named
    if surroundings.is_windows:
        local = surroundings.local_application_data()
        return None if local is None else os.path.join(local, "uv", "cache")
    cache = surroundings.xdg_cache()
    return None if cache is None else os.path.join(cache, "uv")


def _locate_managed(look: Inspector) -> Iterator[Installation]:
    folder = managed_pythons(look.surroundings)
    for path in look.children(folder):
        name = name_of(path)
        if _MANAGED.fullmatch(name) is None:
            continue
        if look.filesystem.read_link(path) is not None:
            # A link of a minor version leads to the newest patch, which is listed as itself.
            continue
        hint = version_in_name(name)
        yield from look.bases(
            path, InstallationKind.UV, f"it is among uv's own in {folder}", hint=hint, name=name
        )


def _locate_scripts(look: Inspector) -> Iterator[Installation]:
    for folder in _script_folders(look):
        for path in look.children(folder, links=False):
            candidate = look.candidate(path)
            judgement = None if candidate is None else _identify_script(candidate, look)
            if candidate is not None and judgement is not None:
                yield look.environment(candidate, judgement)


def _script_folders(look: Inspector) -> Iterator[str]:
    for path in look.children(_cache(look.surroundings), links=False):
        if name_of(path).startswith("environments-v"):
            yield path


def _identify_script(candidate: Candidate, look: Inspector) -> Judgement | None:
    if not candidate.parent_name.startswith("environments-v"):
        return None
    if candidate.above != _cache(look.surroundings):
        return None
    match = _HASH.fullmatch(candidate.name)
    evidence = f"it is in uv's cache of environments for scripts, {candidate.parent}"
    script = candidate.name if match is None else match["name"]
    return Judgement(InstallationKind.SCRIPT, evidence, script)


UV_PYTHONS = Locator(
    "uv",
    {
        InstallationKind.UV: (
            "interpreters in the folder that uv installs them to (`UV_PYTHON_INSTALL_DIR`)"
        ),
    },
    locate=_locate_managed,
)
SCRIPTS = Locator(
    "scripts",
    {InstallationKind.SCRIPT: "the folder `environments-v2` in uv's cache (`UV_CACHE_DIR`)"},
    locate=_locate_scripts,
    identify=_identify_script,
)
