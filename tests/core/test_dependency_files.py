"""Finding and reading files: names, prose, the search of a folder, and what stands in the way."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.files import (
    FileSystem,
    Listing,
    LocalFileSystem,
    MemoryFileSystem,
    StrPath,
    Unreadable,
    UnreadableReason,
    is_local_path,
    locale_encoding,
)
from pinfold.core.gitignore import repository_root
from pinfold.core.model.files import FileRole
from pinfold.core.settings import ProjectSettings
from pinfold.core.workspace import dependency_files
from pinfold.core.workspace.dependency_files import (
    SearchProgress,
    classify_name,
    find_dependency_files,
    is_certain_name,
    looks_like_dependency_file,
    role_of_named_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOBODY = 65534


class _World:
    """Builds the same files for the real file system and for the one in memory."""

    def __init__(self, root: Path, filesystem: FileSystem) -> None:
        self.root = root
        self.filesystem = filesystem

    def write(self, name: str, content: bytes = b"") -> Path:
        path = self.root / name
        if isinstance(self.filesystem, MemoryFileSystem):
            self.filesystem.write(path, content)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path

    def make_directory(self, name: str) -> Path:
        path = self.root / name
        if isinstance(self.filesystem, MemoryFileSystem):
            self.filesystem.make_directory(path)
        else:
            path.mkdir(parents=True)
        return path

    def make_link(self, name: str, target: str) -> Path:
        path = self.root / name
        if isinstance(self.filesystem, MemoryFileSystem):
            self.filesystem.make_link(path, target)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        return path

    def make_fifo(self, name: str) -> Path:
        path = self.root / name
        if isinstance(self.filesystem, MemoryFileSystem):
            self.filesystem.make_fifo(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(path)
        return path

    def deny(self, name: str) -> Path:
        path = self.root / name
        if isinstance(self.filesystem, MemoryFileSystem):
            self.filesystem.deny(path)
        else:
            path.chmod(0)
        return path


@pytest.fixture(params=["local", "memory"])
def world(request: pytest.FixtureRequest) -> Iterator[_World]:
    """An empty folder, on disk and in memory."""
    if request.param == "memory":
        memory = MemoryFileSystem()
        memory.make_directory("/w")
        yield _World(Path("/w"), memory)
        return
    # Not tmp_path, whose parents only their owner may enter: nobody has to get here.
    root = Path(tempfile.mkdtemp(prefix="pinfold-test-"))
    root.chmod(0o755)
    yield _World(root, LocalFileSystem())
    for directory in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        directory.chmod(0o755)
    shutil.rmtree(root)


@contextmanager
def _nobody() -> Iterator[None]:
    """Root may read everything, so that permission is tried as somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class _Vanishing:
    """A file system in which one folder vanishes before it is listed."""

    def __init__(self, inner: FileSystem, gone: Path) -> None:
        self._gone = str(gone)
        self.read_bytes = inner.read_bytes
        self.read_start = inner.read_start
        self.names = inner.names
        self.is_executable = inner.is_executable
        self.read_link = inner.read_link
        self.identity = inner.identity
        self.is_file = inner.is_file
        self.is_directory = inner.is_directory
        self.exists = inner.exists
        self._scan = inner.scan

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        if str(directory) == self._gone:
            return Unreadable(UnreadableReason.MISSING, "does not exist")
        return self._scan(directory)


def _reason(result: bytes | Listing | Unreadable) -> UnreadableReason | None:
    return result.reason if isinstance(result, Unreadable) else None


def test_file_is_read(world: _World) -> None:
    """The bytes of a file come back as they are, also through links and with nothing in it."""
    content = bytes(range(256)) * 1_000
    file = world.write("a/file.txt", content)
    empty = world.write("empty.txt")
    link = world.make_link("link", "a/../a/./file.txt")
    filesystem = world.filesystem

    assert (content, b"", content) == tuple(map(filesystem.read_bytes, (file, empty, link)))
    assert (content, UnreadableReason.TOO_LARGE) == (
        filesystem.read_bytes(file, 256_000),
        _reason(filesystem.read_bytes(file, 255_999)),
    )


