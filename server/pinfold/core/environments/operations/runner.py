"""The one way in which operations run, for editors and terminals alike.

Owns the order: prepare, show, agree, do, tell. Refuses to know who is at the other end; trust is
judged by whoever calls this.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.blocking import done_after_all, to_the_end
from pinfold.core.environments.conversation import Action, Preview, Severity
from pinfold.core.environments.operations.carrying_out import (
    Cancelled,
    ChangedMeanwhile,
    Done,
    OperationFailed,
    Transcript,
    Watching,
    carry_out,
    run_asking,
)
from pinfold.core.environments.operations.measuring import Measure, is_progress
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
    from pinfold.core.model.plan import LineChange

    Amend = Callable[[Prepared], Plan | Refusal]
    """What a host has to add to a plan, or against it."""


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
    `REFUSED`, `failure` for `FAILED`, with the `log` of what installers have said. `saved` are the
    lines that were written into files afterwards; `unsaved` are sentences about files that were
    not, and would have been.
    """

    result: Result
    plan: Plan | None = None
    done: Done | None = None
    refusal: Refusal | None = None
    failure: Failure | None = None
    log: Path | None = None
    saved: tuple[LineChange, ...] = ()
    unsaved: tuple[str, ...] = ()


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
    amend: Amend | None = None,
) -> Outcome:
    """Do what *request* asks for, once it was agreed to.

    *render* puts a plan into lines for people. Where *show* is given, asking for it was consent,
    and the plan is only shown by it, unless it does more than what was named. *output* gets what
    installers say, line by line and from any thread; left out, that is progress. *said* is how it
    was asked for, for the journal. *amend* is called in a thread with what is prepared, and returns
    the plan with what else would be done, or why nothing is.

    Raises:
        CannotAsk: nobody can agree to it.
        asyncio.CancelledError: it was cancelled; by then everything is as it was before. Where
            it is not, since it was too late or that has failed, he gets the outcome.
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
        amend=amend,
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
    amend: Amend | None,
) -> Outcome:
    title = _TITLES[request.verb.value]
    try:
        # Nothing of it is known yet; but a client that is to see percentages has to be told now.
        is_measured = not isinstance(request, (Remove, Undo))
        async with conversation.progress(
            f"{title}: looking", is_cancellable=True, is_measured=is_measured
        ) as progress:
            prepared = await to_the_end(
                partial(
                    _prepare,
                    request,
                    bench,
                    read_files,
                    progress,
                    output or partial(_report, progress),
                    said,
                    amend,
                )
            )
        if isinstance(prepared, Refusal):
            return Outcome(Result.REFUSED, refusal=prepared)
        plan = prepared.plan
        if prepared.is_idle and not plan.saves:
            return Outcome(Result.NOTHING_TO_DO, plan)
        if only_preview:
            return Outcome(Result.PREVIEWED, plan)
        if prepared.is_idle:
            if show is not None:
                show(plan)
            return Outcome(Result.NOTHING_TO_DO, plan)
        if show is not None and not needs_consent(request, plan):
            show(plan)
        elif not await _is_agreed(conversation, title, plan, render):
            return Outcome(Result.DECLINED, plan)
        measure = Measure(plan)
        async with conversation.progress(
            title, is_cancellable=True, is_measured=measure.is_known
        ) as progress:
            watched = _Watched(measure, progress, output)
            done = await done_after_all(partial(_carry_out, prepared, bench, watched))
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
    amend: Amend | None,
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
    if isinstance(prepared, Refusal):
        return prepared
    plan = prepared.plan if amend is None else amend(prepared)
    return plan if isinstance(plan, Refusal) else replace(prepared.as_said(said), plan=plan)


def _carry_out(
    prepared: Prepared, bench: Workbench, watched: _Watched, cancelled: threading.Event
) -> Done:
    try:
        return carry_out(prepared, bench, Watching(watched.begin, watched.hear, cancelled))
    except ChangedMeanwhile as error:
        if cancelled.is_set():  # There is nobody to whom another plan could be shown.
            raise Cancelled from error
        raise


class _Watched:
    """Tells how far an operation is, with what is being done; called from one thread."""

    def __init__(
        self, measure: Measure, progress: Progress, output: Callable[[str], None] | None
    ) -> None:
        self._measure = measure
        self._progress = progress
        self._output = output
        self._message = ""

    def begin(self, message: str) -> None:
        """Tell what is begun."""
        self._message = message
        self._progress.report(message, self._measure.began(message))

    def hear(self, line: str) -> None:
        """Tell what an installer says, to whoever listens to that."""
        percent = self._measure.heard(line)
        if self._output is not None:
            self._output(line)
            self._progress.report(self._message, percent)
        else:
            _report(self._progress, line, percent)


def _report(progress: Progress, line: str, percent: float | None = None) -> None:
    """Show what an installer says as progress, if it is any; the log has all of it."""
    if is_progress(line):
        progress.report(line, percent)


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
