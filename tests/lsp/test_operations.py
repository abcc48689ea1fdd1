"""Commands that take long, ask or need trust: how they are shown, ended and refused."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lsp import operating_server
from tests.lsp.client import CAPABILITIES, NO_REPLY, Client, Deadline, Message, ServerError
from tests.lsp.operating_server import FIFO, MARK, PUT_BACK
from tests.lsp.schemas import validate
from tests.lsp.test_commands import (
    INVALID_PARAMS,
    REQUEST_CANCELLED,
    REQUEST_FAILED,
    UI_CAPABILITIES,
    check_refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = (sys.executable, "-m", "tests.lsp.operating_server")
ABLE: Message = {
    **CAPABILITIES,
    "window": {"workDoneProgress": True},
    "experimental": {"pinfold": {"ui": {"preview": True}}},
}
"""A client that can show everything."""

END_S = 20.0


@pytest.fixture
def client() -> Iterator[Client]:
    """Return a client of a server with commands of the test's own."""
    root = Path(operating_server.__file__).parents[2]
    path = f"{root / 'server'}:{root}"
    with Client(SERVER, cwd=root, environment={"PYTHONPATH": path}) as client:
        yield client


def begin(client: Client, command: str, folder: Path | None = None, **params: object) -> int:
    """Ask for a command."""
    arguments = [] if folder is None else [{"folder": str(folder)}]
    return client.begin(
        "workspace/executeCommand", {"command": command, "arguments": arguments, **params}
    )


def progress(client: Client, kind: str) -> Message:
    """Return the next progress of a kind, with its token."""
    params = client.wait("$/progress", lambda params: params["value"]["kind"] == kind)
    found: Message = params
    return found


def begun(client: Client, folder: Path) -> tuple[int, str]:
    """Return the id of a command that has got half-way, and the token of its progress."""
    identifier = begin(client, "test.operate", folder)
    # In its beginning or after it, as it happens.
    told = client.wait(
        "$/progress", lambda params: params["value"].get("message") == "half-way", deadline_s=END_S
    )
    return identifier, told["token"]


