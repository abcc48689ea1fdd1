"""`pinfold env select` and `pinfold env activate`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.cli import env_activate
from pinfold.core.environments.shells import Shell
from tests.cli.environment_scene import make_base, make_whole, stand_alone
from tests.core.environments.test_reader import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Runner


@pytest.fixture
def env(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """`pinfold` for somebody whose home and project are folders of their own."""
    return stand_alone(pinfold, monkeypatch, tmp_path)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An interpreter that nobody finds by himself."""
    return make_base(tmp_path / "base")


def selected(env: Runner, folder: str = ".") -> tuple[str, str | None, str]:
    """Return which environment is for a folder: the state, the prefix, the reason."""
    shape = env("env", "why", folder, "--format=json").json("env-why")
    return shape["state"], shape["prefix"], shape["reason"]


def test_choice_counts(env: Runner, base: Path) -> None:
    """What was chosen wins over what stands nearest, for the folder and what is below it."""
    make_whole(env.folder / ".venv", base)
    make_whole(env.folder / "other", base)
    env.write("sub/requirements.txt", "")
    result = env("env", "select", "other/bin/python")

    assert (0, "") == (result.status, result.err)
    assert (
        "other (venv, Python 3.12.1) is used for the current folder and what is below it, from now"
        " on.\n" == result.out
    )
    assert ["other", "other"] == [selected(env)[1], selected(env, "sub/requirements.txt")[1]]
    assert "What was chosen for the current folder is forgotten.\n" == (
        env("env", "select", "--forget").out
    )
    assert ".venv" == selected(env)[1]
    assert "Nothing was chosen for the current folder.\n" == env("env", "select", "--forget").out


