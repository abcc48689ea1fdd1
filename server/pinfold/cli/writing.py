"""Files written so that nothing is ever lost.

Owns the way there: a temporary file beside the old one takes its place in one step, or nothing
happens at all; what somebody else has written meanwhile is left alone. Knows nothing of what is
written, nor why.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, locale_encoding
from pinfold.core.formats.encoding import decode_requirements

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.formats.encoding import DecodedText

CHANGED = "changed on disk since it was read, and is left as it is"
"""Why a file is left alone, as a clause."""


def bytes_as_read(path: Path, read: DecodedText, filesystem: FileSystem) -> bytes | None:
    """Return what the file at *path* holds, ``None`` unless that is still what was *read*."""
    data = filesystem.read_bytes(path)
    if isinstance(data, Unreadable):
        return None
    return data if decode_requirements(data, locale_encoding()) == read else None


def replace_file(path: Path, expected: bytes, data: bytes) -> str | None:
    """Replace what is at *path*, which is *expected*, by *data*; return why not, ``None`` if done.

    A link stays, and what it leads to is replaced. Permissions are kept, and the owner where that
    is allowed.
    """
    try:
        return _replace(os.path.realpath(path), expected, data)
    except OSError as error:
        return f"cannot be written: {(error.strerror or str(error)).lower()}"


def make_file(path: Path, data: bytes) -> str | None:
    """Make a file of *data* where there is none; return why not, ``None`` if done.

    Its name appears together with all that it holds, where the file system has hard links.
    """
    try:
        _make(os.fspath(path), data)
    except FileExistsError:
        return "was made by somebody else meanwhile, and is left as it is"
    except OSError as error:
        return f"cannot be made: {(error.strerror or str(error)).lower()}"
    return None


def remove_file(path: Path, expected: bytes) -> str | None:
    """Remove the file at *path*, which is *expected*; return why not, ``None`` if done."""
    try:
        # As late as can be: an editor may have saved the file since it was read.
        if _content(os.fspath(path)) != expected:
            return CHANGED
        path.unlink()
    except OSError as error:
        return f"cannot be removed: {(error.strerror or str(error)).lower()}"
    _sync_folder(os.path.dirname(path))
    return None


def _make(target: str, data: bytes) -> None:
    folder = os.path.dirname(target)
    # Not one of `tempfile`, which only its owner may read.
    temporary = os.path.join(folder, f".pinfold-{secrets.token_hex(8)}.tmp")
    _write_new(temporary, data)
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # There are no hard links here. To rename it there could replace what somebody has made.
        _write_new(target, data)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
    _sync_folder(folder)


def _write_new(target: str, data: bytes) -> None:
    """Write a file that must not be there yet; if it cannot be, there is none afterwards."""
    made = open(target, "xb")  # noqa: PTH123, SIM115 - closed before it is removed
    try:
        with made as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(target)  # noqa: PTH108
        raise


def _replace(target: str, expected: bytes, data: bytes) -> str | None:
    import tempfile

    status = os.stat(target)
    # Replacing needs the folder's permission only; a file that is read-only is so on purpose.
    if not os.access(target, os.W_OK):
        return "may not be written"
    descriptor, temporary = tempfile.mkstemp(
        prefix=".pinfold-", suffix=".tmp", dir=os.path.dirname(target)
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            _keep_permissions(file.fileno(), status)
            os.fsync(file.fileno())
        # As late as can be: an editor may have saved the file since it was read.
        if _content(target) != expected:
            return CHANGED
        os.replace(temporary, target)  # noqa: PTH105 - both are strings, see realpath
        temporary = ""
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
    _sync_folder(os.path.dirname(target))
    return None


def _keep_permissions(descriptor: int, status: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        # Only root may give a file away; a group that one is in is kept all the same.
        for user, group in ((status.st_uid, status.st_gid), (-1, status.st_gid)):
            try:
                os.fchown(descriptor, user, group)
            except PermissionError:
                continue
            break
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _content(target: str) -> bytes:
    with open(target, "rb") as file:  # noqa: PTH123
        return file.read()


def _sync_folder(folder: str) -> None:
    # The file is in place; that its name survives a power cut is as much as can be asked for.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
