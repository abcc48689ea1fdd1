"""Environments watched in the background: one that hangs delays itself alone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from pinfold.core.environments import lookout as lookout_module
from pinfold.core.environments.lookout import MAX_READERS, Lookout
from pinfold.core.environments.reader import EnvironmentReader
from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.environments.stalls import Stalled, WatchedFileSystem
from pinfold.core.files import MAX_FILE_BYTES, LocalFileSystem
from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState
from tests.core.environments import hung_mount
from tests.core.environments.test_reader import install, make_environment, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pinfold.core.files import (
        FileIdentity,
        FileStart,
        FileSystem,
        Listing,
        StrPath,
        Unreadable,
    )

PATIENCE_S = 30
"""How long a test waits for what should come at once."""

FOUND = EnvironmentState.FOUND
UNRESPONSIVE = EnvironmentState.UNRESPONSIVE


class HangingFileSystem(LocalFileSystem):
    """A real file system of which some places do not answer until `released` is set."""

    __slots__ = ("_silent", "entered", "released", "threads")

    def __init__(self, *silent: Path) -> None:
        self._silent = frozenset(silent)
        self.entered = threading.Event()
        self.released = threading.Event()
        self.threads: set[int] = set()

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        """Read a file."""
        self._hang(path)
        return super().read_bytes(path, limit)

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Read the start of a file."""
        self._hang(path)
        return super().read_start(path, limit)

    def identity(self, path: StrPath) -> FileIdentity | None:
        """Return the identity of a file."""
        self._hang(path)
        return super().identity(path)

    def is_file(self, path: StrPath) -> bool:
        """Return whether a file stands there."""
        self._hang(path)
        return super().is_file(path)

    def is_directory(self, path: StrPath) -> bool:
        """Return whether a folder stands there."""
        self._hang(path)
        return super().is_directory(path)

    def exists(self, path: StrPath) -> bool:
        """Return whether anything stands there."""
        self._hang(path)
        return super().exists(path)

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """Return the names in a folder."""
        self._hang(directory)
        return super().scan(directory)

    def names(self, directory: StrPath) -> list[str] | Unreadable:
        """Return the names in a folder."""
        self._hang(directory)
        return super().names(directory)

    def _hang(self, path: StrPath) -> None:
        place = Path(path)
        if self.released.is_set() or self._silent.isdisjoint((place, *place.parents)):
            return
        self.threads.add(threading.get_ident())
        self.entered.set()
        self.released.wait(PATIENCE_S)


class Reports:
    """What a lookout reported, and a way to wait for more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.latest: dict[EnvironmentQuery, EnvironmentAnswer] = {}
        self.calls = 0

    def __call__(self, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        """Take a report in."""
        with self._changed:
            assert all(self.latest.get(query) is not answer for query, answer in answers.items())
            self.latest.update(answers)
            self.calls += 1
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until *condition* holds, which reports alone change."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S)

    def state(self, query: EnvironmentQuery) -> EnvironmentState | None:
        """Return what was reported of *query* last."""
        answer = self.latest.get(query)
        return None if answer is None else answer.state


class Watch(Protocol):
    """Starts a lookout."""

    def __call__(
        self,
        filesystem: FileSystem,
        *,
        poll_interval_s: float | None = None,
        deadline_s: float = PATIENCE_S,
    ) -> tuple[Lookout, Reports]:
        """Start one on a file system."""
        ...


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Start lookouts, and stop them when the test is done."""
    started: list[Lookout] = []

    def start(
        filesystem: FileSystem,
        *,
        poll_interval_s: float | None = None,
        deadline_s: float = PATIENCE_S,
    ) -> tuple[Lookout, Reports]:
        reports = Reports()
        lookout = Lookout(
            EnvironmentReader(filesystem),
            reports,
            poll_interval_s=poll_interval_s,
            deadline_s=deadline_s,
        )
        started.append(lookout)
        return lookout, reports

    yield start
    for lookout in started:
        lookout.stop()


def projects(tmp_path: Path, *names: str) -> list[EnvironmentQuery]:
    """Make projects, each with an environment, and return what asks for these."""
    for name in names:
        make_environment(tmp_path / name / ".venv", package="1.0")
    return [EnvironmentQuery(tmp_path / name, tmp_path / name) for name in names]


def test_all_that_is_wanted_is_reported(watch: Watch, tmp_path: Path) -> None:
    """Once the wait is over, every answer has been reported."""
    queries = projects(tmp_path, *(f"p{count}" for count in range(20)))
    lookout, reports = watch(LocalFileSystem())
    lookout.want(queries)
    lookout.wait(PATIENCE_S)

    assert set(queries) == set(reports.latest)
    assert {FOUND} == {answer.state for answer in reports.latest.values()}


def test_nothing_wanted(watch: Watch) -> None:
    """There is nothing to wait for, and no thread for it."""
    before = threading.active_count()
    lookout, reports = watch(LocalFileSystem())
    lookout.wait(PATIENCE_S)

    assert (0, before) == (reports.calls, threading.active_count())


