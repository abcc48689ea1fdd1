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
"""More than a tick of the clock by which most file systems tell the time."""

_SECOND_NS = 1_000_000_000
_COARSE_STEP_NS = 2 * _SECOND_NS
"""The step of FAT; HFS+ and some network file systems have one of a second."""

_DAY_NS = 86_400 * _SECOND_NS


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
        # Loops: a generator for `all` takes a third as long as the stat does.
        identity = self._filesystem.identity if glance is None else glance.identity
        for path, seen in self._seen.items():
            if identity(path) != seen:
                return False
        read_link = self._filesystem.read_link if glance is None else glance.read_link
        for path, said in self._links.items():  # noqa: SIM110 - as above
            if read_link(path) != said:
                return False
        return True

    def is_settled(self, now_ns: int) -> bool:
        """Return whether a change from now on would show: nothing is younger than a moment.

        Some file systems tell the time in steps, and what changes twice within one looks unchanged.
        A time far in the future is one that an archive said, not one of a clock.
        """
        latest, latest_coarse, end = now_ns - _STEP_NS, now_ns - _COARSE_STEP_NS, now_ns + _DAY_NS
        for seen in self._seen.values():
            if seen is None or (mtime_ns := seen.mtime_ns) < latest_coarse or mtime_ns > end:
                continue
            # Whole seconds: as good as never by chance, always where there is nothing finer.
            if mtime_ns >= latest or mtime_ns % _SECOND_NS == 0:
                return False
        return True

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
            self._seen[text] = self._filesystem.identity(text)
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
        text = os.fspath(directory)
        if text not in self._seen:
            self._seen[text] = self._filesystem.identity(text)
        return self._filesystem.scan(text)

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
