"""A command that cuts another one off from every network, and what is said where none can be had.

A pytest plugin. Linux has network namespaces, which not every user of every machine may make. A
test that wants to show that something works offline takes the fixture `offline`; where nothing can
be cut off it still runs, and the end of the run tells in a section of its own that it has shown
less than it should. Refuses to know what is run.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_CUT_OFF = ("unshare", "--map-root-user", "--net")

_PROPERTY = "had a network"


@pytest.fixture
def offline(record_property: Callable[[str, object], None]) -> tuple[str, ...]:
    """Return what is put before a command to cut it off; nothing where that is not allowed."""
    if _may_cut_off():
        return _CUT_OFF
    record_property(_PROPERTY, "yes")
    return ()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests could not be cut off."""
    online = [
        report.nodeid
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if (_PROPERTY, "yes") in map(tuple, report.user_properties)
    ]
    if online:
        terminalreporter.section("NOT TESTED OFFLINE", yellow=True, bold=True)
        terminalreporter.write_line(
            f"`{' '.join(_CUT_OFF)}` is not allowed here, so these had whatever network there is:"
        )
        for name in sorted(online):
            terminalreporter.write_line(f"  {name}")


@cache
def _may_cut_off() -> bool:
    if shutil.which(_CUT_OFF[0]) is None:
        return False
    return subprocess.run([*_CUT_OFF, "true"], capture_output=True, check=False).returncode == 0
