"""Which Python a program is debugged with.

Owns where a launch configuration says that its program lies, with the variables of VS Code that
stand for paths; others are only known to the editor once the session begins. Which environment is
for that place is decided as for any other.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.lsp.command_places import ask_machine, place_at, written
from pinfold.lsp.commands import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.lsp.commands import Arguments, Handler, Session

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


async def debug_interpreter(session: Session, arguments: Arguments) -> object:
    """Say which interpreter is that of the environment for what is debugged."""
    place = debugged_place(arguments, session.documents.root_names)
    if place is None:
        raise CommandFailed("nothing says where the program is: name its folder")
    machine = await session.machine()
    prefix = (await place_at(session, place)).selection.prefix
    if prefix is None:
        return {"version": 1, "executable": None}
    executable = (await ask_machine(partial(machine.identified, prefix))).executable
    return {"version": 1, "executable": None if executable is None else written(executable)}


def debugged_place(arguments: Arguments, root_names: Mapping[Path, str]) -> Path | None:
    """Return the file that is debugged, or the folder in which something is run.

    It is the workspace folder where that cannot be told; ``None`` if there is none either.
    *root_names* are what the workspace folders are called.
    """
    base, file = arguments.get("folder"), arguments.get("file")
    values = {f"workspaceFolder:{name}": str(root) for root, name in root_names.items()}
    if isinstance(base, Path):
        values["workspaceFolder"] = str(base)
    if isinstance(file, Path):
        values["file"] = str(file)
        values["fileDirname"] = str(file.parent)
        if isinstance(base, Path):
            values["relativeFile"] = os.path.relpath(file, base)
    parts = [arguments.get("cwd") or "${workspaceFolder}"]
    if "module" not in arguments:
        parts.append(arguments.get("program") or "${file}")
    filled = [
        _VARIABLE.sub(lambda found: values.get(found[1], found[0]), str(part)) for part in parts
    ]
    place = os.path.normpath(os.path.join(str(base or ""), *filled))
    if "${" in place or not os.path.isabs(place):  # noqa: PTH117 - as text
        return base if isinstance(base, Path) else None
    return Path(place)


HANDLERS: Mapping[str, Handler] = {"pinfold.debugInterpreter": debug_interpreter}
