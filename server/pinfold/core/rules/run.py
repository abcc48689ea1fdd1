"""Every rule over one file: which findings there are, how much each matters, which are silenced.

Owns the order of findings, ignore comments and the isolation of a rule that crashes. Knows no file
system and no editor.
"""

from __future__ import annotations

import re
from bisect import insort
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from pinfold.core import bug
from pinfold.core.formats.logical_lines import LINE_BREAKS
from pinfold.core.formats.summary import LineTrait, summary_of
from pinfold.core.model.finding import (
    Applicability,
    Edit,
    Finding,
    Fix,
    PlacedFinding,
    Severity,
)
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import Family, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.registry import Rule
    from pinfold.core.rules.view import FileView

_IGNORE = re.compile(r"pinfold:\s*ignore(?:\[(?P<names>[^\]]*)\])?")


class Severities(Protocol):
    """How a project weighs rules."""

    def severity_of(self, rule_name: str, default: Severity, path: Path) -> Severity:
        """Return what *rule_name* is worth in the file at *path*."""
        ...


class DefaultSeverities:
    """Every rule as its declaration says."""

    def severity_of(self, rule_name: str, default: Severity, path: Path) -> Severity:
        """Return *default*."""
        del rule_name, path
        return default


@dataclass(frozen=True, slots=True)
class IgnoreComment:
    """A ``# pinfold: ignore[…]`` on a logical line; ranges are relative to the line.

    `range` covers the words from ``pinfold:`` to the bracket; `comment` the whole comment.
    `names` are the rules it names, each with its range; empty for a bare one, which silences
    nothing.
    """

    range: TextRange
    comment: TextRange
    names: tuple[tuple[str, TextRange], ...]


def check_file(view: FileView, severities: Severities) -> tuple[PlacedFinding, ...]:
    """Judge a file by every rule that is not off.

    Findings are ordered by where they start, then by rule. Silenced ones are left out; an ignore
    comment that silences nothing is a finding itself.
    """
    weighed = {
        rule.name: severities.severity_of(rule.name, rule.defaults[view.role], view.path)
        for rule in rules().values()
    }
    found, is_ordered = _line_findings(view, weighed)
    others = [
        PlacedFinding(0, replace(finding, rule=rule.name, severity=weighed[rule.name]))
        for rule in rules().values()
        if rule.check_file is not None and weighed[rule.name] is not Severity.OFF
        for finding in _guarded(rule, rule.check_file, view)
    ]
    if view.document.traits.get(LineTrait.IGNORE):
        found = list(_unsilenced(view, found + others, weighed["unused-ignore"]))
        others, is_ordered = [], False
    # With thousands of findings, sorting them takes longer than finding them again.
    if is_ordered and len(others) * _FEW < len(found):
        for placed in others:
            insort(found, placed, key=_place)
    elif others or not is_ordered:
        found += others
        found.sort(key=_place)
    return tuple(found)


_FEW = 20
"""One in so many is put in its place sooner than all are sorted."""


def _place(placed: PlacedFinding) -> tuple[int, str, int]:
    start, finding = placed
    return start + finding.range.start, finding.rule, start + finding.range.end


def ignore_comment(line: LogicalLine) -> IgnoreComment | None:
    """Return the ignore comment of *line*, if it has one."""
    comment = line.comment
    if comment is None:
        return None
    match = _IGNORE.search(comment.text)
    if match is None:
        return None
    start = comment.range.start
    names: list[tuple[str, TextRange]] = []
    if match["names"] is not None:
        base = start + match.start("names")
        names = [
            (name.group(), TextRange(base + name.start(), base + name.end()))
            for name in re.finditer(r"[^\s,]+", match["names"])
        ]
    span = TextRange(start + match.start(), start + match.end())
    return IgnoreComment(span, comment.range, tuple(names))


