"""Questions to the person in front of the editor.

Owns how a question is put to a client that has pickers of its own (``pinfold/pick``,
``pinfold/input``, ``pinfold/preview``), and to one that has nothing but messages with a few
buttons. What is asked, and what becomes of the answer, is the business of whoever asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from pinfold.core.environments.conversation import Back, CannotAsk, Picked, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from pinfold.core.environments.conversation import (
        Input,
        Offer,
        Pick,
        PickItem,
        Preview,
        Progress,
        Question,
        Validate,
    )
    from pinfold.lsp.progress import CommandProgress

_LOGGER = logging.getLogger("pinfold.lsp")

PICK = "pinfold/pick"
PICK_ITEMS = "pinfold/pickItems"
INPUT = "pinfold/input"
VALIDATE_INPUT = "pinfold/validateInput"
PREVIEW = "pinfold/preview"
SHOW_MESSAGE = "window/showMessage"
SHOW_MESSAGE_REQUEST = "window/showMessageRequest"

MAX_ACTIONS = 8
"""How many buttons a message may have."""

MAX_ITEMS = 2_000
"""How many items a picker gets at most."""

MAX_LINES = 25
"""How many lines a message may have; the others are counted."""

MAX_TRIES = 20
"""How often a text is asked for that is refused: a client may not ask anybody."""

CANCEL = "Cancel"

_MESSAGE_TYPES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}


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


class OpenQuestions:
    """The questions of a session that a client may refer to, by their ids."""

    def __init__(self) -> None:
        self._count = 0
        self._inputs: dict[str, Validate | None] = {}

    def new_id(self, kind: str) -> str:
        """Return an id that no question has had."""
        self._count += 1
        return f"{kind}-{self._count}"

    @contextlib.contextmanager
    def input(self, validate: Validate | None) -> Iterator[str]:
        """Give an id to a question for a text, for as long as it is open."""
        input_id = self.new_id("input")
        self._inputs[input_id] = validate
        try:
            yield input_id
        finally:
            del self._inputs[input_id]

    def is_open(self, input_id: str) -> bool:
        """Return whether a text is asked for by that id."""
        return input_id in self._inputs

    async def problem(self, input_id: str, value: str) -> str | None:
        """Return what is wrong with what has been typed so far.

        A question that is closed by now finds nothing wrong: nobody looks at that any more.
        """
        validate = self._inputs.get(input_id)
        return None if validate is None else await validate(value)


class PickerConversation:
    """With a client that announces ``experimental.pinfold.ui``.

    *has_preview*: it shows previews, too; else they are messages, as for any other.
    """

    def __init__(
        self,
        peer: Peer,
        questions: OpenQuestions,
        progress: CommandProgress,
        *,
        has_preview: bool = False,
    ) -> None:
        self._peer = peer
        self._questions = questions
        self._progress = progress
        self._has_preview = has_preview
        self._messages = MessageConversation(peer, progress)

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> Picked | Back | None:
        """Show a picker; items that come later are sent after it."""
        answer = await self._pick(pick, offers, many=False)
        if answer is None:
            return None
        if isinstance(answer, dict):
            if answer.get("back") is True:
                return _back(can_go_back=pick.can_go_back)
            button, item = answer.get("button"), answer.get("item")
            if isinstance(button, str) and isinstance(item, str):
                return Picked(item, button)
            ids = _texts(answer.get("ids"))
            if ids is not None and len(ids) <= 1:
                return Picked(ids[0]) if ids else None
        raise _no_proper_answer(PICK, pick.argument)

    async def pick_many(
        self, pick: Pick, offers: AsyncIterator[Offer]
    ) -> tuple[str, ...] | Back | None:
        """Show a picker in which several can be chosen."""
        answer = await self._pick(pick, offers, many=True)
        if answer is None:
            return None
        if isinstance(answer, dict):
            if answer.get("back") is True:
                return _back(can_go_back=pick.can_go_back)
            ids = _texts(answer.get("ids"))
            if ids is not None and len(set(ids)) == len(ids):
                return ids
        raise _no_proper_answer(PICK, pick.argument)

    async def input(self, question: Input, validate: Validate | None = None) -> str | Back | None:
        """Show an input box; what is typed is looked at by `pinfold/validateInput`."""
        value, problem = question.value, None
        for _ in range(MAX_TRIES):
            with self._questions.input(validate) as input_id:
                asked = {
                    "inputId": input_id,
                    "title": question.title,
                    "prompt": question.prompt,
                    "value": value,
                    "problem": problem,
                    "validates": validate is not None,
                    "back": question.can_go_back,
                }
                answer = await _ask(self._peer, INPUT, asked, question.argument)
            if answer is None:
                return None
            if not isinstance(answer, dict):
                break
            if answer.get("back") is True:
                return _back(can_go_back=question.can_go_back)
            text = answer.get("value")
            if not isinstance(text, str):
                break
            # Whatever the client has asked meanwhile: it need not have waited for the answer.
            problem = None if validate is None else await validate(text)
            if problem is None:
                return text
            value = text
        raise _no_proper_answer(INPUT, question.argument)

    async def confirm(self, question: Question) -> bool:
        """Show what is to be agreed to, with one button."""
        if not self._has_preview:
            return await self._messages.confirm(question)
        asked = _preview(question.title, question.details, "", question.severity)
        actions = [{"id": "yes", "label": question.action}]
        return await self._preview({**asked, "actions": actions}, question.argument) == "yes"

    async def preview(self, preview: Preview) -> str | None:
        """Show a plan, with its buttons."""
        if not self._has_preview:
            return await self._messages.preview(preview)
        asked = _preview(preview.title, preview.lines, preview.markdown, preview.severity)
        actions = [{"id": action.id, "label": action.label} for action in preview.actions]
        return await self._preview({**asked, "actions": actions}, preview.argument)

    def tell(self, message: str, severity: Severity = Severity.INFO) -> None:
        """Show a message."""
        self._messages.tell(message, severity)

    def progress(
        self, title: str, *, is_cancellable: bool = True, is_measured: bool = False
    ) -> AbstractAsyncContextManager[Progress]:
        """Show that something is under way."""
        return self._progress.begin(title, is_cancellable=is_cancellable, is_measured=is_measured)

    async def _pick(self, pick: Pick, offers: AsyncIterator[Offer], *, many: bool) -> object:
        pick_id = self._questions.new_id("pick")
        first = await anext(offers)
        asked = {
            "pickId": pick_id,
            "title": pick.title,
            "placeholder": pick.placeholder,
            "many": many,
            "back": pick.can_go_back,
            **_shown(first),
        }
        later = asyncio.get_running_loop().create_task(self._send_later(pick_id, first, offers))
        try:
            return await _ask(self._peer, PICK, asked, pick.argument)
        finally:
            later.cancel()
            await asyncio.wait({later})

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

    async def _preview(self, asked: Mapping[str, Any], argument: str) -> str | None:
        answer = await _ask(self._peer, PREVIEW, asked, argument)
        if answer is None:
            return None
        action = answer.get("action") if isinstance(answer, dict) else None
        if action not in [known["id"] for known in asked["actions"]]:
            raise _no_proper_answer(PREVIEW, argument)
        assert isinstance(action, str)
        return action


class MessageConversation:
    """With any other client: ``window/showMessageRequest``."""

    def __init__(self, peer: Peer, progress: CommandProgress) -> None:
        self._peer = peer
        self._progress = progress

    async def pick(self, pick: Pick, offers: AsyncIterator[Offer]) -> Picked | Back | None:
        """Show a message with a button for each of the last items, if they are few."""
        items: tuple[PickItem, ...] = ()
        async for offer in offers:
            items = offer.items
        items = tuple(item for item in items if not item.needs_text)
        shown = _few(items)
        if len(shown) > MAX_ACTIONS:
            reason = f"there are {len(shown)} to choose from, more than this client can show"
            raise CannotAsk(pick.argument, reason)
        titles: dict[str, Picked | Back] = dict(_titles(shown))
        if pick.can_go_back:
            titles.setdefault("Back", Back.BACK)
        left = len(items) - len(shown)
        others = f" ({left} more can be passed as `{pick.argument}`)" if left else ""
        message = f"{pick.title}: {pick.placeholder}{others}"
        title = await self._button(message, tuple(titles), Severity.INFO, pick.argument)
        return None if title is None else titles[title]

    async def pick_many(
        self, pick: Pick, offers: AsyncIterator[Offer]
    ) -> tuple[str, ...] | Back | None:
        """Refuse: a message has but one answer."""
        del offers
        raise CannotAsk(pick.argument, "this client cannot ask which of several are meant")

    async def input(self, question: Input, validate: Validate | None = None) -> str | Back | None:
        """Refuse: a message has no place for a text."""
        del validate
        reason = f"this client cannot ask for a text ({question.title})"
        raise CannotAsk(question.argument, reason)

    async def confirm(self, question: Question) -> bool:
        """Show a message with what is to be agreed to, and two buttons."""
        message = _message(question.title, question.details)
        buttons = (question.action, CANCEL)
        title = await self._button(message, buttons, question.severity, question.argument)
        return title == question.action

    async def preview(self, preview: Preview) -> str | None:
        """Show a plan as a message, with its buttons."""
        titles = {action.label: action.id for action in preview.actions}
        message = _message(preview.title, preview.lines)
        buttons = (*titles, CANCEL)
        title = await self._button(message, buttons, preview.severity, preview.argument)
        return None if title is None else titles.get(title)

    def tell(self, message: str, severity: Severity = Severity.INFO) -> None:
        """Show a message."""
        self._peer.tell(SHOW_MESSAGE, {"type": _MESSAGE_TYPES[severity], "message": message})

    def progress(
        self, title: str, *, is_cancellable: bool = True, is_measured: bool = False
    ) -> AbstractAsyncContextManager[Progress]:
        """Show that something is under way; that is part of the protocol."""
        return self._progress.begin(title, is_cancellable=is_cancellable, is_measured=is_measured)

    async def _button(
        self, message: str, titles: Sequence[str], severity: Severity, argument: str
    ) -> str | None:
        """Return what stands on the button that was pressed, ``None`` if none was."""
        asked = {
            "type": _MESSAGE_TYPES[severity],
            "message": message,
            "actions": [{"title": title} for title in titles],
        }
        answer = await _ask(self._peer, SHOW_MESSAGE_REQUEST, asked, argument)
        title = answer.get("title") if isinstance(answer, dict) else None
        return title if isinstance(title, str) and title in titles else None


def _few(items: Sequence[PickItem]) -> tuple[PickItem, ...]:
    """Return the items, in order, with no more of the secondary ones than there is room for."""
    room = MAX_ACTIONS - sum(not item.is_secondary for item in items)
    secondary = [item for item in items if item.is_secondary][: max(room, 0)]
    return tuple(item for item in items if not item.is_secondary or item in secondary)


async def _ask(peer: Peer, method: str, params: Mapping[str, Any], argument: str) -> object:
    """Return the client's answer.

    Raises:
        CannotAsk: it refused; *argument* is what would have been the answer.
    """
    try:
        return await peer.ask(method, params)
    except ClientRefused as error:
        raise CannotAsk(argument, str(error)) from error


def _no_proper_answer(method: str, argument: str) -> CannotAsk:
    return CannotAsk(argument, f"the client gave no proper answer to {method}")


def _shown(offer: Offer) -> dict[str, Any]:
    items = [
        {
            "id": item.id,
            "label": item.label,
            "description": item.description,
            "detail": item.detail,
            "group": item.group,
            "icon": item.icon,
            "picked": item.is_picked,
            "buttons": [
                {
                    "id": button.id,
                    "label": button.label,
                    "icon": button.icon,
                    "copies": button.copies or None,
                    "opens": button.opens or None,
                }
                for button in item.buttons
            ],
        }
        for item in offer.items[:MAX_ITEMS]
    ]
    return {"items": items, "busy": not offer.is_last}


def _preview(
    title: str, lines: Sequence[str], markdown: str, severity: Severity
) -> dict[str, object]:
    return {
        "title": title,
        "lines": list(lines),
        "markdown": markdown or None,
        "severity": severity.value,
    }


def _back(*, can_go_back: bool) -> Back | None:
    """Return what going back means: where there is no way back, to decline."""
    return Back.BACK if can_go_back else None


def _texts(found: object) -> tuple[str, ...] | None:
    if isinstance(found, list) and all(isinstance(text, str) for text in found):
        return tuple(found)
    return None


def _message(title: str, lines: Sequence[str]) -> str:
    """Return lines for a message, which has room for some of them."""
    left_out = len(lines) - MAX_LINES
    if left_out > 1:
        lines = [*lines[:MAX_LINES], f"… and {left_out} more lines"]
    return "\n".join([title, *lines])


def _titles(items: Sequence[PickItem]) -> dict[str, Picked]:
    """Return the items by what stands on the buttons, each another."""
    titles: dict[str, Picked] = {}
    for item in items:
        title = f"{item.label} ({item.description})" if item.description else item.label
        titles[title if title not in titles else f"{title} {item.id}"] = Picked(item.id)
    return titles
