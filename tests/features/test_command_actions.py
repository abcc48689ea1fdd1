"""Which commands are offered about findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.formats.document import Document
from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix
from pinfold.core.model.text import TextRange
from pinfold.features.command_actions import CommandAction, command_actions
from tests.features.test_environments import ROOT, found

NONE = EnvironmentAnswer(EnvironmentState.NONE, "there is none")
UNREADABLE = EnvironmentAnswer(
    EnvironmentState.UNUSABLE, "it is broken", unreadable=Path("/project/env")
)
FOLDER = {"folder": Path("/project")}
FIX = Fix("Pin", (Edit(TextRange(0, 1), "x"),), Applicability.UNSAFE)


def offered(
    rules: str | tuple[str, ...],
    text: str = "flask==1.0\n",
    answer: EnvironmentAnswer | None = None,
    path: str = "/project/requirements.txt",
    *,
    role: FileRole = FileRole.REQUIREMENTS,
    fixes: tuple[Fix, ...] = (),
) -> tuple[CommandAction, ...]:
    """Return what is offered about findings of these rules on the first line."""
    names = (rules,) if isinstance(rules, str) else rules
    findings = [Finding(TextRange(0, 5), "m", fixes, rule=name) for name in names]
    span = TextRange(0, len(text))
    return command_actions(Document.read(text), Path(path), role, findings, span, answer, (ROOT,))


def titles(actions: tuple[CommandAction, ...]) -> list[str]:
    """Return the titles of what is offered."""
    return [action.title for action in actions]


@pytest.mark.parametrize(
    ("rule", "what"), [("not-installed", "is missing from"), ("wrong-version", "is asked for in")]
)
def test_installing(rule: str, what: str) -> None:
    """What is missing or wrong can be installed: by the file, or the one requirement."""
    by_file, one = offered(rule, 'flask[async] ==1.0 ; python_version > "3"  # why\n')

    assert f"Install what {what} requirements.txt" == by_file.title
    assert (
        "pinfold.installRequirements",
        {**FOLDER, "files": (Path("/project/requirements.txt"),)},
    ) == (
        by_file.command,
        by_file.arguments,
    )
    assert "pinfold.installPackages" == one.command
    assert {**FOLDER, "packages": ('flask[async] ==1.0 ; python_version > "3"',)} == one.arguments


@pytest.mark.parametrize(
    "text",
    [
        "./local\n",
        "flask @ https://me:secret@host.example/flask.zip\n",
        "flask==1.0 --hash=sha256:aa\n",
        "${NAME}==1\n",
        "-e ./local\n",
    ],
)
def test_what_is_more_than_a_requirement(text: str) -> None:
    """A line whose meaning hangs on its file, or with a secret in it, is installed by the file."""
    assert ["Install what is missing from requirements.txt"] == titles(
        offered("not-installed", text)
    )


def test_folder_of_a_file_in_a_folder_of_its_own() -> None:
    """A file in `requirements/` is about the folder above."""
    (action, _) = offered("not-installed", path="/project/requirements/dev.txt")

    assert Path("/project") == action.arguments["folder"]
    assert "Install what is missing from dev.txt" == action.title


@pytest.mark.parametrize(
    ("answer", "prefix"), [(found(), "/project/.venv"), (UNREADABLE, "/project/env")]
)
@pytest.mark.parametrize("rule", ["broken-environment", "damaged-environment"])
def test_broken_environments(rule: str, answer: EnvironmentAnswer, prefix: str) -> None:
    """A broken environment can be rebuilt, looked at, or left for another."""
    name = Path(prefix).name
    rebuild, look, select = offered(rule, answer=answer)

    assert [f"Rebuild {name}", f"Say what is wrong with {name}", "Select environment…"] == [
        rebuild.title,
        look.title,
        select.title,
    ]
    assert {**FOLDER, "environment": Path(prefix)} == rebuild.arguments == look.arguments


def test_no_environment() -> None:
    """Where there is none, one can be made or chosen."""
    create, select = offered("no-environment", answer=NONE)

    assert ["pinfold.createEnvironment", "pinfold.selectEnvironment"] == [
        create.command,
        select.command,
    ]
    assert FOLDER == create.arguments == select.arguments


def test_wrong_python() -> None:
    """Another environment is chosen, or this one is made anew with another Python."""
    select, create = offered("wrong-python", answer=found())

    assert "pinfold.selectEnvironment" == select.command
    assert "pinfold.createEnvironment" == create.command
    assert {**FOLDER, "path": Path("/project/.venv"), "over": True} == create.arguments


@pytest.mark.parametrize("prefix", ["/opt/pythons/3.13.0", "/usr"])
def test_wrong_python_of_others(prefix: str) -> None:
    """An interpreter, or what is not of the workspace, is not made anew: a new one is made."""
    select, create = offered("wrong-python", answer=found(prefix))

    assert ("pinfold.selectEnvironment", FOLDER) == (select.command, select.arguments)
    assert ("pinfold.createEnvironment", FOLDER) == (create.command, create.arguments)


def test_constraints() -> None:
    """A file of constraints asks for nothing; only the one that is another version is installed."""
    path = "/project/constraints.txt"
    found = offered("wrong-version", path=path, role=FileRole.CONSTRAINTS)

    assert ["Install flask==1.0"] == titles(found)


def test_pinning() -> None:
    """All can be pinned where one can."""
    (pin,) = offered("unpinned", "flask\n", fixes=(FIX,))

    assert ("pinfold.pinAll", {**FOLDER, "file": Path("/project/requirements.txt")}) == (
        pin.command,
        pin.arguments,
    )
    assert () == offered("unpinned", "flask\n")


def test_the_same_is_offered_once() -> None:
    """Two findings that a command helps with offer it once; others offer nothing."""
    assert ["Install what is missing from requirements.txt", "Install flask==1.0"] == titles(
        offered(("not-installed", "not-installed", "invalid-hash"))
    )
