"""What a file and those that it pulls in ask of each project, in pip's reading order.

Owns the gathering: which projects are asked for more than once, by which lines of which files, as
requirements or as constraints, and by which include of the judged file. Says nothing of whether
that is right; that is for :mod:`pinfold.core.rules.conflicts` and
:mod:`pinfold.core.rules.duplicates`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.formats.summary import LineTrait, summary_of
from pinfold.core.formats.urls import InvalidUrl, archive_extension, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.rules.view import FileView, IncludedFile, Lead


@dataclass(frozen=True, slots=True)
class Demand:
    """What one line asks of a project; equal where two lines ask for the same.

    `specifier` is without white space, empty for any version. `marker` is as it is written. `url`
    is in a form in which two that lead to the same place are equal, and ``None`` where there is
    none, or where nobody can tell. `version` is the one that a URL's archive is called after.
    """

    specifier: str
    marker: str | None = None
    url: ComparableUrl | None = None
    version: str | None = None
    is_constraint: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A line that asks something of a project.

    `include` is the offset of the judged file's include that brings it, ``None`` for a line of that
    file itself. `start` is the offset of the line in its own file.
    """

    path: Path
    document: Document
    start: int
    line: LogicalLine
    demand: Demand
    include: int | None

    @property
    def line_number(self) -> int:
        """The editor line, counted from 1."""
        return self.document.position(self.start).line + 1


@dataclass(frozen=True, slots=True, eq=False)
class DemandGraph:
    """Every project that is asked for more than once, with the places, in pip's reading order."""

    repeated: Mapping[PackageName, Sequence[Place]]
    leads: Mapping[Path, tuple[Lead, ...]]

    def is_seen_by_another(self, groups: Sequence[Sequence[Place]]) -> bool:
        """Return whether an included file sees a place of each of *groups* among its own."""
        paths = [{place.path for place in group} for group in groups]
        constraints = {p.path for group in groups for p in group if p.demand.is_constraint}
        for root in self.leads:
            reached = self._reached(root)
            if all(group & reached for group in paths) and any(
                # What a file constrains but nowhere asks for is nothing to it.
                path == root or path not in constraints
                for group in paths
                for path in group & reached
            ):
                return True
        return False

    def _reached(self, root: Path) -> AbstractSet[Path]:
        reached = {root}
        waiting = [root]
        while waiting:
            for lead in self.leads.get(waiting.pop(), ()):
                if lead.path in self.leads and lead.path not in reached:
                    reached.add(lead.path)
                    waiting.append(lead.path)
        return reached


def called_from(path: Path, other: Path) -> str:
    """Return how messages in the file *path* call the file *other*: by its path from there.

    Beside it that is the bare name. Elsewhere, another file may well have the same one.
    """
    try:
        return os.path.relpath(other, path.parent).replace(os.sep, "/")
    except ValueError:
        # On another drive of Windows.
        return other.name


def demand_graph(view: FileView) -> DemandGraph:
    """Return what *view* and the files that it pulls in ask for more than once.

    Costs a look at the counts of names where nothing is; kept for the rules that ask in turn.
    """
    leads = tuple(
        (include.start, include.path, include.is_constraint)
        for include in view.includes
        if include.path is not None
    )
    return _graph(view.path, view.document, leads, view.included)


# As many as there are rules at work at the same time on different files, about.
@lru_cache(maxsize=4)
def _graph(
    path: Path,
    document: Document,
    leads: tuple[tuple[int, Path, bool], ...],
    included: tuple[IncludedFile, ...],
) -> DemandGraph:
    # A constraints file by itself is judged as if all of it were required: whoever requires one of
    # its projects has to do with what is wrong there.
    repeated = _repeated_names(document)
    if not included and not repeated:
        return DemandGraph({}, {})
    side = _included_side(included)
    repeated |= side.repeated
    if included:
        repeated |= document.names.keys() & side.counts.keys()
    if not repeated:
        return DemandGraph({}, side.leads)
    brought = _brought_by(leads, side.leads)
    required = {target for _, target, constrains in leads if not constrains} | side.required
    found: dict[PackageName, list[Place]] = {}
    own = document.names.keys() & repeated
    if own:
        asking = [
            (name, start, line)
            for start, line in zip(document.starts, document.lines, strict=True)
            if (name := summary_of(line).name) in own
        ]
        for name, start, line in asking:
            if name is not None:
                place = Place(path, document, start, line, demand_of(line), None)
                found.setdefault(name, []).append(place)
    for file in included:
        constrains = file.path not in required
        for name in file.document.names.keys() & repeated:
            found.setdefault(name, []).extend(
                Place(
                    file.path,
                    file.document,
                    start,
                    line,
                    demand_of(line, is_constraint=constrains),
                    brought[file.path],
                )
                for start, line in _lines_by_name(file.document)[name]
            )
    ranks = {file.path: rank for rank, file in enumerate(included)}
    for places in found.values():
        if any(place.include is not None for place in places):
            places.sort(key=lambda place: _reading_order(place, ranks))
    return DemandGraph(found, side.leads)


def _reading_order(place: Place, ranks: Mapping[Path, int]) -> tuple[int, int, int]:
    # What an include brings is read where the include stands. Inside of that the order of files is
    # enough: all of it is told at the same line.
    if place.include is None:
        return (place.start, -1, place.start)
    return (place.include, ranks[place.path], place.start)


