"""What a status bar shows of the environment of each folder: told when it changes, and only then.

Owns when that is looked at and what was told last. What it says is
:mod:`pinfold.features.environments`' to know.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pinfold.features.environments import Selection, environment_status, status_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.reports import OpenReports, Report

ENVIRONMENT_CHANGED = "pinfold/environmentChanged"

_GATHERED_S = 0.1
"""How long what changes together is gathered before it is told."""


class StatusTeller:
    """Tells the client of the folders of open documents; lives as long as the session."""

    def __init__(
        self,
        documents: Documents,
        reports: OpenReports,
        tell: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._documents = documents
        self._reports = reports
        self._tell = tell
        self._told: dict[Path, Mapping[str, Any]] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._is_over = False

    def changed(self) -> None:
        """Take note that something may have changed."""
        if self._handle is None and not self._is_over:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(_GATHERED_S, self._look)

    def stop(self) -> None:
        """Tell nothing any more."""
        self._is_over = True
        if self._handle is not None:
            self._handle.cancel()

    def _look(self) -> None:
        self._handle = None
        files: dict[Path, list[OpenFile]] = {}
        for file in self._documents:
            if file.is_judged and file.is_local:
                files.setdefault(file.path.parent, []).append(file)
        for folder in self._told.keys() - files.keys():
            del self._told[folder]
        for folder, members in files.items():
            self._look_at(folder, members)

    def _look_at(self, folder: Path, files: Iterable[OpenFile]) -> None:
        snapshot = self._documents.snapshot
        answer = snapshot.inventory.get(snapshot.environment_query(folder / "requirements.txt"))
        if answer is None:
            return
        rules: list[str] = []
        for file in files:
            judgement = self._documents.known_judgement(file)
            if judgement is None and self._reports.is_long(file):
                # Whoever edits such a file sees the numbers when it has been judged.
                self._reports.soon(file, self._judged)
                return
            judgement = judgement or self._documents.judge(file)
            rules += (placed.finding.rule for placed in judgement.placed)
        holding = [root for root in snapshot.roots if folder.is_relative_to(root)]
        root = max(holding, key=lambda root: len(root.parts), default=folder)
        status = environment_status(Selection(folder, answer), root, rules)
        told = status_json(status, lambda path: path.as_posix())
        if self._told.get(folder) != told:
            self._told[folder] = told
            self._tell(ENVIRONMENT_CHANGED, told)

    def _judged(self, report: Report | None) -> None:
        if report is not None:
            self.changed()
