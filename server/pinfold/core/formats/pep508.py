"""PEP 508 as ``packaging`` judges it: whether a text is a requirement or a marker, and why not.

Owns the limits on what reaches ``packaging``, whose version ranges take quadratic time and whose
marker parser recurses. Remembers no places.
"""

from __future__ import annotations

import re
import warnings
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from pinfold.core.formats.problem import Problem, ProblemKind
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement as PackagingRequirement

MAX_CLAUSES = 100
"""The most clauses of one specifier that reach ``packaging``, whose ranges take quadratic time."""

MAX_DEPTH = 100
"""The deepest nesting of parentheses that reaches ``packaging``, whose marker parser recurses."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def judge_marker(text: str) -> Problem | None:
    """Return why *text* is no marker; the problem's range means nothing yet."""
    nowhere = TextRange(0, 0)
    if _depth(text) > MAX_DEPTH:
        return Problem(
            ProblemKind.TOO_COMPLEX,
            f"marker nests parentheses deeper than {MAX_DEPTH} levels",
            nowhere,
        )
    from packaging.markers import Marker

    try:
        with _without_warnings(text):
            Marker(text)
    except ValueError as error:
        return Problem(ProblemKind.INVALID_MARKER, _first_line(error), nowhere)
    return None


def read_with_packaging(text: str) -> PackagingRequirement | str:
    """Return *text* parsed, or why it cannot be."""
    from packaging.requirements import Requirement as PackagingRequirement

    try:
        with _without_warnings(text):
            parsed = PackagingRequirement(text)
            # Builds every version: one of more digits than Python converts fails only here.
            str(parsed.specifier)
            hash(parsed.specifier)
            return parsed
    except ValueError as error:
        return _first_line(error)


def _without_warnings(text: str) -> AbstractContextManager[None]:
    # packaging evaluates quoted strings with ast, which warns of an escape such as '\\d'. pip's
    # users never see that either.
    return _ignored_warnings() if "\\" in text else nullcontext()


@contextmanager
def _ignored_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def too_complex(text: str) -> str | None:
    """Return why *text* must not reach ``packaging``, or ``None``."""
    if text.count(",") >= MAX_CLAUSES:
        outside = re.sub(r"\[[^\[\]]*\]", "", text)
        if outside.count(",") >= MAX_CLAUSES:
            count = outside.count(",") + 1
            return f"specifier has {count:,} clauses, and at most {MAX_CLAUSES} are read"
    if _depth(text) > MAX_DEPTH:
        return f"requirement nests parentheses deeper than {MAX_DEPTH} levels"
    return None


def _depth(text: str) -> int:
    if text.count("(") <= MAX_DEPTH:
        return 0
    deepest = depth = 0
    for character in _QUOTED.sub("", text):
        if character == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif character == ")":
            depth -= 1
    return deepest


def _first_line(error: ValueError) -> str:
    message = str(error).partition("\n")[0]
    return message[:1].lower() + message[1:]
