"""The VS Code extension as people install it: what is in it, and that its server runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pinfold
from tests.harness.vsix import built_vsix, unpacked
from tests.lsp.client import Client
from tests.project.checkout import ROOT, committed_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.slow

LIBRARIES = "extension/bundled/libs/"

MOST_BYTES = 5_000_000

_PATH = re.compile(r"(?:\./)?(?:[\w-]+/)*[\w.-]+\.(?:js|json|md|png|svg)")


@pytest.fixture(scope="module")
def vsix() -> Iterator[zipfile.ZipFile]:
    """Give the archive."""
    with zipfile.ZipFile(built_vsix()) as archive:
        yield archive


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the extension, unpacked outside the checkout."""
    return unpacked(built_vsix(), tmp_path_factory.mktemp("installed"))


@pytest.fixture(params=["3.10", "3.13"])
def python(request: pytest.FixtureRequest) -> str:
    """Give an interpreter of each version that the extension has to work with."""
    return interpreter(request.param)


def interpreter(version: str) -> str:
    """Return the interpreter of *version* on PATH or under pyenv, or skip the test."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = shutil.which(f"python{version}")
    candidates = [found] if found else []
    candidates += map(str, pyenv.glob(f"versions/{version}.*/bin/python"))
    says_version = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        # What pyenv puts on PATH may stand for a version that is not switched on.
        asked = subprocess.run([candidate, "-c", says_version], capture_output=True, check=False)
        if asked.stdout.decode() == version:
            return candidate
    pytest.skip(f"there is no Python {version}, so the extension was not tested with it")


# What is in it.


def test_it_is_small_and_the_same_each_time(vsix: zipfile.ZipFile) -> None:
    """The archive fits the promise, and nothing in it tells when or by whom it was made."""
    built = Path(str(vsix.filename))
    entries = vsix.infolist()[2:]  # after those that every such archive has

    assert MOST_BYTES > built.stat().st_size
    assert {(2020, 2, 2, 0, 0, 0)} == {entry.date_time for entry in vsix.infolist()}
    assert [] == [entry.filename for entry in entries if entry.external_attr >> 16 & 0o111]


def test_it_holds_what_it_needs_and_nothing_else(vsix: zipfile.ZipFile) -> None:
    """Beside the bundle there is only what an editor reads of an extension."""
    names = set(vsix.namelist())
    manifest = json.loads(vsix.read("extension/package.json"))
    own = {name for name in names if not name.startswith(LIBRARIES)}

    assert {
        "[Content_Types].xml",
        "extension.vsixmanifest",
        "extension/LICENSE.txt",
        "extension/bundled/run.py",
        "extension/changelog.md",
        "extension/dist/extension.js",
        "extension/dist/third-party-licenses.txt",
        "extension/language-configuration.json",
        "extension/media/icon.png",
        "extension/package.json",
        "extension/readme.md",
        "extension/snippets/pip-requirements.json",
        "extension/syntaxes/pip-requirements.tmLanguage.json",
    } == {name for name in own if not name.startswith("extension/media/walkthrough/")}
    assert [] == [name for name in _files_named_by(manifest) if f"extension/{name}" not in names]
    assert pinfold.__version__ == manifest["version"]


def test_the_bundle_is_the_locked_packages_and_this_server(vsix: zipfile.ZipFile) -> None:
    """One version of each project of the lock, whatever its marker, and every module of ours."""
    names = [name.removeprefix(LIBRARIES) for name in vsix.namelist() if LIBRARIES in name]
    metadata = {
        Parser().parsestr(vsix.read(LIBRARIES + name).decode())["Name"].lower()
        for name in names
        if name.endswith(".dist-info/METADATA")
    }
    lock = (ROOT / "requirements/run.txt").read_text(encoding="utf-8")
    server = ROOT / "server"
    modules = {
        path.relative_to(server).as_posix()
        for path in committed_files()
        if path.is_relative_to(server)
    }

    assert {"pinfold", *re.findall(r"^([a-z][a-z0-9-]*)==", lock, re.MULTILINE)} == {
        name.replace("_", "-") for name in metadata
    }
    assert modules == {name for name in names if name.startswith("pinfold/")}


def test_the_bundle_is_pure_python_without_tests(vsix: zipfile.ZipFile) -> None:
    """Nothing in it runs on one kind of machine only, or is for its makers only."""
    kinds = re.compile(r".+\.(py|pyi|txt|yaml)|.+/(py\.typed|METADATA|LICENSE|licenses/.+)")
    names = [name for name in vsix.namelist() if name.startswith(LIBRARIES)]

    assert [] == [name for name in names if not kinds.fullmatch(name)]
    assert [] == [name for name in names if re.search(r"/(tests?|testing|__pycache__|bin)/", name)]
    assert [] == [
        name
        for name in names
        if vsix.read(name)[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
        or vsix.read(name)[:2] == b"MZ"
    ]


def test_every_part_keeps_its_licence(vsix: zipfile.ZipFile) -> None:
    """Ours, that of each Python package, and those of what the client is bundled with."""
    names = vsix.namelist()
    packages = {match[1] for name in names if (match := re.match(r"(.+\.dist-info)/", name))}
    licensed = {
        match[1]
        for name in names
        if (match := re.match(r"(.+\.dist-info)/(?:licenses/.*)?LICENSE", name))
    }
    bundled = vsix.read("extension/dist/third-party-licenses.txt").decode()

    assert packages == licensed
    assert "vscode-languageclient " in bundled
    assert bundled.count("MIT License") <= bundled.count("Permission is hereby granted")
    assert (ROOT / "LICENSE").read_bytes() == vsix.read("extension/LICENSE.txt")


def test_it_names_no_place_of_this_machine(vsix: zipfile.ZipFile) -> None:
    """Where it was built stands in none of its files."""
    here = re.compile(re.escape(str(ROOT)).encode())

    assert [] == [name for name in vsix.namelist() if here.search(vsix.read(name))]


# Its server, on each Python and without a network.


def test_its_version(
    extension: Path, python: str, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    """What an editor's log shows is the version of the project."""
    started = command(python, extension, "--version", cwd=tmp_path)
    result = run([*offline, *started], tmp_path)

    assert (0, f"pinfold {pinfold.__version__}\n", "") == (
        result.returncode,
        result.stdout,
        result.stderr,
    )


