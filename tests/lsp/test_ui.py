"""Questions to a person: what a client is sent, without a server around it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pinfold.core.environments.conversation import (
    Action,
    Back,
    Button,
    CannotAsk,
    Input,
    Offer,
    Pick,
    Picked,
    PickItem,
    Preview,
    Question,
    Severity,
    at_once,
)
from pinfold.lsp.progress import CommandProgress, ProgressTokens
from pinfold.lsp.ui import (
    MAX_LINES,
    MAX_TRIES,
    ClientRefused,
    MessageConversation,
    OpenQuestions,
    PickerConversation,
)
from tests.lsp.schemas import validate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Mapping

    from pinfold.core.environments.conversation import Conversation

Result = TypeVar("Result")

PICK = Pick("Title", "Which?", "which")
ITEMS = (PickItem("a", "Same"), PickItem("b", "Same"), PickItem("c", "Other", is_secondary=True))
NAME = Input("Name", "How is it to be called?", "name", value=".venv")
QUESTION = Question("Remove it?", ("It holds 3 packages.",), "Remove")
PLAN = Preview(
    "Install 2 packages",
    ("+ flask 3.1.0", "+ jinja2 3.1.4"),
    (Action("install", "Install"), Action("dry", "Only show")),
)


class FakePeer:
    """A client that gives its answers in turn, once *told* notifications have come."""

    def __init__(self, *answers: object, told: int = 0) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self._answers = list(answers)
        self._is_ready = asyncio.Event()
        self._wanted = told

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Answer, or refuse."""
        self.asked.append((method, params))
        if method.startswith("pinfold/"):
            validate(params, method.removeprefix("pinfold/"))
        if self._wanted:
            await self._is_ready.wait()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Take note."""
        self.told.append((method, params))
        if method.startswith("pinfold/"):
            validate(params, method.removeprefix("pinfold/"))
        if len(self.told) >= self._wanted:
            self._is_ready.set()


def picker(
    peer: FakePeer, *, has_preview: bool = False, questions: OpenQuestions | None = None
) -> PickerConversation:
    """Return the way to a client with pickers."""
    progress = CommandProgress(peer, ProgressTokens(can_create=False), None, lambda: None)
    return PickerConversation(peer, questions or OpenQuestions(), progress, has_preview=has_preview)


def message(peer: FakePeer) -> MessageConversation:
    """Return the way to a client with messages alone."""
    progress = CommandProgress(peer, ProgressTokens(can_create=False), None, lambda: None)
    return MessageConversation(peer, progress)


def both(peer: FakePeer) -> tuple[Conversation, Conversation]:
    """Return the two; that they are conversations is for mypy to see."""
    return picker(peer), message(peer)


def done(asking: Coroutine[Any, Any, Result]) -> Result:
    """Return what was answered."""
    return asyncio.run(asking)


async def offers(*, fails: bool = False) -> AsyncIterator[Offer]:
    """Yield one item, then all."""
    yield Offer(ITEMS[:1], is_last=False)
    if fails:
        raise OSError
    yield Offer(ITEMS, is_last=True)


# Pickers.


def test_items_follow_the_picker() -> None:
    """A picker opens with what there is, and gets the rest by its id."""
    peer = FakePeer({"ids": ["b"]}, told=1)

    assert Picked("b") == done(picker(peer).pick(PICK, offers()))
    (_, asked), (method, later) = peer.asked[0], peer.told[0]
    assert (True, 1) == (asked["busy"], len(asked["items"]))
    assert ("pinfold/pickItems", asked["pickId"]) == (method, later["pickId"])
    assert (False, 3) == (later["busy"], len(later["items"]))


def test_search_that_fails_behind_a_picker(caplog: pytest.LogCaptureFixture) -> None:
    """What there is can still be chosen, and nobody waits for more."""
    peer = FakePeer({"ids": ["a"]}, told=1)

    assert Picked("a") == done(picker(peer).pick(PICK, offers(fails=True)))
    assert (False, 1) == (peer.told[0][1]["busy"], len(peer.told[0][1]["items"]))
    assert "failed" in caplog.text


def test_button_of_an_item() -> None:
    """A button that is pressed comes with its item."""
    button = Button("open", "Open", "folder-opened", opens="/somewhere")
    peer = FakePeer({"item": "a", "button": "open"})
    item = PickItem("a", "Same", buttons=(button,))

    assert Picked("a", "open") == done(picker(peer).pick(PICK, at_once(item)))
    shown = {"id": "open", "label": "Open", "icon": "folder-opened"}
    assert [{**shown, "copies": None, "opens": "/somewhere"}] == (
        peer.asked[0][1]["items"][0]["buttons"]
    )


@pytest.mark.parametrize(("can_go_back", "expected"), [(True, Back.BACK), (False, None)])
def test_back(*, can_go_back: bool, expected: Back | None) -> None:
    """Going back is told where there is somewhere to go; elsewhere nothing was chosen."""
    peer = FakePeer({"back": True})
    pick = Pick("Title", "Which?", "which", can_go_back=can_go_back)
    name = Input("Name", "?", "name", can_go_back=can_go_back)

    assert expected is done(picker(peer).pick(pick, offers()))
    assert expected is done(picker(peer).pick_many(pick, offers()))
    assert expected is done(picker(peer).input(name))
    assert [can_go_back] * 3 == [asked["back"] for _, asked in peer.asked]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(None, None), ({"ids": []}, ()), ({"ids": ["b", "a"]}, ("b", "a"))],
)
def test_many(answer: object, expected: tuple[str, ...] | None) -> None:
    """Several may be chosen, or none of them; closing the picker is something else."""
    peer = FakePeer(answer)
    items = (PickItem("a", "A", is_picked=True), PickItem("b", "B"))

    assert expected == done(picker(peer).pick_many(PICK, at_once(*items)))
    assert peer.asked[0][1]["many"]
    assert [True, False] == [item["picked"] for item in peer.asked[0][1]["items"]]


@pytest.mark.parametrize(
    "answer", [3, [], {}, {"ids": 3}, {"ids": ["a", "a"]}, {"ids": [3]}, {"button": "x"}]
)
def test_odd_answers(answer: object) -> None:
    """An answer that is none is an error that names the argument."""
    with pytest.raises(CannotAsk, match="`which`"):
        done(picker(FakePeer(answer)).pick_many(PICK, offers()))


# Texts.


async def problem_with(text: str) -> str | None:
    """Find fault with what holds a slash."""
    return "a name has no slash" if "/" in text else None


def test_text() -> None:
    """What was entered is given back; what stands there at first is told."""
    peer = FakePeer({"value": "env"})

    assert "env" == done(picker(peer).input(NAME, problem_with))
    method, asked = peer.asked[0]
    assert ("pinfold/input", ".venv", None, True) == (
        method,
        asked["value"],
        asked["problem"],
        asked["validates"],
    )


def test_text_that_is_wrong_is_asked_for_again() -> None:
    """A client that did not wait for the judgement gets it with the next question."""
    peer = FakePeer({"value": "a/b"}, {"value": "ab"})

    assert "ab" == done(picker(peer).input(NAME, problem_with))
    assert [(".venv", None), ("a/b", "a name has no slash")] == [
        (asked["value"], asked["problem"]) for _, asked in peer.asked
    ]
    assert peer.asked[0][1]["inputId"] != peer.asked[1][1]["inputId"]


def test_text_that_stays_wrong() -> None:
    """A client that answers by itself, and wrongly, is not asked for ever."""
    peer = FakePeer({"value": "a/b"})

    with pytest.raises(CannotAsk, match="`name`"):
        done(picker(peer).input(NAME, problem_with))
    assert MAX_TRIES == len(peer.asked)


@pytest.mark.parametrize("answer", [3, {}, {"value": 3}, {"ids": ["x"]}])
def test_odd_text(answer: object) -> None:
    """An answer that is no text is an error that names the argument."""
    with pytest.raises(CannotAsk, match="`name`"):
        done(picker(FakePeer(answer)).input(NAME))


def test_declined_text() -> None:
    """Whoever closes the box gives no text."""
    assert done(picker(FakePeer(None)).input(NAME)) is None


def test_what_is_typed_is_judged_while_it_is_open() -> None:
    """By the id of the box, and only until that is closed."""
    questions = OpenQuestions()
    seen: list[str | None] = []

    class Typing(FakePeer):
        async def ask(self, method: str, params: Mapping[str, Any]) -> object:
            seen.append(await questions.problem(params["inputId"], "a/"))
            seen.append(await questions.problem(params["inputId"], "a"))
            return await super().ask(method, params)

    peer = Typing({"value": "a"})
    done(picker(peer, questions=questions).input(NAME, problem_with))

    assert ["a name has no slash", None] == seen
    assert done(questions.problem(peer.asked[0][1]["inputId"], "a/")) is None


# Agreement and previews.


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"title": "Remove"}, True), ({"title": "Cancel"}, False), (None, False), ({}, False)],
)
def test_agreement(answer: object, *, expected: bool) -> None:
    """Only the button that says what is done agrees."""
    peer = FakePeer(answer)
    conversations = both(peer)

    assert [expected, expected] == [done(asked.confirm(QUESTION)) for asked in conversations]
    method, asked = peer.asked[0]
    assert ("window/showMessageRequest", 2) == (method, asked["type"])
    assert "Remove it?\nIt holds 3 packages." == asked["message"]
    assert [{"title": "Remove"}, {"title": "Cancel"}] == asked["actions"]


@pytest.mark.parametrize(("answer", "expected"), [({"action": "yes"}, True), (None, False)])
def test_agreement_where_there_are_previews(answer: object, *, expected: bool) -> None:
    """A client that shows previews shows what is to be agreed to as one."""
    peer = FakePeer(answer)

    assert expected is done(picker(peer, has_preview=True).confirm(QUESTION))
    method, asked = peer.asked[0]
    assert ("pinfold/preview", "warning") == (method, asked["severity"])
    assert [{"id": "yes", "label": "Remove"}] == asked["actions"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"title": "Only show"}, "dry"), ({"title": "Cancel"}, None), ({"title": "?"}, None)],
)
def test_plan_in_a_message(answer: object, expected: str | None) -> None:
    """Where there is nothing better, a plan is a message with buttons."""
    peer = FakePeer(answer)

    assert [expected] * 2 == [done(asked.preview(PLAN)) for asked in both(peer)]
    assert "Install 2 packages\n+ flask 3.1.0\n+ jinja2 3.1.4" == peer.asked[0][1]["message"]


def test_long_plan_in_a_message() -> None:
    """A message has room for so many lines; the others are counted, and one more fits."""
    lines = tuple(map(str, range(MAX_LINES + 3)))
    peer = FakePeer(None)
    done(message(peer).preview(Preview("Plan", lines, PLAN.actions)))
    done(message(peer).preview(Preview("Plan", lines[: MAX_LINES + 1], PLAN.actions)))
    first, second = [asked["message"].split("\n") for _, asked in peer.asked]

    assert ["24", "… and 3 more lines"] == first[-2:]
    assert "25" == second[-1]


def test_plan_where_there_are_previews() -> None:
    """A client that shows previews gets all of it."""
    peer = FakePeer({"action": "install"})

    assert "install" == done(picker(peer, has_preview=True).preview(PLAN))
    assert list(PLAN.lines) == peer.asked[0][1]["lines"]
    assert peer.asked[0][1]["markdown"] is None


@pytest.mark.parametrize("answer", [3, {}, {"action": "other"}, {"action": 3}])
def test_odd_answer_to_a_preview(answer: object) -> None:
    """Nothing is done on an answer that is none of the actions."""
    conversation = picker(FakePeer(answer), has_preview=True)

    with pytest.raises(CannotAsk, match="`yes`"):
        done(conversation.preview(PLAN))


def test_told() -> None:
    """What needs no answer is a message of its severity."""
    peer = FakePeer(None)
    for conversation in both(peer):
        conversation.tell("done", Severity.WARNING)

    assert [("window/showMessage", {"type": 2, "message": "done"})] * 2 == peer.told


# Messages instead of pickers.


def test_buttons_of_a_message() -> None:
    """Each button has a title of its own."""
    peer = FakePeer({"title": "Same b"})

    assert Picked("b") == done(message(peer).pick(PICK, offers()))
    titles = [action["title"] for action in peer.asked[0][1]["actions"]]
    assert ["Same", "Same b", "Other"] == titles


def test_more_than_there_is_room_for() -> None:
    """What is secondary is left out first, and counted; what leads to a text has no button."""
    items = [
        PickItem("first", "First", is_secondary=True),
        *(PickItem(str(number), f"Main {number}") for number in range(6)),
        PickItem("typed", "Typed...", needs_text=True),
        *(PickItem(f"s{number}", f"Secondary {number}", is_secondary=True) for number in range(3)),
    ]
    peer = FakePeer(None)
    done(message(peer).pick(PICK, at_once(*items)))

    asked = peer.asked[0][1]
    titles = [action["title"] for action in asked["actions"]]
    assert ["First", *(f"Main {number}" for number in range(6)), "Secondary 0"] == titles
    assert asked["message"].endswith(" (2 more can be passed as `which`)")


def test_back_in_a_message() -> None:
    """Where there is a question before, a button leads back to it."""
    peer = FakePeer({"title": "Back"})
    pick = Pick("Title", "Which?", "which", can_go_back=True)

    assert Back.BACK is done(message(peer).pick(pick, offers()))


@pytest.mark.parametrize("answer", [None, {}, {"title": "none of them"}, 3])
def test_message_that_is_closed(answer: object) -> None:
    """Whoever presses no button has chosen nothing."""
    assert done(message(FakePeer(answer)).pick(PICK, offers())) is None


def test_what_a_message_cannot_ask() -> None:
    """A text and a choice of several are arguments there."""
    with pytest.raises(CannotAsk, match="`which`"):
        done(message(FakePeer(None)).pick_many(PICK, offers()))
    with pytest.raises(CannotAsk, match="`name`"):
        done(message(FakePeer(None)).input(NAME))


def test_client_that_refuses() -> None:
    """Where nobody can be asked, the error names the argument."""
    for conversation in both(FakePeer(ClientRefused("no such method"))):
        with pytest.raises(CannotAsk, match="`which`"):
            done(conversation.pick(PICK, offers()))
        with pytest.raises(CannotAsk, match="`yes`"):
            done(conversation.confirm(QUESTION))
        with pytest.raises(CannotAsk, match="`name`"):
            done(conversation.input(NAME))
