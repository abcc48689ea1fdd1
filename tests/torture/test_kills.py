"""Killed at any call that changes files, an environment is as it was or as it was to be.

The calls are counted in one run, and in each further one strace kills whoever makes the N-th of
them, N spread over all: Pinfold in one half of the runs, the installer in the other. Then Pinfold
is started once more.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core import process
from tests.harness.index import Index, wheel
from tests.torture.scenes import Scene
from tests.torture.table import KILLS

if TYPE_CHECKING:
    from collections.abc import Iterator
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills them"),
]

RUNS = int(os.environ.get("PINFOLD_KILLS", "4"))
"""How many kills there are of a verb, on average of the backends; CI asks for more.

With pip each takes several times as long as with uv, which gets most of them.
"""

RUNS_OF = {"uv": RUNS + RUNS * 2 // 3, "pip": RUNS - RUNS * 2 // 3}

CHANGING = (
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat"
)
OPENING = "open,openat,creat"
_OPENED_TO_WRITE = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|creat\(")


@dataclass(frozen=True)
class Verb:
    """What is done, and what is done before so that it can be."""

    name: str
    before: tuple[tuple[str, ...], ...]
    command: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()
    has_installer: bool = True


_PYTHON = ("--python", getattr(sys, "_base_executable", sys.executable))
_MAKE = ("env", "create", "--no-install", *_PYTHON)
_WITH_SHOP = (_MAKE, ("install", "shop==1.0", "helper"))
VERBS = (
    Verb("create", (), ("env", "create", *_PYTHON), (("requirements.txt", "shop==1.0\n"),)),
    Verb("remove", _WITH_SHOP, ("env", "remove", "--yes"), has_installer=False),
    Verb("rebuild", _WITH_SHOP, ("env", "rebuild")),
    Verb("install", _WITH_SHOP, ("install", "shop==2.0", "--yes")),
    Verb("uninstall", _WITH_SHOP, ("uninstall", "shop")),
    Verb("upgrade", _WITH_SHOP, ("upgrade", "shop")),
    Verb("sync", _WITH_SHOP, ("sync", "--yes"), (("requirements.txt", "shop==2.0\n"),)),
    Verb(
        "undo",
        (*_WITH_SHOP, ("install", "shop==2.0")),
        ("undo", "--yes"),
        has_installer=False,
    ),
)


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    """Return an index with a package that changes in many files from version to version."""

    def shop(version: str) -> dict[str, str]:
        return {f"shop_parts/part{n}.py": f"VERSION = {version!r}\n" * n for n in range(12)}

    archives = [
        *(
            wheel("shop", version, scripts={"shop": "shop:main"}, files=shop(version))
            for version in ("1.0", "2.0")
        ),
        wheel("helper", "1.0", scripts={"helper": "helper:main"}),
    ]
    with Index(archives) as index:
        yield index


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_kills(verb: Verb, backend: str, index: Index, tmp_path: Path) -> None:
    """After the next start the environment is the old one or the new one, and nothing runs on."""
    scene = Scene(tmp_path / "scene", index, backend)
    scene.make(dict(verb.files))
    for command in verb.before:
        scene.run(*command)
    scene.run("env", "list")
    scene.compile_pip()
    old = scene.state()
    kept = scene.keep()
    numbers = {"Pinfold": _numbers_of_pinfold(scene, verb, tmp_path / "pinfold.trace")}
    new = scene.state()
    assert old != new or verb.name == "rebuild"
    if verb.has_installer:
        scene.restore(kept)
        numbers["installer"] = _numbers_of_installer(scene, verb, tmp_path / "installer.trace")
        assert new == scene.state()
    for calls, number, who in _points(numbers, RUNS_OF[backend]):
        scene.restore(kept)
        _run_and_kill(scene, verb, kept, calls, number, who)
        where = f"{verb.name} with {backend}: {who} killed at {calls.split(',')[0]} {number}"
        states = [entry["state"] for entry in scene.history()]
        found = scene.state()

        assert found in (old, new), where
        assert "preparing" not in states, where
        assert "changing" not in states, where
        assert () == _left_running(scene), where
        outcome = "the same" if old == new else "old" if found == old else "new"
        KILLS[verb.name, backend, who, outcome] += 1


Numbers = dict[str, list[int]]
"""For each set of calls, which of a thread's calls change something: the first is 1."""


def _numbers_of_pinfold(scene: Scene, verb: Verb, trace: Path) -> Numbers:
    scene.run(
        *verb.command,
        tracer=("strace", *_OWN, "-o", str(trace), "-e", f"trace={CHANGING},{OPENING}"),
    )
    return _numbers(trace)


def _numbers_of_installer(scene: Scene, verb: Verb, trace: Path) -> Numbers:
    done = _run_driver(scene, verb, str(trace), f"{CHANGING},{OPENING}")
    assert 0 == done.status, done
    return _numbers(trace)


def _numbers(trace: Path) -> Numbers:
    found: dict[str, set[int]] = {CHANGING: set(), OPENING: set()}
    changing = CHANGING.split(",")
    counts: Counter[tuple[str, str]] = Counter()
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match is None:
            continue
        thread, name = match[1], match[2]
        calls = CHANGING if name in changing else OPENING
        counts[thread, calls] += 1
        if calls == CHANGING or _OPENED_TO_WRITE.search(line):
            found[calls].add(counts[thread, calls])
    return {calls: sorted(numbers) for calls, numbers in found.items()}


def _points(numbers: dict[str, Numbers], runs: int) -> Iterator[tuple[str, int, str]]:
    """Yield where to kill: the calls, which of them, and who."""
    for count in range(runs):
        who = "installer" if "installer" in numbers and count % 2 else "Pinfold"
        # Every third at the opening of a file to write it, the others at other changes.
        calls = OPENING if count % 3 == 2 and numbers[who][OPENING] else CHANGING
        found = numbers[who][calls]
        place = (count + 0.5) / runs
        yield calls, found[min(int(place * len(found)), len(found) - 1)], who


# Threads are followed and what they start is not. Not --seccomp-bpf: strace injects nothing then.
_OWN = ("-f", "-b", "execve", "-qq")


def _run_and_kill(scene: Scene, verb: Verb, kept: Path, calls: str, number: int, who: str) -> None:
    # Threads share their work out anew each time, and files that are kept have fewer calls than
    # new ones: whoever was not hit is killed sooner.
    while not _is_killed(scene, verb, calls, number, who):
        assert number > 1, (verb, calls)
        number -= -(-number // 4)
        scene.restore(kept)


def _is_killed(scene: Scene, verb: Verb, calls: str, number: int, who: str) -> bool:
    if who == "installer":
        return _run_driver(scene, verb, calls, str(number)).status == 2
    options = (*_OWN, "-o", "/dev/null", "-e", f"trace={calls}")
    kill = f"inject={calls}:signal=SIGKILL:when={number}"
    killed = scene.run(*verb.command, tracer=("strace", *options, "-e", kill), expected=None)
    return killed.returncode == -9


def _run_driver(scene: Scene, verb: Verb, *arguments: str) -> process.Completed:
    driver = str(Path(__file__).with_name("killed_installer.py"))
    return process.run(
        (sys.executable, driver, *arguments, *scene.arguments(*verb.command)),
        cwd=scene.project,
        env=scene.variables,
        deadline_s=300,
    )


def _left_running(scene: Scene) -> tuple[int, ...]:
    state = f"PINFOLD_STATE_DIR={scene.root / 'state'}"
    return process._processes_with(state.encode())
