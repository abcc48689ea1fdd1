"""Which environment a file is judged against: the order of places, and what may stand there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments.activated import Activated
from pinfold.core.environments.python_envs import MAX_LISTING_BYTES
from pinfold.core.environments.selection import (
    Chosen,
    EnvironmentQuery,
    FolderLook,
    choose_environment,
    look_at,
    look_for_declared,
    look_in,
)
from pinfold.core.environments.traces import Trace
from pinfold.core.files import MemoryFileSystem, Unreadable, UnreadableReason
from pinfold.core.model.environment import EnvironmentState, RejectedCandidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.environments.choices import Choices
    from pinfold.core.environments.declared_python import DeclaredPython
    from pinfold.core.environments.layout import NoEnvironment
    from pinfold.core.files import FileSystem, StrPath

PROJECT = Path("/home/me/project")
HOME = Path("/home/me")
FOUND, NONE, UNUSABLE = (
    EnvironmentState.FOUND,
    EnvironmentState.NONE,
    EnvironmentState.UNUSABLE,
)


class Scout:
    """Looks at a file system, every time anew."""

    def __init__(self, filesystem: FileSystem) -> None:
        self._filesystem = filesystem

    def look_in(self, folder: Path) -> FolderLook:
        """Look in a folder."""
        return look_in(folder, self._filesystem)

    def look_at(self, path: Path) -> Path | NoEnvironment:
        """Look at a path."""
        return look_at(path, self._filesystem)

    def declared(self, folder: Path) -> DeclaredPython:
        """Look for the Python that is asked for."""
        return look_for_declared(folder, self._filesystem)

    def choices(self) -> Choices:
        """Nobody has chosen anything."""
        return {}

    def real_path(self, path: Path) -> Path:
        """Links are not followed."""
        return path

    def pyenv_roots(self) -> Sequence[Path]:
        """Return where pyenv is."""
        return [HOME / ".pyenv"]


def files_of(*environments: str, **content: str | bytes) -> MemoryFileSystem:
    """Return a file system with virtual environments at some paths below the project."""
    filesystem = MemoryFileSystem()
    filesystem.make_directory(PROJECT / "sub/deep")
    for path in environments:
        filesystem.write(PROJECT / path / "pyvenv.cfg", "home = /usr/bin\n")
    for name, text in content.items():
        filesystem.write(PROJECT / name, text)
    return filesystem


def choose(
    filesystem: FileSystem,
    folder: Path = PROJECT,
    stop: Path = PROJECT,
    *,
    configured: Path | None = None,
    explicit: Path | None = None,
    activated: Sequence[Activated] = (),
) -> Chosen:
    """Return what is chosen for the files in *folder*."""
    return choose_environment(
        EnvironmentQuery(folder, stop, configured),
        Scout(filesystem),
        explicit=explicit,
        home=HOME,
        activated=activated,
    )


def listing(text: str | bytes, *environments: str) -> MemoryFileSystem:
    """Return a file system with a ``.python-envs`` file in the project."""
    filesystem = files_of(*environments)
    filesystem.write(PROJECT / ".python-envs", text)
    return filesystem


@pytest.mark.parametrize(
    ("present", "taken"),
    [
        ((".venv", "venv", "env"), ".venv"),
        (("venv", "env"), "venv"),
        (("env",), "env"),
        (("env", "sub/env"), "sub/env"),
        ((".venv", "sub/deep/venv"), "sub/deep/venv"),
    ],
)
def test_nearest(present: tuple[str, ...], taken: str) -> None:
    """The nearest folder counts, and in it `.venv`, then `venv`, then `env`."""
    chosen = choose(files_of(*present), PROJECT / "sub/deep")

    assert (FOUND, PROJECT / taken) == (chosen.state, chosen.prefix)


def test_two_projects_in_one_workspace() -> None:
    """Each file has the environment of its own folder."""
    filesystem = files_of("one/.venv", "two/.venv")

    assert PROJECT / "one/.venv" == choose(filesystem, PROJECT / "one").prefix
    assert PROJECT / "two/.venv" == choose(filesystem, PROJECT / "two").prefix


def test_search_ends() -> None:
    """What is above the last folder to look in is none of the file's business."""
    above = choose(files_of(".venv"), PROJECT / "sub/deep", PROJECT / "sub")
    beside = choose(files_of(".venv"), PROJECT / "sub/deep", Path("/elsewhere"))

    assert NONE == above.state == beside.state


