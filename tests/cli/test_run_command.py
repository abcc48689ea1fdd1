"""`pinfold run`: commands inside an environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.cli import run_command
from pinfold.cli.run_command import split
from tests.cli.environment_scene import make_base, make_program, make_whole, stand_alone
from tests.cli.running import process
from tests.core.environments.test_reader import make_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.cli.running import Runner

posix = pytest.mark.skipif(os.name == "nt", reason="programs are scripts of a POSIX shell")


class Become:
    """Notes what the process would have become."""

    def __init__(self) -> None:
        self.program = ""
        self.command: list[str] = []
        self.variables: Mapping[str, str] = {}

    def __call__(self, program: str, command: Sequence[str], variables: Mapping[str, str]) -> int:
        """Note a program."""
        self.program, self.command, self.variables = program, list(command), variables
        return 0


@pytest.fixture
def pinfold_run(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """`pinfold` for somebody whose project has an environment."""
    runner = stand_alone(pinfold, monkeypatch, tmp_path)
    make_whole(runner.folder / ".venv", make_base(tmp_path / "base"))
    return runner


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Become:
    """What the process would have become."""
    noted = Become()
    monkeypatch.setattr(run_command, "_become", noted)
    return noted


@pytest.mark.parametrize(
    ("arguments", "own", "command"),
    [
        (["--", "a", "--", "-b"], [], ["a", "--", "-b"]),
        (["a", "--env", "x"], [], ["a", "--env", "x"]),
        (["--env", "x", "a", "-b"], ["--env", "x"], ["a", "-b"]),
        (["--env=x", "--", "-a"], ["--env=x"], ["-a"]),
        (["--env"], ["--env"], []),
        (["--help", "a"], ["--help"], ["a"]),
        ([], [], []),
    ],
)
def test_where_the_command_begins(arguments: list[str], own: list[str], command: list[str]) -> None:
    """Behind `--`, or with the first word that is no option of ours."""
    assert (own, command) == tuple(map(list, split(arguments)))


def test_command_of_the_environment(pinfold_run: Runner, become: Become) -> None:
    """A command is looked for in the environment first, whose variables it gets."""
    prefix = pinfold_run.folder / ".venv"
    status = pinfold_run("run", "python", "-V").status

    assert (0, str(prefix / "bin/python"), ["python", "-V"], str(prefix)) == (
        status,
        become.program,
        become.command,
        become.variables["VIRTUAL_ENV"],
    )
    assert become.variables["PATH"].startswith(f"{prefix}/bin{os.pathsep}")


def test_named_environment(pinfold_run: Runner, become: Become, tmp_path: Path) -> None:
    """`--env` names another one."""
    prefix = make_whole(pinfold_run.folder / "other", tmp_path / "base")
    pinfold_run("run", "--env", "other", "--", "python")

    assert str(prefix / "bin/python") == become.program


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ([], 2, "name a command: `pinfold run -- python script.py`"),
        (["--env", "gone", "x"], 2, "gone does not exist"),
        (["nonesuch\x1b"], 127, "no command `nonesuch\\x1b`, neither in .venv nor on PATH"),
        (["./nonesuch"], 127, "./nonesuch: there is no such command"),
        ([""], 127, "there is no command ``, neither in .venv nor on PATH"),
        (["./folder"], 126, "./folder is a folder, no command"),
        (["./folder/file"], 126, "./folder/file may not be run; `chmod +x` lets it"),
    ],
)
def test_bad_input(
    pinfold_run: Runner, become: Become, arguments: list[str], status: int, told: str
) -> None:
    """What cannot be run is told as a shell would, with the status of one."""
    pinfold_run.write("folder/file", "")
    result = pinfold_run("run", *arguments)

    assert (status, "", "") == (result.status, result.out, become.program)
    assert told in result.err


def test_no_environment(
    pinfold: Runner, become: Become, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without an environment nothing is run, rather than in none."""
    result = stand_alone(pinfold, monkeypatch, tmp_path)("run", "python")

    assert (2, "") == (result.status, become.program)
    assert "no environment for the current folder: " in result.err


def test_broken_environment(pinfold_run: Runner, become: Become) -> None:
    """Where the interpreter is gone, `python` would be another one's: nothing is run."""
    make_environment(pinfold_run.folder / "broken")
    result = pinfold_run("run", "--env=broken", "sh")

    assert (2, "") == (result.status, become.program)
    assert result.err.startswith("pinfold: broken: ")


@pytest.mark.parametrize(("command", "status"), [("python", 0), ("python3", 2)])
def test_broken_link_beside_python(
    pinfold_run: Runner, become: Become, command: str, status: int
) -> None:
    """What `python3` would mean is another environment's, but `python` is its own."""
    folder = pinfold_run.folder / ".venv/bin"
    (folder / "python3").unlink(missing_ok=True)
    (folder / "python3").symlink_to("/gone")
    result = pinfold_run("run", command)

    assert status == result.status
    assert (str(folder / "python") if status == 0 else "") == become.program
    assert ("leads to /gone, which does not exist" in result.err) is (status != 0)


@posix
@pytest.mark.slow
def test_process(pinfold_run: Runner, tmp_path: Path) -> None:
    """The process becomes the command: output, arguments and exit status are its own."""
    prefix = pinfold_run.folder / ".venv"
    variables = {"PATH": os.defpath, "HOME": os.environ["HOME"]}
    done = process(["run", "python", "a b", "--x"], pinfold_run.folder, environment=variables)
    make_program(prefix / "bin/seven", "#!/bin/sh\nexit 7\n")
    make_program(prefix / "bin/nothing", "#!/nonesuch\n")
    statuses = [
        process(["run", "--", name], pinfold_run.folder, environment=variables).returncode
        for name in ("seven", "nothing")
    ]

    assert [os.fsencode(part) for part in (prefix / "bin/python", prefix, "a b", "--x")] == (
        done.stdout.splitlines()
    )
    assert [7, 126] == statuses


@pytest.mark.slow
def test_where_no_process_becomes_another(capfd: pytest.CaptureFixture[str]) -> None:
    """On Windows the command is waited for, and its exit status handed on."""
    program = "import os; print(os.environ['X'], flush=True); raise SystemExit(7)"
    command = ["python", "-c", program]
    status = run_command._wait(sys.executable, command, {**os.environ, "X": "there"})
    missing = run_command._wait("/nonesuch", command, {})

    assert (7, "there", 126) == (status, capfd.readouterr().out.strip(), missing)


@posix
@pytest.mark.slow
def test_signals(pinfold_run: Runner) -> None:
    """A command is ended by a closed pipe as it would be without us."""
    command = f'("{sys.executable}" -m pinfold run -- yes; echo $? >status) | head -n 1'
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=pinfold_run.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=120,
        check=True,
    )

    assert (b"y\n", b"") == (done.stdout, done.stderr)
    assert b"141\n" == pinfold_run.read("status")
