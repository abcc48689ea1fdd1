"""All that a read may see at one moment: documents, files on disk, settings, environments, facts.

Owns the judging of one file: what is read, what is followed, which settings weigh it. Frozen: work
in flight keeps its snapshot whatever happens meanwhile. What it reads from disk is read once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING
from weakref import ref

from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.files import Unreadable, UnreadableReason, is_local_path
from pinfold.core.formats.document import Document
from pinfold.core.formats.encoding import EncodingSource, Undecodable, decode_requirements
from pinfold.core.formats.summary import LineTrait, is_exact_pin, summary_of
from pinfold.core.model.finding import Finding, PlacedFinding, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import rules
from pinfold.core.rules.run import check_file
from pinfold.core.rules.view import Encoding, FileView
from pinfold.core.settings import ProjectSettings, SettingsCache, find_settings
from pinfold.core.workspace.dependency_files import role_of_named_file
from pinfold.core.workspace.includes import edges_of, follow_includes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from weakref import ReferenceType

    from pinfold.core.files import FileIdentity, FileSystem
    from pinfold.core.formats.encoding import DecodedText
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.model.facts import Facts
    from pinfold.core.model.files import FileRole
    from pinfold.core.rules.view import IncludedFile
    from pinfold.core.settings import FoundSettings
    from pinfold.core.workspace.includes import Edge

MAX_DIGESTED_BYTES = 64 * 1024 * 1024
"""The largest archive whose digest is compared with a file's hashes."""

MAX_DIGESTS = 1_000
"""How many digests are kept."""


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A file that an editor shows. `version` is the editor's own count."""

    path: Path
    document: Document
    version: int | None
    role: FileRole | None


@dataclass(frozen=True)
class DiskFile:
    """A file as read from disk."""

    decoded: DecodedText

    @cached_property
    def document(self) -> Document:
        """What its text says; of a file that is open nobody asks this."""
        return Document.read(self.decoded.text)


class DiskFiles:
    """What has been read from disk so far; a file is read once until it is said to have changed.

    `queries`, `roots` and `settings` are what :class:`Snapshot` has answered for the files of each
    folder; kept here because they rest on files on disk, and are asked for more than once a file.
    """

    def __init__(self, filesystem: FileSystem, locale_encoding: str) -> None:
        self.filesystem = filesystem
        self._locale_encoding = locale_encoding
        self._files: dict[Path, DiskFile | Unreadable] = {}
        self._settings = SettingsCache()
        self._edges: dict[Path, tuple[Document, tuple[Edge, ...]]] = {}
        self._repositories: dict[Path, Path | None] = {}
        self.queries: dict[Path, EnvironmentQuery] = {}
        self.roots: dict[Path, Path] = {}
        self.settings: dict[Path, FoundSettings] = {}
        self._digests: dict[tuple[FileIdentity, str], str] = {}

    def without(self, paths: Iterable[Path]) -> DiskFiles:
        """Return the same files, with those at *paths* to be read again; settings too."""
        fresh = DiskFiles(self.filesystem, self._locale_encoding)
        gone = set(paths)
        fresh._files = {path: file for path, file in self._files.items() if path not in gone}
        fresh._edges = self._edges
        fresh._digests = self._digests
        return fresh

    def learn(self, other: DiskFiles) -> None:
        """Take over what *other*, a copy of this, has read; nobody may be reading with it still."""
        for path, file in other._files.items():
            self._files.setdefault(path, file)

    def edges(self, path: Path, document: Document) -> tuple[Edge, ...]:
        """Return the includes of *document*, which is the file at *path*."""
        known = self._edges.get(path)
        if known is None or known[0] is not document:
            known = self._edges[path] = (document, edges_of(path, document))
        return known[1]

    def repository(self, folder: Path) -> Path | None:
        """Return the root of the repository that holds *folder*, if one does."""
        if folder not in self._repositories:
            if self.filesystem.exists(folder / ".git"):
                self._repositories[folder] = folder
            else:
                above = folder.parent
                self._repositories[folder] = None if above == folder else self.repository(above)
        return self._repositories[folder]

    def read(self, path: Path) -> DiskFile | Unreadable:
        """Return the file at *path*, or why it cannot be read."""
        known = self._files.get(path)
        if known is None:
            known = self._files[path] = self._read(path)
        return known

    def settings_for(self, path: Path, root: Path) -> FoundSettings:
        """Return the settings that hold for the file at *path*, searched up to *root*."""
        return find_settings(path, root, self.filesystem, rules().keys(), self._settings)

    def digest(self, path: str, algorithm: str) -> str | None:
        """Return the hexadecimal digest of the file at *path*, ``None`` if it is too large."""
        identity = self.filesystem.identity(path)
        if identity is None or identity.size > MAX_DIGESTED_BYTES:
            return None
        key = (identity, algorithm)
        if key not in self._digests:
            data = self.filesystem.read_bytes(path, MAX_DIGESTED_BYTES)
            if isinstance(data, Unreadable):
                return None
            import hashlib

            if len(self._digests) >= MAX_DIGESTS:
                self._digests.clear()
            self._digests[key] = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
        return self._digests[key]

    def _read(self, path: Path) -> DiskFile | Unreadable:
        data = self.filesystem.read_bytes(path)
        if isinstance(data, Unreadable):
            return data
        decoded = decode_requirements(data, self._locale_encoding)
        if isinstance(decoded, Undecodable):
            binary = b"\0" in data[:1024]
            detail = "is a binary file" if binary else decoded.reason
            return Unreadable(UnreadableReason.FAILED, detail)
        return DiskFile(decoded)


