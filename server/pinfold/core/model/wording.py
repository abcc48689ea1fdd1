"""Texts that name a command: in the words of the command line, and in those of an editor.

Owns the choice between the two. Whoever has nothing but an editor may not even have a `pinfold` to
run: he is told of the command in the palette, or of nothing. A host asks for its words when it
shows a text, and never before, so that no text is made for one host and shown by the other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The same advice twice; `editor` names no command of the command line and none of its options.

    It is empty where there is nothing else to say. What programs read as JSON is the first, from
    whichever host.
    """

    command_line: str
    editor: str

    def between(self, before: str = "", after: str = "") -> Wording:
        """Return the same amid words that both have."""
        return Wording(
            f"{before}{self.command_line}{after}",
            f"{before}{self.editor}{after}",
        )


Words = str | Wording
"""A plain text is said alike everywhere."""


def at_command_line(words: Words) -> str:
    """Return what the command line says, and JSON."""
    return words.command_line if isinstance(words, Wording) else words


def in_editor(words: Words) -> str:
    """Return what an editor says."""
    return words.editor if isinstance(words, Wording) else words
