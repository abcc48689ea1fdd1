"""The search for environments below the folders that somebody works in.

Owns where it goes down, where it only looks, and when it stops. Refuses to judge what it finds.
An environment is mostly ignored by git, so an ignored folder is looked at, but not gone down into.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

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


class _Folder:
    """A folder to go down into. What is ignored there is only found out if somebody asks."""

    __slots__ = ("_above", "_ignored", "_is_known", "depth", "has_list", "is_repository", "path")

    def __init__(self, path: str, depth: int, above: _Folder | None) -> None:
        self.path = path
        self.depth = depth
        self.has_list = False
        self.is_repository = False
        self._above = above
        self._ignored: IgnoredPaths | None = None
        self._is_known = False

    def ignored(self, look: Inspector) -> IgnoredPaths | None:
        """Return what the .gitignore files from the repository's root down to here say."""
        if not self._is_known:
            self._is_known = True
            if self._above is None:
                self._ignored = read_ignored_above(Path(self.path), look.filesystem)
            elif self.is_repository:
                self._ignored = read_excludes(self.path, look.filesystem)
            else:
                self._ignored = self._above.ignored(look)
            if self.has_list:
                self._ignored = read_ignored(self.path, look.filesystem, self._ignored)
        return self._ignored


class _Search:
    def __init__(self, root: str, look: Inspector, deadline: float) -> None:
        self._root = root
        self._real_root = look.real_path(root)
        self._look = look
        self._deadline = deadline
        self._pending = deque([_Folder(root, 0, None)])
        self._directories = 0
        self._environments = 0

    def found(self) -> Iterator[Candidate]:
        while self._pending:
            self._look.check()
            reason = self._limit()
            if reason is not None:
                self._look.leave_out(self._root, reason)
                return
            found: list[Candidate] = []
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

    def _limit(self) -> str | None:
        """Return why the search stops here, if it does."""
        if self._directories >= MAX_DIRECTORIES:
            return f"has more than {MAX_DIRECTORIES} folders, so not all of it was searched"
        if self._environments >= MAX_ENVIRONMENTS:
            return f"has more than {MAX_ENVIRONMENTS} environments, so not all were searched for"
        # Not for each of them: asking for the time takes as long as a small folder does.
        if self._directories % 32 == 0 and monotonic() > self._deadline:
            return "takes too long to search, so not all of it was"
        return None

    def _enter(self, folder: _Folder, found: list[Candidate]) -> None:
        """Add what is in a folder, or the folder itself, to *found*; note where to go on."""
        self._directories += 1
        look = self._look
        listing = look.filesystem.scan(folder.path)
        if isinstance(listing, Unreadable):
            if listing.reason is not UnreadableReason.MISSING:
                look.leave_out(folder.path, listing.detail)
            return
        directories, files = listing
        if "pyvenv.cfg" in files or "conda-meta" in directories:
            candidate = look.candidate(folder.path, names=frozenset(directories).union(files))
            if candidate is not None:
                found.append(candidate)
                if candidate.is_conda and "envs" in directories:
                    self._descend(folder, "envs")
                return
        folder.has_list = ".gitignore" in files
        # What a repository inside of another one ignores is its own matter.
        folder.is_repository = ".git" in directories or ".git" in files
        siblings: frozenset[str] | None = None
        for name in directories:
            if name in _PRUNED:
                continue
            if name not in _LIKELY:
                if name in _HOLDERS:
                    self._descend(folder, name)
                else:
                    self._unlikely(folder, name, found)
                continue
            if siblings is None:
                siblings = frozenset(directories).union(files)
            candidate = look.candidate(f"{folder.path}{os.sep}{name}", siblings=siblings)
            if candidate is not None:
                found.append(candidate)
            else:
                self._unlikely(folder, name, found)
        if not _LIKELY.isdisjoint(files):
            found += self._links(folder, listing)

    def _unlikely(self, folder: _Folder, name: str, found: list[Candidate]) -> None:
        """Go down into a folder, or only look at it if git ignores it."""
        ignored = folder.ignored(self._look)
        if ignored is not None:
            path = f"{folder.path}{os.sep}{name}"
            if ignored.ignores_directory(path):
                candidate = self._look.candidate(path)
                if candidate is not None:
                    found.append(candidate)
                return
        self._descend(folder, name)

    def _descend(self, folder: _Folder, name: str) -> None:
        if folder.depth >= MAX_DEPTH:
            self._look.leave_out(folder.path, "is nested so deeply that no search goes further")
            return
        path = f"{folder.path}{os.sep}{name}"
        self._pending.append(_Folder(path, folder.depth + 1, folder))

    def _links(self, folder: _Folder, listing: Listing) -> Iterator[Candidate]:
        """Yield what links and files lead to that are called as environments are."""
        look = self._look
        for name in sorted(_LIKELY.intersection(listing.files)):
            path = f"{folder.path}{os.sep}{name}"
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


_LIKELY = frozenset({".venv", "venv", ".virtualenv", "virtualenv", "env", ".env", ".conda"})
"""What environments are called: looked into before anything else is asked."""

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
