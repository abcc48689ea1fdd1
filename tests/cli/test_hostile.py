import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import process, validate
from tests.project.checkout import ROOT

pytestmark = pytest.mark.slow

# Each stands at the same path; the words are part of what is told.
Maker = Callable[[Path], object]
OBSTACLES: dict[str, tuple[Maker, str]] = {
    "folder": (lambda path: path.mkdir(), "is a directory, not a file"),
    "pipe": (os.mkfifo, "is a pipe, a socket or a device"),
    "loop": (lambda path: path.symlink_to(path.name), "is a loop of symbolic links"),
    "dangling": (lambda path: path.symlink_to("gone"), "does not exist"),
    "huge": (lambda path: path.write_bytes(b"flask\n" * 9_000_000), "is larger than 16 MiB"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 64), "is a binary file"),
    "undecodable": (lambda path: path.write_bytes(b"# coding: nonsense\n"), "nonsense is not"),
}


def check(folder: Path, *arguments: str | bytes) -> tuple[int, list[tuple[str, str, str]]]:
    """Return the status of a check in *folder*, and path, rule and message of each finding."""
    result = process(["check", "--format=json", *arguments], folder)
    assert b"Traceback" not in result.stderr
    shape = json.loads(result.stdout)
    validate(shape, "check")
    return result.returncode, [
        (file["path"], finding["rule"], finding["message"])
        for file in shape["files"]
        for finding in file["findings"]
    ]


@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("named", [False, True])
def test_obstacle(tmp_path: Path, obstacle: str, named: bool) -> None:
    """Whatever stands in a file's place is a finding, found or named; others are judged."""
    make, words = OBSTACLES[obstacle]
    make(tmp_path / "requirements.txt")
    (tmp_path / "requirements-dev.txt").write_bytes(b"flask==1\n")

    status, findings = check(
        tmp_path, *(["requirements.txt", "requirements-dev.txt"] if named else [])
    )

    ((path, rule, message),) = findings
    assert (1, "requirements.txt", "unreadable-file") == (status, path, rule)
    assert words in message


@pytest.mark.parametrize("arguments", [["check"], ["check", "--fix"], ["check", "--diff"]])
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_obstacle_in_text(tmp_path: Path, obstacle: str, arguments: list[str]) -> None:
    """Text, fixes and diffs come through as well, and leave everything as it is."""
    path = tmp_path / "requirements.txt"
    OBSTACLES[obstacle][0](path)
    before = path.lstat()

    result = process(arguments, tmp_path)

    assert 1 == result.returncode
    assert b"Traceback" not in result.stderr
    assert (before.st_ino, before.st_size) == (path.lstat().st_ino, path.lstat().st_size)


@pytest.fixture
def readable_folder(tmp_path: Path) -> Path:
    """A folder that another user can get to."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


# Its modules may lie where only root can read: they are all used once before root is given up.
AS_NOBODY = """
import os, sys
from pinfold.cli.main import main
import pinfold.cli.ways_back, pinfold.core.environments.discovery
warm, *arguments = sys.argv[1:]
main(["check", "--fix", "--exit-zero", warm])
sys.stdout.flush()
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print("-" * 9, flush=True)
sys.exit(main(arguments))
"""


def as_nobody(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run `pinfold` as somebody for whom permissions count; return status, output and errors."""
    if os.geteuid() != 0:
        own = process(arguments, folder)
        return own.returncode, own.stdout.decode(), own.stderr.decode()
    with tempfile.TemporaryDirectory() as warm:
        (Path(warm) / "requirements.txt").write_bytes(b"flit=1\n-r gone.txt\n")
        result = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, warm, *arguments],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT / "server"), "PINFOLD_STRICT": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert "-" * 9 in result.stdout, result.stderr
    return result.returncode, result.stdout.partition("-" * 9)[2], result.stderr


def test_unreadable_as_nobody(readable_folder: Path) -> None:
    """A file without permission is a finding; a folder without it is told, and passed over."""
    folder = readable_folder
    denied = folder / "requirements.txt"
    denied.write_bytes(b"flask\n")
    closed = folder / "closed"
    closed.mkdir()
    (closed / "requirements.txt").write_bytes(b"flask\n")
    denied.chmod(0)
    closed.chmod(0)
    try:
        status, output, errors = as_nobody(folder, "check")
        named = as_nobody(folder, "check", "closed")
        inside = as_nobody(folder, "check", "closed/requirements.txt")
    finally:
        denied.chmod(0o600)
        closed.chmod(0o700)

    assert (1, "pinfold: closed: may not be read\n") == (status, errors)
    assert "requirements.txt:1:1: error[unreadable-file]" in output
    assert "may not be read" in output
    assert (2, "pinfold: closed: may not be read\n") == (named[0], named[2])
    assert 1 == inside[0]
    assert "may not be read" in inside[1]


