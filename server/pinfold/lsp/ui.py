"""Questions to the person in front of the editor.

Owns how a question is put to a client that has pickers of its own (``pinfold/pick``), and to one
that has nothing but messages with a few buttons. What is asked, and what becomes of the answer, is
the business of whoever asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from pinfold.core.environments.conversation import CannotAsk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from pinfold.core.environments.conversation import Offer, Pick, PickItem

_LOGGER = logging.getLogger("pinfold.lsp")

PICK = "pinfold/pick"
PICK_ITEMS = "pinfold/pickItems"
MAX_ACTIONS = 8
"""How many buttons a message may have."""

MAX_ITEMS = 2_000
"""How many items a picker gets at most."""

_INFO = 3


class ClientRefused(Exception):
    """The client answered a request with an error, or with what is no answer."""


class Peer(Protocol):
    """The client, as far as it can be asked."""

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Return the client's answer to a request, which is withdrawn if nobody waits any more.

        Raises:
            ClientRefused: the client answered with an error.
        """
        ...

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification."""
        ...


class PickerConversation:
    """With a client that announces ``experimental.pinfold.ui``."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._count = 0

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> str | None:
        """Show a picker; items that come later are sent after it."""
        self._count += 1
        pick_id = f"pick-{self._count}"
        first = await anext(offers)
        asked = {
            "pickId": pick_id,
            "title": pick.title,
            "placeholder": pick.placeholder,
            "many": False,
            **_shown(first),
        }
        later = asyncio.get_running_loop().create_task(self._send_later(pick_id, first, offers))
        try:
            answer = await self._peer.ask(PICK, asked)
        except ClientRefused as error:
            raise CannotAsk(pick.argument, str(error)) from error
        finally:
            later.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await later
        return _chosen(answer, pick)

    async def _send_later(self, pick_id: str, last: Offer, offers: AsyncIterator[Offer]) -> None:
        try:
            async for offer in offers:
                last = offer
                self._peer.tell(PICK_ITEMS, {"pickId": pick_id, **_shown(offer)})
        except Exception:
            # There is still something to choose from, and nothing more will come.
            _LOGGER.exception("looking for more to choose from failed")
            last = replace(last, is_last=True)
            self._peer.tell(PICK_ITEMS, {"pickId": pick_id, **_shown(last)})


class MessageConversation:
    """With any other client: ``window/showMessageRequest``."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> str | None:
        """Show a message with a button for each of the last items, if they are few."""
        items: tuple[PickItem, ...] = ()
        async for offer in offers:
            items = offer.items
        items = tuple(item for item in items if not item.is_secondary)
        if len(items) > MAX_ACTIONS:
            reason = f"there are {len(items)} to choose from, more than this client can show"
            raise CannotAsk(pick.argument, reason)
        titles = _titles(items)
        asked = {
            "type": _INFO,
            "message": f"{pick.title}: {pick.placeholder}",
            "actions": [{"title": title} for title in titles],
        }
        try:
            answer = await self._peer.ask("window/showMessageRequest", asked)
        except ClientRefused as error:
            raise CannotAsk(pick.argument, str(error)) from error
        title = answer.get("title") if isinstance(answer, dict) else None
        return titles.get(title) if isinstance(title, str) else None


def _shown(offer: Offer) -> dict[str, Any]:
    items = [
        {
            "id": item.id,
            "label": item.label,
            "description": item.description,
            "detail": item.detail,
            "group": item.group,
            "icon": item.icon,
        }
        for item in offer.items[:MAX_ITEMS]
    ]
    return {"items": items, "busy": not offer.is_last}


def _chosen(answer: object, pick: Pick) -> str | None:
    """Return the one that was chosen; whoever goes back or cancels has chosen nothing."""
    if answer is None or (isinstance(answer, dict) and answer.get("back") is True):
        return None
    ids = answer.get("ids") if isinstance(answer, dict) else None
    if isinstance(ids, list) and all(isinstance(found, str) for found in ids) and len(ids) <= 1:
        return ids[0] if ids else None
    raise CannotAsk(pick.argument, f"the client gave no proper answer to {PICK}")


def _titles(items: Sequence[PickItem]) -> dict[str, str]:
    """Return the ids by what stands on the buttons, each another."""
    titles: dict[str, str] = {}
    for item in items:
        title = f"{item.label} ({item.description})" if item.description else item.label
        titles[title if title not in titles else f"{title} {item.id}"] = item.id
    return titles
