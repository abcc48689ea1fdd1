"""A small synchronous client of a language server over pipes: raw JSON-RPC, no protocol library.

Owns the process and the bytes. Every wait has a deadline and ends with what was wanted or with an
error that shows what came instead. What the server asks for is answered at once, with nothing
unless a test has put a function into `replies`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.warm import Process, start, start_cold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

_PROGRAM = "import sys; from pinfold.lsp.server import serve_stdio; sys.exit(serve_stdio(%s))"

SERVER = (sys.executable, "-c", _PROGRAM % "")
"""Started as a module's function, so that it needs no installed script."""

SERVER_WITHOUT_ENVIRONMENTS = (sys.executable, "-c", _PROGRAM % "reads_environments=False")
"""For tests of everything else: what is found does not change once more after a while."""

DEADLINE_S = 30.0

Message = dict[str, Any]

CAPABILITIES: Message = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "codeAction": {
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "workspace": {"workspaceEdit": {"documentChanges": True}},
}
"""What an able client says of itself; it does not watch files unless a test says so."""

PULL_CAPABILITIES: Message = {
    **CAPABILITIES,
    "textDocument": {**CAPABILITIES["textDocument"], "diagnostic": {}},
    "workspace": {**CAPABILITIES["workspace"], "diagnostics": {"refreshSupport": True}},
}
"""What a client says that asks for diagnostics."""


NO_REPLY = object()
"""What one of :attr:`Client.replies` returns to leave the server waiting."""


class ServerError(Exception):
    """The server answered a request with an error."""

    def __init__(self, error: Message) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.error = error


class Deadline(Exception):
    """What was waited for did not come."""


