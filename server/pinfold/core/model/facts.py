"""What the world outside a text says, as far as somebody has found it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import EnvironmentAnswer


@dataclass(frozen=True, slots=True)
class Facts:
    """Answers that no text holds.

    `versions` are the versions to pin to, by package; a package that is not in it is unknown.
    `variables` are the names of the environment variables that have a value, ``None`` if nobody
    looked; their values are never kept, since they may be secrets. `environment` is the one that
    the file is judged against, ``None`` as long as nobody has looked for it.
    """

    versions: Mapping[PackageName, str] = field(default_factory=dict)
    variables: frozenset[str] | None = None
    environment: EnvironmentAnswer | None = None
