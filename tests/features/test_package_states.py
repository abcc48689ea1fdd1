"""Packages beside what requirements files ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.facts import Facts
from pinfold.core.workspace.workspace import Workspace
from pinfold.features.package_states import NOTHING_WANTED, packages_json, wanted_by
from tests.core.environments.planning.made import packages
from tests.lsp.schemas import validate

if TYPE_CHECKING:
    from pinfold.core.model.environment import InstalledPackages

ROOT = Path("/project")
MAIN = ROOT / "requirements.txt"


def shape(installed: InstalledPackages, **files: str) -> Any:
    """Return what is shown of an environment beside files, the first of which is installed from."""
    written: dict[str, bytes | str] = {f"{ROOT}/{name}.txt": text for name, text in files.items()}
    workspace = Workspace(
        MemoryFileSystem(written), working_directory=ROOT, locale_encoding="utf-8", facts=Facts()
    )
    asked = tuple(ROOT / f"{name}.txt" for name in list(files)[:1])
    wanted = wanted_by(installed, workspace.snapshot, asked)
    result = packages_json(installed, wanted, str)
    validate(result, "listPackages")
    return result


def states(result: Any) -> dict[str, tuple[str, str | None]]:
    """Return of each package its state, and what asks for it."""
    return {one["name"]: (one["state"], one["wanted"]) for one in result["packages"]}


def test_states_of_packages() -> None:
    """Right, wrong, broken, and there for others only."""
    installed = packages("a 1", "b 1", "c 1 requires d", "d 1")
    result = shape(installed, requirements="a==1\nb>=2 # new\nc\n")

    assert {
        "a": ("installed", "a==1"),
        "b": ("wrong", "b>=2"),
        "c": ("installed", "c"),
        "d": ("installed", None),
    } == states(result)
    assert [["c"]] == [one["requiredBy"] for one in result["packages"] if one["name"] == "d"]
    assert [["d"]] == [one["requires"] for one in result["packages"] if one["name"] == "c"]


def test_what_is_missing() -> None:
    """With its place; once, though several lines ask for it; not what a marker leaves out."""
    result = shape(
        packages("a 1"),
        requirements="-r base.txt\nb\nold ; python_version < '3'\n-c limits.txt\n",
        base="a\nB==1\n\nrich [x] >=2\n",
        limits="never==1\n",
    )
    found = [(one["name"], one["wanted"], one["file"], one["line"]) for one in result["missing"]]

    assert [
        ("b", "b", "/project/requirements.txt", 2),
        ("rich", "rich [x] >=2", "/project/base.txt", 4),
    ] == found
    assert "line 2 of requirements\\.txt asks for it" in result["missing"][0]["tooltip"]


def test_a_constraint_asks_for_nothing() -> None:
    """A constraint that is not met is no requirement."""
    result = shape(packages("a 1"), requirements="-c limits.txt\n", limits="a==2\n")

    assert {"a": ("installed", None)} == states(result)


def test_a_file_that_cannot_be_read() -> None:
    """Asks for nothing; whoever judges it says so."""
    workspace = Workspace(
        MemoryFileSystem(), working_directory=ROOT, locale_encoding="utf-8", facts=Facts()
    )

    assert NOTHING_WANTED == wanted_by(packages("a 1"), workspace.snapshot, [MAIN])


def test_secrets_are_masked() -> None:
    """A password in a requirement is not shown."""
    result = shape(packages(), requirements="a @ https://me:hush@host.example/a.zip\n")

    assert "hush" not in str(result)
    assert "host.example" in result["missing"][0]["wanted"]


def test_tooltip_of_a_package() -> None:
    """Says what asks for it and what needs it; what is foreign is no markup."""
    installed = packages("a 1 editable /src/[a](command:x)", "b 1 requires a")
    result = shape(installed, requirements="a==2\n")
    tooltip = next(one["tooltip"] for one in result["packages"] if one["name"] == "a")

    assert "`a 1`" in tooltip
    assert "Another version is asked for: `a==2`" in tooltip
    assert "Editable, from `/src/[a](command:x)`" in tooltip
    assert "Needed by `b`" in tooltip
