"""The kills of a run, summed up at its end; those of all workers together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS: Counter[tuple[str, str, str, str]] = Counter()
"""How often which verb, with which backend, was killed in whom, and what was there afterwards."""

_KEY = "pinfold-kills"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of a worker to the process that has several."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = [[*key, count] for key, count in KILLS.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the counts of a worker."""
    for *key, count in getattr(node, "workeroutput", {}).get(_KEY, ()):
        KILLS[tuple(key)] += count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if KILLS:
        terminalreporter.section("killed, and started again")
        for line in _lines():
            terminalreporter.write_line(line)


def _lines() -> Iterator[str]:
    for verb, backend in sorted({key[:2] for key in KILLS}):
        found = {key[2:]: count for key, count in KILLS.items() if key[:2] == (verb, backend)}
        total = sum(found.values())
        said = ", ".join(
            f"{count} in {who}: {outcome}" for (who, outcome), count in sorted(found.items())
        )
        yield f"{verb:<9} {backend:<3} {total:>3} kills ({said})"
