from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from pinfold.core.environments import probe as probe_module
from pinfold.core.environments.probe import (
    FORMAT,
    LocalStateFolder,
    ProbeAnswer,
    ProbeError,
    Prober,
    ProbeReason,
    ask,
    parse_answer,
)
from pinfold.core.files import LocalFileSystem

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
INTERPRETERS = [
    *(path for path in sorted(PYENV.glob("versions/*/bin/python")) if path.is_file()),
    *(path for path in (Path("/usr/bin/python3"), Path("/usr/bin/pypy3")) if path.is_file()),
]
"""The interpreters of this machine: pyenv's, Debian's, PyPy."""

SCRIPT = Path(probe_module.__file__).with_name("probe_script.py")
ENVIRON = {"PATH": os.environ.get("PATH", ""), "HOME": "/nowhere"}
R = ProbeReason


def say(executable: Path, expression: str) -> object:
    """Return what an interpreter says when it is asked in the plainest way."""
    done = subprocess.run(
        [executable, "-E", "-s", "-c", f"import sys, json; print(json.dumps({expression}))"],
        capture_output=True,
        check=True,
        timeout=60,
        cwd="/",
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("executable", INTERPRETERS, ids=lambda path: str(path.parts[-3:]))
def test_real_interpreters_answer(executable: Path) -> None:
    """From Python 2.7 on, whatever made them, the answer is what they say themselves."""
    answer = ask(executable, ENVIRON)

    assert say(executable, "list(sys.version_info)") == list(answer.version_info)
    assert say(executable, "sys.prefix") == answer.prefix == answer.base_prefix
    assert say(executable, "sys.executable") == answer.executable
    assert say(executable, "[path for path in sys.path if path]") == list(answer.sys_path)
    assert say(executable, "sys.platform") == answer.markers["sys_platform"]
    assert answer.implementation in ("cpython", "pypy")
    assert 11 == len(answer.markers)
    assert answer.purelib
    assert (64 if sys.maxsize > 2**32 else 32) == answer.pointer_bits


@pytest.mark.slow
def test_markers_are_those_of_packaging() -> None:
    """For this very interpreter, `packaging` says the same."""
    from packaging.markers import default_environment

    answer = ask(Path(sys.executable), ENVIRON)

    assert dict(default_environment()) == answer.markers
    assert ".".join(map(str, sys.version_info[:3])) == answer.version


@pytest.mark.slow
def test_an_environment_answers_for_itself(tmp_path: Path) -> None:
    """Prefix and base are told apart, and the folder of packages is its own."""
    venv = tmp_path / "ä b$c"
    subprocess.run(
        [sys.executable, "-I", "-m", "venv", "--without-pip", venv], check=True, timeout=60
    )

    answer = ask(venv / "bin/python", ENVIRON)

    minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert (os.fspath(venv), sys.base_prefix) == (answer.prefix, answer.base_prefix)
    assert (f"{venv}/lib/{minor}/site-packages",) == answer.site_packages
    assert not answer.is_externally_managed


@pytest.mark.slow
def test_the_interpreter_of_a_distribution_is_externally_managed() -> None:
    """Debian marks its own (PEP 668)."""
    marks = list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED"))

    assert bool(marks) == ask(Path("/usr/bin/python3"), ENVIRON).is_externally_managed


def test_the_script_parses_on_old_pythons() -> None:
    """Nothing in it is newer than Python 2.7; the interpreters here show it, and its grammar."""
    tree = ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 4))
    forbidden = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal)

    assert [] == [node for node in ast.walk(tree) if isinstance(node, forbidden)]
    assert SCRIPT.read_text("utf-8").isascii()


