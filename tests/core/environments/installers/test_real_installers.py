from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.installers.installer import Wanted
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.plan import Failure, FailureKind
from tests.cli.operating import BASE
from tests.core.environments.installers.backends import (
    BACKENDS,
    Machine,
    machine,
    packages,
    succeed,
    versions,
)
from tests.harness.index import FailingIndex, Index, Trouble, sdist, wheel, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.model.plan import Release, Resolution

FLASK = wheel(
    "Flask",
    "3.1.0",
    requires=["werkzeug>=3"],
    extras={"dot": ["dotenv"]},
    scripts={"flask": "flask:main"},
)


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    """An index with a few small projects."""
    archives = [
        FLASK,
        wheel("Flask", "2.0.0", requires=["werkzeug>=2"]),
        wheel("Flask", "4.0rc1"),
        wheel("werkzeug", "2.0"),
        wheel("werkzeug", "3.0"),
        wheel("werkzeug", "3.1"),
        wheel("dotenv", "1.0"),
        sdist(wheel("source-only", "1.0", requires=["dotenv"])),
    ]
    with Index(archives) as index:
        yield index


@pytest.fixture
def here(request: pytest.FixtureRequest, tmp_path: Path, index: Index) -> Machine:
    """A machine whose pip is set up to use the index; uv has been told nothing."""
    home = tmp_path / "a home"
    home.mkdir()
    configuration = home / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {index.url}\n")
    return machine(home, request.param, {"PIP_CONFIG_FILE": str(configuration)})


on_each_backend = pytest.mark.parametrize("here", BACKENDS, indirect=True)


def names_of(releases: tuple[Release, ...]) -> list[tuple[str, str]]:
    """Return what is to be seen of releases, in order of name."""
    return sorted((release.key, release.version) for release in releases)


