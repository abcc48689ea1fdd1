"""Environments, their packages and what those need, as the nodes of a tree that people unfold.

Owns what a node says, to the eye and to a screen reader, in which order, and what actions it is
marked for. It is made of the shapes that programs get of the same things; reads nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pinfold.features.markup import message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pinfold.features.environments import Json

_OWN_GROUPS = ("Recommended", "This project")
_FOLDED_GROUPS = ("Other environments", "Interpreters")
"""Nobody looks for these first."""

# By names of VS Code's product icons, which other editors have taken over.
_ENVIRONMENT, _INTERPRETER, _PACKAGE = "server-environment", "terminal", "package"
_WARNING, _ERROR = "warning", "error"

_STATES = {
    "wrong": (_WARNING, "wrong"),
    "broken": (_WARNING, "package"),
    "conflicting": (_WARNING, "wrong"),
    "missing": (_ERROR, "missing"),
}
"""The icon of a package's state, and the word by which menus know it."""

_READ_ONLY = "readonly"
"""The mark of packages of which every change would be refused."""


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node.

    `spoken` is what a screen reader says. `context` are words by which menus know it. `argument` is
    what commands on it take. `wanted` is the requirement that it does not meet, and `file` and
    `line`, from 1, where it stands. `children` is ``None`` where they are to be asked for, with
    `argument`.
    """

    label: str
    argument: Mapping[str, object]
    description: str = ""
    spoken: str = ""
    icon: str = ""
    tooltip: str = ""
    context: str = ""
    wanted: str | None = None
    file: str | None = None
    line: int | None = None
    is_unfolded: bool = False
    children: tuple[TreeNode, ...] | None = ()


def folders_tree(
    listings: Mapping[str, Mapping[str, Any] | str],
    names: Mapping[str, str] = MappingProxyType({}),
) -> tuple[TreeNode, ...]:
    """Return what stands at the top, of listings of environments by their folders.

    *names* are what folders are called, of those that are not called as they are on disk. A text in
    place of a listing says why there is none. The folders, if there are several. Nothing at all if
    none has an environment of its own, so that the one thing to do is to make one.
    """
    found = {
        folder: (problem_node(listing, {"folder": folder}),)
        if isinstance(listing, str)
        else _environments(folder, listing)
        for folder, listing in listings.items()
    }
    has_own = any("environment" in node.argument for nodes in found.values() for node in nodes)
    if not has_own and any(not isinstance(listing, str) for listing in listings.values()):
        return ()
    if len(found) == 1:
        return next(iter(found.values()))
    called = {folder: names.get(folder) or _last_name(folder) for folder in found}
    alike = [name for name, count in Counter(called.values()).items() if count > 1]
    return tuple(
        _folder(folder, called[folder], folder if called[folder] in alike else "", nodes)
        for folder, nodes in found.items()
    )


def packages_tree(
    argument: Mapping[str, object], listing: Mapping[str, Any], *, is_read_only: bool = False
) -> tuple[TreeNode, ...]:
    """Return the packages of the environment that *argument* is of: what is amiss comes first.

    *is_read_only* if none of them may be changed.
    """
    packages = listing["packages"]
    right = [one for one in packages if one["state"] == "installed"]
    others = [one for one in packages if one["state"] != "installed"]
    missing = [{**one, "state": "missing", "requires": ()} for one in listing["missing"]]
    found = (*missing, *others, *right)
    return tuple(_package(argument, one, is_read_only=is_read_only) for one in found)


def branches_tree(
    argument: Mapping[str, object],
    branches: Sequence[Mapping[str, Any]],
    *,
    is_read_only: bool = False,
) -> tuple[TreeNode, ...]:
    """Return what a package needs, as deep as it is known."""
    return tuple(_branch(argument, branch, is_read_only=is_read_only) for branch in branches)


def problem_node(problem: str, argument: Mapping[str, object]) -> TreeNode:
    """Return what stands where nothing can be shown, and says why."""
    return TreeNode(
        problem, argument, spoken=problem, icon=_WARNING, tooltip=message(problem).markdown
    )


def node_json(node: TreeNode) -> Json:
    """Return the shape of a node."""
    children = node.children
    return {
        "label": node.label,
        "description": node.description,
        "spoken": node.spoken,
        "icon": node.icon,
        "tooltip": node.tooltip,
        "context": node.context,
        "argument": node.argument,
        "wanted": node.wanted,
        "file": node.file,
        "line": node.line,
        "unfolded": node.is_unfolded,
        "children": None if children is None else [node_json(child) for child in children],
    }


def _last_name(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2] or folder


def _folder(folder: str, name: str, where: str, nodes: tuple[TreeNode, ...]) -> TreeNode:
    spoken = f"{name} {where}".strip()
    return TreeNode(
        name, {"folder": folder}, where, spoken=spoken, is_unfolded=True, children=nodes
    )


def _environments(folder: str, listing: Mapping[str, Any]) -> tuple[TreeNode, ...]:
    groups: dict[str, list[TreeNode]] = {}
    for environment in listing["environments"]:
        groups.setdefault(environment["group"], []).append(_environment(folder, environment))
    own = [node for group in _OWN_GROUPS for node in groups.get(group, ())]
    folded = [
        TreeNode(group, {"folder": folder}, spoken=group, children=tuple(groups[group]))
        for group in _FOLDED_GROUPS
        if group in groups
    ]
    return (*own, *folded)


def _environment(folder: str, environment: Mapping[str, Any]) -> TreeNode:
    label, description, health = (environment[name] for name in ("label", "description", "health"))
    is_base, is_selected = environment["isBase"], environment["selected"]
    marks = ["interpreter" if is_base else "environment"]
    if is_selected:
        marks.append("selected")
    if any(ailment["severe"] for ailment in health):
        marks.append("broken")
    icon = environment["icon"]
    if icon not in ("check", _WARNING, _ERROR):
        icon = _INTERPRETER if is_base else _ENVIRONMENT
    causes = (ailment["cause"] for ailment in health)
    return TreeNode(
        label,
        {"folder": folder, "environment": environment["id"]},
        description,
        ", ".join([label, description, *marks[1:], *causes]),
        icon,
        environment["tooltip"],
        " ".join(marks),
        is_unfolded=is_selected,
        children=None,
    )


def _known_by(state: str, *, is_read_only: bool) -> tuple[str, str]:
    icon, word = _STATES.get(state, (_PACKAGE, "package"))
    return icon, f"{word} {_READ_ONLY}" if is_read_only else word


def _package(
    of: Mapping[str, object], package: Mapping[str, Any], *, is_read_only: bool
) -> TreeNode:
    name, state, wanted = package["name"], package["state"], package["wanted"]
    icon, context = _known_by(state, is_read_only=is_read_only)
    shown = package.get("version") or state
    description = f"{shown}, {wanted}" if wanted else shown
    return TreeNode(
        name,
        {**of, "packages": [name]},
        description,
        f"{name} {description}, {state}",
        icon,
        package["tooltip"],
        context,
        wanted,
        package.get("file"),
        package.get("line"),
        children=None if package["requires"] else (),
    )


def _branch(of: Mapping[str, object], branch: Mapping[str, Any], *, is_read_only: bool) -> TreeNode:
    name, state, cut = branch["name"], branch["state"], branch["cut"]
    icon, context = _known_by(state, is_read_only=is_read_only)
    said = "which needs this one" if cut == "cycle" else branch["requirement"]
    description = f"{branch['version'] or 'missing'}, {said}"
    argument = {**of, "packages": [name]}
    below = None
    if cut in (None, "cycle"):
        below = branches_tree(argument, branch["branches"], is_read_only=is_read_only)
    return TreeNode(
        name,
        argument,
        description,
        f"{name} {description}, {state}",
        icon,
        context=context,
        wanted=branch["requirement"],
        children=below,
    )
