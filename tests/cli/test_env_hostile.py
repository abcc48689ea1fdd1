"""`pinfold env` where what stands on disk is broken, strange, enormous, or gone in a moment."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.cli import env_scene
from pinfold.core.environments.inventory_file import inventory_path
from tests.cli.environment_scene import make_base, make_whole, stand_alone
from tests.cli.running import Runner, process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pinfold.core.environments.discovery import Inventory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the layouts are those of POSIX")

VERBS = ("list", "show", "why", "doctor")
ENORMOUS = 64 * 1024 * 1024


@pytest.fixture
def env(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """`pinfold` for somebody whose home and project are folders of their own."""
    return stand_alone(pinfold, monkeypatch, tmp_path)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An interpreter that nobody finds by himself."""
    return make_base(tmp_path / "base")


def entries(env: Runner) -> dict[str, dict[str, Any]]:
    """Return what `env list` says of what is in the project, by path; all of it was seen."""
    shape = env("env", "list", "--format=json").json("env-list")
    assert shape["complete"]
    found = {entry["prefix"]: entry for entry in shape["environments"]}
    return {path: entry for path, entry in found.items() if not os.path.isabs(path)}  # noqa: PTH117


def problems(entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with an environment, by name."""
    return [ailment["problem"] for ailment in entry["health"]]


def truncated(path: Path) -> None:
    """Leave the first half of a line."""
    path.write_bytes(b"home = /usr/bi")


def empty(path: Path) -> None:
    """Leave nothing."""
    path.write_bytes(b"")


def binary(path: Path) -> None:
    """Leave what no text has."""
    path.write_bytes(bytes(range(256)) * 16)


def enormous(path: Path) -> None:
    """Leave more than anybody reads, without writing it."""
    with path.open("r+b") as file:
        file.truncate(ENORMOUS)


def one_line(path: Path) -> None:
    """Leave a line of a megabyte."""
    path.write_bytes(b"home = /" + b"x" * 1_000_000)


def home_of_its_own(path: Path) -> None:
    """Leave an environment that says to be made from itself."""
    path.write_bytes(b"home = %b/bin\nversion = 3.12.1\n" % os.fsencode(path.parent))


def pipe(path: Path) -> None:
    """Leave a pipe that nobody writes to."""
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    """Leave a folder."""
    path.unlink()
    path.mkdir()


def circle(path: Path) -> None:
    """Leave a link to itself."""
    path.unlink()
    path.symlink_to(path)


SPOILERS = (truncated, empty, binary, enormous, one_line, home_of_its_own, pipe, folder, circle)


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda spoil: spoil.__name__)
def test_pyvenv_cfg(env: Runner, base: Path, spoil: Callable[[Path], None]) -> None:
    """Whatever stands there, each verb comes to its end, and the environment beside is as it is."""
    broken = make_whole(env.folder / "broken", base)
    make_whole(env.folder / "whole", base)
    spoil(broken / "pyvenv.cfg")
    found = entries(env)

    assert ("3.12.1", []) == (found["whole"]["version"], problems(found["whole"]))
    assert problems(found["broken"])
    assert all(ailment["cause"] for ailment in found["broken"]["health"])
    for verb in VERBS:
        result = env("env", verb, *([] if verb == "list" else ["broken"]))
        assert result.status in (0, 1, 2)
        assert result.out or result.err


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (binary, "configuration-unreadable"),
        (enormous, "configuration-unreadable"),
        (truncated, "base-gone"),
        (home_of_its_own, "base-gone"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_what_is_wrong_with_it(
    env: Runner, base: Path, spoil: Callable[[Path], None], expected: str
) -> None:
    """It is said by name, in the listing and by `doctor`, which has status 1."""
    prefix = make_whole(env.folder / ".venv", base)
    spoil(prefix / "pyvenv.cfg")
    result = env("env", "doctor")

    assert expected in problems(entries(env)[".venv"])
    assert (1, True) == (result.status, f"[{expected}]" in result.out)


def test_links_in_circles(env: Runner, base: Path) -> None:
    """Folders that lead into each other, and an interpreter that leads to itself."""
    prefix = make_whole(env.folder / "a/.venv", base)
    for link, target in (
        ("a/up", ".."),
        ("a/self", "self"),
        ("b", "c"),
        ("c", "b"),
        (".venv", ".venv"),
        ("a/.venv/lib64", "../.venv"),
    ):
        (env.folder / link).symlink_to(target)
    for name, target in (("python3.12", "python"), ("python", "python3.12")):
        (prefix / "bin" / name).unlink()
        (prefix / "bin" / name).symlink_to(target)
    found = entries(env)

    assert ["a/.venv"] == list(found)
    assert "executable-broken-link" in problems(found["a/.venv"])
    assert all(env("env", verb).status in (0, 1) for verb in VERBS if verb != "show")


@pytest.mark.slow
def test_ten_thousand_folders(env: Runner, base: Path) -> None:
    """Beside each other, with the one that counts among the last."""
    for number in range(10_000):
        (env.folder / f"d{number}").mkdir()
    make_whole(env.folder / "d9998/.venv", base)

    assert ["d9998/.venv"] == list(entries(env))


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "it's",
        'so "called"',
        "two\nlines",
        "tab\t",
        "$HOME",
        "ü",
        "\udcff\udc80",
        "-x",
    ],
)
def test_names(env: Runner, base: Path, name: str) -> None:
    """What is listed can be named again, by its id, and is the same one; text stays harmless."""
    prefix = make_whole(env.folder / name / ".venv", base)
    (entry,) = entries(env).values()
    shown = env("env", "show", "--format=json", entry["id"]).json("env-show")["environments"]
    text = env("env", "list")

    assert [str(prefix)] == [one["id"] for one in shown] == [entry["id"]]
    assert [] == problems(entry)
    assert (0, 0) == (text.status, env("env", "doctor", str(prefix)).status)
    assert 1 == sum(" 3.12.1 " in line for line in text.out.splitlines())


@pytest.mark.slow
def test_name_that_is_no_text_as_a_process(env: Runner, base: Path) -> None:
    """Bytes that are no UTF-8 come in by an argument and go out by pipes, in any locale."""
    name = b"caf\xe9 \n"
    make_whole(env.folder / os.fsdecode(name), base)
    variables = {key: os.environ[key] for key in ("HOME", "PATH", "PINFOLD_STATE_DIR")}
    for locale in ("C", "C.UTF-8"):
        done = process(
            ["env", "show", name], env.folder, environment={**variables, "LC_ALL": locale}
        )

        assert (0, b"") == (done.returncode, done.stderr)
        assert b"3.12.1" in done.stdout


@pytest.mark.parametrize("what", ["", "bin", "pyvenv.cfg", "lib"])
def test_removed_while_listed(
    env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """What is gone after it was found, in part or as a whole, is told as such; the rest stays."""
    make_whole(env.folder / "stays", base)
    prefix = make_whole(env.folder / "goes", base)
    search = env_scene.Scene.search

    def found_and_gone(scene: env_scene.Scene, project: Path) -> Inventory:
        inventory = search(scene, project)
        gone = prefix / what
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        return inventory

    monkeypatch.setattr(env_scene.Scene, "search", found_and_gone)
    found = entries(env)

    assert [] == problems(found["stays"])
    assert "goes" not in found or problems(found["goes"])


def test_path(env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PATH with entries relative, missing, empty, twice, unreadable, a file, a pipe, a circle."""
    for prefix in (base, make_base(env.folder / "relative"), make_base(tmp_path / "locked")):
        # Not a script, which no interpreter is.
        (prefix / "bin/python3.12").write_bytes(b"\x7fELF and so on")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "locked/bin").chmod(0)
    names = ["missing", "file", "pipe", "circle", "base/bin", "base/bin/", "./base/../base/bin"]
    entries_of_path = [
        "relative/bin",
        "",
        ".",
        "a\nb",
        *(str(tmp_path / name) for name in names),
        str(tmp_path / "locked/bin"),
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(entries_of_path))
    try:
        shape = env("env", "list", "--format=json").json("env-list")
    finally:
        (tmp_path / "locked/bin").chmod(stat.S_IRWXU)
    ids = [entry["id"] for entry in shape["environments"]]

    assert 1 == ids.count(str(base))
    assert not any("relative" in one for one in ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\0" * 1_000,
        b"[]",
        b'{"version": 1, "installations": [{"prefix": 3}]}',
        b'{"version": 999999, "installations": []}',
        b"[" * 100_000,
    ],
    ids=["empty", "truncated", "binary", "list", "wrong types", "newer", "deep"],
)
def test_kept_inventory(env: Runner, base: Path, tmp_path: Path, content: bytes) -> None:
    """A broken one, or one of a newer Pinfold, changes nothing of what is found."""
    make_whole(env.folder / ".venv", base)
    first = entries(env)
    kept = inventory_path((str(env.folder),), folder=tmp_path / "state")
    assert kept.exists()
    kept.write_bytes(content)

    assert first == entries(env)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_kept_inventory_that_is_none(env: Runner, base: Path, tmp_path: Path, kind: str) -> None:
    """Nor does what is no file, and nobody waits for it."""
    make_whole(env.folder / ".venv", base)
    kept = inventory_path((str(env.folder),), folder=tmp_path / "state")
    kept.parent.mkdir(parents=True)
    kept.mkdir() if kind == "folder" else os.mkfifo(kept)

    assert [".venv"] == list(entries(env))


