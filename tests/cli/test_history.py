"""`pinfold history`, and which environment it and `pinfold undo` are about."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.changes.journal import Entry, SetAside, VersionChange
from pinfold.core.environments.changes.safe_change import Changes
from pinfold.core.model.plan import Verb
from tests.core.environments.changes.trees import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Runner

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one")


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    """Return the changes that Pinfold knows of."""
    state = tmp_path / "state"
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(state))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return Changes(state)


def changed(changes: Changes, prefix: Path, *names: str) -> Entry:
    """Change an environment: packages of these *names* are new."""
    new = tuple(VersionChange(name, None, "1.0") for name in names)
    if not prefix.exists():
        make_environment(prefix)
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED) as change:
        (prefix / "new").touch()
        change.keep(new)
    return changes.journal.history()[-1]


@pytest.mark.parametrize("name", [".venv", ".venv/bin/python", "link"])
def test_by_any_name(name: str, changes: Changes, pinfold: Runner) -> None:
    """An environment is named by its folder, by an interpreter in it, or by a link to it."""
    entry = changed(changes, pinfold.folder / ".venv")
    (pinfold.folder / "link").symlink_to(".venv")
    shape = pinfold("history", "--env", name, "--format", "json").json("history")
    undoing = pinfold("undo", "--env", name, "--dry-run", "--format", "json").json("outcome")

    assert [entry.id] == [one["id"] for one in shape["entries"]]
    assert "previewed" == undoing["result"]


def test_gone(changes: Changes, pinfold: Runner) -> None:
    """It need not be there any more."""
    prefix = pinfold.folder / ".venv"
    entry = changed(changes, prefix)
    prefix.rename(pinfold.folder / "elsewhere")
    shape = pinfold("history", "--env", ".venv", "--format", "json").json("history")

    assert [entry.id] == [one["id"] for one in shape["entries"]]


def test_the_one_in_use(
    changes: Changes, pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That which is in use is shown wherever it lies, as undo takes it back."""
    entry = changed(changes, tmp_path / "outside" / "env")
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "outside" / "env"))
    shape = pinfold("history", "--format", "json").json("history")
    undoing = pinfold("undo", "--dry-run", "--format", "json").json("outcome")

    assert "previewed" == undoing["result"]
    assert [entry.id] == [one["id"] for one in shape["entries"]]


def test_refused(changes: Changes, pinfold: Runner) -> None:
    """What is refused is an outcome for programs, and a line for people."""
    assert () == changes.journal.history()
    result = pinfold("history", "--env", "", "--format", "json")
    said = pinfold("history", "--env", "")
    refusal = result.json("outcome")["refusal"]

    assert (2, "an empty path names nothing") == (result.status, refusal["message"])
    assert (2, "pinfold: an empty path names nothing\n") == (said.status, said.err)


def test_an_id_that_is_none(changes: Changes, pinfold: Runner) -> None:
    """Whoever names a change that there is not hears where the ids are, and which is the next."""
    assert () == changes.journal.history()
    none = pinfold("undo", "nosuch", "--env", ".venv")
    entry = changed(changes, pinfold.folder / ".venv")
    said = pinfold("undo", "nosuch", "--env", ".venv")

    there_is_none = "pinfold: there is no change nosuch; see `pinfold history`"
    assert none.err.endswith(f"{there_is_none}\n")
    assert said.err.endswith(f"{there_is_none}; the next one is {entry.id}\n")


def test_a_later_change_comes_first(changes: Changes, pinfold: Runner) -> None:
    """Whoever would undo an older change hears which one has to be undone first, and of when."""
    prefix = pinfold.folder / ".venv"
    older = changed(changes, prefix, "till")
    changed(changes, prefix, "attrs", "cattrs", "iniconfig", "packaging")
    said = pinfold("undo", older.id, "--env", ".venv")

    assert 2 == said.status
    assert re.search(
        r"undo the later change first: install of attrs, cattrs, iniconfig and 1 more, \d\d:\d\d;"
        r" see `pinfold history`\n$",
        said.err,
    )


def test_a_change_that_cannot_be_undone_now(changes: Changes, pinfold: Runner) -> None:
    """One that is undone already, and one of another environment, are told for what they are."""
    prefix, other = pinfold.folder / ".venv", pinfold.folder / "other"
    elsewhere = changed(changes, other, "till")
    undone = changed(changes, prefix, "attrs")
    pinfold("undo", "--env", ".venv", "--yes")

    again = pinfold("undo", undone.id, "--env", ".venv").err
    assert "that cannot be taken back now: install of attrs, " in again
    wrong = pinfold("undo", elsewhere.id, "--env", ".venv").err
    assert f"that is a change of {other}: install of till, " in wrong


def test_looking_lets_go_of_nothing(
    changes: Changes, pinfold: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the history nor a preview discards what is kept, however old it is."""
    with monkeypatch.context() as patched:
        patched.setattr("pinfold.core.environments.changes.safe_change._now", lambda: 0.0)
        entry = changed(changes, pinfold.folder / ".venv")
    pinfold("history")
    pinfold("undo", "--env", ".venv", "--dry-run")

    assert entry.held is not None
    assert entry.held.is_dir()
    assert (entry,) == changes.journal.history()
