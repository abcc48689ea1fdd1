"""Environments made and changed: what our safety costs on top of the installer alone.

The installer is uv with a warm cache, which is the fastest there is, so that our share is as large
as it can be. The index is on loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.journal import SetAside
from pinfold.core.environments.changes.safe_change import Changes
from pinfold.core.model.plan import Verb
from tests.benchmarks.inputs import write_distributions
from tests.benchmarks.measure import interleaved, ratio
from tests.harness.index import Index, quiet_variables, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.report import Row

PACKAGES = 20
DISTRIBUTIONS = 300
LEAST_ROUNDS = 5


def measure(rounds: int) -> list[Row]:
    """Create and fill an environment, and set one aside."""
    uv = Path(sys.executable).with_name("uv")
    found = str(uv) if uv.exists() else shutil.which("uv")
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure_setting_aside(Path(folder) / "aside", max(LEAST_ROUNDS, rounds))
    if found is None:
        print("LEFT OUT: creating environments, for there is no uv", file=sys.stderr)
        return rows
    archives = [wheel(f"package-{n}", "1.0") for n in range(PACKAGES)]
    with tempfile.TemporaryDirectory() as folder, Index(archives) as index:
        return _measure_creating(Path(folder), index, found, max(LEAST_ROUNDS, rounds)) + rows


def _measure_creating(root: Path, index: Index, uv: str, rounds: int) -> list[Row]:
    from tests.benchmarks.report import Row

    project = root / "project"
    project.mkdir()
    names = [f"package-{n}" for n in range(PACKAGES)]
    (project / "requirements.txt").write_text("".join(f"{name}==1.0\n" for name in names))
    python = getattr(sys, "_base_executable", sys.executable)
    variables = {
        **quiet_variables(root),
        "PIP_INDEX_URL": index.url,
        "UV_DEFAULT_INDEX": index.url,
        "PINFOLD_STATE_DIR": str(root / "state"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    (root / "home").mkdir()

    def run(command: Sequence[str]) -> None:
        done = subprocess.run(command, cwd=project, env=variables, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def anew(work: Callable[[], None]) -> Callable[[], None]:
        def begin() -> None:
            shutil.rmtree(project / ".venv", ignore_errors=True)
            work()

        return begin

    def by_uv() -> None:
        run([uv, "venv", "--quiet", "--no-project", "--seed", "--python", python, ".venv"])
        run([uv, "pip", "install", "--quiet", "--python", ".venv", "-r", "requirements.txt"])

    def by_venv_and_pip() -> None:
        run([python, "-m", "venv", ".venv"])
        run([".venv/bin/python", "-m", "pip", "install", "--quiet", "-r", "requirements.txt"])

    def by_us(backend: str) -> None:
        options = ["--with", backend, "--python", python, *(["--uv", uv] * (backend == "uv"))]
        run([sys.executable, "-m", "pinfold", "env", "create", *options])

    # --seed asks the index for pip: ours puts the interpreter's own in.
    index.add(wheel("pip", "99.0"))
    contestants = {
        "uv": anew(by_uv),
        "with uv": anew(lambda: by_us("uv")),
        "pip": anew(by_venv_and_pip),
        "with pip": anew(lambda: by_us("pip")),
    }
    for contestant in contestants.values():
        contestant()
    figures = interleaved(contestants, rounds=rounds)
    return [
        Row(
            f"`pinfold env create`, {PACKAGES} packages, {ours}",
            against,
            figures[ours].median,
            figures[theirs].median,
            ratio(figures[ours], figures[theirs]),
            "of its time",
            "≤ 1.5 ×",
        )
        for ours, theirs, against in (
            ("with uv", "uv", "`uv venv --seed` and `uv pip install`"),
            ("with pip", "pip", "`venv` and `pip install`"),
        )
    ]


def _measure_setting_aside(root: Path, rounds: int) -> list[Row]:
    """Measure what is done around an installation, with an installer that does nothing."""
    from tests.benchmarks.report import Row

    prefix = root / ".venv"
    site_packages = prefix / "lib" / "python3.12" / "site-packages"
    site_packages.mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")
    write_distributions(site_packages, DISTRIBUTIONS)
    changes = Changes(root / "state")
    count = 0

    def changed(way: SetAside) -> None:
        with changes.change(prefix, Verb.INSTALL, way) as change:
            if way is SetAside.MOVED:
                prefix.rmdir()
                assert change.entry.held is not None
                change.entry.held.rename(prefix)
            change.keep()

    def copied_whole() -> None:
        nonlocal count
        count += 1
        shutil.copytree(prefix, root / f"copy{count}", symlinks=True)

    figures = interleaved(
        {
            "copied": lambda: changed(SetAside.COPIED),
            "moved": lambda: changed(SetAside.MOVED),
            "copytree": copied_whole,
        },
        rounds=rounds,
    )
    return [
        Row(
            f"an environment of {DISTRIBUTIONS} distributions {what}, journal and syncs included",
            "`shutil.copytree`, unsynced",
            figures[name].median,
            figures["copytree"].median,
            ratio(figures[name], figures["copytree"]),
            "of its time",
            "",
        )
        for name, what in (
            ("copied", "set aside by hard links"),
            ("moved", "set aside by renaming"),
        )
    ]
