"""Packages beside what the project's requirements files ask for: there, wrong, broken, missing.

Owns that comparison, whichever rules are on, and its shape for a tree of packages. Where a package
came from is left out: such a URL may hold a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.prepared import UnreadableFile
from pinfold.core.environments.planning.asked import asked_in, key_of
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.versions import allows
from pinfold.features.markup import Markup, code, message, paragraphs, written
from pinfold.features.operations import asked_files
from pinfold.features.package_listing import required_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import (
        BrokenDependency,
        InstalledDistribution,
        InstalledPackages,
    )
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.environments import Json, WritePath

FORMAT_VERSION = 1


class PackageState(Enum):
    """What is to be said of an installed package; the value is its name in JSON."""

    INSTALLED = "installed"
    WRONG = "wrong"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the project's files ask for that counts in an environment.

    `by_key` are those of which the project is known, each with what asks for it; `missing` those of
    them that are not installed, in the order of the files.
    """

    by_key: Mapping[PackageName, Sequence[Asked]]
    missing: tuple[Asked, ...]


NOTHING_WANTED = Wanted({}, ())


def wanted_by(installed: InstalledPackages, snapshot: Snapshot, files: Sequence[Path]) -> Wanted:
    """Return what *files*, with all that they include, ask for. Blocks.

    A file that cannot be read asks for nothing: whoever judges it says so.
    """
    by_key: dict[PackageName, list[Asked]] = {}
    missing: dict[PackageName, Asked] = {}
    for path in files:
        try:
            read = asked_files(snapshot, [path])
        except UnreadableFile:
            continue
        folders = tuple(dict.fromkeys(file.path.parent for file in read))
        for file in read:
            for one in asked_in(file):
                if one.is_constraint or one.applies(installed.environment.markers) is False:
                    continue
                key = key_of(one, installed, folders)
                if key is None:
                    continue
                by_key.setdefault(key, []).append(one)
                if key not in installed.by_name:
                    missing.setdefault(key, one)
    return Wanted(by_key, tuple(missing.values()))


def packages_json(installed: InstalledPackages, wanted: Wanted, write_path: WritePath) -> Json:
    """Return the shape of what is installed, by name, and of what is missing."""
    users = required_by(installed)
    broken: dict[PackageName, list[BrokenDependency]] = {}
    for one in installed.broken:
        if one.needs is not None:
            broken.setdefault(one.distribution, []).append(one)
    return {
        "version": FORMAT_VERSION,
        "prefix": write_path(installed.environment.prefix),
        "packages": [
            _package_json(distribution, installed, users, wanted, broken.get(key, ()), write_path)
            for key, distribution in sorted(installed.by_name.items())
        ],
        "missing": [_missing_json(one, write_path) for one in wanted.missing],
    }


def _package_json(
    distribution: InstalledDistribution,
    installed: InstalledPackages,
    users: Mapping[PackageName, Sequence[PackageName]],
    wanted: Wanted,
    broken: Sequence[BrokenDependency],
    write_path: WritePath,
) -> Json:
    askers = wanted.by_key.get(distribution.key, ())
    unmet = next((one for one in askers if _is_unmet(one, distribution)), None)
    asker = unmet or next(iter(askers), None)
    state = PackageState.INSTALLED
    lacks = [one.message for one in broken]
    if distribution.problem is not None:
        state = PackageState.BROKEN
    elif unmet is not None:
        state = PackageState.WRONG
    elif lacks:
        state = PackageState.BROKEN
    used_by = users.get(distribution.key, ())
    editable = distribution.editable
    tooltip = paragraphs(_tooltip(distribution, state, asker, used_by, lacks, write_path))
    return {
        "name": distribution.name,
        "version": distribution.version,
        "editable": None if editable is None else write_path(editable),
        "installer": distribution.installer,
        "problem": distribution.problem,
        "state": state.value,
        "wanted": None if asker is None else masked(asker.asker.text),
        "requires": list(installed.requires.get(distribution.key, ())),
        "requiredBy": list(used_by),
        "tooltip": tooltip.markdown,
    }


def _missing_json(one: Asked, write_path: WritePath) -> Json:
    asker = one.asker
    text = masked(asker.text)
    assert asker.path is not None
    assert asker.line is not None
    where = f"line {asker.line + 1:,} of {asker.path.name}"
    tooltip = paragraphs([code(text), message(f"is not installed; {where} asks for it")])
    return {
        "name": one.key or text,
        "wanted": text,
        "file": write_path(asker.path),
        "line": asker.line + 1,
        "tooltip": tooltip.markdown,
    }


def _is_unmet(one: Asked, distribution: InstalledDistribution) -> bool:
    return bool(one.specifier) and allows(one.specifier, distribution.version) is False


def _tooltip(
    distribution: InstalledDistribution,
    state: PackageState,
    asker: Asked | None,
    used_by: Sequence[PackageName],
    lacks: Sequence[str],
    write_path: WritePath,
) -> Iterator[Markup]:
    yield code(f"{distribution.name} {distribution.version}")
    if state is PackageState.WRONG and asker is not None:
        yield written("Another version is asked for: ") + code(masked(asker.asker.text))
    if distribution.problem is not None:
        yield written("Broken: ") + message(distribution.problem)
    for sentence in lacks:
        yield written("Broken: ") + message(sentence)
    if distribution.editable is not None:
        yield written("Editable, from ") + code(write_path(distribution.editable))
    if asker is not None and asker.asker.path is not None and asker.asker.line is not None:
        place = f"line {asker.asker.line + 1:,} of {asker.asker.path.name}"
        yield written("Asked for in ") + message(place)
    if used_by:
        yield written("Needed by ") + code(", ".join(used_by))
