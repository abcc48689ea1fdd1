"""Which folder of a workspace is the project of a file, and what somebody means who points at it.

Owns the marks of a project's folder. A workspace may hold several, one beside the other or one in
another; what they are made of is no business of this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.model.files import FileRole
from pinfold.core.workspace.dependency_files import (
    classify_name,
    is_certain_name,
    looks_like_dependency_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pinfold.core.workspace.snapshot import Snapshot

INSTALLED_ROLES = (FileRole.REQUIREMENTS, FileRole.INPUT)
"""The roles of files that one installs from."""

REQUIREMENTS_FOLDER = "requirements"
"""A folder of this name holds the requirements files of the folder that it is in."""

_MARKS = frozenset(
    {"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "environment.yml", ".venv", "venv"}
)
_ENVIRONMENT_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})


@dataclass(frozen=True, slots=True)
class Pointed:
    """What somebody points at.

    `folder` is the one that is meant: itself, or the project of the file. `file` is set for a
    requirements file only.
    """

    path: Path
    folder: Path
    file: Path | None


def pointed_at(path: Path, snapshot: Snapshot, folder_of: Callable[[Path], Path]) -> Pointed:
    """Return what the file or the folder at *path* stands for. Blocks.

    *folder_of* returns the folder at a path, or that of the file there.
    """
    folder = folder_of(path)
    if folder == path:
        return Pointed(path, folder, None)
    is_asked = is_requirements_file(path, snapshot)
    project = project_folder(path, snapshot)
    return Pointed(path, project, path if is_asked else None)


def is_requirements_file(path: Path, snapshot: Snapshot) -> bool:
    """Return whether one can install from the file at *path*."""
    opened = snapshot.documents.get(path)
    if opened is not None and opened.role is not None:
        return opened.role in INSTALLED_ROLES
    if classify_name(path) not in INSTALLED_ROLES:
        return False
    document = snapshot.document(path)
    if isinstance(document, Unreadable):
        return False
    return is_certain_name(path) or looks_like_dependency_file(document.text)


def project_folder(path: Path, snapshot: Snapshot) -> Path:
    """Return the folder of the project that the file at *path* is of.

    The nearest one upwards that has dependencies or an environment of its own, within the workspace
    folder; else that folder itself; else its own. Whatever lies in an environment is of the project
    around it.
    """
    holding = [root for root in snapshot.roots if path.is_relative_to(root)]
    root = max(holding, key=lambda one: len(one.parts), default=None)
    if root is None:
        return _without_requirements(path.parent)
    found: Path | None = None
    for folder in path.parents:
        listing = snapshot.disk.filesystem.names(folder)
        names = frozenset[str]() if isinstance(listing, Unreadable) else frozenset(listing)
        if not names.isdisjoint(_ENVIRONMENT_MARKS) and folder != root:
            found = None
        elif found is None and _is_project(folder, names):
            found = folder
        if folder == root:
            break
    found = found or root
    return _without_requirements(found) if found != root else root


def folder_of_requirements(path: Path) -> Path:
    """Return the folder that the requirements file at *path* is about; reads nothing."""
    return _without_requirements(path.parent)


def usual_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the one that is meant where nobody says which of some requirements files."""
    found = tuple(paths)
    if len(found) == 1:
        return found
    return tuple(path for path in found if path.name == "requirements.txt")[:1]


def _is_project(folder: Path, names: frozenset[str]) -> bool:
    if not names.isdisjoint(_MARKS):
        return True
    return any(
        classify_name(folder / name) in INSTALLED_ROLES and is_certain_name(folder / name)
        for name in names
    )


def _without_requirements(folder: Path) -> Path:
    return folder.parent if folder.name == REQUIREMENTS_FOLDER else folder
