"""The dependency files of the workspace folders, found and judged though nobody has them open.

Owns the search, which is done again when files come or go, and the judging beside the event loop,
one run at a time. What is found is handed on in the loop; nothing is sent from here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core import bug
from pinfold.core.files import Unreadable
from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.files import FileRole
from pinfold.core.workspace.dependency_files import (
    classify_name,
    find_dependency_files,
    looks_like_dependency_file,
    role_of_named_file,
)
from pinfold.features.unmet import Unmet, unmet
from pinfold.lsp.documents import included_by, settings_files
from pinfold.lsp.transport import call_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.settings import SettingProblem
    from pinfold.core.workspace.dependency_files import SearchProgress
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.lsp.diagnostic_texts import DiagnosticTexts
    from pinfold.lsp.documents import Documents

_LOGGER = logging.getLogger("pinfold.lsp")

MAX_FILES = 10_000
MAX_DIRECTORIES = 100_000
"""Where a search ends that somebody began in a folder which is no project."""

_KEPT_FILES = 500
"""Up to how many files are kept in memory as they were read, to be judged again sooner."""

_CHUNK_S = 0.05
_REST_S = 0.01
_QUIET_S = 0.05
"""How long changes are gathered before files are judged again."""


@dataclass(frozen=True, slots=True)
class FileFindings:
    """What is found in a file that is not open.

    `items` are the elements of a JSON array of diagnostics. `pulls_in` are the files that it
    includes, or would if they were there; `problems` are those of the settings that hold for it.
    `unmet` is what it asks for and is not there.
    """

    path: Path
    role: FileRole
    items: str
    pulls_in: frozenset[Path]
    query: EnvironmentQuery
    problems: tuple[SettingProblem, ...]
    unmet: Unmet


@dataclass(frozen=True, slots=True)
class _Work:
    """What a run does: search or not, and which files it judges, ``None`` for every one."""

    searches: bool
    paths: frozenset[Path] | None


class WorkspaceFiles:
    """The files that are not open, and what is found in them; lives as long as the session.

    `on_found` gets some findings at a time, `on_gone` each file that is one no more, and
    `on_settled` is called when all is as the disk and the environments are.
    """

    def __init__(
        self,
        documents: Documents,
        texts: DiagnosticTexts,
        uris: Callable[[], Mapping[Path, str]],
        *,
        on_found: Callable[[Sequence[FileFindings]], None],
        on_gone: Callable[[Path], None],
        on_settled: Callable[[], None],
    ) -> None:
        self._documents = documents
        self._texts = texts
        self._uris = uris
        self._on_found = on_found
        self._on_gone = on_gone
        self._on_settled = on_settled
        self._roles: dict[Path, FileRole] = {}
        self._found: dict[Path, FileFindings] = {}
        self._disk = documents.snapshot.disk.without(())
        self._changed: set[Path] = set()
        self._searches = False
        self._due: set[Path] | None = set()
        self._handle: asyncio.TimerHandle | None = None
        self._is_running = False
        self._is_over = threading.Event()
        self._has_searched = False
        self._watched: frozenset[Path] = frozenset()
        self.is_searched = True
        self.search_duration_s = 0.0

    def __contains__(self, path: Path) -> bool:
        return path in self._roles

    def __iter__(self) -> Iterator[FileFindings]:
        return iter(tuple(self._found.values()))

    @property
    def is_settled(self) -> bool:
        """Whether every file has been found and judged, and nothing is known to have changed."""
        return self._has_searched and not self._is_running and self._handle is None

    def have_none(self) -> None:
        """Take note that nothing is searched: all there is has been found."""
        self._has_searched = True
        self.is_searched = False

    def search(self) -> None:
        """Look for files soon, and judge those that are new."""
        self._searches = True
        self._begin_soon()

    def judge_all(self) -> None:
        """Judge every file again soon."""
        self._due = None
        self._begin_soon()

    def judge(self, paths: Iterable[Path]) -> None:
        """Judge these files again soon, as far as they are of the workspace."""
        ours = [path for path in paths if path in self._roles]
        if ours and self._due is not None:
            self._due.update(ours)
        if ours:
            self._begin_soon()

    def changed_on_disk(self, paths: Iterable[Path]) -> None:
        """Read these files again, and judge them and those that include them."""
        gone = set(paths)
        self._changed |= gone
        self.judge(gone | {found.path for found in self if not found.pulls_in.isdisjoint(gone)})

    def opened(self, path: Path) -> None:
        """Take note that an editor has a file, and owns what is found in it."""
        self._found.pop(path, None)

    def including(self, path: Path) -> list[Path]:
        """Return the files that pull in the one at *path*."""
        return [found.path for found in self if path in found.pulls_in]

    def judged_against(self, queries: Iterable[EnvironmentQuery]) -> list[Path]:
        """Return the files whose environment is the answer to one of *queries*."""
        wanted = frozenset(queries)
        return [found.path for found in self if found.query in wanted]

    @property
    def queries(self) -> frozenset[EnvironmentQuery]:
        """The questions for the environments of all these files."""
        return frozenset(found.query for found in self._found.values())

    def watched(self) -> frozenset[Path]:
        """Return every path on which the findings in these files depend."""
        return self._watched.union(*(found.pulls_in for found in self._found.values()), self._found)

    def stop(self) -> None:
        """Judge nothing any more."""
        self._is_over.set()
        if self._handle is not None:
            self._handle.cancel()

    def _begin_soon(self) -> None:
        if self._handle is None and not self._is_running and not self._is_over.is_set():
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(_QUIET_S, self._begin)

    def _begin(self) -> None:
        self._handle = None
        self._is_running = True
        due = None if self._due is None else frozenset(self._due)
        work = _Work(self._searches, due)
        self._searches, self._due = False, set()
        snapshot = self._documents.snapshot
        # Files of its own: the loop may not copy a dictionary that another thread adds to.
        disk = self._disk = self._disk.without(self._changed)
        self._changed = set()
        open_paths = frozenset(file.path for file in self._documents if file.is_judged)
        own = replace(snapshot, disk=disk)
        run = _Run(own, self._texts, self._uris(), open_paths, self._is_over)
        roles = dict(self._roles)
        loop = asyncio.get_running_loop()

        def hand_on(findings: Sequence[FileFindings]) -> None:
            call_in(loop, self._take, findings)

        def work_through() -> None:
            found: Mapping[Path, FileRole] | None = None
            try:
                found = run.work_through(work, roles, hand_on)
            except Exception as error:  # noqa: BLE001 - the loop has to hear of the end
                call_in(loop, bug.report, "judging the workspace's files failed", error)
            call_in(loop, self._end, run, found)

        threading.Thread(target=work_through, name="pinfold-files", daemon=True).start()

    def _take(self, findings: Sequence[FileFindings]) -> None:
        if self._is_over.is_set():
            return
        # What is shown of a file is one of the workspace's, though the run has not ended.
        for found in findings:
            self._roles.setdefault(found.path, found.role)
        # One that was opened meanwhile is the editor's.
        ours = [found for found in findings if not self._documents.judges(found.path)]
        self._found.update((found.path, found) for found in ours)
        self._on_found(ours)

    def _end(self, run: _Run, roles: Mapping[Path, FileRole] | None) -> None:
        self._is_running = False
        if self._is_over.is_set():
            return
        self._has_searched = True
        if roles is not None:
            self._take_roles(run, roles)
        if self._searches or self._due is None or self._due:
            self._begin_soon()
        else:
            self._on_settled()

    def _take_roles(self, run: _Run, roles: Mapping[Path, FileRole]) -> None:
        gone = self._roles.keys() - roles.keys()
        self._roles = dict(roles)
        if run.settings_files is not None:
            self.search_duration_s = run.search_duration_s
            self._watched = run.settings_files
        if len(roles) > _KEPT_FILES:
            self._disk = self._disk.without(roles)
        for path in gone:
            self._found.pop(path, None)
            if not self._documents.judges(path):
                self._on_gone(path)
        # What was open when the run came to it, and was closed meanwhile.
        self.judge(
            path
            for path in roles.keys() - self._found.keys() - run.failed
            if not self._documents.judges(path)
        )


class _Run:
    """One run, in a thread of its own, on what is known when it begins."""

    def __init__(
        self,
        snapshot: Snapshot,
        texts: DiagnosticTexts,
        uris: Mapping[Path, str],
        open_paths: frozenset[Path],
        is_over: threading.Event,
    ) -> None:
        self._snapshot = snapshot
        self._open = open_paths
        self._texts = texts
        self._uris = uris
        self._is_over = is_over
        self.search_duration_s = 0.0
        self.settings_files: frozenset[Path] | None = None
        self.failed: set[Path] = set()

    def work_through(
        self,
        work: _Work,
        known: Mapping[Path, FileRole],
        hand_on: Callable[[Sequence[FileFindings]], None],
    ) -> Mapping[Path, FileRole]:
        """Search and judge; return every file of the workspace with its role."""
        roles: dict[Path, FileRole] = {}
        chunk: list[FileFindings] = []
        judging_s = 0.0
        started = since = rested = time.monotonic()
        for path, role in self._search() if work.searches else known.items():
            if self._is_over.is_set():
                return known
            roles.setdefault(path, role)
            is_due = work.paths is None or path in work.paths or path not in known
            if not is_due or path in self._open:
                continue
            before = time.monotonic()
            try:
                chunk.append(self._judge(path, role))
            except Exception:
                # One file must not take the others down.
                self.failed.add(path)
                _LOGGER.exception("judging %s failed", path)
            now = time.monotonic()
            judging_s += now - before
            if now - rested > _REST_S:
                # The event loop goes first.
                time.sleep(0)
                rested = now
            if now - since > _CHUNK_S:
                hand_on(chunk)
                chunk, since = [], now
        hand_on(chunk)
        if work.searches:
            self.search_duration_s = time.monotonic() - started - judging_s
            self.settings_files = _settings_files(self._snapshot, roles)
        return roles

    def _judge(self, path: Path, role: FileRole) -> FileFindings:
        snapshot = self._snapshot
        judgement = snapshot.judge(path, role)
        items = self._texts.of(judgement, snapshot, self._uris)
        self._texts.forget(path)
        return FileFindings(
            path,
            role,
            items,
            included_by(snapshot, path, role),
            snapshot.environment_query(path),
            snapshot.settings(path).problems,
            unmet(judgement),
        )

    def _search(self) -> Iterator[tuple[Path, FileRole]]:
        seen: set[Path] = set()
        for root in self._snapshot.roots:
            if _is_too_wide(root):
                continue
            for path, role in _in_folder(root, self._snapshot):
                if path in seen:
                    continue
                if len(seen) >= MAX_FILES:
                    _LOGGER.warning("judging %d files of the workspace and no more", MAX_FILES)
                    return
                seen.add(path)
                yield path, role


def _settings_files(snapshot: Snapshot, paths: Iterable[Path]) -> frozenset[Path]:
    folders = {path.parent: path for path in paths}
    return frozenset(file for path in folders.values() for file in settings_files(snapshot, path))


class _Enough(Exception):
    """The search has gone through more folders than any project has."""


def _stop_somewhere(progress: SearchProgress) -> None:
    if progress.directories > MAX_DIRECTORIES:
        raise _Enough


def _in_folder(root: Path, snapshot: Snapshot) -> Iterator[tuple[Path, FileRole]]:
    """Yield the files that `pinfold check` judges in a folder, with their roles."""
    filesystem = snapshot.disk.filesystem
    settings = snapshot.settings(root / "requirements.txt").settings
    included: dict[Path, bool] = {}
    try:
        for file in find_dependency_files(
            root, filesystem, settings=settings, on_progress=_stop_somewhere
        ):
            # The search knows the folder's own settings; a folder further down may have others.
            if snapshot.settings(file.path).settings.excludes(file.path):
                continue
            document = snapshot.document(file.path)
            if isinstance(document, Unreadable):
                # Under an uncertain name, that is as likely to be nobody's business.
                if file.is_certain:
                    yield file.path, file.role
                continue
            if not file.is_certain and not looks_like_dependency_file(document.text):
                continue
            yield file.path, file.role
            if document.traits.get(LineTrait.INCLUDE):
                view = snapshot.view(file.path, file.role)
                for pulled in () if isinstance(view, Unreadable) else view.included:
                    included.setdefault(pulled.path, pulled.is_constraint)
    except _Enough:
        _LOGGER.warning("searched %d folders and no more", MAX_DIRECTORIES)
    for path, is_constraint in sorted(included.items()):
        if path.is_relative_to(root) and not snapshot.settings(path).settings.excludes(path):
            yield path, _role_of_included(path, is_constraint=is_constraint)


def _role_of_included(path: Path, *, is_constraint: bool) -> FileRole:
    role = classify_name(path)
    if role is None and is_constraint:
        is_input = path.suffix.lower() == ".in"
        return FileRole.CONSTRAINTS_INPUT if is_input else FileRole.CONSTRAINTS
    return role or role_of_named_file(path)


def _is_too_wide(root: Path) -> bool:
    """Return whether *root* is the home directory or above it: no project, whatever opened it."""
    try:
        return Path.home().is_relative_to(root)
    except RuntimeError:
        return root == root.parent
