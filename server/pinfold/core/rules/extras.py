"""The rule on extras: whether what they need is installed."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.summary import LineTrait, normalised, summary_of
from pinfold.core.model.finding import Finding, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.installed import (
    demands_of_extra,
    distribution_of,
    is_left_out,
    one_line,
    packages_of,
)
from pinfold.core.rules.registry import Family, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.installed import Demand
    from pinfold.core.rules.view import FileView

MAX_EXTRAS = 1_000
"""How many extras of extras are followed from one extra of a line."""

_EXTRA = re.compile(r"[^\s,]+")


def _extras_of_paths(view: FileView) -> Iterator[Finding]:
    # What a path means depends on where the file stands, which no line knows.
    packages = packages_of(view.facts)
    if packages is None:
        return
    for start, line in view.document.with_trait(LineTrait.PATH):
        traits = summary_of(line)
        if traits.name is not None or LineTrait.EXTRAS not in traits.traits:
            continue
        distribution = distribution_of(line, packages, view.path.parent)
        if distribution is not None:
            for finding in _judge(line, distribution, packages):
                yield finding.moved(start)


@line_rule(
    "missing-extra",
    Family.ENVIRONMENT,
    default=Severity.WARNING,
    constraints_default=Severity.OFF,
    since="0.1",
    reads_typical=frozenset({LineTrait.EXTRAS}),
    check_file=_extras_of_paths,
)
def missing_extra(line: LogicalLine, facts: Facts) -> Iterable[Finding]:
    """Package is installed, but not all that an extra of it needs.

    ## Why
    The part of the package that the extra stands for does not work.
    `pip check` does not see it: once something is installed, nothing remembers which extras were
    asked for.
    An extra that the installed version does not have is passed over by pip with a warning.
    What the extras of an extra need counts too, and what is itself required with extras.

    ## Example
    ```requirements
    celery[redis]==5.4.0
    ```
    Where this is installed:
    ```installed
    celery 5.4.0 requires redis>=4.5; extra == "redis"
    ```
    Use instead:
    ```requirements
    celery[redis]==5.4.0
    ```
    ```installed
    celery 5.4.0 requires redis>=4.5; extra == "redis"
    redis 5.2.1
    ```
    """
    packages = packages_of(facts)
    if packages is None:
        return ()
    distribution = distribution_of(line, packages, None)
    return () if distribution is None else _judge(line, distribution, packages)


def _judge(
    line: LogicalLine, distribution: InstalledDistribution, packages: InstalledPackages
) -> Iterator[Finding]:
    if distribution.problem is not None or is_left_out(line, packages):
        return
    for text, span in _extras(line):
        for message in _unmet(packages, distribution, normalised(text)):
            yield Finding(span, message)


def _extras(line: LogicalLine) -> Iterator[tuple[str, TextRange]]:
    if line.is_typical:
        # Its entry has far more than is needed here, and takes far longer.
        text, span = line.texts[1], line.span("extras")
        if text is not None and span is not None:
            for match in _EXTRA.finditer(text):
                yield match.group(), TextRange(span[0] + match.start(), span[0] + match.end())
        return
    entry = line.entry
    if entry is not None and entry.dependency is not None:
        for part in entry.dependency.extras:
            yield part.text.strip(), part.range


def _unmet(
    packages: InstalledPackages, distribution: InstalledDistribution, extra: PackageName
) -> tuple[str, ...]:
    known = _UNMET.setdefault(packages, {})
    key = (distribution.key, extra)
    if key not in known:
        known[key] = tuple(_messages(packages, distribution, extra))
    return known[key]


_UNMET: WeakKeyDictionary[
    InstalledPackages, dict[tuple[PackageName, PackageName], tuple[str, ...]]
] = WeakKeyDictionary()


def _messages(
    packages: InstalledPackages, distribution: InstalledDistribution, extra: PackageName
) -> Iterator[str]:
    markers = packages.environment.markers
    whose = f"`{one_line(distribution.name)}` {one_line(distribution.version)}"
    demands = tuple(demands_of_extra(distribution, extra, markers))
    if extra not in distribution.extras and not demands:
        near = _near(distribution, extra)
        yield f"{whose} has no extra `{extra}`; pip installs nothing for it{near}"
        return
    for demand, verdict, through in _unmet_demands(packages, distribution, extra):
        way = f" (for `{one_line(through)}`)" if through else ""
        yield f"extra `{extra}` of {whose} needs `{demand.text}`{way}, {verdict}"


def _unmet_demands(
    packages: InstalledPackages, distribution: InstalledDistribution, extra: PackageName
) -> Iterator[tuple[Demand, str, str]]:
    """Yield each unmet demand, what is there instead, and for which other package's extra it is."""
    seen = {(distribution.key, extra)}
    told: set[str] = set()
    queue = deque([(distribution, extra, "")])
    while queue:
        owner, asked, through = queue.popleft()
        for demand in demands_of_extra(owner, asked, packages.environment.markers):
            there = packages.by_name.get(demand.name)
            verdict: str | None = None
            if there is None:
                verdict = "which is not installed"
            elif demand.specifier and allows(demand.specifier, there.version) is False:
                verdict = f"and {one_line(there.version)} is installed"
            if verdict is not None and demand.text not in told:
                told.add(demand.text)
                yield demand, verdict, through
            if there is None:
                continue
            for further in demand.extras:
                if (there.key, further) not in seen and len(seen) < MAX_EXTRAS:
                    seen.add((there.key, further))
                    shown = "" if there is distribution else f"{demand.name}[{further}]"
                    queue.append((there, further, shown))


def _near(distribution: InstalledDistribution, extra: PackageName) -> str:
    from difflib import get_close_matches

    close = get_close_matches(extra, sorted(distribution.extras), 1)
    return f"; did you mean `{one_line(close[0])}`?" if close else ""
