"""Everything that is installed in an environment, read again only where something has changed.

Owns which distribution of several counts, what is kept from one reading to the next, and when that
is no longer true. Refuses to know which environment is meant, and what a file requires of it.

What is watched: at every call the folders of ``sys.path``, the files in them that lead elsewhere
(``.pth``, ``.egg-link``) and where they lead, whatever is half installed; and a few of the other
distributions in turn, since a change inside one of them does not show in the folder that holds it.
"""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.environments.installed import consistency
from pinfold.core.environments.installed.distributions import (
    MAX_SMALL_FILE_BYTES,
    Reading,
    read_distribution,
)
from pinfold.core.environments.installed.metadata import stripped_lines
from pinfold.core.environments.installed.site_packages import (
    MetadataPlace,
    parse_egg_link,
    parse_path_file,
    read_location,
    skips_byte_order_mark,
    skips_hidden_path_files,
)
from pinfold.core.files import FileStart, Unreadable, path_in_text
from pinfold.core.formats.summary import normalised
from pinfold.core.model.environment import InstalledPackages

if TYPE_CHECKING:
    from collections.abc import Callable

    from pinfold.core.environments.installed.consistency import Wants
    from pinfold.core.files import FileIdentity, FileSystem
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import Environment, InstalledDistribution

CHECKED_IN_TURN = 64
"""How many distributions each call looks at for changes inside them."""

GRANULARITY_NS = 2_000_000_000
"""How long after a change another one may leave the time of modification as it is.

Two seconds on FAT, and the tick of the clock on others.
"""

_DAY_NS = 86_400 * 1_000_000_000


class InstalledName(NamedTuple):
    """A distribution as the name of its folder tells it; `version` is ``None`` if it does not."""

    name: str
    version: str | None
    folder: str


