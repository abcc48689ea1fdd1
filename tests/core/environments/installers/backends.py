"""Real uv and pip for tests: those of the development environment, and older ones.

Older ones are installed once, into build/tools, and so are for tests that may use the network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.installers.finding_pip import read_pip
from pinfold.core.environments.installers.finding_uv import Uv
from pinfold.core.environments.installers.installer import Target, installer_variables, target_of
from pinfold.core.environments.installers.pip import PipInstaller
from pinfold.core.environments.installers.sources import SourceReader
from pinfold.core.environments.installers.uv import UvInstaller
from pinfold.core.environments.layout import read_environment
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.environment import Environment, InstalledPackages
from pinfold.core.model.plan import Failure
from pinfold.core.process import Completed, run
from tests.harness.index import quiet_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.core.environments.installers.installer import Installer, Wanted
    from pinfold.core.model.plan import Resolution, Step

_TOOLS = Path(__file__).parents[4] / "build" / "tools"
_WAIT_S = 300.0

FILES = LocalFileSystem()

BACKENDS = [
    pytest.param("uv", marks=pytest.mark.slow),
    pytest.param("pip", marks=pytest.mark.slow),
    *(
        pytest.param(name, marks=[pytest.mark.slow, pytest.mark.network, pytest.mark.older])
        for name in ("uv==0.5.31", "pip==24.0")
    ),
]
"""Two versions of each, as pytest's parameters."""


def host(requirement: str, base: str = sys.executable) -> Path:
    """Return the interpreter of an environment that has the tool; made if it is not there yet."""
    fcntl = pytest.importorskip("fcntl")
    place = _TOOLS / requirement.replace("==", "-")
    _TOOLS.mkdir(parents=True, exist_ok=True)
    # Several test processes may want the same tool.
    with (_TOOLS / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "installed").exists():
            shutil.rmtree(place, ignore_errors=True)
            for command in (
                [base, "-m", "venv", str(place)],
                [str(place / "bin/python"), "-m", "pip", "install", "--quiet", requirement],
            ):
                subprocess.run(command, check=True, timeout=_WAIT_S)
            (place / "installed").touch()
    return place / "bin" / "python"


@dataclass
class Machine:
    """A home directory, what is set up there, and the backend to be tried."""

    home: Path
    backend: str
    variables: dict[str, str]

    @property
    def name(self) -> str:
        """``uv`` or ``pip``."""
        return self.backend.partition("=")[0]

    @property
    def installer(self) -> Installer:
        """The backend, as it would be used with what is set up now."""
        surroundings = Surroundings(str(self.home), self.variables, sys.platform)
        sources = SourceReader(surroundings, FILES, self.home)
        name, _, version = self.backend.partition("==")
        if name == "uv":
            program = (host(self.backend) if version else Path(sys.executable)).with_name("uv")
            uv = Uv((str(program),), Version(version or "0.13.9"), "the test says so")
            return UvInstaller(uv, sources, FILES)
        python = host(self.backend) if version else Path(sys.executable)
        pip = read_pip(python, FILES)
        assert pip is not None
        return PipInstaller(pip, sources, FILES)

    def run(self, step: Step) -> Completed:
        """Run a step as an operation would."""
        return run(
            step.argv,
            cwd=self.home,
            env={**installer_variables(self.variables), **step.variables},
            deadline_s=_WAIT_S,
        )

    def create(self, name: str = "environment", prompt: str | None = None) -> Target:
        """Make an environment with pip in it."""
        prefix = self.home / name
        steps = self.installer.create(prefix, Path(sys.executable), prompt=prompt)
        assert not isinstance(steps, Failure)
        for step in steps:
            succeed(self.run(step))
        return target_of(prefix)

    def resolve(self, target: Target, wanted: Wanted) -> Resolution:
        """Return what would change."""
        step = self.installer.resolve(target, wanted)
        assert step is not None
        completed = succeed(self.run(step))
        resolution = self.installer.read_resolution(completed, packages(target))
        assert resolution is not None
        return resolution

    def install(self, target: Target, wanted: Wanted) -> None:
        """Install."""
        succeed(self.run(self.installer.install(target, wanted)))


def machine(home: Path, backend: str, variables: Mapping[str, str] | None = None) -> Machine:
    """Return a machine where nothing is set up but *variables*."""
    return Machine(home, backend, {**quiet_variables(home), **(variables or {})})


def succeed(completed: Completed) -> Completed:
    """Return a run that has to have succeeded."""
    assert completed.has_succeeded, completed.errors.decode() + completed.output.decode()
    return completed


def packages(target: Target) -> InstalledPackages:
    """Return what is installed."""
    environment = read_environment(target.prefix, FILES)
    assert isinstance(environment, Environment)
    return PackagesReader(FILES).packages(environment)


def versions(target: Target) -> dict[str, str]:
    """Return what is installed, less what every new environment has."""
    return {
        key: distribution.version
        for key, distribution in packages(target).by_name.items()
        if key not in ("pip", "setuptools")
    }
