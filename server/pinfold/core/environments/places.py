"""The machine around us as a value: home, variables, ``PATH``, platform, the Windows registry.

Owns where programs keep their data, caches and settings by the conventions of each platform.
Refuses to know which programs there are. Whoever searches a machine is given one of these and asks
nothing of the process that it runs in, so that a test can describe any machine.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Registry(Protocol):
    """The port to the Windows registry. No method raises; what is not there is empty.

    A key is a path that begins with ``HKEY_CURRENT_USER`` or ``HKEY_LOCAL_MACHINE``.
    """

    def subkeys(self, key: str) -> list[str]:
        """Return the names of the keys in *key*."""
        ...

    def value(self, key: str, name: str) -> str | None:
        """Return a text that is a value of *key*; that without a name is its default."""
        ...


class NoRegistry:
    """What every system but Windows has."""

    __slots__ = ()

    def subkeys(self, key: str) -> list[str]:
        """Return nothing."""
        del key
        return []

    def value(self, key: str, name: str) -> str | None:
        """Return nothing."""
        del key, name
        return None


class WindowsRegistry:
    """The registry of this machine."""

    __slots__ = ()

    def subkeys(self, key: str) -> list[str]:
        """Return the names of the keys in *key*."""
        if sys.platform != "win32":
            return []
        import winreg

        root, _, path = key.partition("\\")
        names: list[str] = []
        try:
            with winreg.OpenKey(getattr(winreg, root), path) as opened:
                for index in range(winreg.QueryInfoKey(opened)[0]):
                    names.append(winreg.EnumKey(opened, index))  # noqa: PERF401 - kept on errors
        except OSError:
            pass
        return names

    def value(self, key: str, name: str) -> str | None:
        """Return a text that is a value of *key*."""
        if sys.platform != "win32":
            return None
        import winreg

        root, _, path = key.partition("\\")
        try:
            with winreg.OpenKey(getattr(winreg, root), path) as opened:
                found = winreg.QueryValueEx(opened, name)[0]
        except OSError:
            return None
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a search needs to know of the machine.

    `platform` is as in ``sys.platform``. `projects` are the folders that somebody works in: a tool
    that keeps environments elsewhere is asked for theirs. Paths are text, for speed.
    """

    home: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    platform: str = "linux"
    is_wsl: bool = False
    registry: Registry = field(default_factory=NoRegistry, compare=False)
    projects: tuple[str, ...] = ()

    @property
    def is_windows(self) -> bool:
        """Whether this is Windows."""
        return self.platform == "win32"

    def variable(self, name: str) -> str | None:
        """Return what a variable holds, ``None`` if it is empty or not set."""
        return self.variables.get(name) or None

    def folder(self, name: str) -> str | None:
        """Return the folder that a variable names; ``None`` where it is no absolute path."""
        value = self.variable(name)
        if value is not None and value.startswith("~/") and self.home is not None:
            value = self.home + value[1:]
        if value is None or not os.path.isabs(value):  # noqa: PTH117
            return None
        return os.path.normpath(value)

    def at_home(self, *parts: str) -> str | None:
        """Return a path below the home directory, ``None`` where there is none."""
        return None if self.home is None else os.path.join(self.home, *parts)

    def search_path(self) -> Iterator[str]:
        """Yield the folders of ``PATH`` in their order, each text once.

        A relative one is left out: it means another folder in each working directory, and so the
        workspace's own, which nobody trusts.
        """
        separator = ";" if self.is_windows and os.pathsep == ";" else ":"
        seen: set[str] = set()
        for entry in self.variables.get("PATH", "").split(separator):
            folder = os.path.normpath(entry.strip('"')) if entry else ""
            if os.path.isabs(folder) and folder not in seen:  # noqa: PTH117
                seen.add(folder)
                yield folder

    def is_foreign(self, path: str) -> bool:
        """Return whether *path* is on a drive of the Windows that this Linux runs under.

        Reading there takes long, and what is found does not run as a Linux program.
        """
        return self.is_wsl and _FOREIGN.match(path) is not None

    def xdg_data(self) -> str | None:
        """Return the folder for data of programs that go by XDG on every system."""
        return self.folder("XDG_DATA_HOME") or self.at_home(".local", "share")

    def xdg_cache(self) -> str | None:
        """Return the folder for caches of programs that go by XDG on every system."""
        return self.folder("XDG_CACHE_HOME") or self.at_home(".cache")

    def xdg_config(self) -> str | None:
        """Return the folder for settings of programs that go by XDG on every system."""
        return self.folder("XDG_CONFIG_HOME") or self.at_home(".config")

    def native_data(self, program: str) -> str | None:
        """Return where *program* keeps data by the conventions of the platform."""
        return self._native(program, self.xdg_data(), ("Library", "Application Support"), ())

    def native_cache(self, program: str) -> str | None:
        """Return where *program* keeps its cache by the conventions of the platform."""
        return self._native(program, self.xdg_cache(), ("Library", "Caches"), ("Cache",))

    def native_config(self, program: str) -> str | None:
        """Return where *program* keeps its settings by the conventions of the platform."""
        return self._native(program, self.xdg_config(), ("Library", "Application Support"), ())

    def local_application_data(self) -> str | None:
        """Return ``%LOCALAPPDATA%``."""
        return self.folder("LOCALAPPDATA") or self.at_home("AppData", "Local")

    def roaming_application_data(self) -> str | None:
        """Return ``%APPDATA%``."""
        return self.folder("APPDATA") or self.at_home("AppData", "Roaming")

    def _native(
        self, program: str, xdg: str | None, mac: tuple[str, ...], windows: tuple[str, ...]
    ) -> str | None:
        if self.is_windows:
            local = self.local_application_data()
            return None if local is None else os.path.join(local, program, *windows)
        if self.platform == "darwin":
            return self.at_home(*mac, program)
        return None if xdg is None else os.path.join(xdg, program)


_FOREIGN = re.compile(r"/mnt/[A-Za-z](?:/|$)")


def this_machine(projects: tuple[str, ...] = ()) -> Surroundings:
    """Return the machine that this process runs on, as the process's own variables show it."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none
    return Surroundings(
        home=home if os.path.isabs(home) else None,  # noqa: PTH117
        variables=dict(os.environ),
        platform=sys.platform,
        is_wsl=_is_wsl(),
        registry=WindowsRegistry() if sys.platform == "win32" else NoRegistry(),
        projects=projects,
    )


def _is_wsl() -> bool:
    if sys.platform != "linux":
        return False
    # WSL 2's kernel says so in its release: "5.15.153.1-microsoft-standard-WSL2".
    return "WSL_DISTRO_NAME" in os.environ or "microsoft" in os.uname().release.lower()


def state_folder() -> Path:
    """Return the folder in which Pinfold remembers things; ``PINFOLD_STATE_DIR`` overrides it."""
    named = os.environ.get("PINFOLD_STATE_DIR")
    if named and os.path.isabs(named):  # noqa: PTH117
        return Path(named)
    # Late, since most uses of the command line remember nothing.
    from platformdirs import user_state_path

    return user_state_path("pinfold", appauthor=False)
