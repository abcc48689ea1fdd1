"""`pinfold check` against environments: which one, what is said of it, and that nothing runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.cli import environments as environments_module
from pinfold.core.environments.choices import choose
from pinfold.core.files import LocalFileSystem
from tests.cli.running import Runner, process
from tests.core.environments import hung_mount
from tests.core.environments.test_lookout import HangingFileSystem
from tests.core.environments.test_reader import make_sound
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from pinfold.cli.targets import Target
    from pinfold.core.workspace.snapshot import Snapshot


@pytest.fixture
def check(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """`pinfold` that looks for environments, for somebody whose home directory is elsewhere."""
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    pinfold.looks_for_environments = True
    return pinfold


def judged_against(out: str) -> str:
    """Return the line that says what was judged against."""
    return next((line for line in out.splitlines() if line.startswith("Judged against")), "")


def test_two_projects_in_one_run(check: Runner) -> None:
    """Django 3.2 in one project and 4.0 in the other: each file is judged against its own."""
    for name, version in (("one", "3.2"), ("two", "4.0")):
        make_sound(check.folder / name / ".venv", django=version)
        check.write(f"{name}/requirements.txt", "django==3.2\n")
    found = check.findings("--select", "environment")
    result = check("check")

    assert [("two/requirements.txt", 1, 7, "wrong-version")] == found
    assert "Judged against 2 environments: one/.venv, two/.venv." == judged_against(result.out)


def test_what_was_used_is_said(check: Runner) -> None:
    """One environment is named with its interpreter and the number of its packages."""
    make_sound(check.folder / ".venv", django="3.2", flask="3.0")
    check.write("sub/requirements.txt", "django==3.2\n")
    result = check("check")

    system = os.uname().sysname if hasattr(os, "uname") else "Windows"
    assert (0, f"Judged against .venv (CPython 3.12.1 on {system}, 2 packages).") == (
        result.status,
        judged_against(result.out),
    )
    assert "" == check("check", "--quiet").out
    assert {"version", "files", "summary"} == check("check", "--format=json").json().keys()


@pytest.mark.parametrize("name", ["env", "env/bin/python", "./env/", "sub/../env"])
def test_env(check: Runner, name: str) -> None:
    """`--env` names one environment for all files, by its folder or its interpreter."""
    make_sound(check.folder / "env", django="4.0")
    make_sound(check.folder / ".venv", django="3.2")
    check.write("requirements.txt", "django==4.0\n")

    assert [] == check.findings("--env", name)
    assert ["wrong-version"] == [rule for *_, rule in check.findings()]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone", "gone, does not exist"),
        ("sub", "sub, holds neither a pyvenv.cfg nor an interpreter"),
        ("requirements.txt", "holds neither"),
        ("/", "is the root of the file system"),
        ("broken", "has no site-packages"),
        ("", "--env needs a path"),
    ],
)
def test_env_that_is_none(check: Runner, name: str, words: str) -> None:
    """A wrong `--env` is wrong usage: nothing is judged."""
    check.write("requirements.txt", "flask\n")
    check.write("sub/x", "")
    check.write("broken/pyvenv.cfg", "")
    result = check("check", "--env", name)

    assert (2, "") == (result.status, result.out)
    assert words in result.err


def test_env_and_no_env(check: Runner) -> None:
    """Both at once is a contradiction."""
    assert 2 == check("check", "--env", ".venv", "--no-env").status


def test_no_env(check: Runner) -> None:
    """`--no-env` judges files alone."""
    make_sound(check.folder / ".venv", django="4.0")
    check.write("requirements.txt", "django==3.2\n")
    result = check("check", "--no-env")

    assert (0, "No problems in 1 file.\n") == (result.status, result.out)


def test_setting(check: Runner) -> None:
    """The setting is relative to its file, and wins over what stands nearer."""
    make_sound(check.folder / "envs/dev", django="4.0")
    make_sound(check.folder / "sub/.venv", django="3.2")
    check.write("sub/requirements.txt", "django==4.0\n")
    check.write(".git/HEAD", "")
    before = check.findings()
    check.write("pinfold.toml", 'environment = "envs/dev"\n')

    assert ["wrong-version"] == [rule for *_, rule in before]
    assert [] == check.findings()
    assert [] == check.findings("sub")


def test_choice(check: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was chosen for a folder wins over the setting; to have none is a choice as well."""
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(check.folder / "state"))
    make_sound(check.folder / "chosen", django="4.0")
    make_sound(check.folder / ".venv", django="3.2")
    check.write("pinfold.toml", 'environment = ".venv"\n')
    check.write("sub/requirements.txt", "django==4.0\n")
    before = check.findings()
    choose(check.folder, check.folder / "chosen")
    chosen = check("check")
    choose(check.folder / "sub", None)
    none = check("check")

    assert ["wrong-version"] == [rule for *_, rule in before]
    assert judged_against(chosen.out).startswith("Judged against chosen (")
    assert (0, "") == (none.status, judged_against(none.out))
    assert check.findings() == []


