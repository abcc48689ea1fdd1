"""The environment of a file, read: which one it is, and what is installed in it.

Owns that an answer stays the same object for as long as nothing that it rests on has changed, and
that those who are led to the same environment share what was read of it. Blocks for as long as the
file system does; :mod:`pinfold.core.environments.lookout` is for those who cannot wait.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Generic, TypeVar

from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.environments.packages import PackagesReader
from pinfold.core.environments.selection import (
    Chosen,
    choose_environment,
    look_at,
    look_in,
)
from pinfold.core.environments.stalls import PATIENCE_S, Stalled, WatchedFileSystem
from pinfold.core.environments.traces import Trace
from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from pinfold.core.environments.selection import EnvironmentQuery, FolderLook
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import (
        Environment,
        InstalledPackages,
        RejectedCandidate,
    )

    AnswerKey = tuple[EnvironmentState, str, Path | None, tuple[RejectedCandidate, ...]]


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Seen(Generic[Value]):
    """What was found out, and what it rests on.

    `trace` is ``None`` where that had changed so shortly before that another change might not show.
    """

    value: Value
    trace: Trace | None

    def holds(self) -> bool:
        return self.trace is not None and self.trace.holds()


class Round:
    """A time of looking: what was looked at in it need not be looked at again.

    Many files lead to few folders and fewer environments, and each of these is a handful of calls.
    """

    __slots__ = ("environments", "folders", "named", "packages")

    def __init__(self) -> None:
        self.folders: dict[Path, FolderLook] = {}
        self.named: dict[Path, Path | NoEnvironment] = {}
        self.environments: dict[Path, Environment | NoEnvironment] = {}
        self.packages: dict[Path, InstalledPackages] = {}


class EnvironmentReader:
    """Answers which environment a file has; may be called from several threads.

    *explicit* is the environment of all files, where somebody named one. *home* is the home
    directory, which is never looked in, and whose packages an interpreter may see. *activated* is
    the environment that this process was started in.
    """

    def __init__(
        self,
        filesystem: FileSystem,
        *,
        explicit: Path | None = None,
        home: Path | None = None,
        activated: Path | None = None,
    ) -> None:
        self._filesystem = WatchedFileSystem(filesystem)
        self._explicit = explicit
        self._home = home
        self._activated = activated
        self._packages = PackagesReader(self._filesystem)
        # Without a lock, which a thread that hangs would never give back: each item is a value, and
        # two threads that find out the same at once merely do it twice.
        self._folders: dict[Path, _Seen[FolderLook]] = {}
        self._named: dict[Path, _Seen[Path | NoEnvironment]] = {}
        self._environments: dict[Path, _Seen[Environment | NoEnvironment]] = {}
        self._at_packages: dict[Path, float] = {}
        self._answers: dict[AnswerKey, EnvironmentAnswer] = {}

    def answer(
        self, query: EnvironmentQuery, round_of_looking: Round | None = None
    ) -> EnvironmentAnswer:
        """Return the environment for *query*; the same object while nothing changed on disk.

        Within one round, every place is looked at once; without one, everything is.
        """
        try:
            return self._answer(query, round_of_looking or Round())
        except Stalled as error:
            reason = f"{error.path} does not answer"
            return self._kept(Chosen(EnvironmentState.UNRESPONSIVE, reason), None)

    def unresponsive(self, thread: int | None) -> EnvironmentAnswer:
        """Return what is said of a question that *thread* has hung over for too long."""
        place = None if thread is None else self._filesystem.place_of(thread)
        reason = f"{place or 'the file system'} does not answer"
        return self._kept(Chosen(EnvironmentState.UNRESPONSIVE, reason), None)

    def forget(self, but: Collection[EnvironmentQuery]) -> None:
        """Drop what is known only for the sake of queries that are not among those given."""
        folders = {place for query in but for place in (query.folder, *query.folder.parents)}
        for folder in list(self._folders):
            if folder not in folders:
                self._folders.pop(folder, None)
        prefixes = {
            seen.value.chosen.prefix for seen in list(self._folders.values()) if seen.value.chosen
        } | {named.value for named in list(self._named.values())}
        for prefix in list(self._environments):
            if prefix not in prefixes:
                self._environments.pop(prefix, None)
        for key in list(self._answers):
            if key[2] is not None and key[2] not in prefixes:
                self._answers.pop(key, None)

    def _answer(self, query: EnvironmentQuery, looking: Round) -> EnvironmentAnswer:
        chosen = choose_environment(
            query,
            _RememberingScout(self, looking),
            explicit=self._explicit,
            home=self._home,
            activated=self._activated,
        )
        prefix = chosen.prefix
        if prefix is None:
            return self._kept(chosen, None)
        environment = looking.environments.get(prefix)
        if environment is None:
            environment = looking.environments[prefix] = self._environment(prefix)
        if isinstance(environment, NoEnvironment):
            reason = f"{chosen.reason}, but {prefix} {environment.reason}"
            unusable = Chosen(EnvironmentState.UNUSABLE, reason, None, chosen.rejected)
            return self._kept(unusable, None)
        packages = looking.packages.get(prefix)
        if packages is None:
            packages = looking.packages[prefix] = self._read_packages(environment)
        return self._kept(chosen, packages)

    def _read_packages(self, environment: Environment) -> InstalledPackages:
        prefix = environment.prefix
        started = self._at_packages.get(prefix)
        # The reader of packages lets one thread at a time at an environment. Nobody joins a queue
        # behind one that hangs.
        if started is not None and monotonic() - started > PATIENCE_S:
            raise Stalled(str(prefix))
        self._at_packages.setdefault(prefix, monotonic())
        try:
            return self._packages.packages(environment)
        finally:
            self._at_packages.pop(prefix, None)

    def look_in(self, folder: Path) -> FolderLook:
        """Return what a folder says of an environment for what is in it."""
        known = self._folders.get(folder)
        if known is None or not known.holds():
            known = self._folders[folder] = self._seen(partial(look_in, folder))
        return known.value

    def look_at(self, path: Path) -> Path | NoEnvironment:
        """Return the prefix of the environment at a path that somebody named."""
        known = self._named.get(path)
        if known is None or not known.holds():
            known = self._named[path] = self._seen(partial(look_at, path))
        return known.value

    def _seen(self, look: Callable[[FileSystem], Value]) -> _Seen[Value]:
        trace, now_ns = Trace(self._filesystem), time_ns()
        value = look(trace)
        return _Seen(value, trace if trace.is_settled(now_ns) else None)

    def _environment(self, prefix: Path) -> Environment | NoEnvironment:
        known = self._environments.get(prefix)
        if known is None or not known.holds():
            seen = self._seen(partial(read_environment, prefix, home=self._home))
            if known is not None and _is_same(seen.value, known.value):
                # The same object, or everything that was worked out for it would be again.
                seen = replace(seen, value=known.value)
            known = self._environments[prefix] = seen
        return known.value

    def _kept(self, chosen: Chosen, packages: InstalledPackages | None) -> EnvironmentAnswer:
        """Return the answer that was given before, if it was the same."""
        key = (chosen.state, chosen.reason, chosen.prefix, chosen.rejected)
        known = self._answers.get(key)
        if known is None or known.packages is not packages:
            known = self._answers[key] = EnvironmentAnswer(
                chosen.state, chosen.reason, packages, chosen.rejected
            )
        return known


@dataclass(frozen=True, slots=True)
class _RememberingScout:
    reader: EnvironmentReader
    looking: Round

    def look_in(self, folder: Path) -> FolderLook:
        known = self.looking.folders.get(folder)
        if known is None:
            known = self.looking.folders[folder] = self.reader.look_in(folder)
        return known

    def look_at(self, path: Path) -> Path | NoEnvironment:
        known = self.looking.named.get(path)
        if known is None:
            known = self.looking.named[path] = self.reader.look_at(path)
        return known


def _is_same(one: Environment | NoEnvironment, other: Environment | NoEnvironment) -> bool:
    if isinstance(one, NoEnvironment) or isinstance(other, NoEnvironment):
        return one == other
    markers = (one.markers.values, one.markers.label)
    return markers == (other.markers.values, other.markers.label) and other == replace(
        one, markers=other.markers
    )
