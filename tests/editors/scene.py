"""A project that an editor is driven in: its files, an index, a server, and what the editor tells.

An editor is run as its own process, with a script in its own language. The script waits in the
editor's own loop for what it expects, with a deadline, and writes what it saw into a file, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.index import Index, quiet_variables, sdist, wheel
from tests.lsp.client import SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
EDITORS = ROOT / "docs" / "editors"

WAIT_S = 60.0
"""How long a script waits for one thing; handed to it in the variable `PINFOLD_TEST_WAIT`."""

_END_S = 5 * WAIT_S

BASE = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
"""An interpreter that environments are made with."""

ARCHIVES = (
    wheel("flask", "3.1.0", requires=["werkzeug>=3"], scripts={"flask": "flask:main"}),
    wheel("werkzeug", "3.1.3"),
    wheel("tiny", "1.0"),
    sdist(wheel("slow", "1.0"), failure="import signal; signal.pause()"),
)

FAULTY = "flask=3.1.0\nwerkzeug==3.1.3\n"
"""A file with an error on its first line, for which there is a fix."""

MENDED = "flask==3.1.0\nwerkzeug==3.1.3\n"


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder of a test's, with a project in it, and what an editor's process is given."""

    folder: Path
    index: Index

    def __post_init__(self) -> None:
        for made in (self.root, self.home):
            made.mkdir()
        self.file.write_text(MENDED)

    @property
    def root(self) -> Path:
        """The project, which is what the editor has open."""
        return self.folder / "shop"

    @property
    def home(self) -> Path:
        """The home directory, with nothing of anybody's in it."""
        return self.folder / "home"

    @property
    def file(self) -> Path:
        """The project's requirements."""
        return self.root / "requirements.txt"

    @property
    def environment(self) -> Path:
        """Where the project's environment is made."""
        return self.root / ".venv"

    @property
    def told(self) -> Path:
        """What the editor writes down."""
        return self.folder / "told.json"

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the editor's process, and so of the server's."""
        return {
            **quiet_variables(self.home),
            "TERM": "dumb",
            "PINFOLD_STATE_DIR": str(self.folder / "state"),
            "PINFOLD_STRICT": "1",
            "PIP_INDEX_URL": self.index.url,
            "PYTHONPATH": str(ROOT / "server"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PINFOLD_TEST_SERVER": json.dumps(SERVER),
            "PINFOLD_TEST_TOLD": str(self.told),
            "PINFOLD_TEST_ROOT": str(self.root),
            "PINFOLD_TEST_BASE": BASE,
            "PINFOLD_TEST_WAIT": str(WAIT_S),
            "PINFOLD_TEST_EDITORS": str(EDITORS),
        }

    def make_environment(self, name: str) -> Path:
        """Make an environment with nothing in it, and return where it is."""
        made = self.root / name
        subprocess.run([BASE, "-m", "venv", "--without-pip", str(made)], check=True)
        return made

    def drive(self, command: Sequence[str]) -> dict[str, Any]:
        """Run an editor in the project to its end, and return what it told."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_END_S,
            check=False,
        )
        told: dict[str, Any] = json.loads(self.told.read_text()) if self.told.exists() else {}
        assert "error" not in told, f"{told}\n{done.stdout}"
        assert told, done.stdout
        assert 0 == done.returncode, done.stdout
        return told

    def installed(self, prefix: Path | None = None) -> set[str]:
        """Return names and versions of what is installed in an environment."""
        (site_packages,) = (prefix or self.environment).glob("lib/python3*/site-packages")
        infos = [info.name.removesuffix(".dist-info") for info in site_packages.glob("*.dist-info")]
        return {name for name in infos if not name.startswith(("pip-", "setuptools-"))}

    def selected(self) -> str | None:
        """Return the environment of the project, as another process is told."""
        done = subprocess.run(
            [sys.executable, "-m", "pinfold", "env", "why", "--format", "json", str(self.file)],
            cwd=self.root,
            env=self.variables,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        prefix: str | None = json.loads(done.stdout)["prefix"]
        return None if prefix is None else (self.root / prefix).relative_to(self.root).as_posix()
