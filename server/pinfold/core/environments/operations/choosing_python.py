"""The interpreter that an environment is made with: what somebody named, or what suits the project.

Owns the reading of what was named and the messages about what is not there. Starts none of them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from pinfold.core.environments.declared_python import (
    DeclaredPython,
    PinnedPython,
    contradictions,
    pinned_entry,
)
from pinfold.core.environments.layout import prefix_of
from pinfold.core.environments.operations.workbench import (
    CPYTHON,
    as_environment,
    stands_in,
    suitable,
)
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.model.environment import Environment
    from pinfold.core.model.installation import Installation


_WHICH_THERE_ARE = Wording(
    "`pinfold env list` shows which there are", "name another one, or the path of an interpreter"
)


@dataclass(frozen=True, slots=True)
class ChosenPython:
    """What an environment is made with."""

    path: Path
    version: str | None
    environment: Environment
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Version and path, for people."""
        return f"{self.version or 'of unknown version'} ({self.path})"


def choose_python(
    bench: Workbench,
    named: str | None,
    folder: Path,
    *,
    minor: str | None = None,
    implementation: str = CPYTHON,
    instead_of: Path | None = None,
) -> ChosenPython | Refusal:
    """Return the interpreter that is meant, or else the one that suits the project in *folder*.

    *named* is a path, a name on ``PATH`` or a version. One of *implementation* comes before all
    others, and of those one of *minor*. What is in the environment at *instead_of* goes with that:
    where its interpreter is meant, the one is that it leads to.
    """
    chosen = _chosen(bench, named, folder, minor=minor, implementation=implementation)
    if instead_of is None or isinstance(chosen, Refusal) or not stands_in(chosen.path, instead_of):
        return chosen
    real = chosen.path.resolve()
    if stands_in(real, instead_of):
        return Refusal(
            RefusalReason.INVALID,
            f"{chosen.path} is in the environment that is made anew, and goes with it",
            _WHICH_THERE_ARE,
        )
    return replace(chosen, path=real)


def _chosen(
    bench: Workbench,
    named: str | None,
    folder: Path,
    *,
    minor: str | None,
    implementation: str,
) -> ChosenPython | Refusal:
    declared = bench.declared(folder)
    if named is not None:
        if not named.strip():
            return Refusal(RefusalReason.INVALID, "no Python is named", "name one, or none at all")
        if _FREE_THREADED.fullmatch(named):
            return Refusal(
                RefusalReason.INVALID,
                f"free-threaded builds such as {named} are not told apart by version",
                "name the path of its interpreter",
            )
        path = _path_named(named, folder, bench)
        if path is not None:
            if not path.exists():
                return Refusal(RefusalReason.INVALID, f"{path} does not exist")
            return _named_interpreter(path, bench, declared)
        entry = pinned_entry(named)
        if entry.release is None and entry.specifier is None:
            return Refusal(
                RefusalReason.INVALID,
                f"`{named}` is neither an interpreter on PATH nor a version of Python",
                _WHICH_THERE_ARE,
            )
        asked_for = DeclaredPython(pinned=PinnedPython(Path(named), (entry,)))
        found = _suitable(bench, folder, asked_for, minor=None)
        if found is None:
            return Refusal(
                RefusalReason.INVALID,
                f"there is no Python {named} on this machine to make an environment with",
                _WHICH_THERE_ARE,
            )
        against = contradictions(found.environment, declared)
        return replace(found, notes=tuple(f"{one.message}." for one in against))
    found = _suitable(bench, folder, declared, minor=minor, implementation=implementation)
    if found is None:
        asks = _asks_for(declared)
        return Refusal(
            RefusalReason.INVALID,
            f"there is no Python on this machine{asks} to make an environment with",
            "install one, or name one",
        )
    is_minor = (found.version or "").split(".")[:2] == (minor or "").split(".")
    if minor is not None and not (is_minor and _implementation(found) == implementation):
        name = "Python" if implementation == CPYTHON else implementation.capitalize()
        return replace(found, notes=(f"There is no {name} {minor} any more.",))
    return found


def _implementation(chosen: ChosenPython) -> str:
    return chosen.environment.markers.values.get("implementation_name", CPYTHON)


