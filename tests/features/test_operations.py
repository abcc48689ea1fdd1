"""What people are told of operations on environments."""

from __future__ import annotations

import pytest

from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import Failure, FailureKind, Verb
from pinfold.features.operations import cancelled_text, failure_message


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("the disk is full", "The disk is full. Make room."),
        ("My.Flask could not be built", "Package My.Flask could not be built. Make room."),
        ("uv makes no environments for Python 2.7", "uv makes no environments for Python 2.7."),
        ("Another program has changed it.", "Another program has changed it. Make room."),
    ],
)
def test_failure_as_a_message(cause: str, expected: str) -> None:
    """It begins with a capital letter, and names are written as ever."""
    failure = Failure(FailureKind.UNKNOWN, cause, "Make room", (normalised("my-flask"),))

    assert failure_message(failure).startswith(expected)


@pytest.mark.parametrize(
    ("verb", "is_new", "expected"),
    [
        (Verb.INSTALL, False, "Installation cancelled: .venv is as it was before."),
        (Verb.CREATE, True, "Creation cancelled: there is no .venv, as before."),
    ],
)
def test_cancelled(verb: Verb, expected: str, *, is_new: bool) -> None:
    """Whoever cancels is told what there is now."""
    assert expected == cancelled_text(verb, ".venv", is_new=is_new)


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_can_be_cancelled(verb: Verb) -> None:
    """There is a word for each."""
    assert " cancelled: " in cancelled_text(verb, ".venv", is_new=False)
