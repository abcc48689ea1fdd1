"""Operations that fail, are ended, or meet another one: everything is as it was, and it is said."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.operating import ARCHIVES, BASE, OLD, Shop, Terminal
from tests.harness.index import FailingIndex, Index, Trouble, wheel, write_project
from tests.torture.scenes import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
]

on_uv = pytest.mark.parametrize("stocked", ["uv"], indirect=True)
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can become somebody else, and mount",
)


def asked_in(failure: dict[str, object]) -> list[tuple[object, object]]:
    """Return the lines at fault."""
    askers = failure["askers"]
    assert isinstance(askers, list)
    return [(one["line"], one["requirement"]) for one in askers if one["path"] is not None]


def test_a_conflict(shop: Shop) -> None:
    """The lines whose requirements cannot be met together are named."""
    shop.write("requirements.txt", "helper\n\nshop==2.0  # web\ntill\n")
    failure = shop.failure("install")

    assert "conflict" == failure["kind"]
    assert "these requirements cannot be met together: " in failure["cause"]
    assert "Loosen one of them" == failure["action"]
    assert [(3, "shop==2.0"), (4, "till")] == sorted(asked_in(failure))
    said = shop.run("install", expected=2)
    assert "  requirements.txt:4: till\n" in said.stderr
    assert "All that was said: " in said.stderr


TROUBLES = (
    ("needs-gcc", Trouble.NONE, "no-compiler", "needs-gcc has to be built here"),
    ("broken", Trouble.NONE, "broken-wheel", "the wheel of broken is damaged"),
    ("nowhere", Trouble.NONE, "no-such-package", "there is no package nowhere"),
    ("till==9", Trouble.NONE, "no-such-version", "no version of till is what is asked for"),
    ("till", Trouble.UNAUTHORIZED, "unauthorized", ""),
    ("till", Trouble.FORBIDDEN, "forbidden", ""),
    ("till", Trouble.CUT, "no-network", ""),
)


@pytest.mark.parametrize(
    ("requirement", "trouble", "kind", "cause"), TROUBLES, ids=lambda one: str(one)[:14]
)
def test_trouble(requirement: str, trouble: Trouble, kind: str, cause: str, shop: Shop) -> None:
    """What went wrong is a sentence with what to do, and the log is there; nothing has changed."""
    shop.write("requirements.txt", f"{requirement}\n")
    with FailingIndex(ARCHIVES, trouble) as index:
        failure = shop.with_variables(PIP_INDEX_URL=index.url).failure("install")

        # What is cut is not what the page says, which older pips look at first.
        is_cut = trouble is Trouble.CUT and failure["kind"] == "hash-mismatch"
        assert kind == failure["kind"] or is_cut, failure
        assert cause in failure["cause"]
        assert failure["action"]
    if trouble in (Trouble.UNAUTHORIZED, Trouble.FORBIDDEN):
        for way in ("~/.netrc", f"let {shop.backend} ask", "USER:PASSWORD@ before the host"):
            assert way in failure["action"]
    if cause:
        assert [(1, requirement)] == asked_in(failure)


def test_no_network(shop: Shop) -> None:
    """An index that cannot be reached is told as that, and not as a package that does not exist."""
    failure = shop.with_variables(PIP_INDEX_URL="http://127.0.0.1:9/").failure("install", "till")

    assert "no-network" == failure["kind"], failure


def test_a_wrong_digest(shop: Shop) -> None:
    """What is not what the file says is not installed; which line says so is told."""
    shop.write("requirements.txt", f"till==1.0 --hash=sha256:{'0' * 64}\n")
    failure = shop.failure("install")

    assert "hash-mismatch" == failure["kind"], failure
    assert failure["action"]


@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_a_creation_that_fails(backend: str, index: Index, tmp_path: Path) -> None:
    """An environment that could not be filled is not there, nor are the folders around it."""
    shop = Shop(tmp_path / "shop", index, backend)
    shop.make({"requirements.txt": "helper\nnowhere\n"})
    failure = shop.failure("env", "create", "deep/er/place", "--python", BASE)

    assert "no-such-package" == failure["kind"]
    assert [(2, "nowhere")] == asked_in(failure)
    # It was seen before anything was made.
    assert [] == shop.histories()
    shop.write("requirements.txt", "helper\nbroken\n")
    failure = shop.failure("env", "create", "deep/er/place", "--python", BASE)
    assert "broken-wheel" == failure["kind"]
    # pip unpacks what it finds as it looks; uv does when it installs.
    is_begun = backend == "uv"
    assert ["put-back"] * is_begun == [one["state"] for one in shop.histories()]
    assert is_begun is ("  (put-back)" in shop.run("history").stdout)
    assert ["requirements.txt"] == [path.name for path in shop.project.iterdir()]


def test_a_full_disk(index: Index, tmp_path: Path) -> None:
    """Where the room does not suffice, the environment is as it was."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("nobody can mount here")
    for backend in ("uv", "pip"):
        shop = Shop(tmp_path / backend, index, backend)
        shop.make({})
        place = shop.project / "small"
        place.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], check=False
        )
        if mounted.returncode:
            pytest.skip("nothing can be mounted here")
        try:
            shop.run("env", "create", "small/.venv", "--python", BASE)
            room = shutil.disk_usage(place).free - 1_000_000
            (place / "filling").write_bytes(b"x" * room)
            failure = shop.failure("install", "large", "--env", "small/.venv")
            held = place / ".pinfold-held"

            assert "disk-full" == failure["kind"], failure
            assert failure["action"]
            assert [] == [one for one in held.iterdir() if one.name != ".gitignore"]
        finally:
            subprocess.run(["umount", str(place)], check=True)


