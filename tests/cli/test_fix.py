import os
import stat
from pathlib import Path

import pytest

from pinfold.cli import fix as fix_module
from pinfold.cli import selection as selection_module
from pinfold.cli.writing import replace_file
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, PlacedFinding
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import rules
from tests.cli.running import Runner, process


def test_safe_fixes_are_written(pinfold: Runner) -> None:
    """What is safely mended is written, and what is left is reported as it now stands."""
    pinfold.write("requirements.txt", "# keep\nflit=1  # why\nflask\n")

    result = pinfold("check", "--fix")

    assert b"# keep\nflit==1  # why\nflask\n" == pinfold.read("requirements.txt")
    assert 1 == result.status
    assert "requirements.txt:3:1: warning[unpinned]" in result.out
    assert "invalid-requirement" not in result.out
    assert result.out.endswith("Fixed 1 problem in 1 file; 1 problem (1 warning) left in 1 file.\n")


def test_all_mended(pinfold: Runner) -> None:
    """A run that leaves nothing is clean, and a second one does nothing."""
    pinfold.write("requirements.txt", "flit=1\n")

    assert (0, "Fixed 1 problem in 1 file; none left.\n") == (
        (result := pinfold("check", "--fix")).status,
        result.out,
    )
    before = (pinfold.folder / "requirements.txt").stat()
    assert "Fixed 0 problems; none left.\n" == pinfold("check", "--fix").out
    assert before.st_ino == (pinfold.folder / "requirements.txt").stat().st_ino


def test_unsafe_fixes_need_leave(pinfold: Runner) -> None:
    """Pinning is for `--unsafe-fixes`."""
    pinfold.write("requirements.txt", "flask\n")
    versions = ("--versions=-",)

    pinfold("check", "--fix", *versions, stdin=b"flask==3.1.0\n")
    assert b"flask\n" == pinfold.read("requirements.txt")
    pinfold("check", "--fix", "--unsafe-fixes", *versions, stdin=b"flask==3.1.0\n")
    assert b"flask==3.1.0\n" == pinfold.read("requirements.txt")


def test_ignored_rule_mends_nothing(pinfold: Runner) -> None:
    """What is not reported is not mended."""
    pinfold.write("requirements.txt", "flit=1\n")

    pinfold("check", "--fix", "--ignore=invalid-requirement")

    assert b"flit=1\n" == pinfold.read("requirements.txt")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("flit=1\r\n-r a.txt -r b.txt\r\n", "flit==1\r\n-r a.txt\r\n-r b.txt\r\n"),
        ("flit=1\r", "flit==1\r"),
        ("\ufeffflit=1\n", "\ufeffflit==1\n"),
        ("flit=1", "flit==1"),
    ],
)
def test_line_ends_and_marks_are_kept(pinfold: Runner, before: str, after: str) -> None:
    """Each line keeps its end, new ones get the file's, and a byte-order mark stays."""
    pinfold.write("a.txt", "")
    pinfold.write("b.txt", "")
    pinfold.write("requirements.txt", before)

    pinfold("check", "--fix", "requirements.txt")

    assert after.encode() == pinfold.read("requirements.txt")


@pytest.mark.parametrize(
    ("encoding", "start"),
    [("latin-1", "# coding: latin-1\n"), ("utf-16", ""), ("utf-16-be", "\ufeff"), ("utf-32", "")],
)
def test_encoding_is_kept(pinfold: Runner, encoding: str, start: str) -> None:
    """A file is written in the encoding it has, unless its encoding is what is mended."""
    pinfold.write("requirements.txt", f"{start}flit=1  # \u00e9\n".encode(encoding))

    pinfold("check", "--fix", "--ignore=unusual-encoding")

    assert f"{start}flit==1  # \u00e9\n".encode(encoding) == pinfold.read("requirements.txt")


def test_unusual_encoding_is_mended(pinfold: Runner) -> None:
    """UTF-16 becomes UTF-8, with what else there was to mend."""
    pinfold.write("requirements.txt", "flit=1\r\n# \u00e9\r\n".encode("utf-16"))

    result = pinfold("check", "--fix")

    assert "flit==1\r\n# \u00e9\r\n".encode() == pinfold.read("requirements.txt")
    assert "Fixed 2 problems in 1 file; none left.\n" == result.out


def test_declaration_follows_the_encoding(pinfold: Runner) -> None:
    """A file that declared another encoding declares UTF-8 afterwards."""
    pinfold.write("requirements.txt", "# coding: latin-1\nflit==1  # \u00e9\n".encode("latin-1"))

    assert 0 == pinfold("check", "--fix").status
    assert "# coding: utf-8\nflit==1  # \u00e9\n".encode() == pinfold.read("requirements.txt")


def test_text_that_cannot_be_written_is_left(pinfold: Runner) -> None:
    """Where the encoding would not give the text back, the file stays, and that is told."""
    content = b"# coding: unicode-escape\nflit=1 # \\u0041\n"
    pinfold.write("requirements.txt", content)

    result = pinfold("check", "--fix", "--ignore=unusual-encoding")

    assert content == pinfold.read("requirements.txt")
    assert 2 == result.status
    assert result.err.startswith("pinfold: requirements.txt: left as it is: ")
    assert "invalid-requirement" in result.out


def test_link_stays_a_link(pinfold: Runner) -> None:
    """What a link leads to is written, and the link stays."""
    pinfold.write("real/pins.txt", "flit=1\n")
    link = pinfold.folder / "requirements.txt"
    link.symlink_to("real/pins.txt")

    pinfold("check", "--fix", "requirements.txt")

    assert link.is_symlink()
    assert b"flit==1\n" == pinfold.read("real/pins.txt")


