"""Questions to a person: what a client is sent, without a server around it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.core.environments.conversation import CannotAsk, Offer, Pick, PickItem
from pinfold.lsp.ui import ClientRefused, MessageConversation, PickerConversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

PICK = Pick("Title", "Which?", "which")
ITEMS = (PickItem("a", "Same"), PickItem("b", "Same"), PickItem("c", "Other", is_secondary=True))


class FakePeer:
    """A client that answers once *told* notifications have come."""

    def __init__(self, answer: object, *, told: int = 0) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self._answer = answer
        self._is_ready = asyncio.Event()
        self._wanted = told

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Answer, or refuse."""
        self.asked.append((method, params))
        if self._wanted:
            await self._is_ready.wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Take note."""
        self.told.append((method, params))
        if len(self.told) >= self._wanted:
            self._is_ready.set()


async def offers(*, fails: bool = False) -> AsyncIterator[Offer]:
    """Yield one item, then all."""
    yield Offer(ITEMS[:1], is_last=False)
    if fails:
        raise OSError
    yield Offer(ITEMS, is_last=True)


def test_items_follow_the_picker() -> None:
    """A picker opens with what there is, and gets the rest by its id."""
    peer = FakePeer({"ids": ["b"]}, told=1)

    assert "b" == asyncio.run(PickerConversation(peer).pick(PICK, offers()))
    (_, asked), (method, later) = peer.asked[0], peer.told[0]
    assert (True, 1) == (asked["busy"], len(asked["items"]))
    assert ("pinfold/pickItems", asked["pickId"]) == (method, later["pickId"])
    assert (False, 3) == (later["busy"], len(later["items"]))


def test_search_that_fails_behind_a_picker(caplog: pytest.LogCaptureFixture) -> None:
    """What there is can still be chosen, and nobody waits for more."""
    peer = FakePeer({"ids": ["a"]}, told=1)

    assert "a" == asyncio.run(PickerConversation(peer).pick(PICK, offers(fails=True)))
    assert (False, 1) == (peer.told[0][1]["busy"], len(peer.told[0][1]["items"]))
    assert "failed" in caplog.text


def test_buttons_of_a_message() -> None:
    """Each button has a title of its own, and what is secondary has none."""
    peer = FakePeer({"title": "Same b"})

    assert "b" == asyncio.run(MessageConversation(peer).pick(PICK, offers()))
    assert [{"title": "Same"}, {"title": "Same b"}] == peer.asked[0][1]["actions"]


@pytest.mark.parametrize("answer", [None, {}, {"title": "none of them"}, 3])
def test_message_that_is_closed(answer: object) -> None:
    """Whoever presses no button has chosen nothing."""
    assert asyncio.run(MessageConversation(FakePeer(answer)).pick(PICK, offers())) is None


@pytest.mark.parametrize("conversation", [MessageConversation, PickerConversation])
def test_client_that_refuses(
    conversation: type[MessageConversation] | type[PickerConversation],
) -> None:
    """Where nobody can be asked, the error names the argument."""
    peer = FakePeer(ClientRefused("no such method"))

    with pytest.raises(CannotAsk, match="`which`"):
        asyncio.run(conversation(peer).pick(PICK, offers()))
