"""What is installed as a requirements file, against ``pip freeze`` and ``uv pip freeze``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.cli.main import main
from pinfold.core.formats.summary import normalised
from tests.harness.index import wheel, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

WORKING_ON_IT = ("alone", "no-remote", "https", "ssh", "odd-remote", "packed", "detached", "below")


def run(*command: str | Path, folder: Path | None = None) -> str:
    """Run a command, and return what it has written; git knows nobody, and reads no other file."""
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    variables |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_{what}": "x@host.example" for who in _WHO for what in ("NAME", "EMAIL")},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    ran = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=variables,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert 0 == ran.returncode, ran.stderr.decode()
    return ran.stdout.decode()


_WHO = ("AUTHOR", "COMMITTER")


def git(folder: Path, *arguments: str) -> str:
    """Run git in *folder*, and return what it says."""
    return run("git", *arguments, folder=folder).strip()


def commit_all(folder: Path) -> None:
    """Make a repository of *folder* with everything committed."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "all")


def make_editables(folder: Path) -> list[Path]:
    """Make a project for each state that a checkout may be in, and return their folders."""
    places = {name: folder / name for name in WORKING_ON_IT}
    places["below"] = folder / "below/packages/deep"
    for name, place in places.items():
        write_project(place, wheel(f"Work-{name}", "1.0"))
        root = folder / name
        if name == "alone":
            continue
        commit_all(root)
        address = {
            "https": "https://me@host.example/group/tool.git",
            "ssh": "git@host.example:group/tool.git",
            "odd-remote": "\\\\share\\tool",
        }.get(name, "https://host.example/tool")
        if name != "no-remote":
            git(root, "remote", "add", "upstream", "https://elsewhere.example/tool")
            git(root, "remote", "add", "origin", address)
        if name == "packed":
            git(root, "pack-refs", "--all")
        if name == "detached":
            git(root, "checkout", "-q", "--detach")
            (root / "more").touch()
            git(root, "add", ".")
            git(root, "commit", "-q", "-m", "more")
    return list(places.values())


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with something installed in every way that there is."""
    folder = tmp_path_factory.mktemp("frozen")
    prefix = folder / "env"
    run(sys.executable, "-m", "venv", prefix)
    python = prefix / "bin/python"
    archives = folder / "archives"
    archives.mkdir()
    for built in (
        wheel("Zope.Thing", "1.0+local.1"),
        wheel("alpha", "1.0", requires=["Zope.Thing"]),
        wheel("Beta_2", "2024.01.02"),
        wheel("by-file", "1.0rc1"),
        wheel("by-hash", "1.0"),
    ):
        (archives / built.filename).write_bytes(built.data)
    by_hash = archives / "by_hash-1.0-py3-none-any.whl"
    checked_out = write_project(folder / "repository/sub", wheel("from-git", "3.0"))
    commit_all(folder / "repository")
    install: Sequence[str | Path] = (python, "-m", "pip", "install", "-q", "--no-index")
    editables = [word for place in make_editables(folder / "work") for word in ("-e", place)]
    run(
        *(*install, "--find-links", archives, "alpha", "Beta_2"),
        archives / "by_file-1.0rc1-py3-none-any.whl",
        f"{by_hash.as_uri()}#sha256={wheel('by-hash', '1.0').sha256}",
        write_project(folder / "a folder", wheel("from-folder", "1.0")),
        f"git+{checked_out.parent.as_uri()}@main#egg=from-git&subdirectory=sub",
        *editables,
    )
    odd = next(prefix.glob("lib/python*/site-packages")) / "odd_one-oops.dist-info"
    odd.mkdir()
    (odd / "METADATA").write_text("Metadata-Version: 2.1\nName: Odd.one\nVersion: oops\n")
    (odd / "RECORD").write_text("")
    return prefix


def ours(prefix: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the lines that `pinfold freeze` writes."""
    capsys.readouterr()
    status = main(["freeze", "--env", str(prefix), *arguments])
    captured = capsys.readouterr()

    assert 0 == status, captured.err
    return captured.out.splitlines()


