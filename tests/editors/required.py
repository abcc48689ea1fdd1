"""Editors that tests drive, and what becomes of those tests where one is absent.

A pytest plugin. A test that cannot have its editor says so with :func:`absent`: it is skipped, and
the end of the run tells in a section of its own what was not tested. Where the variable
`PINFOLD_REQUIRE_EDITORS` is ``1``, as in CI, it fails instead. What no test was asked for because
it needs the package index stands there, too. Knows nothing of any editor.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REQUIRED = "PINFOLD_REQUIRE_EDITORS"

_MARK = "editor is absent: "

_NEEDS_INDEX = "network"
_LEFT_OUT = pytest.StashKey[set[str]]()
# What a worker of pytest-xdist hands to the process that prints the summary goes by this name.
_OF_WORKER = "pinfold_editor_tests_left_out"


def absent(editor: str, how: str) -> NoReturn:
    """End a test that needs *editor*; *how* says how one gets it."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{editor} is absent, and {REQUIRED}=1 asks for it; {how}", pytrace=False)
    pytest.skip(f"{_MARK}{editor}; {how}")


def programs(name: str) -> Iterator[str]:
    """Yield every program called *name*: beside this interpreter, then along PATH."""
    beside = str(Path(sys.executable).parent)
    for folder in dict.fromkeys([beside, *os.get_exec_path()]):
        found = shutil.which(name, path=folder)
        if found is not None:
            yield found


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of tests that drive an editor."""
    config.addinivalue_line("markers", "editor: drives a real editor, where there is one")
    config.stash[_LEFT_OUT] = set()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember which tests the index alone has kept out: nobody who runs all tests asks for that.

    Whoever narrows a run, by names or to other tests than those of editors, knows what is left out.
    """
    for item in items:
        config = item.config
        marks = {mark.name for mark in item.iter_markers()}
        is_narrowed = config.option.keyword or "not editor" in config.option.markexpr
        if {"editor", _NEEDS_INDEX} <= marks and not is_narrowed:
            config.stash[_LEFT_OUT].add(item.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker, hand on what was remembered."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        left_out: set[str] = session.config.stash[_LEFT_OUT]
        output[_OF_WORKER] = sorted(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker has remembered; one that was killed hands on nothing."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[_LEFT_OUT].update(output.get(_OF_WORKER, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which editors nothing was tested in, and what was not tested in any."""
    said: dict[str, int] = {}
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, mark, what = reason.partition(_MARK)
        if mark:
            said[what] = said.get(what, 0) + 1
    left_out = terminalreporter.config.stash[_LEFT_OUT]
    if said or left_out:
        terminalreporter.section("EDITORS NOT TESTED", yellow=True, bold=True)
    for what, count in sorted(said.items()):
        terminalreporter.write_line(f"{count} tests did not run: there is no {what}")
    for name in sorted(left_out):
        terminalreporter.write_line(f"{name} did not run: it fetches from the package index")
    if left_out:
        terminalreporter.write_line(f'make test ARGS="-m {_NEEDS_INDEX} tests/editors" runs that')
