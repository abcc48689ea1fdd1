"""``pinfold env why``: which environment a file is judged against, and every step that led there.

Owns how the steps are shown. Which they are is :mod:`pinfold.core.environments.selection`'s.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, Scene
from pinfold.cli.env_shape import (
    ailment_lines,
    column_width,
    json_paths,
    padded,
    python_of,
    short_path,
    written_json,
)
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Ink, Screen, complain, visible
from pinfold.core.model.environment import EnvironmentState
from pinfold.features.environments import explanation_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.examination import Examined
    from pinfold.features.environments import Selection


def run(arguments: Sequence[str]) -> int:
    """Say which environment is that of a file, and return the exit status."""
    options = _parser().parse_args(arguments)
    scene = Scene()
    path = scene.place(options.path)
    if isinstance(path, Refusal):
        complain(path.message)
        return FAILED
    selection = scene.selection(path)
    examined = None
    if selection.prefix is not None:
        found = scene.identified(selection.prefix)
        examined = None if isinstance(found, Refusal) else scene.examined([found])[0]
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        shape = explanation_json(selection, examined, path, json_paths(scene))
        screen.write(written_json(shape, "steps"))
    else:
        screen.write("".join(_page(path, selection, examined, scene, screen)))
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold env why",
        description="Say which environment a file is judged against, and why not another one.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "path",
        nargs="?",
        default=".",
        metavar="PATH",
        help="a file, or a folder for the files in it (default: the current folder)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _page(
    path: Path, selection: Selection, examined: Examined | None, scene: Scene, screen: Screen
) -> Iterator[str]:
    answer = selection.answer
    shown = short_path(path, scene)
    subject = screen.paint("the current folder" if shown == "." else shown, Ink.BOLD)
    if selection.prefix is None:
        ink = Ink.WARNING if answer.state is EnvironmentState.NONE else Ink.ERROR
        yield f"{subject}: {screen.paint('no environment', ink)}\n"
    else:
        prefix = short_path(selection.prefix, scene)
        yield f"{subject}: {screen.paint(prefix, Ink.BOLD)}{_described(examined)}\n"
    yield f"  because {visible(answer.reason)}\n"
    if selection.prefix is None and (back := scene.way_back(selection)) is not None:
        yield f"  {visible(back)}\n"
    if examined is not None:
        for clause in examined.installation.evidence:
            kind = examined.installation.kind.value
            yield f"  {kind}, since {visible(clause)}\n"
        yield from ailment_lines(examined.installation, scene, screen)
    yield from _contradictions(selection, scene, screen)
    yield from _steps(selection, scene, screen)
    yield from _rejected(selection, scene, screen)


def _described(examined: Examined | None) -> str:
    if examined is None:
        return ""
    installation = examined.installation
    return f" ({installation.kind.value}, Python {python_of(installation)})"


def _contradictions(selection: Selection, scene: Scene, screen: Screen) -> Iterator[str]:
    for contradiction in selection.answer.contradictions:
        place = f"{short_path(contradiction.path, scene)}:{contradiction.line + 1}"
        label = screen.paint("warning", Ink.WARNING)
        yield f"  {label} {place}: {visible(contradiction.message)}\n"


def _steps(selection: Selection, scene: Scene, screen: Screen) -> Iterator[str]:
    steps = selection.answer.steps
    if not steps:
        return
    yield f"\n{screen.paint('Looked at, in this order', Ink.BOLD)}\n"
    rows = [
        (
            f"{step.place.value}",
            "" if step.path is None else short_path(step.path, scene),
        )
        for step in steps
    ]
    widths = [column_width(column) for column in zip(*rows, strict=True)]
    for step, row in zip(steps, rows, strict=True):
        mark = screen.paint("*", Ink.ADDED) if step.is_taken else " "
        columns = [padded(text, width) for text, width in zip(row, widths, strict=True)]
        yield f"{mark} {'  '.join(columns)}  {visible(step.outcome)}\n"


def _rejected(selection: Selection, scene: Scene, screen: Screen) -> Iterator[str]:
    told = {step.path for step in selection.answer.steps}
    rejected = [item for item in selection.answer.rejected if item.path not in told]
    if rejected:
        yield f"\n{screen.paint('Not taken', Ink.BOLD)}\n"
    for candidate in rejected:
        yield f"  {short_path(candidate.path, scene)} {visible(candidate.reason)}\n"
