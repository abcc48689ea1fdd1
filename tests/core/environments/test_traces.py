"""Traces: from when on what was seen is sure to show a change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.traces import Trace
from pinfold.core.files import FileIdentity, LocalFileSystem, MemoryFileSystem

if TYPE_CHECKING:
    from pathlib import Path

    from pinfold.core.files import StrPath

_SECOND_NS = 10**9
_NOW_NS = 1_700_000_000 * _SECOND_NS + 600_000_007


class _Dated(MemoryFileSystem):
    """Everything was changed at one moment."""

    __slots__ = ("_mtime_ns",)

    def __init__(self, mtime_ns: int) -> None:
        super().__init__({"/a": ""})
        self._mtime_ns = mtime_ns

    def identity(self, path: StrPath) -> FileIdentity | None:
        return FileIdentity(os.fspath(path), self._mtime_ns, 0, 1)


@pytest.mark.parametrize(
    ("age_ns", "expected"),
    [
        pytest.param(60 * _SECOND_NS, True, id="a minute ago"),
        pytest.param(100_000_000, True, id="a moment ago"),
        pytest.param(10_000_000, False, id="just now"),
        pytest.param(-3_600 * _SECOND_NS, False, id="by a clock that is ahead"),
        pytest.param(-365 * 86_400 * _SECOND_NS, True, id="in a year, as an archive said"),
        # The time of a file system that counts seconds.
        pytest.param(_NOW_NS % _SECOND_NS, False, id="in this whole second"),
        pytest.param(_NOW_NS % _SECOND_NS + _SECOND_NS, False, id="in the last whole second"),
        pytest.param(_NOW_NS % _SECOND_NS + 2 * _SECOND_NS, True, id="in an earlier one"),
    ],
)
def test_what_may_change_unseen_is_not_settled(age_ns: int, expected: bool) -> None:
    """A change within the same tick of the file system's clock would leave no trace."""
    trace = Trace(_Dated(_NOW_NS - age_ns))
    trace.exists("/a")

    assert expected is trace.is_settled(_NOW_NS)


def test_what_is_not_there_is_settled() -> None:
    """Its coming into being is a change, whatever the time is."""
    trace = Trace(MemoryFileSystem())
    trace.exists("/nothing")

    assert trace.is_settled(0)


def test_every_change_is_noticed(tmp_path: Path) -> None:
    """A file, a folder, a link, and what was not there."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a")
    (tmp_path / "link").symlink_to("file")

    def trace() -> Trace:
        look = Trace(LocalFileSystem())
        look.scan(tmp_path / "folder")
        look.read_bytes(tmp_path / "file")
        look.read_link(tmp_path / "link")
        look.is_file(tmp_path / "missing")
        return look

    held = []
    before = trace()
    held.append(before.holds())
    (tmp_path / "folder" / "new").mkdir()
    held.append(before.holds())
    before = trace()
    (tmp_path / "file").write_text("ab")
    held.append(before.holds())
    before = trace()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("folder")
    held.append(before.holds())
    before = trace()
    (tmp_path / "missing").write_text("")
    held.append(before.holds())

    assert [True, False, False, False, False] == held
