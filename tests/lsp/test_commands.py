"""Commands: what is asked and answered, what is refused, and who may end them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lsp import hanging_server
from tests.lsp.client import CAPABILITIES, NO_REPLY, SERVER, Client, Message, ServerError
from tests.lsp.schemas import validate
from tests.lsp.test_environments import make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID_PARAMS = -32602
REQUEST_FAILED = -32803
REQUEST_CANCELLED = -32800

UI_CAPABILITIES: Message = {**CAPABILITIES, "experimental": {"pinfold": {"ui": True}}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Return a client of a server on a machine with nothing of its own but the test's folders."""
    (tmp_path / "home").mkdir()
    variables = {
        "HOME": str(tmp_path / "home"),
        "PINFOLD_STATE_DIR": str(tmp_path / "state"),
        "PATH": "",
    }
    with Client(SERVER, environment=variables) as client:
        yield client


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a workspace folder with two environments."""
    root = tmp_path / "project"
    make_environment(root / ".venv", "flask")
    make_environment(root / "other", "rich")
    return root


def begin(client: Client, command: str, *arguments: object) -> int:
    """Ask for a command."""
    name = f"pinfold.{command}"
    return client.begin("workspace/executeCommand", {"command": name, "arguments": arguments})


def execute(client: Client, command: str, **arguments: object) -> Any:
    """Return the result of a command, held against its schema."""
    result = client.answer(begin(client, command, arguments))
    if result is not None:
        validate(result, command)
    return result


def check_refused(client: Client, identifier: int, code: int, *words: str) -> None:
    """A command is refused with *code*, in a message that holds *words*."""
    with pytest.raises(ServerError) as caught:
        client.answer(identifier)

    assert code == caught.value.code
    assert [] == [word for word in words if word not in str(caught.value)]


def prefixes(result: Message) -> list[str]:
    """Return the folders of the environments of a listing that are no interpreters."""
    return [item["prefix"] for item in result["environments"] if not item["isBase"]]


def test_commands_are_told(client: Client) -> None:
    """The answer to `initialize` names each command that there is, and no other."""
    from pinfold.lsp.command_table import COMMANDS

    result = client.initialize()

    told = result["capabilities"]["executeCommandProvider"]["commands"]
    assert [command.id for command in COMMANDS] == told


def test_commands_are_documented() -> None:
    """The page on the language server shows the table that the declarations make."""
    from pinfold.lsp.command_table import commands_reference

    page = Path(__file__).resolve().parents[2] / "docs" / "language-server.md"

    assert commands_reference() in page.read_text(encoding="utf-8")


def test_each_declared_command_has_a_handler() -> None:
    """What is declared is done, and what is done is declared."""
    from pinfold.lsp import (
        debug_commands,
        environment_commands,
        operation_commands,
        package_commands,
        terminal_commands,
        tree_commands,
    )
    from pinfold.lsp.command_table import COMMANDS_BY_ID

    modules = (
        debug_commands,
        environment_commands,
        operation_commands,
        package_commands,
        terminal_commands,
        tree_commands,
    )
    done = [command for module in modules for command in module.HANDLERS]

    assert sorted(COMMANDS_BY_ID) == sorted(done)


def test_lists_of_arguments() -> None:
    """A list holds texts, or paths, and nothing else; an empty one is one."""
    from pinfold.lsp.commands import BadArguments, parsed_params

    def parsed(**arguments: object) -> object:
        command = {"command": "pinfold.createEnvironment", "arguments": [arguments]}
        return parsed_params(command)[1]

    assert {"packages": ("a", "b")} == parsed(packages=["a", "b"])
    assert {"packages": ()} == parsed(packages=[])
    assert {"requirements": (Path("/a b"), Path("/c"))} == parsed(
        requirements=["file:///a%20b", "/c"]
    )
    for wrong in ({"packages": "a"}, {"packages": [3]}, {"requirements": ["relative", "/c"]}):
        with pytest.raises(BadArguments, match="has to be a list of"):
            parsed(**wrong)


@pytest.mark.parametrize(
    "arguments",
    [
        [3],
        ["file:///somewhere", ["file:///somewhere"]],
        [{"folder": 3}],
        [{"folder": "relative"}],
        [{"folder": "/nul\0"}],
        [{"folder": "https://somewhere/else"}],
        [{"unknown": True}],
        [{"environment": ["x"]}],
        {"folder": "/"},
    ],
    ids=json.dumps,
)
def test_malformed_arguments(shared_client: Client, arguments: object) -> None:
    """Arguments are one object with known fields of the right type; all else is refused."""
    identifier = shared_client.begin(
        "workspace/executeCommand",
        {"command": "pinfold.explainEnvironment", "arguments": arguments},
    )

    check_refused(shared_client, identifier, INVALID_PARAMS, "pinfold.explainEnvironment")


@pytest.mark.parametrize("params", [None, {}, [], {"command": 3}, {"command": "pinfold.no"}])
def test_unknown_command(shared_client: Client, params: object) -> None:
    """A command that is none is refused, and the session goes on."""
    identifier = shared_client.begin("workspace/executeCommand", params)

    check_refused(shared_client, identifier, INVALID_PARAMS, "there is no command")


@pytest.mark.parametrize("arguments", [{}, {"arguments": []}, {"arguments": None}])
def test_no_arguments(client: Client, project: Path, arguments: Message) -> None:
    """No argument, null and an empty list are the same: the only workspace folder is meant."""
    client.initialize(root=project)
    result = client.request(
        "workspace/executeCommand", {"command": "pinfold.explainEnvironment", **arguments}
    )

    assert str(project / ".venv") == result["prefix"]


def test_listing(client: Client, project: Path) -> None:
    """What is found comes with the selected environment first; the next time, from what was kept.

    A search behind the second answer tells those who have an interface of what is new.
    """
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    first = execute(client, "listEnvironments")
    make_environment(project / "third")
    second = execute(client, "listEnvironments")
    changed = client.wait("pinfold/inventoryChanged")
    third = execute(client, "listEnvironments", fresh=True)

    assert [str(project / ".venv"), str(project / "other")] == prefixes(first)
    assert first["complete"]
    assert [True, False] == [item["selected"] for item in first["environments"][:2]]
    assert prefixes(first) == prefixes(second)
    assert not second["complete"]
    validate(changed, "inventoryChanged")
    assert {"folders": [str(project)]} == changed
    assert str(project / "third") in prefixes(third)


def test_refresh_is_told(client: Client, project: Path, tmp_path: Path) -> None:
    """What is found is told, and is what is listed from then on, in each folder by itself."""
    (tmp_path / "second").mkdir()
    folders = [{"uri": path.as_uri(), "name": "x"} for path in (project, tmp_path / "second")]
    client.initialize(workspaceFolders=folders, capabilities=UI_CAPABILITIES)
    execute(client, "listEnvironments", folder=str(project))
    make_environment(project / "third")
    execute(client, "refresh")
    changed = client.wait("pinfold/inventoryChanged")
    listed = execute(client, "listEnvironments", folder=str(project))

    assert {"folders": [str(project), str(tmp_path / "second")]} == changed
    assert not listed["complete"]
    assert str(project / "third") in prefixes(listed)


def test_packages(client: Client, project: Path) -> None:
    """What is installed is told of the folder's environment, or of one that is named."""
    client.initialize(root=project)
    own = execute(client, "listPackages")
    other = execute(client, "listPackages", environment=(project / "other").as_uri())

    assert ["flask"] == [package["name"] for package in own["packages"]]
    assert ["rich"] == [package["name"] for package in other["packages"]]


