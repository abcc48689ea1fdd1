"""Operations on environments, as programs and people are told of them: plain data, nothing secret.

Owns the shape of an outcome and of the history in JSON, the words for both, and the reading of the
requirements files that an operation is about. How paths are written is the host's business.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.history import is_restorable, standing
from pinfold.core.environments.operations.prepared import UnreadableFile
from pinfold.core.environments.operations.runner import Result
from pinfold.core.environments.planning.asked import AskedFile
from pinfold.core.environments.planning.uninstalling import SEEDS
from pinfold.core.files import Unreadable
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import ChangeKind, Verb
from pinfold.core.model.wording import Wording, at_command_line
from pinfold.features.plans import (
    asker_json,
    asker_text,
    change_text,
    is_reinstalled,
    line_json,
    line_text,
    plan_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.changes.journal import Entry, VersionChange
    from pinfold.core.environments.operations.carrying_out import Done
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.environments.planning.refusal import Refusal
    from pinfold.core.model.plan import Failure, IndexUse, Plan
    from pinfold.core.model.wording import Words
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Json, WritePath

FORMAT_VERSION = 1


def asked_files(snapshot: Snapshot, paths: Sequence[Path]) -> tuple[AskedFile, ...]:
    """Return requirements files with all that they include, as far as that can be read.

    Raises:
        UnreadableFile: one of *paths* cannot be.
    """
    found: dict[Path, AskedFile] = {}
    for path in paths:
        view = snapshot.view(path)
        if isinstance(view, Unreadable):
            raise UnreadableFile(path, view.detail)
        found.setdefault(path, AskedFile(path, view.document))
        for included in view.included:
            found.setdefault(
                included.path,
                AskedFile(included.path, included.document, included.is_constraint),
            )
    return tuple(found.values())


def installable_files(snapshot: Snapshot, paths: Sequence[Path]) -> tuple[AskedFile, ...]:
    """Return the same, with the lines that pip refuses and what `pinfold check` says of them.

    Raises:
        UnreadableFile: one of *paths* cannot be read.
    """
    return tuple(
        replace(file, refused=tuple(_refused(snapshot, file)))
        for file in asked_files(snapshot, paths)
    )


def _refused(snapshot: Snapshot, file: AskedFile) -> Iterator[tuple[int, str]]:
    document = file.document
    refused = [one for one in document.entries if one[1].kind is EntryKind.ERROR]
    if not refused:
        return
    # Late: nearly all files have none, and rules are much to import.
    from pinfold.core.rules.registry import Family, rules

    # A project may have silenced a rule: pip refuses the line all the same, and has a reason.
    found = snapshot.judge(file.path).findings
    syntax = {rule.name for rule in rules().values() if rule.family is Family.SYNTAX}
    for start, entry in refused:
        assert entry.problem is not None
        first = document.position(start + entry.range.start).line
        last = document.position(start + entry.range.end).line
        messages = [
            one.message
            for one in found
            if one.rule in syntax and first <= document.position(one.range.start).line <= last
        ]
        yield first, messages[0] if messages else entry.problem.message


def plan_lines(
    plan: Plan,
    write_path: WritePath,
    *,
    with_steps: bool = True,
    say: Callable[[Words], str] = at_command_line,
) -> Iterator[str]:
    """Yield what a plan does, in lines for people; *with_steps*: how, where it is not known."""
    for change in plan.changes:
        asker = ""
        if change.asked_by:
            asker = f"  ({asker_text(change.asked_by[0], write_path)})"
        yield f"{_SIGNS[change.kind]} {change_text(change)}{asker}"
    if with_steps and not plan.changes:
        yield from (step.title for step in plan.steps)
    for sentence in plan.breaks:
        yield f"breaks: {masked(sentence)}"
    for note in plan.notes:
        yield masked(say(note))
    yield from _index_lines(plan.indexes)
    for line in plan.saves:
        yield line_text(line, write_path)


def _index_lines(indexes: Sequence[IndexUse]) -> Iterator[str]:
    """Yield where packages come from; nothing where that is only what everybody expects."""
    if all(index.origin == "default" for index in indexes):
        return
    for index in indexes:
        whose = f", with credentials from {index.credentials}" if index.credentials else ""
        where = "" if index.origin == "default" else f" ({index.origin})"
        yield f"Packages come from {index.url}{where}{whose}"


_SIGNS = {
    ChangeKind.ADDED: "+",
    ChangeKind.REMOVED: "-",
    ChangeKind.UPGRADED: "^",
    ChangeKind.DOWNGRADED: "v",
    ChangeKind.REPLACED: "~",
}


def outcome_json(outcome: Outcome, write_path: WritePath) -> Json:
    """Return the shape that an outcome has everywhere."""
    done = outcome.done
    return {
        "version": FORMAT_VERSION,
        "result": outcome.result.value,
        "plan": None if outcome.plan is None else plan_json(outcome.plan, write_path),
        "id": None if done is None else done.entry,
        "changes": [] if done is None else [_version_json(change) for change in done.changes],
        "refusal": None if outcome.refusal is None else _refusal_json(outcome.refusal),
        "failure": (
            None
            if outcome.failure is None
            else {
                **_failure_json(outcome.failure, write_path),
                "log": None if outcome.log is None else write_path(outcome.log),
            }
        ),
        "saved": [line_json(line, write_path) for line in outcome.saved],
        "unsaved": [masked(sentence) for sentence in outcome.unsaved],
    }


def outcome_text(
    outcome: Outcome, shown: str, *, say: Callable[[Words], str] = at_command_line
) -> str:
    """Return what became of an operation on the environment *shown*, in a sentence or two."""
    plan = outcome.plan
    match outcome.result:
        case Result.DONE:
            assert plan is not None
            assert outcome.done is not None
            return say(_done_text(plan, outcome.done, shown))
        case Result.NOTHING_TO_DO:
            notes = () if plan is None else plan.notes
            said = "\n".join(masked(say(note)) for note in notes) or "There is nothing to do."
            written = _written_text(outcome)
            return said if written is None else f"{said}\n{say(written)}"
        case Result.PREVIEWED:
            return "Nothing was changed."
        case Result.DECLINED:
            return "Nothing was changed."
        case Result.REFUSED:
            assert outcome.refusal is not None
            return refusal_text(outcome.refusal, say=say)
        case Result.FAILED:
            assert outcome.failure is not None
            return failure_text(outcome.failure)


def cancelled_text(verb: Verb, shown: str, *, is_new: bool) -> str:
    """Return that an operation on the environment *shown* was cancelled, and what is there now.

    *is_new*: there was none before.
    """
    state = f"there is no {shown}, as before" if is_new else f"{shown} is as it was before"
    return f"{_NOUNS[verb]} cancelled: {state}."


_NOUNS = {
    Verb.CREATE: "Creation",
    Verb.REMOVE: "Removal",
    Verb.REBUILD: "Rebuild",
    Verb.INSTALL: "Installation",
    Verb.UNINSTALL: "Uninstallation",
    Verb.UPGRADE: "Upgrade",
    Verb.SYNC: "Sync",
    Verb.UNDO: "Undo",
}


def refusal_text(refusal: Refusal, *, say: Callable[[Words], str] = at_command_line) -> str:
    """Return why something is not done, and what to do instead."""
    said = say(refusal.action) if refusal.action else ""
    action = f"; {said}" if said else ""
    return masked(f"{refusal.message}{action}")


def failure_text(failure: Failure) -> str:
    """Return why something failed, and what to do about it."""
    action = f" {failure.action.rstrip('.')}." if failure.action else ""
    return masked(f"{failure.cause.rstrip('.')}.{action}")


def failure_message(failure: Failure) -> str:
    """Return the same as a message that stands by itself, and so begins with a capital letter."""
    cause = failure.cause
    first, _, _ = cause.partition(" ")
    if normalised(first) in failure.packages:
        cause = f"Package {cause}"
    elif first not in _PROGRAMS:
        cause = f"{cause[:1].upper()}{cause[1:]}"
    return failure_text(replace(failure, cause=cause))


_PROGRAMS = ("uv", "pip")
"""What is written in small letters wherever it stands."""


def history_json(entries: Sequence[Entry], history: Sequence[Entry], write_path: WritePath) -> Json:
    """Return the shape of the history: *entries* of it, the newest first."""
    states = _States(history)
    return {
        "version": FORMAT_VERSION,
        "entries": [
            {
                "id": entry.id,
                "verb": entry.verb.value,
                "prefix": write_path(entry.prefix),
                "state": states.of(entry),
                "started": _moment(entry.started),
                "ended": None if entry.ended is None else _moment(entry.ended),
                "command": entry.command,
                "installer": entry.installer,
                "changes": [_version_json(change) for change in entry.changes],
                "undoes": entry.undoes,
                "undoable": states.is_undoable(entry),
            }
            for entry in entries
        ],
    }


class _States:
    """What became of each change since."""

    def __init__(self, history: Sequence[Entry]) -> None:
        places = {entry.place for entry in history}
        standings = [standing(history, place) for place in places]
        self._done = {entry.id for one in standings for entry in one.done}
        self._by_id = {entry.id: entry for entry in history}
        self._next = {one.next_to_undo.id for one in standings if one.next_to_undo is not None}

    def of(self, entry: Entry) -> str:
        """Return the phase, or ``undone`` for what is not in force any more."""
        if entry.phase.value == "done" and entry.id not in self._done:
            return "done" if entry.undoes is not None else "undone"
        return entry.phase.value

    def is_redo(self, entry: Entry) -> bool:
        """Return whether an undoing has taken back another one, and so made a change again."""
        is_redo = True
        while entry.undoes is not None and entry.undoes in self._by_id:
            entry, is_redo = self._by_id[entry.undoes], not is_redo
        return is_redo and entry.undoes is None

    def is_undoable(self, entry: Entry) -> bool:
        """Return whether `pinfold undo` would take this one back."""
        return entry.id in self._next and is_restorable(entry)


def history_lines(
    entries: Sequence[Entry], history: Sequence[Entry], write_path: WritePath
) -> Iterator[str]:
    """Yield the history in lines for people."""
    states = _States(history)
    for entry in entries:
        state = states.of(entry)
        note = "" if state == "done" else f"  ({state})"
        moment = datetime.fromtimestamp(entry.started).astimezone()
        verb = "redo" if entry.undoes and states.is_redo(entry) else entry.verb.value
        yield f"{moment:%Y-%m-%d %H:%M}  {verb:<9}  {write_path(entry.prefix)}{note}"
        for change in entry.changes[:_MOST_SHOWN]:
            yield f"    {_version_text(change)}"
        if len(entry.changes) > _MOST_SHOWN:
            yield f"    and {len(entry.changes) - _MOST_SHOWN:,} more"
        yield f"    {entry.id}"


_MOST_SHOWN = 10


def _version_text(change: VersionChange) -> str:
    if change.before is None:
        return f"+ {change.name} {change.after}"
    if change.after is None:
        return f"- {change.name} {change.before}"
    return f"~ {change.name} {change.before} -> {change.after}"


def _done_text(plan: Plan, done: Done, shown: str) -> Words:
    """Return what was done; an editor has a button that takes it back."""
    changes = done.changes
    if plan.verb is Verb.REBUILD:
        # What every new environment comes with was not asked for, and does not make it another.
        changes = tuple(change for change in changes if not _is_new_seed(change))
    added = sum(change.before is None for change in changes)
    removed = sum(change.after is None for change in changes)
    other = len(changes) - added - removed
    again = sum(is_reinstalled(change) for change in plan.changes)
    counts = ", ".join(
        f"{count:,} {what}"
        for count, what in (
            (added, "added"),
            (removed, "removed"),
            (other, "changed"),
            (again, "reinstalled"),
        )
        if count
    )
    match plan.verb:
        case Verb.CREATE:
            said = f"Created {shown} with {done.count:,} package{'s' * (done.count != 1)}."
        case Verb.REMOVE:
            said = f"Removed {shown}; it is kept for 30 days"
            return Wording(f"{said}, and `pinfold undo` brings it back.", f"{said}.")
        case Verb.REBUILD:
            same = ", with the same packages" if done.count else ""
            said = f"Rebuilt {shown}{f': {counts}' if counts else same}."
        case Verb.UNDO if done.is_redo:
            said = f"{shown} is changed again{f': {counts}' if counts else ''}."
        case Verb.UNDO:
            return f"{shown} is as it was before{f': {counts}' if counts else ''}."
        case _:
            said = f"{shown}: {counts or 'nothing changed'}."
    return Wording(f"{said} `pinfold undo` takes it back.", said)


def _is_new_seed(change: VersionChange) -> bool:
    return change.before is None and normalised(change.name) in SEEDS


def _written_text(outcome: Outcome) -> Words | None:
    """Return which files were written although nothing else was done, if any were."""
    names = dict.fromkeys(line.path.name for line in outcome.saved)
    if not names:
        return None
    written = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} written"
    # There is no change of the environment that this could be kept with.
    return Wording(f"{written}, which `pinfold undo` does not take back.", f"{written}.")


def _version_json(change: VersionChange) -> Json:
    return {"name": change.name, "before": change.before, "after": change.after}


def _refusal_json(refusal: Refusal) -> Json:
    return {
        "reason": refusal.reason.value,
        "message": masked(refusal.message),
        "action": None if refusal.action is None else masked(at_command_line(refusal.action)),
        "command": None if refusal.command is None else list(refusal.command),
    }


def _failure_json(failure: Failure, write_path: WritePath) -> Json:
    return {
        "kind": failure.kind.value,
        "cause": masked(failure.cause),
        "action": None if failure.action is None else masked(failure.action),
        "packages": list(failure.packages),
        "askers": [asker_json(asker, write_path) for asker in failure.askers],
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
