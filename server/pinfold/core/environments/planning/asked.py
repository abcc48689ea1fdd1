"""What people ask for: typed requirements, and those of requirements files, in one form.

Owns the reading of what was typed, with messages for those who typed it, and who asks for which
project. Opens nothing: files are given as documents.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.demands import (
    Root,
    asked_extras,
    demands_of,
    parsed_demand,
)
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.logical_lines import LINE_BREAKS
from pinfold.core.formats.markers import applies
from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.problem import Problem
from pinfold.core.formats.requirement import read_editable, read_requirement
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.summary import normalised
from pinfold.core.formats.urls import InvalidUrl, archive_extension, parse_url
from pinfold.core.model.plan import Asker
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.requirement import Requirement
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import (
        InstalledDistribution,
        InstalledPackages,
        MarkerEnvironment,
    )
    from pinfold.core.model.plan import Resolution


@dataclass(frozen=True, slots=True)
class AskedFile:
    """A requirements file that was read, or one that another of them includes.

    `refused` are the lines that pip refuses, counted from 0, each with why, for people.
    """

    path: Path
    document: Document
    is_constraint: bool = False
    refused: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One requirement that somebody asks for.

    `key` is ``None`` where the text does not say the project: a URL or a folder without a name.
    `path` is a local path without its extras. `is_readable` is false for a line that cannot be
    judged: pip refuses it, or it has variables.
    """

    asker: Asker
    key: PackageName | None = None
    extras: tuple[PackageName, ...] = ()
    specifier: str = ""
    url: str | None = None
    path: str | None = None
    marker: str | None = None
    is_editable: bool = False
    is_constraint: bool = False
    is_readable: bool = True

    def applies(self, markers: MarkerEnvironment) -> bool | None:
        """Return whether the requirement counts here, ``None`` where that cannot be told."""
        return True if self.marker is None else applies(self.marker, markers)


def read_typed(text: str, *, is_editable: bool = False) -> Asked | Refusal:
    """Read a requirement that somebody has typed, as ``pip install`` reads its arguments."""
    wrong = _mistyped(text)
    if wrong is not None:
        return wrong
    text = text.strip()
    read = read_editable(text, _NOWHERE) if is_editable else read_requirement(text, _NOWHERE)
    if isinstance(read, Problem):
        shown = masked(text)
        return Refusal(
            RefusalReason.INVALID,
            f"`{shown}` is no requirement: {masked(read.message)}",
            _correction(text),
        )
    asker = Asker(f"-e {text}" if is_editable else text)
    return _asked(asker, read, is_editable=is_editable, is_constraint=False)


def asked_in(file: AskedFile) -> tuple[Asked, ...]:
    """Return what the lines of *file* ask for, in order; its includes are other files."""
    return tuple(_asked_in(file))


def key_of(
    asked: Asked, installed: InstalledPackages, folders: Sequence[Path]
) -> PackageName | None:
    """Return the project that *asked* is about, ``None`` if nobody can know without building it.

    A path is looked for among what is installed, as seen from each of *folders*, links followed: a
    project is the same by whichever way somebody has come to it.
    """
    if asked.key is not None:
        return asked.key
    local = asked.path or _file_path(asked.url)
    if local is None:
        return None
    for folder in folders:
        place = os.path.realpath(os.path.join(folder, local))
        for distribution in installed.by_name.values():
            if place in map(os.path.realpath, _folders_of(distribution)):
                return distribution.key
    return None


def roots_of(
    asked: Iterable[Asked], installed: InstalledPackages, folders: Sequence[Path]
) -> Iterator[Root]:
    """Yield the projects that *asked* bring themselves, with the extras that they want of each.

    Those that do not count here, and constraints, bring nothing; a marker that cannot be judged is
    taken to hold.
    """
    for one in asked:
        if one.is_constraint or one.applies(installed.environment.markers) is False:
            continue
        key = key_of(one, installed, folders)
        if key is not None:
            yield key, one.extras


def askers_of(
    asked: Sequence[Asked],
    installed: InstalledPackages | None,
    resolution: Resolution,
    folders: Sequence[Path],
) -> Mapping[PackageName, tuple[Asker, ...]]:
    """Return for each project the requirements that ask for it, those of people first.

    What is installed and would go, or be replaced by what *resolution* tells the requirements of,
    asks for nothing. Of what would be replaced by something unknown, those requirements count that
    the versions to come meet: the others it cannot have any more.
    """
    found: dict[PackageName, dict[Asker, None]] = {}
    for one in asked:
        if one.is_constraint:
            continue
        if installed is not None and one.applies(installed.environment.markers) is False:
            continue
        key = one.key if installed is None else key_of(one, installed, folders)
        if key is not None:
            found.setdefault(key, {})[one.asker] = None
    markers = None if installed is None else installed.environment.markers
    requires = resolution.requires
    versions = {release.key: release.version for release in resolution.added}
    if installed is not None:
        gone = {release.key for release in resolution.removed} - versions.keys()
        roots = list(roots_of(asked, installed, folders))
        extras = asked_extras(roots, installed.by_name, installed.environment.markers)
        for distribution in installed.by_name.values():
            if distribution.key in gone or distribution.key in requires:
                continue
            wanted = extras.get(distribution.key, frozenset())
            for demand in demands_of(distribution, installed.environment.markers, wanted):
                version = versions.get(demand.key)
                if version and allows(demand.specifier, version) is False:
                    continue
                asker = Asker(demand.shown, package=distribution.key)
                found.setdefault(demand.key, {})[asker] = None
    for package, texts in sorted(requires.items()):
        for text in texts:
            new = parsed_demand(text)
            if new is None:
                continue
            if new.marker is not None and markers and applies(new.marker, markers) is False:
                continue
            asker = Asker(new.shown, package=package)
            found.setdefault(new.key, {})[asker] = None
    return {key: tuple(askers) for key, askers in found.items()}


