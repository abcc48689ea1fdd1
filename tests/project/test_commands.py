import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.project.checkout import ROOT

pytestmark = pytest.mark.slow


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout, its environments in *folder*, as from a fresh shell."""
    outside = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}
    return subprocess.run(
        ["make", f"VENV={folder / 'run'}", f"DEV_VENV={folder / 'dev'}", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in outside},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def interpreter(folder: Path, script: str) -> Path:
    """Write a stand-in for an interpreter."""
    path = folder / "stand-in"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_help_lists_every_command(tmp_path: Path) -> None:
    """`make` alone names each target that a person may ask for."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)) - {"anew"}

    assert commands == set(re.findall(r"^  ([a-z-]+)", make(tmp_path).stdout, re.MULTILINE))


def test_a_python_too_old_is_named(tmp_path: Path) -> None:
    """An old Python ends in a sentence that says what to type instead."""
    old = interpreter(tmp_path, 'test "$1" = --version && echo "Python 3.8.20" || exit 1')

    result = make(tmp_path, "run", f"PYTHON={old}")

    assert 2 == result.returncode
    assert f"needs Python 3.10 or newer; '{old} --version' says: Python 3.8.20" in result.stderr
    assert "make run PYTHON=python3.12" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A name that was mistyped is not passed over in favour of another interpreter."""
    result = make(tmp_path, "run", "PYTHON=pyhton3")

    assert 2 == result.returncode
    assert "'pyhton3 --version' says:" in result.stderr
    assert "not found" in result.stderr


def test_a_python_without_ensurepip_is_named(tmp_path: Path) -> None:
    """Debian's python3 without python3-venv ends in the name of the package to install."""
    bare = interpreter(
        tmp_path,
        'case "$2" in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; *) exit 0 ;; esac',
    )

    result = make(tmp_path, "test", f"PYTHON={bare}")

    assert 2 == result.returncode
    assert "apt install python3.12-venv" in result.stderr


def test_a_foreign_environment_is_left_alone(tmp_path: Path) -> None:
    """A directory that make did not make is never emptied."""
    precious = tmp_path / "run" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine", encoding="utf-8")

    result = make(tmp_path, "run")

    assert 2 == result.returncode
    assert "was not made by this Makefile" in result.stderr
    assert "mine" == precious.read_text(encoding="utf-8")
