"""What is installed, told to the event loop by whoever keeps an eye on it.

Owns the lookout of the session, which is begun beside the loop: nothing waits for it, neither the
first findings nor the end. Refuses to know what an answer says.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.lsp.transport import call_in, in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pinfold.core.environments.lookout import Lookout
    from pinfold.core.environments.reader import EnvironmentReader
    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.model.environment import EnvironmentAnswer

    OnAnswers = Callable[[Mapping[EnvironmentQuery, EnvironmentAnswer]], None]


class EnvironmentWatch:
    """Tells `on_answers`, in the loop, what is found out of the environments that are wanted."""

    def __init__(self, on_answers: OnAnswers) -> None:
        self._on_answers = on_answers
        self._wanted: frozenset[EnvironmentQuery] = frozenset()
        self._lookout: Lookout | None = None
        self._is_beginning = False
        self._is_over = False

    def want(self, queries: frozenset[EnvironmentQuery]) -> None:
        """Make *queries* those of interest from now on."""
        if self._is_over or queries == self._wanted:
            return
        self._wanted = queries
        if self._lookout is not None:
            self._lookout.want(queries)
        elif not self._is_beginning:
            self._is_beginning = True
            loop = asyncio.get_running_loop()
            in_background(lambda: _begin(loop, self._answered), self._begun)

    def look_again(self) -> None:
        """Look at all that is wanted at once, since something is known to have changed."""
        if self._lookout is not None:
            self._lookout.look_again()

    def stop(self) -> None:
        """Want nothing any more."""
        self._is_over = True
        if self._lookout is not None:
            self._lookout.stop()

    def _begun(self, lookout: Lookout | None) -> None:
        self._lookout = lookout
        if lookout is not None and self._is_over:
            lookout.stop()
        elif lookout is not None:
            lookout.want(self._wanted)

    def _answered(self, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        if not self._is_over:
            self._on_answers(answers)


def environment_reader() -> EnvironmentReader:
    """Return what answers which environment a file has, for the process that this is."""
    from pinfold.core.environments.activated import activated_environments
    from pinfold.core.environments.choices import choices_folder
    from pinfold.core.environments.places import this_machine
    from pinfold.core.environments.reader import EnvironmentReader
    from pinfold.core.files import LocalFileSystem

    return EnvironmentReader(
        LocalFileSystem(),
        home=home_directory(),
        activated=activated_environments(os.environ),
        surroundings=this_machine(),
        choices=choices_folder(),
    )


def home_directory() -> Path | None:
    """Return the home directory, ``None`` where there is none."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def _begin(loop: asyncio.AbstractEventLoop, on_answers: OnAnswers) -> Lookout:
    # In a thread, since importing this takes longer than a keystroke may.
    from pinfold.core.environments.lookout import Lookout

    def report(answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        call_in(loop, on_answers, answers)

    return Lookout(environment_reader(), report)
