"""A process and everything that it starts: run with a deadline, listened to, and ended whole.

Owns the process group, the pipes, how much of the output is kept, and the two steps in which a
tree is ended: asked, then killed. Refuses to know what is run, to start a shell, and to feed
anything in: standard input is closed. Blocks; whoever must not wait calls from a thread, and
cancels by an event.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from threading import Event
    from typing import IO

GRACE_S = 2.0
"""How long a tree that is asked to end may take before it is killed."""

MAX_OUTPUT_BYTES = 4 * 1024 * 1024
"""How much of each stream is kept: its beginning and its end, the middle is dropped."""

MAX_LINE_BYTES = 64 * 1024
"""A line that is longer is handed on in pieces."""

_POLL_S = 0.05
_KILL_S = 5.0
"""How long a killed process may take to be gone: one that hangs in the kernel never is."""

_READ_BYTES = 64 * 1024

_TREE_VARIABLE = "PINFOLD_PROCESS_TREE"
"""Marks what belongs to a tree, so that those who left its process group are found (Linux)."""


class Stream(Enum):
    """Where a line was written."""

    OUTPUT = "stdout"
    ERRORS = "stderr"


class Ending(Enum):
    """How a run came to its end."""

    EXITED = "came to its end"
    TIMED_OUT = "did not end in time"
    CANCELLED = "was cancelled"


@dataclass(frozen=True, slots=True)
class Completed:
    """A run that is over.

    `status` is that of the first process of the tree: negative for the signal that ended it,
    ``None`` if even killing did not end it. `output` and `errors` are what was written, less the
    middle if `is_shortened`.
    """

    ending: Ending
    status: int | None
    output: bytes
    errors: bytes
    is_shortened: bool

    @property
    def has_succeeded(self) -> bool:
        """Whether it ended by itself, with status 0."""
        return self.ending is Ending.EXITED and self.status == 0


class StartProblem(Enum):
    """Why a process could not be started."""

    MISSING = "does not exist, or what its first line names does not"
    DENIED = "may not be run"
    NOT_A_PROGRAM = "is not a program that this system can run"
    NO_DIRECTORY = "cannot be started in a folder that is not there"
    FAILED = "could not be started"


class ProcessStartError(Exception):
    """A program could not be started; `reason` says why."""

    def __init__(self, program: str, reason: StartProblem) -> None:
        super().__init__(f"{program} {reason.value}")
        self.program = program
        self.reason = reason


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
    deadline_s: float,
    on_output: Callable[[Stream, str], None] | None = None,
    cancelled: Event | None = None,
    grace_s: float = GRACE_S,
    limit_bytes: int = MAX_OUTPUT_BYTES,
    token: str | None = None,
) -> Completed:
    """Run a program and return once its whole process tree is gone.

    It is ended when *deadline_s* have passed or *cancelled* is set; what it has left running in its
    process group when it exits is ended too, since an installer must not go on writing when it is
    taken to be done. A descendant that keeps the pipes open delays nothing. *on_output* gets each
    line without its end, decoded as UTF-8 with replacements; a progress bar's carriage return ends
    a line too. If it raises, the tree is ended and the exception goes on. *token* marks the tree
    for :func:`end_marked`; without one it gets a mark of its own.

    Raises:
        ProcessStartError: there is no such program, or it cannot be run.
    """
    deadline = monotonic() + deadline_s
    token = token or secrets.token_hex(16)
    process = _start(argv, cwd, {**env, _TREE_VARIABLE: token})
    output = _Sink(Stream.OUTPUT, limit_bytes, on_output)
    errors = _Sink(Stream.ERRORS, limit_bytes, on_output)
    assert process.stdout is not None
    assert process.stderr is not None
    tree = _tree(process, token)
    pipes = _pipes(tree, {process.stdout: output, process.stderr: errors})
    try:
        ending = _listen(tree, pipes, deadline, cancelled)
        pipes.drain()
        status = tree.end(pipes, grace_s, has_ended=ending is Ending.EXITED)
        pipes.drain()
        output.finish()
        errors.finish()
    except BaseException:
        tree.kill()
        raise
    finally:
        pipes.close()
        tree.close()
    return Completed(
        ending,
        status,
        output.kept,
        errors.kept,
        output.is_shortened or errors.is_shortened,
    )


def end_marked(token: str, *, timeout_s: float = _KILL_S) -> bool:
    """Kill what is left of the trees that were run with *token*; return whether none is.

    This is for who comes after a Pinfold that was killed. On Linux alone: elsewhere the variables
    of other processes cannot be read, and nothing is found.
    """
    mark = f"{_TREE_VARIABLE}={token}".encode("ascii")
    deadline = monotonic() + timeout_s
    while found := [number for number in _processes_with(mark) if number != os.getpid()]:
        if monotonic() > deadline:
            return False
        for number in found:
            _send(number, signal.SIGKILL)
        sleep(_POLL_S / 10)
    return True


def _start(
    argv: Sequence[str | os.PathLike[str]], cwd: Path, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    program = os.fspath(argv[0])
    creation_flags = 0
    if sys.platform == "win32":
        creation_flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    try:
        return subprocess.Popen(  # noqa: S603 - a tuple, never a shell
            [os.fspath(argument) for argument in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env=dict(env),
            # A session too, so that no one of the tree finds the terminal that we run in.
            start_new_session=os.name == "posix",
            creationflags=creation_flags,
        )
    except OSError as error:
        if error.filename is not None and Path(os.fsdecode(error.filename)) == cwd:
            raise ProcessStartError(program, StartProblem.NO_DIRECTORY) from error
        reason = _START_PROBLEMS.get(error.errno or 0, StartProblem.FAILED)
        raise ProcessStartError(program, reason) from error
    except ValueError as error:  # A NUL, or half a surrogate pair.
        raise ProcessStartError(program, StartProblem.FAILED) from error


_START_PROBLEMS = {
    errno.ENOENT: StartProblem.MISSING,
    errno.ENOTDIR: StartProblem.MISSING,
    errno.EACCES: StartProblem.DENIED,
    errno.EPERM: StartProblem.DENIED,
    errno.ENOEXEC: StartProblem.NOT_A_PROGRAM,
}


def _listen(tree: _Tree, pipes: _Pipes, deadline: float, cancelled: Event | None) -> Ending:
    """Take in what is written until there is a reason to stop, and return it."""
    while not tree.has_exited():
        left_s = deadline - monotonic()
        if cancelled is not None and cancelled.is_set():
            return Ending.CANCELLED
        if left_s <= 0:
            return Ending.TIMED_OUT
        pipes.wait(min(left_s, _POLL_S))
    return Ending.EXITED


class _Sink:
    """What one stream says: its lines handed on, its beginning and end kept."""

    def __init__(
        self, stream: Stream, limit: int, on_output: Callable[[Stream, str], None] | None
    ) -> None:
        self._stream = stream
        self._half = max(limit // 2, 1)
        self._on_output = on_output
        self._head = bytearray()
        self._tail = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self.is_shortened = False

    @property
    def kept(self) -> bytes:
        return bytes(self._head) + bytes(self._tail[-self._half :])

    def feed(self, data: bytes) -> None:
        self._keep(data)
        if self._on_output is not None:
            self._hand_on(self._pending + self._decoder.decode(data))

    def finish(self) -> None:
        """Hand on the line that has no end."""
        if self._on_output is None:
            return
        text = self._pending + self._decoder.decode(b"", final=True)
        self._pending = ""
        if text:
            self._on_output(self._stream, text.removesuffix("\r"))

    def _keep(self, data: bytes) -> None:
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > self._half:
            self.is_shortened = True
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]

    def _hand_on(self, text: str) -> None:
        assert self._on_output is not None
        # A carriage return at the very end may be half of a line end.
        *lines, rest = _LINE_END.split(text)
        while len(rest) > MAX_LINE_BYTES:
            lines.append(rest[:MAX_LINE_BYTES])
            rest = rest[MAX_LINE_BYTES:]
        self._pending = rest
        for line in lines:
            self._on_output(self._stream, line)


_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


class _Pipes(Protocol):
    """Both pipes of a tree, read without ever waiting for them longer than told."""

    def wait(self, timeout_s: float) -> None:
        """Take in what comes; return when there was something, or the time is over."""

    def drain(self) -> None:
        """Take in what is there already."""

    def close(self) -> None:
        """Read no more."""


class _SelectedPipes:
    """POSIX: no thread is left behind when a descendant outside the group keeps a pipe open."""

    def __init__(self, sinks: Mapping[IO[bytes], _Sink], exit_descriptor: int | None) -> None:
        self._selector = selectors.DefaultSelector()
        self._files = tuple(sinks)
        for file, sink in sinks.items():
            if sys.platform != "win32":
                os.set_blocking(file.fileno(), False)
            self._selector.register(file.fileno(), selectors.EVENT_READ, sink)
        if exit_descriptor is not None:
            self._selector.register(exit_descriptor, selectors.EVENT_READ, None)

    def wait(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            sink = key.data
            # The exit is told once; left in, no later wait would wait.
            data = self._read(key.fd) if isinstance(sink, _Sink) else b""
            if data:
                sink.feed(data)
            elif data is not None:
                self._selector.unregister(key.fd)

    def drain(self) -> None:
        for key in list(self._selector.get_map().values()):
            # Bounded: somebody outside the group may write faster than this reads.
            for _ in range(2 * MAX_OUTPUT_BYTES // _READ_BYTES):
                data = self._read(key.fd) if isinstance(key.data, _Sink) else None
                if not data:
                    break
                key.data.feed(data)

    def close(self) -> None:
        self._selector.close()
        for file in self._files:
            file.close()

    @staticmethod
    def _read(descriptor: int) -> bytes | None:
        """Return what is there: nothing at the end, ``None`` if there is nothing yet."""
        try:
            return os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""


class _ThreadedPipes:
    """Windows, where pipes cannot be selected: a thread reads each."""

    def __init__(self, sinks: Mapping[IO[bytes], _Sink]) -> None:
        # Bounded by what the reader takes: it is asked at least every _POLL_S.
        self._queue: SimpleQueue[tuple[_Sink, bytes]] = SimpleQueue()
        self._threads = []
        for file, sink in sinks.items():
            thread = Thread(target=self._read, args=(file, sink), daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait(self, timeout_s: float) -> None:
        with contextlib.suppress(Empty):
            sink, data = self._queue.get(timeout=timeout_s)
            sink.feed(data)

    def drain(self) -> None:
        for thread in self._threads:
            # What the tree wrote before it ended takes a moment to come through; a descendant that
            # keeps the pipe open keeps its thread waiting for good.
            thread.join(_POLL_S)
        with contextlib.suppress(Empty):
            while True:
                sink, data = self._queue.get_nowait()
                sink.feed(data)

    def close(self) -> None:
        """Do nothing: closing a pipe under a thread that reads it would block."""

    def _read(self, file: IO[bytes], sink: _Sink) -> None:
        with contextlib.suppress(OSError, ValueError), file:
            while data := file.read(_READ_BYTES):
                self._queue.put((sink, data))


def _pipes(tree: _Tree, sinks: Mapping[IO[bytes], _Sink]) -> _Pipes:
    if sys.platform == "win32":
        return _ThreadedPipes(sinks)
    return _SelectedPipes(sinks, tree.exit_descriptor)


class _Tree(Protocol):
    """A process and its descendants."""

    exit_descriptor: int | None

    def has_exited(self) -> bool:
        """Return whether the first process is over."""

    def end(self, pipes: _Pipes, grace_s: float, *, has_ended: bool) -> int | None:
        """End whatever is left, and return the status of the first process."""

    def kill(self) -> None:
        """End everything at once."""

    def close(self) -> None:
        """Give back what was needed to watch it."""


def _tree(process: subprocess.Popen[bytes], token: str) -> _Tree:
    if sys.platform == "win32":
        return _WindowsTree(process)
    else:  # noqa: RET505 - mypy, run for Windows, knows only one of the two
        return _PosixTree(process, token)


if sys.platform == "win32":

    class _WindowsTree:
        """Ended by ``taskkill``, which follows who started whom."""

        exit_descriptor: int | None = None

        def __init__(self, process: subprocess.Popen[bytes]) -> None:
            self._process = process

        def has_exited(self) -> bool:
            return self._process.poll() is not None

        def end(
            self,
            pipes: _Pipes,
            grace_s: float,  # noqa: ARG002 - nobody is asked
            *,
            has_ended: bool,
        ) -> int | None:
            # There is no signal that every program understands; what has ended by itself has no
            # descendants that could still be told from others.
            if not has_ended:
                self.kill()
            deadline = monotonic() + _KILL_S
            while not self.has_exited() and monotonic() < deadline:
                pipes.wait(_POLL_S)
            return self._process.returncode

        def kill(self) -> None:
            system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32"
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(  # noqa: S603 - the system's own, by its full path
                    [system / "taskkill.exe", "/T", "/F", "/PID", str(self._process.pid)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    check=False,
                    timeout=_KILL_S,
                )
            with contextlib.suppress(OSError):
                self._process.kill()

        def close(self) -> None:
            self._process.poll()

else:

    class _PosixTree:
        """A process group, and on Linux those who have left it too."""

        def __init__(self, process: subprocess.Popen[bytes], token: str) -> None:
            self._process = process
            self._mark = f"{_TREE_VARIABLE}={token}".encode("ascii")
            self.exit_descriptor = _exit_descriptor(process.pid)

        def has_exited(self) -> bool:
            # Invariant: until the group is ended, its first process is not reaped, so that no other
            # group can have got its number meanwhile.
            if self._process.returncode is not None:
                return True
            if not hasattr(os, "waitid"):  # macOS, before Python 3.13.
                return self._process.poll() is not None
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            try:
                return os.waitid(os.P_PID, self._process.pid, flags) is not None
            except ChildProcessError:  # Somebody else in this program has reaped it.
                return True

        def end(self, pipes: _Pipes, grace_s: float, *, has_ended: bool) -> int | None:
            strays = () if has_ended else _processes_with(self._mark)
            if not has_ended or self._is_group_alive() is not False:
                for number in strays:
                    # Once each: who is asked again while it says good-bye may well trip over it.
                    if not self._is_in_group(number):
                        _send(number, signal.SIGTERM)
                self._signal_group(signal.SIGTERM)
                # One that is stopped does not see the request.
                self._signal_group(signal.SIGCONT)
                self._wait_until_gone(pipes, grace_s)
                self._kill_all(pipes, is_forced=not has_ended)
            is_watched = self._is_group_alive() is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILL_S)
            if not is_watched:
                self._wait_for_the_killed(pipes)
            return self._process.returncode

        def kill(self) -> None:
            self._signal_group(signal.SIGKILL)
            for number in _processes_with(self._mark):
                _send(number, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILL_S)

        def close(self) -> None:
            if self.exit_descriptor is not None:
                os.close(self.exit_descriptor)

        def _wait_until_gone(self, pipes: _Pipes, grace_s: float) -> None:
            """Wait, and go on reading: who says good-bye into a full pipe would wait too."""
            deadline = monotonic() + grace_s
            while monotonic() < deadline:
                if self.has_exited() and not self._is_group_alive():
                    return
                pipes.wait(_POLL_S)

        def _kill_all(self, pipes: _Pipes, *, is_forced: bool) -> None:
            deadline = monotonic() + _KILL_S
            while monotonic() < deadline:
                # Again and again: who is just being forked is not hit by the first one.
                self._signal_group(signal.SIGKILL)
                strays = _processes_with(self._mark) if is_forced else ()
                if self.has_exited() and not strays and not self._is_group_alive():
                    return
                for number in strays:
                    _send(number, signal.SIGKILL)
                pipes.wait(_POLL_S / 10)

        def _wait_for_the_killed(self, pipes: _Pipes) -> None:
            """Wait until no one has the number of the group, where that is all that can be seen."""
            deadline = monotonic() + _POLL_S * 4
            while monotonic() < deadline:
                try:
                    # This asks and sends nothing, should the number be somebody else's by now.
                    os.killpg(self._process.pid, 0)
                except (ProcessLookupError, PermissionError):
                    return
                pipes.wait(_POLL_S / 10)

        def _signal_group(self, number: signal.Signals) -> None:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, number)

        def _is_in_group(self, number: int) -> bool:
            try:
                return os.getpgid(number) == self._process.pid
            except (ProcessLookupError, PermissionError):
                return False

        def _is_group_alive(self) -> bool | None:
            """Return whether anyone in the group runs, ``None`` if that cannot be known.

            The dead whom nobody has reaped do not run, but to a signal the group is still there.
            """
            if self._process.returncode is not None:
                return False
            found = _states_of_group(self._process.pid)
            return None if found is None else any(state not in "ZXx" for state in found)


def _exit_descriptor(number: int) -> int | None:
    """Return a descriptor that can be read from once a process is over, where there are such."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(number)
    except (OSError, AttributeError):  # An old kernel, or a Python that was built for one.
        return None


def _states_of_group(group: int) -> list[str] | None:
    """Return the state of each process of a group, ``None`` where that cannot be known."""
    numbers = _process_numbers()
    if numbers is None:
        return None
    states = []
    for number in numbers:
        # The name of the program is in parentheses, and may hold any character.
        fields = _read_process(number, "stat").rpartition(b")")[2].split()
        if len(fields) > 2 and fields[2] == str(group).encode("ascii"):
            states.append(fields[0].decode("ascii", "replace"))
    return states


def _processes_with(mark: bytes) -> tuple[int, ...]:
    """Return the processes with *mark* among their variables; none where that cannot be known."""
    return tuple(
        number
        for number in _process_numbers() or ()
        if mark in _read_process(number, "environ").split(b"\0")
    )


def _process_numbers() -> Iterator[int] | None:
    if sys.platform != "linux":
        return None
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - names, not paths
    except OSError:
        return None
    return (int(name) for name in names if name.isdecimal())


def _read_process(number: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{number}/{name}").read_bytes()
    except OSError:  # It is gone, or somebody else's.
        return b""


def _send(number: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(number, what)
