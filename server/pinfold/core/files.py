"""The port to the file system: reading that neither blocks nor raises, whatever stands at a path.

Owns what a file, a folder and an obstacle are to the rest of the core, the real file system, and
the one in memory that tests and unsaved worlds use. Refuses to know what a file holds: bytes go out
as they are.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE_BYTES = 16 * 1024 * 1024

StrPath = str | os.PathLike[str]


class UnreadableReason(Enum):
    """Why nothing could be read at a path."""

    MISSING = "does not exist"
    DIRECTORY = "is a directory"
    NOT_A_DIRECTORY = "is not a directory"
    SPECIAL = "is not a regular file"
    DENIED = "may not be read"
    LOOP = "is a loop of symbolic links"
    TOO_LARGE = "is too large"
    FAILED = "could not be read"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something at a path that cannot be read; `detail` says so in a sentence without the path."""

    reason: UnreadableReason
    detail: str


class FileIdentity(NamedTuple):
    """What changes when a file does; equal identities mean that it need not be read again."""

    path: str
    mtime_ns: int
    size: int
    inode: int


class FileStart(NamedTuple):
    """The first bytes of a file, and its identity at a moment not after they were read.

    The file goes on behind `data` if and only if `identity.size` is more than its length.
    """

    identity: FileIdentity
    data: bytes


class Listing(NamedTuple):
    """The names in a folder, in no order.

    `files` is everything that is not itself a folder: symbolic links of any target, FIFOs and
    devices too. So whoever follows only `directories` never runs in a circle.
    """

    directories: list[str]
    files: list[str]


class FileSystem(Protocol):
    """What the core asks of a file system. No method raises, none waits for a peer."""

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Return what the regular file at *path* holds, unless it is more than *limit* bytes."""
        ...

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Return the first *limit* bytes of the regular file at *path*, or all if it has fewer."""
        ...

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of what *path* leads to, links followed; ``None`` if nothing."""
        ...

    def is_file(self, path: StrPath) -> bool:
        """Return whether a regular file, or a link to one, stands at *path*."""
        ...

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder, or a link to one, stands at *path*."""
        ...

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands at *path*, links followed."""
        ...

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in *directory*."""
        ...

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in *directory*, files and folders alike, in the order of the system.

        Which order that is means nothing, but programs such as pip go by it.
        """
        ...

    def read_link(self, path: StrPath) -> str | None:
        """Return what the symbolic link at *path* says; ``None`` if it is none."""
        ...

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a regular file, or a link to one, stands at *path* that may be run."""
        ...


class LocalFileSystem:
    """The real file system."""

    __slots__ = ()

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Read a regular file; see :class:`FileSystem`."""
        try:
            # Judged before it is opened: opening a FIFO would wake, then kill, a writer that waits
            # at the other end, and opening a device may do anything.
            obstacle = _obstacle(os.stat(path), limit)
            if obstacle is not None:
                return obstacle
            descriptor = os.open(path, _OPEN_FLAGS)
        except (OSError, ValueError) as error:
            return _unreadable(error)
        try:
            # And again once it is open, since the path may mean something else by now.
            status = os.fstat(descriptor)
            return _obstacle(status, limit) or _read(descriptor, status.st_size, limit)
        except OSError as error:
            return _unreadable(error)
        finally:
            os.close(descriptor)

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Read the start of a regular file; see :class:`FileSystem`."""
        # This is called a thousand times in a row, so it does not look before it opens. Links are
        # not followed then: what they lead to may be a device.
        try:
            try:
                descriptor = os.open(path, _START_FLAGS)
            except FileNotFoundError:
                return _MISSING
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                obstacle = _obstacle(os.stat(path), sys.maxsize)
                if obstacle is not None:
                    return obstacle
                descriptor = os.open(path, _OPEN_FLAGS)
        except (OSError, ValueError) as error:
            return _unreadable(error)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return _obstacle(status, limit) or _SPECIAL
            # A file of the kernel's says that it is empty.
            size = min(limit, status.st_size) or limit
            data = os.read(descriptor, size)
            if len(data) < size:
                data = _read_on(descriptor, data, size)
        except OSError as error:
            return _unreadable(error)
        finally:
            os.close(descriptor)
        return FileStart(
            FileIdentity(os.fspath(path), status.st_mtime_ns, status.st_size, status.st_ino), data
        )

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of a file; see :class:`FileSystem`."""
        # What was found is asked about again and again, thousands of paths at a time.
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        return FileIdentity(os.fspath(path), status.st_mtime_ns, status.st_size, status.st_ino)

    def is_file(self, path: StrPath) -> bool:
        """Return whether a regular file stands there; see :class:`FileSystem`."""
        status = _status(path)
        return status is not None and stat.S_ISREG(status.st_mode)

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder stands there; see :class:`FileSystem`."""
        status = _status(path)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands there; see :class:`FileSystem`."""
        return _status(path) is not None

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in a folder; see :class:`FileSystem`."""
        directories: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(directory) as entries:
                # Not one loop that asks which system this is: a search reads 100,000 names.
                if os.name == "nt":
                    for entry in entries:
                        (directories if _is_folder(entry) else files).append(entry.name)
                else:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            directories.append(entry.name)
                        else:
                            files.append(entry.name)
        except (OSError, ValueError) as error:
            return _unreadable(error)
        return Listing(directories, files)

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in a folder; see :class:`FileSystem`."""
        try:
            return os.listdir(directory)  # noqa: PTH208 - a thousand paths would be made of names
        except (OSError, ValueError) as error:
            return _unreadable(error)

    def read_link(self, path: StrPath) -> str | None:
        """Return what a symbolic link says; see :class:`FileSystem`."""
        try:
            return os.readlink(path)  # noqa: PTH115 - as it stands, not as a path
        except (OSError, ValueError):
            return None

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a file may be run; see :class:`FileSystem`."""
        return self.is_file(path) and os.access(path, os.X_OK)


