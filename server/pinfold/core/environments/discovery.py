"""Which Pythons there are: every locator asked, what they say put together, nobody waited for.

Owns the order of the locators and its reasons, the threads that run them, the deadline after which
one that hangs is given up, and the merging of what is found twice. Refuses to know any tool.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, time_ns
from typing import TYPE_CHECKING

from pinfold.core import bug
from pinfold.core.environments.inspector import Cancelled, Candidate, Inspector, LeftOut
from pinfold.core.environments.interpreters import real_path
from pinfold.core.environments.inventory_file import read_kept
from pinfold.core.environments.locators import (
    conda,
    hatch,
    macos,
    pdm,
    pipenv,
    poetry,
    pyenv,
    rye,
    system,
    tox_and_nox,
    uv,
    venv,
    version_managers,
    virtualenvwrapper,
    windows,
)
from pinfold.core.environments.locators.locator import Judge, Locator, recognises_nothing
from pinfold.core.environments.stalls import PATIENCE_S, Stalled, WatchedFileSystem
from pinfold.core.environments.traces import Trace
from pinfold.core.environments.workspace_search import search_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem
    from pinfold.core.model.installation import Installation

DEADLINE_S = 5.0
"""After how long a locator that does not come back is given up."""

SEARCH_DEADLINE_S = 15.0
"""The same for the search of a folder, which ends itself before that if it gets on."""

SLOW_S = 0.1
"""After how long the others no longer wait for one."""

MAX_RETRIES = 3
"""How often a locator is asked again that hung at some place, which is then passed over."""

MAX_THREADS = 32
"""How many threads there are at most, those that hang included."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A locator in the list, and why it stands there."""

    locator: Locator
    reason: str


ORDER: tuple[Placed, ...] = (
    Placed(
        windows.STORE,
        "its packages register themselves as other Pythons do, so it has to be known before those",
    ),
    Placed(
        windows.WINPYTHON,
        "it may be registered too, and its own folder says more than the registry",
    ),
    Placed(windows.REGISTRY, "a registered name is what people know; it beats finding it on PATH"),
    Placed(
        pyenv.PYENV,
        "its folder holds interpreters, environments and even conda's: a place tells more than a"
        " shape",
    ),
    Placed(conda.PIXI, "its environments look like conda's, with one mark more"),
    Placed(conda.CONDA, "conda-meta is in no other kind of environment"),
    Placed(
        tox_and_nox.TOX,
        "whoever runs tests makes environments with virtualenv, venv or uv, whose marks follow",
    ),
    Placed(tox_and_nox.NOX, "as tox"),
    Placed(
        uv.SCRIPTS,
        "they carry uv's mark like all that uv makes; the folder tells what they are for",
    ),
    Placed(uv.UV_PYTHONS, "its interpreters are in nobody else's folder, and linked from PATH"),
    Placed(
        pdm.PDM,
        "a file in the project names the environment, which is more than a lock file says",
    ),
    Placed(
        poetry.POETRY,
        "the name in its cache has a hash and a version, which no other tool writes; made with"
        " virtualenv",
    ),
    Placed(
        pipenv.PIPENV,
        "its folder may be virtualenvwrapper's too; a .project file that leads to a Pipfile tells",
    ),
    Placed(hatch.HATCH, "two folders with its own kind of names above each environment"),
    Placed(rye.RYE, "a mark of its own in an environment made with virtualenv or uv"),
    Placed(
        virtualenvwrapper.VIRTUALENVWRAPPER,
        "everything in its folder is its own, save for what the tools above keep there",
    ),
    Placed(version_managers.ASDF, "a folder of its own"),
    Placed(version_managers.MISE, "a folder of its own"),
    Placed(macos.HOMEBREW, "its interpreters are linked into folders on PATH"),
    Placed(macos.PYTHON_ORG, "the same"),
    Placed(macos.XCODE, "the same"),
    Placed(venv.UV_ENVIRONMENTS, "who made an environment counts only where nobody keeps it"),
    Placed(venv.VIRTUALENV, "the same; its environments have a pyvenv.cfg as well"),
    Placed(venv.VENV, "any pyvenv.cfg that nobody above has recognised"),
    Placed(
        system.SYSTEM, "what nobody above knows: the last word, since PATH leads to all of them"
    ),
)
"""Whose an installation is: the first that recognises it has it."""

