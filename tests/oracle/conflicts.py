"""Requirement sets made at random, and what uv and pip say of them over an index of tiny wheels.

Owns the generator, the versions that the index holds, and the ways to ask: uv for an environment of
one's choice, pip for the one that runs it. What we say comes from :func:`our_conflicts`.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.version import Version

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.facts import Facts
from pinfold.core.rules import conflicts
from pinfold.core.rules.demands import demand_graph
from pinfold.core.rules.view import FileView
from pinfold.core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path("/project")
NAMES = ("alpha", "beta")
_RULES = ("unsatisfiable", "conflicting-requirements")


@dataclass(frozen=True, slots=True)
class RequirementSets:
    """A file to install from, and those that it includes; `seed` makes it again."""

    seed: int
    files: Mapping[str, str]

    @property
    def text(self) -> str:
        """All files, to be shown."""
        return "".join(f"--- {name} ---\n{text}" for name, text in self.files.items())


@dataclass(frozen=True, slots=True)
class Target:
    """An environment that uv is asked about, and the values that markers have in it."""

    python: str
    platform: str

    @property
    def label(self) -> str:
        """What our messages call it."""
        system, machine = _PLATFORMS[self.platform][0], _PLATFORMS[self.platform][1]
        python = self.python.removesuffix(".0") if self.python.count(".") == 2 else self.python
        return f"Python {python} on {system} ({machine})"

    @property
    def values(self) -> dict[str, str]:
        """The values of the variables of markers."""
        _, machine, sys_platform, os_name, platform_system = _PLATFORMS[self.platform]
        return {
            "implementation_name": "cpython",
            "implementation_version": self.python,
            "os_name": os_name,
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": platform_system,
            "platform_version": "",
            "python_full_version": self.python,
            "python_version": ".".join(self.python.split(".")[:2]),
            "sys_platform": sys_platform,
            "extra": "",
        }


_PLATFORMS = {
    "x86_64-unknown-linux-gnu": ("Linux", "x86_64", "linux", "posix", "Linux"),
    "aarch64-unknown-linux-gnu": ("Linux", "aarch64", "linux", "posix", "Linux"),
    "aarch64-apple-darwin": ("macOS", "arm64", "darwin", "posix", "Darwin"),
    "x86_64-apple-darwin": ("macOS", "x86_64", "darwin", "posix", "Darwin"),
    "x86_64-pc-windows-msvc": ("Windows", "AMD64", "win32", "nt", "Windows"),
}
_PYTHONS = (
    *("3.7.0", "3.8.0", "3.8.1", "3.8.2", "3.9.0", "3.10.0", "3.10.3", "3.10.4", "3.10.5"),
    *("3.11.0", "3.12.0", "3.12.1", "3.13.0", "3.14.0", "3.15.0"),
)

TARGETS = tuple(Target(python, platform) for python in _PYTHONS for platform in _PLATFORMS)
"""All environments that the markers of the generator may tell apart, chosen without our help."""


_COARSE = (
    *("0", "0.9", "1.1", "1.2", "2.0.0.1", "2.0.1", "2.0.2", "2.1", "2.2", "3", "4"),
    *("1!0", "1!1.0", "1!2"),
)
_FINE = ("1.0", "2.0")
_SUFFIXES = (
    *(".dev0", ".dev1", ".dev2", "a0", "a1.dev0", "a1", "a1.post0", "a2.dev0", "a2"),
    *("rc0", "rc1.dev0", "rc1", "rc2", "", "+cu0", "+cu1", "+cu2"),
    *(".post0.dev0", ".post0", ".post1.dev1", ".post1.dev2", ".post1.dev3"),
    *(".post1", ".post1+cu1", ".post2", ".0.0.1.dev0", ".0.0.1"),
)


@cache
def versions() -> tuple[Version, ...]:
    """Return every version that the index holds: at, just below and just above each boundary."""
    fine = {Version(base + suffix) for base in _FINE for suffix in _SUFFIXES}
    coarse = {
        Version(base + suffix)
        for base in _COARSE
        for suffix in (".dev0", "a1", "rc1", "", "+cu1", ".post1", ".0.0.1")
    }
    return tuple(sorted(fine | coarse))


def write_index(folder: Path) -> Path:
    """Write a wheel of every version of every project into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, version in itertools.product(NAMES, versions()):
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            )
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", "")
    return folder


_PLAIN = ("1.0", "1", "1.1", "2.0", "2", "2.0.1", "2.1", "3", "0.9")
_ODD = ("2.0a1", "2.0rc1", "2.0.dev1", "2.0.post1", "2.0.post1.dev2", "1.0a1", "1.0.post1", "1!1.0")
_LOCAL = ("2.0+cu1", "1.0+cu1", "2.0+cu2")


