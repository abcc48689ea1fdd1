"""The documents that the client has open: which file each is, whether it is judged, and its text.

Owns the way from a client's notification to a change of the workspace, and what is found in a
document as it is now. Text lives in the workspace only. Sends nothing.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from pinfold.core.files import LocalFileSystem, Unreadable, locale_encoding
from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.facts import Facts
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Finding, PlacedFinding
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import rules
from pinfold.core.settings import SETTINGS_FILE_NAMES
from pinfold.core.workspace.dependency_files import (
    classify_name,
    is_certain_name,
    looks_like_dependency_file,
    role_of_named_file,
)
from pinfold.core.workspace.workspace import (
    ChangedOnDisk,
    Closed,
    Edited,
    EnvironmentsAnswered,
    Opened,
    RootsChanged,
    Workspace,
)
from pinfold.lsp.convert import InvalidChange, edits_of_change, joined_halves, path_of_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.workspace.snapshot import Judgement, Snapshot
    from pinfold.lsp.convert import PositionEncoding

MAX_CHARACTERS = 16 * 1024 * 1024
"""The longest document that is judged, in code points, as with files on disk."""

UNSAVED_FOLDER = ".pinfold-unsaved"
"""Stands in the made-up paths of documents that are no local files; nothing is ever there."""

_LOGGER = logging.getLogger("pinfold.lsp")

_LANGUAGES = {
    "pip-requirements": False,
    "requirements": False,
    "requirementstxt": False,
    "pip-constraints": True,
}
"""The language ids that say what a document is, and whether that is a constraints file."""

# What these are may be included by a file that is judged; a Python file is not even read.
_PLAIN_LANGUAGES = frozenset({"", "plaintext", "text", "txt", "conf"})
_PLAIN_ENDINGS = frozenset({".txt", ".in", ".pip"})


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A document that the client has open and that we follow.

    `uri` is spelt as the client spells it. `is_judged` is false for prose, and for files that only
    count where another one includes them. `is_local` is false for what is no file on this machine:
    its `path` is made up. `is_too_large` says that its text is not followed any more.
    """

    uri: str
    path: Path
    version: int | None
    is_judged: bool
    is_local: bool
    role: FileRole | None
    is_too_large: bool = False


