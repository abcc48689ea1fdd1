"""Code actions, links and hovers over the pipe: the shapes, and that what is offered works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pinfold.core.formats.document import Document
from pinfold.lsp.convert import PositionEncoding, to_offset
from tests.lsp.client import CAPABILITIES, Client

if TYPE_CHECKING:
    from pathlib import Path

URI = "file:///nowhere/requirements.txt"

Message = dict[str, Any]


def whole(text: str) -> Message:
    """Return the range of all of *text*."""
    end = {"line": text.count("\n") + 1, "character": 0}
    return {"start": {"line": 0, "character": 0}, "end": end}


def actions(
    client: Client, text: str, *, only: list[str] | None = None, uri: str = URI
) -> list[Message]:
    """Open a document of *text* and return the code actions for all of it."""
    client.open(uri, text)
    found = client.diagnostics(uri, 1)
    context = {"diagnostics": found} if only is None else {"diagnostics": found, "only": only}
    params = {"textDocument": {"uri": uri}, "range": whole(text), "context": context}
    result: list[Message] = client.request("textDocument/codeAction", params)
    return result


def applied(text: str, edits: list[Message]) -> str:
    """Return *text* after the protocol's text edits, which do not overlap."""
    document = Document.read(text)
    places = [
        (
            *(_offset(document, edit["range"][side]) for side in ("start", "end")),
            edit["newText"],
        )
        for edit in edits
    ]
    for start, end, new in sorted(places, key=lambda place: place[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _offset(document: Document, position: Message) -> int:
    line, character = position["line"], position["character"]
    return to_offset(document, line, character, PositionEncoding.UTF16)


def check_action_mends(client: Client, text: str, title: str, code: str) -> None:
    """After the action called *title*, its diagnostic is gone and its fellows are still there."""
    (action,) = [action for action in actions(client, text) if action["title"] == title]
    (change,) = action["edit"]["documentChanges"]
    before = [item["code"] for item in action["diagnostics"]]
    client.change(URI, 2, {"text": applied(text, change["edits"])})
    after = [item["code"] for item in client.diagnostics(URI, 2)]

    assert [code] == before
    assert {"uri": URI, "version": 1} == change["textDocument"]
    assert code not in after


@pytest.mark.parametrize(
    ("text", "title", "code"),
    [
        ("# 😀\nflask=1.0\n", "Write `==`", "invalid-requirement"),
        ("# 😀\r\nflask=1.0\r\n", "Write `==`", "invalid-requirement"),
        ("flask\n", "Ignore `unpinned` on this line", "unpinned"),
        ("flask # 😀\n", "Ignore `unpinned` on this line", "unpinned"),
        ("😀=1\n", "Ignore `invalid-requirement` on this line", "invalid-requirement"),
        ("a==1 \\\n  --pre\n", "Ignore `dropped-option` on this line", "dropped-option"),
        ("😀=1\nb==1 --pre\n", "Ignore `dropped-option` on this line", "dropped-option"),
    ],
)
def test_quick_fix_works(shared_client: Client, text: str, title: str, code: str) -> None:
    """A quick fix names the version that it edits, and makes its finding go."""
    check_action_mends(shared_client, text, title, code)


def test_one_safe_fix_is_preferred(shared_client: Client) -> None:
    """The only safe fix of a finding is the one to take; ignoring is never preferred."""
    found = actions(shared_client, "flask=1.0\n", only=["quickfix"])

    assert [True, None] == [action.get("isPreferred") for action in found]


def test_nothing_is_offered_elsewhere(shared_client: Client) -> None:
    """Only findings that the range touches are dealt with."""
    shared_client.open(URI, "flask=1.0\nrich==1.0\n")
    place = {"line": 1, "character": 3}
    params = {
        "textDocument": {"uri": URI},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": [], "only": ["quickfix"]},
    }

    assert [] == shared_client.request("textDocument/codeAction", params)


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (None, {"quickfix", "source.fixAll.pinfold"}),
        ([""], {"quickfix", "source.fixAll.pinfold"}),
        (["quickfix"], {"quickfix"}),
        (["source"], {"source.fixAll.pinfold"}),
        (["source.fixAll"], {"source.fixAll.pinfold"}),
        (["source.fixAll.pinfold"], {"source.fixAll.pinfold"}),
        (["source.fixAll.ruff"], set()),
        (["source.fix"], set()),
        (["refactor"], set()),
    ],
)
def test_only_the_kinds_that_are_wanted(
    shared_client: Client, only: list[str] | None, kinds: set[str]
) -> None:
    """A client that asks for some kinds gets these, and those below them."""
    assert kinds == {action["kind"] for action in actions(shared_client, "a=1\n", only=only)}


