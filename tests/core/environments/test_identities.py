"""Ids: equal over refreshes and starts, and whatever becomes known of an installation later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.discovery import Discovery, Inventory
from pinfold.core.environments.inventory_file import inventory_path, write_inventory
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.installation import InstallationKind
from tests.core.environments.conformance import HOME, conda_environment, filesystem_of, venv
from tests.core.environments.test_silent_places import at_home
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.files import MemoryFileSystem

_STARTS = 4
_REFRESHES = 25

K = InstallationKind

_KEYS = "virtualenv = 20.30\n"
LATER: list[tuple[InstallationKind, dict[str, bytes | str | None], InstallationKind]] = [
    (K.VIRTUALENV, {"/w/pyproject.toml": "[tool.poetry]\n"}, K.POETRY),
    (K.VIRTUALENV, {"/w/poetry.lock": ""}, K.POETRY),
    (K.VIRTUALENV, {"/w/Pipfile": ""}, K.PIPENV),
    (K.VIRTUALENV, {"/w/pdm.lock": ""}, K.PDM),
    (K.VIRTUALENV, {"/w/.pdm-python": "/w/.venv/bin/python"}, K.PDM),
    (K.VIRTUALENV, {"/w/.venv/rye-venv.json": "{}", "/w/requirements.lock": ""}, K.RYE),
    (K.VIRTUALENV, {"/w/.venv/pyvenv.cfg": "home = /opt/python/bin\nuv = 0.13.9\n"}, K.UV),
    (K.VIRTUALENV, {"/w/.venv/pyvenv.cfg": b"\xff\0"}, K.VENV),
    (K.VIRTUALENV, {**conda_environment("/w/.venv"), "/w/.venv/pyvenv.cfg": None}, K.CONDA),
]


def ids(inventory: Inventory) -> list[str]:
    """Return the identities in an inventory."""
    return [one.id for one in inventory.installations]


def put(filesystem: MemoryFileSystem, files: dict[str, bytes | str | None]) -> None:
    """Write files, links among them, over what there is; ``None`` takes one away."""
    for path, content in files.items():
        if content is None:
            filesystem.remove(path)
        elif isinstance(content, str) and content.startswith("->"):
            filesystem.remove(path)
            filesystem.make_link(path, content[2:])
        else:
            filesystem.write(path, content)


@pytest.mark.parametrize(("before", "files", "after"), LATER)
def test_kind_judged_differently_later(
    before: InstallationKind, files: dict[str, bytes | str | None], after: InstallationKind
) -> None:
    """Another tool's mark appears: another kind, the same id, in this process and in the next."""
    filesystem = filesystem_of(venv("/w/.venv", keys=_KEYS))
    around = Surroundings(home=HOME, projects=("/w",))
    discovery = Discovery(filesystem)
    first = discovery.find(around)
    put(filesystem, files)
    again = discovery.find(around)
    started = Discovery(filesystem).find(around)

    assert [before] == [one.kind for one in first.installations]
    assert [after] == [one.kind for one in again.installations]
    assert again == started
    assert ["/w/.venv"] == ids(first) == ids(again)


def test_kind_of_the_kept_inventory_is_corrected(tmp_path: Path) -> None:
    """What is kept of an earlier start is the same one, whatever it was taken for then."""
    prefix = tmp_path / "work/.venv"
    prefix.mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text(_KEYS)
    around = Surroundings(home=str(tmp_path), projects=(str(tmp_path / "work"),))
    kept = inventory_path(around.projects, folder=tmp_path / "state")
    write_inventory(kept, Discovery(LocalFileSystem()).find(around).installations)
    (tmp_path / "work/poetry.lock").touch()
    told: list[tuple[str, InstallationKind]] = []
    search = Discovery(LocalFileSystem()).start(
        around, kept=kept, on_found=lambda one: told.append((one.id, one.kind))
    )

    own = [one for one in ids(search.wait(60.0)) if one.startswith(str(tmp_path))]
    kinds = [kind for told_id, kind in told if told_id.startswith(str(tmp_path))]

    assert [str(prefix)] == own
    assert [K.VIRTUALENV, K.POETRY] == kinds


_PROGRAM = f"""
import json, sys
from pinfold.core.environments.discovery import Discovery
from pinfold.core.environments.places import this_machine
from pinfold.core.files import LocalFileSystem
discovery = Discovery(LocalFileSystem())
for _ in range({_REFRESHES}):
    inventory = discovery.find(this_machine((sys.argv[1],)))
    assert inventory.is_complete, inventory.silent
    print(json.dumps([one.id for one in inventory.installations]))
"""


@pytest.mark.slow
def test_a_hundred_refreshes_in_several_processes(tmp_path: Path) -> None:
    """The order of sets and of threads differs from one process to the next, and the ids do not."""
    home = tmp_path / "home"
    around = at_home(home)
    listings = []
    for seed in range(_STARTS):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, around.projects[0]],
            env={
                "HOME": str(home),
                "PATH": os.defpath,
                "PYTHONPATH": str(ROOT / "server"),
                "PYTHONHASHSEED": str(seed),
            },
            capture_output=True,
            check=True,
            timeout=120,
        )
        listings += [json.loads(line) for line in done.stdout.splitlines()]

    assert _STARTS * _REFRESHES == len(listings) == 100
    assert len(listings[0]) > 30
    assert len(listings[0]) == len(set(listings[0]))
    assert [listings[0]] * 100 == listings
