"""Which files belong to an installed distribution, as its own records say.

Owns ``RECORD`` (https://packaging.python.org/en/latest/specifications/recording-installed-packages/)
and what setuptools wrote before it. They are long and seldom asked for, so nothing here is read
along with the packages. Refuses to know whether the files are still there.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable

if TYPE_CHECKING:
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages

MAX_RECORD_BYTES = 64 * 1024 * 1024

# What Python itself puts beside the packages.
_NOBODYS = frozenset({"__pycache__", "lib-dynload", "README.txt"})
_LINKS = (".pth", ".egg-link", ".dist-info", ".egg-info")


def recorded_files(
    filesystem: FileSystem, distribution: InstalledDistribution
) -> tuple[str, ...] | None:
    """Return the files of *distribution*, relative to the folder that its metadata stand in.

    As written, but with single slashes; some lead out of that folder. ``None`` where there is no
    record.
    """
    folder = distribution.folder
    record = filesystem.read_bytes(folder / "RECORD", MAX_RECORD_BYTES)
    if not isinstance(record, Unreadable):
        try:
            rows = list(csv.reader(record.decode("utf-8", "replace").splitlines()))
        except csv.Error:
            return None
        return tuple(str(PurePosixPath(row[0])) for row in rows if row)
    listed = filesystem.read_bytes(folder / "installed-files.txt", MAX_RECORD_BYTES)
    if isinstance(listed, Unreadable):
        return None
    lines = listed.decode("utf-8", "replace").splitlines()
    # These are relative to the metadata themselves.
    return tuple(
        os.path.normpath(os.path.join(folder.name, line)).replace(os.sep, "/")
        for line in lines
        if line
    )


def unclaimed(filesystem: FileSystem, packages: InstalledPackages) -> tuple[Path, ...]:
    """Return what stands in the environment's folders and belongs to no distribution, by name.

    Such as the modules of an install that was killed before it wrote their metadata. Nothing is
    said of a folder in which a distribution has no record.
    """
    found: list[Path] = []
    everything = (*packages.by_name.values(), *packages.shadowed)
    for directory in packages.environment.site_packages:
        names = filesystem.names(directory)
        if isinstance(names, Unreadable):
            continue
        claimed: set[str] = set()
        for distribution in everything:
            if distribution.folder.parent != directory:
                continue
            files = recorded_files(filesystem, distribution)
            if files is None:
                break
            claimed.update(file.partition("/")[0] for file in files)
        else:
            leftovers = {path.name for path in packages.leftovers if path.parent == directory}
            found.extend(
                directory / name
                for name in sorted(set(names) - claimed - leftovers - _NOBODYS)
                if not name.endswith(_LINKS)
            )
    return tuple(found)
