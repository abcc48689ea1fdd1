"""Changes on disk that the client does not tell of: files are looked at, again and again.

Owns which files those are and how often they are looked at. Reads nothing but what identifies a
file, and that in a thread.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from pinfold.lsp.documents import included_by, settings_files
from pinfold.lsp.transport import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pinfold.core.files import FileIdentity, FileSystem
    from pinfold.lsp.documents import Documents
    from pinfold.lsp.workspace_files import WorkspaceFiles

POLL_INTERVAL_S = 1.0

_SHARE = 20
"""Looking takes at most one part in so many of the time; in a large workspace it is done less."""

_SEARCH_SHARE = 50
"""The same of searching, which is more work."""


class DiskWatch:
    """Looks at files for as long as the session lasts; `on_changed` gets those that changed."""

    def __init__(
        self,
        documents: Documents,
        files: WorkspaceFiles,
        *,
        has_watcher: bool,
        on_changed: Callable[[Sequence[Path]], None],
    ) -> None:
        self._documents = documents
        self._files = files
        self._has_watcher = has_watcher
        self._on_changed = on_changed
        self._handle: asyncio.TimerHandle | None = None
        self._is_looking = False
        self._is_over = False
        self._searched_at = time.monotonic()
        self._identities: dict[Path, FileIdentity | None] = {}

    def look_soon(self) -> None:
        """Look at once, since there is something new: what it depends on may just have changed."""
        if not self._is_looking:
            self._look_after(0.0)

    def stop(self) -> None:
        """Look no more."""
        self._is_over = True
        if self._handle is not None:
            self._handle.cancel()

    def _look_after(self, delay_s: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if not self._is_over:
            self._handle = asyncio.get_running_loop().call_later(delay_s, self._look)

    def _look(self) -> None:
        self._handle = None
        paths = self._unwatched()
        searches = not self._has_watcher and self._files.is_searched
        if searches:
            self._search_in_time()
        if not paths:
            if searches:
                self._look_after(POLL_INTERVAL_S)
            return
        filesystem = self._documents.snapshot.disk.filesystem
        self._is_looking = True
        started = time.monotonic()

        def looked(identities: dict[Path, FileIdentity | None] | None) -> None:
            self._is_looking = False
            if self._is_over:
                return
            duration_s = time.monotonic() - started
            self._look_after(max(POLL_INTERVAL_S, duration_s * _SHARE))
            if identities is not None:
                self._compare(identities)

        in_background(lambda: _identities(filesystem, paths), looked)

    def _compare(self, identities: dict[Path, FileIdentity | None]) -> None:
        # One that was not looked at before counts as changed: it may have been, between its
        # reading and this look. What is found is sent only if it is something else.
        known = self._identities
        changed = [
            path
            for path, identity in identities.items()
            if path not in known or known[path] != identity
        ]
        self._identities = identities
        if changed:
            self._on_changed(changed)

    def _search_in_time(self) -> None:
        now = time.monotonic()
        interval_s = max(2 * POLL_INTERVAL_S, self._files.search_duration_s * _SEARCH_SHARE)
        if self._files.is_settled and now - self._searched_at >= interval_s:
            self._searched_at = now
            self._files.search()

    def _unwatched(self) -> frozenset[Path]:
        snapshot = self._documents.snapshot
        paths: set[Path] = set()
        for file in self._documents:
            if file.is_judged and file.is_local:
                paths.add(file.path)
                if file.path in snapshot.documents:
                    paths.update(included_by(snapshot, file.path, file.role))
                paths.update(settings_files(snapshot, file.path))
        if not self._has_watcher:
            paths.update(self._files.watched())
            return frozenset(paths)
        for found in self._files:
            paths.update(found.pulls_in)
        # Clients watch their workspace folders only.
        roots = snapshot.roots
        return frozenset(
            path for path in paths if not any(path.is_relative_to(root) for root in roots)
        )


def _identities(filesystem: FileSystem, paths: frozenset[Path]) -> dict[Path, FileIdentity | None]:
    return {path: filesystem.identity(path) for path in paths}
