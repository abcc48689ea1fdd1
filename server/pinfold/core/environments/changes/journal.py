"""The journal of changes: what is under way, and what was done.

Owns the entries and their files: one for each change, replaced as a whole and kept through a power
cut, so that whoever starts next knows what to do. Refuses to touch an environment.

An entry that is under way stands in ``open``, one that is over in ``done``. Only the first are read
at each start. What a newer Pinfold wrote, or what cannot be read, is left alone: whoever starts or
changes something is given it, to say so.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinfold.core.durable import keep_names, write_durably
from pinfold.core.model.plan import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOGGER = logging.getLogger("pinfold")

FORMAT_VERSION = 1
"""Raised with every change that an older Pinfold would misread."""

MAX_ENTRY_BYTES = 4 * 1024 * 1024

_ID = re.compile(r"\d{8}T\d{6}-\d{6}-[0-9a-f]{8}")


class Phase(Enum):
    """How far a change has come; the value is its name in JSON."""

    PREPARING = "preparing"
    """What was there is being set aside; nothing else has been touched."""

    CHANGING = "changing"
    """What was there is set aside; what is in its place may be anything."""

    DONE = "done"
    PUT_BACK = "put-back"
    LEFT_ALONE = "left-alone"
    """Something else had taken the place meanwhile, and was not touched."""


class SetAside(Enum):
    """How that which was there is kept."""

    NOTHING = "nothing"
    """There was nothing."""

    MOVED = "moved"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class VersionChange:
    """What became of one project, for people; ``None`` where it was not there."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A requirements file that was written with a change: its texts before and afterwards.

    ``None`` where there was no such file. Both are, unless `is_kept`: it was too large.
    """

    path: Path
    before: str | None
    after: str | None
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an environment.

    `prefix` is as the user knows it, `place` the same with links resolved: that is what is set
    aside. `held` is where the old state is kept, unless there was none. `identity` is the device
    and inode of the folder that takes its place. `rejected` is where that goes if the old state is
    put back: for an undo, which has `undoes`, where it came from. `token` marks the processes of
    the change. Times are seconds since 1970. `command` is how it was asked for, to be read. `files`
    were written when it was done, and may have been changed since. `made` are the folders around
    `place` that were not there before, the innermost first.
    """

    id: str
    verb: Verb
    prefix: Path
    place: Path
    phase: Phase
    set_aside: SetAside
    held: Path | None
    rejected: Path
    started: float
    token: str
    pid: int
    identity: tuple[int, int] | None = None
    ended: float | None = None
    command: str = ""
    installer: str | None = None
    changes: tuple[VersionChange, ...] = ()
    undoes: str | None = None
    files: tuple[WrittenFile, ...] = ()
    made: tuple[Path, ...] = ()


def new_id(now: datetime) -> str:
    """Return an id; those of later changes come later in order of text."""
    moment = now.astimezone(timezone.utc)
    return f"{moment:%Y%m%dT%H%M%S-%f}-{secrets.token_hex(4)}"


class UnreadableEntry(Exception):
    """An entry cannot be understood: it is broken, or `is_newer` than this Pinfold."""

    def __init__(self, path: Path, *, is_newer: bool, place: Path | None) -> None:
        super().__init__(f"{path} {'was written by a newer Pinfold' if is_newer else 'is broken'}")
        self.path = path
        self.is_newer = is_newer
        self.place = place

    @property
    def action(self) -> str:
        """What to do about one that is under way, as a clause for people."""
        if self.is_newer:
            return "start that one, which finishes it"
        return "see that the environment is whole, and delete that file"


