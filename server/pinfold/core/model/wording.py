"""Texts that name a command: in the words of the command line, and in those of an editor.

Owns the choice between the two. Whoever has nothing but an editor may not even have a `pinfold` to
run: he is told of the command in the palette, or of nothing. A host asks for its words when it
shows a text, and never before, so that no text is made for one host and shown by the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from shlex import quote


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is about an environment; `text` says of none, so the nearest is meant.

    `option` goes before the environment's folder where that is named.
    """

    text: str
    option: str = ""

    def on(self, environment: str) -> str:
        """Return the command for an environment, which is given as a shell takes it."""
        return " ".join(filter(None, (self.text, self.option, environment)))


@dataclass(frozen=True, slots=True)
class Wording:
    """The same advice twice; `editor` names no command of the command line and none of its options.

    It is empty where there is nothing else to say. What programs read as JSON is the first, from
    whichever host. `command` is what stands between backticks in `command_line`, where that is
    about an environment.
    """

    command_line: str
    editor: str
    command: Command | None = None

    def between(self, before: str = "", after: str = "") -> Wording:
        """Return the same amid words that both have."""
        return replace(
            self,
            command_line=f"{before}{self.command_line}{after}",
            editor=f"{before}{self.editor}{after}",
        )


Words = str | Wording
"""A plain text is said alike everywhere."""


def at_command_line(words: Words, environment: str | None = None) -> str:
    """Return what the command line says, and JSON.

    *environment* is the one that it is about, as a shell takes it: whoever copies a command must
    not come upon another one with it.
    """
    if not isinstance(words, Wording):
        return words
    text, command = words.command_line, words.command
    if command is None or environment is None:
        return text
    return text.replace(f"`{command.text}`", f"`{command.on(environment)}`")


def as_argument(path: str) -> str:
    """Return *path* as a shell takes it in a command that is to be copied."""
    # One that begins with a dash would be an option.
    return quote(f"./{path}" if path.startswith("-") else path)


def in_editor(words: Words) -> str:
    """Return what an editor says."""
    return words.editor if isinstance(words, Wording) else words
