"""The picker of environments: its buttons, ways to others, and what is done in its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.lsp.command_places import shown
from tests.lsp.client import NO_REPLY
from tests.lsp.schemas import validate
from tests.lsp.test_commands import UI_CAPABILITIES, begin, client, execute
from tests.lsp.test_environments import make_environment

if TYPE_CHECKING:
    from tests.lsp.client import Client, Message

__all__ = ["client"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a workspace folder with two environments."""
    root = tmp_path / "project"
    make_environment(root / ".venv", "flask")
    make_environment(root / "other", "rich")
    return root


def item(params: Message, label: str) -> Any:
    """Return the item of a picker that is called *label*."""
    validate(params, "pick")
    (found,) = [one for one in params["items"] if one["label"] == label]
    return found


def test_buttons_of_environments_and_interpreters(client: Client, project: Path) -> None:
    """An environment has what is done with it, an interpreter what is made of it."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    execute(client, "listEnvironments")
    seen: list[Message] = []
    client.replies["pinfold/pick"] = seen.append
    execute(client, "selectEnvironment")
    other = item(seen[0], "other")
    buttons = {button["id"]: button for button in other["buttons"]}

    assert "folder" == other["icon"]
    assert ["rebuild", "remove", "copy", "open"] == list(buttons)
    assert str(project / "other") == buttons["copy"]["copies"] == buttons["open"]["opens"]
    assert buttons["rebuild"]["copies"] is buttons["rebuild"]["opens"] is None
    bases = [one for one in seen[0]["items"] if one["group"] == "Interpreters"]
    assert {("terminal", "add")} >= {(one["icon"], one["buttons"][0]["id"]) for one in bases}


def test_environments_of_other_folders(client: Client, project: Path, tmp_path: Path) -> None:
    """What another folder of the workspace has can be chosen for this one, after its own."""
    make_environment(tmp_path / "shop" / ".venv", "django")
    roots = (project, tmp_path / "shop")
    folders = [{"uri": root.as_uri(), "name": root.name} for root in roots]
    client.initialize(workspaceFolders=folders, capabilities=UI_CAPABILITIES)
    execute(client, "listEnvironments")
    seen: list[Message] = []
    client.replies["pinfold/pick"] = seen.append
    execute(client, "selectEnvironment", folder=str(project))
    items = [(one["group"], one["id"], one["label"]) for one in seen[0]["items"]]

    assert ("Other environments", str(tmp_path / "shop" / ".venv"), "shop/.venv") in items
    assert ("This project", str(project / "other"), "other") in items
    assert f"The environment for the files in {project.name}" == seen[0]["placeholder"]


def test_names_of_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is said from the one workspace folder of its name, or from home, or as a whole."""
    monkeypatch.setenv("HOME", str(tmp_path))
    web, other = tmp_path / "one" / "web", tmp_path / "two" / "web"

    assert "web" == shown(web, [web])
    assert "web/.venv" == shown(web / ".venv", [tmp_path / "shop", web])
    assert "~/one/web/.venv" == shown(web / ".venv", [web, other])
    assert tmp_path.as_posix() == shown(tmp_path, [])
    assert "/srv/x" == shown(Path("/srv/x"), [web])


def test_nothing_that_runs_without_trust(client: Client, project: Path) -> None:
    """Where the workspace is not trusted, no button runs anything, and what is off says so."""
    client.initialize(
        root=project, capabilities=UI_CAPABILITIES, initializationOptions={"trusted": False}
    )
    execute(client, "listEnvironments")
    seen: list[Message] = []
    client.replies["pinfold/pick"] = seen.append
    execute(client, "selectEnvironment")

    assert ["copy", "open"] == [one["id"] for one in item(seen[0], "other")["buttons"]]
    assert "not trusted" in item(seen[0], "Create environment…")["description"]


