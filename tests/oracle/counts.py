"""What the comparisons with pip have counted, printed at the end of a test run.

A pytest plugin. It adds up what the tests hand in, on however many workers they ran, and prints it
just before pytest's own summary.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from tests.oracle.comparison import Comparison

_PROPERTY = "comparison with pip"
_KINDS = ("requirement", "editable", "include", "constraint", "option", "error", "undecodable")


def record_counts(
    record: Callable[[str, object], None], of_what: str, comparison: Comparison, **more: int
) -> None:
    """Hand in the counts of a comparison of *of_what*, through pytest's ``record_property``."""
    counts = {
        "texts": comparison.texts,
        "rejected": comparison.rejected,
        "undocumented": len(comparison.differences),
        **{f"kind {kind}": count for kind, count in comparison.kinds.items()},
        **{f"meant {identifier}": count for identifier, count in comparison.meant.items()},
        **more,
    }
    record(_PROPERTY, {"of": of_what, "counts": counts})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line of counts for each kind of text that was compared."""
    totals = _totals(terminalreporter)
    if not totals:
        return
    terminalreporter.section("read by pip 26.3 and by Pinfold")
    for of_what, counts in totals.items():
        terminalreporter.write_line(
            f"{of_what}: {counts['texts']:,}, pip refuses a line in {counts['rejected']:,}"
        )
        kinds = ", ".join(
            f"{kind} {counts[f'kind {kind}']:,}" for kind in _KINDS if counts[f"kind {kind}"]
        )
        terminalreporter.write_line(f"  lines: {kinds}")
        if counts["functions"]:
            share = f"{counts['functions called']} of {counts['functions']}"
            terminalreporter.write_line(f"  functions of pip that ran: {share}")
        meant = ", ".join(
            f"{name.removeprefix('meant ')} {count:,}"
            for name, count in sorted(counts.items())
            if name.startswith("meant ")
        )
        terminalreporter.write_line(
            f"  differences: undocumented {counts['undocumented']}; meant: {meant or 'none'}"
        )


def _totals(terminalreporter: pytest.TerminalReporter) -> Mapping[str, Counter[str]]:
    # A worker sends its reports, properties included, to the process that prints.
    totals: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == _PROPERTY and report.when == "call":
                    counted = cast("dict[str, dict[str, int]]", value)
                    of_what = cast("str", value["of"])
                    totals.setdefault(of_what, Counter()).update(counted["counts"])
    return dict(sorted(totals.items()))
