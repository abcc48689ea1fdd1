"""What the verbs of `pinfold env` look at: the installations of this machine, and which is meant.

Owns how a person's words name an environment. How things are found and judged is
:mod:`pinfold.core.environments`; how they are shown is for other modules.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.environments import home_directory
from pinfold.cli.targets import absolute, shown_path
from pinfold.cli.terminal import Progress, complain, counted
from pinfold.core.environments.activated import activated_environments
from pinfold.core.environments.choices import choices_folder
from pinfold.core.environments.discovery import (
    Discovery,
    Inventory,
    identify_prefix,
    identify_unusable,
)
from pinfold.core.environments.examination import DEADLINE_S, Examiner
from pinfold.core.environments.inventory_file import inventory_path, write_inventory
from pinfold.core.environments.layout import NoEnvironment, kind_of, prefix_of
from pinfold.core.environments.places import state_folder, this_machine
from pinfold.core.environments.reader import EnvironmentReader
from pinfold.core.environments.stalls import Stalled
from pinfold.core.files import LocalFileSystem, is_local_path, locale_encoding
from pinfold.core.model.environment import EnvironmentState, SelectionPlace
from pinfold.core.model.facts import Facts
from pinfold.core.workspace.snapshot import DiskFiles, Snapshot
from pinfold.features.environments import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pinfold.core.environments.examination import Examined
    from pinfold.core.files import FileSystem
    from pinfold.core.model.installation import Installation

SEARCH_TIMEOUT_S = 30.0
"""How long a search may take at most; its parts have deadlines of their own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what was named is not what is needed, and maybe what to do, as clauses for people."""

    message: str
    action: str | None = None

    @property
    def text(self) -> str:
        """Both, in a line."""
        return self.message if self.action is None else f"{self.message}; {self.action}"


class Scene:
    """This machine as a run sees it, from the working directory."""

    def __init__(self) -> None:
        self.working_directory = Path.cwd()
        self.home = home_directory()
        self.filesystem: FileSystem = LocalFileSystem()
        self._examiner = Examiner(
            self.filesystem, home=self.home, variables=os.environ, deadline_s=DEADLINE_S
        )
        # Those who hang are remembered here, so that what lies below is not tried again.
        self._watched = self._examiner.filesystem
        self._reader = EnvironmentReader(
            self.filesystem,
            home=self.home,
            activated=activated_environments(os.environ),
            surroundings=this_machine(),
            choices=choices_folder(),
        )
        self._snapshot = Snapshot(
            documents={},
            disk=DiskFiles(self.filesystem, locale_encoding()),
            roots=(),
            working_directory=self.working_directory,
            facts=Facts(),
            revision=0,
            searches_above_roots=True,
        )

    @property
    def own_project(self) -> Path:
        """The project of a person who works in the working directory."""
        return self.project(self.working_directory)

    @property
    def snapshot(self) -> Snapshot:
        """What is read of files and settings."""
        return self._snapshot

    def forget_files(self) -> None:
        """Read every file anew from now on."""
        disk = DiskFiles(self.filesystem, locale_encoding())
        self._snapshot = replace(self._snapshot, disk=disk)

    def absolute(self, text: str) -> Path | Refusal:
        """Return what a person's *text* names, as an absolute path."""
        if not text or "\0" in text:
            return Refusal("an empty path names nothing" if not text else "no path holds a NUL")
        if not is_local_path(text):
            return Refusal(f"{text}: is no path on this machine")
        return absolute(os.path.expanduser(text), self.working_directory)  # noqa: PTH111

    def is_home(self, folder: Path) -> bool:
        """Return whether *folder* is the home directory, by whichever name."""
        home = self.home
        if home is None or folder == home:
            return folder == home
        return bool(self._answered(partial(_is_same_folder, folder, home)))

    def place(self, text: str) -> Path | Refusal:
        """Return what a person's *text* names, where something stands there."""
        path = self.absolute(text)
        if isinstance(path, Refusal):
            return path
        stands = self._answered(partial(self._watched.exists, path))
        if stands is None:
            return Refusal(f"{text}: does not answer")
        return path if stands else Refusal(f"{text}: does not exist")

    def folder(self, text: str) -> Path | Refusal:
        """Return what a person's *text* names, where that is a folder."""
        path = self.place(text)
        if isinstance(path, Refusal) or self._is_directory(path):
            return path
        return Refusal(f"{text}: is no folder")

    def selection(self, path: Path) -> Selection:
        """Return the environment of the file at *path*, or of files in the folder that it is."""
        file = path / "requirements.txt" if self._is_directory(path) else path
        # The settings lie beside the file, and may be as silent.
        query = self._examiner.within(partial(self._snapshot.environment_query, file))
        if query is None:
            return Selection(file.parent, self._reader.unresponsive(None))
        explain = partial(self._reader.explain, query)
        answer = self._examiner.within(explain, self._reader.silent_since)
        return Selection(query.folder, answer or self._reader.unresponsive(None))

    def project(self, folder: Path) -> Path:
        """Return the folder whose environments are those of a person who works in *folder*."""
        repository = self._snapshot.disk.repository(folder)
        # As for files: the home directory is nobody's project, even where it is a repository.
        return folder if repository is None or repository == self.home else repository

    def tell_of_unreadable_project(self) -> None:
        """Say on standard error that what the project's ``pyproject.toml`` asks for cannot be read.

        Only that for the working directory: whatever a verb does, it does for that.
        """
        from pinfold.core.environments.unreadable_project import unreadable_project

        folder = self.working_directory
        look = partial(unreadable_project, folder, self.own_project, self._watched)
        try:
            found = self._examiner.within(look)
        except Stalled:
            return
        if found is not None:
            shown = shown_path(found.path, folder)
            complain(f"{found.told(shown)}; nothing that it says is heeded")

    def way_back(self, selection: Selection) -> str | None:
        """Return what brings back the environment that *selection* has not found, if anything."""
        answer, folder = selection.answer, selection.folder
        if answer.state is EnvironmentState.UNUSABLE:
            chosen = next((step for step in answer.steps if step.is_taken), None)
            if chosen is None or chosen.place is not SelectionPlace.CHOICE or chosen.path is None:
                return None
            from pinfold.cli.ways_back import way_back_from_choice

            return way_back_from_choice(chosen.path, folder, self.working_directory)
        if answer.state is not EnvironmentState.NONE or answer.is_meant:
            return None
        from pinfold.cli.ways_back import way_back

        return way_back(folder, self.project(folder), self.working_directory)

    def search(self, project: Path) -> Inventory:
        """Return everything there is on this machine, and keep it for whoever asks next."""
        around = this_machine((str(project),))
        kept = inventory_path(around.projects)
        progress = Progress(sys.stderr)
        found = 0

        def on_found(_: Installation) -> None:
            nonlocal found
            found += 1
            progress.show(f"{counted(found, 'Python')} found, looking for more")

        search = Discovery(self.filesystem).start(around, on_found=on_found, kept=kept)
        try:
            inventory = search.wait(SEARCH_TIMEOUT_S)
        finally:
            search.cancel()
            progress.hide()
        write_inventory(kept, inventory.installations)
        return replace(inventory, installations=self._informed(inventory.installations))

    def _informed(self, installations: Sequence[Installation]) -> tuple[Installation, ...]:
        """Return *installations* with what their interpreters have said to an editor's server."""
        if all(installation.version is not None for installation in installations):
            return tuple(installations)
        # Late: its module can run interpreters, which this never does.
        from pinfold.core.environments.probe import LocalStateFolder, Prober
        from pinfold.core.environments.probe_answers import informed

        kept = LocalStateFolder(state_folder() / "probes")
        prober = Prober(self._watched, os.environ, kept)
        return tuple(informed(installation, prober) for installation in installations)

    def identified(self, path: Path) -> Installation | Refusal:
        """Return the environment or interpreter at *path*, which may be that of an interpreter."""
        found = self._examiner.within(partial(self._identified, path))
        return Refusal(f"{path} does not answer") if found is None else found

    def prefix(self, path: Path) -> Path:
        """Return the prefix of the interpreter at *path*; else *path*, whatever stands there."""
        try:
            return self._examiner.within(partial(prefix_of, path, self._watched)) or path
        except Stalled:
            return path

    def examined(
        self, installations: Sequence[Installation], *, thoroughly: bool = False
    ) -> list[Examined]:
        """Return *installations* with what is wrong with each.

        *thoroughly*: with all their packages, read one by one, instead of only their number.
        """
        progress = Progress(sys.stderr)
        done = 0

        def on_begin(_: Installation) -> None:
            nonlocal done
            done += 1
            progress.show(f"{done:,} of {len(installations):,} environments examined")

        try:
            return self._examiner.examined(installations, thoroughly=thoroughly, on_begin=on_begin)
        finally:
            progress.hide()

    def _is_directory(self, path: Path) -> bool:
        return bool(self._answered(partial(self._watched.is_directory, path)))

    def _answered(self, look: Callable[[], bool]) -> bool | None:
        """Return what *look* sees, ``None`` where the file system does not answer."""
        try:
            return self._examiner.within(look)
        except Stalled:
            return None

    def _identified(self, path: Path) -> Installation | Refusal:
        try:
            prefix = prefix_of(path, self._watched)
            kind = kind_of(prefix, self._watched)
            around = this_machine((str(self.own_project),))
            if isinstance(kind, NoEnvironment):
                found = identify_unusable(prefix, around, self._watched)
                if found is None:
                    # What the person named, since it is that which he knows.
                    return Refusal(f"{path} {kind.reason}")
            else:
                found = identify_prefix(prefix, around, self._watched)
        except Stalled as stalled:
            return Refusal(f"{stalled.path} does not answer")
        if found is None:
            return Refusal(f"{path} is no Python that can be recognised")
        if found.is_base and path != prefix:
            # Several interpreters may share a prefix: the one that was named is meant.
            inventory = Discovery(self.filesystem).find(around, timeout_s=DEADLINE_S)
            real = Path(os.path.realpath(path))
            same = [
                other
                for other in inventory.installations
                if other.is_base and path in (other.executable, other.real_executable)
            ] or [other for other in inventory.installations if other.real_executable == real]
            found = same[0] if same else found
        return found


