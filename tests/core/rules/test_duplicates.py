"""Projects that are required more than once, and one line in the place of two."""

from __future__ import annotations

import pytest

from pinfold.core.model.finding import Applicability
from pinfold.features.fixing import edited_text
from tests.harness.squiggles import ROOT, check, judge
from tests.oracle.pip_reading import pip_context

HASH = "--hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136"


def test_what_is_in_conflict_is_no_duplicate() -> None:
    """Lines that are told to exclude each other are not told again, and others are."""
    check("""
        alpha==1
        alpha==1.0
        ~~~~~ duplicate-requirement: already required on line 1
        alpha==3
        ~~~~~~~~ conflicting-requirements: `alpha==1` (line 1)
        beta==1 ; python_version < "3.9"
        beta==2 ; python_version >= "3.9"
    """)


def test_constraints_and_files() -> None:
    """A constraint is no duplicate of a requirement; of several files the first is named."""
    check(
        """
        -r one.txt
        -r two.txt
        -c limits.txt
        alpha==1
        ~~~~~ duplicate-requirement: already required by `one.txt`, line 2
        beta==1
    """,
        files={"one.txt": "# here\nalpha==1", "two.txt": "alpha==1", "limits.txt": "beta==1"},
    )


@pytest.mark.parametrize(
    ("text", "title", "expected", "applicability"),
    [
        ("a>=1\na<2\n", "Merge into line 1: `a>=1,<2`", "a>=1,<2\n", Applicability.SAFE),
        ("b\na\nA >= 2\n", "Merge into line 2: `a>=2`", "b\na>=2\n", Applicability.SAFE),
        ("a>=1,<3\na<3\n", "Remove this line", "a>=1,<3\n", Applicability.SAFE),
        ("a==1.0\na>=0.9", "Remove this line", "a==1.0\n", Applicability.SAFE),
        (
            "a[x] # why\na[X]>=2\n",
            "Merge into line 1: `a[x]>=2`",
            "a[x]>=2 # why\n",
            Applicability.SAFE,
        ),
        ("a [x]\na>=1\n", None, None, None),
        (
            "a>=1 ; os_name=='nt'\na<3;os_name == \"nt\"\n",
            "Merge into line 1: `a>=1,<3`",
            "a>=1,<3 ; os_name=='nt'\n",
            Applicability.SAFE,
        ),
        ("a>=1\na<2 # old\n", "Merge into line 1: `a>=1,<2`", "a>=1,<2\n", Applicability.UNSAFE),
        ("a[x]\na[y, x]\n", "Merge into line 1: `a[x,y]`", "a[x,y]\n", Applicability.UNSAFE),
        (f"a==1 {HASH}\na==1\n", None, None, None),
        ("a @ https://f.example/a.zip\na\n", None, None, None),
        ("./x/a-1-py3-none-any.whl\n./y/a-1-py3-none-any.whl\n", None, None, None),
        ("a>=1 \\\n,<3\na!=2\n", None, None, None),
        ("-e git+https://g.example/a.git#egg=a\na\n", None, None, None),
    ],
)
def test_merging(
    text: str, title: str | None, expected: str | None, applicability: Applicability | None
) -> None:
    """Where two lines are one, the first asks for what both allow, and the second goes."""
    (finding,) = [one for one in judge(text).findings if one.rule == "duplicate-requirement"]
    fix = next(iter(finding.fixes), None)
    fixed = None if fix is None else edited_text(text, sorted(fix.edits, key=lambda e: e.range))

    assert (title, expected, applicability) == (
        fix and fix.title,
        fixed,
        fix and fix.applicability,
    )


def test_merged_line_asks_for_what_both_asked() -> None:
    """pip reads in the merged line what it read in the two, by name, extras and marker."""
    text = "My.Tool[a] >=1, !=1.5 ; os_name == 'nt'\nmy-tool[A]<2 ; os_name=='nt'\n"
    (finding,) = [one for one in judge(text).findings if one.rule == "duplicate-requirement"]
    edits = sorted(finding.fixes[0].edits, key=lambda edit: edit.range)
    with pip_context() as pip:
        first, _ = pip.read(text)
        (merged,) = pip.read(edited_text(text, edits))

    assert (first.name, first.extras, first.marker) == (merged.name, merged.extras, merged.marker)
    assert {">=1", "<2", "!=1.5"} == set((merged.specifier or "").split(","))


def test_merging_into_another_file() -> None:
    """A line that repeats one of another file can be merged there, by a person who has looked."""
    judgement = judge("-r base.txt\na<5\n", files={"base.txt": "# ours\na>=3\n"})
    (finding,) = [one for one in judgement.findings if one.rule == "duplicate-requirement"]
    (fix,) = finding.fixes
    there, here = fix.edits

    assert Applicability.UNSAFE is fix.applicability
    assert ("Merge into `base.txt`: `a>=3,<5`", "a>=3,<5") == (fix.title, there.text)
    assert (ROOT / "base.txt", 7, 11) == (there.path, there.range.start, there.range.end)
    assert (None, 12, 16, "") == (here.path, here.range.start, here.range.end, here.text)


def test_what_another_file_asks_for_already() -> None:
    """A line that adds nothing to one of another file can go, if a person agrees."""
    judgement = judge("-r base.txt\na\n", files={"base.txt": "a==3\n"})
    (finding,) = [one for one in judgement.findings if one.rule == "duplicate-requirement"]

    assert [("Remove this line", Applicability.UNSAFE, 1)] == [
        (fix.title, fix.applicability, len(fix.edits)) for fix in finding.fixes
    ]
