"""The life of a session: handshake, order, errors, every way in which it may end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lsp.client import CAPABILITIES, SERVER, Client, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

URI = "file:///nowhere/requirements.txt"


@pytest.fixture
def client() -> Iterator[Client]:
    """Return a client of a server that was started as an editor starts it."""
    with Client(is_warm=False) as client:
        yield client


def check_error(client: Client, method: str, params: object, code: int) -> None:
    """A request is refused with *code*, and with nothing else but a message."""
    with pytest.raises(ServerError) as caught:
        client.request(method, params)

    assert code == caught.value.code
    assert {"code", "message"} == set(caught.value.error)


def check_alive(client: Client) -> None:
    """The server judges what it is given now."""
    client.open(URI, "flask=1.0\n", version=77)

    assert ["invalid-requirement"] == [found["code"] for found in client.diagnostics(URI, 77)]


@pytest.mark.parametrize(
    ("offered", "expected"),
    [(["utf-8", "utf-16"], "utf-8"), (["utf-16", "utf-32"], "utf-32"), (None, "utf-16")],
)
def test_position_encoding_is_told(
    client: Client, offered: list[str] | None, expected: str
) -> None:
    """The answer to `initialize` names the encoding that holds from then on."""
    result = client.initialize(capabilities={"general": {"positionEncodings": offered}})

    assert expected == result["capabilities"]["positionEncoding"]


def test_capabilities_are_told(client: Client) -> None:
    """The answer to `initialize` says what this server does, and its version."""
    from pinfold import __version__

    result = client.initialize()

    assert {"name": "pinfold", "version": __version__} == result["serverInfo"]
    assert {"openClose": True, "change": 2, "save": {"includeText": False}} == result[
        "capabilities"
    ]["textDocumentSync"]


@pytest.mark.parametrize("params", [{}, None, [], {"capabilities": 3, "rootUri": 7}])
def test_poor_handshake_is_enough(client: Client, params: object) -> None:
    """A client that says next to nothing is served with defaults."""
    client.request("initialize", params)

    check_alive(client)


def test_nothing_is_answered_before_the_handshake(client: Client) -> None:
    """A request before `initialize` is refused, a notification passed over."""
    check_error(client, "textDocument/hover", {}, -32002)
    client.open(URI, "flask=1.0\n")
    client.initialize()
    check_error(client, "initialize", {}, -32600)
    check_alive(client)


def test_unknown_methods(client: Client) -> None:
    """An unknown request is refused, an unknown notification ignored."""
    client.initialize()
    check_error(client, "pinfold/noSuchThing", {"a": 1}, -32601)
    check_error(client, "textDocument/completion", {"textDocument": {"uri": URI}}, -32601)
    client.notify("$/noSuchThing", {"a": 1})
    client.notify("pinfold/noSuchThing")
    check_alive(client)


@pytest.mark.parametrize("params", [None, {}, [], 3, {"textDocument": 3}, {"textDocument": {}}])
def test_wrong_parameters(shared_client: Client, params: object) -> None:
    """A request with parameters that are none is refused, a notification ignored."""
    for method in ("hover", "codeAction", "documentLink"):
        check_error(shared_client, f"textDocument/{method}", params, -32602)
    for method in ("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"):
        shared_client.notify(method, params)
    for method in ("didChangeWatchedFiles", "didChangeWorkspaceFolders", "didChangeConfiguration"):
        shared_client.notify(f"workspace/{method}", params)
    shared_client.notify("$/setTrace", params)
    shared_client.notify("$/cancelRequest", params)
    check_alive(shared_client)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"3", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"2.0"}', -32600),
        (b'{"jsonrpc":"2.0","method":3}', -32600),
        (b'{"jsonrpc":"2.0","method":"x","id":null}', -32600),
    ],
)
def test_broken_messages(shared_client: Client, body: bytes, code: int) -> None:
    """What is no message is told of, and the next one is read."""
    shared_client.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    with pytest.raises(ServerError) as caught:
        shared_client.answer(None)

    assert code == caught.value.code
    check_alive(shared_client)


def test_answer_to_nothing_is_ignored(shared_client: Client) -> None:
    """A response to a request that was never made does no harm."""
    shared_client.send({"jsonrpc": "2.0", "id": "never", "result": 1})
    shared_client.send({"jsonrpc": "2.0", "id": "never", "error": {"code": 1, "message": "x"}})
    check_alive(shared_client)


def test_cancelled_request_is_answered_once(client: Client) -> None:
    """A cancelled request has exactly one answer, whatever that says."""
    client.initialize()
    client.open(URI, "flask\n" * 2000)
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    first = client.begin("textDocument/hover", params)
    client.notify("$/cancelRequest", {"id": first})
    second = client.begin("textDocument/hover", params)
    client.answer(second)
    client.answer(first)

    assert 0 == client.shut_down()


def test_requests_see_the_edits_before_them(client: Client) -> None:
    """Requests and edits take effect in the order in which they were sent."""
    client.initialize()
    hover = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}}
    client.open(URI, "-r x.txt\n")
    before = client.begin("textDocument/hover", hover)
    client.change(URI, 2, {"text": "-c x.txt\n"})
    after = client.begin("textDocument/hover", hover)
    client.change(URI, 3, {"text": "\n"})
    gone = client.begin("textDocument/hover", hover)

    assert "requirement" in client.answer(before)["contents"]["value"]
    assert "constraint" in client.answer(after)["contents"]["value"]
    assert client.answer(gone) is None


def test_change_before_opening_is_ignored(client: Client) -> None:
    """An edit of a document that is not open changes nothing."""
    client.initialize()
    client.change(URI, 1, {"text": "flask=1\n"})
    client.close(URI)
    check_alive(client)


def test_second_opening_replaces_the_first(client: Client) -> None:
    """Where a client opens a document twice, what it sent last holds."""
    client.initialize()
    client.open(URI, "flask=1.0\n", version=1)
    client.diagnostics(URI, 1)
    client.open(URI, "flask==1.0\n", version=2)

    assert [] == client.diagnostics(URI, 2)


def test_edits_out_of_range_are_brought_inside(client: Client) -> None:
    """An edit past the end of a line or of the text happens at that end."""
    client.initialize()
    client.open(URI, "flask=1.0", version=1)
    far = {"line": 10**9, "character": 10**9}
    client.change(URI, 2, {"range": {"start": far, "end": far}, "text": "\n"})
    at = {"line": 0, "character": 10**6}
    client.change(URI, 3, {"range": {"start": at, "end": at}, "text": " # x"})
    found = client.diagnostics(URI, 3)

    assert [{"line": 0, "character": 9}] == [item["range"]["end"] for item in found]


def test_malformed_change_is_ignored(client: Client) -> None:
    """Changes with neither text nor proper range leave the text as it is."""
    client.initialize()
    client.open(URI, "flask=1.0\n")
    for changes in ([None], [{"range": {}, "text": "x"}], [{"rangeLength": 3}], "x"):
        client.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": URI, "version": 2}, "contentChanges": changes},
        )
    client.change(URI, 3)

    assert ["invalid-requirement"] == [item["code"] for item in client.diagnostics(URI, 3)]


def test_regular_end(client: Client) -> None:
    """`shutdown`, then `exit` ends with status 0; what comes in between is refused."""
    client.initialize()
    client.request("shutdown")
    check_error(client, "textDocument/hover", {}, -32600)
    client.notify("exit")

    assert 0 == client.wait_for_end()
    assert "" == client.log


def test_exit_without_shutdown(client: Client) -> None:
    """`exit` alone ends with status 1."""
    client.initialize()
    client.notify("exit")

    assert 1 == client.wait_for_end()


@pytest.mark.parametrize("is_greeted", [False, True])
def test_end_of_input_ends_the_process(client: Client, is_greeted: bool) -> None:
    """A client that vanishes takes the server with it, soon and in silence."""
    if is_greeted:
        client.initialize()
    assert client.process.stdin is not None
    client.process.stdin.close()

    assert 1 == client.wait_for_end(10.0 if not is_greeted else 1.0)
    assert "" == client.log


def start_unread(*, text: str) -> subprocess.Popen[bytes]:
    """Start a server of which nobody reads a word, and open a document in it."""
    folder = Path(__file__).resolve().parents[2] / "server"
    process = subprocess.Popen(
        SERVER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    assert process.stdin is not None
    document = {"uri": URI, "languageId": "pip-requirements", "version": 1, "text": text}
    for message in (
        {"id": 1, "method": "initialize", "params": {"capabilities": CAPABILITIES}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
    ):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    process.stdin.flush()
    return process


def test_client_that_does_not_read_and_leaves() -> None:
    """A server that waits for its words to be read ends when the client closes the input."""
    with start_unread(text="flask=1.0\n" * 5000) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # The answer to `initialize` has come: the server is up, and soon stuck in a long message.
        process.stdout.readline()
        process.stdin.close()

        assert 1 == process.wait(10.0)


def test_closed_output_ends_the_process() -> None:
    """A server that nobody can hear ends, though its input stays open."""
    with start_unread(text="") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        body = b'{"jsonrpc":"2.0","id":2,"method":"textDocument/hover"}'
        process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        process.stdin.flush()

        assert 1 == process.wait(10.0)
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there, only the pipes tell that the client is gone")
def test_end_of_the_parent_ends_the_process(client: Client) -> None:
    """A server whose editor has died ends, though some other process holds its pipes open."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as editor:
        client.initialize(processId=editor.pid)
        editor.communicate(b"\n")

    assert 1 == client.wait_for_end(20.0)


def test_unknown_parent_is_not_missed(client: Client) -> None:
    """A process id that means nothing here (a client in another container) is not watched."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    client.initialize(processId=gone.pid)
    check_alive(client)
