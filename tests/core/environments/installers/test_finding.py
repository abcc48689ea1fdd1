"""Where uv and pip are found, and what an interpreter brings along."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from pinfold.core.environments.installers.finding_pip import Pip, choose_pip, read_pip
from pinfold.core.environments.installers.finding_uv import (
    Uv,
    UvFinder,
    UvPlaces,
    UvSearch,
    uv_candidates,
)
from pinfold.core.environments.installers.installer import Wanted, installer_variables, target_of
from pinfold.core.environments.installers.pip import PipInstaller
from pinfold.core.environments.installers.seeds import read_seed
from pinfold.core.environments.installers.sources import SourceReader
from pinfold.core.environments.installers.uv import UvInstaller
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem, MemoryFileSystem
from pinfold.core.model.plan import Failure, FailureKind
from tests.core.environments.test_probe import INTERPRETERS

if TYPE_CHECKING:
    from collections.abc import Iterable

FILES = LocalFileSystem()


class Programs(MemoryFileSystem):
    """Every file may be run."""

    def is_executable(self, path: str | os.PathLike[str]) -> bool:
        """Return whether there is such a file."""
        return self.is_file(path)


def everywhere(name: str = "uv") -> Programs:
    """Return a machine with uv in every place that we know of."""
    folders = (
        "/project/.venv/bin",
        "/path/bin",
        "/installed",
        "/home/me/.local/bin",
        "/home/me/.cargo/bin",
        "/brew/bin",
        "/opt/homebrew/bin",
    )
    return Programs({f"{folder}/{name}": "" for folder in folders})


def test_the_order_of_places() -> None:
    """The environment, PATH, uv's installer's folders, Homebrew's; each with its reason."""
    surroundings = Surroundings(
        "/home/me",
        {"PATH": "/path/bin:bin", "UV_INSTALL_DIR": "/installed", "HOMEBREW_PREFIX": "/brew"},
        "linux",
    )
    found = uv_candidates(UvPlaces(prefix=Path("/project/.venv")), surroundings, everywhere())

    assert [
        ("/project/.venv/bin/uv", "it is in the environment"),
        ("/path/bin/uv", "it is on PATH"),
        ("/installed/uv", "uv's installer puts it there"),
        ("/home/me/.local/bin/uv", "uv's installer puts it there"),
        ("/home/me/.cargo/bin/uv", "cargo and older installers put it there"),
        ("/brew/bin/uv", "Homebrew puts it there"),
        ("/opt/homebrew/bin/uv", "Homebrew puts it there"),
    ] == [(candidate.argv[0], candidate.reason) for candidate in found]


def test_one_that_is_named_is_the_only_one() -> None:
    """Whoever names a uv wants no other."""
    places = UvPlaces(explicit=Path("/mine/uv"), prefix=Path("/project/.venv"))
    found = uv_candidates(places, Surroundings("/home/me", {"PATH": "/path/bin"}), everywhere())

    assert [("/mine/uv",)] == [candidate.argv for candidate in found]


