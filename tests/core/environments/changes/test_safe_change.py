"""A change leaves the old state or the new one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.changes import holding, safe_change
from pinfold.core.environments.changes.history import left_alone_text, standing
from pinfold.core.environments.changes.journal import Entry, Phase, SetAside, VersionChange
from pinfold.core.environments.changes.locks import Busy, Cancelled
from pinfold.core.environments.changes.safe_change import (
    CannotChange,
    CannotPutBack,
    Changes,
    NotRecovered,
    Recovered,
    Waiting,
)
from pinfold.core.environments.discovery import Discovery
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.plan import Verb
from pinfold.core.workspace.dependency_files import find_dependency_files
from tests.core.environments.changes.trees import make_environment, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.environments.changes.trees import Tree


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    """Return changes whose state is on the file system of the environments."""
    return Changes(tmp_path / "state")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Return an environment."""
    return make_environment(tmp_path / "project" / ".venv")


def spoil(prefix: Path) -> None:
    """Do what an installer does: remove, replace, add, and write into what is written into."""
    site_packages = prefix / "lib" / "python3.12" / "site-packages"
    site_packages.mkdir(parents=True, exist_ok=True)
    (site_packages / "old.py").unlink(missing_ok=True)
    (site_packages / "new.py").write_text("new\n", encoding="utf-8")
    with (site_packages / "links.pth").open("a", encoding="utf-8") as file:
        file.write("/here\n")
    (prefix / "bin").mkdir(exist_ok=True)
    with (prefix / "bin" / "tool").open("w", encoding="utf-8") as file:
        file.write("#!/bin/bash\n")


WAYS = [
    pytest.param(Verb.INSTALL, SetAside.COPIED, id="copied"),
    pytest.param(Verb.REBUILD, SetAside.MOVED, id="moved"),
]


@pytest.mark.parametrize(("verb", "way"), WAYS)
def test_failure_puts_back(changes: Changes, prefix: Path, verb: Verb, way: SetAside) -> None:
    """What raises within a change leaves everything as it was, and raises on."""
    before = tree(prefix)

    with pytest.raises(ZeroDivisionError), changes.change(prefix, verb, way) as change:  # noqa: PT012
        spoil(prefix)
        change.keep()
        raise ZeroDivisionError

    assert before == tree(prefix)
    assert [] == held(changes, prefix)


@pytest.mark.parametrize(("verb", "way"), WAYS)
def test_not_kept_is_put_back(changes: Changes, prefix: Path, verb: Verb, way: SetAside) -> None:
    """A change that nobody keeps was none, and the journal says that it was put back."""
    before = tree(prefix)

    with changes.change(prefix, verb, way):
        spoil(prefix)

    assert before == tree(prefix)
    assert [Phase.PUT_BACK] == [entry.phase for entry in changes.journal.history()]


@pytest.mark.parametrize(("verb", "way"), WAYS)
def test_undo_and_redo(changes: Changes, prefix: Path, verb: Verb, way: SetAside) -> None:
    """A change that was kept can be taken back, made again, and taken back again."""
    before = tree(prefix)
    with changes.change(prefix, verb, way) as change:
        spoil(prefix)
        change.keep([VersionChange("old", "1.0", None)])
    after = tree(prefix)
    states = []
    for step in (undo, redo, undo):
        step(changes, prefix)
        states.append(tree(prefix))

    assert [before, after, before] == states