def running(folder: Path) -> list[str]:
    """Return the processes that a command has started for *folder*; the dead are none."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            environ = (process / "environ").read_bytes().split(b"\0")
            state = (process / "stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if f"{MARK}={folder}".encode() in environ and state not in (b"Z", b"X"):
            found.append(process.name)
    return found


def check_put_back(folder: Path) -> None:
    """What was changed is put back, and nothing runs any more."""
    assert "CANCELLED" == (folder / PUT_BACK).read_text()
    assert [] == running(folder)


# Who may end a command.


@pytest.mark.slow
@pytest.mark.parametrize("way", ["$/cancelRequest", "window/workDoneProgress/cancel"])
def test_cancelled(client: Client, tmp_path: Path, way: str) -> None:
    """Both ways to cancel end the command: it puts back what it did, and then its progress ends."""
    client.initialize(capabilities=ABLE)
    identifier, token = begun(client, tmp_path)
    is_up = bool(running(tmp_path))
    client.notify(way, {"id": identifier} if way.startswith("$") else {"token": token})
    check_refused(client, identifier, REQUEST_CANCELLED)
    progress(client, "end")

    assert is_up
    check_put_back(tmp_path)
    assert 0 == client.shut_down()
    assert "" == client.log


@pytest.mark.slow
@pytest.mark.parametrize("way", ["shutdown", "exit", "vanish", "terminate"])
def test_session_ends(client: Client, tmp_path: Path, way: str) -> None:
    """However a session ends, what was under way is put back before the process is gone."""
    client.initialize(capabilities=ABLE)
    identifier, _ = begun(client, tmp_path)
    if way == "shutdown":
        client.request("shutdown")
        check_refused(client, identifier, REQUEST_CANCELLED)
        client.notify("exit")
    elif way == "exit":
        client.notify("exit")
    elif way == "terminate":
        client.process.send_signal(signal.SIGTERM)
    else:
        assert client.process.stdin is not None
        client.process.stdin.close()
    expected = {"shutdown": 0, "terminate": 128 + signal.SIGTERM}.get(way, 1)

    assert expected == client.wait_for_end(END_S)
    check_put_back(tmp_path)
    assert "" == client.log


def test_cancelled_and_then_left(client: Client, tmp_path: Path) -> None:
    """Whoever leaves at once after cancelling does not end the putting back."""
    os.mkfifo(tmp_path / FIFO)
    client.initialize(capabilities=ABLE)
    identifier = begin(client, "test.tidy", tmp_path)
    token = progress(client, "begin")["token"]
    client.notify("$/cancelRequest", {"id": identifier})
    check_refused(client, identifier, REQUEST_CANCELLED)
    client.notify("window/workDoneProgress/cancel", {"token": token})
    client.request("shutdown")
    client.notify("exit")
    with pytest.raises(Deadline):
        client.wait_for_end(1.0)
    (tmp_path / FIFO).write_text("go on\n")

    assert 0 == client.wait_for_end(END_S)
    check_put_back(tmp_path)
    assert "" == client.log


@pytest.mark.slow
def test_command_that_does_not_end(tmp_path: Path) -> None:
    """What puts back for ever is left to the next start, and that stands in the log."""
    root = Path(operating_server.__file__).parents[2]
    path = f"{root / 'server'}:{root}"
    command = (*SERVER, "--impatient")
    with Client(command, cwd=root, environment={"PYTHONPATH": path}) as client:
        client.initialize(capabilities=ABLE)
        identifier = begin(client, "test.stubborn")
        progress(client, "begin")
        client.request("shutdown")
        check_refused(client, identifier, REQUEST_CANCELLED)
        client.notify("exit")

        assert 0 == client.wait_for_end(END_S)
        assert "did not end in time" in client.log


# Progress.


def test_progress_of_ours(client: Client) -> None:
    """A client that can is asked for each progress, which begins and ends under its own token."""
    client.initialize(capabilities=ABLE)
    identifier = begin(client, "test.stubborn")
    made = client.wait_for_request("window/workDoneProgress/create")
    first = progress(client, "begin")
    client.notify("window/workDoneProgress/cancel", {"token": "another"})
    client.notify("window/workDoneProgress/cancel", None)
    client.notify("window/workDoneProgress/cancel", {"token": {}})

    assert made["token"] == first["token"]
    assert {"kind": "begin", "title": "Waiting", "cancellable": True} == first["value"]
    assert not client.has_answer(identifier)


def test_progress_by_the_token_of_the_client(client: Client) -> None:
    """A token that comes with the request is used for everything, until the command is answered."""
    client.initialize(capabilities=ABLE)
    result = client.answer(begin(client, "test.quick", workDoneToken=7))
    told = [message["params"] for message in client.notifications]

    assert {"done": True} == result
    assert [
        (7, {"kind": "begin", "title": "First", "cancellable": False}),
        (7, {"kind": "end"}),
    ] == [(params["token"], params["value"]) for params in told if "token" in params]
    assert [] == client.requests


def test_client_that_shows_no_progress(client: Client) -> None:
    """A client that has not said that it can is not told."""
    client.initialize()
    client.answer(begin(client, "test.quick"))

    assert [] == [message for message in client.notifications if message["method"] == "$/progress"]
    assert [] == client.requests


def test_cancelled_by_the_token_of_the_client(client: Client) -> None:
    """A token of the client's own ends the command, too."""
    client.initialize()
    identifier = begin(client, "test.stubborn", workDoneToken="mine")
    progress(client, "begin")
    client.notify("window/workDoneProgress/cancel", {"token": "mine"})

    check_refused(client, identifier, REQUEST_CANCELLED)


def test_client_that_does_not_answer_to_create(client: Client) -> None:
    """A client that never makes its progress holds nothing up."""
    client.initialize(capabilities=ABLE)
    client.replies["window/workDoneProgress/create"] = lambda _params: NO_REPLY

    assert {"done": True} == client.answer(begin(client, "test.quick"))
    assert [] == [message for message in client.notifications if message["method"] == "$/progress"]


# Trust.


