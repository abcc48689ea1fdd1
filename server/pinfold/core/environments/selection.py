"""Which environment a file is judged against.

Owns the order in which places are looked at, what each of them may hold, and why one is taken or
not. Refuses to know what is installed there, and never starts anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from pinfold.core.environments.declared_python import (
    DeclaredPython,
    pinned_entry,
    read_declared,
)
from pinfold.core.environments.layout import NoEnvironment, kind_of, prefix_of
from pinfold.core.environments.python_envs import (
    PYTHON_ENVS,
    BadListing,
    NamedPath,
    read_python_envs,
    read_venv_file,
)
from pinfold.core.files import Unreadable, UnreadableReason
from pinfold.core.model.environment import (
    EnvironmentState,
    RejectedCandidate,
    SelectionPlace,
    SelectionStep,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pinfold.core.environments.activated import Activated
    from pinfold.core.environments.choices import Choices
    from pinfold.core.environments.layout import Kind
    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem

MAX_DEPTH = 200
"""How deep a folder may lie for anybody to look there."""

_MOST_REJECTED = 100


@dataclass(frozen=True, slots=True)
class EnvironmentQuery:
    """Asks for the environment of the files in *folder*.

    `stop` is the last folder that is looked at on the way up. `configured` is the environment that
    the project's settings name. All paths are absolute.
    """

    folder: Path
    stop: Path
    configured: Path | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen and why; `prefix` is set if and only if `state` is `FOUND`.

    `is_meant` if there is none because somebody wants none. `steps` is the whole search.
    """

    state: EnvironmentState
    reason: str
    prefix: Path | None = None
    rejected: tuple[RejectedCandidate, ...] = ()
    is_meant: bool = False
    steps: tuple[SelectionStep, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What a folder itself says of an environment for what is in it.

    `chosen` is ``None`` if it says nothing. `rejected` is what stands there and was passed over.
    `steps` are those of both.
    """

    chosen: Chosen | None
    rejected: tuple[RejectedCandidate, ...] = ()
    steps: tuple[SelectionStep, ...] = ()


class Scout(Protocol):
    """Looks at places on disk for :func:`choose_environment`, which may ask for many twice."""

    def look_in(self, folder: Path) -> FolderLook:
        """Return what :func:`look_in` does."""
        ...

    def look_at(self, path: Path) -> Path | NoEnvironment:
        """Return what :func:`look_at` does."""
        ...

    def declared(self, folder: Path) -> DeclaredPython:
        """Return what :func:`look_for_declared` does."""
        ...

    def choices(self) -> Choices:
        """Return what people have chosen."""
        ...

    def real_path(self, path: Path) -> Path:
        """Return a path with its links followed."""
        ...

    def pyenv_roots(self) -> Sequence[Path]:
        """Return the folders that may be pyenv's."""
        ...


def choose_environment(
    query: EnvironmentQuery,
    scout: Scout,
    *,
    explicit: Path | None = None,
    home: Path | None = None,
    activated: Sequence[Activated] = (),
) -> Chosen:
    """Return the environment for *query*, by evidence on disk alone.

    In this order: *explicit* for all files, the one that a person chose for the nearest folder, the
    one that the settings name, what stands in the file's folder and then in those above it, or is
    kept for them elsewhere, the one of pyenv's that ``.python-version`` names, the first of the
    *activated* ones that is there. What somebody named for this project and cannot be used is said,
    and nothing else taken in its place.
    """
    notes = _Notes()
    search = _Search(query, scout, explicit, home, activated, notes)
    for find in (_by_option, _by_choice, _by_settings, _by_folders, _by_pyenv, _by_activation):
        chosen = find(search)
        if chosen is not None:
            break
    else:
        chosen = Chosen(EnvironmentState.NONE, _NOTHING)
    rejected = tuple(notes.rejected[:_MOST_REJECTED])
    return Chosen(
        chosen.state,
        chosen.reason,
        chosen.prefix,
        rejected,
        chosen.is_meant,
        tuple(notes.steps),
    )


def declared_python(query: EnvironmentQuery, scout: Scout, home: Path | None) -> DeclaredPython:
    """Return what the files nearest to those of *query* say of the Python that is wanted."""
    found = DeclaredPython()
    for folder in _upwards(query.folder, query.stop, home):
        declared = scout.declared(folder)
        if declared is not _NOT_DECLARED:
            found = found.or_else(declared)
        if found.pinned is not None and (found.required or found.pipfile):
            break
    return found


def look_at(path: Path, filesystem: FileSystem) -> Path | NoEnvironment:
    """Return the prefix of the environment that somebody named by *path*, or why it is none."""
    prefix = prefix_of(path, filesystem)
    kind = kind_of(prefix, filesystem)
    return kind if isinstance(kind, NoEnvironment) else prefix


def look_in(
    folder: Path, filesystem: FileSystem, surroundings: Surroundings | None = None
) -> FolderLook:
    """Return what *folder* itself says of an environment for what is in it.

    With *surroundings*, tools that keep environments elsewhere are asked for theirs too.
    """
    names = _names_in(folder, filesystem)
    if not names & _NAMES_OF_PLACES and (surroundings is None or not names & _NAMES_OF_PROJECTS):
        nothing = SelectionStep(SelectionPlace.FOLDER, folder, _EMPTY)
        return FolderLook(None, (), (nothing,))
    notes = _Notes()
    chosen = _beside(folder, names, filesystem, notes)
    if chosen is None and surroundings is not None and names & _NAMES_OF_PROJECTS:
        chosen = _kept_elsewhere(folder, filesystem, surroundings, notes)
    if not notes.steps:
        notes.step(SelectionPlace.FOLDER, folder, _EMPTY)
    return FolderLook(chosen, tuple(notes.rejected), tuple(notes.steps))


def look_for_declared(folder: Path, filesystem: FileSystem) -> DeclaredPython:
    """Return which Python the files in *folder* ask for."""
    declared = read_declared(folder, filesystem, _names_in(folder, filesystem))
    # Most folders say nothing, and are recognised by that.
    return _NOT_DECLARED if declared == _NOT_DECLARED else declared


# What stands there all the same is among what was rejected, with why.
_NOTHING = (
    "there is no `.venv`, `.python-envs`, `venv`, `env`, `.conda` or `.pixi` that can be used in"
    " its folder or above it in the project, no tool has made one for it, and none is activated"
)

_EMPTY = "no environment stands there, and no tool has made one for it"

# One for all, since they are noted in each of thousands of searches.
_NO_CHOICE = SelectionStep(
    SelectionPlace.CHOICE, None, "nobody chose one for its folder or one above"
)
_NO_SETTING = SelectionStep(SelectionPlace.SETTING, None, "the settings name none")
_NONE_ACTIVATED = SelectionStep(SelectionPlace.ACTIVATED, None, "none is activated")

_NOT_DECLARED = DeclaredPython()

_NAMES_OF_PLACES = frozenset({".venv", PYTHON_ENVS, "venv", "env", ".conda", ".pixi"})
_NAMES_OF_PROJECTS = frozenset({"pyproject.toml", "hatch.toml", "pipfile", ".pdm-python"})
_NAMES_OF_DECLARATIONS = frozenset({".python-version", "pyproject.toml", "setup.cfg", "pipfile"})
_NAMES = _NAMES_OF_PLACES | _NAMES_OF_PROJECTS | _NAMES_OF_DECLARATIONS


def _names_in(folder: Path, filesystem: FileSystem) -> frozenset[str]:
    """Return which of the names that matter stand in *folder*, in lower case.

    One listing instead of a dozen stats: whoever polls thousands of folders has one each to make,
    since a folder changes when something appears in it. Where it cannot be listed, everything may
    be there.
    """
    names = filesystem.names(folder)
    if isinstance(names, Unreadable):
        nothing = names.reason in (UnreadableReason.MISSING, UnreadableReason.NOT_A_DIRECTORY)
        return frozenset() if nothing else _NAMES
    # In lower case, since some file systems know no other.
    return _NAMES.intersection(map(str.lower, names))


@dataclass(slots=True)
class _Notes:
    """What is written down during one search."""

    steps: list[SelectionStep] = field(default_factory=list)
    rejected: list[RejectedCandidate] = field(default_factory=list)

    def step(self, place: SelectionPlace, path: Path | None, outcome: str) -> None:
        """Note a place where there is nothing to take."""
        self.steps.append(SelectionStep(place, path, outcome))

    def reject(self, place: SelectionPlace, path: Path, reason: str) -> None:
        """Note something that is not taken."""
        self.steps.append(SelectionStep(place, path, reason))
        self.rejected.append(RejectedCandidate(path, reason))

    def take(self, place: SelectionPlace, path: Path | None, chosen: Chosen) -> Chosen:
        """Note what ends the search, and return it."""
        self.steps.append(SelectionStep(place, path, chosen.reason, is_taken=True))
        return chosen


@dataclass(frozen=True, slots=True)
class _Search:
    query: EnvironmentQuery
    scout: Scout
    explicit: Path | None
    home: Path | None
    activated: Sequence[Activated]
    notes: _Notes


def _by_option(search: _Search) -> Chosen | None:
    if search.explicit is None:
        return None
    chosen = _named(search.explicit, "`--env`", search.scout)
    return search.notes.take(SelectionPlace.OPTION, search.explicit, chosen)


def _by_choice(search: _Search) -> Chosen | None:
    choices = search.scout.choices()
    if choices:
        for folder, kept in _choosable(search.query.folder, search):
            if kept in choices and not _is_home_above(kept, search):
                return _chosen_for(folder, choices[kept], search)
    search.notes.steps.append(_NO_CHOICE)
    return None


def _choosable(folder: Path, search: _Search) -> Iterator[tuple[Path, Path]]:
    """Yield the folders whose choice counts, the nearest first: as they are shown, and are kept.

    They are kept by their real paths, and have been by those that were named.
    """
    named = deciding_folders(folder, search.home)
    real = search.scout.real_path(folder)
    if real != folder:
        names: dict[Path, Path] = {}
        for place in named:
            names.setdefault(search.scout.real_path(place), place)
        for place in deciding_folders(real, None):
            name = names.get(place, place)
            yield name, place
            yield name, name
    for place in named:
        yield place, place


def _is_home_above(kept: Path, search: _Search) -> bool:
    """Return whether *kept* is the home directory by another name, and the files are further in."""
    home, folder = search.home, search.query.folder
    # Asked last: only where a choice is about to count does anybody go to the home directory.
    return (
        home is not None
        and kept not in (folder, search.scout.real_path(folder))
        and search.scout.real_path(home) == kept
    )


def _chosen_for(folder: Path, path: Path | None, search: _Search) -> Chosen:
    if path is None:
        reason = f"you chose to have none for {folder}"
        none = Chosen(EnvironmentState.NONE, reason, is_meant=True)
        return search.notes.take(SelectionPlace.CHOICE, None, none)
    prefix = search.scout.look_at(path)
    if isinstance(prefix, NoEnvironment):
        reason = f"the environment that you chose for {folder}, {path}, {prefix.reason}"
        chosen = Chosen(EnvironmentState.UNUSABLE, reason)
    else:
        chosen = _found(prefix, f"you chose it for {folder}")
    return search.notes.take(SelectionPlace.CHOICE, path, chosen)


def _by_settings(search: _Search) -> Chosen | None:
    configured = search.query.configured
    if configured is None:
        search.notes.steps.append(_NO_SETTING)
        return None
    chosen = _named(configured, "`environment` in the settings", search.scout)
    return search.notes.take(SelectionPlace.SETTING, configured, chosen)


def _by_folders(search: _Search) -> Chosen | None:
    for folder in _upwards(search.query.folder, search.query.stop, search.home):
        look = search.scout.look_in(folder)
        search.notes.rejected += look.rejected
        search.notes.steps += look.steps
        if look.chosen is not None:
            return look.chosen
    return None


def _by_pyenv(search: _Search) -> Chosen | None:
    """Return the environment of pyenv-virtualenv that the nearest ``.python-version`` names."""
    pinned = declared_python(search.query, search.scout, search.home).pinned
    if pinned is None:
        return None
    for entry in pinned.entries:
        if not entry.may_be_environment:
            continue
        prefix = _kept_by_pyenv(entry.text, search.scout)
        if prefix is not None:
            chosen = _found(prefix, f"{pinned.path} names it, and pyenv keeps it")
            return search.notes.take(SelectionPlace.PYENV, prefix, chosen)
        reason = f"names `{entry.text}`, which is no environment of pyenv's"
        search.notes.reject(SelectionPlace.PYENV, pinned.path, reason)
    return None


def _kept_by_pyenv(name: str, scout: Scout) -> Path | None:
    for root in scout.pyenv_roots():
        prefix = root / "versions" / name
        if not isinstance(scout.look_at(prefix), NoEnvironment):
            return prefix
    return None


def _by_activation(search: _Search) -> Chosen | None:
    for activated in search.activated:
        chosen = _activated(activated, search)
        if chosen is not None:
            return chosen
    if not search.activated:
        search.notes.steps.append(_NONE_ACTIVATED)
    return None


def _activated(activated: Activated, search: _Search) -> Chosen | None:
    notes, variable = search.notes, activated.variable
    prefix = activated.path
    if prefix is None:
        # A version of Python is no environment: nobody installs a project into it on purpose.
        name = activated.name or ""
        entry = pinned_entry(name)
        prefix = _kept_by_pyenv(name, search.scout) if entry.may_be_environment else None
        if prefix is None:
            reason = f"{variable} names `{name}`, which is no environment of pyenv's"
            notes.step(SelectionPlace.ACTIVATED, None, reason)
            return None
    found = search.scout.look_at(prefix)
    refusal = activated.refusal
    if isinstance(found, NoEnvironment):
        notes.reject(SelectionPlace.ACTIVATED, prefix, f"is activated, but {found.reason}")
    elif refusal is not None:
        notes.reject(SelectionPlace.ACTIVATED, prefix, f"is activated, but {refusal}")
    else:
        chosen = _found(found, f"it is the activated one ({variable})")
        return notes.take(SelectionPlace.ACTIVATED, found, chosen)
    return None


def _beside(
    folder: Path, names: frozenset[str], filesystem: FileSystem, notes: _Notes
) -> Chosen | None:
    """Return what stands in *folder*, where *names* do."""
    venv = folder / ".venv"
    is_file = ".venv" in names and filesystem.is_file(venv)
    # PEP 832: a `.venv` folder beside a `.python-envs` file is the last of those that it lists.
    if ".venv" in names and not is_file and _takes(venv, filesystem, notes):
        return _nearest(venv, ".venv", notes)
    chosen = None
    if PYTHON_ENVS in names:
        chosen = _by_listing(folder / PYTHON_ENVS, filesystem, notes)
    if chosen is None and is_file:
        chosen = _by_venv_file(venv, filesystem, notes)
    if chosen is not None:
        return chosen
    for name in ("venv", "env", ".conda"):
        if name in names and _takes(folder / name, filesystem, notes):
            return _nearest(folder / name, name, notes)
    pixi = folder / ".pixi/envs/default"
    if ".pixi" in names and _takes(pixi, filesystem, notes):
        return _nearest(pixi, ".pixi/envs/default", notes)
    return None


def _kept_elsewhere(
    folder: Path, filesystem: FileSystem, surroundings: Surroundings, notes: _Notes
) -> Chosen | None:
    """Return what poetry, pipenv, hatch or pdm keep for the project in *folder*."""
    # Late, since most folders are no projects, or have their environment beside them.
    from pinfold.core.environments.discovery import environments_of

    chosen = None
    for installation in environments_of(folder, surroundings, filesystem):
        prefix, tool = installation.prefix, installation.kind.value
        kind = kind_of(prefix, filesystem)
        if isinstance(kind, NoEnvironment):
            reason = f"{tool} keeps it for {folder}, but it {kind.reason}"
            notes.reject(SelectionPlace.TOOL, prefix, reason)
        elif chosen is None:
            found = _found(prefix, f"{tool} keeps it for {folder}")
            chosen = notes.take(SelectionPlace.TOOL, prefix, found)
        else:
            reason = f"{tool} keeps it for {folder} too, but {chosen.prefix} comes first"
            notes.reject(SelectionPlace.TOOL, prefix, reason)
    return chosen


def _found(prefix: Path, reason: str) -> Chosen:
    return Chosen(EnvironmentState.FOUND, reason, prefix)


def _nearest(prefix: Path, name: str, notes: _Notes) -> Chosen:
    chosen = _found(prefix, f"it is the nearest `{name}`")
    return notes.take(SelectionPlace.FOLDER, prefix, chosen)


def _named(path: Path, source: str, scout: Scout) -> Chosen:
    prefix = scout.look_at(path)
    if isinstance(prefix, NoEnvironment):
        reason = f"the environment that {source} names, {path}, {prefix.reason}"
        return Chosen(EnvironmentState.UNUSABLE, reason)
    return _found(prefix, f"{source} names it")


@lru_cache(maxsize=65_536)
def _upwards(folder: Path, stop: Path, home: Path | None) -> tuple[Path, ...]:
    """Return the folders to look in: never the home directory, never the root of a file system.

    Remembered, since whoever polls asks for the same again and again, and paths are slow.
    """
    # Invariant: whatever `stop` says. An environment in the home directory would otherwise be that
    # of every project below which has none, and one in / that of everything.
    if folder == home or folder.parent == folder or len(folder.parts) > MAX_DEPTH:
        return ()
    if folder == stop or not folder.is_relative_to(stop):
        return (folder,)
    return (folder, *_upwards(folder.parent, stop, home))


@lru_cache(maxsize=65_536)
def deciding_folders(folder: Path, home: Path | None) -> tuple[Path, ...]:
    """Return the folders whose choice counts for the files in *folder*, the nearest first.

    Whatever the last folder to look in: a choice is no accident, and an editor that has opened a
    folder of many repositories must agree with a command line that was started in one of them. But
    one for the home directory or a root is for the files right in it: nobody means all projects.
    """
    inner = [place for place in folder.parents if place != home and place.parent != place]
    return (folder, *inner)[:MAX_DEPTH]


def _takes(path: Path, filesystem: FileSystem, notes: _Notes) -> bool:
    if not filesystem.exists(path):
        if filesystem.read_link(path) is not None:
            notes.reject(SelectionPlace.FOLDER, path, "is a link that leads nowhere")
        return False
    kind = kind_of(path, filesystem)
    if isinstance(kind, NoEnvironment):
        notes.reject(SelectionPlace.FOLDER, path, kind.reason)
        return False
    return True


def _by_listing(path: Path, filesystem: FileSystem, notes: _Notes) -> Chosen | None:
    """Return the default of a ``.python-envs`` file.

    PEP 832: a tool that cannot use the last one must ask or fail, so no other line is tried.
    """
    named = read_python_envs(path, filesystem)
    if named is None:
        return None
    if isinstance(named, BadListing):
        if named.is_empty:
            notes.reject(SelectionPlace.FOLDER, path, named.reason)
            return None
        reason = f"{path} {named.reason}"
        return notes.take(SelectionPlace.FOLDER, path, Chosen(EnvironmentState.UNUSABLE, reason))
    kind = _kind_of_named(named, filesystem)
    if not isinstance(kind, NoEnvironment):
        assert named.path is not None
        chosen = _found(named.path, f"the last line of {path} names it")
        return notes.take(SelectionPlace.FOLDER, named.path, chosen)
    reason = f"the last line of {path} names `{named.text}`, which {kind.reason}"
    return notes.take(SelectionPlace.FOLDER, path, Chosen(EnvironmentState.UNUSABLE, reason))


def _by_venv_file(path: Path, filesystem: FileSystem, notes: _Notes) -> Chosen | None:
    named = read_venv_file(path, filesystem)
    if isinstance(named, BadListing):
        notes.reject(SelectionPlace.FOLDER, path, named.reason)
        return None
    kind = _kind_of_named(named, filesystem)
    if not isinstance(kind, NoEnvironment):
        assert named.path is not None
        chosen = _found(named.path, f"the file {path} names it")
        return notes.take(SelectionPlace.FOLDER, named.path, chosen)
    reason = f"names `{named.text}`, which {kind.reason}"
    notes.reject(SelectionPlace.FOLDER, path, reason)
    return None


def _kind_of_named(named: NamedPath, filesystem: FileSystem) -> Kind | NoEnvironment:
    if named.path is None:
        return NoEnvironment(named.refusal or "")
    return kind_of(named.path, filesystem)
