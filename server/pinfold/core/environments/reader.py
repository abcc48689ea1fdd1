"""The environment of a file, read: which one it is, and what is installed in it.

Owns that an answer stays the same object for as long as nothing that it rests on has changed, and
that those who are led to the same environment share what was read of it. Blocks for as long as the
file system does; :mod:`pinfold.core.environments.lookout` is for those who cannot wait.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import get_ident
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Generic, TypeVar

from pinfold.core.environments.choices import read_choices
from pinfold.core.environments.declared_python import contradictions
from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.environments.selection import (
    Chosen,
    choose_environment,
    declared_python,
    look_at,
    look_for_declared,
    look_in,
)
from pinfold.core.environments.stalls import PATIENCE_S, Stalled, WatchedFileSystem
from pinfold.core.environments.traces import Glance, Trace
from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pinfold.core.environments.activated import Activated
    from pinfold.core.environments.choices import Choices
    from pinfold.core.environments.declared_python import DeclaredPython
    from pinfold.core.environments.places import Surroundings
    from pinfold.core.environments.selection import EnvironmentQuery, FolderLook
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import (
        Environment,
        InstalledPackages,
        PythonContradiction,
        RejectedCandidate,
    )
    from pinfold.core.model.installation import Ailment

    AnswerKey = tuple[
        EnvironmentState,
        str,
        Path | None,
        tuple[RejectedCandidate, ...],
        bool,
        tuple[PythonContradiction, ...],
        tuple[Ailment, ...],
        Path | None,
    ]


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Seen(Generic[Value]):
    """What was found out, and what it rests on.

    `trace` is ``None`` where that had changed so shortly before that another change might not show.
    """

    value: Value
    trace: Trace | None

    def holds(self, glance: Glance | None = None) -> bool:
        return self.trace is not None and self.trace.holds(glance)


class Round:
    """A time of looking: what was looked at in it need not be looked at again.

    Many files lead to few folders and fewer environments, and each of these is a handful of calls.
    """

    __slots__ = (
        "ailments",
        "choices",
        "declared",
        "environments",
        "folders",
        "glance",
        "named",
        "packages",
        "real_paths",
    )

    def __init__(self) -> None:
        # Made by the first reader that is asked, whose file system it looks at.
        self.glance: Glance | None = None
        self.choices: Choices | None = None
        self.declared: dict[Path, DeclaredPython] = {}
        self.folders: dict[Path, FolderLook] = {}
        self.named: dict[Path, Path | NoEnvironment] = {}
        self.environments: dict[Path, Environment | NoEnvironment] = {}
        self.packages: dict[Path, InstalledPackages] = {}
        self.ailments: dict[Path, tuple[Ailment, ...]] = {}
        self.real_paths: dict[Path, Path] = {}


class EnvironmentReader:
    """Answers which environment a file has; may be called from several threads.

    *explicit* is the environment of all files, where somebody named one. *home* is the home
    directory, which is never looked in, and whose packages an interpreter may see. *activated* are
    the environments that this process was started in. *surroundings* are where tools keep
    environments outside of projects; without them, no tool is asked. *choices* is the folder that
    people's choices are kept in; without it, nobody has chosen anything.
    """

    def __init__(
        self,
        filesystem: FileSystem,
        *,
        explicit: Path | None = None,
        home: Path | None = None,
        activated: Sequence[Activated] = (),
        surroundings: Surroundings | None = None,
        choices: Path | None = None,
    ) -> None:
        self._filesystem = WatchedFileSystem(filesystem)
        self._explicit = explicit
        self._home = home
        self._activated = tuple(activated)
        self._surroundings = surroundings
        self._variables = {} if surroundings is None else surroundings.variables
        self._choices_folder = choices
        self._packages = PackagesReader(self._filesystem)
        # Without a lock, which a thread that hangs would never give back: each item is a value, and
        # two threads that find out the same at once merely do it twice.
        self._choices: _Seen[Choices] | None = None
        self._real_paths: dict[Path, _Seen[Path]] = {}
        self._declared: dict[Path, _Seen[DeclaredPython]] = {}
        self._folders: dict[Path, _Seen[FolderLook]] = {}
        self._named: dict[Path, _Seen[Path | NoEnvironment]] = {}
        self._environments: dict[Path, _Seen[Environment | NoEnvironment]] = {}
        # With the packages that were looked at for it.
        self._ailments: dict[Path, tuple[InstalledPackages | None, _Seen[tuple[Ailment, ...]]]] = {}
        # Where the threads are that read packages, or wait for another to have read them.
        self._at_packages: dict[int, tuple[Path, float]] = {}
        # Who was refused, and for the sake of which thread.
        self._refused: dict[EnvironmentQuery, int | None] = {}
        self._answers: dict[AnswerKey, EnvironmentAnswer] = {}

    def answer(
        self, query: EnvironmentQuery, round_of_looking: Round | None = None
    ) -> EnvironmentAnswer:
        """Return the environment for *query*; the same object while nothing changed on disk.

        Within one round, every place is looked at once; without one, everything is.
        """
        try:
            return self._answer(query, round_of_looking or Round())[0]
        except Stalled as error:
            self._refused[query] = error.thread
            return self._silent(error.path)

    def explain(self, query: EnvironmentQuery) -> EnvironmentAnswer:
        """Return the environment for *query* with every step of the search; a new object."""
        looking = Round()
        try:
            answer, chosen = self._answer(query, looking)
        except Stalled as error:
            return replace(self._silent(error.path))
        steps = chosen.steps
        if answer.state is not chosen.state and steps:
            # What stands there was taken, and then could not be read.
            steps = (*steps[:-1], replace(steps[-1], outcome=answer.reason))
        return replace(answer, steps=steps)

    def unresponsive(self, thread: int | None) -> EnvironmentAnswer:
        """Return what is said of a question that *thread* has hung over for too long."""
        place = None if thread is None else self._filesystem.place_of(self._caller(thread))
        return self._silent(place or "the file system")

    def silent_since(self, thread: int) -> float | None:
        """Return since when *thread*, or the one it waits for, is in one call; ``None`` if in none.

        A thread that reads something large makes one call after the other.
        """
        return self._filesystem.since(self._caller(thread))

    def in_the_way(self, query: EnvironmentQuery) -> int | None:
        """Return the thread for whose sake *query* was last said to be unresponsive."""
        return self._refused.get(query)

    def forget(self, but: Collection[EnvironmentQuery]) -> None:
        """Drop what is known only for the sake of queries that are not among those given."""
        folders = {place for query in but for place in (query.folder, *query.folder.parents)}
        for query in list(self._refused):
            if query not in but:
                self._refused.pop(query, None)
        for folder in list(self._folders):
            if folder not in folders:
                self._folders.pop(folder, None)
        for folder in list(self._declared):
            if folder not in folders:
                self._declared.pop(folder, None)
        for folder in list(self._real_paths):
            if folder not in folders:
                self._real_paths.pop(folder, None)
        prefixes = {
            seen.value.chosen.prefix for seen in list(self._folders.values()) if seen.value.chosen
        } | {named.value for named in list(self._named.values())}
        for prefix in list(self._environments):
            if prefix not in prefixes:
                self._environments.pop(prefix, None)
                self._ailments.pop(prefix, None)
        for key in list(self._answers):
            if key[2] is not None and key[2] not in prefixes:
                self._answers.pop(key, None)

    def _answer(self, query: EnvironmentQuery, looking: Round) -> tuple[EnvironmentAnswer, Chosen]:
        if looking.glance is None:
            looking.glance = Glance(self._filesystem)
        scout = _RememberingScout(self, looking)
        chosen = choose_environment(
            query,
            scout,
            explicit=self._explicit,
            home=self._home,
            activated=self._activated,
        )
        prefix = chosen.prefix
        if prefix is None:
            return self._kept(chosen, None), chosen
        environment = looking.environments.get(prefix)
        if environment is None:
            environment = looking.environments[prefix] = self._environment(prefix, looking)
        if isinstance(environment, NoEnvironment):
            reason = f"{chosen.reason}, but {prefix} {environment.reason}"
            unusable = Chosen(EnvironmentState.UNUSABLE, reason, None, chosen.rejected)
            ailments = self._ailments_of(prefix, None, looking)
            return self._kept(unusable, None, ailments=ailments, unreadable=prefix), chosen
        packages = looking.packages.get(prefix)
        if packages is None:
            packages = looking.packages[prefix] = self._read_packages(environment)
        declared = declared_python(query, scout, self._home)
        answer = self._kept(
            chosen,
            packages,
            contradictions(environment, declared),
            self._ailments_of(prefix, packages, looking),
        )
        return answer, chosen

    def _silent(self, place: str) -> EnvironmentAnswer:
        return self._kept(Chosen(EnvironmentState.UNRESPONSIVE, f"{place} does not answer"), None)

    def _read_packages(self, environment: Environment) -> InstalledPackages:
        prefix = environment.prefix
        now = monotonic()
        # The reader of packages lets one thread at a time at an environment. Nobody joins a queue
        # behind one that hangs, or that has much to read.
        for other, (place, started) in tuple(self._at_packages.items()):
            if place == prefix and now - started > PATIENCE_S:
                silent = self._filesystem.place_of(self._caller(other))
                raise Stalled(silent or str(prefix), other)
        thread = get_ident()
        self._at_packages[thread] = (prefix, now)
        try:
            return self._packages.packages(environment)
        finally:
            del self._at_packages[thread]

    def _caller(self, thread: int) -> int:
        """Return who is in a call of the file system where *thread* waits for that."""
        at = self._at_packages.get(thread)
        if at is not None and self._filesystem.since(thread) is None:
            for other, (place, _) in tuple(self._at_packages.items()):
                if place == at[0] and self._filesystem.since(other) is not None:
                    return other
        return thread

    def look_in(self, folder: Path, glance: Glance | None = None) -> FolderLook:
        """Return what a folder says of an environment for what is in it."""
        known = self._folders.get(folder)
        if known is None or not known.holds(glance):
            look = partial(look_in, folder, surroundings=self._surroundings)
            known = self._folders[folder] = self._seen(look)
        return known.value

    def look_at(self, path: Path, glance: Glance | None = None) -> Path | NoEnvironment:
        """Return the prefix of the environment at a path that somebody named."""
        known = self._named.get(path)
        if known is None or not known.holds(glance):
            known = self._named[path] = self._seen(partial(look_at, path))
        return known.value

    def declared(self, folder: Path, glance: Glance | None = None) -> DeclaredPython:
        """Return which Python the files in a folder ask for."""
        known = self._declared.get(folder)
        if known is None or not known.holds(glance):
            known = self._declared[folder] = self._seen(partial(look_for_declared, folder))
        return known.value

    def choices(self, glance: Glance | None = None) -> Choices:
        """Return what people have chosen."""
        kept_in, known = self._choices_folder, self._choices
        if kept_in is None:
            return {}
        if known is None or not known.holds(glance):
            known = self._choices = self._seen(partial(read_choices, kept_in=kept_in))
        return known.value

    def real_path(self, path: Path, glance: Glance | None = None) -> Path:
        """Return a path with its links followed."""
        known = self._real_paths.get(path)
        if known is None or not known.holds(glance):
            known = self._real_paths[path] = self._seen(partial(_real_path, path))
        return known.value

    def pyenv_roots(self) -> Sequence[Path]:
        """Return the folders that may be pyenv's."""
        if self._surroundings is None:
            return ()
        # Late, since few have a file that names an environment of pyenv's.
        from pinfold.core.environments.inspector import Inspector
        from pinfold.core.environments.locators.pyenv import pyenv_roots

        return [Path(root) for root in pyenv_roots(Inspector(self._surroundings, self._filesystem))]

    def _seen(self, look: Callable[[FileSystem], Value]) -> _Seen[Value]:
        trace, now_ns = Trace(self._filesystem), time_ns()
        value = look(trace)
        return _Seen(value, trace if trace.is_settled(now_ns) else None)

    def _environment(self, prefix: Path, looking: Round) -> Environment | NoEnvironment:
        known = self._environments.get(prefix)
        if known is None or not known.holds(looking.glance):
            read = partial(read_environment, prefix, home=self._home, variables=self._variables)
            seen = self._seen(read)
            if known is not None and _is_same(seen.value, known.value):
                # The same object, or everything that was worked out for it would be again.
                seen = replace(seen, value=known.value)
            known = self._environments[prefix] = seen
        return known.value

    def _ailments_of(
        self, prefix: Path, packages: InstalledPackages | None, looking: Round
    ) -> tuple[Ailment, ...]:
        """Return what is wrong with an environment, whether its packages can be read or not."""
        found = looking.ailments.get(prefix)
        if found is None:
            known = self._ailments.get(prefix)
            if known is None or known[0] is not packages or not known[1].holds(looking.glance):
                look = partial(_look_over, prefix, packages)
                known = self._ailments[prefix] = (packages, self._seen(look))
            found = looking.ailments[prefix] = known[1].value
        return found

    def _kept(
        self,
        chosen: Chosen,
        packages: InstalledPackages | None,
        contradicting: tuple[PythonContradiction, ...] = (),
        ailments: tuple[Ailment, ...] = (),
        unreadable: Path | None = None,
    ) -> EnvironmentAnswer:
        """Return the answer that was given before, if it was the same.

        The steps of the search are no part of it: they differ between folders that share it.
        """
        key = (
            chosen.state,
            chosen.reason,
            chosen.prefix,
            chosen.rejected,
            chosen.is_meant,
            contradicting,
            ailments,
            unreadable,
        )
        known = self._answers.get(key)
        if known is None or known.packages is not packages:
            known = self._answers[key] = EnvironmentAnswer(
                chosen.state,
                chosen.reason,
                packages,
                chosen.rejected,
                chosen.is_meant,
                contradicting,
                ailments=ailments,
                unreadable=unreadable,
            )
        return known


