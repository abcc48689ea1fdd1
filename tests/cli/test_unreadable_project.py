"""A `pyproject.toml` that is no TOML: told with its line, never passed over in silence."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.operating import BASE, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Runner
    from tests.harness.index import Index

BROKEN = '[project]\nname = "shop"\nrequires-python = >=3.8\n'
TOLD = "pinfold: pyproject.toml:3: this is no TOML: "
UNHEEDED = "; nothing that it says is heeded\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BROKEN.encode(), "pyproject.toml:3: this is no TOML: invalid value"),
        (
            b"[project]\nname = '\xff'\n",
            "pyproject.toml:2: this is no TOML: byte 0xff is not UTF-8",
        ),
        (b"[project]\nname = 'shop'\n", ""),
    ],
)
def test_check(text: bytes, told: str, pinfold: Runner) -> None:
    """A check says so beside its findings, and its exit status goes by these alone."""
    pinfold.write("pyproject.toml", text)
    pinfold.write("requirements.txt", "flask==3.0.0\n")
    done = pinfold("check")

    assert (0, bool(told)) == (done.status, UNHEEDED in done.err)
    assert told.lower() in done.err.lower()


def test_one_that_speaks_of_pinfold_is_a_finding(pinfold: Runner) -> None:
    """What has settings is told once, as the finding that it is."""
    pinfold.write("pyproject.toml", "[tool.pinfold]\nignore = oops\n")
    pinfold.write("requirements.txt", "flask==3.0.0\n")
    done = pinfold("check")

    assert "invalid-setting" in done.out
    assert UNHEEDED not in done.err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one")
def test_operations(index: Index, tmp_path: Path) -> None:
    """They go on without it, and say so; the project itself cannot be installed."""
    shop = Shop(tmp_path / "shop", index, "uv")
    shop.make({"pyproject.toml": BROKEN, "requirements.txt": "money\n"})
    created = shop.run("env", "create", "--python", BASE).stderr

    assert TOLD in created
    assert UNHEEDED in created
    refusal = shop.outcome("install", "-e", ".", expected=2)["refusal"]
    assert refusal["message"].startswith("pyproject.toml:3: this is no TOML: ")
    assert "mend it, and try again" == refusal["action"]
    shop.write("more.txt", "./\n")
    assert "pyproject.toml:3: " in shop.run("install", "-r", "more.txt", expected=2).stderr
