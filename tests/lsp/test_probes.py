"""Interpreters that are asked about themselves behind a listing: only where the client trusts."""

from __future__ import annotations

import asyncio
import os
import select
from typing import TYPE_CHECKING, Any, cast

import pytest

from pinfold.core.environments.probe_answers import EVIDENCE
from pinfold.lsp.commands import PROBES, Abilities, Background, Session
from pinfold.lsp.convert import PositionEncoding
from pinfold.lsp.documents import Documents
from pinfold.lsp.environment_commands import list_environments, refresh
from pinfold.lsp.progress import CommandProgress, ProgressTokens
from pinfold.lsp.ui import MessageConversation
from tests.core.environments.test_probe import calls, write_interpreter
from tests.lsp.client import SERVER, Client, Message
from tests.lsp.sessions import FakeHost
from tests.lsp.test_commands import UI_CAPABILITIES, execute

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from pathlib import Path

    from pinfold.lsp.commands import Handler, Host

pytestmark = pytest.mark.slow

ANSWERS = 'echo "$begin$answer$end"'


def make_unknown(root: Path, body: str) -> Path:
    """Write an environment whose version no file tells, with an interpreter of our own."""
    folder = root / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder.parent / "pyvenv.cfg").write_text("home = /nowhere/bin\n")
    return write_interpreter(folder, body)


def variables(tmp_path: Path) -> dict[str, str]:
    """Return what leaves a machine with nothing of its own but the test's folders."""
    return {
        "HOME": str(tmp_path / "home"),
        "PINFOLD_STATE_DIR": str(tmp_path / "state"),
        "PATH": "",
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a workspace folder."""
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def start(tmp_path: Path) -> Client:
    """Return a client of a new server."""
    return Client(SERVER, environment=variables(tmp_path))


def initialize(client: Client, root: Path, trusted: object) -> None:
    """Shake hands."""
    options = {"debounceMs": 0, "trusted": trusted}
    client.initialize(root=root, capabilities=UI_CAPABILITIES, initializationOptions=options)


def own(listing: Message) -> Message:
    """Return the project's environment in a listing."""
    (found,) = [item for item in listing["environments"] if not item["isBase"]]
    return cast(Message, found)


def test_asked_behind_a_listing(tmp_path: Path, root: Path) -> None:
    """The next listing knows what no file tells, and so does a later session that runs nothing."""
    asked = tmp_path / "asked"
    os.mkfifo(asked)
    # It answers only once the first listing is there.
    python = make_unknown(root, f'read line <"{asked}"; {ANSWERS}')
    with start(tmp_path) as client:
        initialize(client, root, trusted=True)
        first = own(execute(client, "listEnvironments", fresh=True))
        asked.write_text("\n")
        changed = client.wait("pinfold/inventoryChanged")
        second = own(execute(client, "listEnvironments"))
    with start(tmp_path) as client:
        initialize(client, root, trusted=False)
        third = own(execute(client, "listEnvironments", fresh=True))

    assert first["version"] is None
    assert {"folders": [str(root)]} == changed
    assert ["3.99.0", "3.99.0"] == [second["version"], third["version"]]
    assert EVIDENCE == second["evidence"][-1]
    assert 1 == calls(python.parent)


class Hanging:
    """An environment whose interpreter says that it is up, and then nothing for ever."""

    def __init__(self, tmp_path: Path, root: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        make_unknown(root, f'exec 3>"{fifo}"; echo up >&3; while :; do /bin/sleep 1; done')
        self._fifo = fifo
        self.listen()

    def listen(self) -> None:
        """Begin to listen, to whoever comes next."""
        self._reader = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)

    def read(self) -> bytes:
        """Return what it says; nothing once it is gone, with all that it has started."""
        assert select.select([self._reader], [], [], 30.0)[0], "nothing came"
        return os.read(self._reader, 100)

    def close(self) -> None:
        """Listen no more."""
        os.close(self._reader)


@pytest.fixture
def hanging(tmp_path: Path, root: Path) -> Iterator[Hanging]:
    """Return the environment of the workspace folder."""
    hanging = Hanging(tmp_path, root)
    yield hanging
    hanging.close()


def test_trust_is_taken_back(tmp_path: Path, root: Path, hanging: Hanging) -> None:
    """An interpreter that is being asked is ended then, and asked anew when trust is back."""
    heard = []
    with start(tmp_path) as client:
        initialize(client, root, trusted=True)
        for _ in range(2):
            execute(client, "listEnvironments", fresh=True)
            heard.append(hanging.read())
            client.notify("pinfold/trustChanged", {"trusted": False})
            heard.append(hanging.read())
            hanging.close()
            hanging.listen()
            client.notify("pinfold/trustChanged", {"trusted": True})

    # One that had come to its deadline would be known not to answer, and not be asked again.
    assert [b"up\n", b"", b"up\n", b""] == heard


@pytest.mark.parametrize("way", ["shutdown", "exit", "vanish"])
def test_session_ends(tmp_path: Path, root: Path, hanging: Hanging, way: str) -> None:
    """An interpreter that is being asked does not outlive the session."""
    with start(tmp_path) as client:
        initialize(client, root, trusted=True)
        execute(client, "listEnvironments", fresh=True)
        up = hanging.read()
        if way == "vanish":
            assert client.process.stdin is not None
            client.process.stdin.close()
        elif way == "exit":
            client.notify("exit")
        else:
            client.request("shutdown")
            client.notify("exit")
        client.wait_for_end(20.0)

        assert (b"up\n", b"") == (up, hanging.read())


class FakePeer:
    """A client that is neither asked nor told anything that matters."""

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Say nothing."""
        return None

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Pass it over."""


class Recorder(Background):
    """Does nothing in the background, and knows what it was to do."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[object] = []

    def begin_once(self, key: object, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Take note."""
        self.keys.append(key)


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the test's machine."""
    for name, value in variables(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("command", [list_environments, refresh])
@pytest.mark.parametrize(
    ("is_trusted", "expected"), [(True, [PROBES]), (False, []), (None, [])], ids=str
)
def test_trust_has_to_be_said(
    root: Path,
    surroundings: None,
    command: Handler,
    *,
    is_trusted: bool | None,
    expected: list[object],
) -> None:
    """Only a client that has said so trusts enough for what nobody has asked for."""
    make_unknown(root, ANSWERS)
    peer, background = FakePeer(), Recorder()
    progress = CommandProgress(peer, ProgressTokens(can_create=False), None, lambda: None)
    host: Host = FakeHost(is_trusted=is_trusted)
    session = Session(
        host,
        peer,
        Documents(PositionEncoding.UTF16, (root,)),
        MessageConversation(peer, progress),
        background,
        Abilities(has_ui=True),
        lambda _command, _arguments: None,
    )
    asyncio.run(cast("Coroutine[Any, Any, object]", command(session, {})))

    assert expected == background.keys
