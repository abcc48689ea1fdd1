"""What is installed: which distribution counts, what is read again, and what spoils nothing."""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.installed.distributions import MAX_HEADER_BYTES
from pinfold.core.environments.installed.packages import (
    CHECKED_IN_TURN,
    GRANULARITY_NS,
    PackagesReader,
)
from pinfold.core.environments.installed.recorded_files import recorded_files, unclaimed
from pinfold.core.files import FileStart, LocalFileSystem, MemoryFileSystem, StrPath, Unreadable
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.environment import (
    Breakage,
    Environment,
    InstalledDistribution,
    InstalledPackages,
    MarkerEnvironment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SITE = "/env/lib/python3.11/site-packages"
_METADATA = f"{SITE}/foo-1.0.dist-info/METADATA"
_INSTALLER = f"{SITE}/foo-1.0.dist-info/INSTALLER"
_DIRECT_URL = '{"url": "file:///a", "dir_info": {}}'
_LATER_NS = 10**18


class _Counting(MemoryFileSystem):
    """Counts what is read, by name."""

    __slots__ = ("reads",)

    def __init__(self, files: dict[str, bytes | str] | None = None) -> None:
        super().__init__(files)
        self.reads: Counter[str] = Counter()

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        self.reads[Path(path).name] += 1
        return super().read_start(path, limit)


def _environment(*sites: str, prefix: str = "/env") -> Environment:
    markers = MarkerEnvironment({"python_version": "3.11", "os_name": "posix"}, "Python 3.11")
    return Environment(Path(prefix), tuple(map(Path, sites or (SITE,))), "3.11.2", markers)


def _files(name: str, version: str, *headers: str, site: str = SITE) -> dict[str, bytes | str]:
    folder = f"{site}/{name.replace('-', '_')}-{version}.dist-info"
    text = "\n".join([f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *headers])
    return {
        f"{folder}/METADATA": f"{text}\n\nThe body.\n",
        f"{folder}/INSTALLER": "pip\n",
        f"{folder}/RECORD": f"{name}/__init__.py,,\n{name}.py,sha256=x,1\n",
    }


def _read(files: dict[str, bytes | str], *sites: str) -> InstalledPackages:
    reader = PackagesReader(MemoryFileSystem(files), clock_ns=lambda: _LATER_NS)
    return reader.packages(_environment(*sites))


def _only(packages: InstalledPackages) -> InstalledDistribution:
    (distribution,) = packages.by_name.values()
    return distribution


def test_fields() -> None:
    """Every field comes from its file."""
    files = _files(
        "Foo.Bar", "1.0", "Requires-Python: >=3.8", "Requires-Dist: one", "Provides-Extra: An_Extra"
    )
    folder = f"{SITE}/Foo.Bar-1.0.dist-info"
    files[f"{folder}/WHEEL"] = "Tag: py2.py3-none-any\n"
    files[f"{folder}/direct_url.json"] = (
        '{"url": "file:///home/me/foo", "dir_info": {"editable": true}}'
    )
    found = _only(_read(files))

    assert ("Foo.Bar", "foo-bar", "1.0") == (found.name, found.key, found.version)
    assert Path(folder) == found.folder
    assert (("one",), ["an-extra"]) == (found.requires, list(found.extras))
    assert ["py2-none-any", "py3-none-any"] == sorted(found.tags)
    assert (">=3.8", "pip", None) == (found.requires_python, found.installer, found.problem)
    assert found.direct_url is not None
    assert Path("/home/me/foo") == found.direct_url.directory == found.editable


def test_first_on_the_path_counts() -> None:
    """Of two with one name that in the first folder counts, the other is shadowed."""
    files = _files("foo", "1.0", site="/b") | _files("Foo", "2.0", site="/a")
    packages = _read(files, "/a", "/b")

    assert ["2.0"] == [found.version for found in packages.by_name.values()]
    assert ["1.0"] == [found.version for found in packages.shadowed]


def test_two_versions_in_one_folder() -> None:
    """The one that the system lists first counts, for that is what pip takes."""
    packages = _read(_files("foo", "2.0") | _files("bar", "1") | _files("foo", "1.0"))

    assert {"foo": "2.0", "bar": "1"} == {d.key: d.version for d in packages.by_name.values()}
    assert ["1.0"] == [found.version for found in packages.shadowed]


def test_broken_and_requires() -> None:
    """What is installed is checked against itself, and what each needs is listed."""
    packages = _read(
        _files("a", "1.0", "Requires-Dist: b>=2", "Requires-Dist: c; extra == 'x'")
        | _files("b", "1.0", "Requires-Dist: d; os_name == 'posix'")
    )

    assert [Breakage.MISSING, Breakage.INCOMPATIBLE] == [b.breakage for b in packages.broken]
    assert {"a": ("b",), "b": ("d",)} == packages.requires


def test_egg_info() -> None:
    """Folders of setuptools and files of distutils, of which pip asks only the name."""
    packages = _read(
        {
            f"{SITE}/foo-9.9-py3.11.egg-info/PKG-INFO": "Name: foo\nVersion: 1.0\n",
            f"{SITE}/foo-9.9-py3.11.egg-info/requires.txt": "one\n[x]\ntwo\n",
            f"{SITE}/bar-1.0.egg-info": "Name: bar\nVersion: 1.0\nRequires-Dist: three\n",
        }
    )
    foo, bar = packages.by_name[PackageName("foo")], packages.by_name[PackageName("bar")]

    assert ("1.0", ("one", 'two ; extra == "x"')) == (foo.version, foo.requires)
    assert ["x"] == list(foo.extras)
    assert (("three",), None, None) == (bar.requires, bar.problem, foo.problem)


def test_egg_link() -> None:
    """The metadata stand in the folder that the link leads to; its second line is the project's."""
    packages = _read(
        {
            f"{SITE}/foo.egg-link": "/home/me/foo/src\n../",
            f"{SITE}/easy-install.pth": "/home/me/foo/src\n",
            "/home/me/foo/src/foo.egg-info/PKG-INFO": "Name: foo\nVersion: 1.0\n",
        }
    )

    assert Path("/home/me/foo") == _only(packages).editable
    assert Path("/home/me/foo/src/foo.egg-info") == _only(packages).folder


@pytest.mark.parametrize("text", ["/src", "/src\n", "/src\n.", "/src\n/dev\n"])
def test_egg_link_without_a_way_to_the_project(text: str) -> None:
    """Then the folder with the metadata is the project."""
    metadata = "Name: foo\nVersion: 1.0\n"
    packages = _read({f"{SITE}/foo.egg-link": text, "/src/foo.egg-info/PKG-INFO": metadata})

    assert Path("/src") == _only(packages).editable


@pytest.mark.parametrize("text", ["", "\n\n", "/nowhere", "//server/share", "\0", "/dev", SITE])
def test_egg_links_to_nowhere(text: str) -> None:
    """They are passed over, and so is one that leads back to where it stands."""
    packages = _read(_files("foo", "1.0") | {f"{SITE}/bar.egg-link": text})

    assert ["foo"] == list(packages.by_name)


def test_path_files() -> None:
    """Folders that a `.pth` adds count after the one it stands in; its code is not run."""
    packages = _read(
        _files("foo", "1.0")
        | {
            f"{SITE}/a.pth": "# remark\nimport os; os.abort()\n../extra\n\n/missing\n",
            f"{SITE}/upper.PTH": "/hidden\n",
            "/env/lib/python3.11/extra/old.egg-info/PKG-INFO": "Name: old\nVersion: 1\n",
            "/hidden/never-1.0.dist-info/METADATA": "Name: never\nVersion: 1.0\n",
        }
    )

    assert ["foo", "old"] == list(packages.by_name)


@pytest.mark.parametrize(
    ("python", "expected"),
    [("3.11.7", ["hidden"]), ("3.11.8", []), ("3.11", []), ("3.13.0", ["marked"])],
)
def test_path_files_by_version(python: str, expected: list[str]) -> None:
    """Hidden ones, and a byte order mark, are read as the Python of the environment does."""
    files: dict[str, bytes | str] = {
        f"{SITE}/.hidden.pth": "/hidden\n",
        f"{SITE}/marked.pth": b"\xef\xbb\xbf/marked\n",
        "/hidden/hidden-1.0.dist-info/METADATA": "Name: hidden\nVersion: 1.0\n",
        "/marked/marked-1.0.dist-info/METADATA": "Name: marked\nVersion: 1.0\n",
    }
    reader = PackagesReader(MemoryFileSystem(files), clock_ns=lambda: _LATER_NS)

    assert expected == list(reader.packages(replace(_environment(), python=python)).by_name)


def test_egg_folder() -> None:
    """An egg that a `.pth` names holds its metadata in `EGG-INFO`."""
    packages = _read(
        {
            f"{SITE}/easy-install.pth": "./foo-1.0-py3.11.egg\n",
            f"{SITE}/foo-1.0-py3.11.egg/EGG-INFO/PKG-INFO": "Name: foo\nVersion: 1.0\n",
            f"{SITE}/bar-1.0-py3.11.egg/EGG-INFO/PKG-INFO": "Name: bar\nVersion: 1.0\n",
        }
    )

    assert ["foo"] == list(packages.by_name)


def test_editable_path_file() -> None:
    """Where nothing else says so, the path file of an editable install says where it leads."""
    packages = _read(
        _files("foo-bar", "1.0") | {f"{SITE}/__editable__.foo_bar-1.0.pth": "/home/me/foo/src\n"}
    )

    assert Path("/home/me/foo/src") == _only(packages).editable


def test_leftovers() -> None:
    """What pip moved away and did not delete is no distribution."""
    packages = _read(
        {f"{SITE}/~ip/__init__.py": "", f"{SITE}/-1.0.dist-info/RECORD": ""}
        | _files("~ip", "23.0")
        | _files("foo\nbar", "1.0")
        | _files("foo", "1.0")
    )

    assert ["foo"] == list(packages.by_name)
    assert ["-1.0.dist-info", "foo\nbar-1.0.dist-info", "~ip", "~ip-23.0.dist-info"] == sorted(
        path.name for path in packages.leftovers
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda files: files.remove(_METADATA), "it has no metadata"),
        (lambda files: files.deny(_METADATA), "its metadata cannot be read: may not be read"),
        (lambda files: files.make_fifo(_METADATA), "its metadata cannot be read: is a pipe"),
        (lambda files: files.make_link(_METADATA, "METADATA"), "is a loop of symbolic links"),
        (lambda files: files.write(_METADATA, "Version: 1.0\n"), "its metadata have no name"),
        (lambda files: files.write(_METADATA, "Name: foo\n"), "its metadata have no version"),
        (lambda files: files.write(_METADATA, b"Name: foo\nVersion: \xff\n"), "not in UTF-8"),
        (
            lambda files: files.write(_METADATA, "Name: bar\nVersion: 1.0\n"),
            "its folder names foo, its metadata bar",
        ),
        (
            lambda files: files.write(_METADATA, "Name: foo\nVersion: 2.0\n"),
            "its folder says version 1.0, its metadata 2.0",
        ),
        (
            lambda files: files.write(_METADATA, b"Name: foo\n" + b"X: y\n" * MAX_HEADER_BYTES),
            "are larger than 1 MiB",
        ),
        (
            lambda files: (files.remove(_METADATA[:-8] + "RECORD"), files.remove(_INSTALLER)),
            "its RECORD is missing",
        ),
        (
            lambda files: files.write(_METADATA[:-8] + "WHEEL", "Tag: nonsense\n"),
            "its WHEEL has tags that cannot be read",
        ),
    ],
)
def test_problems(change: Callable[[MemoryFileSystem], None], expected: str) -> None:
    """Metadata that cannot be trusted are installed all the same, and what is wrong is said."""
    files = MemoryFileSystem(_files("foo", "1.0"))
    change(files)
    found = _only(PackagesReader(files, clock_ns=lambda: _LATER_NS).packages(_environment()))

    assert ("foo", "1.0") == (found.key, found.version)
    assert expected in (found.problem or "")


