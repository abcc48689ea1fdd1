"""What is installed, and what is broken in it, against pip 26.3 and ``importlib.metadata``."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from pinfold.core.environments.installed import consistency
from pinfold.core.environments.installed.recorded_files import recorded_files
from pinfold.core.files import LocalFileSystem
from pinfold.core.formats.summary import normalised
from pinfold.core.model.environment import Breakage, InstalledDistribution, InstalledPackages
from tests.oracle.installed_packages import (
    our_lines,
    our_packages,
    package_names,
    real_environment,
)
from tests.oracle.installed_packages_damage import (
    DAMAGE,
    SITE,
    Spoilt,
    copy_metadata,
    make_packages,
    make_skeleton,
    spoil,
)
from tests.oracle.installed_packages_pip import Pip

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILD = Path(__file__).parents[2] / "build"
SPOILT_ENVIRONMENTS = 50
SMALL_ENVIRONMENTS = 30


@pytest.fixture(scope="module")
def pip() -> Iterator[Pip]:
    """A pip that answers, for the Python that runs the tests."""
    with Pip() as process:
        yield process


@pytest.fixture(scope="module")
def real() -> Path:
    """The prefix of the environment of real distributions."""
    return real_environment(BUILD)


def disagreement(spoilt: Spoilt, pip: Pip) -> list[str]:
    """Return nothing, or what both say and what was done to the environment."""
    theirs, error = pip.check([spoilt.site])
    ours = our_lines(our_packages(spoilt.prefix, spoilt.site, pip.markers()))
    if error is None and ours == theirs:
        return []
    return (
        [f"- {line}" for line in [*theirs, *([error] if error else [])]]
        + [f"+ {line}" for line in ours]
        + list(spoilt.damage)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SMALL_ENVIRONMENTS))
def test_check_of_made_up_environments(seed: int, pip: Pip, tmp_path: Path) -> None:
    """Forty distributions that somebody made up, and spoilt: the lines of ``pip check``."""
    prefix = tmp_path / "environment"
    make_packages(make_skeleton(prefix), seed)
    spoilt = Spoilt(prefix, spoil(prefix / SITE, seed, count=seed % 10))

    assert [] == disagreement(spoilt, pip)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_check_after_each_kind_of_damage(kind: str, pip: Pip, tmp_path: Path) -> None:
    """Whatever is done to three of forty distributions, the lines are those of ``pip check``."""
    prefix = tmp_path / "environment"
    site = make_skeleton(prefix)
    make_packages(site, seed=len(kind))
    for seed, folder in enumerate(sorted(site.glob("*.dist-info"))[:3]):
        DAMAGE[kind](folder, random.Random(seed))

    assert [] == disagreement(Spoilt(prefix, (kind,)), pip)


@pytest.mark.slow
def test_pip_is_asked_as_a_person_would(pip: Pip, tmp_path: Path) -> None:
    """The oracle gives the lines of ``pip --python ENVIRONMENT check``."""
    prefix = tmp_path / "environment"
    site = make_skeleton(prefix)
    make_packages(site, seed=1)
    spoil(site, seed=1, count=8)

    assert _pip_check(prefix) == pip.check([site])[0]


@pytest.mark.slow
def test_fields_of_made_up_distributions(pip: Pip, tmp_path: Path) -> None:
    """Names, versions, requirements, extras and the rest are what the others read."""
    prefix = tmp_path / "environment"
    site = make_skeleton(prefix)
    make_packages(site, seed=2)

    assert [] == _wrong_fields(prefix, pip)


@pytest.mark.parametrize(
    ("place", "substitute"),
    [
        ("allows", lambda specifier, version: None),
        ("_missing", lambda distribution, texts: iter(())),
        ("supported_tags", lambda environment: None),
        ("_is_version", lambda text: True),
        ("normalised", lambda name: name.lower()),
        ("applies", lambda marker, markers: False),
    ],
)
@pytest.mark.slow
def test_bugs_are_noticed(
    place: str, substitute: Any, pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a part of ours gone wrong, the comparison fails."""
    monkeypatch.setattr(consistency, place, substitute)
    consistency.parse_demand.cache_clear()
    found = []
    for seed in range(6):
        prefix = tmp_path / f"environment-{seed}"
        site = make_skeleton(prefix)
        make_packages(site, seed)
        for folder in sorted(site.glob("*.dist-info"))[:2]:
            DAMAGE["wheel_for_another_platform" if seed % 2 else "invalid_version"](
                folder, random.Random(0)
            )
        found += disagreement(Spoilt(prefix, ()), pip)
    consistency.parse_demand.cache_clear()

    assert found


