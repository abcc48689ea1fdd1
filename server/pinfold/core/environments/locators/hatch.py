"""Hatch: environments by project in its data folder, and the interpreters that it installs.

Format: https://hatch.pypa.io/latest/config/environment/overview/ and Hatch 1.x's ``virtual``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator, short_hash
from pinfold.core.environments.locators.projects import read_toml, text_entry
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation

_ID = re.compile(r"[A-Za-z0-9_-]{8}")


def _data(look: Inspector) -> str | None:
    around = look.surroundings
    return around.folder("HATCH_DATA_DIR") or around.native_data("hatch")


def _settings(look: Inspector) -> dict[str, object]:
    around = look.surroundings
    named = around.folder("HATCH_CONFIG")
    if named is None:
        folder = around.native_config("hatch")
        named = None if folder is None else os.path.join(folder, "config.toml")
    return {} if named is None else read_toml(named, look)


def _kept_in(look: Inspector) -> str | None:
    """Return the folder of all projects' environments; ``None`` where each has its own."""
    path = text_entry(_settings(look), "dirs", "env", "virtual")
    if path is not None:
        path = path.replace("~", look.surroundings.home or "~", 1) if path[0] == "~" else path
        return os.path.normpath(path) if os.path.isabs(path) else None  # noqa: PTH117
    data = _data(look)
    return None if data is None else os.path.join(data, "env", "virtual")


def _locate(look: Inspector) -> Iterator[Installation]:
    root = look.once(_kept_in)
    projects = {short_hash(project): project for project in look.surroundings.projects}
    for folder in look.children(root, links=False):
        for storage in look.children(folder, links=False):
            identifier = name_of(storage)
            if _ID.fullmatch(identifier) is None:
                continue
            yield from _stored(storage, root, projects.get(identifier), look)
    data = _data(look)
    for path in look.children(None if data is None else os.path.join(data, "pythons")):
        # The archive's own folder stands inside of the one that names the version.
        hint = version_in_name(name_of(path))
        inner = os.path.join(path, "python")
        prefix = inner if look.filesystem.is_directory(inner) else path
        if hint is not None or prefix == inner:
            yield from look.bases(prefix, InstallationKind.HATCH, "Hatch installed it", hint=hint)


def _stored(
    storage: str, root: str | None, project: str | None, look: Inspector
) -> Iterator[Installation]:
    for path in look.children(storage, links=False):
        candidate = look.candidate(path)
        if candidate is not None:
            yield look.environment(candidate, _kept(candidate, root, project))


def _kept(candidate: Candidate, root: str | None, project: str | None) -> Judgement:
    evidence = f"it is among Hatch's in {root}"
    if project is not None:
        evidence = f"its path is what Hatch makes of {project}"
    name = candidate.name
    if name == name_of(candidate.above):
        name = "default"  # The environment of that name is called after the project.
    return Judgement(InstallationKind.HATCH, evidence, name, project)


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.configuration is None:
        return None
    if _ID.fullmatch(candidate.parent_name) is not None:
        root = os.path.dirname(candidate.above)
        if root == look.once(_kept_in):
            return _kept(candidate, root, None)
    # `dirs.env.virtual = ".hatch"`, as Hatch's own documentation has it.
    if candidate.parent_name == ".hatch":
        project = candidate.above
        return Judgement(InstallationKind.HATCH, "it is in .hatch", candidate.name, project)
    return None


def _of_project(project: str, look: Inspector) -> Iterator[Installation]:
    root = look.once(_kept_in)
    for folder in look.children(root, links=False):
        storage = os.path.join(folder, short_hash(project))
        yield from sorted(
            _stored(storage, root, project, look), key=lambda found: found.name != "default"
        )


HATCH = Locator(
    "hatch",
    frozenset({InstallationKind.HATCH}),
    locate=_locate,
    identify=_identify,
    of_project=_of_project,
)
