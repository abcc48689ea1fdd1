"""What is published, when, and of which version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.lsp.documents import MAX_CHARACTERS
from tests.lsp.client import CAPABILITIES, Client

if TYPE_CHECKING:
    from pathlib import Path

URI = "file:///nowhere/requirements.txt"


def codes(found: list[dict[str, Any]]) -> list[str]:
    """Return the rules' names."""
    return [item["code"] for item in found]


def with_watcher() -> dict[str, Any]:
    """Return the capabilities of a client that watches files for the server."""
    workspace = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    return {**CAPABILITIES, "workspace": {**CAPABILITIES["workspace"], **workspace}}


def check_silence(client: Client, uri: str) -> None:
    """Nothing has been published of *uri*, and nothing is about to be."""
    settle(client)

    assert [] == [
        message for message in client.notifications if message["params"].get("uri") == uri
    ]


def settle(client: Client) -> None:
    """Wait until everything that follows from what was sent so far has been published.

    Without debouncing, publishing stands in line behind the messages that are already there: the
    second answer comes after it.
    """
    for _ in range(2):
        client.request("textDocument/documentLink", {"textDocument": {"uri": "file:///none"}})


def test_shape(client: Client) -> None:
    """A diagnostic names rule and source, is versioned, and fades what pip ignores."""
    client.initialize()
    client.open(URI, "flask==1.0\nFlask==1.0\nrich==1.0 --pre\n", version=6)
    duplicate, dropped = client.diagnostics(URI, 6)

    assert {
        "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}},
        "severity": 2,
        "source": "pinfold",
        "code": "duplicate-requirement",
        "message": "`Flask` is already required on line 1",
        "relatedInformation": [
            {
                "location": {
                    "uri": URI,
                    "range": {
                        "start": {"line": 0, "character": 0},
                        "end": {"line": 0, "character": 5},
                    },
                },
                "message": "first required here",
            }
        ],
    } == duplicate
    assert ("dropped-option", [1]) == (dropped["code"], dropped["tags"])


def test_what_has_no_effect_is_faded(client: Client) -> None:
    """An ignore comment that silences nothing is marked as unnecessary."""
    client.initialize()
    client.open(URI, "flask==1.0  # pinfold: ignore[unpinned]\n")
    (found,) = client.diagnostics(URI, 1)

    assert ("unused-ignore", [1]) == (found["code"], found["tags"])


def test_shape_for_a_simple_client(client: Client) -> None:
    """What a client does not know of is left out."""
    client.initialize(capabilities={})
    client.open(URI, "flask==1.0\nFlask==1.0\nrich==1.0 --pre\n")
    params = client.wait("textDocument/publishDiagnostics")

    assert {"uri", "version", "diagnostics"} == set(params)
    expected = {"range", "severity", "source", "code", "message"}
    assert [expected, expected] == [set(item) for item in params["diagnostics"]]


def test_burst_is_coalesced(client: Client) -> None:
    """Fifty edits that come at once are answered with few publications, the last being final."""
    client.initialize(initializationOptions={})
    client.open(URI, "flask=1.0\n")
    client.diagnostics(URI, 1)
    start = {"line": 0, "character": 0}
    messages = []
    for version in range(2, 52):
        change = {"range": {"start": start, "end": start}, "text": "x"}
        params = {"textDocument": {"uri": URI, "version": version}, "contentChanges": [change]}
        body = {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params}
        encoded = json.dumps(body).encode()
        messages.append(b"Content-Length: %d\r\n\r\n%b" % (len(encoded), encoded))
    client.send_bytes(b"".join(messages))
    published: list[dict[str, Any]] = []
    while not published or published[-1]["version"] != 51:
        published.append(client.wait("textDocument/publishDiagnostics"))
    (found,) = published[-1]["diagnostics"]

    assert len(published) <= 5
    assert {"line": 0, "character": 59} == found["range"]["end"]


def test_edits_are_followed_without_debouncing(shared_client: Client) -> None:
    """Several changes in one notification apply one after the other."""
    shared_client.open(URI, "flask=1.0\nrich\n")
    zero, one = {"line": 0, "character": 0}, {"line": 1, "character": 0}
    shared_client.change(
        URI,
        2,
        {"range": {"start": zero, "end": one}, "text": ""},
        {"range": {"start": zero, "end": {"line": 0, "character": 4}}, "text": "click==8.0\nx=1"},
    )
    (found,) = shared_client.diagnostics(URI, 2)

    assert {"line": 1, "character": 0} == found["range"]["start"]


