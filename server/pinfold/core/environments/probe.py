"""An interpreter asked about itself, for what no file tells. It is run, so trust comes first.

Owns how it is started (isolated, in an empty folder, with a deadline), how its answer is told from
noise, and how long an answer holds. Refuses to decide whether it may be started at all: whoever
calls has the user's consent, and has seen that the interpreter does not lie in an untrusted
workspace.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from pinfold.core.process import Ending, ProcessStartError, StartProblem, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from threading import Event

    from pinfold.core.files import FileIdentity, FileSystem
    from pinfold.core.process import Completed

DEADLINE_S = 10.0
"""A cold interpreter on a slow disk takes a second or two."""

MAX_ANSWER_BYTES = 1024 * 1024

FORMAT = 1
"""Of what is kept on disk; whatever has another number is as if it were not there."""


class ProbeReason(Enum):
    """Why an interpreter gave no answer."""

    MISSING = "does not exist"
    STORE_STUB = "is a link into the Windows Store, which would open instead of answering"
    NOT_STARTED = "cannot be started"
    TIMED_OUT = "did not answer in time"
    CANCELLED = "was not waited for"
    CRASHED = "ended with an error before it had answered"
    SILENT = "ended without an answer"
    GARBLED = "gave an answer that cannot be read"


class ProbeError(Exception):
    """An interpreter could not be interrogated; `reason` says why.

    `log` is the end of what it wrote, for the log and not for people.
    """

    def __init__(self, executable: Path, reason: ProbeReason, log: str = "") -> None:
        super().__init__(f"{executable} {reason.value}")
        self.executable = executable
        self.reason = reason
        self.log = log


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What an interpreter says of itself.

    `version_info` is that of ``sys``: three numbers, level, serial. `sys_path` is in order, without
    the entry for the script. `markers` are PEP 508's variables. `platform` is as ``sysconfig``
    names it (``linux-x86_64``). `base_executable` is empty where the interpreter does not know.
    """

    version_info: tuple[int, int, int, str, int]
    implementation: str
    prefix: str
    base_prefix: str
    executable: str
    base_executable: str
    purelib: str
    platlib: str
    sys_path: tuple[str, ...]
    markers: Mapping[str, str]
    platform: str
    pointer_bits: int
    is_free_threaded: bool
    is_externally_managed: bool

    @property
    def version(self) -> str:
        """The version as Python spells it: ``3.11.2``, ``3.14.0rc1``."""
        return self.markers["python_full_version"]

    @property
    def site_packages(self) -> tuple[str, ...]:
        """The entries of ``sys.path`` that packages are installed in, in order."""
        ends = ("site-packages", "dist-packages")
        return tuple(
            path
            for path in self.sys_path
            if path in (self.purelib, self.platlib) or path.rstrip("/\\").endswith(ends)
        )


class StateFolder(Protocol):
    """Where a program keeps what it has learnt, from one run to the next. No method raises."""

    def read(self, name: str) -> bytes | None:
        """Return what is kept by that name, ``None`` if nothing, or nothing that can be read."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Keep *data* by that name, whole or not at all."""
        ...


class LocalStateFolder:
    """A state folder on disk; it comes into being with the first thing that is kept."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, name: str) -> bytes | None:
        """Return what is kept; see :class:`StateFolder`."""
        try:
            with (self._directory / name).open("rb") as file:
                return file.read(MAX_ANSWER_BYTES)
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Keep something; see :class:`StateFolder`."""
        # What is learnt can be learnt again: a full disk or a read-only home is no reason to fail.
        temporary = None
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=".new-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(temporary).replace(self._directory / name)
        except OSError:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)


