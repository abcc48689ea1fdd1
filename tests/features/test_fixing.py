from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.formats.document import Document
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix
from pinfold.core.model.text import TextRange
from pinfold.features.fixing import (
    MAX_ROUNDS,
    FixOutcome,
    Judge,
    composed,
    dominant_line_end,
    edited_text,
    fix_all,
)


def fix(start: int, end: int, text: str, *, safe: bool = True, path: Path | None = None) -> Fix:
    """Return a fix of one edit."""
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix("mend", (Edit(TextRange(start, end), text, path),), applicability)


def replacing(old: str, *new: str, safe: bool = True) -> Judge:
    """Return a judge that finds each *old*, with one fix for each of *new*."""

    def judge(document: Document) -> list[Finding]:
        findings = []
        start = document.text.find(old)
        while start >= 0:
            end = start + len(old)
            fixes = tuple(fix(start, end, text, safe=safe) for text in new)
            findings.append(Finding(TextRange(start, end), "found", fixes))
            start = document.text.find(old, end)
        return findings

    return judge


def check_fixed(judge: Judge, text: str, *, unsafe: bool = False) -> FixOutcome:
    """Fix *text*, and hold the outcome's edits against its document."""
    outcome = fix_all(judge, Document.read(text), unsafe=unsafe)

    assert outcome.document.text == edited_text(text, outcome.edits)
    assert all(edit.path is None for edit in outcome.edits)
    return outcome


def test_every_finding_is_mended() -> None:
    """All fixes that do not touch are applied in one go, and counted."""
    outcome = check_fixed(replacing("=1", "==2"), "a=1\nb=1\n")

    assert "a==2\nb==2\n" == outcome.document.text
    assert 2 == outcome.fixed
    assert () == outcome.findings


def test_first_applicable_fix_is_taken() -> None:
    """Only one of a finding's fixes is applied, and it is the first."""
    assert "b" == check_fixed(replacing("a", "b", "c"), "a").document.text


def test_unsafe_fix_needs_leave() -> None:
    """An unsafe fix is passed over unless it is asked for."""
    judge = replacing("a", "b", safe=False)

    assert ("a", 1) == (
        (kept := check_fixed(judge, "a")).document.text,
        len(kept.findings),
    )
    assert "b" == check_fixed(judge, "a", unsafe=True).document.text


def test_safe_fix_behind_an_unsafe_one_is_found() -> None:
    """The first fix that may be applied counts, not the first one."""

    def judge(document: Document) -> list[Finding]:
        if document.text != "a":
            return []
        return [Finding(TextRange(0, 1), "", (fix(0, 1, "b", safe=False), fix(0, 1, "c")))]

    assert "c" == check_fixed(judge, "a").document.text


def test_overlapping_fixes_wait_for_the_next_round() -> None:
    """Of two fixes of the same text the second is made of what the first left."""

    def judge(document: Document) -> list[Finding]:
        if document.text == "abc":
            return [
                Finding(TextRange(0, 2), "", (fix(0, 2, "x"),)),
                Finding(TextRange(1, 3), "", (fix(1, 3, "y"),)),
            ]
        return [Finding(TextRange(0, 2), "", (fix(0, 2, "z"),))] if document.text == "xc" else []

    outcome = check_fixed(judge, "abc")

    assert ("z", 2) == (outcome.document.text, outcome.fixed)


def test_insertion_at_the_edge_of_an_edit_waits() -> None:
    """Which of two texts comes first at one place is not left to chance."""

    def judge(document: Document) -> list[Finding]:
        if document.text != "ab":
            return []
        return [
            Finding(TextRange(0, 1), "", (fix(0, 1, "x"),)),
            Finding(TextRange(1, 1), "", (fix(1, 1, "y"),)),
        ]

    assert "xb" == check_fixed(judge, "ab").document.text


def test_fixes_that_undo_each_other_end() -> None:
    """A text that was there before ends the rounds."""

    def judge(document: Document) -> list[Finding]:
        other = "b" if document.text == "a" else "a"
        return [Finding(TextRange(0, 1), "", (fix(0, 1, other),))]

    assert ("b", 1) == ((outcome := check_fixed(judge, "a")).document.text, outcome.fixed)


def test_fix_that_never_rests_is_bounded() -> None:
    """A rule whose fix brings its finding back does not hang the program."""

    def judge(document: Document) -> list[Finding]:
        return [Finding(TextRange(0, 0), "", (fix(0, 0, "a"),))]

    assert "a" * MAX_ROUNDS == check_fixed(judge, "").document.text


def test_edits_of_other_files_are_left_alone() -> None:
    """A fix that reaches into another file is not half applied."""

    def judge(document: Document) -> list[Finding]:
        return [Finding(TextRange(0, 1), "", (fix(0, 1, "b", path=Path("/other")),))]

    assert 0 == check_fixed(judge, "a").fixed


def test_reencoding_is_left_alone() -> None:
    """A fix of the file's bytes is nothing that a text can take."""

    def judge(document: Document) -> list[Finding]:
        reencode = Fix("as UTF-8", (), Applicability.SAFE, reencode=True)
        return [Finding(TextRange(0, 1), "", (reencode,))]

    assert 0 == check_fixed(judge, "a").fixed


def test_inserted_line_ends_are_those_of_the_file() -> None:
    """A fix writes a line feed; the file gets what most of its lines end with."""
    judge = replacing("; ", "\n")

    assert "a\r\nb\r\nc\r\n" == check_fixed(judge, "a; b\r\nc\r\n").document.text
    assert "a\rb\r" == check_fixed(judge, "a; b\r").document.text
    assert "a\nb" == check_fixed(judge, "a; b").document.text


def test_dominant_line_end() -> None:
    """The most frequent line end wins, and a line feed where there is none."""
    assert ["\n", "\r\n", "\r", "\n"] == [
        dominant_line_end(text) for text in ("", "a\r\nb\r\nc\n", "a\rb\r\nc\rd", "a\nb\r\n")
    ]


@st.composite
def edits_of(draw: st.DrawFn, length: int) -> list[Edit]:
    """Edits of a text of *length*, in order and without overlap."""
    marks = sorted(draw(st.lists(st.integers(0, length), max_size=8)))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return [Edit(TextRange(*pair), draw(st.text("xy\n", max_size=3))) for pair in pairs]


@given(st.data(), st.text("abc\n", max_size=30))
def test_composed_edits_do_what_both_do(data: st.DataObject, text: str) -> None:
    """The sum of two rounds of edits, applied once, gives the same text."""
    first = data.draw(edits_of(len(text)))
    between = edited_text(text, first)
    second = data.draw(edits_of(len(between)))

    assert edited_text(between, second) == edited_text(text, composed(len(text), first, second))


@given(st.text("ab \n\r=", max_size=60))
def test_twice_changes_nothing_more(text: str) -> None:
    """What was mended once has nothing left to mend."""
    judge = replacing("a", "b")
    once = check_fixed(judge, text)

    assert 0 == check_fixed(judge, once.document.text).fixed
