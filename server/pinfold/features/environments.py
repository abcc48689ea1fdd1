"""Installations, and which of them is meant, as programs and people are shown them: plain data.

Owns the one shape that an installation and an answer have in JSON, whoever asks, their order, and
how they are called. How a path is written is the host's business. Finds and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.environment import EnvironmentState
from pinfold.core.model.wording import as_argument, at_command_line, in_editor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pinfold.core.environments.discovery import Inventory
    from pinfold.core.environments.examination import Examined
    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.model.installation import Ailment, Installation

    Json = dict[str, object]
    WritePath = Callable[[Path], str]

FORMAT_VERSION = 1

_IMPLEMENTATIONS = {"cpython": "", "pypy": "PyPy ", "graalpy": "GraalPy "}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which environment is that of the files in `folder`."""

    folder: Path
    answer: EnvironmentAnswer

    @property
    def prefix(self) -> Path | None:
        """The environment, ``None`` if there is none that can be used."""
        packages = self.answer.packages
        return None if packages is None else packages.environment.prefix

    def is_of(self, installation: Installation) -> bool:
        """Return whether *installation* is the selected one."""
        return self.prefix is not None and (
            self.prefix == installation.prefix or self.prefix in installation.aliases
        )


def is_selected(installation: Installation, selection: Selection | None) -> bool:
    """Return whether *installation* is the one that *selection* means."""
    return selection is not None and selection.is_of(installation)


def belongs_to(installation: Installation, projects: Sequence[Path]) -> bool:
    """Return whether an environment is one of *projects*, wherever it is kept."""
    return any(
        installation.prefix.is_relative_to(project)
        or (installation.project is not None and installation.project.is_relative_to(project))
        for project in projects
    )


def ordered(
    examined: Sequence[Examined], projects: Sequence[Path], selection: Selection | None
) -> list[Examined]:
    """Return the selected first, then those of the project, others, interpreters newest first."""

    def place(item: Examined) -> tuple[bool, bool, bool, tuple[int, ...], str]:
        installation = item.installation
        version = parsed_version(installation.version or "0") if installation.is_base else None
        newest_first = () if version is None else tuple(-number for number in version.release)
        return (
            not is_selected(installation, selection),
            installation.is_base,
            not belongs_to(installation, projects),
            newest_first,
            installation.id,
        )

    return sorted(examined, key=place)


def python_of(installation: Installation) -> str:
    """Return version and implementation for people."""
    known = _IMPLEMENTATIONS.get(installation.implementation, f"{installation.implementation} ")
    return f"{known}{installation.version or '?'}"


def listing_json(
    examined: Sequence[Examined],
    inventory: Inventory,
    folder: Path | None,
    selection: Selection | None,
    write_path: WritePath,
) -> Json:
    """Return the shape of ``pinfold env list --format json``, in the order of *examined*.

    *folder* and *selection* are ``None`` where several folders are listed at once.
    """
    return {
        "version": FORMAT_VERSION,
        "folder": None if folder is None else write_path(folder),
        "selection": None if selection is None else selection_json(selection, write_path),
        "complete": inventory.is_complete,
        "leftOut": [
            {"path": left_out.path, "reason": left_out.reason} for left_out in inventory.left_out
        ],
        "silent": [
            {"source": silence.locator, "reason": silence.reason} for silence in inventory.silent
        ],
        "environments": [installation_json(item, selection, write_path) for item in examined],
    }


def installation_json(
    examined: Examined, selection: Selection | None, write_path: WritePath
) -> Json:
    """Return the shape that an installation has everywhere."""
    installation = examined.installation

    def path(value: Path | None) -> str | None:
        return None if value is None else write_path(value)

    is_meant = selection is not None and selection.is_of(installation)
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
        "health": [
            ailment_json(ailment, as_argument(write_path(installation.prefix)))
            for ailment in installation.ailments
        ],
        "selected": is_meant,
        "reason": selection.answer.reason if selection is not None and is_meant else None,
    }


def ailment_json(ailment: Ailment, environment: str) -> Json:
    """Return the shape of one thing that is wrong with an *environment*, as a shell takes that."""
    return {
        "problem": ailment.problem.value,
        "cause": ailment.cause,
        "repair": None if ailment.repair is None else at_command_line(ailment.repair, environment),
        "severe": ailment.is_severe,
    }


