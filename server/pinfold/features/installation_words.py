"""How an installation is shown where one of several is looked for: name, group, icon, tooltip.

Owns the words that pickers, trees and listings have in common. Finds and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.model.installation import HealthProblem
from pinfold.core.model.wording import in_editor
from pinfold.features.environment_uses import used_by, user_names, users_of
from pinfold.features.environments import belongs_to, is_selected, python_of
from pinfold.features.markup import Markup, code, foreign, message, paragraphs, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.examination import Examined
    from pinfold.core.model.installation import Ailment, Installation
    from pinfold.features.environments import Json, Selection, WritePath


class Group(Enum):
    """What stands together; the value is its heading."""

    RECOMMENDED = "Recommended"
    PROJECT = "This project"
    OTHERS = "Other environments"
    INTERPRETERS = "Interpreters"


@dataclass(frozen=True, slots=True)
class Words:
    """What people are shown of an installation.

    `label` is its path, short where it can be; `description` says what it is, `detail` why it is
    recommended, and what ails it. `icon` is the name of one of VS Code's product icons. `users` are
    the other projects that use it.
    """

    label: str
    description: str
    detail: str
    group: Group
    icon: str
    users: tuple[str, ...] = ()


def words_for(
    examined: Examined,
    project: Path,
    selection: Selection | None,
    write_path: WritePath,
    uses: Sequence[Selection] = (),
) -> Words:
    """Return how an installation is shown to somebody who looks from *project*.

    *uses* are what the projects of the workspace use, as far as that is known.
    """
    installation = examined.installation
    users = users_of(installation, uses, selection)
    group = _group(installation, project, selection)
    if group is not Group.RECOMMENDED and any(user.is_relative_to(project) for user in users):
        # One that lies elsewhere, too: nobody would look for it among those of others.
        group = Group.PROJECT
    details: list[str] = []
    if group is Group.RECOMMENDED and selection is not None:
        details.append(selection.answer.reason)
    details += [ailment.cause for ailment in _telling(installation)]
    names = user_names(users, project, write_path)
    use = f", {used_by(names)}" if names else ""
    return Words(
        _label(installation, project, write_path),
        f"Python {python_of(installation)}, {installation.kind.value}{use}",
        "; ".join(details),
        group,
        _icon(installation, group),
        names,
    )


def words_json(
    examined: Examined,
    project: Path,
    selection: Selection | None,
    write_path: WritePath,
    uses: Sequence[Selection] = (),
    *,
    show_path: WritePath | None = None,
) -> Json:
    """Return the shape of what is shown of an installation.

    *show_path* writes paths where there is little room, if that differs.
    """
    words = words_for(examined, project, selection, show_path or write_path, uses)
    return {
        "label": words.label,
        "description": words.description,
        "group": words.group.value,
        "icon": words.icon,
        "tooltip": paragraphs(_tooltip(examined, selection, write_path, words.users)).markdown,
    }


def _group(installation: Installation, project: Path, selection: Selection | None) -> Group:
    if is_selected(installation, selection):
        return Group.RECOMMENDED
    if installation.is_base:
        return Group.INTERPRETERS
    return Group.PROJECT if belongs_to(installation, (project,)) else Group.OTHERS


def _icon(installation: Installation, group: Group) -> str:
    if any(ailment.is_severe for ailment in installation.ailments):
        return "error"
    if _telling(installation):
        return "warning"
    if group is Group.RECOMMENDED:
        return "check"
    return "terminal" if installation.is_base else "folder"


def _telling(installation: Installation) -> list[Ailment]:
    """Return what ails it that somebody should know who chooses.

    Not that there is no pip: uv makes them so, and nothing is wrong with them.
    """
    return [one for one in installation.ailments if one.problem is not HealthProblem.NO_PIP]


def _label(installation: Installation, project: Path, write_path: WritePath) -> str:
    path = installation.prefix
    if installation.is_base and installation.executable is not None:
        path = installation.executable
    is_inside = path != project and path.is_relative_to(project)
    shown = path.relative_to(project).as_posix() if is_inside else write_path(path)
    name = installation.name
    return f"{shown} ({name})" if name and name not in shown else shown


def _tooltip(
    examined: Examined, selection: Selection | None, write_path: WritePath, users: Sequence[str]
) -> Iterator[Markup]:
    installation = examined.installation
    yield Markup("**", "") + foreign(f"Python {python_of(installation)}") + Markup("**", "")
    yield code(write_path(installation.prefix))
    if installation.executable is not None and installation.is_base:
        yield code(write_path(installation.executable))
    yield foreign(installation.kind.value)
    if examined.count is not None:
        yield foreign(f"{examined.count:,} package{'s' * (examined.count != 1)} installed")
    if selection is not None and is_selected(installation, selection):
        yield message(selection.answer.reason)
    if users:
        yield written("Used by ") + code(", ".join(users))
    for ailment in installation.ailments:
        repair = f"; {in_editor(ailment.repair)}" if ailment.repair else ""
        kind = "Broken: " if ailment.is_severe else "Health: "
        yield written(kind) + message(f"{ailment.cause}{repair}")