@pytest.mark.parametrize("folder", [HOME, Path("/")])
def test_never_looked_in(folder: Path) -> None:
    """Neither the home directory nor the root has the environment of whatever is below."""
    filesystem = files_of()
    filesystem.write(folder / ".venv/pyvenv.cfg", "")

    assert NONE == choose(filesystem, PROJECT, Path("/")).state
    assert NONE == choose(filesystem, folder, folder).state


def test_folder_without_evidence_is_passed_over() -> None:
    """A `.venv` that is no environment is named with its reason, and the next place counts."""
    filesystem = files_of("venv")
    filesystem.make_directory(PROJECT / ".venv")
    chosen = choose(filesystem)

    assert PROJECT / "venv" == chosen.prefix
    assert [(PROJECT / ".venv", "holds neither a pyvenv.cfg nor an interpreter")] == [
        (rejected.path, rejected.reason) for rejected in chosen.rejected
    ]


def test_conda_environment_in_the_project() -> None:
    """`conda create --prefix ./env` makes an environment as good as any."""
    filesystem = files_of()
    filesystem.make_directory(PROJECT / "env/conda-meta")

    assert PROJECT / "env" == choose(filesystem).prefix


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("a\nb\n", "b"),
        ("a\r\nb\r\n", "b"),
        ("a\nb", "b"),
        ("\ufeffb\n", "b"),
        ("a\nb\n\n# Poetry's comment\n", "b"),
        ("b\na\nb\n", "b"),
        (str(PROJECT / "b"), "b"),
        ("sub/../b\n", "b"),
        ("a\n  b  \n", "b"),
    ],
)
def test_python_envs(text: str, taken: str) -> None:
    """The last line names the default environment, relative to the file (PEP 832)."""
    chosen = choose(listing(text, "a", "b"), PROJECT / "sub")

    assert PROJECT / taken == chosen.prefix
    assert f"the last line of {PROJECT / '.python-envs'} names it" == chosen.reason


def test_python_envs_beside_venv() -> None:
    """A `.venv` folder is the implicit last line, if it is an environment (PEP 832)."""
    both = listing("a\n", "a", ".venv")
    neither = listing("a\n", "a")
    neither.make_directory(PROJECT / ".venv")

    assert PROJECT / ".venv" == choose(both).prefix
    assert PROJECT / "a" == choose(neither).prefix


HOSTILE = [
    ("/", "is the root of the file system"),
    (".", "holds neither a pyvenv.cfg nor an interpreter"),
    (".python-envs", "is no folder"),
    ("../other/.python-envs", "is no folder"),
    ("~", "does not exist"),
    ("gone", "does not exist"),
    ("//", "is the root of the file system"),
    ("\\\\server\\share\\env", "leads off this machine"),
    ("/dev/stdin", "to a device"),
    ("../../../dev/zero", "to a device"),
    ("/proc/self/fd/0", "to a device"),
    ("a\x00b", "is no path"),
    ("\x1b[31mred", "is no path"),
    ("x" * 5_000, "is too long"),
    ("loop", "does not exist"),
    ("pipe", "is no folder"),
    ("link-to-root", "holds neither"),
]


@pytest.mark.parametrize(("line", "reason"), HOSTILE, ids=range(len(HOSTILE)))
def test_python_envs_that_leads_astray(line: str, reason: str) -> None:
    """What the last line names and nobody can use is said; no other line is tried (PEP 832)."""
    filesystem = listing(f"good\n{line}\n", "good", "venv")
    filesystem.write("/home/me/other/.python-envs", "../project/good\n")
    filesystem.make_link(PROJECT / "loop", "loop")
    filesystem.make_link(PROJECT / "link-to-root", "/")
    filesystem.make_fifo(PROJECT / "pipe")
    chosen = choose(filesystem)

    assert UNUSABLE == chosen.state
    # A NUL makes the whole file a binary one.
    assert ("is a binary file" if "\0" in line else reason) in chosen.reason


