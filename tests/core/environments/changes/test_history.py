"""What is kept for undo, in which order it is undone, and when it is let go."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.changes import history as history_module
from pinfold.core.environments.changes import safe_change
from pinfold.core.environments.changes.history import KEPT_S, expire, standing
from pinfold.core.environments.changes.holding import (
    BESIDE,
    HoldingError,
    discard,
    holding_folders,
    make_holding_folder,
)
from pinfold.core.environments.changes.journal import SetAside
from pinfold.core.environments.changes.safe_change import Changes
from pinfold.core.model.plan import Verb
from tests.core.environments.changes.trees import make_environment, tree

if TYPE_CHECKING:
    from pathlib import Path

LATER = 4_000_000_000.0


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    """Return changes whose state is on the file system of the environments."""
    return Changes(tmp_path / "state")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Return an environment."""
    return make_environment(tmp_path / "project" / ".venv")


def install(changes: Changes, prefix: Path, name: str) -> None:
    """Add a file, as a change."""
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED) as change:
        (prefix / name).write_text("", encoding="utf-8")
        change.keep()


def remove(changes: Changes, prefix: Path) -> None:
    """Take an environment away, as a change."""
    with changes.change(prefix, Verb.REMOVE, SetAside.MOVED) as change:
        prefix.rmdir()
        change.keep()


def kept(changes: Changes) -> list[str]:
    """Return what is held, by name."""
    folder = changes._state / "held"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def no_trash(path: Path) -> None:
    """Refuse, as a system without a trash does."""
    raise OSError(path)


def test_old_states_go(changes: Changes, prefix: Path) -> None:
    """What is older than 30 days is let go, and the environment stays as it is."""
    install(changes, prefix, "new")
    before = tree(prefix)
    entry = changes.journal.history()[-1]
    started = entry.ended or 0
    still = expire(changes.journal, now=started + KEPT_S - 60, trash=no_trash)
    held = kept(changes)
    gone = expire(changes.journal, now=started + KEPT_S + 60, trash=no_trash)

    assert (0, [entry.id], 1, []) == (still, held, gone, kept(changes))
    assert (before, ()) == (tree(prefix), changes.journal.history())


def test_what_is_being_changed_is_kept(changes: Changes, prefix: Path) -> None:
    """Nothing of an environment is let go while somebody changes it."""
    install(changes, prefix, "new")
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED):
        gone = expire(changes.journal, now=LATER, trash=no_trash)

    assert (0, 1) == (gone, len(kept(changes)))