def test_activation(client: Client, project: Path) -> None:
    """The line for a shell is told; a shell that nobody knows is refused."""
    client.initialize(root=project)
    result = execute(client, "activation", shell="bash")

    assert str(project / ".venv") in result["activate"]
    assert "bash" == result["shell"]
    check_refused(client, begin(client, "activation", {"shell": "elvish"}), REQUEST_FAILED, "shell")


def test_diagnosis(client: Client, project: Path) -> None:
    """What ails an environment is told to programs, and to people in words."""
    (project / "other" / "bin" / "python").unlink()
    client.initialize(root=project)
    result = execute(client, "diagnoseEnvironment", environment=str(project / "other"))
    said = client.wait("window/showMessage")["message"]

    problems = [ailment["problem"] for ailment in result["environment"]["health"]]
    assert "executable-missing" in problems
    assert result["text"] == said


def test_diagnosis_of_what_cannot_be_read(client: Client, project: Path) -> None:
    """An environment with a pipe for its `pyvenv.cfg` is listed, and so can be asked about."""
    (project / "pipe/bin").mkdir(parents=True)
    os.mkfifo(project / "pipe/pyvenv.cfg")
    client.initialize(root=project)
    result = execute(client, "diagnoseEnvironment", environment=str(project / "pipe"))

    problems = [ailment["problem"] for ailment in result["environment"]["health"]]
    assert "configuration-unreadable" in problems