@pytest.mark.parametrize("content", [b"", b"\n\r\n# nothing\n"])
def test_python_envs_that_names_nothing(content: bytes) -> None:
    """A listing without an entry is passed over with its reason."""
    chosen = choose(listing(content, "venv", "env"))

    assert PROJECT / "venv" == chosen.prefix
    assert "names no environment" == chosen.rejected[0].reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"env\n" * 1_000_000, "is larger than"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"\x7fELF\0\0", "is a binary file"),
    ],
)
def test_python_envs_that_cannot_be_read(content: bytes, reason: str) -> None:
    """A listing that nobody can read is said, and nothing is taken in its place."""
    chosen = choose(listing(content, "venv", "env"))

    assert (UNUSABLE, None) == (chosen.state, chosen.prefix)
    assert reason in chosen.reason


def test_python_envs_that_is_no_file() -> None:
    """A pipe, or a link that leads nowhere, is said too."""
    files = files_of("venv")
    files.make_fifo(PROJECT / ".python-envs")
    linked = files_of("venv")
    linked.make_link(PROJECT / ".python-envs", ".python-envs")

    assert [UNUSABLE, UNUSABLE] == [choose(files).state, choose(linked).state]


def test_python_envs_is_bounded() -> None:
    """No more of the file is read than a sane one has."""
    assert MAX_LISTING_BYTES <= 1024 * 1024


def test_python_envs_folder() -> None:
    """A folder of that name, where some keep their environments, is no listing."""
    filesystem = files_of("venv")
    filesystem.make_directory(PROJECT / ".python-envs")
    chosen = choose(filesystem)

    assert (PROJECT / "venv", ()) == (chosen.prefix, chosen.rejected)


@pytest.mark.parametrize("text", ["/cache/uv/env\n", "../../../cache/uv/env", "/cache/uv/env\r\n"])
def test_venv_file(text: str) -> None:
    """A `.venv` file leads to an environment that is kept elsewhere, as uv writes it."""
    filesystem = files_of("venv")
    filesystem.write(PROJECT / ".venv", text)
    filesystem.write("/cache/uv/env/pyvenv.cfg", "")
    chosen = choose(filesystem)

    assert Path("/cache/uv/env") == chosen.prefix
    assert f"the file {PROJECT / '.venv'} names it" == chosen.reason


@pytest.mark.parametrize(("line", "reason"), HOSTILE, ids=range(len(HOSTILE)))
def test_venv_file_that_leads_astray(line: str, reason: str) -> None:
    """A `.venv` file that leads nowhere may be a shell plugin's: the search goes on."""
    filesystem = files_of("venv")
    filesystem.write(PROJECT / ".venv", f"{line}\n")
    filesystem.write(PROJECT / ".python-envs", "\n")
    filesystem.write("/home/me/other/.python-envs", "")
    filesystem.make_link(PROJECT / "loop", "loop")
    filesystem.make_link(PROJECT / "link-to-root", "/")
    filesystem.make_fifo(PROJECT / "pipe")
    chosen = choose(filesystem)

    assert PROJECT / "venv" == chosen.prefix
    assert 2 == len(chosen.rejected)
    assert any(words in chosen.rejected[1].reason for words in (reason, "is a binary file"))


@pytest.mark.parametrize("text", [".venv", "./.venv", "/home/me/project/.venv", ""])
def test_venv_file_that_names_itself(text: str) -> None:
    """A `.venv` file is no environment, so that nobody runs in a circle."""
    filesystem = files_of()
    filesystem.write(PROJECT / ".venv", text)

    assert NONE == choose(filesystem).state


def test_links() -> None:
    """A `.venv` may be a link to an environment; one that is a loop is nothing."""
    filesystem = files_of("sub/real")
    filesystem.make_link(PROJECT / ".venv", "sub/real")
    linked = choose(filesystem)
    filesystem.remove(PROJECT / ".venv")
    filesystem.make_link(PROJECT / ".venv", ".venv")

    assert PROJECT / ".venv" == linked.prefix
    assert NONE == choose(filesystem).state


def test_configured() -> None:
    """The one that the settings name wins over what stands there, and needs no pyvenv.cfg."""
    filesystem = files_of(".venv")
    filesystem.write("/opt/python/bin/python3", "")
    chosen = choose(filesystem, configured=Path("/opt/python"))

    assert Path("/opt/python") == chosen.prefix
    assert "`environment` in the settings names it" == chosen.reason


def test_configured_and_missing() -> None:
    """No other environment takes the place of one that is named and is not there."""
    chosen = choose(files_of(".venv"), configured=PROJECT / "gone")

    assert UNUSABLE == chosen.state
    assert f"`environment` in the settings names, {PROJECT / 'gone'}, does not exist" in (
        chosen.reason
    )


