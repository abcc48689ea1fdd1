"""What a status bar is told: when something changes, and not otherwise."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from pinfold import __version__
from tests.lsp.schemas import validate
from tests.lsp.test_commands import (
    REQUEST_FAILED,
    UI_CAPABILITIES,
    begin,
    check_refused,
    client,
    execute,
)
from tests.lsp.test_environments import Workspace, make_environment, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lsp.client import Client

__all__ = ["client", "workspace"]

TEXT = "flask==1.0\nrich==2.0\n"


def status(client: Client, accept: Callable[[Any], bool]) -> Any:
    """Return the first status that *accept* takes."""
    told = client.wait("pinfold/environmentChanged", accept)
    validate(told, "environmentChanged")
    return told


def wait_for_folder(client: Client, folder: Path) -> None:
    """Wait until the status of *folder* is told."""
    status(client, lambda params: params["folder"] == str(folder))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder whose environment has one of two packages."""
    root = tmp_path / "project"
    make_environment(root / ".venv", "flask")
    return root


def install(prefix: Path, name: str, version: str) -> Path:
    """Write a distribution as an installer does, and return its folder."""
    info = prefix / "lib" / "python3.12" / "site-packages" / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return info


def test_status_of_an_environment(client: Client, project: Path) -> None:
    """Path, version, reason and the number of what is missing are told."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.open((project / "requirements.txt").as_uri(), TEXT)
    told = status(client, lambda params: params["missing"] == 1)

    assert str(project) == told["folder"]
    assert str(project / ".venv") == told["prefix"]
    assert "Python 3.12.1 (.venv), 1 missing" == told["text"]
    assert "Python environment .venv, Python 3.12.1, 1 missing" == told["label"]
    assert "Missing: `rich`" in told["markdown"]
    assert "command:" not in told["markdown"]
    assert "3.12.1" == told["python"]
    assert "warning" == told["severity"]
    assert "nearest" in told["reason"]
    assert "1 missing" in told["tooltip"]


def test_folders_without_an_open_file(client: Client, project: Path) -> None:
    """Every workspace folder is told of from the start, with what its files on disk ask for."""
    (project / "requirements.txt").write_text(TEXT)
    (project / "requirements-docs.txt").write_text("sphinx\nfurther\n")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    told = status(client, lambda params: params["missing"] == 1)

    assert str(project) == told["folder"]
    assert str(project / ".venv" / "bin" / "python") == told["executable"]


def test_folder_without_a_usual_file(client: Client, project: Path) -> None:
    """Where none of several requirements files is the usual one, all of them count."""
    (project / "requirements-dev.txt").write_text(TEXT)
    (project / "requirements-docs.txt").write_text("sphinx\n")
    (project / "constraints.txt").write_text("never==1.0\n")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    told = status(client, lambda params: params["missing"] == 2)

    assert "Missing: `rich`, `sphinx`" in told["markdown"]


def test_listings_follow(client: Client, project: Path) -> None:
    """Whoever lists is told of another version, though a status bar says the same."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    wait_for_folder(client, project)
    (info,) = (project / ".venv").glob("lib/python*/site-packages/flask-*.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flask\nVersion: 7.0\n")
    info.rename(info.with_name("flask-7.0.dist-info"))
    changed = client.wait("pinfold/inventoryChanged")

    validate(changed, "inventoryChanged")
    assert {"folders": [str(project)]} == changed


