"""What may be asked of the changing verbs: which Python, which place, which file, which index."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.operating import BASE, OLD, Shop
from tests.harness.index import Index, wheel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
]

on_uv = pytest.mark.parametrize("stocked", ["uv"], indirect=True)
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"

REQUIREMENTS = """\
# What the shop needs.
--prefer-binary

helper==0.9  # it helps
shop>=1.0 ; python_version >= "3.8"
# the end
"""


@pytest.fixture
def empty(index: Index, tmp_path: Path) -> Shop:
    """A project without an environment, on a machine with uv."""
    shop = Shop(tmp_path / "shop", index, "uv")
    shop.make({})
    return shop


def test_saved(shop: Shop) -> None:
    """What was installed and removed is written into the file, which else stays as it is."""
    shop.write("requirements.txt", REQUIREMENTS)
    shop.run("install", "till", "helper[more]", "--save", "requirements.txt")
    saved = (shop.project / "requirements.txt").read_text()

    assert saved.startswith("# What the shop needs.\n--prefer-binary\n\n")
    assert "  # it helps\n" in saved
    assert "till==1.0\n" in saved
    assert "helper[more]==1.0  # it helps\n" in saved
    assert 'shop>=1.0 ; python_version >= "3.8"\n' in saved
    shop.run("uninstall", "till", "--save", "requirements.txt")
    assert "till" not in (shop.project / "requirements.txt").read_text()
    shop.run("install", "till", "--save", "new.txt")
    assert "till==1.0\n" == (shop.project / "new.txt").read_text()


@on_uv
def test_not_saved(shop: Shop) -> None:
    """Where the file cannot be written, what was installed stays, and both are said."""
    shop.write("requirements.txt", "\0\ud800".encode("utf-8", "ignore").decode() or "x")
    (shop.project / "folder").mkdir()
    said = shop.run("install", "till", "--save", "folder", expected=2)

    assert ".venv: 1 added." in said.stdout
    assert "pinfold: folder: " in said.stderr
    assert {**OLD, "till": "1.0"} == shop.names()


@on_uv
def test_a_dry_run_saves_nothing(shop: Shop) -> None:
    """Neither the environment nor the file is changed, and a new file is not made."""
    shop.write("requirements.txt", REQUIREMENTS)
    before = shop.everything()
    shop.run("install", "till", "--save", "requirements.txt", "--dry-run")
    shop.run("install", "till", "--save", "new.txt", "--dry-run")

    assert before == shop.everything()


@on_uv
@pytest.mark.skipif(
    not list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")), reason="nobody keeps it"
)
def test_the_system_s_python(shop: Shop) -> None:
    """An interpreter that the system keeps is refused, with the way out."""
    shop.write("requirements.txt", "till\n")
    for command in (("install", "till"), ("uninstall", "till"), ("upgrade",), ("sync",)):
        shape = shop.outcome(*command, "--env", "/usr/bin/python3", expected=2)

        assert ("refused", "externally-managed") == (shape["result"], shape["refusal"]["reason"])
        assert "`pinfold env create`" in shape["refusal"]["action"]


OLD_PYTHON = Path("~/.pyenv/versions/2.7.18/bin/python").expanduser()


@pytest.mark.skipif(not OLD_PYTHON.exists(), reason="there is no Python 2.7")
@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_a_python_that_is_too_old(backend: str, index: Index, tmp_path: Path) -> None:
    """Python 2.7 has no environments that are made so; what makes them is said."""
    shop = Shop(tmp_path / "shop", index, backend)
    shop.make({})
    shape = shop.outcome("env", "create", "--python", str(OLD_PYTHON), expected=2)

    assert ("failed", "wrong-python") == (shape["result"], shape["failure"]["kind"])
    assert "virtualenv" in shape["failure"]["action"]
    assert not shop.prefix.exists()


MANAGED = (
    ("uv.lock", "version = 1\n", "", ["uv", "add", "till"]),
    ("poetry.lock", "", "[tool.poetry]\nname = 'x'\n", ["poetry", "add", "till"]),
    ("pdm.lock", "", "[tool.pdm]\n", ["pdm", "add", "till"]),
)


@on_uv
@pytest.mark.parametrize(
    ("lock", "text", "table", "command"), MANAGED, ids=lambda one: str(one)[:9]
)
def test_managed_projects(lock: str, text: str, table: str, command: list[str], shop: Shop) -> None:
    """What a manager keeps is left to it, with the command that does it."""
    shop.write(lock, text)
    shop.write("pyproject.toml", f"[project]\nname = 'x'\nversion = '1'\n{table}")
    before = shop.everything()
    shape = shop.outcome("install", "till", expected=2)

    assert "managed-project" == shape["refusal"]["reason"]
    assert command == shape["refusal"]["command"]
    said = shop.run("install", "till", expected=2).stderr
    assert " ".join(command) in said
    assert before == shop.everything()


@on_uv
def test_what_is_not_removed(shop: Shop, tmp_path: Path) -> None:
    """Each folder that holds more than an environment is refused, with the reason."""
    home = shop.root / "home"
    link = shop.project / "link"
    link.symlink_to(shop.prefix)
    work = shop.project / "work"
    (work / "bin").mkdir(parents=True)
    (work / "pyvenv.cfg").touch()
    (work / "setup.py").touch()
    (shop.project / "plain").mkdir()
    before = shop.everything()
    refusals = {
        "/": "is the root of a file system",
        str(home): "holds your home directory",
        str(shop.root): "holds your home directory",
        ".": "holds the workspace",
        "link": "is a link to",
        "work": "holds more than an environment: setup.py",
        "plain": "is not an environment",
        "missing": "does not exist",
        str(Path(sys.prefix)): "Pinfold itself runs from",
    }
    for place, reason in refusals.items():
        said = shop.run("env", "remove", place, "--yes", expected=2).stderr

        assert reason in said, (place, said)
        assert "Traceback" not in said
    inside = shop.run(
        "env", "remove", str(shop.prefix), "--yes", cwd=shop.prefix / "bin", expected=2
    ).stderr
    assert "holds the workspace" in inside
    over = shop.run("env", "create", "work", "--over", "--yes", expected=2).stderr
    assert "holds more than an environment" in over
    assert before == shop.everything()


@on_uv
def test_a_base_is_not_removed(shop: Shop) -> None:
    """An environment that another one is made from, or that holds another, stays."""
    inner = shop.prefix / "share" / "inner"
    shop.run("env", "create", str(inner), "--python", BASE, "--no-install")
    shop.run("env", "list")
    said = shop.run("env", "remove", ".venv", "--yes", expected=2).stderr

    assert "another environment is in it" in said or "is made from" in said


def test_where_an_environment_is_made(empty: Shop) -> None:
    """Not where something stands, but in folders that are not there yet, and in empty ones."""
    empty.run("env", "create", "deep/er/place", "--python", BASE)
    (empty.project / "empty").mkdir()
    empty.run("env", "create", "empty", "--python", BASE)
    (empty.project / "full").mkdir()
    empty.write("full/file", "")
    before = empty.everything()
    for place in ("deep/er/place", "full"):
        said = empty.run("env", "create", place, "--python", BASE, expected=2).stderr

        assert f"{place} is there already; rebuild it, remove it, or name another place" in said
    over = empty.run("env", "create", "full", "--over", "--yes", expected=2).stderr
    assert "is not an environment" in over
    assert before == empty.everything()
    empty.run("undo", "--yes")
    assert [] == list((empty.project / "empty").iterdir())
    assert (empty.project / "deep/er/place/pyvenv.cfg").is_file()


def made_with(shop: Shop) -> str:
    """Return the version that the environment was made with, to the minor."""
    shape = json.loads(shop.run("env", "show", "--format", "json").stdout)
    return ".".join(str(shape["environments"][0]["version"]).split(".")[:2])


def test_which_python(empty: Shop) -> None:
    """A path, an environment, a version; what is not there is said, and the prompt is heeded."""
    empty.run("env", "create", "first", "--python", BASE, "--prompt", "a shop")
    assert "a shop" in (empty.project / "first" / "pyvenv.cfg").read_text()
    empty.run("env", "create", "--python", "first")
    assert MINOR == made_with(empty)
    assert "prompt = " in (empty.prefix / "pyvenv.cfg").read_text()
    home = (empty.prefix / "pyvenv.cfg").read_text()
    assert f"home = {Path(BASE).parent}" in home
    missing = {
        "3.99": "there is no Python 3.99 on this machine; `pinfold env list` shows which there are",
        "./nowhere": "nowhere does not exist",
        "nonsense": "`nonsense` is neither an interpreter on PATH nor a version of Python",
    }
    for named, reason in missing.items():
        said = empty.run("env", "create", "new", "--python", named, expected=2).stderr

        assert reason in said, said
    assert not (empty.project / "new").exists()


def test_what_the_project_asks_for(empty: Shop) -> None:
    """The version in .python-version is taken; whoever names another one is told."""
    empty.write(".python-version", f"{MINOR}\n")
    found = empty.with_variables(PATH=f"{Path(BASE).parent}:/usr/bin:/bin")
    found.run("env", "create")
    assert MINOR == made_with(empty)
    empty.write(".python-version", "3.7\n")
    said = found.run("env", "create", "other", "--python", BASE, "--dry-run").stdout

    assert "3.7" in said
    assert ".python-version" in said


def test_pip_s_configuration(shop: Shop, tmp_path: Path) -> None:
    """Packages come from the index that pip is set up for, uv or not, and the preview says so."""
    with Index([wheel("till", "7.0")]) as other:
        configuration = tmp_path / "pip.conf"
        configuration.write_text(f"[global]\nindex-url = {other.url}\n")
        theirs = shop.with_variables(PIP_CONFIG_FILE=str(configuration), PIP_INDEX_URL="")
        preview = theirs.run("install", "till", "--dry-run").stdout
        assert f"packages come from {other.url} ({configuration})\n" in preview
        theirs.run("install", "till")

        assert {**OLD, "till": "7.0"} == shop.names()
    with_variable = shop.run("uninstall", "till").stdout
    assert "1 removed" in with_variable
    preview = shop.run("install", "till", "--dry-run").stdout
    assert f"packages come from {shop.index.url} (PIP_INDEX_URL)\n" in preview
