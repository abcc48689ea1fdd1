"""``--save``, and its undoing: requirements files that are written beside the environment.

Owns when that is done, and how the files are written. What becomes of them is
:mod:`pinfold.features.written_files`'s to say.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal as NotNamed
from pinfold.cli.env_shape import short_path
from pinfold.cli.writing import bytes_as_read, replace_file
from pinfold.core.environments.operations.requests import Install, Undo, Uninstall
from pinfold.core.environments.operations.runner import Result
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.files import Unreadable
from pinfold.core.formats.encoding import Unencodable, encode_requirements
from pinfold.core.model.plan import Plan
from pinfold.features.fixing import edited_text
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
    from pinfold.cli.env_scene import Scene
    from pinfold.core.environments.changes.journal import WrittenFile
    from pinfold.core.environments.operations.prepared import Prepared
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.features.written_files import Rewrite

_LOGGER = logging.getLogger("pinfold")


class Saver:
    """The files of one operation; *save* is what was said to ``--save``, if anything was."""

    def __init__(self, request: Request, save: str | None, scene: Scene, bench: Workbench) -> None:
        self._request = request
        self._save = save
        self._scene = scene
        self._bench = bench
        self._files: tuple[WrittenFile, ...] = ()

    def refusal(self) -> Refusal | None:
        """Return why it cannot be done, as far as that is known before anything is asked."""
        found = self._found(Plan(self._request.verb, self._request.prefix), is_done=False)
        return found if isinstance(found, Refusal) else None

    def amend(self, prepared: Prepared) -> Plan | Refusal:
        """Return the plan with what is written once it is done; or why that cannot be."""
        plan = prepared.plan
        if prepared.target is not None:
            self._files = prepared.target.files
        found = self._found(plan, is_done=False)
        if isinstance(found, Refusal):
            return found
        return replace(plan, notes=(*plan.notes, *found.left), saves=line_changes(found.rewrites))

    def finish(self, outcome: Outcome) -> tuple[Outcome, bool]:
        """Write the files; return the outcome with that, and whether nothing went wrong."""
        plan = outcome.plan
        if plan is None or outcome.result not in (Result.DONE, Result.NOTHING_TO_DO):
            return outcome, True
        found = self._found(plan, is_done=True)
        if isinstance(found, Refusal):
            return replace(outcome, unsaved=(self._sentence(found.message),)), False
        entry = None if outcome.done is None else outcome.done.entry
        # First: whoever undoes it compares, and what was not written is what it was.
        self._note(entry, found.rewrites)
        written: list[Rewrite] = []
        problems: list[str] = []
        for rewrite in found.rewrites:
            problem = self._written(rewrite)
            if problem is None:
                written.append(rewrite)
            else:
                problems.append(self._sentence(problem))
        if problems:
            self._note(entry, written)
        outcome = replace(outcome, saved=line_changes(written), unsaved=(*found.left, *problems))
        return outcome, not problems

    def _found(self, plan: Plan, *, is_done: bool) -> TakenBack | Refusal:
        """Return what becomes of files, as they are now; *is_done*: so is the plan."""
        # What was read may have changed since.
        self._scene.forget_files()
        request, snapshot = self._request, self._scene.snapshot
        if isinstance(request, Undo):
            return rewrites_back(snapshot, self._files)
        if self._save is None:
            return TakenBack()
        path = self._scene.absolute(self._save)
        if isinstance(path, NotNamed):
            return Refusal(RefusalReason.INVALID, path.message)
        within = (self._scene.own_project,)
        if isinstance(request, Uninstall):
            keys = [change.key for change in plan.removes]
            found = rewrites_to_remove(snapshot, path, keys, within)
        else:
            assert isinstance(request, Install)
            if not request.requirements and not request.editables:
                return Refusal(
                    RefusalReason.NOTHING_NAMED,
                    f"what is named is written into {self._save}, and nothing is named",
                    "name packages",
                )
            installed = self._bench.installed(request.prefix)
            expected = None if is_done else plan
            lines = lines_to_save(request.requirements, request.editables, installed, expected)
            markers = None if installed is None else installed.environment.markers
            found = rewrites_to_save(snapshot, path, lines, markers, within)
        return found if isinstance(found, Refusal) else TakenBack(found)

    def _note(self, entry: str | None, rewrites: list[Rewrite] | tuple[Rewrite, ...]) -> None:
        if entry is None:
            return
        try:
            self._bench.changes.journal.note_files(entry, written_files(rewrites))
        except OSError as error:
            # Then undoing leaves the file as it is.
            _LOGGER.info("the journal of changes: %s", error)

    def _written(self, rewrite: Rewrite) -> str | None:
        """Write a file, make it or take it away; return in a clause why not."""
        shown = short_path(rewrite.path, self._scene)
        try:
            if rewrite.after is None:
                rewrite.path.unlink()
                return None
            if rewrite.document is None:
                rewrite.path.touch(exist_ok=False)
        except OSError as error:
            return f"{shown}: {(error.strerror or str(error)).lower()}"
        problem = self._replaced(rewrite)
        if problem is not None and rewrite.document is None:
            with suppress(OSError):
                rewrite.path.unlink()
        return None if problem is None else f"{shown} {problem}"

    def _replaced(self, rewrite: Rewrite) -> str | None:
        self._scene.forget_files()
        file = self._scene.snapshot.disk.read(rewrite.path)
        if isinstance(file, Unreadable):
            return file.detail
        data = encode_requirements(file.decoded, edited_text(file.document.text, rewrite.edits))
        if isinstance(data, Unencodable):
            return f"is left as it is: {data.reason}"
        before = bytes_as_read(rewrite.path, file.decoded, self._scene.filesystem)
        if before is None or file.document.text != (rewrite.before or ""):
            return "changed on disk since it was read, and is left as it is"
        return replace_file(rewrite.path, before, data)

    def _sentence(self, problem: str) -> str:
        match self._request:
            case Install():
                return f"It is installed, but not written into {self._save}: {problem}."
            case Uninstall():
                return f"It is removed, but not taken out of {self._save}: {problem}."
            case _:
                return f"It is undone, but not all files are: {problem}."
