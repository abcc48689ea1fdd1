"""What requirements ask for, and what the environment has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinfold.core.model.environment import EnvironmentState
from pinfold.features.fixing import edited_text
from tests.harness.environments import environment, no_environment
from tests.harness.squiggles import check, judge

COMMIT = "4f3c2b1a" * 5


def messages(
    text: str,
    rule: str,
    *installed: str,
    name: str = "requirements.txt",
    files: dict[str, str | bytes] | None = None,
) -> list[str]:
    """Return what *rule* says of *text* where *installed* is installed."""
    judgement = judge(text, name=name, files=files, environment=environment(*installed))
    return [finding.message for finding in judgement.findings if finding.rule == rule]


def test_silent_without_an_environment() -> None:
    """As long as nobody has looked for an environment, nothing is said of it."""
    check("""
        flask==3.1.0
        celery[redis]==5.4.0 ; python_version < "3.8"
        -e ./lib
           ~~~~~ missing-file
    """)


def test_not_installed() -> None:
    """A named requirement that the environment lacks, in whatever spelling, is told."""
    check(
        """
        Flask_Login==0.6.3
        redis==5.2.1
        ~~~~~ not-installed: `redis` is not installed in `.venv`
        tool @ git+https://git.example/tool.git@v1
        ~~~~ not-installed
        -e git+https://git.example/edited.git#egg=edited
                                                  ~~~~~~ not-installed
        tomli==2.2.1 ; python_version < "3.8"
        pywin32==308 ; sys_platform == "win32" or python_version < "3"
        colorama==0.4.6 ; sys_platform == "linux"
        ~~~~~~~~ not-installed
        unknown==1.0 ; platform_release > "5"
    """,
        environment=environment("flask-login 0.6.3"),
    )


def test_constraints_need_not_be_installed() -> None:
    """A constraint asks for nothing."""
    check("redis==5.2.1\n", name="constraints.txt", environment=environment())


def test_name_of_the_environment() -> None:
    """Messages call an environment by its folder."""
    found = environment(prefix=Path("/home/me/envs/web"))
    (finding,) = judge("redis==5.2.1\n", environment=found).findings

    assert "`redis` is not installed in `web`" == finding.message


def test_local_projects() -> None:
    """A path is installed if something was installed from that folder, editable or not."""
    text = "-e ./lib\n./other\n./missing\n-e ../outside[extra]\n${HOME}/lib\nfile:///project/no\n"
    found = messages(
        text,
        "not-installed",
        "lib 1.0 editable /project/lib",
        "other 1.0 from file:///project/other",
        "outside 1.0 extra extra editable /outside",
        files={"missing/pyproject.toml": ""},
    )

    assert [
        "`./missing` is not installed in `.venv`",
        "`/project/no` is not installed in `.venv`",
    ] == found


def test_paths_that_are_not_there() -> None:
    """What `missing-file` says is not said to be missing from the environment as well."""
    check(
        """
        -e ./nowhere
           ~~~~~~~~~ missing-file
        ./local
        ~~~~~~~ missing-file
        ./wheels/tool-1.0-py3-none-any.whl
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ missing-file
        redis==5.2.1
        ~~~~~ not-installed
    """,
        environment=environment(),
    )


def test_path_from_a_folder_above() -> None:
    """A path may be meant from where pip is run, above the file."""
    assert [] == messages(
        "-e .\n",
        "not-installed",
        "project 1.0 editable /project",
        name="requirements/dev.txt",
    )


def test_archives_tell_their_project() -> None:
    """Of a URL or path without a name, an archive's file name says what it is, or nothing does."""
    text = (
        "https://files.example/first-1.0.tar.gz\n"
        "https://files.example/archive/main.zip\n"
        "./wheels/second-1.0-py3-none-any.whl\n"
        "./sources/third-1.0.zip\n"
        "./sources/main.zip\n"
        "git+https://git.example/tool.git\n"
    )
    files: dict[str, str | bytes] = {
        "wheels/second-1.0-py3-none-any.whl": "",
        "sources/third-1.0.zip": "",
        "sources/main.zip": "",
    }

    assert [
        f"`{name}` is not installed in `.venv`" for name in ("first", "second", "third")
    ] == sorted(
        message.replace("./sources/third-1.0.zip", "third")
        for message in messages(text, "not-installed", files=files)
    )
    assert [] == messages(text, "not-installed", "first 1.0", "second 1.0", "third 1.0")


