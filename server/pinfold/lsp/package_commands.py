"""The commands that say what is installed, and write it down: freeze, pins, history, trees.

Owns what is asked and answered. None of these runs anything or changes an environment, so none
needs trust; files are changed by the client.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.conversation import Pick, Picked, PickItem, Severity, at_once
from pinfold.core.environments.planning.checkouts import read_checkout
from pinfold.core.files import LocalFileSystem, Unreadable
from pinfold.core.formats.summary import normalised
from pinfold.core.model.finding import Edit
from pinfold.core.model.finding import Severity as Level
from pinfold.core.model.text import TextRange
from pinfold.core.rules.run import check_file
from pinfold.core.workspace.snapshot import Judgement
from pinfold.features.dependency_tree import known_names, trees, trees_json, ways_to
from pinfold.features.fixing import applicable_fix, dominant_line_end, with_line_end
from pinfold.features.freezing import freeze
from pinfold.features.operations import history_json, history_lines
from pinfold.features.tree_text import tree_lines
from pinfold.lsp.command_places import (
    NoEnvironment,
    as_path,
    ask_machine,
    document,
    own_files,
    place_at,
    place_of,
    show,
    written,
)
from pinfold.lsp.commands import BadArguments, CommandFailed
from pinfold.lsp.operation_scene import paths_of
from pinfold.lsp.requirements_files import requirements_files
from pinfold.lsp.transport import in_thread
from pinfold.lsp.workspace_edits import FileEdits, apply_edits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.changes.journal import Entry
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Json
    from pinfold.lsp.commands import Arguments, Handler, Session
    from pinfold.lsp.machine import Place

_PINNING = frozenset({"unpinned", "loosely-pinned"})
"""The rules whose fix pins a requirement."""


class _OnlyPins:
    """Who asks for pins means every requirement, whatever a project wants to be told of."""

    def severity_of(self, rule_name: str, default: Level, path: Path) -> Level:
        """Return what a rule is worth here."""
        del default, path
        return Level.WARNING if rule_name in _PINNING else Level.OFF


async def freeze_environment(session: Session, arguments: Arguments) -> object:
    """Say what is installed, as a requirements file."""
    installed = await _installed(session, arguments)
    if installed is None:
        return None
    checkout_of = partial(read_checkout, filesystem=LocalFileSystem())
    frozen = await in_thread(partial(freeze, installed, checkout_of))
    text = "".join(f"{line}\n" for line in frozen.lines)
    file = arguments.get("file")
    if file is not None:
        await _write(session, as_path(file), text)
    else:
        show(session, text.rstrip("\n") or "Nothing is installed.", Severity.INFO)
    return {
        "version": 1,
        "prefix": written(installed.environment.prefix),
        "text": text,
        "notes": list(frozen.notes),
        "file": None if file is None else written(as_path(file)),
        "document": document("frozen-requirements.txt", text) if file is None else None,
    }


async def pin_all(session: Session, arguments: Arguments) -> object:
    """Pin what is not pinned in files to what is installed."""
    paths = await _files_to_pin(session, arguments)
    if not paths:
        return None
    found: list[FileEdits] = []
    left = 0
    for path in paths:
        place = await place_at(session, path)
        snapshot = own_files(session.documents.snapshot)
        pins = await in_thread(partial(_pins, snapshot, path, place))
        if isinstance(pins, str):
            raise CommandFailed(f"{path} {pins}")
        edits, not_pinned = pins
        found.append(edits)
        left += not_pinned
    names = ", ".join(written(path) for path in paths)
    changed = [edits for edits in found if edits.edits]
    if changed:
        # At once, so that one undo takes it back, and a client that does not do it changes none.
        problem = await apply_edits(session, "Pin all requirements", changed)
        if problem is not None:
            state = "is as it was" if len(paths) == 1 else "are as they were"
            raise CommandFailed(f"{names} {state}: {problem}")
    count = sum(len(edits.edits) for edits in found)
    where = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    said = f"{where}: {count:,} requirement{'s' * (count != 1)} pinned"
    why = f", {left:,} left open, since nothing that fits is installed" if left else ""
    session.conversation.tell(f"{said}{why}.", Severity.INFO)
    files = [written(path) for path in paths]
    return {"version": 1, "file": files[0], "files": files, "pinned": count, "left": left}


async def _files_to_pin(session: Session, arguments: Arguments) -> tuple[Path, ...]:
    """Return the files that are meant; none if a person was asked, and does not say."""
    named = (*(paths_of(arguments, "files") or ()), *_named_file(arguments))
    if named:
        # One that is named twice would be pinned twice over.
        return tuple(dict.fromkeys(named))
    place = await place_of(session, arguments, asks=True)
    path = None if place is None else await _asked_file(session, place)
    return () if path is None else (path,)


def _named_file(arguments: Arguments) -> tuple[Path, ...]:
    return (as_path(arguments["file"]),) if "file" in arguments else ()


async def show_history(session: Session, arguments: Arguments) -> object:
    """Say what was changed."""
    # An environment says by itself what is meant, were it of none of the folders.
    shows_all = arguments.get("all") is True or "environment" in arguments
    place = None if shows_all else await place_of(session, arguments, asks=True)
    if place is None and not shows_all:
        return None
    machine = await session.machine()
    bench = await in_thread(partial(machine.workbench, session.host.tools))
    history = await in_thread(bench.changes.journal.history)
    entries = [entry for entry in reversed(history) if _is_meant(entry, arguments, place)]
    shape = await in_thread(partial(history_json, entries, history, written))
    lines = await in_thread(lambda: list(history_lines(entries, history, written)))
    text = "\n".join(lines) or "Nothing was changed here."
    show(session, text, Severity.INFO)
    return {**shape, "text": text, "document": document("history.txt", text)}


async def show_dependency_tree(session: Session, arguments: Arguments) -> object:
    """Say which package needs which others."""
    shape = await dependency_tree(session, arguments)
    if shape is not None:
        show(session, str(shape["text"]), Severity.INFO)
    return shape


async def dependency_tree(session: Session, arguments: Arguments) -> Json | None:
    """Return which package needs which others, for whoever shows it.

    ``None`` if a person was asked for a folder, and does not say.
    """
    installed = await _installed(session, arguments)
    if installed is None:
        return None
    named = arguments.get("packages")
    packages = [str(name) for name in named] if isinstance(named, tuple) else []
    why, is_inverted = arguments.get("why"), arguments.get("inverted") is True
    if why is not None and (packages or is_inverted):
        raise BadArguments("with `why`, there is neither `packages` nor `inverted`")
    return await in_thread(
        partial(
            _tree,
            installed,
            packages,
            why if isinstance(why, str) else None,
            is_inverted=is_inverted,
        )
    )


async def explain_package(session: Session, arguments: Arguments) -> object:
    """Say why a package is there."""
    installed = await _installed(session, arguments)
    if installed is None:
        return None
    named = arguments.get("packages")
    names = [str(name) for name in named] if isinstance(named, tuple) else []
    if len(names) > 1:
        raise BadArguments("`packages` names one package here")
    name = names[0] if names else await _asked_package(session, installed)
    if name is None:
        return None
    shape = await in_thread(partial(_tree, installed, (), name, is_inverted=False))
    show(session, str(shape["text"]), Severity.INFO)
    return shape


HANDLERS: Mapping[str, Handler] = {
    "pinfold.freeze": freeze_environment,
    "pinfold.pinAll": pin_all,
    "pinfold.showHistory": show_history,
    "pinfold.showDependencyTree": show_dependency_tree,
    "pinfold.explainPackage": explain_package,
}


async def _installed(session: Session, arguments: Arguments) -> InstalledPackages | None:
    """Return what is installed; ``None`` if a person was asked for a folder, and does not say."""
    machine = await session.machine()
    path = arguments.get("environment")
    if path is not None:
        found = (await ask_machine(partial(machine.diagnosed_at, as_path(path)))).packages
        if found is None:
            raise CommandFailed(f"what is installed in {path} cannot be read")
        return found
    place = await place_of(session, arguments, asks=True)
    if place is None:
        return None
    packages = place.selection.answer.packages
    if packages is None:
        raise NoEnvironment(place.selection)
    return packages


async def _asked_package(session: Session, installed: InstalledPackages) -> str | None:
    items = [
        PickItem(key, found.name, found.version) for key, found in sorted(installed.by_name.items())
    ]
    pick = Pick("Why Is This Package Installed?", "Which package?", "packages")
    picked = await session.conversation.pick(pick, at_once(*items))
    return picked.id if isinstance(picked, Picked) else None


async def _write(session: Session, path: Path, text: str) -> None:
    """Have the client make *text* that of a file."""
    snapshot = own_files(session.documents.snapshot)
    there = await in_thread(partial(snapshot.document, path))
    if isinstance(there, Unreadable):
        edits = FileEdits(path, None, [Edit(TextRange(0, 0), text)])
    else:
        ended = text.replace("\n", dominant_line_end(there.text))
        if ended == there.text:
            return
        edits = FileEdits(path, there, [Edit(TextRange(0, len(there.text)), ended)])
    problem = await apply_edits(session, "Freeze", [edits])
    if problem is not None:
        raise CommandFailed(f"{path} is as it was: {problem}")


async def _asked_file(session: Session, place: Place) -> Path | None:
    snapshot = own_files(session.documents.snapshot)
    found = await in_thread(partial(requirements_files, place.folder, snapshot))
    if not found:
        raise CommandFailed(f"there is no requirements file in {place.folder}")
    if len(found) == 1:
        return found[0]
    items = [PickItem(str(index), written(path)) for index, path in enumerate(found)]
    pick = Pick("Pin All Requirements", "Of which file?", "file")
    picked = await session.conversation.pick(pick, at_once(*items))
    known = {str(index): path for index, path in enumerate(found)}
    return known.get(picked.id) if isinstance(picked, Picked) else None


def _pins(snapshot: Snapshot, path: Path, place: Place) -> tuple[FileEdits, int] | str:
    """Return the pins, and how many requirements stay as they are; or why there is neither.

    Judged against the environment as it is now, whatever the session knows of it.
    """
    query = snapshot.environment_query(path)
    known = snapshot.with_answers({query: place.selection.answer})
    view = known.view(path)
    if isinstance(view, Unreadable):
        return view.detail
    there = view.document
    findings = Judgement(path, view.role, there, check_file(view, _OnlyPins())).findings
    fixes = [fix for one in findings if (fix := applicable_fix(one, unsafe=True)) is not None]
    edits = [edit for fix in fixes for edit in fix.edits]
    ended = with_line_end(edits, dominant_line_end(there.text))
    return FileEdits(path, there, ended), len(findings) - len(fixes)


def _is_meant(entry: Entry, arguments: Arguments, place: Place | None) -> bool:
    environment = arguments.get("environment")
    if environment is not None:
        return as_path(environment) in (entry.prefix, entry.place)
    return place is None or entry.prefix.is_relative_to(place.project)


def _tree(
    installed: InstalledPackages,
    packages: Sequence[str],
    why: str | None,
    *,
    is_inverted: bool,
) -> Json:
    known = known_names(installed)
    for name in [*packages, *([] if why is None else [why])]:
        if normalised(name) not in known:
            raise CommandFailed(f"nothing is called {name:.100} there")
    if why is not None:
        found = ways_to(installed, normalised(why))
    else:
        found = trees(installed, [normalised(name) for name in packages], inverted=is_inverted)
    shape = trees_json(installed, found, written, inverted=is_inverted)
    text = "\n".join(line.text for line in tree_lines(found)) or "Nothing is installed."
    return {**shape, "text": text, "document": document("dependencies.txt", text)}
