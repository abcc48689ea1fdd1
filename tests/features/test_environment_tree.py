from __future__ import annotations

from typing import Any

from pinfold.features.environment_tree import (
    TreeNode,
    branches_tree,
    folders_tree,
    node_json,
    packages_tree,
)

AT = {"folder": "/ours", "environment": "/ours/.venv"}


def environment(label: str, group: str, **more: Any) -> dict[str, Any]:
    """Return an environment as a listing has it."""
    return {
        "id": f"/ours/{label}",
        "label": label,
        "description": "Python 3.13.1, venv",
        "group": group,
        "icon": "",
        "tooltip": "",
        "isBase": group == "Interpreters",
        "selected": group == "Recommended",
        "health": [],
        **more,
    }


def package(name: str, state: str = "installed", **more: Any) -> dict[str, Any]:
    """Return a package as a listing has it."""
    common = {"name": name, "version": "1.0", "state": state, "wanted": None, "tooltip": ""}
    return {**common, "requires": [], **more}


def branch(name: str, *branches: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a branch as a tree of packages has it."""
    common = {"name": name, "version": "1.0", "requirement": f"{name}>=1", "state": "met"}
    return {**common, "cut": None, "branches": list(branches), **more}


def labels(nodes: tuple[TreeNode, ...] | None) -> list[str]:
    """Return what nodes are called."""
    return [node.label for node in nodes or ()]


def test_environments_of_a_folder() -> None:
    """The project's own come first; others, and interpreters, are folded below."""
    listing = {
        "environments": [
            environment("python3", "Interpreters"),
            environment(".venv", "Recommended", icon="check"),
            environment("elsewhere", "Other environments"),
            environment("other", "This project"),
        ]
    }

    nodes = folders_tree({"/ours": listing})

    assert [".venv", "other", "Other environments", "Interpreters"] == labels(nodes)
    assert [["elsewhere"], ["python3"]] == [labels(node.children) for node in nodes[2:]]
    assert ("environment selected", "check", True) == (
        nodes[0].context,
        nodes[0].icon,
        nodes[0].is_unfolded,
    )
    assert {"folder": "/ours", "environment": "/ours/.venv"} == nodes[0].argument
    assert nodes[0].children is None


def test_a_broken_environment() -> None:
    """Menus know it by a mark, and a screen reader says what is wrong."""
    health = [{"severe": True, "cause": "Its interpreter is gone."}]
    broken = environment("old", "This project", health=health, icon="error")

    (node,) = folders_tree({"/ours": {"environments": [broken]}})

    assert ("environment broken", "error") == (node.context, node.icon)
    assert "old, Python 3.13.1, venv, broken, Its interpreter is gone." == node.spoken


def test_folders() -> None:
    """Several stand at the top; nothing does if none has an environment of its own."""
    own = {"environments": [environment(".venv", "Recommended")]}
    foreign = {"environments": [environment("python3", "Interpreters")]}

    assert ["one", "two"] == labels(folders_tree({"/ours/one": own, "/ours/two": foreign}))
    assert () == folders_tree({"/ours/one": foreign, "/ours/two": foreign})


def test_folders_of_one_name() -> None:
    """Where two are called alike, each says where it lies."""
    listing = {"environments": [environment("a", "Recommended")]}
    nodes = folders_tree({"/x/app": listing, "/y/app": listing, "/y/web": listing})

    assert [("app", "/x/app"), ("app", "/y/app"), ("web", "")] == [
        (node.label, node.description) for node in nodes
    ]


def test_packages() -> None:
    """What is missing, wrong or broken comes before what is right."""
    missing = {"name": "flask", "wanted": "flask==3", "file": "/ours/r.txt", "line": 2}
    listing = {
        "packages": [
            package("click", requires=["colorama"], wanted="click"),
            package("django", "wrong", wanted="django==4"),
            package("pip", "broken"),
        ],
        "missing": [{**missing, "tooltip": ""}],
    }

    nodes = packages_tree(AT, listing)

    assert ["flask", "django", "pip", "click"] == labels(nodes)
    assert ["missing", "wrong", "package", "package"] == [node.context for node in nodes]
    assert ["error", "warning", "warning", "package"] == [node.icon for node in nodes]
    assert ["missing, flask==3", "1.0, django==4", "1.0", "1.0, click"] == [
        node.description for node in nodes
    ]
    assert ("/ours/r.txt", 2) == (nodes[0].file, nodes[0].line)
    assert [(), (), (), None] == [node.children for node in nodes]
    assert {**AT, "packages": ["flask"]} == nodes[0].argument


def test_packages_that_cannot_be_changed() -> None:
    """Menus know them by a mark behind what they are."""
    listing = {
        "packages": [package("django", "wrong", wanted="django==4"), package("click")],
        "missing": [
            {"name": "flask", "wanted": "flask", "file": "/r.txt", "line": 2, "tooltip": ""}
        ],
    }

    assert ["missing readonly", "wrong readonly", "package readonly"] == [
        node.context for node in packages_tree(AT, listing, is_read_only=True)
    ]
    (above,) = branches_tree(AT, [branch("a", branch("b"))], is_read_only=True)
    assert ["package readonly"] * 2 == [above.context, (above.children or ())[0].context]


def test_branches() -> None:
    """What is shown elsewhere already is asked for again; what leads back to itself ends there."""
    nodes = branches_tree(
        AT,
        [
            branch("a", branch("b", cut="cycle")),
            branch("c", cut="shown-before"),
            branch("d", state="missing", version=None),
            branch("e", state="conflicting"),
        ],
    )

    assert [1, None, 0, 0] == [
        None if node.children is None else len(node.children) for node in nodes
    ]
    assert ["package", "package", "missing", "wrong"] == [node.context for node in nodes]
    assert ["1.0, a>=1", "1.0, c>=1", "missing, d>=1", "1.0, e>=1"] == [
        node.description for node in nodes
    ]
    assert "1.0, which needs this one" == (nodes[0].children or ())[0].description


def test_shape() -> None:
    """Children are nodes of the same shape."""
    (node,) = branches_tree(AT, [branch("a", branch("b"))])

    shape: Any = node_json(node)

    assert ["b"] == [child["label"] for child in shape["children"]]
    assert shape.keys() == shape["children"][0].keys()
