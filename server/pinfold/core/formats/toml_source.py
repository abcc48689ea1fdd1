"""Where the keys and values of a TOML document stand in its text.

Owns positions only: what a document means comes from ``tomllib`` (``tomli`` before Python 3.11),
which tells no positions, and which has accepted a text before this scanner looks at it. Refuses to
know what any key is for.

Format: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Any

from pinfold.core.model.text import TextRange

TomlPath = tuple[str | int, ...]
"""Keys from the root inwards; an integer is the index of an element of an array."""


@dataclass(frozen=True, slots=True)
class TomlLocation:
    """Where one key of a document stands, and what it is set to.

    For a table with a header both are the header. For an element of an array, `key` is `value`.
    """

    key: TextRange
    value: TextRange


@dataclass(frozen=True, slots=True)
class TomlError:
    """Why a text is no TOML: *message* without the position, which is `range`."""

    range: TextRange
    message: str


@dataclass(frozen=True, slots=True)
class TomlDocument:
    """The content of a TOML text, and where it stands."""

    content: dict[str, Any]
    text: str
    _found: dict[TomlPath, TomlLocation] = field(default_factory=dict, repr=False, compare=False)

    def find(self, path: TomlPath) -> TomlLocation | None:
        """Return where *path* stands, or ``None`` where the document has no such key.

        The text is scanned at the first call, since most documents have nothing to complain of.
        """
        if not self._found:
            self._found.update(_Scanner(self.text).scan())
        return self._found.get(path)

    def key_range(self, path: TomlPath) -> TextRange:
        """Return the range of the key, or of what encloses it nearest, or the file's start."""
        return self._nearest(path).key

    def value_range(self, path: TomlPath) -> TextRange:
        """Return the range of the value, or of what encloses it nearest, or the file's start."""
        return self._nearest(path).value

    def _nearest(self, path: TomlPath) -> TomlLocation:
        while path:
            location = self.find(path)
            if location is not None:
                return location
            path = path[:-1]
        return TomlLocation(TextRange(0, 0), TextRange(0, 0))


def parse_toml(text: str) -> TomlDocument | TomlError:
    """Read *text*, or say where it stops being TOML."""
    try:
        return TomlDocument(_loads(text), text)
    except RecursionError:
        return TomlError(TextRange(0, 0), "too deeply nested")
    except ValueError as error:
        # TOMLDecodeError is a ValueError; a number of 5,000 digits raises a plain one.
        return _error(text, str(error))


def _loads(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


# "Expected '=' after a key in a key/value pair (at line 3, column 5)", "... (at end of document)".
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def _error(text: str, message: str) -> TomlError:
    match = _POSITION.search(message)
    if match is None:
        return TomlError(TextRange(0, 0), _house_style(message))
    lines = text.split("\n")
    if match[1] is None:
        line = max((index for index, line in enumerate(lines) if line.strip()), default=0)
        column = len(lines[line])
    else:
        line, column = min(int(match[1]), len(lines)) - 1, int(match[2]) - 1
    start = sum(len(before) + 1 for before in lines[:line])
    content = lines[line].rstrip()
    # At the end of a line there is nothing to underline but the line itself.
    first = column if column < len(content) else len(content) - len(content.lstrip())
    return TomlError(
        TextRange(start + first, start + max(first, len(content))),
        _house_style(message[: match.start()]),
    )


def _house_style(message: str) -> str:
    return message[:1].lower() + message[1:]


_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
# A date and its time may be parted by a space.
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]+")
_STRUCTURE = re.compile(r'["\'#\[\]{}]')

# tomllib gives up at several hundred levels; what lies deeper than this is skipped, not recursed
# into, and so found under the innermost enclosing value.
_DEEPEST = 64


class _Unscannable(Exception):
    """The text is not what the scanner takes for TOML; what it found until there stands."""


