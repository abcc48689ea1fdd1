"""`pinfold env` and its verbs that only tell."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.cli import env_scene
from pinfold.cli.env import VERBS
from pinfold.core.environments.discovery import Inventory, Silence
from pinfold.core.environments.inspector import LeftOut
from tests.cli.environment_scene import make_base, make_whole, stand_alone
from tests.core.environments.conformance import audited
from tests.core.environments.test_lookout import HangingFileSystem
from tests.core.environments.test_reader import install, make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Result, Runner

_WAIT_S = 60.0

SHAPES = ("list", "show", "why", "doctor", "activate", "select")


@pytest.fixture
def env(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """`pinfold` for somebody whose home and project are folders of their own."""
    return stand_alone(pinfold, monkeypatch, tmp_path)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An interpreter that nobody finds by himself."""
    return make_base(tmp_path / "base")


def listed(result: Result) -> list[str]:
    """Return the paths of the environments that a table shows and a test has made, in order."""
    lines = [line for line in result.out.splitlines() if " 3.12.1 " in line]
    return [line[2:].split("  ")[0] for line in lines]


def own(result: Result, folder: Path) -> list[dict[str, object]]:
    """Return the environments below *folder* that JSON lists, in order."""
    shape = result.json("env-list")
    return [entry for entry in shape["environments"] if str(folder) in entry["id"]]


def test_verbs(env: Runner) -> None:
    """The overview names every verb, and each verb has a help of its own."""
    result = env("env", "--help")

    assert (0, "") == (result.status, result.err)
    for verb in VERBS:
        assert f"pinfold env {verb}" in result.out
        told = env("env", verb, "--help")
        assert (0, True) == (told.status, f"usage: pinfold env {verb}" in told.out)


@pytest.mark.parametrize("instead", ["nothing", "a folder", "a circular link"])
@pytest.mark.parametrize("name", [".venv", "other"])
def test_lost_configuration(env: Runner, base: Path, instead: str, name: str) -> None:
    """Whoever is asked about an environment without its pyvenv.cfg says so, and the same."""
    prefix = make_whole(env.folder / name, base)
    configuration = prefix / "pyvenv.cfg"
    configuration.unlink()
    if instead == "a folder":
        configuration.mkdir()
    elif instead == "a circular link":
        configuration.symlink_to(configuration.name)
    env("env", "select", name)
    asked = [env("env", verb, "--format=json") for verb in ("list", "show", "why", "doctor")]
    asked.append(env("env", "doctor", name, "--format=json"))
    shapes = ("env-list", "env-show", "env-why", "env-doctor", "env-doctor")
    answers = [result.json(shape) for result, shape in zip(asked, shapes, strict=True)]
    entries = [
        answer["environment"] if "environment" in answer else answer["environments"][0]
        for answer in answers
    ]

    assert [0, 0, 0, 1, 1] == [result.status for result in asked]
    assert [(str(prefix), "venv")] * 5 == [(one["id"], one["kind"]) for one in entries]
    for entry in entries:
        assert ["configuration-unreadable"] == [one["problem"] for one in entry["health"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "usage: pinfold env list"),
        (["lst"], "unknown command `env lst`; did you mean `list`?"),
        (["\x1b[31m"], "unknown command `env \\x1b[31m`"),
        (["list", "gone"], "gone: does not exist"),
        (["list", "file\n"], "file\\n: is no folder"),
        (["show", "gone"], "gone: does not exist"),
        (["list", ""], "an empty path names nothing"),
        (["why", ""], "an empty path names nothing"),
        (["show", ""], "an empty path names nothing"),
        (["why", "gone\x1b"], "gone\\x1b: does not exist"),
        (["doctor", "gone"], "gone does not exist"),
        (["doctor", "."], "project holds neither a pyvenv.cfg nor an interpreter"),
        (["activate", "gone"], "gone does not exist"),
        (["activate", "--shell", "bsh"], "there is no shell `bsh`; did you mean `bash`?"),
        (["activate", "--shell", "bash"], "no environment for the current folder: "),
    ],
)
def test_bad_input(env: Runner, arguments: list[str], told: str) -> None:
    """What is named and is not there is a failed operation, told in a line."""
    env.write("file\n", "")
    result = env("env", *arguments)

    assert 2 == result.status
    assert told in result.err
    assert "\x1b" not in result.err


def test_list(env: Runner, base: Path) -> None:
    """The one for the current folder comes first, with its reason; then those of the project."""
    make_whole(env.folder / ".venv", base, django="4.0")
    make_whole(env.folder / "a", base)
    result = env("env", "list")

    lines = result.out.splitlines()
    assert (0, "") == (result.status, result.err)
    assert [".venv", "a"] == listed(result)
    assert "Environments of this project" == lines[0]
    assert ["*", ".venv", "3.12.1", "venv", "2", "packages", "ok"] == lines[1].split()
    assert "  it is the nearest `.venv`" == lines[2]


