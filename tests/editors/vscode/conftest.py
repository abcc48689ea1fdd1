"""Fixtures: a browser, the extension installed once, a code-server for most tests, windows.

Owns what is kept of a test that fails: a screenshot, the page's console and all logs, in
``build/editor-failures``.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.editors.required import absent, programs
from tests.editors.vscode.code_server import CodeServer, install_extensions
from tests.editors.vscode.prepare import NotPreparedError, missing, prepare
from tests.editors.vscode.projects import SQLPARSE, SlowProject, content, make_environment, write
from tests.harness.index import Index
from tests.harness.vsix import built_vsix
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from playwright.sync_api import Browser

    from tests.editors.vscode.workbench import Workbench

FAILURES = ROOT / "build" / "editor-failures"
SHOTS = ROOT / "build" / "screenshots"
SIZE = {"width": 1280, "height": 800}

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

_FAILED = pytest.StashKey[bool]()


class Opener(Protocol):
    """Opens windows; they close when the test ends."""

    def __call__(
        self,
        opened: Path | None,
        file: str = "",
        *,
        settings: Mapping[str, object] | None = None,
        on: CodeServer | None = None,
    ) -> Workbench:
        """Return a window on a folder or a ``.code-workspace`` file, of the common server or *on*.

        *file*, a path from the folder or that file's, is open in it. What windows remember (trust,
        layout) is as in a browser that was never used.
        """
        ...


class Maker(Protocol):
    """Makes a server; it ends when the test ends."""

    def __call__(
        self,
        *,
        path: Sequence[Path | str] = (),
        variables: Mapping[str, str | None] | None = None,
        settings: Mapping[str, object] | None = None,
        under: Sequence[str | Path] = (),
        offline: Sequence[str] = (),
        more_extensions: Sequence[Path] = (),
    ) -> CodeServer:
        """Return a server in a folder of the test's, one for each test.

        See :class:`CodeServer` for what it is told; its windows ask whether they are trusted.
        *more_extensions* stand beside ours.
        """
        ...


@dataclass(frozen=True, slots=True)
class HalfWay:
    """A window in which an installation is held up, its project, and what was there *before*."""

    window: Workbench
    project: Path
    before: Mapping[str, bytes | str]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test has failed, for the end of its fixtures."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


# For the package, and not the session: other tests run event loops of their own, which cannot be
# while Playwright's runs in the same thread.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    if find_spec("playwright") is None:
        absent("playwright", "it drives the browser: pip install playwright")
    program = next((found for name in BROWSERS for found in programs(name)), None)
    if program is None:
        absent("Chromium", "it shows VS Code: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(BROWSER_ARGUMENTS), headless=True
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def extensions(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of extensions with the packaged one in it."""
    for what in missing():
        absent(what, "VS Code (code-server) is made with it")
    try:
        prepare()
    except NotPreparedError as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        absent("code-server", f"{reason}; python -m tests.editors.vscode.prepare tells more")
    folder = tmp_path_factory.mktemp("vscode") / "extensions"
    install_extensions(folder, [_vsix()])
    return folder


@pytest.fixture(scope="package")
def index() -> Iterator[Index]:
    """Return a package index, to which tests may add."""
    with Index([]) as index:
        yield index


@pytest.fixture(scope="package")
def server(
    extensions: Path, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CodeServer]:
    """Return the server of those tests that need none of their own; its windows are trusted."""
    with CodeServer(
        tmp_path_factory.mktemp("code-server"),
        extensions,
        variables={"PIP_INDEX_URL": index.url},
        settings={"security.workspace.trust.enabled": False},
    ) as server:
        yield server


@pytest.fixture
def new_server(extensions: Path, index: Index, tmp_path: Path) -> Iterator[Maker]:
    """Return what makes a server of the test's own."""
    with ExitStack() as stack:

        def make(
            *,
            path: Sequence[Path | str] = (),
            variables: Mapping[str, str | None] | None = None,
            settings: Mapping[str, object] | None = None,
            under: Sequence[str | Path] = (),
            offline: Sequence[str] = (),
            more_extensions: Sequence[Path] = (),
        ) -> CodeServer:
            folder = extensions
            if more_extensions:
                folder = tmp_path / "extensions"
                install_extensions(folder, [_vsix(), *more_extensions])
            return stack.enter_context(
                CodeServer(
                    tmp_path / "code-server",
                    folder,
                    path=path,
                    variables={"PIP_INDEX_URL": index.url, **(variables or {})},
                    settings=settings,
                    under=under,
                    offline=offline,
                )
            )

        yield make


@pytest.fixture
def window(request: pytest.FixtureRequest, browser: Browser, new_server: Maker) -> Iterator[Opener]:
    """Return what opens windows. They close before the server of the test does."""
    from tests.editors.vscode.workbench import Workbench

    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name.removeprefix("test_")).strip("-")
    shutil.rmtree(FAILURES / name, ignore_errors=True)
    opened_on: list[tuple[Workbench, CodeServer]] = []
    with ExitStack() as stack:

        def open_window(
            opened: Path | None,
            file: str = "",
            *,
            settings: Mapping[str, object] | None = None,
            on: CodeServer | None = None,
        ) -> Workbench:
            server = on or request.getfixturevalue("server")
            server.set(settings)
            context = stack.enter_context(browser.new_context(viewport=SIZE))  # type: ignore[arg-type]  # a dict of two integers
            workbench = Workbench(context.new_page(), server.extension, SHOTS)
            opened_on.append((workbench, server))
            shown = None
            if file:
                assert opened is not None
                shown = (opened if opened.is_dir() else opened.parent) / file
            workbench.open(server.address(opened, shown), file)
            if opened is not None and opened.is_file() and not workbench.has_folders():
                # VS Code in a browser may read the file of a workspace before it has a use for what
                # is in it, and then waits until it changes.
                opened.write_text(f"{opened.read_text(encoding='utf-8')}\n", encoding="utf-8")
            return workbench

        yield open_window
        if request.node.stash.get(_FAILED, False):
            for number, (workbench, server) in enumerate(opened_on):
                _keep(FAILURES / name / str(number), workbench, server)


@pytest.fixture
def half_way(window: Opener, tmp_path: Path) -> HalfWay:
    """Return an installation that is under way, and goes no further."""
    from playwright.sync_api import expect

    from tests.editors.vscode.workbench import eventually

    slow = SlowProject(tmp_path / "slow")
    project = write(tmp_path / "shop", {"requirements.txt": "sqlparse==0.5.1\n../slow\n"})
    make_environment(project / ".venv", SQLPARSE)
    before = content(project / ".venv")
    wb = window(project, "requirements.txt")
    expect(wb.status(".venv")).to_be_visible()
    wb.run("pinfold.installRequirements")
    expect(wb.dialog()).to_be_visible()
    slow.hold()
    wb.press_in_dialog("Install")
    eventually(lambda: slow.has_begun, "the installation is under way")
    return HalfWay(wb, project, before)


def _vsix() -> Path:
    """Return the extension that is tested: that of these sources, or one that somebody names."""
    named = os.environ.get("PINFOLD_VSIX")
    return Path(named) if named else built_vsix()


def _keep(folder: Path, workbench: Workbench, server: CodeServer) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not workbench.page.is_closed():
        workbench.page.screenshot(path=folder / "screen.png")
    (folder / "console.txt").write_text("\n".join(workbench.console), encoding="utf-8")
    (folder / "processes.txt").write_text("\n".join(server.processes()), encoding="utf-8")
    for name, text in server.logs().items():
        path = folder / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"kept in {os.path.relpath(folder, ROOT)}: screen, console, processes, logs")
