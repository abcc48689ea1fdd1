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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.environments.changes.journal import Entry
    from pinfold.core.environments.operations.prepared import Desk, Preparation
    from pinfold.core.environments.operations.requests import Undo
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages
    from pinfold.core.model.plan import PackageChange


def prepare_undo(desk: Desk, request: Undo) -> Preparation:
    """Return what taking a change back gives back."""
    bench = desk.bench
    place = Path(os.path.realpath(request.prefix))
    history = bench.changes.journal.history()
    stands = standing(history, place)
    target = stands.next_to_redo if request.is_redo else stands.next_to_undo
    if request.entry is not None and (target is None or target.id != request.entry):
        is_known = any(entry.id == request.entry for entry in history)
        return Refusal(
            RefusalReason.INVALID,
            f"{request.entry} is not the change that comes next"
            if is_known
            else f"there is no change {request.entry}",
            "see `pinfold history`"
            if target is None
            else f"see `pinfold history`; the next one is {target.id}",
        )
    if target is None:
        what = "taken back that could be made again" if request.is_redo else "changed here"
        kept = stands.undone if request.is_redo else stands.done
        message = (
            f"what {request.prefix} was before is not kept any more"
            if kept
            else f"nothing was {what}: {request.prefix}"
        )
        return Refusal(RefusalReason.INVALID, message, "see `pinfold history`")
    if target.set_aside is SetAside.NOTHING and not os.path.lexists(place):
        return Refusal(
            RefusalReason.INVALID,
            f"{request.prefix} is gone already, and there was none before it was made",
            "`pinfold env create` makes a new one",
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


def _told_of_place(target: Entry, request: Undo) -> Iterator[str]:
    """Yield what becomes of the folder itself, which its packages do not tell."""
    if target.held is None:
        back = "" if request.is_redo else "; `pinfold undo --redo` brings it back"
        yield f"Takes {request.prefix} away: before that change there was none{back}."
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


def _told(target: Entry, history: Sequence[Entry]) -> str:
    """Return which change is meant: that which is taken back, or made again."""
    first = {entry.id: entry for entry in history}
    entry, is_again = target, False
    # To take back an undoing makes the change again that it has taken back.
    while entry.undoes is not None and entry.undoes in first:
        entry, is_again = first[entry.undoes], not is_again
    moment = datetime.fromtimestamp(entry.started).astimezone()
    how = f" ({entry.command})" if entry.command else ""
    what = "Makes again" if is_again else "Takes back"
    return f"{what}: {entry.verb.value} of {moment:%Y-%m-%d %H:%M:%S}{how}"