def selection_json(selection: Selection, write_path: WritePath) -> Json:
    """Return the shape of which environment is that of a folder."""
    prefix = selection.prefix
    return {
        "folder": write_path(selection.folder),
        "state": selection.answer.state.name.lower(),
        "reason": selection.answer.reason,
        "meant": selection.answer.is_meant,
        "prefix": None if prefix is None else write_path(prefix),
    }


def explanation_json(
    selection: Selection, examined: Examined | None, path: Path, write_path: WritePath
) -> Json:
    """Return the shape of ``pinfold env why --format json``; lines count from 1.

    *path* is what was asked about, *examined* the environment, if there is one.
    """
    answer = selection.answer
    return {
        "version": FORMAT_VERSION,
        "path": write_path(path),
        **selection_json(selection, write_path),
        "environment": (
            None if examined is None else installation_json(examined, selection, write_path)
        ),
        "steps": [
            {
                "place": step.place.value,
                "path": None if step.path is None else write_path(step.path),
                "outcome": step.outcome,
                "taken": step.is_taken,
            }
            for step in answer.steps
        ],
        "rejected": [
            {"path": write_path(candidate.path), "reason": candidate.reason}
            for candidate in answer.rejected
        ],
        "contradictions": [
            {
                "path": write_path(contradiction.path),
                "line": contradiction.line + 1,
                "message": contradiction.message,
            }
            for contradiction in answer.contradictions
        ],
    }


def diagnosis_json(examined: Examined, selection: Selection | None, write_path: WritePath) -> Json:
    """Return the shape of one environment in ``pinfold env doctor --format json``."""
    packages = examined.packages
    return {
        **installation_json(examined, selection, write_path),
        "healthy": not is_ill(examined),
        "brokenDependencies": [
            {
                "distribution": broken.distribution,
                "breakage": broken.breakage.name.lower(),
                "needs": broken.needs,
                "requirement": broken.requirement,
                "message": broken.message,
            }
            for broken in (() if packages is None else packages.broken)
        ],
        "shadowed": [
            {
                "distribution": shadowed.key,
                "version": shadowed.version,
                "folder": write_path(shadowed.folder),
            }
            for shadowed in (() if packages is None else packages.shadowed)
        ],
        "leftovers": [
            write_path(path) for path in (() if packages is None else packages.leftovers)
        ],
    }


def is_ill(examined: Examined) -> bool:
    """Return whether something is wrong that somebody should do something about."""
    packages = examined.packages
    has_broken = packages is not None and bool(packages.broken)
    return has_broken or any(ailment.is_severe for ailment in examined.installation.ailments)


def explanation_text(selection: Selection, write_path: WritePath) -> str:
    """Return why an environment is that of a folder, in lines for people."""
    answer = selection.answer
    folder = write_path(selection.folder)
    if answer.state is EnvironmentState.FOUND and selection.prefix is not None:
        lines = [f"{write_path(selection.prefix)} is for {folder}: {answer.reason}"]
    else:
        lines = [f"no environment for {folder}: {answer.reason}"]
    lines += [f"not {write_path(other.path)}: it {other.reason}" for other in answer.rejected]
    lines += [contradiction.message for contradiction in answer.contradictions]
    return "\n".join(lines)


def diagnosis_text(examined: Examined, write_path: WritePath) -> str:
    """Return what is wrong with an installation, in lines for people in front of an editor."""
    installation, packages = examined.installation, examined.packages
    lines: list[str] = []
    for ailment in installation.ailments:
        repair = "" if ailment.repair is None else f"; repair: {in_editor(ailment.repair)}"
        lines.append(f"{ailment.problem.value}: {ailment.cause}{repair}")
    if packages is not None:
        lines += [
            broken.message or f"{broken.distribution} {broken.breakage.value}"
            for broken in packages.broken
        ]
        lines += [
            f"{shadowed.name} {shadowed.version} is hidden by another one"
            for shadowed in packages.shadowed
        ]
        lines += [
            f"{write_path(path)} is left of an interrupted change" for path in packages.leftovers
        ]
    shown = write_path(installation.prefix)
    verdict = f"{shown} has something to mend" if lines else f"{shown} is healthy"
    return "\n".join([verdict, *lines])
