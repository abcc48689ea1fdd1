"""What is to be said of the place under the cursor: a finding, an ignored rule, an option of pip's.

Owns that nothing is said twice: what a finding says, an editor shows above every hover by itself,
so that only what it does not say is said here. Everything that comes from a file goes through
:mod:`pinfold.features.markup`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.formats.pip_options import PIP_OPTIONS
from pinfold.core.rules.registry import rules
from pinfold.core.rules.run import ignore_comment
from pinfold.features.markup import Markup, code, paragraphs, written

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.pip_options import PipOption
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import Option
    from pinfold.core.model.finding import Finding
    from pinfold.core.model.text import TextRange


@dataclass(frozen=True, slots=True)
class Hover:
    """What is said, and of which span."""

    range: TextRange
    content: Markup


def hover(document: Document, findings: Iterable[Finding], offset: int) -> Hover | None:
    """Return what is to be said at *offset* of a document that has *findings*."""
    located = document.line_at(offset)
    if located is None:
        return None
    start, line = located
    covering = _at(findings, offset)
    said = [
        *_ignored_rule(start, line, offset),
        *_findings(covering),
        *_option(start, line, offset, {one.rule for one in covering}),
    ]
    if not said:
        return None
    return Hover(said[0].range, paragraphs(hovered.content for hovered in said))


_OPTIONS = {option.name: option for option in PIP_OPTIONS}


def _covers(span: TextRange, offset: int) -> bool:
    # The place behind the last character belongs to the word, as it does when somebody types.
    return span.start <= offset <= span.end


def _ignored_rule(start: int, line: LogicalLine, offset: int) -> Iterator[Hover]:
    comment = ignore_comment(line)
    if comment is None:
        return
    for name, span in comment.names:
        rule = rules().get(name)
        if rule is not None and _covers(span.shifted(start), offset):
            heading = Markup(f"### {name}", name)
            yield Hover(span.shifted(start), paragraphs([heading, written(rule.documentation)]))


def _at(findings: Iterable[Finding], offset: int) -> list[Finding]:
    touching = [one for one in findings if _covers(one.range, offset)]
    # What ends where another begins is not under the pointer.
    return [one for one in touching if offset < one.range.end] or touching


def _findings(findings: Iterable[Finding]) -> Iterator[Hover]:
    by_rule: dict[str, Finding] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, finding)
    for name, finding in by_rule.items():
        rule = rules().get(name)
        if rule is not None:
            # The title would be the message once more, in general terms.
            yield Hover(finding.range, code(name) + written(f": {rule.reason}"))


def _option(start: int, line: LogicalLine, offset: int, found: Collection[str]) -> Iterator[Hover]:
    if line.is_typical or line.entry is None:
        return
    for option in line.entry.options:
        declared = _OPTIONS.get(option.name)
        if declared is not None and _covers(option.range.shifted(start), offset):
            said = _said_of_option(option, declared, is_judged=not _INEFFECTIVE.isdisjoint(found))
            yield Hover(option.range.shifted(start), said)
            return


_INEFFECTIVE = frozenset({"dropped-hash", "dropped-include", "dropped-option", "overridden-option"})
"""The rules whose findings say that pip does not act on an option."""


def _said_of_option(option: Option, declared: PipOption, *, is_judged: bool) -> Markup:
    heading = code(f"--{declared.name}")
    if declared.short is not None:
        heading += written(", ") + code(declared.short)
    honoured = (
        "pip acts on it on this line."
        if option.honoured
        else "pip reads it on this line and then drops it without a word."
    )
    summary = written(declared.summary)
    return paragraphs([heading, summary] if is_judged else [heading, summary, written(honoured)])
