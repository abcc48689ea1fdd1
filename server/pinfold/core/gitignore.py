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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.files import FileSystem

# Beyond these a .gitignore file is hostile rather than long: each line costs time for each folder.
_MAX_BYTES = 256 * 1024
_MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class IgnoredPaths:
    """What the .gitignore files from a repository's root down to one folder say.

    A chain: `parent` is what the folders above say. `prefix` is the folder of `lines` with a final
    separator. `lines` are the last first, each with whether it ignores what it matches. Paths are
    strings, because a search asks for tens of thousands.
    """

    prefix: str
    lines: tuple[tuple[re.Pattern[str], bool], ...]
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
            for regex, ignores in layer.lines:
                if regex.search(relative) is not None:
                    return ignores
            layer = layer.parent
        return False


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


def _parse(data: bytes) -> tuple[tuple[re.Pattern[str], bool], ...]:
    """Compile the lines that are patterns; a line that is none counts for nothing, as in Git."""
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = [line for line in re.split(r"\r?\n", text) if line.strip() and line[0] != "#"]
    if not lines:
        return ()
    from pinfold.core.formats.globs import BadGlob, translate_glob

    compiled = []
    for line in lines[:_MOST_LINES]:
        try:
            translated = translate_glob(line)
        except BadGlob:
            continue
        if translated is not None:
            regex, ignores = translated
            compiled.append((re.compile(_of_the_path_alone(regex)), ignores))
    return tuple(reversed(compiled))


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
