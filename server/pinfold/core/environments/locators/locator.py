"""What a locator is: the knowledge of one tool, or one family of them, about Pythons on disk.

Owns the shape of that knowledge, and what several tools do alike. Refuses to know any tool.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Candidate, Inspector, Judgement
from pinfold.core.environments.layout import USUAL_NAMES
from pinfold.core.environments.python_envs import named_path

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.model.installation import Installation, InstallationKind

Judge = Callable[[Candidate, Inspector], Judgement | None]


def _finds_nothing(look: Inspector) -> Iterator[Installation]:
    del look
    return iter(())


def recognises_nothing(candidate: Candidate, look: Inspector) -> Judgement | None:
    """Judge nothing: what a locator does that knows no environments."""
    del candidate, look
    return None


def _keeps_nothing(project: str, look: Inspector) -> Iterator[Installation]:
    del project, look
    return iter(())


@dataclass(frozen=True, slots=True)
class Locator:
    """Finds and recognises installations of some `kinds`; without state, and pure but for reading.

    `kinds` says of each by what on disk it is told, for people: the table in docs/environments.md.
    `locate` yields what there is in the places where the tool keeps things, project or no project.
    `identify` judges an environment that was found by other means (a search of the workspace,
    ``--env``), and says ``None`` of one that it does not know. `of_project` yields what the tool
    keeps elsewhere for one project, the most likely first; it may be asked about any folder.

    Invariant: all three ask nothing but the inspector, start no process, and raise nothing for
    whatever stands on disk.
    """

    name: str
    kinds: Mapping[InstallationKind, str]
    locate: Callable[[Inspector], Iterator[Installation]] = _finds_nothing
    identify: Judge = recognises_nothing
    of_project: Callable[[str, Inspector], Iterator[Installation]] = _keeps_nothing


def project_of(candidate: Candidate) -> str | None:
    """Return the project that an environment stands in, as its name shows."""
    is_usual = candidate.name in USUAL_NAMES or candidate.name.startswith(".venv")
    return candidate.parent if is_usual else None


def short_hash(text: str) -> str:
    """Return the eight characters by which poetry and hatch tell projects of one name apart."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return urlsafe_b64encode(digest).decode("ascii")[:8]


def path_in(text: str, folder: Path) -> str | None:
    """Return the path that a file in *folder* names; ``None`` for one that nobody should look at.

    Such a file may be part of a repository that somebody else has made.
    """
    found = named_path(text.strip(), folder)
    return None if found.path is None else str(found.path)
