"""Installations examined, many at a time: what ails each, and how many packages it has.

Owns that no file system that hangs keeps anybody waiting, and that one with much to read is waited
for. What is an ailment is :mod:`pinfold.core.environments.health.diagnosis`'s to say.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pinfold.core.environments.health.diagnosis import diagnose, unresponsive
from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.environments.stalls import Stalled, WatchedFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.installation import Installation

    SilentSince = Callable[[int], float | None]

DEADLINE_S = 5.0
"""How long a call of a file system may take before it counts as one that does not answer."""

MAX_HUNG = 16
"""How many threads may hang before nothing more is begun."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Examined:
    """An installation, its ailments in it, and how many packages it has where that is known.

    `packages` is set where somebody wanted to know all of them.
    """

    installation: Installation
    count: int | None = None
    packages: InstalledPackages | None = None


class Examiner:
    """Examines installations; remembers places that hang, so that they are not tried again.

    *variables* are those of the process, which may move or hide the user's own packages. May be
    asked from several threads.
    """

    def __init__(
        self,
        filesystem: FileSystem,
        *,
        home: Path | None,
        variables: Mapping[str, str] = MappingProxyType({}),
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self.filesystem = WatchedFileSystem(filesystem)
        self._packages = PackagesReader(self.filesystem)
        self._home = home
        self._variables = variables
        self._deadline_s = deadline_s

    def examined(
        self,
        installations: Sequence[Installation],
        *,
        thoroughly: bool = False,
        on_begin: Callable[[Installation], None] = lambda _installation: None,
    ) -> list[Examined]:
        """Return *installations* with what is wrong with each.

        *thoroughly*: with all their packages, read one by one, instead of only their number.
        *on_begin* is told of each, in the thread that examines it.
        """

        def examine(installation: Installation) -> Examined:
            on_begin(installation)
            return self._examined(installation, thoroughly=thoroughly)

        results = each_in_time(installations, examine, self._deadline_s, self.filesystem.since)
        return [
            _silent(installation, str(installation.prefix)) if result is None else result
            for installation, result in zip(installations, results, strict=True)
        ]

    def within(
        self, work: Callable[[], Result], silent_since: SilentSince | None = None
    ) -> Result | None:
        """Return what *work* does, ``None`` if it takes too long; see :func:`each_in_time`."""
        return each_in_time([None], lambda _: work(), self._deadline_s, silent_since)[0]

    def _examined(self, installation: Installation, *, thoroughly: bool) -> Examined:
        try:
            environment = read_environment(
                installation.prefix, self.filesystem, home=self._home, variables=self._variables
            )
            packages, count = None, None
            # The packages of a prefix that several interpreters share are those of the usual one.
            if not isinstance(environment, NoEnvironment) and not installation.shares_prefix:
                if thoroughly:
                    packages = self._packages.packages(environment)
                    count = len(packages.by_name)
                else:
                    count = len(self._packages.names(environment))
        except Stalled as stalled:
            return _silent(installation, stalled.path)
        ailments = diagnose(installation, packages, self.filesystem)
        return Examined(replace(installation, ailments=ailments), count, packages)


def each_in_time(
    items: Sequence[Item],
    work: Callable[[Item], Result],
    deadline_s: float,
    silent_since: SilentSince | None = None,
) -> list[Result | None]:
    """Return what *work* makes of each of *items*, ``None`` for one that takes too long.

    With *silent_since*, which says since when a thread waits in one call, that call is what may
    take too long: there may be much to read. Without it, all of the work is.

    One after the other in a thread; another one goes on where it hangs, since a call into a file
    system whose server is gone cannot be ended.
    """
    results: dict[int, Result] = {}
    errors: list[Exception] = []
    waiting = deque(range(len(items)))
    begun: dict[int, tuple[float, int]] = {}
    given_up: set[int] = set()
    changed = threading.Condition()

    def run() -> None:
        while True:
            with changed:
                if not waiting or errors:
                    return
                position = waiting.popleft()
                begun[position] = (monotonic(), threading.get_ident())
                changed.notify_all()
            try:
                result = work(items[position])
            except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
                with changed:
                    errors.append(error)
                    changed.notify_all()
                return
            with changed:
                results[position] = result
                del begun[position]
                changed.notify_all()

    def hangs(started: float, thread: int) -> bool:
        since = started if silent_since is None else silent_since(thread)
        return since is not None and monotonic() - since > deadline_s

    with changed:
        while len(results) + len(given_up - results.keys()) < len(items) and not errors:
            given_up.update(at for at, place in begun.items() if hangs(*place))
            if waiting and begun.keys() <= given_up:
                if len(begun) >= MAX_HUNG:
                    given_up.update(waiting)
                    waiting.clear()
                    break
                threading.Thread(target=run, name="pinfold-examiner", daemon=True).start()
                # It begins at once; nobody else is started meanwhile.
                changed.wait_for(lambda: not waiting or begun.keys() - given_up or errors, 1.0)
                continue
            changed.wait(deadline_s / 5)
        if errors:
            raise errors[0]
        return [results.get(position) for position in range(len(items))]


def _silent(installation: Installation, place: str) -> Examined:
    return Examined(replace(installation, ailments=(unresponsive(place),)))
