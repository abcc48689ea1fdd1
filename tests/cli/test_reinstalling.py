"""`pinfold install --reinstall`: packages that have lost files are mended, at the same version."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.operating import OLD, Shop
from tests.harness.index import wheel, write_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
]


def module(shop: Shop) -> Path:
    """Return the one module of a package."""
    (found,) = shop.prefix.glob("lib/python3*/site-packages")
    return found / "helper.py"


def test_what_the_doctor_says_works(shop: Shop) -> None:
    """The command that mends a package without its files is told, and mends it; undo undoes."""
    module(shop).unlink()
    said = shop.run("env", "doctor").stdout
    before = shop.present()

    assert "helper (it has none of its files) is not installed completely" in said
    assert "repair: `pinfold install --reinstall helper==1.0 --env .venv`" in said
    mending = ("install", "--reinstall", "helper==1.0", "--env", ".venv")
    preview = shop.run(*mending, "--dry-run").stdout
    assert preview.startswith("~ helper 1.0, reinstalled  (helper==1.0)\n")
    assert before == shop.present()
    done = shop.run(*mending)
    assert ".venv: 1 reinstalled. `pinfold undo` takes it back.\n" == done.stdout
    assert shop.names() == OLD
    assert "none of its files" not in shop.run("env", "doctor").stdout
    shop.run("undo", "--yes")
    assert not module(shop).exists()


def test_the_version_that_is_there(shop: Shop) -> None:
    """Without a version it is the installed one, though there are newer; nothing else moves."""
    changes = shop.outcome("install", "--reinstall", "shop", "--dry-run")["plan"]["changes"]

    assert [("shop", "1.0", "1.0")] == [
        (one["name"].lower(), one["before"]["version"], one["after"]["version"]) for one in changes
    ]


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_an_editable_one(shop: Shop) -> None:
    """It is installed again from its folder."""
    folder = write_project(shop.project / "own", wheel("own", "1.0"))
    shop.run("install", "-e", str(folder))
    (change,) = shop.outcome("install", "--reinstall", "own", "--dry-run")["plan"]["changes"]

    assert ("own", True, True) == (
        change["name"],
        change["before"]["editable"],
        change["after"]["source"] in (str(folder), folder.as_uri()),
    )


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
@pytest.mark.parametrize(
    ("words", "message", "action"),
    [
        (("till",), "`till` is not installed", None),
        ((), "nothing to install again is named", "pinfold env rebuild"),
        (("./own",), "does not say which package", "name the package"),
        (("helper", "-r", "more.txt"), "named as packages", "leave out `-r`"),
    ],
)
def test_refused(words: tuple[str, ...], message: str, action: str | None, shop: Shop) -> None:
    """What is not there, or not named, cannot be installed again."""
    refusal = shop.outcome("install", "--reinstall", *words, expected=2)["refusal"]

    assert message in refusal["message"]
    assert action is None or action in refusal["action"]
