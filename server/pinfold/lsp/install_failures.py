"""Lines at which the last installation has failed, among what is found in files.

Owns for how long they are shown: until the file is edited or written, or the next operation. What
has failed there is :mod:`pinfold.core.environments.installers.explaining`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.lsp.diagnostic_texts import joined, notice_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

CODE = "install-failed"
"""What goes by this name is no rule's: there is nothing in the file itself that is wrong."""


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line that asks for what could not be installed.

    `place` is line and column of start and end, as the client counts.
    """

    place: tuple[int, int, int, int]
    message: str


class InstallFailures:
    """The lines of a session at which an installation has failed."""

    def __init__(self) -> None:
        self._items: dict[Path, str] = {}

    def with_items(self, path: Path, items: str) -> str:
        """Return the findings in a file with these lines among them, separated by commas."""
        return joined(items, self._items.get(path, ""))

    def replace(self, failures: Mapping[Path, Sequence[FailedLine]]) -> frozenset[Path]:
        """Take *failures* in place of all there are; return the files for which that matters."""
        before = self._items
        self._items = {
            path: ",".join(notice_text(line.place, CODE, line.message) for line in lines)
            for path, lines in failures.items()
        }
        return frozenset(
            path for path in {*before, *self._items} if before.get(path) != self._items.get(path)
        )

    def forget(self, paths: Iterable[Path]) -> None:
        """Let go of what is in these files, which are others now."""
        for path in paths:
            self._items.pop(path, None)
