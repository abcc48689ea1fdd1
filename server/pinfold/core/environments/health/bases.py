"""The interpreter that a virtual environment stands on, and what has become of it.

Owns the search for the reason why it is gone, and for the version that it has now. Refuses to look
for other interpreters than those beside the one that is gone: that is what discovery is for.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, UnreadableReason
from pinfold.core.formats.versions import parsed_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.files import FileSystem

_MOST_LINKS = 40
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class GoneBase:
    """Why a base interpreter is not there, in a clause; `now` are versions that stand beside it.

    `keeper` is what kept it, by its place; `was` the version that its place names. `is_hidden` if
    it may be there, in a folder that this user may not look into.
    """

    cause: str
    keeper: str | None = None
    was: str | None = None
    now: tuple[str, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class LinkChain:
    """Where a path leads, link by link; `end` is the last path, whether anything is there or not.

    `is_link` if it is a link at all, `is_loop` if the links have no end.
    """

    end: Path
    is_link: bool = False
    is_loop: bool = False


def read_link_chain(path: Path, filesystem: FileSystem) -> LinkChain:
    """Follow the links that stand at *path*, not those in the folders above it."""
    seen = {path}
    end = path
    while (target := filesystem.read_link(end)) is not None:
        end = Path(os.path.normpath(end.parent / target))
        if end in seen or len(seen) > _MOST_LINKS:
            return LinkChain(end, is_link=True, is_loop=True)
        seen.add(end)
    return LinkChain(end, is_link=end != path)


def minor_in_name(path: Path) -> str | None:
    """Return the minor version that the name of an interpreter tells: ``python3.11``."""
    match = _INTERPRETER.fullmatch(path.name)
    return match["version"] if match else None


def minor_of_home(home: Path, wanted: str, filesystem: FileSystem) -> str | None:
    """Return the minor version of the interpreter in *home*; *wanted* if there is one of it.

    ``None`` if the files do not tell.
    """
    for name in (f"python{wanted}", f"pypy{wanted}", f"graalpy{wanted}", f"python{wanted}t"):
        if filesystem.is_file(home / name):
            return wanted
    for name in ("python3", "python", "pypy3", "pypy"):
        if filesystem.is_file(home / name):
            found = minor_in_name(read_link_chain(home / name, filesystem).end)
            if found is not None:
                return found
    libraries = _minors_of_dlls(home, filesystem)
    if wanted in libraries:
        return wanted
    return libraries[0] if len(libraries) == 1 else None


def has_interpreter(home: Path, filesystem: FileSystem) -> bool:
    """Return whether any interpreter stands in *home*."""
    if any(filesystem.is_file(home / name) for name in _USUAL_NAMES):
        return True
    listing = filesystem.scan(home)
    if isinstance(listing, Unreadable):
        return False
    return any(
        _INTERPRETER.fullmatch(name) and filesystem.is_file(home / name) for name in listing.files
    )


def read_gone_base(home: Path, filesystem: FileSystem) -> GoneBase:
    """Return why nothing stands at *home*, as far as the folders above it tell."""
    missing = home
    for path in reversed((home, *home.parents)):
        if not filesystem.exists(path):
            missing = path
            break
    chain = read_link_chain(missing, filesystem)
    if chain.is_loop:
        return GoneBase(f"{missing} is a loop of links")
    if chain.is_link:
        beyond = read_gone_base(chain.end, filesystem)
        cause = f"{missing} is a link to {chain.end}, which does not exist"
        if beyond.is_hidden:
            return beyond
        return GoneBase(cause, beyond.keeper, beyond.was, beyond.now)
    around = filesystem.scan(missing.parent)
    if isinstance(around, Unreadable) and around.reason is UnreadableReason.DENIED:
        return GoneBase(f"{missing.parent} {around.detail}", is_hidden=True)
    keeper = next((name for pattern, name in _KEEPERS if re.search(pattern, str(home))), None)
    found = re.search(_VERSION, missing.name)
    was = found["version"] if found else None
    now = tuple(_beside(missing, filesystem)) if found else ()
    return GoneBase(f"{missing} does not exist", keeper, was, now)


def describe_gone_base(gone: GoneBase) -> str:
    """Return the cause in a sentence, with who kept it and what is there now."""
    if gone.is_hidden:
        return f"its base interpreter cannot be seen: {gone.cause}"
    now = ", ".join(gone.now[:_SHOWN])
    if gone.keeper == "Homebrew" and gone.was and gone.was.count(".") == 2 and now:
        tail = f"; Homebrew has replaced version {gone.was} by {now}"
    elif gone.keeper and now:
        tail = f"; {gone.keeper} has {now} now"
    elif gone.keeper:
        tail = f"; {gone.keeper} had installed it"
    elif now:
        tail = f"; beside it there is {now}"
    else:
        tail = ""
    return f"its base interpreter is gone: {gone.cause}{tail}"


_USUAL_NAMES = ("python3", "python", "python.exe", "pypy3", "pypy3.exe", "pypy")
_INTERPRETER = re.compile(r"(?:python|pypy|graalpy)(?P<version>[0-9]\.[0-9]{1,3})t?(?:\.exe)?")
_DLL = r"(?i)python(?P<major>[0-9])(?P<minor>[0-9]{1,3})t?\.dll"
_VERSION = (
    r"(?P<version>[0-9]+(?:\.[0-9]+){1,2}(?:(?:a|b|rc)[0-9]+)?|(?<=Python)[0-9]{2,3})(?![0-9])"
)

# By the place, which each of them chooses in its own way. As text, since most bases are there.
_KEEPERS = (
    (r"/Cellar/(?:python|pypy)|/(?:homebrew|linuxbrew)/", "Homebrew"),
    (r"/\.?pyenv/(?:pyenv-win/)?versions/", "pyenv"),
    (r"/uv/python/", "uv"),
    (r"/\.?asdf/installs/python/", "asdf"),
    (r"/mise/installs/python/", "mise"),
    (r"/\.?rye/py/", "rye"),
    (r"/hatch/pythons/", "hatch"),
    (r"/(?:mini|ana)conda[0-9]?/|/miniforge[0-9]?/|/mambaforge/", "conda"),
)


def _beside(missing: Path, filesystem: FileSystem) -> Iterator[str]:
    """Yield the versions that stand beside *missing* and are called like it, the newest first."""
    found = re.search(_VERSION, missing.name)
    listing = filesystem.scan(missing.parent)
    if found is None or isinstance(listing, Unreadable):
        return
    before, after = missing.name[: found.start()], missing.name[found.end() :]
    versions = set()
    for name in listing.directories:
        match = re.search(_VERSION, name)
        if match is None or name[: match.start()] != before:
            continue
        # Homebrew's revisions (3.11.4_1) are of the same interpreter.
        if name[match.end() :] == after or name[match.end() :].startswith("_"):
            versions.add(
                name[match.start() :].removesuffix(after) if after else name[len(before) :]
            )
    numbered = [(parsed_version(text.partition("_")[0]), text) for text in versions]
    # Stable, and newest first: what of it shares the minor version comes before all others.
    ordered = sorted(
        ((version, text) for version, text in numbered if version is not None), reverse=True
    )
    minor = found["version"].split(".")[:2]
    yield from (text for _, text in ordered if text.split(".")[:2] == minor)
    yield from (text for _, text in ordered if text.split(".")[:2] != minor)


def _minors_of_dlls(home: Path, filesystem: FileSystem) -> list[str]:
    listing = filesystem.scan(home)
    names = [] if isinstance(listing, Unreadable) else listing.files
    return sorted(
        f"{match['major']}.{match['minor']}" for name in names if (match := re.match(_DLL, name))
    )
