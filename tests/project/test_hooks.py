import re

import pytest

from tests.project.checkout import ROOT

HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")


def patterns() -> set[str]:
    """Return the different patterns by which pre-commit chooses the hooks' files."""
    return set(re.findall(r"^  files: (.+)$", HOOKS, re.MULTILINE))


@pytest.mark.parametrize(
    ("path", "judged"),
    [
        ("requirements.txt", True),
        ("requirements.in", True),
        ("dev-requirements.txt", True),
        ("docs/requirements-docs.txt", True),
        ("api/constraints.txt", True),
        ("requirements/dev.txt", True),
        ("requirements/linux/base.in", True),
        ("requirements.md", False),
        ("requirements/README.md", False),
        ("src/notes.txt", False),
    ],
)
def test_hooks_take_dependency_files(path: str, judged: bool) -> None:
    """pre-commit hands on requirements and constraints files in their usual namings."""
    (pattern,) = patterns()

    assert judged is bool(re.search(pattern, path))