def test_refresh(client: Client, project: Path) -> None:
    """A refresh says how many there are."""
    client.initialize(root=project)

    assert execute(client, "refresh")["environments"] >= 2


def test_not_an_environment(client: Client, project: Path, tmp_path: Path) -> None:
    """A folder that is no environment is not chosen, and the message says why."""
    client.initialize(root=project)
    identifier = begin(client, "selectEnvironment", {"environment": str(tmp_path / "home")})

    check_refused(client, identifier, REQUEST_FAILED, str(tmp_path / "home"))
    assert not (tmp_path / "state" / "choices").exists()


def test_folder_that_is_not_there(client: Client, project: Path) -> None:
    """A folder that does not exist has no environment."""
    client.initialize(root=project)
    identifier = begin(client, "explainEnvironment", {"folder": str(project / "no")})

    check_refused(client, identifier, REQUEST_FAILED, "does not exist")


def test_two_folders(client: Client, project: Path, tmp_path: Path) -> None:
    """A choice holds for its folder alone; which one is meant is asked where it is not said."""
    second = tmp_path / "second"
    make_environment(second / ".venv")
    folders = [{"uri": path.as_uri(), "name": path.name} for path in (project, second)]
    client.initialize(workspaceFolders=folders)
    asked: list[Message] = []

    def reply(params: Message) -> object:
        asked.append(params)
        return params["actions"][1]

    client.replies["window/showMessageRequest"] = reply
    execute(client, "selectEnvironment", folder=str(project), environment=str(project / "other"))
    explained = execute(client, "explainEnvironment")

    assert str(second / ".venv") == explained["prefix"]
    assert 1 == len(asked)
    assert (
        str(project / "other")
        == execute(client, "explainEnvironment", folder=str(project))["prefix"]
    )
    check_refused(client, begin(client, "listPackages"), INVALID_PARAMS, "several folders")


def chooser(label: str, seen: list[Message]) -> Any:
    """Return a reply that chooses the item or button whose name begins with *label*."""

    def reply(params: Message) -> object:
        seen.append(params)
        if "pickId" in params:
            validate(params, "pick")
        for item in params.get("items", []):
            if item["label"].startswith(label):
                return {"ids": [item["id"]]}
        for action in params.get("actions", []):
            if action["title"].startswith(label):
                return action
        return None

    return reply


def test_picked(client: Client, project: Path) -> None:
    """A client with pickers shows one: the recommended first, with its reason."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    execute(client, "listEnvironments")
    seen: list[Message] = []
    client.replies["pinfold/pick"] = chooser("other", seen)
    result = execute(client, "selectEnvironment")

    assert [
        ".venv",
        "other",
        "Create environment…",
        "Enter interpreter path…",
        "None",
    ] == [item["label"] for item in seen[0]["items"] if item["group"] != "Interpreters"]
    assert "Recommended" == seen[0]["items"][0]["group"]
    assert "nearest" in seen[0]["items"][0]["detail"]
    assert str(project / "other") == result["prefix"]


def test_items_come_later(client: Client, project: Path) -> None:
    """What is found while the picker is open is sent after it, until nothing more comes."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: NO_REPLY
    identifier = begin(client, "selectEnvironment")
    last = client.wait("pinfold/pickItems", lambda params: not params["busy"])

    validate(last, "pickItems")
    assert {".venv", "other"} <= {item["label"] for item in last["items"]}
    client.notify("$/cancelRequest", {"id": identifier})
    check_refused(client, identifier, REQUEST_CANCELLED)


