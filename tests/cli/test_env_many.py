"""`pinfold env list` where there is much, as processes: what it starts, whom it waits for, ids."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.core.environments.discovery import Discovery
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem
from tests.cli.environment_scene import make_base, make_whole
from tests.cli.running import validate
from tests.cli.test_environments import AUDIT
from tests.core.environments.conformance import audited
from tests.core.environments.hung_mount import hung_mount, why_not
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

_COUNT = 500
_TIMEOUT_S = 300
_LIST = ("env", "list", "--format=json")
_NAMES = (".venv", "venv", "env", ".tox/py312", ".nox/tests")


class Machine:
    """A home directory and a project in it; `pinfold` runs there as a process."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.project = self.home / "work"
        self.project.mkdir(parents=True)
        self.state = folder / "state"
        self.base = make_base(folder / "base")

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the process. The PATH is the system's, whose interpreters are real."""
        return {
            "HOME": str(self.home),
            "PATH": os.defpath,
            "PYTHONPATH": str(ROOT / "server"),
            "PINFOLD_STATE_DIR": str(self.state),
            "PINFOLD_STRICT": "1",
        }

    @property
    def surroundings(self) -> Surroundings:
        """The same, for discovery inside of this process."""
        variables = {"PATH": os.defpath}
        return Surroundings(str(self.home), variables, projects=(str(self.project),))

    def fill(self) -> list[str]:
        """Make environments in a hundred projects, and return their paths."""
        made = [
            self.project / f"p{number // len(_NAMES)}" / _NAMES[number % len(_NAMES)]
            for number in range(_COUNT)
        ]
        for prefix in made:
            make_whole(prefix, self.base)
        return sorted(str(prefix) for prefix in made)

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the project."""
        return subprocess.run(
            command,
            cwd=self.project,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )

    def listing(self) -> dict[str, Any]:
        """Return what `pinfold env list` says in a process of its own."""
        done = self.run([sys.executable, "-m", "pinfold", *_LIST])
        assert 0 == done.returncode, done.stderr
        return checked(done.stdout)

    def own(self, shape: dict[str, Any]) -> list[str]:
        """Return the ids of what is below the home directory, in order."""
        ids = [entry["id"] for entry in shape["environments"]]
        return sorted(one for one in ids if one.startswith(str(self.home)))


def checked(text: str) -> dict[str, Any]:
    """Return a listing, held against its schema."""
    shape: dict[str, Any] = json.loads(text)
    validate(shape, "env-list")
    return shape


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with nothing but what the system has."""
    return Machine(tmp_path)


def test_five_hundred_environments_in_process(machine: Machine) -> None:
    """Discovery lists them all, and does nothing but to list folders and to open files."""
    made = machine.fill()
    discovery = Discovery(LocalFileSystem())
    with audited() as events:
        inventory = discovery.find(machine.surroundings)
    found = [str(one.prefix) for one in inventory.installations]

    assert inventory.is_complete
    assert made == [path for path in found if path.startswith(str(machine.home))]
    assert [] == [
        event for event in events if not event.startswith(("open ", "os.listdir", "os.scandir"))
    ]


def test_five_hundred_environments_start_no_process(machine: Machine) -> None:
    """An audit hook sees no process and no socket while `env list` lists and examines them."""
    made = machine.fill()
    done = machine.run([sys.executable, "-c", AUDIT, *_LIST])

    assert (0, "[]") == (done.returncode, done.stderr.strip())
    shape = checked(done.stdout)
    assert shape["complete"]
    assert made == machine.own(shape)
    assert all(entry["health"] == [] for entry in shape["environments"] if entry["id"] in made)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
def test_five_hundred_environments_say_the_kernel(machine: Machine, tmp_path: Path) -> None:
    """strace sees one program, no process beside it and no socket."""
    made = machine.fill()
    log = tmp_path / "strace.log"
    calls = "execve,execveat,fork,vfork,clone,clone3,socket,connect"
    options = ["-f", "-qq", "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none"]
    done = machine.run(["strace", *options, sys.executable, "-m", "pinfold", *_LIST])
    if "ptrace" in done.stderr.lower():  # pragma: no cover - in a container that forbids it
        pytest.skip("strace may not trace here")
    # Threads share the memory of their process; whatever else is cloned would be a process.
    lines = log.read_text(encoding="utf-8").splitlines()
    others = [line for line in lines if "CLONE_THREAD" not in line]

    assert 0 == done.returncode, done.stderr
    assert made == machine.own(checked(done.stdout))
    assert 1 == len(others), others
    assert "execve(" in others[0]


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_a_tool_that_hangs_costs_only_its_own(machine: Machine) -> None:
    """Where pyenv's interpreters are on a dead mount, all else is listed, and that is said."""
    make_whole(machine.project / ".venv", machine.base)
    make_whole(machine.home / ".virtualenvs/blog", machine.base)
    poetry = machine.home / ".cache/pypoetry/virtualenvs/shop-AbCdEf12-py3.12"
    make_whole(poetry, machine.base)
    versions = machine.home / ".pyenv/versions"
    versions.mkdir(parents=True)
    whole = machine.listing()
    (machine.state / "inventories").rename(machine.state / "gone")
    with hung_mount(versions, takes_requests=False):
        without = machine.listing()
        said = machine.run([sys.executable, "-m", "pinfold", "env", "list"])

    assert whole["complete"]
    assert whole["environments"] == without["environments"]
    assert 3 == len(machine.own(without))
    assert (False, ["pyenv"]) == (
        without["complete"],
        [silence["source"] for silence in without["silent"]],
    )
    assert 0 == said.returncode
    assert f"pinfold: pyenv: {versions} does not answer; what only it knows" in said.stderr


def test_ids_over_restarts(machine: Machine) -> None:
    """Each start gives the same ids, whatever the kinds are taken for meanwhile."""
    for name in ("a", "b"):
        prefix = make_whole(machine.project / name / ".venv", machine.base)
        with (prefix / "pyvenv.cfg").open("a") as file:
            file.write("virtualenv = 20.30\n")
    changes = {
        "a/pyproject.toml": "[project]\nname = 'a'\n[tool.poetry]\n",
        "b/Pipfile": "",
        "a/.pdm-python": f"{machine.project}/a/.venv/bin/python\n",
        "b/poetry.lock": "",
    }
    listings = [machine.listing()]
    for name, content in changes.items():
        (machine.project / name).write_text(content)
        listings += [machine.listing()]
    kinds = [
        tuple(
            entry["kind"]
            for entry in sorted(shape["environments"], key=lambda one: one["id"])
            if entry["id"].startswith(str(machine.home))
        )
        for shape in listings
    ]

    assert [
        ("virtualenv", "virtualenv"),
        ("poetry", "virtualenv"),
        ("poetry", "pipenv"),
        ("pdm", "pipenv"),
        ("pdm", "poetry"),
    ] == kinds
    expected = [f"{machine.project}/{name}/.venv" for name in ("a", "b")]
    assert [expected] * len(listings) == [machine.own(shape) for shape in listings]
