"""Which rules a run is to report: ``--select`` and ``--ignore``.

Owns what may be named there and what it means. How much a finding matters stays with the settings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pinfold.cli.terminal import did_you_mean, visible
from pinfold.core.files import Unreadable
from pinfold.core.rules.registry import Rule, rules
from pinfold.core.rules.run import check_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pinfold.cli.targets import Target
    from pinfold.core.model.finding import PlacedFinding
    from pinfold.core.rules.registry import Family
    from pinfold.core.workspace.snapshot import Judgement, Snapshot

# Whatever is selected: a file that cannot be read is not clean, it was not judged.
_ALWAYS_SELECTED = frozenset({"unreadable-file"})


class UnknownRuleError(Exception):
    """Something that is no rule, no family and not ``all``; the message says what may be meant."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules to report. `selected` is ``None`` where the settings alone choose."""

    selected: frozenset[str] | None = None
    ignored: frozenset[str] = frozenset()

    def reports(self, rule_name: str) -> bool:
        """Return whether findings of a rule are reported, if its settings let it find any."""
        if rule_name in self.ignored:
            return False
        return self.selected is None or rule_name in self.selected

    def judge(self, snapshot: Snapshot, target: Target) -> Judgement:
        """Return what is to be reported of a file.

        Every rule that the settings turn on is run: were an ignored one left out, the ignore
        comments that silence it would seem to silence nothing, and ``--fix`` would remove them.
        """
        judgement = snapshot.judge(target.path, target.role)
        if self.selected is None and not self.ignored:
            return judgement
        found: Iterable[PlacedFinding] = judgement.placed
        settings = snapshot.settings(target.path).settings
        if self.selected is not None and settings.select is not None:
            view = snapshot.view(target.path, target.role)
            if not isinstance(view, Unreadable):
                found = check_file(view, replace(settings, select=None))
        reported = tuple(placed for placed in found if self.reports(placed.finding.rule))
        return replace(judgement, placed=reported)


def parse_selection(select: Sequence[str], ignore: Sequence[str]) -> Selection:
    """Read the values of ``--select`` and ``--ignore``, each a list separated by commas.

    Raises:
        UnknownRuleError: a name is neither that of a rule nor of a family.
    """
    selected = _named(select) | _ALWAYS_SELECTED if select else None
    return Selection(selected, _named(ignore))


def family_key(family: Family) -> str:
    """Return the word for a family on the command line."""
    return family.name.lower()


def by_family() -> Mapping[Family, list[Rule]]:
    """Return every rule, under its family."""
    families: dict[Family, list[Rule]] = {}
    for rule in rules().values():
        families.setdefault(rule.family, []).append(rule)
    return families


def _named(values: Sequence[str]) -> frozenset[str]:
    names = [name.strip().lower() for value in values for name in value.split(",")]
    return frozenset(rule for name in names for rule in _expanded(name))


def _expanded(name: str) -> Iterable[str]:
    if name == "all":
        return rules()
    if name in rules():
        return (name,)
    families = {family_key(family): family for family in by_family()}
    family = families.get(name)
    if family is not None:
        return (rule.name for rule in by_family()[family])
    hint = did_you_mean(name, (*rules(), *families, "all"))
    raise UnknownRuleError(
        f"there is no rule or family `{visible(name)}`{hint or '; `pinfold rule` lists them all'}"
    )
