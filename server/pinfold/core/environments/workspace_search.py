"""The search for environments below the folders that somebody works in.

Owns where it goes down, where it only looks, and when it stops. Refuses to judge what it finds.
An environment is mostly ignored by git, and so is a folder that somebody collects environments in.
So an ignored folder is looked at, and the folders right in it are, but nobody goes further down.
"""

from __future__ import annotations

import os
from collections import deque
from enum import Enum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.environments.layout import USUAL_NAMES
from pinfold.core.environments.python_envs import NamedPath, read_venv_file
from pinfold.core.environments.stalls import Stalled
from pinfold.core.files import Unreadable, UnreadableReason
from pinfold.core.gitignore import (
    IgnoredPaths,
    read_excludes,
    read_ignored,
    read_ignored_above,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.files import Listing

MAX_DEPTH = 12
MAX_DIRECTORIES = 200_000
MAX_ENVIRONMENTS = 5_000
MAX_SECONDS = 10.0

MAX_IN_IGNORED = 200
"""How many folders there may be in an ignored one so that each of them is looked at.

Where there are more, something was built there; nobody collects as many environments.
"""

MAX_IN_ALL_IGNORED = 20_000
"""The same for all ignored folders of a search together."""

_STRIDE = 32
"""After how many folders it is asked whether there is time left, and whether anybody waits."""


def search_folder(
    root: str, look: Inspector, *, max_seconds: float = MAX_SECONDS
) -> Iterator[Candidate]:
    """Yield the environments at *root* and below, those nearer to it first.

    No link to a folder is followed, but for one that is called as environments are. What was not
    looked at is said to the inspector.
    """
    root = os.path.normpath(root)
    if look.surroundings.is_foreign(root):
        look.leave_out(root, "is on a drive of Windows, where a search takes minutes")
        return
    yield from _Search(root, look, monotonic() + max_seconds).found()


class _Ignoring:
    """What git ignores from a folder on, until one says something else.

    Read only if somebody asks, and once for all folders that say nothing of their own.
    """

    __slots__ = ("_above", "_folder", "_has_list", "_ignored", "_is_known", "_is_repository")

    def __init__(
        self,
        folder: str,
        above: _Ignoring | None,
        *,
        has_list: bool = False,
        is_repository: bool = False,
    ) -> None:
        self._folder = folder
        self._above = above
        self._has_list = has_list
        self._is_repository = is_repository
        self._ignored: IgnoredPaths | None = None
        self._is_known = False

    def paths(self, look: Inspector) -> IgnoredPaths | None:
        """Return what the .gitignore files from the repository's root down to here say."""
        if not self._is_known:
            self._is_known = True
            if self._above is None:
                self._ignored = read_ignored_above(Path(self._folder), look.filesystem)
            elif self._is_repository:
                # What a repository inside of another one ignores is its own matter.
                self._ignored = read_excludes(self._folder, look.filesystem)
            else:
                self._ignored = self._above.paths(look)
            if self._has_list:
                self._ignored = read_ignored(self._folder, look.filesystem, self._ignored)
        return self._ignored


class _Folder(NamedTuple):
    """A folder to go down into."""

    path: str
    depth: int
    ignoring: _Ignoring


class _Search:
    def __init__(self, root: str, look: Inspector, deadline: float) -> None:
        self._root = root
        self._real_root = look.real_path(root)
        self._look = look
        self._deadline = deadline
        self._pending = deque([_Folder(root, 0, _Ignoring(root, None))])
        self._directories = 0
        self._environments = 0
        self._in_ignored = 0

    def found(self) -> Iterator[Candidate]:
        found: list[Candidate] = []
        while self._pending:
            reason = self._limit()
            if reason is not None:
                self._look.leave_out(self._root, reason)
                return
            try:
                self._enter(self._pending.popleft(), found)
            except Stalled as error:
                # Another thread hangs there already. The rest of the workspace is none of its
                # fault.
                self._look.passes_over(error)
                self._look.leave_out(error.path, "does not answer")
            for candidate in found:
                self._environments += 1
                if candidate.real is None and candidate.prefix.startswith(self._root):
                    # No link was followed on the way.
                    candidate.real = self._real_root + candidate.prefix[len(self._root) :]
                yield candidate
            if found:
                found = []

    def _limit(self) -> str | None:
        """Return why the search stops here, if it does."""
        if self._directories >= MAX_DIRECTORIES:
            return f"has more than {MAX_DIRECTORIES} folders, so not all of it was searched"
        if self._environments >= MAX_ENVIRONMENTS:
            return f"has more than {MAX_ENVIRONMENTS} environments, so not all were searched for"
        # Not for each of them: asking takes as long as a small folder does.
        if self._directories % _STRIDE == 0:
            self._look.check()
            if monotonic() > self._deadline:
                return "takes too long to search, so not all of it was"
        return None

    def _enter(self, folder: _Folder, found: list[Candidate]) -> None:
        """Add what is in a folder, or the folder itself, to *found*; note where to go on."""
        self._directories += 1
        look = self._look
        path = folder.path
        listing = look.filesystem.scan(path)
        if isinstance(listing, Unreadable):
            if listing.reason is not UnreadableReason.MISSING:
                look.leave_out(path, listing.detail)
            return
        directories, files = listing
        # Most folders have none of these, and then nothing in them is asked about.
        if "pyvenv.cfg" in files or not _OWN_FOLDERS.isdisjoint(directories):
            candidate = look.candidate(path, names=frozenset(directories).union(files))
            if candidate is not None:
                found.append(candidate)
                if candidate.is_conda and "envs" in directories:
                    self._descend(f"{path}{os.sep}envs", folder, folder.ignoring)
                return
        self._go_on(folder, listing, found)
        if not USUAL_NAMES.isdisjoint(files):
            found += self._links(path, listing)

    def _go_on(self, folder: _Folder, listing: Listing, found: list[Candidate]) -> None:
        """Add environments that stand in a folder to *found*, and go down into the others."""
        look = self._look
        path, depth, ignoring = folder
        directories, files = listing
        has_list = ".gitignore" in files
        is_repository = ".git" in directories or ".git" in files
        if depth == 0:
            # Whether it is a repository was found out on the way up.
            ignoring = _Ignoring(path, None, has_list=has_list)
        elif has_list or is_repository:
            ignoring = _Ignoring(path, ignoring, has_list=has_list, is_repository=is_repository)
        siblings: frozenset[str] | None = None
        for name in directories:
            treatment = _TREATMENTS.get(name)
            if treatment is _Treatment.SKIP:
                continue
            inner = f"{path}{os.sep}{name}"
            if treatment is _Treatment.LOOK:
                if siblings is None:
                    siblings = frozenset(directories).union(files)
                candidate = look.candidate(inner, siblings=siblings)
                if candidate is not None:
                    found.append(candidate)
                    continue
            if treatment is not _Treatment.GO_DOWN:
                ignored = ignoring.paths(look)
                if ignored is not None and ignored.ignores_directory(inner):
                    found += self._peep_into(inner)
                    continue
            self._descend(inner, folder, ignoring)

    def _peep_into(self, path: str) -> Iterator[Candidate]:
        """Yield the environment that stands at *path*, which is ignored, or those right in it.

        One listing, and a few questions about each folder in it: what is built or downloaded may be
        huge, and what is below such a folder is never listed.
        """
        look = self._look
        listing = look.filesystem.scan(path)
        if isinstance(listing, Unreadable):
            # Not said: what nobody may read and git ignores (the data of a database) is no loss.
            return
        directories, files = listing
        candidate = look.candidate(path, names=frozenset(directories).union(files))
        if candidate is not None:
            yield candidate
            return
        within = [name for name in directories if name not in _PRUNED]
        self._in_ignored += len(within)
        if len(within) > MAX_IN_IGNORED or self._in_ignored > MAX_IN_ALL_IGNORED:
            within = sorted(USUAL_NAMES.intersection(within))
        for name in within:
            inner = f"{path}{os.sep}{name}"
            if any(look.filesystem.exists(f"{inner}{os.sep}{mark}") for mark in _MARKS):
                candidate = look.candidate(inner)
                if candidate is not None:
                    yield candidate
        if not USUAL_NAMES.isdisjoint(files):
            yield from self._links(path, listing)

    def _descend(self, path: str, folder: _Folder, ignoring: _Ignoring) -> None:
        """Go on at *path*, which is in *folder*."""
        if folder.depth >= MAX_DEPTH:
            self._look.leave_out(folder.path, "is nested so deeply that no search goes further")
            return
        self._pending.append(_Folder(path, folder.depth + 1, ignoring))

    def _links(self, folder: str, listing: Listing) -> Iterator[Candidate]:
        """Yield what links and files lead to that are called as environments are."""
        look = self._look
        for name in sorted(USUAL_NAMES.intersection(listing.files)):
            path = f"{folder}{os.sep}{name}"
            if look.filesystem.read_link(path) is not None:
                # Invariant: it keeps the path that the user knows; where it leads is an alias.
                candidate = look.candidate(path)
            elif name == ".venv":
                # uv's for an environment that it keeps elsewhere.
                named = read_venv_file(Path(path), look.filesystem)
                candidate = None
                if isinstance(named, NamedPath) and named.path is not None:
                    candidate = look.candidate(str(named.path))
            else:
                candidate = None
            if candidate is not None:
                candidate.real = look.real_path(candidate.prefix)
                yield candidate


_OWN_FOLDERS = frozenset({"conda-meta", "bin", "Scripts"})
"""The folders one of which an environment has that has no ``pyvenv.cfg``."""

_MARKS = ("pyvenv.cfg", "conda-meta", "bin/activate", "Scripts/activate")
"""What an environment has one of: asked for by name, as nothing that is ignored is listed twice."""

_HOLDERS = frozenset({".tox", ".nox", ".pixi", ".hatch", "envs", ".direnv"})
"""What holds environments, and is ignored by git like these."""

_PRUNED = frozenset(
    {
        ".bzr",
        ".cache",
        ".cargo",
        ".eggs",
        ".git",
        ".gradle",
        ".hg",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".npm",
        ".pants.d",
        ".pinfold-held",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".rustup",
        ".svn",
        ".terraform",
        ".Trash",
        "__pycache__",
        "__pypackages__",
        "bower_components",
        "dist-packages",
        "node_modules",
        "site-packages",
    }
)
"""What holds no environments, but many folders."""


class _Treatment(Enum):
    """What is done with a folder for its name alone."""

    LOOK = "it may be an environment"
    GO_DOWN = "it holds environments"
    SKIP = "it holds none"


_TREATMENTS = {
    **dict.fromkeys(USUAL_NAMES, _Treatment.LOOK),
    **dict.fromkeys(_HOLDERS, _Treatment.GO_DOWN),
    **dict.fromkeys(_PRUNED, _Treatment.SKIP),
}