def _is_same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def why_none(selection: Selection, shown: str, scene: Scene) -> Refusal:
    """Return why there is no environment for *shown*, and what to do."""
    answer = selection.answer
    if answer.state is EnvironmentState.NONE:
        back = scene.way_back(selection)
        if back is not None:
            return Refusal(
                f"no environment for {shown}: {answer.reason}",
                f"{back}; `pinfold env create` makes a new one",
            )
        return Refusal(
            f"no environment for {shown}: {answer.reason}",
            "make one with `pinfold env create`, name one, or see `pinfold env list`",
        )
    return Refusal(
        f"no environment for {shown} that can be used: {answer.reason}", scene.way_back(selection)
    )


@dataclass(frozen=True, slots=True)
class Meant:
    """The installation that a person meant; `selection` if it was found for a file or folder."""

    installation: Installation
    selection: Selection | None = None


def meant(text: str | None, scene: Scene) -> Meant | Refusal:
    """Return the environment that *text* names, or else that of the file or folder it names."""
    path = scene.place("." if text is None else text)
    if isinstance(path, Refusal):
        return path
    if text is not None:
        named = scene.identified(path)
        if not isinstance(named, Refusal):
            return Meant(named)
    selection = scene.selection(path)
    if selection.prefix is None:
        return why_none(selection, text or "the current folder", scene)
    found = scene.identified(selection.prefix)
    return found if isinstance(found, Refusal) else Meant(found, selection)


def named_environment(text: str, scene: Scene) -> Installation | Refusal:
    """Return the environment that *text* names, by its folder or an interpreter in it."""
    path = scene.absolute(text)
    if isinstance(path, Refusal):
        return path
    found = scene.identified(path)
    if isinstance(found, Refusal) and found.action is None:
        from pinfold.cli.ways_back import way_back_to

        return Refusal(found.message, way_back_to(path, scene.working_directory))
    return found
