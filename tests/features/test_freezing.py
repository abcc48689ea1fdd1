"""What is installed as the lines of a requirements file; pip itself is asked in the oracle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinfold.core.environments.planning.checkouts import Checkout, read_checkout
from pinfold.core.files import MemoryFileSystem
from pinfold.core.formats.document import Document
from pinfold.core.formats.summary import normalised
from pinfold.features.freezing import ADDED, FreezeOptions, Frozen, freeze
from tests.core.environments.planning.made import packages

SEEDS = ("pip 25", "setuptools 70", "wheel 1", "a 1")
ODD = "either a deleted local remote or invalid URI"
COMMIT = "0123456789" * 4


def alone(_folder: Path) -> Checkout | None:
    """Nothing is under version control."""
    return None


@pytest.mark.parametrize(
    ("python", "options", "expected"),
    [
        ("3.12.0", FreezeOptions(), ["a", "setuptools", "wheel"]),
        ("3.11.9", FreezeOptions(), ["a"]),
        ("3.11.9", FreezeOptions(everything=True), ["a", "pip", "setuptools", "wheel"]),
        ("3.12.0", FreezeOptions(excluded=frozenset({normalised("a")})), ["setuptools", "wheel"]),
        ("3.11.9", FreezeOptions(folders=frozenset()), []),
    ],
)
def test_left_out(python: str, options: FreezeOptions, expected: list[str]) -> None:
    """What pip passes over depends on the Python."""
    found = freeze(packages(*SEEDS, f"python {python}"), alone, options)

    assert expected == [line.partition("==")[0] for line in found.lines]


def test_order() -> None:
    """Names are in order whatever their case, as they are spelt."""
    found = freeze(packages("b 1", "C 1", "A_x 1"), alone)

    assert ("A_x==1", "b==1", "C==1") == found.lines


@pytest.mark.parametrize(
    ("checkout", "expected"),
    [
        (None, ["# Editable install with no version control (T-x==1)", "-e /t"]),
        (Checkout("git"), ["# Editable Git install with no remote (T-x==1)", "-e /t"]),
        (
            Checkout("git", "odd remote", COMMIT),
            [
                f"# Editable Git install (T-x==1) with {ODD}:",
                "# 'odd remote'",
                "-e /t",
            ],
        ),
        (
            Checkout("git", "https://host.example/t"),
            ["## !! Could not determine repository location", "-e /t"],
        ),
        (Checkout("hg"), ["## !! Could not determine repository location", "-e /t"]),
        (
            Checkout("git", "git@host.example:group/t.git", COMMIT, "sub"),
            [f"-e git+ssh://git@host.example/group/t.git@{COMMIT}#egg=T_x&subdirectory=sub"],
        ),
        (
            Checkout("git", "/srv/t.git", COMMIT),
            [f"-e git+file:///srv/t.git@{COMMIT}#egg=T_x"],
        ),
        (
            Checkout("git", "git://host.example/t", COMMIT),
            [f"-e git://host.example/t@{COMMIT}#egg=T_x"],
        ),
    ],
)
def test_editables(checkout: Checkout | None, expected: list[str]) -> None:
    """An editable install is told by its repository, or why it cannot be."""
    found = freeze(packages("T-x 1 editable /t"), lambda _folder: checkout)

    assert expected == list(found.lines)


def test_without_editables() -> None:
    """Nothing is looked up for what nobody wants."""

    def never(_folder: Path) -> Checkout | None:
        raise AssertionError

    found = freeze(packages("t 1 editable /t", "a 1"), never, FreezeOptions(editables=False))

    assert ("a==1",) == found.lines


def in_order_of(text: str, *lines: str) -> Frozen:
    """Return what is frozen in the order of a file."""
    return freeze(packages(*lines), alone, files=[("r.txt", Document.read(text))])


def test_in_the_order_of_a_file() -> None:
    """Continued lines and options that pip has no idea of are kept, not refused."""
    found = in_order_of(
        "b \\\n  >=1 \\\n  --hash=sha256:"
        + "0" * 64
        + "\n-c x.txt\n--no-index\na=1\n./folder\nx\n",
        "a 1",
        "b 2",
    )

    assert ("b==2", "-c x.txt", "--no-index", ADDED, "a==1") == found.lines
    assert (
        "r.txt: skipped, as nothing says its name: a=1",
        "r.txt: skipped, as nothing says its name: ./folder",
        "r.txt asks for x, which is not installed",
    ) == found.notes


def test_repeated_comments() -> None:
    """What is no requirement stands there once, blank lines too, as pip has it."""
    found = in_order_of("# x\n\na\n\n# x\n--pre\n--pre\n", "a 1")

    assert ("# x", "", "a==1", "--pre", ADDED) == found.lines


def test_asked_for_twice() -> None:
    """What stands twice is written once, and told of."""
    found = in_order_of("a\nA\n", "a 1")

    assert (("a==1", ADDED), ("a is asked for more than once (r.txt)",)) == (
        found.lines,
        found.notes,
    )


def test_hashes() -> None:
    """Hashes stand below the line; what has none is named, as pip would refuse the file."""
    found = freeze(
        packages(
            "a 1", "b 1", "c 1 from https://h.example/c.zip hash sha256:cc", "t 1 editable /t"
        ),
        alone,
        hashes={normalised("a"): ("sha256:00", "sha256:11")},
    )

    assert (
        "a==1 \\",
        "    --hash=sha256:00 \\",
        "    --hash=sha256:11",
        "b==1",
        "c @ https://h.example/c.zip#sha256=cc \\",
        "    --hash=sha256:cc",
    ) == found.lines[:6]
    assert ("b", "t") == found.unhashed


def test_standard_library() -> None:
    """What pip takes for a part of Python is never written."""
    assert () == freeze(packages("argparse 1", "wsgiref 1"), alone).lines


def git(**files: str) -> MemoryFileSystem:
    """Return a project in a repository; two underscores in a name are a slash."""
    filesystem = MemoryFileSystem({"/p/pyproject.toml": "", "/secret": COMMIT})
    filesystem.make_directory("/p/.git")
    for name, text in files.items():
        filesystem.write(f"/p/.git/{name.replace('__', '/').replace('_', '-')}", text)
    return filesystem


@pytest.mark.parametrize(
    ("files", "revision"),
    [
        ({"HEAD": f"{COMMIT}\n"}, COMMIT),
        ({"HEAD": "ref: refs/heads/x\n", "refs__heads__x": f"{COMMIT}\n"}, COMMIT),
        (
            {"HEAD": "ref: refs/heads/x\n", "packed_refs": f"# pack\n{COMMIT} refs/heads/x\n"},
            COMMIT,
        ),
        ({"HEAD": "ref: refs/heads/x\n"}, None),
        ({"HEAD": "ref: refs/../../../secret\n", "refs__heads__y": "x"}, None),
        ({"HEAD": "ref: refs/heads/x\n", "refs__heads__x": "ref: refs/heads/x\n"}, None),
        ({"HEAD": "oops"}, None),
        ({}, None),
    ],
)
def test_revision(files: dict[str, str], revision: str | None) -> None:
    """The commit that is checked out is read from git's own files."""
    checkout = read_checkout(Path("/p"), git(**files))

    assert checkout is not None
    assert ("git", revision) == (checkout.system, checkout.revision)


