"""Which wheels an environment supports, held against ``packaging`` for the running Python."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging import tags

from pinfold.core.environments.installed import wheel_tags
from pinfold.core.environments.installed.wheel_tags import supported_tags
from pinfold.core.model.environment import Environment, MarkerEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Nothing is remembered from one test to the next."""
    wheel_tags._platforms.cache_clear()
    wheel_tags._cpython_tags.cache_clear()
    yield
    wheel_tags._platforms.cache_clear()
    wheel_tags._cpython_tags.cache_clear()


def _environment(python: str | None, folder: str = "python3.11", **values: str) -> Environment:
    markers = MarkerEnvironment(values, "that Python")
    return Environment(Path("/env"), (Path("/env/lib", folder, "site-packages"),), python, markers)


def test_running_python() -> None:
    """For the Python that runs this, they are those that pip asks for."""
    version = ".".join(map(str, sys.version_info[:3]))
    expected = frozenset(map(str, tags.sys_tags()))

    assert expected == supported_tags(_environment(version, implementation_name="cpython"))


@pytest.mark.parametrize(
    ("python", "tag"),
    [
        ("3.7.17", "cp37-cp37m-linux"),
        ("3.8", "cp38-cp38-linux"),
        ("3.14.1", "cp39-abi3-linux"),
        ("2.7.18", "cp27-cp27mu-linux"),
    ],
)
def test_other_versions(python: str, tag: str) -> None:
    """The tags are those of the version of the environment, not of the one that runs this."""
    found = supported_tags(_environment(python)) or frozenset()

    assert any(each.startswith(tag) for each in found) is (sys.platform == "linux")


def test_free_threaded() -> None:
    """The folder says whether it is; its ABI is another one then."""
    found = supported_tags(_environment("3.13.1", folder="python3.13t")) or frozenset()

    assert any(tag.startswith("cp313-cp313t-") for tag in found)
    assert not any(tag.startswith(("cp313-cp313-", "cp313-abi3-")) for tag in found)


@pytest.mark.parametrize(
    "environment",
    [
        _environment(None),
        _environment("3"),
        _environment("3.x"),
        _environment("3.10.2", implementation_name="pypy"),
        _environment("3.11.2", sys_platform="another"),
        _environment("3.11.2", platform_machine="another"),
    ],
)
def test_unknown(environment: Environment) -> None:
    """Where interpreter or platform is not known for certain, nothing is said."""
    assert supported_tags(environment) is None


def test_musl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without glibc the tags of musl are given, and no loader is run to learn its version."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(wheel_tags, "_is_glibc", lambda: False)
    monkeypatch.setattr(subprocess, "run", _never)
    found = supported_tags(_environment("3.11.2")) or frozenset()
    machine = platform.machine()

    assert f"cp311-cp311-musllinux_1_2_{machine}" in found
    assert not any("manylinux" in tag for tag in found)


@pytest.mark.parametrize(
    ("release", "expected"),
    [("14.5", "cp311-cp311-macosx_14_0_arm64"), ("10.16", None), ("", None)],
)
def test_macos(release: str, expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of the system comes from its files; where that is not the true one, nothing."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: (release, ("", "", ""), "arm64"))
    monkeypatch.setattr(subprocess, "run", _never)
    found = supported_tags(_environment("3.11.2"))

    assert expected is None if found is None else expected in found


def _never(*arguments: object, **options: object) -> None:
    raise AssertionError("a process was started")
