"""What rules ask of the packages that are installed: which are there, where from, who needs whom.

Owns what is derived from :class:`InstalledPackages`, kept for as long as that is the same object,
and the words in which messages speak of an environment. Declares no rule, and reads no file.
"""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pinfold.core.formats.markers import applies
from pinfold.core.formats.pep508 import read_with_packaging, too_complex
from pinfold.core.formats.summary import LineTrait, normalised, summary_of
from pinfold.core.formats.urls import InvalidUrl, parse_url
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import (
        InstalledDistribution,
        InstalledPackages,
        MarkerEnvironment,
    )
    from pinfold.core.model.facts import Facts

MAX_SHOWN = 300
"""The longest name or version of others that a message repeats, in code points."""

_WHITE_SPACE = re.compile(r"\s+")


def packages_of(facts: Facts) -> InstalledPackages | None:
    """Return what is installed where the file is judged, ``None`` if that is not known."""
    answer = facts.environment
    return None if answer is None else answer.packages


def one_line(text: str, limit: int = MAX_SHOWN) -> str:
    """Return *text*, which comes from metadata or an environment, fit for a message."""
    text = _WHITE_SPACE.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def environment_name(packages: InstalledPackages) -> str:
    """Return how messages call the environment: by the name of its folder."""
    prefix = packages.environment.prefix
    return one_line(prefix.name or str(prefix))


def is_left_out(line: LogicalLine, packages: InstalledPackages) -> bool:
    """Return whether the marker of *line* is false here, or cannot be judged."""
    marker = line.texts[4]
    return marker is not None and applies(marker, packages.environment.markers) is not True


def subject(line: LogicalLine) -> TextRange:
    """Return the range of what *line* requires: a name, else a URL or a path."""
    span = line.span("name") or line.span("url") or line.span("path")
    if span is not None:
        return TextRange(*span)
    assert line.entry is not None
    return line.entry.range


def pinnable_version(distribution: InstalledDistribution) -> str | None:
    """Return the version that a pin to *distribution* names.

    ``None`` where an index may not have it: it came from a URL or a folder, or its metadata say no
    version that pip would read. A local version, ``1.0+cpu``, came from some index as any other.
    """
    if distribution.direct_url is not None or distribution.editable is not None:
        return None
    version = parsed_version(distribution.version)
    return None if version is None else str(version)


@dataclass(frozen=True, slots=True)
class Demand:
    """A requirement of an installed distribution, read; `text` leaves its marker out."""

    name: PackageName
    extras: tuple[PackageName, ...]
    specifier: str
    marker: str | None
    text: str


@lru_cache(maxsize=8_192)
def parsed_demand(text: str) -> Demand | None:
    """Return a ``Requires-Dist`` read, ``None`` if it is no requirement."""
    if too_complex(text) is not None:
        return None
    read = read_with_packaging(text)
    if isinstance(read, str):
        return None
    extras = tuple(sorted({normalised(extra) for extra in read.extras}))
    marker = None if read.marker is None else str(read.marker)
    shown = read.name + (f"[{','.join(extras)}]" if extras else "")
    shown += f" @ {_without_secrets(read.url)}" if read.url else str(read.specifier)
    return Demand(normalised(read.name), extras, str(read.specifier), marker, one_line(shown))


def demands_of_extra(
    distribution: InstalledDistribution, extra: PackageName, markers: MarkerEnvironment
) -> Iterator[Demand]:
    """Yield what *distribution* needs for *extra* beyond what it needs anyway."""
    for text in distribution.requires:
        if "extra" not in text:
            continue
        demand = parsed_demand(text)
        if demand is None or demand.marker is None:
            continue
        if applies(demand.marker, markers, extra) is True and not applies(demand.marker, markers):
            yield demand


def distribution_at(
    packages: InstalledPackages, folder: Path, path: str
) -> InstalledDistribution | None:
    """Return what was installed from the local folder *path*, as a file in *folder* names it.

    pip takes a path from where it is run, which nobody can know: mostly that is *folder* or one
    above it. Paths are compared as text, without following links.
    """
    local = _derived(packages).local
    if not local:
        return None
    for place in (folder, *folder.parents):
        found = local.get(os.path.normpath(os.path.join(place, path)))
        if found is not None:
            return found
    return None