class Client:
    """One server process and the conversation with it.

    The process has its code imported already, unless *is_warm* says otherwise.
    """

    def __init__(
        self,
        command: Sequence[str] = SERVER_WITHOUT_ENVIRONMENTS,
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        is_warm: bool = True,
    ) -> None:
        server_folder = Path(__file__).resolve().parents[2] / "server"
        inherited = {**os.environ, "PYTHONPATH": str(server_folder), "PINFOLD_STRICT": "1"}
        # Where tests run in an activated environment, that is none of the server's business.
        for variable in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_VERSION"):
            inherited.pop(variable, None)
        begin = start if is_warm else start_cold
        self.process: Process = begin(
            command, cwd=cwd or Path.cwd(), env={**inherited, **(environment or {})}
        )
        self.replies: dict[str, Callable[[Message], object]] = {}
        self.requests: list[Message] = []
        self.notifications: list[Message] = []
        self._responses: dict[object, Message] = {}
        self._incoming: queue.Queue[Message | None] = queue.Queue()
        self._last_id = 0
        self._log: list[bytes] = []
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """What the server wrote to standard error so far."""
        return b"".join(self._log).decode("utf-8", "replace")

    # Sending.

    def send_bytes(self, data: bytes) -> None:
        """Send *data* as it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: object) -> None:
        """Send one message."""
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def notify(self, method: str, params: object = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: object = None) -> int:
        """Send a request and return its id, to be waited for with :meth:`answer`."""
        self._last_id += 1
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": method}
        self.send(request if params is None else {**request, "params": params})
        return self._last_id

    def request(self, method: str, params: object = None) -> Any:
        """Send a request and return its result.

        Raises:
            ServerError: the server answered with an error.
        """
        return self.answer(self.begin(method, params))

    # Waiting.

    def answer(self, identifier: object, deadline_s: float = DEADLINE_S) -> Any:
        """Return the result of a request.

        Raises:
            ServerError: the server answered with an error.
        """
        until = time.monotonic() + deadline_s
        while identifier not in self._responses:
            self._take(until, f"the answer to {identifier}")
        response = self._responses.pop(identifier)
        if "error" in response:
            raise ServerError(response["error"])
        return response["result"]

    def has_answer(self, identifier: object) -> bool:
        """Return whether the answer to a request has been taken in."""
        return identifier in self._responses

    def wait(
        self,
        method: str,
        accept: Callable[[Any], bool] = lambda _params: True,
        deadline_s: float = DEADLINE_S,
    ) -> Any:
        """Return the parameters of the first notification of *method* that *accept* takes.

        It and those before it are forgotten.
        """
        until = time.monotonic() + deadline_s
        seen = 0
        while True:
            for index, message in enumerate(self.notifications[seen:], seen):
                if message["method"] == method and accept(message["params"]):
                    del self.notifications[: index + 1]
                    return message["params"]
            seen = len(self.notifications)
            self._take(until, method)

    def wait_for_request(self, method: str, deadline_s: float = DEADLINE_S) -> Any:
        """Return the parameters of the first request of *method* that the server made."""
        until = time.monotonic() + deadline_s
        while True:
            for index, message in enumerate(self.requests):
                if message["method"] == method:
                    del self.requests[index]
                    return message.get("params")
            self._take(until, method)

    def diagnostics(self, uri: str, version: int | None = None) -> list[Message]:
        """Return the diagnostics of *uri*, of that *version* if one is given."""
        params = self.wait(
            "textDocument/publishDiagnostics",
            lambda params: (
                params["uri"] == uri and (version is None or params.get("version") == version)
            ),
        )
        found: list[Message] = params["diagnostics"]
        return found

    def pull(self, uri: str, previous: str | None = None) -> Message:
        """Ask for the diagnostics of a document and return the report."""
        params: Message = {"textDocument": {"uri": uri}, "identifier": "pinfold"}
        if previous is not None:
            params["previousResultId"] = previous
        report: Message = self.request("textDocument/diagnostic", params)
        return report

    def begin_workspace_pull(self, known: Mapping[str, str], token: str | None = None) -> int:
        """Ask for the diagnostics of the workspace, *known* being result ids by URI."""
        previous = [{"uri": uri, "value": value} for uri, value in known.items()]
        params: Message = {"identifier": "pinfold", "previousResultIds": previous}
        if token is not None:
            params["partialResultToken"] = token
        return self.begin("workspace/diagnostic", params)

    def wait_for_end(self, deadline_s: float = 5.0) -> int:
        """Return the exit status of the process."""
        try:
            status = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise Deadline(
                f"the process did not end within {deadline_s} s; log:\n{self.log}"
            ) from None
        for thread in self._threads:
            thread.join(deadline_s)
        return status

    # A session.

    def initialize(self, *, root: Path | None = None, **options: Any) -> Message:
        """Shake hands; *options* are further parameters of `initialize`. No debouncing."""
        result: Message = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": None if root is None else root.as_uri(),
                "capabilities": CAPABILITIES,
                "initializationOptions": {"debounceMs": 0},
                **options,
            },
        )
        self.notify("initialized", {})
        return result

    def open(
        self, uri: str, text: str, *, version: int = 1, language: str = "pip-requirements"
    ) -> None:
        """Open a document."""
        self.notify(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": uri,
                    "languageId": language,
                    "version": version,
                    "text": text,
                }
            },
        )

    def change(self, uri: str, version: int, *changes: object) -> None:
        """Send content changes of a document."""
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
        )

    def close(self, uri: str) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def shut_down(self) -> int:
        """End the session as the protocol asks for, and return the exit status."""
        self.request("shutdown")
        self.notify("exit")
        return self.wait_for_end()

    def kill(self) -> None:
        """End the process, if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        for thread in self._threads:
            thread.join(DEADLINE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    # Receiving.

    def parsed(self, body: bytes) -> Message:
        """Return a message as it came."""
        message: Message = json.loads(body)
        return message

    def _take(self, until: float, wanted: str) -> None:
        try:
            message = self._incoming.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise Deadline(f"{wanted} did not come; log:\n{self.log}") from None
        if message is None:
            self._incoming.put(None)
            raise Deadline(f"{wanted} did not come, the server is gone; log:\n{self.log}")
        if "method" not in message:
            self._responses[message.get("id")] = message
        elif "id" in message:
            self.requests.append(message)
            reply = self.replies.get(message["method"])
            result = None if reply is None else reply(message.get("params") or {})
            if result is not NO_REPLY:
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        else:
            self.notifications.append(message)

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while header := stream.readline().strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = stream.read(length) if length else b""
            if not body:
                self._incoming.put(None)
                return
            self._incoming.put(self.parsed(body))

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._log.append(line)
