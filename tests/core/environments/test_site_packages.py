"""What names in a folder stand for, held against ``importlib.metadata`` where it has a say."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.installed.site_packages import (
    MAX_PATHS,
    parse_egg_link,
    parse_location,
    parse_path_file,
    read_location,
    skips_byte_order_mark,
    skips_hidden_path_files,
)
from pinfold.core.files import LocalFileSystem, Unreadable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("foo-1.0.dist-info", ("foo", "1.0", False, "foo")),
        ("Foo_Bar-1.0-2.dist-info", ("Foo_Bar", "1.0-2", False, "foo-bar")),
        ("foo.dist-info", (None, None, False, None)),
        ("FOO-1.0.DIST-INFO", (None, None, False, None)),
        ("-1.0.dist-info", (None, "1.0", False, None)),
        (".dist-info", (None, None, False, None)),
        ("foo-1.0-py3.11.egg-info", ("foo", None, True, "foo")),
        ("foo.egg-info", ("foo", None, True, "foo")),
        ("FOO.EGG-INFO", (None, None, True, None)),
        (".egg-info", (None, None, True, None)),
    ],
)
def test_metadata_places(name: str, expected: tuple[object, ...]) -> None:
    """Name and version are those that pip takes from the name of a folder."""
    (place,) = parse_location("/site", [name]).places

    assert (f"/site/{name}", *expected, None) == tuple(place)


def test_order_is_that_of_the_standard_library(tmp_path: Path) -> None:
    """Distributions come one after the other as ``importlib.metadata`` comes upon them."""
    for number in range(40):
        for name in (f"foo{number}-1.0.dist-info", f"Foo{number % 7}-2.{number}.dist-info"):
            (tmp_path / name).mkdir()
    location = read_location(LocalFileSystem(), str(tmp_path))

    assert not isinstance(location, Unreadable)
    assert [place.folder for place in location.places] == [
        str(found._path)  # type: ignore[attr-defined]  # it has no public way to ask
        for found in importlib.metadata.distributions(path=[str(tmp_path)])
    ]


def test_other_names() -> None:
    """Links, path files and leftovers are told apart; the rest is nobody's."""
    location = parse_location(
        "/site",
        ["foo", "foo.py", "b.pth", "C.PTH", "a.pth", "~oo", "c.egg-link", "D.EGG-LINK", "EGG-INFO"],
    )

    assert ("/site/a.pth", "/site/b.pth") == location.path_files
    assert (("/site/c.egg-link",), ("/site/~oo",)) == (location.egg_links, location.leftovers)
    assert () == location.places


def test_paths_of_a_path_file() -> None:
    """Relative to where it stands; code, remarks, devices and other machines are left out."""
    data = (
        b"\xef\xbb\xbf# remark\nimport x\nimport\tx\n\n/a/b \r\n../c\n//server/share/./x\n/dev/fd\n"
    )

    assert ("/a/b", "/c", "//server/share/x") == parse_path_file(data, "/site")


def test_mark_that_is_not_skipped() -> None:
    """Before 3.13 the mark makes the first line another one."""
    data = b"\xef\xbb\xbf/a\n/b\n"

    assert ("/site/\ufeff/a", "/b") == parse_path_file(data, "/site", skips_mark=False)


@pytest.mark.parametrize(
    ("python", "hidden", "mark"),
    [
        (None, True, True),
        ("?", True, True),
        ("2.7.18", False, False),
        ("3.7.16", False, False),
        ("3.8.18", False, False),
        ("3.8.19", True, False),
        ("3.12", True, False),
        ("3.12.1", False, False),
        ("3.12.2", True, False),
        ("3.13.0rc1", True, True),
        ("3.14", True, True),
    ],
)
def test_path_files_of_versions(python: str | None, hidden: bool, mark: bool) -> None:
    """What `site` passes over depends on its version; of one known in part, the newest counts."""
    assert (hidden, mark) == (skips_hidden_path_files(python), skips_byte_order_mark(python))


def test_endless_path_file() -> None:
    """Only so many paths are taken from one file."""
    assert MAX_PATHS == len(parse_path_file(b"a\n" * 100_000, "/site"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [("../a", "/a"), ("/a/./b", "/a/b"), ("\\\\server\\a", None), ("/dev", None)],
)
def test_egg_link(line: str, expected: str | None) -> None:
    """Relative to where it stands, and only to what may be looked at."""
    assert expected == parse_egg_link(line, "/site")