def test_obstacles_are_values(world: _World) -> None:
    """Whatever else stands at a path is said, at once and without an exception."""
    world.make_link("loop", "loop2")
    world.make_link("loop2", "loop")
    world.make_link("broken", "nowhere")
    world.write("file", b"x")
    expected = {
        "missing": UnreadableReason.MISSING,
        "missing/below": UnreadableReason.MISSING,
        "file/below": UnreadableReason.MISSING,
        "broken": UnreadableReason.MISSING,
        "loop": UnreadableReason.LOOP,
        "loop/below": UnreadableReason.LOOP,
        world.make_directory("folder").name: UnreadableReason.DIRECTORY,
        world.make_fifo("fifo").name: UnreadableReason.SPECIAL,
    }
    found = {name: world.filesystem.read_bytes(world.root / name) for name in expected}

    assert expected == {name: _reason(result) for name, result in found.items()}
    assert all(isinstance(result, Unreadable) and result.detail for result in found.values())


def test_folder_is_listed(world: _World) -> None:
    """A listing tells folders from everything else, and links are never folders."""
    world.write("folder/inner/file.txt")
    world.write("file.txt")
    world.make_link("link", "folder")
    world.make_link("broken", "nowhere")
    world.make_fifo("fifo")
    listing = world.filesystem.scan(world.root)
    assert isinstance(listing, Listing)

    assert (["folder"], ["broken", "fifo", "file.txt", "link"]) == (
        sorted(listing.directories),
        sorted(listing.files),
    )


def test_what_is_no_folder_is_not_listed(world: _World) -> None:
    """Listing a file or nothing gives a reason."""
    world.write("file.txt")
    results = [_reason(world.filesystem.scan(world.root / name)) for name in ("file.txt", "none")]

    assert results[1] is UnreadableReason.MISSING
    assert results[0] in (UnreadableReason.NOT_A_DIRECTORY, UnreadableReason.MISSING)


def test_permission_denied(world: _World) -> None:
    """What may not be read is a value, for a file and for a folder."""
    world.write("file.txt", b"x")
    world.make_directory("folder")
    file, folder = world.deny("file.txt"), world.deny("folder")
    with _nobody():
        found = (world.filesystem.read_bytes(file), world.filesystem.scan(folder))

    assert [UnreadableReason.DENIED] * 2 == [_reason(result) for result in found]


def test_kind_of_what_stands_there(world: _World) -> None:
    """Questions follow links, and are answered for what is not there."""
    world.write("folder/file.txt", b"x")
    world.make_link("to-file", "folder/file.txt")
    world.make_link("to-folder", "folder")
    world.make_link("loop", "loop")
    world.make_fifo("fifo")
    names = ("folder/file.txt", "folder", "to-file", "to-folder", "loop", "fifo", "none")
    filesystem = world.filesystem
    answers = {
        name: (
            filesystem.is_file(world.root / name),
            filesystem.is_directory(world.root / name),
            filesystem.exists(world.root / name),
        )
        for name in names
    }

    expected = {
        "folder/file.txt": (True, False, True),
        "folder": (False, True, True),
        "to-file": (True, False, True),
        "to-folder": (False, True, True),
        "loop": (False, False, False),
        "fifo": (False, False, True),
        "none": (False, False, False),
    }
    assert expected == answers


def test_identity_changes_with_the_file(world: _World) -> None:
    """An unchanged file keeps its identity, a rewritten one has another."""
    path = world.write("file.txt", b"one")
    first, again = world.filesystem.identity(path), world.filesystem.identity(path)
    world.write("file.txt", b"three")

    assert first == again
    assert first != world.filesystem.identity(path)
    assert world.filesystem.identity(world.root / "none") is None


@pytest.mark.parametrize("path", ["a\0b", "a\ud800b", "x" * 5_000, ""])
def test_impossible_path(path: str) -> None:
    """A path that no system can have is unreadable like any other."""
    filesystem = LocalFileSystem()

    assert isinstance(filesystem.read_bytes(path), Unreadable)
    assert isinstance(filesystem.scan(path + "\0"), Unreadable)
    assert (False, None) == (filesystem.exists(path), filesystem.identity(path))


