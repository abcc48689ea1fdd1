"""What was measured, as a page and as JSON beside it."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: medians in milliseconds (megabytes for memory), and the ratio of interest.

    `direction` says how to read `ratio`: so many times "faster", or so much "of its time".
    """

    what: str
    against: str
    ours: float
    theirs: float
    ratio: float
    direction: str
    goal: str


def write_report(rows: Sequence[Row], counts: Mapping[str, int], docs: Path) -> None:
    """Write ``performance.md`` and ``performance.json`` into *docs*."""
    machine = f"CPython {platform.python_version()} on {sys.platform}, {platform.machine()}"
    (docs / "performance.json").write_text(
        json.dumps(
            {
                "version": 1,
                "machine": machine,
                "rows": [asdict(row) for row in rows],
                "treeFindings": dict(counts),
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n",
        encoding="utf-8",
    )
    (docs / "performance.md").write_text(_page(rows, counts, machine), encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    """Return *rows* as a Markdown table."""
    lines = [
        "| what | against | ours | theirs | ratio | goal |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.what} | {row.against} | {row.ours:.1f} | {row.theirs:.1f} "
        f"| {row.ratio:.2f} × {row.direction} | {row.goal or '–'} |"
        for row in rows
    ]
    return "\n".join(lines)


def _page(rows: Sequence[Row], counts: Mapping[str, int], machine: str) -> str:
    found = "\n".join(f"| `{name}` | {count:,} |" for name, count in counts.items())
    return f"""<!-- Written by `make bench` (tests/benchmarks/report.py). Do not edit. -->

# Performance

Measured by `make bench` on {machine}.
Every row compares two programs that ran interleaved, in random order, in one run.
Milliseconds (megabytes for memory) are medians; they hold for one machine on one day, so read the
ratios.
All rules are on at their default severities.
A keystroke ends when the client has read the whole message; it parses nothing of it but the
version, since the baseline publishes one diagnostic and Pinfold hundreds.

{table(rows)}

What the tree of 5,000 files gives, by rule:

| rule | findings |
|---|---|
{found}
"""
