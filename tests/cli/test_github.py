import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from pinfold.cli.github import check_github
from pinfold.cli.report import FileReport, Places
from pinfold.core.model.finding import Finding
from pinfold.core.model.text import LineTable, TextRange
from pinfold.core.workspace.snapshot import Snapshot
from tests.cli.running import Runner, process

GITHUB = ("--no-env", "--format=github")
# In the order in which the runner undoes them.
PROPERTY_ESCAPES = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
MESSAGE_ESCAPES = {"%0D": "\r", "%0A": "\n", "%25": "%"}


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    message: str


def commands(output: str) -> list[Command]:
    """Take *output* apart as the runner does; each line of it must be a command."""
    return [command(line) for line in output.removesuffix("\n").split("\n") if line]


def command(line: str) -> Command:
    """Read one workflow command."""
    assert line.startswith("::")
    head, separator, message = line[2:].partition("::")
    assert separator
    name, _, properties = head.partition(" ")
    pairs = (pair.split("=", 1) for pair in properties.strip().split(","))
    return Command(
        name,
        {key: unescaped(value, PROPERTY_ESCAPES) for key, value in pairs},
        unescaped(message, MESSAGE_ESCAPES),
    )


def unescaped(text: str, escapes: dict[str, str]) -> str:
    """Undo the escapes of a property or of a message."""
    for escape, character in escapes.items():
        text = text.replace(escape, character)
    return text


@pytest.fixture(autouse=True)
def _no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def annotated(pinfold: Runner, *arguments: str) -> list[str]:
    """Return the files of the annotations that a check makes."""
    result = pinfold("check", *GITHUB, *arguments)
    return [found.properties["file"] for found in commands(result.out)]


def test_command_to_the_letter(pinfold: Runner) -> None:
    """A finding is one line, the log shows where it is, and the summary is kept out of it."""
    pinfold.write("requirements.txt", "# pins\nflask\n")

    result = pinfold("check", *GITHUB)

    assert (
        "::warning file=requirements.txt,line=2,col=1,endLine=2,endColumn=6,"
        "title=Pinfold (unpinned)::requirements.txt:2:1: [unpinned] "
        "`flask` may resolve to any version\n"
    ) == result.out
    assert (1, "Found 1 problem (1 warning) in 1 file.\n") == (result.status, result.err)


def test_severities_worst_first(pinfold: Runner) -> None:
    """Errors come first, whatever file they are in; what does not fail a run is a notice."""
    pinfold.write(
        "pinfold.toml", 'severity = { loosely-pinned = "hint", pre-release-pin = "info" }\n'
    )
    pinfold.write("a/requirements.txt", "attrs>=1\nflask\nsix==1rc1\n")
    pinfold.write("b/requirements.txt", "flit=1\ndjango\n")

    result = pinfold("check", *GITHUB)

    assert [
        ("error", "b/requirements.txt", "1"),
        ("warning", "a/requirements.txt", "2"),
        ("warning", "b/requirements.txt", "2"),
        ("notice", "a/requirements.txt", "3"),
        ("notice", "a/requirements.txt", "1"),
    ] == [
        (found.name, found.properties["file"], found.properties["line"])
        for found in commands(result.out)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "a,b.txt",
        "a:b.txt",
        "100%.txt",
        "100%2C.txt",
        "a=b.txt",
        " leading.txt",
        "::error::.txt",
        "##[stop-commands]x.txt",
        "caf\u00e9 \U0001f600.txt",
    ],
)
def test_names_come_through(pinfold: Runner, name: str) -> None:
    """What has a meaning in a command has none in a file's name."""
    pinfold.write(name, "flask\n")

    (found,) = commands(pinfold("check", *GITHUB, "--", name).out)

    assert (name, f"{name}:1:1: [unpinned] `flask` may resolve to any version") == (
        found.properties["file"],
        found.message,
    )


@pytest.mark.slow
def test_names_that_are_not_text(tmp_path: Path) -> None:
    """Control characters and bytes that are no UTF-8 are escaped; no line is torn."""
    for name in (b"requirements-\xff.txt", b"requirements-\r\n::stop-commands::x\x1b[31m.txt"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"flask\n")

    result = process(["check", *GITHUB], tmp_path, environment={"PYTHONUTF8": "1"})

    found = commands(result.stdout.decode("utf-8"))
    assert [
        r"requirements-\r\n::stop-commands::x\x1b[31m.txt",
        r"requirements-\udcff.txt",
    ] == [each.properties["file"] for each in found]
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", result.stdout)


@pytest.mark.slow
def test_output_is_utf8(tmp_path: Path) -> None:
    """The runner reads UTF-8, whatever the encoding of the machine."""
    (tmp_path / "requirements-caf\u00e9.txt").write_bytes(b"flask\n")

    result = process(["check", *GITHUB], tmp_path, environment={"PYTHONIOENCODING": "latin-1"})

    assert ["requirements-caf\u00e9.txt"] == [
        found.properties["file"] for found in commands(result.stdout.decode("utf-8"))
    ]


def test_message_is_one_line_of_the_log(pinfold: Runner) -> None:
    """A percent sign is kept, and a message never starts a line of its own."""
    pinfold.write("requirements.txt", "-r gone%0A::error::x.txt\n")

    result = pinfold("check", *GITHUB)

    assert result.out.count("\n") == len(commands(result.out))
    assert "%250A" in result.out


def test_related_place(pinfold: Runner) -> None:
    """Other places follow in the message, on lines of their own."""
    pinfold.write("requirements.txt", "flask==1\nflask==2\n")

    lines = [
        line
        for found in commands(pinfold("check", *GITHUB).out)
        for line in found.message.split("\n")[1:]
    ]

    assert any(line.startswith("see requirements.txt:1:1: ") for line in lines)


