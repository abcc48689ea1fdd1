"""``pinfold env doctor``: what is wrong with environments, why, and what to do about it.

Owns which environments are looked at, what counts as an ailment of their packages, and the exit
status. The ailments themselves are :mod:`pinfold.core.environments.health.diagnosis`'s.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.env_list import unseen, with_selected
from pinfold.cli.env_scene import Refusal, Scene, named_environment
from pinfold.cli.env_shape import (
    ailment_lines,
    json_paths,
    python_of,
    short_path,
    title,
    written_json,
)
from pinfold.cli.main import CLEAN, FAILED, FOUND
from pinfold.cli.terminal import Ink, Screen, complain, counted, visible
from pinfold.core.model.installation import HealthProblem
from pinfold.features.environments import FORMAT_VERSION, belongs_to, diagnosis_json, is_ill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.environments.examination import Examined
    from pinfold.core.model.installation import Installation
    from pinfold.features.environments import Json, Selection


def run(arguments: Sequence[str]) -> int:
    """Examine environments, and return the exit status."""
    options = _parser().parse_args(arguments)
    scene = Scene()
    selection = scene.selection(scene.working_directory)
    has_failed = False
    installations: list[Installation] = []
    if options.paths:
        for text in options.paths:
            found = named_environment(text, scene)
            if isinstance(found, Refusal):
                complain(found.message)
                has_failed = True
            elif found not in installations:
                installations.append(found)
    else:
        installations = _of_project(selection, scene)
    examined = scene.examined(installations, thoroughly=True)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        screen.write(written_json(_json(examined, selection, scene), "environments"))
    else:
        screen.write("".join(_report(examined, scene, screen)))
    if has_failed:
        return FAILED
    return FOUND if any(map(is_ill, examined)) else CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold env doctor",
        description="Say what is wrong with environments, why, and what to do about it.",
        epilog="Exit status: 0 if they can be used and their packages fit together, 1 if not, 2 if"
        " one that is named is none.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="DIR",
        help="an environment, or an interpreter (default: all of the repository that holds the"
        " current folder, or else of that itself)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _of_project(selection: Selection, scene: Scene) -> list[Installation]:
    project = scene.own_project
    inventory = scene.search(project)
    for message in unseen(inventory):
        complain(message)
    return [
        installation
        for installation in with_selected(inventory.installations, selection, scene)
        if selection.is_of(installation)
        or (belongs_to(installation, [project]) and not installation.is_base)
    ]


def _json(examined: Sequence[Examined], selection: Selection, scene: Scene) -> Json:
    ill = sum(map(is_ill, examined))
    write_path = json_paths(scene)
    return {
        "version": FORMAT_VERSION,
        "summary": {"environments": len(examined), "healthy": len(examined) - ill, "ill": ill},
        "environments": [diagnosis_json(item, selection, write_path) for item in examined],
    }


def _report(examined: Sequence[Examined], scene: Scene, screen: Screen) -> Iterator[str]:
    for item in examined:
        installation = item.installation
        count = "" if item.count is None else f", {counted(item.count, 'package')}"
        about = f"({installation.kind.value}, Python {python_of(installation)}{count})"
        yield f"{screen.paint(title(installation, scene), Ink.BOLD)} {about}\n"
        lines = [
            *ailment_lines(installation, scene, screen),
            *_package_lines(item, scene, screen),
        ]
        yield from lines or [f"  {screen.paint('ok', Ink.ADDED)}\n"]
        yield "\n"
    if not examined:
        yield "There is no environment here; `pinfold env list` shows what there is elsewhere.\n"
        return
    ill = sum(map(is_ill, examined))
    yield f"{counted(len(examined), 'environment')}: "
    if ill:
        yield f"{ill:,} with something to mend.\n"
    else:
        # A warning may come with a repair too: what it is of works all the same.
        warned = sum(map(_has_warning, examined))
        yield f"{warned:,} with warnings.\n" if warned else "nothing to mend.\n"


def _has_warning(examined: Examined) -> bool:
    packages = examined.packages
    return bool(examined.installation.ailments) or (
        packages is not None and bool(packages.shadowed or packages.leftovers)
    )


def _package_lines(examined: Examined, scene: Scene, screen: Screen) -> Iterator[str]:
    packages = examined.packages
    if packages is None:
        return
    for broken in packages.broken:
        label = screen.paint("error[broken-dependency]", Ink.ERROR)
        message = broken.message or f"{broken.distribution} {broken.breakage.value}"
        yield f"  {label} {visible(message.rstrip('.'))}\n"
    for shadowed in packages.shadowed:
        label = screen.paint("warning[shadowed]", Ink.WARNING)
        what = visible(f"{shadowed.name} {shadowed.version}")
        place = short_path(shadowed.folder, scene)
        yield f"  {label} {what} in {place} is hidden by another one\n"
    remains = [
        ailment.cause
        for ailment in examined.installation.ailments
        if ailment.problem is HealthProblem.HALF_INSTALLED
    ]
    for path in packages.leftovers:
        if any(path.name in cause and str(path.parent) in cause for cause in remains):
            # Told already, with what to do about it.
            continue
        label = screen.paint("warning[leftover]", Ink.WARNING)
        yield f"  {label} {short_path(path, scene)} is left of an interrupted change\n"