def theirs(prefix: Path, *arguments: str | Path) -> list[str]:
    """Return the lines that the pip of our own environment writes for *prefix*."""
    pip: Sequence[str] = (sys.executable, "-m", "pip", "--python", str(prefix / "bin/python"))
    return run(*pip, "freeze", *arguments).splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--all"],
        ["--exclude-editable"],
        ["--exclude", "ALPHA", "--exclude", "zope_thing"],
        ["--local"],
        ["--user"],
    ],
    ids=" ".join,
)
def test_as_pip_writes_it(
    prefix: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Line for line the same as pip's, however something was installed."""
    expected = theirs(prefix, *arguments)

    assert expected == ours(prefix, capsys, *arguments)


def test_nothing_is_missing(prefix: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The environment has what the comparison is about."""
    lines = ours(prefix, capsys, "--all")

    for part in (
        "Zope.Thing==1.0+local.1",
        "Beta_2==2024.1.2",
        "Odd.one===oops",
        "#sha256=",
        "subdirectory=sub",
        "# Editable install with no version control (Work-alone==1.0)",
        "# Editable Git install with no remote (Work-no-remote==1.0)",
        "either a deleted local remote or invalid URI",
        "-e git+ssh://git@host.example/group/tool.git@",
        "#egg=Work_below&subdirectory=packages/deep",
        "pip==",
    ):
        assert any(part in line for line in lines), part


FILES = {
    "ordered": "# first\nZope.Thing>=1 # why\n\n\n--pre\n# first\n-i https://x.example/simple\nalpha\n",
    "gone": "gone==1\nalpha[x]>=1; python_version > '3'\n./by_file-1.0rc1-py3-none-any.whl\n",
    "twice": "alpha\n-f x\nalpha\n",
    "editable": "-e git+https://host.example/tool#egg=Work-https\n",
    "empty": "",
    "no-end": "by_hash",
    "windows": "alpha\r\n# comment\r\nbeta-2\r\n",
}


@pytest.mark.parametrize("name", FILES)
def test_in_the_order_of_a_file(
    prefix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Order and comments of a file are kept as pip keeps them."""
    path = tmp_path / "requirements.txt"
    path.write_bytes(FILES[name].encode())
    expected = theirs(prefix, "-r", path)

    assert expected == ours(prefix, capsys, "-r", str(path))


def test_in_the_order_of_two_files(
    prefix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in two files is written once, and so is a comment."""
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("# both\nalpha\n")
    two.write_text("# both\nalpha\nby-hash\n")
    expected = theirs(prefix, "-r", one, "-r", two)

    assert expected == ours(prefix, capsys, "-r", str(one), "-r", str(two))


@pytest.fixture
def valid(prefix: Path) -> Iterator[Path]:
    """The environment without the version that is none, at which uv stops."""
    (odd,) = prefix.glob("lib/python*/site-packages/odd_one-oops.dist-info")
    odd.rename(prefix / "odd")
    yield prefix
    (prefix / "odd").rename(odd)


def test_as_uv_writes_it(valid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """uv writes the same for what comes from an index, a file or a repository.

    It leaves no pip out, normalises names, writes no hash of an archive, and knows no version
    control of an editable install.
    """
    from uv import find_uv_bin

    def without_hash(line: str) -> str:
        name, at, url = line.partition(" @ ")
        name, pin, version = name.partition("==")
        url = url.partition("#sha256=")[0]
        return f"{normalised(name)}{pin}{version}{at}{url}"

    ran = run(find_uv_bin(), "pip", "freeze", "--python", valid / "bin/python").splitlines()
    lines = [line for line in ran if not line.startswith("-e")]
    own = [line for line in ours(valid, capsys, "--all") if not line.startswith(("#", "-e"))]

    assert sorted(map(without_hash, own)) == sorted(map(without_hash, lines))


def test_round_trip(prefix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pip installs from what is written, and there is then nothing to be done."""
    path = tmp_path / "frozen.txt"
    lines = [line for line in ours(prefix, capsys) if "git+" not in line and "===" not in line]
    path.write_text("\n".join(lines))
    pip: Sequence[str] = (sys.executable, "-m", "pip", "--python", str(prefix / "bin/python"))

    run(*pip, "install", "--no-index", "--no-deps", "--dry-run", "-r", path)
