"""What Poetry and `.python-version` say of Pythons, read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments.declared_python import (
    PIPFILE,
    PYPROJECT,
    PYTHON_VERSION,
    SETUP_CFG,
    from_poetry,
    read_declared,
)
from pinfold.core.files import MemoryFileSystem
from pinfold.core.formats.versions import allows

PYTHONS = (
    "2.7.18",
    "3.6.1",
    "3.8.10",
    "3.9.7",
    "3.11.0",
    "3.11.4",
    "3.12.4",
    "3.13.0rc1",
    "3.14.0",
)
FOLDER = Path("/project")


# What poetry-core 2.5.0 says of these Pythons.
@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("*", "2.7.18 3.6.1 3.8.10 3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("3.*", "3.6.1 3.8.10 3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("3.11.*", "3.11.0 3.11.4"),
        ("=3.11.*", "3.11.0 3.11.4"),
        (">=3.11.*", "3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("3.11", "3.11.0"),
        ("=3.11.4", "3.11.4"),
        ("==3.11.*", "3.11.0 3.11.4"),
        ("!=3.9.*", "2.7.18 3.6.1 3.8.10 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("~3", "3.6.1 3.8.10 3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("~3.11", "3.11.0 3.11.4"),
        ("~3.11.4", "3.11.4"),
        ("^3", "3.6.1 3.8.10 3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("^3.9", "3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("^ 3.9", "3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("^3.11.4", "3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("~=3.9", "3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("~=3.9.2", "3.9.7"),
        (">=3.8 <3.12", "3.8.10 3.9.7 3.11.0 3.11.4"),
        (">= 3.8, <3.12", "3.8.10 3.9.7 3.11.0 3.11.4"),
        ("^3.8,!=3.9.7", "3.8.10 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("^3.9 !=3.11.4", "3.9.7 3.11.0 3.12.4 3.13.0rc1 3.14.0"),
        (">=3.8,<4,", "3.8.10 3.9.7 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("~2.7 || ^3.11", "2.7.18 3.11.0 3.11.4 3.12.4 3.13.0rc1 3.14.0"),
        ("2.7.*|>=3.12", "2.7.18 3.12.4 3.13.0rc1 3.14.0"),
        (">=3.8,!=3.9.7,<3.12 || 3.14.*", "3.8.10 3.11.0 3.11.4 3.14.0"),
        ("^3.13rc1", "3.13.0rc1 3.14.0"),
        ("<3.13", "2.7.18 3.6.1 3.8.10 3.9.7 3.11.0 3.11.4 3.12.4"),
        ("v3.9.7", "3.9.7"),
    ],
)
def test_constraints_of_poetry(constraint: str, expected: str) -> None:
    """A constraint allows the Pythons that Poetry lets it allow."""
    specifiers = from_poetry(constraint)
    allowed = [
        version
        for version in PYTHONS
        if any(allows(specifier, version) for specifier in specifiers)
    ]

    assert specifiers
    assert expected.split() == allowed


@pytest.mark.parametrize(
    "constraint", ["", "||", "^3.9 ||", "foo", "^3.9.*", "3.9-3.11", ">=3.9 || foo", "<>3.9"]
)
def test_what_is_no_constraint(constraint: str) -> None:
    """What Poetry refuses, or PEP 440 cannot say, says nothing."""
    assert () == from_poetry(constraint)


@given(st.text(alphabet="^~<>=!|,. *0123xXv", max_size=30) | st.text(max_size=30))
def test_any_constraint(text: str) -> None:
    """Whatever stands there, nothing raises, and what comes of it can be compared with."""
    assert all(allows(specifier, "3.12.4") is not None for specifier in from_poetry(text))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_where_it_is_asked_for(ending: str) -> None:
    """Ranges are those of the file's own text, whatever its lines end with."""
    texts = {
        PYTHON_VERSION: "# ours\n 3.9 3.10\n",
        PYPROJECT: '[project]\nname = "x"\nrequires-python = "<3.10"\n',
        PIPFILE: '[requires]\npython_version = "3.9"\n',
    }
    texts = {name: text.replace("\n", ending) for name, text in texts.items()}
    files = MemoryFileSystem({f"{FOLDER}/{name}": text for name, text in texts.items()})
    found = read_declared(FOLDER, files, frozenset(name.lower() for name in texts))
    assert found.pinned is not None
    assert found.required is not None
    assert found.pipfile is not None

    assert ["3.9", "3.10"] == [
        texts[PYTHON_VERSION][entry.start : entry.start + len(entry.text)]
        for entry in found.pinned.entries
    ]
    assert [(2, '"<3.10"'), (1, '"3.9"')] == [
        (one.line, texts[one.path.name][one.range.start : one.range.end])
        for one in (found.required, found.pipfile)
    ]


def test_where_setup_cfg_asks() -> None:
    """The line of setup.cfg is found by the name of its setting."""
    text = "[options]\npython_requires = >=3.9\n"
    files = MemoryFileSystem({f"{FOLDER}/{SETUP_CFG}": text})
    required = read_declared(FOLDER, files, frozenset({SETUP_CFG})).required
    assert required is not None

    assert (1, "python_requires =") == (
        required.line,
        text[required.range.start : required.range.end],
    )