def script(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def search(home: Path, path: Iterable[Path], places: UvPlaces | None = None) -> UvSearch:
    """Look for uv on *path*."""
    variables = {"PATH": os.pathsep.join(str(folder) for folder in path)}
    return UvFinder(FILES, Surroundings(str(home), variables)).find(places or UvPlaces())


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_what_is_not_uv_is_passed_over(tmp_path: Path) -> None:
    """One that is too old, one that fails, one that hangs together with nothing."""
    script(tmp_path / "a/uv", "echo uv 0.4.1")
    script(tmp_path / "b/uv", "echo microvawe 3; exit 0")
    script(tmp_path / "c/uv", "echo uv 0.9.9; exit 3")
    good = script(tmp_path / "d/uv", "echo 'uv 0.9.9 (abc 2026-01-01)'")
    result = search(tmp_path, [tmp_path / name for name in "abcd"])

    assert [
        "is uv 0.4.1, older than 0.5.0",
        "does not say which version it is",
        "does not say which version it is",
    ] == [rejected.problem for rejected in result.rejected]
    assert result.uv is not None
    assert ((str(good),), "uv 0.9.9") == (result.uv.argv, result.uv.label)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_nothing_in_an_untrusted_folder_is_run(tmp_path: Path) -> None:
    """Not by its own path, and not by a link from a folder that is trusted."""
    ran = tmp_path / "ran"
    script(tmp_path / "workspace/.venv/bin/uv", f"touch {ran}; echo uv 0.9.9")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").symlink_to(tmp_path / "workspace/.venv/bin/uv")
    workspace = tmp_path / "workspace"
    places = UvPlaces(prefix=workspace / ".venv", untrusted=(workspace,))
    result = search(tmp_path, [tmp_path / "bin"], places)

    assert ["lies in a folder that is not trusted"] * 2 == [
        rejected.problem for rejected in result.rejected
    ]
    assert result.uv is None
    assert not ran.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_a_version_is_asked_for_once(tmp_path: Path) -> None:
    """Until the file is another."""
    count = tmp_path / "count"
    uv = script(tmp_path / "a/uv", f"echo x >> {count}; echo uv 0.9.9")
    finder = UvFinder(FILES, Surroundings(str(tmp_path), {"PATH": f"{tmp_path / 'a'}:/bin"}))
    for _ in range(3):
        finder.find(UvPlaces())
    assert "x\n" == count.read_text()
    script(uv, f"echo x >> {count}; echo uv 0.10.10")
    found = finder.find(UvPlaces()).uv

    assert found is not None
    assert ("uv 0.10.10", "x\nx\n") == (found.label, count.read_text())


@pytest.mark.slow
def test_the_real_uv_is_found_as_a_module(tmp_path: Path) -> None:
    """By the interpreter whose environment has it, where it is nowhere else."""
    if not Path(sys.executable).with_name("uv").exists():
        pytest.fail("the development environment has no uv")
    result = search(tmp_path, [], UvPlaces(interpreters=(Path(sys.executable),)))

    assert result.uv is not None
    assert (sys.executable, "-I", "-m", "uv") == result.uv.argv


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A setting that leads nowhere."""
    result = search(tmp_path, [], UvPlaces(explicit=tmp_path / "uv"))

    assert ["does not exist"] == [rejected.problem for rejected in result.rejected]


def pip_in(prefix: str, version: str, needs: str | None = ">=3.8") -> dict[str, str | bytes]:
    """Return an environment that has a pip."""
    packages = f"{prefix}/lib/python3.11/site-packages"
    header = "" if needs is None else f"Requires-Python: {needs}\n"
    return {
        f"{prefix}/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.2\n",
        f"{prefix}/bin/python": "",
        f"{packages}/pip/__main__.py": "",
        f"{packages}/pip-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: pip\nVersion: {version}\n{header}\nText\n"
        ),
    }


@pytest.mark.parametrize(
    ("own", "python", "expected"),
    [
        ("24.0", "3.11.2", "/own"),
        ("22.3", "3.11.2", "/own"),
        ("21.0", "3.11.2", "/new"),
        ("21.0", "3.9.1", "/middle"),
        ("21.0", "3.6.1", "/own"),
        ("21.0", None, "/new"),
        (None, "3.11.2", "/new"),
        (None, "3.6.1", None),
    ],
)
def test_which_pip_is_chosen(own: str | None, python: str | None, expected: str | None) -> None:
    """The environment's own if it can tell what it would do, else the newest that runs there."""
    files = MemoryFileSystem(
        {
            **pip_in("/new", "26.3", ">=3.10"),
            **pip_in("/middle", "24.0", ">=3.7"),
            **pip_in("/old", "20.0", None),
            "/own/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.2\n",
            "/own/bin/python": "",
            "/own/lib/python3.11/site-packages/x.py": "",
            **(pip_in("/own", own) if own else {}),
        }
    )
    others = [Path(f"/{name}/bin/python") for name in ("old", "middle", "new", "gone")]
    pip = choose_pip(Path("/own/bin/python"), python, others, files)

    assert (None if expected is None else Path(expected, "bin/python")) == (
        None if pip is None else pip.python
    )


def test_an_old_pip_does_not_run_on_a_new_python() -> None:
    """Before 23.1.2 pip asked for what Python 3.12 no longer has, and did not know it."""
    pip = Pip(Path("/python"), Version("23.0"), ">=3.7")

    assert (True, False) == (pip.can_work_on("3.11.4"), pip.can_work_on("3.12.0"))


def test_the_pip_of_these_tests() -> None:
    """What is read of a real one."""
    pip = read_pip(Path(sys.executable), FILES)
    import pip as real

    assert pip is not None
    assert real.__version__ == str(pip.version)
    assert pip.requires_python is not None


@pytest.mark.slow
@pytest.mark.parametrize("executable", INTERPRETERS, ids=lambda path: str(path.parts[-3:]))
def test_what_real_interpreters_bring(executable: Path) -> None:
    """Version, venv, ensurepip and its wheels are what the interpreter says of itself."""
    import json
    import subprocess

    ran = subprocess.run(
        [executable, "-E", "-s", "-c", _SAID], capture_output=True, check=True, timeout=60, cwd="/"
    )
    minor, has_venv, has_ensurepip, pip = json.loads(ran.stdout)
    seed = read_seed(executable, FILES)

    assert seed is not None
    assert (minor, has_venv, has_ensurepip) == (seed.minor, seed.has_venv, seed.has_ensurepip)
    if seed.pip is not None:
        assert pip == str(seed.pip)


_SAID = """
import json, sys
def has(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
pip = None
if has('ensurepip'):
    import ensurepip
    pip = ensurepip.version()
minor = '%d.%d' % sys.version_info[:2]
print(json.dumps([minor, has('venv'), has('ensurepip'), pip]))
"""


def library(*names: str, minor: str = "3.11") -> MemoryFileSystem:
    """Return a system's Python with these modules, on Debian."""
    folder = f"/usr/lib/python{minor}"
    return MemoryFileSystem(
        {
            f"/usr/bin/python{minor}": "",
            "/etc/debian_version": "12.5",
            f"{folder}/os.py": "",
            **{f"{folder}/{name}": "" for name in names},
        }
    )


def installers(files: MemoryFileSystem, pip: Pip | None) -> tuple[UvInstaller, PipInstaller]:
    """Return both backends."""
    sources = SourceReader(Surroundings("/home/me"), files)
    uv = Uv(("/bin/uv",), Version("0.13.9"), "")
    return UvInstaller(uv, sources, files), PipInstaller(pip, sources, files)


def test_debian_keeps_ensurepip_back() -> None:
    """It is seen before anything is made, with the way out; another pip or uv gets around it."""
    files = library("venv/__main__.py")
    prefix, python = Path("/project/.venv"), Path("/usr/bin/python3.11")
    newer = Pip(Path("/other/bin/python"), Version("26.3"), ">=3.10")
    uv, none = installers(files, None)
    refused = none.create(prefix, python, prompt=None)
    _, other = installers(files, newer)
    around = other.create(prefix, python, prompt=None)
    by_uv = uv.create(prefix, python, prompt=None)

    assert isinstance(refused, Failure)
    assert (FailureKind.NO_ENSUREPIP, "Install it: apt install python3.11-venv") == (
        refused.kind,
        refused.action,
    )
    assert not isinstance(around, Failure)
    assert [
        ("/usr/bin/python3.11", "-I", "-m", "venv", "--without-pip", "/project/.venv"),
        (
            *("/other/bin/python", "-I", "-m", "pip", "--python", "/project/.venv/bin/python"),
            *("--disable-pip-version-check", "--no-input", "--no-color", "install", "--", "pip"),
        ),
    ] == [step.argv for step in around]
    assert not isinstance(by_uv, Failure)
    assert ("--", "pip") == by_uv[1].argv[-2:]


def test_python_2_has_no_venv() -> None:
    """Both refuse, with a way out."""
    files = library(minor="2.7")
    for installer in installers(files, None):
        answer = installer.create(Path("/e"), Path("/usr/bin/python2.7"), prompt=None)

        assert isinstance(answer, Failure)
        assert FailureKind.WRONG_PYTHON is answer.kind
        assert "20.22" in str(answer.action)


def test_an_old_pip_tells_nothing_beforehand() -> None:
    """Then there is no preview, and that is known before anything runs."""
    files = MemoryFileSystem({})
    target = target_of(Path("/e"), windows=False)
    _, old = installers(files, Pip(target.python, Version("21.0")))

    assert old.resolve(target, Wanted()) is None
    assert str(target.python) == old.install(target, Wanted()).argv[0]


def test_variables_that_lead_astray_are_left_out() -> None:
    """What an installer inherits does not say where packages go, or which modules are imported."""
    variables = {
        "PATH": "/bin",
        "PIP_INDEX_URL": "http://127.0.0.1/",
        "UV_CACHE_DIR": "/cache",
        **dict.fromkeys(("PYTHONPATH", "PIP_TARGET", "PIP_USER", "VIRTUAL_ENV", "UV_PYTHON"), "x"),
    }

    assert ["PATH", "PIP_INDEX_URL", "UV_CACHE_DIR"] == list(installer_variables(variables))


def test_uv_on_this_machine() -> None:
    """The development environment has the uv that is tried here."""
    assert shutil.which("uv", path=str(Path(sys.executable).parent)) is not None
