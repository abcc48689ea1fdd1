import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinfold.cli.diff import diff_lines, encoded_lines
from pinfold.core.formats.encoding import DecodedText, decode_requirements
from pinfold.core.model.finding import Edit
from pinfold.core.model.text import TextRange
from pinfold.features.fixing import edited_text
from tests.cli.running import Runner, process
from tests.features.test_fixing import edits_of


def apply(folder: Path, patch: bytes) -> None:
    """Apply *patch* with git, which is strict."""
    result = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=folder,
        input=patch,
        env={"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert 0 == result.returncode, result.stderr.decode() + patch.decode("utf-8", "replace")


def test_diff_changes_nothing(pinfold: Runner) -> None:
    """The diff goes to standard output, the summary elsewhere, and the file stays."""
    pinfold.write("requirements.txt", "flit=1\nflask==3\n")

    result = pinfold("check", "--diff", "--fix")

    assert (
        "--- a/requirements.txt\n+++ b/requirements.txt\n@@ -1,2 +1,2 @@\n"
        "-flit=1\n+flit==1\n flask==3\n"
    ) == result.out
    assert (1, "Would fix 1 problem in 1 file; none left.\n") == (result.status, result.err)
    assert b"flit=1\nflask==3\n" == pinfold.read("requirements.txt")


def test_nothing_to_change(pinfold: Runner) -> None:
    """Without a change, the findings that are left decide the status."""
    pinfold.write("requirements.txt", "flask==3\n")
    assert (0, "") == ((result := pinfold("check", "--diff")).status, result.out)
    pinfold.write("requirements.txt", "flask\n")
    assert (1, "") == ((result := pinfold("check", "--diff", "-q")).status, result.out)
    assert "" == result.err


def test_diff_of_standard_input(pinfold: Runner) -> None:
    """The diff of standard input goes by its name."""
    result = pinfold(
        "check", "-", "--diff", "--stdin-filename=a/requirements.txt", stdin=b"flit=1\n"
    )

    assert result.out.startswith("--- a/a/requirements.txt\n+++ b/a/requirements.txt\n@@ -1 +1 @@")


def test_coloured_diff_is_safe(pinfold: Runner) -> None:
    """A coloured diff is for a terminal, and shows control characters as escapes."""
    pinfold.write("requirements.txt", "flit=1\r\n# \x1b[31m\tx\r\n")

    out = pinfold("check", "--diff", "--color=always").out

    assert "\x1b[31m-flit=1\\r\x1b[0m\n\x1b[32m+flit==1\\r\x1b[0m\n" in out
    assert " # \\x1b[31m\tx\\r" in out


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("requirements.txt", b"a==1\nflit=1\nb==1\n"),
        ("requirements.txt", b"flit=1"),
        ("requirements.txt", b"a==1\nflit=1"),
        ("requirements.txt", b"flit=1\r\nb==1\r\n"),
        ("requirements.txt", b"a==1\r\nflit=1"),
        ("requirements.txt", b"\xef\xbb\xbfflit=1\na==1\n"),
        ("requirements.txt", b"\xef\xbb\xbfa==1\nflit=1\n"),
        ("requirements.txt", b"# coding: latin-1\nflit=1 # \xe9\n"),
        ("requirements.txt", b"# a\x0c\xe2\x80\xa8b\rc\nflit=1\n"),
        ("requirements.txt", b"flit=1\n" + b"x==1\n" * 20 + b"flat=1\n" + b"y==1\n" * 6 + b"z=1"),
        ("a b/requirements dev.txt", b"flit=1\n"),
        ("caf\u00e9/requirements.txt", b"flit=1\n"),
        ('requirements-"\\.txt', b"flit=1\n"),
        ("requirements-\t\n.txt", b"flit=1\n"),
        (os.fsdecode(b"requirements-\xff.txt"), b"flit=1\n"),
    ],
)
def test_git_applies_the_diff(pinfold: Runner, name: str, content: bytes) -> None:
    """Applied by git, the diff gives byte for byte what `--fix` writes."""
    path = pinfold.write(name, content)
    arguments = ["check", "--ignore=unusual-encoding,invisible-character,conflicts"]

    result = process([*arguments, "--diff"], pinfold.folder)
    assert 1 == result.returncode, result.stderr
    process([*arguments, "--fix"], pinfold.folder)
    fixed = path.read_bytes()
    assert content != fixed
    path.write_bytes(content)
    apply(pinfold.folder, result.stdout)

    assert fixed == path.read_bytes()


def test_reencoding_is_told(pinfold: Runner) -> None:
    """That a file would become UTF-8 shows in no diff of its text, so it is told."""
    pinfold.write("requirements.txt", "flit==1\n".encode("utf-16"))

    result = pinfold("check", "--diff")

    assert (1, "") == (result.status, result.out)
    assert "pinfold: requirements.txt: would be rewritten as UTF-8\n" in result.err


def decoded(text: str) -> DecodedText:
    """Return *text* as it is read from a UTF-8 file without a mark."""
    found = decode_requirements(text.encode(), "ascii")
    assert isinstance(found, DecodedText)
    return found


TEXTS = st.text("a\n\r\x0c", max_size=40).map(lambda text: "x" + text)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), TEXTS)
def test_any_edits(tmp_path: Path, data: st.DataObject, text: str) -> None:
    """Whatever is edited, git gets the edited text from the diff."""
    edits = data.draw(edits_of(len(text)))
    expected = edited_text(text, edits)
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    patch = encoded_lines(diff_lines("file", decoded(text), edits), decoded(text))

    assert bool(patch) is (expected != text)
    if patch:
        apply(tmp_path, patch)
        assert expected.encode() == path.read_bytes()


def test_time_is_linear() -> None:
    """A file of equal lines, each changed, is no trap."""
    lines = 50_000
    text = "a\n" * lines
    edits = [Edit(TextRange(2 * index, 2 * index + 1), "b") for index in range(lines)]

    assert 2 * lines + 3 == len(diff_lines("file", decoded(text), edits))
