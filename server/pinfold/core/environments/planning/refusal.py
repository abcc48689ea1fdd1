"""Why something that was asked for is not done, and what to do instead. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinfold.core.model.wording import Words


class RefusalReason(Enum):
    """Why an operation is refused before anything is done; the value is its name in JSON."""

    INVALID = "invalid"
    NOTHING_NAMED = "nothing-named"
    NOT_INSTALLED = "not-installed"
    EXTERNALLY_MANAGED = "externally-managed"
    MANAGED_PROJECT = "managed-project"
    UNCONFIRMED = "unconfirmed"
    """It needs somebody's consent, and nobody can be asked."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request.

    `message` says what is wrong, starting in lower case and without a full stop, and `action` what
    to do, likewise. `command` is the command that does it, where there is one: to be shown, and
    never to be run without being asked for.
    """

    reason: RefusalReason
    message: str
    action: Words | None = None
    command: tuple[str, ...] | None = None