def test_a_button_begins_something_else(client: Client, project: Path) -> None:
    """A button that is pressed begins its command, and nothing is chosen."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    execute(client, "listEnvironments")
    client.replies["pinfold/pick"] = lambda params: {
        "item": item(params, "other")["id"],
        "button": "remove",
    }
    client.replies["window/showMessageRequest"] = lambda _params: NO_REPLY

    assert execute(client, "selectEnvironment") is None
    asked = client.wait_for_request("window/showMessageRequest")
    assert asked["message"].startswith("Remove environment\nEnvironment: other\n")


def test_a_path_that_nobody_has_listed(client: Client, project: Path, tmp_path: Path) -> None:
    """What is typed is looked at while it is, and taken when it is an environment."""
    make_environment(tmp_path / "far" / "env")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: {"ids": ["enter"]}
    problems: list[object] = []

    def type_in(params: Message) -> Message:
        validate(params, "input")
        problems.append(params["problem"])
        return {"value": "../nowhere" if len(problems) == 1 else "../far/env"}

    client.replies["pinfold/input"] = type_in
    result = execute(client, "selectEnvironment")

    assert [None, f"{tmp_path / 'nowhere'} does not exist"] == problems
    assert str(tmp_path / "far" / "env") == result["prefix"]


def test_back_from_a_path(client: Client, project: Path) -> None:
    """Whoever goes back from the box sees the picker again."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    answers = iter([{"ids": ["enter"]}, {"ids": ["none"]}])
    client.replies["pinfold/pick"] = lambda _params: next(answers)
    client.replies["pinfold/input"] = lambda _params: {"back": True}

    assert execute(client, "selectEnvironment")["prefix"] is None


def test_what_another_program_has_selected(client: Client, project: Path, tmp_path: Path) -> None:
    """It is listed, wherever it is, and says who has selected it."""
    far = tmp_path / "far" / "env"
    make_environment(far)
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    execute(client, "listEnvironments")
    client.notify(
        "pinfold/otherSelection",
        {"folder": str(project), "source": "Python", "environment": str(far)},
    )
    seen: list[Message] = []
    client.replies["pinfold/pick"] = seen.append
    execute(client, "selectEnvironment")

    assert "selected in Python" == item(seen[0], str(far))["detail"]


def test_words_of_a_listing(client: Client, project: Path) -> None:
    """A listing has the words of the picker, so that a tree needs none of its own."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    listed = execute(client, "listEnvironments", folder=str(project))["environments"]
    found = [
        (one["label"], one["group"], one["icon"], one["description"])
        for one in listed
        if not one["isBase"]
    ]

    assert [
        (".venv", "Recommended", "check", "Python 3.12.1, venv"),
        ("other", "This project", "folder", "Python 3.12.1, venv"),
    ] == found
    assert "1 package installed" in listed[0]["tooltip"]
    assert "nearest" in listed[0]["tooltip"]
    assert "nearest" not in listed[1]["tooltip"]


def test_packages_beside_the_files(client: Client, project: Path) -> None:
    """Packages of the folder's environment are compared with its files; those of others not."""
    (project / "requirements.txt").write_text("flask==2.0\nrich\n")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    folder = str(project)
    own = execute(client, "listPackages", folder=folder)
    named = execute(client, "listPackages", folder=folder, environment=str(project / ".venv"))
    other = execute(client, "listPackages", folder=folder, environment=str(project / "other"))

    assert own == named
    assert [("flask", "wrong", "flask==2.0")] == [
        (one["name"], one["state"], one["wanted"]) for one in own["packages"]
    ]
    assert [("rich", folder + "/requirements.txt", 2)] == [
        (one["name"], one["file"], one["line"]) for one in own["missing"]
    ]
    assert [("rich", "installed", None)] == [
        (one["name"], one["state"], one["wanted"]) for one in other["packages"]
    ]
    assert [] == other["missing"]


