"""What an editor is told so that its terminals have an environment active."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.lsp.client import ServerError
from tests.lsp.test_commands import REQUEST_FAILED, client, execute, project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lsp.client import Client

__all__ = ["client", "project"]


def test_the_environment_of_a_folder(client: Client, project: Path) -> None:
    """What is set in a terminal for it, and a line for each shell that evaluates one."""
    client.initialize(root=project)

    result = execute(client, "terminalActivation")

    prefix = project / ".venv"
    environment = result["environment"]
    assert str(prefix) == result["prefix"] == environment["VIRTUAL_ENV"]
    assert f"{prefix / 'bin'}:${{env:PATH}}" == environment["PATH"]
    assert str(prefix / "bin" / "python") == result["executable"]
    assert ["BASH", "FISH", "PWSH", "ZSH"] == sorted(
        match[1]
        for name in environment
        if (match := re.fullmatch(r"VSCODE_PYTHON_(.+)_ACTIVATE", name))
    )
    assert str(project) == result["folder"]


def test_where_a_terminal_starts(client: Client, project: Path) -> None:
    """In the project of the file that somebody looks at."""
    source = project / "service" / "src" / "main.py"
    source.parent.mkdir(parents=True)
    source.touch()
    (project / "service" / "requirements.txt").touch()
    client.initialize(root=project)

    result = execute(client, "terminalActivation", active=source.as_uri())

    assert str(project / "service") == result["folder"]


def test_none(client: Client, tmp_path: Path) -> None:
    """Without an environment there is nothing to activate: one short sentence, and two ways out."""
    empty = tmp_path / "empty"
    empty.mkdir()
    client.initialize(root=empty)

    with pytest.raises(ServerError) as caught:
        execute(client, "terminalActivation")

    message = "there is no environment for empty yet: create or select one"
    data = {"reason": "no-environment", "folder": str(empty)}
    assert {"code": REQUEST_FAILED, "message": message, "data": data} == caught.value.error
    assert [] == client.requests
