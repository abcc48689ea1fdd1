"""Environments made by the tools themselves, as far as these come from the package index.

Each tool is installed once, into build/tools, and run in a project of its own with a home directory
of its own. Our answer is then held against that of the interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.discovery import Discovery, environments_of
from pinfold.core.environments.places import Surroundings, this_machine
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.installation import InstallationKind
from tests.core.environments.asking import check_says_the_same
from tests.core.environments.tools import tool, tool_version

if TYPE_CHECKING:
    from pinfold.core.model.installation import Installation
    from tests.harness.tested import Witness

NAMES = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}
_CHECKOUT = Path(__file__).parents[3]
_WAIT_S = 60.0
_TIMEOUT_S = 300

_PYPROJECT = """
[project]
name = "Big_Shop"
version = "1"
requires-python = ">=3.10"
dependencies = []

[tool.hatch.envs.default]
skip-install = true
"""
_POETRY = """
[tool.poetry]
package-mode = false
"""
_TOX = "[tox]\nenv_list = one\n[testenv]\nskip_install = true\ncommands =\n"
_NOX = "import nox\n\n@nox.session\ndef tests(session):\n    pass\n"
_SCRIPT = "# /// script\n# requires-python = '>=3.10'\n# dependencies = []\n# ///\n"


@dataclass
class Machine:
    """A home directory, and a project in it."""

    home: Path
    project: Path
    variables: dict[str, str]
    tested: Witness

    def run(self, *command: str | Path) -> None:
        """Run a tool in the project."""
        ran = subprocess.run(
            [str(part) for part in command],
            cwd=self.project,
            env={**self.variables, "HOME": str(self.home), "PATH": self.path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert 0 == ran.returncode, ran.stdout.decode("utf-8", "replace")

    @property
    def path(self) -> str:
        """PATH: the interpreter that runs the tests, and what every tool needs."""
        return f"{Path(sys.executable).resolve().parent}:/usr/bin:/bin"

    @property
    def surroundings(self) -> Surroundings:
        """What Pinfold knows of it."""
        return Surroundings(
            home=str(self.home), variables=self.variables, projects=(str(self.project),)
        )

    def own(self) -> list[Installation]:
        """Return what there is in this home directory."""
        inventory = Discovery(LocalFileSystem()).find(self.surroundings, timeout_s=_WAIT_S)
        assert inventory.is_complete
        return [one for one in inventory.installations if one.prefix.is_relative_to(self.home)]

    def only(self, kind: InstallationKind, tool: str, version: str | None = None) -> Installation:
        """Return the one environment, which *tool* made, after holding it against its Python."""
        own = self.own()
        assert [kind] == [one.kind for one in own], own
        check_says_the_same(own[0])
        name = re.split("[<=]", tool)[0]
        self.tested.ran_for_real(own[0], name, version or tool_version(tool))
        return own[0]


@pytest.fixture
def machine(tmp_path: Path, tested: Witness) -> Machine:
    """A new machine, whose home has a space in its name."""
    home = tmp_path / "some one"
    project = home / "shop"
    project.mkdir(parents=True)
    (project / "pyproject.toml").write_text(_PYPROJECT)
    return Machine(home, project, {"PIP_NO_INPUT": "1", "LANG": "C.UTF-8"}, tested)


def kept_elsewhere(machine: Machine) -> list[str]:
    """Return what a tool keeps elsewhere for the project."""
    found = environments_of(machine.project, machine.surroundings, LocalFileSystem())
    return [one.id for one in found]


def interpreters() -> list[Installation]:
    """Return what discovery finds on this machine."""
    inventory = Discovery(LocalFileSystem()).find(this_machine(), timeout_s=_WAIT_S)
    return [one for one in inventory.installations if one.is_base]


@pytest.mark.slow
def test_venv_of_every_interpreter(machine: Machine) -> None:
    """venv's of each interpreter of this machine that has the module, PyPy's too."""
    made: dict[Path, str] = {}
    for number, base in enumerate(interpreters()):
        if base.executable is None or (base.version or "").startswith("2."):
            continue
        target = machine.project / f"env{number}"
        command = [str(base.executable), "-m", "venv", "--without-pip", str(target)]
        ran = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
        if ran.returncode == 0:
            made[target] = base.implementation
    own = machine.own()
    for one in own:
        said = check_says_the_same(one)
        assert made[one.prefix] == said.implementation
        machine.tested.ran_for_real(one, f"venv of {NAMES[said.implementation]}", said.version)

    assert made
    assert sorted(made) == [one.prefix for one in own]
    assert {InstallationKind.VENV} == {one.kind for one in own}


@pytest.mark.slow
def test_everything_on_this_machine(tested: Witness) -> None:
    """For every interpreter and environment here, our answer is its own when it is asked.

    Those of pyenv and of the system, whatever versions there are, and the environments of this
    checkout. One whose interpreter is gone cannot be asked.
    """
    around = this_machine((str(_CHECKOUT),))
    inventory = Discovery(LocalFileSystem()).find(around, timeout_s=_WAIT_S)
    asked = [one for one in inventory.installations if one.real_executable is not None]
    for one in asked:
        said = check_says_the_same(one)
        if one.is_base:
            tested.ran_for_real(one, NAMES[said.implementation], said.version)

    assert inventory.is_complete
    assert Path(sys.executable).resolve() in {one.real_executable for one in asked}
    assert _found_by_name() <= {one.real_executable for one in asked}


def _found_by_name() -> set[Path]:
    """Return the interpreters that stand where pyenv and Debian put them, found by their names."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places = [*root.glob("versions/*/bin/python"), Path("/usr/bin/python3"), Path("/usr/bin/pypy3")]
    return {place.resolve() for place in places if place.is_file()}


@pytest.mark.network
def test_virtualenv(machine: Machine) -> None:
    """virtualenv writes more into pyvenv.cfg than venv, and says so."""
    machine.run(tool("virtualenv") / "virtualenv", "--no-seed", ".venv")

    assert (
        machine.project / ".venv" == machine.only(InstallationKind.VIRTUALENV, "virtualenv").prefix
    )


@pytest.mark.network
@pytest.mark.parametrize("name", ["pypy", "cpython 2.7"])
def test_virtualenv_for_another_interpreter(machine: Machine, name: str) -> None:
    """virtualenv can make them for an interpreter that has no venv, and for PyPy."""
    base = interpreter(name)
    by = "virtualenv" if name == "pypy" else "virtualenv<20.22"  # The last one for Python 2.7.
    machine.run(tool(by) / "python", "-m", "virtualenv", "--no-seed", "-p", base, ".venv")
    one = machine.only(InstallationKind.VIRTUALENV, by)

    assert name.split()[0] == one.implementation


@pytest.mark.network
def test_virtualenv_before_20(machine: Machine) -> None:
    """It had no pyvenv.cfg: a script of its own is what tells."""
    by = "virtualenv==16.7.12"
    base = interpreter("cpython 3.8")
    programs = tool(by, base)
    machine.run(programs / "virtualenv", "--no-pip", "--no-setuptools", "--no-wheel", ".venv")

    assert not (machine.project / ".venv/pyvenv.cfg").exists()
    assert machine.project / ".venv" == machine.only(InstallationKind.VIRTUALENV, by).prefix


def interpreter(name: str) -> Path:
    """Return an interpreter of this machine by what it is: `pypy`, `cpython 3.8`."""
    for base in interpreters():
        if f"{base.implementation} {base.version}".startswith(name):
            assert base.executable is not None
            return base.executable
    pytest.skip(f"there is no {name} here")


@pytest.mark.network
def test_pipenv(machine: Machine) -> None:
    """Pipenv keeps it under a name with a hash; .project leads back."""
    (machine.project / "Pipfile").write_text("[packages]\n")
    machine.run(tool("pipenv") / "pipenv", "--python", sys.executable)
    one = machine.only(InstallationKind.PIPENV, "pipenv")

    assert machine.project == one.project
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_pipenv_in_the_project(machine: Machine) -> None:
    """Beside a Pipfile, the `.venv` is Pipenv's."""
    (machine.project / "Pipfile").write_text("[packages]\n")
    machine.variables["PIPENV_VENV_IN_PROJECT"] = "1"
    machine.run(tool("pipenv") / "pipenv", "--python", sys.executable)

    assert machine.project / ".venv" == machine.only(InstallationKind.PIPENV, "pipenv").prefix


@pytest.mark.network
def test_poetry(machine: Machine) -> None:
    """Poetry's name is computed of the project's name and path."""
    (machine.project / "pyproject.toml").write_text(_PYPROJECT + _POETRY)
    machine.run(tool("poetry") / "poetry", "env", "use", sys.executable)
    one = machine.only(InstallationKind.POETRY, "poetry")

    assert machine.project == one.project
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_poetry_in_the_project(machine: Machine) -> None:
    """Told so, Poetry makes `.venv`."""
    (machine.project / "pyproject.toml").write_text(_PYPROJECT + _POETRY)
    machine.variables["POETRY_VIRTUALENVS_IN_PROJECT"] = "true"
    machine.run(tool("poetry") / "poetry", "env", "use", sys.executable)

    assert machine.project / ".venv" == machine.only(InstallationKind.POETRY, "poetry").prefix


@pytest.mark.network
def test_hatch(machine: Machine) -> None:
    """Hatch's folder is computed of the project's path."""
    machine.run(tool("hatch") / "hatch", "env", "create")
    one = machine.only(InstallationKind.HATCH, "hatch")

    assert (machine.project, "default") == (one.project, one.name)
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_pdm(machine: Machine) -> None:
    """PDM keeps it in its data folder, and writes its path into the project."""
    machine.variables["PDM_VENV_IN_PROJECT"] = "0"
    pdm = tool("pdm") / "pdm"
    machine.run(pdm, "venv", "create", "--name", "work", sys.executable)
    machine.run(pdm, "use", "--venv", "work")
    one = machine.only(InstallationKind.PDM, "pdm")

    assert (machine.project, "work") == (one.project, one.name)
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_pdm_in_the_project(machine: Machine) -> None:
    """PDM names the `.venv` of the project in .pdm-python."""
    pdm = tool("pdm") / "pdm"
    machine.run(pdm, "venv", "create", sys.executable)
    machine.run(pdm, "use", "--venv", "in-project")

    assert machine.project / ".venv" == machine.only(InstallationKind.PDM, "pdm").prefix


@pytest.mark.network
def test_tox(machine: Machine) -> None:
    """tox makes them with virtualenv, in .tox."""
    (machine.project / "tox.ini").write_text(_TOX)
    machine.run(tool("tox") / "tox", "run", "--notest", "--skip-pkg-install")

    assert "one" == machine.only(InstallationKind.TOX, "tox").name


@pytest.mark.network
def test_tox_in_another_folder(machine: Machine) -> None:
    """Wherever tox is told to make it, it leaves a mark."""
    (machine.project / "tox.ini").write_text(_TOX)
    machine.run(
        tool("tox") / "tox", "run", "--notest", "--skip-pkg-install", "--workdir", "somewhere"
    )

    assert "one" == machine.only(InstallationKind.TOX, "tox").name


@pytest.mark.network
def test_nox(machine: Machine) -> None:
    """nox makes them in .nox."""
    (machine.project / "noxfile.py").write_text(_NOX)
    machine.run(tool("nox") / "nox")

    assert "tests" == machine.only(InstallationKind.NOX, "nox").name


@pytest.mark.network
def test_virtualenvwrapper(machine: Machine) -> None:
    """virtualenvwrapper leaves hooks beside the interpreter."""
    programs = tool("virtualenvwrapper")
    machine.variables["VIRTUALENVWRAPPER_PYTHON"] = str(programs / "python")
    machine.variables["VIRTUALENVWRAPPER_VIRTUALENV"] = str(programs / "virtualenv")
    script = f'. "{programs}/virtualenvwrapper.sh" && mkvirtualenv -p "{sys.executable}" blog'
    machine.run("bash", "-c", script)

    assert "blog" == machine.only(InstallationKind.VIRTUALENVWRAPPER, "virtualenvwrapper").name


def _uv() -> str:
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed")
    return found


def _uv_version() -> str:
    return version_said_by([_uv(), "--version"])


def version_said_by(command: list[str]) -> str:
    """Return the first version in what a program prints."""
    said = subprocess.run(command, check=True, timeout=_TIMEOUT_S, stdout=subprocess.PIPE).stdout
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", said.decode())
    assert found is not None
    return found[0]


@pytest.mark.slow
def test_uv(machine: Machine) -> None:
    """uv leaves its mark, and the prompt that it was given."""
    machine.run(_uv(), "venv", "--offline", "--python", sys.executable, "--prompt", "Fine")

    assert "Fine" == machine.only(InstallationKind.UV, "uv", _uv_version()).name


@pytest.mark.slow
def test_uv_script(machine: Machine) -> None:
    """uv keeps the environment of a script in its cache, by name and hash."""
    (machine.project / "report.py").write_text(_SCRIPT)
    machine.run(_uv(), "run", "--offline", "--python", sys.executable, "--script", "report.py")

    assert "report" == machine.only(InstallationKind.SCRIPT, "uv", _uv_version()).name


@pytest.mark.slow
def test_pyenv_virtualenv(machine: Machine) -> None:
    """The plugin puts them into the interpreter's own folder, with a link beside that."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    pyenv = home / "bin/pyenv"
    plugin = home / "plugins/pyenv-virtualenv/bin/pyenv-virtualenv"
    if not (pyenv.exists() and plugin.exists()):
        pytest.skip("pyenv and its plugin are not here")
    name = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    # Whatever the plugin makes, it makes below this folder, and nowhere in that of the user.
    root = machine.home / ".pyenv"
    like_an_interpreter(root / "versions" / name)
    machine.variables["PYENV_ROOT"] = str(root)
    machine.run(pyenv, "virtualenv", "--without-pip", name, "blog")
    (environment,) = (one for one in machine.own() if not one.is_base)
    check_says_the_same(environment)
    machine.tested.ran_for_real(
        environment, "pyenv-virtualenv", version_said_by([str(plugin), "--version"])
    )

    assert InstallationKind.PYENV_VIRTUALENV is environment.kind
    assert ("blog", root / "versions" / name / "envs/blog") == (
        environment.name,
        environment.prefix,
    )
    assert (root / "versions/blog",) == environment.aliases


def like_an_interpreter(prefix: Path) -> None:
    """Make an installation of this interpreter at *prefix*, with the library of the real one."""
    base = Path(sys.base_prefix)
    real = Path(sys.executable).resolve()
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(real, prefix / "bin" / real.name)
    for link in ("python", "python3"):
        (prefix / "bin" / link).symlink_to(real.name)
    for folder in ("lib", "include"):
        (prefix / folder).symlink_to(base / folder)
