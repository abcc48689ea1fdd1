"""Findings on the environment itself: who speaks when, where, and in which words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState
from pinfold.core.model.finding import Related, Severity
from pinfold.core.model.installation import Ailment, HealthProblem
from pinfold.core.model.text import TextRange
from tests.harness.environments import environment, no_environment
from tests.harness.squiggles import check, judge

GONE = Ailment(HealthProblem.BASE_GONE, "its base interpreter is gone", "rebuild the environment")
MOVED = Ailment(HealthProblem.MOVED, "it was moved", "rebuild it in its place")
LINK = Ailment(HealthProblem.EXECUTABLE_BROKEN_LINK, "python leads nowhere", None, is_severe=False)


def ill(*ailments: Ailment) -> EnvironmentAnswer:
    """Return an environment with flask in it that has *ailments*."""
    return replace(environment("flask 3.1.0"), ailments=ailments)


def messages(text: str, answer: EnvironmentAnswer) -> list[tuple[str, str]]:
    """Return rule and message of everything found in *text*."""
    return [(found.rule, found.message) for found in judge(text, environment=answer).findings]


def test_broken() -> None:
    """A broken environment is told once a file, where it first requires something."""
    check(
        """
        # The web
        -i https://packages.example/simple
        flask==3.1.0
        ~~~~~ broken-environment: to mend that, rebuild the environment
        redis==5.2.1
        ~~~~~ not-installed
    """,
        environment=ill(GONE),
    )
    check("# nothing\n", environment=ill(GONE))
    check("flask==3.1.0\n", name="constraints.txt", environment=ill(GONE))


def test_broken_in_several_ways() -> None:
    """All causes are told, and what mends the first; what is merely damaged is not told too."""
    ((rule, message),) = messages("flask==3.1.0\n", ill(GONE, MOVED, LINK))

    assert "broken-environment" == rule
    assert message == (
        "`.venv` is broken: its base interpreter is gone; it was moved;"
        " to mend that, rebuild the environment"
    )


def test_broken_and_not_readable() -> None:
    """An environment that cannot be read is broken, and then nobody says that there is none."""
    answer = EnvironmentAnswer(
        EnvironmentState.UNUSABLE,
        "it is the nearest `.venv`, but /project/.venv has no site-packages",
        ailments=(replace(GONE, cause="it has\nno folder"),),
        unreadable=Path("/project/.venv"),
    )
    message = (
        "`.venv` is broken: it has no folder; to mend that, rebuild the environment;"
        " until then nothing is compared with what is installed"
    )

    assert [("broken-environment", message)] == messages("flask==3.1.0\n", answer)


@pytest.mark.parametrize("state", [EnvironmentState.UNUSABLE, EnvironmentState.UNRESPONSIVE])
def test_not_readable_for_another_reason(state: EnvironmentState) -> None:
    """Where nothing is known to be broken, it is said that there is no environment to use."""
    answer = replace(no_environment(state, "why"), ailments=(LINK,))

    assert ["no-environment"] == [rule for rule, _ in messages("flask==3.1.0\n", answer)]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (HealthProblem.HALF_INSTALLED, ["damaged-environment"]),
        (HealthProblem.BROKEN_EDITABLE, ["damaged-environment"]),
        (HealthProblem.EXECUTABLE_BROKEN_LINK, ["damaged-environment"]),
        (HealthProblem.NO_PIP, []),
        (HealthProblem.VERSION_DRIFT, []),
        (HealthProblem.EXECUTABLE_MISSING, []),
        (HealthProblem.MOVED, []),
    ],
)
def test_damaged(problem: HealthProblem, expected: list[str]) -> None:
    """Of what is not severe, that is told which people do not want as it is."""
    answer = ill(Ailment(problem, "so it is", is_severe=False))

    assert expected == [rule for rule, _ in messages("flask==3.1.0\n", answer)]


def test_damaged_in_several_ways() -> None:
    """Each damage is told with what mends it, and as information only."""
    half = Ailment(HealthProblem.HALF_INSTALLED, "half is there", "install it", is_severe=False)
    (finding,) = judge("flask==3.1.0\n", environment=ill(half, LINK)).findings

    assert Severity.INFO is finding.severity
    assert finding.message == (
        "`.venv` is damaged: half is there; to mend that, install it; python leads nowhere"
    )


def test_another_python() -> None:
    """All files that ask for another Python are told of in one finding, and led to."""
    answer = environment("flask 3.1.0", "asks .python-version 3.12", "asks Pipfile 3.13")
    (finding,) = judge("flask==3.1.0\nredis  # not in\n", environment=answer).findings[:1]
    asked = "another Python is asked for here"

    assert ("wrong-python", Severity.WARNING) == (finding.rule, finding.severity)
    assert finding.message == (
        "`.python-version` asks for `3.12`, but the environment has Python 3.11.2;"
        " `Pipfile` asks for `3.13`, but the environment has Python 3.11.2"
    )
    assert finding.related == (
        Related(Path("/project/.python-version"), TextRange(0, 4), asked),
        Related(Path("/project/Pipfile"), TextRange(0, 4), asked),
    )


def test_another_python_is_told_once() -> None:
    """One finding a file, and none where nothing is required or in constraints."""
    answer = environment("flask 3.1.0", "asks .python-version 3.12")
    check(
        """
        flask==3.1.0
        ~~~~~ wrong-python
        redis==5.2.1
        ~~~~~ not-installed
    """,
        environment=answer,
    )
    check("# nothing\n", environment=answer)
    check("flask==3.1.0\n", name="constraints.txt", environment=answer)