def test_socket_and_device_are_not_opened(tmp_path: Path) -> None:
    """Neither a socket nor a device is a file to read."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    found = [
        _reason(LocalFileSystem().read_bytes(path))
        for path in (tmp_path / "socket", "/dev/zero", "/dev/null")
    ]
    listener.close()

    assert [UnreadableReason.SPECIAL] * 3 == found


def test_waiting_writer_of_a_fifo_is_left_alone(tmp_path: Path) -> None:
    """A look at a FIFO does not wake, and so not kill, the process that waits to write to it."""
    fifo = tmp_path / "requirements.txt"
    os.mkfifo(fifo)
    written = threading.Event()

    def write() -> None:
        with fifo.open("wb", buffering=0) as stream:
            stream.write(b"flask")
        written.set()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    reason = _reason(LocalFileSystem().read_bytes(fifo))
    was_woken = written.is_set()
    with fifo.open("rb") as stream:
        assert b"flask" == stream.read()
    writer.join(10)

    assert (UnreadableReason.SPECIAL, False) == (reason, was_woken)


def test_kernel_file_without_a_size_is_read_to_its_limit() -> None:
    """A file that says it is empty, and is not, is read, and only so far."""
    filesystem = LocalFileSystem()
    content = filesystem.read_bytes("/proc/self/maps")
    assert isinstance(content, bytes)

    assert len(content) > 500
    assert UnreadableReason.TOO_LARGE is _reason(filesystem.read_bytes("/proc/self/maps", 400))


@pytest.mark.parametrize(
    ("path", "windows", "expected"),
    [
        ("base.txt", False, True),
        ("/home/user/base.txt", False, True),
        ("/devel/base.txt", False, True),
        ("/dev/stdin", False, False),
        ("//dev/stdin", False, False),
        ("///x/../dev/./stdin", False, False),
        ("/proc/self/fd/0", False, False),
        ("\\\\server\\share\\x", False, False),
        ("\\\\server\\share\\x", True, False),
        ("//server/share/x", True, False),
        ("\\/server/share/x", True, False),
        ("\\\\?\\C:\\x", True, False),
        ("\\\\.\\pipe\\x", True, False),
        ("//server/share/x", False, True),
        ("C:\\base.txt", True, True),
        ("sub/nul", True, False),
        ("sub\\NUL.txt", True, False),
        ("com1", True, False),
        ("console.txt", True, True),
        ("nul", False, True),
        ("a\0b", False, False),
    ],
)
def test_paths_that_are_never_opened(path: str, windows: bool, expected: bool) -> None:
    """Servers and devices that a file names are links, not files."""
    assert expected == is_local_path(path, windows=windows)


def test_locale_encoding_is_one_that_python_knows() -> None:
    """The fallback can be decoded with."""
    assert "flask" == b"flask".decode(locale_encoding())


@pytest.mark.parametrize(
    ("name", "role", "is_certain"),
    [
        ("requirements.txt", FileRole.REQUIREMENTS, True),
        ("Requirements.TXT", FileRole.REQUIREMENTS, True),
        ("requirements.in", FileRole.INPUT, True),
        ("constraints.txt", FileRole.CONSTRAINTS, True),
        ("constraints.in", FileRole.CONSTRAINTS_INPUT, True),
        ("upper-constraints.txt", FileRole.CONSTRAINTS, True),
        ("my-constraints.txt", FileRole.CONSTRAINTS, False),
        ("dev-requirements.txt", FileRole.REQUIREMENTS, True),
        ("requirements_dev.txt", FileRole.REQUIREMENTS, True),
        ("requirements.dev.txt", FileRole.REQUIREMENTS, True),
        ("requirementsdev.txt", FileRole.REQUIREMENTS, True),
        ("test_requirements.txt", FileRole.REQUIREMENTS, True),
        ("pip-requirements.txt", FileRole.REQUIREMENTS, True),
        ("requirements-py311-linux.txt", FileRole.REQUIREMENTS, True),
        ("requirements.txt.in", FileRole.INPUT, True),
        ("reqs.txt", FileRole.REQUIREMENTS, True),
        ("requirement.txt", FileRole.REQUIREMENTS, True),
        ("requirements/base.txt", FileRole.REQUIREMENTS, True),
        ("requirements/base.in", FileRole.INPUT, True),
        ("reqs/whatever.txt", FileRole.REQUIREMENTS, False),
        ("requirements/py3/whatever.txt", FileRole.REQUIREMENTS, False),
        ("test-requirements/base.txt", FileRole.REQUIREMENTS, False),
        ("constraints/base.txt", FileRole.CONSTRAINTS, True),
        ("constraints/requirements.txt", FileRole.REQUIREMENTS, True),
        ("product-requirements.txt", FileRole.REQUIREMENTS, False),
        ("requirements-analysis.txt", FileRole.REQUIREMENTS, False),
        ("requirements/README.txt", None, False),
        ("requirements/notes.txt", None, False),
        ("requirements/MANIFEST.in", None, False),
        ("requirements/base.md", None, False),
        ("requirements/a/b/c.txt", None, False),
        ("system-requirements.txt", None, False),
        ("requirements/apt.txt", None, False),
        ("requirements.md", None, False),
        ("requirements", None, True),
        ("base.txt", None, False),
        ("requires.txt", None, False),
        ("", None, False),
    ],
)
def test_names(name: str, role: FileRole | None, is_certain: bool) -> None:
    """The usual namings are known, and which of them leave no doubt."""
    assert role == classify_name(name)
    assert role is None or is_certain == is_certain_name(name)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("deps.txt", FileRole.REQUIREMENTS),
        ("deps.in", FileRole.INPUT),
        ("constraints.txt", FileRole.CONSTRAINTS),
    ],
)
def test_named_file_always_has_a_role(name: str, role: FileRole) -> None:
    """A file that somebody names is judged whatever it is called."""
    assert role == role_of_named_file(Path(name))


_DEPENDENCIES = {
    "mistaken operators": "flask >== 2.0\ndjango => 3\nrich=<v1\n",
    "pins": "Flask==1.0\ndjango [argon2] >= 3.2 # why\n",
    "names": "flask\n\n# comment\ndjango\n",
    "mistakes": "flask=1.0\ndjango = 3.2\nx==1--hash=sha256:0\ny >> 1\nz==1 \\\n --hash=sha256:0\n",
    "options": "-r base.txt\n-cconstraints.txt\n--no-index\n-e .\n--extra-index-url https://x/\n",
    "paths": "./a\n../b/c.whl\n.\n/opt/x.tgz\n-e git+ssh://git@host/x\ngit@host:x/y\n",
    "references": "x @ https://host/x.zip ; python_version < '3'\nhttps://host/x-1.0.tar.gz\n${X}\n",
    "hashes": "a==1 \\\n" + "    --hash=sha256:00 \\\n" * 500 + "    --hash=sha256:01\n",
    "byte order mark": "\ufeffflask==1\n",
    "nothing": "\n# only\n  # comments\n",
    "conflict": "a==1\nb==2\n<<<<<<< HEAD\nc==3\n=======\nc==4\n>>>>>>> x\n",
}
_PROSE = {
    "sentences": "Product requirements\n\nThe user must be able to log in.\nIt should be fast.\n",
    "list": "Requirements for release:\n\n- login works\n- a person can pay by card\n* search\n",
    "numbered": "1. The system shall start.\n2. It shall stop.\n1.1 Also in winter\n",
    "headings": "Functional requirements\n=======================\n\nRQ-1: a user logs in\n",
    "table": "Package    Version\n---------- -------\nflask      1.0\ndjango     3.2\n",
    "template": "{% if x %}\nflask\n{% endif %}\n{{ other }}\n",
    "apology": "See setup.py for the list of dependencies\n",
    "binary": "\0\x01\x02ELF\0\n\x7f\0",
}


@pytest.mark.parametrize("name", _DEPENDENCIES)
def test_dependency_files_look_like_such(name: str) -> None:
    """What people write into requirements files passes, mistakes included."""
    assert looks_like_dependency_file(_DEPENDENCIES[name])


@pytest.mark.parametrize("name", _PROSE)
def test_prose_does_not_look_like_a_dependency_file(name: str) -> None:
    """Prose, tables and templates do not pass."""
    assert not looks_like_dependency_file(_PROSE[name])


def test_look_at_a_huge_line_is_bounded() -> None:
    """A file of one endless line is answered without reading it through."""
    assert looks_like_dependency_file("a" * 5_000_000)
    assert not looks_like_dependency_file("a b " * 1_000_000)
    assert not looks_like_dependency_file("[" * 1_000_000 + "-" * 1_000_000)


def _search(world: _World, start: str = "", settings: ProjectSettings | None = None) -> list[str]:
    """Return the names found, after checking that they come sorted."""
    found = [
        str(item.path.relative_to(world.root))
        for item in find_dependency_files(world.root / start, world.filesystem, settings=settings)
    ]
    assert found == sorted(found)
    return found


def test_search_finds_the_usual_names(world: _World) -> None:
    """Files are found at any depth, and nothing else is."""
    names = ["a/b/dev-requirements.txt", "requirements.txt", "requirements/base.txt"]
    for name in [*names, "setup.py", "a/base.txt", "requirements/README.txt", "a.txt"]:
        world.write(name)

    assert names == _search(world)


def test_found_files_say_their_role(world: _World) -> None:
    """What is found comes with its role, and whether its name leaves a doubt."""
    for name in ("requirements/x.in", "constraints.txt"):
        world.write(name)
    found = list(find_dependency_files(world.root, world.filesystem))

    assert [(FileRole.CONSTRAINTS, True), (FileRole.INPUT, False)] == [
        (item.role, item.is_certain) for item in found
    ]


@pytest.mark.parametrize(
    "folder",
    [
        ".git", ".hg", "node_modules", "__pycache__", ".tox", ".nox", "site-packages", ".venv",
        "a/.mypy_cache", "x.egg-info", "lib/python3.12/site-packages/x",
    ],
)  # fmt: skip
def test_folders_of_tools_are_passed_over(world: _World, folder: str) -> None:
    """What tools keep for themselves is not searched."""
    world.write(f"{folder}/requirements.txt")

    assert [] == _search(world)


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_environments_are_passed_over(world: _World, mark: str) -> None:
    """An environment of any name is known by what is in it, unless the search starts there."""
    world.write("whatever/" + mark)
    world.write("whatever/lib/requirements.txt")

    assert [] == _search(world)
    assert ["whatever/lib/requirements.txt"] == _search(world, "whatever")


def test_links_to_folders_are_not_followed(world: _World) -> None:
    """A loop of links ends, and a link to a file counts as one."""
    world.write("a/requirements.txt")
    world.make_link("a/up", "..")
    world.make_link("b", "a")
    world.make_link("dev-requirements.txt", "a/requirements.txt")

    assert ["a/requirements.txt", "dev-requirements.txt"] == _search(world)


def test_odd_things_of_the_name_are_found(world: _World) -> None:
    """A folder, a FIFO or a broken link named so is found, for a finding to be made of it."""
    world.make_directory("requirements.txt")
    world.write("requirements.txt/base.txt")
    world.make_fifo("a/requirements.txt")
    world.make_link("b/requirements.txt", "nowhere")

    assert ["a/requirements.txt", "b/requirements.txt", "requirements.txt"] == _search(world)


def test_excluded_files_are_passed_over(world: _World) -> None:
    """The project's globs leave out files and folders."""
    for name in ("requirements.txt", "a/requirements.txt", "b/c/requirements.txt"):
        world.write(name)
    settings = ProjectSettings(root=world.root, exclude=("/requirements.txt", "c/"))

    assert ["a/requirements.txt"] == _search(world, settings=settings)


