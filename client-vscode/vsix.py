"""The VS Code extension as one file to install, ``build/pinfold.vsix``.

Owns what it is made of and in which order, and whether that has changed since it was made.
Two builds of the same sources give the same bytes. Refuses to know what is in the Python part
(``bundle.py``), in the client (``esbuild.mjs``) and which files are packed (``.vscodeignore``).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bundle import LIBRARIES, make_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "client-vscode"
VSIX = ROOT / "build/pinfold.vsix"

_SOURCES = (
    *("client-vscode", "server", "requirements/build.txt", "requirements/run.txt"),
    # The server's metadata holds the page of the project.
    *("LICENSE", "README.md", "pyproject.toml"),
)

_LICENSE = CLIENT / "LICENSE"
_NOT_SOURCES = (*(LIBRARIES, _LICENSE, CLIENT / "dist", CLIENT / "node_modules", CLIENT / "test"),)

_MADE_FROM = VSIX.with_suffix(".sources")

# What the build backend of the server takes, too. Archives know local time only.
_FIXED_TIME = {"SOURCE_DATE_EPOCH": "1580601600", "TZ": "UTC"}


def main() -> int:
    """Make the extension unless it is there and its sources are the same as then."""
    # The archive keeps the modes of files.
    os.umask(0o022)
    VSIX.parent.mkdir(exist_ok=True)
    with VSIX.with_suffix(".lock").open("w") as lock:
        # Tests want it at the same time, each in a process of its own.
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = _digest_of_sources()
        if VSIX.exists() and _MADE_FROM.exists() and _MADE_FROM.read_text("utf-8") == sources:
            return 0
        _MADE_FROM.unlink(missing_ok=True)
        try:
            _make()
        except subprocess.CalledProcessError as error:
            sys.stderr.write(error.stdout or "")
            return error.returncode
        _MADE_FROM.write_text(sources, "utf-8")
    print(f"{VSIX.relative_to(ROOT)}: {VSIX.stat().st_size:,} bytes")
    return 0


def _make() -> None:
    modules = "client-vscode/node_modules/.package-lock.json"
    _run("make", "--silent", "-C", str(ROOT), f"DEV_VENV={sys.prefix}", modules)
    make_bundle()
    _run("npm", "run", "--silent", "build", "--", "--production")
    (CLIENT / "dist/third-party-licenses.txt").write_text("".join(_licenses()), "utf-8")
    shutil.copyfile(ROOT / "LICENSE", _LICENSE)
    _run(
        *("npm", "exec", "--", "vsce", "package", "--out", str(VSIX)),
        # The bundle has all that is needed of node_modules.
        "--no-dependencies",
        *("--allow-missing-repository", "--no-rewrite-relative-links"),
        # What is packed is public already, and the search would take most of the time.
        *("--allow-package-all-secrets", "--allow-package-env-file"),
    )


def _run(*command: str) -> str:
    # Node.js is a locked package of the environment that this runs in.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, **_FIXED_TIME}
    done = subprocess.run(
        command, cwd=CLIENT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _licenses() -> Iterator[str]:
    """Yield the licences of the npm packages that the client is bundled with."""
    listing = _run("npm", "ls", "--omit=dev", "--all", "--parseable")
    for folder in sorted(set(map(Path, listing.splitlines())) - {CLIENT}):
        manifest = json.loads((folder / "package.json").read_text("utf-8"))
        yield f"{manifest['name']} {manifest['version']} ({manifest['license']})\n\n"
        for path in sorted(folder.glob("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*")):
            yield f"{path.read_text('utf-8').strip()}\n\n\n"


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for name in _SOURCES:
        for path in sorted(_files(ROOT / name)):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path in _NOT_SOURCES or path.name == "__pycache__":
        return
    if path.is_dir():
        for inner in path.iterdir():
            yield from _files(inner)
    elif path.suffix != ".pyc":
        yield path


if __name__ == "__main__":
    sys.exit(main())
