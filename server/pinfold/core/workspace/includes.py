"""The files that a requirements file pulls in with ``-r`` and ``-c``, followed as pip follows them.

Owns the walk: what an include's path means, in which order files are read, cycles, depth and count.
Reads through the function it is given; opens nothing itself, and never a URL.
Read from pip 26.3: ``_internal/req/req_file.py``, `RequirementsFileParser`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable, is_local_path
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.summary import LineTrait
from pinfold.core.rules.view import Include, IncludedFile, IncludeState, Lead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.entry import Entry

    Reader = Callable[[Path], Document | Unreadable]
    Edges = Callable[[Path, Document], tuple["Edge", ...]]

MAX_DEPTH = 100
"""How many files deep includes are followed; pip has no limit, and ends in a RecursionError."""

MAX_FILES = 10_000
"""How many files one file may pull in before the rest is left unread."""

_URL = re.compile(r"(https?|file|ftp):", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


@dataclass(frozen=True, slots=True)
class Edge:
    """One include of a file, and the local path that it names, or why there is none."""

    start: int
    entry: Entry
    target: Path | IncludeState

    @property
    def is_constraint(self) -> bool:
        """Whether the file is included to constrain."""
        return self.entry.kind is EntryKind.CONSTRAINT


@dataclass(slots=True)
class _Frame:
    path: Path
    edges: Iterator[Edge]


def follow_includes(
    path: Path, document: Document, read: Reader, edges: Edges
) -> tuple[tuple[Include, ...], tuple[IncludedFile, ...]]:
    """Return the includes of *document*, and every file they pull in, in pip's reading order.

    A file that several includes pull in appears once. Paths are relative to the including file, and
    compared as pip compares them: made absolute, links not resolved.
    """
    if not document.traits.get(LineTrait.INCLUDE):
        return (), ()
    walk = _Walk(path, read, edges)
    includes = tuple(walk.follow(edge) for edge in edges(path, document))
    return includes, tuple(walk.included.values())


def include_target(including: Path, target: str) -> Path | IncludeState:
    """Return the local path that an include of *including* names, or why there is none."""
    if _VARIABLE.search(target):
        return IncludeState.UNKNOWN
    if _URL.match(target):
        if not target.lower().startswith("file:"):
            return IncludeState.REMOTE
        local = _path_of_file_url(target)
        if local is None:
            return IncludeState.REMOTE
        target = local
    if not is_local_path(target):
        return IncludeState.REMOTE
    # Joined as strings: pathlib would take ten times as long, and long chains come here often.
    return Path(os.path.abspath(os.path.join(including.parent, target)))  # noqa: PTH100


def edges_of(path: Path, document: Document) -> tuple[Edge, ...]:
    """Return the includes of the file at *path*, in order; worth keeping, joining paths is slow."""
    return tuple(
        Edge(start, line.entry, include_target(path, line.entry.target.text))
        for start, line in document.with_trait(LineTrait.INCLUDE)
        if line.entry is not None and line.entry.target is not None
    )


def _path_of_file_url(url: str) -> str | None:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        split = urlsplit(url)
    except ValueError:
        return None
    if split.netloc not in ("", "localhost"):
        return None
    return url2pathname(split.path)


class _Walk:
    """One walk from one file; lives as long as that walk."""

    def __init__(self, root: Path, read: Reader, edges: Edges) -> None:
        self._root = root
        self._read = read
        self._edges = edges
        self.included: dict[Path, IncludedFile] = {}

    def follow(self, edge: Edge) -> Include:
        """Follow one include of the root file as deep as it goes."""
        target = edge.target

        def include(state: IncludeState, path: Path | None = None, detail: str = "") -> Include:
            return Include(edge.start, edge.entry, edge.is_constraint, state, path, detail)

        if isinstance(target, IncludeState):
            return include(target)
        if target == self._root:
            return include(IncludeState.CYCLE, target)
        document = self._read(target)
        if isinstance(document, Unreadable):
            return include(IncludeState.UNREADABLE, target, document.detail)
        if target in self.included:
            return include(IncludeState.READ, target)
        self.included[target] = self._file(target, document, edge)
        state, detail = self._descend(target, document)
        return include(state, target, detail)

    def _file(self, path: Path, document: Document, edge: Edge) -> IncludedFile:
        leads = tuple(
            Lead(lead.start, lead.target, lead.is_constraint)
            for lead in self._edges(path, document)
            if not isinstance(lead.target, IncludeState)
        )
        return IncludedFile(path, document, edge.is_constraint, leads)

    def _descend(self, target: Path, document: Document) -> tuple[IncludeState, str]:
        state, detail = IncludeState.READ, ""
        stack = [_Frame(target, iter(self._edges(target, document)))]
        open_paths = {self._root, target}
        while stack:
            frame = stack[-1]
            edge = next(frame.edges, None)
            if edge is None:
                stack.pop()
                open_paths.discard(frame.path)
                continue
            path = edge.target
            if isinstance(path, IncludeState):
                continue
            if path in open_paths:
                if state is IncludeState.READ:
                    state, detail = IncludeState.CYCLE, _cycle(self._root, frame.path, path)
                continue
            if path in self.included:
                continue
            if len(stack) >= MAX_DEPTH or len(self.included) >= MAX_FILES:
                state = IncludeState.TOO_DEEP
                detail = f"they are followed {MAX_DEPTH} files deep and to {MAX_FILES:,} files"
                continue
            child = self._read(path)
            if isinstance(child, Unreadable):
                continue
            # What a constraints file includes with -r is installed, not constrained by.
            self.included[path] = self._file(path, child, edge)
            stack.append(_Frame(path, iter(self._edges(path, child))))
            open_paths.add(path)
        return state, detail


def _cycle(root: Path, including: Path, included: Path) -> str:
    if included == root:
        return f"`{including.name}` includes this file again"
    return f"`{including.name}` includes `{included.name}` again"
