"""A plan carried out: within a change that is put back unless every step of it succeeds.

Owns the running of steps, what is kept of their output, and the comparison of before and after.
Refuses to plan and to ask. Everything blocks.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pinfold.core.blocking import GivenUp
from pinfold.core.environments.changes.holding import HoldingProblem
from pinfold.core.environments.changes.journal import VersionChange
from pinfold.core.environments.changes.locks import Busy
from pinfold.core.environments.changes.locks import Cancelled as LockCancelled
from pinfold.core.environments.changes.safe_change import (
    CannotChange,
    CannotPutBack,
    Waiting,
)
from pinfold.core.environments.installers.installer import installer_variables, target_of
from pinfold.core.environments.operations.blame import explained
from pinfold.core.environments.operations.prepared import (
    Prepared,
    free_place,
    versions_of,
)
from pinfold.core.environments.operations.requests import Undo
from pinfold.core.formats.secrets import masked
from pinfold.core.model.plan import Failure, FailureKind, Verb
from pinfold.core.process import Ending, ProcessStartError, Stream, run

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TextIO

    from pinfold.core.environments.changes.locks import Owner
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.model.plan import Plan, Step
    from pinfold.core.process import Completed

STEP_TIMEOUT_S = 3600.0
"""How long one step may take: some packages are built for the better part of an hour."""

ASKING_TIMEOUT_S = 600.0
"""How long an installer may think about what it would do."""

GRACE_S = 1.5
"""How long an installer may take to say good-bye. All of a cancellation takes less than 5 s."""


class Cancelled(GivenUp):
    """It was not wanted any more; everything is as it was."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done. `entry` is its id in the journal, `changes` what it has changed.

    `count` is how many packages there are then, where that was looked at. `is_redo` if a change
    that had been taken back was made again.
    """

    entry: str
    changes: tuple[VersionChange, ...]
    count: int = 0
    is_redo: bool = False


class OperationFailed(Exception):
    """It could not be done, and everything is as it was; `log` has all that was said meanwhile."""

    def __init__(self, failure: Failure, log: Path | None = None) -> None:
        super().__init__(failure.cause)
        self.failure = failure
        self.log = log


class ChangedMeanwhile(OperationFailed):
    """What is installed is not what the plan was made for; nothing was done."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Who watches; both functions are called from any thread.

    `report` gets what is being done, `output` each line that an installer says meanwhile;
    `cancelled` ends it.
    """

    report: Callable[[str], None]
    output: Callable[[str], None]
    cancelled: threading.Event


class Transcript:
    """What was said while nothing was changed yet: written down only if it comes to nothing."""

    def __init__(self) -> None:
        # Of a build that says more, the end tells what went wrong.
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)

    def add(self, line: str) -> None:
        """Add a line, whose credentials are masked already."""
        self._lines.append(line)

    def keep(self, bench: Workbench, verb: Verb) -> Path | None:
        """Write it down, and return where; ``None`` if there is nothing, or it cannot be."""
        if not self._lines:
            return None
        log = _Log(bench.state / "logs", verb)
        for line in self._lines:
            log.add(line)
        return log.close()


_MOST_LINES = 50_000


def run_asking(
    step: Step, folder: Path, bench: Workbench, watching: Watching, transcript: Transcript
) -> Completed:
    """Run a step that changes nothing, and return what became of it.

    Raises:
        Cancelled: it was not wanted any more.
        OperationFailed: it could not be started, or did not end.
    """
    watching.report(step.title)
    return _run(
        step, folder, bench, watching, timeout_s=ASKING_TIMEOUT_S, token=None, log=transcript
    )


def carry_out(prepared: Prepared, bench: Workbench, watching: Watching) -> Done:
    """Do what was planned, or nothing.

    Raises:
        OperationFailed: a step has failed, or the change could not be begun or ended.
        Cancelled: it was not wanted any more.
    """
    plan, request = prepared.plan, prepared.request
    waiting = Waiting(
        cancelled=watching.cancelled, on_wait=lambda owner: watching.report(_waiting_for(owner))
    )
    check = partial(_refuse_if_changed, prepared, bench)
    try:
        if plan.verb is Verb.UNDO:
            assert prepared.target is not None
            entry = bench.changes.undo(
                prepared.target,
                _version_changes_in(plan),
                command=_command(prepared),
                waiting=waiting,
                check=check,
            )
            is_redo = isinstance(request, Undo) and request.is_redo
            return Done(entry.id, entry.changes, is_redo=is_redo)
        log = _Log(bench.state / "logs", plan.verb)
        with (
            contextlib.closing(log),
            bench.written(prepared.scratch),
            bench.changes.change(
                request.prefix,
                plan.verb,
                prepared.set_aside,
                command=_command(prepared),
                installer=plan.installer,
                waiting=waiting,
                check=check,
            ) as change,
        ):
            if plan.verb is Verb.REMOVE:
                change.entry.place.rmdir()
            before = prepared.versions or {}
            run_step = partial(
                _run,
                folder=request.folder,
                bench=bench,
                watching=watching,
                timeout_s=STEP_TIMEOUT_S,
                token=change.token,
                log=log,
            )
            for step in plan.steps:
                watching.report(step.title)
                completed = run_step(step)
                if not completed.has_succeeded:
                    assert prepared.installer is not None
                    failure = explained(
                        prepared.installer,
                        target_of(request.prefix),
                        prepared.wanted,
                        prepared.asked,
                        completed,
                        run_step,
                    )
                    if step.because is not None:
                        cause = f"{failure.cause.rstrip('.')}; {step.because}"
                        failure = replace(failure, cause=cause)
                    raise OperationFailed(failure, log.close())
            after = versions_of(bench.installed(request.prefix))
            changes = version_changes(before, after)
            change.keep(changes)
        return Done(change.entry.id, changes, len(after))
    except LockCancelled as error:
        raise Cancelled from error
    except CannotChange as error:
        kind, action = _REFUSED.get(error.problem, (FailureKind.UNKNOWN, error.action))
        raise OperationFailed(Failure(kind, _sentence(str(error)), action)) from error
    except (Busy, CannotPutBack) as error:
        raise OperationFailed(Failure(FailureKind.UNKNOWN, _sentence(str(error)))) from error


_REFUSED: Mapping[HoldingProblem | None, tuple[FailureKind, str]] = {
    HoldingProblem.DENIED: (FailureKind.DENIED, "Ask whoever owns it, or make one of your own"),
    HoldingProblem.NO_ROOM: (FailureKind.DISK_FULL, "Make room, and try again"),
    HoldingProblem.IN_USE: (FailureKind.DENIED, "End the programs that run from it"),
}


def version_changes(
    before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[VersionChange, ...]:
    """Return what has another version than before, in order of name."""
    return tuple(
        VersionChange(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _version_changes_in(plan: Plan) -> tuple[VersionChange, ...]:
    """Return what *plan* says of versions, in order of name."""
    before = {str(one.key): one.before.version for one in plan.changes if one.before}
    after = {str(one.key): one.after.version for one in plan.changes if one.after}
    return version_changes(before, after)


def _refuse_if_changed(prepared: Prepared, bench: Workbench) -> None:
    """Refuse a plan that was made for another state: what was agreed to would not be what is done.

    Raises:
        ChangedMeanwhile: what is installed is not what it was.
    """
    prefix = prepared.request.prefix
    if prepared.versions is None:
        # It is made where nothing was but an empty folder: what stands there now is somebody's.
        is_changed = prepared.set_aside is not free_place(prefix)
    else:
        is_changed = versions_of(bench.installed(prefix)) != prepared.versions
    if is_changed:
        raise ChangedMeanwhile(
            Failure(
                FailureKind.UNKNOWN,
                f"Another program has changed {prefix} meanwhile.",
                "Ask for it again, to see what would be done now.",
            )
        )


def _run(
    step: Step,
    folder: Path,
    bench: Workbench,
    watching: Watching,
    *,
    timeout_s: float,
    token: str | None,
    log: _Log | Transcript,
) -> Completed:
    def on_output(stream: Stream, line: str) -> None:
        line = masked(line)
        log.add(line)
        # What an installer answers when it is asked is for programs.
        is_answer = isinstance(log, Transcript) and stream is Stream.OUTPUT
        if line.strip() and not is_answer:
            watching.output(line.strip())

    log.add(masked(f"$ {' '.join(step.argv)}"))
    try:
        completed = run(
            step.argv,
            cwd=folder,
            env={**installer_variables(bench.variables), **step.variables},
            deadline_s=timeout_s,
            on_output=on_output,
            cancelled=watching.cancelled,
            grace_s=GRACE_S,
            token=token,
        )
    except ProcessStartError as error:
        raise OperationFailed(Failure(FailureKind.UNKNOWN, _sentence(str(error)))) from error
    if completed.ending is Ending.CANCELLED:
        raise Cancelled
    if completed.ending is Ending.TIMED_OUT:
        cause = f"It was given up after {timeout_s / 60:.0f} minutes: {step.title}."
        raise OperationFailed(
            Failure(FailureKind.TIMED_OUT, cause), log.close() if isinstance(log, _Log) else None
        )
    return completed


class _Log:
    """What was said during an operation, in a file, which is there once anything was said.

    Not being able to write it stops nothing.
    """

    def __init__(self, folder: Path, verb: Verb) -> None:
        self._folder = folder
        self._verb = verb
        self._path: Path | None = None
        self._file: TextIO | None = None

    def add(self, line: str) -> None:
        """Add a line, whose credentials are masked already."""
        with contextlib.suppress(OSError):
            if self._path is None:
                self._open()
            if self._file is not None:
                self._file.write(f"{line}\n")

    def close(self) -> Path | None:
        """Return where it is, ``None`` if nothing was said, or it could not be written."""
        if self._file is None:
            return None
        try:
            self._file.close()
        except OSError:
            return None
        return self._path

    def _open(self) -> None:
        from datetime import datetime, timezone

        moment = datetime.now(timezone.utc)
        self._path = self._folder / f"{moment:%Y%m%dT%H%M%S-%f}-{self._verb.value}.log"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self._path.open("w", encoding="utf-8", errors="replace")
        self._prune(self._folder)

    @staticmethod
    def _prune(folder: Path) -> None:
        for old in sorted(folder.glob("*.log"))[:-_KEPT_LOGS]:
            old.unlink(missing_ok=True)


_KEPT_LOGS = 50


def _waiting_for(owner: Owner | None) -> str:
    whom = "another process" if owner is None else f"process {owner.pid} ({owner.purpose})"
    return f"waiting for {whom}"


def _command(prepared: Prepared) -> str:
    return masked(" ".join(prepared.said or (prepared.plan.verb.value,)))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
