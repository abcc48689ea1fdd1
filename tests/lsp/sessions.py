"""A session without a server, for what commands do with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pinfold.lsp.commands import Abilities, Background, Session
from pinfold.lsp.convert import PositionEncoding
from pinfold.lsp.documents import Documents
from pinfold.lsp.handshake import ToolSettings
from pinfold.lsp.progress import CommandProgress, ProgressTokens
from pinfold.lsp.ui import MessageConversation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pinfold.features.environment_status import OtherSelection
    from pinfold.lsp.install_failures import FailedLine

Told = list[tuple[str, "Mapping[str, Any]"]]


class FakeHost:
    """A session of which nothing but the trust matters."""

    def __init__(self, *, is_trusted: bool | None = None) -> None:
        self.documents: Documents | None = None
        self.is_trusted = is_trusted
        self.tools = ToolSettings()
        self.other_selections: Mapping[Path, OtherSelection] = {}

    def look_again(self) -> None:
        """Do nothing."""

    def tell_failures(self, failures: Mapping[Path, Sequence[FailedLine]]) -> None:
        """Pass it over."""


class SilentPeer:
    """A client that answers nothing that it is asked."""

    def __init__(self) -> None:
        self.told: Told = []

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Take note if nobody waits any more."""
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            self.told.append(("$/cancelRequest", {"of": method}))

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Take note."""
        self.told.append((method, params))


def session_with(*roots: Path) -> tuple[Session, Told]:
    """Return a session with a client that never answers, and what that is told."""
    peer = SilentPeer()
    progress = CommandProgress(peer, ProgressTokens(can_create=False), None, lambda: None)
    session = Session(
        FakeHost(),
        peer,
        Documents(PositionEncoding.UTF16, roots),
        MessageConversation(peer, progress),
        Background(),
        Abilities(has_ui=True, applies_edits=True, creates_files=True),
        lambda _command, _arguments: None,
    )
    return session, peer.told
