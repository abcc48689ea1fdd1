"""The language server beside a stock pygls server that checks nothing."""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.inputs import typical_lines, write_environment_for
from tests.benchmarks.measure import Figures, median
from tests.lsp.client import SERVER, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.report import Row
    from tests.lsp.client import Message

BARE = (sys.executable, str(Path(__file__).with_name("bare_pygls_server.py")))
COMMANDS = {"pinfold": SERVER, "bare pygls": BARE}
KEYSTROKES = 200
URI = "file:///nowhere/requirements.txt"

_VERSION = re.compile(rb'"version": ?([0-9]+)')
_RULES_OF_ENVIRONMENTS = {"no-environment", "not-installed"}


class TimedClient(Client):
    """Reads publishes of `timed_uri` whole, but looks at no more than their version.

    What is measured is a server: parsing a thousand diagnostics takes this client longer than it
    takes the server to find and write them, and that of the baseline has only one to parse.
    """

    timed_uri: str | None = None

    def parsed(self, body: bytes) -> Message:
        """Return a publish without its diagnostics, any other message as it came."""
        match = None
        if self.timed_uri is not None and b"publishDiagnostics" in body[:200]:
            match = _VERSION.search(body[:400]) or _VERSION.search(body[-100:])
        if match is None:
            return super().parsed(body)
        params: Message = {"uri": self.timed_uri, "version": int(match[1]), "diagnostics": []}
        return {"method": "textDocument/publishDiagnostics", "params": params}


def measure(rounds: int) -> list[Row]:
    """Start, memory, and a keystroke in files of 20 and of 10,000 lines."""
    rows = _starts(rounds)
    for content, missing, goal in (
        (typical_lines(20), None, ""),
        (typical_lines(10_000, bare=0.01), None, "≤ 1 ×"),
        (typical_lines(10_000), None, ""),
        (typical_lines(10_000, bare=0.0), 0.01, ""),
        (typical_lines(10_000, bare=0.0), 0.1, ""),
    ):
        rows += _keystrokes(rounds, content, missing, goal)
    return rows


def _starts(rounds: int) -> list[Row]:
    from tests.benchmarks.report import Row

    text = "\n".join(typical_lines(20)) + "\n"
    ready: dict[str, list[float]] = {name: [] for name in COMMANDS}
    memory: dict[str, list[float]] = {name: [] for name in COMMANDS}
    order = list(COMMANDS)
    chance = random.Random(3)
    for _ in range(max(rounds, 7)):
        chance.shuffle(order)
        for name in order:
            start = time.perf_counter()
            with Client(COMMANDS[name], is_warm=False) as client:
                client.initialize()
                client.open(URI, text)
                client.diagnostics(URI)
                ready[name].append((time.perf_counter() - start) * 1000)
                memory[name].append(_resident_megabytes(client.process.pid))
    ours, bare = median(ready["pinfold"]), median(ready["bare pygls"])
    ours_memory, bare_memory = median(memory["pinfold"]), median(memory["bare pygls"])
    return [
        Row(
            "start to first diagnostics",
            "a pygls server that checks nothing",
            ours,
            bare,
            ours / bare,
            "of its time",
            "",
        ),
        Row(
            "memory after them (MB)",
            "the same",
            ours_memory,
            bare_memory,
            ours_memory / bare_memory,
            "of its memory",
            "",
        ),
    ]


def _keystrokes(rounds: int, content: list[str], missing: float | None, goal: str) -> list[Row]:
    """Type in a file of *content*, whose environment lacks the share *missing* of what it asks.

    ``None``: there is no environment.
    """
    with tempfile.TemporaryDirectory() as folder:
        if missing is not None:
            write_environment_for(content, Path(folder), missing)
        return _keystrokes_in(Path(folder), rounds, content, goal)


def _keystrokes_in(folder: Path, rounds: int, content: list[str], goal: str) -> list[Row]:
    from tests.benchmarks.report import Row

    lines = len(content)
    text = "\n".join(content) + "\n"
    path = folder / "requirements.txt"
    path.write_text(text)
    uri = path.as_uri()
    clients = {name: TimedClient(command, is_warm=False) for name, command in COMMANDS.items()}
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    findings = 0
    try:
        for name, client in clients.items():
            client.initialize()
            client.open(uri, text)
            if name == "pinfold":
                findings = len(_once_the_environment_is_read(client, uri))
            else:
                client.diagnostics(uri)
            client.timed_uri = uri
        chance = random.Random(4)
        edits = _edits(content, chance, KEYSTROKES * max(1, rounds // 5))
        for version, edit in enumerate(edits, start=2):
            for name in chance.sample(list(clients), 2):
                client = clients[name]
                start = time.perf_counter()
                client.change(uri, version, edit)
                client.diagnostics(uri, version)
                taken[name].append((time.perf_counter() - start) * 1000)
    finally:
        for client in clients.values():
            client.kill()
    ours = Figures("pinfold", tuple(taken["pinfold"]))
    bare = Figures("bare pygls", tuple(taken["bare pygls"]))
    beside = ", an environment" if (folder / ".venv").exists() else ""
    what = f"keystroke to diagnostics, {lines:,} lines{beside}, {findings:,} findings"
    return [
        Row(
            f"{what}, median",
            "a pygls server that checks nothing",
            ours.median,
            bare.median,
            ours.median / bare.median,
            "of its time",
            goal,
        ),
        Row(
            f"{what}, 99th percentile",
            "the same",
            ours.percentile(0.99),
            bare.percentile(0.99),
            ours.percentile(0.99) / bare.percentile(0.99),
            "of its time",
            "",
        ),
    ]


def _once_the_environment_is_read(client: Client, uri: str) -> list[Message]:
    params = client.wait(
        "textDocument/publishDiagnostics",
        lambda params: (
            params["uri"] == uri
            and any(one["code"] in _RULES_OF_ENVIRONMENTS for one in params["diagnostics"])
        ),
    )
    found: list[Message] = params["diagnostics"]
    return found


def _edits(content: list[str], chance: random.Random, count: int) -> Iterator[object]:
    """Yield *count* edits: a character typed at a random place, then taken away again."""
    for _ in range(count // 2):
        line = chance.randrange(len(content))
        column = chance.randrange(len(content[line]))
        start = {"line": line, "character": column}
        end = {"line": line, "character": column + 1}
        yield {"range": {"start": start, "end": start}, "text": "1"}
        yield {"range": {"start": start, "end": end}, "text": ""}


def _resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0
