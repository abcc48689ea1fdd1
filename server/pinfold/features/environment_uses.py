"""Which projects of a workspace use which environment, and how that is said in a few words.

Owns that a folder which merely goes along with the folder around it is not told: else each of a
hundred would say what one says. Which projects there are, a host knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pinfold.core.model.installation import Installation
    from pinfold.features.environments import Selection, WritePath

MAX_NAMED = 3
"""How many projects are named beside an environment; the others are counted."""


def own_uses(selections: Iterable[Selection]) -> tuple[Selection, ...]:
    """Return those that use another environment than the folder around them, by their folders."""
    by_folder = {selection.folder: selection for selection in selections}
    found = []
    for folder, selection in sorted(by_folder.items()):
        around = next((by_folder[one] for one in folder.parents if one in by_folder), None)
        goes_along = around is not None and around.prefix == selection.prefix
        if selection.prefix is not None and not goes_along:
            found.append(selection)
    return tuple(found)


def users_of(
    installation: Installation, uses: Sequence[Selection], selection: Selection | None
) -> tuple[Path, ...]:
    """Return the folders that use *installation*, save that of the *selection* itself."""
    own = None if selection is None else selection.folder
    return tuple(use.folder for use in uses if use.folder != own and use.is_of(installation))


def user_names(users: Sequence[Path], project: Path, write_path: WritePath) -> tuple[str, ...]:
    """Return what folders are called for somebody who looks from *project*.

    By the way from there; one beside it, as other workspace folders often are, by its name.
    """
    return tuple(_name(folder, project, write_path) for folder in users)


def used_by(names: Sequence[str]) -> str:
    """Return in a few words who uses it; empty if nobody does."""
    if not names:
        return ""
    rest = len(names) - MAX_NAMED
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"used by {', '.join(names[:MAX_NAMED])}{more}"


def _name(folder: Path, project: Path, write_path: WritePath) -> str:
    for around in (project, project.parent):
        if folder != around and folder.is_relative_to(around):
            return folder.relative_to(around).as_posix()
    return write_path(folder)
