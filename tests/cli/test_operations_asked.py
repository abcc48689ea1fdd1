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


@pytest.fixture
def empty(index: Index, tmp_path: Path) -> Shop:
    """A project without an environment, on a machine with uv."""
    shop = Shop(tmp_path / "shop", index, "uv")
    shop.make({})
    return shop


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

        assert f"{place} is there already; rebuild it, remove it, make it anew" in said
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
    shim = empty.write("shims/python3", '#!/usr/bin/env bash\nexec "/x/pyenv" exec python3 "$@"\n')
    missing = {
        "3.99": "there is no Python 3.99 on this machine to make an environment with;"
        " `pinfold env list` shows which there are",
        "./nowhere": "nowhere does not exist",
        str(shim): f"{shim} is a shim of pyenv's, which stands for an interpreter and is none;"
        " name the one that `pyenv which python3` prints, or a version",
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
        assert f"Packages come from {other.url} ({configuration})\n" in preview
        theirs.run("install", "till")

        assert {**OLD, "till": "7.0"} == shop.names()
    with_variable = shop.run("uninstall", "till").stdout
    assert "1 removed" in with_variable
    preview = shop.run("install", "till", "--dry-run").stdout
    assert f"Packages come from {shop.index.url} (PIP_INDEX_URL)\n" in preview


@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_what_a_creation_would_install(backend: str, index: Index, tmp_path: Path) -> None:
    """The preview of a new environment has its packages, as whoever asks for them wants them."""
    shop = Shop(tmp_path / "shop", index, backend)
    shop.make({"requirements.txt": "shop<2\nnever ; python_version < '3'\n"})
    before = shop.everything()
    command = ("env", "create", "--python", BASE, "--install", "helper[more]")
    shape = shop.outcome(*command, "-r", "requirements.txt", "--dry-run")
    said = shop.run("env", "create", "--python", BASE, "--dry-run").stdout

    # uv does not tell how a project spells its own name.
    assert {"shop": "1.1", "money": "2.0", "helper": "1.0", "extra": "1.0"} == {
        one["name"].lower(): one["after"]["version"] for one in shape["plan"]["changes"]
    }
    assert "(requirements.txt:1: shop<2)" in said
    assert before == shop.everything()
    shop.run(*command, "-r", "requirements.txt")
    assert {"Shop": "1.1", "money": "2.0", "helper": "1.0", "extra": "1.0"} == shop.names()


PYPY = Path("/usr/bin/pypy3")


@pytest.mark.skipif(
    not PYPY.exists() or bool(list(Path("/usr/lib/pypy3.9/ensurepip").glob("_bundled/pip*"))),
    reason="there is no PyPy that lacks pip",
)
def test_a_python_without_pip(empty: Shop) -> None:
    """Where the interpreter brings no pip, that is why an index is needed, and it is said so."""
    offline = empty.with_variables(PIP_INDEX_URL="http://127.0.0.1:9/")
    failure = offline.failure("env", "create", "--python", str(PYPY))

    assert "no-network" == failure["kind"]
    assert f"{PYPY} brings no pip along, so that of an index is needed" in failure["cause"]


def test_whose_credentials(shop: Shop) -> None:
    """The preview says where the credentials for an index come from, and never what they are."""
    (shop.root / "home" / ".netrc").write_text("machine 127.0.0.1 login ann password opensesame\n")
    said = shop.run("install", "till", "--dry-run").stdout
    shape = shop.outcome("install", "till", "--dry-run")
    with_user = shop.index.url.replace("://", "://ann:opensesame@")
    other = shop.with_variables(PIP_INDEX_URL=with_user).run("install", "till", "--dry-run").stdout

    netrc = shop.root / "home" / ".netrc"
    assert f"(PIP_INDEX_URL), with credentials from {netrc}\n" in said
    assert [str(netrc)] == [index["credentials"] for index in shape["plan"]["indexes"]]
    assert "(PIP_INDEX_URL), with credentials from its address\n" in other
    assert "opensesame" not in said + other + json.dumps(shape)


def test_who_asks_for_what_an_upgrade_brings(shop: Shop) -> None:
    """Nobody is named who asks for something else than what would be installed."""
    shop.run("install", "till==1.0")
    shape = shop.outcome("install", "shop==2.0", "--dry-run")
    (money,) = (one for one in shape["plan"]["changes"] if one["name"] == "money")

    assert "2.0" == money["after"]["version"]
    requirements = {one["requirement"] for one in money["askedBy"]}
    assert "money<2" not in requirements
    assert requirements <= {"money>=1", "money>=2"}


def test_an_upgrade_that_cannot_be(shop: Shop) -> None:
    """That nothing gets older is what an upgrade keeps to, and no requirement of anybody's."""
    shop.write("requirements.txt", "shop<1\n")
    failure = shop.failure("upgrade", "shop")

    assert "conflict" == failure["kind"]
    assert "shop<1, shop>=1.0 (as is installed)" in failure["cause"]
    assert ["shop<1"] == [one["requirement"] for one in failure["askers"]]


def test_what_an_uninstallation_leaves(shop: Shop) -> None:
    """What nothing needs any more is named, with the option for it, unless a file wants it."""
    hint = "money stays, though nothing else needs it: `pinfold uninstall --with-unused`"
    named = shop.run("uninstall", "shop", "--dry-run").stdout
    with_all = shop.run("uninstall", "shop", "--with-unused", "--dry-run").stdout
    shop.write("requirements.txt", "money\n")
    wanted = shop.run("uninstall", "shop", "--dry-run").stdout

    shop.write(
        "requirements.txt", "# ours\nshop; python_version > '3'\nmoney; python_version < '3'\n"
    )
    asked = shop.run("uninstall", "shop", "money", "--dry-run").stdout

    assert hint in named
    assert "- money 1.0" in with_all
    assert "stays" not in with_all + wanted
    assert "asks for" not in named + wanted
    assert ["requirements.txt, line 2, asks for shop; python_version > '3'"] == [
        line for line in asked.splitlines() if "asks for" in line
    ]
