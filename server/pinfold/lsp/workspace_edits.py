"""Edits of files that a command asks the client to make: ``workspace/applyEdit``.

Owns their form. What is edited, and why, is the business of whoever asks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pinfold.core.formats.document import Document
from pinfold.lsp.convert import expressible, to_range, uri_of_path
from pinfold.lsp.ui import ClientRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.model.finding import Edit
    from pinfold.lsp.commands import Abilities, Session

APPLY_EDIT = "workspace/applyEdit"

ANSWER_S = 120.0
"""How long a client may take to make edits, of which it may ask somebody first."""


@dataclass(frozen=True, slots=True)
class FileEdits:
    """The edits of a file, in order; `document` is what it is now, ``None`` for a new one.

    With `is_removed` it goes, and the edits do not count.
    """

    path: Path
    document: Document | None
    edits: Sequence[Edit]
    is_removed: bool = False


def why_no_edits(abilities: Abilities, documents: Sequence[Document | None]) -> str | None:
    """Return in a clause why the client cannot edit files, ``None`` if it can.

    *documents* are what they are now, ``None`` for new ones.
    """
    if not abilities.applies_edits:
        return "this client changes no files on demand"
    if None in documents and not abilities.creates_files:
        return "this client makes no files on demand"
    return None


async def apply_edits(session: Session, label: str, files: Sequence[FileEdits]) -> str | None:
    """Have the client make edits; return in a clause why it has not, ``None`` if it has.

    What it has not done in time is taken back.
    """
    problem = why_no_edits(session.abilities, [file.document for file in files])
    if problem is not None:
        return problem
    try:
        asked = session.peer.ask(
            APPLY_EDIT, {"label": label, "edit": _workspace_edit(session, files)}
        )
        answer = await asyncio.wait_for(asked, ANSWER_S)
    except ClientRefused as error:
        return str(error)
    except asyncio.TimeoutError:
        return f"the client did not answer for {ANSWER_S:.0f} seconds"
    if isinstance(answer, dict) and answer.get("applied") is True:
        return None
    reason = answer.get("failureReason") if isinstance(answer, dict) else None
    return f"the client says: {reason}" if isinstance(reason, str) else "the client did not do it"


def _workspace_edit(session: Session, files: Sequence[FileEdits]) -> dict[str, Any]:
    if not session.abilities.has_versions:
        return {"changes": {_uri(session, file.path): _edits(session, file) for file in files}}
    changes: list[dict[str, Any]] = []
    for file in files:
        uri, opened = _uri(session, file.path), session.documents.of(file.path)
        if file.is_removed:
            changes.append({"kind": "delete", "uri": uri, "options": {"ignoreIfNotExists": True}})
            continue
        if file.document is None:
            changes.append({"kind": "create", "uri": uri, "options": {"ignoreIfExists": True}})
        version = None if opened is None else opened.version
        changes.append(
            {
                "textDocument": {"uri": uri, "version": version},
                "edits": _edits(session, file),
            }
        )
    return {"documentChanges": changes}


def _edits(session: Session, file: FileEdits) -> list[dict[str, Any]]:
    document = file.document or Document.read("")
    found = []
    for edit in file.edits:
        span, text = expressible(document, edit.range, edit.text)
        first, left, last, right = to_range(document, span, session.documents.encoding)
        found.append(
            {
                "range": {
                    "start": {"line": first, "character": left},
                    "end": {"line": last, "character": right},
                },
                "newText": text,
            }
        )
    return found


def _uri(session: Session, path: Path) -> str:
    opened = session.documents.of(path)
    return uri_of_path(path) if opened is None else opened.uri
