"""Standard input as a file among files.

Owns the place where standard input seems to stand. Its settings, the part that it plays and what it
includes then follow as they do for any file.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pinfold.core.files import (
    MAX_FILE_BYTES,
    FileIdentity,
    FileStart,
    Unreadable,
    UnreadableReason,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.cli.terminal import Screen
    from pinfold.core.files import FileSystem, Listing, StrPath


def read_standard_input() -> bytes:
    """Return what standard input holds, or as much of it as tells that it is too much."""
    if sys.stdin is None:
        return b""
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)


def copy_rest(screen: Screen) -> None:
    """Write what :func:`read_standard_input` left unread."""
    if sys.stdin is None:
        return
    while rest := sys.stdin.buffer.read(1 << 20):
        screen.write_bytes(rest)


class InputFileSystem:
    """A file system, with *data* in the place of what is at *path*; see :class:`FileSystem`."""

    def __init__(self, filesystem: FileSystem, path: Path, data: bytes) -> None:
        self._filesystem = filesystem
        self._path = os.fspath(path)
        self._data = data

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Return what a file holds."""
        if os.fspath(path) != self._path:
            return self._filesystem.read_bytes(path, limit)
        if len(self._data) > limit:
            return Unreadable(UnreadableReason.TOO_LARGE, f"is larger than {limit // 1024**2} MiB")
        return self._data

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Return the start of a file."""
        identity = self.identity(path)
        if os.fspath(path) != self._path or identity is None:
            return self._filesystem.read_start(path, limit)
        return FileStart(identity, self._data[:limit])

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of a file."""
        if os.fspath(path) != self._path:
            return self._filesystem.identity(path)
        return FileIdentity(self._path, 0, len(self._data), 0)

    def is_file(self, path: StrPath) -> bool:
        """Return whether a regular file stands at *path*."""
        return os.fspath(path) == self._path or self._filesystem.is_file(path)

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder stands at *path*."""
        return os.fspath(path) != self._path and self._filesystem.is_directory(path)

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands at *path*."""
        return os.fspath(path) == self._path or self._filesystem.exists(path)

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in a folder; standard input is not among them."""
        return self._filesystem.scan(directory)

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in a folder; standard input is not among them."""
        return self._filesystem.names(directory)

    def read_link(self, path: StrPath) -> str | None:
        """Return what a symbolic link says."""
        return None if os.fspath(path) == self._path else self._filesystem.read_link(path)

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a file may be run; standard input may not."""
        return os.fspath(path) != self._path and self._filesystem.is_executable(path)
