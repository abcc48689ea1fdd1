"""The server that runs behind a window: found, killed, left, and come back to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.code_server import SYSTEM_PATH
from tests.editors.vscode.projects import content, installed, python_of, write
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.editors.vscode.code_server import CodeServer
    from tests.editors.vscode.conftest import HalfWay, Maker, Opener

pytestmark = [pytest.mark.editor, pytest.mark.slow]

SERVER = "run.py server"
VERSIONS = ("3.10", "3.13")

# Over each Python of the system, something that cannot be started; then what it is told.
_HIDE = """
for found in /usr/bin/python3* /usr/local/bin/python3* /opt/conda/bin/python3*; do
    if [ -e "$found" ]; then mount --bind /dev/null "$(readlink -f "$found")"; fi
done
exec "$@"
"""
WITHOUT_PYTHON = ("unshare", "--map-root-user", "--mount", "sh", "-c", _HIDE, "sh")


def interpreter(version: str) -> Path:
    """Return a Python of a version: on PATH, or where pyenv keeps it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places = [
        *(Path(folder) / f"python{version}" for folder in os.get_exec_path()),
        *sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}")),
    ]
    ask = "import sys; print('%d.%d' % sys.version_info[:2], sys._base_executable)"
    for place in filter(Path.exists, places):
        # pyenv's shims are there for every version, and do not run for most.
        asked = subprocess.run(
            [place, "-I", "-c", ask], capture_output=True, text=True, timeout=60, check=False
        )
        found, _, executable = asked.stdout.strip().partition(" ")
        if found == version:
            return Path(executable).resolve()
    pytest.fail(f"there is no Python {version} here")


def test_killed_server_comes_back(window: Opener, server: CodeServer, tmp_path: Path) -> None:
    """A server that is killed is started again, once, and knows what has changed since."""
    project = write(tmp_path / "blog", {"requirements.txt": "flask==3.0.3\n"})
    wb = window(project, "requirements.txt")
    expect(wb.status("No environment")).to_be_visible()
    killed = server.kill(SERVER)
    expect(wb.notification("stopped unexpectedly")).to_be_visible()
    wb.screenshot("server-killed")
    wb.write("flask==3.0.3\nflask\n")

    expect(wb.problem("already required on line 1")).to_be_visible()
    assert 1 == killed
    assert 1 == len(server.processes(within=SERVER))


def test_no_python(window: Opener, new_server: Maker, tmp_path: Path) -> None:
    """Where there is no Python the window says so, and what to do; with one it works at once."""
    uv = write(tmp_path / "bin", {"uv": _UV.format(python=interpreter("3.13"))}) / "uv"
    uv.chmod(0o755)
    project = write(tmp_path / "blog", {"requirements.txt": "flask\nflask\n"})
    server = new_server(
        path=(uv.parent, *SYSTEM_PATH),
        settings={"security.workspace.trust.enabled": False},
        under=WITHOUT_PYTHON,
    )
    wb = window(project, "requirements.txt", on=server)
    expect(wb.notification("found none")).to_be_visible()
    wb.screenshot("no-python")
    without = server.processes(within=SERVER)
    wb.press_button("Install with uv", "found none")
    # Its terminal closes before the server starts, and the panel with it.
    expect(wb.squiggles().first).to_be_visible()
    expect(wb.problem("already required on line 1")).to_be_visible()
    wb.screenshot("python-installed")

    assert [] == without
    (running,) = server.processes(within=SERVER)
    assert os.path.realpath(running.split()[0]) == str(interpreter("3.13"))
    assert "python install 3.13" == (server.home / "uv-was-told").read_text().strip()


# Stands for uv: it takes no Python from the net, but links one to where uv puts those it fetches.
_UV = """#!/bin/sh
echo "$@" > "$HOME/uv-was-told"
folder="$XDG_DATA_HOME/uv/python/cpython-3.13/bin"
mkdir -p "$folder"
ln -s {python} "$folder/python3"
"""


