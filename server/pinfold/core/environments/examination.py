"""Installations examined, many at a time: what ails each, and how many packages it has.

Owns that no file system that hangs keeps anybody waiting. What is an ailment is
:mod:`pinfold.core.environments.health`'s to say.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pinfold.core.environments.health import diagnose, unresponsive
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.environments.packages import PackagesReader
from pinfold.core.environments.stalls import Stalled, WatchedFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.installation import Installation

DEADLINE_S = 5.0
"""How long one environment may take before it counts as one that does not answer."""

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
        self, installations: Sequence[Installation], *, thoroughly: bool = False
    ) -> list[Examined]:
        """Return *installations* with what is wrong with each.

        *thoroughly*: with all their packages, read one by one, instead of only their number.
        """
        results = each_in_time(
            installations,
            lambda installation: self._examined(installation, thoroughly=thoroughly),
            self._deadline_s,
        )
        return [
            _silent(installation, str(installation.prefix)) if result is None else result
            for installation, result in zip(installations, results, strict=True)
        ]

    def within(self, work: Callable[[], Result]) -> Result | None:
        """Return what *work* does, ``None`` if it takes too long."""
        return each_in_time([None], lambda _: work(), self._deadline_s)[0]

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
    items: Sequence[Item], work: Callable[[Item], Result], deadline_s: float
) -> list[Result | None]:
    """Return what *work* makes of each of *items*, ``None`` for one that takes too long.

    One after the other in a thread; another one goes on where it hangs, since a call into a file
    system whose server is gone cannot be ended.
    """
    results: dict[int, Result] = {}
    errors: list[Exception] = []
    waiting = deque(range(len(items)))
    begun: dict[int, float] = {}
    given_up: set[int] = set()
    changed = threading.Condition()

    def run() -> None:
        while True:
            with changed:
                if not waiting or errors:
                    return
                position = waiting.popleft()
                begun[position] = monotonic()
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

    with changed:
        while len(results) + len(given_up - results.keys()) < len(items) and not errors:
            now = monotonic()
            given_up.update(at for at, since in begun.items() if now - since > deadline_s)
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
