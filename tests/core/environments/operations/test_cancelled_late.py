"""An operation that is cancelled as it is being done."""

from __future__ import annotations

import asyncio
import contextlib
import os
from threading import Event
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.operations.requests import Remove
from pinfold.core.environments.operations.runner import Result, run_operation
from pinfold.core.environments.operations.workbench import Workbench
from pinfold.core.files import LocalFileSystem

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
    prefix = tmp_path / "project" / ".venv"
    (prefix / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").touch(mode=0o755)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    bench = Bench(LocalFileSystem(), tmp_path / "state")

    async def act() -> Result:
        loop = asyncio.get_running_loop()
        told = Event()

        def cancel() -> None:
            task.cancel()
            loop.call_soon(lambda: loop.call_soon(told.set))

        def wait() -> None:
            loop.call_soon_threadsafe(cancel)
            assert told.wait(DEADLINE_S)

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
        return (await task).result

    if is_done:
        assert Result.DONE is asyncio.run(act())
    else:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(act())
    assert is_done is not prefix.exists()
