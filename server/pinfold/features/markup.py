"""Text for people, in Markdown and without it.

Owns the one way by which foreign text (a file's, an index's) gets into Markdown: nothing of it
becomes a link, an image, HTML or any other markup. Knows nothing of what is said.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_FOREIGN_LENGTH = 500
"""How much of one foreign text is shown, in code points."""


@dataclass(frozen=True, slots=True)
class Markup:
    """The same words twice: for clients that show Markdown, and for those that do not.

    Invariant: foreign text stands in `markdown` in escaped form only.
    """

    markdown: str
    plain: str

    def __add__(self, other: Markup) -> Markup:
        return Markup(self.markdown + other.markdown, self.plain + other.plain)


def written(markdown: str) -> Markup:
    """Return Markdown that Pinfold's own authors wrote, such as a rule's documentation."""
    return Markup(markdown, markdown)


def foreign(text: str) -> Markup:
    """Return *text* as plain words on one line."""
    shown = _one_line(text)
    return Markup(_PUNCTUATION.sub(r"\\\g<0>", shown), shown)


def code(text: str) -> Markup:
    """Return *text* as a code span on one line."""
    shown = _one_line(text)
    if not shown:
        return Markup("", "")
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return Markup(f"{fence}{padding}{shown}{padding}{fence}", shown)


def message(text: str) -> Markup:
    """Return a finding's message: foreign text in which pairs of backticks enclose code.

    A backtick that the file itself brought into the message may pair up wrongly; then other words
    are set as code, and nothing worse happens.
    """
    pieces = _one_line(text).split("`")
    if len(pieces) % 2 == 0:
        return foreign(text)
    shown = Markup("", "")
    for index, piece in enumerate(pieces):
        if index % 2:
            shown += Markup(code(piece).markdown, f"`{piece}`")
        else:
            shown += _with_outer_spaces(piece)
    return shown


def without_backticks(text: str) -> str:
    """Return a message as it is said where nothing is set as code: without the backticks.

    Line by line, and as in :func:`message` only where they pair up: a single one is part of what is
    quoted.
    """
    return "\n".join(
        line if line.count("`") % 2 else line.replace("`", "") for line in text.split("\n")
    )


def paragraphs(parts: Iterable[Markup]) -> Markup:
    """Return *parts* with a blank line between them."""
    kept = [part for part in parts if part.plain]
    return Markup(
        "\n\n".join(part.markdown for part in kept), "\n\n".join(part.plain for part in kept)
    )


_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_BACKTICKS = re.compile("`+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _one_line(text: str) -> str:
    if len(text) > MAX_FOREIGN_LENGTH:
        text = text[: MAX_FOREIGN_LENGTH - 1] + "…"
    # Line ends would begin lists, headings and code blocks, and so would indentation.
    return "".join(map(_visible, " ".join(text.split())))


def _visible(character: str) -> str:
    # Characters that turn the direction of writing, or are not seen, make a text lie.
    if character.isascii() and character.isprintable():
        return character
    if unicodedata.category(character) in _INVISIBLE:
        return f"<U+{ord(character):04X}>"
    return character


def _with_outer_spaces(piece: str) -> Markup:
    before = " " if piece[:1] == " " else ""
    after = " " if len(piece) > 1 and piece[-1:] == " " else ""
    return Markup(before, before) + foreign(piece) + Markup(after, after)
