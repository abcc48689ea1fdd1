"""The environments that a person has chosen for folders, kept outside of those folders.

Owns the files: where they are, their format, their being whole while several processes write them,
and how long one is kept whose folder is gone. Refuses to know which files a choice counts for, and
to judge what was chosen.

Each choice has a file of its own, named after a digest of its folder. So nobody has to read what
others have written in order to write, no lock is needed, and a file that is broken costs only its
own choice. An editor and a command line see each other's.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Thread
from time import time
from typing import TYPE_CHECKING

from pinfold.core.environments.places import state_folder
from pinfold.core.files import LocalFileSystem, Unreadable, UnreadableReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.core.files import FileSystem

    Choices = Mapping[Path, Path | None]
    """By folder; ``None`` is the choice to have no environment there."""

_LOGGER = logging.getLogger("pinfold")

FORMAT_VERSION = 1
"""Raised with every change that an older Pinfold would misread."""

MAX_CHOICES = 5_000
"""How many are read."""

MAX_CHOICE_BYTES = 64 * 1024

KEPT_FOR_S = 90 * 24 * 3600.0
"""How long a choice is kept at least, from when it was made, if its folder is gone."""

CLEANING_S = 0.5
"""How long a new choice waits until old ones are looked at: their folders may be on a drive that
hangs."""

RESOLVING_S = 2.0
"""How long it may take to see where the links in a folder's path lead."""

_FOLDER = "choices"


class ChoiceProblem(Enum):
    """Why a choice could not be kept or forgotten."""

    BROKEN = "is broken"
    NEWER = "was written by a newer Pinfold"
    UNWRITABLE = "cannot be written"


class ChoiceError(Exception):
    """What is kept at `path` stays as it is; `problem` says why, `detail` what the system says."""

    def __init__(self, path: Path, problem: ChoiceProblem, detail: str = "") -> None:
        super().__init__(f"{path} {problem.value}{': ' * bool(detail)}{detail}")
        self.path = path
        self.problem = problem
        self.detail = detail


def choices_folder() -> Path:
    """Return the folder that choices are kept in."""
    return state_folder() / _FOLDER


def read_choices(filesystem: FileSystem, kept_in: Path | None = None) -> Choices:
    """Return every choice, by folder. What is broken or newer is left alone and said in the log.

    *kept_in* is :func:`choices_folder`, unless a test has another.
    """
    kept_in = kept_in or choices_folder()
    names = filesystem.names(kept_in)
    if isinstance(names, Unreadable):
        if names.reason is not UnreadableReason.MISSING:
            _LOGGER.info("choices of environments in %s: %s", kept_in, names.detail)
        return {}
    choices: dict[Path, Path | None] = {}
    for name in sorted(name for name in names if name.endswith(".json"))[:MAX_CHOICES]:
        path = kept_in / name
        choice = _read(path, filesystem)
        if isinstance(choice, ChoiceError):
            _LOGGER.info("a choice of an environment does not count: %s", choice)
        elif choice is not None:
            choices[choice[0]] = choice[1]
    return choices


def choose(folder: Path, prefix: Path | None, *, kept_in: Path | None = None) -> None:
    """Keep *prefix* as the environment of the files below *folder*; ``None`` for having none.

    Both are absolute. A folder is kept by its real path, since it has one choice, whichever link
    leads there; *prefix* as the user knows it.

    Raises:
        ChoiceError: there is something that must not be overwritten, or it cannot be.
    """
    _, path_as_named = _place(folder, kept_in)
    real = _resolved(folder)
    # A link that leads nowhere now may lead elsewhere when it does again.
    folder, path = _place(real.path if real.is_folder else folder, kept_in)
    content = {
        "version": FORMAT_VERSION,
        "folder": str(folder),
        "environment": None if prefix is None else str(_normal(prefix)),
    }
    _refuse_foreign(path)
    _forget_vanished_soon(path.parent)
    # ASCII: a path with bytes that are no UTF-8 has lone surrogates, which only escapes can write.
    _write(path, json.dumps(content, ensure_ascii=True, indent=1).encode("ascii") + b"\n")
    if path_as_named != path and isinstance(_read(path_as_named, LocalFileSystem()), tuple):
        # As it was kept once, or while the link led nowhere. It counts for less, and would come
        # back if this is forgotten.
        with contextlib.suppress(OSError):
            path_as_named.unlink()


def forget(folder: Path, *, kept_in: Path | None = None) -> bool:
    """Forget what was chosen for *folder*; return whether anything was.

    Raises:
        ChoiceError: there is something that must not be removed, or it cannot be.
    """
    places = {_place(name, kept_in)[1]: None for name in (folder, _resolved(folder).path)}
    for path in places:
        _refuse_foreign(path)
    was_there = False
    for path in places:
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ChoiceError(path, ChoiceProblem.UNWRITABLE, _said(error)) from error
        was_there = True
    return was_there


