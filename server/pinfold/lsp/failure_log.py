"""What the client's log is told of an operation that has failed.

Owns the wording, and how much of what installers have said goes along. The file that has all of it
is :mod:`pinfold.core.environments.operations.carrying_out`'s.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.core.formats.secrets import masked
from pinfold.features.operations import failure_message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.model.plan import Failure

MAX_LINES = 40
"""How much of the end is told; what went wrong stands there."""

MAX_BYTES = 16 * 1024


def failure_log(said: Sequence[str], prefix: Path, failure: Failure, log: Path | None) -> str:
    """Return what has failed, why, and the end of what was said meanwhile. Blocks.

    *said* is the command that does the same, and *log* the file that has all that was said.
    """
    lines = [f"{' '.join(said)} has failed, in {prefix}: {failure_message(failure)}"]
    tail = () if log is None else _tail(log)
    if tail:
        lines += [f"The end of what was said, all of which is in {log}:", *tail]
    # Installers' words are masked in the file already; what was asked for is not.
    return masked("\n".join(lines))


def _tail(log: Path) -> tuple[str, ...]:
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MAX_BYTES))
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        # That it has failed is worth telling without it.
        return ()
    lines = text.splitlines()
    if size > MAX_BYTES:
        # The first is cut, and the end of a URL alone would not show what is to be masked.
        lines = lines[1:]
    return tuple(f"    {line}" for line in lines[-MAX_LINES:])
