"""Requirements that are URLs."""

from __future__ import annotations

import pytest

from pinfold.core.formats.document import Document
from pinfold.features.fixing import edited_text
from tests.harness.squiggles import check, judge
from tests.oracle.pip_reading import pip_context


def test_unnamed_url() -> None:
    """A name belongs in front of a URL, save where a wheel's file name says it."""
    check("""
        https://files.example/first-1.0.zip ; python_version < "3.9"
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ unnamed-url: has to fetch this URL
        git+https://git.example/second.git#egg=second
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ unnamed-url: write `second @`
        third @ https://files.example/third-1.0.zip
        fourth @ git+https://git.example/fourth.git#egg=fourth
        https://files.example/fifth-1.0-py3-none-any.whl
        -e git+https://git.example/sixth.git#egg=sixth
    """)


def test_unnamed_url_as_a_constraint() -> None:
    """A constraint without a name is an error already; that is enough said."""
    check(
        """
        https://files.example/first-1.0.zip
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-constraint
        git+https://git.example/second.git#egg=second
    """,
        name="constraints.txt",
    )


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        (
            "https://files.example/tool-1.0.zip#egg=tool --hash=sha256:" + 64 * "a",
            "tool @ https://files.example/tool-1.0.zip --hash=sha256:" + 64 * "a",
        ),
        (
            "git+ssh://git@git.example/tool.git@v1.0#egg=My.Tool  # ours",
            "My.Tool @ git+ssh://git@git.example/tool.git@v1.0  # ours",
        ),
        (
            'git+https://git.example/tool.git#egg=tool; python_version < "3.9"',
            'tool @ git+https://git.example/tool.git ; python_version < "3.9"',
        ),
    ],
)
def test_name_in_front(line: str, mended: str) -> None:
    """The fix writes what pip reads in the same way, but for the fragment."""
    (finding,) = judge(f"{line}\n").findings
    fixed = edited_text(f"{line}\n", finding.fixes[0].edits)
    with pip_context() as pip:
        (before,), (after,) = pip.read(f"{line}\n"), pip.read(fixed)

    assert f"{mended}\n" == fixed
    assert before.url is not None
    assert (before.name, before.url.partition("#")[0]) == (after.name, after.url)
    assert (before.marker, before.options) == (after.marker, after.options)


@pytest.mark.parametrize(
    "line",
    [
        "https://files.example/tool-1.0.zip",
        "https://files.example/tool-1.0.zip#subdirectory=src&egg=tool",
        "https://files.example/tool-1.0.zip#egg=tool&subdirectory=src",
        "https://files.example/a;b/tool-1.0.zip#egg=tool",
        "https://${TOKEN}@files.example/tool-1.0.zip#egg=tool",
        "https://files.example/\\\ntool-1.0.zip#egg=tool",
    ],
)
def test_no_name_in_front(line: str) -> None:
    """Where a URL says no name, or more than one, or is no plain text, nobody guesses."""
    document = Document.read(line)
    found = [finding for finding in judge(document.text).findings if finding.rule == "unnamed-url"]

    assert [()] == [finding.fixes for finding in found]
