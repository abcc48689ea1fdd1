"""Commands in the light bulb: offered to a client that can run them, with what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lsp.client import CAPABILITIES, Message
from tests.lsp.test_commands import client
from tests.lsp.test_environments import make_environment
from tests.lsp.test_requests import whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lsp.client import Client

__all__ = ["client"]


EXECUTES: Message = {"workspace": {**CAPABILITIES["workspace"], "executeCommand": {}}}
"""What a client says that executes commands."""


def command_actions(
    client: Client,
    project: Path,
    capabilities: Message = EXECUTES,
    *,
    is_trusted: bool = True,
    shows_disabled: bool = False,
) -> list[Message]:
    """Return the code actions with commands, in a file of which a package is missing."""
    make_environment(project / ".venv")
    uri = (project / "requirements.txt").as_uri()
    able = {**CAPABILITIES["textDocument"]["codeAction"], "disabledSupport": shows_disabled}
    text_document = {**CAPABILITIES["textDocument"], "codeAction": able}
    client.initialize(
        root=project,
        capabilities={**CAPABILITIES, **capabilities, "textDocument": text_document},
        initializationOptions={"trusted": is_trusted},
    )
    client.open(uri, "flask==1.0\n")
    found = client.wait(
        "textDocument/publishDiagnostics",
        lambda params: "not-installed" in [item["code"] for item in params["diagnostics"]],
    )["diagnostics"]
    params = {
        "textDocument": {"uri": uri},
        "range": whole("flask==1.0\n"),
        "context": {"diagnostics": found},
    }
    actions: list[Message] = client.request("textDocument/codeAction", params)
    offered = [action for action in actions if "command" in action or "disabled" in action]

    # An editor preselects the first: not the one that hides what is missing.
    assert offered == actions[: len(offered)]
    return offered


def test_a_command_is_offered(client: Client, tmp_path: Path) -> None:
    """A client that executes commands is offered those that help, with their arguments."""
    by_file, _ = command_actions(client, tmp_path)

    assert "Install what is missing from requirements.txt" == by_file["title"]
    assert ["not-installed"] == [item["code"] for item in by_file["diagnostics"]]
    assert {
        "title": by_file["title"],
        "command": "pinfold.installRequirements",
        "arguments": [
            {"folder": str(tmp_path), "files": [str(tmp_path / "requirements.txt")]},
        ],
    } == by_file["command"]


@pytest.mark.parametrize("shows_disabled", [True, False])
def test_a_command_that_is_off(client: Client, tmp_path: Path, *, shows_disabled: bool) -> None:
    """What runs programs is off without trust: with the reason, or not there at all."""
    found = command_actions(client, tmp_path, is_trusted=False, shows_disabled=shows_disabled)

    assert shows_disabled is bool(found)
    assert [] == [one for one in found if "not trusted" not in one["disabled"]["reason"]]


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({}, False), ({"experimental": {"pinfold": {"ui": True}}}, True)],
    ids=["neither", "interface"],
)
def test_who_is_offered_commands(
    client: Client, tmp_path: Path, capabilities: Message, *, expected: bool
) -> None:
    """Nobody who could not run them; a client with an interface of its own can."""
    assert expected is bool(command_actions(client, tmp_path, capabilities))