def test_wrong_version() -> None:
    """An installed version that the specifier does not allow is told, with what is there."""
    check(
        """
        flask==3.1.0
             ~~~~~~~ wrong-version: `flask==3.1.0` is required, 3.0.0 is installed
        redis >= 5, <6
        celery==5.4
        numpy>=2.0
             ~~~~~ wrong-version: 2.0rc1 is installed
        torch==2.1.0
        torchvision==2.1.0+cpu
                   ~~~~~~~~~~~ wrong-version: 2.1.0 is installed
        pandas<2 ; python_version < "3.8"
        odd>=1
    """,
        environment=environment(
            "Flask 3.0.0",
            "redis 5.3.0b1",
            "celery 5.4.0",
            "numpy 2.0rc1",
            "torch 2.1.0+cpu",
            "torchvision 2.1.0",
            "pandas 2.2.0",
            "odd not-a-version",
        ),
    )


def test_wrong_version_of_a_constraint() -> None:
    """A constraint is compared with what is installed, if it is."""
    check(
        """
        flask<3
             ~~ wrong-version: 3.0.0 is installed
        redis<5
    """,
        name="constraints.txt",
        environment=environment("flask 3.0.0"),
    )


def test_wrong_version_of_an_archive() -> None:
    """The file name of an archive says which version it has, wherever it lies."""
    installed = ("a 1.1", "b 1.1 from https://mirror.example/b-1.1.zip", "c 1.1", "d 1.1+local")
    text = (
        "a @ https://files.example/a-1.0-py3-none-any.whl\n"
        "b @ https://files.example/b-1.1.zip\n"
        "./c-1.0.tar.gz\n"
        "https://files.example/d-1.1-py3-none-any.whl\n"
    )

    assert [
        "this is `a` 1.0, 1.1 is installed",
        "`c==1.0` is required, 1.1 is installed",
    ] == messages(text, "wrong-version", *installed)


@pytest.mark.parametrize(
    ("url", "origin", "said"),
    [
        ("git+https://git.example/a/tool.git@v1", "git+https://git.example/a/tool@v1", None),
        ("git+ssh://git@GIT.example/a/tool@v1", "git+https://git.example/a/tool.git@v1", None),
        ("git+https://u:s3cret@git.example/a/tool", "git+https://git.example/a/tool", None),
        ("git+https://git.example/a/tool", "git+ssh://git@git.example:22/a/tool.git", None),
        ("git+https://git.example/a/tool", "git+https://git.example/a/tool.git@v2", None),
        ("git+https://git.example/a/tool@v1", f"git+https://git.example/a/tool@{COMMIT}", None),
        ("git+https://git.example/${X}/tool@v1", "git+https://git.example/a/tool.git@v2", None),
        (
            "git+https://git.example/a/tool@4f3c2b1",
            f"git+https://git.example/a/tool@main commit {COMMIT}",
            None,
        ),
        (
            "git+https://git.example/a/tool@0000000",
            f"git+https://git.example/a/tool@main commit {COMMIT}",
            "`tool` was installed from `main`, this asks for `0000000`",
        ),
        (
            "git+https://git.example/a/tool@v1#subdirectory=x",
            "git+https://git.example/a/tool@v2",
            "`tool` was installed from `v2`, this asks for `v1`",
        ),
        (
            "git+https://u:s3cret@git.example/a/tool",
            "git+https://me:s3cret@git.example/b/tool.git",
            "`tool` was installed from git.example/b/tool, not from this URL",
        ),
        (
            "hg+https://git.example/a/tool",
            "git+https://git.example/a/tool",
            "`tool` was installed from git.example/a/tool, not from this URL",
        ),
        (
            "https://files.example/main.zip?token=s3cret",
            "https://u:s3cret@files.example/main.zip",
            None,
        ),
        (
            "https://files.example/main.zip",
            "https://u:s3cret@files.example/next.zip?token=s3cret",
            "`tool` was installed from files.example/next.zip, not from this URL",
        ),
        ("file:///src/tool/", "file:///src/tool", None),
        (
            "file:///src/tool",
            "file:///src/other",
            "`tool` was installed from /src/other, not from this URL",
        ),
        ("file:///src/main.zip", "file:///src/main.zip", None),
        (
            "file:///src/tool",
            "https://files.example/main.zip",
            "`tool` was installed from files.example/main.zip, not from this URL",
        ),
    ],
)
def test_wrong_origin(url: str, origin: str, said: str | None) -> None:
    """What was recorded of a URL install is compared with the URL; secrets are never repeated."""
    found = messages(f"tool @ {url}\n", "wrong-version", f"tool 1.0 from {origin}")

    assert ([] if said is None else [said]) == found


def test_origin_of_editables_and_unknown() -> None:
    """An editable install is somebody's work, and what came from an index tells no URL."""
    text = "tool @ git+https://git.example/tool@v1\nother @ git+https://git.example/other@v1\n"

    assert [] == messages(text, "wrong-version", "tool 1 editable /src/tool", "other 1")