def test_listings_follow_settings(client: Client, project: Path) -> None:
    """Another environment that the project names is told of, and so is the way back from it."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    wait_for_folder(client, project)
    settings = project / "pinfold.toml"
    for text in ('environment = "other"\n', ""):
        settings.write_text(text, encoding="utf-8")
        client.notify(
            "workspace/didChangeWatchedFiles",
            {"changes": [{"uri": settings.as_uri(), "type": 2}]},
        )

        assert {"folders": [str(project)]} == client.wait("pinfold/inventoryChanged")


def test_listings_follow_projects_below(client: Client, project: Path) -> None:
    """An environment that only a project further down uses shows who does, so it is told of."""
    web = project / "web"
    web.mkdir()
    (web / "requirements.txt").write_text("flask\n", encoding="utf-8")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    wait_for_folder(client, project)
    make_environment(web / ".venv", "flask")
    changed = client.wait("pinfold/inventoryChanged")

    assert {"folders": [str(project)]} == changed


def test_what_a_project_below_uses_is_told(client: Client, project: Path) -> None:
    """It is known later than the first listing, and not if it is that of the folder around it."""
    for name in ("docs", "web"):
        (project / name).mkdir()
        (project / name / "requirements.txt").write_text("flask\n", encoding="utf-8")
    make_environment(project / "web/.venv", "flask")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)

    assert {"folders": [str(project)]} == client.wait("pinfold/inventoryChanged")


def test_log_begins_with_versions(client: Client, project: Path) -> None:
    """A client with a log of its own can show who is speaking, on what, about which folders."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    told = client.wait("window/logMessage")

    assert 3 == told["type"]
    assert told["message"].startswith(f"Pinfold {__version__} on cpython 3.")
    assert told["message"].endswith(f"workspace folders: {project}")


def test_folder_of_what_is_shown(client: Client, project: Path) -> None:
    """A Python file's folder is told of while it is shown, with what its project asks for."""
    (project / "requirements.txt").write_text("-r requirements/base.txt\n")
    (project / "requirements").mkdir()
    (project / "requirements" / "base.txt").write_text(TEXT)
    source = project / "src" / "shop"
    source.mkdir(parents=True)
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.notify("pinfold/activeEditorChanged", {"uri": (source / "main.py").as_uri()})
    shown = status(client, lambda params: params["folder"] == str(source) and params["missing"])
    client.notify("pinfold/activeEditorChanged", {"uri": None})
    (project / ".venv" / "pyvenv.cfg").write_text("version = 3.12.4\n")
    client.notifications.clear()
    execute(client, "refresh")
    status(client, lambda params: params["python"] == "3.12.4")
    client.notify("pinfold/activeEditorChanged", {"uri": (source / "main.py").as_uri()})
    again = status(client, lambda params: params["folder"] == str(source))

    assert ("3.12.1", 1, str(project / ".venv")) == (
        shown["python"],
        shown["missing"],
        shown["prefix"],
    )
    assert "3.12.4" == again["python"]


def test_links_for_a_client_that_runs_them(client: Client, project: Path) -> None:
    """A client that says so gets links to commands, which name the folder."""
    ui = {"experimental": {"pinfold": {"ui": {"commandLinks": True}}}}
    client.initialize(root=project, capabilities={**UI_CAPABILITIES, **ui})
    client.open((project / "requirements.txt").as_uri(), TEXT)
    told = status(client, lambda params: params["missing"] == 1)
    _, _, encoded = told["markdown"].partition("[Install](command:pinfold.installRequirements?")

    assert [{"folder": str(project)}] == json.loads(unquote(encoded.partition(")")[0]))


@pytest.mark.parametrize(
    ("version", "amount", "title"),
    [
        (None, (1, 0), "Install what is missing from requirements.txt"),
        ("2.3", (0, 1), "Install what is asked for in requirements.txt"),
    ],
)
def test_what_a_package_needs(
    client: Client, project: Path, version: str | None, amount: tuple[int, int], title: str
) -> None:
    """What is missing is counted whoever asks for it, shown at its user, and can be installed."""
    metadata = install(project / ".venv", "shop", "1.0") / "METADATA"
    metadata.write_text(f"{metadata.read_text()}Requires-Dist: werkzeug>=3\n")
    if version is not None:
        install(project / ".venv", "werkzeug", version)
    file = project / "requirements.txt"
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.open(file.as_uri(), "shop==1.0\n")
    told = status(client, lambda params: (params["missing"], params["wrong"]) == amount)
    environment = str(project / ".venv")
    packages = execute(client, "environmentTree", folder=str(project), environment=environment)
    (shop,) = (node for node in packages["nodes"] if node["label"] == "shop")
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 9}}
    document = {"textDocument": {"uri": file.as_uri()}, "range": everywhere}
    actions = client.request(
        "textDocument/codeAction", {**document, "context": {"diagnostics": []}}
    )

    assert "werkzeug" in told["markdown"]
    assert "warning" == shop["icon"]
    assert "werkzeug" in shop["tooltip"]
    assert title in [action["title"] for action in actions]


