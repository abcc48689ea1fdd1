"""Who else looks after a project or an interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.planning.managers import (
    ManagedProject,
    Manager,
    read_keeper_message,
    read_managed_project,
    refusal_of_interpreter,
    refusal_of_project,
)
from pinfold.core.environments.planning.refusal import RefusalReason
from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.plan import Verb
from pinfold.core.model.wording import at_command_line

STOP = Path("/project")


@pytest.mark.parametrize(
    ("files", "manager"),
    [
        (["/project/sub/uv.lock", "/project/sub/pyproject.toml"], Manager.UV),
        (
            ["/project/uv.lock", "/project/pyproject.toml", "/project/sub/pyproject.toml"],
            Manager.UV,
        ),
        (["/project/sub/poetry.lock", "/project/sub/pyproject.toml"], Manager.POETRY),
        (["/project/pdm.lock", "/project/pyproject.toml"], Manager.PDM),
        (["/project/sub/uv.lock"], None),
        (["/project/sub/pyproject.toml"], None),
        (["/uv.lock", "/pyproject.toml"], None),
        ([], None),
    ],
)
def test_recognised(files: list[str], manager: Manager | None) -> None:
    """A lock file beside a pyproject.toml shows it, in the folder or above, not too far above."""
    filesystem = MemoryFileSystem(dict.fromkeys(files, ""))
    filesystem.make_directory("/project/sub")
    found = read_managed_project(Path("/project/sub"), STOP, filesystem)

    assert manager is (None if found is None else found.manager)


@pytest.mark.parametrize(
    ("manager", "verb", "named", "command"),
    [
        (Manager.UV, Verb.INSTALL, {"names": ["flask>1"]}, "uv add flask>1"),
        (Manager.UV, Verb.INSTALL, {"files": ["r.txt"]}, "uv add -r r.txt"),
        (Manager.UV, Verb.INSTALL, {"editables": ["./x"]}, "uv add --editable ./x"),
        (Manager.UV, Verb.INSTALL, {"names": ["a"], "editables": ["./x"]}, None),
        (Manager.UV, Verb.INSTALL, {}, "uv sync"),
        (Manager.UV, Verb.UNINSTALL, {"names": ["a", "b"]}, "uv remove a b"),
        (Manager.UV, Verb.UPGRADE, {}, "uv sync --upgrade"),
        (Manager.UV, Verb.UPGRADE, {"names": ["a"]}, "uv sync --upgrade-package a"),
        (Manager.UV, Verb.SYNC, {}, "uv sync"),
        (Manager.UV, Verb.CREATE, {}, "uv sync"),
        (Manager.UV, Verb.REBUILD, {}, "uv sync --reinstall"),
        (Manager.POETRY, Verb.INSTALL, {"names": ["a"]}, "poetry add a"),
        (Manager.POETRY, Verb.INSTALL, {"editables": ["./x"]}, "poetry add --editable ./x"),
        (Manager.POETRY, Verb.INSTALL, {"files": ["r.txt"]}, None),
        (Manager.POETRY, Verb.UNINSTALL, {"names": ["a"]}, "poetry remove a"),
        (Manager.POETRY, Verb.UPGRADE, {}, "poetry update"),
        (Manager.POETRY, Verb.SYNC, {}, "poetry sync"),
        (Manager.POETRY, Verb.CREATE, {}, "poetry install"),
        (Manager.PDM, Verb.INSTALL, {"names": ["a"], "editables": ["./x"]}, "pdm add a -e ./x"),
        (Manager.PDM, Verb.INSTALL, {"files": ["r.txt"]}, None),
        (Manager.PDM, Verb.UNINSTALL, {"names": ["a"]}, "pdm remove a"),
        (Manager.PDM, Verb.UPGRADE, {"names": ["a"]}, "pdm update a"),
        (Manager.PDM, Verb.SYNC, {}, "pdm sync --clean"),
        (Manager.PDM, Verb.REBUILD, {}, "pdm install"),
    ],
)
def test_offered(
    manager: Manager, verb: Verb, named: dict[str, list[str]], command: str | None
) -> None:
    """The manager's own command is offered, or it is said that there is none."""
    project = ManagedProject(manager, STOP, STOP / f"{manager.value}.lock")
    refusal = refusal_of_project(project, verb, **named)

    assert refusal is not None
    assert RefusalReason.MANAGED_PROJECT is refusal.reason
    assert command == (None if refusal.command is None else " ".join(refusal.command))
    assert f"{manager.value}.lock says that" in refusal.message
    assert (command or "has no command for this") in at_command_line(refusal.action or "")


@pytest.mark.parametrize("verb", [Verb.REMOVE, Verb.UNDO])
def test_not_minded(verb: Verb) -> None:
    """What a manager makes anew may be removed."""
    assert refusal_of_project(ManagedProject(Manager.UV, STOP, STOP / "uv.lock"), verb) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[externally-managed]\nError=Use\n apt.\n\n Or %s not.\n", "Use apt"),
        ("[externally-managed]\n", None),
        ("[other]\nError=x\n", None),
        ("Error", None),
        (b"\xff\xfe", None),
        ("[externally-managed]\nError=\n", None),
        (None, None),
    ],
)
def test_keeper_message(content: str | bytes | None, told: str | None) -> None:
    """The first paragraph of what the keeper says is told, whatever else the file holds."""
    files: dict[str, bytes | str] = {}
    if content is not None:
        files["/usr/lib/python3.12/EXTERNALLY-MANAGED"] = content

    assert told == read_keeper_message(Path("/usr/lib/python3.12"), MemoryFileSystem(files))


def test_interpreter() -> None:
    """An interpreter that the system looks after is refused, with the way out."""
    refusal = refusal_of_interpreter(is_externally_managed=True, told="use apt")

    assert refusal is not None
    assert RefusalReason.EXTERNALLY_MANAGED is refusal.reason
    assert refusal.message.endswith("not by pip: use apt")
    assert ("pinfold", "env", "create") == refusal.command
    assert refusal_of_interpreter(is_externally_managed=False, told=None) is None
