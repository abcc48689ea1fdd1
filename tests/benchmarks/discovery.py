"""Environments and interpreters: finding them, seeing that nothing changed, the first answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.discovery import Discovery
from pinfold.core.environments.inventory_file import (
    inventory_path,
    read_inventory,
    write_inventory,
)
from pinfold.core.environments.places import Surroundings, this_machine
from pinfold.core.files import LocalFileSystem
from tests.benchmarks.inputs import write_workspace
from tests.benchmarks.measure import Figures, interleaved, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.report import Row

ENVIRONMENTS = 500
PACKAGES = 6
LEAST_ROUNDS = 3


def measure(rounds: int) -> list[Row]:
    """Find 500 environments, and the interpreters of this machine, beside those who do the same."""
    rows: list[Row] = []
    for packages in (0, PACKAGES):
        with tempfile.TemporaryDirectory() as folder:
            rows += _workspace(Path(folder).resolve(), packages, max(7, rounds))
    return rows + _interpreters(max(LEAST_ROUNDS, rounds // 3))


def _workspace(folder: Path, packages: int, rounds: int) -> list[Row]:
    root, home = folder / "work", folder / "home"
    home.mkdir()
    write_workspace(root, environments=ENVIRONMENTS, packages=packages)
    around = Surroundings(home=str(home), projects=(str(root),))
    again = _settled(around)
    inventory = again.find(around)
    found = [one for one in inventory.installations if not one.is_base]
    assert (ENVIRONMENTS, True) == (len(found), inventory.is_complete)
    kept = inventory_path(around.projects, folder=folder)
    assert write_inventory(kept, inventory.installations)
    looked_at = list(_looked_at(str(root)))
    contestants: dict[str, Callable[[], object]] = {
        "search": lambda: Discovery(LocalFileSystem()).find(around),
        "again": lambda: again.find(around),
        "stat": lambda: _stat(looked_at),
        "kept": lambda: read_inventory(kept, LocalFileSystem()),
    }
    rg = shutil.which("rg")
    if rg is None:
        _leave_out("ripgrep", "it is not installed")
    else:
        command = [rg, "--files", "-uu", "-g", "pyvenv.cfg", str(root)]
        assert ENVIRONMENTS == len(_output(command).splitlines())
        contestants["rg"] = lambda: _output(command)
    figures = interleaved(contestants, rounds=rounds)
    size = f"{packages} small packages in each" if packages else "empty ones"
    rows = []
    if "rg" in figures:
        rows.append(
            _row(
                f"find {ENVIRONMENTS} environments and tell whose they are; {size}",
                figures["search"],
                "`rg --files -uu -g pyvenv.cfg`",
                figures["rg"],
                "≤ 1.5 ×",
            )
        )
    if packages:
        return rows
    return [
        *rows,
        _row(
            f"see that nothing changed, {len(looked_at):,} folders and files",
            figures["again"],
            "`os.stat` of each of them",
            figures["stat"],
            "≤ 5 ms",
        ),
        _row(
            f"the kept inventory of {ENVIRONMENTS} environments",
            figures["kept"],
            "the whole search",
            figures["search"],
            is_faster=True,
        ),
    ]


def _settled(around: Surroundings) -> Discovery:
    """Return a discovery that has seen a tree which is old enough for it to remember."""
    discovery = Discovery(LocalFileSystem())
    roots = [Path(root) for root in around.projects]
    a_minute_ago = roots[0].stat().st_mtime_ns - 60 * 10**9
    for root in roots:
        for directory, folders, files in os.walk(root):
            for name in (".", *folders, *files):
                path = os.path.join(directory, name)
                os.utime(path, ns=(a_minute_ago, a_minute_ago), follow_symlinks=False)
    discovery.find(around)
    return discovery


def _looked_at(root: str) -> Iterator[str]:
    """Yield the folders that a search goes into, and the settings of the environments."""
    for directory, folders, files in os.walk(root):
        if "pyvenv.cfg" in files:
            yield os.path.join(directory, "pyvenv.cfg")
            folders.clear()
        else:
            yield directory


def _stat(paths: list[str]) -> None:
    for path in paths:
        os.stat(path)


def _interpreters(rounds: int) -> list[Row]:
    """Find pyenv's interpreters and the system's. Each is told where they are by ``PATH``."""
    machine = this_machine()
    pyenv = Path(machine.variable("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [str(folder) for folder in sorted((pyenv / "versions").glob("*/bin"))]
    if not folders:
        _leave_out("pyenv's interpreters", f"there are none in {pyenv}")
    path = os.pathsep.join([*folders, "/usr/local/bin", "/usr/bin"])
    variables = {"PATH": path, "HOME": str(Path.home()), "PYENV_ROOT": str(pyenv)}
    around = replace(machine, variables=variables)

    def ours() -> set[str]:
        found = Discovery(LocalFileSystem()).find(around).installations
        return {str(one.real_executable) for one in found if one.is_base}

    known = ours()
    contestants: dict[str, Callable[[], object]] = {"ours": ours}
    with tempfile.TemporaryDirectory() as folder:
        caches = Path(folder)
        uv = _uv()
        if uv is None:
            _leave_out("uv", "it is not installed")
        else:
            _add(contestants, "uv", lambda cache: _found_by_uv(uv, variables, cache), caches, known)
        if find_spec("python_discovery") is None:
            _leave_out("python-discovery", "it is not installed")
        else:
            by_library = _found_by_library(variables)
            _add(contestants, "python-discovery", by_library, caches, known)
        figures = interleaved(contestants, rounds=rounds)
    title = f"find {len(known)} base interpreters, {len(folders)} of them pyenv's"
    goals = {"`uv python list`": "≥ 40 ×", "python-discovery": "≥ 150 ×"}
    rows = []
    for name, tool in (("uv", "`uv python list`"), ("python-discovery", "python-discovery")):
        for state, goal in (("nothing remembered", goals[tool]), ("with its cache", "")):
            theirs = figures.get(f"{name}, {state}")
            if theirs is not None:
                against = f"{tool}, {state}"
                rows.append(_row(title, figures["ours"], against, theirs, goal, is_faster=True))
    return rows


def _add(
    contestants: dict[str, Callable[[], object]],
    name: str,
    find: Callable[[Path], set[str]],
    caches: Path,
    known: set[str],
) -> None:
    """Add a contestant twice: as somebody meets it for the first time, and with a full cache."""
    warm = caches / name
    theirs = find(warm)
    assert theirs, name
    assert theirs <= known, (name, theirs - known)

    def for_the_first_time() -> None:
        with tempfile.TemporaryDirectory(dir=caches) as cold:
            find(Path(cold))

    contestants[f"{name}, nothing remembered"] = for_the_first_time
    contestants[f"{name}, with its cache"] = lambda: find(warm)


def _uv() -> str | None:
    uv = Path(sys.executable).with_name("uv")
    return str(uv) if uv.exists() else shutil.which("uv")


def _found_by_uv(uv: str, variables: dict[str, str], cache: Path) -> set[str]:
    command = [uv, "python", "list", "--only-installed", "--offline", "--no-python-downloads"]
    command += ["--output-format", "json", "--cache-dir", str(cache)]
    listed = json.loads(_output(command, environment=variables))
    return {os.path.realpath(entry["path"]) for entry in listed}


def _found_by_library(variables: dict[str, str]) -> Callable[[Path], set[str]]:
    """Return what asks python-discovery, with the cache in a folder, and none in memory."""
    import python_discovery as library

    def find(cache: Path) -> set[str]:
        with tempfile.TemporaryDirectory() as empty:
            # The only way to what it keeps in memory; the folder is thrown away.
            library.PythonInfo.clear_cache(library.DiskCache(Path(empty)))
        found = library.iter_interpreters(cache=library.DiskCache(cache), env=variables)
        return {os.path.realpath(one.system_executable or one.executable) for one in found}

    return find


def _output(command: list[str], *, environment: dict[str, str] | None = None) -> bytes:
    # uv complains of interpreters that are too old for it.
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    return done.stdout


def _row(
    what: str,
    ours: Figures,
    against: str,
    theirs: Figures,
    goal: str = "",
    *,
    is_faster: bool = False,
) -> Row:
    from tests.benchmarks.report import Row

    share = ratio(theirs, ours) if is_faster else ratio(ours, theirs)
    direction = "faster" if is_faster else "of its time"
    return Row(what, against, ours.median, theirs.median, share, direction, goal)


def _leave_out(what: str, reason: str) -> None:
    print(f"LEFT OUT: {what}, since {reason}", file=sys.stderr)
