"""An environment that is gone, or broken: whoever asks for it hears what brings it back."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.cli.operating import BASE, Shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
    pytest.mark.parametrize("stocked", ["uv"], indirect=True),
]

CLAUSE = "`pinfold undo --env .venv` gives back .venv as it was before its last change (install)"
NEW_ONE = "`pinfold env create` makes a new one"


def hints(shop: Shop) -> list[str]:
    """Return what is said where an environment is looked for and there is none."""
    shop.write("requirements.txt", "helper==1.0\n")
    refusal = shop.outcome("install", "extra", expected=2)["refusal"]
    why = shop.run("env", "why").stdout.splitlines()[2].strip()
    return [refusal["action"], why, shop.run("check").stdout.splitlines()[-1]]


def test_deleted_by_hand(shop: Shop) -> None:
    """History has the state before the last change: that is said, and undo gives that."""
    shutil.rmtree(shop.prefix)

    assert [
        f"{CLAUSE}; {NEW_ONE}",
        CLAUSE,
        f"There is no environment any more: {CLAUSE}.",
    ] == hints(shop)
    shop.run("undo", "--env", ".venv", "--yes")
    assert shop.names() == {}


def test_removed(shop: Shop) -> None:
    """What Pinfold has removed comes back as it was."""
    shop.run("env", "remove", "--yes")

    assert hints(shop)[1] == ("`pinfold undo --env .venv` brings back .venv, which was removed")


def test_named_but_gone(shop: Shop) -> None:
    """Where it is named, what gives it back is said as well."""
    shutil.rmtree(shop.prefix)
    refusal = shop.outcome("install", "extra", "--env", ".venv", expected=2)["refusal"]
    never = shop.outcome("install", "extra", "--env", "other", expected=2)["refusal"]

    assert (CLAUSE, None) == (refusal["action"], never["action"])


def test_nothing_gives_it_back(shop: Shop) -> None:
    """Where it was made last, there is no state before: undo is not offered, and says why."""
    shutil.rmtree(shop.prefix)
    shop.run("env", "create", "--python", BASE, "--no-install")
    shutil.rmtree(shop.prefix)
    refusal = shop.outcome("undo", "--env", ".venv", expected=2)["refusal"]

    assert not any("undo" in hint for hint in hints(shop))
    assert refusal["message"].endswith(
        ".venv is gone already, and there was none before it was made"
    )
    assert refusal["action"] == NEW_ONE


def test_broken(shop: Shop) -> None:
    """What is left of one is named, with the command that makes it whole."""
    (shop.prefix / "pyvenv.cfg").unlink()
    for path in (shop.prefix / "bin").glob("python*"):
        path.unlink()

    assert hints(shop)[1] == "`pinfold env rebuild .venv` makes what is left of it whole again"


def test_the_folder_that_goes(shop: Shop) -> None:
    """To undo a creation takes the folder away, or leaves it empty: the preview says which."""
    (shop.project / "empty").mkdir()
    for name in ("new", "empty"):
        shop.run("env", "create", name, "--python", BASE, "--no-install")
    gone = shop.run("undo", "--env", "new", "--dry-run").stdout
    emptied = shop.run("undo", "--env", "empty", "--dry-run").stdout

    assert (
        f"Takes {shop.project / 'new'} away: before that change there was none;"
        " `pinfold undo --redo` brings it back.\n"
    ) in gone
    assert f"Leaves an empty folder at {shop.project / 'empty'}, as it was" in emptied
    shop.run("undo", "--env", "new", "--yes")
    assert not (shop.project / "new").exists()
    redone = shop.run("undo", "--env", "new", "--redo", "--dry-run").stdout
    assert "Takes " not in redone.replace("Takes back", "")
