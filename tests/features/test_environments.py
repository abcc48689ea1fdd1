"""What people are shown of environments."""

from __future__ import annotations

from pathlib import Path

from pinfold.core.model.environment import (
    Environment,
    EnvironmentAnswer,
    EnvironmentState,
    InstalledPackages,
    MarkerEnvironment,
    RejectedCandidate,
)
from pinfold.features.environments import Selection, explanation_text

ROOT = Path("/project")


def found(
    prefix: str = "/project/.venv", *, executable: Path | None = None, **more: object
) -> EnvironmentAnswer:
    """Return an answer that has an environment."""
    markers = MarkerEnvironment({}, "Python 3.12")
    environment = Environment(Path(prefix), (), "3.12.1", markers, executable)
    packages = InstalledPackages(environment, {})
    return EnvironmentAnswer(EnvironmentState.FOUND, "it is near", packages, **more)  # type: ignore[arg-type]  # by name, for brevity


def test_explanation_in_words() -> None:
    """The winner comes with its reason, and the others with theirs."""
    rejected = (RejectedCandidate(ROOT / "env", "is empty"),)
    text = explanation_text(Selection(ROOT, found(rejected=rejected)), str)

    assert "/project/.venv is for /project: it is near\nnot /project/env: it is empty" == text
