"""Projects on disk for windows to be opened on, and what is true of them afterwards.

Owns packages that exist nowhere else, environments that are made without an installer, and how one
asks the disk, or an interpreter, what an environment holds. Knows nothing of VS Code.
"""

from __future__ import annotations

import ensurepip
import io
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.index import Archive, wheel, write_project
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_S = 60.0

DJANGO_3 = wheel(
    "Django", "3.2.25", requires=["sqlparse>=0.2"], scripts={"django-admin": "django:main"}
)
DJANGO_4 = wheel(
    "Django", "4.0.10", requires=["sqlparse>=0.2"], scripts={"django-admin": "django:main"}
)
SQLPARSE = wheel("sqlparse", "0.5.1")
FLASK = wheel("Flask", "3.0.3", requires=["werkzeug>=3"], scripts={"flask": "flask:main"})
WERKZEUG = wheel("Werkzeug", "3.0.4")

ARCHIVES = (DJANGO_3, DJANGO_4, SQLPARSE, FLASK, WERKZEUG)

_INSTALLED = """
import importlib.metadata, json
print(json.dumps({d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}))
"""

# Opening a FIFO lasts until somebody opens its other end.
_WAIT = """
import os
if os.path.exists({held!r}):
    open({told!r}, "w").close()
    open({fifo!r}).read()
"""


class SlowProject:
    """A project in a folder whose installation can be held up, and tells that it has come so far.

    A folder, for what is built from an index is kept by pip: its plan would have built it already.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._held = folder.with_name(f"{folder.name}.held")
        self._told = folder.with_name(f"{folder.name}.begun")
        self._fifo = folder.with_name(f"{folder.name}.fifo")
        os.mkfifo(self._fifo)
        names = {"held": str(self._held), "told": str(self._told), "fifo": str(self._fifo)}
        write_project(folder, wheel(self.name, "1.0"), failure=_WAIT.format_map(names))

    @property
    def has_begun(self) -> bool:
        """Whether its installation is under way, and held up."""
        return self._told.exists()

    def hold(self) -> None:
        """Hold up its installation from now on."""
        self._held.touch()

    def let_go(self) -> None:
        """Let the installation come to its end; one has to be under way."""
        self._held.unlink()
        self._fifo.write_text("")


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write *files* into *folder*, and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def make_environment(prefix: Path, *archives: Archive) -> Path:
    """Make an environment with wheels in it, as an installer would leave them; return *prefix*."""
    venv.EnvBuilder(symlinks=True, prompt=prefix.parent.name).create(prefix)
    (site_packages,) = prefix.glob("lib/python3.*/site-packages")
    (pip,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    for archive in (Archive(pip.name, pip.read_bytes()), *archives):
        with zipfile.ZipFile(io.BytesIO(archive.data)) as wheel_file:
            wheel_file.extractall(site_packages)
        name, version = archive.filename.split("-")[:2]
        info = site_packages / f"{name}-{version}.dist-info"
        (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    return prefix


def python_of(prefix: Path, *arguments: str) -> str:
    """Run the interpreter of an environment, and return what it prints."""
    completed = subprocess.run(
        [prefix / "bin" / "python", "-I", *arguments],
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=True,
    )
    return completed.stdout.strip()


def installed(prefix: Path) -> dict[str, str]:
    """Return what the interpreter of an environment says is installed: versions by names.

    pip and setuptools are left out, since not every installer and interpreter puts them there.
    """
    found: dict[str, str] = json.loads(python_of(prefix, "-c", _INSTALLED))
    return {name: found[name] for name in found if name not in ("pip", "setuptools")}


def environment_for(folder: Path, variables: Mapping[str, str]) -> Path:
    """Return which environment a folder has, as the command line, another program, says.

    *variables* are its own, and so say where choices are kept.
    """
    completed = subprocess.run(
        [sys.executable, "-m", "pinfold", "env", "why", "--format", "json"],
        cwd=folder,
        env={**variables, "PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=True,
    )
    found: Path = folder / json.loads(completed.stdout)["prefix"]
    return found


def content(prefix: Path) -> dict[str, bytes | str]:
    """Return all of an environment: what is in its files, by their paths, and where links lead."""
    found: dict[str, bytes | str] = {}
    for path in sorted(prefix.rglob("*")):
        name = path.relative_to(prefix).as_posix()
        if "__pycache__" in name:
            continue
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found
