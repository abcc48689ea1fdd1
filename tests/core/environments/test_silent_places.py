"""A tool whose folder is on a dead mount of FUSE, with every other tool's things beside it."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.discovery import LOCATORS, Discovery, Inventory
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem
from tests.core.environments.conformance import HOME, Example, venv
from tests.core.environments.examples import EXAMPLES
from tests.core.environments.hung_mount import hung_mount, why_not

if TYPE_CHECKING:
    from pinfold.core.model.installation import Installation

_DEADLINE_S = 0.5
_SOON_S = 10.0
"""By when all others have to be there, on a machine that has more to do."""


def _is_at_home(example: Example) -> bool:
    around = example.surroundings
    return around.platform == "linux" and around.home == HOME and not around.variables


AT_HOME = [example for example in EXAMPLES if _is_at_home(example)]
KEPT = {example.kept for example in AT_HOME if example.kept is not None}
FOLDERS = sorted(
    name for name in KEPT if name.startswith(f"{HOME}/") and not name.startswith(f"{HOME}/code/")
)
"""Where tools keep things; what hangs in a workspace is another matter."""


_SHARED = {f"{HOME}/{name}": {"pipenv", "venv"} for name in (".virtualenvs", ".venvs")}
LOOK_THERE = {
    name: {example.locator.name for example in AT_HOME if example.kept == name}
    | _SHARED.get(name, set())
    for name in FOLDERS
}
"""Who looks into a folder."""


def at_home(folder: Path) -> Surroundings:
    """Write what every example has in its home directory into *folder*; return who lives there."""
    files: dict[str, bytes | str] = {}
    for example in AT_HOME:
        files |= example.files
    files |= venv(f"{HOME}/code/one/.venv") | venv(f"{HOME}/code/two/.tox/py312")
    for name, content in files.items():
        # Settings of one example would move the folder of another.
        if not name.startswith(f"{HOME}/") or name.endswith("/config.toml"):
            continue
        path = Path(name.replace(HOME, str(folder), 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
            path.chmod(0o755)
        elif content.startswith("->"):
            path.symlink_to(content[2:].replace(HOME, str(folder)))
        else:
            path.write_text(content.replace(HOME, str(folder)))
    return Surroundings(str(folder), projects=(str(folder / "code"),))


def test_there_are_folders_to_be_silent() -> None:
    """Each tool that keeps things in the home directory has one."""
    assert len(FOLDERS) >= 8


@pytest.mark.slow
@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.parametrize("name", FOLDERS)
def test_only_what_it_keeps_is_missing(name: str, tmp_path: Path) -> None:
    """The others are as they were, in time, and who is not seen is said, with the folder."""
    around = at_home(tmp_path / "home")
    folder = Path(name.replace(HOME, str(tmp_path / "home"), 1))
    whole = found(around)
    with hung_mount(folder, takes_requests=True):
        began = monotonic()
        without = found(around)
        took_s = monotonic() - began
    silent = {silence.locator for silence in without.silent}
    kinds = {kind for one in LOCATORS if one.name in silent for kind in one.kinds}
    missing = [one for one in whole.installations if one not in without.installations]

    assert whole.is_complete
    assert any(is_in(folder, one) for one in missing)
    assert {one.kind for one in missing} <= kinds
    assert not [one for one in missing if is_in(tmp_path / "home/code", one)]
    assert set(without.installations) < set(whole.installations)
    assert silent <= LOOK_THERE[name]
    assert not without.is_complete
    assert took_s < _SOON_S
    assert all(str(folder) in silence.reason for silence in without.silent)


def found(around: Surroundings) -> Inventory:
    """Return what a discovery that begins anew finds."""
    return Discovery(LocalFileSystem(), deadline_s=_DEADLINE_S).find(around, timeout_s=60.0)


def is_in(folder: Path, installation: Installation) -> bool:
    """Return whether an installation is in a folder."""
    return os.fspath(installation.prefix).startswith(f"{folder}/")
