"""Installations as people are shown them in a terminal, and how paths are written for programs.

Owns that nothing of an installation reaches a terminal unescaped. What is shown of it, and its
shape in JSON, is :mod:`pinfold.features.environments`'s to say.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from pinfold.cli.targets import shown_path
from pinfold.cli.terminal import Ink, cells, complain, visible
from pinfold.core.model.wording import as_argument, at_command_line
from pinfold.features import environments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pinfold.cli.env_scene import Scene
    from pinfold.cli.terminal import Screen
    from pinfold.core.model.installation import Ailment, Installation
    from pinfold.features.environments import Json, WritePath


def short_path(path: Path, scene: Scene) -> str:
    """Return *path* for people: relative below the working directory, ``~`` below their home."""
    shown = _from_here(path, scene)
    if scene.home is not None and os.path.isabs(shown):  # noqa: PTH117 - a text
        home = shown_path(scene.home, scene.working_directory)
        if shown.startswith(home + "/"):
            shown = "~" + shown[len(home) :]
    return visible(shown)


def argument(path: Path, scene: Scene) -> str:
    """Return *path* as a shell in the working directory takes it."""
    return as_argument(_from_here(path, scene))


def _from_here(path: Path, scene: Scene) -> str:
    if path == scene.working_directory:
        return "."
    shown = shown_path(path, scene.working_directory)
    if os.path.isabs(shown) and path.is_relative_to(scene.own_project):  # noqa: PTH117 - a text
        # Somebody in a folder of a project sees the project's other folders beside it.
        return os.path.relpath(path, scene.working_directory).replace(os.sep, "/")
    return shown


def title(installation: Installation, scene: Scene) -> str:
    """Return what people know *installation* by: a folder, or the interpreter of a base."""
    if installation.is_base and installation.executable is not None:
        return short_path(installation.executable, scene)
    return short_path(installation.prefix, scene)


def python_of(installation: Installation) -> str:
    """Return version and implementation for people."""
    return visible(environments.python_of(installation))


def health_word(ailments: Sequence[Ailment], screen: Screen) -> str:
    """Return the health of something in a word or two."""
    if not ailments:
        return screen.paint("ok", Ink.ADDED)
    names = list(dict.fromkeys(ailment.problem.value for ailment in ailments))
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    ink = Ink.ERROR if ailments[0].is_severe else Ink.WARNING
    return screen.paint(names[0], ink) + more


def ailment_lines(installation: Installation, scene: Scene, screen: Screen) -> Iterable[str]:
    """Yield each ailment of *installation* with its cause and its repair."""
    for ailment in installation.ailments:
        word, ink = ("error", Ink.ERROR) if ailment.is_severe else ("warning", Ink.WARNING)
        name = ailment.problem.value
        yield f"  {screen.paint(f'{word}[{name}]', ink)} {visible(ailment.cause)}\n"
        if ailment.repair is not None:
            repair = visible(at_command_line(ailment.repair, argument(installation.prefix, scene)))
            yield f"    {screen.paint('repair:', Ink.DIM)} {repair}\n"


def tell_of_ailments(installation: Installation, scene: Scene) -> None:
    """Say on standard error why *installation* cannot be used as it is, if it cannot."""
    for ailment in installation.ailments:
        if ailment.is_severe:
            tell_of_ailment(ailment, installation, scene)


def tell_of_ailment(ailment: Ailment, installation: Installation, scene: Scene) -> None:
    """Say on standard error what is wrong with *installation*, and what mends it."""
    repair = ""
    if ailment.repair:
        repair = f"; {at_command_line(ailment.repair, argument(installation.prefix, scene))}"
    complain(f"{short_path(installation.prefix, scene)}: {ailment.cause}{repair}")


def column_width(texts: Iterable[str]) -> int:
    """Return how many columns the widest of *texts* takes."""
    return max((text_width(text) for text in texts), default=0)


def text_width(text: str) -> int:
    """Return how many columns a visible text takes."""
    return len(text) if text.isascii() else sum(map(cells, text))


def padded(text: str, width: int) -> str:
    """Return *text*, filled with spaces to a width."""
    return text + " " * (width - text_width(text))


def json_path(path: Path, scene: Scene) -> str:
    """Return *path* for programs: POSIX, relative below the working directory."""
    return "." if path == scene.working_directory else shown_path(path, scene.working_directory)


def json_paths(scene: Scene) -> WritePath:
    """Return how paths are written for programs."""
    return partial(json_path, scene=scene)


def written_json(shape: Json, name: str) -> str:
    """Return *shape* in ASCII, with its entries called *name* at the end, each in a line."""
    import json

    entries = shape[name]
    assert isinstance(entries, list)
    opened = json.dumps({key: value for key, value in shape.items() if key != name})[:-1]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    opening, closing = ("[\n", "\n]") if entries else ("[", "]")
    return f'{opened}, "{name}": {opening}{lines}{closing}}}\n'