class Prober:
    """Asks interpreters, each once for as long as its files are what they were.

    May be called from several threads. *environ* is what the interpreter inherits, less what would
    change its mind. Failures are remembered too, but not on disk: what hung today may not tomorrow.
    """

    def __init__(
        self, filesystem: FileSystem, environ: Mapping[str, str], state: StateFolder | None = None
    ) -> None:
        self._filesystem = filesystem
        self._environ = _without_python(environ)
        self._state = state
        self._lock = Lock()
        self._known: dict[str, tuple[_Identity, ProbeAnswer | ProbeError]] = {}

    def probe(
        self,
        executable: Path,
        *,
        deadline_s: float = DEADLINE_S,
        cancelled: Event | None = None,
    ) -> ProbeAnswer:
        """Return what *executable*, an absolute path, says of itself; it is run only if need be.

        Raises:
            ProbeError: it gives no answer.
        """
        # Before it is run: what changes meanwhile is then seen as a change.
        identity = self._identity(executable)
        if identity is None:
            raise ProbeError(executable, ProbeReason.MISSING)
        known = self._known_of(executable, identity)
        if known is None:
            try:
                known = ask(executable, self._environ, deadline_s=deadline_s, cancelled=cancelled)
            except ProbeError as error:
                if error.reason is ProbeReason.CANCELLED:
                    raise
                known = error
            self._remember(executable, identity, known)
        if isinstance(known, ProbeError):
            raise ProbeError(known.executable, known.reason, known.log)
        return known

    def recall(self, executable: Path) -> ProbeAnswer | ProbeError | None:
        """Return what came of asking it, ``None`` if that is not known; nothing is run."""
        identity = self._identity(executable)
        return None if identity is None else self._known_of(executable, identity)

    def _identity(self, executable: Path) -> _Identity | None:
        own = self._filesystem.identity(executable)
        if own is None:
            return None
        # Whether the system's packages are seen stands there, and not in the interpreter.
        configuration = executable.parent.parent / "pyvenv.cfg"
        return (tuple(own), _tuple(self._filesystem.identity(configuration)))

    def _known_of(self, executable: Path, identity: _Identity) -> ProbeAnswer | ProbeError | None:
        with self._lock:
            known = self._known.get(os.fspath(executable))
        if known is not None and known[0] == identity:
            return known[1]
        data = self._state.read(_name(executable)) if self._state else None
        answer = None if data is None else _parse_kept(data, identity)
        if answer is not None:
            with self._lock:
                self._known[os.fspath(executable)] = (identity, answer)
        return answer

    def _remember(
        self, executable: Path, identity: _Identity, known: ProbeAnswer | ProbeError
    ) -> None:
        with self._lock:
            self._known[os.fspath(executable)] = (identity, known)
        if self._state is not None and isinstance(known, ProbeAnswer):
            kept = {"format": FORMAT, "identity": identity, "answer": asdict(known)}
            self._state.write(_name(executable), json.dumps(kept).encode("ascii"))


def ask(
    executable: Path,
    environ: Mapping[str, str],
    *,
    deadline_s: float = DEADLINE_S,
    cancelled: Event | None = None,
) -> ProbeAnswer:
    """Run *executable* and return what it says of itself.

    It runs isolated (``-I``; Python 2, which has no such option, with ``-E -s``), without writing
    bytecode, in an empty folder of its own, so that nothing beside the user's files is imported.

    Raises:
        ProbeError: it gives no answer.
    """
    if _is_store_stub(executable):
        raise ProbeError(executable, ProbeReason.STORE_STUB)
    completed = _run(executable, ("-I",), environ, deadline_s, cancelled)
    if isinstance(completed, ProbeAnswer):
        return completed
    if completed.ending is Ending.EXITED and _knows_no_isolation(completed):
        completed = _run(executable, ("-E", "-s"), environ, deadline_s, cancelled)
        if isinstance(completed, ProbeAnswer):
            return completed
    raise ProbeError(executable, _reason(completed), _log(completed))


_Identity = tuple[tuple[object, ...], tuple[object, ...] | None]


def _tuple(identity: FileIdentity | None) -> tuple[object, ...] | None:
    return None if identity is None else tuple(identity)


