"""``--fix`` over all files of a run: which texts change, and how they are written.

Owns what no single text can know: fixes that edit another judged file, the encoding that a file is
written in, and that it is still what was read. How fixes of one text are chosen is
:mod:`pinfold.features.fixing`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.formats.document import Document
from pinfold.core.formats.encoding import (
    DecodedText,
    Unencodable,
    as_utf8,
    encode_requirements,
)
from pinfold.core.workspace.snapshot import OpenDocument
from pinfold.features.fixing import (
    MAX_ROUNDS,
    composed,
    dominant_line_end,
    edited_text,
    fix_all,
    may_apply,
    with_line_end,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pinfold.cli.targets import Target
    from pinfold.core.model.finding import Edit, Finding, Fix
    from pinfold.core.workspace.snapshot import Judgement, Snapshot

    Judge = Callable[[Snapshot, Target], Judgement]


@dataclass(frozen=True, slots=True)
class FixedFile:
    """A file with its fixes applied, not written yet.

    `decoded` is what was read. `edits` lead from its text to that of `document`. `is_reencoded` is
    whether it is to be written as UTF-8, whatever it was. `fixed` counts fixes.
    """

    target: Target
    decoded: DecodedText
    document: Document
    edits: tuple[Edit, ...] = ()
    is_reencoded: bool = False
    fixed: int = 0

    def data(self) -> bytes | Unencodable:
        """Return the bytes to write, or why there are none."""
        if self.is_reencoded:
            return as_utf8(self.document.text)
        return encode_requirements(self.decoded, self.document.text)


def fix_files(
    snapshot: Snapshot, targets: Sequence[Target], judge: Judge, *, unsafe: bool
) -> tuple[FixedFile, ...]:
    """Return the files among *targets* that fixes change; nothing is written."""
    files: dict[Path, FixedFile] = {}
    for target in targets:
        read = snapshot.disk.read(target.path)
        if not isinstance(read, Unreadable):
            files[target.path] = FixedFile(target, read.decoded, read.document)
    remaining: Mapping[Path, Sequence[Finding]] = {}
    for _ in range(MAX_ROUNDS):
        remaining = {path: _fix_one(snapshot, files, path, judge, unsafe=unsafe) for path in files}
        if not _fix_across(files, remaining, unsafe=unsafe):
            break
    for path, findings in remaining.items():
        if any(_reencodes(finding, unsafe=unsafe) for finding in findings):
            file = files[path]
            files[path] = replace(file, is_reencoded=True, fixed=file.fixed + 1)
    return tuple(file for file in files.values() if file.edits or file.is_reencoded)


def with_fixed(snapshot: Snapshot, files: Iterable[FixedFile]) -> Snapshot:
    """Return *snapshot* as if *files* were open with their new text."""
    documents = dict(snapshot.documents)
    for file in files:
        path = file.target.path
        documents[path] = OpenDocument(path, file.document, None, file.target.role)
    return replace(snapshot, documents=documents)


def _fix_one(
    snapshot: Snapshot,
    files: dict[Path, FixedFile],
    path: Path,
    judge: Judge,
    *,
    unsafe: bool,
) -> Sequence[Finding]:
    """Apply the fixes of one file that edit nothing else, and return what is still found in it."""
    file = files[path]
    around = with_fixed(snapshot, (other for other in files.values() if other.edits))

    def findings(document: Document) -> Sequence[Finding]:
        return judge(with_fixed(around, [replace(file, document=document)]), file.target).findings

    outcome = fix_all(findings, file.document, unsafe=unsafe)
    if outcome.fixed:
        edits = composed(len(file.decoded.text), file.edits, outcome.edits)
        fixed = file.fixed + outcome.fixed
        files[path] = replace(file, document=outcome.document, edits=edits, fixed=fixed)
    return outcome.findings


def _fix_across(
    files: dict[Path, FixedFile], remaining: Mapping[Path, Sequence[Finding]], *, unsafe: bool
) -> bool:
    """Apply fixes that edit other files of the run, at most one for each; return whether any."""
    touched: set[Path] = set()
    for path, findings in remaining.items():
        for finding in findings:
            by_path = _edits_across(finding, path, unsafe=unsafe)
            if by_path and by_path.keys() <= files.keys() - touched:
                touched |= by_path.keys()
                for other, edits in by_path.items():
                    files[other] = _edited(files[other], edits)
                # The fix counts where it was found.
                files[path] = replace(files[path], fixed=files[path].fixed + 1)
    return bool(touched)


def _edits_across(finding: Finding, own: Path, *, unsafe: bool) -> dict[Path, list[Edit]]:
    for fix in finding.fixes:
        if may_apply(fix, unsafe=unsafe) and any(edit.path is not None for edit in fix.edits):
            by_path: dict[Path, list[Edit]] = {}
            for edit in fix.edits:
                by_path.setdefault(edit.path or own, []).append(edit)
            return by_path
    return {}


def _edited(file: FixedFile, edits: Iterable[Edit]) -> FixedFile:
    ordered = with_line_end(edits, dominant_line_end(file.decoded.text))
    text = edited_text(file.document.text, ordered)
    sum_of_edits = composed(len(file.decoded.text), file.edits, ordered)
    return replace(file, document=Document.read(text), edits=sum_of_edits)


def _reencodes(finding: Finding, *, unsafe: bool) -> bool:
    return any(_is_reencoding(fix, unsafe=unsafe) for fix in finding.fixes)


def _is_reencoding(fix: Fix, *, unsafe: bool) -> bool:
    return fix.reencode and may_apply(fix, unsafe=unsafe)
