"""Pinfold's processes without the half second in which each imports its code.

One process for each interpreter has imported everything, and forks for every run: what is run is a
process of its own, with its own variables, folder and streams, as it is when started by a person.
What is about starting does not go this way.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

IS_POSSIBLE = sys.platform == "linux"

_AT_START = ("PYTHON", "LC_", "LANG")
"""What the interpreter itself goes by when it starts."""

_STREAMS = 3


class Process(Protocol):
    """What the tests use of a :class:`subprocess.Popen`, as that has it."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class Forked:
    """A process that was forked from one that has imported Pinfold.

    *command* is an interpreter and what it is given: ``-m MODULE``, ``-c CODE`` or a file, and
    arguments.
    The process waits for :meth:`begin`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        streams: Sequence[int],
    ) -> None:
        program, *arguments = command
        starting = {name: value for name, value in env.items() if name.startswith(_AT_START)}
        asked = {"arguments": arguments, "cwd": str(cwd), "env": dict(env)}
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self.stderr: IO[bytes] | None = None
        self.returncode: int | None = None
        self._said = b""
        address = _server(program, tuple(sorted(starting.items())))
        self._parent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._parent.connect(address)
            socket.send_fds(self._parent, [b"."], list(streams))
            self._parent.sendall(json.dumps(asked).encode("ascii", "surrogateescape"))
            self._parent.shutdown(socket.SHUT_WR)
            self.pid = self._number(None)
        except BaseException:
            self._parent.close()
            raise

    def begin(self) -> None:
        """Let it run."""
        os.kill(self.pid, signal.SIGCONT)

    def poll(self) -> int | None:
        """Return the exit status if it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not within *timeout* seconds.
        """
        if self.returncode is None:
            self.returncode = self._number(timeout)
            self._parent.close()
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _number(self, timeout: float | None) -> int:
        """Return the next number that the process' parent says."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._said.endswith(b"\n"):
            self._parent.settimeout(None if until is None else max(until - time.monotonic(), 0))
            try:
                byte = self._parent.recv(1)
            except (BlockingIOError, TimeoutError) as error:
                raise subprocess.TimeoutExpired("a forked process", timeout or 0) from error
            assert byte, "the process has no parent"
            self._said += byte
        number, self._said = int(self._said), b""
        return number


def start(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
    """Start a process with pipes for its streams; *command* is as in :class:`Forked`."""
    if not IS_POSSIBLE:
        return start_cold(command, cwd=cwd, env=env)
    (theirs_in, ours_in), (ours_out, theirs_out), (ours_errors, theirs_errors) = (
        os.pipe() for _ in range(_STREAMS)
    )
    theirs = [theirs_in, theirs_out, theirs_errors]
    try:
        process = Forked(command, cwd=cwd, env=env, streams=theirs)
    except BaseException:
        # Or some later test is blamed for them.
        for stream in (ours_in, ours_out, ours_errors):
            os.close(stream)
        raise
    finally:
        for stream in theirs:
            os.close(stream)
    process.stdin = open(ours_in, "wb")  # noqa: PTH123, SIM115  # a descriptor, closed by the test
    process.stdout = open(ours_out, "rb")  # noqa: PTH123, SIM115
    process.stderr = open(ours_errors, "rb")  # noqa: PTH123, SIM115
    process.begin()
    return process


def start_cold(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
    """Start a process as :func:`start` does, and have it import its own code."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe)


def run_pinfold(
    program: str,
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    tracer: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run Pinfold with the interpreter *program*; its input is empty.

    The command *tracer* is given the process with ``-p`` before it does anything.

    Raises:
        subprocess.TimeoutExpired: it did not come to its end.
    """
    command = [program, "-m", "pinfold", *arguments]
    if not IS_POSSIBLE:
        return subprocess.run(
            [*tracer, *command],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
        Path(os.devnull).open("rb") as nothing,
    ):
        streams = [nothing.fileno(), out.fileno(), errors.fileno()]
        process = Forked(command, cwd=cwd, env=env, streams=streams)
        with _watched(process, tracer):
            status = process.wait(timeout_s)
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode("utf-8").replace("\r\n", "\n"))
    return subprocess.CompletedProcess(command, status, *said)


@contextmanager
def _watched(process: Forked, tracer: Sequence[str]) -> Iterator[None]:
    """Let *process* begin once the tracer is there, if there is to be one."""
    if not tracer:
        process.begin()
        yield
        return
    with subprocess.Popen([*tracer, "-p", str(process.pid)], stdin=subprocess.DEVNULL) as watching:
        while "TracerPid:\t0\n" in Path(f"/proc/{process.pid}/status").read_text("utf-8"):
            assert watching.poll() is None, tracer
        process.begin()
        yield


@cache
def _server(program: str, starting: tuple[tuple[str, str], ...]) -> str:
    """Return the address of the process that forks."""
    folder = tempfile.mkdtemp(prefix="warm-")
    address = str(Path(folder) / "socket")
    process = subprocess.Popen(
        [program, str(Path(__file__)), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath, **dict(starting)},
    )
    atexit.register(_end, process, Path(address))
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline(), f"{program} has not imported Pinfold"
    return address


def _end(process: subprocess.Popen[bytes], address: Path) -> None:
    with process:
        assert process.stdin is not None
        process.stdin.close()
    with suppress(OSError):
        address.unlink()
        address.parent.rmdir()


def _serve(address: str) -> None:
    """Fork for whoever connects, until standard input ends."""
    import gc
    import pkgutil
    import select

    import pinfold.cli

    packages = [pinfold.cli]
    # An interpreter that has only what the command line needs is fine for that.
    with suppress(ImportError):
        import pinfold.lsp.server

        packages.append(pinfold.lsp)
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            __import__(module.name)
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            ready, _, _ = select.select([server, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            one, _ = server.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                _attend(one)
            one.close()


def _attend(one: socket.socket) -> None:
    """Run what is asked for in a child, and tell its status as :mod:`subprocess` does."""
    _, streams, _, _ = socket.recv_fds(one, 1, _STREAMS)
    asked = json.loads(b"".join(iter(lambda: one.recv(65536), b"")))
    child = os.fork()
    if child == 0:
        one.close()
        _become(asked, streams)
        return
    for stream in streams:
        os.close(stream)
    os.waitpid(child, os.WUNTRACED)
    one.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    # Nobody may want to know any more.
    with suppress(BrokenPipeError):
        one.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    """Be what the interpreter becomes when it is given the arguments."""
    import random
    import runpy

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    random.seed()
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    what, *arguments = asked["arguments"]
    os.kill(os.getpid(), signal.SIGSTOP)
    if what == "-m":
        sys.path[0] = asked["cwd"]
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif what == "-c":
        code, *rest = arguments
        sys.path[0] = ""
        sys.argv = [what, *rest]
        exec(code, {"__name__": "__main__"})  # as the interpreter does
    else:
        sys.path[0] = str(Path(what).parent)
        sys.argv = [what, *arguments]
        runpy.run_path(what, run_name="__main__")
    raise SystemExit


if __name__ == "__main__":
    _serve(sys.argv[1])
