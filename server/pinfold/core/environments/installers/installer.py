"""What an installer has to be able to do: the one protocol that uv and pip are used through.

Owns what is asked of an installer. Refuses to run anything: every answer is a step for somebody
else to run, or what the output of a step means.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.plan import Failure, IndexUse, Resolution, Step
    from pinfold.core.process import Completed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be installed.

    `requirements` are PEP 508 texts, local paths or URLs as somebody would type them; `editables`
    are local folders or URLs. `files` are requirements files and `constraints` constraints files.
    `upgrades` are the projects that may move to another version than the installed one; all of
    them with `upgrade_all`. Those to be moved are among `requirements` or `files` too; pip, told
    one of `upgrades`, moves whatever is named there. `reinstall` replaces what is there even at the
    same version. With `without_dependencies` only what is named is installed. `extra_options` are
    put before all others, as they stand in the user's own command line. `stand_in` is set for an
    environment that is not there yet, and of which only what would be in it is asked: an empty
    folder in its place. The target's interpreter is then the one that it is made with. `own` are
    the requirements and constraints among all these that only the operation itself asks for.
    """

    requirements: tuple[str, ...] = ()
    editables: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    constraints: tuple[Path, ...] = ()
    upgrades: tuple[PackageName, ...] = ()
    upgrade_all: bool = False
    reinstall: bool = False
    without_dependencies: bool = False
    extra_options: tuple[str, ...] = ()
    stand_in: Path | None = None
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The environment that an installer works on. `python` is its interpreter."""

    prefix: Path
    python: Path


@dataclass(frozen=True, slots=True)
class Sources:
    """Where packages are taken from, and how an installer is told.

    `indexes` are in the order in which they count. `notes` are sentences for people: what of their
    configuration cannot be heeded, or is at odds with itself. `variables` and `options` may hold
    credentials, and are not for showing.
    """

    indexes: tuple[IndexUse, ...]
    notes: tuple[str, ...]
    variables: Mapping[str, str]
    options: tuple[str, ...]


class Installer(Protocol):
    """uv, or pip with venv.

    Steps are run in the folder that relative paths in requirements files are relative to, with the
    variables that :func:`installer_variables` leaves.
    """

    @property
    def label(self) -> str:
        """Name and version: ``uv 0.13.9``."""
        ...

    def sources(self, target: Target, wanted: Wanted) -> Sources:
        """Return where it will take packages from."""
        ...

    def create(
        self, prefix: Path, interpreter: Path, *, prompt: str | None, sees_system: bool = False
    ) -> tuple[Step, ...] | Failure:
        """Return the steps that make an empty environment with pip in it at *prefix*.

        With *sees_system*, what is installed for its interpreter can be imported in it.
        A failure says what this interpreter lacks for it.
        """
        ...

    def resolve(self, target: Target, wanted: Wanted) -> Step | None:
        """Return the step that finds out what :meth:`install` would do and changes nothing.

        ``None`` if this installer cannot tell without doing it.
        """
        ...

    def read_resolution(
        self, completed: Completed, installed: InstalledPackages | None
    ) -> Resolution | None:
        """Return what a run of :meth:`resolve` has said; ``None`` if that cannot be understood.

        The version of a release is empty where the installer does not tell it.
        """
        ...

    def install(self, target: Target, wanted: Wanted) -> Step:
        """Return the step that installs."""
        ...

    def uninstall(self, target: Target, names: Sequence[PackageName]) -> Step:
        """Return the step that removes projects, and nothing that they have brought along."""
        ...

    def look_closer(self, target: Target, wanted: Wanted, completed: Completed) -> Step | None:
        """Return a step that fails as *completed* has, and says more of why; it changes nothing.

        ``None`` where there is no more to be said.
        """
        ...

    def explain(self, completed: Completed) -> Failure:
        """Return why a step of this installer has failed."""
        ...


def target_of(prefix: Path, *, windows: bool = os.name == "nt") -> Target:
    """Return the environment at *prefix*, which need not be there yet."""
    python = Path("Scripts", "python.exe") if windows else Path("bin", "python")
    return Target(prefix, prefix / python)


def installer_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those of the user's variables that an installer may see.

    Left out is what changes which environment it works on and which modules it imports, since pip,
    working on another environment than its own, does not run isolated there.
    """
    return {
        name: value
        for name, value in variables.items()
        if not name.upper().startswith(_LEFT_OUT) and name.upper() not in _LEFT_OUT_NAMES
    }


_LEFT_OUT = ("PYTHON", "PYPY", "__PYVENV_", "VIRTUAL_ENV")
_LEFT_OUT_NAMES = frozenset(
    {
        "CONDA_PREFIX",
        # Where packages go, and whether they go there at all, is for the plan alone to say.
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_USER",
        "PIP_PYTHON",
        "PIP_DRY_RUN",
        "PIP_REPORT",
        "PIP_REQUIREMENT",
        "PIP_EDITABLE",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_BREAK_SYSTEM_PACKAGES",
        "PIP_NO_DEPS",
        "PIP_UPGRADE",
        "PIP_FORCE_REINSTALL",
        "PIP_IGNORE_INSTALLED",
        "UV_SYSTEM_PYTHON",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_PYTHON",
        "UV_PROJECT",
        "UV_WORKING_DIR",
        "UV_PROJECT_ENVIRONMENT",
        "UV_VENV_CLEAR",
        "UV_VENV_RELOCATABLE",
        "UV_NO_EDITABLE",
    }
)
