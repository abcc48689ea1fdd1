"""The environments that this process was started in, as its variables tell.

Owns which variables those are, in which order they count, and which of them say nothing of what a
person wants. Refuses to look whether anything stands there, save where Pinfold itself runs.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import is_local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Activated:
    """What one variable says.

    `variable` is its name. `path` is the environment; ``None`` where pyenv knows where `name` is.
    `refusal` says in a clause why it is not meant as the environment of any file.
    """

    variable: str
    path: Path | None = None
    name: str | None = None
    refusal: str | None = None


def activated_environments(variables: Mapping[str, str]) -> tuple[Activated, ...]:
    """Return the environments that *variables* tell of, the one that counts most first.

    What ``activate`` of a virtual environment sets comes before conda, since people activate one
    inside of the other in that order; uv 0.13 does the same. ``PATH`` tells nothing: an interpreter
    that merely comes first there was not chosen.
    """
    return tuple(_activated(variables))


def _activated(variables: Mapping[str, str]) -> Iterator[Activated]:
    path = _path(variables, "VIRTUAL_ENV")
    if path is not None:
        yield Activated("VIRTUAL_ENV", path, refusal=_OWN if _is_own(path) else None)
    path = _path(variables, "CONDA_PREFIX")
    if path is not None:
        refusal = _BASE if _is_conda_base(path, variables) else None
        yield Activated("CONDA_PREFIX", path, refusal=refusal)
    # pyenv: several, parted by colons, of which the first counts that has the program.
    for name in variables.get("PYENV_VERSION", "").split(":")[:_MOST_NAMES]:
        if name.strip():
            yield Activated("PYENV_VERSION", name=name.strip())


_OWN = "has nothing but Pinfold, which runs there"
_BASE = "is conda's base environment, which every shell is started in"


def _path(variables: Mapping[str, str], name: str) -> Path | None:
    text = variables.get(name, "")
    is_usable = os.path.isabs(text) and is_local_path(text)  # noqa: PTH117 - a variable's text
    return Path(os.path.normpath(text)) if is_usable else None


def _is_own(prefix: Path) -> bool:
    # As a tool like pre-commit makes it. Looked at only where it may be so: hardly ever.
    if prefix.name != Path(sys.prefix).name:
        return False
    from pinfold.core.environments.own_environment import is_for_pinfold_alone

    return is_for_pinfold_alone(prefix)


def _is_conda_base(prefix: Path, variables: Mapping[str, str]) -> bool:
    """Return whether *prefix* is the environment that conda itself is installed in.

    ``conda activate`` sets `CONDA_DEFAULT_ENV` to a name, or to the path where it has none;
    `CONDA_EXE` is the conda of the installation, and micromamba sets `MAMBA_ROOT_PREFIX`.
    """
    if variables.get("CONDA_DEFAULT_ENV") in ("base", "root"):
        return True
    roots = [_path(variables, name) for name in ("_CONDA_ROOT", "CONDA_ROOT", "MAMBA_ROOT_PREFIX")]
    executable = _path(variables, "CONDA_EXE")
    if executable is not None:
        # /opt/conda/bin/conda, `conda.exe` in `Scripts`
        roots.append(executable.parent.parent)
    return prefix in roots
