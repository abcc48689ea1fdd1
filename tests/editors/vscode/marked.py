"""Processes that a test has brought forth, however far from it they have gone.

They are known by a mark in their environment, which a process leaves to those that it starts. Run
as a program, this ends all of one mark as soon as its standard input does: with the test's process,
however that one ends. Linux only.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "PINFOLD_TEST_EDITOR"

LOOK_S = 0.05
"""How long to wait before looking again at what tells nobody that it has changed."""


def marked(mark: str) -> list[int]:
    """Return the processes of a mark; the dead are none."""
    wanted = f"{MARK}={mark}".encode()
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdecimal() and wanted in _environ(process)
    ]


def command_line(process: int) -> str:
    """Return what a process was started with; nothing if it is gone."""
    try:
        return (Path("/proc") / str(process) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, UnicodeDecodeError):
        return ""


def kill(processes: Iterable[int]) -> None:
    """Kill processes that are still there, all at once: none of them sees that another one ends."""
    for sent in (signal.SIGSTOP, signal.SIGKILL):
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, sent)


def kill_all(mark: str) -> None:
    """Kill the processes of a mark, and those that they start meanwhile."""
    while left := marked(mark):
        kill(left)
        time.sleep(LOOK_S)


def _environ(process: Path) -> list[bytes]:
    try:
        if (process / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X"):
            return []
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


if __name__ == "__main__":
    sys.stdin.read()
    kill_all(sys.argv[1])
