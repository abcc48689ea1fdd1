"""An environment that somebody else makes at the very place, while it is planned."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.operations.requests import Create
from pinfold.core.environments.operations.runner import Outcome, Result, run_operation
from pinfold.core.files import LocalFileSystem
from tests.core.environments.operations.test_cancelled_late import Agreeing, Bench

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.environments.operations.prepared import Prepared
    from pinfold.core.model.plan import Plan


def created(prefix: Path, state: Path) -> Outcome:
    """Create an environment where somebody puts a file after the first look."""

    def amend(prepared: Prepared) -> Plan:
        prefix.mkdir(exist_ok=True)
        (prefix / "theirs").write_text("", encoding="utf-8")
        return prepared.plan

    return asyncio.run(
        run_operation(
            Create(folder=prefix.parent, prefix=prefix, python=sys.executable),
            Bench(LocalFileSystem(), state),
            Agreeing(),  # type: ignore[arg-type]  # it is asked nothing else
            lambda _files: (),
            render=lambda _plan: (),
            show=lambda _plan: None,
            amend=amend,
        )
    )


@pytest.mark.parametrize("is_there", [False, True], ids=["nothing", "an empty folder"])
def test_made_meanwhile(tmp_path: Path, *, is_there: bool) -> None:
    """What is there by then is neither moved away nor written over: it is looked at anew."""
    prefix = tmp_path / "project" / ".venv"
    prefix.parent.mkdir()
    if is_there:
        prefix.mkdir()
    outcome = created(prefix, tmp_path / "state")

    assert Result.REFUSED is outcome.result
    assert outcome.refusal is not None
    assert f"{prefix} is there already" == outcome.refusal.message
    assert ["theirs"] == [path.name for path in prefix.iterdir()]
    # Nothing was said by any installer: there is no empty log of it.
    assert not (tmp_path / "state" / "logs").exists()
