"""The environments that a run judges against: read beside the judging, so that nobody waits.

Owns which environment the command line names, the order in which files are judged while some of
their environments are still unknown, and what people are told of those that were used. How an
environment is found and read is :mod:`pinfold.core.environments`.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from pinfold.cli.targets import Question, absolute, shown_path
from pinfold.cli.terminal import counted, visible
from pinfold.core.environments.activated import activated_environments
from pinfold.core.environments.choices import choices_folder
from pinfold.core.environments.lookout import Lookout
from pinfold.core.environments.places import this_machine
from pinfold.core.environments.reader import EnvironmentReader
from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.model.environment import EnvironmentState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pinfold.cli.targets import Target
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import EnvironmentAnswer, InstalledPackages
    from pinfold.core.workspace.snapshot import Snapshot

DEADLINE_S = 10.0
"""How long one call of the file system may take until its environment is said to be silent.

However much there is to read, its end is waited for. Only the files of the same environment wait,
and they are judged last.
"""

PATIENCE_S = 0.5
"""How long the order of files is kept for the sake of an environment that does not answer."""

GATHERED_FILES = 64
"""How many files are asked about together."""

GATHERED_FOR_S = 0.05

_NAMED = 3
"""How many environments are named to people."""


class Environments:
    """Finds out about environments in the background, from when the first one is asked for.

    *named* is what ``--env`` says. *variables* are those of the process's environment.
    """

    def __init__(
        self,
        filesystem: FileSystem,
        named: str | None,
        working_directory: Path,
        variables: Mapping[str, str],
        *,
        deadline_s: float | None = None,
    ) -> None:
        deadline_s = DEADLINE_S if deadline_s is None else deadline_s
        self._working_directory = working_directory
        self._explicit = None if named is None else absolute(named, working_directory)
        reader = EnvironmentReader(
            filesystem,
            explicit=self._explicit,
            home=home_directory(),
            activated=activated_environments(variables),
            surroundings=this_machine(),
            choices=choices_folder(),
        )
        self._arrived = threading.Condition()
        self._answers: dict[EnvironmentQuery, EnvironmentAnswer] = {}
        self._lookout = Lookout(reader, self._take, poll_interval_s=None, deadline_s=deadline_s)

    def refusal(self) -> str | None:
        """Return why the environment that ``--env`` names cannot be used, ``None`` if it can."""
        if self._explicit is None:
            return None
        query = EnvironmentQuery(self._working_directory, self._working_directory)
        self._want([query])
        answer = self._wait_for([query])[query]
        return None if answer.state is EnvironmentState.FOUND else answer.reason

    def answered(self, snapshot: Snapshot, targets: Iterable[Target]) -> Iterator[Question]:
        """Yield *targets* in their order, with what is known of the environment of each.

        Those whose environment does not answer come last.
        """
        late: list[Question] = []
        position = 0
        for gathered in _gathered(targets):
            queries = {target: snapshot.environment_query(target.path) for target in gathered}
            self._want([*queries.values(), *(self._query(question) for question in late)])
            found = self._wait_for(set(queries.values()), PATIENCE_S)
            snapshot = _with(snapshot, found)
            for target, query in queries.items():
                question = Question(position, snapshot, target)
                position += 1
                if query in found:
                    yield question
                else:
                    late.append(question)
        yield from self._late(late)

    def known(self, snapshot: Snapshot, targets: Sequence[Target]) -> Snapshot:
        """Return *snapshot* with all that is to be known for *targets*."""
        queries = list({snapshot.environment_query(target.path) for target in targets})
        self._want(queries)
        return _with(snapshot, self._wait_for(queries))

    def stop(self) -> None:
        """Look at nothing any more."""
        self._lookout.stop()

    def used(self) -> Sequence[InstalledPackages]:
        """Return what was judged against, each environment once."""
        found = {answer.packages: None for answer in self._answers.values() if answer.packages}
        return sorted(found, key=lambda packages: packages.environment.prefix)

    def way_back(self) -> str | None:
        """Return what brings back the environment of files that have none, as a clause."""
        for query, answer in self._answers.items():
            if answer.state is EnvironmentState.NONE and not answer.is_meant:
                # Late: with an environment, nobody asks.
                from pinfold.cli.ways_back import way_back

                found = way_back(query.folder, query.stop, self._working_directory)
                if found is not None:
                    return found
        return None

    def _late(self, late: list[Question]) -> Iterator[Question]:
        """Yield *late* as their environments answer, or are said not to."""
        while late:
            missing = {self._query(question) for question in late}
            found = self._wait_for_any(missing)
            left = []
            for question in late:
                query = self._query(question)
                if query in found:
                    snapshot = _with(question.snapshot, found)
                    yield Question(question.position, snapshot, question.target)
                else:
                    left.append(question)
            late = left

    def _query(self, question: Question) -> EnvironmentQuery:
        return question.snapshot.environment_query(question.target.path)

    def _want(self, queries: Iterable[EnvironmentQuery]) -> None:
        with self._arrived:
            missing = [query for query in queries if query not in self._answers]
        self._lookout.want(missing)

    def _take(self, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> None:
        with self._arrived:
            self._answers.update(answers)
            self._arrived.notify_all()

    def _wait_for(
        self, queries: Collection[EnvironmentQuery], timeout_s: float | None = None
    ) -> Mapping[EnvironmentQuery, EnvironmentAnswer]:
        """Return the answers to *queries* as soon as all are there, else those that are.

        Without *timeout_s* there is an end too: the lookout gives up on what is silent.
        """
        with self._arrived:
            self._arrived.wait_for(
                lambda: all(query in self._answers for query in queries), timeout_s
            )
            return {query: self._answers[query] for query in queries if query in self._answers}

    def _wait_for_any(
        self, queries: Iterable[EnvironmentQuery]
    ) -> Mapping[EnvironmentQuery, EnvironmentAnswer]:
        with self._arrived:
            self._arrived.wait_for(lambda: any(query in self._answers for query in queries))
            return {query: self._answers[query] for query in queries if query in self._answers}


def home_directory() -> Path | None:
    """Return the user's home directory, ``None`` if nobody knows it."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises if there is none
    return home if home.is_absolute() else None


def render_used(used: Sequence[InstalledPackages], working_directory: Path) -> str:
    """Return what was judged against, in one line; nothing where that is no environment."""
    if not used:
        return ""
    shown = [
        visible(shown_path(packages.environment.prefix, working_directory)) for packages in used
    ]
    if len(used) == 1:
        packages = used[0]
        label = visible(packages.environment.markers.label)
        count = counted(len(packages.by_name), "package")
        return f"Judged against {shown[0]} ({label}, {count}).\n"
    named = ", ".join(shown[:_NAMED])
    more = f" and {len(used) - _NAMED:,} more" if len(used) > _NAMED else ""
    return f"Judged against {len(used):,} environments: {named}{more}.\n"


def _gathered(targets: Iterable[Target]) -> Iterator[list[Target]]:
    """Yield *targets* by the handful, so that their environments are asked for together."""
    gathered: list[Target] = []
    since = monotonic()
    for target in targets:
        gathered.append(target)
        if len(gathered) >= GATHERED_FILES or monotonic() - since > GATHERED_FOR_S:
            yield gathered
            gathered, since = [], monotonic()
    if gathered:
        yield gathered


def _with(snapshot: Snapshot, answers: Mapping[EnvironmentQuery, EnvironmentAnswer]) -> Snapshot:
    return snapshot.with_answers(answers) if answers else snapshot
