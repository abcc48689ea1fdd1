"""Which interpreter an environment is made with, where nobody has named one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.declared_python import DeclaredPython
from pinfold.core.environments.operations.workbench import suitable
from pinfold.core.model.installation import Installation, InstallationKind

PYTHONS = {
    "cpython-3.11.9": ("3.11.9", "cpython"),
    "cpython-3.13.0": ("3.13.0", "cpython"),
    "cpython-3.14.0rc1": ("3.14.0rc1", "cpython"),
    "pypy-3.9": ("3.9", "pypy"),
    "pypy-3.10.14": ("3.10.14", "pypy"),
}


def first(minor: str | None, implementation: str) -> str:
    """Return the folder of the interpreter that comes first."""
    known = [
        Installation(
            Path("/opt") / name,
            InstallationKind.SYSTEM,
            is_base=True,
            executable=Path("/opt") / name / "bin/python",
            version=version,
            implementation=kind,
        )
        for name, (version, kind) in PYTHONS.items()
    ]
    ranked = suitable(known, DeclaredPython(), minor=minor, implementation=implementation)
    return ranked[0].prefix.name


@pytest.mark.parametrize(
    ("minor", "implementation", "expected"),
    [
        (None, "cpython", "cpython-3.13.0"),
        ("3.11", "cpython", "cpython-3.11.9"),
        # PyPy's packages are other files: it never stands in for CPython of the same version.
        ("3.9", "cpython", "cpython-3.13.0"),
        ("3.9", "pypy", "pypy-3.9"),
        ("3.8", "pypy", "pypy-3.10.14"),
    ],
)
def test_best(minor: str | None, implementation: str, expected: str) -> None:
    """The implementation counts most, then the minor version, then what is newest."""
    assert expected == first(minor, implementation)
