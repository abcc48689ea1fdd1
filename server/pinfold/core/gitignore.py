"""Which paths a repository's .gitignore files leave out.

Owns how the files of several folders add up, as ``git check-ignore`` does it: the deepest file that
says something about a path wins, its last matching line wins, and what lies in an ignored folder is
ignored. Refuses to know what is searched for. What one line means comes from ``pathspec``.

The user's own ``core.excludesFile`` is left out on purpose: two people, or an editor and CI, would
see different findings.

Format: https://git-scm.com/docs/gitignore
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pinfold.core.files import FileSystem

# Beyond these a .gitignore file is hostile rather than long: each line costs time for each folder.
_MAX_BYTES = 256 * 1024
_MOST_LINES = 2_000
# Beyond these they are numbered, or made to be many.
_MOST_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class IgnoredPaths:
    """What the .gitignore files from a repository's root down to one folder say.

    A chain: `parent` is what the folders above say. `prefix` is the folder of `lines` with a final
    separator. Paths are strings, because a search asks for tens of thousands.
    """

    prefix: str
    lines: IgnoreLines
    parent: IgnoredPaths | None = None

    def ignores_file(self, path: str) -> bool:
        """Return whether the file at *path* is ignored; the folder that it is in is not."""
        return self._ignores(path)

    def ignores_directory(self, path: str) -> bool:
        """Return whether the folder at *path* is ignored; the folder that it is in is not."""
        return self._ignores(path + "/")

    def _ignores(self, path: str) -> bool:
        layer: IgnoredPaths | None = self
        while layer is not None:
            relative = path[len(layer.prefix) :]
            if os.sep != "/":
                relative = relative.replace(os.sep, "/")
            ignores = layer.lines.ignores(relative)
            if ignores is not None:
                return ignores
            layer = layer.parent
        return False


class _Line(NamedTuple):
    """A line of a file: whether it ignores what it matches; `is_of_name` if no folder matters."""

    regex: re.Pattern[str]
    ignores: bool
    is_of_name: bool


class IgnoreLines:
    """The lines of one file, the last first, since that one wins.

    What they say of names is remembered: a tree has many folders, and few names for them.
    """

    __slots__ = ("_lines", "_names", "_of_names", "_of_paths")

    def __init__(self, lines: Iterable[_Line]) -> None:
        self._lines = tuple(lines)
        places = list(enumerate(self._lines))
        self._of_names = [(place, line.regex) for place, line in places if line.is_of_name]
        self._of_paths = [(place, line.regex) for place, line in places if not line.is_of_name]
        # Which line is the first that matches a name. An item is written whole, by any thread.
        self._names: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def ignores(self, relative: str) -> bool | None:
        """Return what is said of a path relative to the file; ``None`` if nothing is."""
        name = relative[relative.rfind("/", 0, -1) + 1 :]
        first = self._names.get(name)
        if first is None:
            first = self._first_of_name(name)
        for place, regex in self._of_paths:
            if place > first:
                break
            if regex.search(relative) is not None:
                first = place
                break
        return self._lines[first].ignores if first < len(self._lines) else None

    def _first_of_name(self, name: str) -> int:
        matching = (place for place, regex in self._of_names if regex.search(name) is not None)
        first = next(matching, len(self._lines))
        if len(self._names) < _MOST_NAMES:
            self._names[name] = first
        return first


def repository_root(directory: Path, filesystem: FileSystem) -> Path | None:
    """Return the nearest folder that has a ``.git``, *directory* itself or above; ``None`` if none.

    ``.git`` is a file in a worktree and in a submodule.
    """
    for candidate in (directory, *directory.parents):
        if filesystem.exists(candidate / ".git"):
            return candidate
    return None


def read_ignored_above(directory: Path, filesystem: FileSystem) -> IgnoredPaths | None:
    """Return what a repository says of the paths in *directory*, without its own .gitignore file.

    ``None`` where nothing is ignored, and where *directory* is itself ignored: whoever asks for an
    ignored folder by name wants to see it.
    """
    root = repository_root(directory, filesystem)
    if root is None:
        return None
    ignored = read_excludes(str(root), filesystem)
    folder = root
    for part in directory.relative_to(root).parts:
        ignored = read_ignored(str(folder), filesystem, ignored)
        folder /= part
        if ignored is not None and ignored.ignores_directory(str(folder)):
            return None
    return ignored


def read_excludes(root: str, filesystem: FileSystem) -> IgnoredPaths | None:
    """Return what ``.git/info/exclude`` of the repository at *root* says."""
    return _read(root, os.path.join(root, ".git", "info", "exclude"), filesystem, None)


def read_ignored(
    directory: str, filesystem: FileSystem, parent: IgnoredPaths | None
) -> IgnoredPaths | None:
    """Return *parent* with what the .gitignore file in *directory* adds, if there is one."""
    return _read(directory, os.path.join(directory, ".gitignore"), filesystem, parent)


def _read(
    directory: str, path: str, filesystem: FileSystem, parent: IgnoredPaths | None
) -> IgnoredPaths | None:
    # Git follows no link here, but a link does no harm to a reader.
    data = filesystem.read_bytes(path, _MAX_BYTES)
    if not isinstance(data, bytes):
        return parent
    lines = _parse(data)
    return IgnoredPaths(os.path.join(directory, ""), lines, parent) if lines else parent


def _parse(data: bytes) -> IgnoreLines:
    """Compile the lines that are patterns; a line that is none counts for nothing, as in Git."""
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = [line for line in re.split(r"\r?\n", text) if line.strip() and line[0] != "#"]
    if not lines:
        return IgnoreLines(())
    from pinfold.core.formats.globs import BadGlob, translate_glob

    compiled = []
    for line in lines[:_MOST_LINES]:
        try:
            translated = translate_glob(line)
        except BadGlob:
            continue
        if translated is not None:
            regex, ignores = translated
            # A name may have a line break in it, which a dot matches only then.
            expression = re.compile(_of_the_path_alone(regex), re.DOTALL)
            compiled.append(_Line(expression, ignores, _is_of_name(line)))
    return IgnoreLines(reversed(compiled))


def _is_of_name(line: str) -> bool:
    """Return whether a line means the same in every folder; ``False`` where in doubt."""
    body = _PLAIN_SET.sub("", line.removesuffix("/"))
    # pathspec lets `[!a]` match a slash, and what a backslash does is best left to it.
    return not any(text in body for text in ("/", "[", "\\", "**"))


_PLAIN_SET = re.compile(r"\[\w+\]", re.ASCII)


_DIRECTORY_MARK = "(?P<ps_d>/)"


def _of_the_path_alone(regex: str) -> str:
    """Return *regex* without matching what lies in a folder that the line means.

    pathspec lets a line match everything below the folder that it means, for callers that ask about
    a single path. Going down folder by folder this would be wrong: in a folder that ``!/a`` lets
    in, the lines above that one still count.
    """
    either = f"(?:{_DIRECTORY_MARK}|$)"
    if regex.endswith(either):
        return regex[: -len(either)] + "/?$"
    if regex.endswith(_DIRECTORY_MARK):
        return regex[: -len(_DIRECTORY_MARK)] + "/$"
    # "a/**" is everything in the folder, and not the folder itself.
    return regex + "." if regex.endswith("/") else regex