def test_setting_that_leads_nowhere(check: Runner) -> None:
    """No other environment is taken in the place of one that is named and is not there."""
    make_sound(check.folder / ".venv", django="3.2")
    check.write("pinfold.toml", 'environment = "gone"\n')
    check.write("requirements.txt", "django==4.0\n")

    assert ["no-environment"] == [rule for *_, rule in check.findings()]


@pytest.mark.parametrize(
    "value",
    ["7", '""', '"//server/share"', '"\\\\\\\\server\\\\share"', '"/dev/fd"', '"~somebody/x"'],
)
def test_setting_that_is_wrong(check: Runner, value: str) -> None:
    """What is no path of this machine is told, and never looked at."""
    make_sound(check.folder / ".venv")
    check.write("pinfold.toml", f"environment = {value}\n")
    check.write("requirements.txt", "# nothing\n")
    found = check.findings()

    # On POSIX two slashes lead to a folder of this machine.
    expected = [] if value == '"//server/share"' and os.name == "posix" else ["invalid-setting"]
    assert expected == [rule for *_, rule in found]


def test_above_what_is_named(check: Runner) -> None:
    """A folder that is named is no workspace of its own: its repository's environment counts."""
    make_sound(check.folder / ".venv", django="4.0")
    check.write(".git/HEAD", "")
    check.write("sub/requirements.txt", "django==3.2\n")

    assert ["wrong-version"] == [rule for *_, rule in check.findings("sub")]


