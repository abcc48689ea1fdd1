"""Environments made by the tools themselves, as far as these come from the package index.

Each tool is installed once, into build/tools, and run in a project of its own with a home directory
of its own. Our answer is then held against that of the interpreter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pinfold.core.environments.discovery import Discovery, environments_of
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.asking import check_says_the_same

_TOOLS = Path(__file__).parents[3] / "build" / "tools"
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


def tool(name: str) -> Path:
    """Return the folder of a tool's programs, which is installed if it is not there yet."""
    fcntl = pytest.importorskip("fcntl")
    programs = _TOOLS / name / "bin"
    _TOOLS.mkdir(parents=True, exist_ok=True)
    # Several test processes may want the same tool.
    with (_TOOLS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (_TOOLS / name / "installed").exists():
            shutil.rmtree(_TOOLS / name, ignore_errors=True)
            subprocess.run(
                [sys.executable, "-m", "venv", str(_TOOLS / name)], check=True, timeout=_TIMEOUT_S
            )
            pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", name]
            subprocess.run(pip, check=True, timeout=_TIMEOUT_S)
            (_TOOLS / name / "installed").touch()
    return programs


@dataclass
class Machine:
    """A home directory, and a project in it."""

    home: Path
    project: Path
    variables: dict[str, str]

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

    def only(self, kind: InstallationKind) -> Installation:
        """Return the one environment of a kind, after holding it against its interpreter."""
        inventory = Discovery(LocalFileSystem()).find(self.surroundings, timeout_s=_WAIT_S)
        own = [one for one in inventory.installations if one.prefix.is_relative_to(self.home)]
        assert [kind] == [one.kind for one in own], own
        check_says_the_same(own[0])
        return own[0]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A new machine, whose home has a space in its name."""
    home = tmp_path / "some one"
    project = home / "shop"
    project.mkdir(parents=True)
    (project / "pyproject.toml").write_text(_PYPROJECT)
    return Machine(home, project, {"PIP_NO_INPUT": "1", "LANG": "C.UTF-8"})


def kept_elsewhere(machine: Machine) -> list[str]:
    """Return what a tool keeps elsewhere for the project."""
    found = environments_of(machine.project, machine.surroundings, LocalFileSystem())
    return [one.id for one in found]


@pytest.mark.slow
def test_venv_of_every_interpreter(machine: Machine) -> None:
    """venv's of each interpreter of this machine that has the module, PyPy's too."""
    around = Surroundings(
        home=os.path.expanduser("~"),  # noqa: PTH111
        variables=dict(os.environ),
    )
    bases = Discovery(LocalFileSystem()).find(around, timeout_s=_WAIT_S).installations
    made = 0
    for number, base in enumerate(one for one in bases if one.is_base):
        if base.executable is None or (base.version or "").startswith("2."):
            continue
        target = machine.project / f"env{number}"
        command = [str(base.executable), "-m", "venv", "--without-pip", str(target)]
        if subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False).returncode:
            continue
        made += 1
    inventory = Discovery(LocalFileSystem()).find(machine.surroundings, timeout_s=_WAIT_S)
    own = [one for one in inventory.installations if one.prefix.is_relative_to(machine.home)]
    for one in own:
        check_says_the_same(one)

    assert made
    assert [InstallationKind.VENV] * made == [one.kind for one in own]


@pytest.mark.network
def test_virtualenv(machine: Machine) -> None:
    """virtualenv writes more into pyvenv.cfg than venv, and says so."""
    machine.run(tool("virtualenv") / "virtualenv", "--no-seed", ".venv")

    assert machine.project / ".venv" == machine.only(InstallationKind.VIRTUALENV).prefix


@pytest.mark.network
def test_pipenv(machine: Machine) -> None:
    """Pipenv keeps it under a name with a hash; .project leads back."""
    (machine.project / "Pipfile").write_text("[packages]\n")
    machine.run(tool("pipenv") / "pipenv", "--python", sys.executable)
    one = machine.only(InstallationKind.PIPENV)

    assert machine.project == one.project
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_pipenv_in_the_project(machine: Machine) -> None:
    """Beside a Pipfile, the `.venv` is Pipenv's."""
    (machine.project / "Pipfile").write_text("[packages]\n")
    machine.variables["PIPENV_VENV_IN_PROJECT"] = "1"
    machine.run(tool("pipenv") / "pipenv", "--python", sys.executable)

    assert machine.project / ".venv" == machine.only(InstallationKind.PIPENV).prefix


@pytest.mark.network
def test_poetry(machine: Machine) -> None:
    """Poetry's name is computed of the project's name and path."""
    (machine.project / "pyproject.toml").write_text(_PYPROJECT + _POETRY)
    machine.run(tool("poetry") / "poetry", "env", "use", sys.executable)
    one = machine.only(InstallationKind.POETRY)

    assert machine.project == one.project
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_poetry_in_the_project(machine: Machine) -> None:
    """Told so, Poetry makes `.venv`."""
    (machine.project / "pyproject.toml").write_text(_PYPROJECT + _POETRY)
    machine.variables["POETRY_VIRTUALENVS_IN_PROJECT"] = "true"
    machine.run(tool("poetry") / "poetry", "env", "use", sys.executable)

    assert machine.project / ".venv" == machine.only(InstallationKind.POETRY).prefix


@pytest.mark.network
def test_hatch(machine: Machine) -> None:
    """Hatch's folder is computed of the project's path."""
    machine.run(tool("hatch") / "hatch", "env", "create")
    one = machine.only(InstallationKind.HATCH)

    assert (machine.project, "default") == (one.project, one.name)
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_pdm(machine: Machine) -> None:
    """PDM keeps it in its data folder, and writes its path into the project."""
    machine.variables["PDM_VENV_IN_PROJECT"] = "0"
    pdm = tool("pdm") / "pdm"
    machine.run(pdm, "venv", "create", "--name", "work", sys.executable)
    machine.run(pdm, "use", "--venv", "work")
    one = machine.only(InstallationKind.PDM)

    assert (machine.project, "work") == (one.project, one.name)
    assert [one.id] == kept_elsewhere(machine)


@pytest.mark.network
def test_pdm_in_the_project(machine: Machine) -> None:
    """PDM names the `.venv` of the project in .pdm-python."""
    pdm = tool("pdm") / "pdm"
    machine.run(pdm, "venv", "create", sys.executable)
    machine.run(pdm, "use", "--venv", "in-project")

    assert machine.project / ".venv" == machine.only(InstallationKind.PDM).prefix


@pytest.mark.network
def test_tox(machine: Machine) -> None:
    """tox makes them with virtualenv, in .tox."""
    (machine.project / "tox.ini").write_text(_TOX)
    machine.run(tool("tox") / "tox", "run", "--notest", "--skip-pkg-install")

    assert "one" == machine.only(InstallationKind.TOX).name


@pytest.mark.network
def test_tox_in_another_folder(machine: Machine) -> None:
    """Wherever tox is told to make it, it leaves a mark."""
    (machine.project / "tox.ini").write_text(_TOX)
    machine.run(
        tool("tox") / "tox", "run", "--notest", "--skip-pkg-install", "--workdir", "somewhere"
    )

    assert "one" == machine.only(InstallationKind.TOX).name


@pytest.mark.network
def test_nox(machine: Machine) -> None:
    """nox makes them in .nox."""
    (machine.project / "noxfile.py").write_text(_NOX)
    machine.run(tool("nox") / "nox")

    assert "tests" == machine.only(InstallationKind.NOX).name


@pytest.mark.network
def test_virtualenvwrapper(machine: Machine) -> None:
    """virtualenvwrapper leaves hooks beside the interpreter."""
    programs = tool("virtualenvwrapper")
    machine.variables["VIRTUALENVWRAPPER_PYTHON"] = str(programs / "python")
    machine.variables["VIRTUALENVWRAPPER_VIRTUALENV"] = str(programs / "virtualenv")
    script = f'. "{programs}/virtualenvwrapper.sh" && mkvirtualenv -p "{sys.executable}" blog'
    machine.run("bash", "-c", script)

    assert "blog" == machine.only(InstallationKind.VIRTUALENVWRAPPER).name


def _uv() -> str:
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed")
    return found


@pytest.mark.slow
def test_uv(machine: Machine) -> None:
    """uv leaves its mark, and the prompt that it was given."""
    machine.run(_uv(), "venv", "--offline", "--python", sys.executable, "--prompt", "Fine")

    assert "Fine" == machine.only(InstallationKind.UV).name


@pytest.mark.slow
def test_uv_script(machine: Machine) -> None:
    """uv keeps the environment of a script in its cache, by name and hash."""
    (machine.project / "report.py").write_text(_SCRIPT)
    machine.run(_uv(), "run", "--offline", "--python", sys.executable, "--script", "report.py")

    assert "report" == machine.only(InstallationKind.SCRIPT).name
