from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from pinfold.core import process
from pinfold.core.process import (
    Completed,
    Ending,
    ProcessStartError,
    StartProblem,
    Stream,
    run,
)

pytestmark = pytest.mark.slow

ENVIRONMENT = {"PATH": os.environ.get("PATH", "")}


def run_python(
    source: str,
    cwd: Path,
    *arguments: str,
    deadline_s: float = 30,
    grace_s: float = 10,
    limit_bytes: int = process.MAX_OUTPUT_BYTES,
) -> Completed:
    """Run *source* in the interpreter of the tests."""
    return run(
        [sys.executable, "-I", "-c", source, *arguments],
        cwd=cwd,
        env=ENVIRONMENT,
        deadline_s=deadline_s,
        grace_s=grace_s,
        limit_bytes=limit_bytes,
    )


def is_running(number: int) -> bool:
    """Return whether a process runs; one that is dead but not reaped does not."""
    try:
        fields = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] not in (b"Z", b"X")


def test_streams_and_status_come_back(tmp_path: Path) -> None:
    """What was written to each stream is kept apart, with the exit status."""
    source = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"

    completed = run_python(source, tmp_path)

    assert Completed(Ending.EXITED, 3, b"one\n", b"two\n", is_shortened=False) == completed
    assert not completed.has_succeeded


def test_arguments_reach_the_program_as_they_are(tmp_path: Path) -> None:
    """No shell reads the arguments."""
    arguments = ("$HOME", "`id`", "a b", "'\"", "*", "new\nline", "ü")
    source = "import sys; sys.stdout.buffer.write('\\0'.join(sys.argv[1:]).encode())"

    completed = run_python(source, tmp_path, *arguments)

    assert "\0".join(arguments).encode() == completed.output


def test_standard_input_is_closed(tmp_path: Path) -> None:
    """A program that asks for input gets none, instead of waiting."""
    completed = run_python("import sys; print(repr(sys.stdin.read()))", tmp_path)

    assert b"''\n" == completed.output


def test_runs_in_the_folder_and_variables_that_it_is_given(tmp_path: Path) -> None:
    """Nothing of our own variables is handed on but what the caller gives."""
    source = "import os; print(os.getcwd(), sorted(k for k in os.environ if k.startswith('P')))"

    completed = run_python(source, tmp_path)

    assert f"{tmp_path} ['PATH', 'PINFOLD_PROCESS_TREE']\n".encode() == completed.output


def test_lines_are_handed_on_as_they_come(tmp_path: Path) -> None:
    """Every kind of line end ends a line, and so does the end of the stream."""
    source = (
        "import sys; w = sys.stdout.buffer.write\n"
        "w(b'a\\r\\nb\\rc\\n'); w('\\u00fc\\n'.encode()); w(b'\\xff\\n'); w(b'last')"
    )
    lines: list[tuple[Stream, str]] = []

    run(
        [sys.executable, "-I", "-c", source],
        cwd=tmp_path,
        env=ENVIRONMENT,
        deadline_s=30,
        on_output=lambda stream, line: lines.append((stream, line)),
    )

    expected = [(Stream.OUTPUT, line) for line in ("a", "b", "c", "ü", "�", "last")]
    assert expected == lines


def test_a_line_without_end_is_handed_on_in_pieces(tmp_path: Path) -> None:
    """A program that never ends its line does not fill the memory."""
    lines: list[str] = []
    source = "import sys; sys.stdout.write('x' * 1_000_000)"

    run(
        [sys.executable, "-I", "-c", source],
        cwd=tmp_path,
        env=ENVIRONMENT,
        deadline_s=30,
        on_output=lambda _, line: lines.append(line),
    )

    assert "x" * 1_000_000 == "".join(lines)
    assert process.MAX_LINE_BYTES >= max(map(len, lines))


def test_of_much_output_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    """The middle of a large output is dropped, and that is said."""
    source = "import sys; sys.stdout.write('begin' + 'x' * 3_000_000 + 'end')"

    completed = run_python(source, tmp_path, limit_bytes=1_000)

    assert completed.is_shortened
    assert 1_000 == len(completed.output)
    assert (b"begin", b"end") == (completed.output[:5], completed.output[-3:])


def test_output_as_large_as_the_limit_is_whole(tmp_path: Path) -> None:
    """Nothing is dropped at the limit itself."""
    completed = run_python("print('x' * 999)", tmp_path, limit_bytes=1_000)

    assert (b"x" * 999 + b"\n", False) == (completed.output, completed.is_shortened)


