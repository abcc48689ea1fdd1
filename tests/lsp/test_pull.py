"""Diagnostics for clients that ask: documents, the workspace, and being asked to ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lsp.client import PULL_CAPABILITIES, Client, Message, ServerError

if TYPE_CHECKING:
    from pathlib import Path

URI = "file:///nowhere/requirements.txt"


def start(client: Client, root: Path | None = None, **capability: Any) -> dict[str, Any]:
    """Shake hands as a client that asks; *capability* is more that it says of ``diagnostic``."""
    text_document = {**PULL_CAPABILITIES["textDocument"], "diagnostic": capability}
    capabilities = {**PULL_CAPABILITIES, "textDocument": text_document}
    return client.initialize(root=root, capabilities=capabilities)


def codes(report: dict[str, Any]) -> list[str]:
    """Return the rules' names."""
    return [item["code"] for item in report["items"]]


def pull_all(client: Client, known: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Return the reports on the workspace by file name, and add their ids to *known*."""
    result = client.answer(client.begin_workspace_pull(known or {}))
    if known is not None:
        known.update((item["uri"], item["resultId"]) for item in result["items"])
    return {item["uri"].rpartition("/")[2]: item for item in result["items"]}


def check_held(client: Client, identifier: int) -> None:
    """A request has not been answered, though the server is done with what came after it."""
    client.pull("file:///nowhere/setup.py")

    assert not client.has_answer(identifier)


def test_announced_in_the_handshake(client: Client) -> None:
    """A client that asks is told that it may, and nothing is published to it."""
    options = start(client)["capabilities"]["diagnosticProvider"]
    client.open(URI, "flask=1.0\n")
    report = client.pull(URI)

    assert {
        "identifier": "pinfold",
        "interFileDependencies": True,
        "workspaceDiagnostics": True,
    } == options
    assert ("full", ["invalid-requirement"]) == (report["kind"], codes(report))
    assert [] == client.notifications


def test_registered_after_the_handshake(client: Client) -> None:
    """A client that wants to be told later is told later, and once."""
    result = start(client, dynamicRegistration=True)
    (registration,) = client.wait_for_request("client/registerCapability")["registrations"]

    assert "diagnosticProvider" not in result["capabilities"]
    assert "textDocument/diagnostic" == registration["method"]
    assert registration["registerOptions"]["interFileDependencies"]


def test_not_offered_to_others(client: Client) -> None:
    """A client to which findings are published is not answered: nothing would be shown twice."""
    result = client.initialize()

    assert "diagnosticProvider" not in result["capabilities"]
    for method in ("textDocument/diagnostic", "workspace/diagnostic"):
        with pytest.raises(ServerError) as caught:
            client.request(method, {"textDocument": {"uri": URI}, "previousResultIds": []})
        assert -32601 == caught.value.code


def test_unchanged(client: Client) -> None:
    """What the client knows is not sent again: by the same id, whatever was edited meanwhile."""
    start(client)
    client.open(URI, "flask=1.0\n")
    first = client.pull(URI)
    again = client.pull(URI, first["resultId"])
    client.change(URI, 2, {"text": "flask=1.0\n# a comment\n"})
    same = client.pull(URI, first["resultId"])
    client.change(URI, 3, {"text": "# a comment\nflask=1.0\n"})
    moved = client.pull(URI, first["resultId"])

    assert {"kind": "unchanged", "resultId": first["resultId"]} == again == same
    assert "full" == moved["kind"]
    assert 1 == moved["items"][0]["range"]["start"]["line"]


def test_requests_see_the_edits_before_them(client: Client) -> None:
    """Each report is that of the text as it was when it was asked for."""
    start(client)
    client.open(URI, "flask=1.0\n")
    params = {"textDocument": {"uri": URI}}
    before = client.begin("textDocument/diagnostic", params)
    client.change(URI, 2, {"text": "flask\n"})
    after = client.begin("textDocument/diagnostic", params)

    assert ["invalid-requirement"] == codes(client.answer(before))
    assert ["unpinned"] == codes(client.answer(after))


def test_documents_that_are_not_open(client: Client, tmp_path: Path) -> None:
    """A dependency file that is not open is judged from disk; of others nothing is found."""
    texts = {
        "requirements.txt": "flask=1.0\n",
        "product-requirements.txt": "The product must be fast.\nIt should be pretty!\n",
        "notes.txt": "flask=1.0\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    start(client)
    names = (*texts, "requirements-none.txt")
    found = {name: client.pull((tmp_path / name).as_uri()) for name in names}
    again = client.pull(
        (tmp_path / "requirements.txt").as_uri(), found["requirements.txt"]["resultId"]
    )

    assert ["invalid-requirement"] == codes(found["requirements.txt"])
    assert [[], [], []] == [codes(found[name]) for name in names[1:]]
    assert "unchanged" == again["kind"]
    assert [] == codes(client.pull("untitled:Untitled-9"))
    assert [] == codes(client.pull("not a uri"))


def test_prose_that_is_open(client: Client) -> None:
    """Of a document that is open and no dependency file, nothing is found."""
    start(client)
    uri = "file:///nowhere/notes.txt"
    client.open(uri, "flask=1.0\n", language="plaintext")

    assert ("full", []) == (client.pull(uri)["kind"], codes(client.pull(uri)))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/diagnostic", None),
        ("textDocument/diagnostic", []),
        ("textDocument/diagnostic", {"textDocument": {"uri": 3}}),
        ("workspace/diagnostic", {"previousResultIds": 3}),
        ("workspace/diagnostic", {"previousResultIds": [{"uri": "file:///x"}]}),
        ("workspace/diagnostic", {"previousResultIds": [], "partialResultToken": []}),
    ],
)
def test_wrong_parameters(client: Client, method: str, params: object) -> None:
    """A request with parameters that are none is refused."""
    start(client)
    with pytest.raises(ServerError) as caught:
        client.request(method, params)

    assert -32602 == caught.value.code


def test_edited_while_it_is_judged(client: Client) -> None:
    """A finding of an old version is dropped: the client is told to ask again."""
    start(client)
    client.open(URI, "".join(f"package-{n} >= 1.0, <2 ; extra == 'x'\n" for n in range(5_000)))
    first = client.begin("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    client.change(URI, 2, {"text": "flask=1\n"})
    second = client.begin("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    with pytest.raises(ServerError) as caught:
        client.answer(first)

    assert (-32802, {"retriggerRequest": True}) == (
        caught.value.code,
        caught.value.error["data"],
    )
    assert ["invalid-requirement"] == codes(client.answer(second))


def test_cancelled_while_it_is_judged(client: Client) -> None:
    """A request that takes long can be cancelled, and is then answered as cancelled."""
    start(client)
    client.open(URI, "".join(f"package-{n} >= 1.0, <2 ; extra == 'x'\n" for n in range(5_000)))
    first = client.begin("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    client.notify("$/cancelRequest", {"id": first})
    with pytest.raises(ServerError) as caught:
        client.answer(first)

    assert -32800 == caught.value.code


def test_workspace(client: Client, tmp_path: Path) -> None:
    """Every dependency file is reported: those that are open with their versions and texts."""
    (tmp_path / "requirements.txt").write_text("flask=1.0\n")
    (tmp_path / "constraints.txt").write_text("flask==1.0\n")
    (tmp_path / "requirements-dev.txt").write_text("flask==1.0\n")
    (tmp_path / "pinfold.toml").write_text("no-such = 1\n")
    start(client, tmp_path)
    uri = (tmp_path / "requirements-dev.txt").as_uri()
    client.open(uri, "flask\n", version=7)
    found = pull_all(client)

    assert {
        "requirements.txt": (None, ["invalid-requirement"]),
        "constraints.txt": (None, []),
        "requirements-dev.txt": (7, ["unpinned"]),
        "pinfold.toml": (None, ["invalid-setting"]),
    } == {name: (item["version"], codes(item)) for name, item in found.items()}


def test_workspace_pull_is_held(client: Client, tmp_path: Path) -> None:
    """A request is answered when there is something to tell: an edit, a file on disk, one gone."""
    main, other = tmp_path / "requirements.txt", tmp_path / "requirements-dev.txt"
    main.write_text("flask=1.0\n")
    start(client, tmp_path)
    client.open(main.as_uri(), "flask=1.0\n")
    known: dict[str, str] = {}
    pull_all(client, known)
    pending = client.begin_workspace_pull(known)
    check_held(client, pending)
    client.change(main.as_uri(), 2, {"text": "flask=1.0\n#\n"})
    check_held(client, pending)
    client.change(main.as_uri(), 3, {"text": "#\nflask=1.0\n"})
    (edited,) = client.answer(pending)["items"]
    known[edited["uri"]] = edited["resultId"]
    pending = client.begin_workspace_pull(known)
    other.write_text("flask=1.0\n")
    unchanged, new = sorted(client.answer(pending)["items"], key=lambda item: item["kind"])[::-1]
    known[new["uri"]] = new["resultId"]
    pending = client.begin_workspace_pull(known)
    other.unlink()
    gone = {item["uri"]: item for item in client.answer(pending)["items"]}[other.as_uri()]
    known[gone["uri"]] = gone["resultId"]
    pending = client.begin_workspace_pull(known)
    check_held(client, pending)

    assert ("full", 3) == (edited["kind"], edited["version"])
    assert ("unchanged", main.as_uri()) == (unchanged["kind"], unchanged["uri"])
    assert (other.as_uri(), ["invalid-requirement"]) == (new["uri"], codes(new))
    assert ("full", []) == (gone["kind"], codes(gone))


def test_held_request_is_cancelled(client: Client, tmp_path: Path) -> None:
    """A held request ends when it is cancelled, when another one comes, and with the session."""
    (tmp_path / "requirements.txt").write_text("flask=1.0\n")
    start(client, tmp_path)
    known: dict[str, str] = {}
    pull_all(client, known)
    cancelled = client.begin_workspace_pull(known)
    client.notify("$/cancelRequest", {"id": cancelled})
    superseded = client.begin_workspace_pull(known)
    last = client.begin_workspace_pull(known)
    client.begin("shutdown")
    errors = []
    for identifier in (cancelled, superseded, last):
        with pytest.raises(ServerError) as caught:
            client.answer(identifier)
        errors.append((caught.value.code, caught.value.error.get("data")))

    assert [
        (-32800, None),
        (-32802, {"retriggerRequest": False}),
        (-32802, {"retriggerRequest": False}),
    ] == errors
    client.notify("exit")
    assert 0 == client.wait_for_end()


def test_workspace_pull_is_streamed(client: Client, tmp_path: Path) -> None:
    """With a token, reports come one after the other, and so does what changes later."""
    main = tmp_path / "requirements.txt"
    main.write_text("flask=1.0\n")
    start(client, tmp_path)
    first = client.begin_workspace_pull({}, "one")
    (report,) = client.wait("$/progress", lambda params: params["token"] == "one")["value"]["items"]
    assert {"items": []} == client.answer(first)
    second = client.begin_workspace_pull({report["uri"]: report["resultId"]}, "two")
    check_held(client, second)
    main.write_text("flask==1.0\n")
    (mended,) = client.wait("$/progress", lambda params: params["token"] == "two")["value"]["items"]

    assert {"items": []} == client.answer(second)
    assert (["invalid-requirement"], []) == (codes(report), codes(mended))


def test_refresh_after_a_change_on_disk(client: Client, tmp_path: Path) -> None:
    """When a file on disk changes what is found in an open one, the client is asked to ask."""
    base, main = tmp_path / "base.txt", tmp_path / "requirements.txt"
    start(client, tmp_path)
    client.open(main.as_uri(), "-r base.txt\n")
    assert ["missing-file"] == codes(client.pull(main.as_uri()))
    base.write_text("flask==1.0\n")
    client.wait_for_request("workspace/diagnostic/refresh")

    assert [] == codes(client.pull(main.as_uri()))


def test_refresh_after_an_edit_elsewhere(client: Client, tmp_path: Path) -> None:
    """A client that does not ask for the file which includes the edited one is asked to."""
    base, main = tmp_path / "base.txt", tmp_path / "requirements.txt"
    base.write_text("rich==14.0\n")
    start(client, tmp_path)
    client.open(main.as_uri(), "-r base.txt\nflask==1.0\n")
    client.open(base.as_uri(), "rich==14.0\n", language="plaintext")
    assert [] == codes(client.pull(main.as_uri()))
    client.change(base.as_uri(), 2, {"text": "flask==1.0\n"})
    client.wait_for_request("workspace/diagnostic/refresh")

    assert ["duplicate-requirement"] == codes(client.pull(main.as_uri()))


def test_closed_document_is_that_on_disk(client: Client, tmp_path: Path) -> None:
    """Once a document is closed, what is on disk counts again."""
    main = tmp_path / "requirements.txt"
    main.write_text("flask==1.0\n")
    start(client, tmp_path)
    client.open(main.as_uri(), "flask=1.0\n")
    assert ["invalid-requirement"] == codes(client.pull(main.as_uri()))
    client.close(main.as_uri())

    assert [] == codes(client.pull(main.as_uri()))
    assert {"requirements.txt": []} == {
        name: codes(item) for name, item in pull_all(client).items()
    }


def test_files_that_are_not_open_are_left_out(client: Client, tmp_path: Path) -> None:
    """A client that wants open files only is offered no request for the workspace."""
    result = client.initialize(
        root=tmp_path,
        capabilities=PULL_CAPABILITIES,
        initializationOptions={"diagnosticMode": "openFilesOnly"},
    )

    assert not result["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"]


def test_a_client_that_takes_nothing_published(client: Client) -> None:
    """One that only asks is answered, though it cannot be told to ask again."""
    asking: Message = {"textDocument": {"diagnostic": {}}}

    assert "diagnosticProvider" in client.initialize(capabilities=asking)["capabilities"]
