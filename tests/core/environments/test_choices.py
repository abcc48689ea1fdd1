"""What people chose: kept outside of their folders, whole, and never lost without a word."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import queue
import sys
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments import choices
from pinfold.core.environments.choices import (
    FORMAT_VERSION,
    ChoiceError,
    ChoiceProblem,
    choices_folder,
    choose,
    forget,
    read_choices,
)
from pinfold.core.environments.lookout import Lookout
from pinfold.core.environments.reader import EnvironmentReader
from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.files import LocalFileSystem, MemoryFileSystem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.core.model.environment import EnvironmentAnswer

FOLDER = Path("/home/me/shop")
PREFIX = Path("/envs/shop")


def kept(folder: Path) -> Mapping[Path, Path | None]:
    """Return what is kept in a folder."""
    return read_choices(LocalFileSystem(), folder)


def test_chosen_and_forgotten(tmp_path: Path) -> None:
    """What is chosen is read back, may be replaced, and is gone when it is forgotten."""
    place = tmp_path / "state/choices"
    seen = [kept(place)]
    choose(FOLDER, PREFIX, kept_in=place)
    seen.append(kept(place))
    choose(FOLDER, None, kept_in=place)
    choose(FOLDER / "api", PREFIX, kept_in=place)
    seen.append(kept(place))
    was_there = [forget(FOLDER, kept_in=place), forget(FOLDER, kept_in=place)]

    assert [{}, {FOLDER: PREFIX}, {FOLDER: None, FOLDER / "api": PREFIX}] == seen
    assert [True, False] == was_there
    assert {FOLDER / "api": PREFIX} == kept(place)


def test_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PINFOLD_STATE_DIR` says where choices are kept."""
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(tmp_path))
    choose(FOLDER, PREFIX)

    assert tmp_path / "choices" == choices_folder()
    assert {FOLDER: PREFIX} == read_choices(LocalFileSystem())


def test_paths_are_normal(tmp_path: Path) -> None:
    """The same folder in other words is the same; a relative one is an error of the caller's."""
    choose(Path("/home/me/x/../shop"), Path("/envs/./shop"), kept_in=tmp_path)

    assert {FOLDER: PREFIX} == kept(tmp_path)
    with pytest.raises(ValueError, match="not absolute"):
        choose(Path("shop"), PREFIX, kept_in=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="THERE ARE NO SUCH NAMES ON WINDOWS")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A folder whose name is no UTF-8, or has a line feed, is a folder like any other."""
    folder = Path(os.fsdecode(b"/home/\xff\n\"'"))
    choose(folder, folder / ".venv", kept_in=tmp_path)

    assert {folder: folder / ".venv"} == kept(tmp_path)


def _file_of_choice(place: Path) -> Path:
    choose(FOLDER, PREFIX, kept_in=place)
    return next(place.iterdir())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ChoiceProblem.BROKEN),
        (b"{", ChoiceProblem.BROKEN),
        (b"[]", ChoiceProblem.BROKEN),
        (b"\xff\x00", ChoiceProblem.BROKEN),
        (b"[" * 50_000, ChoiceProblem.BROKEN),
        (b"x" * 1_000_000, ChoiceProblem.BROKEN),
        (b'{"version": 1}', ChoiceProblem.BROKEN),
        (b'{"version": "1", "folder": "/a", "environment": null}', ChoiceProblem.BROKEN),
        (b'{"version": 1, "folder": "a", "environment": null}', ChoiceProblem.BROKEN),
        (b'{"version": 1, "folder": "/a", "environment": 3}', ChoiceProblem.BROKEN),
        (b'{"version": 1, "folder": "/a\\u0000", "environment": null}', ChoiceProblem.BROKEN),
        (b'{"version": 2, "anything": "else"}', ChoiceProblem.NEWER),
    ],
    ids=range(12),
)
def test_broken_and_newer(
    content: bytes, problem: ChoiceProblem, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such a file counts for nothing, is said in the log, and neither replaced nor removed."""
    path = _file_of_choice(tmp_path)
    choose(FOLDER / "api", PREFIX, kept_in=tmp_path)
    path.write_bytes(content)
    with caplog.at_level(logging.INFO, "pinfold"):
        seen = kept(tmp_path)
    raised = []
    for change in (
        lambda: choose(FOLDER, None, kept_in=tmp_path),
        lambda: forget(FOLDER, kept_in=tmp_path),
    ):
        with pytest.raises(ChoiceError) as error:
            change()
        raised.append((error.value.path, error.value.problem))

    assert {FOLDER / "api": PREFIX} == seen
    assert str(path) in caplog.text
    assert [(path, problem)] * 2 == raised
    assert content == path.read_bytes()


