"""What a command is about where somebody has pointed at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lsp.client import CAPABILITIES
from tests.lsp.test_commands import (
    INVALID_PARAMS,
    REQUEST_FAILED,
    UI_CAPABILITIES,
    begin,
    check_refused,
    client,
    execute,
)
from tests.lsp.test_environments import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lsp.client import Client, Message

__all__ = ["client"]


@pytest.fixture
def workspace(tmp_path: Path, client: Client) -> Path:
    """Return a workspace folder of two projects, with which a session has begun."""
    root = tmp_path / "workspace"
    for name in ("shop", "blog"):
        make_environment(root / name / ".venv", "flask")
        (root / name / "requirements.txt").write_text("flask==1.0\n")
        (root / name / "src").mkdir()
        (root / name / "src" / "main.py").touch()
    able = {**UI_CAPABILITIES, "workspace": {**CAPABILITIES["workspace"], "applyEdit": True}}
    client.initialize(root=root, capabilities=able)
    return root


def folder_of(client: Client, **arguments: object) -> object:
    """Return the folder that a command takes itself to be about."""
    return execute(client, "explainEnvironment", **arguments)["folder"]


def test_folder_that_is_selected(client: Client, workspace: Path) -> None:
    """A menu of a folder is about the folder; that of a file about its project."""
    shop = workspace / "shop"
    source = (shop / "src").as_uri()

    assert str(shop / "src") == folder_of(client, selected=[source])
    assert str(shop) == folder_of(client, selected=[str(shop / "src" / "main.py")])


def test_file_in_front(client: Client, workspace: Path, tmp_path: Path) -> None:
    """The file that the editor shows says which project is meant, if it is of any."""
    (tmp_path / "elsewhere.py").touch()
    main = workspace / "blog" / "src" / "main.py"

    assert str(workspace / "blog") == folder_of(client, active=main.as_uri())
    assert str(workspace) == folder_of(client, active=str(tmp_path / "elsewhere.py"))
    assert str(workspace) == folder_of(client, active=str(workspace / "gone" / "x.py"))


def test_which_of_them_counts(client: Client, workspace: Path) -> None:
    """What is named counts first, then what was selected, then what is in front."""
    shop, blog = workspace / "shop", workspace / "blog"
    front = str(blog / "src" / "main.py")

    assert str(shop) == folder_of(client, selected=[str(shop)], active=front)
    assert str(workspace) == folder_of(client, folder=str(workspace), selected=[str(shop)])


def test_requirements_file_that_is_selected(client: Client, workspace: Path) -> None:
    """It becomes what the command takes, in front or by a menu: a file to pin, files to install."""
    file = workspace / "shop" / "requirements.txt"
    file.write_text("flask\n")
    client.replies["workspace/applyEdit"] = lambda _params: {"applied": True}
    results = [
        execute(client, "pinAll", **{name: value})
        for name, value in (
            ("active", file.as_uri()),
            ("selected", [str(file)]),
        )
    ]

    assert [(str(file), 1)] * 2 == [(result["file"], result["pinned"]) for result in results]


def test_several_files_to_pin(client: Client, workspace: Path) -> None:
    """Each is pinned to what its own project has, in one edit, with one message."""
    files = [workspace / name / "requirements.txt" for name in ("shop", "blog")]
    for file in files:
        file.write_text("flask\n")
    edits: list[Any] = []

    def apply(params: Message) -> object:
        edits.append(params)
        return {"applied": True}

    client.replies["workspace/applyEdit"] = apply
    result = execute(client, "pinAll", selected=[str(file) for file in [*files, files[0]]])
    told = client.wait("window/showMessage")["message"]

    assert [str(file) for file in files] == result["files"]
    assert (str(files[0]), 2, 0) == (result["file"], result["pinned"], result["left"])
    assert [{file.as_uri() for file in files}] == [
        {change["textDocument"]["uri"] for change in one["edit"]["documentChanges"]}
        for one in edits
    ]
    assert "2 files: 2 requirements pinned." == told


def test_several_files_that_are_not_changed(client: Client, workspace: Path) -> None:
    """If the client makes no edit, all of them are said to be as they were."""
    files = [workspace / name / "requirements.txt" for name in ("shop", "blog")]
    for file in files:
        file.write_text("flask\n")
    client.replies["workspace/applyEdit"] = lambda _params: {"applied": False}
    asked = begin(client, "pinAll", {"files": [str(file) for file in files]})

    check_refused(client, asked, REQUEST_FAILED, f"{files[0]}, {files[1]} are as they were")


def test_requirements_files_to_install(client: Client, workspace: Path) -> None:
    """Several that are selected are installed from, in the project that they are of."""
    files = [str(workspace / "shop" / name) for name in ("requirements.txt", "dev.in")]
    (workspace / "shop" / "dev.in").write_text("flask==1.0\n")
    plan = execute(client, "installRequirements", selected=files, dryRun=True)["plan"]

    assert str(workspace / "shop" / ".venv") == plan["prefix"]


def test_document_that_is_nowhere(client: Client, workspace: Path) -> None:
    """A document without a file in front says nothing, and is no mistake."""
    assert str(workspace) == folder_of(client, active="untitled:Untitled-1")


def test_more_than_there_can_be(client: Client, workspace: Path) -> None:
    """Two folders are refused, by what the command is called in a menu."""
    names = [str(workspace / name) for name in ("shop", "blog")]

    check_refused(
        client,
        begin(client, "explainEnvironment", {"selected": names}),
        INVALID_PARAMS,
        "Explain Environment is about one folder at a time",
    )


def test_every_command_takes_them(client: Client, workspace: Path) -> None:
    """An editor that sends them along need not know which command has a use for them."""
    active = str(workspace / "shop" / "src" / "main.py")

    assert str(workspace / "shop") == execute(client, "listEnvironments", active=active)["folder"]
    assert execute(client, "refresh", active=active, selected=[active])["complete"]


def test_environment_that_is_named(client: Client, workspace: Path, tmp_path: Path) -> None:
    """Which one is chosen does not say for which folder: the file in front does."""
    blog = workspace / "blog"
    (tmp_path / "second").mkdir()
    event = {"added": [{"uri": (tmp_path / "second").as_uri(), "name": "second"}], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    chosen = {"environment": str(workspace / "shop" / ".venv")}
    front = str(blog / "src" / "main.py")
    selected = execute(client, "selectEnvironment", active=front, **chosen)
    history = execute(client, "showHistory", active=front, **chosen)

    assert (str(blog), chosen["environment"]) == (selected["folder"], selected["prefix"])
    assert [] == history["entries"]
    assert [] == client.requests
