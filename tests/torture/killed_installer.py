"""Runs Pinfold with every installer under strace.

python killed_installer.py FILE CALLS pinfold's arguments …    notes these calls in a file
python killed_installer.py CALLS N pinfold's arguments …       kills at the N-th of them
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pinfold.cli.main import main
from pinfold.core import process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def wrapped(start: Callable[..., Any], options: Sequence[str]) -> Callable[..., Any]:
    """Return what starts an installer under strace with *options*."""

    def begin(argv: Sequence[str], *more: Any) -> Any:
        arguments = [str(argument) for argument in argv]
        if "--version" in arguments or "--dry-run" in arguments:
            return start(argv, *more)
        return start(["strace", "-f", "-qq", *options, "--", *arguments], *more)

    return begin


if __name__ == "__main__":
    first, second, *rest = sys.argv[1:]
    if second.isdecimal():
        kill = f"inject={first}:signal=SIGKILL:when={second}"
        strace = ["-o", "/dev/null", "-e", f"trace={first}", "-e", kill]
    else:
        strace = ["-A", "-o", first, "-e", f"trace={second}"]
    process._start = wrapped(process._start, strace)
    sys.exit(main(rest))
