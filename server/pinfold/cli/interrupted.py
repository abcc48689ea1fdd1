"""What a run that was killed has left: put back by the next one, whatever that was started for.

Owns when that is looked for, and what is said of it. Costs the listing of one folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.targets import shown_path
from pinfold.cli.terminal import complain
from pinfold.core.environments.places import state_folder

if TYPE_CHECKING:
    from pinfold.core.environments.changes.safe_change import Recovered


def put_back_interrupted() -> None:
    """Finish every change that nobody goes on with, and say so on standard error."""
    state = state_folder()
    try:
        if not os.listdir(state / "changes" / "open"):  # noqa: PTH208 - names, not paths
            return
    except OSError:
        return
    # Late: next to no run has to.
    from pinfold.core.environments.changes.safe_change import Changes

    for recovered in Changes(state).recover():
        complain(_told(recovered))


def _told(recovered: Recovered) -> str:
    entry = recovered.entry
    if recovered.problem is not None:
        return recovered.problem
    interrupted = f"{_shown(entry.prefix)}: {entry.verb.value} was interrupted"
    if entry.phase.value == "left-alone":
        return (
            f"{interrupted}, and something else has taken its place since; what was there before"
            f" is kept in {entry.held}"
        )
    return f"{interrupted}; all is as it was before"


def _shown(path: Path) -> str:
    try:
        return shown_path(path, Path.cwd())
    except OSError:  # The working directory is gone.
        return str(path)
