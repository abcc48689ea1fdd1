"""What environments may be called."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.planning.naming import (
    note_on_place,
    refusal_of_place,
    refusal_of_prompt,
)


@pytest.mark.parametrize("name", ["a b", "ü", "it's", "100%", "a#b", "-x", "a;b", "x" * 250])
def test_names_that_are_good(name: str) -> None:
    """What was seen to do no harm is let pass, as a place and as a prompt."""
    assert (None, None) == (
        refusal_of_place(Path("/home", name), (name,)),
        refusal_of_prompt(name),
    )


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x7f", "a\udcffb", 'a"', "$a", "`", "a\\b"])
def test_names_that_are_not(name: str) -> None:
    """What breaks scripts is refused, as a place and as a prompt."""
    assert refusal_of_place(Path("/home", name), (name,)) is not None
    assert refusal_of_prompt(name) is not None


def test_folders_around() -> None:
    """A folder that is there already is refused where scripts break, and else noted."""
    assert refusal_of_place(Path("/a$b/.venv"), (".venv",)) is None
    assert note_on_place(Path("/a$b/.venv")) is not None
    assert note_on_place(Path("/a/b$c")) is not None
    assert note_on_place(Path("/a b/.venv")) is None
    assert refusal_of_place(Path("/a\nb/.venv"), (".venv",)) is not None
    assert refusal_of_place(Path("/a:b/.venv"), (".venv",)) is not None
    assert refusal_of_prompt("  ") is not None
