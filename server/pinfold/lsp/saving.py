"""The argument `save`, and its undoing: requirements files that are written beside the environment.

Owns that the client makes the edits, so that what is open stays as it is shown and can be undone
there. What becomes of the files is :mod:`pinfold.features.operation_files`'s to say.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.requests import Undo, Uninstall
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.features.operation_files import OperationFiles
from pinfold.features.written_files import TakenBack, line_changes
from pinfold.lsp.command_places import own_files, written
from pinfold.lsp.transport import in_thread
from pinfold.lsp.workspace_edits import FileEdits, apply_edits, why_no_edits

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.environments.operations.prepared import Prepared
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.model.plan import Plan
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.lsp.operation_scene import Scene


class Saver:
    """The files of one operation; *path* is the one to be written, if there is any."""

    def __init__(self, scene: Scene, request: Request, path: Path | None) -> None:
        self._scene = scene
        self._request = request
        self._path = path
        within = (*scene.session.documents.roots, scene.place.project)
        self._files = OperationFiles(request, path, within, scene.bench)
        self._snapshot = self._shown()

    def amend(self, prepared: Prepared) -> Plan | Refusal:
        """Return the plan with what is written once it is done, or why that cannot be. Blocks."""
        return self._files.amend(prepared, partial(self._found, self._snapshot, is_done=False))

    async def finish(self, outcome: Outcome) -> Outcome:
        """Have the files edited; return the outcome with that."""
        plan = outcome.plan
        if plan is None or not self._files.are_due(outcome):
            return outcome
        found = await in_thread(partial(self._found, self._shown(), plan, is_done=True))
        if isinstance(found, Refusal):
            return replace(outcome, unsaved=(self._sentence(found.message),))
        await in_thread(partial(self._files.note, outcome, found.rewrites))
        edits = [
            FileEdits(one.path, one.document, one.edits, is_removed=one.after is None)
            for one in found.rewrites
        ]
        label = "Undo" if isinstance(self._request, Undo) else "Save requirements"
        problem = await apply_edits(self._scene.session, label, edits) if edits else None
        if problem is not None:
            await in_thread(partial(self._files.note, outcome, ()))
            return replace(outcome, unsaved=(*found.left, self._sentence(problem)))
        return replace(outcome, saved=line_changes(found.rewrites), unsaved=found.left)

    def cancelled(self, outcome: Outcome) -> Outcome:
        """Return the outcome for who has cancelled it meanwhile.

        What was to be written stays in the journal: the client may have done it, and an undo sees.
        """
        if not self._files.are_due(outcome):
            return outcome
        return replace(outcome, unsaved=(self._sentence("it was cancelled"),))

    def _shown(self) -> Snapshot:
        """Return what the editor shows, and of what is not open what is on disk."""
        return own_files(self._scene.session.documents.snapshot)

    def _found(self, snapshot: Snapshot, plan: Plan, *, is_done: bool) -> TakenBack | Refusal:
        """Return what becomes of files, as they are now; *is_done*: so is the plan. Blocks."""
        found = self._files.found(snapshot, plan, is_done=is_done)
        if isinstance(found, Refusal):
            return found
        abilities = self._scene.session.abilities
        if isinstance(self._request, Undo):
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
        problem = why_no_edits(abilities, [one.document for one in found.rewrites])
        if problem is not None and found.rewrites:
            return Refusal(RefusalReason.INVALID, problem, "leave `save` out")
        return found

    def _sentence(self, problem: str) -> str:
        if self._path is None:
            return f"It is undone, but the files that were written stay as they are: {problem}."
        if isinstance(self._request, Uninstall):
            return f"It is removed, but not taken out of {written(self._path)}: {problem}."
        return f"It is installed, but not written into {written(self._path)}: {problem}."