def test_choice_that_is_gone(env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever needs it says how the choice is forgotten, in whichever folder that is."""
    make_whole(env.folder / "other", base)
    env.write("sub/x", "")
    env("env", "select", "other")
    shutil.rmtree(env.folder / "other")
    way_out = "`pinfold env select --forget` forgets that choice"
    asked = [
        ("env", "show"),
        ("run", "python"),
        ("env", "activate", "--shell", "bash"),
        ("install", "x"),
    ]

    for arguments in asked:
        result = env(*arguments)
        assert (2, True) == (result.status, f"does not exist; {way_out}" in result.err), result
    assert f"\n  {way_out}\n" in env("env", "why").out
    monkeypatch.chdir(env.folder / "sub")
    above = f"`pinfold env select --forget --for {env.folder}` forgets that choice"
    assert above in env("env", "show").err
    monkeypatch.chdir(env.folder)
    env("env", "select", "--forget")
    assert "select --forget" not in env("env", "show").err


def test_choice_for_another_folder(env: Runner, base: Path) -> None:
    """`--for` names the folder; others are not touched."""
    make_whole(env.folder / ".venv", base)
    make_whole(env.folder / "other", base)
    env.write("sub/x", "")
    env("env", "select", "other", "--for", "sub")

    assert [".venv", "other"] == [selected(env)[1], selected(env, "sub")[1]]


def test_choice_for_the_home_directory(env: Runner, base: Path, tmp_path: Path) -> None:
    """It counts for the files right in it alone, and that is said; so it is for a root."""
    home = tmp_path / "home"
    make_whole(env.folder / ".venv", base)
    (tmp_path / "link").symlink_to(home)
    chosen = [
        env("env", "select", ".venv", "--for", str(folder), "--dry-run").out
        for folder in (home, tmp_path / "link", "/")
    ]

    assert ["is used for the files right in " in text for text in chosen] == [True] * 3
    assert not [text for text in chosen if "below" in text]


def test_choice_of_none(env: Runner, base: Path) -> None:
    """`none` is a choice too."""
    make_whole(env.folder / ".venv", base)
    result = env("env", "select", "none")

    assert "No environment is used for the current folder and what is below it, from now on.\n" == (
        result.out
    )
    assert ("none", None) == selected(env)[:2]
    assert env("env", "why", "--format=json").json("env-why")["meant"]


def test_choice_in_json(env: Runner, base: Path) -> None:
    """Each form of the verb says what is chosen, by schema."""
    make_whole(env.folder / ".venv", base)
    shapes = [
        env("env", "select", *arguments, "--format=json").json("env-select")
        for arguments in (["none"], [".venv"], ["--forget"])
    ]

    assert [(".", None, False), (".", ".venv", False), (".", None, True)] == [
        (shape["folder"], shape["prefix"], shape["forgotten"]) for shape in shapes
    ]


def test_dry_run(env: Runner, base: Path) -> None:
    """`--dry-run` keeps nothing and forgets nothing."""
    make_whole(env.folder / ".venv", base)
    make_whole(env.folder / "other", base)
    env("env", "select", "other", "--dry-run")
    before = selected(env)[1]
    env("env", "select", "other")
    env("env", "select", "--forget", "--dry-run")

    assert [".venv", "other"] == [before, selected(env)[1]]


def test_broken_one_may_be_chosen(env: Runner) -> None:
    """What is wrong with it is said."""
    make_environment(env.folder / "broken")
    result = env("env", "select", "broken")

    assert 0 == result.status
    assert "  error[" in result.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name an environment, `none`, or --forget"),
        (["x", "--forget"], "one of them"),
        (["gone"], "gone does not exist; `pinfold env list` shows what there is"),
        (["sub"], "holds neither a pyvenv.cfg nor an interpreter"),
        (["none", "--for", "gone\x1b"], "gone\\x1b: does not exist"),
        (["none", "--for", "sub/x"], "sub/x: is no folder"),
        (["none", "--for", ""], "an empty path names nothing"),
    ],
)
def test_bad_choice(env: Runner, arguments: list[str], told: str) -> None:
    """What is no environment is not chosen."""
    env.write("sub/x", "")
    result = env("env", "select", *arguments)

    assert (2, "") == (result.status, result.out)
    assert told in result.err


def test_choice_that_cannot_be_kept(env: Runner, tmp_path: Path) -> None:
    """That nothing was kept is said, with the reason."""
    (tmp_path / "state").write_text("", encoding="utf-8")
    result = env("env", "select", "none")

    assert (2, "") == (result.status, result.out)
    assert result.err.startswith("pinfold: the choice could not be kept: ")


@pytest.mark.parametrize("shell", list(Shell))
def test_activate(env: Runner, base: Path, shell: Shell) -> None:
    """Every shell has its line, and one for leaving; JSON has both."""
    make_whole(env.folder / ".venv", base)
    result = env("env", "activate", "--shell", shell.value)
    leaving = env("env", "activate", "--shell", shell.value, "--deactivate")
    shape = env("env", "activate", "--shell", shell.value, "--format=json").json("env-activate")

    assert (0, "", 0) == (result.status, result.err, leaving.status)
    assert str(env.folder / ".venv") in result.out
    assert (shape["activate"] + "\n", shape["deactivate"] + "\n", shell.value) == (
        result.out,
        leaving.out,
        shape["shell"],
    )


def test_own_script_is_used(env: Runner, base: Path) -> None:
    """A script that does what it should is what the line names."""
    make_whole(env.folder / "a b", base)
    result = env("env", "activate", "a b", "--shell=bash")

    assert f"source '{env.folder}/a b/bin/activate'\n" == result.out


def test_shell_is_found_out(env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--shell`, it is the one above this process, or what the variables say."""
    make_whole(env.folder / ".venv", base)
    monkeypatch.setattr(env_activate, "read_ancestors", lambda *_: iter(["python", "-fish"]))
    by_ancestor = env("env", "activate", "--format=json").json("env-activate")["shell"]
    monkeypatch.setattr(env_activate, "read_ancestors", lambda *_: iter(()))
    monkeypatch.setenv("SHELL", "/bin/zsh")
    by_variable = env("env", "activate", "--format=json").json("env-activate")["shell"]
    monkeypatch.setenv("SHELL", "")
    nothing = env("env", "activate")

    assert ("fish", "zsh") == (by_ancestor, by_variable)
    assert (2, True) == (nothing.status, "name it with --shell" in nothing.err)


def test_what_cannot_be_activated(env: Runner, base: Path) -> None:
    """Where there is no line, the reason is told, and JSON has it."""
    make_whole(env.folder / "a:b", base)
    result = env("env", "activate", "a:b", "--shell=sh")
    told = env("env", "activate", "a:b", "--shell=sh", "--format=json")
    of_base = env("env", "activate", sys.base_prefix, "--shell=sh")

    assert (2, "", 2) == (result.status, result.out, told.status)
    assert "ends an entry of PATH" in result.err
    assert told.json("env-activate")["activate"] is None
    assert (2, True) == (of_base.status, "nothing to activate" in of_base.err)


def test_broken_one_is_told_of(env: Runner) -> None:
    """The line is printed, and what is wrong stands beside it."""
    make_environment(env.folder / "broken")
    result = env("env", "activate", "broken", "--shell=sh")

    assert 0 == result.status
    assert result.err.startswith("pinfold: broken: ")


def test_line_is_not_for_a_terminal(
    env: Runner, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Characters that a terminal would act on are only written where a shell reads them."""
    make_whole(env.folder / "a\x1b[31m", base)
    piped = env("env", "activate", "a\x1b[31m", "--shell=sh")
    monkeypatch.setattr(env_activate, "is_terminal", lambda _: True)
    result = env("env", "activate", "a\x1b[31m", "--shell=sh")

    assert (0, True) == (piped.status, "\x1b[31m" in piped.out)
    assert (2, "", False) == (result.status, result.out, "\x1b" in result.err)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_bytes_of_a_path_are_kept(env: Runner, base: Path, shell: str) -> None:
    """What is printed activates, in a real shell, an environment with any name."""
    program = shutil.which(shell, path=os.defpath)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    prefix = make_whole(env.folder / os.fsdecode(b"\xff'\xc3\xa9\n$(x)"), base)
    pinfold = f'"{sys.executable}" -m pinfold env activate --shell={shell}'
    done = subprocess.run(
        [program, "-c", f'eval "$({pinfold} "$1")"; printf %s "$VIRTUAL_ENV"', "-", prefix],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C"},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert (os.fsencode(prefix), b"") == (done.stdout, done.stderr)
