"""Versions and specifiers as ``packaging`` judges them (PEP 440), remembered by their text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.formats.pep508 import MAX_CLAUSES

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*")


@lru_cache(maxsize=16_384)
def parsed_version(text: str) -> Version | None:
    """Return *text* as a version, ``None`` if it is none."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except (InvalidVersion, ValueError):
        return None


@lru_cache(maxsize=16_384)
def parsed_specifier(text: str) -> SpecifierSet | None:
    """Return *text* as a specifier set; ``None`` if it is none, or too long to be handed on."""
    if text.count(",") >= MAX_CLAUSES:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        found = SpecifierSet(text)
        str(found)
    except (InvalidSpecifier, ValueError):
        return None
    return found


@lru_cache(maxsize=65_536)
def allows(specifier: str, version: str) -> bool | None:
    """Return whether *specifier* allows *version*, which is installed: pre-releases count.

    ``None`` where that cannot be told, because one of the two is not what it should be.
    """
    if specifier == f"=={version}":
        # The most frequent by far, and true of every text that is a version.
        return True if _PLAIN.fullmatch(version) else _contains(specifier, version)
    return _contains(specifier, version)


def _contains(specifier: str, version: str) -> bool | None:
    parsed = parsed_specifier(specifier)
    if parsed is None:
        return None
    if parsed_version(version) is None and "===" not in specifier:
        return None
    return parsed.contains(version, prereleases=True)
