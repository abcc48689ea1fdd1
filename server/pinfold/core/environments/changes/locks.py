"""One change of an environment at a time, across processes.

Owns the lock of a place: a file of the system's, which is let go when its owner dies in whatever
way. Refuses to know what is changed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from threading import Event

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock: the number of the process, and what it says that it does."""

    pid: int
    purpose: str


class Busy(Exception):
    """The lock could not be had in time; `owner` is who has it, as far as that is known."""

    def __init__(self, place: Path, owner: Owner | None) -> None:
        whom = "another process" if owner is None else f"process {owner.pid} ({owner.purpose})"
        super().__init__(f"{place} is being changed by {whom}")
        self.place = place
        self.owner = owner


class Cancelled(Exception):
    """Whoever waited does not want it any more."""


def lock_file(folder: Path, place: Path) -> Path:
    """Return the file in *folder* that stands for *place*, which is absolute and has no links."""
    text = os.path.normcase(place)
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return folder / f"{digest}.lock"


@contextmanager
def locked(
    file: Path,
    place: Path,
    purpose: str,
    *,
    timeout_s: float,
    cancelled: Event | None = None,
    on_wait: Callable[[Owner | None], None] = lambda _owner: None,
) -> Iterator[None]:
    """Hold the lock of *place*; wait for it for *timeout_s*, having called *on_wait* once.

    The file stays when it is let go: one that is removed could be locked by two.

    Raises:
        Busy: somebody else has it for longer than that.
        Cancelled: *cancelled* was set while waiting.
        OSError: the file cannot be made.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        deadline = monotonic() + timeout_s
        has_told = False
        while not _try_lock(descriptor):
            if monotonic() >= deadline:
                raise Busy(place, _read_owner(descriptor))
            if not has_told:
                on_wait(_read_owner(descriptor))
                has_told = True
            _wait(cancelled)
        _write_owner(descriptor, purpose)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, _OWNER_AT)
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def _wait(cancelled: Event | None) -> None:
    if cancelled is None:
        from time import sleep

        sleep(_POLL_S)
    elif cancelled.wait(_POLL_S):
        raise Cancelled


# On Windows a locked byte cannot be read by others, so what they are to read stands behind it.
_OWNER_AT = 1

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLOCK):
                return False
            raise
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _write_owner(descriptor: int, purpose: str) -> None:
    """Say who has it. For people only, so that a full disk is no reason to give up."""
    content = json.dumps({"pid": os.getpid(), "purpose": purpose}).encode("ascii")
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, _OWNER_AT)
        os.lseek(descriptor, _OWNER_AT, os.SEEK_SET)
        os.write(descriptor, content)


def _read_owner(descriptor: int) -> Owner | None:
    try:
        os.lseek(descriptor, _OWNER_AT, os.SEEK_SET)
        content = json.loads(os.read(descriptor, 4096))
        return Owner(int(content["pid"]), str(content["purpose"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
