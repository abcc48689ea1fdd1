"""A safe fix leaves pip's reading of all other lines as it was, and has nothing to do twice.

Held on every real file that is here, and on generated ones: for all safe fixes together, for those
of each rule, and for each fix by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from pinfold.core.formats.document import Document
from pinfold.core.formats.encoding import DecodedText, as_utf8, decode_requirements
from pinfold.core.model.finding import Applicability, Edit, Finding, Severity
from pinfold.core.rules.registry import rules
from pinfold.core.rules.run import ignore_fix
from pinfold.features.fixing import (
    applicable_fix,
    dominant_line_end,
    edited_text,
    fix_all,
    may_apply,
    with_line_end,
)
from tests.harness.squiggles import judge
from tests.oracle.lines import generate_files
from tests.oracle.our_reading import depends_on_disk
from tests.oracle.pip_reading import PipReader, Reading, decode, pip_context
from tests.oracle.real_files import SHARED_CORPUS, shared_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

ABSENT = pytest.param(
    None,
    id="absent",
    marks=pytest.mark.skip(
        reason="FIXES ARE NOT TRIED ON REAL FILES: there is no ../shared/data/corpus"
    ),
)


@dataclass(slots=True)
class Lines:
    """pip's readings of logical lines, each read once."""

    pip: PipReader
    known: dict[str, tuple[Reading, ...]]

    def read(self, text: str) -> tuple[Reading, ...]:
        """What pip reads in one logical line, whatever its number; empty if it says nothing."""
        readings = self.known.get(text)
        if readings is None:
            # What we take for a path is read where it exists, and nothing else is.
            is_path = any(depends_on_disk(entry) for _, entry in Document.read(text).entries)
            read = self.pip.read_with_paths_present if is_path else self.pip.read
            readings = tuple(replace(one, first_line=0, last_line=0) for one in read(text))
            self.known[text] = readings
        return readings


@pytest.fixture(scope="module")
def known() -> dict[str, tuple[Reading, ...]]:
    """What has been read so far: most lines of a file stay what they are, whatever is mended."""
    return {}


@pytest.fixture
def lines(known: dict[str, tuple[Reading, ...]]) -> Iterator[Lines]:
    """pip's readings of logical lines."""
    with pip_context() as pip:
        yield Lines(pip, known)


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.relative_to(SHARED_CORPUS).as_posix()) for path in shared_files()]
    or [ABSENT],
)
def test_real_file(lines: Lines, path: Path) -> None:
    """Every safe fix on a real file, with the files beside it in place."""
    data = path.read_bytes()
    decoded = decode_requirements(data, "utf-8")
    if not isinstance(decoded, DecodedText):
        return
    folder = SHARED_CORPUS / path.relative_to(SHARED_CORPUS).parts[0]
    files = {
        other.relative_to(folder).as_posix(): other.read_bytes()
        for other in shared_files()
        if other.is_relative_to(folder)
    }
    check_safe_fixes(lines, decoded.text, path.relative_to(folder).as_posix(), files)
    rewritten = as_utf8(decoded.text)

    # pip reads the same in UTF-8, but for a coding comment that is set right.
    assert isinstance(rewritten, bytes)
    assert decoded.text.splitlines()[2:] == decode(rewritten).splitlines()[2:]