def test_closing_takes_back(shared_client: Client) -> None:
    """When a document is closed, its findings go."""
    shared_client.open(URI, "flask=1.0\n")
    shared_client.diagnostics(URI, 1)
    shared_client.close(URI)

    assert [] == shared_client.diagnostics(URI)


def test_file_that_includes_follows_edits(client: Client, tmp_path: Path) -> None:
    """An edit in an open file changes the findings of an open file that includes it, unsaved."""
    base, main = tmp_path / "base.txt", tmp_path / "requirements.txt"
    base.write_text("rich==14.0\n")
    client.initialize(root=tmp_path)
    client.open(main.as_uri(), "-r base.txt\nflask==1.0\n")
    assert [] == client.diagnostics(main.as_uri())
    client.open(base.as_uri(), "rich==14.0\n", language="plaintext")
    client.change(base.as_uri(), 2, {"text": "flask==1.0\n"})

    assert ["duplicate-requirement"] == codes(client.diagnostics(main.as_uri()))
    client.close(base.as_uri())
    assert [] == client.diagnostics(main.as_uri())


def test_watched_files_are_read_again(client: Client, tmp_path: Path) -> None:
    """A client that can watch files is asked to, and what it tells counts."""
    base, main = tmp_path / "base.txt", tmp_path / "requirements.txt"
    client.initialize(root=tmp_path, capabilities=with_watcher())
    registration = client.wait_for_request("client/registerCapability")["registrations"][0]
    assert "workspace/didChangeWatchedFiles" == registration["method"]
    client.open(main.as_uri(), "-r base.txt\n")
    assert ["missing-file"] == codes(client.diagnostics(main.as_uri()))
    base.write_text("flask==1.0\n")
    client.notify(
        "workspace/didChangeWatchedFiles", {"changes": [{"uri": base.as_uri(), "type": 1}]}
    )

    assert [] == client.diagnostics(main.as_uri())


def test_files_are_looked_at_where_nobody_watches(client: Client, tmp_path: Path) -> None:
    """Without a watcher, a change on disk is seen all the same."""
    base, main = tmp_path / "base.txt", tmp_path / "requirements.txt"
    client.initialize(root=tmp_path)
    client.open(main.as_uri(), "-r base.txt\n")
    assert ["missing-file"] == codes(client.diagnostics(main.as_uri()))
    base.write_text("flask==1.0\n")

    assert [] == client.diagnostics(main.as_uri())


def test_saving_is_a_change_on_disk(client: Client, tmp_path: Path) -> None:
    """The encoding of a file is that of its bytes, looked at when it is opened and saved."""
    main = tmp_path / "requirements.txt"
    main.write_bytes("flask==1.0\n".encode("utf-16"))
    client.initialize(root=tmp_path, capabilities=with_watcher())
    client.open(main.as_uri(), "flask==1.0\n")
    assert ["unusual-encoding"] == codes(client.diagnostics(main.as_uri()))
    main.write_text("flask==1.0\n")
    client.notify("textDocument/didSave", {"textDocument": {"uri": main.as_uri()}})

    assert [] == client.diagnostics(main.as_uri())


def test_settings_are_judged_and_followed(client: Client, tmp_path: Path) -> None:
    """A wrong setting is published where it stands, and what is right counts."""
    settings, main = tmp_path / "pinfold.toml", tmp_path / "requirements.txt"
    settings.write_text('ignore = ["unpinned"]\n# é😀\nno-such = 1\n')
    client.initialize(root=tmp_path)
    client.open(main.as_uri(), "flask\n")
    wrong = told_of_both(client)
    (found,) = wrong[settings.as_uri()]
    assert [] == wrong[main.as_uri()]
    assert ("invalid-setting", 2) == (found["code"], found["range"]["start"]["line"])
    settings.write_text("")

    right = told_of_both(client)
    assert [] == right[settings.as_uri()]
    assert ["unpinned"] == codes(right[main.as_uri()])


def told_of_both(client: Client) -> dict[str, list[dict[str, Any]]]:
    """Return what is published next of two files; which comes first is the server's affair."""
    told: dict[str, list[dict[str, Any]]] = {}
    while len(told) < 2:
        params = client.wait("textDocument/publishDiagnostics")
        told[params["uri"]] = params["diagnostics"]
    return told