@pytest.mark.parametrize(
    ("line", "installed", "mended"),
    [
        ("flask==3.1.0  # web", "flask 3.0.0", "flask==3.0.0  # web"),
        ("flask[async] >= 3.1, < 4", "flask 3.0.0", "flask[async] ==3.0.0"),
        ("torch==2.0", "torch 2.1.0+cpu", "torch==2.1.0+cpu"),
        ("flask==3.1.0", "flask 3.0.0 editable /src/flask", None),
        ("flask==3.1.0", "flask 3.0.0 from https://files.example/main.zip", None),
        (f"flask==3.1.0 --hash=sha256:{'a' * 64}", "flask 3.0.0", None),
    ],
)
def test_pin_to_what_is_installed(line: str, installed: str, mended: str | None) -> None:
    """The fix replaces the specifier, unless an index may not have that version."""
    judgement = judge(f"{line}\n", environment=environment(installed))
    (finding,) = [f for f in judgement.findings if f.rule == "wrong-version"]
    fixed = [edited_text(f"{line}\n", fix.edits) for fix in finding.fixes]

    assert ([] if mended is None else [f"{mended}\n"]) == fixed


@pytest.mark.parametrize(
    ("installed", "pinned"),
    [
        ("flask 3.0.0", "flask==3.0.0"),
        ("flask 3.0.0+local.1", "flask==3.0.0+local.1"),
        ("flask 3.0.0 editable /src/flask", None),
        ("flask 3.0.0 from git+https://git.example/flask", None),
        ("flask nonsense", None),
    ],
)
def test_unpinned_is_pinned_to_what_is_installed(installed: str, pinned: str | None) -> None:
    """What is installed from an index gives the version to pin to."""
    judgement = judge("flask\n", environment=environment(installed))
    (finding,) = [f for f in judgement.findings if f.rule == "unpinned"]
    fixed = [edited_text("flask\n", fix.edits) for fix in finding.fixes]

    assert ([] if pinned is None else [f"{pinned}\n"]) == fixed


def test_metadata_do_not_become_lines() -> None:
    """A version that holds a line break never reaches a file, and messages stay one line."""
    found = environment("flask 1.0", "redis 1.0")
    assert found.packages is not None
    for distribution in found.packages.by_name.values():
        object.__setattr__(distribution, "version", "1.0\n--index-url https://evil.example")
    findings = judge("flask\nredis>=2\n", environment=found).findings

    assert [] == [fix for finding in findings for fix in finding.fixes]
    assert [] == [finding for finding in findings if "\n" in finding.message]


def test_unused_marker() -> None:
    """A marker that is false here is told, as one that is true or unknown is not."""
    check(
        """
        tomli==2.2.1 ; python_version < '3.8'
                       ~~~~~~~~~~~~~~~~~~~~~~ unused-marker: is false on CPython 3.11.2 on Linux
        tomli==2.2.1 ; python_version < "3.12"
        odd==1 ; platform_release < "5"
        ./lib ; sys_platform == "win32"
                ~~~~~~~~~~~~~~~~~~~~~~~ unused-marker
        ~~~~~ missing-file
    """,
        environment=environment("tomli 2.2.1"),
    )


def test_no_environment() -> None:
    """A file without an environment is told so once, at its first requirement."""
    check(
        """
        # The web
        -i https://packages.example/simple
        flask==3.1.0
        ~~~~~ no-environment: make `.venv`
        redis==5.2.1
    """,
        environment=no_environment(),
    )
    check("# nothing\n", environment=no_environment())
    check("flask==3.1.0\n", name="constraints.txt", environment=no_environment())


def test_no_environment_on_purpose() -> None:
    """Who chose to have none is not told that there is none."""
    check("flask==3.1.0\n", environment=replace(no_environment(), is_meant=True))


@pytest.mark.parametrize("state", [EnvironmentState.UNUSABLE, EnvironmentState.UNRESPONSIVE])
def test_environment_that_cannot_be_read(state: EnvironmentState) -> None:
    """Why the environment cannot be read is in the message."""
    answer = no_environment(state, "`.venv` does\nnot answer")
    (finding,) = judge("flask==3.1.0\n", environment=answer).findings

    assert finding.message.endswith("installed: `.venv` does not answer")


def test_ignore_comments() -> None:
    """A comment silences a rule on the environment, and is not called unused in another one."""
    text = "redis==5.2.1  # pinfold: ignore[not-installed]\n"

    for installed in (environment(), environment("redis 5.2.1"), None):
        assert () == judge(text, environment=installed).findings