def generated_sets(seed: int) -> RequirementSets:
    """Return a pair of requirement sets: a file and what it includes, made from *seed*."""
    chance = random.Random(seed)
    include = chance.choice(("-r other.txt", "-c other.txt", "-c other.txt", "-r other.txt"))
    own = [_line(chance) for _ in range(chance.randint(1, 3))]
    other = [_line(chance, is_constraint="-c" in include) for _ in range(chance.randint(1, 3))]
    own.insert(chance.randint(0, len(own)), include)
    files = {"requirements.txt": "\n".join(own) + "\n", "other.txt": "\n".join(other) + "\n"}
    if chance.random() < 0.2:
        files["other.txt"] += "-c third.txt\n"
        files["third.txt"] = _line(chance, is_constraint=True) + "\n"
    return RequirementSets(seed, files)


def _line(chance: random.Random, *, is_constraint: bool = False) -> str:
    name = "alpha" if chance.random() < 0.6 else "beta"
    extras = "[x]" if not is_constraint and chance.random() < 0.1 else ""
    marker = "" if chance.random() < 0.35 else f" ; {_marker(chance, 2)}"
    return f"{name}{extras}{specifier(chance)}{marker}"


def specifier(chance: random.Random) -> str:
    """Return a specifier of up to three clauses, of every operator and kind of version."""
    count = chance.choices((0, 1, 2, 3), (2, 7, 2, 1))[0]
    return ",".join(_clause(chance) for _ in range(count))


_OPERATORS = (
    *(">=", ">=", ">=", ">=", "<", "<=", "<=", ">", "!=", "!=", "!=", "!=.*", "!=.*"),
    *("==", "==.*", "~=", "==+", "==="),
)


def _clause(chance: random.Random) -> str:
    version = chance.choice(_PLAIN if chance.random() < 0.7 else _ODD)
    operator = chance.choice(_OPERATORS)
    match operator:
        case "==.*" | "!=.*":
            return f"{operator[:2]}{chance.choice(_PLAIN)}.*"
        case "~=":
            return f"~={chance.choice(('1.0', '2.0', '2.0.1', '2.1', '2.0a1', '2.0.post1'))}"
        case "==+":
            return f"{chance.choice(('==', '!='))}{chance.choice(_LOCAL)}"
        case "===":
            # As the index spells it: uv reads `===2` as `==2`, which pip does not.
            return f"==={chance.choice(('1.0', '2.0', '2.0.1', '2.0a1', '2.0+cu1'))}"
        case _:
            return f"{operator}{version}"


