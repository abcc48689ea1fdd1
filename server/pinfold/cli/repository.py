"""What paths are relative to where a code host reads the report.

Owns the guess at the repository's root on a CI machine. Findings, and how they are written, are for
other modules.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def repository_root(working_directory: Path, environment: Mapping[str, str]) -> Path:
    """Return the root of the checkout that a GitHub job works on, else *working_directory*.

    ``GITHUB_WORKSPACE`` is where a job works. The checkout lies there, or in a folder below it if
    the checkout was given a path: then it is the outermost repository on the way down to
    *working_directory*. Outermost, because a submodule's files are nothing that a host could show.
    """
    workspace = environment.get("GITHUB_WORKSPACE", "")
    if not os.path.isabs(workspace):  # noqa: PTH117
        return working_directory
    top = _as_seen_from(working_directory, Path(os.path.abspath(workspace)))  # noqa: PTH100
    below = [folder for folder in working_directory.parents if folder.is_relative_to(top)]
    for folder in (*reversed(below), working_directory):
        if folder.is_relative_to(top) and os.path.lexists(folder / ".git"):
            return folder
    return top


def _as_seen_from(working_directory: Path, workspace: Path) -> Path:
    """Return *workspace* without links if only then *working_directory* is seen to lie in it."""
    if working_directory.is_relative_to(workspace):
        return workspace
    resolved = Path(os.path.realpath(workspace))
    return resolved if working_directory.is_relative_to(resolved) else workspace
