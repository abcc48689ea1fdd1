"""Environments made and made anew: what is planned, and what is refused."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.operations.prepared import Desk, Prepared
from pinfold.core.environments.operations.preparing import prepare
from pinfold.core.environments.operations.requests import Create, Rebuild
from pinfold.core.environments.operations.workbench import Backend, Tools
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.wording import at_command_line
from tests.core.environments.operations.test_cancelled_late import Bench, made

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.environments.operations.prepared import Preparation
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.model.plan import Step
    from pinfold.core.process import Completed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one")


def prepared(request: Request, state: Path, backend: Backend = Backend.PIP) -> Preparation:
    """Return what is planned; nothing may be run for it."""

    def run_step(step: Step) -> Completed:
        pytest.fail(f"started: {step.title}")

    bench = Bench(LocalFileSystem(), state, Tools(backend))
    return prepare(request, Desk(bench, run_step, lambda _files: ()))


def rebuilt(prefix: Path, cfg: str, backend: Backend) -> Prepared:
    """Return how an environment with this `pyvenv.cfg` is made anew."""
    made(prefix)
    (prefix / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = 3.12.1\n{cfg}")
    request = Rebuild(folder=prefix.parent, prefix=prefix, python=sys.executable)
    found = prepared(request, prefix.parent / "state", backend)
    assert isinstance(found, Prepared), found
    return found


@pytest.mark.parametrize("backend", [Backend.PIP, Backend.UV])
def test_made_anew_as_it_was(backend: Backend, tmp_path: Path) -> None:
    """An environment that sees the system's packages, or has a prompt, does so afterwards."""
    cfg = "include-system-site-packages = true\nprompt = 'the \"shop\\''\n".replace('"', "")
    plan = rebuilt(tmp_path / "env", cfg, backend).plan
    other = rebuilt(tmp_path / ".venv", "include-system-site-packages = false\n", backend).plan

    assert {"--system-site-packages", "--prompt=the shop'"} <= {*plan.steps[0].argv}
    assert not {"--system-site-packages"} & {*other.steps[0].argv}
    assert f"--prompt={tmp_path.name}" in other.steps[0].argv


def test_a_prompt_that_is_not_kept(tmp_path: Path) -> None:
    """One that would break the scripts of an environment is left out, which is said."""
    plan = rebuilt(tmp_path / "named", "prompt = a$HOME\n", Backend.PIP).plan

    assert "Its prompt is not kept: a prompt cannot have a `$` in it, which shells act on." in (
        plan.notes
    )
    assert not [word for word in plan.steps[0].argv if word.startswith("--prompt")]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_name_that_shells_act_on(tmp_path: Path, *, is_there: bool) -> None:
    """It is refused for a folder that is there and empty, as for one that is to be made."""
    prefix = tmp_path / "a$HOME"
    if is_there:
        prefix.mkdir()
    found = prepared(Create(folder=tmp_path, prefix=prefix), tmp_path / "state")

    assert isinstance(found, Refusal)
    assert "`a$HOME` has a `$` in it, which shells act on" == found.message


def test_a_name_of_what_is_there(tmp_path: Path) -> None:
    """Of an environment that is made over, and so has its name already, it is noted."""
    prefix = made(tmp_path / "a$HOME")
    request = Create(folder=tmp_path, prefix=prefix, python=sys.executable, is_over=True)
    found = prepared(request, tmp_path / "state")

    assert isinstance(found, Prepared), found
    assert [
        note
        for note in found.plan.notes
        if "`$` in it, which shells act on" in at_command_line(note)
    ]
