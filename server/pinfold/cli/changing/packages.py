"""``pinfold install``, ``uninstall``, ``upgrade`` and ``sync``: what may be said to each.

Owns their options, and what requirements files count where none are named.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.changing.operating import (
    add_common_options,
    add_environment_option,
    chosen_prefix,
    run_verb,
)
from pinfold.cli.env_scene import Refusal
from pinfold.core.environments.operations.requests import Install, Sync, Uninstall, Upgrade
from pinfold.core.environments.planning.upgrading import Level

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from pinfold.cli.env_scene import Scene

USUAL_FILE = "requirements.txt"


def install(arguments: Sequence[str]) -> int:
    """Run ``pinfold install``."""
    parser = ArgumentParser(
        prog="pinfold install",
        description="Install packages, or what requirements files ask for, so that it can be"
        " undone. With nothing named, what requirements.txt asks for.",
        allow_abbrev=False,
    )
    parser.add_argument("requirements", nargs="*", metavar="REQUIREMENT", help="as for pip")
    _add_files(parser, "-r", "--requirement", "install what this file asks for")
    parser.add_argument(
        "-e",
        "--editable",
        action="append",
        default=[],
        metavar="PATH",
        help="install the project in this folder as editable",
    )
    _add_files(parser, "-c", "--constraint", "stay within what this file allows")
    parser.add_argument(
        "--reinstall",
        action="store_true",
        help="install these packages again, though they are there; nothing that they need is"
        " touched",
    )
    parser.add_argument("--save", metavar="FILE", help="write the requirements into this file, too")
    add_environment_option(parser)
    add_common_options(parser)
    return run_verb(parser, arguments, _asked_install, said=("install",))


def uninstall(arguments: Sequence[str]) -> int:
    """Run ``pinfold uninstall``."""
    parser = ArgumentParser(
        prog="pinfold uninstall",
        description="Take packages away, so that it can be undone.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument(
        "--with-unused",
        action="store_true",
        help="take away, too, what they have brought along and nothing else needs",
    )
    parser.add_argument("--save", metavar="FILE", help="take them out of this file, too")
    add_environment_option(parser)
    add_common_options(parser)
    return run_verb(parser, arguments, _asked_uninstall, said=("uninstall",))


def upgrade(arguments: Sequence[str]) -> int:
    """Run ``pinfold upgrade``."""
    parser = ArgumentParser(
        prog="pinfold upgrade",
        description="Install newer versions of packages, of all if none are named, within what"
        " requirements files ask for; so that it can be undone.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--level",
        choices=[level.value for level in Level],
        default=Level.MAJOR.value,
        help="how far: 1.2.3 to 1.2.x, to 1.x, or to any (default: any)",
    )
    _add_files(parser, "-r", "--requirement", "stay within what this file asks for")
    add_environment_option(parser)
    add_common_options(parser)
    return run_verb(parser, arguments, _asked_upgrade, said=("upgrade",))


def sync(arguments: Sequence[str]) -> int:
    """Run ``pinfold sync``."""
    parser = ArgumentParser(
        prog="pinfold sync",
        description="Have installed what requirements files ask for, and nothing else: what is"
        " missing is installed, what nothing asks for is removed; so that it can be undone.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help=f"(default: {USUAL_FILE} in the current folder)"
    )
    parser.add_argument(
        "--with-seeds",
        action="store_true",
        help="remove pip, setuptools and wheel, too, if nothing asks for them",
    )
    add_environment_option(parser)
    add_common_options(parser)
    return run_verb(parser, arguments, _asked_sync, said=("sync",))


def _asked_install(options: Namespace, scene: Scene) -> Install | Refusal:
    names = list(options.requirement)
    if options.reinstall:
        if names or options.editable or options.constraint or options.save:
            return Refusal(
                "what is installed again is named as packages",
                "leave out `-r`, `-e`, `-c` and `--save`",
            )
    elif not names and not options.requirements and not options.editable:
        names = _usual(scene)
    files = _files(names, scene)
    constraints = _files(options.constraint, scene)
    prefix = chosen_prefix(options.env, scene)
    for found in (files, constraints, prefix):
        if isinstance(found, Refusal):
            return found
    assert isinstance(files, tuple)
    assert isinstance(constraints, tuple)
    assert isinstance(prefix, Path)
    return Install(
        folder=scene.working_directory,
        prefix=prefix,
        requirements=tuple(options.requirements),
        editables=tuple(options.editable),
        files=files,
        constraints=constraints,
        is_again=options.reinstall,
    )


def _asked_uninstall(options: Namespace, scene: Scene) -> Uninstall | Refusal:
    prefix = chosen_prefix(options.env, scene)
    if isinstance(prefix, Refusal):
        return prefix
    return Uninstall(
        folder=scene.working_directory,
        prefix=prefix,
        names=tuple(options.names),
        with_unused=options.with_unused,
        files=tuple(_existing(_usual(scene), scene)),
    )


def _asked_upgrade(options: Namespace, scene: Scene) -> Upgrade | Refusal:
    prefix = chosen_prefix(options.env, scene)
    if isinstance(prefix, Refusal):
        return prefix
    files = _files(options.requirement or _usual(scene), scene)
    if isinstance(files, Refusal):
        return files
    return Upgrade(
        folder=scene.working_directory,
        prefix=prefix,
        names=tuple(options.names),
        level=Level(options.level),
        files=files,
    )


def _asked_sync(options: Namespace, scene: Scene) -> Sync | Refusal:
    prefix = chosen_prefix(options.env, scene)
    if isinstance(prefix, Refusal):
        return prefix
    files = _files(options.files or _usual(scene), scene)
    if isinstance(files, Refusal):
        return files
    return Sync(
        folder=scene.working_directory, prefix=prefix, files=files, with_seeds=options.with_seeds
    )


def _add_files(parser: ArgumentParser, short: str, long: str, text: str) -> None:
    parser.add_argument(short, long, action="append", default=[], metavar="FILE", help=text)


def _usual(scene: Scene) -> list[str]:
    return [USUAL_FILE] if (scene.working_directory / USUAL_FILE).is_file() else []


def _existing(names: Sequence[str], scene: Scene) -> list[Path]:
    return [scene.working_directory / name for name in names]


def _files(names: Sequence[str], scene: Scene) -> tuple[Path, ...] | Refusal:
    found = []
    for name in names:
        path = scene.place(name)
        if isinstance(path, Refusal):
            return path
        found.append(path)
    return tuple(found)
