"""Every rule, declared once.

Owns the registry and the reading of a rule's docstring, which is its page, its hover, the answer of
``pinfold rule NAME`` and its own test.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from pinfold.core.model.files import FileRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.formats.summary import LineTrait
    from pinfold.core.model.facts import Facts
    from pinfold.core.model.finding import Applicability, Finding, Severity
    from pinfold.core.rules.view import FileView

    LineCheck = Callable[[LogicalLine, Facts], Iterable[Finding]]
    FileCheck = Callable[[FileView], Iterable[Finding]]


class Family(Enum):
    """What a rule is about; the order is that of the rules' index page."""

    SYNTAX = "syntax"
    IGNORED = "ignored by pip"
    PINS = "pins"
    CONFLICTS = "conflicts"
    ENVIRONMENT = "environment"
    HASHES = "hashes"
    INDEX = "indexes and secrets"
    PROJECT = "settings and ignore comments"


FAMILY_MODULES: tuple[str, ...] = (
    "syntax",
    "characters",
    "urls",
    "includes",
    "dropped",
    "pins",
    "duplicates",
    "conflicts",
    "environment",
    "extras",
    "broken",
    "health",
    "pythons",
    "hashes",
    "indexes",
    "project",
)
"""The modules of this package that declare rules."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as declared.

    `check_line` is a pure function of one logical line and the facts, and its findings are kept
    with the line; of plain named requirements it is asked only about those with one of the traits
    `reads_typical`. `check_file` sees the whole file and those around it. A rule that has both says
    in the second what no line tells by itself; one that has neither speaks of what surrounds the
    reading of a file (settings, ignore comments) and is raised there. `defaults` is the severity by
    the role of a file.
    """

    name: str
    family: Family
    defaults: Mapping[FileRole, Severity]
    since: str
    fix: Applicability | None
    documentation: str
    check_line: LineCheck | None = None
    check_file: FileCheck | None = None
    reads_typical: frozenset[LineTrait] = frozenset()
    unless: Callable[[FileView, LogicalLine], bool] | None = None

    @property
    def default(self) -> Severity:
        """The severity in a file that is installed from."""
        return self.defaults[FileRole.REQUIREMENTS]

    @property
    def title(self) -> str:
        """What the rule finds, in one sentence."""
        return self.documentation.partition("\n")[0]

    @property
    def reason(self) -> str:
        """Why that matters, in one sentence: the first below ``## Why``; each begins a line."""
        why = self.documentation.partition("## Why\n")[2]
        sentence = why.partition(".\n")[0]
        return " ".join(sentence.split()) + "."


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a rule's page: `files` by name, the first of which is the one to judge.

    `installed` is what the environment holds, one distribution a line; ``None`` where the rule asks
    for no environment.
    """

    files: Mapping[str, str]
    installed: str | None = None


_RULES: dict[str, Rule] = {}


def line_rule(
    name: str,
    family: Family,
    *,
    default: Severity,
    since: str,
    fix: Applicability | None = None,
    input_default: Severity | None = None,
    constraints_default: Severity | None = None,
    reads_typical: frozenset[LineTrait] = frozenset(),
    unless: Callable[[FileView, LogicalLine], bool] | None = None,
    check_file: FileCheck | None = None,
) -> Callable[[LineCheck], LineCheck]:
    """Declare a rule that judges one logical line by itself, and by *check_file* what is left."""

    def declare(check: LineCheck) -> LineCheck:
        _register(
            Rule(
                name,
                family,
                _defaults(default, input_default, constraints_default),
                since,
                fix,
                _documentation(check),
                check_line=check,
                check_file=check_file,
                reads_typical=reads_typical,
                unless=unless,
            )
        )
        return check

    return declare


def file_rule(
    name: str,
    family: Family,
    *,
    default: Severity,
    since: str,
    fix: Applicability | None = None,
    input_default: Severity | None = None,
    constraints_default: Severity | None = None,
) -> Callable[[FileCheck], FileCheck]:
    """Declare a rule that judges a file as a whole, with the files around it."""

    def declare(check: FileCheck) -> FileCheck:
        _register(
            Rule(
                name,
                family,
                _defaults(default, input_default, constraints_default),
                since,
                fix,
                _documentation(check),
                check_file=check,
            )
        )
        return check

    return declare


def raised_elsewhere(
    name: str,
    family: Family,
    *,
    default: Severity,
    since: str,
    documentation: str,
    fix: Applicability | None = None,
) -> None:
    """Declare a rule whose findings arise where files and settings are read, not in a check."""
    _register(
        Rule(
            name,
            family,
            _defaults(default, None, None),
            since,
            fix,
            inspect.cleandoc(documentation),
        )
    )


@cache
def rules() -> Mapping[str, Rule]:
    """Return every rule by name, in the order of the families and within them of the alphabet."""
    for module in FAMILY_MODULES:
        import_module(f"pinfold.core.rules.{module}")
    order = list(Family)
    return dict(sorted(_RULES.items(), key=lambda item: (order.index(item[1].family), item[0])))


_FENCE = re.compile(
    r"^```(?:requirements|toml)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_INSTALLED = re.compile(r"^```installed\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INSTEAD = re.compile(r"^Use instead", re.MULTILINE)


def examples(rule: Rule) -> tuple[Example, Example | None]:
    r"""Return what triggers *rule*, and what its page says to use instead.

    A fenced block may carry a file name; blocks before "Use instead" that have one are files which
    stand beside both examples. A block ``installed`` says what the environment holds, for both
    unless one behind "Use instead" says otherwise. In a file's block, ``\u00a0`` and the like stand
    for the character.
    """
    section = rule.documentation.partition("## Example")[2]
    found = _INSTEAD.search(section)
    cut = found.start() if found else len(section)
    first = _blocks(section[:cut])
    if not first:
        raise ValueError(f"rule {rule.name} has no example")
    installed = _installed(section[:cut])
    example = Example(first, installed)
    if found is None:
        return example, None
    after = _installed(section[cut:])
    instead = {**_blocks(section[cut:]), **_others(first)}
    return example, Example(instead, installed if after is None else after)


def _blocks(text: str) -> dict[str, str]:
    blocks: dict[str, str] = {}
    for match in _FENCE.finditer(text):
        content = re.sub(
            r"\\u([0-9a-f]{4})", lambda code: chr(int(code.group(1), 16)), match["text"]
        )
        blocks[match["name"] or "requirements.txt"] = content.replace("\\t", "\t")
    return blocks


def _installed(text: str) -> str | None:
    match = _INSTALLED.search(text)
    return None if match is None else match["text"]


def _others(blocks: Mapping[str, str]) -> dict[str, str]:
    return dict(list(blocks.items())[1:])


def _documentation(check: Callable[..., object]) -> str:
    return inspect.cleandoc(check.__doc__ or "")


def _defaults(
    default: Severity, input_default: Severity | None, constraints_default: Severity | None
) -> Mapping[FileRole, Severity]:
    return {
        FileRole.REQUIREMENTS: default,
        FileRole.INPUT: input_default or default,
        FileRole.CONSTRAINTS: constraints_default or default,
        FileRole.CONSTRAINTS_INPUT: input_default or constraints_default or default,
    }


def _register(rule: Rule) -> None:
    if rule.name in _RULES:
        raise ValueError(f"rule {rule.name} is declared twice")
    _RULES[rule.name] = rule
