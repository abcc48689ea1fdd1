"""Why an installer has failed, and which of the requirements that somebody wrote are at fault.

Owns the second look where the first says too little, and the way from what an installer names to
the lines of files. What its words mean is :mod:`..installers.explaining`'s to know.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pinfold.core.environments.installers.explaining import conflict_between
from pinfold.core.environments.planning.asked import read_typed
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.formats.versions import parsed_specifier
from pinfold.core.model.plan import FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pinfold.core.environments.installers.installer import Installer, Target, Wanted
    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.plan import Asker, Failure, Step
    from pinfold.core.process import Completed


def explained(
    installer: Installer,
    target: Target,
    wanted: Wanted,
    asked: Sequence[Asked],
    completed: Completed,
    run_step: Callable[[Step], Completed],
) -> Failure:
    """Return why *completed* has failed; *run_step* runs what is asked in addition."""
    closer = installer.look_closer(target, wanted, completed)
    if closer is not None:
        looked = run_step(closer)
        # What fails no more has nothing to say of why it did.
        completed = completed if looked.has_succeeded else looked
    return located(_without_own(installer.explain(completed), asked, wanted.own), asked)


def located(failure: Failure, asked: Sequence[Asked]) -> Failure:
    """Return a failure whose askers are those of *asked*, with their files and lines."""
    if failure.askers:
        found = [one for asker in failure.askers for one in _written(asker, asked)]
        # The lines that have brought in those whose requirements cannot be met.
        through = {asker.package for asker in failure.askers} - {None}
        found += [one.asker for one in asked if one.key in through]
    elif failure.kind in _OF_MACHINES:
        found = []
    else:
        found = [one.asker for one in asked if one.key in failure.packages]
    return replace(failure, askers=tuple(dict.fromkeys(found)))


# What a line has no part in, even where a package is named that was worked on meanwhile.
_OF_MACHINES = frozenset(
    (
        *(FailureKind.NO_NETWORK, FailureKind.PROXY, FailureKind.CERTIFICATE),
        *(FailureKind.UNAUTHORIZED, FailureKind.FORBIDDEN, FailureKind.DISK_FULL),
        *(FailureKind.DENIED, FailureKind.CANCELLED, FailureKind.TIMED_OUT),
    )
)


def _without_own(failure: Failure, asked: Sequence[Asked], own: Sequence[str]) -> Failure:
    """Return a conflict so that nobody is told to have asked for what only the operation has."""
    if failure.kind is not FailureKind.CONFLICT or not own:
        return failure
    theirs = {(one.key, _specifier(one)) for one in asked}
    lines = {_line(text) for text in own} - theirs
    ours = [one for one in failure.askers if one.package is None and _line(one.text) in lines]
    return conflict_between(failure.askers, ours) if ours else failure


def _line(text: str) -> object:
    told = read_typed(text)
    return None if isinstance(told, Refusal) else (told.key, _specifier(told))


def _written(asker: Asker, asked: Sequence[Asked]) -> Iterator[Asker]:
    """Yield the requirements as they are written that an installer has told as *asker*."""
    told = read_typed(asker.text)
    if asker.package is not None or isinstance(told, Refusal) or told.key is None:
        yield asker
        return
    same = [one for one in asked if one.key == told.key]
    exact = [one for one in same if _specifier(one) == _specifier(told)]
    if not same:
        yield asker
    yield from (one.asker for one in exact or same)


def _specifier(asked: Asked) -> object:
    return parsed_specifier(asked.specifier) or asked.specifier