def test_state_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file stands where the folder should be: it is said, and nothing is left behind."""
    place = tmp_path / "choices"
    place.write_text("in the way", encoding="utf-8")
    with pytest.raises(ChoiceError) as error:
        choose(FOLDER, PREFIX, kept_in=place)

    assert error.value.problem in (ChoiceProblem.UNWRITABLE, ChoiceProblem.BROKEN)
    assert [place] == list(tmp_path.iterdir())
    assert {} == kept(place)


def test_format(tmp_path: Path) -> None:
    """The format that other versions of Pinfold rely on."""
    content = json.loads(_file_of_choice(tmp_path).read_bytes())

    assert {"version": FORMAT_VERSION, "folder": str(FOLDER), "environment": str(PREFIX)} == content
    assert 1 == FORMAT_VERSION


def _choose_often(place: str, name: str) -> None:
    for count in range(25):
        choose(FOLDER / name, Path(f"/envs/{name}{count}"), kept_in=Path(place))
        choose(FOLDER, Path(f"/envs/{name}"), kept_in=Path(place))


def test_two_processes(tmp_path: Path) -> None:
    """Two that write at once lose nothing of each other's, and a reader never sees half a file."""
    context = multiprocessing.get_context("spawn")
    _choose_often(str(tmp_path), "a")
    processes = [
        context.Process(target=_choose_often, args=(str(tmp_path), name)) for name in ("a", "b")
    ]
    for process in processes:
        process.start()
    seen: list[Mapping[Path, Path | None]] = []
    while any(process.is_alive() for process in processes):
        seen.append(kept(tmp_path))
    for process in processes:
        process.join(60)
    whole = {Path("/envs/a"), Path("/envs/b")}

    assert [0, 0] == [process.exitcode for process in processes]
    assert all(choices[FOLDER] in whole and FOLDER / "a" in choices for choices in seen)
    assert Path("/envs/a24") == kept(tmp_path)[FOLDER / "a"]
    assert Path("/envs/b24") == kept(tmp_path)[FOLDER / "b"]
    assert 3 == len(list(tmp_path.iterdir()))


@given(st.binary(max_size=200))
def test_anything_may_stand_there(content: bytes) -> None:
    """Whatever stands in the folder, reading does not raise."""
    filesystem = MemoryFileSystem({"/choices/a.json": content})
    filesystem.make_directory("/choices/b.json")
    filesystem.make_link("/choices/c.json", "c.json")
    filesystem.make_fifo("/choices/d.json")

    assert {} == read_choices(filesystem, Path("/choices"))


def _make_environment(prefix: Path) -> Path:
    (prefix / "lib/python3.12/site-packages").mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text("version = 3.12.4\n", encoding="utf-8")
    return prefix


def test_reader_follows(tmp_path: Path) -> None:
    """The same answer while nothing is chosen anew, another one as soon as something is."""
    place, shop = tmp_path / "state", tmp_path / "shop"
    beside = _make_environment(shop / ".venv")
    other = _make_environment(tmp_path / "other")
    reader = EnvironmentReader(LocalFileSystem(), choices=place)
    query = EnvironmentQuery(shop, shop)

    def prefix() -> Path | None:
        answer = reader.answer(query)

        assert answer is reader.answer(query)
        return None if answer.packages is None else answer.packages.environment.prefix

    seen = [prefix()]
    choose(shop, other, kept_in=place)
    seen.append(prefix())
    choose(shop, None, kept_in=place)
    seen.append(prefix())
    is_meant = reader.answer(query).is_meant
    forget(shop, kept_in=place)
    seen.append(prefix())

    assert [beside, other, None, beside] == seen
    assert is_meant


def test_lookout_sees_a_choice(tmp_path: Path) -> None:
    """Who watches is told of a choice that another process makes, without asking."""
    place, shop = tmp_path / "state", tmp_path / "shop"
    _make_environment(shop / ".venv")
    other = _make_environment(tmp_path / "other")
    query = EnvironmentQuery(shop, shop)
    told: queue.Queue[EnvironmentAnswer] = queue.Queue()
    lookout = Lookout(
        EnvironmentReader(LocalFileSystem(), choices=place),
        lambda answers: told.put(answers[query]),
        poll_interval_s=0.01,
    )
    try:
        lookout.want([query])
        reasons = [told.get(timeout=30).reason]
        choose(shop, other, kept_in=place)
        reasons.append(told.get(timeout=30).reason)
    finally:
        lookout.stop()

    assert ["it is the nearest `.venv`", f"you chose it for {shop}"] == reasons


def grow_old(place: Path, days: float) -> None:
    """Make every choice in *place* as old as that."""
    for path in place.glob("*.json"):
        made = time.time() - days * 24 * 3600
        os.utime(path, (made, made))


