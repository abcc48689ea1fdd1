"""One installed distribution, read from the folder of its metadata.

Owns which files of that folder are read, how much of them, and what makes them untrustworthy.
Refuses to know what else is installed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.environments.installed.metadata import (
    CoreMetadata,
    first_line,
    header_end,
    normalised_extras,
    parse_direct_url,
    parse_metadata,
    parse_requires_txt,
    parse_wheel_tags,
)
from pinfold.core.files import FileStart, Unreadable, UnreadableReason
from pinfold.core.formats.plain_versions import plain_release
from pinfold.core.formats.summary import normalised
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.environment import InstalledDistribution

if TYPE_CHECKING:
    from pinfold.core.environments.installed.site_packages import MetadataPlace
    from pinfold.core.files import FileIdentity, FileSystem

FIRST_READ_BYTES = 8 * 1024
"""What is read of each ``METADATA``: the headers of nearly all are within it."""

MAX_HEADER_BYTES = 1024 * 1024
"""Headers that are larger are not read; of the 400 most used distributions none has a tenth."""

MAX_SMALL_FILE_BYTES = 256 * 1024
"""The most that is read of the other files."""


class Reading(NamedTuple):
    """A distribution as it was read, and what its files were like then.

    `distribution` is ``None`` where nothing says what its name is. `is_readable` says whether pip
    can read what it requires; where it cannot, it warns and goes on as if it were not installed.
    `has_tags` says whether there is a ``WHEEL`` that could be read. `folder` and `metadata` are
    the identities of the folder, and of the file that holds the headers, if there is one;
    `editable` is the folder that a link was known to lead to.
    """

    distribution: InstalledDistribution | None
    is_readable: bool
    has_tags: bool
    folder: FileIdentity
    metadata: FileIdentity | None
    editable: Path | None = None


def read_distribution(
    filesystem: FileSystem, place: MetadataPlace, editable: Path | None = None
) -> Reading | None:
    """Read the distribution at *place*; ``None`` if nothing stands there (any more).

    *editable* is the folder that a link of an editable install leads to.
    """
    identity = filesystem.identity(place.folder)
    if identity is None:
        return None
    headers = _read_headers(filesystem, place)
    core, problem = headers.core, headers.problem
    key = place.key or normalised(core.name or "")
    if not key:
        return Reading(
            None, headers.is_readable, has_tags=False, folder=identity, metadata=headers.identity
        )
    requires, extras, is_readable = core.requires, core.extras, headers.is_readable
    if place.is_egg and not (requires and extras):
        listed = filesystem.read_start(f"{place.folder}/requires.txt", MAX_SMALL_FILE_BYTES)
        if isinstance(listed, FileStart):
            egg_requires, egg_extras, is_utf8 = parse_requires_txt(listed.data)
            requires, extras = requires or egg_requires, extras or egg_extras
            is_readable = is_readable and is_utf8
    # pip goes by the name of the folder wherever it can, for that needs no reading.
    version = place.version or core.version or ""
    problem = problem or _disagreement(place, core, version)
    tags = None
    wheel = filesystem.read_start(f"{place.folder}/WHEEL", MAX_SMALL_FILE_BYTES)
    if isinstance(wheel, FileStart):
        tags = parse_wheel_tags(wheel.data)
        if tags is None:
            problem = problem or "its WHEEL has tags that cannot be read"
    installer = filesystem.read_start(f"{place.folder}/INSTALLER", MAX_SMALL_FILE_BYTES)
    direct_url = None
    if not place.is_egg:
        if not isinstance(installer, FileStart):
            problem = problem or _unfinished(filesystem, place)
        link = filesystem.read_start(f"{place.folder}/direct_url.json", MAX_SMALL_FILE_BYTES)
        if isinstance(link, FileStart):
            direct_url = parse_direct_url(link.data)
            if direct_url is not None:
                editable_target = direct_url.directory if direct_url.is_editable else None
    distribution = InstalledDistribution(
        name=core.name or key,
        key=key,
        version=version,
        folder=Path(place.folder),
        requires=requires,
        extras=normalised_extras(extras) if extras else frozenset(),
        requires_python=core.requires_python,
        direct_url=direct_url,
        editable=editable if direct_url is None else editable_target,
        installer=first_line(installer.data) if isinstance(installer, FileStart) else None,
        tags=tags or frozenset(),
        problem=problem,
    )
    return Reading(
        distribution,
        is_readable,
        has_tags=tags is not None,
        folder=identity,
        metadata=headers.identity,
        editable=editable,
    )


class _Headers(NamedTuple):
    core: CoreMetadata
    is_readable: bool = True
    identity: FileIdentity | None = None
    problem: str | None = None


def _read_headers(filesystem: FileSystem, place: MetadataPlace) -> _Headers:
    """Read the first of the files that may hold the headers, as ``importlib.metadata`` does."""
    obstacle: Unreadable | None = None
    # The last is for the egg-info that distutils wrote, a file itself.
    for path in (f"{place.folder}/METADATA", f"{place.folder}/PKG-INFO", place.folder):
        start = filesystem.read_start(path, FIRST_READ_BYTES)
        if isinstance(start, Unreadable):
            if start.reason not in _PASSED_OVER:
                obstacle = obstacle or start
                if start.reason is not UnreadableReason.DENIED:
                    break
            continue
        if start.data:
            return _parsed(filesystem, path, start)
    if obstacle is None:
        return _Headers(CoreMetadata(), problem="it has no metadata")
    # What may not be read is for pip as if it were not there; any other error stops it.
    is_readable = obstacle.reason is UnreadableReason.DENIED
    return _Headers(
        CoreMetadata(), is_readable, problem=f"its metadata cannot be read: {obstacle.detail}"
    )


def _parsed(filesystem: FileSystem, path: str, start: FileStart) -> _Headers:
    end = header_end(start.data)
    if end is None and start.identity.size > len(start.data):
        more = filesystem.read_start(path, MAX_HEADER_BYTES)
        if isinstance(more, Unreadable):
            return _Headers(CoreMetadata(), problem=f"its metadata cannot be read: {more.detail}")
        start = more
        end = header_end(start.data)
        if end is None and start.identity.size > len(start.data):
            size = f"{MAX_HEADER_BYTES // 1024**2} MiB"
            return _Headers(
                CoreMetadata(),
                identity=start.identity,
                problem=f"the headers of its metadata are larger than {size}",
            )
    core = parse_metadata(start.data if end is None else start.data[:end])
    problem = None if core.is_utf8 else "its metadata are not in UTF-8"
    return _Headers(core, core.is_utf8, start.identity, problem)


def _disagreement(place: MetadataPlace, core: CoreMetadata, version: str) -> str | None:
    if core.name is None:
        return "its metadata have no name"
    if core.version is None:
        return "its metadata have no version"
    if place.key is not None and place.key != normalised(core.name):
        return f"its folder names {place.name}, its metadata {core.name}"
    if version != core.version and parsed_version(version) != parsed_version(core.version):
        return f"its folder says version {version}, its metadata {core.version}"
    if plain_release(version) is None and parsed_version(version) is None:
        return f"its version, {version}, is not a version"
    return None


def _unfinished(filesystem: FileSystem, place: MetadataPlace) -> str | None:
    """Return what is wrong if an install stopped before it wrote down who made it."""
    # As text: where nothing else is there, making paths would be what takes longest.
    above = place.folder.rpartition(os.sep)[0]
    # Debian's packages have neither file, and nothing is wrong with them.
    if above.endswith(f"{os.sep}dist-packages") or filesystem.exists(f"{place.folder}/RECORD"):
        return None
    return "its RECORD is missing, so it was not installed completely"


_PASSED_OVER = {
    UnreadableReason.MISSING,
    UnreadableReason.DIRECTORY,
    UnreadableReason.NOT_A_DIRECTORY,
}
