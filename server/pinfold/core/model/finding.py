"""What is wrong, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.model.text import TextRange


class Severity(Enum):
    """How much a finding matters; ``OFF`` means that the rule does not report at all."""

    # Members are singletons; hashing them by name is slow, and done for every finding.
    __hash__ = object.__hash__

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"
    OFF = "off"


class Applicability(Enum):
    """Whether a fix may be applied without a person looking at it.

    A safe fix leaves pip's reading of every other line as it was, and gives the line it mends the
    reading that its author plainly meant.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `range` of the file at `path` by `text`.

    A `path` of ``None`` means the file that the finding is in; `range` is then relative to the same
    start as the finding's own range.
    """

    range: TextRange
    text: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to mend a finding. `edits` do not overlap.

    `reencode` means: rewrite the file as UTF-8. Only a command line can, an editor sees only text;
    `edits` is then empty.
    """

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability
    reencode: bool = False

    def moved(self, distance: int) -> Fix:
        """Return the fix for a text that begins *distance* further on; other files' edits stay."""
        edits = tuple(
            edit if edit.path is not None else Edit(edit.range.shifted(distance), edit.text)
            for edit in self.edits
        )
        return replace(self, edits=edits)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of; `range` is absolute in the file at `path`."""

    path: Path
    range: TextRange
    message: str


@dataclass(frozen=True, slots=True)
class UnmetNeed:
    """What an installed package needs: by its normalised name, and whether it is there at all."""

    name: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule says of a span of text.

    `range` is relative to the logical line for what a line rule yields, and absolute in the file
    for what a file rule yields; see :class:`PlacedFinding`. `rule` and `severity` are filled in by
    :mod:`pinfold.core.rules.run`: a rule does not name itself, nor does it know how the project
    weighs it. `need` is set where the finding is about something that is not on the line.
    """

    range: TextRange
    message: str
    fixes: tuple[Fix, ...] = ()
    related: tuple[Related, ...] = ()
    need: UnmetNeed | None = None
    rule: str = ""
    severity: Severity = Severity.WARNING

    def moved(self, distance: int) -> Finding:
        """Return the finding for a text that begins *distance* further on."""
        return replace(
            self,
            range=self.range.shifted(distance),
            fixes=tuple(fix.moved(distance) for fix in self.fixes),
        )


class PlacedFinding(NamedTuple):
    """A finding and the offset that its range is relative to.

    A finding of a line is the same object for as long as its line stays as it is, wherever edits
    move the line: what is derived from it need not be made anew.
    """

    start: int
    finding: Finding

    @property
    def absolute_start(self) -> int:
        """Where the finding starts in the file."""
        return self.start + self.finding.range.start

    def absolute(self) -> Finding:
        """Return the finding with ranges in the file."""
        return self.finding.moved(self.start) if self.start else self.finding