def test_no_site_packages() -> None:
    """An environment without its folder has nothing in it."""
    assert {} == _read({"/env/pyvenv.cfg": ""}).by_name


def test_same_object_while_nothing_changes() -> None:
    """Nothing is read again, and the answer is the very same."""
    files = _Counting(_files("foo", "1.0"))
    reader = PackagesReader(files, clock_ns=lambda: _LATER_NS)
    first = reader.packages(_environment())
    reads = files.reads.total()

    assert first is reader.packages(_environment())
    assert reads == files.reads.total()


def test_one_more_is_installed() -> None:
    """After an install only the new one is read; the others are the same objects."""
    files = _Counting(_files("foo", "1.0") | _files("bar", "1.0"))
    reader = PackagesReader(files, clock_ns=lambda: _LATER_NS)
    first = reader.packages(_environment())
    files.reads.clear()
    for path, content in _files("baz", "1.0").items():
        files.write(path, content)
    second = reader.packages(_environment())

    assert (2, 3, 1) == (len(first.by_name), len(second.by_name), files.reads["METADATA"])
    assert first.by_name[PackageName("foo")] is second.by_name[PackageName("foo")]


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.remove(f"{SITE}/foo-1.0.dist-info"),
        lambda files: files.write(_METADATA, "Name: foo\nVersion: 1.0\nRequires-Dist: new\n"),
        lambda files: files.write(f"{SITE}/foo-1.0.dist-info/direct_url.json", _DIRECT_URL),
        lambda files: files.write("/src/one.egg-info/PKG-INFO", "Name: one\nVersion: 2.0\n"),
        lambda files: files.write(f"{SITE}/one.egg-link", "/nowhere\n"),
        lambda files: files.write("/later/two.egg-info/PKG-INFO", "Name: two\nVersion: 1\n"),
        lambda files: files.write("/half/six.egg-info/PKG-INFO", "Name: six\nVersion: 1\n"),
    ],
)
def test_changes_are_noticed(change: Callable[[MemoryFileSystem], None]) -> None:
    """Whatever changes, the answer is another one within a few calls, and stays that."""
    files = MemoryFileSystem(
        _files("foo", "1.0")
        | {
            f"{SITE}/one.egg-link": "/src\n",
            f"{SITE}/paths.pth": "/later\n/half\n",
            "/src/one.egg-info/PKG-INFO": "Name: one\nVersion: 1.0\n",
        }
    )
    files.make_directory("/half/six.egg-info")
    reader = PackagesReader(files, clock_ns=lambda: _LATER_NS)
    first = reader.packages(_environment())
    change(files)
    second = reader.packages(_environment())

    assert first is not second
    assert second is reader.packages(_environment())