class FactsByAnswer:
    """The facts of files, by the answer about their environment.

    The same answer and the same facts of the workspace give the same object: findings that are kept
    with their lines hold for as long as it does.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[EnvironmentAnswer, tuple[Facts, Facts]] = {}

    def of(self, facts: Facts, answer: EnvironmentAnswer) -> Facts:
        """Return *facts* with what *answer* adds to them.

        Versions that somebody named win over those that are installed.
        """
        known = self._known.get(answer)
        if known is None or known[0] is not facts:
            known = self._known[answer] = (facts, _with_environment(facts, answer))
        return known[1]

    def only(self, answers: Iterable[EnvironmentAnswer]) -> FactsByAnswer:
        """Return the same, without what no one of *answers* needs any more."""
        kept = FactsByAnswer()
        kept._known = {
            answer: self._known[answer] for answer in set(answers) if answer in self._known
        }
        return kept


def _with_environment(facts: Facts, answer: EnvironmentAnswer) -> Facts:
    packages = answer.packages
    installed = {} if packages is None else packages.by_name
    versions = {name: distribution.version for name, distribution in installed.items()}
    return replace(facts, versions={**versions, **facts.versions}, environment=answer)


@dataclass(frozen=True)
class Judgement:
    """What is found in one file. `document` is ``None`` where the file cannot be read."""

    path: Path
    role: FileRole
    document: Document | None
    placed: tuple[PlacedFinding, ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, with ranges in the file, in the order of the file."""
        return tuple(placed.absolute() for placed in self.placed)


