"""``pinfold history``: what was changed in environments, and what of it can be taken back.

Owns which entries are shown. Changes nothing.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.changing.operating import (
    Host,
    add_environment_option,
    chosen_prefix,
    is_near,
    named_prefix,
    workbench,
)
from pinfold.cli.env_scene import Refusal, Scene
from pinfold.cli.env_shape import json_path, short_path
from pinfold.cli.main import CLEAN
from pinfold.cli.terminal import Screen, visible
from pinfold.features.operations import history_json, history_lines

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Write the history, the newest first, and return the exit status."""
    parser = ArgumentParser(
        prog="pinfold history",
        description="Say what Pinfold has changed in the environments of this project.",
        allow_abbrev=False,
    )
    add_environment_option(parser)
    parser.add_argument("--all", action="store_true", help="of every project")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    options = parser.parse_args(arguments)
    scene = Scene()
    bench = workbench(scene)
    history = bench.changes.journal.history()
    shown = [*reversed(history)]
    if options.env is not None:
        prefix = named_prefix(options.env, scene)
        if isinstance(prefix, Refusal):
            return Host(options, scene).refuse(prefix.message, prefix.action)
        place = Path(os.path.realpath(prefix))
        shown = [entry for entry in shown if prefix == entry.prefix or place == entry.place]
    elif not options.all:
        in_use = chosen_prefix(None, scene)
        shown = [entry for entry in shown if is_near(entry, in_use, scene)]
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        shape = history_json(shown, history, lambda path: json_path(path, scene))
        screen.write(json.dumps(shape) + "\n")
        return CLEAN
    lines = list(history_lines(shown, history, lambda path: short_path(path, scene)))
    if not lines:
        screen.write("Nothing was changed here.\n")
    for line in lines:
        screen.write(f"{visible(line)}\n")
    return CLEAN