def test_changes_inside_are_noticed_in_turn() -> None:
    """A change that only one of many metadata files shows is noticed after a round of calls."""
    files = MemoryFileSystem()
    for number in range(3 * CHECKED_IN_TURN):
        for path, content in _files(f"foo{number}", "1.0").items():
            files.write(path, content)
    reader = PackagesReader(files, clock_ns=lambda: _LATER_NS)
    first = reader.packages(_environment())
    changed = "Name: foo150\nVersion: 1.0\nRequires-Dist: foo1\n"
    files.write(f"{SITE}/foo150-1.0.dist-info/METADATA", changed)
    later = [reader.packages(_environment()) for _ in range(4)]

    assert any(packages is not first for packages in later)


def test_change_within_the_tick_of_the_clock() -> None:
    """A folder that was changed just before it was listed may be changed again unnoticed."""
    files = _Frozen(_files("foo", "1.0"))
    now = [files.time_ns + 1]
    reader = PackagesReader(files, clock_ns=lambda: now[0])
    first = reader.packages(_environment())
    again = reader.packages(_environment())
    for path, content in _files("bar", "1.0").items():
        files.write(path, content)
    second = reader.packages(_environment())
    now[0] += GRANULARITY_NS
    third = reader.packages(_environment())

    assert first is again
    assert ["foo", "bar"] == list(second.by_name)
    assert second is third


