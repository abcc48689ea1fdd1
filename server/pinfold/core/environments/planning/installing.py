"""What is asked of an installer for ``install``: typed packages, files, projects.

Owns the check of what was typed. What it would do is the installer's answer, and
:mod:`pinfold.core.environments.planning.outcome`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.installers.installer import Wanted
from pinfold.core.environments.planning.asked import read_typed
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pinfold.core.environments.planning.asked import Asked


@dataclass(frozen=True, slots=True)
class Installation:
    """What is to be installed: `typed` is what people typed, read; `wanted` what installers get."""

    typed: tuple[Asked, ...]
    wanted: Wanted


def to_install(
    requirements: Sequence[str] = (),
    *,
    editables: Sequence[str] = (),
    files: Sequence[Path] = (),
    constraints: Sequence[Path] = (),
    exists: Callable[[str], bool] = lambda _path: True,
) -> Installation | Refusal:
    """Return what to ask an installer for, or what is wrong with what was typed.

    *exists* says of a local path, as typed, whether something stands there. Every path is handed on
    as a path: a folder that is called like a package is not taken for one.
    """
    typed: list[Asked] = []
    texts: list[str] = []
    for text, is_editable in [
        *((text, False) for text in requirements),
        *((text, True) for text in editables),
    ]:
        one = read_typed(text, is_editable=is_editable)
        if isinstance(one, Refusal):
            return one
        if one.path is not None and not exists(one.path):
            return Refusal(
                RefusalReason.INVALID, f"`{text.strip()}` names a path, and nothing stands there"
            )
        typed.append(one)
        texts.append(_as_path(text.strip(), one))
    if not typed and not files:
        return Refusal(
            RefusalReason.NOTHING_NAMED,
            "nothing to install is named",
            "name packages, a folder with `-e`, or a file with `-r`",
        )
    count = len(requirements)
    return Installation(
        tuple(typed),
        Wanted(
            requirements=tuple(texts[:count]),
            editables=tuple(texts[count:]),
            files=tuple(files),
            constraints=tuple(constraints),
        ),
    )


def _as_path(text: str, one: Asked) -> str:
    if one.path is None or one.path.startswith((".", "/")):
        return text
    return f"./{text}"
