"""Whether an environment is where it was made: on this system, and in this place.

Owns the judgment of what its own files claim. Refuses to know whether it would run otherwise.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.health.case import (
    POSIX_NAMES,
    REBUILD,
    WINDOWS_NAMES,
    WINDOWS_PATH,
    is_there,
)
from pinfold.core.environments.health.claims import (
    prefix_in_command,
    read_activate_claim,
    read_command_claims,
)
from pinfold.core.files import is_local_path
from pinfold.core.model.installation import Ailment, HealthProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.health.case import Case
    from pinfold.core.environments.health.claims import CommandClaim


def made_elsewhere(case: Case) -> Ailment | None:
    """Return the ailment if the files are those of another operating system."""
    home = (case.configuration.home if case.configuration else None) or ""
    filesystem, prefix = case.filesystem, case.prefix
    if not case.is_virtual:
        return None
    clue = None
    system = "Windows"
    if case.is_windows:
        has_own = any(filesystem.is_file(prefix / name) for name in WINDOWS_NAMES)
        if home.startswith("/") and not has_own:
            clue, system = f"its base interpreter is {home}", "Linux or macOS"
        elif not has_own and filesystem.is_file(prefix / "bin/activate"):
            clue, system = "it has `bin` in place of `Scripts`", "Linux or macOS"
    elif WINDOWS_PATH.match(home):
        clue = f"its base interpreter is {home}"
    elif filesystem.is_file(prefix / "Scripts/python.exe"):
        if not any(is_there(prefix / name, filesystem) for name in POSIX_NAMES):
            clue = "it has `Scripts` in place of `bin`"
    elif case.home is not None and not filesystem.exists(case.home):
        if case.platform != "darwin" and re.match(_MACOS_PATH, home):
            clue, system = f"its base interpreter is {home}", "macOS"
        elif case.platform == "darwin" and home.startswith("/home/"):
            clue, system = f"its base interpreter is {home}", "Linux"
    if clue is None:
        return None
    return Ailment(
        HealthProblem.FOREIGN_SYSTEM,
        f"it was made on {system} and cannot run on {_SYSTEMS.get(case.platform, 'this system')}:"
        f" {clue}",
        "use it where it was made, or make another environment beside it for this system",
    )


_MACOS_PATH = r"/(?:Users|Library|Applications|opt/homebrew|opt/local)/"
_SYSTEMS = {"win32": "Windows", "darwin": "macOS", "linux": "Linux"}


def moved_ailments(case: Case, *, thoroughly: bool = True) -> Iterator[Ailment]:
    """Yield the ailment if the environment's own files lead to where it was.

    Unless *thoroughly*, its commands are looked at only where its activation script shows it: there
    may be a hundred of them.
    """
    configuration = case.configuration
    if not (case.is_virtual or case.is_old_virtualenv):
        return
    if configuration is not None and configuration.is_relocatable:
        return
    filesystem, prefix = case.filesystem, case.prefix
    activate = read_activate_claim(prefix, filesystem)
    old_by_script = activate.prefix if activate and not _leads_here(activate.prefix, case) else None
    commands: dict[str, list[str]] = {}
    claims = read_command_claims(prefix, filesystem) if thoroughly or old_by_script else ()
    for claim in claims:
        owner = claim.prefix
        if owner is None or _leads_here(owner, case) or not _was_environment(owner, claim, case):
            continue
        if old_by_script is None and _is_dead(claim, case):
            # That is what is wrong with it, and whose it was is of no use to anybody.
            continue
        commands.setdefault(owner, []).append(claim.command)
    old = old_by_script or max(commands, key=lambda owner: len(commands[owner]), default=None)
    if old is None:
        if configuration is not None and configuration.command and activate is None:
            yield from _made_by_command_elsewhere(configuration.command, case)
        return
    stale = [command for group in commands.values() for command in group]
    leading = ["its `activate`"] if old_by_script else []
    leading += [_commands(stale)] if stale else []
    verb = "leads" if len(leading) == 1 and len(stale) < 2 else "lead"
    is_copy = is_local_path(old) and any(
        filesystem.is_file(Path(old) / name) for name in ("pyvenv.cfg", "bin/activate")
    )
    if old_by_script:
        how = f"copied from {old}, which is still there" if is_copy else "moved or renamed"
        cause = f"it was {how}: {' and '.join(leading)} still {verb} to {old}"
        back = "" if is_copy else f", or move it back to {old}"
        yield Ailment(HealthProblem.MOVED, cause, REBUILD.between(after=f" in its place{back}"))
    else:
        yield Ailment(
            HealthProblem.MOVED,
            f"{' and '.join(leading)} {verb} to the interpreter of another environment, {old}",
            REBUILD.between("install again the packages that these belong to, or "),
            is_severe=False,
        )


def command_ailments(case: Case) -> Iterator[Ailment]:
    """Yield an ailment for each interpreter that is to run commands and is not there."""
    if not (case.is_virtual or case.is_old_virtualenv):
        return
    dead: dict[str, list[str]] = {}
    for claim in read_command_claims(case.prefix, case.filesystem):
        if claim.prefix is not None and _is_dead(claim, case):
            dead.setdefault(claim.interpreter, []).append(claim.command)
    for interpreter, names in dead.items():
        there = is_there(Path(interpreter), case.filesystem)
        what = "leads nowhere" if there else "does not exist"
        verb, they = ("is", "it") if len(names) == 1 else ("are", "they")
        yield Ailment(
            HealthProblem.EXECUTABLE_BROKEN_LINK,
            f"{_commands(names)} {verb} to be run by {interpreter}, which {what}, so {they} cannot"
            " start",
            REBUILD.between("install again the packages that these belong to, or "),
            is_severe=False,
        )


def _made_by_command_elsewhere(command: str, case: Case) -> Iterator[Ailment]:
    old = prefix_in_command(command)
    if old is not None and not _leads_here(old, case):
        yield Ailment(
            HealthProblem.MOVED,
            f"its pyvenv.cfg says that it was made as {old}, so it was moved, renamed or copied",
            REBUILD.between(after=" in its place if its commands do not start"),
            is_severe=False,
        )


def _is_dead(claim: CommandClaim, case: Case) -> bool:
    """Return whether the interpreter of a command is surely not there."""
    return is_local_path(claim.interpreter) and not case.filesystem.is_file(claim.interpreter)


def _commands(names: list[str]) -> str:
    if len(names) == 1:
        return f"`{names[0]}`"
    return f"{len(names)} commands (`{names[0]}`, …)"


def _leads_here(path: str, case: Case) -> bool:
    """Return whether *path* is the environment, by whichever name."""
    if WINDOWS_PATH.match(path) and not case.is_windows:
        return False
    normal = os.path.normpath(path)
    if normal == os.path.normpath(case.prefix) or not is_local_path(normal):
        return True  # What may not be looked at is no evidence.
    there, here = case.filesystem.identity(normal), case.filesystem.identity(case.prefix)
    return there is not None and here is not None and there[1:] == here[1:]


def _was_environment(owner: str, claim: CommandClaim, case: Case) -> bool:
    """Return whether a command's interpreter is, or was, that of another environment.

    pip with ``--prefix`` puts commands here that are rightly run by a base interpreter.
    """
    path = Path(owner)
    if case.home is not None and case.home.parent == path:
        return False
    if case.filesystem.is_file(path / "pyvenv.cfg"):
        return True
    if read_activate_claim(path, case.filesystem) is not None:
        # Of a virtualenv before version 20, which wrote no pyvenv.cfg. That of conda's base, which
        # is called alike, says nothing of the kind.
        return True
    return not case.filesystem.exists(claim.interpreter)
