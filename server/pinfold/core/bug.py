"""Impossible states: told loudly in tests, quietly to people, and never by a crash."""

from __future__ import annotations

import logging
import os

_LOGGER = logging.getLogger("pinfold")

STRICT_VARIABLE = "PINFOLD_STRICT"
"""Set by the project's own tests: a bug then raises instead of being logged."""

_reported: set[str] = set()


class BugError(Exception):
    """A state that should not exist; raised in tests only."""


def report(message: str, error: BaseException | None = None) -> None:
    """Record that something impossible happened; the caller goes on with its empty answer.

    Raises:
        BugError: if ``PINFOLD_STRICT`` is set, as it is in the project's own tests.
    """
    if os.environ.get(STRICT_VARIABLE):
        raise BugError(message) from error
    if message not in _reported:
        _reported.add(message)
        _LOGGER.error("%s", message, exc_info=error)
