"""Commands that change environments: uv and pip for real, against an index on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.lsp.command_table import COMMANDS_BY_ID
from pinfold.lsp.operation_questions import _problem_of_place
from tests.harness.index import Index, quiet_variables, sdist, wheel
from tests.lsp.client import (
    CAPABILITIES,
    NO_REPLY,
    PULL_CAPABILITIES,
    SERVER,
    Client,
    Message,
    ServerError,
)
from tests.lsp.schemas import validate
from tests.lsp.test_commands import REQUEST_CANCELLED, REQUEST_FAILED, check_refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.slow

DEADLINE_S = 120.0
CANCEL_S = 5.0

ROOT = Path(__file__).resolve().parents[2]
PATIENT = (sys.executable, "-m", "tests.lsp.patient_server")

BASE = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")

ABLE: Message = {
    **CAPABILITIES,
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "delete"]},
    },
    "experimental": {"pinfold": {"ui": {"preview": True}}},
}
"""A client that can show everything and edits on demand."""

# The first build tells an installer what it would do; every one after that takes for ever, and
# says so to whoever reads the FIFO.
_SLOW = """
import os, pathlib, signal
mark = pathlib.Path(os.environ["PINFOLD_TEST_MARK"])
if mark.with_suffix(".first").exists():
    mark.write_text(str(os.getpid()))
    signal.pause()
mark.with_suffix(".first").touch()
"""

ARCHIVES = (
    wheel("flask", "3.0.0", requires=["werkzeug>=3"], scripts={"flask": "flask:main"}),
    wheel("flask", "3.1.0", requires=["werkzeug>=3"], scripts={"flask": "flask:main"}),
    wheel("werkzeug", "3.0.0"),
    wheel("werkzeug", "3.1.3"),
    wheel("quarts", "1.0", requires=["werkzeug<3"]),
    wheel("tiny", "1.0"),
    wheel("tiny", "2.0"),
    sdist(wheel("slow", "1.0"), failure=_SLOW),
)


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    """Return an index with a few packages, one of which takes long to build."""
    with Index(ARCHIVES) as index:
        yield index


class Scene:
    """A workspace, and a server that has shaken hands."""

    def __init__(
        self,
        folder: Path,
        index: Index,
        backend: str,
        *,
        command: Sequence[str] = SERVER,
        **initialize: Any,
    ) -> None:
        self.folder = folder
        self.root = folder / "shop"
        self.root.mkdir()
        (folder / "home").mkdir()
        self.mark = folder / "building"
        self.backend = backend
        self.environment = self.root / ".venv"
        self.file = self.root / "requirements.txt"
        self.variables = {
            **quiet_variables(folder / "home"),
            "PINFOLD_STATE_DIR": str(folder / "state"),
            "PIP_INDEX_URL": index.url,
            "PYTHONPATH": f"{ROOT / 'server'}:{ROOT}",
            "PINFOLD_TEST_MARK": str(self.mark),
            # What was built in order to see what would be done is built again.
            "UV_NO_CACHE": "1",
            "PIP_NO_CACHE_DIR": "1",
        }
        os.mkfifo(self.mark)
        self.command = command
        self.client = Client(command, cwd=ROOT, environment=self.variables)
        self.start(**initialize)

    def start(self, **initialize: Any) -> None:
        """Shake hands."""
        options = {"debounceMs": 0, "installer": self.backend}
        settings = {"capabilities": ABLE, "initializationOptions": options, **initialize}
        self.client.initialize(root=self.root, **settings)

    def begin(self, command: str, **arguments: object) -> int:
        """Ask for a command."""
        return self.client.begin(
            "workspace/executeCommand",
            {"command": f"pinfold.{command}", "arguments": [arguments]},
        )

    def run(self, command: str, **arguments: object) -> Any:
        """Return the result of a command, held against its schema."""
        result = self.client.answer(self.begin(command, **arguments), DEADLINE_S)
        validate(result, command)
        return result

    def create(self, *packages: str) -> None:
        """Have an environment with these in it."""
        result = self.run(
            "createEnvironment", python=BASE, packages=packages, install=False, yes=True
        )
        assert "done" == result["result"], result

    def restart(self, **initialize: Any) -> None:
        """Begin a new session in place of one whose process is gone."""
        self.client.kill()
        self.client = Client(self.command, cwd=ROOT, environment=self.variables)
        self.start(**initialize)

    @property
    def files(self) -> dict[str, int]:
        """Every file of the environment, with its size."""
        return {
            str(path.relative_to(self.environment)): path.lstat().st_size
            for path in self.environment.rglob("*")
            if not path.is_dir() and "__pycache__" not in path.parts
        }

    @property
    def running(self) -> list[str]:
        """The processes that a server has started; the dead are none."""
        found = []
        for process in Path("/proc").iterdir():
            try:
                environ = (process / "environ").read_bytes().split(b"\0")
                state = (process / "stat").read_bytes().rpartition(b")")[2].split()[0]
            except OSError:
                continue
            is_ours = f"PINFOLD_TEST_MARK={self.mark}".encode() in environ
            is_server = process.name == str(self.client.process.pid)
            if is_ours and not is_server and state not in (b"Z", b"X"):
                found.append(process.name)
        return found

    @property
    def installed(self) -> dict[str, str]:
        """What the environment's own interpreter finds installed, by name."""
        program = (
            "import importlib.metadata as m, json;"
            "print(json.dumps({d.name: d.version for d in m.distributions()}))"
        )
        python = self.environment / "bin" / "python"
        asked = subprocess.run(
            [str(python), "-I", "-c", program], check=True, stdout=subprocess.PIPE, timeout=60
        )
        found: dict[str, str] = json.loads(asked.stdout)
        return {name: found[name] for name in sorted(found) if name not in _SEEDS}


