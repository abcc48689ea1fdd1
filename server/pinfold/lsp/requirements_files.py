"""Requirements files as an installer reads them: which there are in a folder, and what is on disk.

Owns the difference between what an editor shows and what is on disk. Everything but
:func:`on_disk` blocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.prepared import UnreadableFile
from pinfold.core.files import Unreadable, locale_encoding
from pinfold.core.workspace.dependency_files import (
    classify_name,
    is_certain_name,
    looks_like_dependency_file,
)
from pinfold.core.workspace.snapshot import DiskFiles
from pinfold.features.operations import asked_files
from pinfold.features.projects import INSTALLED_ROLES, REQUIREMENTS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pinfold.core.workspace.snapshot import Snapshot

MAX_FILES = 100
"""How many files are offered at most."""


def on_disk(snapshot: Snapshot) -> Snapshot:
    """Return *snapshot* as if nothing were open, with every file to be read anew."""
    disk = DiskFiles(snapshot.disk.filesystem, locale_encoding())
    return replace(snapshot, documents={}, disk=disk)


def requirements_files(folder: Path, snapshot: Snapshot) -> tuple[Path, ...]:
    """Return the files in *folder* that one installs from, the usual one first.

    Those in a folder ``requirements`` below it count, too. What a resolver compiles does not where
    what came of it is there.
    """
    found = [*_in_folder(folder, snapshot), *_in_folder(folder / REQUIREMENTS_FOLDER, snapshot)]
    compiled = {path.with_suffix("") for path in found if path.suffix != ".in"}
    kept = [path for path in found if path.suffix != ".in" or path.with_suffix("") not in compiled]
    kept.sort(key=lambda path: (path.name != "requirements.txt", len(path.parts), path))
    return tuple(kept[:MAX_FILES])


def _in_folder(folder: Path, snapshot: Snapshot) -> Iterator[Path]:
    names = snapshot.disk.filesystem.names(folder)
    if isinstance(names, Unreadable):
        return
    for name in sorted(names):
        path = folder / name
        if classify_name(path) not in INSTALLED_ROLES:
            continue
        document = snapshot.document(path)
        if isinstance(document, Unreadable):
            continue
        if is_certain_name(path) or looks_like_dependency_file(document.text):
            yield path


def unsaved_files(shown: Snapshot, disk: Snapshot, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return those of *paths*, and of what they include, that the editor shows otherwise.

    *shown* has what it shows, and *disk* what an installer reads.
    """
    concerned = {*_with_included(shown, paths), *_with_included(disk, paths)}
    found = []
    for path in sorted(concerned & shown.documents.keys()):
        document = disk.document(path)
        text = None if isinstance(document, Unreadable) else document.text
        if shown.documents[path].document.text != text:
            found.append(path)
    return tuple(found)


def _with_included(snapshot: Snapshot, paths: Sequence[Path]) -> Iterator[Path]:
    own = replace(snapshot, disk=snapshot.disk.without(()))
    for path in paths:
        yield path
        try:
            yield from (file.path for file in asked_files(own, [path]))
        except UnreadableFile:
            # The operation says so.
            continue