@dataclass(frozen=True, slots=True)
class _RememberingScout:
    reader: EnvironmentReader
    looking: Round

    def look_in(self, folder: Path) -> FolderLook:
        known = self.looking.folders.get(folder)
        if known is None:
            known = self.looking.folders[folder] = self.reader.look_in(folder, self.looking.glance)
        return known

    def look_at(self, path: Path) -> Path | NoEnvironment:
        known = self.looking.named.get(path)
        if known is None:
            known = self.looking.named[path] = self.reader.look_at(path, self.looking.glance)
        return known

    def declared(self, folder: Path) -> DeclaredPython:
        known = self.looking.declared.get(folder)
        if known is None:
            known = self.looking.declared[folder] = self.reader.declared(
                folder, self.looking.glance
            )
        return known

    def choices(self) -> Choices:
        known = self.looking.choices
        if known is None:
            known = self.looking.choices = self.reader.choices(self.looking.glance)
        return known

    def real_path(self, path: Path) -> Path:
        known = self.looking.real_paths.get(path)
        if known is None:
            real = self.reader.real_path(path, self.looking.glance)
            known = self.looking.real_paths[path] = real
        return known

    def pyenv_roots(self) -> Sequence[Path]:
        return self.reader.pyenv_roots()


def _real_path(path: Path, filesystem: FileSystem) -> Path:
    # Late, since only where somebody has chosen anything is it asked for.
    from pinfold.core.environments.interpreters import real_path

    return Path(real_path(str(path), filesystem))


def _look_over(
    prefix: Path, packages: InstalledPackages | None, filesystem: FileSystem
) -> tuple[Ailment, ...]:
    # Late, beside the main thread, which is about to judge what needs no environment.
    from pinfold.core.environments.health.diagnosis import look_over

    return look_over(prefix, packages, filesystem)


def _is_same(one: Environment | NoEnvironment, other: Environment | NoEnvironment) -> bool:
    if isinstance(one, NoEnvironment) or isinstance(other, NoEnvironment):
        return one == other
    markers = (one.markers.values, one.markers.label)
    return markers == (other.markers.values, other.markers.label) and other == replace(
        one, markers=other.markers
    )