def test_why_a_package_is_there(client: Client, project: Path) -> None:
    """The ways that lead to a package are shown as a document; it is asked for if none is named."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda params: {"ids": [item(params, "flask")["id"]]}
    asked = execute(client, "explainPackage")
    named = execute(client, "explainPackage", packages=["flask"])

    assert asked == named
    assert {"name": "dependencies.txt", "text": "flask 1.0\n"} == named["document"]


def test_one_taken_in_a_view_is_for_the_project_in_front(client: Client, project: Path) -> None:
    """Of several projects in a folder, only that of the active file gets it; and that is said."""
    for name in ("a", "b"):
        make_environment(project / name / ".venv")
        (project / name / "requirements.txt").write_text("")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    active = (project / "a" / "main.py").as_uri()
    (project / "a" / "main.py").write_text("")
    theirs = str(project / "b" / ".venv")
    taken = execute(
        client, "selectEnvironment", folder=str(project), environment=theirs, active=active
    )
    said = client.wait("window/showMessage")

    assert (str(project / "a"), theirs) == (taken["folder"], taken["selection"]["prefix"])
    assert "b/.venv is for the files in project/a now." == said["message"]
    untouched = execute(client, "explainEnvironment", folder=str(project))
    assert str(project / ".venv") == untouched["prefix"]
    # A file that is not there says nothing, and what the view was of does.
    gone = (project / "b" / "gone" / "main.py").as_uri()
    inner = str(project / "b")
    taken = execute(client, "selectEnvironment", folder=inner, environment=theirs, active=gone)
    assert inner == taken["folder"]


def test_the_choice_that_counts_is_forgotten(client: Client, project: Path) -> None:
    """Also where it was made for a folder above, as nothing else would help."""
    make_environment(project / "a" / ".venv")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    execute(client, "selectEnvironment", environment=str(project / "other"))
    inner = str(project / "a")
    before = execute(client, "explainEnvironment", folder=inner)["prefix"]
    execute(client, "selectEnvironment", folder=inner, environment="automatic")

    assert str(project / "other") == before
    assert (
        str(project / "a" / ".venv")
        == execute(client, "explainEnvironment", folder=inner)["prefix"]
    )


def test_a_broken_one_is_to_be_rebuilt_first(client: Client, project: Path) -> None:
    """Whoever looks for a way out of a broken environment finds it on top."""
    (project / ".venv" / "bin" / "python").unlink()
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.replies["pinfold/pick"] = lambda _params: NO_REPLY
    client.replies["window/showMessageRequest"] = lambda _params: NO_REPLY
    choosing = begin(client, "selectEnvironment")
    last = client.wait("pinfold/pickItems", lambda params: not params["busy"])
    first, second, *_ = last["items"]
    (asked,) = (one["id"] for one in client.requests if one["method"] == "pinfold/pick")
    client.send({"jsonrpc": "2.0", "id": asked, "result": {"ids": ["mend"]}})

    assert ("Rebuild .venv…", "Recommended") == (first["label"], first["group"])
    assert ".venv" == second["label"]
    assert client.answer(choosing) is None
    # There is no real interpreter that it could be rebuilt with.
    assert "3.12" in client.wait("window/showMessage")["message"]


def last_items(client: Client, **arguments: object) -> Any:
    """Return what there is to choose from once everything is found."""
    client.replies["pinfold/pick"] = lambda _params: NO_REPLY
    choosing = begin(client, "selectEnvironment", arguments)
    last = client.wait("pinfold/pickItems", lambda params: not params["busy"])
    client.notify("$/cancelRequest", {"id": choosing})
    return last["items"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ["Create environment…"]),
        (["shop-env"], ["shop-env", "Create environment…"]),
        # Nobody can tell which of them is meant.
        (["shop-env", "tests-env"], ["Create environment…"]),
        (["inner/shop-env"], ["Create environment…"]),
    ],
)
def test_recommended_where_none_is_used(
    client: Client, tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    """One that nobody takes by its name is what is meant, if it is the only one right there."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "requirements.txt").touch()
    for name in names:
        make_environment(root / name)
    client.initialize(root=root, capabilities=UI_CAPABILITIES)

    items = last_items(client)

    assert expected == [one["label"] for one in items if one["group"] == "Recommended"]
    reasons = [one["detail"] for one in items if one["label"] == expected[0] == "shop-env"]
    assert ["it is the only one in shop"] * len(reasons) == reasons


def test_recommended_for_a_project_further_in(client: Client, tmp_path: Path) -> None:
    """Its own comes first, whatever the others of the workspace have."""
    root = tmp_path / "shops"
    for name, environment in {"api": ".venv", "web": "web-env"}.items():
        make_environment(root / name / environment)
        (root / name / "requirements.txt").touch()
    client.initialize(root=root, capabilities=UI_CAPABILITIES)

    items = last_items(client, folder=str(root / "web"))

    assert "Recommended" == items[0]["group"]
    assert str(root / "web" / "web-env") == items[0]["id"]
    assert "it is the only one in web" == items[0]["detail"]


def test_a_broken_one_is_not_recommended(client: Client, tmp_path: Path) -> None:
    """Whoever has none that works is to make one."""
    root = tmp_path / "shop"
    make_environment(root / "shop-env")
    (root / "shop-env" / "bin" / "python").unlink()
    client.initialize(root=root, capabilities=UI_CAPABILITIES)

    items = last_items(client)

    recommended = [one["label"] for one in items if one["group"] == "Recommended"]
    assert ["Create environment…"] == recommended


@pytest.mark.parametrize("chosen", [None, "other", "none"])
def test_automatic(client: Client, project: Path, chosen: str | None) -> None:
    """A choice can be forgotten where there is one."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    if chosen is not None:
        named = chosen if chosen == "none" else str(project / chosen)
        execute(client, "selectEnvironment", environment=named)

    labels = [one["label"] for one in last_items(client)]

    assert (chosen is not None) == ("Automatic" in labels)
