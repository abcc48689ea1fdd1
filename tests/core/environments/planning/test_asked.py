"""What people ask for, typed or in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.planning.asked import Asked, key_of, read_typed, roots_of
from pinfold.core.environments.planning.installing import Installation, to_install
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.model.wording import at_command_line
from tests.core.environments.planning.made import FOLDER, asked_in_file, packages


@pytest.mark.parametrize(
    ("text", "message", "action"),
    [
        ("", "an empty requirement names nothing", None),
        ("flask=1.0", "`flask=1.0` is no requirement", "did you mean `flask==1.0`?"),
        ("flask[async]=1", "`flask[async]=1` is no requirement", "mean `flask[async]==1`?"),
        ("flask@1.0", "`flask@1.0` is no requirement", "did you mean `flask==1.0`?"),
        ("flask django", "`flask django` is no requirement", "give each package by itself"),
        ("flask >=1 <2", "`flask >=1 <2` is no requirement", None),
        ("flask; python_version", "`flask; python_version` is no requirement", None),
        ("-r x.txt", "`-r x.txt` is an option, no requirement", None),
        ("requirements.txt", "names a requirements file", "with `-r requirements.txt`"),
        ("sub/dev.in", "names a requirements file", "with `-r sub/dev.in`"),
        ("a\nb", "a requirement stands on one line", "give each one by itself"),
        ("https://me:secret@[host/x", "is no requirement", None),
    ],
)
def test_mistyped(text: str, message: str, action: str | None) -> None:
    """What is typed and is no requirement is refused with what was probably meant."""
    refusal = read_typed(text)

    assert isinstance(refusal, Refusal)
    assert RefusalReason.INVALID is refusal.reason
    assert message in refusal.message
    assert "secret" not in refusal.message
    assert (action is None) is (refusal.action is None)
    assert (action or "") in at_command_line(refusal.action or "")


@pytest.mark.parametrize(
    ("text", "key", "specifier", "path"),
    [
        ("Flask", "flask", "", None),
        ("flask[Async_X]>=1,<2", "flask", ">=1,<2", None),
        (
            "./dist/flask-1.0-py3-none-any.whl",
            "flask",
            "==1.0",
            "./dist/flask-1.0-py3-none-any.whl",
        ),
        ("./dist/flask-1.0.tar.gz", "flask", "", "./dist/flask-1.0.tar.gz"),
        ("https://host.example/flask-1.0.tar.gz", "flask", "", None),
        ("git+https://host.example/flask-1.0.tar.gz", None, "", None),
        ("./folder", None, "", "./folder"),
        ("./folder/x.tar.gz", None, "", "./folder/x.tar.gz"),
        ("file:///folder/flask-1.0.zip", "flask", "", None),
    ],
)
def test_typed(text: str, key: str | None, specifier: str, path: str | None) -> None:
    """The project of what is typed is known wherever the text says it."""
    asked = read_typed(text)

    assert isinstance(asked, Asked)
    assert (key, specifier, path) == (asked.key, asked.specifier, asked.path)
    assert text == asked.asker.text


def test_project_of_a_folder() -> None:
    """A folder is the project that is installed from there, as seen from where pip is run."""
    installed = packages("tool 1 editable /project/tool", "lib 1 from file:///project/lib")
    texts = [
        *("-e ./tool", "./lib", "./other", "-e git+https://host.example/x#egg=x", "lib"),
        *("file:///project/lib", "https://host.example/project/lib"),
    ]
    asked = asked_in_file("\n".join(texts))

    assert ["tool", "lib", None, "x", "lib", "lib", None] == [
        key_of(one, installed, [Path("/elsewhere"), FOLDER]) for one in asked
    ]


def test_project_behind_a_link(tmp_path: Path) -> None:
    """By whichever way somebody has come to a folder, it is the same project."""
    (tmp_path / "real/tool").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    installed = packages(f"tool 1 editable {tmp_path / 'real/tool'}")
    (asked,) = asked_in_file("-e ./tool")

    assert "tool" == key_of(asked, installed, [tmp_path / "link"])


def test_roots() -> None:
    """What brings nothing is left out: false markers, constraints; one in doubt is not."""
    installed = packages("tool 1 editable /project/tool")
    asked = (
        *asked_in_file("a[x]\nb; python_version < '3'\nc; platform_release == '1'\n-e ./tool\n"),
        *asked_in_file("d\n", is_constraint=True),
    )

    assert [("a", ("x",)), ("c", ()), ("tool", ())] == list(roots_of(asked, installed, [FOLDER]))


def test_lines_in_doubt() -> None:
    """What pip refuses, and what has variables, is among what is asked for, and not readable."""
    asked = asked_in_file("a\nb=1\nhttps://${TOKEN}@host.example/c-1.zip\n--pre\n-r x.txt\n")

    assert [("a", True), ("b=1", False), (asked[2].asker.text, False)] == [
        (one.asker.text, one.is_readable) for one in asked
    ]


def test_install() -> None:
    """What is typed is handed on; what is meant as a path is a path for every installer."""
    found = to_install(["flask", "dist/x-1.zip"], editables=["tool"], files=[Path("r.txt")])

    assert isinstance(found, Installation)
    assert ("flask", "./dist/x-1.zip") == found.wanted.requirements
    assert ("./tool",) == found.wanted.editables
    assert (Path("r.txt"),) == found.wanted.files


@pytest.mark.parametrize(
    ("requirements", "editables", "reason", "message"),
    [
        ([], [], RefusalReason.NOTHING_NAMED, "nothing to install is named"),
        (["flask", "x=1"], [], RefusalReason.INVALID, "`x=1` is no requirement"),
        (["./gone"], [], RefusalReason.INVALID, "`./gone` names a path, and nothing stands there"),
        ([], ["gone"], RefusalReason.INVALID, "`gone` names a path, and nothing stands there"),
        ([], ["https://host.example/x.zip"], RefusalReason.INVALID, "cannot be editable"),
    ],
)
def test_no_install(
    requirements: list[str], editables: list[str], reason: RefusalReason, message: str
) -> None:
    """What cannot be installed is refused before anything is started."""
    found = to_install(requirements, editables=editables, exists=lambda path: "gone" not in path)

    assert isinstance(found, Refusal)
    assert (reason, True) == (found.reason, message in found.message)