_SEEDS = ("pip", "setuptools", "wheel")


@pytest.fixture(params=["uv", "pip"])
def scene(request: pytest.FixtureRequest, tmp_path: Path, index: Index) -> Iterator[Scene]:
    """Return a workspace for each of the backends."""
    scene = Scene(tmp_path, index, request.param)
    yield scene
    scene.client.kill()


@pytest.fixture
def uv_scene(tmp_path: Path, index: Index) -> Iterator[Scene]:
    """Return a workspace whose packages uv installs."""
    scene = Scene(tmp_path, index, "uv")
    yield scene
    scene.client.kill()


def test_one_after_the_other(scene: Scene) -> None:
    """Create, install, upgrade, uninstall, sync, undo, rebuild, remove, and the removed is back."""
    scene.file.write_text("flask==3.1.0\n")
    scene.create("tiny==1.0")
    one = scene.installed
    scene.run("installRequirements", yes=True)
    two = scene.installed
    scene.run("upgradePackages", packages=["tiny"], yes=True)
    three = scene.installed
    scene.run("uninstallPackages", packages=["tiny"], yes=True)
    four = scene.installed
    scene.run("undo", yes=True)
    five = scene.installed
    scene.run("syncEnvironment", yes=True)
    six = scene.installed
    scene.run("rebuildEnvironment", yes=True)
    seven = scene.installed
    scene.run("removeEnvironment", yes=True)
    is_gone = not scene.environment.exists()
    scene.run("undo", yes=True)

    assert {"tiny": "1.0"} == one
    assert {"flask": "3.1.0", "tiny": "1.0", "werkzeug": "3.1.3"} == two
    assert {**two, "tiny": "2.0"} == three == five
    assert {"flask": "3.1.0", "werkzeug": "3.1.3"} == four == six == seven == scene.installed
    assert is_gone


# Who may end an operation.


def building(scene: Scene) -> tuple[int, dict[str, str], dict[str, int], str]:
    """Have a package built that takes long; return the request, what was there, and a token."""
    scene.create("tiny==1.0")
    before = scene.installed, scene.files
    identifier = scene.begin("installPackages", packages=["slow", "flask"], yes=True)
    builder = scene.mark.read_text()

    assert builder in scene.running
    begun = scene.client.wait(
        "$/progress", lambda params: params["value"].get("title") == "Install packages"
    )
    return identifier, *before, begun["token"]


def check_put_back(scene: Scene, packages: dict[str, str], files: dict[str, int]) -> None:
    """All is as it was, and nothing runs any more."""
    assert [] == scene.running
    assert files == scene.files
    assert packages == scene.installed


@pytest.mark.parametrize("way", ["$/cancelRequest", "window/workDoneProgress/cancel"])
def test_cancelled(scene: Scene, way: str) -> None:
    """Both ways to cancel end a build; the environment is as it was, which is told."""
    identifier, packages, files, token = building(scene)
    client = scene.client
    client.notify(way, {"id": identifier} if way.startswith("$") else {"token": token})
    check_refused(client, identifier, REQUEST_CANCELLED)
    client.wait(
        "$/progress",
        lambda params: params["token"] == token and params["value"]["kind"] == "end",
        CANCEL_S,
    )
    told = client.wait("window/showMessage")

    check_put_back(scene, packages, files)
    assert "Installation cancelled: .venv is as it was before." == told["message"]
    assert 3 == told["type"]
    assert 0 == client.shut_down()
    assert "" == client.log


@pytest.mark.parametrize("way", ["shutdown", "vanish"])
def test_session_ends(scene: Scene, way: str) -> None:
    """A session that ends, in order or not, ends a build and puts the environment back."""
    identifier, packages, files, _ = building(scene)
    client = scene.client
    if way == "shutdown":
        client.request("shutdown")
        check_refused(client, identifier, REQUEST_CANCELLED)
        client.notify("exit")
    else:
        assert client.process.stdin is not None
        client.process.stdin.close()
    status = client.wait_for_end(CANCEL_S)

    assert (0 if way == "shutdown" else 1) == status
    assert [] == [one for one in client.notifications if "cancelled" in str(one["params"])]
    check_put_back(scene, packages, files)
    assert "" == client.log


def test_killed(uv_scene: Scene) -> None:
    """After a server that was killed, the next session puts back what it has left, and says so."""
    scene = uv_scene
    _, packages, files, _ = building(scene)
    scene.restart()
    told = scene.client.wait("window/showMessage")

    assert "install was interrupted; all is as it was before" in told["message"]
    check_put_back(scene, packages, files)


# What is found, and what is told.


def told(scene: Scene, capabilities: Message) -> list[str]:
    """Return the rules of what a client is told next to be found in the file."""
    if capabilities is ABLE:
        return [one["code"] for one in scene.client.diagnostics(scene.file.as_uri())]
    scene.client.wait_for_request("workspace/diagnostic/refresh")
    return pulled(scene)


def pulled(scene: Scene) -> list[str]:
    """Return the rules of what is found in the file, for a client that asks."""
    return [one["code"] for one in scene.client.pull(scene.file.as_uri())["items"]]


