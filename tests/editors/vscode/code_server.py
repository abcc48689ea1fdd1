"""A VS Code with the packaged extension: a code-server process, and the folders that are its own.

Owns its home, its settings, its extensions and every process that it brings forth. Knows nothing of
windows; those are :mod:`tests.editors.vscode.workbench`'s.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.editors.vscode import marked
from tests.editors.vscode.prepare import node, prepare
from tests.editors.vscode.relay import Relay
from tests.harness.index import quiet_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START_S = 120.0
END_S = 20.0
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

SETTINGS: Mapping[str, object] = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.enableExperiments": False,
    "workbench.reduceMotion": "on",
    "workbench.colorTheme": "Default Light Modern",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    # In a browser, files are otherwise saved all by themselves.
    "files.autoSave": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "extensions.ignoreRecommendations": True,
    "chat.disableAIFeatures": True,
    "git.enabled": False,
    "npm.autoDetect": "off",
    "remote.autoForwardPorts": False,
    "editor.cursorBlinking": "solid",
    "editor.minimap.enabled": False,
    # Written into an editor, text stays as it was written.
    "editor.autoClosingBrackets": "never",
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    # Text that is drawn on a canvas cannot be read.
    "terminal.integrated.gpuAcceleration": "off",
    "terminal.integrated.defaultProfile.linux": "bash",
    "window.confirmBeforeClose": "never",
    "files.simpleDialog.enable": True,
}

_CONTENT_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension=".json" ContentType="application/json"/>
<Default Extension=".js" ContentType="application/javascript"/>
<Default Extension=".vsixmanifest" ContentType="text/xml"/></Types>
"""

_MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
<Metadata><Identity Language="en-US" Id="{name}" Version="{version}" Publisher="{publisher}"/>
<DisplayName>{name}</DisplayName><Description>A stub for tests.</Description></Metadata>
<Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
<Dependencies/>
<Assets><Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json"/></Assets>
</PackageManifest>
"""


def interpreter_folder() -> Path:
    """Return where the interpreter is that this one's environment was made with: no uv is there."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve().parent


def uv_folder() -> Path:
    """Return where uv is."""
    return Path(sys.executable).parent


def stub_extension(folder: Path, package: Mapping[str, object], script: str) -> Path:
    """Return an extension to install, made of a package.json and the text of its one script."""
    package = {"main": "./main.js", "engines": {"vscode": "^1.91.0"}, "version": "1.0.0", **package}
    path = folder / f"{package['publisher']}.{package['name']}.vsix"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("extension.vsixmanifest", _MANIFEST.format_map(package))
        archive.writestr("extension/package.json", json.dumps(package))
        archive.writestr("extension/main.js", script)
    return path


