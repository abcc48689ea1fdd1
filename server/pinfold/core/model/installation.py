"""Pythons as they are found on disk: environments and the interpreters they stand on. Values only.

``None`` means that a thing is not known. A broken one is a value with its causes, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.model.wording import Words


class InstallationKind(Enum):
    """What made or keeps an installation; the value is how JSON and people call it."""

    VENV = "venv"
    VIRTUALENV = "virtualenv"
    UV = "uv"
    CONDA = "conda"
    PIXI = "pixi"
    POETRY = "poetry"
    PIPENV = "pipenv"
    HATCH = "hatch"
    PDM = "pdm"
    RYE = "rye"
    PYENV = "pyenv"
    PYENV_VIRTUALENV = "pyenv-virtualenv"
    VIRTUALENVWRAPPER = "virtualenvwrapper"
    TOX = "tox"
    NOX = "nox"
    SCRIPT = "script"
    ASDF = "asdf"
    MISE = "mise"
    HOMEBREW = "homebrew"
    PYTHON_ORG = "python.org"
    XCODE = "xcode"
    REGISTRY = "windows-registry"
    STORE = "windows-store"
    WINPYTHON = "winpython"
    SYSTEM = "system"
    OTHER = "other"


class HealthProblem(Enum):
    """What can be wrong with an installation; the value is its name in JSON."""

    BASE_GONE = "base-gone"
    EXECUTABLE_MISSING = "executable-missing"
    EXECUTABLE_BROKEN_LINK = "executable-broken-link"
    NOT_EXECUTABLE = "not-executable"
    VERSION_DRIFT = "version-drift"
    MOVED = "moved"
    FOREIGN_SYSTEM = "foreign-system"
    NO_PIP = "no-pip"
    HALF_INSTALLED = "half-installed"
    BROKEN_EDITABLE = "broken-editable"
    CONFIGURATION_UNREADABLE = "configuration-unreadable"
    NO_SITE_PACKAGES = "no-site-packages"
    UNRESPONSIVE = "unresponsive"


@dataclass(frozen=True, slots=True)
class Ailment:
    """One thing that is wrong with an installation.

    `cause` says it in a sentence for people, `repair` what to do about it, where there is anything.
    `is_severe` if the installation cannot be used as it is.
    """

    problem: HealthProblem
    cause: str
    repair: Words | None = None
    is_severe: bool = True


@dataclass(frozen=True, slots=True)
class Installation:
    """An environment or a base interpreter.

    `prefix` is the folder as the user knows it, absolute and normalised, links not resolved; its
    text is the identity (`id`), stable across starts and however `kind` is judged. `executable` is
    the interpreter inside it by its most usual name, `real_executable` what that leads to.
    `is_base` tells an interpreter that environments are made from. `base_home` is the `home` of a
    virtual environment's ``pyvenv.cfg``. `version` is as full as the files tell. `name` is what the
    tool that keeps it calls it; `project` the folder that it belongs to. `evidence` are clauses
    that say what it was recognised by. `aliases` are other paths that lead to the same folder.
    `is_externally_managed` is PEP 668's mark. `shares_prefix` tells an interpreter whose prefix is
    that of a more usual one too (Debian's /usr): its executable is its identity then.
    """

    prefix: Path
    kind: InstallationKind
    is_base: bool
    executable: Path | None = None
    real_executable: Path | None = None
    version: str | None = None
    implementation: str = "cpython"
    base_home: Path | None = None
    name: str | None = None
    project: Path | None = None
    evidence: tuple[str, ...] = ()
    aliases: tuple[Path, ...] = ()
    is_externally_managed: bool = False
    shares_prefix: bool = False
    ailments: tuple[Ailment, ...] = ()

    @property
    def id(self) -> str:
        """The identity: the prefix as text, or the executable where that is not enough."""
        if self.shares_prefix and self.executable is not None:
            return str(self.executable)
        return str(self.prefix)