@pytest.mark.parametrize("capabilities", [ABLE, PULL_CAPABILITIES], ids=["push", "pull"])
def test_findings_follow(tmp_path: Path, index: Index, capabilities: Message) -> None:
    """What is found in open files follows an operation at once, and not when it is looked again."""
    scene = Scene(tmp_path, index, "uv", command=PATIENT, capabilities=capabilities)
    client = scene.client
    with client:
        scene.file.write_text("flask==3.1.0\n")
        scene.create()
        client.open(scene.file.as_uri(), "flask==3.1.0\n")
        found: list[str] = []
        if capabilities is PULL_CAPABILITIES:
            # Whoever has asked once is told when to ask again.
            found = pulled(scene)
        while found != ["not-installed"]:
            found = told(scene, capabilities)
        scene.run("installRequirements", yes=True)
        after = told(scene, capabilities)
        scene.run("undo", yes=True)
        undone = told(scene, capabilities)

    assert [] == after
    assert ["not-installed"] == undone


def test_status_follows(uv_scene: Scene) -> None:
    """A status bar, and whoever lists environments, are told of a new one."""
    scene = uv_scene
    scene.file.write_text("tiny==1.0\n")
    scene.client.open(scene.file.as_uri(), "tiny==1.0\n")
    none = scene.client.wait("pinfold/environmentChanged")
    scene.run("createEnvironment", python=BASE, install=True, yes=True)
    changed = scene.client.wait("pinfold/inventoryChanged")
    # Somebody may have looked while it was being made.
    found = scene.client.wait(
        "pinfold/environmentChanged",
        lambda params: params["state"] == "found" and not params["missing"],
    )

    assert "none" == none["state"]
    assert {"folders": [str(scene.root)]} == changed
    assert str(scene.environment) == found["prefix"]


def test_undo_button(uv_scene: Scene) -> None:
    """A message says what was done, and its button takes it back."""
    scene = uv_scene
    scene.create("tiny==1.0")
    scene.client.wait_for_request("window/showMessageRequest")
    scene.client.replies["window/showMessageRequest"] = lambda _params: {"title": "Undo"}
    scene.run("installPackages", packages=["tiny==2.0"], yes=True)
    asked = scene.client.wait_for_request("window/showMessageRequest")
    told = scene.client.wait("window/showMessage")

    assert (".venv: 1 changed.", [{"title": "Undo"}]) == (asked["message"], asked["actions"])
    assert ".venv is as it was before: 1 changed." == told["message"]
    assert {"tiny": "1.0"} == scene.installed


def test_failure(scene: Scene) -> None:
    """Why it failed is told, the log is one step away, and the lines at fault are findings."""
    scene.create("tiny==1.0")
    scene.client.wait_for_request("window/showMessageRequest")
    text = "tiny\nflask==3.1.0\nquarts==1.0\n"
    uri = scene.file.as_uri()
    scene.file.write_text(text)
    scene.client.open(uri, text)
    scene.client.replies["window/showMessageRequest"] = lambda _params: {"title": "Show Log"}
    result = scene.run("installRequirements", yes=True)
    asked = scene.client.wait_for_request("window/showMessageRequest")
    shown = scene.client.wait_for_request("window/showDocument")
    logged = scene.client.wait("window/logMessage", lambda params: params["type"] == 1)
    published = scene.client.wait(
        "textDocument/publishDiagnostics",
        lambda params: "install-failed" in [one["code"] for one in params["diagnostics"]],
    )
    failed = [one for one in published["diagnostics"] if one["code"] == "install-failed"]
    scene.client.change(uri, 2, {"text": text + "\n"})

    assert ("failed", "conflict") == (result["result"], result["failure"]["kind"])
    assert asked["message"].startswith("These requirements cannot be met together")
    assert shown["uri"] == Path(result["failure"]["log"]).as_uri()
    first, end, *lines = logged["message"].split("\n")
    assert f"--requirement={scene.file} has failed, in {scene.environment}: These " in first
    assert end.endswith(f"{result['failure']['log']}:")
    assert (
        lines == [f"    {line}" for line in Path(shown["uri"][7:]).read_text().splitlines()][-40:]
    )
    assert {(1, 0, 12), (2, 0, 11)} == {
        (place["start"]["line"], place["start"]["character"], place["end"]["character"])
        for place in (one["range"] for one in failed)
    }
    assert "install-failed" not in [one["code"] for one in scene.client.diagnostics(uri, 2)]
    assert {"tiny": "1.0"} == scene.installed


def test_failure_in_a_closed_file(uv_scene: Scene) -> None:
    """Lines at fault are findings of files that are not open, too, until the next operation."""
    scene = uv_scene
    scene.create()
    scene.file.write_text("flask==3.1.0\nquarts==1.0\n")
    while len(scene.client.diagnostics(scene.file.as_uri())) < 2:
        pass
    scene.run("installRequirements", yes=True)

    def has_failed(params: Message) -> bool:
        return "install-failed" in [one["code"] for one in params["diagnostics"]]

    scene.client.wait("textDocument/publishDiagnostics", has_failed)
    scene.run("installPackages", packages=["tiny"], yes=True)
    scene.client.wait("textDocument/publishDiagnostics", lambda params: not has_failed(params))


def test_preview_keeps_failed_lines(tmp_path: Path, index: Index) -> None:
    """Lines at which an installation has failed are shown until something is done."""
    scene = Scene(tmp_path, index, "uv", capabilities=PULL_CAPABILITIES)
    with scene.client:
        scene.create()
        text = "flask==3.1.0\nquarts==1.0\n"
        scene.file.write_text(text)
        scene.client.open(scene.file.as_uri(), text)
        scene.run("installRequirements", yes=True)
        failed = pulled(scene)
        scene.run("installPackages", packages=["tiny"], dryRun=True)
        scene.run("removeEnvironment")
        kept = pulled(scene)
        scene.run("installPackages", packages=["tiny"], yes=True)
        gone = pulled(scene)

    assert [2, 2, 0] == [found.count("install-failed") for found in (failed, kept, gone)]


