"""A file system that may hang, made bearable: who would wait for the same silence is told of it.

Owns the memory of calls that have not come back. A call into a file system whose server is gone (a
network drive, FUSE) may block for ever and cannot be ended; its thread is lost until it returns.
Refuses to start threads: that no more of them get lost than there are silent places is all.
"""

from __future__ import annotations

import os
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING

from pinfold.core.files import MAX_FILE_BYTES

if TYPE_CHECKING:
    from pinfold.core.files import (
        FileIdentity,
        FileStart,
        FileSystem,
        Listing,
        StrPath,
        Unreadable,
    )

PATIENCE_S = 0.5
"""How long a call may take before its place counts as silent for others."""


class Stalled(Exception):
    """Another thread, `thread`, hangs at `path`, or at a folder that it is in."""

    def __init__(self, path: str, thread: int | None = None) -> None:
        super().__init__(f"{path} does not answer")
        self.path = path
        self.thread = thread


class WatchedFileSystem:
    """A file system of which every method may raise :class:`Stalled`; see :class:`FileSystem`."""

    def __init__(self, filesystem: FileSystem, *, patience_s: float = PATIENCE_S) -> None:
        self._filesystem = filesystem
        self._patience_s = patience_s
        # By thread, which makes one call at a time. Writes of a dictionary's item are atomic.
        self._calls: dict[int, tuple[float, str]] = {}

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Read a regular file."""
        thread = self._begin(path)
        try:
            return self._filesystem.read_bytes(path, limit)
        finally:
            del self._calls[thread]

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Read the start of a regular file."""
        thread = self._begin(path)
        try:
            return self._filesystem.read_start(path, limit)
        finally:
            del self._calls[thread]

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of a file."""
        # As `_begin` does it, but here: to see that nothing has changed, only this is called.
        text, now, thread = os.fspath(path), monotonic(), get_ident()
        calls = self._calls
        if calls:
            self._refuse_silent(text, now - self._patience_s)
        calls[thread] = (now, text)
        try:
            return self._filesystem.identity(text)
        finally:
            del calls[thread]

    def is_file(self, path: StrPath) -> bool:
        """Return whether a regular file stands there."""
        thread = self._begin(path)
        try:
            return self._filesystem.is_file(path)
        finally:
            del self._calls[thread]

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder stands there."""
        thread = self._begin(path)
        try:
            return self._filesystem.is_directory(path)
        finally:
            del self._calls[thread]

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands there."""
        thread = self._begin(path)
        try:
            return self._filesystem.exists(path)
        finally:
            del self._calls[thread]

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in a folder."""
        thread = self._begin(directory)
        try:
            return self._filesystem.scan(directory)
        finally:
            del self._calls[thread]

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in a folder, in the order of the system."""
        thread = self._begin(directory)
        try:
            return self._filesystem.names(directory)
        finally:
            del self._calls[thread]

    def read_link(self, path: StrPath) -> str | None:
        """Return what a symbolic link says."""
        thread = self._begin(path)
        try:
            return self._filesystem.read_link(path)
        finally:
            del self._calls[thread]

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a file may be run."""
        thread = self._begin(path)
        try:
            return self._filesystem.is_executable(path)
        finally:
            del self._calls[thread]

    def place_of(self, thread: int) -> str | None:
        """Return the path at which a thread is right now, ``None`` if at none."""
        call = self._calls.get(thread)
        return None if call is None else call[1]

    def since(self, thread: int) -> float | None:
        """Return since when a thread has been where it is, ``None`` if it is nowhere."""
        call = self._calls.get(thread)
        return None if call is None else call[0]

    def _begin(self, path: StrPath) -> int:
        """Note that this thread goes to *path*.

        No context manager and no wrapping function: reading an environment makes a thousand calls.
        """
        text, now, thread = os.fspath(path), monotonic(), get_ident()
        if self._calls:
            self._refuse_silent(text, now - self._patience_s)
        self._calls[thread] = (now, text)
        return thread

    def _refuse_silent(self, path: str, before: float) -> None:
        for thread, (started, place) in tuple(self._calls.items()):
            if started < before and (path == place or path.startswith(place + os.sep)):
                raise Stalled(place, thread)
