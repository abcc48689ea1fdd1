"""The argument `save`, and its undoing: requirements files that are written beside the environment.

Owns that the client makes the edits, so that what is open stays as it is shown and can be undone
there. What becomes of the files is :mod:`pinfold.features.written_files`'s to say.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.requests import Create, Install, Undo, Uninstall
from pinfold.core.environments.operations.runner import Result
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.features.written_files import (
    TakenBack,
    line_changes,
    lines_to_save,
    rewrites_back,
    rewrites_to_remove,
    rewrites_to_save,
    written_files,
)
from pinfold.lsp.command_places import own_files, written
from pinfold.lsp.transport import in_thread
from pinfold.lsp.workspace_edits import FileEdits, apply_edits, why_no_edits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.environments.changes.journal import WrittenFile
    from pinfold.core.environments.operations.prepared import Prepared
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.model.plan import Plan
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.written_files import Rewrite
    from pinfold.lsp.operation_scene import Scene

_LOGGER = logging.getLogger("pinfold.lsp")


class Saver:
    """The files of one operation; *path* is the one to be written, if there is any."""

    def __init__(self, scene: Scene, request: Request, path: Path | None) -> None:
        self._scene = scene
        self._request = request
        self._path = path
        self._files: tuple[WrittenFile, ...] = ()
        self._snapshot = self._shown()

    def amend(self, prepared: Prepared) -> Plan | Refusal:
        """Return the plan with what is written once it is done, or why that cannot be. Blocks."""
        plan = prepared.plan
        if prepared.target is not None:
            self._files = prepared.target.files
        found = self._found(self._snapshot, plan, is_done=False)
        if isinstance(found, Refusal):
            return found
        return replace(plan, notes=(*plan.notes, *found.left), saves=line_changes(found.rewrites))

    async def finish(self, outcome: Outcome) -> Outcome:
        """Have the files edited; return the outcome with that."""
        plan = outcome.plan
        if plan is None or outcome.result not in (Result.DONE, Result.NOTHING_TO_DO):
            return outcome
        if self._path is None and not self._files:
            return outcome
        found = await in_thread(partial(self._found, self._shown(), plan, is_done=True))
        if isinstance(found, Refusal):
            return replace(outcome, unsaved=(self._sentence(found.message),))
        entry = None if outcome.done is None else outcome.done.entry
        # First: whoever undoes it compares, and what was not written is what it was.
        await in_thread(partial(self._note, entry, found.rewrites))
        edits = [
            FileEdits(one.path, one.document, one.edits, is_removed=one.after is None)
            for one in found.rewrites
        ]
        label = "Undo" if isinstance(self._request, Undo) else "Save requirements"
        problem = await apply_edits(self._scene.session, label, edits) if edits else None
        if problem is not None:
            await in_thread(partial(self._note, entry, ()))
            return replace(outcome, unsaved=(*found.left, self._sentence(problem)))
        return replace(outcome, saved=line_changes(found.rewrites), unsaved=found.left)

    def _shown(self) -> Snapshot:
        """Return what the editor shows, and of what is not open what is on disk."""
        return own_files(self._scene.session.documents.snapshot)

    def _found(self, snapshot: Snapshot, plan: Plan, *, is_done: bool) -> TakenBack | Refusal:
        """Return what becomes of files, as they are now; *is_done*: so is the plan. Blocks."""
        abilities = self._scene.session.abilities
        request = self._request
        if isinstance(request, Undo):
            found = rewrites_back(snapshot, self._files)
            rewrites = tuple(
                # Where nothing can be taken away, an empty file is next to none.
                replace(one, after="") if one.after is None and not abilities.deletes_files else one
                for one in found.rewrites
            )
            problem = why_no_edits(abilities, [one.document for one in rewrites])
            if problem is None or not rewrites:
                return replace(found, rewrites=rewrites)
            names = ", ".join(one.path.name for one in rewrites)
            return TakenBack((), (*found.left, f"{names} cannot be taken back: {problem}."))
        if self._path is None:
            return TakenBack()
        within = (*self._scene.session.documents.roots, self._scene.place.project)
        if isinstance(request, Uninstall):
            keys = [change.key for change in plan.removes]
            taken = rewrites_to_remove(snapshot, self._path, keys, within)
        else:
            assert isinstance(request, (Install, Create))
            installed = self._scene.bench.installed(request.prefix)
            expected = None if is_done else plan
            lines = lines_to_save(request.requirements, request.editables, installed, expected)
            markers = None if installed is None else installed.environment.markers
            taken = rewrites_to_save(snapshot, self._path, lines, markers, within)
        if isinstance(taken, Refusal):
            return taken
        problem = why_no_edits(abilities, [one.document for one in taken])
        if problem is not None and taken:
            return Refusal(RefusalReason.INVALID, problem, "leave `save` out")
        return TakenBack(taken)

    def _note(self, entry: str | None, rewrites: Sequence[Rewrite]) -> None:
        if entry is None:
            return
        try:
            self._scene.bench.changes.journal.note_files(entry, written_files(rewrites))
        except OSError as error:
            # Then undoing leaves the files as they are.
            _LOGGER.info("the journal of changes: %s", error)

    def _sentence(self, problem: str) -> str:
        if self._path is None:
            return f"It is undone, but the files that were written stay as they are: {problem}."
        if isinstance(self._request, Uninstall):
            return f"It is removed, but not taken out of {written(self._path)}: {problem}."
        return f"It is installed, but not written into {written(self._path)}: {problem}."
