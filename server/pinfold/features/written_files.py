"""Requirements files that an operation writes, or takes back: as texts before and after.

Owns whether a file is one that requirements can be saved in, what becomes of it and of those that
it includes, and what of that can be taken back. Where in a file a requirement belongs is
:mod:`.saving_requirements`' to say. Nothing is written here: a terminal writes files, an editor has
its client edit them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.journal import WrittenFile
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.files import Unreadable, UnreadableReason
from pinfold.core.formats.document import Document
from pinfold.core.formats.entry import EntryKind
from pinfold.core.model.finding import Edit
from pinfold.core.model.plan import LineChange
from pinfold.core.model.text import TextRange
from pinfold.core.workspace.dependency_files import classify_name, looks_like_dependency_file
from pinfold.features.fixing import composed, edited_text
from pinfold.features.saving_requirements import (
    NotSaved,
    SaveFile,
    save_files,
    saved_version,
    to_remove,
    to_save,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages, MarkerEnvironment
    from pinfold.core.model.plan import Plan
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.saving_requirements import Saving

MAX_KEPT_CHARACTERS = 256 * 1024
"""How much text of files is kept with the change that they belong to, before and after."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What becomes of one file.

    `document` is what it is, ``None`` if it is not there yet; `after` is its text then, ``None`` if
    it goes. `edits` lead from the one to the other.
    """

    path: Path
    document: Document | None
    after: str | None
    edits: tuple[Edit, ...]

    @property
    def before(self) -> str | None:
        """The text that it has, ``None`` if it is not there yet."""
        return None if self.document is None else self.document.text


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What of written files is taken back; `left` are sentences about those that stay."""

    rewrites: tuple[Rewrite, ...] = ()
    left: tuple[str, ...] = ()


def lines_to_save(
    requirements: Iterable[str],
    editables: Iterable[str],
    installed: InstalledPackages | None,
    plan: Plan | None = None,
) -> tuple[str, ...]:
    """Return the lines that are kept of what was installed, those without a version pinned.

    With *plan*, which is not carried out yet, to the versions that it has. A version that nobody
    knows yet is left out.
    """
    versions: dict[PackageName, tuple[str, str]] = {}
    for found in () if installed is None else installed.by_name.values():
        versions[found.key] = found.name, found.version
    for change in () if plan is None else plan.changes:
        if change.after is not None:
            versions[change.key] = change.after.name, change.after.version
    return (
        *(saved_version(text, versions) for text in requirements),
        *(f"-e {text}" for text in editables),
    )


def rewrites_to_save(
    snapshot: Snapshot,
    path: Path,
    lines: Sequence[str],
    markers: MarkerEnvironment | None,
    within: Sequence[Path] = (),
) -> tuple[Rewrite, ...] | Refusal:
    """Return how *lines* get into the file at *path*, or why they cannot.

    What it includes is edited only in its own folder and below, and *within* the others.
    """
    drafts = _drafts(snapshot, path, is_made=True)
    if isinstance(drafts, Refusal):
        return drafts
    for line in lines:
        saving = to_save(_current(drafts), line, markers=markers)
        if isinstance(saving, NotSaved):
            return Refusal(RefusalReason.INVALID, saving.message, saving.action)
        drafts[saving.path].edit(saving)
    return _rewrites(drafts, (path.parent, *within))


def rewrites_to_remove(
    snapshot: Snapshot, path: Path, keys: Iterable[PackageName], within: Sequence[Path] = ()
) -> tuple[Rewrite, ...] | Refusal:
    """Return how every requirement of *keys* gets out of the file at *path*, or why not."""
    drafts = _drafts(snapshot, path, is_made=False)
    if isinstance(drafts, Refusal):
        return drafts
    for key in keys:
        for saving in to_remove(_current(drafts), key):
            drafts[saving.path].edit(saving)
    return _rewrites(drafts, (path.parent, *within))


def rewrites_back(snapshot: Snapshot, files: Iterable[WrittenFile]) -> TakenBack:
    """Return how *files* become what they were: those that are still as they were left."""
    rewrites: list[Rewrite] = []
    left: list[str] = []
    for file in files:
        name = file.path.name
        if not file.is_kept:
            left.append(f"{name} was written too, is too large to be kept, and stays as it is.")
            continue
        document = snapshot.document(file.path)
        if isinstance(document, Unreadable) and document.reason is not UnreadableReason.MISSING:
            left.append(f"{name} was written too, {document.detail}, and stays as it is.")
            continue
        now = None if isinstance(document, Unreadable) else document
        text = None if now is None else now.text
        if text == file.before:
            continue
        if text != file.after:
            left.append(f"{name} was changed since it was written, and stays as it is.")
            continue
        edits = _difference(text or "", file.before or "")
        if now is not None and (problem := _why_not_written(file.path)) is not None:
            left.append(f"{name} {problem}, and stays as it is.")
            continue
        rewrites.append(Rewrite(file.path, now, file.before, edits))
    return TakenBack(tuple(rewrites), tuple(left))


def written_files(rewrites: Iterable[Rewrite]) -> tuple[WrittenFile, ...]:
    """Return what is to be kept of *rewrites*, for somebody to take them back."""
    found = []
    room = MAX_KEPT_CHARACTERS
    for one in rewrites:
        size = len(one.before or "") + len(one.after or "")
        is_kept = size <= room
        room -= size if is_kept else 0
        found.append(
            WrittenFile(one.path, one.before, one.after)
            if is_kept
            else WrittenFile(one.path, None, None, is_kept=False)
        )
    return tuple(found)


