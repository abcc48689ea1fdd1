"""The tree of environments that an editor shows, node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.lsp.test_commands import client, execute, project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lsp.client import Client

__all__ = ["client", "project"]


def children(client: Client, node: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the nodes below one."""
    nodes: list[dict[str, Any]] = execute(
        client, "environmentTree", **({} if node is None else node["argument"])
    )["nodes"]
    return nodes


def test_the_tree(client: Client, project: Path) -> None:
    """Environments of the workspace, with what is missing and what is installed in each."""
    (project / "requirements.txt").write_text("flask\nrich\n", encoding="utf-8")
    client.initialize(root=project)

    selected, other = children(client)[:2]
    packages = children(client, selected)

    assert [".venv", "other"] == [selected["label"], other["label"]]
    assert [("rich", "missing"), ("flask", "package")] == [
        (node["label"], node["context"]) for node in packages
    ]
    assert (str(project / "requirements.txt"), 2) == (packages[0]["file"], packages[0]["line"])
    assert ["rich"] == [node["label"] for node in children(client, other)]


def test_what_cannot_be_shown(client: Client, project: Path) -> None:
    """The reason stands where the packages would."""
    client.initialize(root=project)
    argument = {"folder": str(project), "environment": str(project / "gone")}

    (node,) = children(client, {"argument": argument})

    assert "gone" in node["label"]
    assert "warning" == node["icon"]


def test_folder_that_is_gone(client: Client, project: Path, tmp_path: Path) -> None:
    """The others are shown as ever, and the reason stands in its place."""
    folders = [{"uri": path.as_uri(), "name": "x"} for path in (project, tmp_path / "gone")]
    client.initialize(workspaceFolders=folders)
    there, gone = children(client)

    assert [".venv", "other"] == [node["label"] for node in there["children"][:2]]
    assert ["gone does not exist"] == [
        node["label"].rpartition("/")[2] for node in gone["children"]
    ]


def test_programs_are_shown_nothing(client: Client, project: Path) -> None:
    """Unfolding a package is no command of a person's: no message comes of it."""
    client.initialize(root=project)
    (package,) = children(client, children(client)[0])
    children(client, package)

    assert [] == [one for one in client.notifications if one["method"] == "window/showMessage"]