class Documents:
    """Every open document; lives as long as the session. Changes go through the workspace."""

    def __init__(
        self,
        encoding: PositionEncoding,
        roots: Sequence[Path],
        root_names: Mapping[Path, str] = MappingProxyType({}),
    ) -> None:
        self.encoding = encoding
        self._by_uri: dict[str, OpenFile] = {}
        self._by_path: dict[Path, OpenFile] = {}
        self._judged: dict[Path, tuple[int, Judgement]] = {}
        self._roots = tuple(roots)
        self._root_names = dict(root_names)
        self._workspace = Workspace(
            LocalFileSystem(),
            roots=self._roots,
            working_directory=_working_directory(self._roots),
            locale_encoding=locale_encoding(),
            facts=Facts(variables=frozenset(name for name, value in os.environ.items() if value)),
        )

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        return self._workspace.snapshot

    def __iter__(self) -> Iterator[OpenFile]:
        return iter(tuple(self._by_uri.values()))

    def at(self, uri: str) -> OpenFile | None:
        """Return the open document called *uri*, if we follow it."""
        return self._by_uri.get(uri)

    def of(self, path: Path) -> OpenFile | None:
        """Return the open document at *path*, if we follow it."""
        return self._by_path.get(path)

    def judges(self, path: Path) -> bool:
        """Return whether the file at *path* is open, and judged as what the editor says it is."""
        file = self._by_path.get(path)
        return file is not None and file.is_judged

    def open(self, uri: str, language: str, version: int | None, text: str) -> OpenFile | None:
        """Take in a document, in place of one that has its URI; ``None`` if it is none of ours."""
        local = path_of_uri(uri)
        path = local or self._made_up_path(uri)
        if not _is_followed(path, language, is_local=local is not None):
            return None
        file = OpenFile(
            uri,
            path,
            version,
            is_judged=_is_judged(path, language, text),
            is_local=local is not None,
            role=_role(path, language),
        )
        self._take_text(file, text)
        return self._by_path[path]

    def edit(self, uri: str, version: int | None, changes: Sequence[object]) -> OpenFile | None:
        """Apply changes, each to what the one before it left; ``None`` if we do not follow it.

        Raises:
            InvalidChange: one of *changes* is malformed; those before it are applied.
        """
        file = self._by_uri.get(uri)
        if file is None:
            return None
        file = self._keep(replace(file, version=version))
        for change in changes:
            file = self._edit_once(file, change)
        return file

    def close(self, uri: str) -> OpenFile | None:
        """Let go of a document; what is on disk counts again."""
        file = self._by_uri.pop(uri, None)
        if file is None:
            return None
        if self._by_path.get(file.path) is file:
            del self._by_path[file.path]
            self._judged.pop(file.path, None)
            self._workspace.apply(Closed(file.path))
        return file

    def saved(self, uri: str) -> OpenFile | None:
        """Take note that a document was written to disk, and judge anew whether it is prose."""
        path = path_of_uri(uri)
        if path is not None:
            self.changed_on_disk([path])
        file = self._by_uri.get(uri)
        if file is None or file.is_judged or file.is_too_large:
            return file
        opened = self.snapshot.documents.get(file.path)
        if opened is not None and _is_judged(file.path, "", opened.document.text):
            file = self._keep(replace(file, is_judged=True))
        return file

    def changed_on_disk(self, paths: Iterable[Path]) -> None:
        """Read again, when they are asked for, files that changed."""
        self._workspace.apply(ChangedOnDisk(tuple(paths)))

    @property
    def roots(self) -> tuple[Path, ...]:
        """The workspace folders."""
        return self._roots

    @property
    def root_names(self) -> Mapping[Path, str]:
        """What the client calls workspace folders, of those that it has a name for."""
        return self._root_names

    def environments_answered(self, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        """Take in what is known of environments."""
        self._workspace.apply(EnvironmentsAnswered(answers))

    def change_roots(
        self,
        added: Sequence[Path],
        removed: Sequence[Path],
        names: Mapping[Path, str] = MappingProxyType({}),
    ) -> None:
        """Add and remove workspace folders; *names* are those of the added."""
        kept = [root for root in self._roots if root not in removed]
        self._roots = (*kept, *(root for root in added if root not in kept))
        known = {**self._root_names, **names}
        self._root_names = {root: name for root, name in known.items() if root in self._roots}
        self._workspace.apply(RootsChanged(self._roots))

    def judge(self, file: OpenFile) -> Judgement:
        """Return what is found in *file* now; worked out once for each state of the workspace."""
        known = self.known_judgement(file)
        if known is not None:
            return known
        snapshot = self.snapshot
        judgement = judged(snapshot, file)
        self.remember(file, snapshot, judgement)
        return judgement

    def known_judgement(self, file: OpenFile) -> Judgement | None:
        """Return what is found in *file* now, if that has been worked out."""
        known = self._judged.get(file.path)
        return known[1] if known is not None and known[0] == self.snapshot.revision else None

    def remember(self, file: OpenFile, snapshot: Snapshot, judgement: Judgement) -> None:
        """Keep what was found in *file* as of *snapshot*."""
        self._judged[file.path] = (snapshot.revision, judgement)

    def including(self, path: Path) -> Iterator[OpenFile]:
        """Yield the judged documents that pull in the file at *path*, directly or not."""
        for file in self:
            if file.is_judged and file.path != path and path in self._included_by(file):
                yield file

    def _included_by(self, file: OpenFile) -> frozenset[Path]:
        is_open = file.path in self.snapshot.documents
        return included_by(self.snapshot, file.path, file.role) if is_open else frozenset()

    def _take_text(self, file: OpenFile, text: str) -> OpenFile:
        if len(text) > MAX_CHARACTERS:
            self._workspace.apply(Closed(file.path))
            return self._keep(replace(file, is_too_large=True))
        self._workspace.apply(Opened(file.path, joined_halves(text), file.version, file.role))
        return self._keep(replace(file, is_too_large=False))

    def _edit_once(self, file: OpenFile, change: object) -> OpenFile:
        opened = self.snapshot.documents.get(file.path)
        if opened is None:
            # It was too large; only the whole text says what it is now.
            is_whole = isinstance(change, dict) and change.get("range") is None
            text = change.get("text") if is_whole and isinstance(change, dict) else None
            return self._take_text(file, text) if isinstance(text, str) else self._keep(file)
        edits = edits_of_change(opened.document, change, self.encoding)
        if sum(len(text) for _, text in edits) + len(opened.document.text) > MAX_CHARACTERS:
            text = opened.document.text
            for span, replacement in edits:
                text = text[: span.start] + replacement + text[span.end :]
            return self._take_text(file, text)
        self._workspace.apply(Edited(file.path, edits, file.version))
        return self._keep(file)

    def _keep(self, file: OpenFile) -> OpenFile:
        self._by_uri[file.uri] = file
        self._by_path[file.path] = file
        return file

    def _made_up_path(self, uri: str) -> Path:
        # Below the workspace, so that its settings hold.
        root = self._roots[0] if self._roots else self.snapshot.working_directory
        return root / UNSAVED_FOLDER / (quote(uri, safe="")[-200:] or "document")


def judged(snapshot: Snapshot, file: OpenFile) -> Judgement:
    """Return what is found in *file* as of *snapshot*; safe to call from any thread."""
    if file.is_too_large:
        return _too_large(file)
    judgement = snapshot.judge(file.path, file.role)
    if file.is_local:
        return judgement
    # Nobody knows yet where the document will stand, so nobody knows what its paths mean.
    kept = [placed for placed in judgement.placed if placed.finding.rule != "missing-file"]
    return replace(judgement, placed=tuple(kept))


def included_by(snapshot: Snapshot, path: Path, role: FileRole | None = None) -> frozenset[Path]:
    """Return the paths of the files that the one at *path* pulls in, or would if they were there.

    *role* is that of the file; it has no bearing on the answer, but spares working it out twice.
    """
    document = snapshot.document(path)
    if isinstance(document, Unreadable) or not document.traits.get(LineTrait.INCLUDE):
        return frozenset()
    view = snapshot.view(path, role)
    if isinstance(view, Unreadable):
        return frozenset()
    missing = (include.path for include in view.includes if include.path is not None)
    return frozenset((*(file.path for file in view.included), *missing))


def settings_files(snapshot: Snapshot, path: Path) -> Iterator[Path]:
    """Yield the places where settings for the file at *path* may stand."""
    root = snapshot.root(path)
    for folder in path.parents:
        for name in SETTINGS_FILE_NAMES:
            yield folder / name
        if folder == root or not folder.is_relative_to(root):
            return


def _is_followed(path: Path, language: str, *, is_local: bool) -> bool:
    if language in _LANGUAGES:
        return True
    if not is_local:
        return False
    if classify_name(path) is not None:
        return True
    return language in _PLAIN_LANGUAGES or path.suffix.lower() in _PLAIN_ENDINGS


def _is_judged(path: Path, language: str, text: str) -> bool:
    # Editors give the language by patterns that take in product-requirements.txt, so that for a
    # name which may be that of prose, the text has to tell.
    if classify_name(path) is not None:
        return is_certain_name(path) or looks_like_dependency_file(text)
    return language in _LANGUAGES


def _role(path: Path, language: str) -> FileRole | None:
    """Return the role that the language id gives; ``None`` where the name says more."""
    if classify_name(path) is not None or not _LANGUAGES.get(language, False):
        return None
    is_input = role_of_named_file(path) is FileRole.INPUT
    return FileRole.CONSTRAINTS_INPUT if is_input else FileRole.CONSTRAINTS


def _too_large(file: OpenFile) -> Judgement:
    from pinfold.core.workspace.snapshot import Judgement

    rule = rules()["unreadable-file"]
    finding = Finding(
        TextRange(0, 0),
        f"this document is larger than {MAX_CHARACTERS:,} characters and is not judged",
        rule=rule.name,
        severity=rule.default,
    )
    return Judgement(file.path, role_of_named_file(file.path), None, (PlacedFinding(0, finding),))


def _working_directory(roots: Sequence[Path]) -> Path:
    if roots:
        return roots[0]
    try:
        here = Path.cwd()
        home = Path.home()
    except (OSError, RuntimeError):
        return Path(os.sep) / UNSAVED_FOLDER
    # An editor started from a desktop runs in the home directory or in the root, and whatever
    # settings stand there are not those of the file that is looked at.
    return here / UNSAVED_FOLDER if home.is_relative_to(here) else here


__all__ = [
    "MAX_CHARACTERS",
    "UNSAVED_FOLDER",
    "Documents",
    "InvalidChange",
    "OpenFile",
    "included_by",
    "judged",
    "settings_files",
]
