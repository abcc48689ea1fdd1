"""A package index on loopback for tests: wheels and sdists made here, served by a real pypiserver.

`wheel` and `sdist` give archives, `write_project` a folder to install from; none of them needs a
build tool. `Index` serves archives; `FailingIndex`, which is our own, serves them as badly as it is
told to.

    with Index([wheel("flask", "3.1.0", requires=["werkzeug>=3"])]) as index:
        ... index.url ...
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import ssl
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from enum import Enum
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

START_S = 30.0

_DATE = (2020, 1, 1, 0, 0, 0)

# Copies a wheel that is there already, so that no build tool has to come from anywhere; an editable
# one has the same metadata, and a path instead of the modules.
_BACKEND = """
import base64, hashlib, os, shutil, sys, zipfile

FAILURE = {failure!r}

def build_wheel(directory, config_settings=None, metadata_directory=None):
    exec(FAILURE)
    (name,) = os.listdir("prebuilt")
    shutil.copy(os.path.join("prebuilt", name), directory)
    return name

def build_editable(directory, config_settings=None, metadata_directory=None):
    exec(FAILURE)
    (name,) = os.listdir("prebuilt")
    with zipfile.ZipFile(os.path.join("prebuilt", name)) as source:
        files = {{n: source.read(n) for n in source.namelist() if ".dist-info/" in n}}
    (record,) = [n for n in files if n.endswith("/RECORD")]
    del files[record]
    files["__editable__." + name.split("-")[0] + ".pth"] = os.path.abspath("src").encode()
    lines = []
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append("%s,sha256=%s,%d\\n" % (path, digest, len(data)))
    files[record] = ("".join(lines) + record + ",,\\n").encode()
    with zipfile.ZipFile(os.path.join(directory, name), "w") as target:
        for path, data in files.items():
            target.writestr(path, data)
    return name
"""

_PYPROJECT = """
[build-system]
requires = {build_requires}
build-backend = "backend"
backend-path = ["."]
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file for an index."""

    filename: str
    data: bytes

    @property
    def project(self) -> str:
        """The normalised name of the project."""
        if self.filename.endswith(".whl"):
            return parse_wheel_filename(self.filename)[0]
        return parse_sdist_filename(self.filename)[0]

    @property
    def sha256(self) -> str:
        """The digest of the data, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def wheel(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    requires_python: str | None = None,
    scripts: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> Archive:
    """Return a wheel.

    It has a module of the project's name that says `__version__` and has a `main`; *files* are
    further ones. *scripts* are console entry points; *extras* are requirements by extra.
    """
    module = canonicalize_name(name).replace("-", "_")
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    if requires_python is not None:
        metadata.append(f"Requires-Python: {requires_python}\n")
    metadata.extend(f"Requires-Dist: {requirement}\n" for requirement in requires)
    for extra, requirements in (extras or {}).items():
        metadata.append(f"Provides-Extra: {extra}\n")
        for requirement in requirements:
            text, semicolon, marker = requirement.partition(";")
            both = f"({marker}) and " if semicolon else ""
            metadata.append(f'Requires-Dist: {text}; {both}extra == "{extra}"\n')
    info = f"{module}-{version}.dist-info"
    contents = {
        f"{module}.py": f"__version__ = {version!r}\n\n\ndef main():\n    print({version!r})\n",
        **(files or {}),
        f"{info}/METADATA": "".join(metadata),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
        ),
    }
    if scripts:
        points = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        contents[f"{info}/entry_points.txt"] = f"[console_scripts]\n{points}"
    contents[f"{info}/RECORD"] = _record(contents, f"{info}/RECORD")
    return Archive(f"{module}-{version}-{tag}.whl", _zip(contents))


def _record(contents: Mapping[str, str], own: str) -> str:
    lines = []
    for path, text in contents.items():
        data = text.encode("utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{own},,\n"])