def _repeated_names(document: Document) -> set[PackageName]:
    if len(document.names) >= document.traits.get(LineTrait.NAMED, 0):
        return set()
    return {name for name, count in document.names.items() if count > 1}


@dataclass(frozen=True, slots=True, eq=False)
class _IncludedSide:
    """What included files come to, whatever the judged file is: it is edited, they are not."""

    counts: Mapping[PackageName, int]
    repeated: AbstractSet[PackageName]
    leads: Mapping[Path, tuple[Lead, ...]]
    required: AbstractSet[Path]


@lru_cache(maxsize=8)
def _included_side(included: tuple[IncludedFile, ...]) -> _IncludedSide:
    counts: dict[PackageName, int] = {}
    for file in included:
        for name, count in file.document.names.items():
            counts[name] = counts.get(name, 0) + count
    leads = {file.path: file.leads for file in included}
    required = {lead.path for file in included for lead in file.leads if not lead.is_constraint}
    return _IncludedSide(
        counts, {name for name, count in counts.items() if count > 1}, leads, required
    )


@lru_cache(maxsize=16)
def _lines_by_name(document: Document) -> Mapping[PackageName, Sequence[tuple[int, LogicalLine]]]:
    found: dict[PackageName, list[tuple[int, LogicalLine]]] = {}
    for start, line in zip(document.starts, document.lines, strict=True):
        name = summary_of(line).name
        if name is not None:
            found.setdefault(name, []).append((start, line))
    return found


def _brought_by(
    own: Iterable[tuple[int, Path, bool]], leads: Mapping[Path, tuple[Lead, ...]]
) -> Mapping[Path, int]:
    """Return, for each included file, the offset of the judged file's include that brings it."""
    brought: dict[Path, int] = {}
    for start, path, _ in own:
        waiting = [path]
        while waiting:
            current = waiting.pop()
            if current not in brought and current in leads:
                brought[current] = start
                waiting.extend(lead.path for lead in leads[current])
    return brought


def demand_of(line: LogicalLine, *, is_constraint: bool = False) -> Demand:
    """Return what *line* asks of its project."""
    name, _, specifier, url, marker = line.texts
    return _demand(None if url is None else name, specifier, url, marker, is_constraint)


# A value is found sooner than made, and most of a file's lines are asked again at each keystroke.
@lru_cache(maxsize=16_384)
def _demand(
    name: str | None,
    specifier: str | None,
    url: str | None,
    marker: str | None,
    is_constraint: bool,
) -> Demand:
    text = "" if specifier is None else "".join(specifier.split()).strip("()")
    if url is None:
        return Demand(text, marker, None, None, is_constraint)
    return Demand(text, marker, comparable_url(url), archive_version(name, url), is_constraint)


_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")
_DOT_GIT = re.compile(r"\.git(?=@|$)")
_DEFAULT_PORTS = {"http": ":80", "https": ":443", "ssh": ":22", "ftp": ":21"}
_DIGESTS = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")


class ComparableUrl(NamedTuple):
    """A URL in a form that is equal for two that pip takes for one.

    Its parts are called as a person calls them, to say which of them differ.
    """

    scheme: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    subdirectory: str
    digest: tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def comparable_url(url: str) -> ComparableUrl | None:
    """Return *url* in a form that is equal for two that lead to the same place.

    ``None`` where a variable says where it leads, or where it leads nowhere: without a scheme, or
    not to be split. As pip 26.3 compares them (``_internal/models/link.py``, `links_equivalent`):
    who asks makes no difference, nor does the order of a query, and a digest does. Case, `.git` and
    a default port are left out as well: whether servers tell those apart is not certain.
    """
    from urllib.parse import parse_qs, parse_qsl, urlsplit

    if _VARIABLE.search(url):
        return None
    try:
        split = urlsplit(url)
        query = tuple(sorted(parse_qsl(split.query), key=lambda item: item[0]))
        fragment = parse_qs(split.fragment)
    except ValueError:
        return None
    if not split.scheme:
        return None
    host = split.netloc.rpartition("@")[2].lower()
    host = host.removesuffix(_DEFAULT_PORTS.get(split.scheme.rpartition("+")[2], ":"))
    if split.scheme == "file" and not host:
        host = "localhost"
    return ComparableUrl(
        split.scheme,
        host,
        _DOT_GIT.sub("", split.path.lower().rstrip("/")),
        query,
        fragment.get("subdirectory", [""])[0],
        tuple((name, fragment[name][0].lower()) for name in _DIGESTS if name in fragment),
    )


@lru_cache(maxsize=4096)
def archive_version(name: str | None, url: str) -> str | None:
    """Return the version that the archive at *url* is called after, if it is one of *name*.

    A wheel says its version, and so does a source archive that is called as the standards want it;
    `v1.0.tar.gz`, or a branch, does not.
    """
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        canonicalize_name,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        parsed = parse_url(url)
    except InvalidUrl:
        return None
    filename = parsed.filename
    if name is None or parsed.is_version_control or archive_extension(filename) is None:
        return None
    try:
        if filename.endswith(".whl"):
            project, version = parse_wheel_filename(filename)[:2]
        else:
            project, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        return None
    return str(version) if project == canonicalize_name(name) else None
