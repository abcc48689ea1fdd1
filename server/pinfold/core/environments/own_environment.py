"""The environment that Pinfold runs in, where it is nobody's but its own.

Whatever starts Pinfold from such a one, like pre-commit, has it activated; that tells nothing of a
project. Owns how such an environment is told from one that somebody works in, and has Pinfold in,
too. Reads the metadata that are installed beside it, and is slow to import for that.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from importlib.metadata import distributions
from typing import TYPE_CHECKING

from pinfold.core.formats.summary import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NAME = re.compile(r"[\w.-]+")
_EXTRA = re.compile(r";.*\bextra\b")

_OWN = "pinfold"
_SEEDS = ("pip", "setuptools", "wheel")


def is_for_pinfold_alone(prefix: Path) -> bool:
    """Return whether Pinfold runs in the environment at *prefix*, and nothing is there beside."""
    try:
        if not prefix.samefile(sys.prefix):
            return False
    except OSError:
        return False
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    found = {
        str(normalised(one.metadata["Name"])): one.requires or ()
        for one in distributions(path=sorted(folders))
    }
    return set(found) <= needed_by_pinfold(found) | set(map(normalised, _SEEDS))


def needed_by_pinfold(requirements: Mapping[str, Iterable[str]]) -> set[str]:
    """Return Pinfold and what it needs, directly or not; nothing if it is not among them.

    *requirements* are the ``Requires-Dist`` of each distribution, by normalised name. Those of
    extras are for nobody who only runs it; other markers may hold or not.
    """
    found: set[str] = set()
    pending = [normalised(_OWN)]
    while pending:
        name = pending.pop()
        if name in found or name not in requirements:
            continue
        found.add(name)
        for requirement in requirements[name]:
            match = _NAME.match(requirement)
            if match is not None and not _EXTRA.search(requirement):
                pending.append(normalised(match[0]))
    return found
