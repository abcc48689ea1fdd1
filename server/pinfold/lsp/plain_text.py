"""What a client shows as it stands: texts in which backticks would be seen.

Owns which fields of which messages these are, and how a message that stands by itself begins. A
message says `.venv` in backticks, since nobody who writes one knows where it will be read; hovers,
tooltips and documents are Markdown, and the command line and diagnostics keep them. A client shows
everything else as plain text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pinfold.features.markup import without_backticks

if TYPE_CHECKING:
    from collections.abc import Mapping

_MESSAGE = frozenset({"message"})
_PICKER = frozenset({"title", "placeholder", "label", "description", "detail", "group"})

# The buttons of a message are not among them: what stands on one is also the answer.
_SHOWN: Mapping[str, frozenset[str]] = {
    "window/showMessage": _MESSAGE,
    "window/showMessageRequest": _MESSAGE,
    "$/progress": frozenset({"title", "message"}),
    "pinfold/pick": _PICKER,
    "pinfold/pickItems": _PICKER,
    "pinfold/input": frozenset({"title", "prompt", "problem"}),
    "pinfold/preview": frozenset({"title", "lines", "label"}),
}


def as_shown(method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of a message to the client, as the client shows them."""
    fields = _SHOWN.get(method)
    if fields is None:
        return params
    if fields is _MESSAGE and isinstance(params.get("message"), str):
        params = {**params, "message": _begun(params["message"])}
    return {key: _in(key, params[key], fields) for key in params}


def _begun(message: str) -> str:
    """Return a sentence with a capital letter, unless it begins with what is spelt as it is.

    That is whatever does not look like a word of a sentence: a path, a file, a name with a digit or
    a hyphen, what stands in backticks, or before a colon.
    """
    word = _WORD.match(message)
    if word is None or word[0] in _PROGRAMS:
        return message
    return f"{message[0].upper()}{message[1:]}"


_WORD = re.compile(r"[a-z]+(?=[ ,;]|\.? |\.?$)")
_PROGRAMS = frozenset(
    {"asdf", "conda", "hatch", "mise", "pdm", "pip", "pipenv", "pixi", "pyenv", "uv", "venv"}
)
"""What is written in small letters wherever it stands."""


def _in(key: str, value: object, fields: frozenset[str]) -> object:
    if isinstance(value, str):
        return without_backticks(value) if key in fields else value
    if isinstance(value, list):
        return [_in(key, one, fields) for one in value]
    if isinstance(value, dict):
        return {inner: _in(inner, value[inner], fields) for inner in value}
    return value
