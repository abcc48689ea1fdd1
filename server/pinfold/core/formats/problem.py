"""Why pip refuses a line, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinfold.core.model.text import TextRange


class ProblemKind(Enum):
    """What is wrong with a line; rules branch on this, never on a message."""

    INVALID_REQUIREMENT = "invalid requirement"
    INVALID_MARKER = "invalid marker"
    INVALID_URL = "invalid URL"
    INVALID_EDITABLE = "invalid editable"
    INVALID_WHEEL_NAME = "invalid wheel name"
    UNSPLITTABLE = "options cannot be split"
    UNKNOWN_OPTION = "unknown option"
    AMBIGUOUS_OPTION = "ambiguous option"
    REMOVED_OPTION = "removed option"
    COMMAND_LINE_OPTION = "option of the command line only"
    MISSING_VALUE = "option without its value"
    UNEXPECTED_VALUE = "value for a flag"
    INVALID_VALUE = "invalid value"
    INVALID_HASH = "invalid hash"
    TOO_COMPLEX = "more than Pinfold reads"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why pip refuses a line; `range` is relative to the logical line."""

    kind: ProblemKind
    message: str
    range: TextRange
