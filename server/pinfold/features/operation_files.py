"""The requirements files that one operation writes, or takes back, whoever its host is.

Owns what is planned for them, what is done when the environment is changed, and what is kept of it
for an undo. What becomes of a text is :mod:`.written_files`' to say, and how files are written is
the host's.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.requests import Create, Install, Undo, Uninstall
from pinfold.core.environments.operations.runner import Result
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.features.written_files import (
    TakenBack,
    line_changes,
    lines_to_save,
    rewrites_back,
    rewrites_to_remove,
    rewrites_to_save,
    written_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.changes.journal import WrittenFile
    from pinfold.core.environments.operations.prepared import Prepared
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.model.plan import Plan
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.written_files import Rewrite

_LOGGER = logging.getLogger("pinfold")


class OperationFiles:
    """The files of one operation; *path* is the one to be written, if there is any.

    What it includes is edited in its own folder and *within* the others.
    """

    def __init__(
        self, request: Request, path: Path | None, within: Sequence[Path], bench: Workbench
    ) -> None:
        self._request = request
        self._path = path
        self._within = within
        self._bench = bench
        self._files: tuple[WrittenFile, ...] = ()

    def amend(
        self, prepared: Prepared, found: Callable[[Plan], TakenBack | Refusal]
    ) -> Plan | Refusal:
        """Return the plan with what is written once it is done, or why that cannot be.

        *found* is :meth:`found`, with what the host has to say to it.
        """
        plan = prepared.plan
        if prepared.target is not None:
            self._files = prepared.target.files
        rewritten = found(plan)
        if isinstance(rewritten, Refusal):
            return rewritten
        return replace(
            plan,
            notes=(*plan.notes, *self._whole(rewritten.rewrites), *rewritten.left),
            saves=line_changes(rewritten.rewrites),
        )

    def _whole(self, rewrites: Sequence[Rewrite]) -> Iterator[str]:
        """Yield what an undo does to whole files, which their lines do not tell."""
        if not isinstance(self._request, Undo):
            return
        for one in rewrites:
            if one.after is None:
                yield f"Removes {one.path.name}, which was made with that change."
            elif one.document is None:
                yield f"Makes {one.path.name} again."

    def are_due(self, outcome: Outcome) -> bool:
        """Return whether files are written now that this has become of the environment."""
        has_come_to_it = outcome.result in (Result.DONE, Result.NOTHING_TO_DO)
        return has_come_to_it and (self._path is not None or bool(self._files))

    def found(self, snapshot: Snapshot, plan: Plan, *, is_done: bool) -> TakenBack | Refusal:
        """Return what becomes of files, as they are now; *is_done*: so is the plan. Blocks."""
        request = self._request
        if isinstance(request, Undo):
            return rewrites_back(snapshot, self._files)
        if self._path is None:
            return TakenBack()
        if isinstance(request, Uninstall):
            keys = [change.key for change in plan.removes]
            found = rewrites_to_remove(snapshot, self._path, keys, self._within)
        else:
            assert isinstance(request, (Install, Create))
            installed = self._bench.installed(request.prefix)
            expected = None if is_done else plan
            lines = lines_to_save(request.requirements, request.editables, installed, expected)
            markers = None if installed is None else installed.environment.markers
            found = rewrites_to_save(snapshot, self._path, lines, markers, self._within)
        return found if isinstance(found, Refusal) else TakenBack(found)

    def note(self, outcome: Outcome, rewrites: Sequence[Rewrite]) -> None:
        """Keep *rewrites* with the change, for whoever undoes it: before they are made. Blocks.

        An undo compares, so that what was not written after all is left as it is.
        """
        if outcome.done is None:
            return
        try:
            self._bench.changes.journal.note_files(outcome.done.entry, written_files(rewrites))
        except OSError as error:
            # Then undoing leaves the files as they are.
            _LOGGER.info("the journal of changes: %s", error)
