"""Which folder is the project of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.facts import Facts
from pinfold.core.model.files import FileRole
from pinfold.core.workspace.workspace import Opened, Workspace
from pinfold.features.projects import (
    folder_of_requirements,
    is_requirements_file,
    project_folder,
    usual_files,
)

FILES: dict[str, bytes | str] = {
    "/w/shop/requirements.txt": "flask\n",
    "/w/shop/src/shop/main.py": "",
    "/w/shop/requirements/dev.txt": "pytest\n",
    "/w/shop/.venv/pyvenv.cfg": "",
    "/w/shop/.venv/lib/flask/setup.py": "",
    "/w/shop/.venv/lib/flask/app.py": "",
    "/w/blog/pyproject.toml": "",
    "/w/blog/docs/notes/requirements.md": "",
    "/w/product-requirements.txt": "We need a shop.\nAnd a blog.\n",
    "/w/services/web/.venv/pyvenv.cfg": "",
    "/w/README.md": "",
    "/elsewhere/a/b.py": "",
}


def workspace(*roots: str) -> Workspace:
    """Return a workspace of these folders."""
    return Workspace(
        MemoryFileSystem(FILES),
        roots=tuple(map(Path, roots)),
        working_directory=Path("/w"),
        locale_encoding="utf-8",
        facts=Facts(),
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/w/shop/src/shop/main.py", "/w/shop"),
        ("/w/shop/requirements.txt", "/w/shop"),
        ("/w/shop/requirements/dev.txt", "/w/shop"),
        ("/w/shop/.venv/lib/flask/app.py", "/w/shop"),
        ("/w/blog/docs/notes/requirements.md", "/w/blog"),
        ("/w/services/web/app/main.py", "/w/services/web"),
        ("/w/README.md", "/w"),
        ("/elsewhere/a/b.py", "/elsewhere/a"),
    ],
)
def test_project_of_a_file(path: str, expected: str) -> None:
    """The nearest folder with dependencies of its own; an environment is of the one around it."""
    assert Path(expected) == project_folder(Path(path), workspace("/w").snapshot)


def test_workspace_folder_is_the_end() -> None:
    """Above the workspace folder nothing is looked for, and the innermost one counts."""
    snapshot = workspace("/w", "/w/blog/docs").snapshot

    assert Path("/w/blog/docs") == project_folder(Path("/w/blog/docs/notes/x"), snapshot)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/w/shop/requirements.txt", True),
        ("/w/shop/requirements/dev.txt", True),
        ("/w/product-requirements.txt", False),
        ("/w/shop/src/shop/main.py", False),
        ("/w/constraints.txt", False),
        ("/w/gone-requirements.txt", False),
    ],
)
def test_what_one_installs_from(path: str, *, expected: bool) -> None:
    """Requirements files are; constraints, prose of such a name and other files are not."""
    assert expected is is_requirements_file(Path(path), workspace("/w").snapshot)


def test_what_the_editor_says_it_is() -> None:
    """What the editor has open as a requirements file is one, whatever it is called."""
    opened = workspace("/w")
    snapshot = opened.apply(Opened(Path("/w/deps"), "flask\n", role=FileRole.REQUIREMENTS))

    assert is_requirements_file(Path("/w/deps"), snapshot)


def test_usual_file() -> None:
    """The only file is meant, or the one of the usual name; else nobody knows."""
    dev, usual = Path("/w/dev.txt"), Path("/w/requirements.txt")

    assert (dev,) == usual_files([dev])
    assert (usual,) == usual_files([dev, usual])
    assert () == usual_files([dev, Path("/w/docs.txt")])


def test_folder_that_a_file_is_about() -> None:
    """A folder `requirements` holds the files of the one above."""
    assert Path("/w") == folder_of_requirements(Path("/w/requirements/dev.txt"))
    assert Path("/w/x") == folder_of_requirements(Path("/w/x/requirements.txt"))
