"""The tree of environments that an editor shows, node by node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.lsp.machine import Machine
from tests.cli.environment_scene import make_base
from tests.core.environments.test_reader import install
from tests.lsp.test_commands import client, execute, project
from tests.lsp.test_environments import make_environment

if TYPE_CHECKING:
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


def test_what_folders_are_called(client: Client, project: Path, tmp_path: Path) -> None:
    """By the client's names for them; and what another folder has, by where it lies in there."""
    other = tmp_path / "shop"
    make_environment(other / ".venv", "django")
    folders = [
        {"uri": project.as_uri(), "name": "The Mono"},
        {"uri": other.as_uri(), "name": ""},
    ]
    client.initialize(workspaceFolders=folders)
    execute(client, "selectEnvironment", folder=str(project), environment=str(other / ".venv"))
    mono, shop = children(client)
    labels = [mono["label"], shop["label"], mono["children"][0]["label"]]
    renamed = {"uri": (tmp_path / "third").as_uri(), "name": "The Third"}
    (tmp_path / "third").mkdir()
    event = {"added": [renamed], "removed": folders[:1]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})

    assert ["The Mono", "shop", "shop/.venv"] == labels
    assert ["shop", "The Third"] == [node["label"] for node in children(client)]


@pytest.mark.parametrize("marks", [(), ("EXTERNALLY-MANAGED",)], ids=["own", "of the system"])
def test_packages_of_an_interpreter(
    client: Client, project: Path, tmp_path: Path, marks: tuple[str, ...]
) -> None:
    """Menus know them by a mark, at whatever depth, and of the project's own they do not."""
    (project / "requirements.txt").write_text("flask\nrich\n", encoding="utf-8")
    library = make_base(tmp_path / "base") / "lib/python3.12"
    (tmp_path / "base/bin/python3.12").write_bytes(b"\x7fELF")
    for mark in marks:
        (library / mark).touch()
    install(tmp_path / "base", "flask", "3.0")
    needing = library / "site-packages/flask-3.0.dist-info/METADATA"
    needing.write_text(needing.read_text(encoding="utf-8") + "Requires-Dist: jinja2\n", "utf-8")
    client.initialize(root=project)
    execute(client, "selectEnvironment", folder=str(project), environment=str(tmp_path / "base"))

    (interpreter,) = [node for node in children(client) if node["context"].startswith("interp")]
    packages = children(client, interpreter)
    below = children(client, next(node for node in packages if node["label"] == "flask"))

    assert ["missing readonly", "package readonly"] == [node["context"] for node in packages]
    assert ["missing readonly"] == [node["context"] for node in below]
    own = {"argument": {"folder": str(project), "environment": str(project / ".venv")}}
    assert ["package"] == [node["context"] for node in children(client, own)]


def test_environment_that_may_not_be_written(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its packages cannot be changed either; whose right is missing, the system says."""
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(tmp_path / "state"))
    machine = Machine()
    before = machine.is_read_only(project / "other")
    # Root may write everywhere, whatever the modes say.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != project / "other")

    assert [False, True] == [before, machine.is_read_only(project / "other")]
    assert not machine.is_read_only(project / ".venv")


def test_programs_are_shown_nothing(client: Client, project: Path) -> None:
    """Unfolding a package is no command of a person's: no message comes of it."""
    client.initialize(root=project)
    (package,) = children(client, children(client)[0])
    children(client, package)

    assert [] == [one for one in client.notifications if one["method"] == "window/showMessage"]


def test_projects_below_the_folder(client: Client, project: Path, tmp_path: Path) -> None:
    """An environment of a project further down says whose it is, wherever it lies."""
    for name in ("web", "api", "docs"):
        (project / name).mkdir()
        (project / name / "requirements.txt").write_text("flask\n", encoding="utf-8")
    make_environment(project / "web/.venv", "flask")
    make_environment(tmp_path / "elsewhere", "flask")
    client.initialize(root=project)
    execute(
        client,
        "selectEnvironment",
        folder=str(project / "api"),
        environment=str(tmp_path / "elsewhere"),
    )

    nodes = [node for node in children(client) if "environment" in node["argument"]]

    # Those in `docs` go along with the folder around them, whose check mark says it.
    uses = [node["description"].partition(", venv")[2] for node in nodes]
    assert [
        (".venv", "check", ""),
        ("other", "server-environment", ""),
        ("web/.venv", "server-environment", ", used by web"),
        (str(tmp_path / "elsewhere"), "server-environment", ", used by api"),
    ] == [(node["label"], node["icon"], use) for node, use in zip(nodes, uses, strict=True)]
    assert ", venv, used by web" in nodes[2]["spoken"]


def test_files_that_count(client: Client, project: Path) -> None:
    """The usual one, and what is open beside it, as in the status bar."""
    (project / "requirements.txt").write_text("flask\n")
    other = project / "requirements-dev.txt"
    other.write_text("pytest\n")
    client.initialize(root=project)
    where = {"folder": str(project), "environment": str(project / ".venv")}

    def labels() -> list[str]:
        return [node["label"] for node in execute(client, "environmentTree", **where)["nodes"]]

    before = labels()
    client.open(other.as_uri(), "pytest\n")
    meanwhile = labels()
    client.notify("textDocument/didClose", {"textDocument": {"uri": other.as_uri()}})

    assert before == labels() == ["flask"]
    assert ["pytest", "flask"] == meanwhile
