"""Editors that tests drive, and what becomes of those tests where one is absent.

A pytest plugin. A test that cannot have its editor says so with :func:`absent`: it is skipped, and
the end of the run tells in a section of its own what was not tested. Where the variable
`PINFOLD_REQUIRE_EDITORS` is ``1``, as in CI, it fails instead. Knows nothing of any editor.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = "PINFOLD_REQUIRE_EDITORS"

_MARK = "editor is absent: "


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which editors nothing was tested in."""
    said: dict[str, int] = {}
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, mark, what = reason.partition(_MARK)
        if mark:
            said[what] = said.get(what, 0) + 1
    if said:
        terminalreporter.section("EDITORS NOT TESTED", yellow=True, bold=True)
        for what, count in sorted(said.items()):
            terminalreporter.write_line(f"{count} tests did not run: there is no {what}")