MESSY = "# 😀\r\nflask=1.0\r\nrich==1.0 --pre\r\nrich==1.0\r\nclick==8.0#egg\r\nunpinned\r\n"


def test_all_safe_fixes_at_once(client: Client) -> None:
    """`source.fixAll.pinfold` leads to a text without safe fixes; the edits do not overlap."""
    client.initialize()
    (action,) = actions(client, MESSY, only=["source.fixAll"])
    assert "edit" not in action
    resolved = client.request("codeAction/resolve", action)
    (change,) = resolved["edit"]["documentChanges"]
    fixed = applied(MESSY, change["edits"])
    client.change(URI, 2, {"text": fixed})
    client.diagnostics(URI, 2)

    assert "flask==1.0\r\n" in fixed
    assert "\n" not in fixed.replace("\r\n", "")
    params = {
        "textDocument": {"uri": URI},
        "range": whole(fixed),
        "context": {"diagnostics": [], "only": ["source.fixAll"]},
    }
    assert [] == client.request("textDocument/codeAction", params)


def test_simple_client_gets_edits_at_once(client: Client) -> None:
    """A client that can neither resolve nor tell versions gets plain changes."""
    client.initialize(capabilities={})
    found = actions(client, "flask=1.0\n")
    edits = [action["edit"]["changes"][URI] for action in found]

    fixed = [applied("flask=1.0\n", chosen) for chosen in (edits[0], edits[-1])]
    assert ["flask==1.0\n", "flask==1.0\n"] == fixed


@pytest.mark.parametrize("data", [None, 3, {}, {"uri": 3}, {"uri": "file:///other"}])
def test_action_that_says_nonsense_is_not_resolved(shared_client: Client, data: object) -> None:
    """What a client sends back is not believed."""
    action = {"title": "x", "kind": "source.fixAll.pinfold", "data": data}

    assert "edit" not in shared_client.request("codeAction/resolve", action)


def test_document_that_is_not_open(shared_client: Client) -> None:
    """Of a document that is not open there is nothing to say."""
    document = {"textDocument": {"uri": "file:///nowhere/other.txt"}}
    place = {"line": 0, "character": 0}

    assert shared_client.request("textDocument/hover", {**document, "position": place}) is None
    assert [] == shared_client.request("textDocument/documentLink", document)


def test_links(client: Client, tmp_path: Path) -> None:
    """Includes lead to files, indexes and URLs to themselves, without any password."""
    client.initialize(root=tmp_path)
    uri = (tmp_path / "requirements.txt").as_uri()
    text = "# 😀\n-r é/base.txt\n-i https://user:secret@example.org/simple\n"
    client.open(uri, text)
    links = client.request("textDocument/documentLink", {"textDocument": {"uri": uri}})

    expected = [(tmp_path / "é" / "base.txt").as_uri(), "https://example.org/simple"]
    assert expected == [link["target"] for link in links]
    assert {"line": 1, "character": 3} == links[0]["range"]["start"]
    assert not any("secret" in link["tooltip"] for link in links)


@pytest.fixture
def hovering(client: Client) -> Client:
    """Return a client with a document open that has something to say."""
    client.initialize()
    client.open(URI, "flask  # pinfold: ignore[unpinned]\n-r <b>.txt\n")
    return client


def hovered(client: Client, line: int, character: int) -> Message:
    """Return what is said of a place."""
    position = {"line": line, "character": character}
    result: Message = client.request(
        "textDocument/hover", {"textDocument": {"uri": URI}, "position": position}
    )
    return result


def test_hover(hovering: Client) -> None:
    """Hovers are Markdown, with nothing of the file's taken for markup."""
    ignored = hovered(hovering, 0, 27)["contents"]
    option = hovered(hovering, 1, 4)["contents"]

    assert "markdown" == ignored["kind"] == option["kind"]
    assert "## Why" in ignored["value"]
    assert "--requirement" in option["value"]


def test_hover_in_plain_text(client: Client) -> None:
    """A client without Markdown gets plain words."""
    text_document = {"hover": {"contentFormat": ["plaintext"]}}
    client.initialize(capabilities={**CAPABILITIES, "textDocument": text_document})
    client.open(URI, "-r x_y.txt\n")
    found = hovered(client, 0, 5)["contents"]

    assert "plaintext" == found["kind"]
    assert "\\" not in found["value"]
