"""The environments that requirements are judged in without any of them being there.

Owns the candidates: which Pythons, systems, machines and implementations are considered for a set
of markers, and which of them differ in what applies. Evaluates markers through
:mod:`pinfold.core.formats.markers`, never in the environment that runs this, and knows nothing of
the requirements that carry them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, TypeVar

from pinfold.core.formats.markers import applies, mentioned_variables
from pinfold.core.model.environment import MarkerEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SUPPORTED_PYTHONS: tuple[str, ...] = (
    *("3.13", "3.14", "3.12", "3.11", "3.10", "3.9", "3.8"),
    "3.15",
)
"""The Pythons that every set of markers is tried with, in the order in which they are named.

From the oldest that today's pip and uv still install into to the one that is being made, which
comes last because hardly anybody has it: a person believes an example that they know.
"""

FORMER_PYTHONS: tuple[str, ...] = (
    *("2.6", "2.7"),
    *("3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"),
)
"""Pythons that are tried only where a marker draws its line there."""

LAST_PATCHES = {
    (2, 6): 9,
    (2, 7): 18,
    **{(3, minor): last for minor, last in enumerate((1, 5, 6, 7, 10, 10, 15, 17, 20, 25))},
}
"""The last release of each Python that gets no more of them: beyond it, there is none to name."""

MAX_PATCH = 30
"""The last patch release that is believed of the others, which still get new ones.

