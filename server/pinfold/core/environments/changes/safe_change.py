"""A change of an environment that leaves the old state or the new one, whatever happens.

Owns the order of things: what was there is set aside, the journal says so, the change is made at
the final path, and then the journal says that it is made; or else the old state is put back, by
whoever is there to do it: the one that changed, or the next that starts. Refuses to know what a
change consists of.

Invariants, which hold between any two calls of the file system:

- Until the journal says `CHANGING`, nothing of the old state has been touched, but that it may
  have been moved as a whole to `held`.
- From then on the old state is whole at `held`, until it is back at `place`.
- It is over as soon as the journal says so; what is left to do then is only tidying.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.durable import keep_all, keep_names
from pinfold.core.environments.changes.history import remove_holding_folder, standing
from pinfold.core.environments.changes.holding import (
    HoldingError,
    HoldingProblem,
    check_movable,
    copy,
    discard,
    holding_error,
    holding_folders,
    make_holding_folder,
    move,
)
from pinfold.core.environments.changes.journal import (
    Entry,
    Journal,
    Phase,
    SetAside,
    UnreadableEntry,
    in_phase,
    new_id,
)
from pinfold.core.environments.changes.locks import Busy, Cancelled, Owner, lock_file, locked
from pinfold.core.model.plan import Verb
from pinfold.core.process import end_marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from threading import Event

    from pinfold.core.environments.changes.journal import VersionChange

_LOGGER = logging.getLogger("pinfold")

LOCK_TIMEOUT_S = 3600.0
"""How long a change waits for the one before it."""


class CannotChange(Exception):
    """A change was not begun, and everything is as it was; the message says why, to people.

    `problem` is what the file system has against it, where it is that, and `action` what to do
    about it, where that is known.
    """

    def __init__(
        self, message: str, problem: HoldingProblem | None = None, action: str | None = None
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.action = action


class CannotPutBack(Exception):
    """The old state of an environment could not be put back yet; it is whole at `held`.

    Where there was nothing before, what was begun is still there.
    """

    def __init__(self, entry: Entry, detail: str) -> None:
        super().__init__(
            f"what was begun at {entry.prefix} could not be taken away again ({detail}): the next"
            " start of Pinfold tries again"
            if entry.held is None
            else f"{entry.prefix} could not be put back as it was ({detail}): its old state is kept"
            f" in {entry.held}, and the next start of Pinfold tries again"
        )
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Recovered:
    """A change that had been interrupted, and is over now, as its `entry` says."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class NotRecovered:
    """Why a change that had been interrupted could not be ended yet, as a clause for people."""

    problem: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for others that are changing the same environment."""

    timeout_s: float = LOCK_TIMEOUT_S
    cancelled: Event | None = None
    on_wait: Callable[[Owner | None], None] = lambda _owner: None


class Change:
    """A change under way. What is started for it has to bear its `token`."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.is_kept = False
        self._changes: tuple[VersionChange, ...] = ()

    @property
    def token(self) -> str:
        """The mark of its processes, see :func:`pinfold.core.process.run`."""
        return self.entry.token

    def keep(self, changes: Sequence[VersionChange] = ()) -> None:
        """Say that it has succeeded, and what it has changed; else the old state is put back."""
        self.is_kept = True
        self._changes = tuple(changes)

    @property
    def result(self) -> Entry:
        """The entry as it is when it has succeeded."""
        return replace(in_phase(self.entry, Phase.DONE, now=_now()), changes=self._changes)


def _agree() -> None:
    """Have nothing against it."""


