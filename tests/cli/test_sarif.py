import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest

import pinfold as package
from pinfold.cli.targets import Target
from pinfold.core.files import Unreadable, UnreadableReason
from pinfold.core.model.text import LineTable, Position
from pinfold.core.rules.registry import rules
from pinfold.core.workspace.snapshot import Snapshot
from tests.cli.running import Runner, process
from tests.project.checkout import ROOT

SARIF = ("--no-env", "--format=sarif")
Edits = list[tuple[int, int, str]]
MULTITOOL = ROOT / "build" / "sarif-multitool"
EXAMPLE = ROOT / "docs" / "example"


@pytest.fixture(autouse=True)
def _no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def run_of(output: str | bytes) -> Any:
    """Return the one run of a log, having seen that it keeps what the standard asks for."""
    log = json.loads(output)
    assert ["$schema", "version", "runs"] == list(log)
    assert "2.1.0" == log["version"]
    (run,) = log["runs"]
    declared = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert declared[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert_is_region(location["physicalLocation"]["region"])
        for number, related in enumerate(result.get("relatedLocations", ()), 1):
            assert number == related["id"]
            assert f"]({number})" in result["message"]["text"]
            assert_is_region(related["physicalLocation"]["region"])
        for fix in result.get("fixes", ()):
            assert all(change["replacements"] for change in fix["artifactChanges"])
    # What it means, anybody can look up; what cannot be written as UTF-8, nobody can read.
    json.dumps(log, ensure_ascii=False).encode()
    return run


def assert_is_region(region: Mapping[str, int]) -> None:
    """See that *region* counts from 1 and does not end before it starts."""
    start = (region["startLine"], region["startColumn"])
    end = (region.get("endLine", region["startLine"]), region["endColumn"])
    assert (1, 1) <= start <= end
    assert min(*start, *end) >= 1


def check(pinfold: Runner, *arguments: str, stdin: bytes = b"") -> Any:
    """Return the run of a check, whose output must be ASCII."""
    result = pinfold("check", *SARIF, *arguments, stdin=stdin)
    assert result.out.isascii()
    return run_of(result.out)


def places(run: Any) -> list[tuple[str, int, int]]:
    """Return URI, line and column of each result."""
    found = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    return [
        (
            place["artifactLocation"]["uri"],
            place["region"]["startLine"],
            place["region"]["startColumn"],
        )
        for place in found
    ]


def test_result_to_the_letter(pinfold: Runner) -> None:
    """A result says rule, weight, words, place and fix as the standard calls them."""
    pinfold.write("requirements.txt", "# pins\r\n\r\nflask\r\n")
    pinfold.write("versions.txt", "Flask==3.1.0\n")

    result = pinfold("check", *SARIF, "requirements.txt", "--versions=versions.txt")

    run = run_of(result.out)
    (found,) = run["results"]
    artifact = {"uri": "requirements.txt", "uriBaseId": "SRCROOT"}
    fingerprint = found.pop("partialFingerprints")
    index = list(rules()).index("unpinned")
    assert {
        "ruleId": "unpinned",
        "ruleIndex": index,
        "level": "warning",
        "message": {"text": "`flask` may resolve to any version"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": {"startLine": 3, "startColumn": 1, "endColumn": 6},
                }
            }
        ],
        "fixes": [
            {
                "description": {"text": "Pin `flask` to 3.1.0"},
                "artifactChanges": [
                    {
                        "artifactLocation": artifact,
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": 3,
                                    "startColumn": 6,
                                    "endColumn": 6,
                                },
                                "insertedContent": {"text": "==3.1.0"},
                            }
                        ],
                    }
                ],
                "properties": {"safe": False},
            }
        ],
        "properties": {"severity": "warning"},
    } == found
    assert ["pinfoldLine/v1"] == list(fingerprint)
    assert (1, "") == (result.status, result.err)
    assert {
        "invocations": [{"executionSuccessful": True, "exitCode": 1}],
        "originalUriBaseIds": {"SRCROOT": {"uri": f"{pinfold.folder.as_uri()}/"}},
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
    } == {name: shape for name, shape in run.items() if name not in ("tool", "results")}


