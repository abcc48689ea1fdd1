"""``pinfold env activate``: the line that activates an environment in a shell.

Owns for which shell and environment it is printed, and in which bytes. The line itself is
:mod:`pinfold.core.environments.activation`'s.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, Scene, meant, named_environment
from pinfold.cli.env_shape import json_path, tell_of_ailments
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Screen, complain, did_you_mean, is_terminal, visible
from pinfold.core.environments.activation import activation, read_activation_scripts
from pinfold.core.environments.shells import Shell, detect_shell, read_ancestors, shell_of
from pinfold.core.files import LocalFileSystem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.environments.activation import ActivationText

SHELLS = tuple(shell.value for shell in Shell)


def run(arguments: Sequence[str]) -> int:
    """Print the line, and return the exit status."""
    options = _parser().parse_args(arguments)
    shell = _shell(options.shell)
    if isinstance(shell, Refusal):
        complain(shell.message)
        return FAILED
    scene = Scene()
    if options.path is None:
        found = meant(None, scene)
        installation = found if isinstance(found, Refusal) else found.installation
    else:
        installation = named_environment(options.path, scene)
    if isinstance(installation, Refusal):
        complain(installation.text)
        return FAILED
    scripts = read_activation_scripts(installation.prefix, scene.filesystem)
    text = activation(installation, shell, scripts)
    if options.format == "json":
        Screen(sys.stdout, color=False).write(_json(text, installation.prefix, scene))
        return CLEAN if text.refusal is None else FAILED
    line = text.deactivate if options.deactivate else text.activate
    if text.refusal is not None or line is None:
        complain(text.refusal or f"{shell.value} has no line for that")
        return FAILED
    if is_terminal(sys.stdout) and not line.isprintable():
        complain(
            "the path of this environment holds characters that a terminal would act on, so the"
            f" line is only for the shell to read: {visible(line)}"
        )
        return FAILED
    _print(line)
    if not options.deactivate:
        tell_of_ailments(scene.examined([installation])[0].installation, scene)
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold env activate",
        description="Print the line that activates an environment; nothing is run.",
        epilog='Use it as `eval "$(pinfold env activate)"`; in fish, `pinfold env activate |'
        " source`; in PowerShell, `pinfold env activate | Invoke-Expression`.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "path",
        nargs="?",
        metavar="DIR",
        help="an environment, or an interpreter in one (default: the environment of the current"
        " folder)",
    )
    parser.add_argument(
        "--shell",
        metavar="SHELL",
        help=f"one of {', '.join(SHELLS)} (default: the one that this is run from)",
    )
    parser.add_argument(
        "--deactivate", action="store_true", help="print the line that ends it instead"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _shell(name: str | None) -> Shell | Refusal:
    if name is not None:
        shell = shell_of(name)
        if shell is not None:
            return shell
        hint = did_you_mean(name, SHELLS) or f"; these are known: {', '.join(SHELLS)}"
        return Refusal(f"there is no shell `{name}`{hint}")
    ancestors = read_ancestors(os.getpid(), LocalFileSystem())
    found = detect_shell(os.environ, ancestors, is_windows=os.name == "nt")
    if found is None:
        return Refusal("nothing tells which shell this is run from; name it with --shell")
    return found


def _json(text: ActivationText, prefix: Path, scene: Scene) -> str:
    shape = {
        "version": 1,
        "prefix": json_path(prefix, scene),
        "shell": text.shell.value,
        "way": None if text.way is None else text.way.name.lower(),
        "activate": text.activate,
        "deactivate": text.deactivate,
        "refusal": text.refusal,
    }
    return json.dumps(shape) + "\n"


def _print(line: str) -> None:
    screen = Screen(sys.stdout, color=False)
    if os.name == "nt":
        screen.write(f"{line}\n")
    else:
        # The very bytes of the path, whatever the locale: an escape would lead elsewhere.
        screen.write_bytes(os.fsencode(f"{line}\n"))