LOCATORS: tuple[Locator, ...] = tuple(placed.locator for placed in ORDER)


@dataclass(frozen=True, slots=True)
class Silence:
    """A locator that gave no answer, or not all of it, and why, in a clause."""

    locator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that was found, sorted by identity; what was not looked at; who did not answer.

    `is_complete` if every locator has come to its end.
    """

    installations: tuple[Installation, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    silent: tuple[Silence, ...] = ()
    is_complete: bool = False


def identify(
    candidate: Candidate, look: Inspector, judges: Sequence[tuple[int, Judge]] | None = None
) -> tuple[int, Installation] | None:
    """Return an environment as the first locator that recognises it has it, and its rank."""
    for rank, judge in _judges(LOCATORS) if judges is None else judges:
        try:
            judgement = judge(candidate, look)
        except Stalled as error:
            # The settings of one tool: without them, the others may still know it.
            look.passes_over(error)
            continue
        if judgement is not None:
            return rank, look.environment(candidate, judgement)
    return None


def _judges(locators: Sequence[Locator]) -> tuple[tuple[int, Judge], ...]:
    """Return who can judge an environment; most of those who only know interpreters cannot."""
    return tuple(
        (rank, locator.identify)
        for rank, locator in enumerate(locators)
        if locator.identify is not recognises_nothing
    )


def identify_prefix(
    prefix: Path, surroundings: Surroundings, filesystem: FileSystem
) -> Installation | None:
    """Return what stands at *prefix*, which somebody named; ``None`` if no Python does."""
    look = Inspector(surroundings, filesystem)
    candidate = look.candidate(str(prefix))
    if candidate is not None:
        found = identify(candidate, look)
        return None if found is None else found[1]
    for locator in LOCATORS:
        for installation in locator.locate(look):
            if installation.is_base and installation.prefix == prefix:
                return installation
    kind = next(iter(system.SYSTEM.kinds))
    return next(look.bases(str(prefix), kind, "somebody named it"), None)


def identify_unusable(
    prefix: Path, surroundings: Surroundings, filesystem: FileSystem
) -> Installation | None:
    """Return what a search finds at *prefix*, though nothing there shows an environment to use.

    Such as one with a pipe for its ``pyvenv.cfg``, or a folder with nothing but ``python3.12``.
    """
    look = Inspector(surroundings, filesystem)
    kind = next(iter(system.SYSTEM.kinds))
    if prefix.parent == prefix or (
        look.candidate(str(prefix)) is None
        and next(look.bases(str(prefix), kind, "somebody named it"), None) is None
    ):
        # Before anything is searched for: most that are asked about are folders of files.
        return None
    return identify_prefix(prefix, surroundings, filesystem)


def environments_of(
    project: Path, surroundings: Surroundings, filesystem: FileSystem
) -> Iterator[Installation]:
    """Yield what tools keep outside of *project* for it, in the order of the locators."""
    look = Inspector(surroundings, filesystem)
    for locator in LOCATORS:
        yield from locator.of_project(str(project), look)


@dataclass(frozen=True, slots=True)
class _Found:
    """An installation, and how much the judgement of its kind counts: less is more.

    `identity` is that of the installation, and `real` what two paths to the same one have in
    common, where these are known already.
    """

    rank: int
    installation: Installation
    identity: str = ""
    real: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One thing to be asked. `key` tells that it is the same as one of an earlier search."""

    key: tuple[object, ...]
    name: str
    find: Callable[[Inspector], Iterator[_Found]]
    deadline_s: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a job has found to its end, and what that rests on."""

    surroundings: Surroundings
    found: tuple[_Found, ...]
    left_out: tuple[LeftOut, ...]
    trace: Trace


class Discovery:
    """Finds installations, again and again: what has not changed is not read a second time.

    May be asked from several threads.
    """

    def __init__(
        self,
        filesystem: FileSystem,
        *,
        locators: Sequence[Locator] = LOCATORS,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        # Invariant: a place counts as silent before whoever hangs there is given up.
        patience_s = min(PATIENCE_S, deadline_s / 2)
        self._filesystem = WatchedFileSystem(filesystem, patience_s=patience_s)
        self._locators = tuple(locators)
        self._deadline_s = deadline_s
        # Each item is a value: two searches at once merely find out the same twice.
        self._answers: dict[tuple[object, ...], _Answer] = {}

    def start(
        self,
        surroundings: Surroundings,
        *,
        on_found: Callable[[Installation], None] | None = None,
        kept: Path | None = None,
    ) -> Search:
        """Begin to search; *surroundings* name the folders, as its `projects`.

        *on_found* is called from threads of the search, one call at a time, with every installation
        that is new, and again with one of which more becomes known: a better judge of its kind, or
        another path to it. Each of its `aliases` is then no longer an installation of its own.

        *kept* is the file of the last inventory (:func:`inventory_path`). What it has is told
        first, as long as its prefix is a folder, and in the end dropped unless it was found again;
        where somebody gave no answer, it stays, since it may have been his.
        """
        search = Search(
            self._filesystem,
            surroundings,
            [*_kept_jobs(kept, self._deadline_s), *self._jobs(surroundings)],
            self._answers,
            on_found,
            patience_s=self._deadline_s,
        )
        search.begin()
        return search

    def find(self, surroundings: Surroundings, *, timeout_s: float = 60.0) -> Inventory:
        """Search to the end and return what there is."""
        return self.start(surroundings).wait(timeout_s)

    def _jobs(self, surroundings: Surroundings) -> list[_Job]:
        jobs = [
            _Job(
                ("locator", rank),
                locator.name,
                _located(rank, locator),
                self._deadline_s,
            )
            for rank, locator in enumerate(self._locators)
        ]
        # Whoever waits wants the environments of the workspace first, and those take the longest.
        places = [
            _Job(
                ("search", root),
                f"the search of {root}",
                _searched(root, self._locators),
                max(self._deadline_s, SEARCH_DEADLINE_S),
            )
            for root in surroundings.projects
        ]
        activated = _Job(
            ("activated",),
            "what is activated",
            _activated(self._locators),
            self._deadline_s,
        )
        return [activated, *jobs, *places]


def _located(rank: int, locator: Locator) -> Callable[[Inspector], Iterator[_Found]]:
    def find(look: Inspector) -> Iterator[_Found]:
        for installation in locator.locate(look):
            yield _Found(rank, installation)

    return find


def _searched(root: str, locators: Sequence[Locator]) -> Callable[[Inspector], Iterator[_Found]]:
    judges = _judges(locators)

    def find(look: Inspector) -> Iterator[_Found]:
        for candidate in search_folder(root, look):
            found = identify(candidate, look, judges)
            if found is not None:
                yield _Found(*found, candidate.prefix, candidate.real or "")

    return find


def _kept_jobs(path: Path | None, deadline_s: float) -> list[_Job]:
    if path is None:
        return []

    def find(look: Inspector) -> Iterator[_Found]:
        for installation in read_kept(path, look.filesystem) or ():
            look.check()
            try:
                is_there = look.filesystem.is_directory(installation.prefix)
            except Stalled as error:
                look.passes_over(error)
                continue
            if is_there:
                # Links are not followed for it: at worst it is shown beside itself for a moment.
                prefix = str(installation.prefix)
                real = str(installation.real_executable) if installation.is_base else prefix
                yield _Found(_KEPT, installation, installation.id, real)

    return [_Job(("kept", path), "what was found last time", find, deadline_s)]


_KEPT = sys.maxsize
"""The rank of what was found by an earlier process: anybody knows better."""


def _activated(locators: Sequence[Locator]) -> Callable[[Inspector], Iterator[_Found]]:
    judges = _judges(locators)

    def find(look: Inspector) -> Iterator[_Found]:
        around = look.surroundings
        places = [around.folder("VIRTUAL_ENV"), around.folder("CONDA_PREFIX")]
        places += [os.path.dirname(folder) for folder in around.search_path()]
        for prefix in dict.fromkeys(places):
            if prefix is None or around.is_foreign(prefix):
                continue
            candidate = look.candidate(prefix)
            found = None if candidate is None else identify(candidate, look, judges)
            if found is not None:
                yield _Found(*found)

    return find


@dataclass(slots=True)
class _Running:
    """A job in hand: its thread, and since when; `is_given_up` once nobody counts on it."""

    thread: int
    started: float
    is_given_up: bool = False


class Search:
    """One search, under way or at its end.

    Threads, because a call into a file system whose server is gone cannot be ended: the one that
    makes it is given up, and another goes on with the rest. One at a time as long as all goes well,
    since two would only wait for each other.
    """

    def __init__(
        self,
        filesystem: WatchedFileSystem,
        surroundings: Surroundings,
        jobs: Iterable[_Job],
        answers: dict[tuple[object, ...], _Answer],
        on_found: Callable[[Installation], None] | None,
        *,
        patience_s: float = DEADLINE_S,
    ) -> None:
        self._patience_s = patience_s
        self._filesystem = filesystem
        self._surroundings = surroundings
        self._answers = answers
        self._on_found = on_found
        # Held while a call is made, so that what is told of an installation comes in order.
        self._telling = threading.RLock()
        # Guards all that follows. Invariant: nothing is read or told while it is held.
        self._changed = threading.Condition()
        self._queue = deque(jobs)
        self._running: dict[_Job, _Running] = {}
        self._threads = 0
        self._idle = 0
        self._is_cancelled = False
        self._tries: dict[tuple[object, ...], int] = {}
        self._merged = _Merged()
        self._left_out: dict[LeftOut, None] = {}
        self._silent: dict[str, Silence] = {}
        # Without the lock: an item is a text, and whoever finds out the same writes the same.
        self._real_paths: dict[str, str] = {}

    def begin(self) -> None:
        """Start the threads."""
        with self._changed:
            self._employ(monotonic())
        threading.Thread(target=self._watch, name="pinfold-discovery", daemon=True).start()

    def cancel(self) -> None:
        """Look for nothing any more; does not wait for threads that hang."""
        with self._changed:
            self._is_cancelled = True
            self._queue.clear()
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> Inventory:
        """Wait until every job has come to its end or was given up, and return what was found."""
        with self._changed:
            self._changed.wait_for(self._is_over, timeout_s)
        return self.inventory()

    def inventory(self) -> Inventory:
        """Return what is found so far."""
        with self._changed:
            is_over = self._is_over()
            return Inventory(
                self._merged.installations(with_kept=not is_over or bool(self._silent)),
                tuple(self._left_out),
                tuple(self._silent.values()),
                is_complete=is_over and not self._silent and not self._is_cancelled,
            )

    def _is_over(self) -> bool:
        """Return whether there is nothing to wait for; the lock is held."""
        if self._is_cancelled:
            return True
        return not self._queue and all(job.is_given_up for job in self._running.values())

    def _employ(self, now: float) -> None:
        """Start a thread if there is work, and nobody who gets on with it; the lock is held."""
        brisk = any(now - running.started < SLOW_S for running in self._running.values())
        if self._queue and not brisk and not self._idle and self._threads < MAX_THREADS:
            self._threads += 1
            self._idle += 1
            threading.Thread(target=self._work, name="pinfold-locator", daemon=True).start()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._run(job)
            except Cancelled:
                pass
            except Stalled as error:
                self._fell_silent(job, f"{error.path} does not answer")
            except Exception as error:  # noqa: BLE001 - one locator must not stop the others
                self._fell_silent(job, "it failed, which is a bug in Pinfold")
                self._report_bug(job, error)
            with self._changed:
                self._running.pop(job, None)
                self._idle += 1
                self._changed.notify_all()
        with self._changed:
            self._idle -= 1
            self._threads -= 1
            self._changed.notify_all()

    def _report_bug(self, job: _Job, error: Exception) -> None:
        try:
            bug.report(f"looking for environments ({job.name}) failed", error)
        except bug.BugError as raised:
            # In tests: a thread has nobody to raise to.
            with self._changed:
                self._silent[job.name] = Silence(job.name, f"it failed: {raised.__cause__!r}")

    def _next(self) -> _Job | None:
        with self._changed:
            if self._is_cancelled or not self._queue:
                return None
            job = self._queue.popleft()
            self._idle -= 1
            self._running[job] = _Running(threading.get_ident(), monotonic())
            return job

    def _run(self, job: _Job) -> None:
        known = self._answers.get(job.key)
        is_same = known is not None and known.surroundings == self._surroundings
        if known is not None and is_same and known.trace.holds():
            for left_out in known.left_out:
                self._note(left_out)
            self._take_all(known.found)
            return
        started = time_ns()
        trace = Trace(self._filesystem)
        noted: list[LeftOut] = []

        def note(left_out: LeftOut) -> None:
            noted.append(left_out)
            self._note(left_out)

        look = Inspector(
            self._surroundings, trace, on_left_out=note, check=self._check, goes_on=True
        )
        taken: list[_Found] = []
        for item in job.find(look):
            found = item
            if not item.identity or not item.real:
                identity = item.identity or item.installation.id
                real = item.real or self._real(item.installation)
                found = _Found(item.rank, item.installation, identity, real)
            taken.append(found)
            self._take(found)
        if look.silent:
            self._fell_silent(job, f"{next(iter(look.silent))} does not answer")
            return
        if trace.is_settled(started):
            self._answers[job.key] = _Answer(self._surroundings, tuple(taken), tuple(noted), trace)
        with self._changed:
            # It may have been given up, and have come back after all.
            self._silent.pop(job.name, None)

    def _check(self) -> None:
        if self._is_cancelled:
            raise Cancelled

    def _note(self, left_out: LeftOut) -> None:
        with self._changed:
            self._left_out[left_out] = None

    def _take(self, found: _Found) -> None:
        """Merge what was found and tell of it, if that changes anything."""
        with self._telling:
            with self._changed:
                if self._is_cancelled:
                    return
                changed = self._merged.add(found)
            if changed is not None and self._on_found is not None:
                self._on_found(changed)

    def _take_all(self, all_found: Sequence[_Found]) -> None:
        """Do as :meth:`_take` with each of what is known already."""
        with self._telling:
            with self._changed:
                if self._is_cancelled:
                    return
                changes = [self._merged.add(found) for found in all_found]
            if self._on_found is not None:
                for changed in filter(None, changes):
                    self._on_found(changed)

    def _real(self, installation: Installation) -> str:
        """Return what two paths to the same installation have in common."""
        if installation.is_base and installation.real_executable is not None:
            return str(installation.real_executable)
        return real_path(str(installation.prefix), self._filesystem, self._real_paths)

    def _fell_silent(self, job: _Job, reason: str) -> None:
        with self._changed:
            self._silent[job.name] = Silence(job.name, reason)

    def _watch(self) -> None:
        """Give up on who is silent, and see to it that the others get on."""
        with self._changed:
            while not self._is_over():
                now = monotonic()
                self._give_up(now)
                if self._threads >= MAX_THREADS and self._queue and not self._idle:
                    self._abandon()
                self._employ(now)
                self._changed.notify_all()
                if not self._is_over():
                    self._changed.wait(self._pause_s(now))
            self._changed.notify_all()

    def _give_up(self, now: float) -> None:
        """Count no more on who has been silent for too long; the lock is held."""
        for job, running in self._running.items():
            since = self._filesystem.since(running.thread)
            tries = self._tries.get(job.key, 0)
            # Whoever hung once is given less time: that the place is slow is known.
            patience_s = self._patience_s / 5 if tries else self._patience_s
            hangs = since is not None and now - since >= patience_s
            if running.is_given_up or not (hangs or now - running.started >= job.deadline_s):
                continue
            running.is_given_up = True
            place = self._filesystem.place_of(running.thread)
            self._silent[job.name] = Silence(job.name, f"{place or 'it'} does not answer")
            if hangs and tries < MAX_RETRIES:
                # Now that the place is known to be silent, nobody waits for it any more: whatever
                # else there is to find is found. More than once, since only that path is known,
                # and the same drive may be asked for another.
                self._tries[job.key] = tries + 1
                self._queue.append(replace(job))

    def _abandon(self) -> None:
        """Give up on what nobody will come to if all threads hang; the lock is held."""
        if all(running.is_given_up for running in self._running.values()):
            for job in self._queue:
                self._silent[job.name] = Silence(job.name, "too much else does not answer")
            self._queue.clear()

    def _pause_s(self, now: float) -> float:
        """Return for how long nothing can happen that nobody notifies of; the lock is held."""
        moments = [now + SLOW_S] if self._queue else []
        # A call may hang from any moment on, and nobody notifies of its beginning.
        moments += [
            min(running.started + job.deadline_s, now + self._patience_s / 5)
            for job, running in self._running.items()
            if not running.is_given_up
        ]
        return max(min(moments, default=now + SLOW_S) - now, 0.001)


class _Merged:
    """What was found, each folder once, by whatever path.

    Invariant: which path is the identity does not depend on the order in which things are found,
    nor on the kind. It is that of the folder itself where that was found, else the shortest.
    """

    def __init__(self) -> None:
        # By what they have in common, then by identity: the one whose judgement counts most.
        self._found: dict[str, dict[str, _Found]] = {}
        self._whole: dict[str, tuple[str, Installation]] = {}

    def add(self, found: _Found) -> Installation | None:
        """Take in *found*; return the installation as it is now, ``None`` if nothing changed."""
        identity, real = found.identity, found.real
        ways = self._found.setdefault(real, {})
        if found.rank == _KEPT and ways:
            return None
        if ways:
            for kept in [way for way in ways if ways[way].rank == _KEPT]:
                # What was so last time no longer counts.
                del ways[kept]
        known = ways.get(identity)
        if known is not None and known.rank <= found.rank:
            return None
        ways[identity] = found
        whole = (identity, found.installation) if len(ways) == 1 else _merge(ways, real)
        if self._whole.get(real) == whole:
            return None
        self._whole[real] = whole
        return whole[1]

    def installations(self, *, with_kept: bool) -> tuple[Installation, ...]:
        """Return everything, sorted by identity; *with_kept* what was only found last time too."""
        reals = self._whole if with_kept else filter(self._is_found, self._whole)
        by_identity = sorted((self._whole[real] for real in reals), key=lambda whole: whole[0])
        return tuple(installation for _, installation in by_identity)

    def _is_found(self, real: str) -> bool:
        return any(way.rank != _KEPT for way in self._found[real].values())


def _merge(ways: Mapping[str, _Found], real: str) -> tuple[str, Installation]:
    """Return one installation of those that are the same by several paths."""

    def as_path(identity: str) -> tuple[bool, bool, int, str]:
        installation = ways[identity].installation
        return installation.shares_prefix, identity != real, len(identity), identity

    def as_judgement(found: _Found) -> tuple[int, str]:
        return found.rank, found.identity

    identity = min(ways, key=as_path)
    judged = min(ways.values(), key=as_judgement).installation
    whole = replace(
        ways[identity].installation,
        kind=judged.kind,
        name=judged.name,
        project=judged.project or ways[identity].installation.project,
        evidence=judged.evidence,
        aliases=tuple(Path(other) for other in sorted(ways) if other != identity),
    )
    return identity, whole
