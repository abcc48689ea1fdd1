"""What people are told of what became of an operation."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.changes.journal import VersionChange
from pinfold.core.environments.operations.carrying_out import Done
from pinfold.core.environments.operations.runner import Outcome, Result
from pinfold.core.model.plan import LineChange, Plan, Verb
from pinfold.core.model.wording import in_editor
from pinfold.features.operations import outcome_text


def test_written_alone() -> None:
    """Where only files are written they are named, and nobody is told that undo takes it back."""
    plan = Plan(Verb.INSTALL, Path("/p/.venv"), notes=("Nothing to do.",))
    lines = tuple(LineChange(Path("/p/a.txt"), line, None, "aa==1.0") for line in (1, 2))
    outcome = Outcome(Result.NOTHING_TO_DO, plan, saved=lines)

    written = "Nothing to do.\na.txt is written"
    assert f"{written}, which `pinfold undo` does not take back." == outcome_text(outcome, ".venv")
    assert f"{written}." == outcome_text(outcome, ".venv", say=in_editor)


@pytest.mark.parametrize(
    ("is_redo", "said"),
    [
        (False, ".venv is as it was before: 1 added."),
        (True, ".venv is changed again: 1 added. `pinfold undo` takes it back."),
    ],
)
def test_redone(said: str, *, is_redo: bool) -> None:
    """To make a change again is not told as if it were taken back."""
    done = Done("1", (VersionChange("aa", None, "1.0"),), is_redo=is_redo)
    outcome = Outcome(Result.DONE, Plan(Verb.UNDO, Path("/p/.venv")), done=done)

    assert said == outcome_text(outcome, ".venv")