def test_list_in_json(env: Runner, base: Path) -> None:
    """JSON has the same, by schema, and says which one is selected."""
    prefix = make_whole(env.folder / ".venv", base)
    broken = make_environment(env.folder / "broken")
    whole, ill = own(env("env", "list", "--format", "json"), env.folder)

    assert (str(prefix), ".venv", "venv", "3.12.1", True, "it is the nearest `.venv`", []) == (
        whole["id"],
        whole["prefix"],
        whole["kind"],
        whole["version"],
        whole["selected"],
        whole["reason"],
        whole["health"],
    )
    assert (str(broken), False, None) == (ill["id"], ill["selected"], ill["reason"])
    assert ill["health"]


def test_list_of_a_folder(env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder of a repository, all of it is searched; a folder that is named, alone."""
    make_whole(env.folder / "one/.venv", base)
    make_whole(env.folder / "two/.venv", base)
    monkeypatch.chdir(env.folder / "one")

    assert [".venv", "../two/.venv"] == listed(env("env", "list"))
    assert [".venv"] == listed(env("env", "list", "."))
    assert ["../two/.venv"] == listed(env("env", "list", "../two"))


def test_selected_from_afar(env: Runner, base: Path, tmp_path: Path) -> None:
    """An environment that the settings name is listed, wherever it lies."""
    prefix = make_whole(tmp_path / "afar", base)
    env.write("pinfold.toml", f'environment = "{prefix}"\n')
    (entry,) = own(env("env", "list", "--format=json"), prefix)

    assert (True, "`environment` in the settings names it") == (entry["selected"], entry["reason"])


def test_none_is_selected(env: Runner, base: Path) -> None:
    """Where no environment is for the current folder, that is said."""
    make_whole(env.folder / "a/.venv", base)
    result = env("env", "list")

    assert 0 == result.status
    assert "none of them is for the current folder: " in result.err


def test_names_from_disk(env: Runner, base: Path) -> None:
    """Nothing that a folder is called reaches the terminal as it is."""
    make_whole(env.folder / "a\n\x1b[31m\u202e", base)
    (env.folder / ".venv").symlink_to("a\n\x1b[31m\u202e")
    for verb in (["list"], ["show"], ["why"], ["doctor"], ["select", "."], ["select", ".venv"]):
        result = env("env", *verb, "--color=always")

        assert "\x1b[31m\u202e" not in result.out + result.err
        assert "\u202e" not in result.out + result.err
    own(env("env", "list", "--format=json"), env.folder)


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
def test_names_that_are_no_text(env: Runner, base: Path) -> None:
    """A name that is not UTF-8 is shown as an escape, and JSON stays ASCII."""
    make_whole(env.folder / os.fsdecode(b"\xff"), base)

    assert ["\\udcff"] == listed(env("env", "list"))
    assert 1 == len(own(env("env", "list", "--format=json"), env.folder))


def test_what_was_not_seen(env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did not answer and what was left out is told beside the table, and stands in JSON."""
    make_whole(env.folder / ".venv", base)
    inventory = Inventory(
        (),
        tuple(LeftOut(f"/x\x1b{number}", "is on a drive of Windows") for number in range(12)),
        (Silence("conda", "/net does not answer"),),
    )
    monkeypatch.setattr(env_scene.Scene, "search", lambda *_: inventory)
    result = env("env", "list")
    shape = env("env", "list", "--format=json").json("env-list")

    lines = result.err.splitlines()
    assert "pinfold: conda: /net does not answer; what only it knows may be missing" == lines[0]
    assert "pinfold: left out: /x\\x1b0: is on a drive of Windows" == lines[1]
    assert "pinfold: left out: 2 more places; `--format json` names all" == lines[-1]
    assert (False, 12, 1, 1) == (
        shape["complete"],
        len(shape["leftOut"]),
        len(shape["silent"]),
        len(shape["environments"]),
    )


def test_inventory_is_kept(env: Runner, base: Path, tmp_path: Path) -> None:
    """What was found is kept for whoever starts next."""
    make_whole(env.folder / ".venv", base)
    env("env", "list")
    (kept,) = (tmp_path / "state/inventories").iterdir()

    assert str(env.folder / ".venv") in kept.read_text(encoding="ascii")


def test_show(env: Runner, base: Path) -> None:
    """One environment in full: what it is, what it was recognised by, what ails it."""
    make_whole(env.folder / ".venv", base, django="4.0")
    result = env("env", "show")

    rows = dict(line.strip().split("  ", 1) for line in result.out.splitlines()[1:])
    assert (0, "", ".venv") == (result.status, result.err, result.out.splitlines()[0])
    assert "venv" == rows["kind"].strip()
    assert "2 packages" == rows["installed"].strip()
    assert ".venv/lib/python3.12/site-packages" == rows["packages in"].strip()
    assert "for the current folder: it is the nearest `.venv`" == rows["selected"].strip()
    assert "ok" == rows["health"].strip()


@pytest.mark.parametrize(
    "name", [".venv", ".venv/bin/python", "requirements.txt", "sub", ".", None]
)
def test_ways_to_name_one(env: Runner, base: Path, name: str | None) -> None:
    """An environment is named by its folder, its interpreter, or what it is for."""
    make_whole(env.folder / ".venv", base)
    env.write("requirements.txt", "")
    env.write("sub/x", "")
    result = env("env", "show", "--format=json", *([] if name is None else [name]))
    (entry,) = result.json("env-show")["environments"]

    assert (".venv", [".venv/lib/python3.12/site-packages"]) == (
        entry["prefix"],
        entry["sitePackages"],
    )


def test_show_of_a_broken_one(env: Runner) -> None:
    """What ails it is told with cause and repair."""
    make_environment(env.folder / "broken")
    result = env("env", "show", "broken")

    assert 0 == result.status
    assert "error[" in result.out
    assert "repair: " in result.out


def test_why(env: Runner, base: Path) -> None:
    """The winner, its evidence, and what was looked at and not taken."""
    make_whole(env.folder / ".venv", base)
    env.write("sub/venv/x", "")
    env.write("sub/requirements.txt", "")
    result = env("env", "why", "sub/requirements.txt")
    shape = env("env", "why", "sub/requirements.txt", "--format=json").json("env-why")

    lines = result.out.splitlines()
    assert 0 == result.status
    assert "sub/requirements.txt: .venv (venv, Python 3.12.1)" == lines[0]
    assert "  because it is the nearest `.venv`" == lines[1]
    assert "sub/venv" in result.out
    assert ("found", ".venv", "sub") == (shape["state"], shape["prefix"], shape["folder"])
    assert ".venv" == shape["environment"]["prefix"]
    assert ["sub/venv"] == [candidate["path"] for candidate in shape["rejected"]]


def test_why_there_is_none(env: Runner) -> None:
    """Having none is an answer too, with its reason."""
    result = env("env", "why")
    shape = env("env", "why", "--format=json").json("env-why")

    assert (0, "the current folder: no environment") == (result.status, result.out.splitlines()[0])
    assert ("none", None, None) == (shape["state"], shape["prefix"], shape["environment"])


def test_doctor(env: Runner, base: Path) -> None:
    """Every environment of the project is examined; what cannot be used makes status 1."""
    make_whole(env.folder / ".venv", base)
    healthy = env("env", "doctor")
    make_environment(env.folder / "broken")
    ill = env("env", "doctor")

    assert (0, "1 environment: nothing to mend.") == (
        healthy.status,
        healthy.out.splitlines()[-1],
    )
    assert (1, "2 environments: 1 with something to mend.") == (
        ill.status,
        ill.out.splitlines()[-1],
    )
    assert 0 == env("env", "doctor", ".venv").status
    assert 1 == env("env", "doctor", ".venv", "broken", "broken").status


@pytest.fixture
def many(env: Runner, base: Path) -> Runner:
    """`pinfold` in a repository with several projects, in whose environments something is wrong."""
    for name in (".venv", "web app/.venv", "api/.venv", "api/-old"):
        make_environment(env.folder / name)
    robbed = make_whole(env.folder / "jobs/.venv", base, helper="1.0")
    record = robbed / "lib/python3.12/site-packages/helper-1.0.dist-info/RECORD"
    record.write_text("helper.py,,\n", encoding="utf-8")
    return env


def repairs(result: Result) -> list[str]:
    """Return the commands that are told to mend something, each once."""
    return list(dict.fromkeys(re.findall(r"repair: .*?`(pinfold .+?)`", result.out)))


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        (".", ".venv", "pinfold env rebuild .venv"),
        (".", "web app/.venv", "pinfold env rebuild 'web app/.venv'"),
        ("api", "./-old", "pinfold env rebuild ./-old"),
        ("web app", "../api/.venv", "pinfold env rebuild ../api/.venv"),
        ("api/.venv", ".", "pinfold env rebuild ."),
        (".", "jobs/.venv", "pinfold install --reinstall helper==1.0 --env jobs/.venv"),
    ],
)
def test_doctor_names_what_is_mended(
    many: Runner, monkeypatch: pytest.MonkeyPatch, folder: str, path: str, expected: str
) -> None:
    """A repair is for the environment that it stands under, from where `doctor` was run."""
    monkeypatch.chdir(many.folder / folder)

    assert [expected] == repairs(many("env", "doctor", path))
    assert [expected] == repairs(many("env", "show", path))


