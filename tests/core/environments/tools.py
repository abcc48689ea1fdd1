"""Tools that make environments, each installed once from the package index, into build/tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_TOOLS = Path(__file__).parents[3] / "build" / "tools"
_TIMEOUT_S = 300
_ASK_VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


def tool(requirement: str, python: Path | None = None) -> Path:
    """Return the folder of a tool's programs, which is installed if it is not there yet.

    *requirement* is a name, or an old release of it where that is what a test is about; *python*
    the interpreter that runs it, if not the one that runs the tests.
    """
    fcntl = pytest.importorskip("fcntl")
    folder = _TOOLS / requirement
    _TOOLS.mkdir(parents=True, exist_ok=True)
    # Several test processes may want the same tool.
    with (_TOOLS / f"{requirement}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            command = [str(python or sys.executable), "-m", "venv", str(folder)]
            subprocess.run(command, check=True, timeout=_TIMEOUT_S)
            pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", requirement]
            subprocess.run(pip, check=True, timeout=_TIMEOUT_S)
            (folder / "installed").touch()
    return folder / "bin"


def tool_version(requirement: str) -> str:
    """Return the version of a tool that is installed."""
    name = re.split(r"[<=]", requirement)[0]
    command = [str(_TOOLS / requirement / "bin/python"), "-c", _ASK_VERSION, name]
    asked = subprocess.run(command, check=True, timeout=_TIMEOUT_S, stdout=subprocess.PIPE)
    return asked.stdout.decode().strip()