def _without_python(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that do not change what an interpreter thinks of itself."""
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(("PYTHON", "PYPY", "__PYVENV_", "VIRTUAL_ENV"))
    }


def _run(
    executable: Path,
    options: tuple[str, ...],
    environ: Mapping[str, str],
    deadline_s: float,
    cancelled: Event | None,
) -> ProbeAnswer | Completed:
    begin, end = secrets.token_hex(16), secrets.token_hex(16)
    script = Path(__file__).with_name("probe_script.py").read_text("utf-8")
    argv = [os.fspath(executable), *options, "-B", "-c", script, begin, end]
    # What hangs on a folder (a virus scanner, a network) must not keep us from giving the answer.
    with tempfile.TemporaryDirectory(prefix="pinfold-", ignore_cleanup_errors=True) as directory:
        try:
            completed = run(
                argv,
                cwd=Path(directory),
                env=environ,
                deadline_s=deadline_s,
                cancelled=cancelled,
                grace_s=0.5,
                limit_bytes=MAX_ANSWER_BYTES,
            )
        except ProcessStartError as error:
            reason = (
                ProbeReason.MISSING
                if error.reason is StartProblem.MISSING and not executable.exists()
                else ProbeReason.NOT_STARTED
            )
            raise ProbeError(executable, reason) from error
    if completed.ending is Ending.EXITED and completed.status == 0:
        for text in _between(completed.output, begin.encode(), end.encode()):
            answer = parse_answer(text)
            if answer is not None:
                return answer
        if begin.encode() in completed.output:
            raise ProbeError(executable, ProbeReason.GARBLED, _log(completed))
    return completed


def _between(output: bytes, begin: bytes, end: bytes) -> Iterator[bytes]:
    """Yield what stands between the marks; a program that prints its arguments has both too."""
    _, *parts = output.split(begin)
    for part in parts:
        text, mark, _ = part.partition(end)
        if mark:
            yield text


def _knows_no_isolation(completed: Completed) -> bool:
    # Python 2.7: "Unknown option: -I", and its usage, with this status.
    return completed.status == 2 and b"-I" in completed.errors


def _reason(completed: Completed) -> ProbeReason:
    if completed.ending is Ending.TIMED_OUT:
        return ProbeReason.TIMED_OUT
    if completed.ending is Ending.CANCELLED:
        return ProbeReason.CANCELLED
    return ProbeReason.SILENT if completed.status == 0 else ProbeReason.CRASHED


def _log(completed: Completed) -> str:
    return completed.errors[-2000:].decode("utf-8", "replace")


def _is_store_stub(executable: Path) -> bool:
    """Return whether this is one of the empty programs that Windows puts on PATH."""
    folded = [part.lower() for part in executable.parts]
    return "windowsapps" in folded and not any("pythonsoftware" in part for part in folded)


def _name(executable: Path) -> str:
    digest = hashlib.sha256(os.fsencode(executable)).hexdigest()
    return f"probe-{digest[:32]}.json"


def _parse_kept(data: bytes, identity: _Identity) -> ProbeAnswer | None:
    try:
        kept = json.loads(data)
        # As lists, for that is what comes back.
        if kept["format"] != FORMAT or kept["identity"] != json.loads(json.dumps(identity)):
            return None
        return _from_json(kept["answer"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def parse_answer(data: bytes) -> ProbeAnswer | None:
    """Read the answer of an interpreter; ``None`` if it is none, or only a part of one."""
    try:
        return _from_json(json.loads(data))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _from_json(answer: object) -> ProbeAnswer:
    """Return an answer of which every part is what it should be.

    Raises:
        ValueError, KeyError, TypeError: it is not.
    """
    if not isinstance(answer, dict):
        raise TypeError("not an object")
    major, minor, micro, level, serial = answer["version_info"]
    if not all(isinstance(number, int) for number in (major, minor, micro, serial)):
        raise TypeError("not a version")
    if not isinstance(answer["markers"], dict):
        raise TypeError("not an object")
    markers = {_text(name): _text(value) for name, value in answer["markers"].items()}
    if "python_full_version" not in markers:
        raise ValueError("no version among the markers")
    return ProbeAnswer(
        version_info=(major, minor, micro, _text(level), serial),
        implementation=_text(answer["implementation"]),
        prefix=_text(answer["prefix"]),
        base_prefix=_text(answer["base_prefix"]),
        executable=_text(answer["executable"]),
        base_executable=_text(answer["base_executable"]),
        purelib=_text(answer["purelib"]),
        platlib=_text(answer["platlib"]),
        sys_path=tuple(_text(path) for path in answer["sys_path"] if path),
        markers=markers,
        platform=_text(answer["platform"]),
        pointer_bits=int(answer["pointer_bits"]),
        is_free_threaded=answer["is_free_threaded"] is True,
        is_externally_managed=answer["is_externally_managed"] is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
