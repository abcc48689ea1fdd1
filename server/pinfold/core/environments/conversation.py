"""What an operation may ask of a person, and tell him, whatever he sits in front of.

Owns the protocol and what a question is made of. Refuses to know how it is shown: an editor and a
terminal each have a way of their own, and whoever asks does not know which of them it is.

A person may always decline. That is ``None``, or false, and never an error: what was asked for is
then not done. Where nobody can be asked, :class:`CannotAsk` names what would have been the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    Validate = Callable[[str], Awaitable[str | None]]
    """Returns what is wrong with a text in a clause for people, ``None`` if nothing is."""


class Severity(Enum):
    """How much a person should mind what he is told."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Back(Enum):
    """He wants to answer the question before this one again."""

    BACK = "back"


@dataclass(frozen=True, slots=True)
class Button:
    """Something else to be done with an item than to choose it.

    `icon` is the name of one of VS Code's product icons, which other editors have taken over.
    What `copies` a text, or `opens` a folder, an editor does by itself, and goes on asking.
    """

    id: str
    label: str
    icon: str = ""
    copies: str = ""
    opens: str = ""


@dataclass(frozen=True, slots=True)
class PickItem:
    """One thing to choose.

    `label` is shown first, `description` beside it and `detail` below. Items of the same `group`
    stand together. `icon` is the name of one of VS Code's product icons, empty for none.
    `is_secondary` items are the first to be left out where only few have room; what leads to a
    question for a text (`needs_text`), where there can be none. `is_picked` ones are chosen already
    where several may be. `buttons` are left out where there is no room for them, so that whatever
    they do has to be reached in another way, too.
    """

    id: str
    label: str
    description: str = ""
    detail: str = ""
    group: str = ""
    icon: str = ""
    is_secondary: bool = False
    needs_text: bool = False
    is_picked: bool = False
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """A question with things to choose from; `argument` is what answers it without being asked.

    `can_go_back` if there was a question before this one.
    """

    title: str
    placeholder: str
    argument: str
    can_go_back: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """The items as they are now, all of them; `is_last` unless better ones may come."""

    items: tuple[PickItem, ...]
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class Picked:
    """The item that was chosen, or the one whose `button` was pressed."""

    id: str
    button: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A question for a text; `value` is what stands there at first."""

    title: str
    prompt: str
    argument: str
    value: str = ""
    can_go_back: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Something to agree to: `details` are lines, `action` is what the button says.

    `argument` is what agrees without being asked.
    """

    title: str
    details: tuple[str, ...]
    action: str
    argument: str = "yes"
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that may be done with what is shown."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done, to be looked at before it is.

    `lines` are plain text. `markdown` says the same where that can be shown, with whatever is
    foreign in it escaped; empty, the lines are shown. The first of the `actions` is the usual
    one, and what `argument` stands for.
    """

    title: str
    lines: tuple[str, ...]
    actions: tuple[Action, ...]
    argument: str = "yes"
    markdown: str = ""
    severity: Severity = Severity.INFO


class CannotAsk(Exception):
    """Nobody can be asked, for a `reason`; `argument` is what would have been the answer."""

    def __init__(self, argument: str, reason: str) -> None:
        super().__init__(f"{reason}: pass `{argument}`")
        self.argument = argument
        self.reason = reason


class Progress(Protocol):
    """How far something is."""

    def report(self, message: str, percent: float | None = None) -> None:
        """Say what is being done, and how much is done where that is known.

        May be called from any thread, as often as there is something to say: it neither blocks
        nor raises, and what comes too fast is left out. A percentage never goes down, and is
        shown only where the progress is measured.
        """
        ...


class Conversation(Protocol):
    """The way to a person.

    Every method but `tell` may wait for as long as he likes, and may be cancelled meanwhile; the
    question is then taken back.
    """

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> Picked | Back | None:
        """Return what was chosen, ``None`` if nothing was.

        Each offer takes the place of the one before it. Whoever has chosen does not wait for more.

        Raises:
            CannotAsk: there is no way to ask that.
        """
        ...

    async def pick_many(
        self, pick: Pick, offers: AsyncIterator[Offer]
    ) -> tuple[str, ...] | Back | None:
        """Return the ids of all that were chosen, ``None`` if the question was declined.

        Raises:
            CannotAsk: there is no way to ask that.
        """
        ...

    async def input(self, question: Input, validate: Validate | None = None) -> str | Back | None:
        """Return a text in which *validate* finds nothing wrong, ``None`` if there was none.

        Raises:
            CannotAsk: there is no way to ask that.
        """
        ...

    async def confirm(self, question: Question) -> bool:
        """Return whether it was agreed to.

        Raises:
            CannotAsk: there is no way to ask that.
        """
        ...

    async def preview(self, preview: Preview) -> str | None:
        """Show what would be done; return the id of the action, ``None`` if there is to be none.

        Raises:
            CannotAsk: there is no way to ask that.
        """
        ...

    def tell(self, message: str, severity: Severity = Severity.INFO) -> None:
        """Say something that needs no answer. To be called in the event loop."""
        ...

    def progress(
        self, title: str, *, is_cancellable: bool = True, is_measured: bool = False
    ) -> AbstractAsyncContextManager[Progress]:
        """Show that something is under way, for as long as the context lasts.

        Percentages are shown where it *is_measured*. Where *is_cancellable*, whoever asked for the
        operation can end it there; all of it is cancelled then, as it would be in any other way.
        """
        ...


async def at_once(*items: PickItem) -> AsyncIterator[Offer]:
    """Yield one offer, of things that are known already."""
    yield Offer(items)
