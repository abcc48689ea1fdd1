"""How often uv and pip agreed with us on conflicts, printed at the end of a test run.

A pytest plugin, like :mod:`tests.oracle.counts`, which adds up over all workers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

_PROPERTY = "conflicts between requirements"


def record_conflicts(
    record: Callable[[str, object], None], asked: str, counts: Mapping[str, int]
) -> None:
    """Hand in what came of asking the tool *asked*, through pytest's ``record_property``."""
    record(_PROPERTY, {"of": asked, "counts": dict(counts)})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each tool that was asked."""
    totals: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == _PROPERTY and report.when == "call":
                    counted = cast("dict[str, dict[str, int]]", value)
                    of_what = cast("str", value["of"])
                    totals.setdefault(of_what, Counter()).update(counted["counts"])
    if not totals:
        return
    terminalreporter.section("conflicts between requirements")
    for asked, counts in sorted(totals.items()):
        terminalreporter.write_line(
            f"{asked}: {counts['pairs']:,} pairs of requirement sets,"
            f" {counts['conflicts']:,} in conflict, asked {counts['asked']:,} times,"
            f" {counts['differences']} differences"
        )