def line_changes(rewrites: Iterable[Rewrite]) -> tuple[LineChange, ...]:
    """Return the lines that change, for people; in order within each file."""
    return tuple(change for one in rewrites for change in _line_changes(one))


def _line_changes(rewrite: Rewrite) -> Iterable[LineChange]:
    old, new = _lines(rewrite.before), _lines(rewrite.after)
    for tag, start, end, first, last in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        for index in range(max(end - start, last - first)):
            before = old[start + index] if start + index < end else None
            after = new[first + index] if first + index < last else None
            line = start + index if after is None else first + index
            yield LineChange(rewrite.path, line, before, after)


def _lines(text: str | None) -> list[str]:
    # As an editor counts them.
    return [] if not text else _LINE_END.split(text.removesuffix("\n").removesuffix("\r"))


_LINE_END = re.compile(r"\r\n|\n|\r")


def _difference(old: str, new: str) -> tuple[Edit, ...]:
    """Return the one edit that makes *new* of *old*."""
    if old == new:
        return ()
    shorter = min(len(old), len(new))
    start = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    rest = shorter - start
    end = 0
    while end < rest and old[-1 - end] == new[-1 - end]:
        end += 1
    return (Edit(TextRange(start, len(old) - end), new[start : len(new) - end]),)


@dataclass(slots=True)
class _Draft:
    """A file and what has become of it so far; `document` is ``None`` for one that is not there."""

    document: Document | None
    now: Document
    edits: tuple[Edit, ...] = ()

    def edit(self, saving: Saving) -> None:
        """Make edits of what it is now."""
        length = 0 if self.document is None else len(self.document.text)
        self.edits = composed(length, self.edits, saving.edits)
        self.now = Document.read(edited_text(self.now.text, saving.edits))


def _drafts(snapshot: Snapshot, path: Path, *, is_made: bool) -> dict[Path, _Draft] | Refusal:
    if is_made and path not in snapshot.documents and not os.path.lexists(path):
        refusal = _refusal_to_make(path)
        return refusal or {path: _Draft(None, Document.read(""))}
    view = snapshot.view(path)
    if isinstance(view, Unreadable):
        return _refused(f"{path.name} {view.detail}", "name a requirements file")
    refusal = _refusal_to_edit(path, view.document)
    if refusal is not None:
        return refusal
    return {file.path: _Draft(file.document, file.document) for file in save_files(view)}


def _current(drafts: Mapping[Path, _Draft]) -> list[SaveFile]:
    return [SaveFile(path, draft.now) for path, draft in drafts.items()]


def _rewrites(
    drafts: Mapping[Path, _Draft], folders: Sequence[Path]
) -> tuple[Rewrite, ...] | Refusal:
    found = [
        Rewrite(path, draft.document, draft.now.text, draft.edits)
        for path, draft in drafts.items()
        if draft.edits
    ]
    for one in found:
        if not any(one.path.is_relative_to(folder) for folder in folders):
            return _refused(
                f"it is required in {one.path}, which is outside of the project", "change it there"
            )
        if one.document is not None and (problem := _why_not_written(one.path)) is not None:
            return _refused(f"{one.path.name} {problem}", "name another file")
    return tuple(found)


def _refusal_to_make(path: Path) -> Refusal | None:
    """Return why no requirements file can be made at *path*."""
    folder = path.parent
    if not folder.is_dir():
        is_there = os.path.lexists(folder)
        reason = "is not a folder" if is_there else "does not exist"
        return _refused(f"{folder} {reason}", "name another file")
    if path.suffix not in _SUFFIXES:
        return _refused(
            f"there is no file {path.name}, and what a new requirements file is called ends in"
            " .txt or .in",
            "name such a file",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return _refused(f"nothing can be written into {folder}", "name another file")
    return None


def _refusal_to_edit(path: Path, document: Document) -> Refusal | None:
    """Return why no requirement is written into a file that is there."""
    text = document.text
    by_whom = _COMPILED.search(text[:_HEADER_CHARACTERS])
    if by_whom is not None:
        source = _SOURCE.search(text[:_HEADER_CHARACTERS])
        where = source["name"] if source is not None else "the file that it is made from"
        return _refused(
            f"{path.name} is made by a program, which would write over it", f"name {where}"
        )
    if classify_name(path) is not None:
        return None
    kinds = {entry.kind for _, entry in document.entries}
    is_good = EntryKind.ERROR not in kinds and bool(kinds)
    if is_good or (path.suffix in _SUFFIXES and looks_like_dependency_file(text)):
        return None
    return _refused(f"{path.name} is not a requirements file", "name one")


_SUFFIXES = (".txt", ".in")


_HEADER_CHARACTERS = 4_000
# What pip-compile, uv, pdm, pipenv and hatch write at the top, or near it.
_COMPILED = re.compile(
    r"^#.{0,60}?(?:@generated|auto-?generated|automatically generated|generated by)\b",
    re.MULTILINE | re.IGNORECASE,
)
_SOURCE = re.compile(r"^#.{0,200}?(?P<name>[\w./-]+\.in|pyproject\.toml)\b", re.MULTILINE)


def _why_not_written(path: Path) -> str | None:
    """Return in a clause why what is at *path* cannot be replaced; ``None`` if it can."""
    real = os.path.realpath(path)
    if os.path.lexists(real) and not os.access(real, os.W_OK):
        return "may not be written"
    folder = os.path.dirname(real)
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"cannot be replaced, for nothing can be written into {folder}"
    return None


def _refused(message: str, action: str) -> Refusal:
    return Refusal(RefusalReason.INVALID, message, action)
