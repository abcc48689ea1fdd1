"""Ignore comments: what they silence, and what is said of those that silence nothing."""

from __future__ import annotations

from pinfold.core.formats.document import Document
from pinfold.core.rules.run import ignore_fix
from tests.harness.squiggles import check, judge


def test_silences_the_rules_that_it_names() -> None:
    """A finding of a named rule is gone, on any physical line of the logical one."""
    check("""
        flask  # pinfold: ignore[unpinned]
        redis  # the cache; pinfold: ignore[unpinned, missing-hash]
                                                      ~~~~~~~~~~~~ unused-ignore: finds nothing
        celery \\
            # pinfold: ignore[unpinned]
    """)


def test_unknown_and_missing_names() -> None:
    """A misspelt rule and a bare comment are told."""
    check("""
        flask==3.1.0  # pinfold: ignore[unpined]
                                        ~~~~~~~ unused-ignore: there is no rule `unpined`
        redis==5.2.1  # pinfold: ignore
                        ~~~~~~~~~~~~~~~ unused-ignore: silences only the rules that it names
    """)


def test_ignoring_what_the_whole_file_is_told() -> None:
    """Findings of rules over a whole file are silenced the same way."""
    check("""
        flask==3.1.0
        flask==3.1.0  # pinfold: ignore[duplicate-requirement]
    """)


def test_removal_keeps_other_words() -> None:
    """Only the ignore comment goes, not what else the comment says."""
    for before, after in {
        "a==1  # pinfold: ignore[unpinned]\n": "a==1\n",
        "a==1  # pinfold: ignore[unpinned, missing-hash]\n": "a==1\n",
        "a  # pinfold: ignore[unpinned, missing-hash]\n": "a  # pinfold: ignore[unpinned]\n",
        "a==1  # why  # pinfold: ignore[unpinned]\n": "a==1  # why\n",
    }.items():
        assert after == _with_first_fix(before)


def test_fix_adds_to_a_comment_that_is_there() -> None:
    """Ignoring a second rule adds its name to the first one's comment."""
    for before, after in {
        "flask\n": "flask  # pinfold: ignore[unpinned]\n",
        "flask": "flask  # pinfold: ignore[unpinned]",
        "flask  # the web\r\n": "flask  # the web  # pinfold: ignore[unpinned]\r\n",
        "flask # pinfold: ignore[x]\n": "flask # pinfold: ignore[x, unpinned]\n",
        "flask \\\n  --hash=x\n": "flask \\\n  --hash=x  # pinfold: ignore[unpinned]\n",
    }.items():
        line = Document.read(before).lines[0]
        fix = ignore_fix(line, 0, "unpinned")
        assert fix is not None
        edit = fix.edits[0]
        assert after == before[: edit.range.start] + edit.text + before[edit.range.end :]


def _with_first_fix(text: str) -> str:
    finding = next(f for f in judge(text).findings if f.rule == "unused-ignore")
    edit = finding.fixes[0].edits[0]
    return text[: edit.range.start] + edit.text + text[edit.range.end :]
