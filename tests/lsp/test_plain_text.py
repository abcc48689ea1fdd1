"""Texts that a client shows as they stand."""

from __future__ import annotations

import pytest

from pinfold.features.markup import without_backticks
from pinfold.lsp.plain_text import as_shown


def test_backticks_that_enclose_code() -> None:
    """Pairs go, line by line; a single one is part of what is quoted."""
    text = "it is the nearest `.venv`\nthe folder a`b\n`x` and `y`"

    assert "it is the nearest .venv\nthe folder a`b\nx and y" == without_backticks(text)


def test_what_a_picker_shows() -> None:
    """Texts for people lose them; ids, what is copied, and what is typed do not."""
    button = {"id": "`i`", "label": "Copy `a`", "icon": "copy", "copies": "`c`", "opens": None}
    item = {"id": "`i`", "label": "`l`", "detail": "`d`", "picked": False, "buttons": [button]}
    shown = as_shown("pinfold/pick", {"pickId": "`p`", "title": "`t`", "items": [item]})

    plain_button = {**button, "label": "Copy a"}
    plain_item = {**item, "label": "l", "detail": "d", "buttons": [plain_button]}
    assert {"pickId": "`p`", "title": "t", "items": [plain_item]} == shown
    assert {"value": "`v`", "prompt": "p", "problem": None} == as_shown(
        "pinfold/input", {"value": "`v`", "prompt": "`p`", "problem": None}
    )


def test_what_a_preview_shows() -> None:
    """Its lines lose them, and its Markdown does not."""
    params = {"title": "`t`", "lines": ["`a`", "b"], "markdown": "`m`"}

    assert {"title": "t", "lines": ["a", "b"], "markdown": "`m`"} == as_shown(
        "pinfold/preview", params
    )


def test_messages_and_progress() -> None:
    """The buttons of a message stay as they are, for what stands on one is also the answer."""
    asked = {"type": 1, "message": "`m`", "actions": [{"title": "`a`"}]}
    report = {"token": "`t`", "value": {"kind": "begin", "title": "`a`", "message": "`b`"}}

    assert {**asked, "message": "m"} == as_shown("window/showMessageRequest", asked)
    assert {"token": "`t`", "value": {"kind": "begin", "title": "a", "message": "b"}} == as_shown(
        "$/progress", report
    )


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("nothing was changed here: it is gone", "Nothing was changed here: it is gone"),
        ("the interpreter of .venv is gone; so", "The interpreter of .venv is gone; so"),
        ("Already", "Already"),
        ("`flask` is not installed", "flask is not installed"),
        (".venv is gone", ".venv is gone"),
        ("requirements.txt is gone", "requirements.txt is gone"),
        ("shop/requirements.txt is gone", "shop/requirements.txt is gone"),
        ("/work is gone", "/work is gone"),
        ("typing-extensions is gone", "typing-extensions is gone"),
        ("dev: 3 requirements pinned", "dev: 3 requirements pinned"),
        ("uv cannot tell", "uv cannot tell"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("method", ["window/showMessage", "window/showMessageRequest"])
def test_how_a_message_begins(method: str, message: str, shown: str) -> None:
    """With a capital letter, save where it begins with a path or a name."""
    assert {"type": 1, "message": shown} == as_shown(method, {"type": 1, "message": message})


def test_all_else() -> None:
    """What is Markdown, and what a program reads, goes out as it is."""
    params = {"message": "`m`", "markdown": "`m`"}

    assert params is as_shown("pinfold/environmentChanged", params)
