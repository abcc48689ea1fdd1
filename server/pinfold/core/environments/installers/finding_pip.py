"""Which pip works on an environment: its own, or a newer one of another interpreter.

Owns what is read of a pip without running it, and the choice. Refuses to run any.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pinfold.core.environments.installed.metadata import header_end, parse_metadata
from pinfold.core.environments.installers.seeds import read_seed
from pinfold.core.environments.layout import NoEnvironment, prefix_of, read_environment
from pinfold.core.files import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pinfold.core.files import FileSystem

OLDEST_WITH_PYTHON_OPTION = Version("22.3")
"""Has ``--python``; and ``--report`` (since 22.2), which tells what would be installed."""

# Older ones say that they run on every later Python, but ask for what 3.12 no longer has.
_ON_PYTHON_3_12 = Version("23.1.2")
_WITHOUT_IMP_IMPORTER = Version("3.12")

_FOLDER = re.compile(r"pip-([^-]+)\.dist-info")
_MAX_METADATA_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pip:
    """A pip that is there. `python` is the interpreter that it runs with.

    `requires_python` says which Pythons it can work on; ``None`` if it does not say. `program` is
    what the interpreter is told in order to run it.
    """

    python: Path
    version: Version
    requires_python: str | None = None
    program: tuple[str, ...] = ("-m", "pip")

    @property
    def label(self) -> str:
        """Name and version."""
        return f"pip {self.version}"

    @property
    def can_preview(self) -> bool:
        """Whether it tells what it would install, and works on other environments."""
        return self.version >= OLDEST_WITH_PYTHON_OPTION

    def can_work_on(self, python: str | None) -> bool:
        """Return whether its code runs with that version of Python, as far as it says."""
        if python is None:
            return True
        try:
            if Version(python) >= _WITHOUT_IMP_IMPORTER and self.version < _ON_PYTHON_3_12:
                return False
            if self.requires_python is None:
                return True
            # 3.12 means some 3.12.x: what asks for 3.12.1 or more is then let pass.
            return SpecifierSet(self.requires_python).contains(Version(python), prereleases=True)
        except (InvalidSpecifier, InvalidVersion):
            return True


def read_pip(python: Path, filesystem: FileSystem) -> Pip | None:
    """Return the pip that the interpreter *python* has; ``None`` if it has none."""
    environment = read_environment(prefix_of(python, filesystem), filesystem)
    if isinstance(environment, NoEnvironment):
        return None
    for folder in environment.site_packages:
        names = filesystem.names(folder)
        if isinstance(names, Unreadable):
            continue
        for name in names:
            match = _FOLDER.fullmatch(name)
            if match is None or not filesystem.is_file(folder / "pip" / "__main__.py"):
                continue
            try:
                version = Version(match[1])
            except InvalidVersion:
                continue
            data = filesystem.read_bytes(folder / name / "METADATA", _MAX_METADATA_BYTES)
            if isinstance(data, Unreadable):
                return Pip(python, version)
            metadata = parse_metadata(data[: header_end(data)])
            return Pip(python, version, metadata.requires_python)
    return None


def bundled_pip(python: Path, filesystem: FileSystem) -> Pip | None:
    """Return the pip that *python* puts into environments; it runs right from its wheel."""
    seed = read_seed(python, filesystem)
    if seed is None or seed.pip is None or seed.pip_wheel is None:
        return None
    return Pip(python, seed.pip, program=(os.path.join(seed.pip_wheel, "pip"),))


def choose_pip(
    target: Path, python: str | None, others: Iterable[Path], filesystem: FileSystem
) -> Pip | None:
    """Return the pip to work on the environment whose interpreter is *target* with.

    Its own if it can tell what it would do, else the newest of those of *others* that can and that
    runs with *python*, the version of the environment; else its own, however old. ``None`` if there
    is none at all.
    """
    own = read_pip(target, filesystem)
    if own is not None and own.can_preview:
        return own
    found = []
    for other in others:
        # As text: another name of the same interpreter is as good, only its own path means `own`.
        pip = None if os.fspath(other) == os.fspath(target) else read_pip(other, filesystem)
        if pip is not None and pip.can_preview and pip.can_work_on(python):
            found.append(pip)
    return max(found, key=lambda pip: pip.version, default=own)