@pytest.mark.parametrize("chunk", range(4))
@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt", "requirements.in"])
def test_generated_files(lines: Lines, chunk: int, name: str) -> None:
    """Every safe fix on generated files, in each role that a file can have."""
    for number, generated in enumerate(generate_files(100 + chunk, 24)):
        text = generated.removeprefix("\ufeff")
        # Twice the same has duplicates.
        check_safe_fixes(lines, text if number % 2 else text + text, name, {})


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ('-r a.txt -r "b c.txt"\n', "dropped-include", '-r a.txt\n-r "b c.txt"\n'),
        ("-c'a b' -r c\n", "dropped-include", "-r c\n-c'a b'\n"),
        ("-f a '-fb' # c\n", "dropped-option", None),
        ("-f a -f'b' # c\n", "dropped-option", "-f a # c\n-f'b'\n"),
        # The word at the end would be left to the requirement.
        ("foo==1 -c my file.txt\n", "dropped-include", None),
        ("foo==1 -r a\x0cbar==1\n", "dropped-include", "foo==1\x0c-r a\nbar==1\n"),
        # Without the `-e`, it is a wheel of no valid name.
        ("foo-1.whl -e ./b\n", "dropped-option", None),
        ("foo==1 # c \\\nbar==1\n", "swallowed-line", "foo==1 # c\nbar==1\n"),
        ("foo==1 # c \\\nwhat else\n", "swallowed-line", None),
        ("foo==1 # c \\\n--hash=sha256:a\n", "swallowed-line", None),
        # pip takes the backslash at the beginning away only from a line that is continued.
        ("\\foo==1 # c \\\nbar==1\n", "swallowed-line", None),
    ],
)
def test_known_fix(text: str, rule: str, expected: str | None) -> None:
    """A fix keeps quotes and comments, and is not safe where it would do harm."""
    (finding, *_) = [finding for finding in judge(text).findings if finding.rule == rule]
    fix = applicable_fix(finding, unsafe=False)

    assert expected == (None if fix is None else edited_text(text, with_line_end(fix.edits, "\n")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo\n", "foo  # pinfold: ignore[x]\n"),
        ("foo \t\x0cbar", "foo  # pinfold: ignore[x]\x0cbar"),
        ("foo\\\n \n", "foo\\\n   # pinfold: ignore[x]\n"),
        ("foo\\\n==1 \n", "foo\\\n==1  # pinfold: ignore[x]\n"),
        ("foo\\\n\n", None),
        ("foo # bar \n", "foo # bar  # pinfold: ignore[x]\n"),
        ("foo # pinfold: ignore[y]\n", "foo # pinfold: ignore[y, x]\n"),
    ],
)
def test_ignore_comment(text: str, expected: str | None) -> None:
    """An ignore comment ends the line that it is on, and no continuation."""
    fix = ignore_fix(Document.read(text).lines[0], 0, "x")

    assert expected == (None if fix is None else edited_text(text, fix.edits))


def test_fixes_of_most_rules_are_tried() -> None:
    """Generated files need the safe fixes of nearly all rules that have one."""
    tried: set[str] = set()
    for text in generate_files(100, 150):
        for finding in judge(text).findings:
            if applicable_fix(finding, unsafe=False) is not None:
                tried.add(finding.rule)
    safe = {rule.name for rule in rules().values() if rule.fix is Applicability.SAFE}

    assert len(tried & safe) >= len(safe) - 4, safe - tried


def check_safe_fixes(
    lines: Lines, text: str, name: str, files: dict[str, str] | dict[str, bytes]
) -> None:
    """Check every way of applying safe fixes to *text*."""

    def findings_of(document: Document) -> tuple[Finding, ...]:
        return judge(document.text, name=name, files=files).findings

    # A byte-order mark goes when a text is read from a file, and a coding comment changes it.
    document = judge(text, name=name, files=files).document
    assert document is not None
    if document.text != text:
        return
    found = findings_of(document)
    fixed_by = {f.rule for f in found if applicable_fix(f, unsafe=False) is not None}
    check_fixed_together(lines, document, findings_of)
    for rule in sorted(fixed_by) if len(fixed_by) > 1 else ():
        check_fixed_together(lines, document, _only(findings_of, rule))
    line_end = dominant_line_end(text)
    for finding in found:
        for fix in finding.fixes:
            if may_apply(fix, unsafe=False) and all(edit.path is None for edit in fix.edits):
                edits = with_line_end(fix.edits, line_end)
                touched = _touched(document, _places(edits)) | _mended(document, finding)
                check_other_lines(lines, document, edits, touched, f"{finding.rule}: {fix.title}")
    check_ignore_comments(lines, document, found)


def check_fixed_together(
    lines: Lines, document: Document, findings_of: Callable[[Document], Sequence[Finding]]
) -> None:
    """Check what becomes of *document* when all its safe fixes are applied until none is left."""
    first = fix_all(findings_of, document, unsafe=False)
    again = fix_all(findings_of, first.document, unsafe=False)

    assert first.document.text == again.document.text, "a second time changes something more"
    assert 0 == again.fixed
    touched = _touched(document, _places(first.edits))
    for finding in findings_of(document):
        if applicable_fix(finding, unsafe=False) is not None:
            touched |= _mended(document, finding)
    check_other_lines(lines, document, first.edits, touched, "all fixes")