# Each case but those with a repository in a repository was tried with git 2.39, and has its answer.
@pytest.mark.parametrize(
    ("ignores", "expected"),
    [
        ({".gitignore": "a/\n"}, ["b/requirements.txt", "requirements.txt"]),
        ({".gitignore": "/requirements.txt\n"}, ["a/b/requirements.txt", "b/requirements.txt"]),
        ({".gitignore": "requirements.txt\n!/b/requirements.txt\n"}, ["b/requirements.txt"]),
        ({".gitignore": "a\n", "a/.gitignore": "!b\n"}, ["b/requirements.txt", "requirements.txt"]),
        ({".gitignore": "*.txt", "b/.gitignore": "!*.txt"}, ["b/requirements.txt"]),
        ({".gitignore": "*\n!*/\n!a/**\n"}, ["a/b/requirements.txt"]),
        (
            {".gitignore": "/a\nb/**\n!b/requirements.txt\n"},
            ["b/requirements.txt", "requirements.txt"],
        ),
        ({".gitignore": "b\n!/a\n"}, ["requirements.txt"]),
        (
            {".gitignore": "[z-a]\nb\\\n[\n!\n/\n"},
            ["a/b/requirements.txt", "b/requirements.txt", "requirements.txt"],
        ),
        ({".git/info/exclude": "/a\n"}, ["b/requirements.txt", "requirements.txt"]),
        ({".git/info/exclude": "**\n", ".gitignore": "!*/\n"}, []),
        ({"b/.gitignore": "*\n", "b/.git/HEAD": "x"}, ["a/b/requirements.txt", "requirements.txt"]),
        (
            {".gitignore": "/b/*.txt\n", "b/.git/HEAD": "x"},
            ["a/b/requirements.txt", "b/requirements.txt", "requirements.txt"],
        ),
        ({".gitignore": "\ufeffa\r\nb\r\n"}, ["requirements.txt"]),
    ],
)
def test_gitignore_is_honoured(world: _World, ignores: dict[str, str], expected: list[str]) -> None:
    """What Git ignores is not searched, by all of its files together."""
    world.write(".git/HEAD")
    for name in ("requirements.txt", "a/b/requirements.txt", "b/requirements.txt"):
        world.write(name)
    for name, content in ignores.items():
        world.write(name, content.encode())

    assert expected == _search(world)


