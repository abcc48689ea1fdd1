"""Rule tests as annotated files: a line of tildes under a span says which rule finds it.

A squiggle line is no valid line in any of our formats, so it is taken out before the text is read.
Findings of severity hint are looked at only if a squiggle names their rule.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.facts import Facts
from pinfold.core.model.finding import Severity
from pinfold.core.rules.registry import rules
from pinfold.core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.model.finding import Finding
    from pinfold.core.workspace.snapshot import Judgement

_SQUIGGLE = re.compile(r"^(?P<indent>\s*)(?P<marks>~+) (?P<rule>[a-z-]+)(?:: (?P<words>.*))?$")
ROOT = Path("/project")


class Squiggle(NamedTuple):
    """What is expected, or found: 0-based line, columns in code points, rule."""

    line: int
    start: int
    end: int
    rule: str


def check(
    annotated: str,
    *,
    name: str = "requirements.txt",
    files: Mapping[str, str | bytes] | None = None,
    facts: Facts | None = None,
    environment: EnvironmentAnswer | None = None,
) -> None:
    """Check that the findings in *annotated* are exactly those under its squiggles.

    After a rule's name a colon and words may follow, which the message must contain. *files* stand
    beside the judged one, which is judged against *environment*. A rule that is off by default
    reports if a squiggle names it.
    """
    text, expected = strip_squiggles(textwrap.dedent(annotated).removeprefix("\n"))
    named = {squiggle.rule for squiggle in expected}
    judgement = judge(
        text, name=name, files=files, facts=facts, environment=environment, turned_on=named
    )
    found = {
        _squiggle(judgement, finding): finding
        for finding in judgement.findings
        if finding.severity is not Severity.HINT or finding.rule in named
    }

    missing = [squiggle for squiggle in expected if squiggle not in found]
    extra = [(s, found[s].message) for s in found if s not in expected]
    assert not missing, f"not found: {missing}; found instead: {extra}"
    assert not extra, f"found as well: {extra}"
    for squiggle, words in expected.items():
        message = found[squiggle].message
        assert words in message, f"{words!r} is not in {message!r}"


def judge(
    text: str | bytes,
    *,
    name: str = "requirements.txt",
    files: Mapping[str, str | bytes] | None = None,
    facts: Facts | None = None,
    environment: EnvironmentAnswer | None = None,
    turned_on: Collection[str] = (),
) -> Judgement:
    """Judge *text* as the file *name* of a project that holds *files* too.

    Those of the rules *turned_on* that are off by default report as warnings.
    """
    contents: dict[str, str | bytes] = {
        str(ROOT / path): content for path, content in {**(files or {}), name: text}.items()
    }
    off = [rule for rule in turned_on if rules()[rule].default is Severity.OFF]
    if off:
        settings = "[severity]\n" + "".join(f'{rule} = "warning"\n' for rule in off)
        contents[str(ROOT / "pinfold.toml")] = settings
    filesystem = MemoryFileSystem(contents)
    filesystem.make_directory(ROOT / ".git")
    known = facts or Facts()
    if environment is not None:
        installed = {} if environment.packages is None else environment.packages.by_name
        versions = {key: distribution.version for key, distribution in installed.items()}
        known = replace(known, versions={**versions, **known.versions}, environment=environment)
    workspace = Workspace(filesystem, working_directory=ROOT, locale_encoding="utf-8", facts=known)
    return workspace.snapshot.judge(ROOT / name)


def strip_squiggles(annotated: str) -> tuple[str, dict[Squiggle, str]]:
    """Return *annotated* without its squiggle lines, and what they expect."""
    lines: list[str] = []
    expected: dict[Squiggle, str] = {}
    for line in annotated.split("\n"):
        match = _SQUIGGLE.match(line)
        if match is None:
            lines.append(line)
            continue
        start, end = match.span("marks")
        expected[Squiggle(len(lines) - 1, start, end, match["rule"])] = match["words"] or ""
    return "\n".join(lines), expected


def _squiggle(judgement: Judgement, finding: Finding) -> Squiggle:
    assert judgement.document is not None
    start = judgement.document.position(finding.range.start)
    length = finding.range.end - finding.range.start
    return Squiggle(start.line, start.column, start.column + length, finding.rule)
