"""Every part that is read stands where its range says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinfold.core.formats.requirements import LogicalLine, parse_requirements
from pinfold.core.model.dependency import Dependency, Part
from tests.oracle.lines import generate_files, generate_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.model.text import TextRange

Named = tuple[str, Part]


def check_ranges(text: str) -> None:
    """Check the range of everything that is read in *text*."""
    for line in parse_requirements(text).lines:
        for span in _ranges(line):
            assert 0 <= span.start <= span.end <= len(line), repr(line)
        for name, part in _parts(line):
            raw = part.range.of(line.text)
            # A backslash continues a line or escapes; a quote is part of a word and not of its
            # text. Where neither lies inside, the raw line has exactly what was read.
            if not any(mark in raw for mark in "\\'\""):
                assert part.text == raw, (name, line)
            else:
                assert len(raw) >= len(part.text) or name == "atom", (name, line)


def test_generated_lines() -> None:
    """Generated lines of all kinds, right and wrong."""
    for line in generate_lines(2, 6000):
        check_ranges(line.text)


def test_generated_files() -> None:
    """Generated files with all line ends."""
    for text in generate_files(2, 300):
        check_ranges(text)


@settings(max_examples=500)
@given(st.text() | st.text(alphabet="ab=\\#\n\r\x0c -;r[]@'\",1.e/:(<"))
def test_any_text(text: str) -> None:
    """Text of any kind."""
    check_ranges(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "foo[a, b] >= 1 , < 2 ; os_name == 'x' or extra=='y' # c",
            (
                "name:foo extra:a extra:b specifier:>= 1 , < 2 clause:>= 1 clause:< 2 "
                "marker:os_name == 'x' or extra=='y' atom:os_name == 'x' atom:extra=='y' "
                "comment:# c"
            ),
        ),
        ("foo @ https://h/x.zip ; extra=='a'", None),
        (
            "foo==1 --hash=sha256:ab -C 'a=b c'",
            (
                "name:foo specifier:==1 clause:==1 "
                "spelling:--hash value:sha256:ab spelling:-C value:a=b c"
            ),
        ),
        ("-e 'a b/c[x]'", "target:a b/c[x] extra:x path:a b/c spelling:-e value:a b/c[x]"),
        ("-r a b 'c d'", "target:a spelling:-r value:a stray:b stray:'c d'"),
        ("--req'uirem'ent=x", "target:x spelling:--req'uirem'ent value:x"),
        (
            "fo\\\no==\\\n  1",
            "name:fo\\\no specifier:==\\\n  1 clause:==\\\n  1",
        ),
        ("a @ https://h/x \\\n ; os_name\\\n=='x'", None),
        ("\\foo\\\n==1", "name:foo specifier:==1 clause:==1"),
    ],
)
def test_known_ranges(text: str, expected: str | None) -> None:
    """Known lines have known parts at known places."""
    (line,) = parse_requirements(text).lines
    found = " ".join(f"{name}:{part.range.of(text)}" for name, part in _parts(line))
    check_ranges(text)

    assert expected in (None, found)


def _parts(line: LogicalLine) -> Iterator[Named]:
    entry = line.entry
    if entry is not None:
        if entry.target is not None and entry.kind.value != "requirement":
            yield "target", entry.target
        if entry.requirement is not None:
            yield from _dependency_parts(entry.requirement.parts)
        for option in entry.options:
            yield "spelling", option.spelling
            if option.value is not None:
                yield "value", option.value
        for part in entry.stray:
            yield "stray", part
    if line.comment is not None:
        yield "comment", line.comment


def _dependency_parts(parts: Dependency) -> Iterator[Named]:
    for name in ("name", "extras", "specifier", "clauses", "url", "path", "marker", "atoms"):
        value: Part | tuple[Part, ...] | None = getattr(parts, name)
        if isinstance(value, Part):
            yield name, value
        elif value is not None:
            for part in value:
                yield name.removesuffix("s"), part


def _ranges(line: LogicalLine) -> Iterator[TextRange]:
    for _, part in _parts(line):
        yield part.range
    entry = line.entry
    if entry is not None:
        yield entry.range
        if entry.problem is not None:
            yield entry.problem.range
        for option in entry.options:
            yield option.range