class Changes:
    """The changes of environments on this machine; *state* is the folder of Pinfold's state."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._locks = state / "locks"
        self.journal = Journal(state / "changes")

    @contextmanager
    def change(
        self,
        prefix: Path,
        verb: Verb,
        set_aside: SetAside,
        *,
        command: str = "",
        installer: str | None = None,
        waiting: Waiting | None = None,
        check: Callable[[], None] = _agree,
    ) -> Iterator[Change]:
        """Set aside what is at *prefix*, and put it back in the end unless told to keep the change.

        With `MOVED` and `NOTHING` there is an empty folder at *prefix* to begin with. *check* is
        called when nobody else can change it any more, and nothing is done yet; it may raise.

        Raises:
            CannotChange: it was not begun.
            CannotPutBack: the old state could not be put back.
            Busy: somebody else is changing it.
            Cancelled: it was not wanted any more before it began.
        """
        waiting = waiting or Waiting()
        place = Path(os.path.realpath(prefix))
        with self._locked(place, f"pinfold {verb.value}", waiting):
            check()
            entry = Entry(
                id=new_id(datetime.now(timezone.utc)),
                verb=verb,
                prefix=prefix,
                place=place,
                phase=Phase.PREPARING,
                set_aside=set_aside,
                held=None,
                rejected=place,
                started=_now(),
                token=secrets.token_hex(16),
                pid=os.getpid(),
                command=command,
                installer=installer,
            )
            change = Change(self._begin(entry, waiting.cancelled))
            has_come_through = False
            try:
                yield change
                has_come_through = True
            finally:
                self._end(change, is_wanted=change.is_kept and has_come_through)

    def undo(
        self,
        target: Entry,
        changes: Sequence[VersionChange],
        *,
        command: str = "",
        waiting: Waiting | None = None,
        check: Callable[[], None] = _agree,
    ) -> Entry:
        """Put the state back that *target* has set aside; what is there now is set aside in turn.

        *target* is the change that comes next in either direction, see
        :func:`~pinfold.core.environments.changes.history.standing`. *changes* are what becomes of
        each project by it. *check* is called as in :meth:`change`.

        Raises:
            CannotChange: it was not begun.
            CannotPutBack: what is there now could not be put back after a failure.
            Busy: somebody else is changing it.
            Cancelled: it was not wanted any more before it began.
        """
        waiting = waiting or Waiting()
        place = target.place
        with self._locked(place, "pinfold undo", waiting):
            check()
            stands = standing(self.journal.history(), place)
            if target.id not in [one.id for one in (*stands.done[-1:], *stands.undone[-1:])]:
                raise CannotChange(f"{target.prefix} was changed meanwhile: look at it again")
            restores = None if target.set_aside is SetAside.NOTHING else target.held
            if restores is not None and not os.path.lexists(restores):
                raise CannotChange(f"what {target.prefix} was before is not kept any more")
            is_there = os.path.lexists(place)
            if not is_there and restores is None:
                raise CannotChange(f"{target.prefix} is gone already")
            entry = Entry(
                id=new_id(datetime.now(timezone.utc)),
                verb=Verb.UNDO,
                prefix=target.prefix,
                place=place,
                phase=Phase.PREPARING,
                set_aside=SetAside.MOVED if is_there else SetAside.NOTHING,
                held=None,
                rejected=restores or place,
                started=_now(),
                token=secrets.token_hex(16),
                pid=os.getpid(),
                command=command,
                identity=None if restores is None else _identity(restores),
                changes=tuple(changes),
                undoes=target.id,
            )
            change = Change(self._begin(entry, None))
            try:
                if restores is not None:
                    move(restores, place)
                change.keep(entry.changes)
            except OSError as error:
                raise CannotChange(f"{target.prefix} was not changed: {_said(error)}") from error
            finally:
                self._end(change, is_wanted=change.is_kept)
            return change.result

    def recover(self) -> tuple[Recovered | NotRecovered, ...]:
        """Finish what was interrupted: put back every environment whose change nobody goes on with.

        Costs the listing of one folder if there is nothing to do. Raises nothing.
        """
        recovered: list[Recovered | NotRecovered] = []
        for entry in self.journal.under_way():
            if isinstance(entry, UnreadableEntry):
                recovered.append(NotRecovered(f"{_unfinished(entry)}; {entry.action}"))
                continue
            if entry.phase not in _UNFINISHED:
                self.journal.file_away(entry)
                continue
            try:
                file = lock_file(self._locks, entry.place)
                with locked(file, entry.place, "pinfold", timeout_s=0):
                    now = self.journal.reread(entry)
                    if now is not None and now.phase in _UNFINISHED:
                        recovered.append(Recovered(self._recover(now)))
            except Busy:  # Whoever changes it is alive.
                continue
            except CannotPutBack as error:
                recovered.append(NotRecovered(str(error)))
            except OSError as error:
                what = f"{error.filename}: {_said(error)}" if error.filename else _said(error)
                recovered.append(NotRecovered(str(CannotPutBack(entry, what))))
        return tuple(recovered)

    @contextmanager
    def _locked(self, place: Path, purpose: str, waiting: Waiting) -> Iterator[None]:
        try:
            self._locks.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CannotChange(f"{self._state} cannot be written: {_said(error)}") from error
        with locked(
            lock_file(self._locks, place),
            place,
            purpose,
            timeout_s=waiting.timeout_s,
            cancelled=waiting.cancelled,
            on_wait=waiting.on_wait,
        ):
            self._recover_at(place)
            yield

    def _recover_at(self, place: Path) -> None:
        """Finish what another one has left of a change of *place*, whose lock is held."""
        for entry in self.journal.under_way():
            if entry.place != place:
                continue
            if isinstance(entry, UnreadableEntry):
                raise CannotChange(_unfinished(entry), action=entry.action)
            if entry.phase in _UNFINISHED:
                self._recover(entry)
            else:
                self.journal.file_away(entry)

    def _begin(self, entry: Entry, cancelled: Event | None) -> Entry:
        """Set aside what there is; return the entry, which says that the change may be made."""
        try:
            entry = self._set_aside(entry, cancelled)
            if entry.undoes is None and entry.set_aside is not SetAside.COPIED:
                entry.place.mkdir()
                keep_names(entry.place.parent)
            if entry.undoes is None:
                entry = replace(entry, identity=_identity(entry.place))
            entry = in_phase(entry, Phase.CHANGING)
            self.journal.write(entry)
        except (OSError, HoldingError, Cancelled) as error:
            self._give_up(entry)
            if isinstance(error, OSError):
                error = holding_error(entry.prefix, error)
            if isinstance(error, HoldingError):
                raise CannotChange(str(error), error.problem) from error
            raise
        except BaseException:
            self._give_up(entry)
            raise
        return entry

    def _set_aside(self, entry: Entry, cancelled: Event | None) -> Entry:
        def check() -> None:
            if cancelled is not None and cancelled.is_set():
                raise Cancelled

        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = tuple(folder for folder in entry.place.parents if not os.path.lexists(folder))
        if made:
            entry = replace(entry, made=made)
            self.journal.write(entry)
            entry.place.parent.mkdir(parents=True, exist_ok=True)
        if entry.set_aside is SetAside.COPIED:
            check_movable(entry.place)
        for folder in holding_folders(entry.place, self._state):
            make_holding_folder(folder)
            held = folder / entry.id
            rejected = entry.rejected if entry.undoes else folder / f"{entry.id}.rejected"
            is_anything = entry.set_aside is not SetAside.NOTHING
            entry = replace(entry, held=held if is_anything else None, rejected=rejected)
            self.journal.write(entry)
            try:
                if entry.set_aside is SetAside.MOVED:
                    move(entry.place, held)
                elif entry.set_aside is SetAside.COPIED:
                    copy(entry.place, held, check)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                discard(held)
            else:
                return entry
        raise HoldingError(entry.place, HoldingProblem.FAILED, "no place on its file system")

    def _give_up(self, entry: Entry) -> None:
        """Undo the preparations, as far as they have come."""
        now = self.journal.reread(entry)
        if now is not None:
            self._recover(replace(now, identity=now.identity or entry.identity))

    def _end(self, change: Change, *, is_wanted: bool) -> None:
        entry = change.entry
        if is_wanted:
            if entry.undoes is None:
                # Of what was removed, there is no place of its own any more.
                keep_all(entry.place.parent)
            try:
                self.journal.finish(change.result)
            except OSError as error:
                self._put_back(entry)
                raise CannotChange(
                    f"{entry.prefix} is as it was: the journal cannot be written: {_said(error)}"
                ) from error
        else:
            self._put_back(entry)

    def _recover(self, entry: Entry) -> Entry:
        """Put back what a change that is not going on has left; the lock is held."""
        # Its owner is dead, but what it had started may not be.
        if not end_marked(entry.token):
            raise CannotPutBack(entry, "its installer is still running")
        if entry.phase is Phase.CHANGING:
            return self._put_back(entry)
        try:
            self._unprepare(entry)
        except OSError as error:
            raise CannotPutBack(entry, _said(error)) from error
        _remove_made(entry)
        self.journal.drop(entry)
        return in_phase(entry, Phase.PUT_BACK, now=_now())

    def _unprepare(self, entry: Entry) -> None:
        """Take back what was done before the journal said that the change is made."""
        if entry.set_aside is SetAside.COPIED:
            if entry.held is not None:
                discard(entry.held)
            return
        if entry.held is None:
            # One that is not empty is not the one that was made for this.
            with suppress(OSError):
                entry.place.rmdir()
        elif os.path.lexists(entry.held):
            with suppress(FileNotFoundError):
                entry.place.rmdir()
            move(entry.held, entry.place)

    def _put_back(self, entry: Entry) -> Entry:
        """Put the old state in the place of the new one.

        Raises:
            CannotPutBack: that is not possible now.
        """
        try:
            phase = self._swap(entry)
            ended = in_phase(entry, phase, now=_now())
            self.journal.finish(ended)
        except OSError as error:
            raise CannotPutBack(entry, _said(error)) from error
        if entry.undoes is None:
            discard(entry.rejected)
        _remove_made(entry)
        return ended

    @staticmethod
    def _swap(entry: Entry) -> Phase:
        """Do the two renames, as far as an interrupted one has not done them already."""
        place, held = entry.place, entry.held
        is_old_away = held is None or os.path.lexists(held)
        if is_old_away and os.path.lexists(place):
            if _identity(place) != entry.identity:
                return Phase.LEFT_ALONE
            if entry.undoes is None:
                discard(entry.rejected)
            move(place, entry.rejected)
        if held is not None and os.path.lexists(held):
            move(held, place)
        return Phase.PUT_BACK


_UNFINISHED = (Phase.PREPARING, Phase.CHANGING)


def _unfinished(entry: UnreadableEntry) -> str:
    return f"a change of {entry.place or 'an environment'} is not finished: {entry}"


def _remove_made(entry: Entry) -> None:
    """Remove the folders that were made around a place where nothing has come to be."""
    if entry.made:
        remove_holding_folder(entry.rejected.parent)
    # One that is not empty is somebody's by now.
    with suppress(OSError):
        for folder in entry.made:
            folder.rmdir()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = os.lstat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _now() -> float:
    return datetime.now(timezone.utc).timestamp()


def _said(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
