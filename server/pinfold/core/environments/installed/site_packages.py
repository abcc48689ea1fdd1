"""What stands in a folder of ``sys.path``, by the names in it alone.

Owns which names are those of metadata, of links to other folders and of what an interrupted install
or removal leaves behind, and in which order ``importlib.metadata`` and pip 26.3 come upon them.
Refuses to know what any of the files holds, but for the paths that ``.pth`` and ``.egg-link`` files
name.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.files import Unreadable, is_local_path, path_in_bytes
from pinfold.core.formats.summary import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.files import FileSystem
    from pinfold.core.model.dependency import PackageName

MAX_PATH_FILE_BYTES = 1024 * 1024
MAX_PATHS = 1_000
"""The most paths that are taken out of one ``.pth`` file."""


class MetadataPlace(NamedTuple):
    """Where metadata of one distribution stand, as the name of that place tells it.

    `folder` is a ``*.dist-info`` or ``*.egg-info``, or the ``EGG-INFO`` of an egg. `name` and
    `version` are ``None`` where the name of the place does not hold them; an ``*.egg-info`` is not
    asked for its version, as it may hold a Python's too. `key` is the normalised name.
    `linked_from` is the ``.egg-link`` that led here.
    """

    folder: str
    name: str | None
    version: str | None
    is_egg: bool
    key: PackageName | None
    linked_from: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A folder of ``sys.path``: its metadata in pip's order, its links, its remains.

    `egg_links` and `path_files` are full paths; so are `leftovers`, which only their names betray:
    pip moves what it removes to a name that begins with a tilde.
    """

    directory: str
    places: tuple[MetadataPlace, ...]
    egg_links: tuple[str, ...] = ()
    path_files: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()


def read_location(filesystem: FileSystem, directory: str) -> Location | Unreadable:
    """List *directory*; nothing in it is opened."""
    names = filesystem.names(directory)
    return names if isinstance(names, Unreadable) else parse_location(directory, names)


def parse_location(directory: str, names: Sequence[str]) -> Location:
    """Sort the *names* in *directory* by what they stand for."""
    prefix = directory if directory.endswith(os.sep) else directory + os.sep
    is_egg = directory.lower().endswith(".egg")
    infos: dict[PackageName, list[MetadataPlace]] = {}
    eggs: list[MetadataPlace] = []
    egg_links: list[str] = []
    path_files: list[str] = []
    leftovers: list[str] = []
    for name in names:
        low = name.lower()
        if low.endswith((".dist-info", ".egg-info")):
            # importlib.metadata gathers by the part of the name before the first dash, so that two
            # versions of one project come one after the other wherever they stand in the folder.
            group = normalised(low.rpartition(".")[0].partition("-")[0])
            place = _metadata_place(prefix + name, name, group)
            if group in infos:
                infos[group].append(place)
            else:
                infos[group] = [place]
        elif low.endswith(".egg-link"):
            # pathlib's idea of a suffix, which pip goes by, minds the case.
            egg_links.extend([prefix + name] if name.endswith(".egg-link") else [])
        elif name.endswith(".pth"):
            path_files.append(prefix + name)
        elif is_egg and low == "egg-info":
            eggs.append(MetadataPlace(prefix + name, None, None, is_egg=True, key=None))
        if name[:1] == "~":
            leftovers.append(prefix + name)
    return Location(
        directory,
        (*(place for group in infos.values() for place in group), *eggs),
        tuple(egg_links),
        tuple(sorted(path_files)),
        tuple(sorted(leftovers)),
    )


def skips_hidden_path_files(python: str | None) -> bool:
    """Return whether ``site`` of a version passes over ``.pth`` files whose names begin with a dot.

    Since 3.13, and since the last releases of those before it (gh-113659); a version that is known
    in part counts as its newest.
    """
    minor, micro = _release(python)
    if minor is None or minor >= (3, 13):
        return True
    return minor in _SKIP_HIDDEN_SINCE and (micro is None or micro >= _SKIP_HIDDEN_SINCE[minor])


def skips_byte_order_mark(python: str | None) -> bool:
    """Return whether ``site`` of a version passes over the mark that some editors put first."""
    minor, _ = _release(python)
    return minor is None or minor >= (3, 13)


def parse_path_file(data: bytes, directory: str, *, skips_mark: bool = True) -> tuple[str, ...]:
    """Return the paths that a ``.pth`` file in *directory* adds to ``sys.path``.

    As ``site.addpackage`` of Python 3.13: a line that begins with ``import`` is code, which is
    never run here. Paths that leave this machine, and devices, are left out. Without *skips_mark*,
    a byte order mark is part of the first line, as before 3.13.
    """
    found = []
    for line in (data.removeprefix(_MARK) if skips_mark else data).splitlines()[: 2 * MAX_PATHS]:
        text = path_in_bytes(line)
        if text.startswith(("#", "import ", "import\t")) or not text.strip():
            continue
        path = _local_path(text.rstrip(), directory)
        if path is not None:
            found.append(path)
    return tuple(found[:MAX_PATHS])


def parse_egg_link(line: str, directory: str) -> str | None:
    """Return the folder that a *line* of an ``.egg-link`` leads to, read from *directory*.

    ``None`` where it is none that may be looked at.
    """
    return _local_path(line, directory)


_MARK = b"\xef\xbb\xbf"
_RELEASE = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_SKIP_HIDDEN_SINCE = {(3, 8): 19, (3, 9): 19, (3, 10): 14, (3, 11): 8, (3, 12): 2}


def _release(python: str | None) -> tuple[tuple[int, int] | None, int | None]:
    match = _RELEASE.match(python or "")
    if match is None:
        return None, None
    return (int(match[1]), int(match[2])), None if match[3] is None else int(match[3])


def _local_path(text: str, directory: str) -> str | None:
    path = os.path.normpath(os.path.join(directory, text))
    return path if is_local_path(text) and is_local_path(path) else None


def _metadata_place(folder: str, name: str, key: PackageName) -> MetadataPlace:
    # As pip does it, which minds the case of the suffix here although the search does not.
    if name.endswith(".dist-info"):
        project, dash, version = name[:-10].partition("-")
        if not dash:
            return MetadataPlace(folder, None, None, is_egg=False, key=None)
        if not project:
            return MetadataPlace(folder, None, version, is_egg=False, key=None)
        return MetadataPlace(folder, project, version, is_egg=False, key=key)
    if name.endswith(".egg-info") and key:
        return MetadataPlace(folder, name[:-9].partition("-")[0], None, is_egg=True, key=key)
    is_egg = name[-9:].lower() == ".egg-info"
    return MetadataPlace(folder, None, None, is_egg=is_egg, key=None)
