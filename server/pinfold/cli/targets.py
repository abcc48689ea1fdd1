"""Which files a run judges: those that are named, and those found in the folders that are named.

Owns the command line's idea of a path, the order of files, and that each is judged once, whatever
names it goes by. Judges nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.files import FileRole
from pinfold.core.workspace.dependency_files import (
    classify_name,
    find_dependency_files,
    looks_like_dependency_file,
    role_of_named_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pinfold.core.rules.view import IncludedFile
    from pinfold.core.workspace.dependency_files import SearchProgress
    from pinfold.core.workspace.snapshot import Snapshot

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Target:
    """A file to judge, and the part that it plays."""

    path: Path
    role: FileRole


@dataclass(frozen=True, slots=True)
class Question:
    """A file to judge, and all that is known for it. `position` is its place among the files."""

    position: int
    snapshot: Snapshot
    target: Target


def questions_of(snapshot: Snapshot, targets: Iterable[Target]) -> Iterator[Question]:
    """Yield *targets*, all to be judged by what *snapshot* knows."""
    for position, target in enumerate(targets):
        yield Question(position, snapshot, target)


@dataclass(frozen=True, slots=True)
class Named:
    """The paths that a person named, made absolute, and those at which nothing stands."""

    paths: tuple[Path, ...]
    missing: tuple[str, ...]


def named_paths(arguments: Sequence[str], working_directory: Path) -> Named:
    """Return what *arguments* name, an empty one being no name."""
    paths: list[Path] = []
    missing: list[str] = []
    for argument in arguments:
        path = absolute(argument, working_directory)
        if argument and _stands(path):
            paths.append(path)
        else:
            missing.append(argument)
    return Named(tuple(paths), tuple(missing))


def absolute(argument: str, working_directory: Path) -> Path:
    """Return *argument* as an absolute path, ``..`` taken out, links not resolved."""
    return Path(os.path.abspath(os.path.join(working_directory, argument)))  # noqa: PTH100


def shown_path(path: Path, working_directory: Path) -> str:
    """Return *path* for people and programs: POSIX, and relative below *working_directory*."""
    # As text: PurePath.relative_to would be a twentieth of the time that a large tree takes.
    text, prefix = str(path), os.path.join(working_directory, "")
    shown = text.removeprefix(prefix) or text
    return shown if os.sep == "/" else shown.replace(os.sep, "/")


def find_targets(
    paths: Sequence[Path],
    snapshot: Snapshot,
    *,
    on_progress: Callable[[SearchProgress], None],
    on_unreadable: Callable[[Path, Unreadable], None],
) -> Iterator[Target]:
    """Yield each file to judge once: a named file as it is, a folder's files in their order.

    Files that a folder's files include, and that lie in that folder too, follow behind them.
    """
    judged = _Once()
    for path in paths:
        is_folder = snapshot.disk.filesystem.is_directory(path)
        # A folder that has the name of a file: somebody meant a file there, so that is told too.
        if (not is_folder or classify_name(path)) and judged.is_new(path):
            yield Target(path, role_of_named_file(path))
        if is_folder:
            yield from _in_folder(path, snapshot, judged, on_progress, on_unreadable)


class _Once:
    """The files that were seen, by the place that their names lead to."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._folders: dict[Path, str] = {}

    def is_new(self, path: Path) -> bool:
        """Return whether no name of this file was seen before, and remember it."""
        place = self._place(path)
        if place in self._seen:
            return False
        self._seen.add(place)
        return True

    def _place(self, path: Path) -> str:
        # The folder is resolved once for all of its files, which matters in a large tree.
        # Not Path.is_symlink, which raises where a folder may not be entered.
        if os.path.islink(path):  # noqa: PTH114
            return os.path.realpath(path)
        folder = self._folders.get(path.parent)
        if folder is None:
            folder = self._folders[path.parent] = os.path.realpath(path.parent)
        return os.path.join(folder, path.name)


def _stands(path: Path) -> bool:
    """Return whether something stands at *path*, be it a link that leads nowhere."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        # There is something that may not be looked at; reading it will say what.
        return True
    return True


def _in_folder(
    folder: Path,
    snapshot: Snapshot,
    judged: _Once,
    on_progress: Callable[[SearchProgress], None],
    on_unreadable: Callable[[Path, Unreadable], None],
) -> Iterator[Target]:
    found: list[Path] = []
    settings = snapshot.settings(folder / "requirements.txt").settings
    for file in find_dependency_files(
        folder,
        snapshot.disk.filesystem,
        settings=settings,
        on_progress=on_progress,
        on_unreadable=on_unreadable,
    ):
        if not file.is_certain and not _looks_right(file.path, snapshot):
            continue
        if not _excluded(file.path, snapshot) and judged.is_new(file.path):
            found.append(file.path)
            yield Target(file.path, file.role)
    included: dict[Path, bool] = {}
    for path in found:
        for pulled in _included(path, snapshot):
            included.setdefault(pulled.path, pulled.is_constraint)
    for path, is_constraint in sorted(included.items()):
        if not path.is_relative_to(folder):
            continue
        if not _excluded(path, snapshot) and judged.is_new(path):
            yield Target(path, _role_of_included(path, is_constraint=is_constraint))


def _looks_right(path: Path, snapshot: Snapshot) -> bool:
    # What cannot be read under an uncertain name is as likely to be nobody's business.
    document = snapshot.document(path)
    return not isinstance(document, Unreadable) and looks_like_dependency_file(document.text)


def _excluded(path: Path, snapshot: Snapshot) -> bool:
    # The search knows the folder's own settings; a folder further down may have others.
    return snapshot.settings(path).settings.excludes(path)


def _included(path: Path, snapshot: Snapshot) -> Sequence[IncludedFile]:
    document = snapshot.document(path)
    if isinstance(document, Unreadable) or not document.traits.get(LineTrait.INCLUDE):
        return ()
    view = snapshot.view(path)
    return () if isinstance(view, Unreadable) else view.included


def _role_of_included(path: Path, *, is_constraint: bool) -> FileRole:
    role = classify_name(path)
    if role is None and is_constraint:
        is_input = path.suffix.lower() == ".in"
        return FileRole.CONSTRAINTS_INPUT if is_input else FileRole.CONSTRAINTS
    return role or role_of_named_file(path)
