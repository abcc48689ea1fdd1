"""What is left of an environment: made anew, removed, or refused with a way out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from shlex import quote

import pytest

from tests.cli.operating import BASE, OLD, Shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
    pytest.mark.parametrize("stocked", ["uv"], indirect=True),
]


def lose(shop: Shop, *names: str) -> None:
    """Delete what is called so in the environment."""
    for name in names:
        for path in shop.prefix.glob(name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_made_anew_from_what_is_left(shop: Shop) -> None:
    """Without pyvenv.cfg and interpreter its packages are known; undo gives back what was there."""
    lose(shop, "pyvenv.cfg", "bin/python*")
    before = shop.present()
    said = shop.run("env", "rebuild", "--python", BASE)

    assert "Rebuilt .venv, with the same packages." in said.stdout
    assert "Its pyvenv.cfg cannot be read" in said.stderr
    assert shop.names() == OLD
    shop.run("undo", "--yes")
    assert {name for name in before if not name.startswith("held")} <= shop.present().keys()


def test_what_every_environment_comes_with(shop: Shop) -> None:
    """One that lost its pip gets another, and still has the same packages as before."""
    lose(shop, "lib/python*/site-packages/pip", "lib/python*/site-packages/pip-*")
    said = shop.run("env", "rebuild", "--python", BASE).stdout

    assert "Rebuilt .venv, with the same packages." in said
    assert list(shop.prefix.glob("lib/python*/site-packages/pip"))


def test_a_folder_in_the_place_of_the_file(shop: Shop) -> None:
    """It was an environment, and so it is made anew; undo gives back that folder too."""
    lose(shop, "pyvenv.cfg")
    (shop.prefix / "pyvenv.cfg").mkdir()
    shop.run("env", "rebuild", "--python", BASE)

    assert shop.names() == OLD
    shop.run("undo", "--yes")
    assert (shop.prefix / "pyvenv.cfg").is_dir()


def test_packages_that_cannot_be_read(shop: Shop) -> None:
    """Then what the project asks for is installed, or nothing; which of them is said before."""
    lose(shop, "lib")
    first = shop.run("env", "rebuild", "--dry-run").stdout
    shop.write("requirements.txt", "helper==1.0\n")
    second = shop.run("env", "rebuild", "--dry-run").stdout
    shop.run("env", "rebuild")

    assert "Which packages it had cannot be read: none is installed.\n" in first
    instead = "what requirements.txt asks for is installed instead"
    assert f"Which packages it had cannot be read: {instead}.\n" in second
    assert shop.names() == {"helper": "1.0"}
    shop.run("undo", "--yes")
    assert not (shop.prefix / "lib").exists()


def test_its_python_is_kept(shop: Shop) -> None:
    """What is made over another has the Python of that, unless the project asks for another."""
    home = link_of_base(shop)
    kept = shop.run("env", "create", "--over", "--no-install", "--dry-run").stdout
    named = shop.run("env", "create", "--over", "--no-install", "--dry-run", "--python", BASE)
    rebuilt = shop.run("env", "rebuild", "--dry-run").stdout
    shop.write(".python-version", "2.7\n")
    other = shop.outcome("env", "create", "--over", "--no-install", "--dry-run", expected=2)

    note = "It has the same Python as the environment that it replaces.\n"
    assert f"({home}/python" in kept
    assert note in kept
    assert note not in named.stdout
    assert f"({home}/python" in rebuilt
    assert "there is no Python on this machine that is 2.7" in other["refusal"]["message"]


def link_of_base(shop: Shop) -> Path:
    """Let the environment be made from a folder that nobody finds by himself; return that."""
    home = shop.root / "python/bin"
    home.parent.mkdir()
    home.symlink_to(Path(BASE).parent)
    configuration = shop.prefix / "pyvenv.cfg"
    lines = configuration.read_text("utf-8").splitlines()
    others = [line for line in lines if not line.startswith("home")]
    configuration.write_text("\n".join([f"home = {home}", *others, ""]), "utf-8")
    return home


@pytest.mark.parametrize("named", [None, ".venv", ".venv/bin/python"])
def test_it_is_not_made_from_itself(shop: Shop, named: str | None) -> None:
    """What is in it goes with it: what that leads to is taken, or another."""
    configuration = shop.prefix / "pyvenv.cfg"
    lines = configuration.read_text("utf-8").splitlines()
    others = [line for line in lines if not line.startswith("home")]
    home = f"home = {shop.prefix}/bin"
    configuration.write_text("\n".join([home, *others, ""]), "utf-8")
    shop.run("env", "rebuild", *(() if named is None else ("--python", named)))

    assert shop.names() == OLD
    assert home not in configuration.read_text("utf-8").splitlines()


def test_a_copied_interpreter_of_its_own(shop: Shop) -> None:
    """An interpreter in it that leads to no other cannot be what it is made from."""
    own = shop.prefix / "bin/own"
    shutil.copy(BASE, own)
    refusal = shop.outcome("env", "rebuild", "--python", ".venv/bin/own", expected=2)["refusal"]

    assert f"{own} is in the environment that is made anew, and goes with it" == refusal["message"]
    for path in (shop.prefix / "bin").glob("python*"):
        path.unlink()
        shutil.copy(BASE, path)
    configuration = shop.prefix / "pyvenv.cfg"
    configuration.write_text(f"home = {shop.prefix}/bin\nversion = 3.12.1\n", "utf-8")
    other = shop.run("env", "rebuild", "--dry-run").stdout
    assert "\nPython: " in other
    assert f"({shop.prefix}/" not in other


def test_what_is_left_goes(shop: Shop) -> None:
    """It can be removed, and another be made in its place."""
    lose(shop, "pyvenv.cfg", "bin/python*")

    removed = shop.outcome("env", "remove", "--yes")
    assert set(OLD) < {change["name"] for change in removed["plan"]["changes"]}
    shop.run("undo", "--yes")
    shop.run("env", "create", "--over", "--no-install", "--python", BASE, "--yes")
    assert shop.names() == {}


def test_nothing_is_installed_into_its_base(shop: Shop) -> None:
    """An interpreter without its pyvenv.cfg is that of the base: nothing is installed with it."""
    lose(shop, "pyvenv.cfg")
    refusal = shop.outcome("install", "extra", expected=2)["refusal"]

    assert refusal["message"] == f"the pyvenv.cfg of {shop.prefix} is gone"
    assert refusal["action"] == f"rebuild it: `pinfold env rebuild {quote(str(shop.prefix))}`"


def test_the_way_out_of_a_refusal(shop: Shop) -> None:
    """What might be anything stays; it is said that undo knows it, or else to move it away."""
    lose(shop, "pyvenv.cfg", "bin")
    (shop.project / "data" / "lib").mkdir(parents=True)
    known = shop.outcome("env", "rebuild", expected=2)["refusal"]
    unknown = shop.outcome("env", "remove", "data", expected=2)["refusal"]

    assert "is not an environment" in known["message"]
    assert known["action"] == (
        f"`pinfold undo --env '{shop.prefix}'` gives what was there before the last install"
    )
    assert unknown["action"].startswith("if you do not need it, move it away yourself: `mv ")
    # Not what holds the project, of all things.
    assert shop.outcome("env", "remove", ".", expected=2)["refusal"]["action"] is None
    shop.run("undo", "--env", str(shop.prefix), "--yes")
    assert (shop.prefix / "pyvenv.cfg").is_file()


def test_the_way_out_of_what_was_just_made(shop: Shop) -> None:
    """Where nothing was before it was made, undo takes it away, and that is what is said."""
    shop.run("env", "create", "new", "--python", BASE, "--no-install")
    (shop.project / "new" / "pyvenv.cfg").unlink()
    shutil.rmtree(shop.project / "new" / "bin")
    refusal = shop.outcome("env", "rebuild", "new", expected=2)["refusal"]

    assert refusal["action"].endswith(" takes it away, for there was none before it was made")
    shop.run("undo", "--env", "new", "--yes")
    assert not (shop.project / "new").exists()
