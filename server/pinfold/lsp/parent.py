"""The process that began the session, which the session does not outlive."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PARENT_POLL_S = 3.0


def watch_parent(process_id: int | None, end: Callable[[int], None]) -> None:
    """End the session when the process that began it is gone.

    Only where that process can be seen now: a client outside of this one's container cannot, and
    would seem to be gone from the start.
    """
    if os.name == "nt" or process_id is None or process_id <= 1:
        return
    if not _is_running(process_id):
        return
    loop = asyncio.get_running_loop()

    def look() -> None:
        if _is_running(process_id):
            loop.call_later(PARENT_POLL_S, look)
        else:
            end(1)

    loop.call_later(PARENT_POLL_S, look)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