class _Frozen(MemoryFileSystem):
    """Every file and folder has the same time, as after changes between two ticks of a clock."""

    __slots__ = ("time_ns",)

    def __init__(self, files: dict[str, bytes | str]) -> None:
        super().__init__(files)
        self.time_ns = 10**15

    def identity(self, path: StrPath):  # type: ignore[no-untyped-def]  # that of the overridden
        """Return the identity with the one time."""
        found = super().identity(path)
        return None if found is None else found._replace(mtime_ns=self.time_ns)

    def read_start(self, path: StrPath, limit: int) -> FileStart | Unreadable:
        found = super().read_start(path, limit)
        if isinstance(found, Unreadable):
            return found
        return found._replace(identity=found.identity._replace(mtime_ns=self.time_ns))


def test_another_environment_at_the_same_place() -> None:
    """Where the folders or the markers are others, so is the answer."""
    reader = PackagesReader(MemoryFileSystem(_files("foo", "1.0")), clock_ns=lambda: _LATER_NS)
    first = reader.packages(_environment())

    assert first is not reader.packages(_environment(SITE, "/other"))


def test_names() -> None:
    """Names and versions come from the folders alone."""
    files = _Counting(_files("foo", "1.0") | _files("foo", "2.0") | _files("~ip", "1"))
    files.write(f"{SITE}/bar-2.0-py3.11.egg-info", "")
    found = PackagesReader(files).names(_environment(SITE, "/missing"))

    assert [("foo", "1.0"), ("bar", None)] == [(name.name, name.version) for name in found]
    assert 0 == files.reads.total()


