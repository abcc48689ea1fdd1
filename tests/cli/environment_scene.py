"""Environments and interpreters for the tests of `pinfold env`: files that look like them."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from tests.core.environments.test_reader import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.running import Runner

SAYS = '#!/bin/sh\nprintf \'%s\\n\' "$0" "$VIRTUAL_ENV" "$@"\n'


def stand_alone(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Runner:
    """Let `pinfold` be run by somebody whose home and repository are empty, in *folder*."""
    home, project = folder / "home", folder / "project"
    for made in (home, project / ".git"):
        made.mkdir(parents=True)
    for name in list(os.environ):
        if name.startswith(_OF_TOOLS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(folder / "state"))
    monkeypatch.chdir(project)
    pinfold.folder = project
    return pinfold


_OF_TOOLS = ("CONDA", "PIPENV", "POETRY", "PYENV", "UV_", "VIRTUAL_ENV", "WORKON", "XDG_")


def make_program(path: Path, text: str = SAYS) -> Path:
    """Make a program that says its own path, what is activated, and its arguments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def make_base(prefix: Path) -> Path:
    """Make what looks like an interpreter that environments are made from; return `prefix`."""
    make_program(prefix / "bin/python3.12")
    (prefix / "bin/python3").symlink_to("python3.12")
    library = prefix / "lib/python3.12"
    (library / "site-packages").mkdir(parents=True)
    (library / "os.py").touch()
    return prefix


def make_whole(prefix: Path, base: Path, **packages: str) -> Path:
    """Make an environment in which nothing is wrong, with packages; return `prefix`."""
    make_environment(prefix, pip="25.0", **packages)
    for folder in prefix.glob("lib/python3.12/site-packages/*.dist-info"):
        (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n", encoding="utf-8")
    pip = prefix / "lib/python3.12/site-packages/pip/__init__.py"
    pip.parent.mkdir()
    pip.touch()
    home = base / "bin"
    (prefix / "pyvenv.cfg").write_bytes(
        b"home = %b\nversion = 3.12.1\ninclude-system-site-packages = false\n" % os.fsencode(home)
    )
    (prefix / "bin").mkdir()
    (prefix / "bin/python3.12").symlink_to(home / "python3.12")
    (prefix / "bin/python").symlink_to("python3.12")
    text = f"VIRTUAL_ENV={shlex.quote(str(prefix))}\nexport VIRTUAL_ENV\n"
    (prefix / "bin/activate").write_bytes(os.fsencode(text))
    return prefix