def test_rules_are_declared(pinfold: Runner) -> None:
    """Every rule is there with its page, whether or not it found anything."""
    driver = check(pinfold)["tool"]["driver"]
    declared = {rule["id"]: rule for rule in driver["rules"]}
    rule = declared["unpinned"]

    assert ("Pinfold", package.__version__) == (driver["name"], driver["version"])
    assert list(rules()) == list(declared)
    assert {"text": "Requirement accepts any version of the package."} == rule["shortDescription"]
    assert (
        "Two installs of the same file can then give two different programs."
        in (rule["fullDescription"]["text"])
    )
    assert "```requirements\nflask\n```" in rule["help"]["markdown"]
    assert "    flask\n" in rule["help"]["text"]
    assert "```" not in rule["help"]["text"]
    assert {"level": "warning"} == rule["defaultConfiguration"]
    assert {"enabled": False} == declared["loosely-pinned"]["defaultConfiguration"]
    assert {"family": "pins", "tags": ["pins"], "since": "0.1", "fix": "unsafe"} == (
        rule["properties"]
    )


def test_descriptions_are_short(pinfold: Runner) -> None:
    """Code scanning cuts, or refuses, what is longer; links to other pages lead nowhere there."""
    for rule in check(pinfold)["tool"]["driver"]["rules"]:
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert ".md)" not in rule["help"]["markdown"] + rule["fullDescription"]["text"]


def test_levels(pinfold: Runner) -> None:
    """Infos and hints are notes; what they are here is kept beside."""
    pinfold.write(
        "pinfold.toml", 'severity = { loosely-pinned = "hint", pre-release-pin = "info" }\n'
    )
    pinfold.write("requirements.txt", "flit=1\nflask\nsix==1rc1\nattrs>=1\n")

    assert [
        ("error", "error"),
        ("warning", "warning"),
        ("note", "info"),
        ("note", "hint"),
    ] == [
        (result["level"], result["properties"]["severity"]) for result in check(pinfold)["results"]
    ]


def test_related_place_is_linked(pinfold: Runner) -> None:
    """A viewer that shows only linked places shows the other line."""
    pinfold.write("requirements.txt", "-r a[b]c.txt\nflask==1\n")
    pinfold.write("a[b]c.txt", "flask==1\n")

    (result,) = check(pinfold, "requirements.txt", "--select=duplicate-requirement")["results"]

    (related,) = result["relatedLocations"]
    assert "a%5Bb%5Dc.txt" == related["physicalLocation"]["artifactLocation"]["uri"]
    assert r"see [a\[b\]c.txt:1:1](1): " in result["message"]["text"]


def test_nothing_else_is_taken_for_a_link(pinfold: Runner) -> None:
    """Text of a file that looks like a link is not one."""
    pinfold.write("requirements.txt", "-r [here](https://evil.example/)\n")

    (message,) = [result["message"]["text"] for result in check(pinfold)["results"]]

    assert r"\[here\](" in message


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b.txt", "a%20b.txt"),
        ("a#b?.txt", "a%23b%3F.txt"),
        ("100%41.txt", "100%2541.txt"),
        ("c:d.txt", "c%3Ad.txt"),
        ("sub/caf\u00e9.txt", "sub/caf%C3%A9.txt"),
        ("a\nb.txt", "a%0Ab.txt"),
        (os.fsdecode(b"\xff.txt"), "%FF.txt"),
    ],
)
def test_names_are_uris(pinfold: Runner, name: str, uri: str) -> None:
    """A URI gives back the very bytes of the name."""
    pinfold.write(name, "flask\n")

    assert [(uri, 1, 1)] == places(check(pinfold, "--", name))
    assert os.fsencode(name) == unquote_to_bytes(uri)


def test_outside_of_the_root(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file elsewhere has an absolute URI."""
    outside = pinfold.write("a b/requirements.txt", "flask\n")
    (pinfold.folder / "work").mkdir()
    monkeypatch.chdir(pinfold.folder / "work")

    (result,) = check(pinfold, "../a b")["results"]

    assert {"uri": outside.as_uri()} == (
        result["locations"][0]["physicalLocation"]["artifactLocation"]
    )


def test_paths_from_the_workspace(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a job, the root is the repository's, wherever in it the step works."""
    pinfold.write("services/api/requirements.txt", "flask\n")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pinfold.folder))
    monkeypatch.chdir(pinfold.folder / "services")

    run = check(pinfold)

    assert [("services/api/requirements.txt", 1, 1)] == places(run)
    assert f"{pinfold.folder.as_uri()}/" == run["originalUriBaseIds"]["SRCROOT"]["uri"]