@pytest.mark.network
def test_real_environment_holds_enough(real: Path) -> None:
    """There are at least three hundred real distributions, and each has been read whole."""
    with Pip(str(real / "bin" / "python")) as pip:
        packages = our_packages(real, real / SITE, pip.markers())

    assert len(package_names()) == len(packages.by_name) >= 300
    assert [] == [found.name for found in packages.by_name.values() if found.problem is not None]


@pytest.mark.network
def test_fields_of_real_distributions(real: Path) -> None:
    """Every field is what ``importlib.metadata`` and ``pip inspect`` say, in real environments."""
    with Pip(str(real / "bin" / "python")) as pip:
        wrong = _wrong_fields(real, pip)

    assert [] == wrong


@pytest.mark.network
def test_check_of_the_real_environment(real: Path) -> None:
    """The lines are those of ``pip --python ENVIRONMENT check``."""
    with Pip(str(real / "bin" / "python")) as pip:
        packages = our_packages(real, real / SITE, pip.markers())

    assert _pip_check(real) == our_lines(packages)


@pytest.mark.network
@pytest.mark.parametrize("seed", range(SPOILT_ENVIRONMENTS))
def test_check_of_spoilt_environments(seed: int, real: Path, pip: Pip, tmp_path: Path) -> None:
    """Real distributions, forty of them spoilt: the lines of ``pip check``."""
    prefix = tmp_path / "environment"
    site = copy_metadata(real / SITE, prefix)
    spoilt = Spoilt(prefix, spoil(site, seed, count=40))

    assert [] == disagreement(spoilt, pip)


@pytest.mark.network
@pytest.mark.parametrize("seed", range(0, SPOILT_ENVIRONMENTS, 5))
def test_check_against_uv(seed: int, real: Path, pip: Pip, tmp_path: Path) -> None:
    """What uv finds missing, in the wrong version or for another Python is what we find.

    Only with damage that both read in the same way; what uv reads otherwise than pip is in the
    documentation.
    """
    prefix = tmp_path / "environment"
    site = copy_metadata(real / SITE, prefix)
    chance = random.Random(seed)
    for folder in chance.sample(sorted(site.glob("*.dist-info")), 30):
        DAMAGE[chance.choice(_READ_ALIKE_BY_UV)](folder, chance)
    packages = our_packages(prefix, site, pip.markers())

    assert _uv_check(prefix) == {
        (found.distribution, found.breakage, found.needs) for found in packages.broken
    }


def _pip_check(prefix: Path) -> list[str]:
    process = subprocess.run(
        [sys.executable, "-m", "pip", "--python", prefix, "--no-color", "check"],
        capture_output=True,
        text=True,
        check=False,
        # Below Python 3.11, pip takes setuptools' way unless it is told otherwise.
        env=os.environ | {"_PIP_USE_IMPORTLIB_METADATA": "1"},
    )
    assert process.returncode in (0, 1), process.stderr
    return process.stdout.splitlines()


_READ_ALIKE_BY_UV = (
    *("removed", "other_version", "another_python", "wheel_for_another_platform"),
    *("other_case", "same_requirement_twice"),
)
_UV_MESSAGES = {
    Breakage.PLATFORM: re.compile(
        r"The package `(?P<name>[^`]+)` was built for a different platform(?P<needs>)"
    ),
    Breakage.MISSING: re.compile(
        r"The package `(?P<name>[^`]+)` requires `(?P<needs>[^`]+)`, but it's not installed"
    ),
    Breakage.INCOMPATIBLE: re.compile(
        r"The package `(?P<name>[^`]+)` requires `(?P<needs>[^`]+)`, but `[^`]+` is installed"
    ),
    Breakage.PYTHON: re.compile(
        r"The package `(?P<name>[^`]+)` requires Python (?P<needs>)[^`]*, but `[^`]+` is installed"
    ),
}


