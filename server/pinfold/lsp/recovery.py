"""What an earlier session, or the command line, has left half-way: put back when a session begins.

Owns what people are told of that. Blocks, and raises nothing.
"""

from __future__ import annotations

import logging
from time import time
from typing import TYPE_CHECKING

from pinfold.core.environments.changes.history import expire, left_alone_text
from pinfold.core.environments.changes.journal import Phase
from pinfold.core.environments.changes.safe_change import Changes, NotRecovered
from pinfold.core.environments.conversation import Severity
from pinfold.core.environments.operations.trash import to_trash

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.environments.changes.safe_change import Recovered

_LOGGER = logging.getLogger("pinfold.lsp")

Told = tuple[tuple[str, Severity], ...]
"""Messages for people."""


def recover(state: Path) -> Told:
    """Put back what was interrupted, let go of what is too old, and return what is to be said.

    *state* is the folder of Pinfold's state.
    """
    changes = Changes(state)
    told = tuple(_said(recovered) for recovered in changes.recover())
    try:
        expire(changes.journal, now=time(), trash=to_trash)
    except OSError as error:
        _LOGGER.info("what is too old could not be let go: %s", error)
    return told


def _said(recovered: Recovered | NotRecovered) -> tuple[str, Severity]:
    if isinstance(recovered, NotRecovered):
        return recovered.problem, Severity.ERROR
    entry = recovered.entry
    what = f"The {entry.verb.value} was interrupted"
    if entry.phase is Phase.LEFT_ALONE:
        place = f"something else has taken the place of {entry.prefix} since"
        return f"{what}; {place}: {left_alone_text(entry)}", Severity.WARNING
    # In a list of messages only their beginnings are to be seen, and a path is long.
    return f"{what}; all is as it was before: {entry.prefix}", Severity.WARNING
