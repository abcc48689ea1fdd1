"""What is said of a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.formats.document import Document
from pinfold.core.model.files import FileRole
from pinfold.core.rules.run import DefaultSeverities, check_file
from pinfold.core.rules.view import FileView
from pinfold.features.hover import Hover, hover


def hovered(marked: str) -> Hover | None:
    """Return what is said at the ``<|>`` of a text."""
    before, _, after = marked.partition("<|>")
    document = Document.read(before + after)
    view = FileView(Path("/n/requirements.txt"), FileRole.REQUIREMENTS, document)
    findings = [placed.absolute() for placed in check_file(view, DefaultSeverities())]
    return hover(document, findings, len(before))


def check_hover(marked: str, *expected: str) -> None:
    """Each of *expected* is said at the mark."""
    found = hovered(marked)
    assert found is not None
    for words in expected:
        assert words in found.content.plain


def test_ignored_rule() -> None:
    """The name of a rule in an ignore comment shows the rule's page."""
    check_hover("flask  # pinfold: ignore[unp<|>inned]\n", "unpinned", "## Why", "## Example")


def test_finding() -> None:
    """A finding shows its message and what the rule is about."""
    check_hover("fl<|>ask\n", "unpinned: `flask` may resolve to any version")


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("-<|>r base.txt\n", "--requirement, -r"),
        ("-r ba<|>se.txt\n", "Read a further requirements file."),
        ("--requirem base.txt<|>\n", "--requirement, -r"),
        ("x==1\n<|>--pre\n", "pip acts on it on this line."),
        ("a==1 --p<|>re\n", "drops it without a word"),
        ("a==1 \\\n  --has<|>h=sha256:ab\n", "--hash"),
    ],
)
def test_option(marked: str, expected: str) -> None:
    """An option shows its long name, what it does, and whether pip acts on it here."""
    check_hover(marked, expected)


@pytest.mark.parametrize(
    "marked", ["<|>", "fla<|>sk==1.0\n", "# com<|>ment\n", "a==1 # pinfold: ignore[no-such<|>-x]"]
)
def test_nothing_to_say(marked: str) -> None:
    """Most places have nothing to say but their findings."""
    found = hovered(marked)

    assert found is None or found.content.plain.startswith("unused-ignore: ")