@dataclass(frozen=True, slots=True)
class _Link:
    target: str


@dataclass(frozen=True, slots=True)
class _Obstacle:
    unreadable: Unreadable


_Node = bytes | _Link | _Obstacle | None
"""What stands at a path in memory; ``None`` is a folder."""


class MemoryFileSystem:
    """A file system in memory, for tests; POSIX paths only, folders come into being as needed."""

    __slots__ = ("_clock", "_inodes", "_nodes", "_times")

    def __init__(self, files: dict[str, bytes | str] | None = None) -> None:
        self._nodes: dict[str, _Node] = {"/": None}
        self._times: dict[str, int] = {"/": 0}
        self._inodes: dict[str, int] = {"/": 0}
        self._clock = 0
        for path, content in (files or {}).items():
            self.write(path, content)

    def write(self, path: StrPath, content: bytes | str) -> None:
        """Put a file at *path*; text is written as UTF-8."""
        self._put(path, content.encode("utf-8") if isinstance(content, str) else content)

    def make_directory(self, path: StrPath) -> None:
        """Put a folder at *path*."""
        self._put(path, None)

    def make_link(self, path: StrPath, target: str) -> None:
        """Put a symbolic link to *target* at *path*."""
        self._put(path, _Link(target))

    def make_fifo(self, path: StrPath) -> None:
        """Put something at *path* that is neither a file nor a folder."""
        self._put(path, _Obstacle(_SPECIAL))

    def deny(self, path: StrPath) -> None:
        """Make what stands at *path*, a file or a folder, unreadable."""
        reason = UnreadableReason.DENIED
        self._put(path, _Obstacle(Unreadable(reason, reason.value)))

    def remove(self, path: StrPath) -> None:
        """Take away what stands at *path*, and everything below it."""
        gone = _normal(path)
        for known in [name for name in self._nodes if name == gone or name.startswith(gone + "/")]:
            del self._nodes[known]
        self._touch(os.path.dirname(gone))

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Return the content of a file; see :class:`FileSystem`."""
        found = self._resolve(path)
        if isinstance(found, Unreadable):
            return found
        match self._nodes[found]:
            case bytes(content):
                return content if len(content) <= limit else _too_large(limit)
            case _Obstacle(unreadable):
                return unreadable
            case _:
                return _DIRECTORY

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Return the start of a file; see :class:`FileSystem`."""
        content = self.read_bytes(path, sys.maxsize)
        identity = self.identity(path)
        if isinstance(content, Unreadable):
            return content
        return _MISSING if identity is None else FileStart(identity, content[:limit])

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of a file; see :class:`FileSystem`."""
        found = self._resolve(path)
        if isinstance(found, Unreadable):
            return None
        node = self._nodes[found]
        size = len(node) if isinstance(node, bytes) else 0
        return FileIdentity(os.fspath(path), self._times[found], size, self._inodes[found])

    def is_file(self, path: StrPath) -> bool:
        """Return whether a file stands there; see :class:`FileSystem`."""
        found = self._resolve(path)
        return isinstance(found, str) and isinstance(self._nodes[found], bytes)

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder stands there; see :class:`FileSystem`."""
        found = self._resolve(path)
        return isinstance(found, str) and self._nodes[found] is None

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands there; see :class:`FileSystem`."""
        return isinstance(self._resolve(path), str)

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in a folder; see :class:`FileSystem`."""
        found = self._resolve(directory)
        if isinstance(found, Unreadable):
            return found
        node = self._nodes[found]
        if isinstance(node, _Obstacle) and node.unreadable.reason is UnreadableReason.DENIED:
            return node.unreadable
        if node is not None:
            return _NOT_A_DIRECTORY
        listing = Listing([], [])
        for name, child in self._children(found):
            (listing.directories if child is None else listing.files).append(name)
        return listing

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in a folder, oldest first; see :class:`FileSystem`."""
        listing = self.scan(directory)
        if isinstance(listing, Unreadable):
            return listing
        found = self._resolve(directory)
        return [name for name, _ in self._children(found)] if isinstance(found, str) else []

    def read_link(self, path: StrPath) -> str | None:
        """Return what a symbolic link says; see :class:`FileSystem`."""
        parent, name = os.path.split(_normal(path))
        folder = self._resolve(parent)
        if isinstance(folder, Unreadable):
            return None
        node = self._nodes.get(f"{folder.rstrip('/')}/{name}")
        return node.target if isinstance(node, _Link) else None

    def is_executable(self, path: StrPath) -> bool:
        """Return whether a file stands there; all in memory may be run."""
        return self.is_file(path)

    def _children(self, directory: str) -> Iterator[tuple[str, _Node]]:
        prefix = directory.rstrip("/") + "/"
        for name, child in self._nodes.items():
            if name.startswith(prefix) and name != "/" and "/" not in name[len(prefix) :]:
                yield name[len(prefix) :], child

    def _put(self, path: StrPath, node: _Node) -> None:
        name = _normal(path)
        parent = os.path.dirname(name)
        if parent not in self._nodes:
            self._put(parent, None)
        if name not in self._nodes:
            self._touch(parent)
            self._inodes[name] = self._clock
        self._nodes[name] = node
        self._touch(name)

    def _touch(self, name: str) -> None:
        self._clock += 1
        self._times[name] = self._clock

    def _resolve(self, path: StrPath) -> str | Unreadable:
        """Return the name of the node at *path* with every link followed."""
        pending = os.fspath(path).split("/")[::-1]
        found = "/"
        followed = 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                found = os.path.dirname(found)
                continue
            found = f"{found.rstrip('/')}/{part}"
            if found not in self._nodes:
                return _MISSING
            node = self._nodes[found]
            if isinstance(node, _Link):
                followed += 1
                if followed > _MOST_LINKS:
                    return _LOOP
                pending += node.target.split("/")[::-1]
                found = "/" if node.target.startswith("/") else os.path.dirname(found)
            elif node is not None and any(part not in ("", ".") for part in pending):
                return _MISSING
        return found


def is_local_path(text: str, *, windows: bool = os.name == "nt") -> bool:
    r"""Return whether a path that a file names may be opened without asking.

    False for what leaves this machine (``\\server\share``; opening it would hand the user's
    credentials to the server) and for devices, whose opening may block or act (``NUL``,
    ``/dev/stdin``, which is a language server's connection to its editor). *text* is made absolute
    by the caller where it is relative, since ``../../dev`` leads there too.
    """
    # Invariant: on no system does a path with two leading backslashes get through, so that a
    # repository is judged alike everywhere; nobody means a file by it on POSIX.
    if text.startswith("\\\\") or "\0" in text:
        return False
    if not windows:
        # POSIX leaves the meaning of exactly two leading slashes open, and normpath keeps them.
        normal = os.path.normpath(re.sub(r"^/+", "/", text))
        return _POSIX_DEVICES.match(normal) is None
    if text[:2].replace("\\", "/") == "//":
        return False
    return not any(_WINDOWS_DEVICE.match(part) for part in re.split(r"[\\/]", text))


def path_in_bytes(data: bytes) -> str:
    """Return a path that stands in a file, as paths are text in this process.

    A path on disk is bytes, and programs write them down as UTF-8, or as they are. They are the
    same path only if both are decoded alike: in a locale without UTF-8 the system's paths are not.
    """
    # Not os.fsdecode, which raises on Windows where bytes are no UTF-8.
    return data.decode(sys.getfilesystemencoding(), "surrogateescape")


def path_in_text(text: str) -> str:
    """Return a path that stands in a text that was read as UTF-8; see :func:`path_in_bytes`."""
    if sys.getfilesystemencoding() == "utf-8":
        return text
    return path_in_bytes(text.encode("utf-8", "surrogatepass"))


def locale_encoding() -> str:
    """Return the encoding that pip falls back to in this process, as pip 26.3 finds it."""
    import locale

    if sys.version_info >= (3, 11):
        found = locale.getencoding()
    else:
        found = locale.getpreferredencoding(do_setlocale=False)
    return found or sys.getdefaultencoding()


_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)

# Where there is no such flag there are no devices that a link could lead to either.
_START_FLAGS = _OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)

_REASONS = {
    errno.ENOENT: UnreadableReason.MISSING,
    errno.ENOTDIR: UnreadableReason.MISSING,
    errno.EISDIR: UnreadableReason.DIRECTORY,
    errno.EACCES: UnreadableReason.DENIED,
    errno.EPERM: UnreadableReason.DENIED,
    errno.ELOOP: UnreadableReason.LOOP,
}

_MISSING = Unreadable(UnreadableReason.MISSING, "does not exist")
_DIRECTORY = Unreadable(UnreadableReason.DIRECTORY, "is a directory, not a file")
_NOT_A_DIRECTORY = Unreadable(UnreadableReason.NOT_A_DIRECTORY, "is not a directory")
_LOOP = Unreadable(UnreadableReason.LOOP, UnreadableReason.LOOP.value)
_SPECIAL = Unreadable(
    UnreadableReason.SPECIAL, "is a pipe, a socket or a device, not a regular file"
)

# As Linux allows.
_MOST_LINKS = 40

_POSIX_DEVICES = re.compile(r"/(?:dev|proc|sys)(?:/|$)")
_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:[.:].*)?$", re.IGNORECASE
)


def _status(path: StrPath) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _obstacle(status: os.stat_result, limit: int) -> Unreadable | None:
    if stat.S_ISDIR(status.st_mode):
        return _DIRECTORY
    if not stat.S_ISREG(status.st_mode):
        return _SPECIAL
    return _too_large(limit) if status.st_size > limit else None


def _read(descriptor: int, size: int, limit: int) -> bytes | Unreadable:
    # One byte more than there should be tells the end of the file in the same call.
    data = os.read(descriptor, size + 1)
    if len(data) == size and size:
        return data
    # A file of the kernel's says that it is empty, one that grows is longer than it said, and a
    # network file system may hand out less than asked for.
    parts = [data]
    length = len(data)
    while data and length <= limit:
        data = os.read(descriptor, 65_536)
        parts.append(data)
        length += len(data)
    return b"".join(parts) if length <= limit else _too_large(limit)


def _read_on(descriptor: int, data: bytes, limit: int) -> bytes:
    # A network file system may hand out less than asked for.
    parts = [data]
    missing = limit - len(data)
    while data and missing > 0:
        data = os.read(descriptor, missing)
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def _unreadable(error: OSError | ValueError) -> Unreadable:
    if not isinstance(error, OSError):  # A NUL or half a surrogate pair in the path.
        return Unreadable(UnreadableReason.MISSING, "is not a path that this system can have")
    reason = _REASONS.get(error.errno or 0, UnreadableReason.FAILED)
    if reason is UnreadableReason.FAILED and error.strerror:
        return Unreadable(reason, f"{reason.value}: {error.strerror.lower()}")
    return _DIRECTORY if reason is UnreadableReason.DIRECTORY else Unreadable(reason, reason.value)


def _too_large(limit: int) -> Unreadable:
    shown = f"{limit // 1024**2} MiB" if limit >= 1024**2 else f"{limit} bytes"
    return Unreadable(UnreadableReason.TOO_LARGE, f"is larger than {shown}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether a name on Windows is that of a folder."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    # There are junctions: links that is_dir(follow_symlinks=False) takes for folders.
    attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return not attributes & _REPARSE_POINT


_REPARSE_POINT = 0x400


def _normal(path: StrPath) -> str:
    return os.path.normpath(os.fspath(path))
