"""Files that are still there after a power cut, and whole.

Owns the writing of a file in one step, and the ways to have a system keep what it was told. Refuses
to know what is written.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that whoever reads it finds the old content or the new, whatever happens.

    Folders on the way to it are made, for this user alone.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """Have the system keep which names *folder* holds, where it can be told to."""
    if sys.platform == "win32":  # A folder cannot be opened there; NTFS keeps its own journal.
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def keep_all(folder: Path) -> None:
    """Have the system keep everything that was written to the file system of *folder*.

    An installer does not do that itself: after a power cut, files that it had written may be empty.
    """
    if sys.platform == "win32":
        return
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            _sync_file_system(folder)
            return
    os.sync()


def _sync_file_system(folder: Path) -> None:
    """Call syncfs(2), which the standard library does not have: only one file system waits."""
    import ctypes

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs failed")
    finally:
        os.close(descriptor)
