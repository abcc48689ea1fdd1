"""``pinfold env list``: all environments and interpreters, the one for a folder first.

Owns the table. Their order, and what each of them is, is :mod:`pinfold.features.environments`'s.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, Scene
from pinfold.cli.env_shape import (
    column_width,
    health_word,
    json_path,
    json_paths,
    padded,
    python_of,
    title,
    written_json,
)
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Ink, Screen, complain, counted, visible
from pinfold.core.model.environment import EnvironmentState
from pinfold.features.environments import belongs_to, listing_json, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.environments.examination import Examined
    from pinfold.core.model.installation import Installation
    from pinfold.features.environments import Selection

MOST_TOLD = 10
"""How many places that were left out are named."""


def run(arguments: Sequence[str]) -> int:
    """List what there is, and return the exit status."""
    options = _parser().parse_args(arguments)
    scene = Scene()
    folder = scene.folder("." if options.path is None else options.path)
    if isinstance(folder, Refusal):
        complain(folder.message)
        return FAILED
    project = scene.project(folder) if options.path is None else folder
    selection = scene.selection(folder)
    inventory = scene.search(project)
    installations = with_selected(inventory.installations, selection, scene)
    examined = ordered(scene.examined(installations), [project], selection)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        shape = listing_json(examined, inventory, project, selection, json_paths(scene))
        screen.write(written_json(shape, "environments"))
        return CLEAN
    screen.write("".join(_table(examined, project, selection, scene, screen)))
    if sys.stdout is not None:
        # Before what is told on the other stream, which may be the same terminal.
        sys.stdout.flush()
    for message in unseen(inventory):
        complain(message)
    if selection.answer.state is not EnvironmentState.FOUND:
        complain(f"none of them is for {_named(selection, scene)}: {selection.answer.reason}")
    return CLEAN


def with_selected(
    installations: Sequence[Installation], selection: Selection, scene: Scene
) -> list[Installation]:
    """Return *installations* with the selected one, which may lie where nobody has looked."""
    everything = list(installations)
    if selection.prefix is not None and not any(map(selection.is_of, everything)):
        found = scene.identified(selection.prefix)
        if not isinstance(found, Refusal):
            everything.append(found)
    return everything


def unseen(inventory: Inventory) -> Iterator[str]:
    """Yield what people are told of what was not looked at, and of who did not answer."""
    for silence in inventory.silent:
        yield f"{silence.locator}: {silence.reason}; what only it knows may be missing"
    for left_out in inventory.left_out[:MOST_TOLD]:
        yield f"left out: {left_out.path}: {left_out.reason}"
    more = len(inventory.left_out) - MOST_TOLD
    if more > 0:
        yield f"left out: {counted(more, 'more place')}; `--format json` names all"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold env list",
        description="List environments and the interpreters they are made from; the one that files"
        " in the current folder, or in PATH, are judged against is marked with `*`.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="the folder to search (default: the repository that holds the current one, or else"
        " that itself)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _table(
    examined: Sequence[Examined],
    project: Path,
    selection: Selection,
    scene: Scene,
    screen: Screen,
) -> Iterator[str]:
    rows = [_cells(item, scene) for item in examined]
    widths = [column_width(column) for column in zip(*rows, strict=True)]
    heading = ""
    for item, row in zip(examined, rows, strict=True):
        own = _heading(item.installation, project, selection)
        if own != heading:
            yield "\n" if heading else ""
            yield f"{screen.paint(own, Ink.BOLD)}\n"
            heading = own
        is_selected = selection.is_of(item.installation)
        mark = screen.paint("*", Ink.ADDED) if is_selected else " "
        columns = [padded(text, width) for text, width in zip(row, widths, strict=True)]
        if is_selected:
            columns[0] = screen.paint(columns[0], Ink.BOLD)
        health = health_word(item.installation.ailments, screen)
        yield f"{mark} {'  '.join(columns)}  {health}\n"
        if is_selected:
            yield f"  {screen.paint(visible(selection.answer.reason), Ink.DIM)}\n"
    if not examined:
        yield "No Python was found on this machine.\n"
    ill = sum(any(ailment.is_severe for ailment in item.installation.ailments) for item in examined)
    if ill:
        them = "One of them" if ill == 1 else f"{ill:,} of them"
        yield f"\n{them} cannot be used: `pinfold env doctor DIR` says why.\n"


def _heading(installation: Installation, project: Path, selection: Selection) -> str:
    if installation.is_base and not selection.is_of(installation):
        return "Interpreters"
    if selection.is_of(installation) or belongs_to(installation, [project]):
        return "Environments of this project"
    return "Other environments"


def _cells(item: Examined, scene: Scene) -> tuple[str, ...]:
    installation = item.installation
    name = visible(installation.name or "")
    shown = title(installation, scene)
    return (
        f"{shown} ({name})" if name and name not in shown else shown,
        python_of(installation),
        installation.kind.value,
        "" if item.count is None else counted(item.count, "package"),
    )


def _named(selection: Selection, scene: Scene) -> str:
    shown = json_path(selection.folder, scene)
    return "the current folder" if shown == "." else shown
