"""Whether what is asked for is installed already, so that no installer need be started.

Owns the answer from our own reading alone. In doubt something is not satisfied: the cost of that is
an installer that finds nothing to do, where the other mistake would be a lie. So a branch of a
repository, a folder, and whatever cannot be read or judged are never satisfied.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.demands import Demand, demands_of, parsed_demand
from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.urls import InvalidUrl, parse_url
from pinfold.core.formats.versions import parsed_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pinfold.core.environments.planning.asked import Asked
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import (
        DirectUrl,
        InstalledDistribution,
        InstalledPackages,
    )


def unsatisfied(asked: Iterable[Asked], installed: InstalledPackages) -> str | None:
    """Return why an installer is needed for *asked*, in a clause; ``None`` if nothing is.

    Constraints among *asked* hold for everything that the others bring.
    """
    everything = list(asked)
    constraints: dict[PackageName, list[Asked]] = {}
    for one in everything:
        if one.is_constraint:
            if not one.is_readable or one.key is None:
                return f"`{masked(one.asker.text)}` cannot be judged"
            constraints.setdefault(one.key, []).append(one)
    walk = _Walk(installed, constraints)
    for one in everything:
        if one.is_constraint:
            continue
        reason = walk.direct(one)
        if reason is not None:
            return reason
    return walk.rest()


class _Walk:
    """One walk from what is asked for to all that it brings."""

    def __init__(
        self, installed: InstalledPackages, constraints: dict[PackageName, list[Asked]]
    ) -> None:
        self._installed = installed
        self._markers = installed.environment.markers
        self._constraints = constraints
        self._seen: dict[PackageName, frozenset[PackageName]] = {}
        self._waiting: list[PackageName] = []

    def direct(self, one: Asked) -> str | None:
        """Return why *one* is not satisfied; what it brings is looked at later."""
        shown = masked(one.asker.text)
        if not one.is_readable:
            return f"`{shown}` cannot be judged"
        applies = one.applies(self._markers)
        if applies is None:
            return f"whether `{shown}` counts here cannot be told"
        if not applies:
            return None
        if one.is_editable or one.path is not None or one.key is None:
            return f"what `{shown}` holds by now cannot be told"
        return self._meet(one.key, one.extras, one.specifier, one.url, shown)

    def rest(self) -> str | None:
        """Return why something that is brought along is not satisfied."""
        while self._waiting:
            key = self._waiting.pop()
            distribution = self._installed.by_name[key]
            for text in distribution.requires:
                if parsed_demand(text) is None:
                    return f"what {distribution.name} requires cannot be read"
            for demand in demands_of(distribution, self._markers, self._seen[key]):
                reason = self._demand(distribution, demand)
                if reason is not None:
                    return reason
        return None

    def _demand(self, distribution: InstalledDistribution, demand: Demand) -> str | None:
        shown = f"{demand.shown}, which {distribution.name} requires,"
        return self._meet(demand.key, demand.extras, demand.specifier, demand.url, shown)

    def _meet(
        self,
        key: PackageName,
        extras: tuple[PackageName, ...],
        specifier: str,
        url: str | None,
        shown: str,
    ) -> str | None:
        present = self._installed.by_name.get(key)
        if present is None:
            return f"{shown} is not installed"
        if present.problem is not None:
            return f"{present.name} is installed, but {present.problem}"
        if parsed_version(present.version) is None:
            return f"{present.name} has a version that is none"
        if specifier and allows(specifier, present.version) is not True:
            return f"{shown} is not met by {present.name} {present.version}"
        if url is not None and not _is_from(present, url):
            return f"{present.name} may have come from elsewhere than {masked(url)}"
        missing = [extra for extra in extras if extra not in present.extras]
        if missing:
            return f"{present.name} has no extra called {missing[0]}"
        reason = self._constrained(present)
        if reason is not None:
            return reason
        before = self._seen.get(key)
        after = (before or frozenset()).union(extras)
        if before is None or after != before:
            self._seen[key] = after
            self._waiting.append(key)
        return None

    def _constrained(self, present: InstalledDistribution) -> str | None:
        for one in self._constraints.get(present.key, ()):
            applies = one.applies(self._markers)
            if applies is False:
                continue
            shown = masked(one.asker.text)
            if applies is None or (
                one.specifier and allows(one.specifier, present.version) is not True
            ):
                return f"the constraint `{shown}` is not met by {present.name} {present.version}"
            if one.url is not None and not _is_from(present, one.url):
                return f"{present.name} may have come from elsewhere than {masked(one.url)}"
        return None


_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def _is_from(present: InstalledDistribution, text: str) -> bool:
    """Return whether *present* certainly came from the URL *text*, and would come so again."""
    direct = present.direct_url
    if direct is None or direct.is_editable:
        return False
    try:
        url = parse_url(text)
    except InvalidUrl:
        return False
    address, _, fragment = text.partition("#")
    said = _fragment(fragment)
    if said.pop("subdirectory", None) != direct.subdirectory:
        return False
    said.pop("egg", None)
    if url.is_version_control:
        return not said and _is_checkout(direct, address)
    if url.is_local or direct.vcs is not None or direct.directory is not None:
        # What lies at a path of this machine may have been built anew a moment ago.
        return False
    if _without_user(address) != _without_user(direct.url):
        return False
    return all(f"{name}:{value}" in direct.hashes for name, value in said.items())


def _is_checkout(direct: DirectUrl, address: str) -> bool:
    control, _, rest = address.partition("+")
    repository, at, revision = rest.rpartition("@")
    # Only a whole commit is one for ever: a branch moves on, and a tag can be moved.
    return (
        bool(at)
        and _COMMIT.fullmatch(revision) is not None
        and direct.vcs == control
        and direct.commit == revision
        and _without_user(repository) == _without_user(direct.url)
    )


def _fragment(fragment: str) -> dict[str, str]:
    pairs: Sequence[str] = [pair for pair in fragment.split("&") if pair]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _without_user(address: str) -> str:
    scheme, found, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{found}{host.rpartition('@')[2]}{slash}{path}"
