"""What is wrong with the packages of an installation, as far as files tell it.

Owns the remains of interrupted installs, and links of editable installs that lead nowhere. Refuses
to judge versions and dependencies, and never runs what a ``.pth`` file or a finder holds.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.installed.site_packages import (
    MAX_PATH_FILE_BYTES,
    parse_egg_link,
    parse_path_file,
    read_location,
)
from pinfold.core.files import (
    FileStart,
    Unreadable,
    is_local_path,
    path_in_bytes,
    path_in_text,
)
from pinfold.core.model.installation import Ailment, HealthProblem
from pinfold.core.model.wording import Command, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pinfold.core.environments.installed.site_packages import Location
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages

MAX_FINDER_BYTES = 256 * 1024
"""A finder of an editable install has some 10 KiB; its table may be longer."""

MAX_RECORD_START_BYTES = 16 * 1024
"""What is read of each RECORD, which may have a megabyte."""

_LOOKED_AT = 20
"""How many of its files are looked for, if the first are not there."""

_SHOWN = 3
"""How many of a kind are named; the others are counted."""


def package_ailments(
    directories: Sequence[Path],
    packages: InstalledPackages | None,
    filesystem: FileSystem,
    *,
    thoroughly: bool = True,
) -> Iterator[Ailment]:
    """Yield what is wrong with what is installed in *directories*.

    Unless *thoroughly*, nobody looks whether the files are there that each package says it has.
    """
    remains: list[Path] = []
    incomplete: list[_Incomplete] = []
    robbed: list[_Incomplete] = []
    broken: dict[str, str] = {}
    for directory in directories:
        location = read_location(filesystem, os.fspath(directory))
        if isinstance(location, Unreadable):
            continue
        remains += [Path(path) for path in location.leftovers]
        for one in _incomplete(location, packages, filesystem, thoroughly=thoroughly):
            (robbed if one.lacks == _FILES else incomplete).append(one)
        for target, source in _broken_links(location, filesystem):
            broken.setdefault(target, source)
    for target, source in _broken_editables(directories, packages, filesystem):
        broken.setdefault(target, source)
    if remains:
        yield _remains(remains)
    if robbed:
        yield _robbed_ones(sorted(robbed, key=lambda one: one.name.lower()))
    if incomplete:
        yield _incomplete_ones(sorted(incomplete, key=lambda one: one.name.lower()))
    if broken:
        yield _broken_ones(broken)


def has_pip(directories: Iterable[Path], filesystem: FileSystem) -> bool:
    """Return whether pip can be imported from one of *directories*."""
    return any(filesystem.is_file(directory / "pip/__init__.py") for directory in directories)


_FILES = "none of its files"


@dataclass(frozen=True, slots=True)
class _Incomplete:
    name: str
    version: str | None
    lacks: str


def _remains(remains: list[Path]) -> Ailment:
    names = _enumerated([path.name for path in remains])
    stand = "is" if len(remains) == 1 else "are"
    return Ailment(
        HealthProblem.HALF_INSTALLED,
        f"{names} in {remains[0].parent} {stand} left from an install or removal that was"
        " interrupted",
        "delete what begins with `~` there; if a package is missing now, install it again",
        is_severe=False,
    )


def _robbed_ones(robbed: list[_Incomplete]) -> Ailment:
    command = Command(f"pinfold install --reinstall {_wanted(robbed)}", "--env")
    return Ailment(
        HealthProblem.HALF_INSTALLED,
        _incomplete_cause(robbed),
        Wording(
            f"`{command.text}`",
            f"install {_wanted(robbed)} again, or rebuild the environment",
            command,
        ),
        is_severe=False,
    )


def _incomplete_ones(incomplete: list[_Incomplete]) -> Ailment:
    # An installer cannot take away what does not say of itself which files it has.
    folders = "its `.dist-info` folder" if len(incomplete) == 1 else "their `.dist-info` folders"
    command = Command(f"pinfold install {_wanted(incomplete)}", "--env")
    return Ailment(
        HealthProblem.HALF_INSTALLED,
        _incomplete_cause(incomplete),
        Wording(
            f"delete {folders}, then `{command.text}`",
            f"delete {folders}, then install {_wanted(incomplete)}",
            command,
        ),
        is_severe=False,
    )


def _incomplete_cause(incomplete: list[_Incomplete]) -> str:
    shown = _enumerated([f"{one.name} (it has {one.lacks})" for one in incomplete])
    return f"{shown} {'is' if len(incomplete) == 1 else 'are'} not installed completely"


def _wanted(incomplete: list[_Incomplete]) -> str:
    # All of them, though not all are told by name: it is to be copied.
    return " ".join(f"{one.name}=={one.version}" if one.version else one.name for one in incomplete)


def _broken_ones(broken: dict[str, str]) -> Ailment:
    # A folder that is gone says enough of what was in it.
    broken = {
        target: source
        for target, source in broken.items()
        if not any(os.fspath(parent) in broken for parent in Path(target).parents)
    }
    shown = _enumerated(
        [f"{target}, which {source} leads to" for target, source in broken.items()], "; "
    )
    verb = "does" if len(broken) == 1 else "do"
    command = Command("pinfold install -e FOLDER", "--env")
    return Ailment(
        HealthProblem.BROKEN_EDITABLE,
        f"{shown}, {verb} not exist, so what is installed from there cannot be imported",
        Wording(
            f"install it from where it is now (`{command.text}`), or uninstall it",
            "install it from where it is now, or uninstall it",
            command,
        ),
        is_severe=False,
    )


def _enumerated(texts: list[str], separator: str = ", ") -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return separator.join(texts[:_SHOWN]) + more


def _incomplete(
    location: Location,
    packages: InstalledPackages | None,
    filesystem: FileSystem,
    *,
    thoroughly: bool,
) -> Iterator[_Incomplete]:
    """Yield the distributions without the files that an installer writes last, or first."""
    if Path(location.directory).name == "dist-packages":
        # Debian's packages have no RECORD, and apt looks after them.
        return
    sound = _sound_folders(packages)
    for place in location.places:
        name = place.name
        if place.is_egg or name is None or name.startswith("~"):
            continue
        if thoroughly and _has_lost_its_files(location.directory, place.folder, filesystem):
            yield _Incomplete(name, place.version, _FILES)
            continue
        if place.folder in sound:
            continue
        has_metadata = filesystem.is_file(f"{place.folder}/METADATA")
        has_record = filesystem.is_file(f"{place.folder}/RECORD")
        # conda, and those who repackage, may leave RECORD out, but say who they are.
        if has_metadata and (has_record or filesystem.is_file(f"{place.folder}/INSTALLER")):
            continue
        if has_metadata:
            yield _Incomplete(name, place.version, "no RECORD")
        elif has_record or filesystem.names(place.folder):
            yield _Incomplete(name, place.version, "no METADATA")
        elif filesystem.is_directory(place.folder):
            yield _Incomplete(name, place.version, "nothing but an empty folder")


def _has_lost_its_files(directory: str, folder: str, filesystem: FileSystem) -> bool:
    """Return whether none of the first files that a RECORD names is there.

    Somebody has deleted the folder of a package, and left the one beside it that says what it was.
    """
    start = filesystem.read_start(f"{folder}/RECORD", MAX_RECORD_START_BYTES)
    if not isinstance(start, FileStart):
        return False
    info = os.path.basename(folder) + "/"  # noqa: PTH119 - of text, three hundred times
    lines = path_in_bytes(start.data).splitlines()
    # The last may be cut off: a line has two commas.
    names = [
        name
        for line in lines
        if line.count(",") > 1
        and (name := line.partition(",")[0])
        and not name.startswith((info, "..", "/", '"'))
    ]
    # Bytecode is thrown away by many.
    names = [name for name in names if not name.endswith(".pyc")][:_LOOKED_AT]
    # The first is there nearly always, so this costs one look.
    return bool(names) and not any(filesystem.exists(f"{directory}/{name}") for name in names)


def _sound_folders(packages: InstalledPackages | None) -> frozenset[str]:
    """Return the folders that need no second look: whoever read them found nothing wrong."""
    if packages is None:
        return frozenset()
    found = (*packages.by_name.values(), *packages.shadowed)
    return frozenset(os.fspath(one.folder) for one in found if one.problem is None)


def _broken_links(location: Location, filesystem: FileSystem) -> Iterator[tuple[str, str]]:
    """Yield the folders that a location leads to and that are not there, and by what it does."""
    directory = location.directory
    for path in location.path_files:
        start = filesystem.read_start(path, MAX_PATH_FILE_BYTES)
        if not isinstance(start, FileStart):
            continue
        # What lies inside is looked for by many .pth files that name it just in case.
        inside = directory.rstrip(os.sep) + os.sep
        for target in parse_path_file(start.data, directory):
            if not target.startswith(inside) and not filesystem.exists(target):
                yield target, Path(path).name
    for path in location.egg_links:
        start = filesystem.read_start(path, MAX_FINDER_BYTES)
        if isinstance(start, FileStart):
            line = path_in_bytes(start.data).partition("\n")[0].strip()
            linked = parse_egg_link(line, directory) if line else None
            if linked is not None and not filesystem.exists(linked):
                yield linked, Path(path).name
    names = filesystem.names(directory)
    for name in () if isinstance(names, Unreadable) else names:
        if _FINDER_NAME.fullmatch(name):
            finder = filesystem.read_start(os.path.join(directory, name), MAX_FINDER_BYTES)
            if isinstance(finder, FileStart):
                for target in parse_finder(finder.data):
                    if is_local_path(target) and not _exists(target, filesystem):
                        yield target, name


# setuptools: `__editable___NAME_VERSION_finder.py`; editables (hatchling, pdm):
# `__editables_finder__` with `_editable_impl_NAME.py`.
_FINDER_NAME = re.compile(r"__editable___.*_finder\.py|_editable_impl_.*\.py")


def parse_finder(data: bytes) -> tuple[str, ...]:
    """Return the absolute paths that a finder of an editable install leads to; nothing is run.

    Not by Python's own parser, which warns of what it meets and may be made to run out of stack:
    the names of modules, which stand beside the paths, are never absolute.
    """
    text = data.decode("utf-8", "replace")
    found = [
        path_in_text(_unescaped(literal["text"]))
        for match in re.finditer(_TABLE, text)
        for literal in re.finditer(_LITERAL, match["table"])
        if literal["end"]
    ]
    return tuple(dict.fromkeys(path for path in found if os.path.isabs(path)))  # noqa: PTH117


# setuptools writes two tables, each on one line; editables a call for each module.
_TABLE = r"(?m)^(?:(?:MAPPING|NAMESPACES)\b[^=\n]*=|[^\n#]*\.map_module\()(?P<table>[^\n]*)$"
# The closing quote may be missing, so that the search for it is not begun anew at each character.
_LITERAL = r"(?P<quote>['\"])(?P<text>(?:(?!(?P=quote))[^\\]|\\.)*)(?P<end>(?P=quote)?)"
_ESCAPE = r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5})|(.))"


def _unescaped(text: str) -> str:
    return re.sub(_ESCAPE, _character, text)


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else {"n": "\n", "t": "\t"}.get(match[4], match[4])


def _exists(target: str, filesystem: FileSystem) -> bool:
    # A module is named without its suffix.
    return any(filesystem.exists(target + suffix) for suffix in ("", ".py", ".pyi", ".so", ".pyd"))


def _broken_editables(
    directories: Sequence[Path], packages: InstalledPackages | None, filesystem: FileSystem
) -> Iterator[tuple[str, str]]:
    if packages is None:
        return
    for one in packages.by_name.values():
        target = one.editable
        if target is None or one.folder.parent not in directories:
            continue
        if is_local_path(os.fspath(target)) and not filesystem.exists(target):
            yield os.fspath(target), f"the editable install of {one.name}"
