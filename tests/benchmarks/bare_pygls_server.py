"""The baseline: a language server on stock pygls that checks nothing.

It publishes one constant diagnostic on every open and change, as the smallest useful server would.
"""

from __future__ import annotations

import logging

from lsprotocol import types
from pygls.lsp.server import LanguageServer

logging.disable(logging.CRITICAL)
server = LanguageServer("bare", "1")


def _publish(uri: str, version: int | None) -> None:
    place = types.Position(0, 0)
    diagnostic = types.Diagnostic(types.Range(place, types.Position(0, 1)), "constant")
    server.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(uri, [diagnostic], version)
    )


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def on_open(params: types.DidOpenTextDocumentParams) -> None:
    """Publish for a document that was opened."""
    _publish(params.text_document.uri, params.text_document.version)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def on_change(params: types.DidChangeTextDocumentParams) -> None:
    """Publish for a document that changed."""
    _publish(params.text_document.uri, params.text_document.version)


if __name__ == "__main__":
    server.start_io()
