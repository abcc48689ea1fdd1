"""What goes into the Python part of the VS Code extension."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pytest

from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BUNDLE = runpy.run_path(str(ROOT / "client-vscode/bundle.py"))


def test_what_only_some_pythons_need_is_there_for_all() -> None:
    """One bundle serves every Python and system, so markers are dropped, but no hash is."""
    lock = """\
# Made by a tool.
first==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via
    #   second
second==2.0 ; python_full_version < '3.11' \\
    --hash=sha256:cc
third==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:dd
"""

    assert [
        "first==1.0 --hash=sha256:aa --hash=sha256:bb",
        "second==2.0 --hash=sha256:cc",
        "third==3.0 --hash=sha256:dd",
    ] == list(BUNDLE["pins_for_all"](lock))


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_versions_the_oldest_python_has_its_own(turned: bool) -> None:
    """Of two pins of a project the lower one runs everywhere; versions are not compared as text."""
    pins = [
        "first==4.9 ; python_full_version < '3.11' \\\n    --hash=sha256:aa\n",
        "First==4.10 ; python_full_version >= '3.11' \\\n    --hash=sha256:bb\n",
    ]
    lock = "".join(reversed(pins) if turned else pins)

    assert ["first==4.9 --hash=sha256:aa"] == list(BUNDLE["pins_for_all"](lock))


@pytest.mark.parametrize(
    "name", ["_speedups.cpython-313-x86_64-linux-gnu.so", "_speedups.PYD", "lib/x.dylib", "t64.exe"]
)
def test_nothing_compiled_is_taken(tmp_path: Path, name: str) -> None:
    """A file that one kind of machine can run is refused by its name."""
    compiled = tmp_path / "package" / name
    compiled.parent.mkdir(parents=True)
    compiled.touch()
    (tmp_path / "package/__init__.py").touch()

    with pytest.raises(BUNDLE["CompiledFilesError"]) as refused:
        BUNDLE["refuse_compiled"](tmp_path)

    assert f"the bundle must be pure Python, but has package/{name}" == str(refused.value)
