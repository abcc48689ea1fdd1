"""What operations work with: what is on this machine, and which installer is used.

Owns the choice of the installer and of interpreters. Refuses to change anything. Everything blocks.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from pinfold.core.environments.changes.safe_change import Changes
from pinfold.core.environments.declared_python import DeclaredPython, contradictions, read_declared
from pinfold.core.environments.discovery import Discovery, identify_prefix
from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.installers.finding_pip import choose_pip
from pinfold.core.environments.installers.finding_uv import UvFinder, UvPlaces
from pinfold.core.environments.installers.installer import target_of
from pinfold.core.environments.installers.pip import PipInstaller
from pinfold.core.environments.installers.sources import SourceReader
from pinfold.core.environments.installers.uv import UvInstaller
from pinfold.core.environments.inventory_file import inventory_path, read_inventory
from pinfold.core.environments.layout import NoEnvironment, read_environment, read_remains
from pinfold.core.environments.places import this_machine
from pinfold.core.environments.pyvenv_cfg import MAX_CFG_BYTES, parse_pyvenv_cfg
from pinfold.core.files import Unreadable
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.environment import Environment, MarkerEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pinfold.core.environments.installers.installer import Installer
    from pinfold.core.environments.places import Surroundings
    from pinfold.core.environments.pyvenv_cfg import VenvConfiguration
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.installation import Installation

SEARCH_TIMEOUT_S = 20.0
"""How long the search for interpreters may take, where none is known from earlier."""


class Backend(Enum):
    """Who installs; the value is its name for people and in settings."""

    AUTOMATIC = "auto"
    UV = "uv"
    PIP = "pip"


class NoInstaller(Exception):
    """There is no installer that can be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What somebody wants used: which installer, and where uv is; folders not to run uv from."""

    backend: Backend = Backend.AUTOMATIC
    uv: Path | None = None
    untrusted: tuple[Path, ...] = ()


class Workbench:
    """This machine, as operations see it. May be used from several threads."""

    def __init__(self, filesystem: FileSystem, state: Path, tools: Tools | None = None) -> None:
        self.filesystem = filesystem
        self.state = state
        self.surroundings: Surroundings = this_machine()
        self.changes = Changes(state)
        self._tools = tools or Tools()
        self._packages = PackagesReader(filesystem)
        self._uv = UvFinder(filesystem, self.surroundings)

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of this process."""
        return self.surroundings.variables

    def installed(self, prefix: Path) -> InstalledPackages | None:
        """Return what is installed in an environment; ``None`` if that cannot be read."""
        environment = self.environment(prefix)
        return None if environment is None else self._packages.packages(environment)

    def environment(self, prefix: Path) -> Environment | None:
        """Return an environment, ``None`` if there is none that can be read."""
        home = self.surroundings.home
        found = read_environment(
            prefix,
            self.filesystem,
            home=None if home is None else Path(home),
            variables=self.variables,
        )
        if isinstance(found, NoEnvironment):
            # Its packages are what it is made anew with.
            return read_remains(prefix, self.filesystem)
        return found

    def configuration(self, prefix: Path) -> VenvConfiguration | None:
        """Return what the maker of an environment wrote down, ``None`` if that cannot be read."""
        data = self.filesystem.read_bytes(prefix / "pyvenv.cfg", MAX_CFG_BYTES)
        return None if isinstance(data, Unreadable) else parse_pyvenv_cfg(data)

    def installation(self, prefix: Path) -> Installation | None:
        """Return what stands at *prefix*, ``None`` if no Python does."""
        return identify_prefix(prefix, self.surroundings, self.filesystem)

    def installations(self, projects: Sequence[Path]) -> tuple[Installation, ...]:
        """Return every Python on this machine: those that are known from earlier, or else found."""
        texts = tuple(str(project) for project in projects)
        kept = read_inventory(inventory_path(texts), self.filesystem)
        if kept is not None:
            return kept
        return self.search(projects)

    def search(self, projects: Sequence[Path]) -> tuple[Installation, ...]:
        """Return every Python on this machine as it is now."""
        around = this_machine(tuple(str(project) for project in projects))
        found = Discovery(self.filesystem).find(around, timeout_s=SEARCH_TIMEOUT_S)
        return found.installations

    def installer(
        self, prefix: Path, python: str | None, folder: Path, interpreters: Iterable[Path] = ()
    ) -> Installer:
        """Return what installs into the environment at *prefix*, which need not be there yet.

        *python* is its version, *folder* the one that it runs in, and *interpreters* are others
        that may lend their uv or pip.

        Raises:
            NoInstaller: there is none.
        """
        others = tuple(interpreters)
        sources = SourceReader(self.surroundings, self.filesystem, folder)
        backend = self._tools.backend
        if backend is not Backend.PIP:
            # The last resort: one that was installed beside Pinfold.
            interpreters = (*others, Path(sys.executable))
            places = UvPlaces(self._tools.uv, prefix, interpreters, self._tools.untrusted)
            search = self._uv.find(places)
            if search.uv is not None:
                return UvInstaller(search.uv, sources, self.filesystem)
            if backend is Backend.UV or self._tools.uv is not None:
                why = "; ".join(f"{one.candidate.program} {one.problem}" for one in search.rejected)
                raise NoInstaller(
                    f"uv was not found{': ' * bool(why)}{why}: install it, or say where it is"
                )
        pip = choose_pip(target_of(prefix).python, python, others, self.filesystem)
        return PipInstaller(pip, sources, self.filesystem)

    def scratch_file(self, name: str) -> Path:
        """Return a path for a small file that a step needs; nothing is there yet."""
        return self.state / "scratch" / secrets.token_hex(8) / name

    @contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        """Have a path where nothing is, of a folder that may be made; it goes with the context."""
        folder = self.state / "scratch" / secrets.token_hex(8)
        try:
            folder.mkdir(parents=True, mode=0o700)
            yield folder / "environment"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def written(self, files: Iterable[tuple[Path, str]]) -> Iterator[None]:
        """Have small files there for as long as the context lasts."""
        files = tuple(files)
        try:
            for path, text in files:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.write_text(text, encoding="utf-8")
            yield
        finally:
            for path, _ in files:
                with suppress(OSError):
                    path.unlink()
                    path.parent.rmdir()

    def declared(self, folder: Path, stop: Path | None = None) -> DeclaredPython:
        """Return which Python the project in *folder* asks for."""
        declared = DeclaredPython()
        for place in (folder, *folder.parents):
            names = self.filesystem.names(place)
            if not isinstance(names, Unreadable):
                declared = declared.or_else(read_declared(place, self.filesystem, frozenset(names)))
            if place == stop or (place / ".git").exists() or str(place) == self.surroundings.home:
                break
        return declared


