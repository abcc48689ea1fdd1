"""Hatch: environments by project in its data folder or in the project, and its interpreters.

Format: https://hatch.pypa.io/latest/config/environment/overview/ and Hatch 1.18's ``virtual``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator, short_hash
from pinfold.core.environments.locators.projects import (
    entry,
    read_pyproject,
    read_toml,
    text_entry,
)
from pinfold.core.files import is_local_path
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


def _place(look: Inspector) -> str | None:
    """Return where environments are kept; a relative path is one in each project."""
    path = text_entry(_settings(look), "dirs", "env", "virtual")
    if path is not None:
        return path.replace("~", look.surroundings.home or "~", 1) if path[0] == "~" else path
    data = _data(look)
    return None if data is None else os.path.join(data, "env", "virtual")


def _kept_in(look: Inspector) -> str | None:
    """Return the folder of all projects' environments; ``None`` where each has its own."""
    path = look.once(_place)
    if path is None or not os.path.isabs(path):  # noqa: PTH117
        return None
    return os.path.normpath(path)


def _kept_inside(project: str, look: Inspector) -> str | None:
    """Return the folder inside of *project* that its environments are kept in, if they are.

    A relative one, or one that the data folder happens to be in. They stand beside each other
    there, and not by project.
    """
    path = look.once(_place)
    if path is None or not is_local_path(path):
        return None
    folder = os.path.normpath(os.path.join(project, path))
    return folder if folder.startswith(project.rstrip(os.sep) + os.sep) else None


def _locate(look: Inspector) -> Iterator[Installation]:
    for project in look.surroundings.projects:
        yield from _inside(project, look)
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


def _inside(project: str, look: Inspector) -> Iterator[Installation]:
    """Yield what is kept inside of *project*, the default environment first."""
    folder = _kept_inside(project, look)
    found: list[Installation] = []
    for path in look.children(folder, links=False):
        candidate = look.candidate(path)
        if candidate is not None and candidate.configuration is not None:
            found.append(look.environment(candidate, _kept_by_project(candidate, project, look)))
    yield from sorted(found, key=lambda one: one.name != "default")


def _kept_by_project(candidate: Candidate, project: str, look: Inspector) -> Judgement:
    evidence = f"it is in {candidate.parent}, where Hatch keeps those of {project}"
    is_default = candidate.name == _name_of_project(project, look)
    name = "default" if is_default else candidate.name
    return Judgement(InstallationKind.HATCH, evidence, name, project)


def _name_of_project(project: str, look: Inspector) -> str:
    """Return what Hatch calls the default environment of *project*."""
    content = read_pyproject(project, look)
    if not isinstance(entry(content, "project"), dict):
        return f"{short_hash(project)}-unmanaged"
    name = text_entry(content, "project", "name") or ""
    return re.sub(r"[-_.]+", "-", name).lower()


def _identify(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.configuration is None:
        return None
    if _ID.fullmatch(candidate.parent_name) is not None:
        root = os.path.dirname(candidate.above)
        if root == look.once(_kept_in):
            return _kept(candidate, root, None)
    for project in (candidate.above, *look.surroundings.projects):
        if candidate.parent == _kept_inside(project, look):
            return _kept_by_project(candidate, project, look)
    # `dirs.env.virtual = ".hatch"`, as Hatch's own documentation has it: perhaps somebody else's.
    if candidate.parent_name == ".hatch":
        project = candidate.above
        return Judgement(InstallationKind.HATCH, "it is in .hatch", candidate.name, project)
    return None


def _of_project(project: str, look: Inspector) -> Iterator[Installation]:
    yield from _inside(project, look)
    root = look.once(_kept_in)
    for folder in look.children(root, links=False):
        storage = os.path.join(folder, short_hash(project))
        yield from sorted(
            _stored(storage, root, project, look), key=lambda found: found.name != "default"
        )


HATCH = Locator(
    "hatch",
    {
        InstallationKind.HATCH: (
            "`env/virtual/*/*` in its data folder (`HATCH_DATA_DIR`), the folder that its "
            "settings name, and `.hatch` in a project; interpreters in `pythons`"
        ),
    },
    locate=_locate,
    identify=_identify,
    of_project=_of_project,
)
