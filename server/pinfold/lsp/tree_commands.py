"""The command behind a view of environments: the children of a node, when somebody unfolds it.

Owns which of the other commands is asked for them. What nodes say is
:mod:`pinfold.features.environment_tree`'s.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pinfold.features.environment_tree import (
    branches_tree,
    folders_tree,
    node_json,
    packages_tree,
    problem_node,
)
from pinfold.lsp.command_places import as_path, ask_machine, written
from pinfold.lsp.commands import CommandFailed
from pinfold.lsp.environment_commands import list_environments, list_packages
from pinfold.lsp.package_commands import dependency_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pinfold.features.environment_tree import TreeNode
    from pinfold.features.environments import Json
    from pinfold.lsp.commands import Arguments, Handler, Session


async def environment_tree(session: Session, arguments: Arguments) -> object:
    """Return the children of the node whose argument this is, or what stands at the top."""
    nodes: tuple[TreeNode, ...]
    if "environment" not in arguments:
        roots = session.documents.roots
        nodes = folders_tree(
            {written(root): await _listing(session, root) for root in roots},
            {written(root): name for root, name in session.documents.root_names.items()},
        )
    else:
        given: Json = {
            name: written(cast("Path", arguments[name]))
            for name in ("folder", "environment")
            if name in arguments
        }
        try:
            nodes = await _below(session, arguments, given)
        except CommandFailed as error:
            nodes = (problem_node(str(error), given),)
    return {"version": 1, "nodes": [node_json(node) for node in nodes]}


async def _listing(session: Session, root: Path) -> Mapping[str, Any] | str:
    """Return the environments of a workspace folder, or why they cannot be listed."""
    try:
        return cast("Mapping[str, Any]", await list_environments(session, {"folder": root}))
    except CommandFailed as error:
        # One folder that is gone must not take the others from sight.
        return str(error)


async def _below(session: Session, arguments: Arguments, given: Json) -> tuple[TreeNode, ...]:
    machine = await session.machine()
    path = as_path(arguments["environment"])
    is_read_only = await ask_machine(partial(machine.is_read_only, path))
    if "packages" not in arguments:
        listing = cast("Mapping[str, Any]", await list_packages(session, arguments))
        return packages_tree(given, listing, is_read_only=is_read_only)
    shape = cast("Mapping[str, Any]", await dependency_tree(session, arguments))
    return tuple(
        node
        for tree in shape["trees"]
        for node in branches_tree(given, tree["branches"], is_read_only=is_read_only)
    )


HANDLERS: Mapping[str, Handler] = {"pinfold.environmentTree": environment_tree}