def test_hung_environment_delays_nobody(watch: Watch, tmp_path: Path) -> None:
    """While one hangs, the others are answered; it is when it answers after all."""
    silent, *others = projects(tmp_path, "silent", "a", "b", "c")
    filesystem = HangingFileSystem(tmp_path / "silent/.venv")
    lookout, reports = watch(filesystem)
    lookout.want([silent, *others])
    reports.wait(lambda: reports.latest.keys() >= set(others))
    unanswered = silent not in reports.latest
    filesystem.released.set()
    lookout.wait(PATIENCE_S)

    assert unanswered
    assert FOUND is reports.state(silent)


def test_deadline(watch: Watch, tmp_path: Path) -> None:
    """After the deadline it is said which place does not answer, and the truth if it ever comes."""
    (silent,) = projects(tmp_path, "silent")
    filesystem = HangingFileSystem(tmp_path / "silent/.venv/pyvenv.cfg")
    lookout, reports = watch(filesystem, deadline_s=0.01)
    lookout.want([silent])
    lookout.wait(PATIENCE_S)
    reason = reports.latest[silent].reason
    given_up = reports.state(silent)
    filesystem.released.set()
    reports.wait(lambda: reports.state(silent) is FOUND)

    assert UNRESPONSIVE is given_up
    assert f"{tmp_path / 'silent/.venv/pyvenv.cfg'} does not answer" == reason


class UnhurriedFileSystem(LocalFileSystem):
    """A real file system where every reading takes a while."""

    __slots__ = ("pause", "pause_s")

    def __init__(self, pause_s: float) -> None:
        self.pause = threading.Event()
        self.pause_s = pause_s

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        """Read the start of a file, after a while."""
        self.pause.wait(self.pause_s)
        return super().read_start(path, limit)


def test_long_reading_that_gets_on(watch: Watch, tmp_path: Path) -> None:
    """However long it takes: what gets on is not silent, and neither is who waits for it."""
    make_environment(tmp_path / ".venv", **{f"package{count}": "1.0" for count in range(60)})
    queries = [EnvironmentQuery(tmp_path / f"p{count}", tmp_path) for count in range(5)]
    filesystem = UnhurriedFileSystem(0.01)
    lookout, reports = watch(filesystem, poll_interval_s=0.02, deadline_s=0.3)
    told: list[EnvironmentState] = []

    def are_all_told() -> bool:
        told.extend(answer.state for answer in reports.latest.values())
        return len(reports.latest) == len(queries)

    lookout.want(queries)
    reports.wait(are_all_told)

    assert {FOUND} == set(told)


@pytest.mark.parametrize("place", ["", "pyvenv.cfg", "lib/python3.12/site-packages"])
def test_no_pile_of_threads(watch: Watch, tmp_path: Path, place: str) -> None:
    """Many files that lead to one hung place lose few threads, however often they are asked."""
    make_environment(tmp_path / ".venv")
    queries = [EnvironmentQuery(tmp_path / f"p{count}", tmp_path) for count in range(300)]
    (healthy,) = projects(tmp_path, "healthy")
    filesystem = HangingFileSystem(tmp_path / ".venv" / place)
    lookout, reports = watch(filesystem, poll_interval_s=0.01, deadline_s=1.0)
    lookout.want([*queries, healthy])
    lookout.wait(PATIENCE_S)
    lost = len(filesystem.threads)
    filesystem.released.set()
    reports.wait(lambda: all(reports.state(query) is FOUND for query in queries))

    assert FOUND is reports.state(healthy)
    assert lost <= MAX_READERS / 2