class _Nowhere:
    """Offsets of a text that stands in no file."""

    def source_range(self, start: int, end: int) -> TextRange:
        return TextRange(start, end)


_NOWHERE = _Nowhere()
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_SINGLE_EQUALS = re.compile(r"(?P<name>[\w.-]+(?:\[[^\]]*\])?)\s*=\s*(?P<version>[\w.+!*-]+)\Z")
_VERSION_AS_URL = re.compile(r"(?P<name>[\w.-]+) ?@ ?(?P<version>[0-9][\w.]*)\Z")
_REQUIREMENTS_FILE = re.compile(r"[\w./-]*\.(?:txt|in)\Z", re.IGNORECASE)


def _mistyped(text: str) -> Refusal | None:
    """Return what is wrong with *text* before it is read as a requirement."""
    stripped = text.strip()
    if not stripped:
        return Refusal(RefusalReason.INVALID, "an empty requirement names nothing")
    if any(character in LINE_BREAKS or character == "\0" for character in stripped):
        return Refusal(
            RefusalReason.INVALID, "a requirement stands on one line", "give each one by itself"
        )
    if stripped.startswith("-"):
        return Refusal(RefusalReason.INVALID, f"`{masked(stripped)}` is an option, no requirement")
    at = _VERSION_AS_URL.fullmatch(stripped)
    if at is not None:
        # For `packaging` the version is a URL.
        return Refusal(
            RefusalReason.INVALID,
            f"`{stripped}` is no requirement: what follows an `@` is a URL",
            f"did you mean `{at['name']}=={at['version']}`?",
        )
    if _REQUIREMENTS_FILE.fullmatch(stripped):
        return Refusal(
            RefusalReason.INVALID,
            f"`{stripped}` names a requirements file, not a package",
            f"install what it asks for with `-r {stripped}`",
        )
    return None


def _correction(text: str) -> str | None:
    """Return what was probably meant by *text*, which is no requirement."""
    equals = _SINGLE_EQUALS.fullmatch(text)
    if equals is not None:
        return f"did you mean `{equals['name']}=={equals['version']}`?"
    if " " in text and not re.search(r"[<>=!~;@\[]", text):
        return "give each package by itself"
    return None


def _asked_in(file: AskedFile) -> Iterator[Asked]:
    for start, entry in file.document.entries:
        line = file.document.position(start + entry.range.start).line
        match entry.kind:
            case EntryKind.REQUIREMENT | EntryKind.EDITABLE:
                is_editable = entry.kind is EntryKind.EDITABLE
                text = f"-e {entry.text}" if is_editable else entry.text
                asker = Asker(text, file.path, line)
                assert entry.requirement is not None
                yield _asked(
                    asker,
                    entry.requirement,
                    is_editable=is_editable,
                    is_constraint=file.is_constraint,
                )
            case EntryKind.ERROR:
                asker = Asker(entry.text, file.path, line)
                yield Asked(asker, is_constraint=file.is_constraint, is_readable=False)
            case EntryKind.INCLUDE | EntryKind.CONSTRAINT | EntryKind.OPTION:
                pass


def _asked(asker: Asker, read: Requirement, *, is_editable: bool, is_constraint: bool) -> Asked:
    name = read.name
    path = None if read.parts.path is None else read.parts.path.text
    if name is None:
        name = _name_of_archive(path or read.url)
    return Asked(
        asker,
        None if name is None else normalised(name),
        tuple(sorted({normalised(extra) for extra in read.extras})),
        read.specifier or "",
        read.url,
        path,
        read.marker,
        is_editable,
        is_constraint,
        is_readable=_VARIABLE.search(asker.text) is None,
    )


def _name_of_archive(place: str | None) -> str | None:
    """Return the project that the file name of a source archive tells."""
    if place is None:
        return None
    if "://" in place:
        try:
            url = parse_url(place)
        except InvalidUrl:
            return None
        place = "" if url.is_version_control else url.filename
    filename = posixpath.basename(place)
    if archive_extension(filename) not in (".tar.gz", ".zip"):
        return None
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    try:
        return parse_sdist_filename(filename)[0]
    except (InvalidSdistFilename, ValueError):
        return None


def _file_path(url: str | None) -> str | None:
    if url is None or not url.startswith("file:"):
        return None
    try:
        return parse_url(url).path
    except InvalidUrl:
        return None


def _folders_of(distribution: InstalledDistribution) -> Iterator[str]:
    if distribution.editable is not None:
        yield os.fspath(distribution.editable)
    direct = distribution.direct_url
    if direct is not None:
        if direct.directory is not None:
            yield os.fspath(direct.directory)
        elif (path := _file_path(direct.url)) is not None:
            yield path
