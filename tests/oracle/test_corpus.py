"""What is taken out of a source archive, and what is left in it."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import PurePosixPath

import pytest

from tests.oracle.corpus import dependency_files, is_dependency_file, package_names


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("requirements.txt", True),
        ("test-requirements.txt", True),
        ("doc/requirements.txt", True),
        ("Requirements_Dev.TXT", True),
        ("requirements/extras/redis.txt", True),
        ("requirements/base.in", True),
        ("constraints-3.12.txt", True),
        ("requirements/README.md", False),
        ("README.txt", False),
        ("src/foo.egg-info/requirements.txt", False),
    ],
)
def test_names_of_dependency_files(path: str, expected: bool) -> None:
    """Files and folders are known by the usual namings."""
    assert expected == is_dependency_file(PurePosixPath(path))


def test_tar_gives_regular_files_below_its_top() -> None:
    """Links, absolute paths, ways out and giants stay in the archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, size in [
            ("foo-1.0/requirements.txt", 3),
            ("foo-1.0/docs/requirements.txt", 3),
            ("foo-1.0/setup.py", 3),
            ("requirements.txt", 3),
            ("/requirements.txt", 3),
            ("foo-1.0/../../requirements.txt", 3),
            ("foo-1.0/..\\..\\requirements.txt", 3),
            ("foo-1.0/c:/requirements.txt", 3),
            ("foo-1.0/big-requirements.txt", 2_000_000),
        ]:
            member = tarfile.TarInfo(name)
            member.size = size
            tar.addfile(member, io.BytesIO(b"x" * size))
        link = tarfile.TarInfo("foo-1.0/link-requirements.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    stream.seek(0)

    actual = [(str(path), data) for path, data in dependency_files(stream, "foo-1.0.tar.gz")]

    assert [("requirements.txt", b"xxx"), ("docs/requirements.txt", b"xxx")] == actual


def test_zip_gives_the_same() -> None:
    """A zip file is read by the same rules."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        zipped.writestr("foo-1.0/", "")
        zipped.writestr("foo-1.0/requirements.txt", "foo")
        zipped.writestr("foo-1.0/../requirements.txt", "foo")
        zipped.writestr("foo-1.0/README.txt", "foo")
    stream.seek(0)

    actual = [(str(path), data) for path, data in dependency_files(stream, "foo-1.0.zip")]

    assert [("requirements.txt", b"foo")] == actual


def test_listed_packages_are_many_and_different() -> None:
    """The list has names enough for its purpose, and none twice in different spellings."""
    names = package_names()

    assert len(names) >= 150
    assert len(names) == len({name.lower().replace("_", "-").replace(".", "-") for name in names})