def test_fix_without_permission(readable_folder: Path) -> None:
    """A file, or a folder, that may not be written stays, and that is told."""
    folder = readable_folder
    (folder / "sub").mkdir()
    (folder / "sub" / "requirements.txt").write_bytes(b"flit=1\n")
    path = folder / "requirements.txt"
    path.write_bytes(b"flit=1\n")
    if os.geteuid() == 0:
        (folder / "sub" / "requirements.txt").chmod(0o666)
        folder.chmod(0o777)
    path.chmod(0o444)
    (folder / "sub").chmod(0o555)
    try:
        status, _, errors = as_nobody(folder, "check", "--fix")
    finally:
        (folder / "sub").chmod(0o755)

    assert 2 == status
    assert (
        "pinfold: requirements.txt: may not be written\n"
        "pinfold: sub/requirements.txt: cannot be written: permission denied\n"
    ) == errors
    assert b"flit=1\n" == path.read_bytes()
    assert ["requirements.txt"] == [path.name for path in (folder / "sub").iterdir()]


def test_long_line(tmp_path: Path) -> None:
    """A line of 5 MB is a finding of a few lines of text."""
    (tmp_path / "requirements.txt").write_bytes(b"a" * 5_000_000 + b"\n")

    result = process(["check"], tmp_path)

    assert 1 == result.returncode
    assert b"too-complex" in result.stdout
    assert len(result.stdout) < 2_000


@pytest.mark.parametrize(
    "text",
    [
        "a" + ">=1," * 100_000 + ">=1\n",
        "a; " + "(" * 10_000 + "os_name == 'nt'" + ")" * 10_000 + "\n",
        "a # " + "\u0301" * 1_000_000 + "\n",
        "\n" * 200_000,
        "\\\n" * 200_000,
        "flit=1 " * 30_000 + "\n",
        "--hash=sha256:a " * 10_000 + "\n",
        "flask\u200b" * 20_000 + "\n",
    ],
    ids=["clauses", "parentheses", "marks", "blank", "continued", "words", "options", "invisible"],
)
@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "--fix"], ["parse", "requirements.txt"]]
)
def test_large_texts(tmp_path: Path, text: str, arguments: list[str]) -> None:
    """Size alone neither crashes nor hangs."""
    (tmp_path / "requirements.txt").write_text(text, encoding="utf-8")

    result = process(arguments, tmp_path)

    assert result.returncode in (0, 1)
    assert b"" == result.stderr


def test_nested_includes(tmp_path: Path) -> None:
    """Ten thousand files, each including the next, are judged, each once."""
    folder = tmp_path / "chain"
    folder.mkdir()
    (tmp_path / "requirements.txt").write_bytes(b"-r chain/0.list\n")
    for index in range(10_000):
        (folder / f"{index}.list").write_bytes(f"-r {index + 1}.list\n".encode())

    result = process(["check", "--format=json"], tmp_path)

    assert b"" == result.stderr
    assert json.loads(result.stdout)["summary"]["files"] > 50


def test_names_of_files(tmp_path: Path) -> None:
    """Names with control characters and bytes that are no UTF-8 are judged and shown safely."""
    for name in (b"requirements-\xff.txt", b"requirements-\n\x1b[31m.txt"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"flask\n")

    status, findings = check(tmp_path)
    text = process(["check", "--quiet"], tmp_path)

    assert (1, 2) == (status, len(findings))
    assert 2 == len(text.stdout.splitlines())
    assert b"\x1b" not in text.stdout
    assert b"requirements-\\n\\x1b[31m.txt:1:1: " in text.stdout


def test_standard_input_that_is_too_large(tmp_path: Path) -> None:
    """Standard input has the limit that files have."""
    result = process(["check", "-"], tmp_path, stdin=b"flask\n" * 4_000_000)

    assert 1 == result.returncode
    assert b"is larger than 16 MiB" in result.stdout


def test_stopped_writer(tmp_path: Path) -> None:
    """A pipe that nobody writes to does not hang the run, and its writer is not woken."""
    path = tmp_path / "requirements.txt"
    os.mkfifo(path)
    writer = subprocess.Popen(["sh", "-c", "echo flask >requirements.txt"], cwd=tmp_path)
    try:
        assert 1 == process(["check", "requirements.txt"], tmp_path).returncode
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait(timeout=60)