def ignore_fix(line: LogicalLine, start: int, rule_name: str) -> Fix | None:
    """Return the fix that silences *rule_name* on *line*, which starts at offset *start*.

    ``None`` where a comment cannot stand: after a backslash that ends the file.
    """
    title = f"Ignore `{rule_name}` on this line"
    comment = ignore_comment(line)
    if comment is not None and comment.names:
        end = start + comment.names[-1][1].end
        edit = Edit(TextRange(end, end), f", {rule_name}")
        return Fix(title, (edit,), Applicability.SAFE)
    # Those that only pip breaks at too: what follows them is another line.
    content = line.text.rstrip(LINE_BREAKS)
    if content.endswith("\\") and line.comment is None:
        return None
    # White space after a continuation keeps its line: a comment on the one before would end that.
    stripped = content.rstrip()
    end = start + len(content if stripped.endswith("\\") else stripped)
    edit = Edit(TextRange(end, start + len(content)), f"  # pinfold: ignore[{rule_name}]")
    return Fix(title, (edit,), Applicability.SAFE)


@dataclass(frozen=True, slots=True, eq=False)
class _Epoch:
    """What the findings of lines hold for: the facts, and what each rule is worth."""

    facts: Facts
    weighed: Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What line rules found on a line, relative to it and in order.

    `is_within` says that all of it begins on the line, and none at its very end, where the next
    line begins; `is_conditional` that some of it may not hold in this file.
    """

    epoch: _Epoch
    found: tuple[Finding, ...]
    is_within: bool
    is_conditional: bool


def _line_findings(
    view: FileView, weighed: Mapping[str, Severity]
) -> tuple[list[PlacedFinding], bool]:
    """Return what line rules find, and whether that is in order."""
    document = view.document
    epoch = _epoch(view, weighed)
    lines, starts, marks = document.lines, document.starts, document.marks
    conditions = {rule.name: rule.unless for rule in rules().values() if rule.unless is not None}
    placed: list[PlacedFinding] = []
    is_ordered = True
    for index in marks:
        line = lines[index]
        kept = line.kept_findings
        if not isinstance(kept, _Kept) or kept.epoch is not epoch:
            kept = line.kept_findings = _kept(line, epoch, conditions)
            if not kept.found and summary_of(line).is_common:
                # Another thread may have begun to ask for other rules or facts.
                if marks.epoch is epoch:
                    marks.clear(index)
                continue
        start = starts[index]
        if kept.is_conditional:
            for finding in kept.found:
                unless = conditions.get(finding.rule)
                if unless is None or not unless(view, line):
                    placed.append(_placed((start, finding)))
        else:
            placed += [_placed((start, finding)) for finding in kept.found]
        if not kept.is_within:
            is_ordered = False
    return placed, is_ordered


# What the class itself does, without a call of Python for each of thousands at every key.
_placed: Callable[[tuple[int, Finding]], PlacedFinding] = partial(tuple.__new__, PlacedFinding)


def _kept(line: LogicalLine, epoch: _Epoch, conditions: Container[str]) -> _Kept:
    found = tuple(sorted(_check_line(line, epoch), key=_place_on_line))
    is_within = not found or found[-1].range.start < len(line)
    is_conditional = any(finding.rule in conditions for finding in found)
    return _Kept(epoch, found, is_within, is_conditional)


def _place_on_line(finding: Finding) -> tuple[int, str, int]:
    return finding.range.start, finding.rule, finding.range.end


def _epoch(view: FileView, weighed: Mapping[str, Severity]) -> _Epoch:
    marks = view.document.marks
    epoch = marks.epoch
    if not isinstance(epoch, _Epoch) or epoch.facts is not view.facts or epoch.weighed != weighed:
        epoch = _Epoch(view.facts, weighed)
        marks.begin(epoch)
    return epoch


def _check_line(line: LogicalLine, epoch: _Epoch) -> tuple[Finding, ...]:
    if line.is_typical:
        asked = _typical_rules(summary_of(line).traits)
    elif line.entry is None:
        return ()
    else:
        asked = _line_rules()
    return tuple(
        replace(finding, rule=rule.name, severity=epoch.weighed[rule.name])
        for rule in asked
        if rule.check_line is not None and epoch.weighed[rule.name] is not Severity.OFF
        for finding in _guarded(rule, rule.check_line, line, epoch.facts)
    )


@cache
def _line_rules() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules().values() if rule.check_line is not None)


@cache
def _typical_rules(traits: frozenset[LineTrait]) -> tuple[Rule, ...]:
    return tuple(rule for rule in _line_rules() if rule.reads_typical & traits)


def _guarded(rule: Rule, check: object, *arguments: object) -> list[Finding]:
    """Run a rule; one that crashes is reported once, and the others still report."""
    try:
        return list(check(*arguments))  # type: ignore[operator]  # a check of the rule's own kind
    except Exception as error:  # noqa: BLE001 - one rule must not take the others down
        bug.report(f"rule {rule.name} crashed", error)
        return []


def _unsilenced(
    view: FileView, found: Iterable[PlacedFinding], unused: Severity
) -> Iterator[PlacedFinding]:
    comments: dict[int, tuple[LogicalLine, IgnoreComment]] = {}
    for start, line in view.document.with_trait(LineTrait.IGNORE):
        comment = ignore_comment(line)
        if comment is not None:
            comments[start] = (line, comment)
    used: set[tuple[int, str]] = set()
    for placed in found:
        located = view.document.line_at(placed.absolute_start)
        start = -1 if located is None else located[0]
        rule = placed.finding.rule
        if start in comments and rule in {name for name, _ in comments[start][1].names}:
            used.add((start, rule))
        else:
            yield placed
    if unused is Severity.OFF:
        return
    for start, (line, comment) in comments.items():
        for finding in _judge_comment(start, line, comment, used, unused):
            yield PlacedFinding(0, finding)


def _judge_comment(
    start: int,
    line: LogicalLine,
    comment: IgnoreComment,
    used: set[tuple[int, str]],
    severity: Severity,
) -> Iterator[Finding]:
    if not comment.names:
        yield Finding(
            comment.range.shifted(start),
            "an ignore comment silences only the rules that it names: write `ignore[rule-name]`",
            rule="unused-ignore",
            severity=severity,
        )
    kept = [name for name, _ in comment.names if (start, name) in used]
    for name, span in comment.names:
        if (start, name) in used:
            continue
        known = name in rules()
        message = f"`{name}` finds nothing on this line" if known else f"there is no rule `{name}`"
        if name == "unused-ignore" and known:
            continue
        if known and rules()[name].family is Family.ENVIRONMENT:
            # Somebody else's environment, or that of another day, is another one.
            continue
        yield Finding(
            span.shifted(start),
            message,
            (_remove_names(start, line, comment, kept),),
            rule="unused-ignore",
            severity=severity,
        )


def _remove_names(start: int, line: LogicalLine, comment: IgnoreComment, kept: list[str]) -> Fix:
    if kept:
        first, last = comment.names[0][1], comment.names[-1][1]
        edit = Edit(TextRange(start + first.start, start + last.end), ", ".join(kept))
        return Fix("Remove the names that silence nothing", (edit,), Applicability.SAFE)
    text = line.text
    begin, end = comment.range.start, comment.range.end
    before = text[begin : comment.range.start] + text[comment.comment.start : comment.range.start]
    after = text[end : comment.comment.end]
    if before.strip("# \t") or after.strip("# \t"):
        # Other words share the comment: they stay.
        begin = comment.range.start
        if before.rstrip().endswith("#") and before.strip("# \t"):
            begin = comment.comment.start + before.rstrip()[:-1].rstrip().__len__()
        edit = Edit(TextRange(start + begin, start + end), "")
    else:
        begin = len(text[: comment.comment.start].rstrip(" \t"))
        edit = Edit(TextRange(start + begin, start + comment.comment.end), "")
    return Fix("Remove the ignore comment", (edit,), Applicability.SAFE)
