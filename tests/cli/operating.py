"""`pinfold` changing real environments: a project, an index, with uv on the machine or without."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cli.running import validate
from tests.harness.index import sdist, wheel, without_record
from tests.torture.scenes import WAIT_S, Scene

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
"""An interpreter to make environments with; there is no uv beside it."""

_NO_COMPILER = "raise SystemExit(\"error: command 'gcc' failed: No such file or directory\")"

ARCHIVES = (
    wheel("Shop", "1.0", requires=["money>=1"], scripts={"shop": "shop:main"}),
    wheel("Shop", "1.0.1", requires=["money>=1"], scripts={"shop": "shop:main"}),
    wheel("Shop", "1.1", requires=["money>=1"], scripts={"shop": "shop:main"}),
    wheel("Shop", "2.0", requires=["money>=2"], scripts={"shop": "shop:main"}),
    wheel("money", "1.0"),
    wheel("money", "2.0"),
    wheel("till", "1.0", requires=["money<2"]),
    wheel("helper", "1.0", scripts={"helper": "helper:main"}, extras={"more": ["extra"]}),
    wheel("extra", "1.0"),
    sdist(wheel("source-only", "1.0")),
    sdist(wheel("needs-gcc", "1.0"), failure=_NO_COMPILER),
    without_record(wheel("broken", "1.0")),
    wheel("large", "1.0", files={"large_data.py": "# " + "x" * 3_000_000}),
)

OLD = {"Shop": "1.0", "money": "1.0", "helper": "1.0"}
"""What is installed in the environment of a shop."""

_SYSTEM = ("/usr/bin", "/bin")

# Whatever starts a process ends this one with a status of its own.
_NO_PROCESSES = """
import os, sys

def watch(event, arguments):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system"):
        os.write(2, f"started: {event} {arguments}".encode())
        os._exit(99)

from pinfold.cli.main import main

sys.addaudithook(watch)
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Shop(Scene):
    """A project, and Pinfold as it is installed on a machine with uv, or on one without."""

    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The variables of Pinfold's processes."""
        own = (str(Path(sys.executable).parent),) if self.backend == "uv" else ()
        path = os.pathsep.join((*own, *_SYSTEM))
        return {**super().variables, "PATH": path, **self.more}

    def arguments(self, *arguments: str) -> list[str]:
        """Return what Pinfold is told: nothing of installers, for it finds one by itself."""
        return list(arguments)

    def with_variables(self, **variables: str) -> Shop:
        """Return the same with other variables."""
        return Shop(self.root, self.index, self.backend, {**self.more, **variables})

    @property
    def program(self) -> str:
        """The interpreter that Pinfold runs with."""
        return sys.executable if self.backend == "uv" else BASE

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs Pinfold."""
        return [self.program, "-m", "pinfold", *arguments]

    def run_unprivileged(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Pinfold in the project, held by the rights of files even where that is root's."""
        return subprocess.run(
            ["setpriv", "--bounding-set=-all", *self.command(*arguments)],
            cwd=self.project,
            env=self.variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=WAIT_S,
            check=False,
        )

    def outcome(self, *arguments: str, expected: int = 0) -> Any:
        """Run a verb, and return its outcome, held against the schema."""
        shape = json.loads(self.run(*arguments, "--format", "json", expected=expected).stdout)
        validate(shape, "outcome")
        return shape

    def failure(self, *arguments: str) -> Any:
        """Run a verb that has to fail in the installer, and return why it did, less the log.

        The log has to be there; of what was begun nothing but the history may know.
        """
        before = self.present()
        shape = self.outcome(*arguments, expected=2)

        assert "failed" == shape["result"], shape
        assert before == self.present()
        failure = shape["failure"]
        log = failure.pop("log")
        assert (self.project / log).is_file()
        return failure

    def without_processes(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Pinfold, which must not start anything."""
        return subprocess.run(
            [self.program, "-c", _NO_PROCESSES, *arguments],
            cwd=self.project,
            env=self.variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=WAIT_S,
            check=False,
        )

    def histories(self, *arguments: str) -> Any:
        """Return the entries of the history, held against the schema."""
        shape = json.loads(self.run("history", "--format", "json", *arguments).stdout)
        validate(shape, "history")
        return shape["entries"]

    def everything(self) -> dict[str, object]:
        """Return all of the project, and what Pinfold keeps of changes."""
        state = self.root / "state"
        return {
            **snapshot(self.project),
            **{
                f"{folder}/{name}": value
                for folder in ("changes", "held", "scratch")
                for name, value in snapshot(state / folder).items()
            },
        }

    def present(self) -> dict[str, object]:
        """Return the same without what is over."""
        return {
            name: value
            for name, value in self.everything().items()
            if not name.startswith("changes/done") and name != "changes/open"
        }

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def names(self) -> dict[str, str]:
        """Return what is installed and its versions, less pip, having made sure it is whole."""
        found = self.state()
        assert found is not None
        pairs = (one.partition(" ")[::2] for one in found)
        return {name: version for name, version in pairs if name not in ("pip", "setuptools")}


def snapshot(folder: Path) -> dict[str, object]:
    """Return what is below a folder: its paths, rights, links and contents.

    Compiled files are left out: an installer that starts the interpreter leaves some.
    """
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")) if folder.exists() else ():
        if "__pycache__" in path.parts:
            continue
        status = path.lstat()
        rights = stat.S_IMODE(status.st_mode)
        if path.is_symlink():
            found[str(path.relative_to(folder))] = str(path.readlink())
        elif path.is_dir():
            found[str(path.relative_to(folder))] = rights
        else:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(folder))] = (rights, digest)
    return found


class Terminal:
    """Pinfold at a terminal: input and messages are there, what it prints is piped."""

    def __init__(self, shop: Shop, *arguments: str, **variables: str) -> None:
        import pty

        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            shop.command(*arguments),
            cwd=shop.project,
            env={**shop.variables, "TERM": "xterm", **variables},
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            text=True,
            # So that its signals come from this terminal.
            start_new_session=True,
            preexec_fn=lambda: _control(slave),  # noqa: PLW1509 - there are no threads yet
        )
        os.close(slave)
        self.shown = ""

    def wait_for(self, text: str, *, since: int = 0) -> None:
        """Wait until *text* is shown, after the first *since* characters."""
        import select

        while text not in self.shown[since:]:
            assert select.select([self._master], [], [], WAIT_S)[0], self.shown
            self.shown += os.read(self._master, 4096).decode("utf-8", "replace")

    def type(self, text: str) -> None:
        """Type a text, with its control characters."""
        os.write(self._master, text.encode())

    def end(self) -> tuple[int, str]:
        """Return the exit status and what was printed."""
        reader = threading.Thread(target=self._drain, daemon=True)
        reader.start()
        output, _ = self.process.communicate(timeout=WAIT_S)
        reader.join(WAIT_S)
        os.close(self._master)
        return self.process.returncode, output

    def _drain(self) -> None:
        try:
            while data := os.read(self._master, 4096):
                self.shown += data.decode("utf-8", "replace")
        except OSError:
            return


def _control(terminal: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
