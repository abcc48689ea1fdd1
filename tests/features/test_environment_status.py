"""What a status bar shows of an environment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from pinfold.core.model.environment import (
    EnvironmentAnswer,
    EnvironmentState,
    PythonContradiction,
)
from pinfold.core.model.installation import Ailment, HealthProblem
from pinfold.features.environment_status import (
    EnvironmentStatus,
    OtherSelection,
    StatusSeverity,
    environment_status,
    status_markdown,
)
from pinfold.features.environments import Selection
from pinfold.features.unmet import NONE, Unmet
from tests.features.test_environments import ROOT, found

BROKEN = Ailment(HealthProblem.BASE_GONE, "its base is gone", "make it anew")
MISSING = Unmet(frozenset({"flask", "rich"}))
WRONG = Unmet(frozenset(), frozenset({"flask"}))


def status(answer: EnvironmentAnswer, unmet: Unmet = NONE) -> EnvironmentStatus:
    """Return the status for the files in a folder of the workspace."""
    return environment_status(Selection(ROOT / "shop", answer), ROOT, unmet)


def markdown(
    answer: EnvironmentAnswer,
    unmet: Unmet = NONE,
    other: OtherSelection | None = None,
    *,
    has_links: bool = False,
) -> str:
    """Return the tooltip in Markdown."""
    return status_markdown(status(answer, unmet), unmet, str, other=other, has_links=has_links)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("/project/.venv", "Python 3.12.1 (.venv)"),
        ("/project/shop/.venv", "Python 3.12.1 (shop/.venv)"),
        ("/elsewhere/shared", "Python 3.12.1 (shared)"),
        ("/elsewhere/lib/.venv", "Python 3.12.1 (lib/.venv)"),
        (
            "/project/services/of-the-whole-house/accounting/.venv",
            "Python 3.12.1 (…/accounting/.venv)",
        ),
        (f"/project/{'x' * 40}", f"Python 3.12.1 ({'x' * 29}…)"),
    ],
)
def test_name_in_a_status_bar(prefix: str, expected: str) -> None:
    """An environment goes by its path in the workspace, or else by its name; both kept short."""
    assert expected == status(found(prefix)).text


@pytest.mark.parametrize(
    ("answer", "unmet", "expected"),
    [
        (found(), NONE, StatusSeverity.OK),
        (found(), MISSING, StatusSeverity.WARNING),
        (found(), WRONG, StatusSeverity.WARNING),
        (found(ailments=(BROKEN,)), WRONG, StatusSeverity.ERROR),
        (
            found(contradictions=(PythonContradiction(ROOT / "x", 0, "wants 3.9"),)),
            NONE,
            StatusSeverity.WARNING,
        ),
        (EnvironmentAnswer(EnvironmentState.NONE, "none"), NONE, StatusSeverity.INFO),
        (EnvironmentAnswer(EnvironmentState.NONE, "x", is_meant=True), NONE, StatusSeverity.OK),
        (EnvironmentAnswer(EnvironmentState.UNUSABLE, "x"), NONE, StatusSeverity.ERROR),
        (EnvironmentAnswer(EnvironmentState.UNRESPONSIVE, "x"), NONE, StatusSeverity.WARNING),
    ],
)
def test_severity_of_a_status(
    answer: EnvironmentAnswer, unmet: Unmet, expected: StatusSeverity
) -> None:
    """A status bar is as alarming as the worst that there is to say."""
    assert expected is status(answer, unmet).severity


def test_amounts_in_a_status() -> None:
    """What is missing or wrong is counted, in the bar, for a screen reader, in the tooltip."""
    shown = status(found(), Unmet(frozenset({"rich"}), frozenset({"flask", "click"})))

    assert (1, 2) == (shown.missing, shown.wrong)
    assert "Python 3.12.1 (.venv), 1 missing, 2 wrong versions" == shown.text
    assert "Python environment .venv, Python 3.12.1, 1 missing, 2 wrong versions" == shown.label
    assert "/project/.venv\nit is near\n1 missing, 2 wrong versions" == shown.tooltip


def test_a_package_is_counted_once() -> None:
    """What several files ask for in vain is missing once, and is then not wrong as well."""
    files = [MISSING, WRONG, Unmet(frozenset({"rich"}), frozenset({"click"}))]

    assert Unmet(frozenset({"flask", "rich"}), frozenset({"click"})) == Unmet.of_all(files)


def test_status_says_what_is_broken() -> None:
    """An error in a status bar comes with its causes; what works all the same is no cause."""
    left = Ailment(HealthProblem.HALF_INSTALLED, "~x is left", None, is_severe=False)
    whole, broken = status(found(ailments=(left,))), status(found(ailments=(BROKEN, left)))

    assert "/project/.venv\nit is near" == whole.tooltip
    assert "/project/.venv\nit is near\nits base is gone" == broken.tooltip
    assert "Python 3.12.1 (.venv), broken" == broken.text


def test_markdown_names_and_counts() -> None:
    """The tooltip has the path, the reason, packages by their names, and what is broken."""
    answer = found(ailments=(BROKEN,))
    names = frozenset(f"p{number:02}" for number in range(12))

    assert [
        "**Python 3\\.12\\.1**",
        "`/project/.venv`",
        "0 packages installed",
        "it is near",
        f"Missing: {', '.join(f'`p{number:02}`' for number in range(10))} and 2 more",
        "Broken: its base is gone\\; make it anew",
    ] == markdown(answer, Unmet(names)).split("\n\n")


def test_foreign_text_is_no_markdown() -> None:
    """A path or a reason becomes neither a link nor anything else."""
    answer = found("/project/`[x](command:y)/.venv", rejected=())
    shown = markdown(replace(answer, reason="[x](command:y)"), Unmet(frozenset({"a`b"})))

    assert "``/project/`[x](command:y)/.venv``" in shown
    assert "\n\n\\[x\\]\\(command\\:y\\)\n\n" in shown
    assert "Missing: ``a`b``" in shown


def test_links_run_commands() -> None:
    """A client that shows links gets those that help here, with the folder they are about."""
    answer = found(ailments=(BROKEN,))
    plain = markdown(answer, MISSING)
    lines = markdown(answer, MISSING, has_links=True).split("\n\n")
    links = [part.strip("[)").split("](command:") for part in lines[-1].split(" · ")]
    arguments = {title: json.loads(unquote(link.partition("?")[2])) for title, link in links}

    assert "command:" not in plain
    assert [title for title, _ in links] == ["Rebuild", "Install", "Select", "Explain", "Diagnose"]
    assert [{"folder": "/project/shop", "environment": "/project/.venv"}] == arguments["Rebuild"]
    assert [{"folder": "/project/shop"}] == arguments["Install"]
    assert ["pinfold.installRequirements"] == [
        link.partition("?")[0] for title, link in links if title == "Install"
    ]


def test_what_another_program_has_selected() -> None:
    """It is told where it is another one than ours, with a way to take it."""
    same = OtherSelection("Python", Path("/project/.venv"))
    other = OtherSelection("Python", Path("/project/env"))
    shown = markdown(found(), other=other, has_links=True)

    assert "Python has selected another one: `/project/env`" in shown
    assert "[Use that one](command:pinfold.selectEnvironment?" in shown
    assert "another" not in markdown(found(), other=same, has_links=True)


def test_interpreter_that_another_program_has_selected() -> None:
    """An environment by its interpreter is that environment."""
    answer = found(executable=Path("/project/.venv/bin/python"))
    same = OtherSelection("Python", Path("/project/.venv/bin/python"))
    by_version = OtherSelection("Python", Path("/project/.venv/bin/python3.12"))
    other = OtherSelection("Python", Path("/project/env/bin/python"))

    assert "Use that one" not in markdown(answer, other=same, has_links=True)
    assert "another" not in markdown(answer, other=by_version)
    assert "another" not in markdown(answer, other=same)
    assert "Use that one" in markdown(answer, other=other, has_links=True)
