"""``pinfold env show``: one environment, and all that reading tells of it.

Owns what is told, and in which order.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, Scene, meant
from pinfold.cli.env_shape import (
    ailment_lines,
    json_path,
    json_paths,
    python_of,
    short_path,
    title,
    written_json,
)
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Ink, Screen, complain, counted, visible
from pinfold.features.environments import FORMAT_VERSION, installation_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.environments.examination import Examined
    from pinfold.features.environments import Json, Selection


def run(arguments: Sequence[str]) -> int:
    """Show the environment that *arguments* name, and return the exit status."""
    options = _parser().parse_args(arguments)
    scene = Scene()
    found = meant(options.path, scene)
    if isinstance(found, Refusal):
        complain(found.text)
        return FAILED
    (examined,) = scene.examined([found.installation], thoroughly=True)
    selection = found.selection or scene.selection(scene.working_directory)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        entry = installation_json(examined, selection, json_paths(scene))
        packages = examined.packages
        entry["sitePackages"] = (
            None
            if packages is None
            else [json_path(path, scene) for path in packages.environment.site_packages]
        )
        shape: Json = {"version": FORMAT_VERSION, "environments": [entry]}
        screen.write(written_json(shape, "environments"))
    else:
        screen.write("".join(_page(examined, selection, scene, screen)))
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold env show",
        description="Show an environment or interpreter in full.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="an environment or an interpreter; or a file or folder whose environment is meant"
        " (default: the current folder)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _page(examined: Examined, selection: Selection, scene: Scene, screen: Screen) -> Iterator[str]:
    installation = examined.installation
    yield f"{screen.paint(title(installation, scene), Ink.BOLD)}\n"
    rows = list(_rows(examined, selection, scene))
    width = max(len(label) for label, _ in rows)
    if not installation.ailments:
        rows.append(("health", screen.paint("ok", Ink.ADDED)))
    for label, text in rows:
        yield f"  {screen.paint(f'{label:<{width}}', Ink.DIM)}  {text}\n"
    yield from ailment_lines(installation, scene, screen)


def _rows(examined: Examined, selection: Selection, scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield what there is to say, each with its label; texts are safe to be shown."""
    installation = examined.installation
    kind = installation.kind.value
    yield "kind", f"{kind}, an interpreter" if installation.is_base else kind
    for clause in installation.evidence:
        yield "because", visible(clause)
    yield "python", python_of(installation)
    yield "prefix", visible(str(installation.prefix))
    for label, path in (
        ("executable", installation.executable),
        ("leads to", installation.real_executable),
        ("made from", installation.base_home),
        ("project", installation.project),
    ):
        if path is not None and not (label == "leads to" and path == installation.executable):
            yield label, short_path(path, scene)
    if installation.name:
        yield "name", visible(installation.name)
    for alias in installation.aliases:
        yield "also at", short_path(alias, scene)
    if examined.packages is not None:
        for folder in examined.packages.environment.site_packages:
            yield "packages in", short_path(folder, scene)
    if examined.count is not None:
        yield "installed", counted(examined.count, "package")
    if installation.is_externally_managed:
        yield "managed", "by somebody else: pip is not to install here (PEP 668)"
    if selection.is_of(installation):
        shown = short_path(selection.folder, scene)
        place = "the current folder" if shown == "." else shown
        yield "selected", f"for {place}: {visible(selection.answer.reason)}"
