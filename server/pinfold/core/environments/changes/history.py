"""What was done to environments, what of it can be taken back, and when it is forgotten.

Owns the order in which changes are undone, and how long old states are kept. Refuses to change an
environment.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.holding import BESIDE, discard
from pinfold.core.environments.changes.journal import Phase, SetAside
from pinfold.core.model.plan import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pinfold.core.environments.changes.journal import Entry, Journal

_LOGGER = logging.getLogger("pinfold")

KEPT_S = 30 * 24 * 3600.0
"""How long old states are kept."""

MAX_KEPT = 20
"""How many old states of one environment are kept."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The changes of one environment that count now, each list in order of time.

    To undo the last of `done` gives the state before it; to undo the last of `undone`, which are
    undoings themselves, does what they have undone again.
    """

    done: tuple[Entry, ...]
    undone: tuple[Entry, ...]

    @property
    def next_to_undo(self) -> Entry | None:
        """The change that is taken back first; ``None`` if there is none that can be."""
        return self.done[-1] if self.done and is_restorable(self.done[-1]) else None

    @property
    def next_to_redo(self) -> Entry | None:
        """The undoing that is taken back first; ``None`` if there is none that can be."""
        return self.undone[-1] if self.undone and is_restorable(self.undone[-1]) else None


def standing(history: Iterable[Entry], place: Path) -> Standing:
    """Return which changes of a place count; *history* is in order of time."""
    done: list[Entry] = []
    undone: list[Entry] = []
    for entry in history:
        if entry.place != place or entry.phase is not Phase.DONE:
            continue
        if entry.undoes is None:
            done.append(entry)
            undone.clear()
        elif undone and undone[-1].id == entry.undoes:
            # It holds the state before what is done again, as that did the first time.
            undone.pop()
            done.append(entry)
        else:
            while done and done.pop().id != entry.undoes:
                pass
            undone.append(entry)
    return Standing(tuple(done), tuple(undone))


def is_restorable(entry: Entry) -> bool:
    """Return whether the state before a change is still kept."""
    return entry.set_aside is SetAside.NOTHING or _is_held(entry)


def _is_held(entry: Entry) -> bool:
    return entry.held is not None and os.path.lexists(entry.held)


def left_alone_text(entry: Entry) -> str:
    """Return what to know of a change whose place something else has taken, as a clause."""
    if entry.held is None:
        return "what is there now is left alone"
    days = KEPT_S / (24 * 3600)
    return (
        f"what was there before is kept in {entry.held} for {days:.0f} days: move it from there"
        " if you want it back, for undo does not know it"
    )


def expire(
    journal: Journal, *, now: float, trash: Callable[[Path], None], kept_s: float = KEPT_S
) -> int:
    """Let go of what is too old, or one state too many; return how many entries that were.

    An entry that a younger one has undone stays with that, or nobody could tell an undoing from a
    redoing. A removed environment goes to the system's trash by *trash*, which raises `OSError` if
    there is none; it is kept then. Old states of environments that are still there are removed.
    """
    history = journal.history()
    # Whoever changes one now counts on what is kept of it.
    under_way = {entry.place for entry in journal.under_way()}
    later: dict[Path, int] = {}
    referred: set[str] = set()
    gone = 0
    for entry in reversed(history):
        if entry.place in under_way:
            continue
        _discard_rejected(entry)
        # Not entries: each undoing is one more of them, and only moves what is kept about.
        count = later[entry.place] = later.get(entry.place, 0) + _is_held(entry)
        is_old = now - (entry.ended or entry.started) > kept_s
        is_due = is_old or count > MAX_KEPT
        if is_due and entry.id not in referred and _let_go(entry, trash):
            journal.forget(entry)
            gone += 1
        elif entry.undoes is not None:
            referred.add(entry.undoes)
    return gone


def _discard_rejected(entry: Entry) -> None:
    """Remove what a change had made that was put back, if it could not be removed then."""
    if entry.phase is Phase.PUT_BACK and entry.undoes is None and entry.rejected != entry.place:
        discard(entry.rejected)


def _let_go(entry: Entry, trash: Callable[[Path], None]) -> bool:
    held = entry.held
    if held is None or not _is_held(entry):
        return True
    if entry.verb is Verb.REMOVE and entry.phase is Phase.DONE:
        try:
            trash(held)
        except OSError as error:
            _LOGGER.info("%s is kept for longer, since it cannot go to the trash: %s", held, error)
            return False
    elif not discard(held):
        return False
    remove_holding_folder(held.parent)
    return True


def remove_holding_folder(folder: Path) -> None:
    """Remove a folder beside environments once there is nothing in it."""
    if folder.name != BESIDE:
        return
    try:
        if [entry.name for entry in folder.iterdir()] == [".gitignore"]:
            (folder / ".gitignore").unlink()
            folder.rmdir()
    except OSError as error:
        _LOGGER.info("%s: %s", folder, error)