def test_activated(check: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The activated environment counts where the project has none."""
    make_sound(check.folder / "active", django="4.0")
    monkeypatch.setenv("VIRTUAL_ENV", str(check.folder / "active"))
    check.write("requirements.txt", "django==3.2\n")
    found = check.findings()
    make_sound(check.folder / ".venv", django="3.2")

    assert ["wrong-version"] == [rule for *_, rule in found]
    assert [] == check.findings()


@pytest.mark.parametrize("value", ["", "relative", "/dev/fd", "\\\\server\\share"])
def test_activated_nonsense(check: Runner, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A variable that names no folder of this machine names none."""
    monkeypatch.setenv("VIRTUAL_ENV", value)
    check.write("requirements.txt", "django==3.2\n")

    assert ["no-environment"] == [rule for *_, rule in check.findings()]


def test_standard_input(check: Runner) -> None:
    """Standard input has the environment of the place it seems to stand at."""
    make_sound(check.folder / "sub/.venv", django="4.0")
    line = b"django==3.2\n"

    named = check.findings("-", "--stdin-filename=sub/requirements.txt", stdin=line)
    given = check.findings("-", "--env=sub/.venv", stdin=line)
    alone = check.findings("-", stdin=line)

    assert [["wrong-version"], ["wrong-version"], ["no-environment"]] == [
        [rule for *_, rule in found] for found in (named, given, alone)
    ]


def test_pins_go_to_what_is_installed(check: Runner) -> None:
    """`--fix` pins to the installed version, and to `--versions` what is not installed."""
    make_sound(check.folder / ".venv", django="4.0")
    check.write("requirements.txt", "django\nflask\n")
    check.write("versions.txt", "flask==3.1\n")
    result = check(
        "check", "--fix", "--unsafe-fixes", "--versions=versions.txt", "requirements.txt"
    )

    assert b"django==4.0\nflask==3.1\n" == check.read("requirements.txt")
    assert "Judged against .venv" in result.out


def test_fix_of_standard_input(check: Runner) -> None:
    """An editor's buffer is pinned to the environment of its file."""
    make_sound(check.folder / ".venv", django="4.0")
    result = check("check", "--fix", "--unsafe-fixes", "-", stdin=b"django\n")

    assert "django==4.0\n" == result.out


def test_diff(check: Runner) -> None:
    """`--diff` shows what the environment gives."""
    make_sound(check.folder / ".venv", django="4.0")
    check.write("requirements.txt", "django\n")

    assert "+django==4.0\n" in check("check", "--diff", "--unsafe-fixes").out


def hung(*names: str) -> HangingFileSystem:
    """Return the real file system, with environments that hang."""
    return HangingFileSystem(*(Path.cwd() / name / ".venv" for name in names))


@pytest.fixture
def targets(check: Runner) -> tuple[Snapshot, list[Target]]:
    """Three projects, all of them wrong, and a snapshot to judge them by."""
    from pinfold.cli.check import _snapshot
    from pinfold.cli.targets import find_targets
    from pinfold.core.model.facts import Facts

    for name in ("a", "b", "c"):
        make_sound(check.folder / name / ".venv", django="4.0")
        check.write(f"{name}/requirements.txt", "django==3.2\n")
    snapshot = _snapshot(LocalFileSystem(), check.folder, [check.folder], Facts())
    found = find_targets(
        [check.folder],
        snapshot,
        on_progress=lambda progress: None,
        on_unreadable=lambda path, unreadable: None,
    )
    return snapshot, list(found)


def test_hung_environment_comes_last(
    check: Runner, targets: tuple[Snapshot, list[Target]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of an environment that hangs are judged last, and others do not wait for it."""
    monkeypatch.setattr(environments_module, "PATIENCE_S", 0.1)
    filesystem = hung("a")
    environments = environments_module.Environments(filesystem, None, check.folder, {})
    snapshot, files = targets
    answered = environments.answered(snapshot, files)
    first = [next(answered), next(answered)]
    filesystem.released.set()
    late = list(answered)
    environments.stop()

    assert ["b", "c"] == [question.target.path.parent.name for question in first]
    assert [1, 2] == [question.position for question in first]
    assert ["a"] == [question.target.path.parent.name for question in late]
    (judgement,) = [
        question.snapshot.judge(question.target.path, question.target.role) for question in late
    ]
    assert ["wrong-version"] == [finding.rule for finding in judgement.findings]


def test_hung_environment_that_never_answers(
    check: Runner, targets: tuple[Snapshot, list[Target]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the deadline its files are judged without it, and why is said."""
    monkeypatch.setattr(environments_module, "PATIENCE_S", 0.05)
    filesystem = hung("b")
    environments = environments_module.Environments(
        filesystem, None, check.folder, {}, deadline_s=0.2
    )
    snapshot, files = targets
    questions = list(environments.answered(snapshot, files))
    last = questions[-1]
    found = last.snapshot.judge(last.target.path, last.target.role).findings
    filesystem.released.set()
    environments.stop()

    assert ["a", "c", "b"] == [question.target.path.parent.name for question in questions]
    assert ["no-environment"] == [finding.rule for finding in found]


def test_hung_env(check: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `--env` that hangs is refused in the end, and does not keep the process."""
    make_sound(check.folder / "env")
    filesystem = HangingFileSystem(check.folder / "env")
    environments = environments_module.Environments(
        filesystem, "env", check.folder, {}, deadline_s=0.05
    )
    refusal = environments.refusal()
    filesystem.released.set()
    environments.stop()

    assert refusal == f"{check.folder / 'env'} does not answer"


def test_order_of_reports(check: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """In text, what has to wait comes last; in JSON, every file keeps its place."""
    for name in ("a", "b"):
        make_sound(check.folder / name / ".venv", django="4.0")
        check.write(f"{name}/requirements.txt", "django==3.2\n")
    monkeypatch.setattr(environments_module, "PATIENCE_S", 1.0)
    monkeypatch.setattr(environments_module, "DEADLINE_S", 1.5)

    def order(format: str) -> list[str]:
        filesystem = hung("a")
        monkeypatch.setattr("pinfold.cli.check.LocalFileSystem", lambda: filesystem)
        result = check("check", "--quiet", f"--format={format}", "--select=environment")
        filesystem.released.set()
        return sorted("ab", key=lambda name: result.out.index(f"{name}/requirements"))

    assert ["b", "a"] == order("text")
    assert ["a", "b"] == order("json")


PROGRAM = """
import sys
import pinfold.cli.environments
pinfold.cli.environments.DEADLINE_S = 2.0
from pinfold.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(hung_mount.why_not() is not None, reason=f"{hung_mount.why_not()}")
def test_process_beside_a_dead_mount(check: Runner) -> None:
    """A `.venv` that is a dead FUSE mount: the rest is judged, and the run comes to its end."""
    make_sound(check.folder / "b/.venv", django="4.0")
    for name in ("a", "b"):
        check.write(f"{name}/requirements.txt", "django==3.2\n")
    (check.folder / "a/.venv").mkdir()
    with hung_mount.hung_mount(check.folder / "a/.venv", takes_requests=False):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "check", "-q", "--select=environment"],
            cwd=check.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
    first, second = done.stdout.splitlines()

    assert 1 == done.returncode
    assert first.startswith("b/requirements.txt:1:7: warning[wrong-version]")
    assert second.startswith("a/requirements.txt:1:1: info[no-environment]")


AUDIT = """
import sys
seen = []
def hook(event, arguments):
    if event in FORBIDDEN or event.startswith(("socket.", "subprocess.", "os.exec", "os.spawn")):
        seen.append((event, arguments))
FORBIDDEN = {"os.system", "os.fork", "os.forkpty", "os.posix_spawn", "pty.spawn", "os.startfile"}
sys.addaudithook(hook)
from pinfold.cli.main import main
status = main(sys.argv[1:])
sys.stdout.flush()
print(seen, file=sys.stderr)
sys.exit(9 if seen else status)
"""


@pytest.fixture(scope="module")
def real_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real environment, with pip in it."""
    prefix = tmp_path_factory.mktemp("real") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True, timeout=300)
    return prefix


@pytest.mark.slow
def test_nothing_is_started(check: Runner, real_environment: Path) -> None:
    """An audit hook sees no process and no socket while a file is judged against a real one."""
    check.write("requirements.txt", "pip==1.0\nflask\nsetuptools ; python_version < '3'\n")
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, "check", "--env", real_environment],
        cwd=check.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )

    assert (1, "[]") == (done.returncode, done.stderr.strip())
    assert "wrong-version" in done.stdout
    assert "not-installed" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
def test_nothing_is_started_says_the_kernel(check: Runner, real_environment: Path) -> None:
    """strace sees one program, no process beside it and no socket."""
    check.write("requirements.txt", "pip==1.0\nflask\n")
    log = check.folder / "strace.log"
    calls = "execve,execveat,fork,vfork,clone,clone3,socket,connect"
    done = subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none"),
            *(sys.executable, "-m", "pinfold", "check", "--env", str(real_environment)),
        ],
        cwd=check.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    if "ptrace" in done.stderr.lower():  # pragma: no cover - in a container that forbids it
        pytest.skip("strace may not trace here")
    traced = log.read_text(encoding="utf-8").splitlines()
    # Threads share the memory of their process; whatever else is cloned would be a process.
    others = [line for line in traced if "CLONE_THREAD" not in line]

    assert 1 == done.returncode, done.stderr
    assert 1 == len(others), others
    assert "execve(" in others[0]


@pytest.mark.slow
def test_start_imports_none_of_this(check: Runner) -> None:
    """`pinfold --version` knows nothing of environments, and neither does `--no-env`."""
    program = (
        "import sys; from pinfold.cli.main import main; main(sys.argv[1:]);"
        "print(*sorted(name for name in sys.modules if 'environments' in name))"
    )
    seen = [
        subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=check.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
            capture_output=True,
            check=True,
            text=True,
            timeout=120,
        ).stdout.splitlines()[-1]
        for arguments in (["--version"], ["check", "--no-env"])
    ]

    assert "" == seen[0]
    assert "pinfold.cli.environments" not in seen[1]
    assert "packages" not in seen[1]


@pytest.mark.slow
def test_process(check: Runner) -> None:
    """The whole of it as people run it."""
    make_sound(check.folder / ".venv", django="4.0")
    check.write("requirements.txt", "django==3.2\n")
    done = process(["check"], check.folder, looks_for_environments=True)

    assert (1, b"") == (done.returncode, done.stderr)
    assert b"Judged against .venv" in done.stdout