def test_repairs_for_programs(many: Runner) -> None:
    """They are for the environment that has them, too."""
    shape = many("env", "doctor", "api/-old", "--format=json").json("env-doctor")

    assert "`pinfold env rebuild api/-old`" in shape["environments"][0]["health"][0]["repair"]


def test_doctor_of_several_projects(many: Runner) -> None:
    """Each environment has a repair of its own."""
    assert [
        "pinfold env rebuild .venv",
        "pinfold env rebuild api/-old",
        "pinfold env rebuild api/.venv",
        "pinfold env rebuild 'web app/.venv'",
        "pinfold install --reinstall helper==1.0 --env jobs/.venv",
    ] == sorted(repairs(many("env", "doctor")), key=lambda one: one.replace("'", ""))


def test_doctor_of_one_without_pip(env: Runner, base: Path) -> None:
    """uv is told which environment is meant, too."""
    prefix = make_whole(env.folder / "web/.venv", base)
    configuration = prefix / "pyvenv.cfg"
    configuration.write_text(f"{configuration.read_text('utf-8')}uv = 0.8.0\n", encoding="utf-8")
    (prefix / "lib/python3.12/site-packages/pip/__init__.py").unlink()
    shutil.rmtree(prefix / "lib/python3.12/site-packages/pip-25.0.dist-info")

    assert "`uv pip install pip --python web/.venv`" in env("env", "doctor").out


