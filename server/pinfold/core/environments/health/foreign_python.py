"""Where ``python``, with an environment active, would be the one of another.

What is active there only seems so: whatever is installed goes somewhere else. Owns which of the
ailments come to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.model.installation import HealthProblem

if TYPE_CHECKING:
    from pinfold.core.model.installation import Ailment, Installation

_PROBLEMS = frozenset(
    (
        HealthProblem.BASE_GONE,
        HealthProblem.EXECUTABLE_MISSING,
        HealthProblem.EXECUTABLE_BROKEN_LINK,
        HealthProblem.NOT_EXECUTABLE,
        HealthProblem.FOREIGN_SYSTEM,
        HealthProblem.UNRESPONSIVE,
    )
)


def leads_elsewhere(ailment: Ailment, installation: Installation, command: str = "python") -> bool:
    """Return whether *ailment* leaves *command*, or ``python``, to what comes next on ``PATH``."""
    if ailment.problem is HealthProblem.EXECUTABLE_BROKEN_LINK and not ailment.is_severe:
        # Other names work, and a link that leads nowhere is passed over on the search path.
        folder = installation.prefix / "bin"
        links = [folder / name for name in ("python", command)]
        return any(link.is_symlink() and not link.exists() for link in links)
    return ailment.problem in _PROBLEMS
