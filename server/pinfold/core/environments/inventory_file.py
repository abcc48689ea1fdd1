"""The last inventory, kept on disk so that the next start has something to show at once.

Owns the file: where it is, its format, its being whole. Refuses to be believed: what comes from it
is for display until a search has found it again; nothing is decided or changed on its word.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinfold.core.environments.places import state_folder
from pinfold.core.files import Unreadable, UnreadableReason
from pinfold.core.model.installation import Installation, InstallationKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pinfold.core.files import FileSystem

_LOGGER = logging.getLogger("pinfold")

FORMAT_VERSION = 1
"""Raised with every change that an older Pinfold would misread."""

MAX_FILES = 100
"""How many workspaces are remembered; the ones that were searched longest ago are forgotten."""

_FOLDER = "inventories"


def inventory_path(projects: Sequence[str], *, folder: Path | None = None) -> Path:
    """Return the file for a workspace of these folders, in whatever order they are named."""
    text = "\0".join(sorted(projects))
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return (folder or state_folder()) / _FOLDER / f"{digest}.json"


def read_inventory(path: Path, filesystem: FileSystem) -> tuple[Installation, ...] | None:
    """Return what was kept, without what is no longer there; ``None`` if there is nothing of use.

    May hang where one of them does: a search reads what was kept in a thread of its own.
    """
    return _read(path, filesystem, filesystem.is_directory)


def read_kept(path: Path, filesystem: FileSystem) -> tuple[Installation, ...] | None:
    """Return what was kept, whether it is still there or not; ``None`` if there is nothing of use.

    A file that is broken, or written by a newer Pinfold, is left alone and said in the log.
    """
    return _read(path, filesystem, None)


def _read(
    path: Path, filesystem: FileSystem, is_there: Callable[[str], bool] | None
) -> tuple[Installation, ...] | None:
    """Return the installations whose prefix *is_there*; all if nobody is to be asked."""
    data = filesystem.read_bytes(path)
    if isinstance(data, Unreadable):
        if data.reason is not UnreadableReason.MISSING:
            _LOGGER.info("the kept inventory %s %s", path, data.detail)
        return None
    try:
        content = json.loads(data)
        version = content["version"]
        if version != FORMAT_VERSION:
            _LOGGER.info("the kept inventory %s has format %r, not read", path, version)
            return None
        paths = _Paths()
        kept = [(_from_json(entry, paths), entry["prefix"]) for entry in content["installations"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        _LOGGER.info("the kept inventory %s is broken: %s", path, type(error).__name__)
        return None
    return tuple(one for one, prefix in kept if is_there is None or is_there(prefix))


def write_inventory(path: Path, installations: Sequence[Installation]) -> bool:
    """Keep *installations*; return whether that worked. The file is whole at any moment.

    Nobody waits for the disk: a file that a power cut leaves empty is read as broken.
    """
    content = {
        "version": FORMAT_VERSION,
        "installations": [_to_json(installation) for installation in installations],
    }
    # ASCII: a path with bytes that are no UTF-8 has lone surrogates, which only escapes can write.
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError as error:
        _LOGGER.info("the inventory could not be kept in %s: %s", path, error)
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        return False
    _forget_oldest(path.parent)
    return True


def _forget_oldest(folder: Path) -> None:
    with contextlib.suppress(OSError):
        files = [path for path in folder.iterdir() if path.suffix == ".json"]
        if len(files) > MAX_FILES:
            files.sort(key=lambda path: path.stat().st_mtime_ns)
            for path in files[:-MAX_FILES]:
                path.unlink()


_PATHS = ("executable", "real_executable", "base_home", "project")
_TEXTS = ("version", "name")


def _to_json(installation: Installation) -> dict[str, object]:
    """Return an installation as JSON has it; what it has only by default is left out."""
    entry: dict[str, object] = {
        "prefix": str(installation.prefix),
        "kind": installation.kind.value,
        "isBase": installation.is_base,
        "implementation": installation.implementation,
    }
    for name in (*_PATHS, *_TEXTS):
        value = getattr(installation, name)
        if value is not None:
            entry[name] = str(value)
    if installation.evidence:
        entry["evidence"] = list(installation.evidence)
    if installation.aliases:
        entry["aliases"] = [str(alias) for alias in installation.aliases]
    if installation.is_externally_managed:
        entry["isExternallyManaged"] = True
    if installation.shares_prefix:
        entry["sharesPrefix"] = True
    return entry


class _Paths(dict[str, Path]):
    """Paths by their text, each made once: many environments share a base."""

    def __missing__(self, text: object) -> Path:
        if not isinstance(text, str) or "\0" in text:
            raise TypeError(text)
        if not os.path.isabs(text):  # noqa: PTH117 - as text, for there are thousands
            raise ValueError(text)
        path = self[text] = Path(text)
        return path


def _from_json(entry: dict[str, Any], paths: _Paths) -> Installation:
    """Return what :func:`_to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError: it did not write this.
    """
    known = {name: paths[entry[name]] for name in _PATHS if name in entry}
    texts = {name: _text(entry[name]) for name in _TEXTS if name in entry}
    return Installation(
        prefix=paths[entry["prefix"]],
        kind=InstallationKind(_text(entry["kind"])),
        is_base=_flag(entry["isBase"]),
        implementation=_text(entry["implementation"]),
        evidence=tuple(map(_text, entry.get("evidence", ()))),
        aliases=tuple(paths[alias] for alias in entry.get("aliases", ())),
        is_externally_managed=_flag(entry.get("isExternallyManaged", False)),
        shares_prefix=_flag(entry.get("sharesPrefix", False)),
        executable=known.get("executable"),
        real_executable=known.get("real_executable"),
        base_home=known.get("base_home"),
        project=known.get("project"),
        version=texts.get("version"),
        name=texts.get("name"),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(value)
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value
