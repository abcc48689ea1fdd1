"""``--save``: what was installed is written into a requirements file, what was removed taken out.

Owns which requirement is written. Where in the file is
:mod:`pinfold.features.saving_requirements`'s to say.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal
from pinfold.cli.env_shape import short_path
from pinfold.cli.terminal import complain
from pinfold.cli.writing import bytes_as_read, replace_file
from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.files import Unreadable
from pinfold.core.formats.encoding import Unencodable, encode_requirements
from pinfold.features.fixing import edited_text
from pinfold.features.saving_requirements import (
    NotSaved,
    save_files,
    saved_text,
    to_remove,
    to_save,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from pinfold.cli.env_scene import Scene
    from pinfold.core.environments.operations.runner import Outcome
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.features.saving_requirements import SaveFile, Saving


def save_installed(options: Namespace, scene: Scene, outcome: Outcome) -> bool:
    """Write what was named on the command line into the file of ``--save``."""
    if options.save is None:
        return True
    assert outcome.plan is not None
    installed = _installed(outcome.plan.prefix, scene)
    texts = [
        *(saved_text(text, installed) for text in options.requirements),
        *(f"-e {text}" for text in options.editable),
    ]
    for text in texts:
        # Read anew for each: the one before has changed it.
        files = _files(options.save, scene, is_made=True)
        if isinstance(files, Refusal):
            complain(files.message)
            return False
        markers = None if installed is None else installed.environment.markers
        saving = to_save(files, text, markers=markers)
        if isinstance(saving, NotSaved):
            complain(f"it is installed, but not written into {options.save}: {saving.message}")
            return False
        if not _write(saving, scene):
            return False
    return True


def save_uninstalled(options: Namespace, scene: Scene, outcome: Outcome) -> bool:
    """Take what was named on the command line out of the file of ``--save``."""
    if options.save is None:
        return True
    assert outcome.plan is not None
    for change in outcome.plan.removes:
        files = _files(options.save, scene, is_made=False)
        if isinstance(files, Refusal):
            complain(files.message)
            return False
        for saving in to_remove(files, change.key):
            if not _write(saving, scene):
                return False
    return True


def _files(text: str, scene: Scene, *, is_made: bool) -> tuple[SaveFile, ...] | Refusal:
    path = scene.absolute(text)
    if isinstance(path, Refusal):
        return path
    if is_made and not os.path.lexists(path):
        try:
            path.touch(exist_ok=False)
        except OSError as error:
            return Refusal(f"{text}: {(error.strerror or str(error)).lower()}")
    scene.forget_files()
    view = scene.snapshot.view(path)
    if isinstance(view, Unreadable):
        return Refusal(f"{text}: {view.detail}")
    return save_files(view)


def _write(saving: Saving, scene: Scene) -> bool:
    if not saving.edits:
        return True
    shown = short_path(saving.path, scene)
    file = scene.snapshot.disk.read(saving.path)
    if isinstance(file, Unreadable):
        complain(f"{shown}: {file.detail}")
        return False
    text = edited_text(file.document.text, saving.edits)
    data = encode_requirements(file.decoded, text)
    if isinstance(data, Unencodable):
        complain(f"{shown} is left as it is: {data.reason}")
        return False
    before = bytes_as_read(saving.path, file.decoded, scene.filesystem)
    if before is None:
        complain(f"{shown}: changed on disk since it was read, and is left as it is")
        return False
    problem = replace_file(saving.path, before, data)
    if problem is not None:
        complain(f"{shown}: {problem}")
        return False
    return True


def _installed(prefix: Path, scene: Scene) -> InstalledPackages | None:
    environment = read_environment(prefix, scene.filesystem)
    if isinstance(environment, NoEnvironment):
        return None
    return PackagesReader(scene.filesystem).packages(environment)