def forget_vanished(kept_in: Path, filesystem: FileSystem, now_s: float) -> None:
    """Forget what was chosen long ago for folders that are there no more; never raises.

    A folder counts as gone only where the one that it was in still is, and holds something: on a
    drive that is not there now, the folder above is missing too, or is an empty place to mount it.
    """
    names = filesystem.names(kept_in)
    if isinstance(names, Unreadable):
        return
    for name in [name for name in names if name.endswith(".json")][:MAX_CHOICES]:
        path = kept_in / name
        before = filesystem.identity(path)
        if before is None or now_s - before.mtime_ns / 1e9 < KEPT_FOR_S:
            continue
        choice = _read(path, filesystem)
        if not isinstance(choice, tuple) or not _has_vanished(choice[0], filesystem):
            continue
        # Somebody may have made the choice anew meanwhile, and then means it.
        if filesystem.identity(path) == before:
            with contextlib.suppress(OSError):
                path.unlink()
                _LOGGER.info("forgot the environment of %s, which is gone", choice[0])


def _has_vanished(folder: Path, filesystem: FileSystem) -> bool:
    if filesystem.read_link(folder) is not None:
        # A link that leads nowhere now may lead to such a drive.
        return False
    return not filesystem.exists(folder) and bool(_names_in(folder.parent, filesystem))


def _names_in(folder: Path, filesystem: FileSystem) -> list[str]:
    names = filesystem.names(folder)
    return [] if isinstance(names, Unreadable) else names


def _forget_vanished_soon(kept_in: Path) -> None:
    """Forget in a thread, which is left alone where a file system does not answer it."""
    arguments = (kept_in, LocalFileSystem(), time())
    thread = Thread(target=forget_vanished, args=arguments, name="pinfold-choices", daemon=True)
    thread.start()
    thread.join(CLEANING_S)


@dataclass(frozen=True, slots=True)
class _Resolved:
    path: Path
    is_folder: bool


def _resolved(folder: Path) -> _Resolved:
    """Return *folder* with its links followed; as it is where a file system does not answer."""
    from pinfold.core.environments.interpreters import real_path

    filesystem, found = LocalFileSystem(), [_Resolved(folder, is_folder=False)]

    def resolve() -> None:
        real = Path(real_path(str(folder), filesystem))
        found.append(_Resolved(real, filesystem.is_directory(real)))

    thread = Thread(target=resolve, name="pinfold-choice", daemon=True)
    thread.start()
    thread.join(RESOLVING_S)
    return found[-1]


def _normal(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"not absolute: {path}")
    return Path(os.path.normpath(path))


def _place(folder: Path, kept_in: Path | None) -> tuple[Path, Path]:
    """Return a folder as it is kept, and the file of its choice."""
    import hashlib

    folder = _normal(folder)
    # On Windows, the same folder may be written in several ways.
    text = os.path.normcase(folder)
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return folder, (kept_in or choices_folder()) / f"{digest}.json"


def _refuse_foreign(path: Path) -> None:
    """Raise if what stands at *path* is none that this Pinfold may have written."""
    known = _read(path, LocalFileSystem())
    if isinstance(known, ChoiceError):
        raise known


def _read(path: Path, filesystem: FileSystem) -> tuple[Path, Path | None] | ChoiceError | None:
    """Return a folder and what is chosen for it; ``None`` if there is no such file."""
    data = filesystem.read_bytes(path, MAX_CHOICE_BYTES)
    if isinstance(data, Unreadable):
        if data.reason is UnreadableReason.MISSING:
            return None
        return ChoiceError(path, ChoiceProblem.BROKEN, data.detail)
    try:
        content = json.loads(data)
        version = content["version"]
        if isinstance(version, int) and version > FORMAT_VERSION:
            return ChoiceError(path, ChoiceProblem.NEWER)
        if version != FORMAT_VERSION:
            raise ValueError(version)
        environment = content["environment"]
        return _path(content["folder"]), None if environment is None else _path(environment)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return ChoiceError(path, ChoiceProblem.BROKEN, type(error).__name__)


def _path(value: object) -> Path:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(value)
    return _normal(Path(value))


def _write(path: Path, data: bytes) -> None:
    # Late: every run reads choices, and few make one.
    from pinfold.core.durable import write_durably

    try:
        write_durably(path, data)
    except OSError as error:
        raise ChoiceError(path, ChoiceProblem.UNWRITABLE, _said(error)) from error


def _said(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