def test_platforms_are_judged_where_they_belong() -> None:
    """A virtual environment does not answer for what its base has installed."""
    files = _files("old", "1.0", site="/usr/lib")
    files["/usr/lib/old-1.0.dist-info/WHEEL"] = "Tag: cp27-cp27m-win32\n"
    base, virtual = (
        _read(files, SITE, "/usr/lib"),
        _read(files | {"/env/pyvenv.cfg": ""}, SITE, "/usr/lib"),
    )

    assert [Breakage.PLATFORM] == [found.breakage for found in base.broken]
    assert () == virtual.broken


def test_several_threads() -> None:
    """They get one and the same answer."""
    reader = PackagesReader(MemoryFileSystem(_files("foo", "1.0")), clock_ns=lambda: _LATER_NS)
    found: list[InstalledPackages] = []
    threads = [
        threading.Thread(target=lambda: found.append(reader.packages(_environment())))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(set(map(id, found)))


def test_directories_that_vanish() -> None:
    """What is gone between the listing and the reading is just gone."""

    class Vanishing(MemoryFileSystem):
        __slots__ = ()

        def names(self, directory: StrPath) -> list[str] | Unreadable:
            found = super().names(directory)
            if str(directory) == SITE:
                self.remove(f"{SITE}/foo-1.0.dist-info")
            return found

    files = Vanishing(_files("foo", "1.0") | _files("bar", "1.0"))
    packages = PackagesReader(files, clock_ns=lambda: _LATER_NS).packages(_environment())

    assert ["bar"] == list(packages.by_name)


def test_odd_names_on_a_real_disk(tmp_path: Path) -> None:
    """Names with line ends and with bytes that are not UTF-8 are left over, and nothing raises."""
    for name in (b"foo\nbar-1.0.dist-info", b"\xff-1.0.dist-info", b"a-1.0.dist-info", b"\xff.pth"):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).mkdir()
    (tmp_path / "a-1.0.dist-info" / "METADATA").write_text("Name: a\nVersion: 1.0\n\n")
    (tmp_path / "b.egg-link").write_bytes(b"\xff\xfe\n")
    (tmp_path / "b.pth").write_bytes(b"\xff\xfe\n")
    packages = PackagesReader(LocalFileSystem()).packages(_environment(str(tmp_path)))

    assert ["a"] == list(packages.by_name)
    assert 2 == len(packages.leftovers)


