"""Searches behind what a client is told, without a server around them."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pinfold.core.environments.discovery import Inventory
from pinfold.core.model.installation import Installation, InstallationKind
from pinfold.lsp.environment_search import search_anew, search_behind
from tests.lsp.sessions import session_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.lsp.machine import Machine

PROJECTS = (Path("/project"),)
NEW = Installation(Path("/project/.venv"), InstallationKind.VENV, is_base=False)
WAIT_S = 30.0


class FakeLooking:
    """A search that finds *found*; one that finds nothing goes on until it is cancelled."""

    def __init__(self, *found: Installation) -> None:
        self._found = found
        self.is_begun = threading.Event()
        self.is_cancelled = threading.Event()

    def to_the_end(self) -> Inventory:
        """Return what is found."""
        self.is_begun.set()
        if not self._found:
            assert self.is_cancelled.wait(WAIT_S)
        return Inventory(self._found)

    def cancel(self) -> None:
        """Look no more."""
        self.is_cancelled.set()


class FakeMachine:
    """A machine of which nothing is known yet, with a search for each who asks."""

    def __init__(self, *lookings: FakeLooking) -> None:
        self.lookings = list(lookings)

    def kept(self, _projects: Sequence[Path]) -> Inventory:
        """Return nothing."""
        return Inventory(())

    def look(self, _projects: Sequence[Path]) -> FakeLooking:
        """Begin the next search."""
        return self.lookings.pop(0)


def test_what_is_new_is_searched_for_anew() -> None:
    """A search that has begun before something was made has passed by: it gives way to another."""
    old = FakeLooking()
    fake = FakeMachine(old, FakeLooking(NEW))
    machine = cast("Machine", fake)
    session, told = session_with()

    async def play() -> None:
        behind = partial(search_behind, session, machine, PROJECTS, Inventory(()))
        session.begin_once(PROJECTS, behind)
        assert await asyncio.to_thread(old.is_begun.wait, WAIT_S)
        await search_anew(session, machine, PROJECTS)
        await session.background.over(PROJECTS)

    asyncio.run(play())

    assert [] == fake.lookings
    assert old.is_cancelled.is_set()
    assert [("pinfold/inventoryChanged", {"folders": ["/project"]})] == told