def test_pipes_where_folders_are_expected(env: Runner, base: Path) -> None:
    """A pipe blocks whoever opens it; nobody does."""
    make_whole(env.folder / "a/.venv", base)
    places = [".venv", "venv", ".python-envs", ".python-version", "pyproject.toml", "Pipfile"]
    places += ["home", ".pdm-python", ".gitignore"]
    for name in places:
        os.mkfifo(env.folder / name)
    home = env.folder.parent / "home"
    for name in (".pyenv", ".condarc", ".virtualenvs", ".conda"):
        os.mkfifo(home / name)

    assert ["a/.venv"] == list(entries(env))
    assert all(env("env", verb).status in (0, 1) for verb in ("list", "why", "doctor"))


def test_pipe_for_a_configuration_can_be_asked_about(env: Runner) -> None:
    """What is listed is taken by its id; a folder that is no environment still is not."""
    (env.folder / "pipe/bin").mkdir(parents=True)
    os.mkfifo(env.folder / "pipe/pyvenv.cfg")
    named = entries(env)["pipe"]["id"]
    results = [env("env", verb, named) for verb in ("show", "doctor")]

    assert [(0, ""), (1, "")] == [(result.status, result.err) for result in results]
    assert "configuration-unreadable" in results[1].out
    assert 2 == env("env", "doctor", ".").status


def test_interpreter_by_its_full_name_only(env: Runner, tmp_path: Path) -> None:
    """As `make altinstall` leaves it: it can be asked about, by its folder or itself."""
    prefix = make_base(tmp_path / "alternative")
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3.12").write_bytes(b"\x7fELF")
    shown = [env("env", "show", str(path)) for path in (prefix, prefix / "bin/python3.12")]

    assert [(0, ""), (0, "")] == [(result.status, result.err) for result in shown]
