"""Pinfold reads what pip reads: generated lines and files, and real ones with random damage."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.oracle.comparison import (
    LOCAL_PATH,
    MEANT,
    SLOW_CODEC,
    TOO_COMPLEX,
    Comparison,
    Difference,
)
from tests.oracle.counts import record_counts
from tests.oracle.coverage_of_pip import coverage_of_pip
from tests.oracle.damage import damaged_bytes, damaged_line, fragments
from tests.oracle.lines import generate_files, generate_lines
from tests.oracle.pip_reading import PipReader, pip_context
from tests.oracle.real_files import shared_files

LINES = int(os.environ.get("PINFOLD_ORACLE_LINES", "100000"))
"""How many generated lines are compared; a run on a further interpreter may ask for fewer."""

CHUNKS = 20
SEED = 26_300
DIFFERENCES_PAGE = Path(__file__).parents[2] / "docs" / "pip-differences.md"

Record = Callable[[str, object], None]


@pytest.fixture
def pip() -> Iterator[PipReader]:
    """A pip in an empty directory without variables."""
    with pip_context() as reader:
        yield reader


def check_agreement(comparison: Comparison) -> None:
    """Check that every difference is a documented one."""
    told = "\n".join(str(difference) for difference in comparison.differences[:5])
    assert [] == comparison.differences, told


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_generated_lines(pip: PipReader, record_property: Record, chunk: int) -> None:
    """Every generated line reads as pip reads it, and pip refuses a quarter of them or more."""
    comparison = Comparison(pip)
    count = LINES // CHUNKS
    for line in generate_lines(SEED + chunk, count):
        comparison.compare(line.text)
    record_counts(record_property, "generated lines", comparison)

    check_agreement(comparison)
    assert count == comparison.texts
    assert comparison.rejected >= count / 4


@pytest.mark.parametrize("chunk", range(4))
def test_generated_files(pip: PipReader, record_property: Record, chunk: int) -> None:
    """Every generated file reads as pip reads it, line ends of all kinds included."""
    comparison = Comparison(pip)
    for text in generate_files(SEED + chunk, LINES // 200):
        comparison.compare(text)
    record_counts(record_property, "generated files", comparison)

    check_agreement(comparison)


def test_compared_lines_reach_pips_parser(pip: PipReader, record_property: Record) -> None:
    """The first of the compared lines and files run at least 95 % of pip's functions."""
    lines = [line.text for line in generate_lines(SEED, 1500)]
    coverage = coverage_of_pip(pip, lines, islice(generate_files(SEED, 50), 50))
    called = len(coverage.called)
    record_counts(
        record_property,
        "generated lines",
        Comparison(pip),
        **{"functions called": called, "functions": called + len(coverage.missed)},
    )

    assert coverage.share >= 0.95, coverage.missed


def test_damaged_lines(pip: PipReader, record_property: Record) -> None:
    """A line with characters lost, doubled or put in reads as pip reads it."""
    random = Random(SEED)
    comparison = Comparison(pip)
    originals = [line.text for line in generate_lines(SEED, 2000)] + _real_lines()
    for _ in range(LINES // 20):
        comparison.compare(damaged_line(random, random.choice(originals)))
    record_counts(record_property, "damaged lines", comparison)

    check_agreement(comparison)


def test_random_fragments(pip: PipReader, record_property: Record) -> None:
    """Pieces of the format in any order read as pip reads them."""
    random = Random(SEED)
    comparison = Comparison(pip)
    for _ in range(LINES // 20):
        comparison.compare(fragments(random))
    record_counts(record_property, "fragments", comparison)

    check_agreement(comparison)


def test_damaged_bytes(pip: PipReader, record_property: Record) -> None:
    """A file of damaged bytes is decoded, and then read, as pip does it."""
    random = Random(SEED)
    comparison = Comparison(pip)
    originals = [text.encode() for text in generate_files(SEED, 100)]
    originals += [path.read_bytes() for path in shared_files()]
    for _ in range(LINES // 100):
        comparison.compare_bytes(damaged_bytes(random, random.choice(originals)))
    record_counts(record_property, "damaged files", comparison)

    check_agreement(comparison)


# One text, or file, of each meant difference.
_DEEP = "a; " + "(" * 101 + "os_name == 'x'" + ")" * 101
MEANT_EXAMPLES: Mapping[str, list[str | bytes]] = {
    LOCAL_PATH: ["./a", "a/b[X] ; extra == 'x'", "-e ./a -e ./b", "-e a"],
    TOO_COMPLEX: ["a" * (1 << 18) + "b", "a" + ",".join(["!=1"] * 101), _DEEP],
    SLOW_CODEC: [b"# coding: punycode\n" + b"a\n" * 40_000],
}


@pytest.mark.parametrize("identifier", sorted(MEANT))
def test_meant_difference(pip: PipReader, identifier: str) -> None:
    """Each meant difference exists, and is told from the others and from bugs."""
    for example in MEANT_EXAMPLES[identifier]:
        comparison = Comparison(pip)
        if isinstance(example, bytes):
            comparison.compare_bytes(example)
        else:
            comparison.compare(example)

        assert [] == comparison.differences
        assert {identifier: 1} == comparison.meant


def test_meant_differences_are_documented() -> None:
    """The page has a section for each meant difference, and none for any other."""
    text = DIFFERENCES_PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^### `([a-z-]+)`", text, re.MULTILINE)

    assert sorted(MEANT) == sorted(listed)


def test_local_paths_are_compared_where_they_exist(pip: PipReader) -> None:
    """That a path may be missing excuses no other difference on its line."""
    comparison = Comparison(pip)
    comparison.compare("./a ; extra == 'x'\n./b[x]\n")
    (reading, _) = pip.read_with_paths_present("./a ; extra == 'x'\n./b[x]\n")

    assert ("./a", 'extra == "x"') == (reading.target, reading.marker)
    assert 2 == comparison.meant[LOCAL_PATH]
    assert list[Difference]() == comparison.differences


def _real_lines() -> list[str]:
    lines: list[str] = []
    for path in shared_files():
        text = path.read_bytes().decode("utf-8", "replace")
        lines += [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    return lines