@pytest.mark.parametrize(
    ("config", "remote"),
    [
        ('[remote "origin"]\n\turl = https://a.example/x\n', "https://a.example/x"),
        ('[remote "b"]\nurl=1\n[remote "origin"]\nurl=2\n', "2"),
        ('[remote "b"]\nurl=1\n[remote "c"]\nurl=2\n', "1"),
        ('[remote "origin"] url = "a b" # c\n', "a"),
        ('[remote "origin"]\nurl = a;b\n', "a"),
        ('[remote "origin"]\nurl = "a;b"\n', "a;b"),
        ('[remote "origin"]\nurl = \\\\\\\\x\n', "\\\\x"),
        ('[Remote "origin"]\nURL = x\n', "x"),
        ('[branch "main"]\nurl = x\n[core]\nurl = y\n', None),
        ('[remote "origin"]\npushurl = x\n', None),
        ("", None),
    ],
)
def test_remote(config: str, remote: str | None) -> None:
    """The address of `origin` is read, else the first one."""
    checkout = read_checkout(Path("/p"), git(config=config))

    assert checkout is not None
    assert remote == checkout.remote


def test_worktree() -> None:
    """Of a worktree, what git keeps lies in two places."""
    filesystem = MemoryFileSystem(
        {
            "/w/.git": "gitdir: /p/.git/worktrees/w\n",
            "/p/.git/worktrees/w/HEAD": "ref: refs/heads/x\n",
            "/p/.git/worktrees/w/commondir": "../..\n",
            "/p/.git/refs/heads/x": COMMIT,
            "/p/.git/config": '[remote "origin"]\nurl = https://a.example/x\n',
            "/w/sub/setup.py": "",
        }
    )

    assert Checkout("git", "https://a.example/x", COMMIT, "sub") == read_checkout(
        Path("/w/sub"), filesystem
    )


def test_other_systems() -> None:
    """The innermost system counts, and most are only recognised."""
    filesystem = git()
    filesystem.make_directory("/p/inner/.hg")

    assert Checkout("hg") == read_checkout(Path("/p/inner/x"), filesystem)
    assert read_checkout(Path("/q"), filesystem) is None


@pytest.mark.parametrize("said", ["oops", "gitdir: \\\\host.example\\share", ""])
def test_elsewhere(said: str) -> None:
    """A `.git` file that leads nowhere, or to another machine, is not followed."""
    files: dict[str, bytes | str] = {"/p/.git": said, "/p/\\\\host.example\\share/HEAD": COMMIT}

    assert Checkout("git") == read_checkout(Path("/p"), MemoryFileSystem(files))


def test_version_that_is_none() -> None:
    """A version that is none is told as it is."""
    installed = packages("t oops editable /t")
    (one,) = installed.by_name.values()
    found = freeze(replace(installed, by_name={one.key: one}), alone)

    assert "# Editable install with no version control (t===oops)" == found.lines[0]
