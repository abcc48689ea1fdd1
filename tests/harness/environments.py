"""Environments for tests, written as lines.

A line is a name and a version, then any number of ``requires REQUIREMENT``, ``from URL``,
``hash ALGORITHM:DIGEST``, ``commit REVISION``, ``editable FOLDER``, ``extra NAME`` in any order.
``requires python>=3.11`` is a ``Requires-Python``, and a line ``python 3.11.2`` names the Python.
Lines ``broken CAUSE`` and ``damaged CAUSE`` say what is wrong with the environment itself, and
``asks FILE VERSION`` that a file of the project asks for a Python that it has not.
What is broken is found out here, by `packaging` as pip does it, so that no reader is needed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pinfold.core.environments.health.case import REBUILD
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.environment import (
    Breakage,
    BrokenDependency,
    DirectUrl,
    Environment,
    EnvironmentAnswer,
    EnvironmentState,
    InstalledDistribution,
    InstalledPackages,
    MarkerEnvironment,
    PythonContradiction,
)
from pinfold.core.model.installation import Ailment, HealthProblem
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PREFIX = Path("/project/.venv")
_WORD = re.compile(r"\s+(requires|from|hash|commit|editable|extra(?!\s*==))\s+")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def environment(
    *lines: str, python: str = "3.11.2", sys_platform: str = "linux", prefix: Path = PREFIX
) -> EnvironmentAnswer:
    """Return an environment that was found, and holds what *lines* say."""
    written = [line.strip() for line in lines if line.strip()]
    said: dict[str, list[str]] = {"python": [], "broken": [], "damaged": [], "asks": []}
    distributions: list[InstalledDistribution] = []
    for line in written:
        word, _, rest = line.partition(" ")
        if word in said:
            said[word].append(rest)
        else:
            distributions.append(_distribution(line))
    python = said["python"][-1] if said["python"] else python
    answer = found(distributions, python=python, sys_platform=sys_platform, prefix=prefix)
    return replace(
        answer,
        contradictions=tuple(_contradiction(text, python) for text in said["asks"]),
        ailments=(
            *(Ailment(HealthProblem.BASE_GONE, cause, REBUILD) for cause in said["broken"]),
            *(
                Ailment(HealthProblem.HALF_INSTALLED, cause, "install it again", is_severe=False)
                for cause in said["damaged"]
            ),
        ),
    )


def _contradiction(text: str, python: str) -> PythonContradiction:
    name, version = text.split()
    message = f"`{name}` asks for `{version}`, but the environment has Python {python}"
    return PythonContradiction(PREFIX.parent / name, 0, message, TextRange(0, len(version)))


def found(
    distributions: Iterable[InstalledDistribution],
    *,
    python: str = "3.11.2",
    sys_platform: str = "linux",
    prefix: Path = PREFIX,
) -> EnvironmentAnswer:
    """Return an environment that was found, and holds *distributions*."""
    markers = _markers(python, sys_platform)
    by_name = {distribution.key: distribution for distribution in distributions}
    here = Environment(prefix, (prefix / "lib/site-packages",), python, markers)
    packages = InstalledPackages(
        here,
        by_name,
        broken=tuple(_broken(by_name, here)),
        requires={key: _needs(distribution, markers) for key, distribution in by_name.items()},
    )
    return EnvironmentAnswer(EnvironmentState.FOUND, "it is beside the file", packages)


def no_environment(
    state: EnvironmentState = EnvironmentState.NONE, reason: str = "there is none"
) -> EnvironmentAnswer:
    """Return the answer that there is no environment."""
    return EnvironmentAnswer(state, reason)


def _distribution(line: str) -> InstalledDistribution:
    head, *rest = _WORD.split(line)
    name, version = head.split()
    said: dict[str, list[str]] = {}
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        said.setdefault(word, []).append(value.strip())
    requires = [text for text in said.get("requires", ()) if not _is_python(text)]
    pythons = [text for text in said.get("requires", ()) if _is_python(text)]
    extras = {*said.get("extra", ()), *(e for text in requires for e in _EXTRA.findall(text))}
    key = PackageName(canonicalize_name(name))
    return InstalledDistribution(
        name,
        key,
        version,
        PREFIX / f"lib/site-packages/{name}-{version}.dist-info",
        requires=tuple(requires),
        extras=frozenset(PackageName(canonicalize_name(extra)) for extra in extras),
        requires_python=pythons[0].removeprefix("python") if pythons else None,
        direct_url=_direct_url(said),
        editable=Path(said["editable"][0]) if "editable" in said else None,
    )


def _is_python(text: str) -> bool:
    return re.match(r"python\s*[<>=!~]", text) is not None


def _direct_url(said: Mapping[str, list[str]]) -> DirectUrl | None:
    url = said.get("from", [""])[0]
    if "editable" in said:
        url = f"file://{said['editable'][0]}"
    if not url:
        return None
    vcs, plus, rest = url.partition("+")
    if plus:
        address, at, revision = rest.rpartition("@")
        is_user = "/" in revision
        return DirectUrl(
            rest if is_user or not at else address,
            vcs=vcs,
            requested_revision=None if is_user or not at else revision,
            commit=said["commit"][0] if "commit" in said else None,
        )
    is_folder = url.startswith("file:") and not re.search(r"\.(whl|zip|gz)$", url)
    return DirectUrl(
        url,
        directory=Path(url.removeprefix("file://")) if is_folder else None,
        is_editable="editable" in said,
        hashes=frozenset(said.get("hash", ())),
    )


def _markers(python: str, sys_platform: str) -> MarkerEnvironment:
    system = {"linux": "Linux", "win32": "Windows", "darwin": "Darwin"}[sys_platform]
    values = {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "nt" if sys_platform == "win32" else "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": system,
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": sys_platform,
    }
    return MarkerEnvironment(values, f"CPython {python} on {system}")


def _demands(
    distribution: InstalledDistribution, markers: MarkerEnvironment
) -> Iterator[Requirement]:
    for text in distribution.requires:
        requirement = Requirement(text)
        values = {"extra": "", **markers.values}
        if requirement.marker is None or requirement.marker.evaluate(values):
            yield requirement


def _needs(
    distribution: InstalledDistribution, markers: MarkerEnvironment
) -> tuple[PackageName, ...]:
    demands = _demands(distribution, markers)
    return tuple(PackageName(canonicalize_name(demand.name)) for demand in demands)


def _broken(
    by_name: Mapping[PackageName, InstalledDistribution], here: Environment
) -> Iterator[BrokenDependency]:
    conflicting: list[BrokenDependency] = []
    pythons: list[BrokenDependency] = []
    for key, distribution in by_name.items():
        whose = f"{distribution.name} {distribution.version}"
        for demand in _demands(distribution, here.markers):
            needed = PackageName(canonicalize_name(demand.name))
            there = by_name.get(needed)
            if there is None:
                message = f"{whose} requires {needed}, which is not installed."
                yield BrokenDependency(key, Breakage.MISSING, message, needed, str(demand))
            elif not demand.specifier.contains(there.version, prereleases=True):
                message = (
                    f"{whose} has requirement {demand}, but you have {needed} {there.version}."
                )
                conflicting.append(
                    BrokenDependency(key, Breakage.INCOMPATIBLE, message, needed, str(demand))
                )
        wanted = distribution.requires_python
        if wanted and here.python and not SpecifierSet(wanted).contains(here.python):
            pythons.append(BrokenDependency(key, Breakage.PYTHON, ""))
    yield from conflicting
    yield from pythons
