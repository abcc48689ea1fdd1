"""By what an editor has an environment active in its terminals.

Owns the shapes: of what it sets for all of them, and of what it brings into one that it opens
itself. What that is, is
:mod:`pinfold.core.environments.terminal_activation`'s to know. Runs nothing, and so needs no trust;
whether terminals are activated in a workspace that is not trusted is for the client to decide.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.environments.terminal_activation import terminal_environment
from pinfold.core.model.environment import EnvironmentState
from pinfold.lsp.command_places import (
    NoEnvironment,
    as_path,
    ask_machine,
    place_of,
    shown,
    written,
)
from pinfold.lsp.machine import Refused
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pinfold.core.environments.terminal_activation import TerminalVariable
    from pinfold.features.environments import Json, Selection
    from pinfold.lsp.commands import Arguments, Handler, Session
    from pinfold.lsp.machine import Machine


async def terminal_activation(session: Session, arguments: Arguments) -> object:
    """Say what has an environment active in terminals, and where one for its folder starts."""
    machine = await session.machine()
    place = await place_of(session, arguments, asks=True)
    if place is None:
        return None
    path = arguments.get("environment") or place.selection.prefix
    if path is None:
        raise _none(place.selection, session)
    installation = await ask_machine(partial(machine.identified, as_path(path)))
    found = await ask_machine(partial(machine.terminal_activation, installation))
    executable = installation.executable
    return {
        "version": 1,
        "prefix": written(installation.prefix),
        "executable": None if executable is None else written(executable),
        "folder": written(place.folder),
        "environment": terminal_environment(found),
        "refusal": found.refusal,
    }


def _none(selection: Selection, session: Session) -> NoEnvironment:
    """Return why nothing can be active: briefly where there is none, which asks for no reason.

    Not as a question: a client asks for its usual terminal, too, where nobody waits to be asked.
    """
    if selection.answer.state is not EnvironmentState.NONE:
        return NoEnvironment(selection)
    folder = shown(selection.folder, session.documents.roots)
    return NoEnvironment(
        selection, f"there is no environment for {folder} yet: create or select one"
    )


async def terminal_variables(machine: Machine, prefix: Path) -> list[Json]:
    """Return what is set for every terminal; nothing where the environment cannot be active."""

    def read() -> tuple[TerminalVariable, ...]:
        try:
            return machine.terminal_activation(machine.identified(prefix)).variables
        except Refused:
            return ()

    return [
        {
            "name": variable.name,
            "action": variable.action.value,
            "value": variable.value,
            "atStart": variable.at_start,
            "afterStartup": variable.after_startup,
        }
        for variable in await in_thread(read)
    ]


HANDLERS: Mapping[str, Handler] = {"pinfold.terminalActivation": terminal_activation}
