"""The one way in which operations run, for editors and terminals alike.

Owns the order: prepare, show, agree, do, tell. Refuses to know who is at the other end; trust is
judged by whoever calls this.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.blocking import to_the_end
from pinfold.core.environments.conversation import Action, Preview, Severity
from pinfold.core.environments.operations.carrying_out import (
    ChangedMeanwhile,
    Done,
    OperationFailed,
    Transcript,
    Watching,
    carry_out,
    run_asking,
)
from pinfold.core.environments.operations.prepared import Desk, Prepared
from pinfold.core.environments.operations.preparing import prepare
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
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import ChangeKind, Failure, Plan

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pinfold.core.environments.conversation import Conversation, Progress
    from pinfold.core.environments.operations.prepared import ReadFiles
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.environments.operations.workbench import Workbench


MAX_PLANS = 3
"""How often a plan is made before it is given up: others may go on changing the environment."""


class Result(Enum):
    """What became of an operation; the value is its name in JSON."""

    DONE = "done"
    NOTHING_TO_DO = "nothing-to-do"
    PREVIEWED = "previewed"
    DECLINED = "declined"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operation.

    `plan` is there from the moment that one could be made. `done` is set for `DONE`, `refusal` for
    `REFUSED`, `failure` for `FAILED`, with the `log` of what installers have said.
    """

    result: Result
    plan: Plan | None = None
    done: Done | None = None
    refusal: Refusal | None = None
    failure: Failure | None = None
    log: Path | None = None


async def run_operation(
    request: Request,
    bench: Workbench,
    conversation: Conversation,
    read_files: ReadFiles,
    *,
    render: Callable[[Plan], Sequence[str]],
    show: Callable[[Plan], None] | None = None,
    output: Callable[[str], None] | None = None,
    said: tuple[str, ...] = (),
    only_preview: bool = False,
) -> Outcome:
    """Do what *request* asks for, once it was agreed to.

    *render* puts a plan into lines for people. Where *show* is given, asking for it was consent,
    and the plan is only shown by it, unless it does more than what was named. *output* gets what
    installers say, line by line and from any thread; left out, that is progress. *said* is how it
    was asked for, for the journal.

    Raises:
        CannotAsk: nobody can agree to it.
        asyncio.CancelledError: it was cancelled; by then everything is as it was before.
    """
    once = partial(
        _run_once,
        request,
        bench,
        conversation,
        read_files,
        render=render,
        show=show,
        output=output,
        said=said,
        only_preview=only_preview,
    )
    for _ in range(MAX_PLANS - 1):
        # Another change may have come first, and this one waited for it: what is to be done now is
        # looked at anew, and agreed to anew.
        with suppress(ChangedMeanwhile):
            return await once()
    try:
        return await once()
    except ChangedMeanwhile as error:
        return Outcome(Result.FAILED, failure=error.failure, log=error.log)


async def _run_once(
    request: Request,
    bench: Workbench,
    conversation: Conversation,
    read_files: ReadFiles,
    *,
    render: Callable[[Plan], Sequence[str]],
    show: Callable[[Plan], None] | None,
    output: Callable[[str], None] | None,
    said: tuple[str, ...],
    only_preview: bool,
) -> Outcome:
    title = _TITLES[request.verb.value]
    try:
        async with conversation.progress(f"{title}: looking", is_cancellable=True) as progress:
            prepared = await to_the_end(
                partial(
                    _prepare, request, bench, read_files, progress, output or progress.report, said
                )
            )
        if isinstance(prepared, Refusal):
            return Outcome(Result.REFUSED, refusal=prepared)
        plan = prepared.plan
        if prepared.is_idle:
            return Outcome(Result.NOTHING_TO_DO, plan)
        if only_preview:
            return Outcome(Result.PREVIEWED, plan)
        if show is not None and not needs_consent(request, plan):
            show(plan)
        elif not await _is_agreed(conversation, title, plan, render):
            return Outcome(Result.DECLINED, plan)
        async with conversation.progress(title, is_cancellable=True) as progress:
            done = await to_the_end(
                partial(_carry_out, prepared, bench, progress, output or progress.report)
            )
    except ChangedMeanwhile:
        raise
    except OperationFailed as error:
        return Outcome(Result.FAILED, failure=error.failure, log=error.log)
    return Outcome(Result.DONE, plan, done=done)


def needs_consent(request: Request, plan: Plan) -> bool:
    """Return whether a plan does more than somebody has said by asking for it.

    What he named he wants; what goes, or gets older, or no longer works because of it, he may not.
    """
    match request:
        case Remove() | Undo():
            return True
        case Create():
            return request.is_over
        case Rebuild():
            return False
        case Uninstall():
            named = {normalised(name) for name in request.names}
            return bool(plan.breaks) or any(change.key not in named for change in plan.removes)
        case Install() | Upgrade() | Sync():
            return bool(plan.breaks or plan.removes) or any(
                change.kind is ChangeKind.DOWNGRADED for change in plan.changes
            )


async def _is_agreed(
    conversation: Conversation,
    title: str,
    plan: Plan,
    render: Callable[[Plan], Sequence[str]],
) -> bool:
    preview = Preview(
        title,
        tuple(render(plan)),
        (Action("do", title.partition(" ")[0]),),
        severity=Severity.WARNING if plan.breaks or plan.removes else Severity.INFO,
    )
    return await conversation.preview(preview) is not None


def _prepare(
    request: Request,
    bench: Workbench,
    read_files: ReadFiles,
    progress: Progress,
    output: Callable[[str], None],
    said: tuple[str, ...],
    cancelled: threading.Event,
) -> Prepared | Refusal:
    watching = Watching(progress.report, output, cancelled)
    transcript = Transcript()
    desk = Desk(
        bench,
        lambda step: run_asking(step, request.folder, bench, watching, transcript),
        read_files,
    )
    try:
        prepared = prepare(request, desk)
    except OperationFailed as error:
        raise OperationFailed(error.failure, transcript.keep(bench, request.verb)) from error
    if isinstance(prepared, Failure):
        raise OperationFailed(prepared, transcript.keep(bench, request.verb))
    return prepared.as_said(said) if isinstance(prepared, Prepared) else prepared


def _carry_out(
    prepared: Prepared,
    bench: Workbench,
    progress: Progress,
    output: Callable[[str], None],
    cancelled: threading.Event,
) -> Done:
    return carry_out(prepared, bench, Watching(progress.report, output, cancelled))


_TITLES = {
    "create": "Create environment",
    "remove": "Remove environment",
    "rebuild": "Rebuild environment",
    "install": "Install packages",
    "uninstall": "Uninstall packages",
    "upgrade": "Upgrade packages",
    "sync": "Sync environment",
    "undo": "Undo",
}