def changes(resolution: Resolution) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return what is added and what is removed."""
    return names_of(resolution.added), names_of(resolution.removed)


@on_each_backend
def test_an_environment_is_made_without_any_index(here: Machine, index: Index) -> None:
    """A new environment has pip and the prompt that was asked for, and nothing was fetched."""
    here.variables["PIP_CONFIG_FILE"] = "/nonexistent"
    here.variables["PIP_INDEX_URL"] = "http://127.0.0.1:9/"
    target = here.create(prompt="shop")

    assert "pip" in packages(target).by_name
    assert "shop" in (target.prefix / "pyvenv.cfg").read_text()
    assert {} == versions(target)


@pytest.mark.parametrize("sees_system", [False, True])
def test_venv_is_made_faster_than_by_ensurepip(*, sees_system: bool, tmp_path: Path) -> None:
    """It has the files that ``python -m venv`` makes, whatever pip is set up to do."""
    here = machine(
        tmp_path, "pip", {"PIP_TARGET": str(tmp_path / "elsewhere"), "PIP_NO_BINARY": ":all:"}
    )
    prefix, other = tmp_path / "fast", tmp_path / "slow"
    steps = here.installer.create(prefix, Path(BASE), prompt=None, sees_system=sees_system)
    assert not isinstance(steps, Failure)
    for step in steps:
        succeed(here.run(step))
    options = ["--system-site-packages"] if sees_system else []
    subprocess.run([BASE, "-I", "-m", "venv", *options, other], check=True)

    assert ["create the environment with venv", "put pip in"] == [step.title for step in steps]
    assert files_of(other) == files_of(prefix)


def files_of(prefix: Path) -> list[str]:
    """Return the files of an environment, without what is compiled."""
    files = (path.relative_to(prefix) for path in prefix.rglob("*") if not path.is_dir())
    return sorted(str(path) for path in files if "__pycache__" not in path.parts)


@on_each_backend
def test_what_is_previewed_is_what_is_done(here: Machine) -> None:
    """Installing changes exactly what the dry run has said, dependencies and extras included."""
    target = here.create()
    wanted = Wanted(requirements=("flask[dot]==3.1.0", "source-only"))
    resolution = here.resolve(target, wanted)

    added = [
        ("dotenv", "1.0"),
        ("flask", "3.1.0"),
        ("source-only", "1.0"),
        ("werkzeug", "3.1"),
    ]
    assert (added, []) == changes(resolution)
    assert {} == versions(target)
    here.install(target, wanted)
    assert dict(added) == versions(target)
    ran = subprocess.run([target.prefix / "bin/flask"], capture_output=True, text=True, check=True)
    assert "3.1.0\n" == ran.stdout


@on_each_backend
def test_an_upgrade_moves_only_what_it_has_to(here: Machine) -> None:
    """The dependency stays as long as it will do, unless everything is to be moved."""
    target = here.create()
    here.install(target, Wanted(requirements=("flask==2.0.0", "werkzeug==3.0")))
    only = Wanted(requirements=("flask",), upgrades=(PackageName("flask"),))
    everything = Wanted(requirements=("flask",), upgrade_all=True)

    assert ([], []) == changes(here.resolve(target, Wanted(requirements=("flask",))))
    assert ([("flask", "3.1.0")], [("flask", "2.0.0")]) == changes(here.resolve(target, only))
    assert (
        [("flask", "3.1.0"), ("werkzeug", "3.1")],
        [("flask", "2.0.0"), ("werkzeug", "3.0")],
    ) == changes(here.resolve(target, everything))
    here.install(target, only)
    assert {"flask": "3.1.0", "werkzeug": "3.0"} == versions(target)


@on_each_backend
def test_projects_and_archives_are_installed_from_where_they_are(
    here: Machine, index: Index
) -> None:
    """An editable project and a wheel that is a file say where they come from."""
    target = here.create()
    project = write_project(here.home / "shop", wheel("big-shop", "0.5", requires=["werkzeug"]))
    archive = index.folder / "werkzeug-3.0-py3-none-any.whl"
    wanted = Wanted(requirements=(str(archive),), editables=(str(project),))
    resolution = here.resolve(target, wanted)

    assert [
        ("big-shop", project.as_uri()),
        ("werkzeug", archive.as_uri()),
    ] == sorted((release.key, release.source) for release in resolution.added)
    here.install(target, wanted)
    assert {"big-shop": "0.5", "werkzeug": "3.0"} == versions(target)
    assert project == packages(target).by_name[PackageName("big-shop")].editable


@on_each_backend
def test_uninstalling_leaves_what_was_brought_along(here: Machine) -> None:
    """Only what is named goes; what is not there does no harm."""
    target = here.create()
    here.install(target, Wanted(requirements=("flask==3.1.0",)))
    names = [PackageName("flask"), PackageName("not-there")]
    succeed(here.run(here.installer.uninstall(target, names)))

    assert {"werkzeug": "3.1"} == versions(target)
    assert not (target.prefix / "bin/flask").exists()


@on_each_backend
def test_files_and_constraints_are_read(here: Machine) -> None:
    """A requirements file, what it includes, and a constraints file beside it."""
    target = here.create()
    (here.home / "requirements.txt").write_text("-r more.txt\nflask\n")
    (here.home / "more.txt").write_text("dotenv\n")
    (here.home / "limits.txt").write_text("werkzeug<3.1\nflask<4\n")
    wanted = Wanted(
        files=(here.home / "requirements.txt",), constraints=(here.home / "limits.txt",)
    )
    here.install(target, wanted)

    assert {"dotenv": "1.0", "flask": "3.1.0", "werkzeug": "3.0"} == versions(target)


@on_each_backend
def test_hashes_and_reinstallation(here: Machine) -> None:
    """Hashes are checked; what is installed already is put in again if that is asked for."""
    target = here.create()
    (here.home / "pinned.txt").write_text(f"flask==3.1.0 --hash=sha256:{FLASK.sha256}\n")
    wanted = Wanted(files=(here.home / "pinned.txt",), without_dependencies=True)
    here.install(target, wanted)
    (target.prefix / "bin/flask").unlink()
    again = Wanted(requirements=("flask==3.1.0",), reinstall=True, without_dependencies=True)

    assert ([("flask", "3.1.0")], [("flask", "3.1.0")]) == changes(here.resolve(target, again))
    here.install(target, again)
    assert (target.prefix / "bin/flask").exists()
    assert {"flask": "3.1.0"} == versions(target)


@on_each_backend
def test_a_requirement_is_never_an_option(here: Machine) -> None:
    """A requirement that looks like an option is refused and read as none."""
    target = here.create()
    (here.home / "evil.txt").write_text("flask\n")
    wanted = Wanted(requirements=("-revil.txt",))
    completed = here.run(here.installer.install(target, wanted))

    assert not completed.has_succeeded
    assert {} == versions(target)


@pytest.mark.slow
def test_both_backends_install_the_same(tmp_path: Path, index: Index) -> None:
    """From the same pinned file both give the same packages, files and scripts."""
    lists = []
    for backend in ("uv", "pip"):
        home = tmp_path / backend
        home.mkdir()
        here = machine(home, backend, {"PIP_INDEX_URL": index.url})
        target = here.create()
        file = home / "requirements.txt"
        file.write_text("flask[dot]==3.1.0\nwerkzeug==3.0\ndotenv==1.0\nsource-only==1.0\n")
        here.install(target, Wanted(files=(file,)))
        ran = subprocess.run(
            [sys.executable, "-I", "-m", "pip", "--python", target.python, "inspect"],
            capture_output=True,
            check=True,
        )
        lists.append(
            sorted(
                (item["metadata"]["name"], item["metadata"]["version"], item["requested"])
                for item in json.loads(ran.stdout)["installed"]
                # Python before 3.12 brings it along.
                if item["metadata"]["name"] != "setuptools"
            )
        )

    assert lists[0] == lists[1]
    assert 5 == len(lists[0])


@on_each_backend
def test_a_configuration_that_would_lead_elsewhere(here: Machine) -> None:
    """What the user's configuration says of the place that packages go to does not count."""
    configuration = here.home / "pip.conf"
    elsewhere = here.home / "elsewhere"
    text = configuration.read_text()
    target = here.create()
    for option in (f"target = {elsewhere}", f"prefix = {elsewhere}", "user = true"):
        configuration.write_text(f"{text}[install]\n{option}\n")
        here.install(target, Wanted(requirements=("dotenv",), reinstall=True))

        assert {"dotenv": "1.0"} == versions(target)
        assert not elsewhere.exists()