def test_created_is_undone(changes: Changes, tmp_path: Path) -> None:
    """To undo a creation leaves nothing there; to redo it brings the environment back."""
    prefix = tmp_path / "project" / ".venv"
    with changes.change(prefix, Verb.CREATE, SetAside.NOTHING) as change:
        (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
        change.keep()
    created = tree(prefix)
    undo(changes, prefix)
    between = tree(prefix)
    redo(changes, prefix)

    assert (None, created) == (between, tree(prefix))


def test_failed_creation_leaves_nothing(changes: Changes, tmp_path: Path) -> None:
    """Nothing is left of an environment whose creation failed."""
    prefix = tmp_path / "project" / ".venv"
    with changes.change(prefix, Verb.CREATE, SetAside.NOTHING):
        (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")

    assert tree(prefix) is None
    assert [] == held(changes, prefix)


def test_folders_around_go_too(changes: Changes, tmp_path: Path) -> None:
    """Those that were made for a creation that failed go; what somebody else needs stays."""
    (tmp_path / "project").mkdir()
    prefix = tmp_path / "project" / "deep" / "er" / "place"
    with changes.change(prefix, Verb.CREATE, SetAside.NOTHING):
        assert prefix.is_dir()
    assert [] == list((tmp_path / "project").iterdir())
    with changes.change(prefix, Verb.CREATE, SetAside.NOTHING):
        (prefix.parent.parent / "mine").touch()

    assert ["mine"] == [path.name for path in (tmp_path / "project" / "deep").iterdir()]


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.CHANGING])
def test_folders_around_go_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: Phase
) -> None:
    """So they do if whoever made them was killed."""
    prefix = tmp_path / "project" / "deep" / "er" / "place"
    changes = interrupted(prefix, tmp_path / "state", phase, monkeypatch, SetAside.NOTHING)
    assert prefix.is_dir()
    changes.recover()

    assert not (tmp_path / "project").exists()


def test_folders_around_on_another_file_system(
    changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holding folder beside the environment stands in no one's way."""
    beside = tmp_path / "project" / "deep" / holding.BESIDE
    monkeypatch.setattr(safe_change, "holding_folders", lambda *_arguments: (beside,))
    with changes.change(beside.parent / "place", Verb.CREATE, SetAside.NOTHING) as change:
        assert beside.is_dir()
        del change

    assert not (tmp_path / "project").exists()


def test_removed_is_brought_back(changes: Changes, prefix: Path) -> None:
    """A removal that was kept is undone, by renaming alone."""
    before, identity = tree(prefix), prefix.stat().st_ino
    with changes.change(prefix, Verb.REMOVE, SetAside.MOVED) as change:
        prefix.rmdir()
        change.keep()
    removed = tree(prefix)
    undo(changes, prefix)

    assert (None, before, identity) == (removed, tree(prefix), prefix.stat().st_ino)


def test_undo_in_order(changes: Changes, prefix: Path) -> None:
    """Several changes are undone from the last to the first, and then there is none."""
    states = [tree(prefix)]
    for count in range(3):
        with changes.change(prefix, Verb.INSTALL, SetAside.COPIED) as change:
            (prefix / f"added{count}").write_text("", encoding="utf-8")
            change.keep()
        states.append(tree(prefix))
    seen = [tree(prefix)]
    while standing(changes.journal.history(), prefix).next_to_undo is not None:
        undo(changes, prefix)
        seen.append(tree(prefix))

    assert states[::-1] == seen


def test_one_at_a_time(changes: Changes, prefix: Path) -> None:
    """A change waits for the one before it; who does not want to wait is told who has it."""
    inside, may_end, told = Event(), Event(), Event()

    def first() -> None:
        with changes.change(prefix, Verb.INSTALL, SetAside.COPIED) as change:
            inside.set()
            may_end.wait(30)
            (prefix / "first").write_text("", encoding="utf-8")
            change.keep()

    thread = Thread(target=first)
    thread.start()
    assert inside.wait(30)
    with (
        pytest.raises(Busy) as busy,
        changes.change(prefix, Verb.SYNC, SetAside.COPIED, waiting=Waiting(timeout_s=0)),
    ):
        pass
    cancelled = Event()
    cancelled.set()
    with (
        pytest.raises(Cancelled),
        changes.change(prefix, Verb.SYNC, SetAside.COPIED, waiting=Waiting(cancelled=cancelled)),
    ):
        pass

    def on_wait(owner: object) -> None:
        told.set()
        may_end.set()

    with changes.change(prefix, Verb.SYNC, SetAside.COPIED, waiting=Waiting(on_wait=on_wait)):
        has_first = (prefix / "first").exists()
    thread.join(30)

    assert told.is_set()
    assert has_first
    assert f"{prefix} is being changed by process {os.getpid()} (pinfold install)" == str(
        busy.value
    )


def test_link_is_followed(changes: Changes, prefix: Path, tmp_path: Path) -> None:
    """An environment that is reached through a link is changed where it is; the link stays."""
    link = tmp_path / "link"
    link.symlink_to(prefix)
    before = tree(prefix)
    with changes.change(link, Verb.REBUILD, SetAside.MOVED):
        spoil(link)

    assert link.is_symlink()
    assert before == tree(prefix)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.ENOTSUP])