class _Scanner:
    """One pass over a document that ``tomllib`` has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._found: dict[TomlPath, TomlLocation] = {}
        self._arrays: dict[TomlPath, int] = {}

    def scan(self) -> dict[TomlPath, TomlLocation]:
        """Return the location of every key of the document."""
        table: TomlPath = ()
        try:
            self._skip(_BLANK)
            while self._position < len(self._text):
                if self._text[self._position] == "[":
                    table = self._header()
                else:
                    self._pair(table, 0)
                self._skip(_BLANK)
        except _Unscannable:
            pass
        return self._found

    def _header(self) -> TomlPath:
        start = self._position
        is_array = self._text.startswith("[[", start)
        self._position += 2 if is_array else 1
        parts = self._key()
        self._position += 2 if is_array else 1
        header = TextRange(start, self._position)
        path: TomlPath = ()
        for index, (name, range) in enumerate(parts):
            path = (*path, name)
            is_last = index == len(parts) - 1
            if is_last and is_array:
                element = self._arrays.get(path, -1) + 1
                self._arrays[path] = element
                self._found.setdefault(path, TomlLocation(header, header))
                path = (*path, element)
                self._found[path] = TomlLocation(header, header)
            elif is_last:
                self._found[path] = TomlLocation(header, header)
            else:
                self._found.setdefault(path, TomlLocation(range, range))
                if path in self._arrays:
                    path = (*path, self._arrays[path])
        return path

    def _pair(self, table: TomlPath, depth: int) -> None:
        parts = self._key()
        if not self._text.startswith("=", self._position):
            raise _Unscannable
        self._position += 1
        self._skip(_SPACE)
        path = (*table, *(name for name, _ in parts))
        value = self._value(path, depth)
        for end, (_, range) in enumerate(parts, start=len(table) + 1):
            self._found.setdefault(path[:end], TomlLocation(range, value))

    def _key(self) -> list[tuple[str, TextRange]]:
        parts = []
        while True:
            self._skip(_SPACE)
            start = self._position
            match = _BARE_KEY.match(self._text, start) or _STRING.match(self._text, start)
            if match is None:
                raise _Unscannable
            self._position = match.end()
            parts.append((_unquoted(match[0]), TextRange(start, match.end())))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._position):
                return parts
            self._position += 1

    def _value(self, path: TomlPath, depth: int) -> TextRange:
        start = self._position
        opening = self._text[start : start + 1]
        if opening in ("[", "{") and opening and depth >= _DEEPEST:
            self._skip_brackets()
        elif opening == "[":
            self._array(path, depth + 1)
        elif opening == "{":
            self._inline_table(path, depth + 1)
        else:
            match = _STRING.match(self._text, start) or _SCALAR.match(self._text, start)
            if match is None:
                raise _Unscannable
            self._position = match.end()
        return TextRange(start, self._position)

    def _array(self, path: TomlPath, depth: int) -> None:
        self._position += 1
        index = 0
        while not self._closes("]"):
            element = (*path, index)
            value = self._value(element, depth)
            self._found[element] = TomlLocation(value, value)
            index += 1

    def _inline_table(self, path: TomlPath, depth: int) -> None:
        self._position += 1
        while not self._closes("}"):
            self._pair(path, depth)

    def _closes(self, bracket: str) -> bool:
        """Skip to the next item, or past *bracket* and return true."""
        self._skip(_BLANK)
        if self._text.startswith(",", self._position):
            self._position += 1
            self._skip(_BLANK)
        if not self._text.startswith(bracket, self._position):
            return False
        self._position += 1
        return True

    def _skip_brackets(self) -> None:
        depth = 0
        while True:
            match = _STRUCTURE.search(self._text, self._position)
            if match is None:
                raise _Unscannable
            self._position = match.start()
            if match[0] in "\"'":
                string = _STRING.match(self._text, self._position)
                if string is None:
                    raise _Unscannable
                self._position = string.end()
            elif match[0] == "#":
                self._skip(_BLANK)
            else:
                self._position += 1
                depth += 1 if match[0] in "[{" else -1
                if depth == 0:
                    return

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._position)
        if match is not None:
            self._position = match.end()


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if not key.startswith('"') or "\\" not in key:
        return key.strip('"')
    unquoted: str = _loads(f"key = {key}")["key"]
    return unquoted
