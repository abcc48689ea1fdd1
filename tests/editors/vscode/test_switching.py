"""Which environment is for which files, as the picker has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import (
    DJANGO_3,
    DJANGO_4,
    SQLPARSE,
    environment_for,
    installed,
    make_environment,
    write,
)
from tests.editors.vscode.terminals import REPORT, ask, open_terminal

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
    write(tmp_path, {"both.code-workspace": json.dumps(folders), "report.py": REPORT})
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

    # From one project's file to the other's, and back.
    wb.open_file("shop/requirements.txt")
    expect(wb.status(".venv")).to_be_visible()
    expect(wb.status("venv-next")).to_have_count(0)
    wb.screenshot("follows-the-file")
    open_terminal(wb, "(shop) ")
    of_shop = ask(wb, tmp_path / "shop.json")
    wb.open_file("blog/requirements.txt")
    expect(wb.status("venv-next")).to_be_visible()

    chosen = {
        folder: environment_for(tmp_path / folder, server.variables) for folder in ("blog", "shop")
    }
    expected = {"blog": tmp_path / "blog" / "venv-next", "shop": tmp_path / "shop" / ".venv"}
    assert expected == chosen
    assert str(expected["shop"]) == of_shop["prefix"]
    assert {"Django": "3.2.25", "sqlparse": "0.5.1"} == installed(tmp_path / "blog" / ".venv")


def test_status_follows_the_file_in_a_monorepo(
    window: Opener, server: CodeServer, tmp_path: Path
) -> None:
    """In one folder with two projects, what is shown and run is that of the file in front."""
    write(tmp_path / "shop", {"api/requirements.txt": "", "web/requirements.txt": ""})
    for name in ("api", "web"):
        make_environment(tmp_path / "shop" / name / ".venv")
    write(tmp_path / "shop", {"report.py": REPORT})
    wb = window(tmp_path / "shop", "api/requirements.txt")

    prefixes: list[str] = []
    for name, other in (("api", "web"), ("web", "api"), ("api", "web")):
        wb.open_file(f"{name}/requirements.txt")
        expect(wb.status(f"{name}/.venv")).to_be_visible()
        expect(wb.status(f"{other}/.venv")).to_have_count(0)
        open_terminal(wb, f"({name}) ")
        prefixes.append(ask(wb, tmp_path / "shop" / f"{len(prefixes)}.json")["prefix"])
        wb.screenshot(f"monorepo-{name}")

    folders = [tmp_path / "shop" / name for name in ("api", "web", "api")]
    assert [str(folder / ".venv") for folder in folders] == prefixes
    assert [folder / ".venv" for folder in folders] == [
        environment_for(folder, server.variables) for folder in folders
    ]
