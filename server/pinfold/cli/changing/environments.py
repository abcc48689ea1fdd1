"""``pinfold env create``, ``remove`` and ``rebuild``, and ``pinfold undo``.

Owns what may be said to each.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.changing.operating import (
    add_common_options,
    add_environment_option,
    chosen_prefix,
    is_near,
    named_prefix,
    run_verb,
)
from pinfold.cli.changing.packages import USUAL_FILE
from pinfold.cli.env_scene import Refusal
from pinfold.core.environments.changes.history import standing
from pinfold.core.environments.changes.journal import Journal, Phase
from pinfold.core.environments.operations.requests import Create, Rebuild, Remove, Undo
from pinfold.core.environments.places import state_folder

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.cli.env_scene import Scene

USUAL_PLACE = ".venv"


def create(arguments: Sequence[str]) -> int:
    """Run ``pinfold env create``."""
    parser = ArgumentParser(
        prog="pinfold env create",
        description="Make a virtual environment.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "place",
        nargs="?",
        default=USUAL_PLACE,
        metavar="DIR",
        help=f"where (default: {USUAL_PLACE})",
    )
    _add_python(parser, "the one that the project asks for, else the newest)")
    parser.add_argument("--prompt", metavar="NAME", help="what a shell shows when it is active")
    parser.add_argument(
        "-r",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        help="install what this file asks for",
    )
    parser.add_argument(
        "--install",
        action="append",
        default=[],
        metavar="REQUIREMENT",
        help="install this, too",
    )
    parser.add_argument(
        "--no-install",
        action="store_true",
        help=f"install nothing (default: what {USUAL_FILE} asks for, if it is there)",
    )
    parser.add_argument(
        "--over", action="store_true", help="set one that is there aside, and make it anew"
    )
    add_common_options(parser)
    return run_verb(parser, arguments, _asked_create, said=("env", "create"))


def remove(arguments: Sequence[str]) -> int:
    """Run ``pinfold env remove``."""
    parser = ArgumentParser(
        prog="pinfold env remove",
        description="Remove an environment. It is kept for 30 days, and `pinfold undo` brings it"
        " back.",
        allow_abbrev=False,
    )
    parser.add_argument("place", nargs="?", metavar="DIR", help=_DEFAULT)
    add_common_options(parser, installs=False)
    return run_verb(parser, arguments, _asked_remove, said=("env", "remove"))


def rebuild(arguments: Sequence[str]) -> int:
    """Run ``pinfold env rebuild``."""
    parser = ArgumentParser(
        prog="pinfold env rebuild",
        description="Make an environment anew, in its place and with the same packages.",
        allow_abbrev=False,
    )
    parser.add_argument("place", nargs="?", metavar="DIR", help=_DEFAULT)
    _add_python(parser, "the one it was made with, or the next best)")
    add_common_options(parser)
    return run_verb(parser, arguments, _asked_rebuild, said=("env", "rebuild"))


def undo(arguments: Sequence[str]) -> int:
    """Run ``pinfold undo``."""
    parser = ArgumentParser(
        prog="pinfold undo",
        description="Take the last change of an environment back. No index is needed for it.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "entry", nargs="?", metavar="ID", help="make sure that it is this one; see pinfold history"
    )
    parser.add_argument(
        "--redo", action="store_true", help="make the change again that was taken back last"
    )
    add_environment_option(parser)
    add_common_options(parser, installs=False)
    return run_verb(parser, arguments, _asked_undo, said=("undo",))


_DEFAULT = "(default: the environment of the current folder)"


def _add_python(parser: ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--python",
        "-p",
        metavar="PYTHON",
        help="a version, or the path of an interpreter (default: " + default,
    )


def _asked_create(options: Namespace, scene: Scene) -> Create | Refusal:
    prefix = scene.absolute(options.place)
    if isinstance(prefix, Refusal):
        return prefix
    files: list[Path] = []
    names = list(options.requirement)
    has_usual = (scene.working_directory / USUAL_FILE).is_file()
    if not names and not options.no_install and has_usual:
        names = [USUAL_FILE]
    for name in names:
        file = scene.place(name)
        if isinstance(file, Refusal):
            return file
        files.append(file)
    return Create(
        folder=scene.working_directory,
        prefix=prefix,
        python=options.python,
        prompt=options.prompt,
        files=tuple(files),
        requirements=tuple(options.install),
        is_over=options.over,
    )


def _asked_remove(options: Namespace, scene: Scene) -> Remove | Refusal:
    prefix = _named_place(options.place, scene)
    if isinstance(prefix, Refusal):
        return prefix
    return Remove(folder=scene.working_directory, prefix=prefix, workspaces=(scene.own_project,))


def _asked_rebuild(options: Namespace, scene: Scene) -> Rebuild | Refusal:
    prefix = _named_place(options.place, scene)
    if isinstance(prefix, Refusal):
        return prefix
    # Heeded only where nobody can read what is installed: the project's, which it stands in.
    usual = (folder / USUAL_FILE for folder in (prefix.parent, scene.working_directory))
    files = tuple(file for file in usual if file.is_file())[:1]
    return Rebuild(
        folder=scene.working_directory, prefix=prefix, python=options.python, files=files
    )


def _asked_undo(options: Namespace, scene: Scene) -> Undo | Refusal:
    prefix = _undoable(options, scene)
    if isinstance(prefix, Refusal):
        return prefix
    return Undo(
        folder=scene.working_directory,
        prefix=prefix,
        is_redo=options.redo,
        entry=options.entry,
    )


def _undoable(options: Namespace, scene: Scene) -> Path | Refusal:
    """Return the environment whose change is taken back: it need not be there any more.

    That which was changed last, of the project's and the one that is in use.
    """
    if options.env is not None:
        return named_prefix(options.env, scene)
    in_use = chosen_prefix(None, scene)
    history = Journal(state_folder() / "changes").history()
    for entry in reversed(history):
        if is_near(entry, in_use, scene) and entry.phase is Phase.DONE:
            stands = standing(history, entry.place)
            target = stands.next_to_redo if options.redo else stands.next_to_undo
            if target is not None:
                return entry.prefix
    return in_use


def _named_place(text: str | None, scene: Scene) -> Path | Refusal:
    """Return what was named, as it was: whether it may go is judged where that is known."""
    if text is not None:
        return scene.absolute(text)
    found = chosen_prefix(None, scene)
    usual = scene.working_directory / USUAL_PLACE
    if isinstance(found, Refusal) and os.path.lexists(usual):
        # One that is broken belongs to no file any more, but is the one that is meant.
        return usual
    return found