@pytest.mark.parametrize("name", [".venv", ".venv/bin/python"])
def test_explicit(name: str) -> None:
    """`--env` wins over all, and may name the interpreter."""
    filesystem = files_of(".venv", "other")
    filesystem.write(PROJECT / ".venv/bin/python", "")
    chosen = choose(
        filesystem,
        configured=PROJECT / "other",
        explicit=PROJECT / name,
        activated=[Activated("VIRTUAL_ENV", PROJECT / "other")],
    )

    assert (PROJECT / ".venv", "`--env` names it") == (chosen.prefix, chosen.reason)


def test_activated() -> None:
    """The activated environment is what is left where nothing else stands."""
    filesystem = files_of("sub/.venv")
    filesystem.write("/envs/active/pyvenv.cfg", "")
    active = [Activated("VIRTUAL_ENV", Path("/envs/active"))]

    assert PROJECT / "sub/.venv" == choose(filesystem, PROJECT / "sub", activated=active).prefix
    assert active[0].path == choose(filesystem, activated=active).prefix


def test_activated_and_gone() -> None:
    """An activated environment that is not there any more is told among the rejected."""
    chosen = choose(files_of(), activated=[Activated("VIRTUAL_ENV", Path("/envs/gone"))])

    assert NONE == chosen.state
    assert ["is activated, but does not exist"] == [item.reason for item in chosen.rejected]


@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode)))
def test_no_listing_leads_off_the_machine(content: bytes) -> None:
    """Whatever a listing holds: nothing raises, and no device or server is looked at."""
    filesystem = listing(content)
    trace = Trace(filesystem)
    look_in(PROJECT, trace)

    astray = ("//", "\\\\", "/dev/", "/proc/", "/sys/")
    assert [] == [path for path in trace.paths if path.startswith(astray)]


@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode)))
def test_declarations_may_hold_anything(content: bytes) -> None:
    """Whatever the files that ask for a Python hold: nothing raises, nothing leads elsewhere."""
    filesystem = files_of()
    for name in (".python-version", "pyproject.toml", "setup.cfg"):
        filesystem.write(PROJECT / name, content)
    filesystem.write(PROJECT / "sub/setup.cfg", b"[options]\npython_requires = >=3\n" + content)
    filesystem.write(PROJECT / "sub/pyproject.toml", b"[project]\nrequires-python = " + content)
    trace = Trace(filesystem)
    look_for_declared(PROJECT, trace)
    look_for_declared(PROJECT / "sub", trace)

    assert all(Path(path).is_relative_to(PROJECT) for path in trace.paths)


@given(st.text(max_size=60))
def test_pyenv_environment_by_any_name(name: str) -> None:
    """A `.python-version` leads to nothing outside of pyenv's folder."""
    filesystem = files_of()
    filesystem.write(PROJECT / ".python-version", name.encode("utf-8", "replace"))
    filesystem.write("/home/me/.pyenv/pyvenv.cfg", "")
    filesystem.write("/home/me/.pyenv/versions/pyvenv.cfg", "")
    filesystem.write("/etc/pyvenv.cfg", "")

    assert NONE == choose(filesystem).state


def test_folder_that_cannot_be_listed() -> None:
    """What stands in a folder that may be entered, but not listed, is found nevertheless."""

    class Unlisted(MemoryFileSystem):
        def names(self, directory: StrPath) -> list[str] | Unreadable:
            del directory
            return Unreadable(UnreadableReason.DENIED, "may not be read")

    filesystem = Unlisted()
    filesystem.write(PROJECT / "env/pyvenv.cfg", "")

    assert PROJECT / "env" == choose(filesystem).prefix


@pytest.mark.parametrize(
    ("text", "link", "rejected"),
    [
        ("gone\n", None, "names `gone`, which does not exist"),
        (None, ".venv", "is a link that leads nowhere"),
    ],
)
def test_what_stands_there_is_not_denied(text: str | None, link: str | None, rejected: str) -> None:
    """Where something stands that cannot be used, nobody says that there is nothing."""
    filesystem = files_of()
    if text is not None:
        filesystem.write(PROJECT / ".venv", text)
    if link is not None:
        filesystem.make_link(PROJECT / ".venv", link)
    chosen = choose(filesystem)

    assert (RejectedCandidate(PROJECT / ".venv", rejected),) == chosen.rejected
    assert "that can be used" in chosen.reason
