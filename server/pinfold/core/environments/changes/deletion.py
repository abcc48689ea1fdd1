"""What must not be removed, and why.

Owns the checks before a folder is taken away: it has to be an environment and nothing else, and
nothing may need it. Refuses to remove anything. The folder is looked at on the real disk, when it
is planned; which environments there are is for whoever asks to know.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.layout import read_remains
from pinfold.core.files import LocalFileSystem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pinfold.core.model.installation import Installation

_OWN_FOLDERS = frozenset(
    (
        *("bin", "lib", "lib32", "lib64", "include", "share", "scripts", "etc", "man", "doc"),
        # Old virtualenvs; PyPy's; what pip checks out for editable installs; tox.
        *("local", "libs", "dlls", "lib-python", "lib_pypy", "site-packages", "src", "log", "tmp"),
        # In the place of the file, of what is left of one.
        "pyvenv.cfg",
    )
)
"""The folders that environments have at their top, by lower-cased name."""

_WORK = frozenset(
    (
        *(".git", ".hg", ".svn", ".jj", ".github", ".vscode", ".idea", "pyproject.toml"),
        *("setup.py", "setup.cfg", "pipfile", "tox.ini", "noxfile.py", "package.json"),
        *("readme.md", "readme.rst", "requirements.txt", "dockerfile", "makefile", "manage.py"),
        *("uv.lock", "poetry.lock"),
    )
)
"""What shows that a folder is somebody's work, by lower-cased name."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a removal must not take away: folders that hold what people work on."""

    home: Path | None
    workspaces: tuple[Path, ...]
    working_directory: Path | None


def refusal_to_remove(
    prefix: Path, around: Surroundings, installations: Iterable[Installation]
) -> str | None:
    """Return why *prefix* is not removed, in a sentence for people; ``None`` if nothing is against.

    *installations* are all that are known on this machine.
    """
    return (
        refusal_for_its_place(prefix, around)
        or _shape_refusal(prefix)
        or _use_refusal(prefix, installations)
    )


def has_shape(prefix: Path) -> bool:
    """Return whether a folder is a virtual environment, or certainly what is left of one."""
    try:
        names = {name.lower() for name in os.listdir(prefix)}  # noqa: PTH208 - names
    except OSError:
        return False
    if (prefix / "pyvenv.cfg").is_file():
        return not names.isdisjoint(("bin", "scripts", "lib"))
    return read_remains(prefix, LocalFileSystem()) is not None


def refusal_for_its_place(prefix: Path, around: Surroundings) -> str | None:
    """Return why *prefix* stays whatever is in it: for where it stands, or for not being there."""
    if prefix.is_symlink():
        target = os.path.realpath(prefix)
        return f"{prefix} is a link to {target}: name that, or remove the link yourself"
    if not prefix.is_dir():
        return f"{prefix} is not a folder" if prefix.exists() else f"{prefix} does not exist"
    real = Path(os.path.realpath(prefix))
    if real.parent == real:
        return f"{prefix} is the root of a file system"
    if os.path.ismount(real):
        return f"a file system is mounted at {prefix}"
    if around.home is not None and _holds(real, around.home):
        return f"{prefix} holds your home directory"
    for workspace in around.workspaces:
        if _holds(real, workspace):
            return f"{prefix} holds the workspace {workspace}"
    if around.working_directory is not None and _holds(real, around.working_directory):
        return f"{prefix} holds the current directory: go somewhere else first"
    if _holds(real, Path(sys.prefix)):
        return f"Pinfold itself runs from {prefix}"
    return None


def _shape_refusal(prefix: Path) -> str | None:
    try:
        names = {name.lower(): name for name in os.listdir(prefix)}  # noqa: PTH208 - names
    except OSError as error:
        return f"{prefix} cannot be read: {(error.strerror or str(error)).lower()}"
    is_conda = (prefix / "conda-meta").is_dir()
    if not is_conda and not has_shape(prefix):
        return f"{prefix} is not an environment: it has no pyvenv.cfg beside a folder of commands"
    if is_conda and not names.keys().isdisjoint(("condabin", "envs")):
        return f"{prefix} is an installation of conda, which holds other environments"
    more = sorted(names[name] for name in names.keys() & _WORK)
    if not more and not is_conda:
        unknown = {name for name in names.values() if name.lower() not in _OWN_FOLDERS}
        folders = {name for name in unknown if (prefix / name).is_dir()}
        more = sorted(folders - _recorded_folders(prefix, folders))
    if more:
        return f"{prefix} holds more than an environment: {more[0]}"
    return _refusal_below(prefix)


def _recorded_folders(prefix: Path, folders: Collection[str]) -> set[str]:
    """Return those of the folders at the top that installed packages have put there."""
    if not folders:
        return set()
    found: set[str] = set()
    for record in prefix.glob("[Ll]ib/**/*.dist-info/RECORD"):
        with contextlib.suppress(OSError), record.open("r", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("../"):
                    path = os.path.normpath(record.parent.parent / line.partition(",")[0])
                    with contextlib.suppress(ValueError):
                        found.add(Path(path).relative_to(prefix).parts[0])
    return found


def _use_refusal(prefix: Path, installations: Iterable[Installation]) -> str | None:
    real = Path(os.path.realpath(prefix))
    for installation in installations:
        if installation.is_base and Path(os.path.realpath(installation.prefix)) == real:
            return f"{prefix} is an interpreter that environments are made from"
        if Path(os.path.realpath(installation.prefix)) == real:
            continue
        home = installation.base_home
        if home is not None and _holds(real, home):
            return f"the environment {installation.prefix} is made from {prefix}"
        if _holds(real, installation.prefix):
            return f"another environment is in it: {installation.prefix}"
    return None


def _holds(real: Path, other: Path) -> bool:
    """Return whether *other* is *real* or below it; each as it is named, and as it really is."""
    found: Collection[Path] = (other, Path(os.path.realpath(other)))
    return any(path == real or real in path.parents for path in found)


def _refusal_below(prefix: Path) -> str | None:
    """Return what somewhere below is not to be removed: another file system, or environment."""
    device = prefix.stat().st_dev
    for folder, names, files in os.walk(prefix):
        is_environment = "pyvenv.cfg" in files and not _PARTS.isdisjoint(names)
        if is_environment and Path(folder) != prefix:
            return f"another environment is in it: {folder}"
        for name in names:
            path = Path(folder, name)
            try:
                found = path.lstat()
            except OSError:
                continue
            if found.st_dev != device or os.path.ismount(path):
                return f"a file system is mounted in it, at {path}"
    return None


_PARTS = frozenset(("bin", "Scripts", "lib", "Lib"))
