"""What an installer says that it would do.

Owns the asking, and what becomes of a failure of it. What its words mean is the installer's to
know. Blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.environments.operations.blame import explained
from pinfold.core.environments.operations.prepared import CouldNotAsk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.environments.installers.installer import Installer, Target, Wanted
    from pinfold.core.environments.operations.prepared import Desk
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.plan import Resolution


def resolved(
    desk: Desk,
    installer: Installer,
    target: Target,
    wanted: Wanted,
    asked: Sequence[Asked],
    installed: InstalledPackages | None,
) -> Resolution | None:
    """Return what would be installed and what would go; ``None`` if that cannot be told before.

    Raises:
        CouldNotAsk: it would fail.
    """
    step = installer.resolve(target, wanted)
    if step is None:
        return None
    completed = desk.run_step(step)
    if not completed.has_succeeded:
        raise CouldNotAsk(explained(installer, target, wanted, asked, completed, desk.run_step))
    return installer.read_resolution(completed, installed)