def test_workspace_folders_may_change(client: Client, tmp_path: Path) -> None:
    """Settings are searched up to the workspace folder, which may come later."""
    (tmp_path / "pinfold.toml").write_text('ignore = ["unpinned"]\n')
    below = tmp_path / "app"
    below.mkdir()
    uri = (below / "requirements.txt").as_uri()
    client.initialize(root=below)
    client.open(uri, "flask\n")
    assert ["unpinned"] == codes(client.diagnostics(uri))
    folder = {"uri": tmp_path.as_uri(), "name": "all"}
    old = {"uri": below.as_uri(), "name": "app"}
    client.notify(
        "workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": [old]}}
    )

    assert [] == client.diagnostics(uri)


@pytest.mark.parametrize(
    ("uri", "language", "text", "expected"),
    [
        ("file:///n/requirements.txt", "plaintext", "flask=1\n", ["invalid-requirement"]),
        ("file:///n/whatever", "pip-requirements", "flask=1\n", ["invalid-requirement"]),
        ("file:///n/limits", "pip-constraints", "flask\n", ["unpinned as a hint"]),
        ("file:///n/product-requirements.txt", "plaintext", "flask=1\n", ["invalid-requirement"]),
        ("untitled:Untitled-1", "pip-requirements", "flask\n", ["unpinned"]),
        ("untitled:../../etc", "pip-requirements", "-r x.txt\nflask\n", ["unpinned"]),
        ("vscode-vfs://host/r.txt", "pip-requirements", "flask\n", ["unpinned"]),
        ("", "pip-requirements", "flask\n", ["unpinned"]),
    ],
)
def test_documents_that_are_judged(
    shared_client: Client, uri: str, language: str, text: str, expected: list[str]
) -> None:
    """A document is judged by its language, or by a name that requirements files have."""
    shared_client.open(uri, text, language=language)

    found = shared_client.diagnostics(uri, 1)
    hint = " as a hint"

    assert expected == [item["code"] + hint * (item["severity"] == 4) for item in found]
    shared_client.close(uri)
    assert [] == shared_client.diagnostics(uri)


PROSE = "The product must be fast.\nIt should also be pretty, and cheap!\nUsers like it.\n"


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("product-requirements.txt", "pip-requirements", PROSE),
        ("setup.py", "python", "import flask=1\n"),
        ("pyproject.toml", "toml", "flask=1\n"),
        ("notes.txt", "plaintext", "flask=1\n"),
    ],
)
def test_documents_that_are_not_judged(
    shared_client: Client, name: str, language: str, text: str
) -> None:
    """Prose and other formats are left alone."""
    uri = f"file:///n/{name}"
    shared_client.open(uri, text, language=language)
    shared_client.change(uri, 2, {"text": text + "\n"})
    shared_client.close(uri)

    check_silence(shared_client, uri)


def test_prose_that_becomes_requirements(client: Client, tmp_path: Path) -> None:
    """Whether a file is prose is judged anew when it is saved."""
    client.initialize(root=tmp_path)
    uri = (tmp_path / "product-requirements.txt").as_uri()
    client.open(uri, PROSE)
    client.change(uri, 2, {"text": "flask=1\n"})
    check_silence(client, uri)
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    assert ["invalid-requirement"] == codes(client.diagnostics(uri))


def test_document_that_is_too_large(client: Client) -> None:
    """A document past the limit gets one finding, until it is shorter."""
    client.initialize()
    client.open(URI, "#" * MAX_CHARACTERS)
    assert [] == client.diagnostics(URI, 1)
    end = {"line": 0, "character": MAX_CHARACTERS}
    client.change(URI, 2, {"range": {"start": end, "end": end}, "text": "#"})
    assert ["unreadable-file"] == codes(client.diagnostics(URI, 2))
    client.change(URI, 3, {"range": {"start": end, "end": end}, "text": "#"})
    assert ["unreadable-file"] == codes(client.diagnostics(URI, 3))
    client.change(URI, 4, {"text": "flask=1\n"})

    assert ["invalid-requirement"] == codes(client.diagnostics(URI, 4))


def test_large_document_does_not_hold_the_loop(client: Client) -> None:
    """While it is judged for the first time, requests are answered; old findings are dropped."""
    client.initialize()
    client.open(URI, "".join(f"package-{n} >= 1.0, <2 ; extra == 'x'\n" for n in range(5_000)))
    client.request("textDocument/documentLink", {"textDocument": {"uri": "file:///none"}})
    assert [] == client.notifications
    client.change(URI, 2, {"text": "flask=1\n"})
    first = client.wait("textDocument/publishDiagnostics")

    assert (2, ["invalid-requirement"]) == (first["version"], codes(first["diagnostics"]))