def test_listings_follow(uv_scene: Scene) -> None:
    """Whoever lists packages is told of what was installed, in whichever environment that is."""
    scene = uv_scene
    scene.create("tiny==1.0")
    other = scene.root / "other"
    scene.run("createEnvironment", path=str(other), python=BASE, install=False, yes=True)
    # That one is in use now, and looked at; nobody looks at the first any more.
    scene.client.wait("pinfold/environmentChanged", lambda params: params["prefix"] == str(other))
    scene.client.notifications.clear()
    first = str(scene.environment)
    scene.run("installPackages", environment=first, packages=["tiny==2.0"], yes=True)
    changed = scene.client.wait("pinfold/inventoryChanged")

    assert {"folders": [str(scene.root)]} == changed


# What is asked.


def test_nobody_agrees(uv_scene: Scene) -> None:
    """Nothing is done without a look at the plan; who can show none is told to pass `yes`."""
    scene = uv_scene
    scene.create("tiny==1.0")
    declined = scene.run("installPackages", packages=["flask"])
    preview = scene.client.wait_for_request("pinfold/preview")
    previewed = scene.run("installPackages", packages=["flask"], dryRun=True)
    scene.client.replies["pinfold/preview"] = lambda _params: {"action": "nonsense"}
    refused = scene.begin("installPackages", packages=["flask"])

    validate(preview, "preview")
    assert ("declined", "previewed") == (declined["result"], previewed["result"])
    assert ["Environment: .venv", "+ flask 3.1.0  (flask)"] == preview["lines"][:2]
    assert ["flask", "werkzeug"] == [one["name"] for one in previewed["plan"]["changes"]]
    check_refused(scene.client, refused, REQUEST_FAILED, "pass yes")
    assert {"tiny": "1.0"} == scene.installed


def test_create_asks(uv_scene: Scene) -> None:
    """Where and with which Python an environment is made, and what is put into it, is asked for."""
    scene = uv_scene
    scene.create()
    scene.run("refresh")
    scene.file.write_text("tiny==2.0\n")
    picks: list[Message] = []
    answers = iter(
        [
            {"ids": ["other"]},  # not over the one that is there
            {"ids": ["enter"]},  # an interpreter by its path
            {"back": True},  # and then back to the Python
            {"ids": ["enter"]},
            {"ids": ["install"]},
        ]
    )
    texts = iter([{"value": "nested/env"}, {"value": BASE}, {"value": BASE}])

    def pick(params: Message) -> object:
        picks.append(params)
        return next(answers)

    scene.client.replies["pinfold/pick"] = pick
    scene.client.replies["pinfold/input"] = lambda _params: next(texts)
    scene.client.replies["pinfold/preview"] = lambda _params: {"action": "do"}
    result = scene.run("createEnvironment")
    scene.environment = scene.root / "nested" / "env"
    recommended = [item for item in picks[1]["items"] if item["group"] == "Recommended"]

    assert "done" == result["result"]
    assert {"tiny": "2.0"} == scene.installed
    assert str(scene.environment) == result["plan"]["prefix"]
    assert 1 == len(recommended)
    assert [False, True, True, True, True] == [params["back"] for params in picks]


def test_wrong_answers(uv_scene: Scene) -> None:
    """What is typed is judged before it is taken: packages, places, interpreters."""
    scene = uv_scene
    scene.create("tiny==1.0")
    asked: list[Message] = []
    texts: Iterator[object] = iter([{"value": "tiny=2"}, {"value": "tiny>=2 flask"}])

    def typed(params: Message) -> object:
        asked.append(params)
        return next(texts)

    scene.client.replies["pinfold/input"] = typed
    scene.client.replies["pinfold/preview"] = lambda _params: {"action": "do"}
    scene.run("installPackages")
    texts = iter([{"value": ".venv"}, None])
    scene.client.replies["pinfold/pick"] = lambda _params: {"ids": ["other"]}
    declined = scene.run("createEnvironment", python=BASE)

    assert [None, "tiny==2", None, "already"] == [
        word if word is None else next((one for one in ("tiny==2", "already") if one in word), word)
        for word in (params["problem"] for params in asked)
    ]
    assert "declined" == declined["result"]
    assert {"flask": "3.1.0", "tiny": "2.0", "werkzeug": "3.1.3"} == scene.installed


def test_names_that_are_refused_while_typing(tmp_path: Path) -> None:
    """What no file system holds, what looks like an option, and what is not in the project."""
    project = tmp_path / "shop"
    names = ["é" * 128, "-v", "../elsewhere", str(tmp_path / "x"), "é" * 127, "sub/venv"]
    problems = [_problem_of_place(project, (project,), name) for name in names]

    assert [
        "a name is no longer than 255 bytes",
        "a name that begins with a hyphen looks like an option to every command",
        *[f"that is not in {project}"] * 2,
        *[None] * 2,
    ] == problems
    assert _problem_of_place(project, (project, tmp_path), str(tmp_path / "x")) is None


