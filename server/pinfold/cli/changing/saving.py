"""``--save``, and its undoing: requirements files that are written beside the environment.

Owns how the files are written, and what is said of those that could not be. What becomes of them is
:mod:`pinfold.features.operation_files`'s to say.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal as NotNamed
from pinfold.cli.env_shape import short_path
from pinfold.cli.writing import CHANGED, bytes_as_read, make_file, remove_file, replace_file
from pinfold.core.environments.operations.requests import Install, Uninstall
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.files import Unreadable, locale_encoding
from pinfold.core.formats.encoding import (
    DecodedText,
    Unencodable,
    decode_requirements,
    encode_requirements,
)
from pinfold.core.model.plan import Plan
from pinfold.features.fixing import edited_text
from pinfold.features.operation_files import OperationFiles
from pinfold.features.written_files import line_changes

if TYPE_CHECKING:
    from pinfold.cli.env_scene import Scene
    from pinfold.core.environments.operations.prepared import Prepared
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.features.written_files import Rewrite, TakenBack


class Saver:
    """The files of one operation; *save* is what was said to ``--save``, if anything was."""

    def __init__(self, request: Request, save: str | None, scene: Scene, bench: Workbench) -> None:
        self._request = request
        self._save = save
        self._scene = scene
        path = None if save is None else scene.absolute(save)
        self._not_named = path if isinstance(path, NotNamed) else None
        self._files = OperationFiles(
            request, None if isinstance(path, NotNamed) else path, (scene.own_project,), bench
        )

    def refusal(self) -> Refusal | None:
        """Return why it cannot be done, as far as that is known before anything is asked."""
        if self._not_named is not None:
            return Refusal(RefusalReason.INVALID, self._not_named.message)
        request = self._request
        if (
            self._save is not None
            and isinstance(request, Install)
            and not (request.requirements or request.editables)
        ):
            return Refusal(
                RefusalReason.NOTHING_NAMED,
                f"what is named is written into {self._save}, and nothing is named",
                "name packages",
            )
        found = self._found(Plan(request.verb, request.prefix), is_done=False)
        return found if isinstance(found, Refusal) else None

    def amend(self, prepared: Prepared) -> Plan | Refusal:
        """Return the plan with what is written once it is done; or why that cannot be."""
        return self._files.amend(prepared, partial(self._found, is_done=False))

    def finish(self, outcome: Outcome) -> tuple[Outcome, bool]:
        """Write the files; return the outcome with that, and whether nothing went wrong."""
        plan = outcome.plan
        if plan is None or not self._files.are_due(outcome):
            return outcome, True
        found = self._found(plan, is_done=True)
        if isinstance(found, Refusal):
            return replace(outcome, unsaved=(self._sentence(found.message),)), False
        self._files.note(outcome, found.rewrites)
        written: list[Rewrite] = []
        problems: list[str] = []
        for rewrite in found.rewrites:
            problem = self._written(rewrite)
            if problem is None:
                written.append(rewrite)
            else:
                shown = short_path(rewrite.path, self._scene)
                problems.append(self._sentence(f"{shown} {problem}"))
        if problems:
            self._files.note(outcome, written)
        outcome = replace(outcome, saved=line_changes(written), unsaved=(*found.left, *problems))
        return outcome, not problems

    def _found(self, plan: Plan, *, is_done: bool) -> TakenBack | Refusal:
        # What was read may have changed since.
        self._scene.forget_files()
        return self._files.found(self._scene.snapshot, plan, is_done=is_done)

    def _written(self, rewrite: Rewrite) -> str | None:
        """Write a file, make it or take it away; return in a clause why not."""
        after = rewrite.after
        if rewrite.document is None:
            nothing = decode_requirements(b"", locale_encoding())
            assert isinstance(nothing, DecodedText)
            data = encode_requirements(nothing, after or "")
            if isinstance(data, Unencodable):
                return f"is not made: {data.reason}"
            return make_file(rewrite.path, data)
        self._scene.forget_files()
        file = self._scene.snapshot.disk.read(rewrite.path)
        if isinstance(file, Unreadable):
            return file.detail
        before = bytes_as_read(rewrite.path, file.decoded, self._scene.filesystem)
        if before is None or file.document.text != rewrite.before:
            return CHANGED
        if after is None:
            return remove_file(rewrite.path, before)
        data = encode_requirements(file.decoded, edited_text(file.document.text, rewrite.edits))
        if isinstance(data, Unencodable):
            return f"is left as it is: {data.reason}"
        return replace_file(rewrite.path, before, data)

    def _sentence(self, problem: str) -> str:
        match self._request:
            case Install():
                return f"It is installed, but not written into {self._save}: {problem}."
            case Uninstall():
                return f"It is removed, but not taken out of {self._save}: {problem}."
            case _:
                return f"It is undone, but not all files are: {problem}."