def test_folders_that_vanished(tmp_path: Path) -> None:
    """Old choices of folders that are gone are forgotten when another is made; no others are."""
    place, work = tmp_path / "state", tmp_path / "work"
    drive = tmp_path / "mnt"
    drive.mkdir()
    work.mkdir()
    (work / "there").mkdir()
    (work / "link").symlink_to(drive / "shop")
    gone = work / "gone"
    others = [
        work / "there",
        work / "link",  # leads to a drive that is away
        drive / "shop",  # on a drive that is away: its place is empty
        tmp_path / "media/usb/shop",  # the place itself is made when it comes
    ]
    for folder in (gone, *others):
        choose(folder, PREFIX, kept_in=place)
    (place / "0.json").write_text("broken", encoding="utf-8")
    grow_old(place, 89)
    choose(FOLDER, PREFIX, kept_in=place)
    young = kept(place)
    grow_old(place, 91)
    choose(FOLDER, None, kept_in=place)
    old = kept(place)

    assert {gone, FOLDER, *others} == young.keys()
    assert {FOLDER, *others} == old.keys()
    assert (place / "0.json").exists()


def test_folder_that_vanished_and_is_chosen_again(tmp_path: Path) -> None:
    """What is chosen just now stays, however old the choice before was and whatever is gone."""
    work = tmp_path / "work"
    (work / "there").mkdir(parents=True)
    choose(work / "gone", PREFIX, kept_in=tmp_path / "state")
    grow_old(tmp_path / "state", 91)
    choose(work / "gone", None, kept_in=tmp_path / "state")

    assert {work / "gone": None} == kept(tmp_path / "state")


def chosen_for(folder: Path, place: Path, home: Path | None = None) -> Path | None:
    """Return the environment that is chosen for the files in *folder*."""
    reader = EnvironmentReader(LocalFileSystem(), choices=place, home=home)
    packages = reader.answer(EnvironmentQuery(folder, folder)).packages
    return None if packages is None else packages.environment.prefix


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """Return a folder with `real`, a `link` to it, and two environments elsewhere."""
    for name in ("one", "two"):
        _make_environment(tmp_path / name)
    (tmp_path / "real/sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    return tmp_path


@pytest.mark.parametrize("chosen", ["real", "link"])
def test_one_folder_has_one_choice(linked: Path, chosen: str) -> None:
    """Whichever link leads there: for choosing, for forgetting, and for what is below."""
    place = linked / "state"
    choose(linked / ("link" if chosen == "real" else "real"), linked / "two", kept_in=place)
    choose(linked / chosen, linked / "one", kept_in=place)
    asked = ("real", "link", "real/sub", "link/sub")
    seen = [chosen_for(linked / name, place) for name in asked]
    was_there = forget(linked / ("link" if chosen == "real" else "real"), kept_in=place)

    assert [linked / "one"] * 4 == seen
    assert (True, None) == (was_there, chosen_for(linked / chosen, place))


def test_choice_that_was_kept_by_a_link(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It still counts for who comes that way, until the folder has another one."""
    place = linked / "state"
    with monkeypatch.context() as patch:
        patch.setattr(choices, "_resolved", lambda path: choices._Resolved(path, is_folder=True))
        choose(linked / "link", linked / "one", kept_in=place)
    before = [chosen_for(linked / name / "sub", place) for name in ("real", "link")]
    choose(linked / "link", linked / "two", kept_in=place)
    after = [chosen_for(linked / name / "sub", place) for name in ("real", "link")]

    assert [None, linked / "one"] == before
    assert [linked / "two"] * 2 == after
    assert {linked / "real": linked / "two"} == kept(place)


def test_home_directory_by_another_name(linked: Path) -> None:
    """What is chosen for it is for the files right in it, whichever name it goes by."""
    place, home = linked / "state", linked / "link"
    choose(home, linked / "one", kept_in=place)
    asked = ("real", "link", "real/sub", "link/sub")

    assert [linked / "one", linked / "one", None, None] == [
        chosen_for(linked / name, place, home) for name in asked
    ]


def test_folder_that_does_not_answer(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice for it can be kept and forgotten all the same: by the path that was named."""
    over = Event()

    def read_link(*_: object) -> None:
        over.wait()

    monkeypatch.setattr(choices, "RESOLVING_S", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(LocalFileSystem, "read_link", read_link)
        monkeypatch.setattr(choices, "_forget_vanished_soon", lambda _: None)
        choose(linked / "link", linked / "one", kept_in=linked / "state")
        seen = kept(linked / "state")
        was_there = forget(linked / "link", kept_in=linked / "state")
        over.set()

    assert ({linked / "link": linked / "one"}, True) == (seen, was_there)
