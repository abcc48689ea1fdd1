"""Where real dependency files are, if they are there at all."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SUFFIXES = frozenset({".txt", ".in"})

SHARED_CORPUS = Path(
    os.environ.get("PINFOLD_SHARED_CORPUS", _ROOT.parent / "shared" / "data" / "corpus")
)
"""Files of public repositories, as they stand there; kept outside the checkout, never copied."""

FETCHED_CORPUS = _ROOT / "build" / "corpus"
"""Files out of source archives, fetched by ``make corpus``."""


@cache
def shared_files() -> tuple[Path, ...]:
    """Return the requirements and constraints files of the shared corpus, in a fixed order."""
    return _files(SHARED_CORPUS)


@cache
def fetched_files() -> tuple[Path, ...]:
    """Return the fetched files, in a fixed order."""
    return _files(FETCHED_CORPUS)


def _files(folder: Path) -> tuple[Path, ...]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return tuple(sorted(path for path in found if path.is_file()))