def test_it_judges_a_file(
    extension: Path, python: str, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    """The command works, and what it imports is compiled, once, where the editor wants it."""
    (tmp_path / "requirements.txt").write_text("flask = 3\n", encoding="utf-8")
    compiled = tmp_path / "compiled"

    started = command(python, extension, "check", "--no-env", cwd=tmp_path)
    result = run([*offline, *started], tmp_path)

    assert (1, "") == (result.returncode, result.stderr)
    assert "requirements.txt:1:1: error[invalid-requirement]" in result.stdout
    assert [] == list(extension.rglob("__pycache__"))
    assert compiled_of(extension / "bundled/libs/pinfold", compiled)
    # The checkout is on PYTHONPATH.
    assert not compiled_of(ROOT, compiled)


def test_packages_of_the_interpreter_are_passed_over(
    extension: Path, python: str, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    """The bundle has what it was tested with, whatever is installed where it runs."""
    subprocess.run(
        [python, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=120
    )
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    for name in ("packaging", "pinfold", "typing_extensions"):
        (packages / f"{name}.py").write_text(f"raise SystemExit('another {name}')", "utf-8")
    (tmp_path / "requirements.txt").write_text("flask == 3 ; python_version > '3'\n", "utf-8")

    other = str(tmp_path / "venv/bin/python")
    started = command(other, extension, "check", "--no-env", cwd=tmp_path)
    result = run([*offline, *started], tmp_path)

    assert (0, "") == (result.returncode, result.stderr)


def test_it_speaks_the_protocol(
    extension: Path, python: str, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    """An editor's first session: a handshake, a finding, the end."""
    path = tmp_path / "requirements.txt"
    path.write_text("", encoding="utf-8")
    started = command(python, extension, "server", cwd=tmp_path)
    with Client([*offline, *started], cwd=tmp_path, is_warm=False) as client:
        answer = client.initialize(root=tmp_path)
        client.open(path.as_uri(), "flask = 3\n")
        found = client.wait(
            "textDocument/publishDiagnostics", lambda params: params["diagnostics"] != []
        )
        status = client.shut_down()

    assert pinfold.__version__ == answer["serverInfo"]["version"]
    assert "invalid-requirement" in [finding["code"] for finding in found["diagnostics"]]
    assert 0 == status


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.9"])
def test_a_python_that_is_too_old_says_so(version: str) -> None:
    """Even a Python that could read nothing else of it says what is needed, and in its status."""
    python = interpreter(version)
    result = subprocess.run(
        [python, str(ROOT / "client-vscode/bundled/run.py"), "server"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (69, "") == (result.returncode, result.stdout)
    assert (
        f"pinfold: needs Python 3.10 or newer, but {python} is Python {version}\n" == result.stderr
    )


def command(python: str, extension: Path, *arguments: str, cwd: Path) -> tuple[str, ...]:
    """Return how the extension starts its server."""
    cache = f"pycache_prefix={cwd / 'compiled'}"
    return (python, "-I", "-X", cache, str(extension / "bundled/run.py"), *arguments)


def compiled_of(folder: Path, compiled: Path) -> list[Path]:
    """Return the compiled files of what lies in *folder*."""
    return list((compiled / folder.relative_to(folder.anchor)).rglob("*.pyc"))


def run(started: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in *cwd*, the checkout being where Python would look first."""
    return subprocess.run(
        started,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _files_named_by(value: object) -> Iterator[str]:
    """Yield each path in a manifest that is relative to the extension."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _files_named_by(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _files_named_by(inner)
    elif isinstance(value, str) and _PATH.fullmatch(value):
        yield value.removeprefix("./")
