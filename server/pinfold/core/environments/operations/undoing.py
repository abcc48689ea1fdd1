"""A change taken back, or made again: what that would change.

Owns the plan of `undo`. Everything blocks.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.history import standing
from pinfold.core.environments.changes.journal import SetAside
from pinfold.core.environments.operations.prepared import Prepared, own_projects, versions_of
from pinfold.core.environments.planning.outcome import changes_of, release_of
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.model.plan import Plan, Resolution, Verb
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.environments.changes.journal import Entry
    from pinfold.core.environments.operations.prepared import Desk, Preparation
    from pinfold.core.environments.operations.requests import Undo
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages
    from pinfold.core.model.plan import PackageChange
    from pinfold.core.model.wording import Words


def prepare_undo(desk: Desk, request: Undo) -> Preparation:
    """Return what taking a change back gives back."""
    bench = desk.bench
    place = Path(os.path.realpath(request.prefix))
    history = bench.changes.journal.history()
    stands = standing(history, place)
    target = stands.next_to_redo if request.is_redo else stands.next_to_undo
    if request.entry is not None and (target is None or target.id != request.entry):
        return _refusal_of_entry(request, place, history)
    if target is None:
        what = "taken back that could be made again" if request.is_redo else "changed here"
        kept = stands.undone if request.is_redo else stands.done
        message = (
            f"what {request.prefix} was before is not kept any more"
            if kept
            else f"nothing was {what}: {request.prefix}"
        )
        return Refusal(RefusalReason.INVALID, message, _SEE_HISTORY)
    if target.set_aside is SetAside.NOTHING and not os.path.lexists(place):
        return Refusal(
            RefusalReason.INVALID,
            f"{request.prefix} is gone already, and there was none before it was made",
            Wording("`pinfold env create` makes a new one", "Create Environment makes a new one"),
        )
    before = bench.installed(request.prefix)
    after = None if target.held is None else bench.installed(target.held)
    changes = _difference(before, after)
    notes = (
        _told(target, history),
        *_told_of_place(target, request),
        *_told_of_others(target, changes),
    )
    plan = Plan(Verb.UNDO, request.prefix, changes=changes, notes=notes)
    return Prepared(request, plan, SetAside.MOVED, versions=versions_of(before), target=target)


_SEE_HISTORY = Wording("see `pinfold history`", "see Show History of Changes")


def _refusal_of_entry(request: Undo, place: Path, history: Sequence[Entry]) -> Refusal:
    """Return why the change that was named is not the one that comes next."""
    stands = standing(history, place)
    target = stands.next_to_redo if request.is_redo else stands.next_to_undo
    kept = stands.undone if request.is_redo else stands.done
    first = None if target is None else _title(target, history)
    named = next((entry for entry in history if entry.id == request.entry), None)
    action = _SEE_HISTORY
    if named is None:
        message = f"there is no change {request.entry}"
        if target is not None:
            action = Wording(
                f"see `pinfold history`; the next one is {target.id}", f"the next one is {first}"
            )
    elif named.place != place:
        message = f"that is a change of {named.prefix}: {_title(named, history)}"
    elif named not in kept:
        done = "made again" if request.is_redo else "taken back"
        message = f"that cannot be {done} now: {_title(named, history)}"
    elif first is None:
        message = f"what {request.prefix} was before is not kept any more"
    else:
        do = "make the change before it again" if request.is_redo else "undo the later change"
        message = f"{do} first: {first}"
        action = Wording(_SEE_HISTORY.command_line, "")
    return Refusal(RefusalReason.INVALID, message, action)


def _title(entry: Entry, history: Sequence[Entry]) -> str:
    """Return which change that is, in words by which people know it again."""
    entry, _ = _original(entry, history)
    names = [change.name for change in entry.changes]
    is_whole = entry.verb in (Verb.CREATE, Verb.REMOVE, Verb.REBUILD) or not names
    what = entry.prefix.name if is_whole else ", ".join(names[:_MOST_NAMES])
    if not is_whole and len(names) > _MOST_NAMES:
        what = f"{what} and {len(names) - _MOST_NAMES:,} more"
    moment = datetime.fromtimestamp(entry.started).astimezone()
    is_today = moment.date() == datetime.now().astimezone().date()
    return f"{entry.verb.value} of {what}, {moment:{'%H:%M' if is_today else '%Y-%m-%d %H:%M'}}"


_MOST_NAMES = 3


def _difference(
    before: InstalledPackages | None, after: InstalledPackages | None
) -> tuple[PackageChange, ...]:
    """Return what becomes of each project if *after* takes the place of *before*."""
    old = {} if before is None else {key: before.by_name[key] for key in own_projects(before)}
    new = {} if after is None else {key: after.by_name[key] for key in own_projects(after)}
    removed = [release_of(old[key]) for key in old if _is_other(old[key], new.get(key))]
    added = [release_of(new[key]) for key in new if _is_other(new[key], old.get(key))]
    return changes_of(Resolution(tuple(added), tuple(removed)), None)


def _is_other(one: InstalledDistribution, other: InstalledDistribution | None) -> bool:
    if other is None:
        return True
    return (one.version, one.editable, one.direct_url) != (
        other.version,
        other.editable,
        other.direct_url,
    )


def _told_of_place(target: Entry, request: Undo) -> Iterator[Words]:
    """Yield what becomes of the folder itself, which its packages do not tell."""
    if target.held is None:
        said = f"Takes {request.prefix} away: before that change there was none"
        if request.is_redo:
            yield f"{said}."
        else:
            yield Wording(f"{said}; `pinfold undo --redo` brings it back.", f"{said}.")
    elif not any(target.held.iterdir()):
        yield f"Leaves an empty folder at {request.prefix}, as it was before that change."


def _told_of_others(target: Entry, changes: Sequence[PackageChange]) -> Iterator[str]:
    """Yield what is lost besides: whatever others have installed or removed since."""
    ours = {one.name: (one.after, one.before) for one in target.changes}
    others = []
    for change in changes:
        versions = tuple(one and one.version for one in (change.before, change.after))
        if versions[0] != versions[1] and versions != ours.get(change.key):
            others.append(change.key)
    if others:
        names = ", ".join(others)
        yield f"Takes back, too, what other programs have changed since: {names}"


def _told(target: Entry, history: Sequence[Entry]) -> Words:
    """Return which change is meant: that which is taken back, or made again."""
    entry, is_again = _original(target, history)
    moment = datetime.fromtimestamp(entry.started).astimezone()
    how = f" ({entry.command})" if entry.command else ""
    what = "Makes again" if is_again else "Takes back"
    said = f"{what}: {entry.verb.value} of {moment:%Y-%m-%d %H:%M:%S}"
    return Wording(f"{said}{how}", said)


def _original(entry: Entry, history: Sequence[Entry]) -> tuple[Entry, bool]:
    """Return the change that all began with, and whether taking *entry* back makes that again.

    To take back an undoing makes the change again that it has taken back.
    """
    first = {one.id: one for one in history}
    is_again = False
    while entry.undoes is not None and entry.undoes in first:
        entry, is_again = first[entry.undoes], not is_again
    return entry, is_again
