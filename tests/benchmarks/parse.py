"""How fast text becomes a tree, beside ``packaging`` and pip's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from pip._internal.req.constructors import install_req_from_line
from pip._internal.req.req_file import get_line_parser, preprocess

from pinfold.core.formats.requirements import parse_requirements
from tests.benchmarks.inputs import typical_lines
from tests.benchmarks.measure import interleaved, ratio

if TYPE_CHECKING:
    from tests.benchmarks.report import Row

LINES = 10_000


def measure(rounds: int) -> list[Row]:
    """Parse ten thousand typical lines: tree and texts, and once more with every range."""
    from tests.benchmarks.report import Row

    lines = typical_lines(LINES)
    bare = [line.partition("  #")[0] for line in lines]
    text = "\n".join(lines) + "\n"

    def ours() -> None:
        for line in parse_requirements(text).lines:
            assert line.texts

    def ours_with_ranges() -> None:
        for line in parse_requirements(text).lines:
            assert line.entry

    def packaging() -> None:
        for line in bare:
            Requirement(line)

    def pip() -> None:
        parse = get_line_parser(None)
        for _, line in preprocess(text):
            arguments, _options = parse(line)
            install_req_from_line(arguments)

    figures = interleaved(
        {"texts": ours, "ranges": ours_with_ranges, "packaging": packaging, "pip": pip},
        rounds=rounds,
    )
    texts, ranges = figures["texts"], figures["ranges"]
    return [
        Row(
            "parse 10,000 lines: tree, name, extras, specifier, URL and marker of each",
            "`packaging.requirements.Requirement`",
            texts.median,
            figures["packaging"].median,
            1 / ratio(texts, figures["packaging"]),
            "faster",
            "≥ 8 ×",
        ),
        Row(
            "the same",
            "pip's line parser and constructor",
            texts.median,
            figures["pip"].median,
            1 / ratio(texts, figures["pip"]),
            "faster",
            "",
        ),
        Row(
            "the same, with an object and a range for every part",
            "`packaging.requirements.Requirement`",
            ranges.median,
            figures["packaging"].median,
            1 / ratio(ranges, figures["packaging"]),
            "faster",
            "",
        ),
    ]
