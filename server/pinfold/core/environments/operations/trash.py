"""The system's trash, where removed environments go once they are too old to be kept.

Owns nothing but the way there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def to_trash(path: Path) -> None:
    """Move a folder to the trash of whoever owns it.

    Raises:
        OSError: there is no trash on its file system, or it takes nothing.
    """
    # Late: most runs throw nothing away.
    from send2trash import send2trash

    send2trash(path)