def test_packages_are_picked(uv_scene: Scene) -> None:
    """What is uninstalled, and what is upgraded, is chosen among what is installed."""
    scene = uv_scene
    scene.create("tiny==1.0", "flask==3.0.0", "werkzeug==3.0.0")
    scene.client.replies["pinfold/pick"] = lambda _params: {"ids": ["*"]}
    scene.client.replies["pinfold/preview"] = lambda _params: {"action": "do"}
    scene.run("upgradePackages", level="minor")
    upgraded = scene.installed
    pick = scene.client.wait_for_request("pinfold/pick")
    scene.client.replies["pinfold/pick"] = lambda _params: {"ids": ["flask"]}
    scene.run("uninstallPackages", withUnused=True)
    bad = scene.begin("upgradePackages", level="huge")

    names = [item["id"] for item in pick["items"] if item["id"] not in _SEEDS]
    assert ["*", "flask", "tiny", "werkzeug"] == names
    assert {"flask": "3.1.0", "tiny": "1.0", "werkzeug": "3.1.3"} == upgraded
    assert {"tiny": "1.0"} == scene.installed
    check_refused(scene.client, bad, -32602, "level")


@pytest.mark.parametrize(
    ("command", "arguments", "way_out"),
    [
        ("createEnvironment", {}, "uv sync"),
        ("installPackages", {"packages": ["tiny"]}, "uv add tiny"),
        ("installRequirements", {}, "uv sync"),
        ("uninstallPackages", {}, "uv sync"),
        ("upgradePackages", {}, "uv sync"),
        ("syncEnvironment", {}, "uv sync"),
    ],
)
def test_a_manager_has_not_made_it_yet(
    uv_scene: Scene, command: str, arguments: dict[str, object], way_out: str
) -> None:
    """Nobody is asked anything first, and the one command that helps is named once."""
    (uv_scene.root / "uv.lock").write_text("version = 1\n")
    (uv_scene.root / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")

    try:
        uv_scene.run(command, **arguments)
    except ServerError as error:
        said = error.error["message"]
    else:
        said = uv_scene.client.wait("window/showMessage")["message"]

    asked = {one["method"] for one in uv_scene.client.requests if "pinfold/" in one["method"]}
    assert set() == asked
    assert said.startswith("uv.lock says that uv looks after this project")
    assert said.endswith(f"use {way_out}")
    assert not uv_scene.environment.exists()


def test_no_environment(uv_scene: Scene) -> None:
    """Where there is no environment to install into, making one is offered."""
    scene = uv_scene
    scene.run("refresh")
    scene.file.write_text("tiny==1.0\n")
    refused = scene.begin("installRequirements", yes=True)
    scene.client.replies["pinfold/pick"] = lambda params: {"ids": [params["items"][0]["id"]]}
    scene.client.replies["pinfold/preview"] = lambda params: {"action": params["actions"][0]["id"]}
    check_refused(scene.client, refused, REQUEST_FAILED, "no environment")
    result = scene.run("installRequirements")

    assert ("done", "create") == (result["result"], result["plan"]["verb"])
    assert {"tiny": "1.0"} == scene.installed


def test_several_files(uv_scene: Scene) -> None:
    """Of several requirements files, it is asked which are meant; what is compiled counts once."""
    scene = uv_scene
    scene.create()
    for name, text in {
        "requirements.in": "tiny\n",
        "requirements.txt": "tiny==1.0\n",
        "requirements/dev.txt": "flask==3.0.0\n",
        "constraints.txt": "werkzeug==3.0.0\n",
    }.items():
        path = scene.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    scene.client.replies["pinfold/pick"] = lambda params: {
        "ids": [item["id"] for item in params["items"]]
    }
    scene.client.replies["pinfold/preview"] = lambda _params: {"action": "do"}
    scene.run("installRequirements")
    pick = scene.client.wait_for_request("pinfold/pick")

    planned = scene.run("createEnvironment", python=BASE, over=True, install=True, dryRun=True)

    assert "It is filled by 1 requirement." in planned["plan"]["notes"]
    assert [("requirements.txt", True), ("requirements/dev.txt", False)] == [
        (item["label"], item["picked"]) for item in pick["items"]
    ]
    assert {"flask": "3.0.0", "tiny": "1.0", "werkzeug": "3.1.3"} == scene.installed


def test_unsaved_edits(uv_scene: Scene) -> None:
    """Of edits that are not saved a person is told; what is on disk is what is installed."""
    scene = uv_scene
    scene.create()
    scene.file.write_text("-r base.txt\n")
    base = scene.root / "base.txt"
    base.write_text("tiny==1.0\n")
    scene.client.open(base.as_uri(), "tiny==2.0\n")
    declined = scene.run("installRequirements", files=[str(scene.file)])
    asked = scene.client.wait_for_request("pinfold/preview")
    scene.client.replies["pinfold/preview"] = lambda params: {"action": params["actions"][0]["id"]}
    scene.run("installRequirements", files=[str(scene.file)])

    assert ("declined", None) == (declined["result"], declined["plan"])
    assert "base.txt has edits that are not saved" == asked["title"]
    assert {"tiny": "1.0"} == scene.installed


def test_client_with_messages_alone(tmp_path: Path, index: Index) -> None:
    """Any editor: what is asked comes as messages with buttons."""
    scene = Scene(tmp_path, index, "uv", capabilities=CAPABILITIES)
    scene.file.write_text("tiny==1.0\n")
    asked: list[Message] = []

    def press(params: Message) -> object:
        asked.append(params)
        return params["actions"][0] if params["actions"][0]["title"] != "Undo" else NO_REPLY

    scene.client.replies["window/showMessageRequest"] = press
    with scene.client:
        result = scene.run("createEnvironment", python=BASE)
        refused = scene.begin("installPackages")
        check_refused(scene.client, refused, REQUEST_FAILED, "pass packages")

    assert "done" == result["result"]
    assert [
        ["Install from requirements.txt", "Install nothing"],
        ["Create", "Cancel"],
    ] == [[action["title"] for action in params["actions"]] for params in asked[:2]]
    assert "Environment: .venv" in asked[1]["message"]


# Files.


def edits_of(params: Message, uri: str) -> list[str]:
    """Return what an edit inserts into a document."""
    changes = [one for one in params["edit"]["documentChanges"] if "textDocument" in one]

    assert [uri] == [one["textDocument"]["uri"] for one in changes]
    return [edit["newText"] for edit in changes[0]["edits"]]


def test_saved(uv_scene: Scene) -> None:
    """What was installed is written into a file by the client, pinned; what goes is taken out."""
    scene = uv_scene
    scene.create()
    text = "# ours\nflask==3.0.0\n"
    scene.file.write_text(text)
    uri = scene.file.as_uri()
    scene.client.open(uri, text)
    scene.client.replies["workspace/applyEdit"] = lambda _params: {"applied": True}
    scene.run("installPackages", packages=["tiny"], save=str(scene.file), yes=True)
    added = scene.client.wait_for_request("workspace/applyEdit")
    scene.client.change(uri, 2, {"text": text + "tiny==2.0\n"})
    scene.run("uninstallPackages", packages=["tiny"], save=str(scene.file), yes=True)
    removed = scene.client.wait_for_request("workspace/applyEdit")
    new = scene.root / "new.txt"
    scene.run("installPackages", packages=["tiny<2"], save=str(new), yes=True)
    made = scene.client.wait_for_request("workspace/applyEdit")
    scene.client.replies["workspace/applyEdit"] = lambda _params: {"applied": False}
    scene.run("installPackages", packages=["flask"], save=str(scene.file), yes=True)
    told = scene.client.wait(
        "window/showMessage", lambda params: "not written" in params["message"]
    )

    assert ["tiny==2.0\n"] == edits_of(added, uri)
    assert [""] == edits_of(removed, uri)
    assert ["tiny<2\n"] == edits_of(made, new.as_uri())
    assert {"kind": "create", "uri": new.as_uri(), "options": {"ignoreIfExists": True}} == made[
        "edit"
    ]["documentChanges"][0]
    assert text == scene.file.read_text()
    assert 2 == told["type"]


def test_cancelled_while_a_file_is_written(uv_scene: Scene) -> None:
    """What is installed by then stays so, which is told, with what was not written, and Undo."""
    scene = uv_scene
    scene.create()
    scene.file.write_text("")
    scene.client.wait_for_request("window/showMessageRequest")
    scene.client.replies["workspace/applyEdit"] = lambda _params: NO_REPLY
    identifier = scene.begin("installPackages", packages=["tiny"], save=str(scene.file), yes=True)
    applied(scene)
    scene.client.notify("$/cancelRequest", {"id": identifier})
    check_refused(scene.client, identifier, REQUEST_CANCELLED)
    asked = scene.client.wait_for_request("window/showMessageRequest")
    told = scene.client.wait("window/showMessage")
    installed = scene.installed
    undone = scene.run("undo", yes=True)

    assert (".venv: 1 added.", [{"title": "Undo"}]) == (asked["message"], asked["actions"])
    assert "not written into" in told["message"]
    assert {"tiny": "2.0"} == installed
    assert ("done", []) == (undone["result"], undone["unsaved"])


def applied(scene: Scene) -> Message:
    """Return the next edit that the client is asked for."""
    params: Message = scene.client.wait_for_request("workspace/applyEdit")
    return params


def test_saved_and_taken_back(uv_scene: Scene) -> None:
    """What was written is said before, and taken back with the installation where it is open."""
    scene = uv_scene
    scene.create()
    text = "# ours\nflask==3.0.0\n"
    scene.file.write_text(text)
    uri = scene.file.as_uri()
    scene.client.open(uri, text)
    scene.client.replies["workspace/applyEdit"] = lambda _params: {"applied": True}
    wish = {"packages": ["tiny"], "save": str(scene.file)}
    previewed = scene.run("installPackages", dryRun=True, **wish)
    scene.client.replies["pinfold/preview"] = lambda params: {"action": params["actions"][0]["id"]}
    saved = scene.run("installPackages", **wish)
    shown = scene.client.wait_for_request("pinfold/preview")
    applied(scene)
    scene.client.change(uri, 2, {"text": f"{text}tiny==2.0\n"})
    undone = scene.run("undo", yes=True)
    taken_back = applied(scene)
    scene.client.change(uri, 3, {"text": text})
    scene.run("undo", redo=True, yes=True)
    again = applied(scene)

    lines = [{"path": str(scene.file), "line": 3, "before": None, "after": "tiny==2.0"}]
    assert (lines, lines) == (previewed["plan"]["saves"], saved["saved"])
    assert "writes requirements.txt:3: tiny==2.0" in shown["lines"]
    assert [{**lines[0], "before": "tiny==2.0", "after": None}] == undone["saved"]
    assert [""] == edits_of(taken_back, uri)
    assert ["tiny==2.0\n"] == edits_of(again, uri)


def test_changed_since_it_was_saved(uv_scene: Scene) -> None:
    """What somebody has edited stays as it is, which he is told."""
    scene = uv_scene
    scene.create()
    uri = scene.file.as_uri()
    scene.client.open(uri, "")
    scene.client.replies["workspace/applyEdit"] = lambda _params: {"applied": True}
    scene.run("installPackages", packages=["tiny"], save=str(scene.file), yes=True)
    scene.client.change(uri, 2, {"text": "tiny==2.0\n# mine\n"})
    undone = scene.run("undo", yes=True)
    told = scene.client.wait("window/showMessage", lambda params: "stays" in params["message"])

    stays = "requirements.txt was changed since it was written, and stays as it is."
    assert ([], [stays]) == (undone["saved"], undone["unsaved"])
    assert stays == told["message"]
    assert {} == {name: found for name, found in scene.installed.items() if name == "tiny"}


def test_a_new_file_is_taken_back(uv_scene: Scene) -> None:
    """A file that the client has made is taken away by it again."""
    scene = uv_scene
    scene.create()
    new = scene.root / "new.txt"

    def make(_params: Message) -> object:
        new.write_text("tiny==2.0\n")
        return {"applied": True}

    scene.client.replies["workspace/applyEdit"] = make
    scene.run("installPackages", packages=["tiny"], save=str(new), yes=True)
    applied(scene)
    scene.client.replies["workspace/applyEdit"] = lambda _params: {"applied": True}
    scene.run("undo", yes=True)

    removal = {"kind": "delete", "uri": new.as_uri(), "options": {"ignoreIfNotExists": True}}
    assert [removal] == applied(scene)["edit"]["documentChanges"]


def test_what_cannot_be_saved(uv_scene: Scene) -> None:
    """It is refused before anything is installed."""
    scene = uv_scene
    scene.create()
    (scene.root / "setup.py").write_text("x = 1\n")
    refused = scene.run("installPackages", packages=["tiny"], save=str(scene.root), yes=True)
    other = scene.run(
        "installPackages", packages=["tiny"], save=str(scene.root / "setup.py"), yes=True
    )

    assert ("refused", "refused") == (refused["result"], other["result"])
    assert "is a directory" in refused["refusal"]["message"]
    assert "setup.py is not a requirements file" == other["refusal"]["message"]
    assert "tiny" not in scene.installed


def test_percentages(scene: Scene) -> None:
    """Under the client's token they begin at 0, never go down and are not 100 before the end."""
    scene.create()
    scene.client.begin(
        "workspace/executeCommand",
        {
            "command": "pinfold.installPackages",
            "arguments": [{"packages": ["flask", "tiny"], "yes": True}],
            "workDoneToken": "mine",
        },
    )
    values: list[Any] = []
    while not values or values[-1]["kind"] != "end":
        params = scene.client.wait("$/progress", deadline_s=DEADLINE_S)
        if params["token"] == "mine":
            values.append(params["value"])

    percentages = [value["percentage"] for value in values[:-1]]
    assert 0 == percentages[0]
    assert sorted(percentages) == percentages
    assert percentages[-1] < 100


def test_rebuilt_where_nobody_can_read_the_packages(uv_scene: Scene) -> None:
    """What the project's file asks for is installed then."""
    scene = uv_scene
    scene.create("flask")
    scene.file.write_text("tiny==1.0\n")
    (site_packages,) = scene.environment.glob("lib/python3*/site-packages")
    shutil.rmtree(site_packages)
    rebuilt = scene.run("rebuildEnvironment", yes=True)

    assert "done" == rebuilt["result"], rebuilt
    assert {"tiny": "1.0"} == scene.installed


def test_a_place_that_would_break_scripts(uv_scene: Scene) -> None:
    """It is refused whatever has named it."""
    scene = uv_scene
    refused = scene.run("createEnvironment", path=str(scene.root / "a:b"), python=BASE, yes=True)

    assert "separates folders in PATH" in refused["refusal"]["message"]


def test_words_of_an_editor(uv_scene: Scene) -> None:
    """Nobody in front of an editor is told to run `pinfold`, or to pass it an option."""
    scene = uv_scene
    scene.create("flask==3.1.0")
    older = scene.run("installPackages", packages=["tiny==1.0"], yes=True)["id"]
    scene.run("installPackages", packages=["tiny==2.0"], yes=True)
    previews: list[Message] = []
    scene.client.replies["pinfold/preview"] = previews.append
    scene.run("uninstallPackages", packages=["flask"])
    scene.run("undo")
    scene.run("undo", id=older, yes=True)
    later = scene.client.wait("window/showMessage")["message"]
    scene.file.write_text("tiny >== 2\n")
    scene.run("installRequirements", yes=True)
    refused = scene.client.wait("window/showMessage")["message"]

    uninstalling, undoing = ("\n".join(one["lines"]) for one in previews)
    assert "werkzeug stays, though nothing else needs it." in uninstalling
    assert re.search(r"^Takes back: install of [-\d]+ [:\d]+$", undoing, re.MULTILINE)
    assert re.fullmatch(r"Undo the later change first: install of tiny, \d\d:\d\d", later)
    assert "requirements.txt:1: >== is no operator: write >=; mend it, and try again" == refused


def test_written_down(uv_scene: Scene) -> None:
    """What is installed becomes a file, pins, a tree and a history, without trust."""
    scene = uv_scene
    scene.create("flask", "tiny==1.0")
    scene.client.notify("pinfold/trustChanged", {"trusted": False})
    scene.client.replies["workspace/applyEdit"] = lambda _params: {"applied": True}
    scene.file.write_text("flask\ntiny<2\nunknown\nwerkzeug<3\n")
    frozen = scene.run("freeze", file=str(scene.file))
    whole = scene.client.wait_for_request("workspace/applyEdit")
    pinned = scene.run("pinAll")
    said = scene.client.wait("window/showMessage", lambda shown: "pinned" in shown["message"])
    pins = scene.client.wait_for_request("workspace/applyEdit")
    tree = scene.run("showDependencyTree")
    why = scene.run("showDependencyTree", why="werkzeug")
    history = scene.run("showHistory")
    uri = scene.file.as_uri()

    assert "flask==3.1.0\ntiny==1.0\nwerkzeug==3.1.3\n" == frozen["text"]
    assert [frozen["text"]] == edits_of(whole, uri)
    assert (2, 2) == (pinned["pinned"], pinned["left"])
    assert said["message"].startswith("requirements.txt: 2 requirements pinned, 2 left open")
    assert ["==3.1.0", "==1.0"] == edits_of(pins, uri)
    assert ["flask 3.1.0", "└── werkzeug 3.1.3"] == tree["text"].split("\n")[:2]
    assert ["flask"] == [branch["name"] for branch in why["trees"]]
    assert ["create"] == [entry["verb"] for entry in history["entries"]]


# Trust and settings.


def test_untrusted(uv_scene: Scene) -> None:
    """Every command that changes an environment is refused in a workspace that is not trusted."""
    scene = uv_scene
    scene.client.notify("pinfold/trustChanged", {"trusted": False})
    for command in (
        *("createEnvironment", "removeEnvironment", "rebuildEnvironment", "undo"),
        *("installRequirements", "installPackages", "uninstallPackages"),
        *("upgradePackages", "syncEnvironment"),
    ):
        refused = scene.begin(command, yes=True)
        name = COMMANDS_BY_ID[f"pinfold.{command}"].name
        check_refused(scene.client, refused, REQUEST_FAILED, f"{name} runs programs", "not trusted")


@pytest.mark.parametrize("agrees", [True, False])
def test_trust_that_is_taken_back(uv_scene: Scene, *, agrees: bool) -> None:
    """Nothing is changed by a plan that was made, or shown, while there was trust."""
    scene = uv_scene
    scene.create("tiny==1.0")

    def distrust(_params: Message) -> object:
        scene.client.notify("pinfold/trustChanged", {"trusted": False})
        return {"action": "do"}

    scene.client.replies["pinfold/preview"] = distrust
    scene.client.replies["window/workDoneProgress/create"] = distrust if agrees else lambda _: None
    refused = scene.begin("installPackages", packages=["tiny==2.0"], yes=agrees)

    with pytest.raises(ServerError, match="Install packages runs programs") as caught:
        scene.client.answer(refused)
    assert {"reason": "untrusted"} == caught.value.error["data"]
    assert {"tiny": "1.0"} == scene.installed


def test_installer_that_is_set(uv_scene: Scene) -> None:
    """Which installer is used is told at the beginning, and may be changed in a session."""
    scene = uv_scene
    scene.create()
    with_uv = scene.run("installPackages", packages=["tiny"], dryRun=True)
    settings = {"settings": {"pinfold": {"installer": "pip"}}}
    scene.client.notify("workspace/didChangeConfiguration", settings)
    with_pip = scene.run("createEnvironment", python=BASE, over=True, dryRun=True, yes=True)
    settings = {"settings": {"pinfold": {"uvPath": str(scene.root / "no-uv")}}}
    scene.client.notify("workspace/didChangeConfiguration", settings)
    refused = scene.run("installPackages", packages=["tiny"], dryRun=True)

    assert with_uv["plan"]["installer"].startswith("uv ")
    assert with_pip["plan"]["installer"].startswith("pip ")
    assert "uv was not found" in refused["refusal"]["message"]


def test_new_environment_is_used(uv_scene: Scene) -> None:
    """One that is made where nobody would look is kept as the choice for its folder."""
    scene = uv_scene
    place = scene.folder / "elsewhere"
    scene.run("createEnvironment", path=str(place), python=BASE, install=False, yes=True)
    result = scene.run("explainEnvironment")

    assert str(place) == result["prefix"]


def test_made_like_another(uv_scene: Scene) -> None:
    """An environment, or an interpreter, that is named gives the Python of the new one."""
    scene = uv_scene
    scene.create()
    place = str(scene.folder / "second")
    plans = [
        scene.run("createEnvironment", path=place, install=False, dryRun=True, yes=True, **named)[
            "plan"
        ]
        for named in (
            {"python": BASE},
            {"environment": BASE},
            {"environment": str(scene.environment)},
        )
    ]

    assert [plans[0]["notes"]] * 3 == [plan["notes"] for plan in plans]


def test_interpreter_of_somebody_else(uv_scene: Scene, tmp_path: Path) -> None:
    """What must not be removed, and whose files nobody may change, is refused with the reason."""
    scene = uv_scene
    result = scene.run("removeEnvironment", environment=str(scene.root), yes=True)
    told = scene.client.wait("window/showMessage")

    assert "refused" == result["result"]
    assert result["refusal"]["message"] in told["message"]
    assert scene.root.exists()


def test_reasons_why_nothing_is_changed(uv_scene: Scene) -> None:
    """They are sentences: whatever drops the ends of lines drops nothing that is needed."""
    scene = uv_scene
    scene.create("tiny==1.0")
    scene.file.write_text("tiny==1.0\n")
    scene.run("upgradePackages", packages=["tiny"], yes=True)

    said = scene.client.wait("window/showMessage")["message"]
    reason = "tiny cannot move: requirements.txt, line 1, asks for tiny==1.0."
    assert f"{reason} There is nothing to change." == said