def test_rejected_trees_go(changes: Changes, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be removed when a change was put back is removed when things expire."""
    with (
        monkeypatch.context() as patched,
        changes.change(prefix, Verb.INSTALL, SetAside.COPIED),
    ):
        patched.setattr(safe_change, "discard", lambda _tree: False)
    before = kept(changes)
    gone = expire(changes.journal, now=0, trash=no_trash)

    assert (1, 0, []) == (len(before), gone, kept(changes))


def test_nothing_to_discard(tmp_path: Path) -> None:
    """What is gone already is gone, and the folder around it keeps its rights."""
    tmp_path.chmod(0o755)

    assert discard(tmp_path / "gone")
    assert 0o755 == stat.S_IMODE(tmp_path.stat().st_mode)


_DISCARD = """
import sys
from pathlib import Path
from pinfold.core.environments.changes.holding import copy, discard

live, held = Path(sys.argv[1]), Path(sys.argv[2])
copy(live, held, lambda: None)
print(discard(held), oct((live / "folder" / "file").stat().st_mode & 0o777))
"""


@pytest.mark.skipif(os.name == "nt", reason="there the rights of the file itself stand against it")
def test_rights_of_what_is_linked(tmp_path: Path) -> None:
    """What is read-only in an environment is so still when a copy of hard links is removed."""
    folder = tmp_path / "live" / "folder"
    folder.mkdir(parents=True)
    (folder / "file").write_text("", encoding="utf-8")
    (folder / "file").chmod(0o444)
    folder.chmod(0o555)
    # Rights mean nothing to root, who has to do without his privileges.
    setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
    under = [] if setpriv is None else [setpriv, "--bounding-set=-all"]
    completed = subprocess.run(
        [*under, sys.executable, "-c", _DISCARD, tmp_path / "live", tmp_path / "held"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    folder.chmod(0o755)

    assert "True 0o444\n" == completed.stdout


def test_removed_environments_go_to_the_trash(changes: Changes, prefix: Path) -> None:
    """Nobody loses a removed environment for good but by emptying the trash."""
    before = tree(prefix)
    remove(changes, prefix)
    thrown: list[object] = []
    expire(changes.journal, now=LATER, trash=lambda path: thrown.append(tree(path)))

    assert [before] == thrown


def test_without_a_trash_it_is_kept(changes: Changes, prefix: Path) -> None:
    """A system without a trash keeps a removed environment, and it can still be brought back."""
    before = tree(prefix)
    remove(changes, prefix)
    gone = expire(changes.journal, now=LATER, trash=no_trash)
    target = standing(changes.journal.history(), prefix).next_to_undo
    assert target is not None
    changes.undo(target, ())

    assert (0, before) == (gone, tree(prefix))


def test_only_so_many_are_kept(
    changes: Changes, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one environment only the last states are kept; others are not counted with it."""
    other = make_environment(prefix.parent / "other")
    monkeypatch.setattr(history_module, "MAX_KEPT", 2)
    install(changes, other, "theirs")
    for name in ("one", "two", "three"):
        install(changes, prefix, name)
    newest = [entry.id for entry in changes.journal.history()]
    gone = expire(changes.journal, now=0, trash=no_trash)

    assert (1, sorted([newest[0], *newest[2:]])) == (gone, kept(changes))


def test_as_often_as_states_are_kept(
    changes: Changes, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undoing one change after the other lets go of none that is still to be undone."""
    monkeypatch.setattr(history_module, "MAX_KEPT", 4)
    before = tree(prefix)
    for name in ("one", "two", "three", "four"):
        install(changes, prefix, name)
    undone = 0
    while True:
        expire(changes.journal, now=0, trash=no_trash)
        target = standing(changes.journal.history(), prefix).next_to_undo
        if target is None:
            break
        changes.undo(target, ())
        undone += 1

    assert (4, before, 4) == (undone, tree(prefix), len(kept(changes)))


def test_a_redoing_outlives_what_it_has_undone(changes: Changes, prefix: Path) -> None:
    """A change made again remains one, when the first time and its undoing are long ago."""
    install(changes, prefix, "new")
    for side in ("next_to_undo", "next_to_redo"):
        target = getattr(standing(changes.journal.history(), prefix), side)
        changes.undo(target, ())
    first, undoing, redoing = changes.journal.history()
    day = 24 * 3600.0
    for entry, moment in ((first, 0.0), (undoing, 0.0), (redoing, 29 * day)):
        changes.journal.write(replace(entry, started=moment, ended=moment))
        changes.journal.file_away(entry)
    gone = expire(changes.journal, now=31 * day, trash=no_trash)
    stands = standing(changes.journal.history(), prefix)

    assert (0, redoing.id, None) == (
        gone,
        stands.next_to_undo and stands.next_to_undo.id,
        stands.next_to_redo,
    )
    assert 3 == expire(changes.journal, now=60 * day, trash=no_trash)


def test_folder_beside_goes_with_the_last(
    changes: Changes, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A holding folder beside an environment is not left behind empty."""
    monkeypatch.setattr(
        safe_change, "holding_folders", lambda place, _state: (place.parent / BESIDE,)
    )
    install(changes, prefix, "new")
    was_there = (prefix.parent / BESIDE).is_dir()
    expire(changes.journal, now=LATER, trash=no_trash)

    assert was_there
    assert not (prefix.parent / BESIDE).exists()


def test_what_cannot_hold(tmp_path: Path) -> None:
    """A place whose folder is gone is held beside it, which then says what is wrong."""
    place = tmp_path / "none" / ".venv"
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert (place.parent / BESIDE,) == holding_folders(place, tmp_path / "state")
    with pytest.raises(HoldingError, match="the file system refused"):
        make_holding_folder(tmp_path / "file" / BESIDE)


def test_new_change_ends_redo(changes: Changes, prefix: Path) -> None:
    """What was undone can be made again until something else is changed."""
    install(changes, prefix, "one")
    target = standing(changes.journal.history(), prefix).next_to_undo
    assert target is not None
    changes.undo(target, ())
    could_redo = standing(changes.journal.history(), prefix).next_to_redo is not None
    install(changes, prefix, "two")
    stands = standing(changes.journal.history(), prefix)

    assert (True, None, 1) == (could_redo, stands.next_to_redo, len(stands.done))


def test_only_its_own_and_only_what_was_done(changes: Changes, prefix: Path) -> None:
    """Neither others' changes nor those that came to nothing are undone."""
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED):
        pass
    install(changes, make_environment(prefix.parent / "other"), "theirs")

    assert standing(changes.journal.history(), prefix).next_to_undo is None
