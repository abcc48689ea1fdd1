"""The inventory kept on disk: whole, checked, and never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.discovery import Discovery
from pinfold.core.environments.inventory_file import (
    MAX_FILES,
    inventory_path,
    read_inventory,
    write_inventory,
)
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.environments.places import Surroundings, state_folder
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.conformance import HOME, filesystem_of, venv
from tests.core.environments.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Inspector

_LOCAL = LocalFileSystem()


def _whole(prefix: Path) -> Installation:
    return Installation(
        prefix,
        InstallationKind.POETRY,
        is_base=False,
        executable=prefix / "bin/python",
        real_executable=Path("/usr/bin/python3.12"),
        version="3.12.4",
        implementation="pypy",
        base_home=Path("/usr/bin"),
        name="x",
        project=Path("/p"),
        evidence=("it is there", "and there"),
        aliases=(Path("/a"), Path("/b")),
        is_externally_managed=True,
        shares_prefix=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an inventory is kept."""
    return inventory_path(["/w"], folder=tmp_path / "state")


def test_what_is_kept_comes_back(path: Path, tmp_path: Path) -> None:
    """Every value survives, and so do bytes in a path that are no UTF-8."""
    strange = tmp_path / os.fsdecode(b"a\nb \xff")
    strange.mkdir()
    kept = (
        _whole(tmp_path),
        Installation(strange, InstallationKind.VENV, is_base=True),
    )

    assert write_inventory(path, kept)
    assert kept == read_inventory(path, _LOCAL)


def test_all_kinds_survive(path: Path) -> None:
    """What every locator finds in its example comes back as it was."""
    files: dict[str, bytes | str] = {}
    for example in EXAMPLES:
        files |= example.files
    filesystem = filesystem_of(files)
    around = Surroundings(home=HOME, projects=(f"{HOME}/code/shop",))
    found = Discovery(filesystem).find(around).installations
    write_inventory(path, found)
    filesystem.write(path, path.read_bytes())

    assert found
    assert found == read_inventory(path, filesystem)


def test_what_is_gone_is_left_out(path: Path, tmp_path: Path) -> None:
    """A prefix that is no folder any more is not shown."""
    write_inventory(path, (_whole(tmp_path), _whole(tmp_path / "gone")))
    kept = read_inventory(path, _LOCAL)

    assert kept is not None
    assert [tmp_path] == [one.prefix for one in kept]


def test_nothing_is_kept_yet(path: Path) -> None:
    """A first start has nothing to show."""
    assert read_inventory(path, _LOCAL) is None


