"""What lies in an environment itself, and what in one that it looks into."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinfold.core.environments.planning.belonging import is_own
from tests.core.environments.planning.made import packages

BASE = Path("/usr/lib/python3/dist-packages")
OWN = Path("/project/.venv/lib/site-packages")


@pytest.mark.parametrize(
    ("line", "folder", "expected"),
    [
        ("a 1", OWN, True),
        ("a 1", BASE, False),
        ("a 1 editable /a", OWN, True),
        ("a 1 editable /a", BASE, False),
        # Its metadata lie in the project itself.
        ("a 1 editable /a", Path("/a"), True),
        ("a 1", Path("/elsewhere"), False),
        ("a 1", OWN / "vendored", True),
    ],
)
def test_own(line: str, folder: Path, expected: bool) -> None:
    """It is the folder that tells, and not what a distribution leads to."""
    installed = packages(line)
    (distribution,) = installed.by_name.values()
    environment = replace(installed.environment, site_packages=(OWN, BASE))
    moved = replace(distribution, folder=folder / distribution.folder.name)

    assert expected is is_own(moved, environment)
