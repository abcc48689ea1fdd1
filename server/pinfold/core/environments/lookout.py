"""Keeps an eye on the environments that somebody wants to know of, without anybody waiting.

Owns the threads that read them, the deadline after which one that does not answer is said to be
silent, and the polling that sees what other programs install. Refuses to know what an answer says.
What is silent is a file system of which one call does not return, not a reading with much to do.

Threads, because a call into a file system whose server is gone cannot be ended: the one that makes
it is given up, and another takes its place. They are daemons, so that the process can end, and few:
whoever would wait at the same place is refused (:mod:`pinfold.core.environments.stalls`).
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from pinfold.core import bug
from pinfold.core.environments.reader import Round
from pinfold.core.model.environment import EnvironmentState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.model.environment import EnvironmentAnswer

    Report = Callable[[Mapping[EnvironmentQuery, EnvironmentAnswer]], None]

READERS = 2
"""How many threads read at once, of those that get on."""

MAX_READERS = 32
"""How many threads there are at most, those that hang included."""

SLOW_S = 0.1
"""After how long a thread that has not come back is no longer waited for by others."""

RETRY_S = 0.25
"""How often is asked again what led to where another thread was at work for long."""

BATCH_S = 0.05
"""For how long answers are gathered before they are reported together."""


class Reader(Protocol):
    """What is asked; :class:`pinfold.core.environments.reader.EnvironmentReader` is one."""

    def answer(
        self, query: EnvironmentQuery, round_of_looking: Round | None = None
    ) -> EnvironmentAnswer:
        """Return the environment for *query*, however long that takes."""
        ...

    def unresponsive(self, thread: int | None) -> EnvironmentAnswer:
        """Return what is said of a question over which a thread hangs."""
        ...

    def silent_since(self, thread: int) -> float | None:
        """Return since when a thread is in one call of the file system; ``None`` if in none."""
        ...

    def in_the_way(self, query: EnvironmentQuery) -> int | None:
        """Return the thread for whose sake a question was said to be unresponsive."""
        ...

    def forget(self, but: Collection[EnvironmentQuery]) -> None:
        """Drop what is known of all queries *but* those given."""
        ...


@dataclass(slots=True)
class _Reading:
    """A thread at work, and since when; `is_given_up` once it is said that nothing comes of it."""

    thread: int
    started: float
    is_given_up: bool = False


class Lookout:
    """Reads what is wanted and reports every answer that is a new object.

    *report* is called from a thread of the lookout, one call at a time, and may call
    :meth:`want`. With *poll_interval_s*, everything wanted is asked about again that often; with
    ``None``, once only. What leads to a call of the file system that has not returned after
    *deadline_s* is reported as unresponsive, and as it is if it answers after all. A long reading
    that gets on is waited for.
    """

    def __init__(
        self,
        reader: Reader,
        report: Report,
        *,
        poll_interval_s: float | None = 1.0,
        deadline_s: float = 5.0,
    ) -> None:
        self._reader = reader
        self._report = report
        self._poll_interval_s = poll_interval_s
        self._deadline_s = deadline_s
        # Held while a report is made, so that an answer never overtakes one that came before.
        self._reporting = threading.Lock()
        # Guards all that follows. Invariant: nothing is read or reported while it is held.
        self._changed = threading.Condition()
        self._wanted: dict[EnvironmentQuery, EnvironmentAnswer | None] = {}
        self._untold: dict[EnvironmentQuery, EnvironmentAnswer] = {}
        self._told: set[EnvironmentQuery] = set()
        self._told_at = 0.0
        self._queue: deque[EnvironmentQuery] = deque()
        self._readings: dict[EnvironmentQuery, _Reading] = {}
        # Those that lead to where another thread hangs, or has much to read; in order.
        self._parked: dict[EnvironmentQuery, None] = {}
        # Begun anew with every poll: what one of them saw holds until the next.
        self._round = Round()
        self._threads = 0
        self._idle = 0
        self._is_watching = False
        self._is_stopped = False

    def want(self, queries: Collection[EnvironmentQuery]) -> None:
        """Make *queries* those of interest from now on; new ones are read at once."""
        with self._changed:
            if self._is_stopped:
                return
            wanted = dict.fromkeys(queries)
            gone = self._wanted.keys() - wanted.keys()
            new = [query for query in wanted if query not in self._wanted]
            for query in gone:
                del self._wanted[query]
                self._untold.pop(query, None)
                self._parked.pop(query, None)
            self._told -= gone
            self._queue = deque(query for query in self._queue if query not in gone)
            self._wanted.update(dict.fromkeys(new))
            self._ask(new)
            used = wanted.keys() | self._readings.keys()
            self._changed.notify_all()
        if gone:
            self._reader.forget(used)

    def look_again(self) -> None:
        """Ask about everything wanted now, instead of when the time has come."""
        with self._changed:
            if not self._is_stopped:
                self._round = Round()
                self._ask(self._wanted)
                self._changed.notify_all()

    def wait(self, timeout_s: float) -> None:
        """Wait until all that is wanted has been reported, at most *timeout_s*."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_stopped or self._told >= self._wanted.keys(), timeout_s
            )

    def stop(self) -> None:
        """Read and report nothing any more; does not wait for threads that hang."""
        with self._changed:
            self._is_stopped = True
            self._queue.clear()
            self._untold.clear()
            self._changed.notify_all()

    def _ask(self, queries: Iterable[EnvironmentQuery]) -> None:
        """Queue *queries*, but for those that are in hand; the lock is held."""
        waiting = set(self._queue)
        self._queue.extend(
            query for query in queries if query not in self._readings and query not in waiting
        )
        self._employ(monotonic())
        if not self._is_watching and self._queue:
            self._is_watching = True
            _start(self._watch, "watch")

    def _employ(self, now: float) -> None:
        """Start as many threads as the queue has use for; the lock is held."""
        brisk = sum(now - reading.started < SLOW_S for reading in self._readings.values())
        useful = min(READERS, brisk + len(self._queue)) - brisk - self._idle
        for _ in range(min(useful, MAX_READERS - self._threads)):
            self._threads += 1
            self._idle += 1
            _start(self._read, "reader")

    def _read(self) -> None:
        """Read what is in the queue, as long as there is a lookout."""
        while (taken := self._next()) is not None:
            query, looking = taken
            failure: Exception | None = None
            try:
                answer = self._reader.answer(query, looking)
            except Exception as error:  # noqa: BLE001 - one environment must not stop the others
                answer, failure = self._reader.unresponsive(None), error
            with self._changed:
                self._readings.pop(query)
                self._idle += 1
                if failure is None and self._is_early(query, answer):
                    self._parked.setdefault(query)
                else:
                    self._parked.pop(query, None)
                    self._take(query, answer)
                has_time = self._queue and monotonic() - self._told_at < BATCH_S
            if not has_time or failure is not None:
                self._tell()
            if failure is not None:
                # Last, since it may raise: whoever waits has an answer by now.
                bug.report(f"reading the environment of {query.folder} failed", failure)

    def _next(self) -> tuple[EnvironmentQuery, Round] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or bool(self._queue))
            if self._is_stopped:
                return None
            query = self._queue.popleft()
            self._idle -= 1
            self._readings[query] = _Reading(threading.get_ident(), monotonic())
            return query, self._round

    def _is_early(self, query: EnvironmentQuery, answer: EnvironmentAnswer) -> bool:
        """Return whether it is too early to say of *query* that it is not answered.

        The thread in whose way it comes may be reading something large. What was known holds on.
        """
        if answer.state is not EnvironmentState.UNRESPONSIVE:
            return False
        thread = self._reader.in_the_way(query)
        return thread is not None and not self._hangs(thread, monotonic())

    def _hangs(self, thread: int, now: float) -> bool:
        since = self._reader.silent_since(thread)
        return since is not None and now - since >= self._deadline_s

    def _take(self, query: EnvironmentQuery, answer: EnvironmentAnswer) -> None:
        """Take in an answer; the lock is held."""
        if not self._is_stopped and self._wanted.get(query, answer) is not answer:
            self._wanted[query] = self._untold[query] = answer

    def _tell(self) -> None:
        with self._reporting:
            with self._changed:
                untold, self._untold = self._untold, {}
                self._told_at = monotonic()
            if not untold:
                return
            self._report(untold)
            with self._changed:
                self._told |= untold.keys() & self._wanted.keys()
                self._changed.notify_all()

    def _watch(self) -> None:
        """Ask again in time, give up on who is silent, and see to it that others get on."""
        interval_s = self._poll_interval_s
        polled = tried = monotonic()
        while True:
            with self._changed:
                if self._is_stopped:
                    return
                now = monotonic()
                if interval_s is not None and now - polled >= interval_s:
                    polled = now
                    self._round = Round()
                    self._ask(self._wanted)
                    self._changed.notify_all()
                self._give_up(now)
                if self._parked and now - tried >= RETRY_S:
                    tried = now
                    self._ask(list(self._parked))
                    self._changed.notify_all()
                self._employ(now)
                if not self._untold or now - self._told_at < BATCH_S:
                    due = None if interval_s is None else polled + interval_s
                    self._changed.wait(self._pause_s(now, due))
                    continue
            self._tell()

    def _give_up(self, now: float) -> None:
        """Answer for whoever has been silent for too long; the lock is held."""
        for query, reading in self._readings.items():
            if not reading.is_given_up and self._hangs(reading.thread, now):
                reading.is_given_up = True
                self._take(query, self._reader.unresponsive(reading.thread))
        if sum(reading.is_given_up for reading in self._readings.values()) >= MAX_READERS:
            # Every thread hangs: what is queued will not be read either.
            for query in self._queue:
                self._take(query, self._reader.unresponsive(None))

    def _pause_s(self, now: float, due: float | None) -> float | None:
        """Return for how long nothing can happen that nobody notifies of; the lock is held."""
        moments = [] if due is None else [due]
        if self._queue:
            moments.append(now + SLOW_S)
        if self._parked:
            moments.append(now + RETRY_S)
        if self._untold:
            moments.append(self._told_at + BATCH_S)
        # Who is in no call now may be in one that hangs from now on.
        moments += [
            (self._reader.silent_since(reading.thread) or now) + self._deadline_s
            for reading in self._readings.values()
            if not reading.is_given_up
        ]
        return max(min(moments) - now, 0.001) if moments else None


def _start(work: Callable[[], None], name: str) -> None:
    threading.Thread(target=work, name=f"pinfold-{name}", daemon=True).start()
