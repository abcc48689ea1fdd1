"""Which Python a program is debugged with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lsp.test_commands import REQUEST_FAILED, begin, check_refused, client, execute, project

if TYPE_CHECKING:
    from tests.lsp.client import Client

__all__ = ["client", "project"]

OURS, THEIRS = Path("/ours"), Path("/theirs")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "/ours/web/app.py"),
        ({"program": "${file}"}, "/ours/web/app.py"),
        ({"program": "/ours/other/main.py"}, "/ours/other/main.py"),
        ({"program": "src/app.py"}, "/ours/src/app.py"),
        ({"program": "./src/../app.py"}, "/ours/app.py"),
        ({"program": "${workspaceFolder}/main.py"}, "/ours/main.py"),
        ({"program": "${fileDirname}/main.py"}, "/ours/web/main.py"),
        ({"program": "${relativeFile}"}, "/ours/web/app.py"),
        ({"program": "${workspaceFolder:Their shop}/main.py"}, "/theirs/main.py"),
        ({"program": "app.py", "cwd": "${workspaceFolder}/web"}, "/ours/web/app.py"),
        ({"program": "app.py", "cwd": "web"}, "/ours/web/app.py"),
        ({"program": "/ours/main.py", "cwd": "${env:SOMEWHERE}"}, "/ours/main.py"),
        ({"module": "flask"}, "/ours"),
        ({"module": "flask", "cwd": "web"}, "/ours/web"),
        ({"module": "flask", "program": "other/main.py"}, "/ours"),
        ({"module": "flask", "cwd": "${workspaceFolder:Their shop}/web"}, "/theirs/web"),
        # What only the editor can know, later.
        ({"program": "${env:APP}/main.py"}, "/ours"),
        ({"program": "${command:pickFile}"}, "/ours"),
        ({"program": "${workspaceFolder:nobody's}/main.py"}, "/ours"),
    ],
)
def test_debugged_place(said: dict[str, str], expected: str) -> None:
    """Where the configuration has it, else what is in front, else the folder."""
    from pinfold.lsp.debug_commands import debugged_place

    names = {OURS: "ours", THEIRS: "Their shop"}

    found = debugged_place({"folder": OURS, "file": OURS / "web" / "app.py", **said}, names)

    assert Path(expected) == found


def test_nothing_in_front() -> None:
    """Then it is about the folder; a file alone may be debugged without one."""
    from pinfold.lsp.debug_commands import debugged_place

    assert debugged_place({"folder": OURS}, {}) == OURS
    assert debugged_place({"file": OURS / "app.py"}, {}) == OURS / "app.py"
    assert debugged_place({"file": OURS / "app.py", "program": "main.py"}, {}) is None


def test_interpreter(client: Client, project: Path, tmp_path: Path) -> None:
    """It is that of the environment for the program, wherever that lies."""
    alone = tmp_path / "alone"
    for folder in (alone, project / "src"):
        folder.mkdir()
        (folder / "app.py").touch()
    client.initialize(root=project)

    found = execute(client, "debugInterpreter", folder=str(project), program="src/app.py")
    none = execute(client, "debugInterpreter", folder=str(project), program=f"{alone}/app.py")

    assert {"version": 1, "executable": str(project / ".venv/bin/python")} == found
    assert {"version": 1, "executable": None} == none


def test_no_place(client: Client, project: Path) -> None:
    """Who asks without a folder is told what to add."""
    client.initialize(root=project)

    check_refused(
        client,
        begin(client, "debugInterpreter", {"program": "main.py"}),
        REQUEST_FAILED,
        "nothing says where the program is: name its folder",
    )