def test_variables_of_terminals(client: Client, project: Path) -> None:
    """A client that says that it has terminals is told what to set for them."""
    ui = {"experimental": {"pinfold": {"ui": {"terminals": True}}}}
    client.initialize(root=project, capabilities={**UI_CAPABILITIES, **ui})
    told = status(client, lambda params: params["folder"] == str(project))
    shutil.rmtree(project / ".venv")
    gone = status(client, lambda params: params["prefix"] is None)

    values = {variable["name"]: variable["value"] for variable in told["variables"]}
    assert str(project / ".venv") == values["VIRTUAL_ENV"]
    assert [] == gone["variables"]


def test_no_variables_of_a_broken_one(client: Client, project: Path) -> None:
    """Its `python` would be another one's, and what is installed there would go elsewhere."""
    ui = {"experimental": {"pinfold": {"ui": {"terminals": True}}}}
    client.initialize(root=project, capabilities={**UI_CAPABILITIES, **ui})
    whole = status(client, lambda params: params["folder"] == str(project))
    python = project / ".venv" / "bin" / "python"
    base = python.read_bytes()
    python.unlink()
    python.symlink_to("/nowhere/python3")
    broken = status(client, lambda params: not params["variables"])
    result = execute(client, "terminalActivation")
    python.unlink()
    python.write_bytes(base)
    python.chmod(0o755)
    mended = status(client, lambda params: params["variables"])

    assert "error" == broken["severity"]
    assert {} == result["environment"]
    assert "/nowhere/python3" in result["refusal"]
    assert whole["variables"] == mended["variables"]