def _zip(contents: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in contents.items():
            # The same bytes each time, so that a digest can be written down.
            archive.writestr(zipfile.ZipInfo(path, _DATE), text.encode("utf-8"))
    return buffer.getvalue()


def write_project(
    folder: Path,
    built: Archive,
    *,
    failure: str = "",
    build_requires: Sequence[str] = (),
) -> Path:
    """Write a source tree that builds *built*, and return *folder*.

    *failure* is Python code that is run before anything is built; it may raise.
    """
    for path, data in _tree(built, failure, build_requires).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def _tree(built: Archive, failure: str, build_requires: Sequence[str]) -> dict[str, bytes]:
    files = {
        "pyproject.toml": _PYPROJECT.format(build_requires=list(build_requires)).encode(),
        "backend.py": _BACKEND.format(failure=failure).encode(),
        f"prebuilt/{built.filename}": built.data,
    }
    with zipfile.ZipFile(io.BytesIO(built.data)) as archive:
        for name in archive.namelist():
            if name.endswith("/METADATA"):
                files["PKG-INFO"] = archive.read(name)
            elif ".dist-info/" not in name:
                files[f"src/{name}"] = archive.read(name)
    return files


def sdist(built: Archive, *, failure: str = "", build_requires: Sequence[str] = ()) -> Archive:
    """Return the sdist that builds *built*; for the arguments see :func:`write_project`."""
    name, version = built.filename.split("-")[:2]
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path, data in _tree(built, failure, build_requires).items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return Archive(f"{name}-{version}.tar.gz", buffer.getvalue())


def without_record(archive: Archive) -> Archive:
    """Return a wheel that no installer takes: it lacks its list of files."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive.data)) as source,
        zipfile.ZipFile(buffer, "w") as target,
    ):
        for name in source.namelist():
            if not name.endswith(("/RECORD", "/WHEEL")):
                target.writestr(name, source.read(name))
    return Archive(archive.filename, buffer.getvalue())


def no_zip(archive: Archive) -> Archive:
    """Return a wheel that is not even a zip file."""
    return Archive(archive.filename, b"this is no wheel\n" * 20)


# The port is bound before it is printed, so that whoever has read it can connect.
_SERVE = """
import sys, warnings
warnings.simplefilter("ignore")
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from socketserver import ThreadingMixIn
import pypiserver

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

class Handler(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass

app = pypiserver.app(roots=[sys.argv[1]], disable_fallback=True)
server = make_server("127.0.0.1", 0, app, server_class=Server, handler_class=Handler)
print(server.server_port, flush=True)
# Ends with the test's process, however that one ends.
import threading
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""


class Index:
    """Archives, served by pypiserver in a process of its own."""

    def __init__(self, archives: Iterable[Archive]) -> None:
        self._archives = tuple(archives)
        self._folder = tempfile.TemporaryDirectory(prefix="index-")
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address of the simple API."""
        return f"http://127.0.0.1:{self._port}/simple/"

    @property
    def folder(self) -> Path:
        """Where the files lie: a place for ``--find-links`` too."""
        return Path(self._folder.name)

    def add(self, archive: Archive) -> None:
        """Add a file to those that are served, or replace it."""
        (self.folder / archive.filename).write_bytes(archive.data)

    def stop(self) -> None:
        """Answer no more, while the address stays what it was."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait(START_S)
            self._process = None

    def __enter__(self) -> Index:
        for archive in self._archives:
            self.add(archive)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder.parent,
            text=True,
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_raised: object) -> None:
        self.stop()
        self._folder.cleanup()


class Trouble(Enum):
    """What a failing index does."""

    UNAUTHORIZED = "401 for everything"
    FORBIDDEN = "403 for everything"
    BROKEN = "500 for everything"
    PROXY = "407 for everything, as a proxy that wants a password"
    CUT = "half of each file, then the connection is closed"
    WRONG_HASH = "pages tell another digest than that of the file"
    TELLS_PYTHON = "nothing: but pages tell the Pythons that each file is for"
    NONE = "nothing: it works"


class FailingIndex:
    """Archives, served badly.

    Where *password* is given, requests with it are answered. *certificate* is a PEM file with its
    key, for an index that speaks TLS.
    """

    def __init__(
        self,
        archives: Iterable[Archive],
        trouble: Trouble,
        *,
        password: str | None = None,
        certificate: Path | None = None,
    ) -> None:
        by_name = {archive.filename: archive for archive in archives}

        class Handler(_Handler):
            pass

        Handler.archives = by_name
        Handler.trouble = trouble
        Handler.password = password
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is made in the thread of the request: a client that breaks it off ends
            # that one, and not the server.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._scheme = "https"
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # noise only
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address of the simple API."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/simple/"

    def __enter__(self) -> FailingIndex:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    archives: Mapping[str, Archive] = {}
    trouble = Trouble.NONE
    password: str | None = None

    def do_HEAD(self) -> None:
        # uv asks how large a file is before it asks for the file.
        self.do_GET()

    def do_GET(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self.send_response(refusal)
            if refusal == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        kind, _, name = self.path.strip("/").partition("/")
        if kind == "simple" and name:
            self._page(canonicalize_name(name))
        elif kind == "files" and name in self.archives:
            self._file(self.archives[name])
        else:
            self.send_error(404)

    def _refusal(self) -> int | None:
        if self.password is not None:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            if base64.b64decode(given).decode().partition(":")[2] == self.password:
                return None
            return 401
        return {
            Trouble.UNAUTHORIZED: 401,
            Trouble.FORBIDDEN: 403,
            Trouble.PROXY: 407,
            Trouble.BROKEN: 500,
        }.get(self.trouble)

    def _page(self, project: str) -> None:
        found = [archive for archive in self.archives.values() if archive.project == project]
        if not found:
            self.send_error(404)
            return
        lines = []
        for archive in found:
            digest = "0" * 64 if self.trouble is Trouble.WRONG_HASH else archive.sha256
            name = archive.filename
            told = _requires_python(archive) if self.trouble is Trouble.TELLS_PYTHON else ""
            lines.append(f'<a href="/files/{name}#sha256={digest}"{told}>{name}</a><br>\n')
        self._send(f"<!DOCTYPE html><html><body>{''.join(lines)}</body></html>".encode(), "html")

    def _file(self, archive: Archive) -> None:
        if self.trouble is not Trouble.CUT:
            self._send(archive.data, "octet-stream")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(archive.data)))
        self.end_headers()
        self._write(archive.data[: len(archive.data) // 2])
        self.close_connection = True

    def _send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        media = "text/html" if kind == "html" else "application/octet-stream"
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _requires_python(archive: Archive) -> str:
    """Return an attribute as PEP 503 has it."""
    with zipfile.ZipFile(io.BytesIO(archive.data)) as source:
        for name in source.namelist():
            if name.endswith("/METADATA"):
                for line in source.read(name).decode("utf-8").splitlines():
                    if line.startswith("Requires-Python: "):
                        return f' data-requires-python="{escape(line.partition(" ")[2])}"'
    return ""


def quiet_variables(home: Path) -> dict[str, str]:
    """Return the variables of a process that knows no index and no cache but those it is told of.

    *home* is a folder of the test's.
    """
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CACHE_DIR": str(home / "pip-cache"),
        "UV_CACHE_DIR": str(home / "uv-cache"),
        "LC_ALL": "C.UTF-8",
        **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}),
    }