def test_permissions_are_kept(pinfold: Runner) -> None:
    """The mode of the file stays, and nothing is left beside it."""
    path = pinfold.write("requirements.txt", "flit=1\n")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)

    pinfold("check", "--fix")

    status = path.stat()
    assert 0o640 == stat.S_IMODE(status.st_mode)
    if os.geteuid() == 0:
        assert (12345, 23456) == (status.st_uid, status.st_gid)
    assert ["requirements.txt"] == [path.name for path in pinfold.folder.iterdir()]


def test_changed_file_is_left(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody saved meanwhile is left as it is, told, and the others are written."""
    pinfold.write("a.txt", "flit=1\n")
    pinfold.write("b.txt", "flit=1\n")
    fix_files = fix_module.fix_files

    def saved_meanwhile(*arguments: object, **options: object) -> object:
        fixed = fix_files(*arguments, **options)  # type: ignore[arg-type]  # handed on as it came
        pinfold.write("a.txt", "flit=2\n")
        return fixed

    monkeypatch.setattr(fix_module, "fix_files", saved_meanwhile)
    result = pinfold("check", "--fix", "a.txt", "b.txt")

    assert (b"flit=2\n", b"flit==1\n") == (pinfold.read("a.txt"), pinfold.read("b.txt"))
    assert (2, "pinfold: a.txt: changed on disk since it was read\n") == (
        result.status,
        result.err,
    )


def test_change_in_the_last_moment_is_seen(tmp_path: Path) -> None:
    """The content is compared once more before the file is replaced."""
    path = tmp_path / "a"
    path.write_bytes(b"new")

    assert "changed on disk since it was read, and is left as it is" == replace_file(
        path, b"old", b"mine"
    )
    assert ([path], b"new") == (list(tmp_path.iterdir()), path.read_bytes())


def test_failed_write_loses_nothing(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the old file, and no other."""
    pinfold.write("requirements.txt", "flit=1\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = pinfold("check", "--fix")

    assert b"flit=1\n" == pinfold.read("requirements.txt")
    assert ["requirements.txt"] == [path.name for path in pinfold.folder.iterdir()]
    assert 2 == result.status
    assert "pinfold: requirements.txt: cannot be written: no space left on device\n" == result.err


def test_standard_input(pinfold: Runner) -> None:
    """The mended text goes to standard output, and the findings to standard error."""
    result = pinfold("check", "-", "--fix", stdin=b"flit=1\r\nflask\r\n")

    assert (1, "flit==1\r\nflask\r\n") == (result.status, result.out)
    assert result.err.startswith("-:2:1: warning[unpinned]")


@pytest.mark.parametrize(
    "content",
    [
        b"\0\xff\xfe\xff binary",
        b"flask==1\n",
        b"",
        b"# coding: unicode-escape\nflit=1 # \\u0041\n",
        b"#" * (17 * 1024 * 1024),
    ],
)
def test_standard_input_is_never_lost(pinfold: Runner, content: bytes) -> None:
    """What cannot be mended, or needs no mending, comes out as it went in."""
    arguments = ["check", "-", "--fix", "--ignore=unusual-encoding"]

    result = process(arguments, pinfold.folder, stdin=content)

    assert content == result.stdout
    assert b"Traceback" not in result.stderr


def test_fix_may_edit_another_judged_file(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits of another file are written if that one is judged too, and not at all otherwise."""
    names = ("requirements.txt", "requirements-dev.txt")
    first, second = (pinfold.write(name, "flit==1\n") for name in names)
    judge = selection_module.Selection.judge

    def judged(self: object, snapshot: object, target: object) -> object:
        judgement = judge(self, snapshot, target)  # type: ignore[arg-type]  # handed on
        document = judgement.document
        assert document is not None
        if judgement.path != first or document.text != "flit==1\n":
            return judgement
        edits = (Edit(TextRange(0, 0), "# a\n"), Edit(TextRange(0, 0), "# b\n", second))
        fix = Fix("across", edits, Applicability.SAFE)
        finding = Finding(TextRange(0, 1), "x", (fix,), rule=next(iter(rules())))
        return type(judgement)(first, FileRole.REQUIREMENTS, document, (PlacedFinding(0, finding),))

    monkeypatch.setattr(selection_module.Selection, "judge", judged)
    pinfold("check", "--fix", names[0])
    assert b"flit==1\n" == first.read_bytes() == second.read_bytes()
    result = pinfold("check", "--fix", *names)

    assert (b"# a\nflit==1\n", b"# b\nflit==1\n") == (first.read_bytes(), second.read_bytes())
    assert 0 == result.status


def test_fixed_file_counts_for_those_that_include_it(pinfold: Runner) -> None:
    """What is left is judged by the files as they are after the fixes."""
    pinfold.write("requirements.txt", "-r base.txt\nflit==2\n")
    pinfold.write("base.txt", "flit=1\n")

    result = pinfold("check", "--fix", "requirements.txt", "base.txt", "--format=json")

    assert b"flit==1\n" == pinfold.read("base.txt")
    assert result.json()["summary"]["files"] == 2


def test_json_after_a_fix(pinfold: Runner) -> None:
    """The JSON tells what is left."""
    pinfold.write("requirements.txt", "flit=1\nflask\n")

    shape = pinfold("check", "--fix", "--format=json").json()

    assert ["unpinned"] == [finding["rule"] for finding in shape["files"][0]["findings"]]
