"""The verbs that change environments, with real installers, as a person uses them.

Each is done on a machine with uv and on one without, where pip does the work.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.operating import BASE, OLD, Shop, Terminal
from tests.harness.index import Index, wheel, write_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
]


@dataclass(frozen=True)
class Verb:
    """What is asked for, and what comes of it."""

    name: str
    command: tuple[str, ...]
    new: dict[str, str] | None
    said: str
    files: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


UNDO = " `pinfold undo` takes it back.\n"
VERBS = (
    Verb(
        "create",
        ("env", "create", "--over", "--python", BASE),
        {"money": "2.0"},
        f"Created .venv with 2 packages.{UNDO}",
        (("requirements.txt", "money==2.0\n"),),
    ),
    Verb(
        "remove",
        ("env", "remove"),
        None,
        "Removed .venv; it is kept for 30 days, and `pinfold undo` brings it back.\n",
    ),
    Verb("rebuild", ("env", "rebuild"), OLD, f"Rebuilt .venv, with the same packages.{UNDO}"),
    Verb(
        "install",
        ("install", "source-only", "helper[more]"),
        {**OLD, "source-only": "1.0", "extra": "1.0"},
        f".venv: 2 added.{UNDO}",
    ),
    Verb(
        "uninstall",
        ("uninstall", "helper"),
        {"Shop": "1.0", "money": "1.0"},
        f".venv: 1 removed.{UNDO}",
    ),
    Verb(
        "upgrade",
        ("upgrade", "shop"),
        {**OLD, "Shop": "2.0", "money": "2.0"},
        f".venv: 2 changed.{UNDO}",
    ),
    Verb(
        "sync",
        ("sync",),
        {"money": "1.0", "till": "1.0"},
        f".venv: 1 added, 2 removed.{UNDO}",
        (("requirements.txt", "till\nmoney\n"),),
    ),
    Verb("undo", ("undo",), {}, ".venv is as it was before: 3 removed.\n"),
)


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_verbs(verb: Verb, shop: Shop) -> None:
    """A verb shows what it would do, does it, is in the history, and can be undone offline."""
    for name, text in verb.files:
        shop.write(name, text)
    before = shop.everything()
    history = shop.histories()

    preview = shop.run(*verb.command, "--dry-run")
    assert preview.stdout.endswith("Nothing was changed.\n")
    previewed = shop.outcome(*verb.command, "--dry-run")
    assert ("previewed", verb.name) == (previewed["result"], previewed["plan"]["verb"])
    assert before == shop.everything()

    done = shop.outcome(*verb.command, "--yes")
    assert "done" == done["result"]
    assert {
        (change["name"], change["after"])
        for change in done["changes"]
        if change["name"] not in ("pip", "setuptools")
    } == changed(OLD, verb.new)
    if verb.new is None:
        assert not shop.prefix.exists()
    else:
        assert verb.new == shop.names()
    entry, *others = shop.histories()
    assert history == [{**one, **still(one, history)} for one in others] or verb.name == "undo"
    assert (verb.name, done["id"], "done") == (entry["verb"], entry["id"], entry["state"])
    # The second time it is said in words.
    offline = shop.with_variables(PIP_INDEX_URL="http://127.0.0.1:9/")
    redo = ("--redo",) if verb.name == "undo" else ()
    assert "done" == offline.outcome("undo", "--yes", *redo)["result"]
    assert OLD == shop.names()
    assert {name: value for name, value in before.items() if name.startswith(".venv")} == {
        name: value for name, value in shop.everything().items() if name.startswith(".venv")
    }

    # How many that are depends on what the interpreter brings along.
    packages = re.compile(r"with \d+ packages?")
    said = shop.run(*verb.command, "--yes").stdout
    assert packages.sub("with them", verb.said) == packages.sub("with them", said)
    offline.run("undo", "--yes", *redo)
    assert OLD == shop.names()
    offline.run("undo", "--yes", *(() if redo else ("--redo",)))
    assert verb.new == (None if verb.new is None else shop.names())


def changed(old: dict[str, str], new: dict[str, str] | None) -> set[tuple[str, str | None]]:
    """Return what has another version in *new*, by normalised name."""
    now = new or {}
    return {
        (name.lower(), now.get(name)) for name in {*old, *now} if old.get(name) != now.get(name)
    }


def still(entry: dict[str, object], history: list[dict[str, object]]) -> dict[str, object]:
    """Return what was said of an entry before, of that which changes as others follow it."""
    (old,) = (one for one in history if one["id"] == entry["id"])
    return {"undoable": old["undoable"]}


IDLE = (
    (("install", "shop"), "Everything that is asked for is installed.\n"),
    (("install", "money<2", "Helper==1.0"), "Everything that is asked for is installed.\n"),
    (("install",), "Everything that is asked for is installed.\n"),
    (("sync",), "What is installed is what is asked for.\n"),
)


@pytest.mark.parametrize(("command", "said"), IDLE, ids=["name", "names", "file", "sync"])
def test_nothing_to_do(command: tuple[str, ...], said: str, shop: Shop) -> None:
    """What is there already is seen by reading: nothing is started, and nothing is written."""
    shop.write("requirements.txt", "shop>=1\nhelper\n")
    before = shop.everything()
    done = shop.without_processes(*command)

    assert (0, said) == (done.returncode, done.stdout), done.stderr
    assert before == shop.everything()
    assert "nothing-to-do" == shop.outcome(*command)["result"]


def test_nothing_to_upgrade(shop: Shop) -> None:
    """What is the newest already, or is held by a file, is told from what keeps it."""
    shop.write("requirements.txt", "shop==1.0\n")
    before = shop.everything()

    assert "There is nothing to upgrade.\n" in shop.run("upgrade", "helper").stdout.replace(
        "change", "upgrade"
    )
    held = shop.run("upgrade", "shop").stdout
    assert "requirements.txt, line 1, asks for shop==1.0" in held
    assert before == shop.everything()


@pytest.mark.parametrize(
    ("level", "version"), [("patch", "1.0.1"), ("minor", "1.1"), ("major", "2.0")]
)
def test_how_far_an_upgrade_goes(level: str, version: str, shop: Shop) -> None:
    """A level bounds the version that is named; the others move only as far as they have to."""
    shop.run("upgrade", "shop", "--level", level)

    money = "2.0" if level == "major" else "1.0"
    assert {**OLD, "Shop": version, "money": money} == shop.names()


def test_both_give_the_same(index: Index, tmp_path: Path) -> None:
    """From the same pinned file, uv and pip leave the same packages and files."""
    found = []
    for backend in ("uv", "pip"):
        shop = Shop(tmp_path / backend, index, backend)
        shop.make({"requirements.txt": "shop==1.1\nmoney==1.0\nhelper[more]==1.0\nsource-only\n"})
        shop.run("env", "create", "--python", BASE)
        (site_packages,) = shop.prefix.glob("lib/python3*/site-packages")
        files = {
            str(path.relative_to(site_packages))
            for path in site_packages.rglob("*")
            if not path.relative_to(site_packages).parts[0].startswith(("pip", "_virtualenv"))
            and path.name
            not in ("INSTALLER", "REQUESTED", "RECORD", "uv_cache.json", "uv_build.json")
            and "__pycache__" not in path.parts
        }
        listed = json.loads(shop.run("list", "--format", "json").stdout)["packages"]
        seen = [(one["name"], one["version"]) for one in listed if one["name"] != "pip"]
        found.append((shop.names(), files, seen))

    assert found[0] == found[1]
    assert {"Shop": "1.1", "money": "1.0", "helper": "1.0", "extra": "1.0"} == {
        name: version for name, version in found[0][0].items() if name != "source-only"
    }


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_which_installer(shop: Shop) -> None:
    """Whoever names an installer gets that one, or is told that it is not there."""
    without = Shop(shop.root, shop.index, "pip")

    assert shop.outcome("install", "till", "--dry-run")["plan"]["installer"].startswith("uv ")
    named = shop.outcome("install", "till", "--dry-run", "--with", "pip")["plan"]
    assert named["installer"].startswith("pip ")
    refused = without.run("install", "till", "--with", "uv", expected=2)
    assert "uv was not found" in refused.stderr
    path = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert path is not None
    told = without.outcome("install", "till", "--dry-run", "--uv", path)["plan"]
    assert told["installer"].startswith("uv ")
    missing = shop.run("install", "till", "--uv", "/nonexistent/uv", expected=2)
    assert "/nonexistent/uv" in missing.stderr


def test_undo_of_direct_installs(shop: Shop) -> None:
    """Editable projects and files are given back as they were, without an index."""
    project = write_project(shop.project / "own", wheel("own", "0.1"))
    archive = shop.project / "till-1.0-py3-none-any.whl"
    archive.write_bytes(wheel("till", "1.0", requires=["money<2"]).data)
    shop.run("install", "-e", "./own", f"till @ {archive.as_uri()}")
    with_both = {**OLD, "own": "0.1", "till": "1.0"}
    assert with_both == shop.names()
    frozen = shop.run("freeze").stdout
    tree = {name: one for name, one in shop.everything().items() if name.startswith(".venv/")}
    offline = shop.with_variables(PIP_INDEX_URL="http://127.0.0.1:9/")
    offline.run("uninstall", "own", "till")
    assert OLD == shop.names()
    shop.run("env", "remove", "--yes")
    preview = offline.run("undo", "--dry-run").stdout
    assert "Takes back: remove of " in preview
    offline.run("undo", "--yes")
    assert OLD == shop.names()
    offline.run("undo", "--yes")

    assert with_both == shop.names()
    assert tree == {
        name: one for name, one in shop.everything().items() if name.startswith(".venv/")
    }
    assert frozen == shop.run("freeze").stdout
    assert f"-e {project}\n" in frozen
    assert "own" in json.dumps(offline.outcome("undo", "--dry-run")["plan"]["changes"])


def test_undo_of_what_others_have_changed(shop: Shop) -> None:
    """What was done without Pinfold since goes with an undo; its preview and the history say so."""
    shop.run("install", "till")
    packages = next(shop.prefix.glob("lib/python*/site-packages"))
    metadata = packages / "outsider-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    preview = shop.run("undo", "--dry-run").stdout
    done = shop.outcome("undo", "--yes")

    assert "Takes back, too, what other programs have changed since: outsider\n" in preview
    gone = [("outsider", "1.0", None), ("till", "1.0", None)]
    told = [tuple(change[key] for key in ("name", "before", "after")) for change in done["changes"]]
    assert gone == told
    assert done["changes"] == shop.histories()[0]["changes"]
    assert "Takes back, too" not in shop.run("undo", "--dry-run").stdout


def test_history(shop: Shop) -> None:
    """Several changes are taken back one by one, made again, and each is told with its state."""
    shop.run("install", "till")
    shop.run("uninstall", "helper")
    shop.run("undo", "--yes")
    shop.run("undo", "--yes")
    again = shop.run("undo", "--redo", "--dry-run").stdout
    shop.run("undo", "--redo", "--yes")
    entries = shop.histories()

    assert "Makes again: install of " in again
    assert {**OLD, "till": "1.0"} == shop.names()
    assert [
        ("undo", "done", True),
        ("undo", "done", False),
        ("undo", "done", False),
        ("uninstall", "undone", False),
        ("install", "undone", False),
        ("install", "done", False),
        ("create", "done", False),
    ] == [(entry["verb"], entry["state"], entry["undoable"]) for entry in entries]
    install = entries[4]
    assert [{"name": "till", "before": None, "after": "1.0"}] == install["changes"]
    assert "pinfold install till" == install["command"]
    assert [] == shop.histories("--env", "elsewhere")
    lines = shop.run("history").stdout
    assert "    + till 1.0\n" in lines
    assert ["redo", "undo", "undo", "uninstall", "install", "install", "create"] == [
        line.split()[2] for line in lines.splitlines() if line[0] != " "
    ]
    assert "(undone)" in lines
    refused = shop.run("undo", entries[3]["id"], "--yes", expected=2).stderr
    assert "that cannot be taken back now: uninstall of helper, " in refused
    shop.run("undo", entries[0]["id"], "--yes")
    assert OLD == shop.names()


def test_nothing_to_undo(index: Index, tmp_path: Path) -> None:
    """Where nothing was changed there is nothing to take back, and it is said."""
    shop = Shop(tmp_path / "shop", index, "uv")
    shop.make({})
    assert "Nothing was changed here.\n" == shop.run("history").stdout
    undone = shop.run("undo", "--yes", expected=2)
    assert "pinfold: no environment for the current folder" in undone.stderr
    shop.run("env", "create", "--python", BASE)
    redone = shop.run("undo", "--redo", "--yes", expected=2)
    assert "nothing was taken back that could be made again: " in redone.stderr
    shop.run("undo", "--yes")

    assert not shop.prefix.exists()


@pytest.mark.parametrize("variables", [{}, {"CI": "true"}])
def test_consent_is_needed(variables: dict[str, str], shop: Shop) -> None:
    """Without a terminal, what goes beyond what was named is listed, and not done."""
    shop.write("requirements.txt", "money==1.0\n")
    before = shop.everything()
    asking = shop.with_variables(**variables)
    for command in (("sync",), ("uninstall", "money"), ("env", "remove"), ("undo",)):
        refused = asking.run(*command, expected=2)

        assert "" == refused.stdout
        assert refused.stderr.endswith(
            "pinfold: nothing was changed: nobody can be asked here, without a terminal; pass"
            " `--yes`\n"
        )
        assert before == shop.everything()
    listed = asking.run("sync", expected=2).stderr
    assert "  - helper 1.0\n  - Shop 1.0\n" in listed
    breaks = asking.run("uninstall", "money", expected=2).stderr
    assert "  breaks: shop 1.0 requires money, which is not installed." in breaks


@pytest.mark.parametrize("answer", ["y", "n", ""])
@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_somebody_is_asked(answer: str, shop: Shop) -> None:
    """At a terminal the removals are listed and agreed to, or not."""
    shop.write("requirements.txt", "money==1.0\n")
    before = shop.everything()
    terminal = Terminal(shop, "sync")
    terminal.wait_for("- Shop 1.0")
    terminal.wait_for("Sync? [y/N] ")
    terminal.type(f"{answer}\n")
    status, output = terminal.end()

    if answer == "y":
        assert (0, f".venv: 2 removed.{UNDO}") == (status, output)
        assert {"money": "1.0"} == shop.names()
    else:
        assert (2, "") == (status, output)
        assert "pinfold: Nothing was changed." in terminal.shown
        assert before == shop.everything()


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_ci_is_never_asked(shop: Shop) -> None:
    """In CI there may be a terminal, and nobody in front of it."""
    shop.write("requirements.txt", "money==1.0\n")
    status, output = Terminal(shop, "sync", CI="true").end()

    assert (2, "") == (status, output)
    assert OLD == shop.names()
