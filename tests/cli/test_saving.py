"""Files of an operation that somebody else writes, too, at that very moment."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from pinfold.cli import writing
from pinfold.cli.changing import saving
from pinfold.cli.changing.saving import Saver
from pinfold.cli.env_scene import Scene
from pinfold.cli.writing import make_file, remove_file
from pinfold.core.environments.changes.journal import (
    Entry,
    Journal,
    Phase,
    SetAside,
    WrittenFile,
)
from pinfold.core.environments.operations.carrying_out import Done
from pinfold.core.environments.operations.prepared import Prepared
from pinfold.core.environments.operations.requests import Install, Undo
from pinfold.core.environments.operations.runner import Outcome, Result
from pinfold.core.environments.operations.workbench import Workbench
from pinfold.core.files import LocalFileSystem
from pinfold.core.formats.encoding import encode_requirements
from pinfold.core.model.plan import Plan, Verb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.formats.encoding import DecodedText, Unencodable

THEIRS = b"aa==1.0\n# mine\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, in which Pinfold runs."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def saver(project: Path, request: Request, save: str | None = None) -> Saver:
    """Return what writes files."""
    return Saver(request, save, Scene(), Workbench(LocalFileSystem(), project.parent / "state"))


def outcome(request: Request, project: Path) -> Outcome:
    """Return that it is done."""
    plan = Plan(request.verb, project / ".venv")
    return Outcome(Result.DONE, plan, done=Done("20260101T000000-000000-00000000", ()))


def test_saved_while_it_is_taken_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was made is not taken away once somebody has saved it again."""
    made = project / "new.txt"
    made.write_bytes(b"aa==1.0\n")
    place = project / ".venv"
    request = Undo(folder=project, prefix=place)
    undoing = saver(project, request)
    files = (WrittenFile(made, None, "aa==1.0\n"),)
    target = Entry(
        id="20260101T000000-000000-00000001",
        verb=Verb.INSTALL,
        prefix=place,
        place=place,
        phase=Phase.DONE,
        set_aside=SetAside.COPIED,
        held=None,
        rejected=place,
        started=0.0,
        token="",
        pid=1,
        files=files,
    )
    undoing.amend(Prepared(request, Plan(Verb.UNDO, place), SetAside.MOVED, target=target))
    monkeypatch.setattr(Journal, "note_files", lambda *_: made.write_bytes(THEIRS))
    told, is_saved = undoing.finish(outcome(request, project))

    assert (THEIRS, False) == (made.read_bytes(), is_saved)
    assert "new.txt changed on disk since it was read" in told.unsaved[0]


def test_made_while_it_is_made(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file that somebody else has made meanwhile is his."""
    theirs = project / "new.txt"

    def meanwhile(decoded: DecodedText, text: str) -> bytes | Unencodable:
        theirs.write_bytes(THEIRS)
        return encode_requirements(decoded, text)

    monkeypatch.setattr(saving, "encode_requirements", meanwhile)
    request = Install(folder=project, prefix=project / ".venv", requirements=("aa==1.0",))
    told, is_saved = saver(project, request, "new.txt").finish(outcome(request, project))

    assert (THEIRS, False) == (theirs.read_bytes(), is_saved)
    assert "It is installed, but not written into new.txt: new.txt was made" in told.unsaved[0]


def test_nothing_to_write(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file is concerned, the journal is left alone."""
    noted: list[object] = []
    monkeypatch.setattr(Journal, "note_files", lambda *arguments: noted.append(arguments))
    request = Install(folder=project, prefix=project / ".venv", requirements=("aa==1.0",))
    done = outcome(request, project)

    assert (done, True) == saver(project, request).finish(done)
    assert [] == noted


def no_links(*_: object) -> None:
    """Refuse a hard link, as some file systems do."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("link", [os.link, no_links], ids=["links", "no links"])
def test_new_file(
    link: Callable[..., None], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the usual rights and nothing is left beside it; what is there already stays."""
    monkeypatch.setattr(os, "link", link)
    path = project / "a.txt"
    usual = project / "usual.txt"
    usual.touch()
    problem = make_file(path, b"aa\n")
    again = make_file(path, b"bb\n")

    assert (None, b"aa\n") == (problem, path.read_bytes())
    assert stat.S_IMODE(usual.stat().st_mode) == stat.S_IMODE(path.stat().st_mode)
    assert "was made by somebody else meanwhile, and is left as it is" == again
    assert [path, usual] == sorted(project.iterdir())


def test_new_file_that_cannot_be(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves no file at all, and is said."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert "cannot be made: no space left on device" == make_file(project / "a.txt", b"aa\n")
    assert [] == list(project.iterdir())


def test_removed_only_as_it_was(project: Path) -> None:
    """The content is compared once more before a file is removed."""
    path = project / "a.txt"
    path.write_bytes(THEIRS)

    assert writing.CHANGED == remove_file(path, b"aa==1.0\n")
    assert remove_file(path, THEIRS) is None
    assert "cannot be removed: no such file or directory" == remove_file(path, THEIRS)
