"""Where there is no environment any more: what Pinfold's history, or what is left, gives back.

Owns the words for it, and for one that somebody chose and that is gone. Changes nothing, and looks
only where no environment was found.
"""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pinfold.cli.environments import home_directory
from pinfold.cli.targets import shown_path
from pinfold.core.environments.changes.history import standing
from pinfold.core.environments.changes.journal import Journal, Phase
from pinfold.core.environments.choices import read_choices
from pinfold.core.environments.layout import read_remains
from pinfold.core.environments.places import state_folder
from pinfold.core.environments.selection import deciding_folders
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.plan import Verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from pinfold.core.environments.changes.journal import Entry


def way_back(folder: Path, stop: Path, working_directory: Path) -> str | None:
    """Return what brings back the environment of files in *folder*, as a clause.

    ``None`` if nothing is known of one. Only those beside the files or above them count, up to
    *stop*, the last folder in which environments are looked for.
    """
    above = [place for place in (folder, *folder.parents) if place.is_relative_to(stop)]
    for place in above:
        usual = place / ".venv"
        if read_remains(usual, LocalFileSystem()) is not None:
            shown = shown_path(usual, working_directory)
            return f"`pinfold env rebuild {quote(shown)}` makes what is left of it whole again"
    return _undone(lambda entry: entry.prefix.parent in above, working_directory)


def way_back_to(prefix: Path, working_directory: Path) -> str | None:
    """Return what brings back the environment that stood at *prefix*, as a clause."""
    return _undone(lambda entry: prefix in (entry.prefix, entry.place), working_directory)


def way_back_from_choice(prefix: Path, folder: Path, working_directory: Path) -> str:
    """Return what is to be done where *prefix*, chosen for files in *folder*, is none any more."""
    choices = read_choices(LocalFileSystem())
    places = [
        place
        for way in (folder, Path(os.path.realpath(folder)))
        for place in deciding_folders(way, home_directory())
    ]
    chosen_for = next((place for place in places if choices.get(place) == prefix), folder)
    command = "pinfold env select --forget"
    if os.path.realpath(chosen_for) != os.path.realpath(working_directory):
        command += f" --for {quote(shown_path(chosen_for, working_directory))}"
    forgotten = f"`{command}` forgets that choice"
    back = way_back_to(prefix, working_directory)
    return forgotten if back is None else f"{back}; {forgotten}"


def _undone(is_meant: Callable[[Entry], bool], working_directory: Path) -> str | None:
    history = Journal(state_folder() / "changes").history()
    for entry in reversed(history):
        is_gone = entry.phase is Phase.DONE and not os.path.lexists(entry.place)
        if is_gone and is_meant(entry):
            target = standing(history, entry.place).next_to_undo
            # What was made where nothing was has no state before that.
            if target is not None and target.held is not None:
                return _undo(target, shown_path(entry.prefix, working_directory))
    return None


def _undo(target: Entry, shown: str) -> str:
    command = f"`pinfold undo --env {quote(shown)}`"
    if target.verb is Verb.REMOVE:
        return f"{command} brings back {shown}, which was removed"
    return f"{command} gives back {shown} as it was before its last change ({target.verb.value})"