class PackagesReader:
    """Reads what is installed, and remembers it. May be called from several threads.

    Each environment has a lock of its own, so that a hung file system delays nobody else.
    """

    def __init__(
        self, filesystem: FileSystem, *, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._filesystem = filesystem
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._states: dict[Path, _State] = {}

    def packages(self, environment: Environment) -> InstalledPackages:
        """Return what is installed in *environment*: the same object while nothing has changed."""
        with self._lock:
            state = self._states.setdefault(environment.prefix, _State())
        with state.lock:
            known = state.packages
            if known is not None and _is_alike(known.environment, environment):
                environment = known.environment
            if (
                known is not None
                and known.environment is environment
                and not state.is_provisional
                and not _has_changed(self._filesystem, state)
            ):
                return known
            return _read(self._filesystem, state, environment, self._clock_ns())

    def names(self, environment: Environment) -> list[InstalledName]:
        """Return what the names in the folders of *environment* say, opening nothing.

        The first of each project counts. What only links lead to is not seen.
        """
        found: dict[str, InstalledName] = {}
        for directory in environment.site_packages:
            location = read_location(self._filesystem, os.fspath(directory))
            for place in () if isinstance(location, Unreadable) else location.places:
                key = place.key
                if place.name and key and key not in found and _NAME.match(key):
                    found[key] = InstalledName(place.name, place.version, place.folder)
        return list(found.values())


_PlaceKey = tuple[str, str | None]


@dataclass(slots=True)
class _State:
    """What is remembered of one environment, under its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    packages: InstalledPackages | None = None
    # By folder, and by the link that led there: a folder may be come upon in both ways.
    readings: dict[_PlaceKey, Reading] = field(default_factory=dict)
    # Of distributions that were read so soon after a change that another may have gone unseen.
    unsettled: set[_PlaceKey] = field(default_factory=set)
    wants: dict[PackageName, tuple[InstalledDistribution, Wants]] = field(default_factory=dict)
    watched: list[tuple[str, FileIdentity | None]] = field(default_factory=list)
    in_turn: list[Reading] = field(default_factory=list)
    next_turn: int = 0
    is_provisional: bool = False


@dataclass(slots=True)
class _Find:
    """A place with metadata, the folder of ``sys.path`` it was found through, and its link."""

    place: MetadataPlace
    directory: str
    editable: Path | None


@dataclass(slots=True)
class _Survey:
    """What the folders of an environment hold, by names and links alone."""

    python: str | None
    finds: list[_Find] = field(default_factory=list)
    leftovers: dict[str, None] = field(default_factory=dict)
    watched: list[tuple[str, FileIdentity | None]] = field(default_factory=list)
    editables: dict[PackageName, Path] = field(default_factory=dict)
    visited: set[str] = field(default_factory=set)


# What pip takes for the name of a project (metadata/base.py, 26.3): not the tilde of a leftover.
_NAME = re.compile(r"(?:[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9])\Z")
_EDITABLE = re.compile(r"__editable__\.(?P<name>[^-]+)-.*\.pth\Z", re.DOTALL)


def _is_alike(first: Environment, second: Environment) -> bool:
    """Return whether the two are the same but for the identity of their markers."""
    return (first.prefix, first.site_packages, first.python, first.markers.values) == (
        second.prefix,
        second.site_packages,
        second.python,
        second.markers.values,
    )


def _has_changed(filesystem: FileSystem, state: _State) -> bool:
    if any(filesystem.identity(path) != identity for path, identity in state.watched):
        return True
    first = state.next_turn if state.next_turn < len(state.in_turn) else 0
    state.next_turn = first + CHECKED_IN_TURN
    return any(
        not _is_current(filesystem, reading) for reading in state.in_turn[first : state.next_turn]
    )


def _is_current(filesystem: FileSystem, reading: Reading) -> bool:
    metadata = reading.metadata
    if filesystem.identity(reading.folder.path) != reading.folder:
        return False
    return metadata is None or filesystem.identity(metadata.path) == metadata


def _read(
    filesystem: FileSystem, state: _State, environment: Environment, now_ns: int
) -> InstalledPackages:
    survey = _survey(filesystem, environment)
    readings = _readings(filesystem, state, survey, now_ns)
    by_name: dict[PackageName, InstalledDistribution] = {}
    counting: list[tuple[Reading, InstalledDistribution]] = []
    local: list[InstalledDistribution] = []
    shadowed: list[InstalledDistribution] = []
    leftovers = dict(survey.leftovers)
    is_local = _locality(filesystem, environment)
    for find, reading in readings:
        distribution = reading.distribution
        if distribution is None or _NAME.match(distribution.key) is None:
            leftovers.setdefault(find.place.folder)
        elif distribution.key in by_name:
            shadowed.append(distribution)
        else:
            by_name[distribution.key] = distribution
            counting.append((reading, distribution))
            if reading.has_tags and is_local(find.directory):
                local.append(distribution)
    state.readings = {_key(find.place): reading for find, reading in readings}
    state.in_turn = [reading for _, reading in readings]
    state.watched = survey.watched + [
        (reading.folder.path, reading.folder)
        for _, reading in readings
        if reading.distribution is None or reading.distribution.problem is not None
    ]
    state.is_provisional = bool(state.unsettled) or any(
        identity is not None and _is_recent(identity, now_ns) for _, identity in survey.watched
    )
    remains = tuple(map(Path, leftovers))
    known = state.packages
    if known is not None and _is_same(known, environment, by_name, shadowed, remains):
        return known
    wanted = _wanted(state, environment, counting)
    state.packages = InstalledPackages(
        environment=environment,
        by_name=by_name,
        broken=consistency.broken(
            environment,
            [(reading, found, wanted[found.key]) for reading, found in counting],
            local,
        ),
        requires={
            key: tuple(dict.fromkeys(demand.key for demand, _ in wants.demands))
            for key, wants in wanted.items()
        },
        shadowed=tuple(shadowed),
        leftovers=remains,
    )
    return state.packages


def _is_same(
    known: InstalledPackages,
    environment: Environment,
    by_name: dict[PackageName, InstalledDistribution],
    shadowed: list[InstalledDistribution],
    leftovers: tuple[Path, ...],
) -> bool:
    # Distributions that were read again and say the same are the same objects, see `_readings`.
    return (
        known.environment is environment
        and len(known.by_name) == len(by_name)
        and all(map(_is, known.by_name.values(), by_name.values()))
        and len(known.shadowed) == len(shadowed)
        and all(map(_is, known.shadowed, shadowed))
        and known.leftovers == leftovers
    )


def _key(place: MetadataPlace) -> _PlaceKey:
    return place.folder, place.linked_from


def _is(first: object, second: object) -> bool:
    return first is second


def _wanted(
    state: _State,
    environment: Environment,
    counting: list[tuple[Reading, InstalledDistribution]],
) -> dict[PackageName, Wants]:
    """Return what each distribution demands; of those that have not changed it is known."""
    known = state.wants
    if state.packages is None or state.packages.environment.markers is not environment.markers:
        known = {}
    wanted: dict[PackageName, Wants] = {}
    kept: dict[PackageName, tuple[InstalledDistribution, Wants]] = {}
    for _, distribution in counting:
        before = known.get(distribution.key)
        if before is None or before[0] is not distribution:
            before = (distribution, consistency.wants(distribution, environment.markers))
        kept[distribution.key] = before
        wanted[distribution.key] = before[1]
    state.wants = kept
    return wanted


def _readings(
    filesystem: FileSystem, state: _State, survey: _Survey, now_ns: int
) -> list[tuple[_Find, Reading]]:
    """Read the distributions that were found, or take what is known of them."""
    found: list[tuple[_Find, Reading]] = []
    unsettled: set[_PlaceKey] = set()
    for find in survey.finds:
        place, editable = find.place, find.editable
        key = _key(place)
        if editable is None and survey.editables:
            editable = None if place.key is None else survey.editables.get(place.key)
        known = state.readings.get(key)
        if (
            known is None
            or known.editable != editable
            or key in state.unsettled
            or not _is_current(filesystem, known)
        ):
            reading = read_distribution(filesystem, place, editable)
            if reading is None:
                continue
            if known is not None and reading.distribution == known.distribution:
                reading = reading._replace(distribution=known.distribution)
            if _is_recent(reading.folder, now_ns) or (
                reading.metadata is not None and _is_recent(reading.metadata, now_ns)
            ):
                unsettled.add(key)
        else:
            reading = known
        found.append((find, reading))
    state.unsettled = unsettled
    return found


def _is_recent(identity: FileIdentity, now_ns: int) -> bool:
    """Return whether *identity* may stay the same although its file changes once more.

    A time far in the future is one that an archive said, not one of a clock.
    """
    return now_ns - GRANULARITY_NS < identity.mtime_ns < now_ns + _DAY_NS


def _survey(filesystem: FileSystem, environment: Environment) -> _Survey:
    survey = _Survey(environment.python)
    for directory in environment.site_packages:
        site = os.fspath(directory)
        for path in _visit(filesystem, survey, site):
            _visit(filesystem, survey, path)
    return survey


def _visit(filesystem: FileSystem, survey: _Survey, directory: str) -> list[str]:
    """Take in what *directory* holds, and return the paths that it adds to ``sys.path``."""
    if directory in survey.visited:
        return []
    survey.visited.add(directory)
    # Before it is listed: what changes in between is then noticed at the next look.
    survey.watched.append((directory, filesystem.identity(directory)))
    location = read_location(filesystem, directory)
    if isinstance(location, Unreadable):
        return []
    survey.finds.extend(_Find(place, directory, None) for place in location.places)
    survey.leftovers.update(dict.fromkeys(location.leftovers))
    for link in location.egg_links:
        _follow_egg_link(filesystem, survey, directory, link)
    added: list[str] = []
    for path in location.path_files:
        data = _watched_bytes(filesystem, survey, path)
        name = path.rpartition(os.sep)[2]
        if data is None or (name.startswith(".") and skips_hidden_path_files(survey.python)):
            continue
        paths = parse_path_file(data, directory, skips_mark=skips_byte_order_mark(survey.python))
        match = _EDITABLE.match(name)
        if match is not None and paths:
            survey.editables[normalised(match["name"])] = Path(paths[0])
        added.extend(paths)
    return added


def _follow_egg_link(filesystem: FileSystem, survey: _Survey, directory: str, link: str) -> None:
    data = _watched_bytes(filesystem, survey, link)
    lines = [] if data is None else stripped_lines(data)
    target = parse_egg_link(path_in_text(lines[0]), directory) if lines else None
    if target is None:
        return
    # The second line is the way from there to the project, as setuptools writes it: where the
    # code is in `src`, that is what an install named.
    project = parse_egg_link(path_in_text(lines[1]), target) if len(lines) > 1 else None
    survey.watched.append((target, filesystem.identity(target)))
    location = read_location(filesystem, target)
    if not isinstance(location, Unreadable):
        survey.finds.extend(
            _Find(place._replace(linked_from=link), directory, Path(project or target))
            for place in location.places
        )


def _watched_bytes(filesystem: FileSystem, survey: _Survey, path: str) -> bytes | None:
    start = filesystem.read_start(path, MAX_SMALL_FILE_BYTES)
    if not isinstance(start, FileStart):
        survey.watched.append((path, filesystem.identity(path)))
        return None
    survey.watched.append((path, start.identity))
    return start.data


def _locality(filesystem: FileSystem, environment: Environment) -> Callable[[str], bool]:
    """Return what tells whether a folder belongs to the environment itself, as pip sees it.

    A virtual environment may look into the folders of its base, and pip passes over those where it
    asks which wheels are supported.
    """
    prefix = os.fspath(environment.prefix)
    if not filesystem.is_file(os.path.join(prefix, "pyvenv.cfg")):
        prefix = ""
    return lambda directory: directory.startswith(prefix)