def distribution_of(
    line: LogicalLine, packages: InstalledPackages, folder: Path | None
) -> InstalledDistribution | None:
    """Return the installed distribution of the project that *line* requires, named or not.

    Paths are looked at only if *folder*, that of the file, is given.
    """
    name = summary_of(line).name
    if name is not None:
        return packages.by_name.get(name)
    entry = line.entry
    if entry is None or entry.requirement is None:
        return None
    path = local_path(line)
    if path is not None and (folder is not None or os.path.isabs(path)):  # noqa: PTH117 - as text
        here = folder or packages.environment.prefix
        found = distribution_at(packages, here, path)
        if found is not None:
            return found
    told = told_by_file_name(line)
    return None if told is None else packages.by_name.get(told[0])


def local_path(line: LogicalLine) -> str | None:
    """Return the local path that *line* names, if it is one without variables.

    That of a ``file:`` URL too, where it is absolute.
    """
    entry = line.entry
    if entry is None or entry.requirement is None:
        return None
    parts = entry.requirement.parts
    if parts.path is not None:
        return None if "${" in parts.path.text else parts.path.text
    if parts.url is None or "${" in parts.url.text or not parts.url.text.startswith("file:"):
        return None
    try:
        path = parse_url(parts.url.text).path
    except InvalidUrl:
        return None
    return path if path.startswith("/") else None


def told_by_file_name(line: LogicalLine) -> tuple[PackageName, str] | None:
    """Return project and version that the file name of an archive tells, if *line* names one."""
    entry = line.entry
    if entry is None or entry.requirement is None:
        return None
    parts = entry.requirement.parts
    if parts.path is not None:
        return told_by_archive(os.path.basename(parts.path.text.rstrip("/")))  # noqa: PTH119
    if parts.url is None:
        return None
    try:
        url = parse_url(parts.url.text)
    except InvalidUrl:
        return None
    return None if url.is_version_control else told_by_archive(url.filename)


@lru_cache(maxsize=4_096)
def told_by_archive(filename: str) -> tuple[PackageName, str] | None:
    """Return project and version by the name of a wheel or a source archive, ``None`` if none."""
    if "${" in filename or not filename.endswith((".whl", ".tar.gz", ".zip")):
        return None
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if filename.endswith(".whl"):
            name, version = parse_wheel_filename(filename)[:2]
        else:
            name, version = parse_sdist_filename(filename)
    except (InvalidSdistFilename, InvalidWheelFilename, ValueError):
        return None
    return normalised(name), str(version)


Root = tuple["PackageName", tuple["PackageName", ...]]
"""A project that a line brings, with the extras that it asks for."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What some lines bring, directly and through others.

    `first` gives of each distribution the index of the root that it is nearest to, the first of
    those that are equally near; `parent` the distribution through which it comes.
    """

    first: Mapping[PackageName, int]
    parent: Mapping[PackageName, PackageName]

    def path(self, name: PackageName) -> tuple[PackageName, ...]:
        """Return the way from the root to *name*, both included."""
        way = [name]
        while way[-1] in self.parent:
            way.append(self.parent[way[-1]])
        return tuple(reversed(way))


def roots(
    document: Document, folder: Path, packages: InstalledPackages
) -> tuple[tuple[int, Root], ...]:
    """Return what the lines of *document* bring here, each project once, with the line's index.

    A project is brought by the first line that requires it and whose marker holds.
    """
    derived = _derived(packages)
    kept = _ROOTS.get(document)
    if kept is not None and kept[0] is derived and kept[1] == folder:
        return kept[2]
    found = tuple(_roots(document, folder, packages))
    _ROOTS[document] = (derived, folder, found)
    return found


def reach(packages: InstalledPackages, named: tuple[Root, ...]) -> Reach:
    """Return what *named* bring, by the shortest ways; costs a walk over what is installed."""
    derived = _derived(packages)
    known = derived.reaches.get(named)
    if known is None:
        if len(derived.reaches) >= _MAX_REACHES:
            derived.reaches.clear()
        known = derived.reaches[named] = _walk(packages, named)
    return known


# Typing a name changes what a file brings with every key.
_MAX_REACHES = 64
_MAX_CANDIDATES = 16


@dataclass(slots=True)
class _Derived:
    """What was worked out of one :class:`InstalledPackages`; refers to no such object itself."""

    local: Mapping[str, InstalledDistribution]
    reaches: dict[tuple[Root, ...], Reach] = field(default_factory=dict)
    candidates: deque[tuple[Mapping[PackageName, int], tuple[int, ...]]] = field(
        default_factory=lambda: deque(maxlen=_MAX_CANDIDATES)
    )


