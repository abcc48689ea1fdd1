"""Which packages are not there, or not as they are asked for, by a file or by what it brought.

Owns the way from findings to projects, of which several lines may speak. Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.formats.summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pinfold.core.workspace.snapshot import Judgement

NOT_INSTALLED, WRONG_VERSION = "not-installed", "wrong-version"
BROKEN_DEPENDENCY = "broken-dependency"
"""The rules that say it."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """The projects that are not installed, and those that have another version, by their names.

    One that has no name, a URL or a folder, goes by its text.
    """

    missing: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()

    @classmethod
    def of_all(cls, found: Iterable[Unmet]) -> Unmet:
        """Return what several files have in common: each project once."""
        several = tuple(found)
        missing = frozenset(name for one in several for name in one.missing)
        wrong = frozenset(name for one in several for name in one.wrong)
        return cls(missing, wrong - missing)


NONE = Unmet()
"""Nothing is asked for in vain."""


def unmet(judgement: Judgement) -> Unmet:
    """Return what a file asks for in vain."""
    document = judgement.document
    found: dict[str, set[str]] = {NOT_INSTALLED: set(), WRONG_VERSION: set()}
    for placed in judgement.placed:
        finding = placed.finding
        need = finding.need
        if need is not None and finding.rule == BROKEN_DEPENDENCY:
            found[NOT_INSTALLED if need.is_missing else WRONG_VERSION].add(need.name)
            continue
        names = found.get(finding.rule)
        located = None if document is None else document.line_at(placed.absolute_start)
        if names is not None and located is not None:
            _, line = located
            names.add(summary_of(line).name or line.text.strip())
    return Unmet(frozenset(found[NOT_INSTALLED]), frozenset(found[WRONG_VERSION]))