def test_standard_input(pinfold: Runner) -> None:
    """What comes in is told under the name that it was given."""
    assert [("-", 1, 1)] == places(check(pinfold, "-", stdin=b"flask\n"))
    assert [("sub/requirements.txt", 1, 1)] == places(
        check(pinfold, "-", "--stdin-filename=sub/requirements.txt", stdin=b"flask\n")
    )


def test_columns_count_code_points(pinfold: Runner) -> None:
    """Columns are those that `columnKind` says, and lines end where `newlineSequences` says."""
    pinfold.write("requirements.txt", "flask==1 # \U0001f600\r# \u2028 \x0c\n\t\u00e9=1\n")

    assert ("requirements.txt", 3, 2) in places(check(pinfold))


def test_failures_are_notifications(pinfold: Runner) -> None:
    """What failed is told in the log too, and the log is whole all the same."""
    pinfold.write("requirements.txt", "flask\n")

    result = pinfold("check", *SARIF, "gone.txt", "requirements.txt")

    (invocation,) = run_of(result.out)["invocations"]
    assert {
        "executionSuccessful": False,
        "exitCode": 2,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": "gone.txt: does not exist"}}
        ],
    } == invocation
    assert (2, 1) == (result.status, len(run_of(result.out)["results"]))


def test_what_was_passed_over(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be read is told, and is no reason to fail."""

    def find(
        _paths: object,
        snapshot: Snapshot,
        *,
        on_unreadable: Callable[[Path, Unreadable], None],
        **_: object,
    ) -> Iterator[Target]:
        closed = snapshot.working_directory / "clo\nsed"
        on_unreadable(closed, Unreadable(UnreadableReason.FAILED, "may not be read"))
        return iter(())

    monkeypatch.setattr("pinfold.cli.check.find_targets", find)
    result = pinfold("check", *SARIF)

    (invocation,) = run_of(result.out)["invocations"]
    assert {
        "executionSuccessful": True,
        "exitCode": 0,
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": "clo\\nsed: may not be read"}}
        ],
    } == invocation
    assert (0, "pinfold: clo\\nsed: may not be read\n") == (result.status, result.err)


@pytest.mark.parametrize("option", ["--exit-zero", "--quiet", "--color=always"])
def test_options_without_effect(pinfold: Runner, option: str) -> None:
    """Only the exit status knows of `--exit-zero`; the others are about text."""
    pinfold.write("requirements.txt", "flask\n")

    plain = pinfold("check", *SARIF)
    other = pinfold("check", *SARIF, option)

    is_zero = option == "--exit-zero"
    assert plain.out.replace('"exitCode": 1', f'"exitCode": {0 if is_zero else 1}') == other.out
    assert (0 if is_zero else 1) == other.status


def test_nothing_to_judge(pinfold: Runner) -> None:
    """Without a file there is still a log, with an empty list."""
    result = pinfold("check", *SARIF)

    assert (0, "", []) == (result.status, result.err, run_of(result.out)["results"])


def fingerprints(pinfold: Runner) -> list[str]:
    """Return the fingerprints of a check's results, in their order."""
    return [result["partialFingerprints"]["pinfoldLine/v1"] for result in check(pinfold)["results"]]


def test_fingerprints_move_with_their_lines(pinfold: Runner) -> None:
    """A finding is known again wherever its line went, until the line itself is another."""
    pinfold.write("requirements.txt", "flask\ndjango\n")
    before = fingerprints(pinfold)
    pinfold.write("requirements.txt", "# new\n\n  django\r\nsix==1\nflask\n")
    moved = fingerprints(pinfold)
    pinfold.write("requirements.txt", "flask # changed\ndjango\n")
    changed = fingerprints(pinfold)

    assert before == moved[::-1]
    assert (before[1], False) == (changed[1], before[0] == changed[0])


def test_fingerprints_differ(pinfold: Runner) -> None:
    """No two findings of a file share one."""
    pinfold.write("pinfold.toml", 'ignore = ["duplicate-requirement"]\n')
    pinfold.write("requirements.txt", "flask\nflask\nflask; junk\nflask; junk\n")

    found = fingerprints(pinfold)

    assert len(found) >= 4
    assert len(set(found)) == len(found)


def test_fingerprints_do_not_depend_on_a_password(pinfold: Runner) -> None:
    """Passwords of one length give one fingerprint: nobody can try them out on it."""
    pinfold.write("requirements.txt", "--index-url https://me:hunter2@x.example/simple\n")
    before = fingerprints(pinfold)
    pinfold.write("requirements.txt", "--index-url https://me:hunter3@x.example/simple\n")

    assert before == fingerprints(pinfold)


def test_credentials_stay_secret(pinfold: Runner) -> None:
    """No password is in a log: neither in its words nor in its fixes."""
    pinfold.write(
        "requirements.txt",
        "--extra-index https://me:hunter2@x.example/simple\n"
        "flask==1 --index-url https://me:hunter2@x.example/simple\n"
        "git+https://me:hunter2@x.example/tool.git#egg=tool\n",
    )

    result = pinfold("check", *SARIF)

    assert run_of(result.out)["results"]
    assert "hunter2" not in result.out


def safe_edits(run: Any, uri: str, text: str) -> Edits:
    """Return what the first safe fixes of a run replace, as far as they leave each other alone."""
    table = LineTable.of(text)
    chosen: Edits = []
    for result in run["results"]:
        fixes = [fix for fix in result.get("fixes", ()) if fix["properties"]["safe"]]
        for change in fixes[0]["artifactChanges"] if fixes else ():
            if change["artifactLocation"]["uri"] == uri:
                edits = [replaced(table, each) for each in change["replacements"]]
                if not any(touches(one, other) for one in edits for other in chosen):
                    chosen += edits
    return sorted(chosen)


def replaced(table: LineTable, replacement: Any) -> tuple[int, int, str]:
    """Return the offsets of a replacement, and what stands there afterwards."""
    region = replacement["deletedRegion"]
    start = table.offset(Position(region["startLine"] - 1, region["startColumn"] - 1))
    end_line = region.get("endLine", region["startLine"])
    end = table.offset(Position(end_line - 1, region["endColumn"] - 1))
    return start, end, replacement.get("insertedContent", {}).get("text", "")


def touches(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    """Return whether two replacements have a place in common, be it an edge."""
    return one[0] <= other[1] and other[0] <= one[1]


def mend_by_sarif(pinfold: Runner, names: Sequence[str]) -> int:
    """Apply the safe fixes of the log until there are none left; return how many rounds it took."""
    for count in range(20):
        run = check(pinfold)
        edits = {name: safe_edits(run, name, read(pinfold, name)) for name in names}
        if not any(edits.values()):
            return count
        for name in names:
            text = read(pinfold, name)
            for start, end, inserted in reversed(edits[name]):
                text = text[:start] + inserted + text[end:]
            pinfold.write(name, text)
    raise AssertionError("fixes without end")


def read(pinfold: Runner, name: str) -> str:
    """Return the text of a file, its line ends as they are."""
    return pinfold.read(name).decode("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "# \U0001f600\r\nflask==1 -r more.txt # x\r\nflit=1\r\n--extra-index https://x.example\r\n",
        "flit=1\rflask==1 --index-url https://x.example/simple\rattrs=1",
        "\u00e9 # \x0c\nflit=1 \\\n  --no-index\nflask = 1\n\n",
    ],
)
def test_fixes_are_those_of_fix(pinfold: Runner, text: str) -> None:
    """A tool that applies the log's fixes writes what `--fix` writes, line ends and all."""
    pinfold.write("more.txt", "six==1\n")
    pinfold.write("requirements.txt", text)
    pinfold("check", "--no-env", "--fix")
    fixed = read(pinfold, "requirements.txt")
    pinfold.write("requirements.txt", text)

    assert mend_by_sarif(pinfold, ["requirements.txt"]) > 0
    assert fixed == read(pinfold, "requirements.txt")


def test_fixes_of_the_example(pinfold: Runner) -> None:
    """In the example workspace, too, the log's fixes lead to what `--fix` writes."""
    shutil.copytree(EXAMPLE, pinfold.folder, dirs_exist_ok=True)
    names = sorted(
        path.relative_to(pinfold.folder).as_posix()
        for path in pinfold.folder.rglob("*")
        if path.suffix in (".txt", ".in")
    )
    pinfold("check", "--no-env", "--fix")
    fixed = {name: read(pinfold, name) for name in names}
    shutil.copytree(EXAMPLE, pinfold.folder, dirs_exist_ok=True)

    mend_by_sarif(pinfold, names)

    assert fixed == {name: read(pinfold, name) for name in names}


def test_change_of_encoding_is_no_fix(pinfold: Runner) -> None:
    """The format has no words for it, and an empty fix would not be valid."""
    pinfold.write("requirements.txt", "flask==1\n".encode("utf-16"))

    (result,) = check(pinfold)["results"]

    assert ("unusual-encoding", False) == (result["ruleId"], "fixes" in result)


@pytest.fixture(scope="session")
def multitool() -> Path:
    """The maker's own validator, which carries the schema; fetched once, by its plain name."""
    folder = MULTITOOL / "node_modules" / "@microsoft" / "sarif-multitool-linux"
    if not (folder / "sarif-2.1.0.json").is_file():
        npm = shutil.which("npm")
        assert npm is not None, "npm is needed to fetch the validator"
        MULTITOOL.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                npm,
                "install",
                "--no-save",
                "--no-audit",
                "--no-fund",
                f"--prefix={MULTITOOL}",
                "@microsoft/sarif-multitool-linux@5.7.0",
            ],
            check=True,
            capture_output=True,
            timeout=600,
        )
    return folder


