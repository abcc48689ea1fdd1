"""Each meant difference from ``pip check`` that a file can show, shown: both sides of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.oracle.installed_packages import our_lines, our_packages
from tests.oracle.installed_packages_damage import make_skeleton
from tests.oracle.installed_packages_pip import Pip

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "pip-check-differences.md"

# What no environment on this machine shows: a platform, a variable, code, or a pip that waits.
_NOT_SHOWN = {"never-waits", "unknown-value", "unknown-platform", "code-unrun", "other-python"}
_NOTHING = ["No broken requirements found."]
_NEEDS_FOO = ["user 1.0 requires foo, which is not installed."]

_DIFFERENCES: dict[str, tuple[dict[str, bytes], list[str] | str, list[str]]] = {
    "pip-fails": ({"foo-1.0.dist-info/WHEEL": b"Tag: nonsense\n"}, "InvalidTag", _NOTHING),
    "pip-fails: two strings": (
        {"foo-1.0.dist-info/METADATA": b"Name: foo\nVersion: 1.0\nRequires-Dist: x; 'a' == 'a'\n"},
        "UndefinedEnvironmentName",
        _NEEDS_FOO,
    ),
    "pip-fails: variable": (
        {
            "foo-1.0.dist-info/METADATA": b"Name: foo\nVersion: 1.0\n"
            b"Requires-Dist: x; dependency_groups == 'x'\n"
        },
        "UndefinedEnvironmentName",
        _NEEDS_FOO,
    ),
    "pip-fails: version": (
        {
            "foo-one.dist-info/METADATA": b"Name: foo\nVersion: one\n",
            "foo-one.dist-info/WHEEL": b"Tag: py2-none-any\n",
        },
        "InvalidVersion",
        _NEEDS_FOO,
    ),
    "body-unread": (
        {"foo-1.0.dist-info/METADATA": b"Name: foo\nVersion: 1.0\n\n\xff\n"},
        _NEEDS_FOO,
        _NOTHING,
    ),
    "too-large": (
        {
            "foo-1.0.dist-info/METADATA": b"Name: foo\nVersion: 1.0\nRequires-Dist: absent\n"
            + b"Keywords: many\n" * 100_000
        },
        ["foo 1.0 requires absent, which is not installed."],
        _NOTHING,
    ),
    "too-large: clauses": (
        {
            "foo-1.0.dist-info/METADATA": b"Name: foo\nVersion: 1.0\nRequires-Dist: absent"
            + b",".join([b">1"] * 101)
        },
        ["foo 1.0 requires absent, which is not installed."],
        _NOTHING,
    ),
    "line-break": (
        {"foo\n-1.0.dist-info/METADATA": b"Name: foo\nVersion: 1.0\nRequires-Dist: absent\n"},
        [*_NEEDS_FOO, "foo\n 1.0 requires absent, which is not installed."],
        _NEEDS_FOO,
    ),
}


@pytest.fixture(scope="module")
def pip() -> Iterator[Pip]:
    """A pip that answers, for the Python that runs the tests."""
    with Pip() as process:
        yield process


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(_DIFFERENCES))
def test_difference(name: str, pip: Pip, tmp_path: Path) -> None:
    """pip says the one, or fails, and we say the other."""
    prefix = tmp_path / "environment"
    site = make_skeleton(prefix)
    files, pips, ours = _DIFFERENCES[name]
    user = {"user-1.0.dist-info/METADATA": b"Name: user\nVersion: 1.0\nRequires-Dist: foo\n"}
    for path, content in (user | files).items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_bytes(content)
    lines, error = pip.check([site])

    assert sorted(pips) == sorted(lines) if isinstance(pips, list) else pips == error
    assert ours == our_lines(our_packages(prefix, site, pip.markers()))


@pytest.mark.slow
def test_what_is_gone(pip: Pip, tmp_path: Path) -> None:
    """A link to nowhere is installed for pip, and nothing for us."""
    prefix = tmp_path / "environment"
    site = make_skeleton(prefix)
    (site / "foo-1.0.dist-info").symlink_to("nowhere")
    (site / "user-1.0.dist-info").mkdir()
    (site / "user-1.0.dist-info" / "METADATA").write_text(
        "Name: user\nVersion: 1.0\nRequires-Dist: foo\n"
    )

    assert (_NOTHING, None) == pip.check([site])
    assert _NEEDS_FOO == our_lines(our_packages(prefix, site, pip.markers()))


def test_page_names_what_is_shown() -> None:
    """Every difference has its section, and every section its difference."""
    named = set(re.findall(r"(?m)^### `(.*)`$", PAGE.read_text("utf-8")))

    assert named == {name.partition(":")[0] for name in _DIFFERENCES} | _NOT_SHOWN | {"gone"}
