"""Requirements files that pip would refuse: said with file and line, before an installer starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.operating import BASE, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.index import Index

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
]

TYPO = "# what the shop needs\nmoney\nhelper=1.0\n"


@pytest.mark.parametrize(
    "command",
    [
        ("env", "create", "--over", "--python", BASE),
        ("sync",),
        ("install", "-r", "requirements.txt"),
        ("install", "-c", "requirements.txt", "extra"),
        ("upgrade",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_a_typo(command: tuple[str, ...], shop: Shop) -> None:
    """Every verb that hands the file on says what `check` says; nothing is started."""
    shop.write("requirements.txt", TYPO)
    before = shop.everything()
    done = shop.without_processes(*command)

    assert (2, before) == (done.returncode, shop.everything())
    assert done.stderr.endswith(
        "pinfold: requirements.txt:3: `=` is no operator: write `==`; mend it (`pinfold check"
        " requirements.txt` shows all that is wrong), and try again\n"
    )


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_in_an_included_file_though_silenced(shop: Shop) -> None:
    """An ignore comment does not make pip read the line: its own reason is told."""
    shop.write("requirements.txt", "-r more/base.txt\n")
    shop.write("more/base.txt", "helper=1.0  # pinfold: ignore[invalid-requirement]\n")
    refusal = shop.outcome("sync", expected=2)["refusal"]

    assert refusal["message"].startswith("more/base.txt:1: ")
    assert "pinfold check more/base.txt" in refusal["action"]


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_what_reads_the_file_itself_goes_on(shop: Shop) -> None:
    """Taking a package away needs nothing of the file, and is done."""
    shop.write("requirements.txt", TYPO)
    shop.run("uninstall", "helper")

    assert "helper" not in shop.names()


def test_other_findings_refuse_nothing(index: Index, tmp_path: Path) -> None:
    """What pip reads, with whatever warnings, is installed."""
    shop = Shop(tmp_path / "shop", index, "uv")
    shop.make({"requirements.txt": "money  # unpinned\n--trusted-host localhost\n"})
    shop.run("env", "create", "--python", BASE)

    assert {"money": "2.0"} == shop.names()
