"""What a user has set up for uv itself: which indexes it names, and where.

Owns the places of ``uv.toml`` and the variables that name an index. uv reads them by itself; they
are read here only to know whether uv has been told of indexes, and to say so.

Format: https://docs.astral.sh/uv/concepts/configuration-files/ and uv 0.13.9's behaviour.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinfold.core.files import Unreadable
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.toml_source import TomlError, parse_toml
from pinfold.core.model.plan import IndexUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem

MAX_FILE_BYTES = 1024 * 1024

_DEFAULTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_EXTRAS = ("UV_INDEX", "UV_EXTRA_INDEX_URL")


def read_uv_indexes(
    folder: Path | None, surroundings: Surroundings, filesystem: FileSystem
) -> tuple[IndexUse, ...]:
    """Return the indexes that uv is told of when it runs in *folder*; those by variables first."""
    return (*_in_variables(surroundings), *_in_files(folder, surroundings, filesystem))


def _in_variables(surroundings: Surroundings) -> Iterator[IndexUse]:
    for name in _DEFAULTS:
        url = surroundings.variable(name)
        if url is not None:
            yield IndexUse(masked(_url(url)), name)
            break
    for name in _EXTRAS:
        for word in (surroundings.variable(name) or "").split():
            yield IndexUse(masked(_url(word)), name, is_extra=True)
    for link in (surroundings.variable("UV_FIND_LINKS") or "").split(","):
        if link:
            yield IndexUse(masked(link), "UV_FIND_LINKS", is_extra=True)


def _url(text: str) -> str:
    # An index may have a name: `internal=https://…`.
    name, equals, url = text.partition("=")
    return url if equals and "://" not in name and "/" not in name else text


def _in_files(
    folder: Path | None, surroundings: Surroundings, filesystem: FileSystem
) -> Iterator[IndexUse]:
    if surroundings.variable("UV_NO_CONFIG") is not None:
        return
    has_default = False
    for path in _files(folder, surroundings, filesystem):
        data = filesystem.read_bytes(path, MAX_FILE_BYTES)
        if isinstance(data, Unreadable):
            continue
        document = parse_toml(data.decode("utf-8", "replace"))
        if isinstance(document, TomlError):
            continue
        content: Any = document.content
        if path.name == "pyproject.toml":
            content = content.get("tool", {}).get("uv", {})
        for index in _in_table(content, str(path)):
            # The nearer file's counts.
            if index.is_extra or not has_default:
                yield index
            has_default = has_default or not index.is_extra


def _in_table(content: Any, origin: str) -> Iterator[IndexUse]:
    if not isinstance(content, dict):
        return
    tables = content.get("index")
    for table in tables if isinstance(tables, list) else ():
        if not isinstance(table, dict) or not isinstance(table.get("url"), str):
            continue
        # An explicit one serves only what is tied to it.
        if table.get("explicit") is not True:
            is_extra = table.get("default") is not True
            yield IndexUse(masked(table["url"]), origin, is_extra=is_extra)
    for place in (content.get("pip"), content):
        if not isinstance(place, dict):
            continue
        if isinstance(place.get("index-url"), str):
            yield IndexUse(masked(place["index-url"]), origin)
        for key in ("extra-index-url", "find-links"):
            values = place.get(key)
            for value in values if isinstance(values, list) else ():
                if isinstance(value, str):
                    yield IndexUse(masked(value), origin, is_extra=True)


def _files(
    folder: Path | None, surroundings: Surroundings, filesystem: FileSystem
) -> Iterator[Path]:
    """Yield the files in the order in which they count, the first most."""
    named = surroundings.variable("UV_CONFIG_FILE")
    if named is not None:
        # Then no other is read.
        yield Path(named)
        return
    for ancestor in () if folder is None else (folder, *folder.parents):
        found = [
            path
            for path in (ancestor / "uv.toml", ancestor / "pyproject.toml")
            if filesystem.is_file(path)
        ]
        # A uv.toml silences the pyproject.toml beside it.
        if found and (found[0].name == "uv.toml" or _has_uv(found[0], filesystem)):
            yield found[0]
            break
    if surroundings.is_windows:
        roaming = surroundings.roaming_application_data()
        system = surroundings.folder("ProgramData")
        folders = [roaming, system]
    else:
        folders = [surroundings.xdg_config()]
        shared = surroundings.variables.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        folders += [*shared.split(":"), "/etc"]
    is_system = False
    for base in folders:
        path = None if base is None else Path(os.path.join(base, "uv", "uv.toml"))
        if path is not None and filesystem.is_file(path) and not is_system:
            yield path
            is_system = base != folders[0]


def _has_uv(path: Path, filesystem: FileSystem) -> bool:
    data = filesystem.read_bytes(path, MAX_FILE_BYTES)
    return not isinstance(data, Unreadable) and b"tool.uv" in data