class Journal:
    """The entries below a folder."""

    def __init__(self, folder: Path) -> None:
        self._open = folder / "open"
        self._done = folder / "done"

    def write(self, entry: Entry) -> None:
        """Keep the state of a change that is under way.

        Raises:
            OSError: it cannot be kept; nothing must be changed then.
        """
        write_durably(self._open / f"{entry.id}.json", _to_bytes(entry))

    def finish(self, entry: Entry) -> None:
        """Keep that a change is over, which it is from the moment that this is written.

        Raises:
            OSError: it cannot be kept; the change is not over.
        """
        self.write(entry)
        self.file_away(entry)

    def file_away(self, entry: Entry) -> None:
        """Put an entry that is over among the others of its kind."""
        try:
            self._done.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self._open / f"{entry.id}.json").replace(self._done / f"{entry.id}.json")
            keep_names(self._done)
        except OSError as error:  # The next start does it.
            _LOGGER.info("the journal of changes: %s", error)

    def drop(self, entry: Entry) -> None:
        """Forget a change that never began."""
        (self._open / f"{entry.id}.json").unlink(missing_ok=True)

    def reread(self, entry: Entry) -> Entry | None:
        """Return how far a change has come by now; ``None`` if it is over."""
        try:
            return _read(self._open / f"{entry.id}.json")
        except (FileNotFoundError, UnreadableEntry):
            return None

    def under_way(self) -> Iterator[Entry | UnreadableEntry]:
        """Return the changes that are not over, and those that are and not yet filed away."""
        return _entries(self._open)

    def history(self) -> tuple[Entry, ...]:
        """Return the changes that are over, the oldest first."""
        found = [entry for entry in _entries(self._done) if isinstance(entry, Entry)]
        return tuple(sorted(found, key=lambda entry: entry.id))

    def note_files(self, entry_id: str, files: Sequence[WrittenFile]) -> None:
        """Keep which files belong to a change that is over.

        Raises:
            OSError: it cannot be kept.
        """
        for folder in (self._done, self._open):
            path = folder / f"{entry_id}.json"
            try:
                write_durably(path, _to_bytes(replace(_read(path), files=tuple(files))))
            except (FileNotFoundError, UnreadableEntry):
                continue
            return

    def forget(self, entry: Entry) -> None:
        """Remove an entry that is over."""
        (self._done / f"{entry.id}.json").unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[Entry | UnreadableEntry]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError:
        return
    for name in names:
        stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name
        if ending != ".json" or _ID.fullmatch(stem) is None:
            continue
        path = folder / name
        try:
            yield _read(path)
        except FileNotFoundError:  # Another process has just put it away.
            continue
        except UnreadableEntry as error:
            _LOGGER.info("a change of an environment: %s", error)
            yield error


def _read(path: Path) -> Entry:
    content: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            parsed = json.loads(file.read(MAX_ENTRY_BYTES))
        if not isinstance(parsed, dict):
            raise TypeError(type(parsed))
        content = parsed
        if content["version"] != FORMAT_VERSION:
            raise ValueError(content["version"])
        identity = content["identity"]
        return Entry(
            id=path.stem,
            verb=Verb(content["verb"]),
            prefix=_path(content["prefix"]),
            place=_path(content["place"]),
            phase=Phase(content["phase"]),
            set_aside=SetAside(content["setAside"]),
            held=_path_or_none(content["held"]),
            rejected=_path(content["rejected"]),
            started=float(content["started"]),
            token=str(content["token"]),
            pid=int(content["pid"]),
            identity=None if identity is None else (int(identity[0]), int(identity[1])),
            ended=None if content["ended"] is None else float(content["ended"]),
            command=str(content["command"]),
            installer=content["installer"],
            changes=tuple(
                VersionChange(str(name), before, after)
                for name, before, after in content["changes"]
            ),
            undoes=content["undoes"],
            files=tuple(_file(file) for file in content.get("files", ())),
            made=tuple(_path(folder) for folder in content.get("made", ())),
        )
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        version, place = content.get("version"), content.get("place")
        raise UnreadableEntry(
            path,
            is_newer=isinstance(version, int) and version > FORMAT_VERSION,
            place=Path(place) if isinstance(place, str) else None,
        ) from error


def _file(content: Any) -> WrittenFile:
    before, after = content["before"], content["after"]
    if not all(text is None or isinstance(text, str) for text in (before, after)):
        raise TypeError(content)
    return WrittenFile(_path(content["path"]), before, after, is_kept=bool(content["kept"]))


def _path(value: object) -> Path:
    if not isinstance(value, str) or not os.path.isabs(value) or "\0" in value:  # noqa: PTH117
        raise TypeError(value)
    return Path(value)


def _path_or_none(value: object) -> Path | None:
    return None if value is None else _path(value)


def _to_bytes(entry: Entry) -> bytes:
    content = {
        "version": FORMAT_VERSION,
        "verb": entry.verb.value,
        "prefix": str(entry.prefix),
        "place": str(entry.place),
        "phase": entry.phase.value,
        "setAside": entry.set_aside.value,
        "held": None if entry.held is None else str(entry.held),
        "rejected": str(entry.rejected),
        "started": entry.started,
        "token": entry.token,
        "pid": entry.pid,
        "identity": entry.identity,
        "ended": entry.ended,
        "command": entry.command,
        "installer": entry.installer,
        "changes": [(change.name, change.before, change.after) for change in entry.changes],
        "undoes": entry.undoes,
        # An older Pinfold passes over these, and leaves files and folders alone.
        "made": [str(folder) for folder in entry.made],
        "files": [
            {
                "path": str(file.path),
                "before": file.before,
                "after": file.after,
                "kept": file.is_kept,
            }
            for file in entry.files
        ],
    }
    # ASCII: a path with bytes that are no UTF-8 has lone surrogates, which only escapes can write.
    return json.dumps(content, ensure_ascii=True, indent=1).encode("ascii") + b"\n"


def in_phase(entry: Entry, phase: Phase, *, now: float | None = None) -> Entry:
    """Return the entry in another phase, ended at *now* if that is said."""
    return replace(entry, phase=phase, ended=entry.ended if now is None else now)
