"""Every rule's page is its test: what it shows as wrong is found, what it shows instead is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pinfold.core.formats.document import Document
from pinfold.core.model.facts import Facts
from pinfold.core.model.finding import Applicability, Severity
from pinfold.core.rules.registry import Example, Rule, examples, rules
from pinfold.features.fixing import fix_all
from tests.harness.environments import environment
from tests.harness.squiggles import judge

if TYPE_CHECKING:
    from pinfold.core.model.environment import EnvironmentAnswer

WITHOUT_EXAMPLE = {
    "unreadable-file": "it speaks of files that hold no text",
    "unusual-encoding": "it speaks of bytes",
    "invalid-setting": "it speaks of settings files",
    "no-environment": "it speaks of what is not there",
    "too-complex": "its shortest example is longer than a page",
}
FACTS = Facts(versions={}, variables=frozenset())
WITH_EXAMPLE = [rule for rule in rules().values() if rule.name not in WITHOUT_EXAMPLE]


def by_name(rule: Rule) -> str:
    """Name a test after its rule."""
    return rule.name


def environment_of(example: Example) -> EnvironmentAnswer | None:
    """Return the environment that an example is about."""
    return None if example.installed is None else environment(*example.installed.splitlines())


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=by_name)
def test_example_triggers_the_rule(rule: Rule) -> None:
    """The first block of a page is found by its rule."""
    example = examples(rule)[0]
    name, text = next(iter(example.files.items()))
    judgement = judge(
        text,
        name=name,
        files=example.files,
        facts=FACTS,
        environment=environment_of(example),
        turned_on=[rule.name],
    )

    assert rule.name in {finding.rule for finding in judgement.findings}


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=by_name)
def test_what_to_use_instead_does_not(rule: Rule) -> None:
    """What a page recommends is not found by its rule, nor by any other as an error."""
    instead = examples(rule)[1]
    assert instead is not None
    name, text = next(iter(instead.files.items()))
    judgement = judge(
        text,
        name=name,
        files=instead.files,
        facts=FACTS,
        environment=environment_of(instead),
        turned_on=[rule.name],
    )

    assert rule.name not in {finding.rule for finding in judgement.findings}
    assert [] == [f for f in judgement.findings if f.severity is Severity.ERROR]


@pytest.mark.parametrize("rule", [rule for rule in WITH_EXAMPLE if rule.fix], ids=by_name)
def test_fix_silences_the_rule(rule: Rule) -> None:
    """After the fix that a page promises, its rule finds nothing in the example any more."""
    example = examples(rule)[0]
    name, text = next(iter(example.files.items()))
    installed = environment_of(example)
    facts = Facts(versions={} if installed else {"flask": "3.1.0"}, variables=frozenset())  # type: ignore[dict-item]  # as read

    def findings(document: Document) -> tuple[object, ...]:
        judged = judge(
            document.text,
            name=name,
            files=example.files,
            facts=facts,
            environment=installed,
            turned_on=[rule.name],
        )
        return tuple(finding for finding in judged.findings if finding.rule == rule.name)

    outcome = fix_all(
        findings,  # type: ignore[arg-type]  # findings as they are
        Document.read(text),
        unsafe=rule.fix is Applicability.UNSAFE,
    )

    assert outcome.fixed > 0
    assert () == findings(outcome.document)


@pytest.mark.parametrize("rule", rules().values(), ids=by_name)
def test_page_is_complete(rule: Rule) -> None:
    """A page says what, why, and how safe its fix is; its name is in kebab-case."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.title.endswith(".")
    assert "## Why" in rule.documentation
    assert ("## Fix safety" in rule.documentation) == (rule.fix is not None), (
        "a rule with a fix says how safe it is, and one without does not"
    )
