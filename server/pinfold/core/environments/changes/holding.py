"""Where the old state of an environment is kept while a new one is made, and afterwards.

Owns the holding folders, the ways a tree gets into one and out of it, and what becomes of it in the
end. Refuses to know why.

A tree is moved, or copied with hard links: the copy of an environment of a gigabyte takes a few
milliseconds and next to no room. A hard link is the same file, so what would write *into* a file
would change the copy too. Installers do not: they remove a file or replace it. The few files that
some programs do write into are copied for real, see `_is_written_into`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.durable import keep_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BESIDE = ".pinfold-held"
"""The holding folder for what is on another file system than Pinfold's state."""

_MAX_COPIED_BYTES = 256 * 1024
"""A file of a kind that is written into is copied up to this size: scripts are smaller."""


class HoldingProblem(Enum):
    """Why a tree could not be set aside."""

    DENIED = "the permission is missing"
    NO_ROOM = "the disk is full"
    IN_USE = "a file in it is in use"
    MOUNT = "another file system is mounted in it"
    FAILED = "the file system refused"


class HoldingError(Exception):
    """A tree could not be set aside, and is as it was; `detail` is what the system said."""

    def __init__(self, path: Path, problem: HoldingProblem, detail: str) -> None:
        super().__init__(f"{path} cannot be set aside: {problem.value} ({detail})")
        self.path = path
        self.problem = problem
        self.detail = detail


def holding_folders(place: Path, state: Path) -> tuple[Path, ...]:
    """Return where *place* may be kept, the best first: it has to be on the same file system."""
    ours, beside = state / "held", place.parent / BESIDE
    try:
        if os.stat(state).st_dev != os.stat(place.parent).st_dev:
            return (beside,)
    except OSError:
        return (beside,)
    # The numbers may be equal where renaming is refused all the same: bind mounts, quotas.
    return (ours, beside)


def make_holding_folder(folder: Path) -> None:
    """Make a holding folder; one beside an environment is hidden from version control.

    Raises:
        HoldingError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ignore = folder / ".gitignore"
        if folder.name == BESIDE and not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        raise holding_error(folder, error) from error


def check_movable(place: Path) -> None:
    """Make sure that a tree which is copied now could be moved away later, to put the copy back.

    Raises:
        HoldingError: it could not.
    """
    for folder in (place.parent, place):
        # What is not there is for the copying to say.
        if os.path.lexists(folder) and not os.access(folder, os.W_OK | os.X_OK):
            raise HoldingError(place, HoldingProblem.DENIED, f"{folder} may not be written")


def move(source: Path, target: Path) -> None:
    """Move a tree within its file system, in one step.

    Raises:
        OSError: it cannot be moved, and is where it was.
    """
    if target.exists() or target.is_symlink():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.rename(source, target)  # noqa: PTH104 - an empty folder is not to be replaced
    keep_names(target.parent)
    keep_names(source.parent)


def copy(source: Path, target: Path, check: Callable[[], None]) -> None:
    """Copy a tree, with hard links as far as the file system has them.

    *check* is called for each folder, and may raise to give up. What has been copied by then stays.

    Raises:
        OSError: it cannot be copied; errno ``EXDEV`` if it is on another file system.
    """
    device = os.lstat(source).st_dev
    _copy_folder(os.fspath(source), os.fspath(target), device, check, _Links())
    keep_names(target)
    keep_names(target.parent)


class _Links:
    """Whether the file system has hard links, as far as was seen."""

    work = True


def _copy_folder(
    source: str, target: str, device: int, check: Callable[[], None], links: _Links
) -> None:
    check()
    os.mkdir(target, 0o700)  # noqa: PTH102 - hot
    with os.scandir(source) as entries:
        for entry in entries:
            there = f"{target}{os.sep}{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), there)  # noqa: PTH115, PTH211 - hot
            elif entry.is_dir():
                if entry.stat(follow_symlinks=False).st_dev != device:
                    raise OSError(errno.EBUSY, "a file system is mounted there", entry.path)
                _copy_folder(entry.path, there, device, check, links)
            else:
                _copy_file(entry, there, links, is_top=_is_top(source))
    shutil.copystat(source, target, follow_symlinks=False)


def _is_top(folder: str) -> bool:
    """Return whether files right in a folder may be written into by name alone."""
    return os.path.basename(folder) in ("bin", "Scripts")  # noqa: PTH119 - hot


def _is_written_into(name: str) -> bool:
    """Return whether some program writes into a file of this name instead of replacing it.

    setuptools does it with ``easy-install.pth``, people do it with ``pyvenv.cfg``.
    """
    return name.endswith((".pth", ".egg-link", ".cfg"))


def _copy_file(entry: os.DirEntry[str], there: str, links: _Links, *, is_top: bool) -> None:
    is_copied = (
        (is_top or _is_written_into(entry.name))
        and entry.is_file()
        and entry.stat(follow_symlinks=False).st_size <= _MAX_COPIED_BYTES
    )
    if links.work and not is_copied:
        try:
            os.link(entry.path, there)
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise
            if error.errno not in _NO_LINKS:
                raise
            links.work = error.errno == errno.EMLINK
        else:
            return
    if not entry.is_file():  # A socket or a FIFO is nothing that was installed.
        return
    shutil.copy2(entry.path, there, follow_symlinks=False)


_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EACCES}


def discard(tree: Path) -> bool:
    """Remove a tree that is ours to remove; return whether it is gone.

    What cannot be removed is left, and tried again when things expire.
    """
    if not os.path.lexists(tree):
        # To try harder would be to change the rights of the folder around it.
        return True
    if tree.is_symlink() or tree.is_file():
        with contextlib.suppress(OSError):
            tree.unlink()
        return not tree.is_symlink()
    if sys.version_info >= (3, 12):
        shutil.rmtree(tree, onexc=_try_harder)
    else:
        shutil.rmtree(tree, onerror=_try_harder)
    return not tree.exists()


def _try_harder(function: Callable[..., object], path: str, _error: object) -> None:
    """Remove what stands in a folder that may not be written, or is marked read-only."""
    is_link = os.path.islink(path)  # noqa: PTH114
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), stat.S_IRWXU)  # noqa: PTH101
        if os.path.isdir(path) and not is_link:  # noqa: PTH112
            os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
            shutil.rmtree(path, ignore_errors=True)
            return
        if sys.platform == "win32" and not is_link:
            # Elsewhere the rights of a file do not matter for that, and a hard link has those of
            # the file in the environment.
            os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        function(path)


def holding_error(path: Path, error: OSError) -> HoldingError:
    """Return what the system's refusal means."""
    problem = _PROBLEMS.get(error.errno or 0, HoldingProblem.FAILED)
    return HoldingError(path, problem, (error.strerror or type(error).__name__).lower())


_PROBLEMS = {
    errno.EACCES: HoldingProblem.IN_USE if sys.platform == "win32" else HoldingProblem.DENIED,
    errno.EPERM: HoldingProblem.DENIED,
    errno.EROFS: HoldingProblem.DENIED,
    errno.ENOSPC: HoldingProblem.NO_ROOM,
    errno.EDQUOT: HoldingProblem.NO_ROOM,
    errno.EBUSY: HoldingProblem.MOUNT,
    errno.ETXTBSY: HoldingProblem.IN_USE,
}
