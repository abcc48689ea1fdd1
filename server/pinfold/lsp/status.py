"""What a status bar shows of the environment of each folder: told when it changes, and only then.

Owns of which folders it is told, when that is looked at, and what was told last; and that whoever
lists environments is told when one of these has become another. What it says is
:mod:`pinfold.features.environment_status`' to know.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pinfold.core.model.environment import EnvironmentState
from pinfold.features.environment_status import (
    environment_status,
    status_json,
    status_markdown,
)
from pinfold.features.environments import Selection
from pinfold.features.projects import INSTALLED_ROLES, folder_of_requirements, usual_files
from pinfold.features.unmet import Unmet, unmet
from pinfold.lsp.convert import path_of_uri
from pinfold.lsp.documents import included_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.model.environment import Environment, EnvironmentAnswer
    from pinfold.core.model.installation import Ailment
    from pinfold.core.workspace.snapshot import Judgement
    from pinfold.features.environment_status import OtherSelection
    from pinfold.features.environments import Json
    from pinfold.lsp.diagnostics import Diagnostics
    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.reports import OpenReports, Report
    from pinfold.lsp.workspace_files import FileFindings

    _Read = tuple[Environment, tuple[Ailment, ...]]
    """What variables were read for: one that breaks, or is mended, has others."""

ENVIRONMENT_CHANGED = "pinfold/environmentChanged"
INVENTORY_CHANGED = "pinfold/inventoryChanged"

_GATHERED_S = 0.1
"""How long what changes together is gathered before it is told."""


class StatusTeller:
    """Tells the client of the environments of folders; lives as long as the session.

    They are the workspace folders, those of open requirements files, and that of the file which the
    client says it shows, whatever that is. *read_variables* is for a client that sets variables for
    terminals: it gives those of an environment once they have been read.
    """

    def __init__(
        self,
        documents: Documents,
        reports: OpenReports,
        diagnostics: Diagnostics,
        tell: Callable[[str, Mapping[str, Any]], None],
        others: Callable[[], Mapping[Path, OtherSelection]],
        *,
        has_links: bool,
        read_variables: Callable[[Path, Callable[[Sequence[Json]], None]], None] | None = None,
    ) -> None:
        self._documents = documents
        self._reports = reports
        self._diagnostics = diagnostics
        self._tell = tell
        self._others = others
        self._has_links = has_links
        self._read_variables = read_variables
        self._variables: dict[Path, tuple[_Read, Sequence[Json]]] = {}
        self._active: Path | None = None
        self._told: dict[Path, Mapping[str, Any]] = {}
        self._answers: dict[Path, EnvironmentAnswer] = {}
        self._inventory: Mapping[EnvironmentQuery, EnvironmentAnswer] = {}
        self._unmet: dict[Path, tuple[Judgement, Unmet]] = {}
        self._closed: tuple[tuple[FileFindings, ...], _Files] = ((), _Files({}))
        self._handle: asyncio.TimerHandle | None = None
        self._is_over = False
        diagnostics.on_changed = self.changed
        diagnostics.more_queries = self._queries

    def changed(self) -> None:
        """Take note that something may have changed."""
        if self._handle is None and not self._is_over:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(_GATHERED_S, self._look)

    def show(self, uri: str | None) -> None:
        """Take note of which file the client shows, ``None`` for none."""
        path = None if uri is None else path_of_uri(uri)
        folder = None if path is None else path.parent
        if folder != self._active:
            self._active = folder
            self._diagnostics.want_soon()
            self.changed()

    def stop(self) -> None:
        """Tell nothing any more."""
        self._is_over = True
        if self._handle is not None:
            self._handle.cancel()

    def _folders(self) -> dict[Path, None]:
        folders = dict.fromkeys(self._documents.roots)
        folders.update(dict.fromkeys(file.path.parent for file in self._open_files()))
        if self._active is not None:
            folders[self._active] = None
        return folders

    def _queries(self) -> frozenset[EnvironmentQuery]:
        return frozenset(map(self._query, self._folders()))

    def _query(self, folder: Path) -> EnvironmentQuery:
        return self._documents.snapshot.environment_query(folder / "requirements.txt")

    def _open_files(self) -> Iterator[OpenFile]:
        for file in self._documents:
            if file.is_judged and file.is_local:
                yield file

    def _look(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        folders = self._folders()
        for folder in self._told.keys() - folders.keys():
            del self._told[folder]
        self._tell_of_inventory(folders)
        found = self._found()
        if found is None:
            return
        for folder in folders:
            self._look_at(folder, found)

    def _tell_of_inventory(self, folders: Iterable[Path]) -> None:
        """Tell of which workspace folders an environment is another than it was.

        Be it that of a project further down, of which nothing else is told.
        """
        snapshot = self._documents.snapshot
        answers = {
            folder: answer
            for folder in folders
            if (answer := snapshot.inventory.get(self._query(folder))) is not None
        }
        before, self._answers = self._answers, answers
        changed = {
            self._root(folder): None
            for folder, answer in answers.items()
            if before.get(folder, answer) is not answer
        }
        changed.update(dict.fromkeys(self._changed_below(snapshot.inventory)))
        if changed:
            self._tell(INVENTORY_CHANGED, {"folders": [_written(root) for root in changed]})

    def _changed_below(
        self, inventory: Mapping[EnvironmentQuery, EnvironmentAnswer]
    ) -> Iterator[Path]:
        """Yield the workspace folders in which an answer to anybody's question is another one."""
        before, self._inventory = self._inventory, inventory
        if inventory is before:
            return
        known = {query.folder for query in before}
        for query, answer in inventory.items():
            if before.get(query) is answer:
                continue
            # Of another question for the same folder, nobody knows what it was before.
            if query in before or query.folder in known or self._is_own(query.folder, answer):
                yield self._root(query.folder)

    def _is_own(self, folder: Path, answer: EnvironmentAnswer) -> bool:
        """Return whether a project has another environment than its workspace folder has."""
        root = self._root(folder)
        around = self._inventory.get(self._query(root))
        prefix = Selection(folder, answer).prefix
        if folder == root or prefix is None:
            return False
        return around is None or Selection(root, around).prefix != prefix

    def _root(self, folder: Path) -> Path:
        """Return the workspace folder that *folder* is in, else itself."""
        holding = [root for root in self._documents.roots if folder.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=folder)

    def _found(self) -> _Known | None:
        """Return the requirements files that are known; ``None`` if one of them is yet to come."""
        snapshot = self._documents.snapshot
        files: dict[Path, _File] = {}
        for file in self._open_files():
            judgement = self._documents.known_judgement(file)
            known = self._unmet.get(file.path)
            if judgement is None and self._reports.is_long(file):
                # Whoever edits such a file sees the numbers when it has been judged.
                self._reports.soon(file, self._judged)
                if known is None:
                    return None
                judgement = known[0]
            judgement = judgement or self._documents.judge(file)
            if judgement.role not in INSTALLED_ROLES or file.path not in snapshot.documents:
                continue
            if known is None or known[0] is not judgement:
                known = self._unmet[file.path] = (judgement, unmet(judgement))
            files[file.path] = _File(
                file.path,
                snapshot.environment_query(file.path),
                known[1],
                included_by(snapshot, file.path, file.role),
            )
        self._unmet = {path: known for path, known in self._unmet.items() if path in files}
        return _Known(_Files(files), self._closed_files())

    def _closed_files(self) -> _Files:
        findings = tuple(self._diagnostics.closed_files)
        if findings != self._closed[0]:
            files = {
                found.path: _File(found.path, found.query, found.unmet, found.pulls_in)
                for found in findings
                if found.role in INSTALLED_ROLES
            }
            self._closed = (findings, _Files(files))
        return self._closed[1]

    def _look_at(self, folder: Path, files: _Known) -> None:
        snapshot = self._documents.snapshot
        answer = snapshot.inventory.get(self._query(folder))
        if answer is None:
            return
        selection = Selection(folder, answer)
        root = self._root(folder)

        def counts(file: _File) -> bool:
            there = snapshot.inventory.get(file.query)
            return there is not None and Selection(folder, there).prefix == selection.prefix

        found = Unmet.of_all(file.unmet for file in files.of_project(folder, root) if counts(file))
        status = environment_status(selection, root, found)
        markdown = status_markdown(
            status,
            found,
            _written,
            other=self._others().get(folder),
            has_links=self._has_links,
        )
        packages = answer.packages
        variables = (
            () if packages is None else self._variables_of((packages.environment, answer.ailments))
        )
        if variables is None:
            # All is told together, once they are known.
            return
        # Where the file system does not answer, nobody knows better than before.
        is_known = answer.state is not EnvironmentState.UNRESPONSIVE
        told = {
            **status_json(status, _written, markdown),
            "variables": list(variables) if is_known else None,
        }
        if self._told.get(folder) != told:
            self._told[folder] = told
            self._tell(ENVIRONMENT_CHANGED, told)

    def _variables_of(self, read: _Read) -> Sequence[Json] | None:
        """Return what is set for terminals; ``None`` if that is yet to be read."""
        if self._read_variables is None:
            return ()
        prefix = read[0].prefix
        known = self._variables.get(prefix)
        if known is None or known[0] != read:
            self._read_variables(prefix, partial(self._take_variables, read))
        return None if known is None else known[1]

    def _take_variables(self, read: _Read, variables: Sequence[Json]) -> None:
        self._variables[read[0].prefix] = (read, variables)
        if not self._is_over:
            self._look()

    def _judged(self, report: Report | None) -> None:
        if report is not None:
            self.changed()


