"""``pinfold run``: a command inside an environment that is not activated.

Owns which command is meant and how its end becomes ours. Its variables are
:mod:`pinfold.core.environments.activation`'s.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, Scene, meant, named_environment
from pinfold.cli.env_shape import short_path, tell_of_ailment, tell_of_ailments
from pinfold.cli.main import FAILED
from pinfold.cli.terminal import complain
from pinfold.core.environments.activation import environment_variables
from pinfold.core.environments.health.foreign_python import leads_elsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pinfold.core.model.installation import Installation

NOT_RUNNABLE = 126
NOT_FOUND = 127
"""What a shell reports of a command that there is not, and above, of one that cannot be run."""


def run(arguments: Sequence[str]) -> int:
    """Become the command; return an exit status only where that is not possible."""
    own, command = split(arguments)
    parser = _parser()
    options = parser.parse_args(own)
    if not command:
        parser.error("name a command: `pinfold run -- python script.py`")
    scene = Scene()
    installation = _installation(options.env, scene)
    if isinstance(installation, Refusal):
        complain(installation.text)
        return FAILED
    (examined,) = scene.examined([installation])
    shown = short_path(installation.prefix, scene)
    tell_of_ailments(examined.installation, scene)
    found = examined.installation.ailments
    obstacles = [one for one in found if leads_elsewhere(one, installation, command[0])]
    for ailment in obstacles:
        if not ailment.is_severe:
            # Else it has been told already.
            tell_of_ailment(ailment, installation, scene)
    if obstacles:
        return FAILED
    variables = environment_variables(installation, os.environ)
    program = _program(command[0], variables)
    if program is None:
        return _not_found(command[0], shown)
    return _become(program, command, variables)


def split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return our own options, and the command: what stands behind ``--`` or begins with a word."""
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            return arguments[:position], arguments[position + 1 :]
        if not argument.startswith("-"):
            break
        position += 2 if argument == "--env" else 1
    return arguments[:position], arguments[position:]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold run",
        usage="pinfold run [--env DIR] [--] CMD [ARG ...]",
        description="Run a command inside an environment, without activating it.",
        epilog=f"Exit status: that of the command; {NOT_FOUND} if there is no such command,"
        f" {NOT_RUNNABLE} if it cannot be run, 2 if there is no environment.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--env",
        metavar="DIR",
        help="the environment, or an interpreter in it (default: that of the current folder)",
    )
    return parser


def _installation(named: str | None, scene: Scene) -> Installation | Refusal:
    if named is not None:
        return named_environment(named, scene)
    found = meant(None, scene)
    return found if isinstance(found, Refusal) else found.installation


def _program(name: str, variables: Mapping[str, str]) -> str | None:
    """Return the file that *name* means inside the environment."""
    path = next((value for key, value in variables.items() if key.upper() == "PATH"), "")
    return shutil.which(name, path=path)


def _not_found(name: str, shown: str) -> int:
    if os.path.dirname(name):
        if Path(name).is_dir():
            complain(f"{name} is a folder, no command")
            return NOT_RUNNABLE
        if Path(name).exists():
            complain(f"{name} may not be run; `chmod +x` lets it")
            return NOT_RUNNABLE
        complain(f"{name}: there is no such command")
        return NOT_FOUND
    complain(f"there is no command `{name}`, neither in {shown} nor on PATH")
    return NOT_FOUND


def _become(program: str, command: Sequence[str], variables: Mapping[str, str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name == "nt":
        return _wait(program, command, variables)
    import signal

    # Python ignores these for itself, and the command would inherit that.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execve(program, list(command), variables)  # noqa: S606 - without a shell, on purpose
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        complain(f"{program} cannot be run: {reason.lower()}")
        return NOT_RUNNABLE


def _wait(program: str, command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run the command to its end, where a process cannot become another one."""
    import subprocess

    try:
        process = subprocess.Popen(  # noqa: S603 - what the person asked for
            [program, *command[1:]], env=dict(variables)
        )
    except (OSError, ValueError) as error:
        complain(f"{program} cannot be run: {error}")
        return NOT_RUNNABLE
    while process.returncode is None:
        # The command is interrupted too, and says itself what comes of it.
        with contextlib.suppress(KeyboardInterrupt):
            process.wait()
    return process.returncode
