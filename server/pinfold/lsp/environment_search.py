"""Searches for environments on behalf of commands: what is known, what is found, what is asked.

Owns that a listing is at once, that what is found later is told, and that interpreters are asked
about themselves only where the client has said that the workspace is trusted.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.blocking import to_the_end
from pinfold.lsp.command_places import written
from pinfold.lsp.commands import PROBES
from pinfold.lsp.status import INVENTORY_CHANGED
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from pinfold.core.environments.discovery import Inventory
    from pinfold.lsp.commands import Session
    from pinfold.lsp.machine import Machine

_STREAMED_S = 0.1
"""How often those who wait for a search see what it has found."""


async def searched(session: Session, machine: Machine, projects: Sequence[Path]) -> Inventory:
    """Return all that is found, at the end of a search; whoever waits for it may end it."""
    looking = await in_thread(partial(machine.look, projects))
    try:
        inventory = await in_thread(looking.to_the_end)
    except asyncio.CancelledError:
        looking.cancel()
        raise
    _ask_unknown(session, machine, projects, inventory)
    return inventory


def _ask_unknown(
    session: Session, machine: Machine, projects: Sequence[Path], inventory: Inventory
) -> None:
    """Have interpreters asked, in the background, for what no file tells.

    Only where the client has said that the workspace is trusted: nobody has asked for this, and
    some of them lie in the workspace.
    """
    host = session.host
    if host.is_trusted is not True:
        return

    async def work() -> None:
        answered = await to_the_end(
            partial(machine.ask_unknown, inventory, lambda: host.is_trusted is True)
        )
        if answered:
            tell_of_inventory(session, projects)

    session.begin_once(PROBES, work)


def tell_of_inventory(session: Session, projects: Sequence[Path]) -> None:
    """Tell a client that shows them that there are other environments now."""
    if session.has_ui:
        folders = [written(project) for project in projects]
        session.peer.tell(INVENTORY_CHANGED, {"folders": folders})


async def search_behind(
    session: Session, machine: Machine, projects: Sequence[Path], known: Inventory
) -> None:
    """Search, and tell the client if there is anything else than what is *known*."""
    inventory = await searched(session, machine, projects)
    if inventory.installations != known.installations:
        tell_of_inventory(session, projects)


async def search_anew(session: Session, machine: Machine, projects: Sequence[Path]) -> None:
    """Have searched for what has just become another, if somebody has ever asked for a listing."""
    known = await in_thread(partial(machine.kept, projects))
    if known is not None:
        # One that is under way may have passed by already.
        session.background.cancel(projects)
        session.begin_once(projects, partial(search_behind, session, machine, projects, known))


async def inventories(
    session: Session, machine: Machine, projects: Sequence[Path]
) -> AsyncGenerator[tuple[Inventory, bool], None]:
    """Yield what is known of the machine, what is found of it, and at last, with true, all of it.

    The first comes at once, were there nothing in it.
    """
    kept = await in_thread(partial(machine.kept, projects))
    looking = await in_thread(partial(machine.look, projects))
    try:
        yield (await in_thread(looking.so_far) if kept is None else kept), False
        end = asyncio.ensure_future(in_thread(looking.to_the_end))
        while not end.done():
            await asyncio.wait({end}, timeout=_STREAMED_S)
            if kept is None and not end.done():
                yield await in_thread(looking.so_far), False
        inventory = end.result()
        _ask_unknown(session, machine, projects, inventory)
        yield inventory, True
    finally:
        looking.cancel()
