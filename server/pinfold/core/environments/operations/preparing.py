"""From a request to a plan: what would be done, before anything is.

Owns which preparation is whose, and what a person is told of what cannot be prepared. Everything
blocks.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.making import (
    prepare_create,
    prepare_rebuild,
    prepare_remove,
)
from pinfold.core.environments.operations.package_changes import (
    prepare_install,
    prepare_sync,
    prepare_uninstall,
    prepare_upgrade,
)
from pinfold.core.environments.operations.prepared import CouldNotAsk, RefusedFile, UnreadableFile
from pinfold.core.environments.operations.requests import (
    Create,
    Install,
    Rebuild,
    Remove,
    Sync,
    Undo,
    Uninstall,
    Upgrade,
)
from pinfold.core.environments.operations.undoing import prepare_undo
from pinfold.core.environments.operations.workbench import NoInstaller
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from pinfold.core.environments.operations.prepared import Desk, Preparation
    from pinfold.core.environments.operations.requests import Request


def prepare(request: Request, desk: Desk) -> Preparation:
    """Return what would be done for *request*; or why nothing is, or why nobody can tell."""
    try:
        return _prepare(request, desk)
    except CouldNotAsk as error:
        return error.failure
    except RefusedFile as error:
        shown = str(error.path)
        if error.path.is_relative_to(request.folder):
            shown = str(error.path.relative_to(request.folder))
        return Refusal(
            RefusalReason.INVALID,
            f"{shown}:{error.line + 1}: {error.detail}",
            Wording(
                f"mend it (`pinfold check {quote(shown)}` shows all that is wrong), and try again",
                "mend it, and try again",
            ),
        )
    except (NoInstaller, UnreadableFile) as error:
        return Refusal(RefusalReason.INVALID, str(error))


def _prepare(request: Request, desk: Desk) -> Preparation:
    match request:
        case Create():
            return prepare_create(desk, request)
        case Remove():
            return prepare_remove(desk, request)
        case Rebuild():
            return prepare_rebuild(desk, request)
        case Install():
            return prepare_install(desk, request)
        case Uninstall():
            return prepare_uninstall(desk, request)
        case Upgrade():
            return prepare_upgrade(desk, request)
        case Sync():
            return prepare_sync(desk, request)
        case Undo():
            return prepare_undo(desk, request)
