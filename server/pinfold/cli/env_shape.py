"""Installations as people and programs are shown them: one shape in JSON, one way of writing paths.

Owns what of an installation is shown, and that nothing of it reaches a terminal unescaped. Finds
and judges nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.cli.targets import shown_path
from pinfold.cli.terminal import Ink, cells, complain, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pinfold.cli.env_scene import Examined, Scene, Selection
    from pinfold.cli.terminal import Screen
    from pinfold.core.model.installation import Ailment, Installation

Json = dict[str, object]

FORMAT_VERSION = 1

_IMPLEMENTATIONS = {"cpython": "", "pypy": "PyPy ", "graalpy": "GraalPy "}


def short_path(path: Path, scene: Scene) -> str:
    """Return *path* for people: relative below the working directory, ``~`` below their home."""
    if path == scene.working_directory:
        return "."
    shown = shown_path(path, scene.working_directory)
    if os.path.isabs(shown) and path.is_relative_to(scene.own_project):  # noqa: PTH117 - a text
        # Somebody in a folder of a project sees the project's other folders beside it.
        return visible(os.path.relpath(path, scene.working_directory).replace(os.sep, "/"))
    if scene.home is not None and os.path.isabs(shown):  # noqa: PTH117 - a text
        home = shown_path(scene.home, scene.working_directory)
        if shown.startswith(home + "/"):
            shown = "~" + shown[len(home) :]
    return visible(shown)


def title(installation: Installation, scene: Scene) -> str:
    """Return what people know *installation* by: a folder, or the interpreter of a base."""
    if installation.is_base and installation.executable is not None:
        return short_path(installation.executable, scene)
    return short_path(installation.prefix, scene)


def python_of(installation: Installation) -> str:
    """Return version and implementation for people."""
    known = _IMPLEMENTATIONS.get(installation.implementation, f"{installation.implementation} ")
    return visible(f"{known}{installation.version or '?'}")


def health_word(ailments: Sequence[Ailment], screen: Screen) -> str:
    """Return the health of something in a word or two."""
    if not ailments:
        return screen.paint("ok", Ink.ADDED)
    names = list(dict.fromkeys(ailment.problem.value for ailment in ailments))
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    ink = Ink.ERROR if ailments[0].is_severe else Ink.WARNING
    return screen.paint(names[0], ink) + more


def ailment_lines(ailments: Iterable[Ailment], screen: Screen, indent: str) -> Iterable[str]:
    """Yield each ailment with its cause and its repair."""
    for ailment in ailments:
        word, ink = ("error", Ink.ERROR) if ailment.is_severe else ("warning", Ink.WARNING)
        name = ailment.problem.value
        yield f"{indent}{screen.paint(f'{word}[{name}]', ink)} {visible(ailment.cause)}\n"
        if ailment.repair is not None:
            yield f"{indent}  {screen.paint('repair:', Ink.DIM)} {visible(ailment.repair)}\n"


def tell_of_ailments(installation: Installation, scene: Scene) -> None:
    """Say on standard error why *installation* cannot be used as it is, if it cannot."""
    for ailment in installation.ailments:
        if ailment.is_severe:
            repair = "" if ailment.repair is None else f"; {ailment.repair}"
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


def installation_json(examined: Examined, scene: Scene, selection: Selection | None) -> Json:
    """Return the shape that every verb has of an installation."""
    installation = examined.installation

    def path(value: Path | None) -> str | None:
        return None if value is None else json_path(value, scene)

    is_selected = selection is not None and selection.is_of(installation)
    return {
        "id": installation.id,
        "prefix": path(installation.prefix),
        "kind": installation.kind.value,
        "isBase": installation.is_base,
        "executable": path(installation.executable),
        "realExecutable": path(installation.real_executable),
        "version": installation.version,
        "implementation": installation.implementation,
        "baseHome": path(installation.base_home),
        "name": installation.name,
        "project": path(installation.project),
        "evidence": list(installation.evidence),
        "aliases": [path(alias) for alias in installation.aliases],
        "externallyManaged": installation.is_externally_managed,
        "packages": examined.count,
        "health": [ailment_json(ailment) for ailment in installation.ailments],
        "selected": is_selected,
        "reason": selection.answer.reason if selection is not None and is_selected else None,
    }


def ailment_json(ailment: Ailment) -> Json:
    """Return the shape of one thing that is wrong."""
    return {
        "problem": ailment.problem.value,
        "cause": ailment.cause,
        "repair": ailment.repair,
        "severe": ailment.is_severe,
    }


def selection_json(selection: Selection, scene: Scene) -> Json:
    """Return the shape of which environment is that of a folder or file."""
    prefix = selection.prefix
    return {
        "folder": json_path(selection.query.folder, scene),
        "state": selection.answer.state.name.lower(),
        "reason": selection.answer.reason,
        "prefix": None if prefix is None else json_path(prefix, scene),
        "meant": selection.answer.is_meant,
    }


def json_path(path: Path, scene: Scene) -> str:
    """Return *path* for programs: POSIX, relative below the working directory."""
    return "." if path == scene.working_directory else shown_path(path, scene.working_directory)


def written_json(head: Mapping[str, object], name: str, entries: Sequence[Json]) -> str:
    """Return a shape in ASCII, one of its *entries*, which are called *name*, a line."""
    import json

    opened = json.dumps({"version": FORMAT_VERSION, **head})[:-1]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    opening, closing = ("[\n", "\n]") if entries else ("[", "]")
    return f'{opened}, "{name}": {opening}{lines}{closing}}}\n'
