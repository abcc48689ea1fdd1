"""What is said of changes that were interrupted, at the start of a run and of a session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.changes.journal import Entry, Journal, Phase, SetAside
from pinfold.core.environments.conversation import Severity
from pinfold.core.model.plan import Verb
from pinfold.lsp.recovery import recover

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Runner

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are looked for in another way")

ID = "20260101T000000-000000-00000000"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of Pinfold's state, where a creation is under way that nobody goes on with.

    Somebody has made another folder in its place since.
    """
    place = tmp_path / ".venv"
    place.mkdir()
    state = tmp_path / "state"
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(state))
    (state / "locks").mkdir(parents=True)
    Journal(state / "changes").write(
        Entry(
            id=ID,
            verb=Verb.CREATE,
            prefix=place,
            place=place,
            phase=Phase.CHANGING,
            set_aside=SetAside.NOTHING,
            held=None,
            rejected=state / "held" / f"{ID}.rejected",
            started=0.0,
            token="0" * 32,
            pid=1,
            identity=(0, 0),
        )
    )
    return state


def test_left_alone(state: Path, pinfold: Runner) -> None:
    """Where there was nothing before, nothing is said to be kept."""
    assert state.is_dir()
    assert (
        "pinfold: .venv: create was interrupted, and something else has taken its place since; what"
        " is there now is left alone\n"
    ) == pinfold("history").err


def test_left_alone_in_a_session(state: Path) -> None:
    """A session says the same."""
    place = state.parent / ".venv"

    told = (
        f"The create was interrupted; something else has taken the place of {place} since: what is"
        " there now is left alone"
    )

    assert ((told, Severity.WARNING),) == recover(state)


def test_of_a_newer_pinfold(state: Path, pinfold: Runner) -> None:
    """What only a newer Pinfold can end is said once, with what to do."""
    file = state / "changes" / "open" / f"{ID}.json"
    file.write_text(file.read_text("utf-8").replace('"version": 1', '"version": 9'), "utf-8")
    place = state.parent / ".venv"
    problem = (
        f"a change of {place} is not finished: {file} was written by a newer Pinfold; start that"
        " one, which finishes it"
    )

    assert f"pinfold: {problem}\n" == pinfold("history").err
    assert ((problem, Severity.ERROR),) == recover(state)