def check_ignore_comments(lines: Lines, document: Document, found: Iterable[Finding]) -> None:
    """Check that an ignore comment changes pip's reading of no line, its own included."""
    for finding in _first_of_each_line(document, found):
        located = document.line_at(finding.range.start)
        if located is None or finding.severity is Severity.OFF:
            continue
        fix = ignore_fix(located[1], located[0], finding.rule)
        if fix is not None:
            check_other_lines(lines, document, fix.edits, set(), f"ignore {finding.rule}")


def check_other_lines(
    lines: Lines, document: Document, edits: Sequence[Edit], touched: set[int], what: str
) -> None:
    """Check that each logical line of *document* that is not *touched* reads as it did.

    It has to be a line of its own after the *edits* too. And a line that pip refuses may come out
    of a fix only where one went in.
    """
    ordered = sorted(edits, key=lambda edit: (edit.range.start, edit.range.end))
    after = Document.read(edited_text(document.text, ordered))
    lines_after = dict(zip(after.starts, after.lines, strict=True))
    kept: set[int] = set()
    for index, (start, line) in enumerate(zip(document.starts, document.lines, strict=True)):
        before = lines.read(line.text)
        if index in touched or not before:
            continue
        moved_start = _moved(start, ordered)
        moved = lines_after.get(moved_start)
        kept.add(moved_start)
        told = f"{what}: {line.text!r} in {document.text!r:.1500} -> {after.text!r:.1500}"
        assert moved is not None, told
        assert before == _as_before(lines.read(moved.text), before), told
    refused_before = _refused(lines, (document.lines[index] for index in touched))
    others = (line for start, line in lines_after.items() if start not in kept)
    refused_after = _refused(lines, others)
    assert refused_after <= refused_before, (
        f"{what}: refuses more, {document.text!r:.1500} -> {after.text!r:.1500}"
    )


def _as_before(after: tuple[Reading, ...], before: tuple[Reading, ...]) -> tuple[Reading, ...]:
    # What stands in a refused line's message besides does not matter.
    if len(after) != len(before):
        return after
    return tuple(
        replace(one, error=other.error, logical_line=other.logical_line)
        for one, other in zip(after, before, strict=True)
    )


def _refused(lines: Lines, of: Iterable[object]) -> int:
    counted: Counter[str] = Counter()
    for line in of:
        counted.update(reading.kind for reading in lines.read(line.text))  # type: ignore[attr-defined]  # lines
    return counted["error"]


def _touched(document: Document, offsets: Iterable[int]) -> set[int]:
    """Return the indices of the logical lines that hold *offsets*."""
    found: set[int] = set()
    index_of = {start: index for index, start in enumerate(document.starts)}
    for offset in offsets:
        located = document.line_at(offset)
        if located is not None:
            found.add(index_of[located[0]])
    return found


def _mended(document: Document, finding: Finding) -> set[int]:
    """Return the indices of the logical lines that *finding* speaks of."""
    mended = _touched(document, [finding.range.start])
    if finding.rule == "broken-continuation":
        # A `--hash` on a line of its own is given back to its requirement.
        mended |= {index + 1 for index in mended}
    return mended


def _places(edits: Iterable[Edit]) -> list[int]:
    """Return an offset in each line that an edit takes something from, or adds to in its middle."""
    places: list[int] = []
    for edit in edits:
        if edit.range.start < edit.range.end:
            places += [edit.range.start, edit.range.end - 1]
    return places


def _moved(offset: int, edits: Iterable[Edit]) -> int:
    """Return where what stood at *offset* stands after *edits*; what is put in comes before it."""
    distance = 0
    for edit in edits:
        if edit.range.end <= offset:
            distance += len(edit.text) - (edit.range.end - edit.range.start)
    return offset + distance


def _first_of_each_line(document: Document, found: Iterable[Finding]) -> Iterator[Finding]:
    seen: set[int] = set()
    for finding in found:
        located = document.line_at(finding.range.start)
        if located is not None and located[0] not in seen and len(seen) < 30:
            seen.add(located[0])
            yield finding


def _only(
    findings_of: Callable[[Document], Sequence[Finding]], rule: str
) -> Callable[[Document], Sequence[Finding]]:
    def only(document: Document) -> Sequence[Finding]:
        return [finding for finding in findings_of(document) if finding.rule == rule]

    return only
