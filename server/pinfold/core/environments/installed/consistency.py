"""Whether installed distributions have what they need, from each other and from their Python.

Owns the answer that ``pip check`` gives (26.3: ``operations/check.py``, ``commands/check.py``), in
its words and its order, and the one it does not give: whether a distribution is for this Python.
Refuses to read files; what differs from pip on purpose stands in ``docs/pip-check-differences.md``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.environments.installed.wheel_tags import supported_tags
from pinfold.core.formats.markers import VARIABLES, applies, mentioned_variables
from pinfold.core.formats.pep508 import read_with_packaging, too_complex
from pinfold.core.formats.plain_versions import allows, plain_release
from pinfold.core.formats.summary import normalised
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.environment import Breakage, BrokenDependency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.requirements import Requirement

    from pinfold.core.environments.installed.distributions import Reading
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import (
        Environment,
        InstalledDistribution,
        MarkerEnvironment,
    )


class Demand(NamedTuple):
    """One requirement of a distribution: on what, which versions of it, under which condition."""

    key: PackageName
    specifier: str
    marker: str | None


class Wants(NamedTuple):
    """What a distribution demands in one environment without any extra.

    `is_valid` is false where one of its requirements is none, or its marker cannot be evaluated:
    pip then leaves the distribution out. `demands` pairs each demand with its text.
    """

    demands: tuple[tuple[Demand, str], ...]
    is_valid: bool


def wants(distribution: InstalledDistribution, markers: MarkerEnvironment) -> Wants:
    """Return what *distribution* demands where *markers* hold."""
    found: list[tuple[Demand, str]] = []
    is_valid = True
    for text in distribution.requires:
        demand = parse_demand(text)
        if demand is None:
            # Where it is only too much for `packaging`, pip makes something of it and we do not.
            is_valid = is_valid and too_complex(text) is not None
        elif demand.marker is None:
            found.append((demand, text))
        elif _ONLY_FOR_AN_EXTRA.fullmatch(demand.marker) is None:
            applying = applies(demand.marker, markers)
            if applying:
                found.append((demand, text))
            elif applying is None and _is_known(demand.marker, markers):
                is_valid = False
    return Wants(tuple(found), is_valid)


def broken(
    environment: Environment,
    installed: Sequence[tuple[Reading, InstalledDistribution, Wants]],
    local: Sequence[InstalledDistribution],
) -> tuple[BrokenDependency, ...]:
    """Return what is wrong among *installed*, the distributions that count, in pip's order.

    *local* are those of them that belong to the environment itself, and have a ``WHEEL``.
    """
    counted: dict[PackageName, str] = {}
    for reading, distribution, wanted in installed:
        if reading.is_readable and wanted.is_valid and _is_version(distribution.version):
            counted[distribution.key] = distribution.version
    missing: list[BrokenDependency] = []
    conflicting: list[BrokenDependency] = []
    for _, distribution, wanted in installed:
        if distribution.key not in counted:
            continue
        lacking: list[str] = []
        refusing: list[str] = []
        for demand, text in wanted.demands:
            version = counted.get(demand.key)
            if version is None:
                lacking.append(text)
            elif demand.specifier and allows(demand.specifier, version) is False:
                refusing.append(text)
        if lacking:
            missing.extend(_missing(distribution, lacking))
        if refusing:
            conflicting.extend(_conflicting(distribution, refusing, counted))
    return (
        *missing,
        *conflicting,
        *_for_another_platform(environment, local),
        *_for_another_python(environment, [distribution for _, distribution, _ in installed]),
    )


@lru_cache(maxsize=65_536)
def parse_demand(text: str) -> Demand | None:
    """Read a ``Requires-Dist``; ``None`` if it is none, or too complex for ``packaging``."""
    match = _TYPICAL.fullmatch(text)
    if match is not None:
        marker = match["marker"]
        return Demand(normalised(match["name"]), match["specifier"] or match["bare"] or "", marker)
    requirement = _requirement(text)
    if requirement is None:
        return None
    marker = None if requirement.marker is None else str(requirement.marker)
    return Demand(normalised(requirement.name), str(requirement.specifier), marker)


_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_VERSION = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}"
_CLAUSE = (
    rf"(?:(?:==|!=)[ ]*{_VERSION}(?:\.\*)?|(?:<=|>=|<|>)[ ]*{_VERSION}"
    r"|~=[ ]*[0-9]{1,9}(?:\.[0-9]{1,9}){1,9})"
)
_CLAUSES = rf"{_CLAUSE}(?:[ ]*,[ ]*{_CLAUSE}){{0,20}}"
_VARIABLE = "(?:" + "|".join(VARIABLES) + ")"
_STRING = r"(?:\"[^\"'\\\n]*\"|'[^\"'\\\n]*')"
_ATOM = rf"{_VARIABLE}[ ]*(?:==|!=|<=|>=|<|>)[ ]*{_STRING}"
_AN_EXTRA = rf"extra[ ]*==[ ]*(?:\"{_NAME}\"|'{_NAME}')"
_ALL = rf"{_ATOM}(?:[ ]+and[ ]+{_ATOM}){{0,20}}"
_GROUP = rf"\([ ]*{_ATOM}(?:[ ]+(?:and|or)[ ]+{_ATOM}){{0,20}}[ ]*\)"
_MARKER = rf"(?:(?:(?:{_ALL}|{_GROUP})[ ]+and[ ]+)?{_AN_EXTRA}|{_ALL})"
# What `packaging` reads in the same way: it is the judge of every other text.
_TYPICAL = re.compile(
    rf"(?P<name>{_NAME})(?:\[{_NAME}(?:,[ ]*{_NAME}){{0,20}}\])?"
    rf"(?:[ ]*\((?P<specifier>{_CLAUSES})\)|[ ]*(?P<bare>{_CLAUSES}))?"
    rf"(?:[ ]*;[ ]*(?P<marker>{_MARKER}))?"
)
# Nothing in front of it can raise, so it is false while no extra is asked for.
_ONLY_FOR_AN_EXTRA = re.compile(rf"(?:(?:{_ALL}|{_GROUP})[ ]+and[ ]+)?{_AN_EXTRA}")


@lru_cache(maxsize=4_096)
def _requirement(text: str) -> Requirement | None:
    stripped = text.strip()
    if too_complex(stripped) is not None:
        return None
    found = read_with_packaging(stripped)
    return None if isinstance(found, str) else found


def _is_known(marker: str, markers: MarkerEnvironment) -> bool:
    return mentioned_variables(marker) - {"extra"} <= markers.values.keys()


def _is_version(text: str) -> bool:
    return plain_release(text) is not None or parsed_version(text) is not None


def _shown(version: str) -> str:
    return str(parsed_version(version))


def _missing(distribution: InstalledDistribution, texts: list[str]) -> Iterator[BrokenDependency]:
    version = _shown(distribution.version)
    pairs = {(normalised(found.name), found) for found in _requirements(texts)}
    for key, requirement in sorted(pairs, key=str):
        yield BrokenDependency(
            distribution.key,
            Breakage.MISSING,
            f"{distribution.key} {version} requires {key}, which is not installed.",
            needs=key,
            requirement=str(requirement),
        )


def _conflicting(
    distribution: InstalledDistribution, texts: list[str], counted: Mapping[PackageName, str]
) -> Iterator[BrokenDependency]:
    version = _shown(distribution.version)
    triples = {
        (key, parsed_version(counted[key]), found)
        for found in _requirements(texts)
        for key in (normalised(found.name),)
    }
    for key, present, requirement in sorted(triples, key=str):
        yield BrokenDependency(
            distribution.key,
            Breakage.INCOMPATIBLE,
            f"{distribution.key} {version} has requirement {requirement}, "
            f"but you have {key} {present}.",
            needs=key,
            requirement=str(requirement),
        )


def _requirements(texts: list[str]) -> list[Requirement]:
    # pip holds them in a set, in which the first of those that are equal stays, and sorts them by
    # how they are shown.
    return [found for text in texts if (found := _requirement(text)) is not None]


def _for_another_platform(
    environment: Environment, local: Sequence[InstalledDistribution]
) -> Iterator[BrokenDependency]:
    supported = supported_tags(environment)
    if supported is None:
        return
    for distribution in local:
        if distribution.key in _NOT_JUDGED or not _is_version(distribution.version):
            continue
        if distribution.tags.isdisjoint(supported):
            yield BrokenDependency(
                distribution.key,
                Breakage.PLATFORM,
                f"{distribution.name} {_shown(distribution.version)} is not supported on this "
                "platform",
            )


def _for_another_python(
    environment: Environment, distributions: Sequence[InstalledDistribution]
) -> Iterator[BrokenDependency]:
    python = environment.python
    if python is None:
        return
    # Of a version that is known by two numbers only, no more is said than all its releases share.
    candidates = (python,) if python.count(".") > 1 else (f"{python}.0", f"{python}.999")
    for distribution in distributions:
        required = distribution.requires_python
        if required and all(allows(required, candidate) is False for candidate in candidates):
            yield BrokenDependency(
                distribution.key,
                Breakage.PYTHON,
                f"{distribution.key} {distribution.version} requires Python {required}, "
                f"but this is Python {python}.",
                requirement=required,
            )


# What pip takes for a part of Python (utils/compat.py, 26.3).
_NOT_JUDGED = frozenset({"python", "wsgiref", "argparse"})