def _marker(chance: random.Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.5:
        return _atom(chance)
    parts = [_marker(chance, depth - 1) for _ in range(2)]
    joined = f" {chance.choice(('and', 'or'))} ".join(parts)
    return f"({joined})" if depth < 2 else joined


def _atom(chance: random.Random) -> str:
    compare = chance.choice(("<", "<=", ">", ">=", "==", "!="))
    equal = chance.choice(("==", "!="))
    return chance.choice(
        (
            f"python_version {compare} '{chance.choice(('3.8', '3.9', '3.10', '3.12', '3.14'))}'",
            f"python_version {compare} '{chance.choice(('3.8', '3.9', '3.10', '3.12', '3.14'))}'",
            f"python_full_version {compare} '{chance.choice(('3.8.1', '3.10.4', '3.12.0'))}'",
            f"sys_platform {equal} '{chance.choice(('linux', 'win32', 'darwin'))}'",
            f"platform_system {equal} '{chance.choice(('Linux', 'Windows', 'Darwin'))}'",
            f"os_name {equal} '{chance.choice(('posix', 'nt'))}'",
            f"platform_machine {equal} '{chance.choice(('x86_64', 'aarch64', 'arm64'))}'",
            f"'{chance.choice(('3.9', '3.13'))}' {chance.choice(('<=', '>'))} python_version",
            "platform_python_implementation == 'CPython'",
            f"extra {equal} 'x'",
        )
    )


@dataclass(frozen=True, slots=True)
class OurVerdict:
    """What we say of sets.

    `labels` are the environments that conflicts are told of in; `is_conflict` is set as well for a
    line that no version satisfies by itself. `is_told` says whether any of the files has a finding.
    """

    labels: tuple[str, ...]
    is_conflict: bool
    is_told: bool


def our_conflicts(sets: RequirementSets) -> OurVerdict:
    """Return where we find the sets in conflict; nowhere if they are fine."""
    contents: dict[str, str | bytes] = {str(ROOT / name): text for name, text in sets.files.items()}
    workspace = Workspace(
        MemoryFileSystem(contents),
        working_directory=ROOT,
        locale_encoding="utf-8",
        facts=Facts(),
    )
    snapshot = workspace.snapshot
    told = {
        (path.name, finding.rule)
        for path in (ROOT / name for name in sets.files)
        for finding in snapshot.judge(path).findings
        if finding.rule in _RULES
    }
    view = snapshot.view(ROOT / "requirements.txt")
    assert isinstance(view, FileView)
    labels = [
        clash.environment
        for places in demand_graph(view).repeated.values()
        for clash in conflicts.judged(tuple(dict.fromkeys(place.demand for place in places)))
    ]
    return OurVerdict(tuple(labels), bool(labels) or _has_unsatisfiable_line(sets), bool(told))


def _has_unsatisfiable_line(sets: RequirementSets) -> bool:
    """Return whether `unsatisfiable` speaks of a line that is installed from."""
    constraints = {
        line.split()[1]
        for text in sets.files.values()
        for line in text.splitlines()
        if line.startswith("-c ")
    }
    for name, text in sets.files.items():
        if name in constraints:
            continue
        workspace = Workspace(
            MemoryFileSystem({str(ROOT / name): text}),
            working_directory=ROOT,
            locale_encoding="utf-8",
            facts=Facts(),
        )
        if any(f.rule == "unsatisfiable" for f in workspace.snapshot.judge(ROOT / name).findings):
            return True
    return False


def find_uv() -> str | None:
    """Return the path of uv, ``None`` where there is none."""
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def targets_of(sets: RequirementSets) -> list[Target]:
    """Return one target for each set of markers of *sets* that hold together in any."""
    markers = {
        marker.strip()
        for text in sets.files.values()
        for line in text.splitlines()
        if (marker := line.partition(";")[2])
    }
    parsed = [Marker(marker) for marker in sorted(markers)]
    found: dict[tuple[bool, ...], Target] = {}
    for target in TARGETS:
        values = target.values
        found.setdefault(tuple(marker.evaluate(values) for marker in parsed), target)
    return list(found.values())


class Uv:
    """uv, over an index of its own; writes each set into *folder* once."""

    def __init__(self, executable: str, index: Path, folder: Path) -> None:
        self._executable = executable
        self._index = index
        self._folder = folder
        self.runs = 0

    def resolves(self, sets: RequirementSets, target: Target) -> bool:
        """Return whether uv finds versions for *sets* in *target*.

        Pre-releases are allowed, as they are versions too. Nothing is built and nothing fetched.
        """
        write_files(sets, self._folder)
        self.runs += 1
        completed = subprocess.run(
            [
                *(self._executable, "pip", "compile", "requirements.txt", "--quiet", "--offline"),
                *("--no-config", "--no-index", "--find-links", str(self._index), "--no-build"),
                *("--prerelease", "allow", "--python", sys.executable),
                *("--python-version", target.python, "--python-platform", target.platform),
                *("--cache-dir", str(self._folder / ".cache")),
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        reasons = ("No solution found", "conflicting URLs")
        if completed.returncode and not any(reason in completed.stderr for reason in reasons):
            raise AssertionError(f"uv fails for another reason:\n{completed.stderr}\n{sets.text}")
        return completed.returncode == 0


def pip_resolves(sets: RequirementSets, index: Path, folder: Path) -> bool:
    """Return whether pip, in the environment that runs this, finds versions for *sets*."""
    write_files(sets, folder)
    completed = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install"),
            *("--dry-run", "--ignore-installed", "--no-index", "--find-links", str(index)),
            *("--pre", "--no-cache-dir", "--quiet", "-r", "requirements.txt"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    reasons = ("ResolutionImpossible", "No matching distribution found", "Cannot install")
    if completed.returncode and not any(reason in completed.stderr for reason in reasons):
        raise AssertionError(f"pip fails for another reason:\n{completed.stderr}\n{sets.text}")
    return completed.returncode == 0


def write_files(sets: RequirementSets, folder: Path) -> None:
    """Write *sets* into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sets.files.items():
        (folder / name).write_text(text, encoding="utf-8")


def many_sets(first: int, last: int) -> Iterator[RequirementSets]:
    """Yield the sets of the seeds from *first* to before *last*."""
    yield from (generated_sets(seed) for seed in range(first, last))


def named_target(label: str) -> Target | None:
    """Return the target that *label* names; a machine that it leaves out may be any."""
    for target in TARGETS:
        if label in (target.label, target.label.rpartition(" (")[0]):
            return target
    return None


def disagreements(uv: Uv, sets: RequirementSets) -> list[str]:
    """Return, in words, where uv and we differ on *sets*; empty if we agree."""
    ours = our_conflicts(sets)
    found: list[str] = []
    if ours.is_conflict and not ours.is_told:
        found.append("the conflict is found, but no file tells of it")
    for label in ours.labels:
        target = named_target(label)
        if target is None:
            found.append(f"nobody can ask uv about {label}")
        elif uv.resolves(sets, target):
            found.append(f"uv resolves in {label}, which we name")
    if not ours.labels:
        # What is found was tried above; what is not must resolve wherever markers differ.
        failing = [target.label for target in targets_of(sets) if not uv.resolves(sets, target)]
        if bool(failing) != ours.is_conflict:
            found.append(f"we say {ours.is_conflict}, and uv fails in {failing}")
    return found


def without_markers(sets: RequirementSets) -> RequirementSets:
    """Return *sets* as they are where every marker holds."""
    return RequirementSets(
        sets.seed,
        {
            name: "".join(f"{line.partition(';')[0].rstrip()}\n" for line in text.splitlines())
            for name, text in sets.files.items()
        },
    )