_DERIVED: WeakKeyDictionary[InstalledPackages, _Derived] = WeakKeyDictionary()
_ROOTS: WeakKeyDictionary[Document, tuple[_Derived, Path, tuple[tuple[int, Root], ...]]] = (
    WeakKeyDictionary()
)


def _derived(packages: InstalledPackages) -> _Derived:
    known = _DERIVED.get(packages)
    if known is None:
        known = _DERIVED[packages] = _Derived(dict(_local(packages)))
    return known


def _local(packages: InstalledPackages) -> Iterator[tuple[str, InstalledDistribution]]:
    for distribution in packages.by_name.values():
        direct = distribution.direct_url
        if distribution.editable is not None:
            yield os.path.normpath(distribution.editable), distribution
        if direct is not None and direct.directory is not None:
            yield os.path.normpath(direct.directory), distribution
        if direct is not None and direct.url.startswith("file:"):
            try:
                yield os.path.normpath(parse_url(direct.url).path), distribution
            except InvalidUrl:
                continue


def _roots(
    document: Document, folder: Path, packages: InstalledPackages
) -> Iterator[tuple[int, Root]]:
    lines = document.lines
    seen: set[PackageName] = set()
    for index in _candidates(document, packages):
        line = lines[index]
        summary = summary_of(line)
        key = summary.name
        if key is None:
            distribution = distribution_of(line, packages, folder)
            if distribution is None:
                continue
            key = distribution.key
        if key in seen or (LineTrait.MARKED in summary.traits and is_left_out(line, packages)):
            continue
        seen.add(key)
        extras: tuple[PackageName, ...] = ()
        asked = line.texts[1] if LineTrait.EXTRAS in summary.traits else None
        if asked is not None:
            extras = tuple(normalised(extra.strip()) for extra in asked.split(","))
        yield index, (key, extras)


def _candidates(document: Document, packages: InstalledPackages) -> tuple[int, ...]:
    """Return the indices of the lines that may bring something, whatever their markers say.

    An edit that leaves every line its summary leaves the document its `names`, the same object, and
    then these are the same lines too. So most keystrokes need no look at all lines.
    """
    derived = _derived(packages)
    for names, indices in tuple(derived.candidates):
        if names is document.names:
            return indices
    by_name = packages.by_name
    has_unnamed = bool(document.traits.get(LineTrait.PATH) or document.traits.get(LineTrait.URL))
    found: list[int] = []
    for index, line in enumerate(document.lines):
        summary = summary_of(line)
        name = summary.name
        if name is None:
            if has_unnamed and LineTrait.REQUIREMENT in summary.traits:
                found.append(index)
        elif name in by_name:
            found.append(index)
    derived.candidates.append((document.names, tuple(found)))
    return derived.candidates[-1][1]


def _walk(packages: InstalledPackages, named: tuple[Root, ...]) -> Reach:
    # Breadth first, and what is found first is looked at first: so of two roots that are equally
    # near to something, the earlier one gets it.
    first: dict[PackageName, int] = {}
    parent: dict[PackageName, PackageName] = {}
    queue: deque[tuple[PackageName, tuple[PackageName, ...]]] = deque()
    for index, (name, extras) in enumerate(named):
        first[name] = index
        queue.append((name, extras))
    asked = {(name, extra) for name, extras in named for extra in extras}
    while queue:
        name, extras = queue.popleft()
        for needed, needed_extras in _needs(packages, name, extras):
            fresh = tuple(extra for extra in needed_extras if (needed, extra) not in asked)
            asked.update((needed, extra) for extra in fresh)
            if needed not in first:
                first[needed] = first[name]
                parent[needed] = name
            elif not fresh:
                continue
            queue.append((needed, fresh))
    return Reach(first, parent)


def _needs(
    packages: InstalledPackages, name: PackageName, extras: tuple[PackageName, ...]
) -> Iterator[tuple[PackageName, tuple[PackageName, ...]]]:
    for needed in packages.requires.get(name, ()):
        yield needed, ()
    distribution = packages.by_name.get(name)
    if distribution is None:
        return
    for extra in extras:
        for demand in demands_of_extra(distribution, extra, packages.environment.markers):
            yield demand.name, demand.extras


def _without_secrets(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
