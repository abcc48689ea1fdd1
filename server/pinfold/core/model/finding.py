"""What is wrong, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.model.text import TextRange


class Severity(Enum):
    """How much a finding matters; ``OFF`` means that the rule does not report at all."""

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


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of; `range` is absolute in the file at `path`."""

    path: Path
    range: TextRange
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule says of a span of text.

    `range` is relative to the logical line for what a line rule yields, and absolute in the file
    once :mod:`pinfold.core.rules.run` hands it on. `rule` and `severity` are filled in there too: a
    rule does not name itself, nor does it know how the project weighs it.
    """

    range: TextRange
    message: str
    fixes: tuple[Fix, ...] = ()
    related: tuple[Related, ...] = ()
    rule: str = ""
    severity: Severity = Severity.WARNING