CPYTHON = "cpython"


def suitable(
    installations: Iterable[Installation],
    declared: DeclaredPython,
    *,
    minor: str | None = None,
    implementation: str = CPYTHON,
) -> tuple[Installation, ...]:
    """Return the interpreters to make an environment with, the best first.

    Those that *declared* rules out are left out, as is what has no version, is severely ill or is
    too old for anything that is installed today. Those of *implementation* come before others, of
    them one of *minor* first; then releases before pre-releases, and of the rest the newest.
    """
    found = [
        installation
        for installation in installations
        if installation.is_base
        and installation.executable is not None
        and (version := parsed_version(installation.version or "")) is not None
        and version >= _OLDEST
        and not any(ailment.is_severe for ailment in installation.ailments)
        and not contradictions(as_environment(installation), declared)
    ]
    return tuple(sorted(found, key=lambda one: _rank(one, minor, implementation)))


_OLDEST = Version("3.6")


def _rank(installation: Installation, minor: str | None, implementation: str) -> tuple[object, ...]:
    version = parsed_version(installation.version or "")
    assert version is not None
    is_minor = minor is not None and (installation.version or "").split(".")[:2] == minor.split(".")
    return (
        installation.implementation != implementation,
        not is_minor,
        version.is_prerelease,
        tuple(-number for number in version.release),
        len(str(installation.executable)),
        str(installation.executable),
    )


def as_environment(installation: Installation) -> Environment:
    """Return an interpreter as what an environment made with it would be, without its packages."""
    values = {}
    if installation.version is not None:
        values["python_full_version"] = installation.version
    values["implementation_name"] = installation.implementation
    return Environment(
        installation.prefix,
        (),
        installation.version,
        MarkerEnvironment(values, f"Python {installation.version}"),
    )


def base_interpreter(home: Path | None, minor: str | None, outside: Path) -> Path | None:
    """Return the interpreter in *home*, the folder that a ``pyvenv.cfg`` names, if it is there.

    Nothing in the environment at *outside* is a base: it would go with that.
    """
    if home is None or stands_in(home, outside):
        return None
    names = ("python.exe",) if os.name == "nt" else ("python3", "python")
    if minor is not None and os.name != "nt":
        names = (f"python{minor}", *names)
    for name in names:
        path = home / name
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def stands_in(path: Path, prefix: Path) -> bool:
    """Return whether *path* is *prefix* or in it, by whatever links; its own end is not followed.

    An interpreter of an environment is a link that leads out of it.
    """
    real = Path(os.path.realpath(path.parent)) / path.name
    return real.is_relative_to(os.path.realpath(prefix))
