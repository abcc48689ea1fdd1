"""What commands read of this machine: which Pythons there are, and what becomes of each.

Owns the searches of a session and what they have in common. Every method may block for as long as a
file system does: none is called in the event loop, where even importing this would take too long.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pinfold.core.environments.activation import activation, read_activation_scripts
from pinfold.core.environments.choices import choose, forget
from pinfold.core.environments.discovery import (
    Discovery,
    Inventory,
    identify_prefix,
    identify_unusable,
)
from pinfold.core.environments.examination import Examiner
from pinfold.core.environments.health.foreign_python import leads_elsewhere
from pinfold.core.environments.inventory_file import (
    inventory_path,
    read_inventory,
    write_inventory,
)
from pinfold.core.environments.layout import NoEnvironment, kind_of, prefix_of
from pinfold.core.environments.places import state_folder, this_machine
from pinfold.core.environments.probe import LocalStateFolder, Prober
from pinfold.core.environments.probe_answers import ask_unknown, informed
from pinfold.core.environments.selection import deciding_folders
from pinfold.core.environments.shells import detect_shell, shell_of
from pinfold.core.environments.stalls import Stalled
from pinfold.core.environments.terminal_activation import TerminalActivation, terminal_activation
from pinfold.core.files import LocalFileSystem
from pinfold.features.environments import Selection
from pinfold.features.projects import pointed_at, project_folder
from pinfold.lsp.environment_watch import environment_reader, home_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pinfold.core.environments.activation import ActivationText
    from pinfold.core.environments.discovery import Search
    from pinfold.core.environments.examination import Examined, SilentSince
    from pinfold.core.environments.operations.workbench import Workbench
    from pinfold.core.environments.selection import EnvironmentQuery
    from pinfold.core.environments.shells import Shell
    from pinfold.core.model.installation import Installation
    from pinfold.core.workspace.snapshot import Snapshot
    from pinfold.features.projects import Pointed
    from pinfold.lsp.handshake import ToolSettings

Result = TypeVar("Result")

SEARCH_TIMEOUT_S = 60.0
"""How long a search may take at most; its parts have deadlines of their own."""


class Refused(Exception):
    """What was named is not what is needed; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that somebody asks about, the project that it is of, and the environment for it."""

    folder: Path
    project: Path
    selection: Selection


class Looking:
    """A search of the machine, under way."""

    def __init__(self, search: Search, kept: Path) -> None:
        self._search = search
        self._kept = kept
        self._is_cancelled = threading.Event()

    def so_far(self) -> Inventory:
        """Return what is found; does not block."""
        return self._search.inventory()

    def to_the_end(self) -> Inventory:
        """Return everything, and keep it for whoever asks next."""
        inventory = self._search.wait(SEARCH_TIMEOUT_S)
        if not self._is_cancelled.is_set():
            write_inventory(self._kept, inventory.installations)
        return inventory

    def cancel(self) -> None:
        """Look no more; nothing is kept of what was found by then."""
        self._is_cancelled.set()
        self._search.cancel()


class Machine:
    """This machine, as the commands of a session see it. May be asked from several threads."""

    def __init__(self) -> None:
        self._filesystem = LocalFileSystem()
        self._home = home_directory()
        self._discovery = Discovery(self._filesystem)
        self._examiner = Examiner(self._filesystem, home=self._home, variables=os.environ)
        self._reader = environment_reader()
        self._benches: dict[tuple[ToolSettings, tuple[Path, ...]], Workbench] = {}
        self._prober = Prober(
            self._examiner.filesystem, os.environ, LocalStateFolder(state_folder() / "probes")
        )

    def place(self, path: Path, snapshot: Snapshot, *, explains: bool = False) -> Place:
        """Return what is to be known of the folder at *path*, or of that of the file.

        *snapshot* is one whose files nobody else reads. *explains*: with every step that led there.

        Raises:
            Refused: there is no such folder, or it does not answer.
        """
        folder = self._within(path, partial(self._folder_of, path))
        # The settings lie beside it, and their reading tells nobody where it is.
        query, project = self._within(folder, partial(self._asked_of, folder, snapshot))
        ask = self._reader.explain if explains else self._reader.answer
        answer = self._within(folder, partial(ask, query), self._reader.silent_since)
        return Place(folder, project, Selection(folder, answer))

    def pointed_at(self, paths: Sequence[Path], snapshot: Snapshot) -> tuple[Pointed, ...]:
        """Return what each of *paths* stands for.

        *snapshot* is one whose files nobody else reads.

        Raises:
            Refused: one of them is not there, or does not answer.
        """
        return tuple(
            self._within(path, partial(pointed_at, path, snapshot, self._folder_of))
            for path in paths
        )

    def projects_of(self, folders: Iterable[Path], snapshot: Snapshot) -> frozenset[Path]:
        """Return the projects that *folders* are of; none if one of them does not answer.

        *snapshot* is one whose files nobody else reads.
        """

        def look() -> frozenset[Path]:
            return frozenset(project_folder(one / "requirements.txt", snapshot) for one in folders)

        try:
            return self._examiner.within(look) or frozenset()
        except Stalled:
            return frozenset()

    def workbench(self, tools: ToolSettings, untrusted: tuple[Path, ...] = ()) -> Workbench:
        """Return what operations work with; no uv in the folders *untrusted* is started."""
        # Late: what only reads needs none of it.
        from pinfold.core.environments.operations.workbench import Backend, Tools, Workbench

        key = (tools, untrusted)
        if key not in self._benches:
            named = Tools(Backend(tools.installer), tools.uv, untrusted)
            self._benches[key] = Workbench(self._filesystem, state_folder(), named)
        return self._benches[key]

    def kept(self, projects: Sequence[Path]) -> Inventory | None:
        """Return what the last search found, ``None`` if nothing is kept of it."""
        path = self._kept_path(projects)
        try:
            found = self._examiner.within(partial(read_inventory, path, self._examiner.filesystem))
        except Stalled:
            return None
        return None if found is None else Inventory(found)

    def look(self, projects: Sequence[Path]) -> Looking:
        """Begin to search; does not block."""
        search = self._discovery.start(this_machine(_texts(projects)))
        return Looking(search, self._kept_path(projects))

    def examined(
        self,
        inventory: Inventory,
        selection: Selection | None = None,
        uses: Sequence[Selection] = (),
        *,
        thoroughly: bool = False,
    ) -> list[Examined]:
        """Return everything in *inventory*, and the selected one, with what is wrong with each.

        And those that *uses* are of.
        """
        return self._examiner.examined(
            self.with_selected(inventory, selection, uses), thoroughly=thoroughly
        )

    def examined_ones(self, installations: Sequence[Installation]) -> list[Examined]:
        """Return *installations* with what is wrong with each."""
        return self._examiner.examined(installations)

    def with_selected(
        self,
        inventory: Inventory,
        selection: Selection | None,
        uses: Sequence[Selection] = (),
    ) -> list[Installation]:
        """Return the installations and the selected one, which may lie where nobody looked.

        As may those that *uses* are of. With what their interpreters have said of themselves, where
        no file says it.
        """
        installations = [self._informed(found) for found in inventory.installations]
        for one in (*([] if selection is None else [selection]), *uses):
            if one.prefix is not None and not any(map(one.is_of, installations)):
                with contextlib.suppress(Refused):
                    installations.append(self._informed(self.identified(one.prefix)))
        return installations

    def ask_unknown(
        self, inventory: Inventory, may_go_on: Callable[[], bool], cancelled: threading.Event
    ) -> int:
        """Run the interpreters of which no version is known; return how many have told it.

        *may_go_on* is asked before each whether the workspace is trusted still.
        """
        try:
            return ask_unknown(
                inventory.installations, self._prober, may_go_on=may_go_on, cancelled=cancelled
            )
        except Stalled:
            # The others wait for the next listing, which passes over the place that hangs.
            return 0

    def identified(self, path: Path) -> Installation:
        """Return the environment or the interpreter at *path*.

        Raises:
            Refused: there is none, or it does not answer.
        """
        return self._within(path, partial(self._identified, path))

    def is_read_only(self, path: Path) -> bool:
        """Return whether the packages of what is at *path* are not for people to change.

        Those of an interpreter, which others stand on, are not; nor are they where files may not be
        written.

        Raises:
            Refused: there is nothing, or it does not answer.
        """
        found = self.identified(path)
        if found.is_base or found.is_externally_managed:
            return True
        return self._within(path, partial(_is_unwritable, found.prefix))

    def diagnosed_at(self, path: Path) -> Examined:
        """Return what is at *path* with what is wrong with it and everything installed in it.

        Raises:
            Refused: there is nothing, or it does not answer.
        """
        return self._examiner.examined([self.identified(path)], thoroughly=True)[0]

    def activation(self, installation: Installation, shell_name: str | None) -> ActivationText:
        """Return how *installation* is activated.

        Raises:
            Refused: there is no such shell, or none was named and nobody knows which is meant.
        """
        shell = _shell(shell_name)
        prefix, filesystem = installation.prefix, self._examiner.filesystem
        scripts = self._within(prefix, partial(read_activation_scripts, prefix, filesystem))
        return activation(installation, shell, scripts)

    def terminal_activation(self, installation: Installation) -> TerminalActivation:
        """Return how terminals of an editor have *installation* active.

        Raises:
            Refused: it does not answer.
        """
        prefix, filesystem = installation.prefix, self._examiner.filesystem
        (examined,) = self._examiner.examined([installation])
        for ailment in examined.installation.ailments:
            if leads_elsewhere(ailment, installation):
                return TerminalActivation(refusal=f"{ailment.cause}; rebuild it")
        scripts = self._within(prefix, partial(read_activation_scripts, prefix, filesystem))
        return terminal_activation(installation, scripts, os.environ, is_windows=os.name == "nt")

    def choose(self, folder: Path, prefix: Path | None) -> None:
        """Keep what a person has chosen; ``None`` for no environment.

        Raises:
            ChoiceError: it could not be kept.
        """
        choose(folder, prefix)

    def forget(self, folder: Path) -> None:
        """Forget the choice that counts for *folder*, be it one for a folder above.

        Raises:
            ChoiceError: it could not be forgotten.
        """
        for place in deciding_folders(folder, self._home):
            if forget(place):
                return

    def _informed(self, installation: Installation) -> Installation:
        if installation.version is not None or installation.executable is None:
            return installation
        try:
            found = self._examiner.within(partial(informed, installation, self._prober))
        except Stalled:
            return installation
        return found or installation

    def _within(
        self, path: Path, work: Callable[[], Result], silent_since: SilentSince | None = None
    ) -> Result:
        """Return what *work* does with *path*; see :meth:`Examiner.within`.

        Raises:
            Refused: it takes too long, or it raised that itself.
        """
        try:
            found = self._examiner.within(work, silent_since)
        except Stalled as stalled:
            raise Refused(str(stalled)) from stalled
        if found is None:
            raise Refused(f"{path} does not answer")
        return found

    def _folder_of(self, path: Path) -> Path:
        filesystem = self._examiner.filesystem
        if filesystem.is_directory(path):
            return path
        if not filesystem.exists(path):
            raise Refused(f"{path} does not exist")
        return path.parent

    def _asked_of(self, folder: Path, snapshot: Snapshot) -> tuple[EnvironmentQuery, Path]:
        """Return the question for the environment of *folder*, and the project that it is in."""
        query = snapshot.environment_query(folder / "requirements.txt")
        holding = [root for root in snapshot.roots if folder.is_relative_to(root)]
        project = max(holding, key=lambda root: len(root.parts), default=None)
        if project is None:
            repository = snapshot.disk.repository(folder)
            # The home directory is nobody's project, even where it is a repository.
            project = folder if repository in (None, self._home) else repository
        assert project is not None
        return query, project

    def _identified(self, path: Path) -> Installation:
        filesystem = self._examiner.filesystem
        prefix = prefix_of(path, filesystem)
        kind = kind_of(prefix, filesystem)
        if isinstance(kind, NoEnvironment):
            found = identify_unusable(prefix, this_machine(), filesystem)
            if found is None:
                raise Refused(f"{path} {kind.reason}")
        else:
            found = identify_prefix(prefix, this_machine(), filesystem)
        if found is None:
            raise Refused(f"{path} is no Python that can be recognised")
        if found.is_base and path != prefix and found.executable != path:
            # Several interpreters may share a prefix: the one that was named is meant.
            return replace(found, executable=path)
        return found

    def _kept_path(self, projects: Sequence[Path]) -> Path:
        return inventory_path(_texts(projects))


def _is_unwritable(prefix: Path) -> bool:
    # Late: what only reads needs none of it.
    from pinfold.core.environments.changes.holding import HoldingError, check_movable

    try:
        check_movable(Path(os.path.realpath(prefix)))
    except HoldingError:
        return True
    return False


def _texts(projects: Sequence[Path]) -> tuple[str, ...]:
    return tuple(map(str, projects))


def _shell(name: str | None) -> Shell:
    if name is None:
        found = detect_shell(os.environ, is_windows=os.name == "nt")
        if found is None:
            raise Refused("nobody knows which shell is meant: pass `shell`")
        return found
    found = shell_of(name)
    if found is None:
        raise Refused(f"{name:.100} is no shell that Pinfold knows")
    return found
