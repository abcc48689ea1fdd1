"""What an operation may ask of a person, whatever he sits in front of. A protocol and its values.

Owns what a question is made of. Refuses to know how it is shown: an editor and a terminal each
have a way of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True)
class PickItem:
    """One thing to choose.

    `label` is shown first, `description` beside it and `detail` below. Items of the same `group`
    stand together. `icon` is a name out of a few: ``check``, ``warning``, ``error``, ``none``.
    `is_secondary` items are left out where only few have room.
    """

    id: str
    label: str
    description: str = ""
    detail: str = ""
    group: str = ""
    icon: str = ""
    is_secondary: bool = False


@dataclass(frozen=True, slots=True)
class Pick:
    """A question with things to choose from; `argument` is what answers it without being asked."""

    title: str
    placeholder: str
    argument: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The items as they are now, all of them; `is_last` unless better ones may come."""

    items: tuple[PickItem, ...]
    is_last: bool


class CannotAsk(Exception):
    """Nobody can be asked; `argument` is what would have been the answer."""

    def __init__(self, argument: str, reason: str) -> None:
        super().__init__(f"{reason}: pass `{argument}`")
        self.argument = argument


class Conversation(Protocol):
    """The way to a person."""

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> str | None:
        """Return the id of the item that was chosen, ``None`` if none was.

        Each offer takes the place of the one before it. Whoever has chosen does not wait for more.

        Raises:
            CannotAsk: there is no way to ask that.
        """
        ...
