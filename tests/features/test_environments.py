"""What people are shown of environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.model.environment import (
    Environment,
    EnvironmentAnswer,
    EnvironmentState,
    InstalledPackages,
    MarkerEnvironment,
    PythonContradiction,
    RejectedCandidate,
)
from pinfold.core.model.installation import Ailment, HealthProblem
from pinfold.features.environments import (
    EnvironmentStatus,
    Selection,
    StatusSeverity,
    environment_status,
    explanation_text,
)

ROOT = Path("/project")


def found(prefix: str = "/project/.venv", **more: object) -> EnvironmentAnswer:
    """Return an answer that has an environment."""
    environment = Environment(Path(prefix), (), "3.12.1", MarkerEnvironment({}, "Python 3.12"))
    packages = InstalledPackages(environment, {})
    return EnvironmentAnswer(EnvironmentState.FOUND, "it is near", packages, **more)  # type: ignore[arg-type]  # by name, for brevity


def status(answer: EnvironmentAnswer, *rules: str) -> EnvironmentStatus:
    """Return the status for the files in a folder of the workspace."""
    return environment_status(Selection(ROOT / "shop", answer), ROOT, rules)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("/project/.venv", "Python 3.12.1 (.venv)"),
        ("/project/shop/.venv", "Python 3.12.1 (shop/.venv)"),
        ("/elsewhere/shared", "Python 3.12.1 (shared)"),
    ],
)
def test_name_in_a_status_bar(prefix: str, expected: str) -> None:
    """An environment goes by its path in the workspace, or else by its name."""
    assert expected == status(found(prefix)).text


@pytest.mark.parametrize(
    ("answer", "rules", "expected"),
    [
        (found(), (), StatusSeverity.OK),
        (found(), ("unpinned",), StatusSeverity.OK),
        (found(), ("not-installed",), StatusSeverity.WARNING),
        (found(), ("broken-environment", "wrong-version"), StatusSeverity.ERROR),
        (
            found(contradictions=(PythonContradiction(ROOT / "x", 0, "wants 3.9"),)),
            (),
            StatusSeverity.WARNING,
        ),
        (EnvironmentAnswer(EnvironmentState.NONE, "none"), (), StatusSeverity.INFO),
        (EnvironmentAnswer(EnvironmentState.NONE, "x", is_meant=True), (), StatusSeverity.OK),
        (EnvironmentAnswer(EnvironmentState.UNUSABLE, "x"), (), StatusSeverity.ERROR),
        (EnvironmentAnswer(EnvironmentState.UNRESPONSIVE, "x"), (), StatusSeverity.WARNING),
    ],
)
def test_severity_of_a_status(
    answer: EnvironmentAnswer, rules: tuple[str, ...], expected: StatusSeverity
) -> None:
    """A status bar is as alarming as the worst that there is to say."""
    assert expected is status(answer, *rules).severity


def test_amounts_in_a_status() -> None:
    """What is missing or wrong is counted, and said in the tooltip."""
    shown = status(found(), "not-installed", "wrong-version", "wrong-version", "unpinned")

    assert (1, 2) == (shown.missing, shown.wrong)
    assert "/project/.venv\nit is near\n1 missing, 2 wrong versions" == shown.tooltip


def test_explanation_in_words() -> None:
    """The winner comes with its reason, and the others with theirs."""
    rejected = (RejectedCandidate(ROOT / "env", "is empty"),)
    text = explanation_text(Selection(ROOT, found(rejected=rejected)), str)

    assert "/project/.venv is for /project: it is near\nnot /project/env: it is empty" == text


def test_status_says_what_is_broken() -> None:
    """An error in a status bar comes with its causes; what works all the same is no cause."""
    ailments = (
        Ailment(HealthProblem.BASE_GONE, "its base is gone", "make it anew"),
        Ailment(HealthProblem.HALF_INSTALLED, "~x is left", None, is_severe=False),
    )
    answer = found(ailments=ailments)
    shown = [status(answer, *rules).tooltip for rules in ((), ("broken-environment",))]

    assert [
        "/project/.venv\nit is near",
        "/project/.venv\nit is near\nits base is gone",
    ] == shown