def test_a_deadline_ends_the_program(tmp_path: Path) -> None:
    """A program that takes too long is asked to end; what it wrote until then is kept."""
    source = "import time; print('begun', flush=True); time.sleep(600)"

    completed = run_python(source, tmp_path, deadline_s=1)

    assert (Ending.TIMED_OUT, -15, b"begun\n") == (
        completed.ending,
        completed.status,
        completed.output,
    )


def test_a_program_may_clean_up_when_its_time_is_over(tmp_path: Path) -> None:
    """Who is asked to end may still write and choose the status."""
    source = (
        "import signal, sys, time\n"
        "def end(*_): print('x' * 200_000, flush=True); sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "time.sleep(600)"
    )

    completed = run_python(source, tmp_path, deadline_s=1)

    assert (Ending.TIMED_OUT, 7, 200_001) == (
        completed.ending,
        completed.status,
        len(completed.output),
    )


def test_a_program_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    """After the grace time nobody is asked any more."""
    source = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\n"
        "time.sleep(600)"
    )

    completed = run_python(source, tmp_path, deadline_s=1, grace_s=0.2)

    assert (Ending.TIMED_OUT, -9) == (completed.ending, completed.status)


def test_a_stopped_program_is_ended(tmp_path: Path) -> None:
    """A program that has stopped itself still hears the request."""
    source = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"

    completed = run_python(source, tmp_path, deadline_s=1)

    assert (Ending.TIMED_OUT, -15) == (completed.ending, completed.status)


FAMILY = """
import os, signal, subprocess, sys, time
sleeper = [sys.executable, "-I", "-c", '''
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
''']
is_own_session = sys.argv[1] == "session"
child = subprocess.Popen(sleeper, stdout=subprocess.PIPE, start_new_session=is_own_session)
child.stdout.readline()
print(child.pid, flush=True)
if sys.argv[2] == "stay":
    time.sleep(600)
"""


@pytest.mark.parametrize("group", ["group", "session"])
def test_descendants_are_ended_with_the_program(group: str, tmp_path: Path) -> None:
    """A deaf grandchild is killed too, even where it has left the process group."""
    if group == "session" and sys.platform != "linux":
        pytest.skip("only Linux shows who belongs together")

    completed = run_python(FAMILY, tmp_path, group, "stay", deadline_s=2, grace_s=0.2)

    assert Ending.TIMED_OUT == completed.ending
    assert not is_running(int(completed.output))


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    """Whoever is still in the group when the program exits is ended."""
    completed = run_python(FAMILY, tmp_path, "group", "go", grace_s=0.2)

    assert (Ending.EXITED, 0) == (completed.ending, completed.status)
    assert not is_running(int(completed.output))


def test_a_descendant_that_keeps_the_pipes_open_delays_nothing(tmp_path: Path) -> None:
    """A daemon that was started on purpose lives on, and nobody waits for its end."""
    source = (
        "import subprocess, sys\n"
        "code = 'import time; time.sleep(60)'\n"
        "child = subprocess.Popen([sys.executable, '-I', '-c', code], start_new_session=True)\n"
        "print(child.pid, flush=True)"
    )
    started = monotonic()

    completed = run_python(source, tmp_path, deadline_s=50)
    number = int(completed.output)
    os.kill(number, 9)

    assert Ending.EXITED == completed.ending
    assert monotonic() - started < 40


def test_a_growing_crowd_is_ended(tmp_path: Path) -> None:
    """Processes that go on forking while they are killed are all gone at the end."""
    source = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "end = time.monotonic() + 20\n"
        "while time.monotonic() < end:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid() if os.getpid() % 2 else None\n"
        "        time.sleep(20)\n"
        "        os._exit(0)\n"
        "    time.sleep(0.02)\n"
    )
    marker = tmp_path / "marker"

    completed = run_python(source, tmp_path, str(marker), deadline_s=1, grace_s=0.1)
    alive = [
        number
        for number in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
        if str(marker).encode() in _command_line(number)
    ]

    assert Ending.TIMED_OUT == completed.ending
    assert [] == [number for number in alive if is_running(number)]


