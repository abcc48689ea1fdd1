"""Markers evaluated by ``packaging`` in a given environment, never in the one that runs this."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.formats.pep508 import judge_marker

if TYPE_CHECKING:
    from packaging.markers import Marker

    from pinfold.core.model.environment import MarkerEnvironment

VARIABLES = (
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
)
"""The variables of a marker, but for `extra` and its kin."""

# PEP 345's spellings, which packaging reads too.
_OLD_SPELLINGS = {
    "os.name": "os_name",
    "sys.platform": "sys_platform",
    "platform.version": "platform_version",
    "platform.machine": "platform_machine",
    "platform.python_implementation": "platform_python_implementation",
    "python_implementation": "platform_python_implementation",
}
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[a-z_.]+")


@lru_cache(maxsize=16_384)
def mentioned_variables(marker: str) -> frozenset[str]:
    """Return the variables that *marker* asks for, in today's spelling."""
    words = (match.group() for match in _TOKEN.finditer(marker))
    known = (_OLD_SPELLINGS.get(word, word) for word in words)
    return frozenset(word for word in known if word in VARIABLES or word == "extra")


@lru_cache(maxsize=65_536)
def applies(marker: str, environment: MarkerEnvironment, extra: str = "") -> bool | None:
    """Return whether *marker* holds in *environment* while *extra* is being installed.

    ``None`` where that cannot be told: it asks for a variable whose value is not known, or is no
    marker that ``packaging`` can evaluate.
    """
    if not mentioned_variables(marker) - {"extra"} <= environment.values.keys():
        return None
    parsed = parsed_marker(marker)
    if parsed is None:
        return None
    # Every variable is given, so that none is filled in from the process that runs this.
    values = dict.fromkeys(VARIABLES, "") | dict(environment.values) | {"extra": extra}
    try:
        return parsed.evaluate(values)
    except (ValueError, TypeError, LookupError):
        # The last is what two strings without a variable between them give.
        return None


@lru_cache(maxsize=16_384)
def parsed_marker(marker: str) -> Marker | None:
    """Return *marker* parsed; ``None`` if it is none, or too complex to be handed on."""
    if judge_marker(marker) is not None:
        return None
    from packaging.markers import Marker

    return Marker(marker)
