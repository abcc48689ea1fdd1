"""``pinfold env select``: which environment is for a folder from now on, as a person says.

Owns what may be chosen. Where choices are kept is :mod:`pinfold.core.environments.choices`'s.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, Scene, named_environment
from pinfold.cli.env_shape import ailment_lines, json_path, python_of, short_path
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Screen, complain
from pinfold.core.environments.choices import ChoiceError, choose, forget

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

NONE = "none"
"""The word for having no environment; a folder of that name is ``./none``."""


def run(arguments: Sequence[str]) -> int:
    """Keep or forget a choice, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.environment is None) != options.forget:
        parser.error("name an environment, `none`, or --forget; one of them")
    scene = Scene()
    # A folder that is gone may still have a choice to be forgotten.
    folder = (scene.absolute if options.forget else scene.folder)(options.folder)
    if isinstance(folder, Refusal):
        complain(folder.message)
        return FAILED
    try:
        return _run(options, folder, scene)
    except ChoiceError as error:
        complain(f"the choice could not be kept: {error}")
        return FAILED


def _run(options: Namespace, folder: Path, scene: Scene) -> int:
    screen = Screen.of(sys.stdout, options.color, os.environ)
    shown = short_path(folder, scene)
    place = "the current folder" if shown == "." else shown
    if options.forget:
        had = options.dry_run or forget(folder)
        if options.format == "json":
            screen.write(_json(folder, None, scene, is_forgotten=True))
        elif had:
            screen.write(f"What was chosen for {place} is forgotten.\n")
        else:
            screen.write(f"Nothing was chosen for {place}.\n")
        return CLEAN
    prefix = None
    # One for the home directory or a root counts only for the files right in it.
    is_alone = folder.parent == folder or scene.is_home(folder)
    extent = f"the files right in {place}" if is_alone else f"{place} and what is below it"
    lines = [f"No environment is used for {extent}, from now on.\n"]
    if options.environment != NONE:
        found = named_environment(options.environment, scene)
        if isinstance(found, Refusal):
            complain(f"{found.message}; `pinfold env list` shows what there is")
            return FAILED
        (examined,) = scene.examined([found])
        installation = examined.installation
        prefix = installation.prefix
        described = f"{installation.kind.value}, Python {python_of(installation)}"
        chosen = f"{short_path(prefix, scene)} ({described})"
        lines = [
            f"{chosen} is used for {extent}, from now on.\n",
            *ailment_lines(installation, scene, screen),
        ]
    if not options.dry_run:
        choose(folder, prefix)
    if options.format == "json":
        screen.write(_json(folder, prefix, scene, is_forgotten=False))
    else:
        screen.write("".join(lines))
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold env select",
        description="Choose the environment that files in a folder are judged against. The choice"
        " is kept outside of the folder, and editors know it too.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "environment",
        nargs="?",
        metavar="DIR",
        help="an environment, or an interpreter; `none` for having no environment",
    )
    parser.add_argument(
        "--forget", action="store_true", help="forget what was chosen, and go by the files again"
    )
    parser.add_argument(
        "--for",
        dest="folder",
        default=".",
        metavar="FOLDER",
        help="the folder that it is for, with all below it (default: the current one)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be kept, and keep nothing"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _json(folder: Path, prefix: Path | None, scene: Scene, *, is_forgotten: bool) -> str:
    shape = {
        "version": 1,
        "folder": json_path(folder, scene),
        "prefix": None if prefix is None else json_path(prefix, scene),
        "forgotten": is_forgotten,
    }
    return json.dumps(shape) + "\n"