def _command_line(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def test_cancelling_ends_the_program(tmp_path: Path) -> None:
    """An event that somebody else sets ends the run; it works from a thread."""
    cancelled = Event()
    begun = Event()
    results: list[Completed] = []

    def work() -> None:
        completed = run(
            [sys.executable, "-I", "-c", "import time; print(1, flush=True); time.sleep(600)"],
            cwd=tmp_path,
            env=ENVIRONMENT,
            deadline_s=60,
            on_output=lambda *_: begun.set(),
            cancelled=cancelled,
        )
        results.append(completed)

    thread = Thread(target=work)
    thread.start()
    begun.wait(30)
    cancelled.set()
    thread.join(30)

    assert [Completed(Ending.CANCELLED, -15, b"1\n", b"", is_shortened=False)] == results


def test_a_listener_that_fails_ends_the_program(tmp_path: Path) -> None:
    """Nothing goes on running that nobody listens to, and the exception is not lost."""
    numbers = []

    def listen(_: Stream, line: str) -> None:
        numbers.append(int(line))
        raise LookupError(line)

    source = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(LookupError):
        run(
            [sys.executable, "-I", "-c", source],
            cwd=tmp_path,
            env=ENVIRONMENT,
            deadline_s=60,
            on_output=listen,
        )

    assert not is_running(numbers[0])


def test_nothing_stays_open(tmp_path: Path) -> None:
    """A run gives back every descriptor, whichever way it ends."""
    before = len(list(Path("/proc/self/fd").iterdir()))

    run_python("print(1)", tmp_path)
    run_python("import time; time.sleep(600)", tmp_path, deadline_s=0.1)
    with pytest.raises(ProcessStartError):
        run([tmp_path / "missing"], cwd=tmp_path, env={}, deadline_s=1)

    assert before == len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("name", "content", "mode", "reason"),
    [
        ("missing", None, 0, StartProblem.MISSING),
        ("denied", b"#!/bin/sh\n", 0o644, StartProblem.DENIED),
        ("garbage", b"\x00\x01garbage", 0o755, StartProblem.NOT_A_PROGRAM),
        ("orphan", b"#!/no/such/interpreter\n", 0o755, StartProblem.MISSING),
        ("nul\0", None, 0, StartProblem.FAILED),
    ],
)
def test_a_program_that_cannot_be_started_says_why(
    name: str, content: bytes | None, mode: int, reason: StartProblem, tmp_path: Path
) -> None:
    """The reason is a value, not the text of the system's error."""
    program = f"{tmp_path}/{name}"
    if content is not None:
        Path(program).write_bytes(content)
        Path(program).chmod(mode)

    with pytest.raises(ProcessStartError) as caught:
        run([program], cwd=tmp_path, env={}, deadline_s=10)

    assert (program, reason) == (caught.value.program, caught.value.reason)


def test_a_folder_that_is_gone_is_told_from_a_program_that_is(tmp_path: Path) -> None:
    """The folder to run in may have been removed meanwhile."""
    with pytest.raises(ProcessStartError) as caught:
        run_python("", tmp_path / "gone")

    assert StartProblem.NO_DIRECTORY == caught.value.reason


def test_reading_by_threads_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Windows uses in place of selecting pipes reads everything too."""
    monkeypatch.setattr(process, "_pipes", lambda _, sinks: process._ThreadedPipes(sinks))
    source = "import sys; print('x' * 300_000); print('two', file=sys.stderr)"

    completed = run_python(source, tmp_path)

    assert (b"x" * 300_000 + b"\n", b"two\n") == (completed.output, completed.errors)


@pytest.mark.parametrize("missing", ["pidfd", "proc"])
def test_systems_that_tell_less_end_trees_too(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Linux's ways to watch processes, the group is still ended whole."""
    if missing == "pidfd":
        monkeypatch.setattr(process, "_exit_descriptor", lambda _: None)
    else:
        monkeypatch.setattr(process, "_process_numbers", lambda: None)

    completed = run_python(FAMILY, tmp_path, "group", "stay", deadline_s=1.5, grace_s=0.2)

    assert (Ending.TIMED_OUT, -15) == (completed.ending, completed.status)
    assert not is_running(int(completed.output))


@pytest.mark.skipif(sys.platform != "linux", reason="variables of others are seen on Linux alone")
def test_orphans_are_found_by_their_mark(tmp_path: Path) -> None:
    """What a killed Pinfold had started is ended by whoever comes next, and nothing else is."""
    source = (
        "import os, sys; from pathlib import Path; from pinfold.core.process import run;"
        "run([sys.executable, '-c', \"print('up', flush=True); import time; time.sleep(60)\"],"
        " cwd=Path('/'), env={}, deadline_s=60, token=sys.argv[1],"
        " on_output=lambda *_: os.kill(os.getpid(), 9))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for token in ("wanted", "other"):
        subprocess.run(
            [sys.executable, "-c", source, token], env=environment, cwd=tmp_path, check=False
        )
    before = [len(marked(token)) for token in ("wanted", "other")]
    has_ended = process.end_marked("wanted")
    after = [len(marked(token)) for token in ("wanted", "other")]
    process.end_marked("other")

    assert ([1, 1], True, [0, 1]) == (before, has_ended, after)


def marked(token: str) -> tuple[int, ...]:
    """Return the processes with a mark."""
    return process._processes_with(f"{process._TREE_VARIABLE}={token}".encode("ascii"))