def _uv_check(prefix: Path) -> set[tuple[str, Breakage, str | None]]:
    uv = Path(sys.executable).with_name("uv")
    process = subprocess.run(
        [uv, "pip", "check", "--offline", "--python", prefix / "bin" / "python"],
        capture_output=True,
        text=True,
        check=False,
    )
    found: set[tuple[str, Breakage, str | None]] = set()
    for line in process.stderr.splitlines():
        for breakage, pattern in _UV_MESSAGES.items():
            match = pattern.fullmatch(line)
            if match is not None:
                needs = match["needs"]
                found.add(
                    (
                        match["name"].partition(" ")[0],
                        breakage,
                        normalised(Requirement(needs).name) if needs else None,
                    )
                )
                break
        else:
            assert not line.startswith("The package"), line
    return found


def _wrong_fields(prefix: Path, pip: Pip) -> list[str]:
    site = prefix / SITE
    packages = our_packages(prefix, site, pip.markers())
    everything = [*packages.by_name.values(), *packages.shadowed]
    by_folder = {str(found.folder): found for found in everything}
    wrong = []
    for described in pip.importlib_metadata([site]):
        ours = by_folder.pop(described["folder"])
        wrong += _differences(ours.name, _to_compare(ours), _from_importlib_metadata(described))
    wrong += [f"{folder} is nothing to importlib.metadata" for folder in by_folder]
    inspected = pip.inspect([site])
    if [described["key"] for described in inspected] != list(packages.by_name):
        wrong.append("pip lists them in another order")
    for described in inspected:
        ours = packages.by_name[described["key"]]
        wrong += _differences(ours.name, _as_pip(ours, packages), _from_pip(described))
    return wrong


def _differences(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    assert ours.keys() == theirs.keys()
    return [
        f"{name}: {field} is {ours[field]!r}, not {theirs[field]!r}"
        for field in ours
        if ours[field] != theirs[field]
    ]


def _to_compare(ours: InstalledDistribution) -> dict[str, Any]:
    files = recorded_files(LocalFileSystem(), ours)
    return {
        "name": ours.name,
        "version": ours.version,
        "requires": list(ours.requires),
        "requires_python": ours.requires_python,
        "extras": ours.extras,
        "installer": ours.installer,
        "files": None
        if files is None
        else [file for file in files if (ours.folder.parent / file).exists()],
    }


def _from_importlib_metadata(described: dict[str, Any]) -> dict[str, Any]:
    installer = described["installer"]
    return {
        "name": described["name"],
        "version": described["version"],
        "requires": described["requires"] or [],
        "requires_python": described["requires_python"],
        "extras": frozenset(map(normalised, described["extras"] or ())),
        "installer": None if installer is None else installer.strip(),
        "files": described["files"],
    }


def _as_pip(ours: InstalledDistribution, packages: InstalledPackages) -> dict[str, Any]:
    demands = consistency.wants(ours, packages.environment.markers).demands
    link = ours.direct_url
    return {
        "metadata_location": str(ours.folder),
        "version": str(Version(ours.version)),
        "dependencies": [str(Requirement(text)) for _, text in demands],
        "needs": tuple(dict.fromkeys(demand.key for demand, _ in demands)),
        "provided": ours.extras,
        "installer": ours.installer,
        "editable": ours.editable is not None,
        "direct_url": None
        if link is None
        else {
            "url": link.url,
            "is a directory": link.directory is not None,
            "editable": link.is_editable,
            "vcs": link.vcs,
            "requested_revision": link.requested_revision,
            "commit": link.commit,
            "hashes": link.hashes,
            "subdirectory": link.subdirectory,
        },
    }


def _from_pip(described: dict[str, Any]) -> dict[str, Any]:
    link = described.get("direct_url")
    vcs = {} if link is None else link.get("vcs_info", {})
    archive = {} if link is None else link.get("archive_info", {})
    names = [normalised(Requirement(text).name) for text in described["dependencies"]]
    return {
        "metadata_location": described["metadata_location"],
        "version": described["version"],
        "dependencies": described["dependencies"],
        "needs": tuple(dict.fromkeys(names)),
        "provided": frozenset(described["provided"]),
        "installer": described.get("installer"),
        "editable": link is not None and bool(link.get("dir_info", {}).get("editable")),
        "direct_url": None
        if link is None
        else {
            "url": link["url"],
            "is a directory": "dir_info" in link,
            "editable": bool(link.get("dir_info", {}).get("editable")),
            "vcs": vcs.get("vcs"),
            "requested_revision": vcs.get("requested_revision"),
            "commit": vcs.get("commit_id"),
            "hashes": frozenset(f"{k}:{v}" for k, v in archive.get("hashes", {}).items()),
            "subdirectory": link.get("subdirectory"),
        },
    }