def test_span_of_several_lines(pinfold: Runner) -> None:
    """GitHub takes columns on one line only; the line end is not part of what is marked."""
    pinfold.write("requirements.txt", "flask \\\n  == 1.x.y \\\n  junk\n")

    places = [found.properties for found in commands(pinfold("check", *GITHUB).out)]

    assert any(place["line"] != place["endLine"] for place in places)
    for place in places:
        assert ("col" in place) is ("endColumn" in place) is (place["line"] == place["endLine"])
        assert int(place["endLine"]) <= 3


@pytest.mark.parametrize(
    ("span", "place"),
    [
        (TextRange(0, 7), "line=1,col=1,endLine=1,endColumn=6"),
        (TextRange(2, 9), "line=1,endLine=2"),
        (TextRange(5, 7), "line=1,col=6,endLine=1,endColumn=6"),
    ],
)
def test_line_end_is_not_marked(tmp_path: Path, span: TextRange, place: str) -> None:
    """What ends with its line ends on it, for GitHub counts the last line in."""
    text = "flask\r\ndjango\r\n"
    finding = Finding(span, "x", rule="unpinned")
    report = FileReport(tmp_path / "a.txt", text, LineTable.of(text), (finding,))

    assert f"::warning file=a.txt,{place},title=" in check_github(
        [report], Places(cast(Snapshot, None), tmp_path)
    )


def test_unreadable_file(pinfold: Runner) -> None:
    """A file without lines is annotated at its start."""
    pinfold.write("requirements.txt", b"\0\xff\xfe\xff")

    (found,) = commands(pinfold("check", *GITHUB).out)

    assert ("error", "1", "1", "1", "Pinfold (unreadable-file)") == (
        found.name,
        found.properties["line"],
        found.properties["col"],
        found.properties["endColumn"],
        found.properties["title"],
    )


def test_nothing_found(pinfold: Runner) -> None:
    """A clean run writes no command."""
    pinfold.write("requirements.txt", "flask==3.1.0\n")

    result = pinfold("check", *GITHUB)

    assert (0, "", "No problems in 1 file.\n") == (result.status, result.out, result.err)


def test_quiet_and_color(pinfold: Runner) -> None:
    """`--quiet` leaves out the summary; colours have no place in a command."""
    pinfold.write("requirements.txt", "flask\n")

    plain = pinfold("check", *GITHUB)
    quiet = pinfold("check", *GITHUB, "--quiet", "--color=always")

    assert (plain.out, "") == (quiet.out, quiet.err)


def test_what_is_left_after_fixes(pinfold: Runner) -> None:
    """With `--fix`, the commands are about what is left."""
    pinfold.write("requirements.txt", "flit=1\nflask\n")

    result = pinfold("check", *GITHUB, "--fix")

    assert ["2"] == [found.properties["line"] for found in commands(result.out)]
    assert b"flit==1\nflask\n" == pinfold.read("requirements.txt")
    assert "Fixed 1 problem in 1 file; 1 problem (1 warning) left in 1 file.\n" == result.err


def test_paths_from_the_workspace(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a job, paths are those of the repository, wherever in it the step works."""
    pinfold.write("services/api/requirements.txt", "flask\n")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pinfold.folder))
    monkeypatch.chdir(pinfold.folder / "services")

    assert ["services/api/requirements.txt"] == annotated(pinfold)
    assert ["services/api/requirements.txt"] == annotated(pinfold, "../services/api")


def test_checkout_below_the_workspace(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout that has a path of its own is the root, and a submodule is not."""
    pinfold.write("main/sub/requirements.txt", "flask\n")
    (pinfold.folder / "main" / ".git").mkdir()
    (pinfold.folder / "main" / "sub" / ".git").write_bytes(b"gitdir: elsewhere\n")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pinfold.folder))

    monkeypatch.chdir(pinfold.folder)
    assert ["main/sub/requirements.txt"] == annotated(pinfold)
    monkeypatch.chdir(pinfold.folder / "main" / "sub")
    assert ["sub/requirements.txt"] == annotated(pinfold)


def test_workspace_by_a_link(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace that is named by a link is the same folder."""
    pinfold.write("real/sub/requirements.txt", "flask\n")
    (pinfold.folder / "link").symlink_to("real")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pinfold.folder / "link"))
    monkeypatch.chdir(pinfold.folder / "real" / "sub")

    assert ["sub/requirements.txt"] == annotated(pinfold)


@pytest.mark.parametrize("workspace", ["", "relative"])
def test_no_workspace(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, workspace: str) -> None:
    """Without a workspace, paths are those that every format shows."""
    pinfold.write("relative/requirements.txt", "flask\n")
    monkeypatch.setenv("GITHUB_WORKSPACE", workspace)

    assert ["relative/requirements.txt"] == annotated(pinfold)


def test_outside_of_the_workspace(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not in the repository keeps its whole path."""
    outside = pinfold.write("outside/requirements.txt", "flask\n")
    (pinfold.folder / "work").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pinfold.folder / "work"))

    assert [outside.as_posix()] == annotated(pinfold, "outside")


def test_credentials_stay_secret(pinfold: Runner) -> None:
    """A log is read by many."""
    pinfold.write(
        "requirements.txt",
        "--index-url https://me:hunter2@x.example/simple\nhttps://me:hunter2@x.example/a.zip;x\n",
    )

    result = pinfold("check", *GITHUB)

    assert "credentials-in-url" in result.out
    assert "hunter2" not in result.out + result.err