@as_root
@on_uv
def test_somebody_else_s_environment(shop: Shop) -> None:
    """Without the permission to change it, an environment is left alone, and it is said."""
    for folder, _, _ in os.walk(shop.project):
        os.chown(folder, 65534, 65534)
    before = shop.present()
    for command in (
        ("install", "till"),
        ("uninstall", "helper"),
        ("env", "remove", "--yes"),
        ("env", "rebuild"),
        ("env", "create", "other", "--python", BASE),
        ("undo", "--yes"),
    ):
        # Root without its powers is anybody.
        said = shop.run_unprivileged(*command)

        assert 2 == said.returncode
        assert "permission" in said.stderr, (command, said.stderr)
        assert "Traceback" not in said.stderr
        assert before == shop.present()
    assert OLD == shop.names()


@on_uv
def test_interrupted_at_the_question(shop: Shop) -> None:
    """Ctrl-C at a question ends Pinfold with 130, and nothing was changed."""
    shop.write("requirements.txt", "money==1.0\n")
    before = shop.everything()
    terminal = Terminal(shop, "sync")
    terminal.wait_for("[y/N] ")
    terminal.type("\x03")
    status, output = terminal.end()

    assert (130, "") == (status, output)
    assert "pinfold: sync cancelled: .venv is as it was before\r\n" in terminal.shown
    assert before == shop.everything()


@pytest.fixture
def slow(shop: Shop, tmp_path: Path) -> Slow:
    """A project of the shop's that is built for as long as a test wants."""
    return Slow(shop, tmp_path)


