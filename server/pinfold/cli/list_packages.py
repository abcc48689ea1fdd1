"""``pinfold list``: what is installed in an environment.

Owns the table. What is listed is :mod:`pinfold.features.package_listing`'s to say.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.chosen_packages import add_environment_option, chosen_packages
from pinfold.cli.env_scene import Refusal, Scene
from pinfold.cli.env_shape import column_width, json_paths, padded, short_path, written_json
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Ink, Screen, complain, counted, visible
from pinfold.features.package_listing import listed, listing_json, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages


def run(arguments: Sequence[str]) -> int:
    """List packages, and return the exit status."""
    options = _parser().parse_args(arguments)
    scene = Scene()
    installed = chosen_packages(options.env, scene)
    if isinstance(installed, Refusal):
        complain(installed.text)
        return FAILED
    found = listed(installed, only_editable=options.editable, only_unneeded=options.not_required)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        shape = listing_json(installed, found, json_paths(scene))
        screen.write(written_json(shape, "packages"))
    else:
        screen.write("".join(_table(installed, found, scene, screen)))
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold list",
        description="List what is installed in an environment.",
        allow_abbrev=False,
    )
    add_environment_option(parser)
    parser.add_argument("--editable", action="store_true", help="list editable installs only")
    parser.add_argument(
        "--not-required",
        action="store_true",
        help="list only what nothing else that is installed requires",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _table(
    installed: InstalledPackages,
    found: Sequence[InstalledDistribution],
    scene: Scene,
    screen: Screen,
) -> Iterator[str]:
    prefix = short_path(installed.environment.prefix, scene)
    label = visible(installed.environment.markers.label)
    total = len(installed.by_name)
    amount = counted(total, "package")
    if len(found) != total:
        amount = f"{len(found):,} of {amount}"
    yield f"{screen.paint(prefix, Ink.BOLD)} ({label}, {amount})\n"
    rows = [(visible(one.name), visible(one.version) or "?") for one in found]
    widths = [column_width(column) for column in zip(*rows, strict=True)]
    for distribution, row in zip(found, rows, strict=True):
        cells = [padded(text, width) for text, width in zip(row, widths, strict=True)]
        rest = "  ".join(_remarks(distribution, scene, screen))
        yield f"  {'  '.join(cells)}  {rest}".rstrip() + "\n"


def _remarks(distribution: InstalledDistribution, scene: Scene, screen: Screen) -> Iterator[str]:
    if distribution.editable is not None:
        yield screen.paint(f"editable: {short_path(distribution.editable, scene)}", Ink.DIM)
    source = source_of(distribution)
    if source is not None:
        yield screen.paint(f"from {visible(source)}", Ink.DIM)
    if distribution.problem is not None:
        yield f"{screen.paint('warning:', Ink.WARNING)} {visible(distribution.problem)}"