def install_extensions(folder: Path, extensions: Sequence[Path]) -> None:
    """Install extensions, each a VSIX, into a folder that a code-server may then have."""
    home = folder.with_name(f"{folder.name}-home")
    home.mkdir(parents=True)
    completed = subprocess.run(
        [
            *_command(folder, home / "data"),
            *(argument for path in extensions for argument in ("--install-extension", path)),
        ],
        env=quiet_variables(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )

    assert 0 == completed.returncode, completed.stdout + completed.stderr


def _command(extensions: Path, data: Path) -> list[str | Path]:
    return [
        node(),
        prepare(),
        "--extensions-dir",
        extensions,
        "--user-data-dir",
        data,
        "--disable-telemetry",
        "--disable-update-check",
    ]


class CodeServer:
    """A code-server in *root*, a folder of the test's, with the extensions that are in a folder.

    *path* are the folders in which the extension finds programs, and *variables* what else its
    environment holds, or does not where one is ``None``. *settings* are the user's. *under* is a
    command that runs it, and *offline* one that also cuts it off from networks: it is then reached
    over a socket in the file system.

    Invariant: after the ``with``, no process is left of those that it, the extension, or a terminal
    have started.
    """

    def __init__(
        self,
        root: Path,
        extensions: Path,
        *,
        path: Sequence[Path | str] = (),
        variables: Mapping[str, str | None] | None = None,
        settings: Mapping[str, object] | None = None,
        under: Sequence[str | Path] = (),
        offline: Sequence[str] = (),
    ) -> None:
        self.root = root
        self.extensions = extensions
        self.home = root / "home"
        self.state = root / "state"
        self._data = root / "data"
        self._path = path or (interpreter_folder(), *SYSTEM_PATH)
        self._variables = variables or {}
        self._settings = settings or {}
        self._under = (*offline, *under)
        self._is_offline = bool(offline)
        self._kept = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def extension(self) -> Path:
        """The folder of the extension as it is installed."""
        (folder,) = self.extensions.glob("pinfold.pinfold-*")
        return folder

    @property
    def _settings_file(self) -> Path:
        return self._data / "User" / "settings.json"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the extension."""
        variables: dict[str, str | None] = {
            **quiet_variables(self.home),
            "PATH": os.pathsep.join(map(str, self._path)),
            "SHELL": "/bin/bash",
            "PINFOLD_STATE_DIR": str(self.state),
            "XDG_DATA_HOME": str(self.home / "share"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            marked.MARK: str(self.root),
            **self._variables,
        }
        return {name: value for name, value in variables.items() if value is not None}

    def address(self, opened: Path | None = None, file: Path | None = None) -> str:
        """Return the address of a window on a folder or a ``.code-workspace`` file, or on none.

        *file* is open in it at once.
        """
        host = f"127.0.0.1:{self._port}"
        query = {"ew": "true"}
        if opened is not None:
            kind = "workspace" if opened.suffix == ".code-workspace" else "folder"
            query = {kind: str(opened)}
        if file is not None:
            query["payload"] = json.dumps([["openFile", f"vscode-remote://{host}{file}"]])
        return f"http://{host}/?{urlencode(query)}"

    def set(self, settings: Mapping[str, object] | None = None) -> None:
        """Write the user's settings anew: these, over those that it was made with."""
        self._settings_file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**SETTINGS, **self._settings, **(settings or {})}, indent=2)
        self._settings_file.write_text(text, encoding="utf-8")

    def processes(self, *, within: str = "") -> list[str]:
        """Return the command lines of what runs by its doing, if *within* is in them."""
        lines = map(marked.command_line, marked.marked(str(self.root)))
        return sorted(line for line in lines if line and within in line)

    def interfaces(self, *, within: str) -> list[str]:
        """Return the network interfaces that there are for those processes."""
        return [
            line.partition(":")[0].strip()
            for process in marked.marked(str(self.root))
            if within in marked.command_line(process)
            for line in Path(f"/proc/{process}/net/dev").read_text(encoding="ascii").splitlines()
            if ":" in line
        ]

    def kill(self, *within: str) -> int:
        """Kill those processes in whose command lines one of these is; return how many it were."""
        lines = {process: marked.command_line(process) for process in marked.marked(str(self.root))}
        found = [process for process, line in lines.items() if any(text in line for text in within)]
        marked.kill(found)
        return len(found)

    def logs(self) -> dict[str, str]:
        """Return what was logged: by the server, by extension hosts, by extensions."""
        found = {}
        for path in sorted((self._data / "logs").rglob("*.log")):
            name = path.relative_to(self._data / "logs").as_posix()
            found[name] = path.read_text(encoding="utf-8", errors="replace")
        output = self.root / "code-server.log"
        if output.exists():
            found["code-server.log"] = output.read_text(encoding="utf-8", errors="replace")
        return found

    def __enter__(self) -> CodeServer:
        self.home.mkdir(parents=True, exist_ok=True)
        # VS Code takes its environment from a login shell, where the system sets a PATH of its own.
        path = shlex.quote(self.variables["PATH"])
        (self.home / ".profile").write_text(f"export PATH={path}\n", encoding="utf-8")
        # What the screen shows is then the same on every machine.
        (self.home / ".bashrc").write_text("PS1='\\W\\$ '\n", encoding="utf-8")
        # Where they are from an earlier time, a human may have changed them.
        if not self._settings_file.exists():
            self.set()
        listening = self._listening()
        self._guard = subprocess.Popen(
            [sys.executable, marked.__file__, self.root], stdin=subprocess.PIPE
        )
        with (self.root / "code-server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *self._under,
                    *_command(self.extensions, self._data),
                    "--auth",
                    "none",
                    *listening,
                    "--disable-getting-started-override",
                ],
                cwd=self.home,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self._end()

    def _listening(self) -> tuple[str, str]:
        if self._is_offline:
            # Not in a folder of the test's, which has a longer name than that of a socket may be.
            folder = Path(self._kept.enter_context(TemporaryDirectory()))
            self._port = self._kept.enter_context(Relay(folder / "socket")).port
            return "--socket", str(folder / "socket")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        return "--bind-addr", f"127.0.0.1:{self._port}"

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while True:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=5),
            ):
                return
            assert self._process.poll() is None, self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(marked.LOOK_S)

    def _end(self) -> None:
        assert self._process is not None
        assert self._guard is not None
        assert self._guard.stdin is not None
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_S)
        # What the server has started outlives it for a while, in case that it comes back.
        self._guard.stdin.close()
        self._guard.wait(END_S)
        self._kept.close()

        assert [] == self.processes()
