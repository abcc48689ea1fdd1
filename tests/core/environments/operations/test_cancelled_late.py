"""An operation that is cancelled as it is being done."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from threading import Event
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.changes import safe_change
from pinfold.core.environments.operations.carrying_out import Cancelled, ChangedMeanwhile
from pinfold.core.environments.operations.requests import Remove
from pinfold.core.environments.operations.runner import Outcome, Result, run_operation
from pinfold.core.environments.operations.workbench import Workbench
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.plan import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from pinfold.core.environments.conversation import Preview
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.installation import Installation

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one")

DEADLINE_S = 20.0


class Agreeing:
    """Somebody who agrees to everything."""

    def report(self, message: str, percent: float | None = None) -> None:
        """See how far it is."""

    async def preview(self, preview: Preview) -> str | None:
        """Agree."""
        return preview.actions[0].id

    def progress(
        self, title: str, *, is_cancellable: bool = True, is_measured: bool = False
    ) -> AbstractAsyncContextManager[Agreeing]:
        """Look on."""
        del title, is_cancellable, is_measured
        return contextlib.nullcontext(self)


class Bench(Workbench):
    """A machine; `on_looked` is called when it is looked at for the given time."""

    on_looked: Callable[[], None] = staticmethod(lambda: None)
    times = 0

    def installed(self, prefix: Path) -> InstalledPackages | None:
        """Return what is there: for the plan, before it is done, and then after it."""
        found = super().installed(prefix)
        self.times -= 1
        if self.times == 0:
            self.on_looked()
        return found

    def installations(self, projects: object) -> tuple[Installation, ...]:
        """Know of nothing else."""
        return ()


@pytest.mark.parametrize(("times", "is_done"), [(1, False), (3, True)])
def test_cancelled_late(times: int, *, is_done: bool, tmp_path: Path) -> None:
    """Who cancels before it is done finds all as it was; who does it then is told that it is."""
    prefix = made(tmp_path / "project" / ".venv")
    bench = Bench(LocalFileSystem(), tmp_path / "state")
    if is_done:
        assert Result.DONE is asyncio.run(removed(prefix, bench, times)).result
    else:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(removed(prefix, bench, times))
    assert is_done is not prefix.exists()


def test_cancelled_and_not_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cancels what then cannot be put back is told that, and where it is kept."""
    prefix = made(tmp_path / "project" / ".venv")
    bench = Bench(LocalFileSystem(), tmp_path / "state")

    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def give_up() -> None:
        monkeypatch.setattr(safe_change, "move", fail)
        raise Cancelled

    outcome = asyncio.run(removed(prefix, bench, 3, give_up))

    assert Result.FAILED is outcome.result
    assert outcome.failure is not None
    assert "could not be put back as it was (permission denied)" in outcome.failure.cause
    assert not prefix.exists()


def test_cancelled_and_changed_meanwhile(tmp_path: Path) -> None:
    """Who cancels what another program has changed is not shown another plan."""
    prefix = made(tmp_path / "project" / ".venv")
    bench = Bench(LocalFileSystem(), tmp_path / "state")

    def refuse() -> None:
        raise ChangedMeanwhile(Failure(FailureKind.UNKNOWN, "Another program has changed it."))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(removed(prefix, bench, 2, refuse))
    assert prefix.exists()


def made(prefix: Path) -> Path:
    """Make what is taken for an environment."""
    (prefix / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").touch(mode=0o755)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    return prefix


async def removed(
    prefix: Path, bench: Bench, times: int, then: Callable[[], None] = lambda: None
) -> Outcome:
    """Remove an environment, and cancel that when it is looked at for the given time."""
    loop = asyncio.get_running_loop()
    told = Event()

    def cancel() -> None:
        task.cancel()
        loop.call_soon(lambda: loop.call_soon(told.set))

    def wait() -> None:
        loop.call_soon_threadsafe(cancel)
        assert told.wait(DEADLINE_S)
        then()

    bench.times, bench.on_looked = times, wait
    request = Remove(folder=prefix.parent, prefix=prefix)
    operation = run_operation(
        request,
        bench,
        Agreeing(),  # type: ignore[arg-type]  # it is asked nothing else
        lambda _files: (),
        render=lambda _plan: (),
    )
    task = asyncio.ensure_future(operation)
    return await task