def _suitable(
    bench: Workbench,
    folder: Path,
    declared: DeclaredPython,
    *,
    minor: str | None,
    implementation: str = CPYTHON,
) -> ChosenPython | None:
    """Return the best interpreter, of those that are known, or else of those that are there."""
    for installations in (bench.installations, bench.search):
        known = installations((folder,))
        ranked = suitable(known, declared, minor=minor, implementation=implementation)
        for installation in ranked:
            executable = installation.executable
            if executable is not None and executable.exists():
                return ChosenPython(executable, installation.version, as_environment(installation))
    return None


def _named_interpreter(
    named: Path, bench: Workbench, declared: DeclaredPython
) -> ChosenPython | Refusal:
    prefix = prefix_of(named, bench.filesystem)
    environment = bench.environment(prefix)
    if environment is None and (tool := _tool_of_shim(named)) is not None:
        return Refusal(
            RefusalReason.INVALID,
            f"{named} is a shim of {tool}'s, which stands for an interpreter and is none",
            f"name the one that `{tool} which {named.name}` prints, or a version",
        )
    if environment is None:
        return Refusal(RefusalReason.INVALID, f"{named} is no Python that can be recognised")
    executable = named
    if named.is_dir():
        installation = bench.installation(prefix)
        if installation is None or installation.executable is None:
            return Refusal(RefusalReason.INVALID, f"there is no interpreter in {named}")
        executable = installation.executable
    elif (other := _of_shared_prefix(named, environment, bench)) is not None:
        environment = as_environment(other)
    notes = tuple(f"{one.message}." for one in contradictions(environment, declared))
    return ChosenPython(executable, environment.python, environment, notes)


def _of_shared_prefix(
    named: Path, environment: Environment, bench: Workbench
) -> Installation | None:
    """Return the interpreter at *named*, where its prefix is that of another one first of all.

    In ``/usr`` there may be several, CPython and PyPy side by side.
    """
    match = _NAMED_BY_VERSION.match(named.resolve().name)
    if match is None or (environment.python or "").split(".")[:2] == match["minor"].split("."):
        return None
    real = named.resolve()
    known = bench.installations((named.parent,))
    return next((one for one in known if one.is_base and one.real_executable == real), None)


_NAMED_BY_VERSION = re.compile(r"(?:python|pypy)(?P<minor>\d+\.\d+)")


def _tool_of_shim(path: Path) -> str | None:
    """Return which tool a file belongs to that looks for an interpreter and starts that."""
    if path.parent.name != "shims":
        return None
    if path.resolve().name in _SHIM_TOOLS:
        return path.resolve().name
    try:
        with path.open("rb") as file:
            start = file.read(_SHIM_BYTES)
    except OSError:
        return None
    words = set(re.findall(rb"[a-z]+", start)) if start.startswith(b"#!") else set()
    return next((tool for tool in _SHIM_TOOLS if tool.encode() in words), None)


_SHIM_TOOLS = ("pyenv", "asdf", "mise", "rtx")
_SHIM_BYTES = 4096

_FREE_THREADED = re.compile(r"(?:python|cpython@)?\d+\.\d+(?:\.\d+)?t")


def _path_named(text: str, folder: Path, bench: Workbench) -> Path | None:
    """Return the path that *text* means; ``None`` if it means a version."""
    separators = (os.sep, os.altsep or os.sep)
    if any(separator in text for separator in separators):
        # Not Path.expanduser, which raises for a user whom nobody knows.
        return Path(os.path.normpath(folder / os.path.expanduser(text)))  # noqa: PTH111
    if (folder / text / "pyvenv.cfg").is_file():
        return folder / text
    if not text[0].isalpha():
        return None
    found = which(text, path=os.pathsep.join(bench.surroundings.search_path()))
    if found is None:
        return None
    # A shim of pyenv's is no interpreter; what it stands for is found by its version.
    is_python = bench.environment(prefix_of(Path(found), bench.filesystem)) is not None
    return Path(found) if is_python or pinned_entry(text).release is None else None


def _asks_for(declared: DeclaredPython) -> str:
    if declared.pinned is not None and declared.pinned.entries:
        return f" that is {declared.pinned.entries[0].text}, as {declared.pinned.path.name} asks,"
    if declared.required is not None:
        return f" that is {declared.required.said}, as {declared.required.path.name} asks,"
    return ""
