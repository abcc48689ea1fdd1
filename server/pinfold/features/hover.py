"""What is to be said of the place under the cursor: a finding, an ignored rule, an option of pip's.

Everything that comes from a file goes through :mod:`pinfold.features.markup`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.formats.pip_options import PIP_OPTIONS
from pinfold.core.rules.registry import rules
from pinfold.core.rules.run import ignore_comment
from pinfold.features.markup import Markup, code, message, paragraphs, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    said = [
        *_ignored_rule(start, line, offset),
        *_findings(findings, offset),
        *_option(start, line, offset),
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


def _findings(findings: Iterable[Finding], offset: int) -> Iterator[Hover]:
    for finding in findings:
        rule = rules().get(finding.rule)
        if rule is not None and _covers(finding.range, offset):
            said = code(rule.name) + written(": ") + message(finding.message)
            yield Hover(finding.range, paragraphs([said, written(rule.title)]))


def _option(start: int, line: LogicalLine, offset: int) -> Iterator[Hover]:
    if line.is_typical or line.entry is None:
        return
    for option in line.entry.options:
        declared = _OPTIONS.get(option.name)
        if declared is not None and _covers(option.range.shifted(start), offset):
            yield Hover(option.range.shifted(start), _said_of_option(option, declared))
            return


def _said_of_option(option: Option, declared: PipOption) -> Markup:
    heading = code(f"--{declared.name}")
    if declared.short is not None:
        heading += written(", ") + code(declared.short)
    honoured = (
        "pip acts on it on this line."
        if option.honoured
        else "pip reads it on this line and then drops it without a word."
    )
    return paragraphs([heading, written(declared.summary), written(honoured)])