def test_no_hard_links(
    changes: Changes, prefix: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where there are no hard links, or no more of them, files are copied."""

    def refuse(source: str, target: str) -> None:
        raise OSError(number, os.strerror(number), source)

    monkeypatch.setattr(os, "link", refuse)
    before = tree(prefix)
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED):
        spoil(prefix)
        (prefix / "lib/python3.12/site-packages/new.py").write_text("other\n", encoding="utf-8")

    assert before == tree(prefix)


def test_other_file_system(prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be moved to the state's folder is held beside the environment, out of sight."""
    changes = Changes(tmp_path / "state")
    before = tree(prefix)

    def only_near(way: Callable[..., None]) -> Callable[..., None]:
        def refuse(source: str | Path, target: str | Path, **other: object) -> None:
            if str(tmp_path / "state" / "held") in (str(source) + str(target)):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))
            way(source, target, **other)

        return refuse

    monkeypatch.setattr(os, "link", only_near(os.link))
    monkeypatch.setattr(os, "rename", only_near(os.rename))
    for way in (SetAside.COPIED, SetAside.MOVED):
        with changes.change(prefix, Verb.REBUILD, way) as change:
            spoil(prefix)
            change.keep()
    beside = prefix.parent / holding.BESIDE
    undo(changes, prefix)
    undo(changes, prefix)

    assert before == tree(prefix)
    assert "*\n" == (beside / ".gitignore").read_text(encoding="ascii")


def test_held_is_nobodys(prefix: Path, tmp_path: Path) -> None:
    """What is held beside an environment is neither listed nor judged."""
    held = prefix.parent / holding.BESIDE / "20261122T000000-000000-00000000"
    make_environment(held)
    (held / "requirements.txt").write_text("flask\n", encoding="utf-8")
    around = Surroundings(home=str(tmp_path), projects=(str(prefix.parent),))
    inventory = Discovery(LocalFileSystem()).find(around)
    files = [file.path for file in find_dependency_files(prefix.parent, LocalFileSystem())]

    assert prefix in [one.prefix for one in inventory.installations]
    assert held not in [one.prefix for one in inventory.installations]
    assert [] == files


