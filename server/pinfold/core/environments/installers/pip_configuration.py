"""pip's configuration, read as pip reads it: files, ``PIP_CONFIG_FILE`` and ``PIP_*`` variables.

Owns where the files are, which of them counts, and what a value means. Refuses to run pip, and to
know what is done with the values.

Read from pip 26.3: ``_internal/configuration.py``, ``_internal/cli/parser.py``.
"""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, UnreadableReason, locale_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem

MAX_FILE_BYTES = 1024 * 1024

# Other long names of the same options.
_ALIASES = {"pypi-url": "index-url", "default-timeout": "timeout"}
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})


@dataclass(frozen=True, slots=True)
class PipSetting:
    """One value, and who set it: the path of a file, or the name of a variable."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class PipConfiguration:
    """What pip would find set up.

    `values` are by section and key, ``install.no-binary`` or ``:env:.index-url``, as ``pip config
    list`` shows them. `problems` are sentences about files that pip stumbles over.
    """

    values: Mapping[str, PipSetting]
    problems: tuple[str, ...] = ()

    def get(self, name: str) -> PipSetting | None:
        """Return what ``pip install`` goes by; ``None`` if pip is left to its default."""
        # Sections before files: what the system's file says of installing beats what the user's
        # says of everything.
        names = (name, *(alias for alias, option in _ALIASES.items() if option == name))
        for section in (":env:", "install", "global"):
            for key in names:
                setting = self.values.get(f"{section}.{key}")
                if setting is not None and setting.value:
                    return setting
        return None

    def words(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the parts of a value that may hold several, each with its origin."""
        setting = self.get(name)
        if setting is None:
            return ()
        return tuple((word, setting.origin) for word in setting.value.split())

    def is_on(self, name: str) -> bool:
        """Return whether a flag is set."""
        setting = self.get(name)
        return setting is not None and setting.value.lower() in _TRUE


def read_pip_configuration(
    prefix: Path | None, surroundings: Surroundings, filesystem: FileSystem
) -> PipConfiguration:
    """Return what the pip of the environment at *prefix* would find set up."""
    values: dict[str, PipSetting] = {}
    problems = []
    for path in _files(prefix, surroundings, filesystem):
        data = filesystem.read_bytes(path, MAX_FILE_BYTES)
        if isinstance(data, Unreadable):
            if data.reason is not UnreadableReason.MISSING:
                problems.append(f"pip's configuration {path} {data.detail}")
            continue
        parser = _Parser()
        try:
            parser.read_string(data.decode(locale_encoding()))
        except (configparser.Error, UnicodeDecodeError, LookupError):
            problems.append(f"pip cannot read its configuration {path}")
            continue
        for section in parser.sections():
            for key, value in parser.items(section):
                values[f"{section}.{key}"] = PipSetting(value, path)
    for name, value in surroundings.variables.items():
        if name.startswith("PIP_") and name not in ("PIP_VERSION", "PIP_HELP"):
            values[f":env:.{_normalised(name[4:])}"] = PipSetting(value, name)
    return PipConfiguration(values, tuple(problems))


class _Parser(configparser.RawConfigParser):
    """As pip has it: the names of options are those of the command line."""

    def optionxform(self, optionstr: str) -> str:
        return _normalised(optionstr)


def _normalised(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _files(
    prefix: Path | None, surroundings: Surroundings, filesystem: FileSystem
) -> Iterator[str]:
    """Yield the files in the order in which they count, the last most."""
    named = surroundings.variables.get("PIP_CONFIG_FILE")
    if named is not None and named == os.devnull:
        return
    name = "pip.ini" if surroundings.is_windows else "pip.conf"
    for folder in _global_folders(surroundings):
        yield os.path.join(folder, name)
    # A file that is named takes the place of the user's, if it is there.
    if not named or not filesystem.exists(named):
        for user in _user_folders(surroundings, filesystem):
            yield os.path.join(user, name)
    if prefix is not None:
        yield os.path.join(prefix, name)
    if named:
        yield named


def _global_folders(surroundings: Surroundings) -> Iterator[str]:
    if surroundings.is_windows:
        yield os.path.join(surroundings.folder("ProgramData") or r"C:\ProgramData", "pip")
    elif surroundings.platform == "darwin":
        yield "/Library/Application Support/pip"
    else:
        folders = surroundings.variables.get("XDG_CONFIG_DIRS", "").strip() or "/etc/xdg"
        for folder in folders.split(":"):
            yield os.path.join(folder, "pip")
        yield "/etc"


def _user_folders(surroundings: Surroundings, filesystem: FileSystem) -> Iterator[str]:
    legacy = surroundings.at_home("pip" if surroundings.is_windows else ".pip")
    if legacy is not None:
        yield legacy
    if surroundings.platform == "darwin":
        native = surroundings.at_home("Library", "Application Support", "pip")
        at_home = surroundings.at_home(".config", "pip")
        folder = native if native is not None and filesystem.is_directory(native) else at_home
    elif surroundings.is_windows:
        roaming = surroundings.roaming_application_data()
        folder = None if roaming is None else os.path.join(roaming, "pip")
    else:
        config = surroundings.xdg_config()
        folder = None if config is None else os.path.join(config, "pip")
    if folder is not None:
        yield folder
