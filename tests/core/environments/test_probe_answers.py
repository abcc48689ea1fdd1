"""What interpreters have said, put into an inventory; and who is asked at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments import probe_answers
from pinfold.core.environments.probe import LocalStateFolder, Prober
from pinfold.core.environments.probe_answers import EVIDENCE, ask_unknown, informed
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.test_probe import calls, write_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWERS = 'echo "$begin$answer$end"'

pytestmark = pytest.mark.slow


def unknown(executable: Path | None) -> Installation:
    """Return an installation of which nothing is known but where it is."""
    return Installation(
        prefix=Path("/p"),
        kind=InstallationKind.VENV,
        is_base=False,
        executable=executable,
        evidence=("it has a pyvenv.cfg",),
    )


def asked(
    *installations: Installation,
    prober: Prober | None = None,
    may_go_on: Callable[[], bool] = lambda: True,
    cancelled: Event | None = None,
) -> int:
    """Ask, and return how many have answered."""
    return ask_unknown(
        installations,
        prober or Prober(LocalFileSystem(), {}),
        may_go_on=may_go_on,
        cancelled=cancelled or Event(),
    )


def test_an_answer_is_put_in(tmp_path: Path) -> None:
    """Version and implementation come with their evidence; the next start knows them, too."""
    installation = unknown(write_interpreter(tmp_path, ANSWERS))
    state = LocalStateFolder(tmp_path / "state")
    prober = Prober(LocalFileSystem(), {}, state)
    before = informed(installation, prober)
    count = asked(installation, prober=prober)
    later = Prober(LocalFileSystem(), {}, state)

    assert installation == before
    assert 1 == count
    for found in (informed(installation, prober), informed(installation, later)):
        assert ("3.99.0", "cpython") == (found.version, found.implementation)
        assert ("it has a pyvenv.cfg", EVIDENCE) == found.evidence
    assert 1 == calls(tmp_path)


def test_what_files_tell_is_left(tmp_path: Path) -> None:
    """Nobody is asked whose version is known, and what was known before stays."""
    installation = unknown(write_interpreter(tmp_path, ANSWERS))
    prober = Prober(LocalFileSystem(), {})
    asked(installation, prober=prober)
    known = replace(installation, version="3.1")

    assert known == informed(known, prober)
    assert 0 == asked(known)
    assert 0 == asked(unknown(None))
    assert 1 == calls(tmp_path)


def test_who_has_been_asked_is_not_asked_again(tmp_path: Path) -> None:
    """Neither who has answered nor who has not, as long as the file is the same."""
    good = unknown(write_interpreter(tmp_path, ANSWERS))
    bad = unknown(write_interpreter(tmp_path, "exit 1", "bad"))
    prober = Prober(LocalFileSystem(), {})
    counts = [asked(good, bad, prober=prober) for _ in range(2)]

    assert [1, 0] == counts
    assert 2 == calls(tmp_path)
    assert bad == informed(bad, prober)


def test_one_that_is_gone_keeps_nobody(tmp_path: Path) -> None:
    """An interpreter that does not exist costs the others nothing."""
    good = unknown(write_interpreter(tmp_path, ANSWERS))

    assert 1 == asked(unknown(tmp_path / "gone"), good)


def test_trust_is_asked_for_before_each(tmp_path: Path) -> None:
    """Where trust is taken back, nobody is started any more."""
    first = unknown(write_interpreter(tmp_path, ANSWERS))
    second = unknown(write_interpreter(tmp_path, ANSWERS, "second"))
    answers = iter([True, False])
    count = asked(first, second, may_go_on=lambda: next(answers))

    assert 1 == count
    assert 1 == calls(tmp_path)


def test_cancelled(tmp_path: Path) -> None:
    """Nobody is started who need not be."""
    cancelled = Event()
    cancelled.set()

    assert 0 == asked(unknown(write_interpreter(tmp_path, ANSWERS)), cancelled=cancelled)
    assert 0 == calls(tmp_path)


def test_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are asked in a row, and the others the next time."""
    monkeypatch.setattr(probe_answers, "MAX_ASKED", 2)
    prober = Prober(LocalFileSystem(), {})
    many = [unknown(write_interpreter(tmp_path, ANSWERS, f"python{n}")) for n in range(3)]

    assert [2, 1, 0] == [asked(*many, prober=prober) for _ in range(3)]
