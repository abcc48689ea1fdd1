"""The one mutable object: documents, environments, facts as they are now, and every change to them.

Owns the current :class:`Snapshot`. A change comes in through :meth:`Workspace.apply` and no other
way; whoever reads takes a snapshot and keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinfold.core.formats.document import Document
from pinfold.core.workspace.snapshot import DiskFiles, OpenDocument, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.model.facts import Facts
    from pinfold.core.model.files import FileRole
    from pinfold.core.model.text import TextRange


@dataclass(frozen=True, slots=True)
class Opened:
    """An editor shows *path* and owns its text from now on; `role` if the editor says it."""

    path: Path
    text: str
    version: int | None = None
    role: FileRole | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """An open document changed: each edit refers to the text that the one before it left."""

    path: Path
    edits: tuple[tuple[TextRange, str], ...]
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The editor let go of *path*; what is on disk counts again."""

    path: Path


@dataclass(frozen=True, slots=True)
class ChangedOnDisk:
    """Files came, went or changed; whatever was read of them is read again when asked for."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class FactsArrived:
    """More is known of the world."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class EnvironmentsAnswered:
    """It was found out which environments there are, or that something in them changed."""

    answers: Mapping[EnvironmentQuery, EnvironmentAnswer]


@dataclass(frozen=True, slots=True)
class RootsChanged:
    """The workspace folders are now these."""

    roots: tuple[Path, ...]


Change = (
    Opened | Edited | Closed | ChangedOnDisk | FactsArrived | EnvironmentsAnswered | RootsChanged
)


class Workspace:
    """Holds the current snapshot; not thread-safe, and cheap to apply changes to."""

    def __init__(
        self,
        filesystem: FileSystem,
        *,
        roots: Iterable[Path] = (),
        working_directory: Path,
        locale_encoding: str,
        facts: Facts,
    ) -> None:
        self._snapshot = Snapshot(
            documents={},
            disk=DiskFiles(filesystem, locale_encoding),
            roots=tuple(roots),
            working_directory=working_directory,
            facts=facts,
            revision=0,
        )

    @property
    def snapshot(self) -> Snapshot:
        """What is known now; it does not change any more."""
        return self._snapshot

    def apply(self, change: Change) -> Snapshot:
        """Take *change* in and return the snapshot after it.

        An edit of a document that is not open changes nothing: the client has lost track, and
        guessing a text for it would only make findings up.
        """
        before = self._snapshot
        after = _changed(before, change)
        if after is not before:
            after = replace(after, revision=before.revision + 1)
        self._snapshot = after
        return after


def _changed(before: Snapshot, change: Change) -> Snapshot:
    match change:
        case Opened():
            opened = OpenDocument(
                change.path, Document.read(change.text), change.version, change.role
            )
            return replace(before, documents={**before.documents, change.path: opened})
        case Edited():
            known = before.documents.get(change.path)
            if known is None:
                return before
            document = known.document
            for span, text in change.edits:
                document = document.edited(span, text)
            edited = replace(known, document=document, version=change.version)
            return replace(before, documents={**before.documents, change.path: edited})
        case Closed():
            documents = {p: d for p, d in before.documents.items() if p != change.path}
            return replace(before, documents=documents, disk=before.disk.without([change.path]))
        case ChangedOnDisk():
            return replace(before, disk=before.disk.without(change.paths))
        case FactsArrived():
            return replace(before, facts=change.facts)
        case EnvironmentsAnswered():
            stale = set(_files_said_otherwise(before, change))
            after = before.with_answers(change.answers)
            return replace(after, disk=before.disk.without(stale)) if stale else after
        case RootsChanged():
            # Up to where settings are searched, and so which of them hold, may be otherwise now.
            disk = before.disk.without(())
            return replace(before, roots=change.roots, disk=disk)


def _files_said_otherwise(before: Snapshot, change: EnvironmentsAnswered) -> Iterator[Path]:
    """Yield the files that ask for another Python than an environment has, and did not before.

    To show their lines, their text is read here too, and may be older than what was answered.
    """
    for query, answer in change.answers.items():
        known = before.inventory.get(query)
        if known is not None and answer.contradictions != known.contradictions:
            yield from (contradiction.path for contradiction in answer.contradictions)
