"""``pinfold freeze``: what is installed as a requirements file, as ``pip freeze`` writes it.

Owns which distributions pip's options mean, and the reading of the files that give an order.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.chosen_packages import add_environment_option, chosen_packages
from pinfold.cli.env_scene import Refusal, Scene
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Screen, complain
from pinfold.core.environments.planning.checkouts import read_checkout
from pinfold.core.files import Unreadable, locale_encoding
from pinfold.core.formats.summary import normalised
from pinfold.core.workspace.snapshot import DiskFiles
from pinfold.features.freezing import FreezeOptions, freeze

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from pinfold.core.formats.document import Document
    from pinfold.core.model.environment import Environment


def run(arguments: Sequence[str]) -> int:
    """Write what is installed, and return the exit status."""
    options = _parser().parse_args(arguments)
    scene = Scene()
    installed = chosen_packages(options.env, scene)
    if isinstance(installed, Refusal):
        complain(installed.text)
        return FAILED
    files: list[tuple[str, Document]] = []
    disk = DiskFiles(scene.filesystem, locale_encoding())
    for name in options.requirement:
        path = scene.place(name)
        if isinstance(path, Refusal):
            complain(path.message)
            return FAILED
        read = disk.read(path)
        if isinstance(read, Unreadable):
            complain(f"{name}: {read.detail}")
            return FAILED
        files.append((name, read.document))
    frozen = freeze(
        installed,
        partial(read_checkout, filesystem=scene.filesystem),
        FreezeOptions(
            everything=options.all,
            editables=not options.exclude_editable,
            excluded=frozenset(map(normalised, options.exclude)),
            folders=_folders(options, installed.environment, scene),
        ),
        files=files,
    )
    Screen(sys.stdout, color=False).write("".join(f"{line}\n" for line in frozen.lines))
    if sys.stdout is not None:
        sys.stdout.flush()
    for note in frozen.notes:
        complain(note)
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold freeze",
        description="Write what is installed as a requirements file, as pip does.",
        allow_abbrev=False,
    )
    add_environment_option(parser)
    parser.add_argument(
        "-r",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        help="keep the order and the comments of this file; may be given several times",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="write pip too, and before Python 3.12 setuptools and wheel",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="leave this one out; may be given several times",
    )
    parser.add_argument(
        "--exclude-editable", action="store_true", help="leave editable installs out"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "-l",
        "--local",
        action="store_true",
        help="leave out what the environment only sees in the interpreter it was made from",
    )
    place.add_argument(
        "--user", action="store_true", help="write only what lies in the user's own folder"
    )
    return parser


def _folders(options: Namespace, environment: Environment, scene: Scene) -> frozenset[Path] | None:
    """Return the folders whose packages count, ``None`` for all."""
    if options.user:
        named = os.environ.get("PYTHONUSERBASE")
        base = Path(named) if named else scene.home and scene.home / ".local"
        return frozenset(
            folder
            for folder in environment.site_packages
            if base is not None
            and folder.is_relative_to(base)
            and not folder.is_relative_to(environment.prefix)
        )
    is_virtual = scene.filesystem.is_file(environment.prefix / "pyvenv.cfg")
    if options.local and is_virtual:
        return frozenset(
            folder
            for folder in environment.site_packages
            if folder.is_relative_to(environment.prefix)
        )
    return None
