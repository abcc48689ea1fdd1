"""Who else looks after an interpreter or a project, and the command of theirs that does it.

Owns what shows that uv, Poetry or PDM keep a project, or a distribution its interpreter (PEP 668),
and what is offered instead of a change behind their backs. Starts none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.files import Unreadable
from pinfold.core.model.plan import Verb
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pinfold.core.files import FileSystem

MAX_MESSAGE_BYTES = 64 * 1024


class Manager(Enum):
    """A tool that keeps a project's environment in step with its lock file."""

    UV = "uv"
    POETRY = "poetry"
    PDM = "pdm"


@dataclass(frozen=True, slots=True)
class ManagedProject:
    """A project that `manager` keeps; `lock` is the file that shows it."""

    manager: Manager
    folder: Path
    lock: Path


def read_managed_project(folder: Path, stop: Path, filesystem: FileSystem) -> ManagedProject | None:
    """Return the managed project that *folder* is in, looking no higher than *stop*.

    A lock file counts where a ``pyproject.toml`` stands beside it: that of a workspace is in its
    root, and a stray one says nothing.
    """
    for place in (folder, *folder.parents):
        if filesystem.is_file(place / "pyproject.toml"):
            for manager, name in _LOCKS:
                if filesystem.is_file(place / name):
                    return ManagedProject(manager, place, place / name)
        if place == stop:
            break
    return None


def refusal_of_project(
    project: ManagedProject,
    verb: Verb,
    *,
    names: Sequence[str] = (),
    editables: Sequence[str] = (),
    files: Sequence[str] = (),
) -> Refusal | None:
    """Return why *verb* is left to the manager of *project*, with its command where it has one.

    ``None`` for what the manager does not mind: it makes a removed environment anew, and what is
    undone was done in its sight.
    """
    if verb in (Verb.REMOVE, Verb.UNDO):
        return None
    manager = project.manager
    command = _command(manager, verb, names, editables, files)
    message = f"{project.lock.name} says that {_NAMES[manager]} looks after this project"
    if command is None:
        return Refusal(
            RefusalReason.MANAGED_PROJECT,
            message,
            f"{_NAMES[manager]} has no command for this: edit pyproject.toml, and lock again",
        )
    return Refusal(
        RefusalReason.MANAGED_PROJECT, message, f"use `{' '.join(command)}`", command=command
    )


def refusal_of_interpreter(*, is_externally_managed: bool, told: str | None) -> Refusal | None:
    """Return why nothing is changed in an interpreter that PEP 668 protects.

    *told* is what its keeper says about it, see :func:`read_keeper_message`.
    """
    if not is_externally_managed:
        return None
    message = "the packages of this interpreter are looked after by the system, not by pip"
    if told:
        message = f"{message}: {told}"
    return Refusal(
        RefusalReason.EXTERNALLY_MANAGED,
        message,
        Wording(
            "make an environment of your own with `pinfold env create`, and install there",
            "make an environment of your own with Create Environment, and install there",
        ),
        command=("pinfold", "env", "create"),
    )


def read_keeper_message(library: Path, filesystem: FileSystem) -> str | None:
    """Return what the ``EXTERNALLY-MANAGED`` file in the standard *library* says to people.

    Its first paragraph, in one line; ``None`` where there is none that can be read.

    https://packaging.python.org/specifications/externally-managed-environments/
    """
    from configparser import ConfigParser, Error

    data = filesystem.read_bytes(library / "EXTERNALLY-MANAGED", MAX_MESSAGE_BYTES)
    if isinstance(data, Unreadable):
        return None
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(data.decode("utf-8"))
        text = parser["externally-managed"]["Error"]
    except (Error, KeyError, ValueError):
        return None
    paragraph = text.strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).rstrip(".") or None


_LOCKS = ((Manager.UV, "uv.lock"), (Manager.POETRY, "poetry.lock"), (Manager.PDM, "pdm.lock"))
_NAMES = {Manager.UV: "uv", Manager.POETRY: "Poetry", Manager.PDM: "PDM"}


def _command(
    manager: Manager,
    verb: Verb,
    names: Sequence[str],
    editables: Sequence[str],
    files: Sequence[str],
) -> tuple[str, ...] | None:
    match manager:
        case Manager.UV:
            return _uv(verb, names, editables, files)
        case Manager.POETRY:
            return _poetry(verb, names, editables, files)
        case Manager.PDM:
            return _pdm(verb, names, editables, files)


def _uv(
    verb: Verb, names: Sequence[str], editables: Sequence[str], files: Sequence[str]
) -> tuple[str, ...] | None:
    match verb:
        case Verb.INSTALL if names or editables or files:
            from_files = [word for file in files for word in ("-r", file)]
            if editables and not names:
                return ("uv", "add", "--editable", *editables, *from_files)
            return None if editables else ("uv", "add", *names, *from_files)
        case Verb.UNINSTALL:
            return ("uv", "remove", *names)
        case Verb.UPGRADE:
            if not names:
                return ("uv", "sync", "--upgrade")
            return ("uv", "sync", *(word for name in names for word in ("--upgrade-package", name)))
        case Verb.REBUILD:
            return ("uv", "sync", "--reinstall")
        case _:
            return ("uv", "sync")


def _poetry(
    verb: Verb, names: Sequence[str], editables: Sequence[str], files: Sequence[str]
) -> tuple[str, ...] | None:
    match verb:
        case Verb.INSTALL if names or editables or files:
            if files or (names and editables):
                return None
            return ("poetry", "add", *(["--editable"] if editables else []), *names, *editables)
        case Verb.UNINSTALL:
            return ("poetry", "remove", *names)
        case Verb.UPGRADE:
            return ("poetry", "update", *names)
        case Verb.SYNC:
            return ("poetry", "sync")
        case _:
            return ("poetry", "install")


def _pdm(
    verb: Verb, names: Sequence[str], editables: Sequence[str], files: Sequence[str]
) -> tuple[str, ...] | None:
    match verb:
        case Verb.INSTALL if names or editables or files:
            if files:
                return None
            return ("pdm", "add", *names, *(word for one in editables for word in ("-e", one)))
        case Verb.UNINSTALL:
            return ("pdm", "remove", *names)
        case Verb.UPGRADE:
            return ("pdm", "update", *names)
        case Verb.SYNC:
            return ("pdm", "sync", "--clean")
        case _:
            return ("pdm", "install")