def hostile(folder: Path) -> None:
    """Write files whose names and contents are as bad as they get."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    names = [
        b"requirements-\xff.txt",
        b"requirements-\n\x1b[31m.txt",
        b"requirements-a#b %41:c.txt",
    ]
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(b"flask\nflask\n")
    (folder / "requirements-utf16.txt").write_bytes("flit=1\u00e9\n".encode("utf-16"))
    (folder / "requirements-nul.txt").write_bytes(b"\0\xff\xfe\xff")
    (folder / "requirements-text.txt").write_bytes(
        b"-r [x](https://evil.example)\nflask {0} {{\nfl\\u0000 \\ud800=1\n"
        + "\u202eflask\u200b=1\rdjango\U0001f600\n".encode()
    )


@pytest.mark.network
def test_log_is_valid(multitool: Path, tmp_path: Path) -> None:
    """The schema and the maker's validator have nothing to say of logs, however bad the files."""
    folder = tmp_path / "work"
    hostile(folder)
    log = tmp_path / "log.sarif"
    log.write_bytes(process(["check", *SARIF, ".", "gone.txt"], folder).stdout)
    schema = json.loads((multitool / "sarif-2.1.0.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(schema).validate(json.loads(log.read_text(encoding="ascii")))
    assert len(run_of(log.read_bytes())["results"]) > 30
    # That the project has no address yet is the one thing that may be said.
    assert {"SARIF2005"} >= complaints(multitool, log)


@pytest.mark.network
def test_validator_notices(multitool: Path, tmp_path: Path) -> None:
    """The validator is one: a log that is wrong is told."""
    (tmp_path / "requirements.txt").write_bytes(b"flask\n")
    text = process(["check", *SARIF], tmp_path).stdout.decode()
    log = tmp_path / "log.sarif"
    log.write_text(text.replace('"startLine": 1', '"startLine": 0'), encoding="ascii")

    assert complaints(multitool, log) - {"SARIF2005"}


def complaints(multitool: Path, log: Path) -> set[str]:
    """Return which of the validator's rules have something to say that is more than a note."""
    answer = log.with_suffix(".answer")
    subprocess.run(
        [
            multitool / "Sarif.Multitool",
            "validate",
            log,
            f"--json-schema={multitool / 'sarif-2.1.0.json'}",
            f"--output={answer}",
            "--log=ForceOverwrite",
            "--level=Error;Warning",
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (run,) = json.loads(answer.read_text(encoding="utf-8-sig"))["runs"]
    told = run["invocations"][0].get("toolExecutionNotifications", ())
    return {result["ruleId"] for result in run["results"]} | {
        notice["descriptor"]["id"] for notice in told if notice.get("level") == "error"
    }


def test_spans_agree_with_json(pinfold: Runner) -> None:
    """Both formats speak of the same places."""
    shutil.copytree(EXAMPLE, pinfold.folder, dirs_exist_ok=True)

    assert [
        (path, line, column) for path, line, column, _ in pinfold.findings("--no-env")
    ] == places(check(pinfold))