@pytest.mark.slow
@pytest.mark.parametrize(
    "executable",
    [path for path in INTERPRETERS if "2.7" in str(path)] + [Path(sys.executable)],
    ids=lambda path: str(path.parts[-3:]),
)
def test_nothing_of_the_user_is_imported(
    executable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what lies in the working directory nor what variables name is run."""
    trap = f"open({os.fspath(tmp_path / 'sprung')!r}, 'w')\n"
    for name in ("json", "platform", "sysconfig", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text(trap)
    monkeypatch.chdir(tmp_path)
    variables = {
        "PYTHONPATH": os.fspath(tmp_path),
        "PYTHONHOME": "/gone",
        "PYTHONSTARTUP": os.fspath(tmp_path / "json.py"),
        "PYTHONUSERBASE": os.fspath(tmp_path),
        "__PYVENV_LAUNCHER__": "/gone",
    }

    answer = Prober(LocalFileSystem(), {**ENVIRON, **variables}).probe(executable)

    assert answer.version_info[0] in (2, 3)
    assert not (tmp_path / "sprung").exists()


# Bad interpreters.

ANSWER = json.dumps(
    {
        "version_info": [3, 99, 0, "final", 0],
        "implementation": "cpython",
        "prefix": "/p",
        "base_prefix": "/p",
        "executable": "/p/bin/python",
        "base_executable": "",
        "purelib": "/p/lib",
        "platlib": "/p/lib",
        "sys_path": ["", "/p/lib/site-packages"],
        "markers": {"python_full_version": "3.99.0"},
        "platform": "linux-x86_64",
        "pointer_bits": 64,
        "is_free_threaded": False,
        "is_externally_managed": False,
    }
)


def write_interpreter(tmp_path: Path, body: str, name: str = "python") -> Path:
    """Write a program that is called as an interpreter is: `$begin` and `$end` are the marks."""
    path = tmp_path / name
    path.write_text(
        '#!/bin/sh\nfor each; do begin="$end"; end="$each"; done\n'
        f"answer='{ANSWER}'\necho called >> {tmp_path}/calls\n{body}\n"
    )
    path.chmod(0o755)
    return path


def calls(tmp_path: Path) -> int:
    """Return how often the interpreter was started."""
    path = tmp_path / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        'echo "$begin$answer$end"',
        'echo noise; echo "more $begin$answer$end and more"; echo noise >&2',
        'echo "+ exec python -c script $begin $end"; echo "$begin$answer$end"',
        'echo "$begin"; echo "{$end"; echo "$begin$answer$end"',
        'printf "\\377\\376\\000"; echo "$begin$answer$end"',
        'yes noise | head -c 200000; echo "$begin$answer$end"; yes noise | head -c 200000',
        'echo "$begin$answer$end"; sleep 600 & exit 0',
    ],
    ids=["plain", "noise", "echo", "false start", "binary", "much noise", "left behind"],
)
def test_noise_around_the_answer_is_ignored(body: str, tmp_path: Path) -> None:
    """Whatever a wrapper or a sitecustomize prints, the answer is between the marks."""
    answer = ask(write_interpreter(tmp_path, body), ENVIRON)

    assert parse_answer(ANSWER.encode()) == answer
    assert "3.99.0" == answer.version


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exit 0", R.SILENT),
        ('echo "$answer"', R.SILENT),
        ('echo "0000$answer"; echo "ffff"', R.SILENT),
        ('echo "$end$answer$begin"', R.GARBLED),
        ('echo "$begin$answer"', R.GARBLED),
        ('echo "$begin"; printf "%.40s" "$answer"; echo "$end"', R.GARBLED),
        ('echo "$begin[]$end"', R.GARBLED),
        ('echo "$begin{}$end"', R.GARBLED),
        ('echo "$begin$answer$end"; exit 1', R.CRASHED),
        ("kill -SEGV $$", R.CRASHED),
        ("echo broken >&2; exit 127", R.CRASHED),
        ("yes", R.TIMED_OUT),
        ("sleep 600", R.TIMED_OUT),
        ('trap "" TERM; sleep 600', R.TIMED_OUT),
        ('echo "$begin$answer$end"; sleep 600', R.TIMED_OUT),
        ("while :; do sleep 600 & sleep 0.01; done", R.TIMED_OUT),
    ],
)
def test_an_interpreter_without_a_whole_answer(
    body: str, reason: ProbeReason, tmp_path: Path
) -> None:
    """Late, never, crashed, half, wrong: the reason is told, and nothing goes on running."""
    executable = write_interpreter(tmp_path, body)
    deadline_s = 1.0 if reason is R.TIMED_OUT else 30.0

    with pytest.raises(ProbeError) as caught:
        ask(executable, {**ENVIRON, "PROBE_TEST": os.fspath(tmp_path)}, deadline_s=deadline_s)

    assert (executable, reason) == (caught.value.executable, caught.value.reason)
    assert [] == running_with(f"PROBE_TEST={tmp_path}")


def running_with(variable: str) -> list[str]:
    """Return the processes that run with a variable, by number; the dead are none."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if variable.encode() in environ and state not in (b"Z", b"X"):
            found.append(folder.name)
    return found


@pytest.mark.slow
def test_an_interpreter_that_cannot_be_started(tmp_path: Path) -> None:
    """Missing, not executable, not a program: before any process."""
    denied = tmp_path / "denied"
    denied.write_text("#!/bin/sh\n")
    orphan = tmp_path / "orphan"
    orphan.write_text("#!/gone\n")
    orphan.chmod(0o755)
    found = {}
    for path in (tmp_path / "missing", denied, orphan, Path("/x/WindowsApps/python.exe")):
        with pytest.raises(ProbeError) as caught:
            ask(path, ENVIRON)
        found[path.name] = caught.value.reason

    assert {
        "missing": R.MISSING,
        "denied": R.NOT_STARTED,
        "orphan": R.NOT_STARTED,
        "python.exe": R.STORE_STUB,
    } == found


@pytest.mark.slow
def test_what_it_says_of_its_error_is_for_the_log(tmp_path: Path) -> None:
    """The end of its standard error is kept, and is not in the message."""
    executable = write_interpreter(tmp_path, "echo 'secret trouble' >&2; exit 1")

    with pytest.raises(ProbeError) as caught:
        ask(executable, ENVIRON)

    assert "secret trouble\n" == caught.value.log
    assert f"{executable} ended with an error before it had answered" == str(caught.value)


@pytest.mark.slow
def test_a_probe_may_be_cancelled(tmp_path: Path) -> None:
    """Nobody waits for it any longer, and it is asked anew the next time."""
    executable = write_interpreter(tmp_path, "sleep 600")
    prober = Prober(LocalFileSystem(), ENVIRON)
    cancelled = Event()
    cancelled.set()
    reasons = []

    def work() -> None:
        with pytest.raises(ProbeError) as caught:
            prober.probe(executable, cancelled=cancelled)
        reasons.append(caught.value.reason)

    for _ in range(2):
        thread = Thread(target=work)
        thread.start()
        thread.join(30)

    assert [R.CANCELLED] * 2 == reasons


# What is remembered.


@pytest.mark.slow
def test_an_interpreter_is_asked_once(tmp_path: Path) -> None:
    """In memory, and from one run of the program to the next."""
    executable = write_interpreter(tmp_path, 'echo "$begin$answer$end"')
    state = LocalStateFolder(tmp_path / "state/probes")
    prober = Prober(LocalFileSystem(), ENVIRON, state)
    answers = [prober.probe(executable), prober.probe(executable)]
    answers.append(Prober(LocalFileSystem(), ENVIRON, state).probe(executable))

    assert 1 == calls(tmp_path)
    assert [answers[0]] * 3 == answers


@pytest.mark.slow
def test_a_changed_interpreter_is_asked_anew(tmp_path: Path) -> None:
    """Another file by its name, or another configuration beside it."""
    (tmp_path / "v/bin").mkdir(parents=True)
    executable = write_interpreter(tmp_path / "v/bin", 'echo "$begin$answer$end"')
    folder = executable.parent
    state = LocalStateFolder(tmp_path / "state")
    prober = Prober(LocalFileSystem(), ENVIRON, state)
    prober.probe(executable)
    executable.write_text(executable.read_text() + "# another\n")
    prober.probe(executable)
    (tmp_path / "v/pyvenv.cfg").write_text("home = /\n")
    prober.probe(executable)
    Prober(LocalFileSystem(), ENVIRON, state).probe(executable)

    assert 3 == calls(folder)


@pytest.mark.slow
def test_a_failure_is_remembered_for_as_long_as_the_program_runs(tmp_path: Path) -> None:
    """What hangs costs its deadline once, but a new start tries again."""
    executable = write_interpreter(tmp_path, "exit 3")
    state = LocalStateFolder(tmp_path / "state")
    prober = Prober(LocalFileSystem(), ENVIRON, state)
    for each in (prober, prober, Prober(LocalFileSystem(), ENVIRON, state)):
        with pytest.raises(ProbeError) as caught:
            each.probe(executable)

        assert R.CRASHED == caught.value.reason
    assert 2 == calls(tmp_path)


class MemoryStateFolder:
    """A state folder in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def write(self, name: str, data: bytes) -> None:
        self.kept[name] = data


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "binary", "newer", "empty", "nested", "other types"])
def test_what_was_kept_and_cannot_be_read_is_asked_again(damage: str, tmp_path: Path) -> None:
    """A broken file, or one of a newer Pinfold, is as if it were not there."""
    executable = write_interpreter(tmp_path, 'echo "$begin$answer$end"')
    state = MemoryStateFolder()
    first = Prober(LocalFileSystem(), ENVIRON, state).probe(executable)
    ((name, data),) = state.kept.items()
    kept = json.loads(data)
    state.kept[name] = {
        "cut": data[:-20],
        "binary": b"\x00\xff" * 100,
        "newer": json.dumps({**kept, "format": FORMAT + 1}).encode(),
        "empty": b"",
        "nested": b"[" * 100_000,
        "other types": json.dumps({**kept, "answer": {**kept["answer"], "prefix": 5}}).encode(),
    }[damage]
    second = Prober(LocalFileSystem(), ENVIRON, state).probe(executable)

    assert first == second
    assert 2 == calls(tmp_path)
    assert data == state.kept[name]


def test_a_state_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Nothing is kept then, and nothing is left half written."""
    (tmp_path / "file").write_text("")
    blocked = LocalStateFolder(tmp_path / "file/state")
    blocked.write("name", b"data")
    good = LocalStateFolder(tmp_path / "good")
    (tmp_path / "good/taken").mkdir(parents=True)
    good.write("taken", b"data")
    good.write("name", b"data")

    assert blocked.read("name") is None
    assert good.read("taken") is None
    assert b"data" == good.read("name")
    assert ["name", "taken"] == sorted(path.name for path in (tmp_path / "good").iterdir())


@pytest.mark.parametrize(
    "change",
    [
        {"version_info": [3, 1]},
        {"version_info": ["3", "1", "0", "final", "0"]},
        {"markers": {}},
        {"markers": []},
        {"sys_path": [1]},
        {"prefix": None},
        {"pointer_bits": "many"},
    ],
)
def test_an_answer_of_other_types_is_none(change: dict[str, object]) -> None:
    """What a program claims to be an answer is looked at, part by part."""
    assert isinstance(parse_answer(ANSWER.encode()), ProbeAnswer)
    assert parse_answer(json.dumps({**json.loads(ANSWER), **change}).encode()) is None


def test_the_places_of_packages_are_told_from_the_library() -> None:
    """Of sys.path, those that packages are installed in."""
    parts = {**json.loads(ANSWER), "sys_path": ["/p/lib.zip", "/p/x/dist-packages", "/p/lib"]}
    answer = parse_answer(json.dumps(parts).encode())

    assert answer is not None
    assert ("/p/x/dist-packages", "/p/lib") == answer.site_packages
