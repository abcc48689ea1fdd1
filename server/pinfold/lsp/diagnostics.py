"""What is found, kept up to date: everything that may change a finding comes together here.

Owns which findings an edit, a change on disk, other settings or something installed has a bearing
on, and sees to it that they are worked out anew. How they reach the client is the channel's
business: :mod:`pinfold.lsp.publishing` for those that are told, :mod:`pinfold.lsp.pulling` for
those that ask.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from pinfold.core.settings import SETTINGS_FILE_NAMES
from pinfold.core.workspace.dependency_files import classify_name
from pinfold.lsp.convert import uri_of_path
from pinfold.lsp.diagnostic_texts import settings_text
from pinfold.lsp.disk_watch import DiskWatch
from pinfold.lsp.environment_watch import EnvironmentWatch
from pinfold.lsp.reports import Report
from pinfold.lsp.workspace_files import WorkspaceFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.settings import ProjectSettings, SettingProblem
    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.install_failures import FailedLine
    from pinfold.lsp.reports import OpenReports
    from pinfold.lsp.workspace_files import FileFindings

_GATHERED_S = 0.02
"""How long it is waited for more before it is said which environments are wanted."""

# What else decides which files of a folder are judged.
_SEARCH_FILES = frozenset({*SETTINGS_FILE_NAMES, ".gitignore"})


class Channel(Protocol):
    """The way of findings to the client."""

    def opened(self, file: OpenFile) -> None:
        """Tell of a document that was opened."""
        ...

    def changed(self, file: OpenFile) -> None:
        """Tell of a document that was edited."""
        ...

    def affected(self, file: OpenFile, *, at_once: bool) -> None:
        """Tell of a document whose findings may be others now, though it was not edited."""
        ...

    def closed(self, file: OpenFile, *, stays: bool) -> None:
        """Let go of a document; one that *stays* is going to be reported from disk."""
        ...

    def reported(self, path: Path, report: Report | None) -> None:
        """Tell what is found in a file that is not open, ``None`` if it is not judged any more."""
        ...

    def settled(self) -> None:
        """Take note that all files which are not open have been judged."""
        ...

    def stop(self) -> None:
        """Tell nothing any more."""
        ...


class Diagnostics:
    """Keeps all findings up to date; lives as long as the session.

    With *judges_closed_files*, the files of the workspace folders are judged whether they are open
    or not; with *reads_environments*, against what is installed.
    """

    def __init__(
        self,
        documents: Documents,
        reports: OpenReports,
        *,
        has_watcher: bool,
        judges_closed_files: bool,
        reads_environments: bool,
    ) -> None:
        self._documents = documents
        self._reports = reports
        self._judges_closed_files = judges_closed_files
        self._files = WorkspaceFiles(
            documents,
            reports.new_texts(),
            reports.uris,
            on_found=self._found,
            on_gone=self._gone,
            on_settled=self._settled,
        )
        self._environments = EnvironmentWatch(self._answered) if reads_environments else None
        self._watch = DiskWatch(
            documents, self._files, has_watcher=has_watcher, on_changed=self.changed_on_disk
        )
        self._channel: Channel | None = None
        self._told_settings: dict[Path, tuple[list[SettingProblem], ProjectSettings]] = {}
        self._settings_handle: asyncio.Handle | None = None
        self._want_handle: asyncio.Handle | None = None
        self._is_started = False
        self._is_over = False
        self.on_changed: Callable[[], None] = _nothing
        """Called when something may be found now, or is known of an environment, that was not."""
        self.more_queries: Callable[[], frozenset[EnvironmentQuery]] = frozenset
        """Returns the questions for environments in which somebody else has an interest."""

    @property
    def channel(self) -> Channel:
        """The way to the client, which is laid right after this object is made."""
        assert self._channel is not None
        return self._channel

    @channel.setter
    def channel(self, channel: Channel) -> None:
        self._channel = channel

    def is_settled(self) -> bool:
        """Return whether the files that are not open have been judged as they are now."""
        return not self._judges_closed_files or self._files.is_settled

    def start(self) -> None:
        """Judge what is not open, too, from now on; the client is ready."""
        if self._is_started:
            return
        self._is_started = True
        if self._judges_closed_files and self._documents.roots:
            self._files.search()
            self._watch.look_soon()
        else:
            self._files.have_none()
        self.want_soon()

    @property
    def closed_files(self) -> Iterable[FileFindings]:
        """What is found in the files that are not open."""
        return self._files

    def stop(self) -> None:
        """End all work."""
        self._is_over = True
        for handle in (self._settings_handle, self._want_handle):
            if handle is not None:
                handle.cancel()
        self._watch.stop()
        if self._environments is not None:
            self._environments.stop()
        self._files.stop()
        self.channel.stop()

    # What happens.

    def opened(self, file: OpenFile) -> None:
        """Take note of a document that was opened."""
        if file.is_judged:
            self._files.opened(file.path)
            self.channel.opened(file)
            self._watch.look_soon()
        else:
            # One that others include is judged as they have it.
            self._files.judge([file.path])
        self._including_changed(file.path)
        self.want_soon()

    def changed(self, file: OpenFile) -> None:
        """Take note of an edit."""
        self._reports.failures.forget([file.path])
        if file.is_judged:
            self.channel.changed(file)
        else:
            self._files.judge([file.path])
        self._including_changed(file.path)

    def closed(self, file: OpenFile) -> None:
        """Take note of a document that was closed; what is on disk counts again."""
        self._reports.forget(file.path)
        stays = file.path in self._files
        self.channel.closed(file, stays=stays)
        self._files.changed_on_disk([file.path])
        self._including_changed(file.path)
        self.want_soon()

    def saved(self, path: Path | None) -> None:
        """Take note that a document was written to disk, which the workspace knows already."""
        # A settings file, or one that others include, is often not open as one of ours.
        self._everything_affected()
        if path is not None:
            self._closed_files_changed([path])

    def changed_on_disk(self, paths: Sequence[Path]) -> None:
        """Take note of files that came, went or changed."""
        self._reports.failures.forget(paths)
        self._documents.changed_on_disk(paths)
        self._everything_affected()
        self._closed_files_changed(paths)

    def roots_changed(self) -> None:
        """Take note of other workspace folders."""
        self._everything_affected()
        if self._is_started and self._judges_closed_files:
            self._files.judge_all()
            self._files.search()

    def look_again(self) -> None:
        """Look at the environments at once, since something is known to have changed."""
        if self._environments is not None:
            self._environments.look_again()

    def tell_failures(self, failures: Mapping[Path, Sequence[FailedLine]]) -> None:
        """Show these lines as those at which an installation has failed, and no others."""
        concerned = self._reports.tell_failures(failures)
        for path in concerned:
            file = self._documents.of(path)
            if file is not None and file.is_judged:
                self.channel.affected(file, at_once=True)
        self._files.judge(concerned)

    def _answered(self, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        self._documents.environments_answered(answers)
        snapshot = self._documents.snapshot
        for file in self._documents:
            if file.is_judged and snapshot.environment_query(file.path) in answers:
                self.channel.affected(file, at_once=True)
        self._files.judge(self._files.judged_against(answers))
        self.on_changed()

    def _everything_affected(self) -> None:
        for file in self._documents:
            if file.is_judged:
                self.channel.affected(file, at_once=True)
        self._tell_settings_soon()
        self.want_soon()
        self.on_changed()

    def _including_changed(self, path: Path) -> None:
        for including in self._documents.including(path):
            self.channel.affected(including, at_once=False)
        self._files.judge(self._files.including(path))
        self.on_changed()

    def _closed_files_changed(self, paths: Sequence[Path]) -> None:
        if not (self._is_started and self._judges_closed_files):
            return
        self._files.changed_on_disk(paths)
        names = {path.name for path in paths}
        if not names.isdisjoint(_SEARCH_FILES):
            self._files.judge_all()
            self._files.search()
        elif any(_may_be_ours(path) or path in self._files for path in paths):
            self._files.search()

    # What follows.

    def _found(self, findings: Sequence[FileFindings]) -> None:
        for found in findings:
            items = self._reports.failures.with_items(found.path, found.items)
            result_id = self._reports.ids.of(found.path, items)
            opened = self._documents.of(found.path)
            uri = uri_of_path(found.path) if opened is None else opened.uri
            report = Report(uri, None, items, result_id)
            self.channel.reported(found.path, report)
        self.on_changed()

    def _gone(self, path: Path) -> None:
        self.channel.reported(path, None)

    def _settled(self) -> None:
        self.channel.settled()
        self._tell_settings_soon()
        self.want_soon()

    def want_soon(self) -> None:
        """Take note that other environments may be wanted now."""
        if self._want_handle is None and not self._is_over:
            loop = asyncio.get_running_loop()
            self._want_handle = loop.call_later(_GATHERED_S, self._want)
        self._tell_settings_soon()

    def _want(self) -> None:
        self._want_handle = None
        if self._environments is None:
            return
        snapshot = self._documents.snapshot
        queries = {
            snapshot.environment_query(file.path)
            for file in self._documents
            if file.is_judged and not file.is_too_large
        }
        self._environments.want(self._files.queries | queries | self.more_queries())

    def _tell_settings_soon(self) -> None:
        if self._settings_handle is None and not self._is_over:
            loop = asyncio.get_running_loop()
            self._settings_handle = loop.call_later(_GATHERED_S, self._tell_settings)

    def _tell_settings(self) -> None:
        """Tell what is wrong in the settings files that hold for what is judged."""
        self._settings_handle = None
        snapshot = self._documents.snapshot
        wrong: dict[Path, list[SettingProblem]] = {}
        for file in self._documents:
            if file.is_judged:
                _gather(snapshot.settings(file.path).problems, wrong)
        for found in self._files:
            _gather(found.problems, wrong)
        told = self._told_settings
        for path in told.keys() - wrong.keys():
            self.channel.reported(path, None)
        self._told_settings = {
            path: (problems, snapshot.settings(path).settings) for path, problems in wrong.items()
        }
        texts = self._reports.new_texts()
        for path, problems in wrong.items():
            if told.get(path) == self._told_settings[path]:
                # The file may be another one by now, whose problems are not known yet.
                continue
            items = settings_text(path, problems, snapshot, texts)
            result_id = self._reports.ids.of(path, items)
            self.channel.reported(path, Report(uri_of_path(path), None, items, result_id))


def _nothing() -> None:
    pass


def _gather(problems: Iterable[SettingProblem], wrong: dict[Path, list[SettingProblem]]) -> None:
    for problem in problems:
        known = wrong.setdefault(problem.path, [])
        if problem not in known:
            known.append(problem)


def _may_be_ours(path: Path) -> bool:
    return classify_name(path) is not None
