"""The projects of the workspace folders, and the environment that each of them uses.

Owns where such projects show: by what the session has asked for, by what people chose, by the
environments that lie in them. Everything here blocks.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pinfold.core.environments.choices import read_choices
from pinfold.core.files import LocalFileSystem
from pinfold.features.environment_uses import own_uses
from pinfold.lsp.machine import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pinfold.core.model.installation import Installation
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Selection
    from pinfold.lsp.machine import Machine

MAX_FOLDERS = 500
"""In how many folders projects are looked for at most: a listing is waited for."""


def environment_uses(
    machine: Machine, snapshot: Snapshot, installations: Sequence[Installation]
) -> tuple[Selection, ...]:
    """Return which projects use an environment that the folder around them does not use.

    *snapshot* is one whose files nobody else reads. *installations* are those that are known.
    """
    folders = sorted(_folders(snapshot, installations), key=lambda one: (len(one.parts), one))
    projects = {*snapshot.roots, *machine.projects_of(folders[:MAX_FOLDERS], snapshot)}
    projects.update(_of(snapshot, read_choices(LocalFileSystem())))
    selections = []
    for folder in sorted(projects):
        # One that is gone, or does not answer, must not take the others from sight.
        with contextlib.suppress(Refused):
            selections.append(machine.place(folder, snapshot).selection)
    return own_uses(selections)


def _folders(snapshot: Snapshot, installations: Iterable[Installation]) -> set[Path]:
    """Return folders that projects may be found by; a file's need not be a project's own."""
    asked = {query.folder for query in snapshot.inventory}
    holding = {
        installation.project or installation.prefix.parent
        for installation in installations
        if not installation.is_base
    }
    return set(_of(snapshot, asked | holding))


def _of(snapshot: Snapshot, paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if any(path.is_relative_to(root) for root in snapshot.roots):
            yield path
