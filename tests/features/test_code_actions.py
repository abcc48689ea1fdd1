"""What is offered about findings."""

from __future__ import annotations

from pathlib import Path

from pinfold.core.formats.document import Document
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix
from pinfold.core.model.text import TextRange
from pinfold.core.rules.run import DefaultSeverities, check_file
from pinfold.core.rules.view import FileView
from pinfold.features.code_actions import has_safe_fixes, quick_fixes


def offered(text: str, findings: tuple[Finding, ...] | None = None) -> list[tuple[str, bool]]:
    """Return what is offered for all of *text*, each with whether it is preferred."""
    document = Document.read(text)
    if findings is None:
        view = FileView(Path("/n/requirements.txt"), FileRole.REQUIREMENTS, document)
        placed = check_file(view, DefaultSeverities())
        findings = tuple(finding.absolute() for finding in placed)
    found = quick_fixes(document, findings, TextRange(0, len(text)))
    return [(quick_fix.title, quick_fix.is_preferred) for quick_fix in found]


def test_fixes_come_before_ignoring() -> None:
    """What mends a finding comes first."""
    assert [
        ("Write `==`", True),
        ("Ignore `invalid-requirement` on this line", False),
    ] == offered("flask=1\n")


def test_ignore_comment_cannot_be_ignored() -> None:
    """An ignore comment that silences nothing can only be taken away."""
    assert [("Remove the ignore comment", True)] == offered("a==1  # pinfold: ignore[unpinned]\n")


def test_of_several_safe_fixes_none_is_preferred() -> None:
    """Preferred means that there is nothing to choose."""
    edit = Edit(TextRange(0, 1), "b")
    fixes = tuple(Fix(title, (edit,), Applicability.SAFE) for title in ("one", "two"))
    unsafe = Fix("three", (edit,), Applicability.UNSAFE)
    finding = Finding(TextRange(0, 1), "m", (*fixes, unsafe), rule="unused-ignore")

    expected = [("one", False), ("two", False), ("three", False)]
    assert expected == offered("a\n", (finding,))


def test_same_fix_is_offered_once() -> None:
    """Two findings that are mended by the same edit offer it once."""
    fix = Fix("one", (Edit(TextRange(0, 1), "b"),), Applicability.SAFE)
    finding = Finding(TextRange(0, 1), "m", (fix,), rule="unused-ignore")

    assert [("one", True)] == offered("a\n", (finding, finding))


def test_change_of_bytes_is_not_offered() -> None:
    """Writing a file in another encoding is no edit of a text."""
    fix = Fix("as UTF-8", (), Applicability.SAFE, reencode=True)
    finding = Finding(TextRange(0, 1), "m", (fix,), rule="unreadable-file")

    assert [] == offered("a\n", (finding,))
    assert not has_safe_fixes([finding])