def test_hostile_files_on_a_real_disk(tmp_path: Path) -> None:
    """A huge file is read in part; a FIFO, a loop and a device are not opened."""
    for name in ("huge", "fifo", "loop", "device", "linked"):
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
        (tmp_path / f"{name}-1.0.dist-info" / "INSTALLER").write_text("pip\n")
    with (tmp_path / "huge-1.0.dist-info" / "METADATA").open("wb") as file:
        file.write(b"Name: huge\nVersion: 1.0\n\n")
        file.truncate(100 * 1024 * 1024)
    os.mkfifo(tmp_path / "fifo-1.0.dist-info" / "METADATA")
    (tmp_path / "loop-1.0.dist-info" / "METADATA").symlink_to("METADATA")
    (tmp_path / "device-1.0.dist-info" / "METADATA").symlink_to("/dev/zero")
    (tmp_path / "linked-1.0.dist-info" / "METADATA").symlink_to(
        tmp_path / "huge-1.0.dist-info" / "METADATA"
    )
    packages = PackagesReader(LocalFileSystem()).packages(_environment(str(tmp_path)))
    problems = {str(found.key): found.problem for found in packages.by_name.values()}

    assert {"huge", "fifo", "loop", "device", "linked"} == problems.keys()
    assert problems["huge"] is None
    assert "huge" in (problems["linked"] or "")
    assert "pipe" in (problems["fifo"] or "")
    assert "pipe" in (problems["device"] or "")
    assert "loop" in (problems["loop"] or "")


@pytest.mark.slow
def test_very_many(tmp_path: Path) -> None:
    """Ten times as many take about ten times as long, and come to an end."""
    import time

    took = []
    for count in (2_000, 18_000):
        for number in range(count):
            (tmp_path / f"a{count + number}-1.0.dist-info").mkdir()
        begun = time.process_time()
        packages = PackagesReader(LocalFileSystem()).packages(_environment(str(tmp_path)))
        took.append(time.process_time() - begun)

    assert 20_000 == len(packages.by_name)
    assert took[1] < 40 * took[0]


def test_recorded_files() -> None:
    """RECORD is relative to the folder of the packages, what came before it to the metadata."""
    files = MemoryFileSystem(
        _files("foo", "1.0")
        | {
            f"{SITE}/bar.egg-info/PKG-INFO": "Name: bar\nVersion: 1.0\n",
            f"{SITE}/bar.egg-info/installed-files.txt": "../b/a.py\nPKG-INFO\n../../../../bin/b\n",
            f"{SITE}/none.egg-info/PKG-INFO": "Name: none\nVersion: 1.0\n",
        }
    )
    packages = PackagesReader(files, clock_ns=lambda: _LATER_NS).packages(_environment())

    assert {
        "foo": ("foo/__init__.py", "foo.py"),
        "bar": ("b/a.py", "bar.egg-info/PKG-INFO", "../../../bin/b"),
        "none": None,
    } == {key: recorded_files(files, found) for key, found in packages.by_name.items()}


def test_unclaimed() -> None:
    """Modules that no record names are what an interrupted install left behind."""
    files = MemoryFileSystem(
        _files("foo", "1.0")
        | {
            f"{SITE}/foo/__init__.py": "",
            f"{SITE}/half/__init__.py": "",
            f"{SITE}/~half/__init__.py": "",
            f"{SITE}/__pycache__/foo.pyc": "",
            f"{SITE}/a.pth": "",
        }
    )
    packages = PackagesReader(files, clock_ns=lambda: _LATER_NS).packages(_environment())

    assert (Path(SITE, "half"),) == unclaimed(files, packages)
