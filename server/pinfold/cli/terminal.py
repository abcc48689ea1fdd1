"""What a terminal may be shown: safe text, its width, colours, and progress that comes and goes.

Owns the promise that nothing of a file or of its name reaches the terminal as anything but visible
characters. Knows nothing of findings.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TextIO

DEFAULT_WIDTH = 120


class Ink:
    """The SGR parameters that are used; a name says what for."""

    BOLD = "1"
    DIM = "2"
    ERROR = "1;31"
    WARNING = "1;33"
    INFO = "1;36"
    HINT = "1;34"
    ADDED = "32"
    REMOVED = "31"
    HUNK = "36"


@dataclass(frozen=True, slots=True)
class Screen:
    """A text stream, whether it takes colours, and how many columns it has."""

    stream: TextIO | None
    color: bool
    width: int = DEFAULT_WIDTH

    @classmethod
    def of(cls, stream: TextIO | None, choice: str, environment: Mapping[str, str]) -> Screen:
        """Look at *stream*; *choice* is ``auto``, ``always`` or ``never``."""
        width = DEFAULT_WIDTH
        if is_terminal(stream):
            import shutil

            width = max(40, shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns)
        return cls(stream, _wants_color(stream, choice, environment), width)

    def paint(self, text: str, ink: str) -> str:
        """Return *text* in a colour, if this screen takes any."""
        return f"\x1b[{ink}m{text}\x1b[0m" if self.color and text else text

    def write(self, text: str) -> None:
        """Write *text*; what the stream's encoding lacks is written as an escape."""
        stream = self.stream
        if stream is None:
            return
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def write_bytes(self, data: bytes) -> None:
        """Write *data* as it is."""
        stream = self.stream
        if stream is None:
            return
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            self.write(data.decode("utf-8", "backslashreplace"))
            return
        stream.flush()
        buffer.write(data)
        buffer.flush()


def complain(message: str) -> None:
    """Tell a person on standard error what went wrong; *message* may hold foreign text."""
    Screen(sys.stderr, color=False).write(f"pinfold: {visible(message)}\n")


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person reads *stream* on a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def visible(text: str) -> str:
    r"""Return *text* with every character that is not plainly visible as an escape (``\x1b``)."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else escaped(character) for character in text
    )


def escaped(character: str) -> str:
    r"""Return the escape of one character, as Python writes it."""
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(character: str) -> int:
    """Return how many columns a printable character takes on a terminal."""
    if character.isascii():
        return 1
    import unicodedata

    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a phrase that names what *name* was probably meant to be, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(name[:100].lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def counted(count: int, noun: str) -> str:
    """Return *count* with *noun*, whose plural takes an ``s``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Progress:
    """A line on standard error that says how far the work is, where somebody waits for it.

    Shown only on a terminal, and only once the work has lasted a second. Whoever writes to the
    terminal calls :meth:`hide` before.
    """

    def __init__(
        self, stream: TextIO | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream if is_terminal(stream) else None
        self._clock = clock
        self._next_s = self._clock() + _PATIENCE_S
        self._shown = False

    def show(self, text: str) -> None:
        """Say *text*, if it is time to."""
        if self._stream is None:
            return
        now = self._clock()
        if now < self._next_s:
            return
        self._next_s = now + _INTERVAL_S
        self._shown = True
        self._stream.write(f"\r\x1b[K{visible(text)}")
        self._stream.flush()

    def hide(self) -> None:
        """Take the line away."""
        if self._shown and self._stream is not None:
            self._shown = False
            self._stream.write("\r\x1b[K")
            self._stream.flush()


_PATIENCE_S = 1.0
_INTERVAL_S = 0.1

_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def _wants_color(stream: TextIO | None, choice: str, environment: Mapping[str, str]) -> bool:
    if choice != "auto":
        return choice == "always"
    # https://no-color.org and https://force-color.org: any value but an empty one counts.
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and environment.get("TERM") != "dumb"