def test_nothing_begins_without_journal(changes: Changes, prefix: Path, tmp_path: Path) -> None:
    """Where the journal cannot be written, nothing is changed."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "changes").write_text("in the way", encoding="utf-8")
    before = tree(prefix)

    with (
        pytest.raises(CannotChange),
        changes.change(prefix, Verb.REBUILD, SetAside.MOVED),
    ):
        pytest.fail("begun")

    assert before == tree(prefix)


def test_gone_cannot_be_changed(changes: Changes, tmp_path: Path) -> None:
    """What is not there is refused, and leaves nothing under way."""
    with (
        pytest.raises(CannotChange, match="no such file"),
        changes.change(tmp_path / "none", Verb.INSTALL, SetAside.COPIED),
    ):
        pytest.fail("begun")

    assert [] == list(changes.journal.under_way())
    assert not (tmp_path / "none").exists()


def test_create_where_something_is(changes: Changes, prefix: Path) -> None:
    """What is there is not touched by a creation that expects nothing."""
    before = tree(prefix)

    with (
        pytest.raises(CannotChange, match="exists"),
        changes.change(prefix, Verb.CREATE, SetAside.NOTHING),
    ):
        pytest.fail("begun")

    assert before == tree(prefix)


def interrupted(
    prefix: Path, state: Path, phase: Phase, monkeypatch: pytest.MonkeyPatch, way: SetAside
) -> Changes:
    """Begin a change and leave it, as a process does that is killed; return who comes next."""
    with monkeypatch.context() as patched:
        patched.setattr(Changes, "_end", lambda *_arguments, **_more: None)
        patched.setattr(Changes, "_give_up", lambda *_arguments: None)
        if phase is Phase.PREPARING:
            patched.setattr(safe_change, "_identity", dies)
        with (
            contextlib.suppress(KilledError),
            Changes(state).change(prefix, Verb.REBUILD, way),
        ):
            spoil(prefix)
    return Changes(state)


class KilledError(Exception):
    """Stands for the end of the process."""


def dies(*_arguments: object) -> None:
    """End the process."""
    raise KilledError


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.CHANGING])
@pytest.mark.parametrize("way", [SetAside.COPIED, SetAside.MOVED])
def test_next_start_puts_back(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: Phase, way: SetAside
) -> None:
    """Whoever starts next puts back what an interrupted change has left; once."""
    before = tree(prefix)
    changes = interrupted(prefix, tmp_path / "state", phase, monkeypatch, way)
    recovered = changes.recover()

    assert before == tree(prefix)
    (done,) = recovered
    assert isinstance(done, Recovered)
    assert prefix == done.entry.prefix
    assert () == changes.recover()
    assert [] == held(changes, prefix)


def test_next_change_puts_back_first(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change finds the environment as it was before an interrupted one."""
    before = tree(prefix)
    state = tmp_path / "state"
    changes = interrupted(prefix, state, Phase.CHANGING, monkeypatch, SetAside.COPIED)
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED):
        seen = tree(prefix)

    assert before == seen


def test_recovery_that_is_interrupted(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recovery may be killed between any two steps; the next one goes on with it."""
    before = tree(prefix)
    for steps in range(6):
        changes = interrupted(
            prefix, tmp_path / "state", Phase.CHANGING, monkeypatch, SetAside.COPIED
        )
        left = steps

        def count(way: Callable[..., object]) -> Callable[..., object]:
            def counted(*arguments: object) -> object:
                nonlocal left
                left -= 1
                if left < 0:
                    raise KilledError
                return way(*arguments)

            return counted

        with monkeypatch.context() as patched:
            patched.setattr(safe_change, "move", count(holding.move))
            patched.setattr(safe_change, "discard", count(holding.discard))
            with contextlib.suppress(KilledError):
                changes.recover()
        Changes(tmp_path / "state").recover()

        assert before == tree(prefix)


def test_somebody_elses_is_left_alone(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person has made in the place of an interrupted change meanwhile is not touched."""
    state = tmp_path / "state"
    changes = interrupted(prefix, state, Phase.CHANGING, monkeypatch, SetAside.MOVED)
    prefix.rename(tmp_path / "away")
    make_environment(prefix, {"theirs.py": "theirs\n"})
    theirs = tree(prefix)
    recovered = changes.recover()

    assert theirs == tree(prefix)
    (left,) = recovered
    assert isinstance(left, Recovered)
    assert Phase.LEFT_ALONE is left.entry.phase
    assert left.entry.held is not None
    assert left.entry.held.exists()
    assert f"kept in {left.entry.held} for 30 days" in left_alone_text(left.entry)


def test_newer_entry_is_left(prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unfinished change of a newer Pinfold is neither finished nor built upon, but said."""
    state = tmp_path / "state"
    changes = interrupted(prefix, state, Phase.CHANGING, monkeypatch, SetAside.COPIED)
    (file,) = (state / "changes" / "open").glob("*.json")
    content = json.loads(file.read_text(encoding="ascii"))
    file.write_text(json.dumps({**content, "version": 99}), encoding="ascii")

    problem = f"a change of {prefix} is not finished: {file} was written by a newer Pinfold"
    action = "start that one, which finishes it"
    assert (NotRecovered(f"{problem}; {action}"),) == changes.recover()
    with (
        pytest.raises(CannotChange) as refused,
        changes.change(prefix, Verb.INSTALL, SetAside.COPIED),
    ):
        pytest.fail("begun")
    assert (problem, action) == (str(refused.value), refused.value.action)


def test_recovery_that_is_refused(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said which environment could not be put back, because of what, and where it is."""
    state = tmp_path / "state"
    changes = interrupted(prefix, state, Phase.CHANGING, monkeypatch, SetAside.MOVED)
    shutil.rmtree(state / "locks")
    (state / "locks").write_text("", encoding="utf-8")
    (refused,) = changes.recover()

    assert isinstance(refused, NotRecovered)
    assert refused.problem.startswith(f"{prefix} could not be put back as it was ({state}/locks")
    assert f"its old state is kept in {state}/held/" in refused.problem


def test_where_there_was_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said to be kept of what was not there before."""
    place = tmp_path / "project" / ".venv"
    state = tmp_path / "state"
    changes = interrupted(place, state, Phase.CHANGING, monkeypatch, SetAside.NOTHING)
    place.rename(tmp_path / "begun")
    place.mkdir()
    (left,) = changes.recover()

    assert isinstance(left, Recovered)
    assert "what is there now is left alone" == left_alone_text(left.entry)
    told = str(CannotPutBack(left.entry, "no"))
    assert told.startswith(f"what was begun at {place} could not be taken away again (no): ")


def test_put_back_that_fails_is_tried_again(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the old state cannot be put back, it is said where it is, and the next start does it."""
    changes = Changes(tmp_path / "state")
    before = tree(prefix)

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))

    with (  # noqa: PT012
        monkeypatch.context() as patched,
        pytest.raises(CannotPutBack, match="kept in") as error,
        changes.change(prefix, Verb.INSTALL, SetAside.COPIED),
    ):
        spoil(prefix)
        patched.setattr(safe_change, "move", refuse)
    entry = error.value.entry
    assert entry.held is not None
    assert before == tree(entry.held)
    changes.recover()

    assert before == tree(prefix)


