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
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_AT_START = ("PYTHON", "LC_", "LANG")
"""What the interpreter itself goes by when it starts."""

_STREAMS = 3


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
        TimeoutError: it did not come to its end.
    """
    if sys.platform != "linux":
        return subprocess.run(
            [*tracer, program, "-m", "pinfold", *arguments],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    starting = {name: value for name, value in env.items() if name.startswith(_AT_START)}
    asked = {"arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
        Path(os.devnull).open("rb") as nothing,
    ):
        one.settimeout(timeout_s)
        one.connect(_server(program, tuple(sorted(starting.items()))))
        streams = [nothing.fileno(), out.fileno(), errors.fileno()]
        socket.send_fds(one, [b"."], streams)
        one.sendall(json.dumps(asked).encode("ascii", "surrogateescape"))
        one.shutdown(socket.SHUT_WR)
        answers = one.makefile("rb")
        process = int(answers.readline())
        with _traced(process, tracer):
            status = int(answers.readline())
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode("utf-8").replace("\r\n", "\n"))
    return subprocess.CompletedProcess([program, *arguments], status, *said)


@contextmanager
def _traced(process: int, tracer: Sequence[str]) -> Iterator[None]:
    """Let *process*, which waits for that, go on: watched if there is a tracer."""
    if not tracer:
        os.kill(process, signal.SIGCONT)
        yield
        return
    with subprocess.Popen([*tracer, "-p", str(process)], stdin=subprocess.DEVNULL) as watching:
        while "TracerPid:\t0\n" in Path(f"/proc/{process}/status").read_text("utf-8"):
            assert watching.poll() is None, tracer
        os.kill(process, signal.SIGCONT)
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
    assert process.stdin is not None
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    atexit.register(_end, process, Path(address))
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

    for module in pkgutil.walk_packages(pinfold.cli.__path__, "pinfold.cli."):
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
    os.waitpid(child, os.WUNTRACED)
    one.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    one.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    import random

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    random.seed()
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = ["pinfold", *asked["arguments"]]
    from pinfold.cli.main import main

    os.kill(os.getpid(), signal.SIGSTOP)
    raise SystemExit(main())


if __name__ == "__main__":
    _serve(sys.argv[1])
