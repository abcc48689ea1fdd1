"""What was looked at on disk to come to an answer, so that the answer holds until that changes.

Owns the record and its comparison. Refuses to know what the answer is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.core.files import MAX_FILE_BYTES, Unreadable, UnreadableReason

if TYPE_CHECKING:
    from pinfold.core.files import FileIdentity, FileStart, FileSystem, Listing, StrPath

_STEP_NS = 50_000_000


class Glance:
    """A file system as it looks at one moment: every path is asked about once.

    For many traces that share paths. To compare with only: what is read while one is kept would
    seem older than it is.
    """

    __slots__ = ("_filesystem", "_identities", "_links")

    def __init__(self, filesystem: FileSystem) -> None:
        self._filesystem = filesystem
        self._identities: dict[str, FileIdentity | None] = {}
        self._links: dict[str, str | None] = {}

    def identity(self, path: str) -> FileIdentity | None:
        """Return the identity of a file."""
        if path not in self._identities:
            self._identities[path] = self._filesystem.identity(path)
        return self._identities[path]

    def read_link(self, path: str) -> str | None:
        """Return what a symbolic link says."""
        if path not in self._links:
            self._links[path] = self._filesystem.read_link(path)
        return self._links[path]


class Trace:
    """A file system that remembers every path it was asked about; see :class:`FileSystem`."""

    __slots__ = ("_filesystem", "_links", "_seen")

    def __init__(self, filesystem: FileSystem) -> None:
        self._filesystem = filesystem
        self._seen: dict[str, FileIdentity | None] = {}
        self._links: dict[str, str | None] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that was looked at."""
        return tuple({**self._seen, **self._links})

    def holds(self, glance: Glance | None = None) -> bool:
        """Return whether everything is as it was; costs a stat for each path.

        With a *glance*, only for those that nobody has asked it about.
        """
        identity = self._filesystem.identity if glance is None else glance.identity
        if not all(identity(path) == seen for path, seen in self._seen.items()):
            return False
        read_link = self._filesystem.read_link if glance is None else glance.read_link
        return all(read_link(path) == said for path, said in self._links.items())

    def is_settled(self, now_ns: int) -> bool:
        """Return whether a change from now on would show: nothing is younger than a moment.

        Some file systems tell the time in steps, and what changes twice within one looks unchanged.
        """
        latest = now_ns - _STEP_NS
        return all(seen is None or seen.mtime_ns < latest for seen in self._seen.values())

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Read a regular file."""
        self.identity(path)
        return self._filesystem.read_bytes(path, limit)

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Read the start of a regular file."""
        start = self._filesystem.read_start(path, limit)
        if not isinstance(start, Unreadable):
            self._seen.setdefault(start.identity.path, start.identity)
        elif start.reason is UnreadableReason.MISSING:
            # Not looked at again: what comes into being right now is to be seen as a change.
            self._seen.setdefault(os.fspath(path), None)
        else:
            self.identity(path)
        return start

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of a file."""
        text = os.fspath(path)
        if text not in self._seen:
            # Before it is read: what changes meanwhile is then seen as a change.
            self._seen[text] = self._filesystem.identity(path)
        return self._seen[text]

    def is_file(self, path: StrPath) -> bool:
        """Return whether a regular file stands there."""
        return self.identity(path) is not None and self._filesystem.is_file(path)

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder stands there."""
        return self.identity(path) is not None and self._filesystem.is_directory(path)

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands there."""
        return self.identity(path) is not None

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in a folder."""
        self.identity(directory)
        return self._filesystem.scan(directory)

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in a folder, in the order of the system."""
        self.identity(directory)
        return self._filesystem.names(directory)

    def read_link(self, path: StrPath) -> str | None:
        """Return what a symbolic link says."""
        text = os.fspath(path)
        if text not in self._links:
            # What the link itself says, for where it leads may be the same as that of others.
            self._links[text] = self._filesystem.read_link(path)
        return self._links[text]

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a file may be run."""
        return self.identity(path) is not None and self._filesystem.is_executable(path)