def test_many_hung_places(watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every thread lost, whoever is left is told so, instead of waiting for ever."""
    monkeypatch.setattr(lookout_module, "MAX_READERS", 4)
    names = [f"p{count}" for count in range(10)]
    queries = projects(tmp_path, *names)
    filesystem = HangingFileSystem(*(tmp_path / name / ".venv" for name in names))
    lookout, reports = watch(filesystem, deadline_s=0.05)
    lookout.want(queries)
    lookout.wait(PATIENCE_S)
    states = [reports.state(query) for query in queries]
    lost = len(filesystem.threads)
    filesystem.released.set()
    reports.wait(lambda: all(reports.state(query) is FOUND for query in queries))

    assert [UNRESPONSIVE] * 10 == states
    assert 4 == lost


def test_polling(watch: Watch, tmp_path: Path) -> None:
    """What another program installs is reported, and nothing else is."""
    one, two = projects(tmp_path, "one", "two")
    lookout, reports = watch(LocalFileSystem(), poll_interval_s=0.01)
    lookout.want([one, two])
    lookout.wait(PATIENCE_S)
    before = reports.latest[two]
    install(tmp_path / "one/.venv", "flask", "3.0")
    reports.wait(lambda: "flask" in versions(reports.latest[one]))

    assert before is reports.latest[two]


def test_no_longer_wanted(watch: Watch, tmp_path: Path) -> None:
    """What nobody wants any more is not reported; when it is wanted again, it is."""
    one, two = projects(tmp_path, "one", "two")
    filesystem = HangingFileSystem(tmp_path / "one")
    lookout, reports = watch(filesystem)
    lookout.want([one, two])
    reports.wait(lambda: two in reports.latest)
    lookout.want([two])
    filesystem.released.set()
    lookout.wait(PATIENCE_S)
    unwanted = one not in reports.latest
    lookout.want([one])
    lookout.wait(PATIENCE_S)

    assert unwanted
    assert FOUND is reports.state(one)


def test_stopped(watch: Watch, tmp_path: Path) -> None:
    """Nothing is reported after the end, and nobody waits for it; its threads are daemons."""
    (silent,) = projects(tmp_path, "silent")
    filesystem = HangingFileSystem(tmp_path / "silent")
    lookout, reports = watch(filesystem)
    lookout.want([silent])
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("pinfold-")]
    lookout.stop()
    filesystem.released.set()
    lookout.wait(PATIENCE_S)
    lookout.want([silent])

    assert threads
    assert all(thread.daemon for thread in threads)
    assert {} == reports.latest


def test_report_may_change_what_is_wanted(tmp_path: Path) -> None:
    """A host that learns of more files by an answer can say so at once."""
    one, two = projects(tmp_path, "one", "two")
    reported: list[EnvironmentQuery] = []
    done = threading.Event()

    def report(answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        reported.extend(answers)
        lookout.want([one, two])
        if two in answers:
            done.set()

    lookout = Lookout(EnvironmentReader(LocalFileSystem()), report, poll_interval_s=None)
    lookout.want([one])
    finished = done.wait(PATIENCE_S)
    lookout.stop()

    assert finished
    assert [one, two] == reported


def test_reading_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in reading one environment is that one's alone."""
    one, two = projects(tmp_path, "one", "two")
    monkeypatch.delenv("PINFOLD_STRICT", raising=False)
    read = EnvironmentReader.answer

    def answer(self: EnvironmentReader, query: EnvironmentQuery, *rest: object) -> object:
        if query == one:
            raise ValueError("a bug")
        return read(self, query)

    monkeypatch.setattr(EnvironmentReader, "answer", answer)
    reports = Reports()
    lookout = Lookout(EnvironmentReader(LocalFileSystem()), reports, poll_interval_s=None)
    lookout.want([one, two])
    lookout.wait(PATIENCE_S)
    lookout.stop()

    assert (UNRESPONSIVE, FOUND) == (reports.state(one), reports.state(two))


def test_stalled(tmp_path: Path) -> None:
    """Whoever would go to where another thread hangs is refused; others are not."""
    for name in ("silent/a", "silently"):
        (tmp_path / name).mkdir(parents=True)
    hanging = HangingFileSystem(tmp_path / "silent")
    watched = WatchedFileSystem(hanging, patience_s=0)
    thread = threading.Thread(target=watched.exists, args=(tmp_path / "silent",), daemon=True)
    thread.start()
    assert hanging.entered.wait(PATIENCE_S)
    for name in ("silent", "silent/a"):
        with pytest.raises(Stalled, match="silent does not answer"):
            watched.exists(tmp_path / name)
    beside = watched.exists(tmp_path / "silently")
    hanging.released.set()
    thread.join(PATIENCE_S)

    assert beside
    assert watched.exists(tmp_path / "silent/a")


@pytest.mark.slow
@pytest.mark.parametrize("takes_requests", [False, True])
@pytest.mark.skipif(hung_mount.why_not() is not None, reason=f"{hung_mount.why_not()}")
def test_real_mount_that_hangs(watch: Watch, tmp_path: Path, takes_requests: bool) -> None:
    """A `.venv` that is a dead FUSE mount: the others are answered, and it when it is gone."""
    *others, nearest = projects(tmp_path, "a", "b", "outer")
    (tmp_path / "outer/silent/.venv").mkdir(parents=True)
    silent = EnvironmentQuery(tmp_path / "outer/silent", tmp_path / "outer")
    lookout, reports = watch(LocalFileSystem(), poll_interval_s=0.05, deadline_s=0.3)
    with hung_mount.hung_mount(silent.folder / ".venv", takes_requests=takes_requests):
        lookout.want([silent, *others, nearest])
        lookout.wait(PATIENCE_S)
        states = [reports.state(query) for query in (silent, *others, nearest)]
        reason = reports.latest[silent].reason
    reports.wait(lambda: reports.state(silent) is FOUND)

    assert [UNRESPONSIVE, FOUND, FOUND, FOUND] == states
    assert f"{silent.folder / '.venv'} does not answer" == reason
    assert {"package": "1.0"} == versions(reports.latest[silent])