class Slow:
    """A project, `begun` once somebody builds it, and `let_go` when it may be."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        self._begun, self._gate = folder / "begun", folder / "gate"
        for path in (self._begun, self._gate):
            os.mkfifo(path)
        # Whoever opens one end waits for whoever opens the other.
        failure = f"open({str(self._begun)!r}, 'w').close(); open({str(self._gate)!r}).close()"
        self.path = str(write_project(folder / "slow", wheel("slow", "1.0"), failure=failure))

    def wait_until_begun(self) -> None:
        """Wait until it is built."""
        self._begun.open().close()

    def let_go(self) -> None:
        """Let it be built."""
        self._gate.open("w").close()


def start(shop: Shop, *arguments: str) -> subprocess.Popen[str]:
    """Start Pinfold, and do not wait for it."""
    return subprocess.Popen(
        shop.command(*arguments),
        cwd=shop.project,
        env=shop.variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begin_install(slow: Slow) -> None:
    """Wait until the project is built for the installation, and not for the preview."""
    slow.wait_until_begun()
    slow.let_go()
    slow.wait_until_begun()


@on_uv
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_while_it_installs(number: int, shop: Shop, slow: Slow) -> None:
    """Whoever ends it finds everything as it was, and no process of it goes on."""
    before = shop.present()
    process = start(shop, "install", "--with", "pip", slow.path, "till")
    begin_install(slow)
    process.send_signal(number)
    output, said = process.communicate(timeout=WAIT_S)

    assert (128 + number, "") == (process.returncode, output)
    if number == signal.SIGINT:
        assert "pinfold: installation cancelled: .venv is as it was before\n" in said
    assert before == shop.present()
    assert "put-back" == shop.histories()[0]["state"]
    assert () == left_running(shop)


def left_running(shop: Shop) -> tuple[int, ...]:
    """Return the processes that Pinfold has left."""
    from pinfold.core import process

    return process._processes_with(f"PINFOLD_STATE_DIR={shop.root / 'state'}".encode())


@on_uv
def test_two_at_once(shop: Shop, slow: Slow) -> None:
    """The second waits for the first, says for whom, and then is done too."""
    first = start(shop, "install", "--with", "pip", slow.path)
    begin_install(slow)
    second = start(shop, "uninstall", "helper")
    assert second.stderr is not None
    said = ""
    while "waiting for" not in said:
        line = second.stderr.readline()
        assert line, said
        said += line
    slow.let_go()
    for process in (first, second):
        process.communicate(timeout=WAIT_S)

    assert f"  waiting for process {first.pid} (pinfold install)\n" in said
    assert (0, 0) == (first.returncode, second.returncode)
    assert {"Shop": "1.0", "money": "1.0", "slow": "1.0"} == shop.names()


@on_uv
def test_the_lock_of_a_dead_process(shop: Shop, slow: Slow) -> None:
    """Whoever was killed keeps nobody waiting: what it began is put back first."""
    killed = start(shop, "install", "--with", "pip", slow.path)
    begin_install(slow)
    killed.kill()
    killed.communicate(timeout=WAIT_S)
    said = shop.run("install", "till")

    assert "pinfold: .venv: install was interrupted; all is as it was before\n" in said.stderr
    assert {**OLD, "till": "1.0"} == shop.names()
    assert () == left_running(shop)


@on_uv
def test_whoever_reads_puts_back_first(shop: Shop, slow: Slow) -> None:
    """What a killed run has left is put back before anything is told of the environment."""
    before = shop.run("list").stdout
    killed = start(shop, "install", "--with", "pip", slow.path)
    begin_install(slow)
    killed.kill()
    killed.communicate(timeout=WAIT_S)
    said = shop.run("list", "--env", ".venv")

    assert "pinfold: .venv: install was interrupted; all is as it was before\n" == said.stderr
    assert before == said.stdout


@on_uv
def test_changed_by_others_after_the_preview(shop: Shop) -> None:
    """Where somebody else has changed the environment since, he is asked anew."""
    shop.write("requirements.txt", "money==1.0\n")
    terminal = Terminal(shop, "sync")
    terminal.wait_for("[y/N] ")
    subprocess.run(
        [shop.prefix / "bin/python", "-m", "pip", "uninstall", "--quiet", "-y", "helper"],
        check=True,
        timeout=WAIT_S,
    )
    terminal.type("y\n")
    first = len(terminal.shown)
    terminal.wait_for("[y/N] ", since=first)
    terminal.type("n\n")
    status, _ = terminal.end()

    assert 2 == status
    assert "helper" not in terminal.shown[first:]
    assert {"Shop": "1.0", "money": "1.0"} == shop.names()
