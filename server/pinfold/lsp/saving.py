"""The argument `save`: what was installed is written into a requirements file, or taken out.

Owns that the client makes the edits, so that what is open stays as it is shown and can be undone
there. Where in the file is :mod:`pinfold.features.saving_requirements`' to say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.conversation import Severity
from pinfold.core.files import Unreadable
from pinfold.core.formats.document import Document
from pinfold.features.fixing import composed, edited_text
from pinfold.features.saving_requirements import (
    NotSaved,
    SaveFile,
    save_files,
    saved_text,
    to_remove,
    to_save,
)
from pinfold.lsp.command_places import own_files, written
from pinfold.lsp.transport import in_thread
from pinfold.lsp.workspace_edits import FileEdits, apply_edits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.environments.conversation import Conversation
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.finding import Edit
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.saving_requirements import Saving
    from pinfold.lsp.commands import Session


async def save_installed(
    session: Session,
    conversation: Conversation,
    path: Path,
    texts: Sequence[str],
    editables: Sequence[str],
    installed: InstalledPackages | None,
) -> None:
    """Write into the file at *path* what was installed; say so if that is not possible."""
    lines = [
        *(saved_text(text, installed) for text in texts),
        *(f"-e {text}" for text in editables),
    ]
    snapshot = own_files(session.documents.snapshot)
    found = await in_thread(partial(_added, snapshot, path, lines, installed))
    problem = found if isinstance(found, str) else await _applied(session, found)
    if problem is not None:
        message = f"It is installed, but not written into {written(path)}: {problem}."
        conversation.tell(message, Severity.WARNING)


async def save_uninstalled(
    session: Session, conversation: Conversation, path: Path, keys: Sequence[PackageName]
) -> None:
    """Take what was removed out of the file at *path*; say so if that is not possible."""
    snapshot = own_files(session.documents.snapshot)
    found = await in_thread(partial(_removed, snapshot, path, keys))
    problem = found if isinstance(found, str) else await _applied(session, found)
    if problem is not None:
        message = f"It is removed, but not taken out of {written(path)}: {problem}."
        conversation.tell(message, Severity.WARNING)


async def _applied(session: Session, files: Sequence[FileEdits]) -> str | None:
    return await apply_edits(session, "Save requirements", files) if files else None


@dataclass(slots=True)
class _Draft:
    """A file and what has become of it so far; `document` is ``None`` for one that is not there."""

    document: Document | None
    now: Document
    edits: tuple[Edit, ...] = ()

    def edit(self, edits: Sequence[Edit]) -> None:
        """Make edits of what it is now."""
        length = 0 if self.document is None else len(self.document.text)
        self.edits = composed(length, self.edits, edits)
        self.now = Document.read(edited_text(self.now.text, edits))


def _added(
    snapshot: Snapshot, path: Path, lines: Sequence[str], installed: InstalledPackages | None
) -> list[FileEdits] | str:
    drafts = _drafts(snapshot, path, is_made=True)
    if isinstance(drafts, str):
        return drafts
    markers = None if installed is None else installed.environment.markers
    for line in lines:
        saving = to_save(_current(drafts), line, markers=markers)
        if isinstance(saving, NotSaved):
            return saving.message
        _take(drafts, saving)
    return _edits(drafts)


def _removed(snapshot: Snapshot, path: Path, keys: Sequence[PackageName]) -> list[FileEdits] | str:
    drafts = _drafts(snapshot, path, is_made=False)
    if isinstance(drafts, str):
        return drafts
    for key in keys:
        for saving in to_remove(_current(drafts), key):
            _take(drafts, saving)
    return _edits(drafts)


def _drafts(snapshot: Snapshot, path: Path, *, is_made: bool) -> dict[Path, _Draft] | str:
    if is_made and path not in snapshot.documents and not os.path.lexists(path):
        return {path: _Draft(None, Document.read(""))}
    view = snapshot.view(path)
    if isinstance(view, Unreadable):
        return view.detail
    return {file.path: _Draft(file.document, file.document) for file in save_files(view)}


def _current(drafts: dict[Path, _Draft]) -> list[SaveFile]:
    return [SaveFile(path, draft.now) for path, draft in drafts.items()]


def _take(drafts: dict[Path, _Draft], saving: Saving) -> None:
    drafts[saving.path].edit(saving.edits)


def _edits(drafts: dict[Path, _Draft]) -> list[FileEdits]:
    return [
        FileEdits(path, draft.document, draft.edits)
        for path, draft in drafts.items()
        if draft.edits
    ]
