"""Which environment is for which files, as the picker has it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import (
    DJANGO_3,
    DJANGO_4,
    SQLPARSE,
    installed,
    make_environment,
    write,
)
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.code_server import CodeServer
    from tests.editors.vscode.conftest import Opener

pytestmark = [pytest.mark.editor, pytest.mark.slow]


def test_two_projects_side_by_side(window: Opener, server: CodeServer, tmp_path: Path) -> None:
    """Each of two projects has its own Django; choosing another changes what is found in one."""
    write(tmp_path / "blog", {"requirements.txt": "django==3.2.25\n"})
    write(tmp_path / "shop", {"requirements.txt": "django==4.0.10\n"})
    make_environment(tmp_path / "blog" / ".venv", DJANGO_3, SQLPARSE)
    make_environment(tmp_path / "blog" / "venv-next", DJANGO_4, SQLPARSE)
    make_environment(tmp_path / "shop" / ".venv", DJANGO_4, SQLPARSE)
    folders = {"folders": [{"path": "blog"}, {"path": "shop"}]}
    write(tmp_path, {"both.code-workspace": json.dumps(folders)})
    wb = window(tmp_path / "both.code-workspace", "blog/requirements.txt")
    expect(wb.status(".venv")).to_be_visible()
    expect(wb.problems()).to_have_count(0)
    wb.screenshot("side-by-side")

    wb.run("pinfold.selectEnvironment")
    expect(wb.item("venv-next")).to_be_visible()
    wb.screenshot("picker")
    wb.pick("venv-next")
    expect(wb.problem("4.0.10 is installed")).to_be_visible()
    expect(wb.status("venv-next")).to_be_visible()
    # One file and its one finding: the other project is as it was.
    expect(wb.problems()).to_have_count(2)
    wb.screenshot("switched")

    chosen = {folder: _environment_for(server, tmp_path / folder) for folder in ("blog", "shop")}
    expected = {"blog": tmp_path / "blog" / "venv-next", "shop": tmp_path / "shop" / ".venv"}
    assert expected == chosen
    assert {"Django": "3.2.25", "sqlparse": "0.5.1"} == installed(tmp_path / "blog" / ".venv")


def _environment_for(server: CodeServer, folder: Path) -> Path:
    """Return what the command line, another program, says of a folder."""
    completed = subprocess.run(
        [sys.executable, "-m", "pinfold", "env", "why", "--format", "json"],
        cwd=folder,
        env={**server.variables, "PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: Path = folder / json.loads(completed.stdout)["prefix"]
    return found