@pytest.mark.parametrize("told", ["at the handshake", "later"])
def test_untrusted(client: Client, tmp_path: Path, told: str) -> None:
    """What runs programs is refused, with what is off and how trust is given; all else is not."""
    if told == "later":
        client.initialize()
        client.notify("pinfold/trustChanged", {"trusted": False})
    else:
        client.initialize(initializationOptions={"trusted": False})
    identifier = begin(client, "test.operate", tmp_path)
    with pytest.raises(ServerError) as caught:
        client.answer(identifier)

    assert {"reason": "untrusted"} == caught.value.error["data"]
    assert str(caught.value).startswith("Operate runs programs, which is off")
    assert "Manage Workspace Trust" in str(caught.value)
    assert {"done": True} == client.answer(begin(client, "test.quick"))
    assert not (tmp_path / PUT_BACK).exists()


def test_untrusted_with_a_button(client: Client) -> None:
    """A client with an interface of its own shows what leads to trust: nothing else need say it."""
    client.initialize(capabilities=UI_CAPABILITIES, initializationOptions={"trusted": False})
    with pytest.raises(ServerError) as caught:
        client.answer(begin(client, "test.operate"))

    assert caught.value.error["message"].endswith("as long as this workspace is not trusted")


@pytest.mark.slow
@pytest.mark.parametrize("trusted", [None, True, "yes"])
def test_trusted(client: Client, tmp_path: Path, trusted: object) -> None:
    """Trust that is given, or of which the client says nothing, lets people run commands."""
    client.initialize(capabilities=ABLE, initializationOptions={"trusted": trusted})
    identifier, _ = begun(client, tmp_path)
    client.notify("$/cancelRequest", {"id": identifier})

    check_refused(client, identifier, REQUEST_CANCELLED)


@pytest.mark.slow
def test_trust_that_is_given_later(client: Client, tmp_path: Path) -> None:
    """What was refused is allowed once the client says so."""
    client.initialize(capabilities=ABLE, initializationOptions={"trusted": False})
    client.notify("pinfold/trustChanged", {"trusted": True})
    client.notify("pinfold/trustChanged", {"trusted": "no"})
    identifier, _ = begun(client, tmp_path)
    client.notify("$/cancelRequest", {"id": identifier})

    check_refused(client, identifier, REQUEST_CANCELLED)


# Questions.


def test_typed_text_is_judged(client: Client) -> None:
    """While somebody types, the client asks what is wrong; the answers reach the command."""
    client.initialize(capabilities=ABLE)
    client.replies["pinfold/input"] = lambda _params: NO_REPLY
    client.replies["pinfold/pick"] = lambda _params: {"ids": ["b", "a"]}
    client.replies["pinfold/preview"] = lambda _params: {"action": "yes"}
    taken: list[Message] = []
    parsed = client.parsed

    def parse(body: bytes) -> Message:
        message = parsed(body)
        taken.append(message)
        return message

    client.parsed = parse  # type: ignore[method-assign]  # to see the id of the request
    identifier = begin(client, "test.name")
    asked = client.wait_for_request("pinfold/input")
    validate(asked, "input")

    def problem(value: str) -> object:
        params = {"inputId": asked["inputId"], "value": value}
        validate(params, "validateInput")
        result = client.request("pinfold/validateInput", params)
        validate(result, "validateInputResult")
        return result["problem"]

    problems = [problem(value) for value in ("a/", "a", "crash")]
    with pytest.raises(ServerError) as caught:
        client.request("pinfold/validateInput", {"inputId": 3})
    unknown = client.request("pinfold/validateInput", {"inputId": "other", "value": "a/"})
    (request,) = [message["id"] for message in taken if message.get("method") == "pinfold/input"]
    client.send({"jsonrpc": "2.0", "id": request, "result": {"value": "a"}})

    assert ["a name has no slash", None, None] == problems
    assert INVALID_PARAMS == caught.value.code
    assert {"problem": None} == unknown
    assert {"name": "a", "parts": ["b", "a"], "agreed": True} == client.answer(identifier)


def test_nobody_to_ask_for_a_text(client: Client) -> None:
    """A client with messages alone is told which argument would have been the answer."""
    client.initialize()

    check_refused(client, begin(client, "test.name"), REQUEST_FAILED, "Name: ", "pass name")


def test_commands_beyond_the_declared_are_told(client: Client) -> None:
    """The answer to `initialize` names them, and that commands show progress."""
    result = client.initialize()
    provider = result["capabilities"]["executeCommandProvider"]

    assert {"test.operate", "pinfold.refresh"} <= set(provider["commands"])
    assert provider["workDoneProgress"]
