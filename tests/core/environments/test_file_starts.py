"""What the reading of packages asks of a file system, of the real one and of that in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pinfold.core.files import (
    FileStart,
    FileSystem,
    LocalFileSystem,
    MemoryFileSystem,
    Unreadable,
    UnreadableReason,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["local", "memory"])
def filesystem(request: pytest.FixtureRequest, tmp_path: Path) -> FileSystem:
    """The same few files, on disk and in memory."""
    if request.param == "memory":
        memory = MemoryFileSystem({f"{tmp_path}/file": b"0123456789", f"{tmp_path}/empty": b""})
        memory.make_directory(tmp_path / "folder")
        memory.make_fifo(tmp_path / "fifo")
        for name, target in _LINKS.items():
            memory.make_link(tmp_path / name, target)
        return memory
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name, target in _LINKS.items():
        (tmp_path / name).symlink_to(target)
    return LocalFileSystem()


_LINKS = {"link": "file", "loop": "loop", "broken": "nowhere", "to-folder": "folder"}


@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("file", 4, b"0123"),
        ("file", 10, b"0123456789"),
        ("file", 1_000_000, b"0123456789"),
        ("link", 4, b"0123"),
        ("empty", 4, b""),
    ],
)
def test_start_of_a_file(
    name: str, limit: int, expected: bytes, filesystem: FileSystem, tmp_path: Path
) -> None:
    """It is read as far as wanted; the identity says how long it is, and is that of the file."""
    start = filesystem.read_start(tmp_path / name, limit)
    assert isinstance(start, FileStart)

    assert expected == start.data
    assert filesystem.identity(tmp_path / name) == start.identity


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing", UnreadableReason.MISSING),
        ("file/below", UnreadableReason.MISSING),
        ("broken", UnreadableReason.MISSING),
        ("loop", UnreadableReason.LOOP),
        ("folder", UnreadableReason.DIRECTORY),
        ("to-folder", UnreadableReason.DIRECTORY),
        ("fifo", UnreadableReason.SPECIAL),
    ],
)
def test_obstacles(
    name: str, expected: UnreadableReason, filesystem: FileSystem, tmp_path: Path
) -> None:
    """Whatever else stands at a path is said, at once."""
    found = filesystem.read_start(tmp_path / name, 10)
    assert isinstance(found, Unreadable)

    assert expected is found.reason


def test_names(filesystem: FileSystem, tmp_path: Path) -> None:
    """Everything in a folder is named, whatever it is; what is no folder has no names."""
    found = filesystem.names(tmp_path)
    assert isinstance(found, list)

    assert ["broken", "empty", "fifo", "file", "folder", "link", "loop", "to-folder"] == sorted(
        found
    )
    assert isinstance(filesystem.names(tmp_path / "file"), Unreadable)
    assert isinstance(filesystem.names(tmp_path / "missing"), Unreadable)


def test_identity_of_a_folder_changes_with_its_names() -> None:
    """In memory as on disk, whoever watches a folder sees what is put into it and taken out."""
    memory = MemoryFileSystem({"/a/b": "", "/z": ""})
    before, other = memory.identity("/a"), memory.identity("/z")
    memory.write("/a/c", "")
    added = memory.identity("/a")
    memory.remove("/a/b")

    assert 3 == len({before, added, memory.identity("/a")})
    assert other == memory.identity("/z")
