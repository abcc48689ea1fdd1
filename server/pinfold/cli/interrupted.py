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
    from pinfold.core.environments.changes.journal import Entry


def put_back_interrupted() -> None:
    """Finish every change that nobody goes on with, and say so on standard error."""
    state = state_folder()
    try:
        if not os.listdir(state / "changes" / "open"):  # noqa: PTH208 - names, not paths
            return
    except OSError:
        return
    # Late: next to no run has to.
    from pinfold.core.environments.changes.safe_change import Changes, NotRecovered

    for recovered in Changes(state).recover():
        if isinstance(recovered, NotRecovered):
            complain(recovered.problem)
        else:
            complain(_told(recovered.entry))


def _told(entry: Entry) -> str:
    from pinfold.core.environments.changes.history import left_alone_text
    from pinfold.core.environments.changes.journal import Phase

    interrupted = f"{_shown(entry.prefix)}: {entry.verb.value} was interrupted"
    if entry.phase is Phase.LEFT_ALONE:
        left = left_alone_text(entry)
        return f"{interrupted}, and something else has taken its place since; {left}"
    return f"{interrupted}; all is as it was before"


def _shown(path: Path) -> str:
    try:
        return shown_path(path, Path.cwd())
    except OSError:  # The working directory is gone.
        return str(path)
