import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.checkout import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
PYPROJECT: dict[str, Any] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
)


def pins(lock: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each requirement of *lock* with its hashes."""
    text = re.sub(r"^ *#.*\n", "", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = line.split(" --hash=")
        yield Requirement(requirement), [value.strip() for value in hashes]


def declared(name: str) -> list[Requirement]:
    """Return what pyproject.toml asks for and the lock called *name* must therefore pin."""
    groups = PYPROJECT["dependency-groups"]
    run = list(PYPROJECT["project"]["dependencies"])
    development = [item for item in groups["dev"] if isinstance(item, str)]
    texts = {
        "build": groups["build"],
        "dev": run + groups["build"] + development,
        "run": run,
    }[name]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_is_exact_and_hashed(lock: Path) -> None:
    """Each line of a lock names one version, and the SHA-256 of its files."""
    loose = [
        str(requirement)
        for requirement, hashes in pins(lock)
        if not re.fullmatch(r"==[^*,]+", str(requirement.specifier))
        or not hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes)
    ]

    assert [] == loose


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_carry_no_address(lock: Path) -> None:
    """A lock says what, not from where: that is for each machine's own configuration."""
    text = lock.read_text(encoding="utf-8")

    assert [] == re.findall(
        r"^ *(?:-\S*|.*://.*|.* @ .*)(?<!\\)$", _without_hashes(text), re.MULTILINE
    )


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_cover_pyproject(lock: Path, version: str) -> None:
    """On each supported Python, a lock has exactly one fitting pin for each dependency."""
    environment = {"python_version": version, "python_full_version": f"{version}.0"}
    pinned: dict[str, list[str]] = {}
    for requirement, _ in pins(lock):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            (specifier,) = requirement.specifier
            pinned.setdefault(canonicalize_name(requirement.name), []).append(specifier.version)

    unmet = [
        str(requirement)
        for requirement in declared(lock.stem)
        if requirement.marker is None or requirement.marker.evaluate(environment)
        if len(found := pinned.get(canonicalize_name(requirement.name), [])) != 1
        or not requirement.specifier.contains(found[0], prereleases=True)
    ]
    ambiguous = [name for name, versions in pinned.items() if len(versions) > 1]

    assert ([], []) == (unmet, ambiguous)


def test_locks_agree_with_each_other() -> None:
    """What people run is what the tests ran on: no package has two versions for one Python."""
    development = {
        (requirement.name, str(requirement.specifier))
        for requirement, _ in pins(ROOT / "requirements/dev.txt")
    }
    apart = [
        str(requirement)
        for lock in LOCKS
        for requirement, _ in pins(lock)
        if (requirement.name, str(requirement.specifier)) not in development
    ]

    assert [] == apart


def test_the_build_backend_is_the_locked_one() -> None:
    """[build-system] and the group that is locked for it ask for the same."""
    assert PYPROJECT["build-system"]["requires"] == PYPROJECT["dependency-groups"]["build"]


def test_supported_pythons_are_the_declared_ones() -> None:
    """The classifiers name the Pythons that the locks are tested for."""
    classifiers = PYPROJECT["project"]["classifiers"]
    named = re.findall(r"Python :: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE)

    assert list(SUPPORTED) == named


def test_every_dependency_has_its_reason() -> None:
    """docs/dependencies.md has a row for each dependency, and for nothing else."""
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    extension = json.loads((ROOT / "client-vscode/package.json").read_bytes())
    rows = re.findall(r"^\| (`.+`) \| .+\. \|$", page, re.MULTILINE)

    assert sorted(
        [
            *{requirement.name for requirement in declared("dev")},
            *extension["dependencies"],
            *extension["devDependencies"],
        ]
    ) == sorted(name for row in rows for name in re.findall("`([^`]+)`", row))


def _without_hashes(text: str) -> str:
    return re.sub(r"^ +--hash=\S+(?: \\)?\n", "", text, flags=re.MULTILINE)
