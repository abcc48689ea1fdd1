"""``pinfold rule``: what the rules are, and what one of them says.

Owns how a rule's page, written in Markdown where the rule is declared, is shown on a terminal.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.selection import by_family, family_key
from pinfold.cli.terminal import Ink, Screen, complain, did_you_mean
from pinfold.core.model.files import FileRole
from pinfold.core.rules.registry import rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.rules.registry import Rule


def run(arguments: Sequence[str]) -> int:
    """Show all rules, or the one that *arguments* name, and return the exit status."""
    options = _parser().parse_args(arguments)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    chosen = list(rules().values())
    if options.name is not None:
        known = rules().get(options.name.lower())
        if known is None:
            hint = did_you_mean(options.name, rules()) or "; `pinfold rule` lists them all"
            complain(f"there is no rule `{options.name}`{hint}")
            return FAILED
        chosen = [known]
    if options.format == "json":
        screen.write(_json(chosen))
    elif options.name is not None:
        screen.write("".join(_page(chosen[0], screen)))
    else:
        screen.write("".join(_index(screen)))
    return CLEAN


def plain_body(rule: Rule) -> str:
    """Return the page of *rule* below its title, as text that holds no Markdown."""
    return "".join(_body(rule, Screen(None, color=False))).strip("\n")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold rule",
        description="Show all rules, or the page of one.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="the name of a rule")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _json(chosen: Sequence[Rule]) -> str:
    import json

    described = [
        {
            "name": rule.name,
            "family": family_key(rule.family),
            "severity": {role.value: rule.defaults[role].value for role in FileRole},
            "since": rule.since,
            "fix": None if rule.fix is None else rule.fix.value,
            "documentation": rule.documentation,
        }
        for rule in chosen
    ]
    lines = ",\n".join(json.dumps(rule) for rule in described)
    return f'{{"version": 1, "rules": [\n{lines}\n]}}\n'


def _index(screen: Screen) -> Iterator[str]:
    width = max(len(name) for name in rules())
    for family, members in by_family().items():
        key = family_key(family)
        alias = "" if key == family.value else f" (--select {key})"
        yield f"{screen.paint(_capitalised(family.value), Ink.BOLD)}{alias}\n"
        for rule in members:
            fix = "" if rule.fix is None else f" [{rule.fix.value} fix]"
            severity = f"{rule.default.value:<7}"
            yield f"  {rule.name:<{width}}  {severity}  {_plain(rule.title)}{fix}\n"
        yield "\n"
    yield "`pinfold rule NAME` shows the page of a rule.\n"


def _page(rule: Rule, screen: Screen) -> Iterator[str]:
    yield f"{screen.paint(rule.name, Ink.BOLD)}: {_plain(rule.title)}\n\n"
    yield f"  family    {rule.family.value}\n"
    yield f"  severity  {_severities(rule)}\n"
    yield f"  fix       {'none' if rule.fix is None else rule.fix.value}\n"
    yield f"  since     {rule.since}\n"
    yield from _body(rule, screen)


def _body(rule: Rule, screen: Screen) -> Iterator[str]:
    """Yield the lines of the page below the title."""
    body = rule.documentation.partition("\n")[2]
    in_block = False
    for line in body.splitlines():
        if line.startswith("```"):
            in_block = not in_block
            name = line.strip("`").partition(" ")[2]
            if in_block and name:
                yield f"    {screen.paint(f'{name}:', Ink.DIM)}\n"
        elif in_block:
            yield f"    {line}\n".replace("    \n", "\n")
        elif line.startswith("#"):
            yield f"{screen.paint(line.lstrip('# '), Ink.BOLD)}\n"
        else:
            yield f"{_plain(line)}\n"


def _severities(rule: Rule) -> str:
    """Return the default severity, and what it is in files of another role where that differs."""
    others = [
        f"{rule.defaults[role].value} in {_ROLE_NAMES[role]}"
        for role in FileRole
        if rule.defaults[role] is not rule.default
    ]
    return ", ".join([rule.default.value, *others])


_ROLE_NAMES = {
    FileRole.REQUIREMENTS: "requirements files",
    FileRole.CONSTRAINTS: "constraints files",
    FileRole.INPUT: "`.in` files",
    FileRole.CONSTRAINTS_INPUT: "`.in` files of constraints",
}

_LINK = re.compile(r"\[([^\]\n]*)\]\((\S+?)\)")


def _plain(markdown: str) -> str:
    """Return a line of Markdown as it reads best without it; code keeps its backquotes."""
    return _LINK.sub(r"\1 (\2)", markdown).replace("**", "")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
