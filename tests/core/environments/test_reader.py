"""Answers that stay the same objects while nothing changes, and follow when something does."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.places import Surroundings
from pinfold.core.environments.reader import EnvironmentReader, Round
from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.environment import (
    EnvironmentAnswer,
    EnvironmentState,
    SelectionPlace,
    SelectionStep,
)
from pinfold.core.model.installation import HealthProblem

if TYPE_CHECKING:
    from pathlib import Path


def make_environment(prefix: Path, **packages: str) -> Path:
    """Make what looks like a virtual environment on Linux, with packages; return `prefix`."""
    site_packages = prefix / "lib/python3.12/site-packages"
    site_packages.mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text(
        "version = 3.12.1\ninclude-system-site-packages = false\n", encoding="utf-8"
    )
    for name, version in packages.items():
        install(prefix, name, version)
    return prefix


def install(prefix: Path, name: str, version: str) -> None:
    """Put the metadata of a package where an installer would."""
    folder = prefix / f"lib/python3.12/site-packages/{name}-{version}.dist-info"
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(text, encoding="utf-8")
    (folder / "RECORD").touch()


def make_sound(prefix: Path, base: Path | None = None, **packages: str) -> Path:
    """Make a virtual environment whose interpreter works, as far as files tell; return `prefix`."""
    make_environment(prefix, **packages)
    home = (base or prefix.parent / f"base-of-{prefix.name}") / "bin"
    home.mkdir(parents=True)
    (home / "python3.12").write_bytes(b"\x7fELF")
    (home / "python3.12").chmod(0o755)
    (prefix / "bin").mkdir()
    (prefix / "bin/python").symlink_to(home / "python3.12")
    text = f"home = {home}\nversion = 3.12.1\ninclude-system-site-packages = false\n"
    (prefix / "pyvenv.cfg").write_text(text, encoding="utf-8")
    return prefix


def versions(answer: EnvironmentAnswer) -> dict[str, str]:
    """Return what is installed."""
    assert answer.packages is not None
    return {name: found.version for name, found in answer.packages.by_name.items()}


def reader(*, explicit: Path | None = None) -> EnvironmentReader:
    """Return a reader of the real file system."""
    return EnvironmentReader(LocalFileSystem(), explicit=explicit)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the user's folder is elsewhere")
@pytest.mark.parametrize(("no_user", "expected"), [("", {"mine": "1.0"}), ("1", {})])
def test_variables_of_the_user(tmp_path: Path, no_user: str, expected: dict[str, str]) -> None:
    """Where the packages of the user are, and whether they count, the surroundings say."""
    prefix = make_environment(tmp_path / "env")
    (prefix / "pyvenv.cfg").unlink()
    (prefix / "bin").mkdir()
    (prefix / "bin/python3").touch()
    make_environment(tmp_path / "base", mine="1.0")
    variables = {"PYTHONUSERBASE": str(tmp_path / "base"), "PYTHONNOUSERSITE": no_user}
    asked = EnvironmentReader(
        LocalFileSystem(), explicit=prefix, surroundings=Surroundings(variables=variables)
    )

    assert expected == versions(asked.answer(EnvironmentQuery(tmp_path, tmp_path)))


def test_answer(tmp_path: Path) -> None:
    """An answer has the environment, why it is that one, and what is installed."""
    make_environment(tmp_path / ".venv", django="4.0")
    answer = reader().answer(EnvironmentQuery(tmp_path, tmp_path))

    assert EnvironmentState.FOUND is answer.state
    assert {"django": "4.0"} == versions(answer)
    assert "it is the nearest `.venv`" == answer.reason


def test_unchanged(tmp_path: Path) -> None:
    """Nothing changed: the same object, for every kind of answer."""
    make_environment(tmp_path / "one/.venv")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/.python-envs").write_text("gone\n", encoding="utf-8")
    (tmp_path / "three").mkdir()
    asked = reader()
    for name in ("one", "two", "three"):
        query = EnvironmentQuery(tmp_path / name, tmp_path / name)

        assert asked.answer(query) is asked.answer(query)


def test_shared(tmp_path: Path) -> None:
    """Files that are led to the same environment for the same reason share the answer."""
    make_environment(tmp_path / ".venv")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    asked = reader()
    one, two = (
        asked.answer(EnvironmentQuery(tmp_path / name, tmp_path)) for name in ("one", "two")
    )
    configured = asked.answer(EnvironmentQuery(tmp_path, tmp_path, tmp_path / ".venv"))

    assert one is two
    assert configured is not one
    assert configured.packages is one.packages


def test_installed_and_removed(tmp_path: Path) -> None:
    """What another program installs or removes gives a new answer."""
    prefix = make_environment(tmp_path / ".venv", django="4.0")
    asked, query = reader(), EnvironmentQuery(tmp_path, tmp_path)
    before = asked.answer(query)
    install(prefix, "flask", "3.0")
    installed = asked.answer(query)
    folder = prefix / "lib/python3.12/site-packages/flask-3.0.dist-info"
    for name in ("METADATA", "RECORD"):
        (folder / name).unlink()
    folder.rmdir()
    removed = asked.answer(query)

    assert {"django": "4.0", "flask": "3.0"} == versions(installed)
    assert {"django": "4.0"} == versions(removed) == versions(before)
    # Not read anew: what depends on the interpreter alone still holds.
    assert before.packages is not None
    assert installed.packages is not None
    assert before.packages.environment is installed.packages.environment


def test_environment_comes_and_goes(tmp_path: Path) -> None:
    """A nearer environment, one that is removed, and one whose Python is replaced."""
    outer = make_environment(tmp_path / ".venv", django="3.2")
    (tmp_path / "sub").mkdir()
    asked, query = reader(), EnvironmentQuery(tmp_path / "sub", tmp_path)
    seen = [versions(asked.answer(query))]
    inner = make_environment(tmp_path / "sub/.venv", django="4.0")
    seen.append(versions(asked.answer(query)))
    (inner / "pyvenv.cfg").unlink()
    seen.append(versions(asked.answer(query)))
    (outer / "pyvenv.cfg").write_text("version = 3.12.44\n", encoding="utf-8")
    answer = asked.answer(query)

    assert [{"django": "3.2"}, {"django": "4.0"}, {"django": "3.2"}] == seen
    assert answer.packages is not None
    assert "3.12.44" == answer.packages.environment.python


def test_listing_that_changes(tmp_path: Path) -> None:
    """Another last line leads to another environment."""
    for name in ("a", "b"):
        make_environment(tmp_path / name, package=f"1.{ord(name)}")
    listing = tmp_path / ".python-envs"
    listing.write_text("b\na\n", encoding="utf-8")
    asked, query = reader(), EnvironmentQuery(tmp_path, tmp_path)
    before = versions(asked.answer(query))
    # At once and of the same length: on a coarse clock, nothing but the text is another.
    status = listing.stat()
    listing.write_text("a\nb\n", encoding="utf-8")
    os.utime(listing, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert {"package": "1.97"} == before
    assert {"package": "1.98"} == versions(asked.answer(query))


def test_broken_environment(tmp_path: Path) -> None:
    """The nearest one is broken: that is said, and none further away takes its place."""
    make_environment(tmp_path / ".venv")
    (tmp_path / "sub/.venv").mkdir(parents=True)
    (tmp_path / "sub/.venv/pyvenv.cfg").touch()
    answer = reader().answer(EnvironmentQuery(tmp_path / "sub", tmp_path))

    assert EnvironmentState.UNUSABLE is answer.state
    assert f"but {tmp_path / 'sub/.venv'} has no site-packages" in answer.reason
    assert answer.packages is None


def ill(answer: EnvironmentAnswer) -> list[HealthProblem]:
    """Return what is wrong with the environment of an answer."""
    return [ailment.problem for ailment in answer.ailments]


@pytest.mark.skipif(sys.platform == "win32", reason="the layout is that of Linux")
def test_environment_breaks_and_is_mended(tmp_path: Path) -> None:
    """What ails an environment is in the answer, is the same while it lasts, and goes with it."""
    base, query = tmp_path / "base", EnvironmentQuery(tmp_path, tmp_path)
    make_sound(tmp_path / ".venv", base)
    asked = reader()
    sound = asked.answer(query)
    base.rename(tmp_path / "away")
    broken = asked.answer(query)
    still = asked.answer(query)
    (tmp_path / "away").rename(base)
    mended = asked.answer(query)

    assert [[], [HealthProblem.BASE_GONE], []] == [ill(sound), ill(broken), ill(mended)]
    assert broken is still
    assert EnvironmentState.FOUND is broken.state
    # An environment that lost its base still has its packages.
    assert versions(broken) == versions(sound)


@pytest.mark.skipif(sys.platform == "win32", reason="the layout is that of Linux")
def test_environment_that_cannot_be_read_is_mended(tmp_path: Path) -> None:
    """One without a folder for packages is named, with what ails it, until it has one."""
    prefix, query = tmp_path / ".venv", EnvironmentQuery(tmp_path, tmp_path)
    make_sound(prefix, tmp_path / "base")
    (prefix / "lib").rename(tmp_path / "lib")
    asked = reader()
    broken = asked.answer(query)
    still = asked.answer(query)
    (tmp_path / "lib").rename(prefix / "lib")
    mended = asked.answer(query)

    assert (EnvironmentState.UNUSABLE, prefix) == (broken.state, broken.unreadable)
    assert [HealthProblem.NO_SITE_PACKAGES] == ill(broken)
    assert broken is still
    assert (EnvironmentState.FOUND, None, []) == (mended.state, mended.unreadable, ill(mended))


@pytest.mark.skipif(sys.platform == "win32", reason="the layout is that of Linux")
def test_editable_install_whose_folder_comes_back(tmp_path: Path) -> None:
    """Where an editable install leads to is looked at too, though that is elsewhere."""
    query, target = EnvironmentQuery(tmp_path, tmp_path), tmp_path / "src"
    make_sound(tmp_path / ".venv", tmp_path / "base")
    listing = tmp_path / ".venv/lib/python3.12/site-packages/mine.pth"
    listing.write_text(f"{target}\n", encoding="utf-8")
    asked = reader()
    seen = [ill(asked.answer(query))]
    target.mkdir()
    seen.append(ill(asked.answer(query)))

    assert [[HealthProblem.BROKEN_EDITABLE], []] == seen


def test_no_pip_is_no_ailment(tmp_path: Path) -> None:
    """Whether there is pip is nothing that files are judged by."""
    make_sound(tmp_path / ".venv", tmp_path / "base")
    answer = reader().answer(EnvironmentQuery(tmp_path, tmp_path))

    assert {} == versions(answer)
    assert [] == ill(answer)


def test_explicit(tmp_path: Path) -> None:
    """One environment for all files."""
    make_environment(tmp_path / "env", django="4.0")
    make_environment(tmp_path / "sub/.venv", django="3.2")
    asked = reader(explicit=tmp_path / "env")
    answers = {
        asked.answer(EnvironmentQuery(tmp_path / name, tmp_path)) for name in ("", "sub", "x")
    }

    assert [{"django": "4.0"}] == [versions(answer) for answer in answers]


def test_round_looks_once(tmp_path: Path) -> None:
    """Within a round, what was looked at counts; in the next, it is looked at again."""
    asked, query, looking = reader(), EnvironmentQuery(tmp_path, tmp_path), Round()
    before = asked.answer(query, looking)
    make_environment(tmp_path / ".venv")

    assert before is asked.answer(query, looking)
    assert EnvironmentState.FOUND is asked.answer(query, Round()).state


def test_forgotten(tmp_path: Path) -> None:
    """Nothing is kept for the sake of queries that nobody asks any more; others keep theirs."""
    for name in ("one", "two"):
        make_environment(tmp_path / name / ".venv")
    asked = reader()
    one, two = (EnvironmentQuery(tmp_path / name, tmp_path / name) for name in ("one", "two"))
    first, second = asked.answer(one), asked.answer(two)
    asked.forget([one])

    assert first is asked.answer(one)
    assert second.reason == asked.answer(two).reason


def test_package_names_are_normalised(tmp_path: Path) -> None:
    """What the facts are looked up by is the normalised name."""
    make_environment(tmp_path / ".venv", **{"My.Package": "1.0"})
    answer = reader().answer(EnvironmentQuery(tmp_path, tmp_path))

    assert answer.packages is not None
    assert PackageName("my-package") in answer.packages.by_name


def test_explained(tmp_path: Path) -> None:
    """Every step of the search is told in order; the answer itself is shared, and has none."""
    make_environment(tmp_path / ".venv")
    (tmp_path / "sub/deep/venv").mkdir(parents=True)
    (tmp_path / "sub/deep/.python-version").write_text("3.11\n", encoding="utf-8")
    asked, query = reader(), EnvironmentQuery(tmp_path / "sub/deep", tmp_path)
    answer, explained = asked.answer(query), asked.explain(query)
    empty = "no environment stands there, and no tool has made one for it"

    assert () == answer.steps
    assert (
        SelectionStep(SelectionPlace.CHOICE, None, "nobody chose one for its folder or one above"),
        SelectionStep(SelectionPlace.SETTING, None, "the settings name none"),
        SelectionStep(
            SelectionPlace.FOLDER,
            tmp_path / "sub/deep/venv",
            "holds neither a pyvenv.cfg nor an interpreter",
        ),
        SelectionStep(SelectionPlace.FOLDER, tmp_path / "sub", empty),
        SelectionStep(
            SelectionPlace.FOLDER,
            tmp_path / ".venv",
            "it is the nearest `.venv`",
            is_taken=True,
        ),
    ) == explained.steps
    assert (answer.packages, answer.contradictions) == (
        explained.packages,
        explained.contradictions,
    )


def test_tool_makes_one(tmp_path: Path) -> None:
    """An environment that a tool makes elsewhere for a project is seen like one beside it."""
    prefix, project = tmp_path / "envs/shop-AbCd_-12", tmp_path / "shop"
    project.mkdir()
    (project / "Pipfile").touch()
    prefix.parent.mkdir()
    asked = EnvironmentReader(
        LocalFileSystem(),
        surroundings=Surroundings(
            home=str(tmp_path / "home"), variables={"WORKON_HOME": str(prefix.parent)}
        ),
    )
    query = EnvironmentQuery(project, project)
    before = asked.answer(query)
    make_environment(prefix, django="4.0")
    (prefix / ".project").write_text(str(project), encoding="utf-8")
    after = asked.answer(query)

    assert EnvironmentState.NONE is before.state
    assert {"django": "4.0"} == versions(after)
    assert after is asked.answer(query)


def test_python_that_is_asked_for(tmp_path: Path) -> None:
    """What asks for another Python is followed too; where it says the same, the answer is kept."""
    make_environment(tmp_path / ".venv")
    asked, query = reader(), EnvironmentQuery(tmp_path, tmp_path)
    pinned = tmp_path / ".python-version"
    seen = [asked.answer(query)]
    for text in ("3.11\n", "3.11 # the same\n", "3.12\n"):
        pinned.write_text(text, encoding="utf-8")
        seen.append(asked.answer(query))

    assert [0, 1, 1, 0] == [len(answer.contradictions) for answer in seen]
    assert seen[1] is seen[2]
    assert seen[0] is seen[3]
