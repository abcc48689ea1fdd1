"""Input made to hurt: an answer for all of it, and nothing lost.

Time is not measured here: quadratic time would be seen as a test that never ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinfold.core.formats.document import Document
from pinfold.core.formats.entry import MAX_LINE_LENGTH, EntryKind
from pinfold.core.formats.pep508 import MAX_CLAUSES, MAX_DEPTH
from pinfold.core.formats.problem import ProblemKind
from pinfold.core.formats.requirements import parse_requirements

if TYPE_CHECKING:
    from collections.abc import Mapping

MEGA = 1_000_000
_ATOM = "os_name=='x'"

# The kind of problem, or None where pip takes the line or the file says nothing.
HOSTILE: Mapping[str, tuple[str, ProblemKind | None]] = {
    "blanks": (" " * MEGA, None),
    "blanks inside": ("a" + " " * MEGA + "b", ProblemKind.TOO_COMPLEX),
    "no-break spaces": ("a" + "\u00a0" * 200_000 + "b", ProblemKind.INVALID_REQUIREMENT),
    "hashes": ("#" * MEGA, None),
    "hashes after a name": ("a " + "#" * MEGA, None),
    "hashes and blanks": ("a" + " #" * (MEGA // 2), None),
    "hashes glued to a name": ("a" + "#" * 200_000, ProblemKind.INVALID_REQUIREMENT),
    "backslashes": ("\\" * MEGA, None),
    "backslashes and blanks": ("\\ " * 100_000 + "a", ProblemKind.INVALID_REQUIREMENT),
    "continuations": ("a\\\n" * 100_000, None),
    "continued comments": ("a # \\\n" * 100_000, None),
    "clauses": ("a" + ",".join(["!=1"] * 100_000), ProblemKind.TOO_COMPLEX),
    "clauses below the length": ("a" + ",".join([">1"] * 50_000), ProblemKind.TOO_COMPLEX),
    "parentheses": ("a; " + "(" * 10_000 + _ATOM + ")" * 10_000, ProblemKind.TOO_COMPLEX),
    "open parentheses": ("a; " + "(" * 10_000, ProblemKind.TOO_COMPLEX),
    "parentheses around a version": ("a" + "(" * 10_000 + "==1", ProblemKind.TOO_COMPLEX),
    "parentheses in an editable": ("-e a" + "(" * 10_000, ProblemKind.TOO_COMPLEX),
    "atoms": ("a; " + " and ".join([_ATOM] * 10_000), None),
    "extras": ("a[" + ",".join(["b"] * 50_000) + "]", None),
    "opening brackets": ("a" + "[" * 200_000 + "]", ProblemKind.INVALID_REQUIREMENT),
    "brackets and commas": ("a" + "[," * 100_000, ProblemKind.TOO_COMPLEX),
    "a long line": ("a" * 5 * MEGA, ProblemKind.TOO_COMPLEX),
    "dashes": ("-" * 200_000, ProblemKind.UNKNOWN_OPTION),
    "separate dashes": (" -" * 100_000, None),
    "quotes": ("-r " + "'\"" * 100_001, ProblemKind.UNSPLITTABLE),
    "options": ("a" + " --hash=sha256:a" * 10_000, None),
    "slashes": ("a/" * 100_000, None),
    "parents": ("../" * 50_000, None),
    "eggs": ("https://h/#egg=" + "a." * 100_000, ProblemKind.INVALID_URL),
    "at signs": ("a@" * 100_000, None),
    "semicolons": (";" * 200_000, ProblemKind.INVALID_MARKER),
    "variables": ("${A}" * 50_000, ProblemKind.INVALID_REQUIREMENT),
    "a long version": ("a==" + "1." * 100_000 + "1", None),
    "a number of many digits": ("a==" + "1" * 200_000 + "x", ProblemKind.INVALID_REQUIREMENT),
    "carriage returns": ("\r" * 200_000, None),
    "form feeds": ("\x0c" * 200_000, None),
    "NULs": ("\0" * 200_000, ProblemKind.INVALID_REQUIREMENT),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text(name: str) -> None:
    """A line that hurts is read, or refused for what it is."""
    text, expected = HOSTILE[name]
    document = Document.read(text)
    problems = [entry.problem for _, entry in document.entries if entry.problem is not None]

    assert text == "".join(line.text for line in document.lines)
    assert ([] if expected is None else [expected]) == [problem.kind for problem in problems]


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ("a" * MAX_LINE_LENGTH, "a" * (MAX_LINE_LENGTH + 1)),
        ("a" + ",".join(["!=1"] * MAX_CLAUSES), "a" + ",".join(["!=1"] * (MAX_CLAUSES + 1))),
        ("a " + ",".join([" >1"] * MAX_CLAUSES), "a " + ",".join([" >1"] * (MAX_CLAUSES + 1))),
        (
            "a; " + "(" * MAX_DEPTH + _ATOM + ")" * MAX_DEPTH,
            "a; " + "(" * (MAX_DEPTH + 1) + _ATOM + ")" * (MAX_DEPTH + 1),
        ),
    ],
    ids=["length", "clauses", "spaced clauses", "depth"],
)
def test_limits_are_exact(within: str, beyond: str) -> None:
    """The last line that is within a limit is read, the first beyond it is refused."""
    (last,), (first,) = parse_requirements(within).lines, parse_requirements(beyond).lines
    assert last.entry is not None
    assert first.entry is not None

    assert EntryKind.REQUIREMENT is last.entry.kind
    assert first.entry.problem is not None
    assert ProblemKind.TOO_COMPLEX is first.entry.problem.kind


def test_refused_line_keeps_its_place() -> None:
    """A line that is too long says so in a short range, and the lines around it are read."""
    text = "a==1\n" + "b" * (MAX_LINE_LENGTH + 1) + "\nc==1\n"
    _, refused, last = parse_requirements(text).lines
    assert refused.entry is not None
    assert refused.entry.problem is not None

    assert (0, 80) == (refused.entry.problem.range.start, refused.entry.problem.range.end)
    assert "c" == last.name
