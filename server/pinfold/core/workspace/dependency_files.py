"""Which files say what a project depends on, and where they are.

Owns the names that requirements and constraints files go by, the difference between such a file and
prose of the same name, and the search of a folder. Refuses to know how the files are read or
judged. A file that somebody names is judged whatever it is called; all this is for folders.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pinfold.core.files import Listing, Unreadable, UnreadableReason
from pinfold.core.gitignore import (
    IgnoredPaths,
    read_excludes,
    read_ignored,
    read_ignored_above,
)
from pinfold.core.model.files import FileRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pinfold.core.files import FileSystem
    from pinfold.core.settings import ProjectSettings

MAX_DEPTH = 64
MAX_DIRECTORIES = 500_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file that goes by the name of a dependency file.

    Something else may stand there: a folder, a FIFO, a link to nowhere. It is for the reader to say
    so. `is_certain` is whether the name alone tells; otherwise :func:`looks_like_dependency_file`
    has to look at the text before it is judged.
    """

    path: Path
    role: FileRole
    is_certain: bool


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """How far a search is: folders read, and dependency files found."""

    directories: int
    found: int


def classify_name(path: PurePath | str) -> FileRole | None:
    """Return the role of a dependency file of this name, ``None`` where the name is no such name.

    The file's own name and its next two folders count, in either case.
    """
    name, folders = _name_and_folders(path)
    return _classify(name, next(filter(_is_dependency_folder, folders), ""))


def role_of_named_file(path: PurePath | str) -> FileRole:
    """Return the role of a file that somebody named, whatever it is called."""
    role = classify_name(path)
    if role is not None:
        return role
    is_input = os.fspath(path).lower().endswith(".in")
    return FileRole.INPUT if is_input else FileRole.REQUIREMENTS


def is_certain_name(path: PurePath | str) -> bool:
    """Return whether the name alone makes it a dependency file: ``requirements-dev.txt`` does.

    ``product-requirements.txt`` does not: that may be prose.
    """
    name, folders = _name_and_folders(path)
    return _is_certain(name, folders[0] if folders else "")


def looks_like_dependency_file(text: str) -> bool:
    """Return whether at least half of the first lines have the shape of a requirement or an option.

    Lines that say nothing (blank, comment, continued) do not count, and a text without any other
    passes: there is nothing to complain of in it. Bounded: looks at the first hundred lines.
    """
    shaped = counted = 0
    continues = False
    for line in text[:_LOOKED_AT_CHARACTERS].splitlines()[:_LOOKED_AT_LINES]:
        content = line.strip(" \t\ufeff")[:_LOOKED_AT_COLUMNS]
        is_continued, continues = continues, line.endswith("\\")
        if is_continued or not content or content.startswith("#"):
            continue
        counted += 1
        shaped += _SHAPE.match(content) is not None
    return 2 * shaped >= counted