def test_gitignore_of_the_repository_counts_below(world: _World) -> None:
    """A search that starts in a subfolder obeys the repository's files."""
    world.write(".git/HEAD")
    world.write(".gitignore", b"/a/b/\ndev-*\n")
    for name in ("a/requirements.txt", "a/b/requirements.txt", "a/c/dev-requirements.txt"):
        world.write(name)

    assert ["a/requirements.txt"] == _search(world, "a")


def test_ignored_folder_that_is_asked_for_is_searched(world: _World) -> None:
    """Who names an ignored folder wants to see it."""
    world.write(".git/HEAD")
    world.write(".gitignore", b"/a/\n")
    world.write("a/b/requirements.txt")

    assert ["a/b/requirements.txt"] == _search(world, "a")
    assert ["a/b/requirements.txt"] == _search(world, "a/b")


def test_repository_root(world: _World) -> None:
    """The nearest folder with a .git, which may be a file, is the root."""
    world.write("a/.git", b"gitdir: elsewhere")
    world.make_directory("a/b/c")

    assert world.root / "a" == repository_root(world.root / "a/b/c", world.filesystem)


def test_depth_is_bounded(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search stops at its depth and at its number of folders, and says so."""
    world.write("requirements.txt")
    world.write("a/" * 70 + "requirements.txt")
    told: list[Unreadable] = []

    def search() -> int:
        told.clear()
        found = find_dependency_files(
            world.root,
            world.filesystem,
            on_unreadable=lambda _, unreadable: told.append(unreadable),
        )
        return len(list(found))

    assert (1, ["is more than 64 folders down"]) == (search(), [item.detail for item in told])
    monkeypatch.setattr(dependency_files, "MAX_DIRECTORIES", 3)
    assert (0, 1) == (search(), len(told))


def test_unreadable_folder_is_told_and_passed_over(world: _World) -> None:
    """What cannot be read is reported, the rest is searched."""
    world.write("requirements.txt")
    told: list[tuple[Path, UnreadableReason]] = []

    world.make_directory("gone")
    found = find_dependency_files(
        world.root,
        _Vanishing(world.filesystem, world.root / "gone"),
        on_unreadable=lambda path, unreadable: told.append((path, unreadable.reason)),
    )

    assert [world.root / "requirements.txt"] == [item.path for item in found]
    assert [(world.root / "gone", UnreadableReason.MISSING)] == told


def test_progress_is_told(world: _World) -> None:
    """After each folder, how many were read and how many files were found."""
    world.write("a/requirements.txt")
    world.write("b/requirements.txt")
    progress: list[SearchProgress] = []
    list(find_dependency_files(world.root, world.filesystem, on_progress=progress.append))

    assert [(1, 0), (2, 0), (3, 1)] == [(step.directories, step.found) for step in progress]