def test_window_closed_during_an_install(half_way: HalfWay, server: CodeServer) -> None:
    """A window that is closed ends what runs for it, and puts back what was there before."""
    project = half_way.project
    were_running = server.processes(within=str(project))
    half_way.window.screenshot("before-it-closes")
    half_way.window.close()
    eventually(lambda: not server.processes(within=str(project)), "the installer has ended")
    eventually(lambda: not server.processes(within=SERVER), "the server has ended")

    assert were_running
    assert half_way.before == content(project / ".venv")


def test_next_start_recovers(half_way: HalfWay, window: Opener, server: CodeServer) -> None:
    """What a machine that went down has left half-way is put back when the window opens again."""
    project = half_way.project
    # Whatever could put something back goes at once, and the window after it.
    server.kill(SERVER, "extensionHost", str(project))
    half_way.window.close()
    wb = window(project, "requirements.txt")
    expect(wb.status(".venv")).to_be_visible()
    wb.show_notifications()
    expect(wb.notification("install was interrupted; all is as it was before")).to_be_visible()
    wb.screenshot("recovered")

    assert half_way.before == content(project / ".venv")
    assert {"sqlparse": "0.5.1"} == installed(project / ".venv")


def test_installed_server(window: Opener, server: CodeServer, tmp_path: Path) -> None:
    """A `pinfold` command that is set is the server at once, and so it is with other settings."""
    project = write(tmp_path / "blog", {"requirements.txt": "flask==3.0.3\nflask\n"})
    command = Path(sys.executable).with_name("pinfold")
    wb = window(project, "requirements.txt")
    expect(wb.problem("already required on line 1")).to_be_visible()
    assert server.processes(within=SERVER)

    assert "" == trace(server)
    settings = project / ".vscode" / "settings.json"
    write_settings(settings, {"pinfold.path": str(command), "pinfold.trace.server": "messages"})
    eventually(lambda: not server.processes(within=SERVER), "the server of the extension has ended")
    eventually(lambda: server.processes(within=f"{command} server"), "the other one runs")
    eventually(lambda: "textDocument/diagnostic" in trace(server), "messages are in the trace")
    expect(wb.problem("already required on line 1")).to_be_visible()
    wb.screenshot("installed-server")

    write_settings(settings, {"pinfold.path": "pinfold"})
    expect(wb.notification("is no absolute path")).to_be_visible()
    eventually(lambda: not server.processes(within=f"{command} server"), "that one has ended, too")
    write_settings(settings, {})
    eventually(lambda: server.processes(within=SERVER), "the server of the extension runs again")


def write_settings(path: Path, settings: Mapping[str, object]) -> None:
    """Write the settings of a workspace, as one whole."""
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(settings), encoding="utf-8")
    new.replace(path)


def trace(server: CodeServer) -> str:
    """Return what was written of the messages between the windows and their servers."""
    return "".join(text for name, text in server.logs().items() if "Pinfold Trace" in name)


@pytest.mark.parametrize("version", VERSIONS)
def test_versions_of_python(
    window: Opener, new_server: Maker, tmp_path: Path, version: str, offline: tuple[str, ...]
) -> None:
    """The extension works on the oldest Python and on a new one, with no network at all."""
    python = interpreter(version)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(python)
    project = write(tmp_path / "blog", {"requirements.txt": "flask==3.0.3\nflask\n"})
    server = new_server(
        path=(tmp_path / "bin", *SYSTEM_PATH),
        settings={"security.workspace.trust.enabled": False},
        offline=offline,
    )
    wb = window(project, "requirements.txt", on=server)
    expect(wb.problem("already required on line 1")).to_be_visible()
    wb.run("pinfold.createEnvironment")
    wb.pick(f"Python {version}")
    wb.pick("Install nothing")
    wb.press_in_dialog("Create")
    expect(wb.notification("Created")).to_be_visible()
    wb.screenshot(f"python-{version}")

    (running,) = server.processes(within=SERVER)
    assert str(python) == os.path.realpath(running.split()[0])
    found = python_of(project / ".venv", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    assert version == found
    assert not offline or ["lo"] == server.interfaces(within=SERVER)
