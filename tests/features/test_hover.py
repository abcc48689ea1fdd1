"""What is said of a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.formats.document import Document
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Finding
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import rules
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


def check_said(marked: str, expected: str) -> None:
    """Exactly *expected* is said at the mark, its parts separated by a bar."""
    found = hovered(marked)

    assert found is not None
    assert expected.split(" | ") == found.content.plain.split("\n\n")


def test_finding() -> None:
    """Why it matters is said of a finding: its message stands above every hover already."""
    check_said(
        "fl<|>ask\n",
        "unpinned: Two installs of the same file can then give two different programs.",
    )


def test_findings_of_one_rule() -> None:
    """What is to be said of a rule is said once, however many of its findings meet in a place."""
    found = [Finding(TextRange(0, end), "different", rule="unpinned") for end in (3, 5)]
    said = hover(Document.read("flask\n"), found, 2)

    assert said is not None
    assert 1 == said.content.plain.count("unpinned: ")


def test_findings_side_by_side() -> None:
    """What ends where another one begins is not meant; what nothing follows is."""
    marked = [Finding(TextRange(0, 5), "", rule="unpinned")]
    beside = [*marked, Finding(TextRange(5, 9), "", rule="wrong-version")]

    for found, rule in ((marked, "unpinned"), (beside, "wrong-version")):
        said = hover(Document.read("flask==1\n"), found, 5)
        assert said is not None
        assert said.content.plain.startswith(f"{rule}: ")
        assert 1 == said.content.plain.count(": ")


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("a==1 --p<|>re\n", "dropped-option: On the line of a requirement pip acts on"),
        ("-r a.txt -r b<|>.txt\n", "dropped-include: pip follows one `-r` or `-c` a line"),
        ("-i http<|>s://a\n-i https://b\n", "overridden-option: pip has one `--index-url`"),
    ],
)
def test_option_with_a_finding(marked: str, told: str) -> None:
    """Whether pip acts on it is not said again where a finding has said that it does not."""
    check_hover(marked, told, "--")
    found = hovered(marked)

    assert found is not None
    assert "on this line" not in found.content.plain


def test_each_reason_is_a_sentence() -> None:
    """A hover has room for no more."""
    reasons = {name: rule.reason for name, rule in rules().items()}

    assert [] == [
        name
        for name, reason in reasons.items()
        if not reason.endswith(".") or "\n" in reason or len(reason) > 250
    ]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("-<|>r base.txt\n", "--requirement, -r"),
        ("-r ba<|>se.txt\n", "Read a further requirements file."),
        ("--requirem base.txt<|>\n", "--requirement, -r"),
        ("x==1\n<|>--pre\n", "pip acts on it on this line."),
        ("a==1 --p<|>re  # pinfold: ignore[dropped-option]\n", "drops it without a word"),
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