def test_undo_of_what_is_not_the_last(changes: Changes, prefix: Path) -> None:
    """What was looked at is taken back only while it is still what was changed last."""
    for name in ("one", "two"):
        with changes.change(prefix, Verb.INSTALL, SetAside.COPIED) as change:
            (prefix / name).write_text("", encoding="utf-8")
            change.keep()
    first, _second = standing(changes.journal.history(), prefix).done
    before = tree(prefix)

    with pytest.raises(CannotChange, match="changed meanwhile"):
        changes.undo(first, ())
    assert before == tree(prefix)


def test_refused_under_the_lock(changes: Changes, prefix: Path) -> None:
    """What somebody has against a change keeps it from happening at all."""
    before = tree(prefix)

    def refuse() -> None:
        raise PermissionError

    for way in (SetAside.COPIED, SetAside.MOVED):
        with (
            pytest.raises(PermissionError),
            changes.change(prefix, Verb.INSTALL, way, check=refuse),
        ):
            pytest.fail("it was begun")
    assert (before, ()) == (tree(prefix), changes.journal.history())


def test_what_an_undo_changes(changes: Changes, prefix: Path) -> None:
    """The journal says of an undo what it has changed, others' doings included."""
    with changes.change(prefix, Verb.INSTALL, SetAside.COPIED) as change:
        change.keep([VersionChange("flask", None, "3.1.0")])
    target = standing(changes.journal.history(), prefix).next_to_undo
    assert target is not None
    told = (VersionChange("flask", "3.1.0", None), VersionChange("rich", "14.0.0", None))

    assert told == changes.undo(target, told).changes


def undo(changes: Changes, prefix: Path) -> Entry:
    """Undo the last change."""
    target = standing(changes.journal.history(), prefix).next_to_undo
    assert target is not None
    return changes.undo(target, ())


def redo(changes: Changes, prefix: Path) -> Entry:
    """Do again what was undone last."""
    target = standing(changes.journal.history(), prefix).next_to_redo
    assert target is not None
    return changes.undo(target, ())


def held(changes: Changes, prefix: Path) -> list[Tree | None]:
    """Return what is kept besides what entries in force need."""
    needed = {entry.held for entry in standing(changes.journal.history(), prefix).done}
    folder = changes._state / "held"
    found = folder.iterdir() if folder.exists() else ()
    return [tree(path) for path in found if path not in needed]