def test_doctor_of_packages(env: Runner, base: Path) -> None:
    """It says what `pip check` would, and what an interrupted install has left."""
    prefix = make_whole(env.folder / ".venv", base)
    install(prefix, "app", "1.0")
    site_packages = prefix / "lib/python3.12/site-packages"
    with (site_packages / "app-1.0.dist-info/METADATA").open("a", encoding="utf-8") as file:
        file.write("Requires-Dist: gone>=2\n")
    (site_packages / "~jango").mkdir()
    result = env("env", "doctor")
    (entry,) = env("env", "doctor", "--format=json").json("env-doctor")["environments"]

    assert 1 == result.status
    assert "error[broken-dependency] app 1.0 requires gone, which is not installed\n" in result.out
    assert [("app", "missing", "gone")] == [
        (broken["distribution"], broken["breakage"], broken["needs"])
        for broken in entry["brokenDependencies"]
    ]
    assert (False, [".venv/lib/python3.12/site-packages/~jango"]) == (
        entry["healthy"],
        entry["leftovers"],
    )


def test_doctor_of_what_is_left(env: Runner, base: Path) -> None:
    """It is told once, with its repair, and the last line does not say that there is nothing."""
    prefix = make_whole(env.folder / ".venv", base)
    (prefix / "lib/python3.12/site-packages/~ip").mkdir()
    result = env("env", "doctor")

    assert (0, 1) == (result.status, result.out.count("~ip"))
    assert "warning[half-installed]" in result.out
    assert "1 environment: 1 with warnings." == result.out.splitlines()[-1]


def test_doctor_has_nobody_to_see(env: Runner) -> None:
    """A folder without environments is healthy, and that is said."""
    result = env("env", "doctor")
    shape = env("env", "doctor", "--format=json").json("env-doctor")

    assert (0, True) == (result.status, "There is no environment here" in result.out)
    assert {"environments": 0, "healthy": 0, "ill": 0} == shape["summary"]


def test_nothing_is_started(env: Runner, base: Path) -> None:
    """Telling of environments starts no process."""
    make_whole(env.folder / ".venv", base)
    for verb in (["list"], ["show"], ["why"], ["doctor"], ["activate", "--shell=sh"]):
        with audited() as events:
            assert 0 == env("env", *verb).status

        assert [] == [
            event
            for event in events
            if event.startswith(
                ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")
            )
        ]


def test_file_system_that_hangs(env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that does not answer is told of as such, and the others as they are."""
    make_whole(env.folder / ".venv", base)
    silent = make_whole(env.folder / "silent", base)
    places = [silent / "lib", *(silent / "lib").rglob("*"), silent / "bin/pip"]
    filesystem = HangingFileSystem(*places)
    monkeypatch.setattr(env_scene, "LocalFileSystem", lambda: filesystem)
    monkeypatch.setattr(env_scene, "DEADLINE_S", 0.2)
    try:
        result = env("env", "doctor", ".venv", "silent", "--format=json")
    finally:
        filesystem.released.set()
    problems = {
        entry["prefix"]: [ailment["problem"] for ailment in entry["health"]]
        for entry in result.json("env-doctor")["environments"]
    }

    assert 1 == result.status
    assert {".venv": [], "silent": ["unresponsive"]} == problems


def test_closed_standard_output(env: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a standard output there is still an exit status."""
    monkeypatch.setattr(sys, "stdout", None)

    assert [0, 0] == [env("env", verb).status for verb in ("list", "doctor")]
