"""A project with an environment, kept so that it can be had again as it was, at the same place."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.index import quiet_variables
from tests.harness.warm import run_pinfold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.harness.index import Index

WAIT_S = 300.0

State = frozenset[str] | None
"""Names and versions of what is installed; ``None`` if there is no environment."""


@dataclass(frozen=True)
class Scene:
    """A folder of a test with a project, a home directory and Pinfold's state in it."""

    root: Path
    index: Index
    backend: str

    @property
    def project(self) -> Path:
        """The folder that Pinfold is run in."""
        return self.root / "project"

    @property
    def prefix(self) -> Path:
        """The environment."""
        return self.project / ".venv"

    @property
    def variables(self) -> dict[str, str]:
        """The variables of Pinfold's processes."""
        folders = (Path(sys.executable).parent, *map(Path, ("/usr/bin", "/bin")))
        return {
            **quiet_variables(self.root / "home"),
            "PATH": os.pathsep.join(map(str, folders)),
            "PINFOLD_STATE_DIR": str(self.root / "state"),
            "PINFOLD_STRICT": "1",
            "PIP_INDEX_URL": self.index.url,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def make(self, files: Mapping[str, str]) -> None:
        """Begin anew with a project of *files*."""
        shutil.rmtree(self.root, ignore_errors=True)
        for folder in (self.project, self.root / "home"):
            folder.mkdir(parents=True)
        for name, text in files.items():
            (self.project / name).write_text(text, encoding="utf-8")

    def keep(self) -> Path:
        """Keep everything as it is now; return where."""
        kept = self.root.with_name(f"{self.root.name}-kept")
        _copy(self.root, kept)
        return kept

    def restore(self, kept: Path) -> None:
        """Have everything as it was kept."""
        _copy(kept, self.root)

    def arguments(self, *arguments: str) -> list[str]:
        """Return what Pinfold is told, with the installer of this scene."""
        words = list(arguments)
        verbs = ("create", "rebuild", "install", "uninstall", "upgrade", "sync")
        takes_installer = not {*words[:2]}.isdisjoint(verbs)
        return [*words, "--with", self.backend] if takes_installer else words

    @property
    def program(self) -> str:
        """The interpreter that Pinfold runs with."""
        return sys.executable

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        tracer: Sequence[str] = (),
        expected: int | None = 0,
    ) -> subprocess.CompletedProcess[str]:
        """Run Pinfold, in the project unless told otherwise; *tracer* watches it."""
        completed = run_pinfold(
            self.program,
            self.arguments(*arguments),
            cwd=cwd or self.project,
            env=self.variables,
            timeout_s=WAIT_S,
            tracer=tracer,
        )
        if expected is not None:
            assert expected == completed.returncode, completed.stdout + completed.stderr
        return completed

    def compile_pip(self) -> None:
        """Have what pip imports compiled, which each of many runs would else do for itself."""
        if self.backend == "pip" and self.prefix.exists():
            python = str(self.prefix / "bin" / "python")
            nothing = ("-m", "pip", "install", "--quiet", "--no-index", "pip")
            env = {**self.variables, "PYTHONDONTWRITEBYTECODE": ""}
            subprocess.run([python, "-I", *nothing], env=env, check=True, timeout=WAIT_S)

    def history(self) -> list[dict[str, object]]:
        """Start Pinfold, which mends what was interrupted; return the history."""
        found: list[dict[str, object]] = json.loads(self.run("history", "--format", "json").stdout)[
            "entries"
        ]
        return found

    def state(self) -> State:
        """Return what is installed, having made sure that all of it is whole."""
        if not self.prefix.exists():
            return None
        (site_packages,) = self.prefix.glob("lib/python3*/site-packages")
        found = set()
        for info in site_packages.glob("*.dist-info"):
            metadata = (info / "METADATA").read_text(encoding="utf-8")
            name, version = (
                re.search(rf"^{field}: (.*)$", metadata, re.MULTILINE)
                for field in ("Name", "Version")
            )
            assert name is not None
            assert version is not None
            found.add(f"{name[1]} {version[1]}")
            _verify(info)
            self._run_scripts(info, version[1])
        return frozenset(found)

    def _run_scripts(self, info: Path, version: str) -> None:
        points = info / "entry_points.txt"
        if info.name.startswith(("pip-", "setuptools-")) or not points.exists():
            return
        for script in re.findall(r"^(\S+) = ", points.read_text(encoding="utf-8"), re.MULTILINE):
            said = subprocess.run(
                [self.prefix / "bin" / script],
                capture_output=True,
                text=True,
                timeout=WAIT_S,
                check=False,
                # Bytecode counts as that of any source of the same size and second: what the
                # version before left would be run for the next, as uv leaves it where it is.
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )

            assert (version, 0) == (said.stdout.strip(), said.returncode), said.stderr


def _verify(info: Path) -> None:
    """Make sure that every file of a RECORD is what it says."""
    with (info / "RECORD").open(encoding="utf-8", newline="") as lines:
        for name, digest, size in csv.reader(lines):
            data = (info.parent / name).read_bytes()
            if digest:
                algorithm, _, value = digest.partition("=")
                found = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest())

                assert value == found.decode("ascii").rstrip("="), name
                assert int(size) == len(data), name


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    # Hard links stay hard links, as the state that Pinfold holds has them.
    subprocess.run(["cp", "-a", str(source), str(target)], check=True, timeout=WAIT_S)
