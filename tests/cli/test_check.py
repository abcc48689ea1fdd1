import json
import logging
import os
from pathlib import Path

import pytest

from pinfold.core import bug
from tests.cli.running import Runner, validate

HINT = 'severity = { loosely-pinned = "hint" }\n'


def test_clean_file(pinfold: Runner) -> None:
    """A file in order gives no finding, and exit status 0."""
    pinfold.write("requirements.txt", "flask==3.1.0\n")

    result = pinfold("check")

    assert (0, "No problems in 1 file.\n", "") == (result.status, result.out, result.err)


@pytest.mark.parametrize(
    "arguments", [("--", "-r.txt"), ("--no-env", "--", "-r.txt"), ("ok.txt", "--", "-r.txt")]
)
def test_names_like_options(pinfold: Runner, arguments: tuple[str, ...]) -> None:
    """What follows `--` is a path, whatever it begins with."""
    pinfold.write("-r.txt", "flask==1.0==2\n")
    pinfold.write("ok.txt", "flask==1.0\n")

    result = pinfold("check", *arguments)

    assert 1 == result.status
    assert "-r.txt:1:" in result.out


def test_finding_in_json(pinfold: Runner) -> None:
    """The JSON is the one of the contract, to the letter."""
    pinfold.write("requirements.txt", "# pins\r\n\r\nflask\r\n")
    pinfold.write("versions.txt", "Flask==3.1.0\n")

    result = pinfold("check", "requirements.txt", "--versions", "versions.txt", "--format=json")

    shape = result.json()
    (message,) = {found.pop("message") for found in shape["files"][0]["findings"]}
    assert message
    assert {
        "version": 1,
        "files": [
            {
                "path": "requirements.txt",
                "findings": [
                    {
                        "rule": "unpinned",
                        "severity": "warning",
                        "line": 3,
                        "column": 1,
                        "endLine": 3,
                        "endColumn": 6,
                        "related": [],
                        "fixes": [
                            {
                                "title": "Pin `flask` to 3.1.0",
                                "safe": False,
                                "edits": [
                                    {
                                        "path": "requirements.txt",
                                        "line": 3,
                                        "column": 6,
                                        "endLine": 3,
                                        "endColumn": 6,
                                        "text": "==3.1.0",
                                    }
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
        "summary": {"files": 1, "errors": 0, "warnings": 1, "infos": 0, "hints": 0},
    } == shape
    assert (1, "") == (result.status, result.err)


def test_related_place_in_json(pinfold: Runner) -> None:
    """Another place is told with its path, from 1."""
    pinfold.write("requirements.txt", "flask==1\nflask==2\n")

    shape = pinfold("check", "--format=json").json()

    places = [
        (place["path"], place["line"], place["column"])
        for finding in shape["files"][0]["findings"]
        for place in finding["related"]
    ]
    assert ("requirements.txt", 1, 1) in places


def test_columns_count_code_points(pinfold: Runner) -> None:
    """A character outside of the first plane is one column, as is a tab."""
    pinfold.write("requirements.txt", "flask==1 # \U0001f600\n\t\u00e9=1\n")

    assert ("requirements.txt", 2, 2) in {
        found[:3] for found in pinfold.findings("requirements.txt")
    }


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("flask==3.1.0\n", 0),
        ("flask\n", 1),
        ("flask=1\n", 1),
        ("flask>=3.1.0\n", 0),
        ("", 0),
    ],
)
def test_exit_status(pinfold: Runner, text: str, status: int) -> None:
    """Errors and warnings fail the run; hints do not."""
    pinfold.write("pinfold.toml", HINT)
    pinfold.write("requirements.txt", text)

    assert status == pinfold("check").status
    assert 0 == pinfold("check", "--exit-zero").status


def test_summary_counts_severities(pinfold: Runner) -> None:
    """Every finding counts under its severity, and every judged file counts."""
    pinfold.write("pinfold.toml", HINT)
    pinfold.write("requirements.txt", "flask\nflit=1\ndjango>=3\n")
    pinfold.write("requirements-dev.txt", "pytest==8.0\n")

    assert {"files": 2, "errors": 1, "warnings": 1, "infos": 0, "hints": 1} == pinfold(
        "check", "--format=json"
    ).json()["summary"]


def test_nothing_to_judge(pinfold: Runner) -> None:
    """A folder without dependency files is clean, and says why."""
    assert (0, "No dependency files found.\n") == (
        (result := pinfold("check")).status,
        result.out,
    )
    assert [] == pinfold.findings()


def test_folder_is_searched(pinfold: Runner) -> None:
    """A folder's dependency files are judged, in the order of their paths, and nothing else."""
    for name in ("requirements.txt", "api/requirements/dev.txt", "notes.txt", "setup.py"):
        pinfold.write(name, "flask\n")

    assert ["api/requirements/dev.txt", "requirements.txt"] == [
        path for path, *_ in pinfold.findings()
    ]


def test_ignored_and_excluded_files_are_passed_over(pinfold: Runner) -> None:
    """.gitignore and `exclude` hold for the search, not for what is named."""
    for name in ("a/requirements.txt", "b/requirements.txt", "c/requirements.txt"):
        pinfold.write(name, "flask\n")
    (pinfold.folder / ".git").mkdir()
    pinfold.write(".gitignore", "/a/\n")
    pinfold.write("pinfold.toml", 'exclude = ["b/"]\n')

    assert ["c/requirements.txt"] == [path for path, *_ in pinfold.findings()]
    assert ["a/requirements.txt", "b/requirements.txt"] == [
        path for path, *_ in pinfold.findings("a/requirements.txt", "b/requirements.txt")
    ]


def test_exclude_of_a_folder_further_down(pinfold: Runner) -> None:
    """The nearest settings file says what is excluded, as it says everything else."""
    pinfold.write("sub/requirements.txt", "flask\n")
    pinfold.write("sub/old/requirements.txt", "flask\n")
    pinfold.write("sub/pinfold.toml", 'exclude = ["old"]\n')

    assert ["sub/requirements.txt"] == [path for path, *_ in pinfold.findings()]


def test_prose_is_not_judged(pinfold: Runner) -> None:
    """Under a name that may be prose, the text decides; a named file is judged all the same."""
    pinfold.write("product-requirements.txt", "The product shall be quick.\nIt must be nice.\n")

    assert [] == pinfold.findings()
    assert pinfold.findings("product-requirements.txt")


def test_included_files_of_a_folder_are_judged(pinfold: Runner) -> None:
    """What judged files include below the folder is judged once, whatever its name."""
    pinfold.write("app/requirements.txt", "-r more.list\n-r ../outside.list\n-c pins.list\n")
    pinfold.write("app/requirements-dev.txt", "-r more.list\n")
    pinfold.write("app/more.list", "-r deep/most.list\nflask\n")
    pinfold.write("app/deep/most.list", "django\n")
    pinfold.write("app/pins.list", "attrs[x]==1\n")
    pinfold.write("outside.list", "attrs\n")

    found = pinfold.findings("app")

    assert [
        ("app/deep/most.list", 1, 1, "unpinned"),
        ("app/more.list", 2, 1, "unpinned"),
        # As a constraint, which can have no extras.
        ("app/pins.list", 1, 7, "invalid-constraint"),
    ] == [finding for finding in found if finding[0].endswith(".list")]


def test_named_file_is_judged_by_itself(pinfold: Runner) -> None:
    """What a named file includes is read, but not judged."""
    pinfold.write("main.list", "-r more.list\n")
    pinfold.write("more.list", "flask\n")

    shape = pinfold("check", "main.list", "--format=json").json()

    assert (1, []) == (shape["summary"]["files"], shape["files"])


def test_file_is_judged_once(pinfold: Runner) -> None:
    """A file that goes by several names counts once."""
    pinfold.write("requirements.txt", "flask\n")
    (pinfold.folder / "requirements-dev.txt").symlink_to("requirements.txt")

    found = pinfold.findings(".", "requirements.txt", "./requirements.txt", "requirements-dev.txt")

    assert 1 == len(found)


def test_missing_path(pinfold: Runner) -> None:
    """A path that does not exist is told, and the others are still judged."""
    pinfold.write("requirements.txt", "flask\n")

    result = pinfold("check", "gone.txt", "requirements.txt", "", "--format=json")

    assert 2 == result.status
    assert 1 == result.json()["summary"]["warnings"]
    assert "pinfold: gone.txt: does not exist\npinfold: an empty path: does not exist\n" == (
        result.err
    )


def test_paths_outside_are_absolute(pinfold: Runner) -> None:
    """A path is relative only below the working directory."""
    outside = pinfold.write("a/requirements.txt", "flask\n")
    (pinfold.folder / "b").mkdir()
    os.chdir(pinfold.folder / "b")

    assert [outside.as_posix()] == [path for path, *_ in pinfold.findings("../a")]


def test_options_between_paths(pinfold: Runner) -> None:
    """Options may stand anywhere."""
    pinfold.write("a.txt", "flask\n")
    pinfold.write("b.txt", "flask\n")

    assert ["a.txt", "b.txt"] == [
        path for path, *_ in pinfold.findings("a.txt", "--select", "unpinned", "b.txt")
    ]


def test_select_and_ignore(pinfold: Runner) -> None:
    """Rules, families and `all` may be named, repeated, and separated by commas."""
    pinfold.write("pinfold.toml", HINT)
    pinfold.write("requirements.txt", "flask\nflit=1\ndjango>=3\n")

    def rules(*arguments: str) -> list[str]:
        return [rule for *_, rule in pinfold.findings(*arguments)]

    assert ["unpinned", "invalid-requirement", "loosely-pinned"] == rules()
    assert ["unpinned"] == rules("--select", "unpinned")
    assert ["unpinned", "loosely-pinned"] == rules("--select", "pins")
    assert ["unpinned", "invalid-requirement"] == rules(
        "--select", "unpinned, conflicts", "--select=SYNTAX"
    )
    assert ["invalid-requirement"] == rules("--ignore", "unpinned,loosely-pinned")
    assert ["invalid-requirement"] == rules("--select", "all", "--ignore", "pins")
    assert [] == rules("--ignore", "all")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("unpined", "did you mean `unpinned`?"),
        ("Syntaxx", "did you mean `syntax`?"),
        ("zzzzz", "`pinfold rule` lists them all"),
        ("", "there is no rule or family ``"),
        ("unpinned,", "there is no rule or family ``"),
        ("\x1b[31m", "`\\x1b[31m`"),
    ],
)
@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_unknown_rule(pinfold: Runner, option: str, name: str, told: str) -> None:
    """A rule that does not exist is wrong usage, with what was probably meant."""
    result = pinfold("check", option, name)

    assert (2, "") == (result.status, result.out)
    assert told in result.err


def test_select_replaces_the_select_of_the_settings(pinfold: Runner) -> None:
    """What is asked for on the command line is run though the settings did not select it."""
    pinfold.write("requirements.txt", "flask\nflit=1\n")
    pinfold.write("pinfold.toml", 'select = ["invalid-requirement"]\n')

    assert ["invalid-requirement"] == [rule for *_, rule in pinfold.findings()]
    assert ["unpinned"] == [rule for *_, rule in pinfold.findings("--select=unpinned")]


def test_ignored_rule_does_not_make_its_comments_useless(pinfold: Runner) -> None:
    """An ignore comment is not called unused because the rule it names is not reported."""
    pinfold.write("requirements.txt", "flask  # pinfold: ignore[unpinned]\n")

    assert [] == pinfold.findings("--ignore=unpinned")
    assert [] == pinfold.findings("--select=unused-ignore")
    assert 0 == pinfold("check", "--ignore=unpinned", "--fix").status
    assert b"ignore[unpinned]" in pinfold.read("requirements.txt")


def test_unreadable_file_is_reported_whatever_is_selected(pinfold: Runner) -> None:
    """A file that could not be judged is not clean because of what was asked for."""
    pinfold.write("requirements.txt", b"\0\xff\xfe\xff")

    assert ["unreadable-file"] == [rule for *_, rule in pinfold.findings("--select=unpinned")]
    assert [] == pinfold.findings("--select=unpinned", "--ignore=unreadable-file")


def test_setting_problem_is_told_once(pinfold: Runner) -> None:
    """A wrong setting is a finding of the settings file, in its place, and counted."""
    pinfold.write("pyproject.toml", '[tool.pinfold]\nignore = ["unpinned"]\nselekt = []\n')
    pinfold.write("requirements.txt", "flask\n")
    pinfold.write("requirements-dev.txt", "flask\n")

    shape = pinfold("check", "--format=json").json()

    (file,) = shape["files"]
    (finding,) = file["findings"]
    assert ("pyproject.toml", "invalid-setting", 3, 1, 7) == (
        file["path"],
        finding["rule"],
        finding["line"],
        finding["column"],
        finding["endColumn"],
    )
    assert (3, 1) == (shape["summary"]["files"], shape["summary"]["warnings"])


def test_setting_problem_is_shown_with_its_line(pinfold: Runner) -> None:
    """The settings file's own text is shown, also where nothing was found to judge."""
    pinfold.write("pinfold.toml", "selekt = []\n")

    result = pinfold("check")

    assert 1 == result.status
    assert "pinfold.toml:1:1: warning[invalid-setting]" in result.out
    assert "  1 | selekt = []\n    | ^^^^^^\n" in result.out


def test_two_settings_files(pinfold: Runner) -> None:
    """Of two settings files in one folder, the one that does not count is told."""
    pinfold.write("pinfold.toml", "")
    pinfold.write("pyproject.toml", "[tool.pinfold]\n")
    pinfold.write("requirements.txt", "flask==1\n")

    assert [("pyproject.toml", 1, 1, "invalid-setting")] == pinfold.findings()


def test_standard_input(pinfold: Runner) -> None:
    """`-` judges standard input."""
    assert [("-", 1, 1, "unpinned")] == pinfold.findings("-", stdin=b"flask\n")


def test_standard_input_with_a_name(pinfold: Runner) -> None:
    """The name gives role, settings and what includes are relative to."""
    pinfold.write("sub/pinfold.toml", 'ignore = ["duplicate-requirement"]\n')
    pinfold.write("sub/base.txt", "flask==1\n")
    name = "--stdin-filename=sub/requirements.in"

    assert [] == pinfold.findings("-", name, stdin=b"-r base.txt\nflask\nflask\n")
    assert [("sub/requirements.in", 1, 4, "missing-file")] == pinfold.findings(
        "-", name, stdin=b"-r gone.txt\n"
    )


def test_standard_input_takes_the_place_of_the_file(pinfold: Runner) -> None:
    """What comes in counts, not what is on disk under its name; other files stay as they are."""
    pinfold.write("requirements.txt", "flask\n".encode("utf-16"))

    assert [] == pinfold.findings("-", "--stdin-filename=requirements.txt", stdin=b"flask==1\n")
    assert ["include-cycle"] == [
        rule
        for *_, rule in pinfold.findings(
            "-", "--stdin-filename=requirements.txt", stdin=b"-r requirements.txt\n"
        )
    ]


def test_standard_input_is_decoded_as_pip_does(pinfold: Runner) -> None:
    """A byte-order mark says the encoding of standard input too."""
    found = pinfold.findings("-", stdin="flask\n".encode("utf-16"))

    assert {"unusual-encoding", "unpinned"} == {rule for *_, rule in found}


@pytest.mark.parametrize(
    "arguments",
    [
        ["-", "requirements.txt"],
        ["--stdin-filename=a.txt"],
        ["a.txt", "--stdin-filename=a.txt"],
        ["-", "--versions=-"],
        ["--unsafe-fixes"],
        ["--diff", "--format=json"],
        ["--diff", "--format=github"],
        ["--diff", "--format=sarif"],
        ["--format=xml"],
        ["--env=."],
        ["--col", "never"],
        ["--select"],
    ],
)
def test_wrong_usage(pinfold: Runner, arguments: list[str]) -> None:
    """What makes no sense is told, with status 2, and nothing is done."""
    result = pinfold("check", *arguments)

    assert (2, "") == (result.status, result.out)
    assert "usage: pinfold check" in result.err


def test_versions(pinfold: Runner) -> None:
    """`pip freeze` gives the versions that fixes pin to; several for one package give none."""
    pinfold.write("requirements.txt", "Flask\ndjango\n")
    freeze = b"# comment\nflask==3.1.0\nDjango==3 ; os_name == 'nt'\nDjango==4\n-e ./x\nb @ https://b.example/b.zip\n"

    result = pinfold("check", "--versions=-", "--format=json", stdin=freeze)

    assert [["Pin `Flask` to 3.1.0"], []] == [
        [fix["title"] for fix in finding["fixes"]]
        for finding in result.json()["files"][0]["findings"]
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "does not exist"),
        (b"Package Version\n------- -------\nflask   3.1.0\n", "not a list of `name==version`"),
        (b"\xff\xfe\x00", "is not valid utf-16"),
    ],
)
def test_bad_versions(pinfold: Runner, content: bytes | None, told: str) -> None:
    """A file that names no versions is a failed operation, before anything is judged."""
    if content is not None:
        pinfold.write("versions.txt", content)

    result = pinfold("check", "--versions=versions.txt")

    assert (2, "") == (result.status, result.out)
    assert result.err.startswith("pinfold: --versions versions.txt: ")
    assert told in result.err


def test_variables_with_a_value_are_known(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is unset or empty is undefined, as it is for pip."""
    monkeypatch.setenv("SET_HERE", "x")
    monkeypatch.setenv("EMPTY_HERE", "")
    monkeypatch.delenv("GONE_HERE", raising=False)
    pinfold.write(
        "requirements.txt",
        "a @ https://x.example/${SET_HERE}\nb @ https://x.example/${EMPTY_HERE}\n"
        "c @ https://x.example/${GONE_HERE}\n",
    )

    assert [2, 3] == [line for _, line, *_ in pinfold.findings("--select=undefined-variable")]


def test_credentials_stay_secret(pinfold: Runner) -> None:
    """A password shows up neither in a message nor in the source line that is shown."""
    pinfold.write(
        "requirements.txt",
        "--index-url https://me:hunter2@x.example/simple\n"
        "-e https://me:hunter2@x.example/lib\n"
        "a @ https://hunter2@x.example/a.zip\n",
    )

    result = pinfold("check")
    shape = pinfold("check", "--format=json")

    assert "credentials-in-url" in result.out
    assert "hunter2" not in result.out + shape.out
    assert "  1 | --index-url https://me:*******@x.example/simple\n" in result.out


def test_crashing_rule_fails_the_run(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is told in a line without its traceback, the findings stay, and the status is 2."""
    monkeypatch.delenv("PINFOLD_STRICT")
    pinfold.write("requirements.txt", "flask\n")

    def crash(*_: object) -> object:
        bug.report("rule x crashed", ValueError("secret"))
        return frozenset()

    monkeypatch.setattr("pinfold.core.workspace.snapshot._constrained", lambda _: crash() and {})
    monkeypatch.setattr(bug, "_reported", set())
    result = pinfold("check")

    assert 2 == result.status
    assert "pinfold: internal error: rule x crashed; please report it\n" == result.err
    assert "warning[unpinned]" in result.out
    assert [] == logging.getLogger("pinfold").handlers


def test_schemas_are_schemas() -> None:
    """Each schema is valid, and closed: an object that it does not know is refused."""
    with pytest.raises(Exception, match="Additional properties"):
        validate({"version": 1, "files": [], "summary": {}, "more": 1}, "check")


def test_json_is_one_line_a_file(pinfold: Runner) -> None:
    """The output can be read line by line, and is JSON as a whole."""
    pinfold.write("a.txt", "flask\n")
    pinfold.write("b.txt", "flask\n")

    lines = pinfold("check", "a.txt", "b.txt", "--format=json").out.splitlines()

    assert ["a.txt", "b.txt"] == [
        json.loads(line.rstrip(","))["path"] for line in lines if line.startswith('{"path"')
    ]


def test_working_directory_that_is_gone(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Being nowhere is told, not crashed on."""

    def gone() -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)

    assert (2, "pinfold: no such file or directory\n") == (
        (result := pinfold("check")).status,
        result.err,
    )
