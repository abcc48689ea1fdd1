"""A real mount that does not answer: FUSE with nobody behind it.

Speaks the kernel's protocol itself, as far as it takes to say nothing: what answers never comes to
that point. https://docs.kernel.org/filesystems/fuse.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DETACH = 2
_IN_HEADER = struct.Struct("<IIQQIIII")
_INIT = 26
_INIT_ANSWER = struct.Struct("<IIIIHHIIHHIIIIIIII")


def why_not() -> str | None:
    """Return why this machine cannot have such a mount, ``None`` if it can."""
    if not sys.platform.startswith("linux"):
        return "only Linux mounts FUSE in this way"
    try:
        descriptor = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        return f"/dev/fuse: {error.strerror}"
    os.close(descriptor)
    return None if os.geteuid() == 0 else "only root mounts without a helper program"


@contextmanager
def hung_mount(path: Path, *, takes_requests: bool) -> Iterator[None]:
    """Mount a file system at *path* that hangs, until the end.

    With *takes_requests*, its server takes every request and answers none: the kernel then lets
    nobody off who waits, not even a process that is killed, so only this process may wait. Else
    the server does not even take them.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0,default_permissions"
    try:
        if libc.mount(b"hung", os.fsencode(path), b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount failed")
        over = threading.Event()
        server = threading.Thread(target=_take_requests, args=(descriptor, over), daemon=True)
        if takes_requests:
            server.start()
        try:
            yield
        finally:
            libc.umount2(os.fsencode(path), _DETACH)
            over.set()
            if takes_requests:
                server.join()
    finally:
        # Whoever waits there gets an error now.
        os.close(descriptor)


def _take_requests(descriptor: int, over: threading.Event) -> None:
    while not over.is_set():
        # Never in a call that blocks: closing would then not end the connection.
        ready, _, _ = select.select([descriptor], [], [], 0.05)
        if not ready:
            continue
        try:
            request = os.read(descriptor, 1 << 17)
        except OSError as error:
            if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                continue
            return
        _, operation, unique, *_ = _IN_HEADER.unpack_from(request)
        if operation == _INIT:
            answer = _INIT_ANSWER.pack(7, 31, 0, 0, 1, 1, 1 << 16, 1, *([0] * 10))
            os.write(descriptor, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)