More than any has had in its five years: 3.9 came to 25.
"""

PYPY_RELEASES: tuple[tuple[str, ...], ...] = (
    ("3.11.13", "3.11.11"),
    ("3.10.16", "3.10.14", "3.10.13", "3.10.12"),
    ("3.9.19", "3.9.18", "3.9.17", "3.9.16", "3.9.15", "3.9.12", "3.9.10"),
    ("3.8.16", "3.8.15", "3.8.13", "3.8.12"),
)
"""The Pythons that PyPy speaks, by minor version: it lags behind, and leaves patches out."""

FORMER_PYPY_RELEASES: tuple[tuple[str, ...], ...] = (
    *(("2.7.18",), ("3.7.13",), ("3.6.12",), ("3.5.3",)),
)
"""The last PyPy of each older Python, tried only where a marker draws its line there."""

MAX_ENVIRONMENTS = 256
"""The most environments that one set of markers is tried in, the most usual ones first."""

MAX_MARKERS_LENGTH = 4096
"""How long the markers of one set are together; those beyond are taken to hold nowhere."""

_PYTHON_VARIABLES = frozenset({"python_version", "python_full_version", "implementation_version"})
_SYSTEM_VARIABLES = frozenset({"sys_platform", "os_name", "platform_system"})
_MACHINE_VARIABLES = frozenset({"platform_machine"})
_IMPLEMENTATION_VARIABLES = frozenset({"implementation_name", "platform_python_implementation"})


@dataclass(frozen=True, slots=True)
class World:
    """An environment, and which of the markers it was made for hold there, in their order."""

    environment: MarkerEnvironment
    applying: tuple[bool, ...]


@lru_cache(maxsize=4096)
def worlds(markers: tuple[str | None, ...]) -> tuple[World, ...]:
    """Return the candidates in which different ones of *markers* hold, the most usual first.

    Of those in which the same ones hold, the first stands for all. ``None`` is the marker of a
    requirement that has none, which always holds. A marker that asks for something which no
    candidate says (a kernel's version), or that cannot be evaluated, holds nowhere. A marker on
    ``extra`` is judged with none, as it is in a requirements file.
    """
    found: dict[tuple[bool, ...], MarkerEnvironment] = {}
    texts = _readable(markers)
    for environment in islice(_candidates(texts), MAX_ENVIRONMENTS):
        applying = tuple(
            marker is None or (marker in texts and applies(marker, environment) is True)
            for marker in markers
        )
        known = found.get(applying)
        # What CPython shows need not be shown by anything rarer.
        if known is None or (_is_cpython(environment) and not _is_cpython(known)):
            found[applying] = environment
    ordered = sorted(found.items(), key=lambda item: not _is_cpython(item[1]))
    return tuple(World(environment, applying) for applying, environment in ordered)


def _is_cpython(environment: MarkerEnvironment) -> bool:
    return environment.values["implementation_name"] == "cpython"


def _readable(markers: Iterable[str | None]) -> tuple[str, ...]:
    room = MAX_MARKERS_LENGTH
    found: list[str] = []
    for marker in markers:
        if marker is not None and len(marker) <= room:
            room -= len(marker)
            found.append(marker)
    return tuple(found)


def can_apply(marker: str | None) -> bool:
    """Return whether *marker* holds in any candidate environment."""
    return marker is None or any(world.applying[0] for world in worlds((marker,)))


@dataclass(frozen=True, slots=True)
class _System:
    """An operating system; its usual machines come first.

    `since` is the first Python that was made for it, where that is a new one.
    """

    label: str
    sys_platform: str
    os_name: str
    platform_system: str
    machines: tuple[str, ...]
    since: tuple[int, int] = (0, 0)


_SYSTEMS = (
    _System(
        "Linux",
        "linux",
        "posix",
        "Linux",
        (
            *("x86_64", "aarch64", "armv7l", "armv6l", "i686", "i386"),
            *("ppc64le", "ppc64", "s390x", "riscv64", "loongarch64", "mips64"),
        ),
    ),
    _System("macOS", "darwin", "posix", "Darwin", ("arm64", "x86_64")),
    _System("Windows", "win32", "nt", "Windows", ("AMD64", "ARM64", "x86")),
)
"""The systems that every marker on a system is tried with."""

_RARE_SYSTEMS = (
    _System("Cygwin", "cygwin", "posix", "CYGWIN_NT-10.0", ("x86_64",)),
    _System("FreeBSD", "freebsd14", "posix", "FreeBSD", ("amd64", "arm64")),
    _System("Emscripten", "emscripten", "posix", "Emscripten", ("wasm32",)),
    _System("Android", "android", "posix", "Android", ("aarch64", "x86_64"), (3, 13)),
    _System("iOS", "ios", "posix", "iOS", ("arm64",), (3, 13)),
    _System("AIX", "aix", "posix", "AIX", ("powerpc",)),
)
"""Systems that are tried only where a marker names them."""

# Others are left out: Jython and IronPython never came to a Python that is supported, and have
# systems of their own; which patch releases GraalPy speaks is not known well enough to name one.
_CPYTHON, _PYPY = ("cpython", "CPython"), ("pypy", "PyPy")


@dataclass(frozen=True, slots=True)
class _Python:
    """A Python; `full` is the whole version, and `label` what it is called."""

    full: str
    label: str

    @property
    def minor(self) -> str:
        return ".".join(self.full.split(".")[:2])


@dataclass(frozen=True, slots=True)
class _Atoms:
    """The single comparisons of a set of markers.

    `variables` are all that are mentioned; `texts` the comparisons of a variable with a literal,
    each with its variable; `literals` what each variable is compared with.
    """

    variables: frozenset[str]
    texts: tuple[tuple[str, str], ...]
    literals: dict[str, tuple[str, ...]]


_OPERATOR = r"<=|>=|===|==|!=|~=|<|>|not\s+in\b|in\b"
_ATOM = re.compile(
    rf"(?P<name>[a-z][a-z_.]*)\s*(?:{_OPERATOR})\s*(?P<value>'[^']*'|\"[^\"]*\")"
    rf"|(?P<first>'[^']*'|\"[^\"]*\")\s*(?:{_OPERATOR})\s*(?P<second>[a-z][a-z_.]*)"
)
_LIST = re.compile(r"[\s,|]+")
_NUMBERS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})*")

_T = TypeVar("_T")


def _candidates(markers: tuple[str, ...]) -> Iterator[MarkerEnvironment]:
    """Yield consistent environments for *markers*, one of each kind that they tell apart."""
    atoms = _atoms_of(markers)
    system, machine = _SYSTEMS[0], _SYSTEMS[0].machines[0]

    # Each kind of variable by itself first: of two Pythons in which every comparison with a Python
    # says the same, one will do. So the product stays small where markers are long.
    interpreters = [
        _distinct(
            atoms,
            _PYTHON_VARIABLES,
            [(python, _environment(python, system, machine, kind)) for python in pythons(atoms)],
        )
        for kind, pythons in _interpreters(atoms)
    ]
    kinds = [kind for kind, _ in _interpreters(atoms)]
    usual = _Python(f"{SUPPORTED_PYTHONS[0]}.0", SUPPORTED_PYTHONS[0])
    platforms = _distinct(
        atoms,
        _SYSTEM_VARIABLES | _MACHINE_VARIABLES,
        [(place, _environment(usual, *place, _CPYTHON)) for place in _platforms(atoms)],
    )
    tells_machine = bool(atoms.variables & _MACHINE_VARIABLES)
    for pythons in zip_longest(*interpreters):
        for place in platforms:
            for kind, python in zip(kinds, pythons, strict=True):
                if python is not None and _is_made_for(place, kind, python):
                    yield _environment(python, *place, kind, tells_machine=tells_machine)


def _is_made_for(place: tuple[_System, str], kind: tuple[str, str], python: _Python) -> bool:
    system, machine = place
    if kind == _PYPY and (system.since > (0, 0) or machine in {"ARM64", "wasm32", "powerpc"}):
        # It has no builds for phones, browsers, AIX, and Windows on ARM.
        return False
    return _release(python.full)[:2] >= system.since


def _atoms_of(markers: Iterable[str]) -> _Atoms:
    variables: set[str] = set()
    texts: dict[str, str] = {}
    literals: dict[str, dict[str, None]] = {}
    for marker in markers:
        variables |= mentioned_variables(marker)
        for match in _ATOM.finditer(marker):
            named = mentioned_variables(match.group())
            if len(named) != 1:
                continue
            (variable,) = named
            texts[match.group()] = variable
            value = (match["value"] or match["first"])[1:-1]
            # Of a list of values, as in `sys_platform in "linux darwin"`, each counts.
            for literal in (value, *_LIST.split(value)):
                literals.setdefault(variable, {})[literal] = None
    return _Atoms(
        frozenset(variables),
        tuple(texts.items()),
        {variable: tuple(values) for variable, values in literals.items()},
    )


def _distinct(
    atoms: _Atoms, variables: frozenset[str], candidates: Iterable[tuple[_T, MarkerEnvironment]]
) -> list[_T]:
    """Return the candidates that differ in any comparison with one of *variables*."""
    texts = [text for text, variable in atoms.texts if variable in variables]
    found: dict[tuple[bool | None, ...], _T] = {}
    for candidate, environment in candidates:
        answers = tuple(applies(text, environment) for text in texts)
        found.setdefault(answers, candidate)
    return list(found.values())


def _pythons(atoms: _Atoms) -> Iterator[_Python]:
    """Yield the supported Pythons, then those just at, below and above what markers compare with.

    A Python that does not exist is none of them, and no more are its alphas: `<4` draws no line
    that anybody stands behind.
    """
    if not atoms.variables & _PYTHON_VARIABLES:
        yield _Python(f"{SUPPORTED_PYTHONS[0]}.0", SUPPORTED_PYTHONS[0])
        return
    for minor in SUPPORTED_PYTHONS:
        yield _Python(f"{minor}.0", minor)
    known = sorted((*FORMER_PYTHONS, *SUPPORTED_PYTHONS), key=_release)
    releases = [_release(minor) for minor in known]
    for variable in sorted(_PYTHON_VARIABLES & atoms.literals.keys()):
        for literal in atoms.literals[variable]:
            if _NUMBERS.match(literal) is None:
                continue
            place = bisect_right(releases, _release(literal)[:2]) - 1
            for neighbour in (place, place - 1, place + 1):
                if 0 <= neighbour < len(known):
                    yield _Python(f"{known[neighbour]}.0", known[neighbour])
            if variable != "python_version":
                yield from _patches(literal, releases)


def _patches(literal: str, releases: Sequence[tuple[int, ...]]) -> Iterator[_Python]:
    release = _release(literal)
    major, minor, patch = (*release, 0, 0)[:3]
    if (major, minor) not in releases:
        return
    last = LAST_PATCHES.get((major, minor), MAX_PATCH)
    for number in (patch, patch - 1, patch + 1):
        if 0 < number <= last:
            full = f"{major}.{minor}.{number}"
            yield _Python(full, full)


def _release(text: str) -> tuple[int, ...]:
    match = _NUMBERS.match(text)
    numbers = () if match is None else tuple(int(part) for part in match.group().split("."))
    return (*numbers, 0) if len(numbers) == 1 else numbers


def _platforms(atoms: _Atoms) -> Iterator[tuple[_System, str]]:
    """Yield the systems, and the machines of each, that the markers may tell apart."""
    mentioned = atoms.variables & (_SYSTEM_VARIABLES | _MACHINE_VARIABLES)
    if not mentioned:
        yield _SYSTEMS[0], _SYSTEMS[0].machines[0]
        return
    named = _literals(atoms, _SYSTEM_VARIABLES)
    rare = (one for one in _RARE_SYSTEMS if named & {one.sys_platform, one.platform_system})
    named_machines = _literals(atoms, _MACHINE_VARIABLES)
    for system in (*_SYSTEMS, *rare):
        for number, machine in enumerate(system.machines):
            # The second is there for "any other machine than the usual one".
            is_usual = number == 0 or (number == 1 and "platform_machine" in mentioned)
            if is_usual or machine in named_machines:
                yield system, machine


def _interpreters(
    atoms: _Atoms,
) -> Iterator[tuple[tuple[str, str], Callable[[_Atoms], Iterator[_Python]]]]:
    """Yield the implementations that the markers may tell apart, each with its Pythons."""
    yield _CPYTHON, _pythons
    if atoms.variables & _IMPLEMENTATION_VARIABLES:
        yield _PYPY, _pypys


def _pypys(atoms: _Atoms) -> Iterator[_Python]:
    """Yield the Pythons of PyPy: so few that all patch releases are tried where they matter."""
    literals = _literals(atoms, _PYTHON_VARIABLES)
    oldest = _release(PYPY_RELEASES[-1][0])[:2]
    is_old = any(_NUMBERS.match(one) and _release(one)[:2] < oldest for one in literals)
    minors = (*PYPY_RELEASES, *(FORMER_PYPY_RELEASES if is_old else ()))
    for releases in minors:
        yield _Python(releases[0], ".".join(releases[0].split(".")[:2]))
    if atoms.variables & {"python_full_version", "implementation_version"}:
        for releases in minors:
            for full in releases:
                yield _Python(full, full)


def _literals(atoms: _Atoms, variables: frozenset[str]) -> frozenset[str]:
    return frozenset(
        literal for variable in variables for literal in atoms.literals.get(variable, ())
    )


def _environment(
    python: _Python,
    system: _System,
    machine: str,
    implementation: tuple[str, str],
    *,
    tells_machine: bool = False,
) -> MarkerEnvironment:
    sys_platform = system.sys_platform
    if sys_platform == "linux" and python.full.startswith("2."):
        sys_platform = "linux2"
    name, spoken = implementation
    values = {
        "implementation_name": name,
        "os_name": system.os_name,
        "platform_machine": machine,
        "platform_python_implementation": spoken,
        "platform_system": system.platform_system,
        "python_full_version": python.full,
        "python_version": python.minor,
        "sys_platform": sys_platform,
    }
    if name == "cpython":
        # Others count their own versions, which nobody can tell from that of the language.
        values["implementation_version"] = python.full
    subject = "Python" if name == "cpython" else spoken
    label = f"{subject} {python.label} on {system.label}"
    return MarkerEnvironment(values, f"{label} ({machine})" if tells_machine else label)