def test_cancelled_in_the_middle(client: Client, project: Path, tmp_path: Path) -> None:
    """A command that is cancelled takes its picker back and changes nothing."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: NO_REPLY
    identifier = begin(client, "selectEnvironment")
    client.wait_for_request("pinfold/pick")
    client.notify("$/cancelRequest", {"id": identifier})

    check_refused(client, identifier, REQUEST_CANCELLED)
    assert client.wait("$/cancelRequest")["id"].startswith("pinfold-")
    assert not (tmp_path / "state" / "choices").exists()
    assert 0 == client.shut_down()
    assert "" == client.log


@pytest.mark.parametrize("way", ["shutdown", "exit", "vanish"])
def test_session_ends_in_the_middle(client: Client, project: Path, way: str) -> None:
    """Whoever leaves while something is asked is not waited for."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: NO_REPLY
    identifier = begin(client, "selectEnvironment")
    client.wait_for_request("pinfold/pick")
    if way == "shutdown":
        client.request("shutdown")
        check_refused(client, identifier, REQUEST_CANCELLED)
    if way == "vanish":
        assert client.process.stdin is not None
        client.process.stdin.close()
    else:
        client.notify("exit")

    assert int(way != "shutdown") == client.wait_for_end()
    assert "" == client.log


@pytest.mark.parametrize("answer", [None, {"back": True}, {"ids": []}])
def test_nothing_is_picked(client: Client, project: Path, answer: object) -> None:
    """Whoever closes the picker or goes back has chosen nothing."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: answer

    assert execute(client, "selectEnvironment") is None


@pytest.mark.parametrize("answer", [3, {"ids": 3}, {"ids": ["a", "b"]}, {"ids": ["relative"]}])
def test_odd_answer_to_a_pick(client: Client, project: Path, answer: object) -> None:
    """An answer that is none is an error, and nothing is chosen."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: answer

    check_refused(client, begin(client, "selectEnvironment"), REQUEST_FAILED)


def test_message_instead_of_a_picker(client: Client, project: Path) -> None:
    """A client without pickers gets a message with buttons, none of which leads to a text."""
    client.initialize(root=project)
    seen: list[Message] = []
    client.replies["window/showMessageRequest"] = chooser("other", seen)
    result = execute(client, "selectEnvironment")

    assert str(project / "other") == result["prefix"]
    titles = [action["title"] for action in seen[0]["actions"]]
    assert 3 < len(titles) <= 8
    assert "Create environment…" in titles
    assert "Enter interpreter path…" not in titles


def test_too_many_for_a_message(client: Client, project: Path) -> None:
    """Where there are more than a message can offer, the error names the argument."""
    for number in range(8):
        make_environment(project / f"venv{number}")
    client.initialize(root=project)

    check_refused(client, begin(client, "selectEnvironment"), REQUEST_FAILED, "pass environment")


@pytest.mark.parametrize("word", ["none", "automatic"])
def test_none_and_automatic(client: Client, project: Path, word: str) -> None:
    """No environment is a choice, too; and any choice can be forgotten."""
    client.initialize(root=project)
    execute(client, "selectEnvironment", environment=str(project / "other"))
    result = execute(client, "selectEnvironment", environment=word)

    expected = None if word == "none" else str(project / ".venv")
    assert expected == result["selection"]["prefix"]
    assert (word == "automatic") == result["forgotten"]


def test_environment_that_hangs(project: Path, tmp_path: Path) -> None:
    """Where a file system does not answer, that is said in time, and other commands go on."""
    silent = tmp_path / "silent"
    make_environment(silent / ".venv")
    variables = {"PINFOLD_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path), "PATH": ""}
    command = (sys.executable, hanging_server.__file__)
    with Client(command, environment=variables) as client:
        client.initialize(root=tmp_path)
        first = begin(client, "diagnoseEnvironment", {"environment": str(silent / ".venv")})
        result = execute(client, "explainEnvironment", folder=str(project))
        is_early = not client.has_answer(first)

        assert str(project / ".venv") == result["prefix"]
        assert is_early
        check_refused(client, first, REQUEST_FAILED, "does not answer")
        second = begin(client, "diagnoseEnvironment", {"environment": str(silent / ".venv")})
        check_refused(client, second, REQUEST_FAILED, "does not answer")
        assert 0 == client.shut_down()


def test_foreign_text_is_escaped(client: Client, tmp_path: Path) -> None:
    """A folder's name is no Markdown, whatever it looks like."""
    root = tmp_path / "[x](http:)<b>"
    make_environment(root / ".venv")
    client.initialize(root=root)
    result = execute(client, "explainEnvironment")

    assert "](" not in result["markdown"]
    assert "<b>" not in result["markdown"].replace("\\<b\\>", "")