@dataclass(frozen=True)
class Snapshot:
    """Documents, files, settings, environments and facts at one moment.

    `revision` grows with every change. `inventory` has what is known of environments; a file whose
    query is not in it is judged without one. `facts` are those that hold for every file. With
    `searches_above_roots`, `roots` are merely what somebody named, not the folders of a workspace,
    and environments are also looked for in the rest of the repository.
    """

    documents: Mapping[Path, OpenDocument]
    disk: DiskFiles
    roots: tuple[Path, ...]
    working_directory: Path
    facts: Facts
    revision: int
    inventory: Mapping[EnvironmentQuery, EnvironmentAnswer] = field(default_factory=dict)
    searches_above_roots: bool = False
    facts_by_answer: FactsByAnswer = field(default_factory=FactsByAnswer, compare=False, repr=False)
    _views: dict[tuple[Path, FileRole], FileView | Unreadable] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def document(self, path: Path) -> Document | Unreadable:
        """Return the open document at *path*, else the file on disk, or why it cannot be read."""
        opened = self.documents.get(path)
        if opened is not None:
            return opened.document
        file = self.disk.read(path)
        return file if isinstance(file, Unreadable) else file.document

    def role(self, path: Path) -> FileRole:
        """Return the part that the file at *path* plays, by what the editor or its name says."""
        opened = self.documents.get(path)
        if opened is not None and opened.role is not None:
            return opened.role
        return role_of_named_file(path)

    def settings(self, path: Path) -> FoundSettings:
        """Return the settings that hold for the file at *path*, with what is wrong in them."""
        known = self.disk.settings.get(path.parent)
        if known is None:
            known = self.disk.settings_for(path, self.root(path))
            self.disk.settings[path.parent] = known
        return known

    def root(self, path: Path) -> Path:
        """Return the folder beyond which settings are not searched.

        The nearest repository, else the workspace folder that holds the file, else its own folder.
        """
        folder = path.parent
        known = self.disk.roots.get(folder)
        if known is None:
            repository = self.disk.repository(folder)
            known = repository or self._root_of(folder) or self._start_of(folder) or folder
            self.disk.roots[folder] = known
        return known

    def environment_query(self, path: Path) -> EnvironmentQuery:
        """Return the question for the environment that the file at *path* is judged against.

        It is looked for up to the workspace folder that holds the file, else up to the root of its
        repository, else to the working directory, else in its own folder.
        """
        folder = path.parent
        known = self.disk.queries.get(folder)
        if known is None:
            known = self.disk.queries[folder] = self._environment_query(folder)
        return known

    def _environment_query(self, folder: Path) -> EnvironmentQuery:
        configured = self.settings(folder / "requirements.txt").settings.environment_path
        repository, root = self.disk.repository(folder), self._root_of(folder)
        start = self._start_of(folder)
        places = (
            (repository, start, root) if self.searches_above_roots else (root, repository, start)
        )
        stop = next(filter(None, places), folder)
        return EnvironmentQuery(folder, stop, configured)

    def facts_of(self, path: Path) -> Facts:
        """Return what is known of the world for the file at *path*; the same object for long."""
        if not self.inventory:
            return self.facts
        answer = self.inventory.get(self.environment_query(path))
        return self.facts if answer is None else self.facts_by_answer.of(self.facts, answer)

    def with_answers(self, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> Snapshot:
        """Return this snapshot with more, or other, that is known of environments."""
        inventory = {**self.inventory, **answers}
        facts_by_answer = self.facts_by_answer.only(inventory.values())
        return replace(self, inventory=inventory, facts_by_answer=facts_by_answer)

    def _root_of(self, folder: Path) -> Path | None:
        holding = [root for root in self.roots if folder.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=None)

    def _start_of(self, folder: Path) -> Path | None:
        holds = folder.is_relative_to(self.working_directory)
        return self.working_directory if holds else None

    def view(self, path: Path, role: FileRole | None = None) -> FileView | Unreadable:
        """Return what rules see of the file at *path*; worked out once for each snapshot."""
        key = (path, role or self.role(path))
        if key not in self._views:
            self._views[key] = self._view(*key)
        return self._views[key]

    def _view(self, path: Path, role: FileRole) -> FileView | Unreadable:
        document = self.document(path)
        if isinstance(document, Unreadable):
            return document
        # pip takes a path from its working directory, which nobody can know: these are tried.
        places = (path.parent, self.root(path), self.working_directory, *self.roots)
        includes, included = follow_includes(path, document, self.document, self.disk.edges)
        return FileView(
            path,
            role,
            document,
            self.facts_of(path),
            includes,
            included,
            _constrained(included),
            self._encoding(path),
            # Not bound to the snapshot, which keeps this view: the two would be a circle, and each
            # edit's documents stay in memory until somebody looks for circles.
            partial(_path_exists, self.disk.filesystem, places),
            partial(_digest, self.disk, places),
            partial(_is_judged_alike, ref(self), self.facts_of(path)),
        )

    def judge(self, path: Path, role: FileRole | None = None) -> Judgement:
        """Return every finding in the file at *path*."""
        role = role or self.role(path)
        settings = self.settings(path).settings
        view = self.view(path, role)
        if isinstance(view, Unreadable):
            return Judgement(path, role, None, _unreadable(view, settings, path))
        return Judgement(path, role, view.document, check_file(view, settings))

    def _encoding(self, path: Path) -> Encoding | None:
        file = self.disk.read(path)
        if isinstance(file, Unreadable):
            return None
        decoded = file.decoded
        usual = decoded.encoding.lower().replace("_", "-") in {"utf-8", "utf8", "ascii", "us-ascii"}
        detail = {
            EncodingSource.BOM: "by its byte-order mark",
            EncodingSource.DECLARED: "by its coding comment",
            EncodingSource.DEFAULT: "by default",
            EncodingSource.LOCALE: "by the locale of this machine, which is not everybody's",
        }[decoded.source]
        return Encoding(decoded.encoding, usual, detail)


def _path_exists(filesystem: FileSystem, places: Iterable[Path], text: str) -> bool | None:
    """Return whether a path that a file names exists, from wherever pip may be run."""
    if "${" in text or not is_local_path(text):
        return None
    if os.path.isabs(text):  # noqa: PTH117 - it is a file's text, not yet a path of ours
        return filesystem.exists(text)
    return any(filesystem.exists(place / text) for place in places)


def _digest(disk: DiskFiles, places: Iterable[Path], text: str, algorithm: str) -> str | None:
    """Return the digest of the archive that a file names, from wherever pip may be run."""
    if "${" in text or not is_local_path(text):
        return None
    for place in places:
        path = os.path.join(place, text)
        if disk.filesystem.is_file(path):
            return disk.digest(path, algorithm)
    return None


def _is_judged_alike(snapshot: ReferenceType[Snapshot], facts: Facts, path: Path) -> bool:
    """Return whether the file at *path*, judged by itself, tells what of *facts* is broken."""
    there = snapshot()
    if there is None:
        return True
    rule = rules()["broken-dependency"]
    default = rule.defaults[there.role(path)]
    severity = there.settings(path).settings.severity_of(rule.name, default, path)
    return severity is not Severity.OFF and there.facts_of(path).environment is facts.environment


def _constrained(included: Iterable[IncludedFile]) -> Mapping[PackageName, str]:
    """Return the versions that constraints files fix."""
    versions: dict[PackageName, str] = {}
    for file in included:
        if not file.is_constraint:
            continue
        for _, line in file.document.with_trait(LineTrait.PINNED):
            name = summary_of(line).name
            specifier = line.texts[2]
            if name is not None and specifier is not None and is_exact_pin(specifier):
                versions[name] = specifier.lstrip("= ")
    return versions


def _unreadable(
    unreadable: Unreadable, settings: ProjectSettings, path: Path
) -> tuple[PlacedFinding, ...]:
    rule = rules()["unreadable-file"]
    severity = settings.severity_of(rule.name, rule.default, path)
    too_large = unreadable.reason is UnreadableReason.TOO_LARGE
    subject = "this file is not judged" if too_large else "pip cannot read this file"
    finding = Finding(
        TextRange(0, 0), f"{subject}: it {unreadable.detail}", rule=rule.name, severity=severity
    )
    return (PlacedFinding(0, finding),)
