"""What is left of an environment: made anew, removed, or refused with a way out."""

from __future__ import annotations

import os
import shutil

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
    assert refusal["action"] == "rebuild it: `pinfold env rebuild`"


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