_SPOILED: tuple[dict[str, object], ...] = (
    {"kind": "no such kind"},
    {"kind": []},
    {"prefix": "relative"},
    {"prefix": None},
    {"prefix": "/a\0b"},
    {"isBase": "yes"},
    {"version": 3.12},
    {"evidence": 5},
    {"evidence": [5]},
    {"aliases": ["relative"]},
    {"executable": {}},
)
_ENTRY = {"prefix": "/", "kind": "venv", "isBase": False, "implementation": "cpython"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\xff",
        b"[" * 100_000,
        b"[]",
        b"null",
        b"{}",
        b'{"version": 1}',
        b'{"version": 1, "installations": {}',
        b'{"version": 1, "installations": [1]}',
        b'{"version": 1, "installations": [{}]}',
        b'{"version": 1, "installations": 7}',
        b'{"version": 2, "installations": []}',
        b'{"version": "1", "installations": []}',
        b'{"version": [], "installations": []}',
        *(
            json.dumps({"version": 1, "installations": [{**_ENTRY, **spoiled}]}).encode()
            for spoiled in _SPOILED
        ),
    ],
)
def test_what_is_broken_or_newer_is_ignored(
    data: bytes, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said in the log, and the file is left as it is: a newer Pinfold may want it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with caplog.at_level("INFO", logger="pinfold"):
        assert read_inventory(path, _LOCAL) is None

    assert 1 == len(caplog.records)
    assert data == path.read_bytes()


def test_a_folder_in_its_place(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It can neither be read nor written, which is said."""
    path.mkdir(parents=True)
    with caplog.at_level("INFO", logger="pinfold"):
        assert read_inventory(path, _LOCAL) is None
        assert not write_inventory(path, ())

    assert 2 == len(caplog.records)
    assert [path] == list(path.parent.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where no state can be kept, none is."""
    (tmp_path / "file").write_text("")

    assert not write_inventory(inventory_path([], folder=tmp_path / "file"), ())


def test_readers_never_see_half_of_it(path: Path, tmp_path: Path) -> None:
    """It is replaced in one step: whoever reads while others write sees one or the other."""
    one = tuple(_whole(tmp_path) for _ in range(200))
    write_inventory(path, one)
    over = threading.Event()

    def write() -> None:
        for turn in range(30):
            write_inventory(path, one[: 100 + turn])
        over.set()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not over.is_set():
        assert read_inventory(path, _LOCAL) is not None
    for thread in threads:
        thread.join()

    assert [path] == list(path.parent.iterdir())


def test_each_workspace_has_its_own(tmp_path: Path) -> None:
    """The order of the folders does not matter."""
    one = inventory_path(["/a", "/b"], folder=tmp_path)

    assert one == inventory_path(["/b", "/a"], folder=tmp_path)
    assert one != inventory_path(["/a"], folder=tmp_path)
    assert one != inventory_path(["/a/b"], folder=tmp_path)


def test_old_ones_are_forgotten(tmp_path: Path) -> None:
    """As many workspaces are remembered as anybody goes back to."""
    for number in range(MAX_FILES + 10):
        path = inventory_path([f"/{number}"], folder=tmp_path)
        write_inventory(path, ())
        os.utime(path, ns=(number, number))

    kept = {file.name for file in path.parent.iterdir()}
    assert MAX_FILES == len(kept)
    assert path.name in kept
    assert inventory_path(["/0"], folder=tmp_path).name not in kept


def test_only_its_owner_may_list_it(path: Path) -> None:
    """What somebody works on is nobody else's business."""
    write_inventory(path, ())

    assert 0o700 == path.parent.stat().st_mode & 0o777
    assert 0o600 == path.stat().st_mode & 0o777


def test_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is under the user's state folder, which a variable may name."""
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(tmp_path))

    assert tmp_path == state_folder()
    assert inventory_path([]).is_relative_to(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk_keeps_the_old_one(tmp_path: Path) -> None:
    """Where there is no room for the new one, the old one stays whole."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted")
    try:
        path = inventory_path([], folder=place)
        assert write_inventory(path, (_whole(tmp_path),))
        assert not write_inventory(path, tuple(_whole(tmp_path) for _ in range(1_000)))

        kept = read_inventory(path, _LOCAL)
        assert kept is not None
        assert 1 == len(kept)
        assert [path] == list(path.parent.iterdir())
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_search_tells_of_what_was_kept_first(path: Path, tmp_path: Path) -> None:
    """It is there at once, corrected as soon as more is known, and dropped if it is not found."""
    filesystem = filesystem_of({**venv("/w/.venv"), "/far/env/x": ""})
    old = Installation(Path("/w/.venv"), InstallationKind.UV, is_base=False, version="3.9.1")
    gone = Installation(Path("/far/env"), InstallationKind.VENV, is_base=False)
    missing = Installation(Path("/missing"), InstallationKind.VENV, is_base=False)
    write_inventory(path, (old, gone, missing))
    filesystem.write(path, path.read_bytes())
    told: list[Installation] = []
    around = Surroundings(home=HOME, projects=("/w",))
    search = Discovery(filesystem).start(around, on_found=told.append, kept=path)
    inventory = search.wait(30.0)

    assert [old, gone] == told[:2]
    assert [("/w/.venv", "3.12.4", InstallationKind.VENV)] == [
        (one.id, one.version, one.kind) for one in inventory.installations
    ]
    assert inventory.installations[0] == told[2]


def test_what_was_kept_stays_while_somebody_does_not_answer(path: Path) -> None:
    """It may be his: that it was not found says nothing."""
    filesystem = filesystem_of({"/far/env/x": ""})
    kept = Installation(Path("/far/env"), InstallationKind.VENV, is_base=False)
    write_inventory(path, (kept,))
    filesystem.write(path, path.read_bytes())
    until = threading.Event()

    def locate(look: Inspector) -> Iterator[Installation]:
        until.wait(30.0)
        return iter(())

    hung = Locator("hung", {InstallationKind.OTHER: "nothing"}, locate=locate)
    discovery = Discovery(filesystem, locators=(hung,), deadline_s=0.2)
    inventory = discovery.start(Surroundings(), kept=path).wait(30.0)
    until.set()

    assert (kept,) == inventory.installations
    assert ["hung"] == [silence.locator for silence in inventory.silent]