def test_no_variables_for_a_client_without_terminals(client: Client, project: Path) -> None:
    """Nothing is read that nobody wants."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    told = status(client, lambda params: params["folder"] == str(project))

    assert [] == told["variables"]


def test_what_another_extension_has_selected(client: Client, project: Path) -> None:
    """It is told beside ours, for as long as it is another one, and never counts."""
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    other = {"folder": str(project), "source": "Python"}
    client.notify("pinfold/otherSelection", {**other, "environment": str(project / "env")})
    told = status(client, lambda params: "Python has selected" in params["markdown"])
    client.notify("pinfold/otherSelection", {**other, "environment": None})
    status(client, lambda params: "Python has selected" not in params["markdown"])

    assert str(project / ".venv") == told["prefix"]


def test_what_another_extension_has_selected_is_adopted(client: Client, project: Path) -> None:
    """It becomes the choice when a person says so; where nothing is selected, that is said."""
    make_environment(project / "env", "flask")
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    refused = begin(client, "adoptEnvironment", {})
    check_refused(client, refused, REQUEST_FAILED, "no other extension has selected")
    other = {"folder": str(project), "source": "Python", "environment": str(project / "env")}
    client.notify("pinfold/otherSelection", other)
    (project / "service").mkdir()
    (project / "service" / "requirements.txt").touch()
    result = execute(client, "adoptEnvironment", folder=str(project / "service"))

    assert (str(project), str(project / "env")) == (result["folder"], result["prefix"])


def test_status_after_an_installation(client: Client, project: Path) -> None:
    """What comes and goes in the environment shows, and an edit does."""
    uri = (project / "requirements.txt").as_uri()
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.open(uri, TEXT)
    status(client, lambda params: params["missing"] == 1)
    info = install(project / ".venv", "rich", "1.0")
    wrong = status(client, lambda params: params["missing"] == 0)
    client.change(uri, 2, {"text": "flask==1.0\nrich==1.0\n"})
    right = status(client, lambda params: params["wrong"] == 0)
    shutil.rmtree(info)
    status(client, lambda params: params["missing"] == 1)

    assert 1 == wrong["wrong"]
    assert "ok" == right["severity"]


def test_nothing_is_told_twice(client: Client, project: Path) -> None:
    """An edit that changes nothing of it is not told."""
    uri = (project / "requirements.txt").as_uri()
    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.open(uri, "flask==1.0\n")
    status(client, lambda params: params["severity"] == "ok")
    client.change(uri, 2, {"text": "flask==1.0 # the same\n"})
    client.diagnostics(uri, 2)
    client.change(uri, 3, {"text": TEXT})
    told = status(client, lambda _params: True)

    assert 1 == told["missing"]


def test_status_after_a_choice(client: Client, project: Path, tmp_path: Path) -> None:
    """A choice shows at once in its folder; another folder hears nothing of it."""
    other = tmp_path / "other"
    make_environment(other / ".venv")
    folders = [{"uri": path.as_uri(), "name": path.name} for path in (project, other)]
    client.initialize(workspaceFolders=folders, capabilities=UI_CAPABILITIES)
    for folder in (project, other):
        client.open((folder / "requirements.txt").as_uri(), TEXT)
        wait_for_folder(client, folder)
    client.notifications.clear()
    execute(client, "selectEnvironment", folder=str(project), environment="none")
    none = status(client, lambda params: params["prefix"] is None)
    make_environment(project / "third", "rich")
    third = str(project / "third")
    execute(client, "selectEnvironment", folder=str(project), environment=third)
    chosen = status(client, lambda params: params["prefix"] == third)

    assert ("No environment", "ok") == (none["text"], none["severity"])
    assert str(project) == chosen["folder"]
    assert [] == [
        message
        for message in client.notifications
        if message["method"] == "pinfold/environmentChanged"
        and message["params"]["folder"] == str(other)
    ]


def test_choice_of_another_process(client: Client, project: Path, tmp_path: Path) -> None:
    """What the command line chooses shows, too."""
    from pinfold.core.environments.choices import choose

    client.initialize(root=project, capabilities=UI_CAPABILITIES)
    client.open((project / "requirements.txt").as_uri(), TEXT)
    status(client, lambda params: params["prefix"] is not None)
    choose(project, None, kept_in=tmp_path / "state" / "choices")

    assert "none" == status(client, lambda params: params["prefix"] is None)["state"]


def test_secrets_are_masked(client: Client, tmp_path: Path) -> None:
    """A password that a file brings into a reason reaches neither status bar nor explanation."""
    root = tmp_path / "secretive"
    root.mkdir()
    (root / ".python-envs").write_text("https://me:hush@somewhere/env\n")
    client.initialize(root=root, capabilities=UI_CAPABILITIES)
    client.open((root / "requirements.txt").as_uri(), TEXT)
    told = status(client, lambda _params: True)
    explained = execute(client, "explainEnvironment")

    assert "somewhere" in told["reason"]
    assert "hush" not in json.dumps([told, explained])


def test_only_clients_with_an_interface_are_told(client: Client, project: Path) -> None:
    """A client that does not announce an interface never hears of a status."""
    uri = (project / "requirements.txt").as_uri()
    client.initialize(root=project)
    client.open(uri, TEXT)
    client.wait(
        "textDocument/publishDiagnostics",
        lambda params: "not-installed" in [item["code"] for item in params["diagnostics"]],
    )
    execute(client, "selectEnvironment", environment="none")

    methods = {message["method"] for message in client.notifications}
    assert "pinfold/environmentChanged" not in methods


@pytest.mark.parametrize("params", [{"trusted": False}, {"trusted": True}, {}, None, [3]])
def test_trust(client: Client, project: Path, params: object) -> None:
    """Trust is taken note of; what only reads works without it."""
    client.initialize(root=project)
    client.notify("pinfold/trustChanged", params)

    assert str(project / ".venv") == execute(client, "explainEnvironment")["prefix"]


@pytest.mark.slow
def test_status_after_pip(client: Client, workspace: Workspace) -> None:
    """What plain pip installs and removes in a real environment shows."""
    client.initialize(root=workspace.root, capabilities=UI_CAPABILITIES)
    client.open(workspace.file.as_uri(), workspace.file.read_text())
    first = status(client, lambda params: params["missing"] > 0)
    counts = [first["missing"]]

    def is_one_less(params: Any) -> bool:
        # Until all files of the project have been judged, there are more and more.
        if params["folder"] == first["folder"]:
            counts.append(params["missing"])
        return len(counts) > 1 and counts[-1] == counts[-2] - 1

    workspace.install()
    status(client, is_one_less)
    before = counts[-1] + 1
    workspace.uninstall()

    assert status(client, lambda params: params["missing"] == before)["prefix"] == str(
        workspace.environment
    )
