"""What is installed, beside a running server: real environments, and plain pip in another process.

No client here watches files. Whatever is waited for has nothing but the client's own deadline.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lsp import hanging_server
from tests.lsp.client import CAPABILITIES, PULL_CAPABILITIES, SERVER, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example"
PACKAGE, VERSION = "gunicorn", "20.1.0"
"""Something that the shop requires on one line and nowhere else."""


def build_wheel(folder: Path, name: str, version: str) -> Path:
    """Write the smallest wheel there is."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Workspace:
    """A copy of the example workspace, whose shop has an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "workspace"
        shutil.copytree(EXAMPLE, self.root)
        self.environment = self.root / "shop" / ".venv"
        subprocess.run([sys.executable, "-m", "venv", str(self.environment)], check=True)
        self.wheel = build_wheel(folder, PACKAGE, VERSION)
        (self.file,) = (
            path
            for path in (self.root / "shop").rglob("*.txt")
            if f"{PACKAGE}==" in path.read_text()
        )

    def pip(self, *arguments: str) -> None:
        """Run the environment's own pip to its end."""
        python = self.environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*command, *arguments], check=True)

    def install(self) -> None:
        """Install the package."""
        self.pip("install", "--no-index", "--no-deps", str(self.wheel))

    def uninstall(self) -> None:
        """Take it away again."""
        self.pip("uninstall", "--yes", PACKAGE)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace in whose environment nothing but pip is installed."""
    return Workspace(tmp_path_factory.mktemp("environments"))


@pytest.fixture
def full_client() -> Iterator[Client]:
    """Return a client of a server that reads environments."""
    with Client(SERVER) as client:
        yield client


def is_missing(items: list[dict[str, Any]]) -> bool:
    """Return whether the package is reported as not installed."""
    return any(item["code"] == "not-installed" and PACKAGE in item["message"] for item in items)


def wait_until(client: Client, uri: str, *, missing: bool) -> None:
    """Wait for a publication that says whether the package is missing."""
    client.wait(
        "textDocument/publishDiagnostics",
        lambda params: params["uri"] == uri and is_missing(params["diagnostics"]) is missing,
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_installed_by_pip_while_findings_are_pushed(
    full_client: Client, workspace: Workspace, is_open: bool
) -> None:
    """A package that plain pip installs and removes shows, in a file that is open or not."""
    client, uri = full_client, workspace.file.as_uri()
    client.initialize(root=workspace.root, capabilities=CAPABILITIES)
    if is_open:
        client.open(uri, workspace.file.read_text())
    wait_until(client, uri, missing=True)
    workspace.install()
    wait_until(client, uri, missing=False)
    workspace.uninstall()
    wait_until(client, uri, missing=True)

    assert 0 == client.shut_down()
    assert "" == client.log


@pytest.mark.slow
def test_installed_by_pip_while_findings_are_pulled(
    full_client: Client, workspace: Workspace
) -> None:
    """A client that asks is asked to ask again whenever a package comes or goes."""
    client, uri = full_client, workspace.file.as_uri()
    client.initialize(root=workspace.root, capabilities=PULL_CAPABILITIES)
    client.open(uri, workspace.file.read_text())

    def wait_for_report(*, missing: bool) -> None:
        while is_missing(client.pull(uri)["items"]) is not missing:
            client.wait_for_request("workspace/diagnostic/refresh")

    wait_for_report(missing=True)
    workspace.install()
    wait_for_report(missing=False)
    workspace.uninstall()
    wait_for_report(missing=True)

    assert 0 == client.shut_down()


@pytest.mark.slow
def test_installed_by_pip_while_the_workspace_is_pulled(
    full_client: Client, workspace: Workspace
) -> None:
    """A request for the workspace that is held is answered when a package comes or goes."""
    client, uri = full_client, workspace.file.as_uri()
    client.initialize(root=workspace.root, capabilities=PULL_CAPABILITIES)
    known: dict[str, str] = {}

    def wait_for_report(*, missing: bool) -> None:
        is_told = False
        while not is_told:
            items = client.answer(client.begin_workspace_pull(known))["items"]
            known.update((item["uri"], item["resultId"]) for item in items)
            is_told = any(
                item["uri"] == uri
                and item["kind"] == "full"
                and is_missing(item["items"]) is missing
                for item in items
            )

    wait_for_report(missing=True)
    workspace.install()
    wait_for_report(missing=False)
    workspace.uninstall()
    wait_for_report(missing=True)

    assert 0 == client.shut_down()


def test_findings_do_not_wait_for_environments(full_client: Client, tmp_path: Path) -> None:
    """Findings come at once, and those that rest on an environment when that has been read."""
    uri = (tmp_path / "requirements.txt").as_uri()
    full_client.initialize(root=tmp_path)
    full_client.open(uri, "flask=1.0\nrich==1.0\n")
    first = [item["code"] for item in full_client.diagnostics(uri)]
    second = [item["code"] for item in full_client.diagnostics(uri)]

    assert ["invalid-requirement"] == first
    assert {"invalid-requirement", "no-environment"} == set(second)


def test_other_settings_are_another_environment(full_client: Client, tmp_path: Path) -> None:
    """When the settings name another environment, files are judged against that one."""
    main = tmp_path / "requirements.txt"
    make_environment(tmp_path / ".venv", "flask")
    make_environment(tmp_path / "other", "rich")
    full_client.initialize(root=tmp_path)
    full_client.open(main.as_uri(), "flask==1.0\nrich==1.0\n")
    wait_for_lines(full_client, main.as_uri(), [1])
    (tmp_path / "pinfold.toml").write_text('environment = "other"\n')

    wait_for_lines(full_client, main.as_uri(), [0])


def test_environment_that_hangs(tmp_path: Path) -> None:
    """Where the file system of one environment does not answer, all else goes on."""
    lively = tmp_path / "lively" / "requirements.txt"
    silent = tmp_path / "silent" / "requirements.txt"
    for file in (lively, silent):
        make_environment(file.parent / ".venv", "flask")
        file.write_text("flask==1.0\nrich==1.0\n")
    with Client((sys.executable, hanging_server.__file__)) as client:
        client.initialize(root=tmp_path)
        client.open(silent.as_uri(), "flask=1.0\n", version=1)
        client.open(lively.as_uri(), lively.read_text(), version=1)
        found = client.diagnostics(silent.as_uri(), 1)
        wait_for_lines(client, lively.as_uri(), [1])
        client.change(silent.as_uri(), 2, {"text": "flask\n"})
        edited = client.diagnostics(silent.as_uri(), 2)
        said = client.wait(
            "textDocument/publishDiagnostics",
            lambda params: (
                params["uri"] == silent.as_uri()
                and any("answer" in item["message"] for item in params["diagnostics"])
            ),
        )

        assert ["invalid-requirement"] == [item["code"] for item in found]
        assert "unpinned" in [item["code"] for item in edited]
        assert "not-installed" not in [item["code"] for item in said["diagnostics"]]
        assert 0 == client.shut_down()


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_environment_breaks_and_is_mended(
    full_client: Client, tmp_path: Path, is_open: bool
) -> None:
    """An environment that breaks beside the server is a finding soon, until it is mended."""
    client, root = full_client, tmp_path / "workspace"
    file, prefix = root / "requirements.txt", root / ".venv"
    make_environment(prefix, "flask")
    file.write_text("flask==1.0\nrich==1.0\n")
    client.initialize(root=root)
    if is_open:
        client.open(file.as_uri(), file.read_text())
    wait_for_codes(client, file.as_uri(), {"not-installed"})
    base = tmp_path / f"base-of-{root.name}"
    base.rename(tmp_path / "away")
    # What is installed can still be read, and is judged as before.
    wait_for_codes(client, file.as_uri(), {"not-installed", "broken-environment"})
    (tmp_path / "away").rename(base)
    wait_for_codes(client, file.as_uri(), {"not-installed"})
    (prefix / "lib").rename(tmp_path / "lib")
    wait_for_codes(client, file.as_uri(), {"broken-environment"})
    (tmp_path / "lib").rename(prefix / "lib")
    wait_for_codes(client, file.as_uri(), {"not-installed"})

    assert 0 == client.shut_down()
    assert "" == client.log


def test_another_python_is_asked_for(full_client: Client, tmp_path: Path) -> None:
    """A `.python-version` that somebody writes or changes shows, with the way to its line."""
    file, pinned = tmp_path / "requirements.txt", tmp_path / ".python-version"
    make_environment(tmp_path / ".venv", "flask")
    file.write_text("flask==1.0\n")
    full_client.initialize(root=tmp_path)
    full_client.open(file.as_uri(), file.read_text())
    wait_for_codes(full_client, file.as_uri(), set())
    pinned.write_text("3.9\n")
    first = wait_for_codes(full_client, file.as_uri(), {"wrong-python"})
    pinned.write_text("# ours\n\n  3.10\n")
    second = full_client.wait(
        "textDocument/publishDiagnostics",
        lambda params: (
            params["uri"] == file.as_uri() and "`3.10`" in params["diagnostics"][0]["message"]
        ),
    )["diagnostics"]
    pinned.unlink()
    wait_for_codes(full_client, file.as_uri(), set())
    places = [item["relatedInformation"][0]["location"] for (item,) in (first, second)]

    assert [pinned.as_uri()] * 2 == [place["uri"] for place in places]
    assert [(0, 0, 3), (2, 2, 6)] == [
        (span["start"]["line"], span["start"]["character"], span["end"]["character"])
        for span in (place["range"] for place in places)
    ]


def make_environment(prefix: Path, *names: str) -> None:
    """Write what makes an environment that works, with distributions of version 1.0."""
    site_packages = prefix / "lib" / "python3.12" / "site-packages"
    site_packages.mkdir(parents=True)
    home = prefix.parent.parent / f"base-of-{prefix.parent.name}"
    home.mkdir(exist_ok=True)
    (home / "python3.12").write_bytes(b"\x7fELF")
    (home / "python3.12").chmod(0o755)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to(home / "python3.12")
    (prefix / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = 3.12.1\n"
    )
    for name in names:
        info = site_packages / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").touch()


def wait_for_codes(client: Client, uri: str, expected: set[str]) -> list[dict[str, Any]]:
    """Wait until the findings are of those rules, and return them."""
    published = client.wait(
        "textDocument/publishDiagnostics",
        lambda params: (
            params["uri"] == uri and {item["code"] for item in params["diagnostics"]} == expected
        ),
    )
    items: list[dict[str, Any]] = published["diagnostics"]
    return items


def wait_for_lines(client: Client, uri: str, expected: list[int]) -> None:
    """Wait until the lines on which something is not installed are those."""

    def lines(items: list[dict[str, Any]]) -> list[int]:
        missing = [item for item in items if item["code"] == "not-installed"]
        return [item["range"]["start"]["line"] for item in missing]

    client.wait(
        "textDocument/publishDiagnostics",
        lambda params: params["uri"] == uri and lines(params["diagnostics"]) == expected,
    )
