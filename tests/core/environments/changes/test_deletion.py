"""What is never removed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.changes.deletion import Surroundings, refusal_to_remove
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.changes.trees import make_environment

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home directory."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def prefix(home: Path) -> Path:
    """Return an environment in a project."""
    return make_environment(home / "project" / ".venv")


def check(
    prefix: Path,
    home: Path,
    *,
    workspaces: Sequence[Path] = (),
    working_directory: Path | None = None,
    known: Sequence[Installation] = (),
) -> str | None:
    """Return the refusal, with the places of the test taken out."""
    around = Surroundings(home, tuple(workspaces), working_directory)
    refusal = refusal_to_remove(prefix, around, known)
    return None if refusal is None else refusal.replace(str(home), "~")


def installation(
    prefix: Path, *, base_home: Path | None = None, is_base: bool = False
) -> Installation:
    """Return a known installation."""
    return Installation(prefix, InstallationKind.VENV, is_base, base_home=base_home)


def test_environment(prefix: Path, home: Path) -> None:
    """An environment that nothing needs may go, whatever its packages have put at its top."""
    (prefix / "share").mkdir()
    (prefix / "nltk_data").mkdir()
    info = prefix / "lib/python3.12/site-packages/nltk-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("../../../nltk_data/words,,\nnltk.py,,\n", encoding="utf-8")
    other = installation(home / "other", base_home=Path("/usr/bin"))

    assert check(prefix, home, workspaces=[home / "project"], known=[other]) is None


def test_link(prefix: Path, home: Path) -> None:
    """A link is not followed."""
    link = home / "link"
    link.symlink_to(prefix)

    assert check(link, home) == (
        "~/link is a link to ~/project/.venv: name that, or remove the link yourself"
    )


@pytest.mark.parametrize(
    ("where", "refusal"),
    [
        ("project", "~/project holds the workspace ~/project"),
        ("project/sub", "~/project/sub holds the current directory: go somewhere else first"),
        (".", "~ holds your home directory"),
    ],
)
def test_place(home: Path, where: str, refusal: str) -> None:
    """What holds people's places is not removed, even where it has the shape of an environment."""
    prefix = make_environment(home / where)

    assert refusal == check(
        prefix,
        home,
        workspaces=[home / "project"],
        working_directory=home / "project" / "sub" / "deep",
    )


def test_root() -> None:
    """The root of the file system is not removed."""
    root = Path(Path.cwd().anchor)

    assert refusal_to_remove(root, Surroundings(None, (), None), ()) == (
        f"{root} is the root of a file system"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is where something is mounted on Linux")
def test_mount_point() -> None:
    """Where a file system is mounted nothing is removed."""
    assert refusal_to_remove(Path("/proc"), Surroundings(None, (), None), ()) == (
        "a file system is mounted at /proc"
    )


def test_missing(home: Path) -> None:
    """What is not there cannot be removed."""
    assert check(home / "none", home) == "~/none does not exist"


def test_own_environment(home: Path) -> None:
    """Pinfold does not remove what it runs from."""
    refusal = check(Path(sys.prefix), home)

    assert refusal is not None
    assert "Pinfold itself runs from" in refusal or "is a link" in refusal


def test_no_environment(home: Path) -> None:
    """A folder without the shape of an environment is not removed."""
    (home / "data").mkdir()
    (home / "data" / "pyvenv.cfg").write_text("", encoding="utf-8")

    assert check(home / "data", home) == (
        "~/data is not an environment: it has no pyvenv.cfg beside a folder of commands"
    )


def make_remains(prefix: Path) -> Path:
    """Take from an environment what shows that it is one, but for the way to activate it."""
    (prefix / "pyvenv.cfg").unlink()
    (prefix / "bin" / "python").unlink()
    (prefix / "bin" / "activate").write_text("export VIRTUAL_ENV=/here\n", encoding="utf-8")
    return prefix


def test_remains(prefix: Path, home: Path) -> None:
    """What certainly was an environment may go."""
    assert check(make_remains(prefix), home, workspaces=[home / "project"]) is None


@pytest.mark.parametrize("name", ["lib/python3.12/os.py", "src.txt/", "conda-meta"])
def test_remains_of_something_else(prefix: Path, home: Path, name: str) -> None:
    """An interpreter with its library, and somebody's folders, stay though they have `activate`."""
    path = make_remains(prefix) / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_text("", encoding="utf-8")

    assert check(prefix, home) is not None


def test_remains_that_may_be_anything(prefix: Path, home: Path) -> None:
    """Commands and packages alone show nothing: a home of programs has them too."""
    (make_remains(prefix) / "bin" / "activate").write_text("activate the sun\n", encoding="utf-8")

    assert check(prefix, home) == (
        "~/project/.venv is not an environment: it has no pyvenv.cfg beside a folder of commands"
    )


def test_remains_in_a_place_of_people(home: Path) -> None:
    """No remains make a home directory, or what holds the workspace, into an environment."""
    make_remains(make_environment(home))

    assert check(home, home) == "~ holds your home directory"


@pytest.mark.parametrize("name", [".git/", "pyproject.toml", "my-notes/"])
def test_more_than_an_environment(prefix: Path, home: Path, name: str) -> None:
    """An environment that was made right in a project, or is worked in, is not removed."""
    if name.endswith("/"):
        (prefix / name).mkdir()
    else:
        (prefix / name).write_text("", encoding="utf-8")

    assert f"~/project/.venv holds more than an environment: {name.rstrip('/')}" == check(
        prefix, home
    )


def test_conda_installation(home: Path) -> None:
    """conda itself is not removed; one of its environments may be."""
    for name in ("miniconda/conda-meta", "miniconda/envs/work/conda-meta", "miniconda/bin"):
        (home / name).mkdir(parents=True)

    assert check(home / "miniconda", home) == (
        "~/miniconda is an installation of conda, which holds other environments"
    )
    assert check(home / "miniconda/envs/work", home) is None


def test_base_of_another(prefix: Path, home: Path) -> None:
    """What another environment is made from stays, also if that says so through a link."""
    link = home / "linked"
    link.symlink_to(prefix)
    other = installation(home / "other", base_home=link / "bin")

    assert check(prefix, home, known=[other]) == (
        "the environment ~/other is made from ~/project/.venv"
    )


def test_interpreter(prefix: Path, home: Path) -> None:
    """An interpreter that environments are made from is none."""
    assert check(prefix, home, known=[installation(prefix, is_base=True)]) == (
        "~/project/.venv is an interpreter that environments are made from"
    )


def test_environment_inside(prefix: Path, home: Path) -> None:
    """One that holds another one stays."""
    inside = installation(prefix / "share" / "other")

    assert check(prefix, home, known=[inside]) == (
        "another environment is in it: ~/project/.venv/share/other"
    )