def find_dependency_files(
    root: Path,
    filesystem: FileSystem,
    *,
    settings: ProjectSettings | None = None,
    on_progress: Callable[[SearchProgress], None] | None = None,
    on_unreadable: Callable[[Path, Unreadable], None] | None = None,
) -> Iterator[Found]:
    """Yield what goes by the name of a dependency file in *root* and below, sorted by path.

    Left out are the folders of tools and environments, what .gitignore files ignore, and what
    *settings* exclude. *root*, an absolute path, is searched whatever it is. No link to a folder is
    followed. *on_progress* is called after each folder.
    """
    search = _Search(filesystem, settings, on_unreadable or _pass_over)
    start = _Folder(
        str(root),
        holder=_holder(root.name),
        holder_above=_holder(root.parent.name),
        depth=0,
        ignored=read_ignored_above(root, filesystem),
    )
    pending: list[_Folder | Found] = [start]
    directories = found = 0
    while pending:
        item = pending.pop()
        if isinstance(item, Found):
            found += 1
            yield item
            continue
        if directories >= MAX_DIRECTORIES:
            search.on_unreadable(root, _TOO_MANY)
            return
        directories += 1
        pending += search.entries(item)
        if on_progress is not None:
            on_progress(SearchProgress(directories, found))


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be searched.

    `holder` is its name if that is one of a folder that holds dependency files, `holder_above` the
    same of the folder that it is in; empty otherwise.
    """

    path: str
    holder: str
    holder_above: str
    depth: int
    ignored: IgnoredPaths | None


@dataclass(frozen=True, slots=True)
class _Search:
    filesystem: FileSystem
    settings: ProjectSettings | None
    on_unreadable: Callable[[Path, Unreadable], None]

    def entries(self, folder: _Folder) -> list[_Folder | Found]:
        """Return what is to be searched and yielded of *folder*, the last first."""
        listing = self.filesystem.scan(folder.path)
        if isinstance(listing, Unreadable):
            self.on_unreadable(Path(folder.path), listing)
            return []
        if folder.depth and _is_environment(listing):
            return []
        ignored = self._ignored(folder, listing)
        found: list[tuple[str, _Folder | Found]] = []
        prefix = os.path.join(folder.path, "")
        holder = folder.holder or folder.holder_above
        for name in listing.files:
            role = _classify(name, holder)
            if role is not None and not self._leaves_out(prefix + name, ignored):
                found.append((name, _found(prefix + name, name, role, folder)))
        for name in listing.directories:
            if name in _SKIPPED or name.endswith(_SKIPPED_ENDINGS):
                continue
            path = prefix + name
            if self._leaves_out_directory(path, ignored):
                continue
            role = _classify(name, "")
            if role is not None:
                # Somebody meant a file there: that it is a folder deserves a finding.
                found.append((name, _found(path, name, role, folder)))
            if folder.depth == MAX_DEPTH:
                self.on_unreadable(Path(path), _TOO_DEEP)
                continue
            below = _Folder(path, _holder(name), folder.holder, folder.depth + 1, ignored)
            found.append((name + os.sep, below))
        found.sort(key=_by_name, reverse=True)
        return [item for _, item in found]

    def _ignored(self, folder: _Folder, listing: Listing) -> IgnoredPaths | None:
        ignored = folder.ignored
        if folder.depth and (".git" in listing.directories or ".git" in listing.files):
            # A repository inside of another one: the outer one's files say nothing of it.
            ignored = read_excludes(folder.path, self.filesystem)
        if ".gitignore" in listing.files:
            return read_ignored(folder.path, self.filesystem, ignored)
        return ignored

    def _leaves_out(self, path: str, ignored: IgnoredPaths | None) -> bool:
        if ignored is not None and ignored.ignores_file(path):
            return True
        return self.settings is not None and self.settings.excludes(path)

    def _leaves_out_directory(self, path: str, ignored: IgnoredPaths | None) -> bool:
        if ignored is not None and ignored.ignores_directory(path):
            return True
        return self.settings is not None and self.settings.excludes_directory(path)


_FOLDERS = frozenset({"requirements", "requirement", "reqs", "constraints"})

_SKIPPED = frozenset(
    {
        ".bzr",
        ".cache",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pants.d",
        ".pinfold-held",
        ".pixi",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "bower_components",
        "dist-packages",
        "node_modules",
        "site-packages",
    }
)
# A distribution's own metadata: its requires.txt and the like are written by tools.
_SKIPPED_ENDINGS = (".dist-info", ".egg-info")

_DEPENDENCY_WORD = re.compile(
    r"requirements|constraints|(?:^|[-_. ])(?:requirement|constraint|reqs)(?:$|[-_. ])"
)
_WORD_BREAK = re.compile(r"[-_. ]+|(?<=requirements)(?=.)|(?<=constraints)(?=.)")

# Words that say which part of a program a file is for, and that no title of prose has.
_KNOWN_WORDS = frozenset(
    "requirements requirement constraints constraint reqs"
    " all aws base bench benchmark benchmarks build ci cd celery check checks cli colab common"
    " conda core cpu cu11 cu12 cuda default deploy deployment dev devel develop developer"
    " development django doc docker docs documentation e2e examples extra extras ffmpeg freeze"
    " frozen full gpu heroku hpu in install integration jupyter lint linter linting linux"
    " local lock locked lower macos main mac max min mini minimal minimum mypy neuron night nightly"
    " notebook notebooks npu old optional osx packaging pinned pip pip3 pre precommit prod"
    " production project pypi py pylint pytest python qa readthedocs release rocm rtd run runtime"
    " server setup sphinx staging style test testing tests tools torch tox tpu txt type types"
    " typing unit unpinned upper win windows xpu".split()
)
_VERSION_WORD = re.compile(r"(?:py|python|cp|cu|v)?\d+$")

_TOO_MANY = Unreadable(
    UnreadableReason.TOO_LARGE,
    f"has more than {MAX_DIRECTORIES:,} folders; the rest is passed over",
)
_TOO_DEEP = Unreadable(UnreadableReason.TOO_LARGE, f"is more than {MAX_DEPTH} folders down")

_LOOKED_AT_CHARACTERS = 50_000
_LOOKED_AT_LINES = 100
_LOOKED_AT_COLUMNS = 1_000

# Lenient on purpose: a line that a rule will complain of (`flask=1.0`, a missing space before
# `--hash`) is still meant as a requirement.
_SHAPE = re.compile(
    r"""
    -[a-zA-Z](?:[\s=./:\\\w]|$) (?![^\s]*\s+\w+\s+\w+\s) # -r base.txt, not an item of a list
    | --[a-z][a-z-]+(?:[\s=]|$)
    | (?:[a-z]+\+)?(?:https?|ssh|git|file|ftp)://\S
    | (?:[a-z]+\+)?git@\S+:
    | \.{1,2}\s*(?:$|\[)
    | \.{0,2}[/\\][\w.]\S*\s*(?:$|[;\#])                 # a path
    | \S+\.(?:whl|tar\.gz|tar\.bz2|zip|tgz)\s*(?:$|[;\#])
    | \$\{\w+\}
    | [A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*            # a name and its extras, then
        (?: $ | \\$ | \#
          | ;\s*["'(]*(?:python|sys|os|platform|implementation|extra)[\w.]*
          | --[a-z]
          | @\s*\S+
          | \(?\s*(?:===?|~=|!=|<=|>=|<|>)\s*["']?[\w$*]
          | [<>=!~]{1,4}\s*["']?v?\d )                      # an operator, or meant as one
    """,
    re.VERBOSE,
)


def _name_and_folders(path: PurePath | str) -> tuple[str, tuple[str, ...]]:
    parts = PurePath(path).parts
    return (parts[-1] if parts else ""), parts[-2:-4:-1]


def _pass_over(path: Path, unreadable: Unreadable) -> None:
    """What a search does with a folder that it cannot read, if nobody wants to know."""


def _classify(name: str, holder: str) -> FileRole | None:
    """Return the role of *name* in *holder*, the nearest folder that holds dependency files."""
    # Most names in a tree end otherwise, and get no further than this.
    if not name.endswith((".txt", ".in")) and not name.lower().endswith((".txt", ".in")):
        return None
    stem, _, ending = name.lower().rpartition(".")
    if _OTHER_MANAGERS.isdisjoint(_WORD_BREAK.split(stem)):
        is_named_so = _DEPENDENCY_WORD.search(stem) is not None
        if is_named_so or (holder and stem and stem not in _PROSE):
            is_constraint = "constraint" in (stem if is_named_so else holder.lower())
            return _ROLES[is_constraint, ending == "in"]
    return None


_ROLES = {
    (False, False): FileRole.REQUIREMENTS,
    (False, True): FileRole.INPUT,
    (True, False): FileRole.CONSTRAINTS,
    (True, True): FileRole.CONSTRAINTS_INPUT,
}

# A list of Debian's or npm's packages has the shape of a requirements file.
_OTHER_MANAGERS = frozenset(
    "system apt aptitude apk brew yum dnf rpm deb debian ubuntu npm node gem ruby galaxy".split()
)

_PROSE = frozenset(
    "readme notes note license licence copying changelog changes authors todo manifest"
    " cmakelists robots".split()
)


def _is_certain(name: str, holder: str) -> bool:
    """Return whether *name* leaves no doubt in *holder*, the folder that the file is in."""
    stem = name.lower().rpartition(".")[0]
    is_named_so = _DEPENDENCY_WORD.search(stem) is not None
    return (is_named_so or holder.lower() in _FOLDERS) and _has_known_words(stem)


def _has_known_words(stem: str) -> bool:
    words = [word for word in _WORD_BREAK.split(stem) if word]
    return bool(words) and all(
        word in _KNOWN_WORDS or _VERSION_WORD.match(word) is not None for word in words
    )


def _holder(name: str) -> str:
    return name if _is_dependency_folder(name) else ""


def _is_dependency_folder(name: str) -> bool:
    lower = name.lower()
    if lower in _FOLDERS:
        return True
    is_named_so = "requirements" in lower or "constraints" in lower
    return is_named_so and not lower.endswith((".txt", ".in")) and _has_known_words(lower)


def _is_environment(listing: Listing) -> bool:
    return "pyvenv.cfg" in listing.files or "conda-meta" in listing.directories


def _found(path: str, name: str, role: FileRole, folder: _Folder) -> Found:
    return Found(Path(path), role, _is_certain(name, folder.holder))


def _by_name(item: tuple[str, _Folder | Found]) -> str:
    return item[0]