@dataclass(frozen=True, slots=True)
class _File:
    """A requirements file that is known: what it asks for in vain, and which others it includes."""

    path: Path
    query: EnvironmentQuery
    unmet: Unmet
    pulls_in: frozenset[Path]


class _Files:
    """Requirements files that are known, by their paths and by the folders that they are about."""

    def __init__(self, files: Mapping[Path, _File]) -> None:
        self.by_path = files
        self.by_folder: dict[Path, list[Path]] = {}
        for path in files:
            self.by_folder.setdefault(folder_of_requirements(path), []).append(path)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is open, and what is not, which may be much and seldom is another."""

    open: _Files
    closed: _Files

    def at(self, path: Path) -> _File | None:
        """Return the file at *path*: what an editor has open counts."""
        return self.open.by_path.get(path) or self.closed.by_path.get(path)

    def of_project(self, folder: Path, root: Path) -> list[_File]:
        """Return the files that count for a folder: the usual one of its project, and those open.

        With what they include. The project is the nearest folder upwards that has any. What it has
        beside the usual one is installed when somebody wants that, and nothing is missing as long
        as nobody does; where none is the usual one, all of them count.
        """
        for place in (folder, *folder.parents):
            is_open = self.open.by_folder.get(place, [])
            own = dict.fromkeys([*is_open, *self.closed.by_folder.get(place, [])])
            compiled = {path.with_suffix("") for path in own if path.suffix != ".in"}
            kept = [p for p in own if p.suffix != ".in" or p.with_suffix("") not in compiled]
            if kept:
                chosen = [
                    file for p in {*(usual_files(kept) or kept), *is_open} if (file := self.at(p))
                ]
                pulled = {path for file in chosen for path in file.pulls_in}
                paths = pulled | {file.path for file in chosen}
                return [file for path in paths if (file := self.at(path))]
            if place == root:
                break
        return []


def _written(path: Path) -> str:
    return path.as_posix()
