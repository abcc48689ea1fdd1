"""A plan, as programs and people are shown it: plain data, with every credential masked.

Owns the shape of a plan in JSON, and the words for what it would do. How a path is written, and how
a text is coloured, is the host's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.formats.secrets import masked
from pinfold.core.model.plan import ChangeKind
from pinfold.core.model.wording import at_command_line

if TYPE_CHECKING:
    from pinfold.core.model.plan import Asker, IndexUse, LineChange, PackageChange, Plan, Release
    from pinfold.features.environments import Json, WritePath

FORMAT_VERSION = 1


def plan_json(plan: Plan, write_path: WritePath) -> Json:
    """Return the shape that a plan has everywhere; lines count from 1."""
    return {
        "version": FORMAT_VERSION,
        "verb": plan.verb.value,
        "prefix": write_path(plan.prefix),
        "installer": plan.installer,
        "indexes": [_index_json(index) for index in plan.indexes],
        "changes": [_change_json(change, write_path) for change in plan.changes],
        "breaks": [masked(text) for text in plan.breaks],
        "notes": [masked(at_command_line(note)) for note in plan.notes],
        "steps": [
            {"title": step.title, "command": masked(" ".join(step.argv))} for step in plan.steps
        ],
        "saves": [line_json(line, write_path) for line in plan.saves],
    }


def change_text(change: PackageChange) -> str:
    """Return what becomes of a project, in one line: ``requests 2.31.0 -> 2.32.3``."""
    before, after = change.before, change.after
    if before is None or after is None:
        release = after if before is None else before
        return "" if release is None else _release_text(release)
    if is_reinstalled(change):
        return f"{_release_text(after)}, reinstalled"
    if change.kind is ChangeKind.REPLACED:
        return f"{_release_text(before)} -> {_place_text(after)}"
    return f"{after.name} {before.version} -> {after.version}"


def is_reinstalled(change: PackageChange) -> bool:
    """Return whether the very same release takes the place of one that is there."""
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    return (before.version, before.source) == (after.version, after.source)


def line_text(change: LineChange, write_path: WritePath) -> str:
    """Return what becomes of a line of a file, in a few words; lines count from 1."""
    place = f"{write_path(change.path)}:{change.line + 1}"
    if change.after is None:
        return f"takes out of {place}: {masked(change.before or '')}"
    return f"writes {place}: {masked(change.after)}"


def line_json(change: LineChange, write_path: WritePath) -> Json:
    """Return the shape of what becomes of a line of a file; lines count from 1."""
    return {
        "path": write_path(change.path),
        "line": change.line + 1,
        "before": None if change.before is None else masked(change.before),
        "after": None if change.after is None else masked(change.after),
    }


def asker_text(asker: Asker, write_path: WritePath) -> str:
    """Return who asks for a project, in a few words; lines count from 1."""
    text = masked(asker.text)
    if asker.path is not None:
        line = "" if asker.line is None else f":{asker.line + 1}"
        return f"{write_path(asker.path)}{line}: {text}"
    return text if asker.package is None else f"{asker.package}: {text}"


def asker_json(asker: Asker, write_path: WritePath) -> Json:
    """Return the shape of a requirement that asks for something; lines count from 1."""
    return {
        "requirement": masked(asker.text),
        "path": None if asker.path is None else write_path(asker.path),
        "line": None if asker.line is None else asker.line + 1,
        "package": asker.package,
    }


def _release_text(release: Release) -> str:
    place = "" if release.source is None else f" ({_place_text(release)})"
    return f"{release.name} {release.version}{place}"


def _place_text(release: Release) -> str:
    if release.source is None:
        return f"{release.version} from an index"
    editable = "editable, " if release.is_editable else ""
    return f"{editable}from {masked(release.source)}"


def _change_json(change: PackageChange, write_path: WritePath) -> Json:
    release = change.after or change.before
    return {
        "name": change.key if release is None else release.name,
        "kind": change.kind.value,
        "before": None if change.before is None else _release_json(change.before),
        "after": None if change.after is None else _release_json(change.after),
        "askedBy": [asker_json(asker, write_path) for asker in change.asked_by],
    }


def _release_json(release: Release) -> Json:
    return {
        "version": release.version,
        "source": None if release.source is None else masked(release.source),
        "editable": release.is_editable,
    }


def _index_json(index: IndexUse) -> Json:
    return {
        "url": masked(index.url),
        "origin": index.origin,
        "extra": index.is_extra,
        "credentials": index.credentials,
    }