@on_each_backend
def test_the_best_version_of_all_indexes_is_taken(here: Machine, index: Index) -> None:
    """uv left to itself would take the first index that has the project, and so another version."""
    target = here.create()
    with Index([wheel("werkzeug", "9.0")]) as other:
        configuration = here.home / "pip.conf"
        configuration.write_text(
            f"[global]\nindex-url = {index.url}\nextra-index-url = {other.url}\n"
        )
        here.install(target, Wanted(requirements=("werkzeug", "dotenv")))
        configuration.write_text(
            f"[global]\nindex-url = {other.url}\nextra-index-url = {index.url}\n"
        )

        added, removed = changes(here.resolve(target, Wanted(requirements=("werkzeug",))))
        assert ([], []) == (added, removed)
    assert {"dotenv": "1.0", "werkzeug": "9.0"} == versions(target)


@on_each_backend
def test_a_refusing_index_is_named_as_the_reason(here: Machine) -> None:
    """pip has to be asked again; then it too says that a password is wanted."""
    target = here.create()
    wanted = Wanted(requirements=("flask",))
    with FailingIndex([FLASK], Trouble.UNAUTHORIZED) as index:
        (here.home / "pip.conf").write_text(f"[global]\nindex-url = {index.url}\n")
        installer = here.installer
        completed = here.run(installer.install(target, wanted))
        closer = installer.look_closer(target, wanted, completed)
        if closer is not None:
            completed = here.run(closer)

    assert ("pip" == here.name) == (closer is not None)
    assert FailureKind.UNAUTHORIZED is installer.explain(completed).kind


@on_each_backend
def test_a_password_in_pips_configuration_is_used(here: Machine) -> None:
    """By both; and it stands neither in a command line nor in what people are shown."""
    target = here.create()
    wanted = Wanted(requirements=("dotenv",))
    archives = [wheel("dotenv", "1.0")]
    with FailingIndex(archives, Trouble.NONE, password="tulip") as index:
        url = index.url.replace("://", "://me:tulip@")
        (here.home / "pip.conf").write_text(f"[global]\nindex-url = {url}\n")
        here.install(target, wanted)
        step = here.installer.install(target, wanted)
        sources = here.installer.sources(target, wanted)

    assert {"dotenv": "1.0"} == versions(target)
    assert "tulip" not in " ".join(step.argv)
    assert "tulip" not in str(sources.indexes)
