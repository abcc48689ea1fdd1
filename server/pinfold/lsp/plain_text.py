"""What a client shows as it stands: texts in which backticks would be seen.

Owns which fields of which messages these are. A message says `.venv` in backticks, since nobody
who writes one knows where it will be read; hovers, tooltips and documents are Markdown, and the
command line and diagnostics keep them. A client shows everything else as plain text.
"""

from __future__ import annotations

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
    return params if fields is None else {key: _in(key, params[key], fields) for key in params}


def _in(key: str, value: object, fields: frozenset[str]) -> object:
    if isinstance(value, str):
        return without_backticks(value) if key in fields else value
    if isinstance(value, list):
        return [_in(key, one, fields) for one in value]
    if isinstance(value, dict):
        return {inner: _in(inner, value[inner], fields) for inner in value}
    return value
