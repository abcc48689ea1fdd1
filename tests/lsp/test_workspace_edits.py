"""Edits that a client is asked to make, without a server around them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.model.finding import Edit
from pinfold.core.model.text import TextRange
from pinfold.lsp import workspace_edits
from pinfold.lsp.workspace_edits import FileEdits, apply_edits
from tests.lsp.sessions import session_with

if TYPE_CHECKING:
    import pytest


def test_client_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for without end; the edit is taken back, and who asked is told."""
    monkeypatch.setattr(workspace_edits, "ANSWER_S", 0.01)
    session, told = session_with()
    edits = FileEdits(Path("/project/new.txt"), None, [Edit(TextRange(0, 0), "flask\n")])

    async def play() -> str | None:
        return await asyncio.wait_for(apply_edits(session, "Save", [edits]), 30.0)

    problem = asyncio.run(play())

    assert problem is not None
    assert problem.startswith("the client did not answer")
    assert [("$/cancelRequest", {"of": "workspace/applyEdit"})] == told
