"""Candidate environments: consistent, usual ones first, and one for each thing that may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from pinfold.core.formats.marker_environments import (
    MAX_ENVIRONMENTS,
    SUPPORTED_PYTHONS,
    can_apply,
    worlds,
)


def _labels(*markers: str | None) -> list[str]:
    return [world.environment.label for world in worlds(markers)]


def test_no_marker() -> None:
    """Where nothing is asked, one environment stands for all."""
    assert ["Python 3.13 on Linux"] == _labels(None)


def test_usual_ones_come_first() -> None:
    """One environment for each set of markers that hold, by what most people have."""
    assert ["Python 3.13 on Linux", "Python 3.13 on Windows"] == _labels("os_name == 'nt'", None)
    assert ["Python 3.13 on Linux", "Python 3.9 on Linux"] == _labels("python_version < '3.10'")


@pytest.mark.parametrize(
    ("marker", "label"),
    [
        ("python_version == '3.15'", "Python 3.15 on Linux"),
        ("python_version < '3'", "Python 2.7 on Linux"),
        ("'3.6' >= python_version", "Python 3.6 on Linux"),
        ("python_version in '2.7, 3.4'", "Python 2.7 on Linux"),
        ("python_full_version == '3.8.1'", "Python 3.8.1 on Linux"),
        ("python_full_version < '3.8.1' and python_version == '3.8'", "Python 3.8 on Linux"),
        ("python_full_version > '3.12.4' and python_version < '3.13'", "Python 3.12.5 on Linux"),
        ("implementation_version == '3.9.7'", "Python 3.9.7 on Linux"),
        ("platform_machine == 'aarch64'", "Python 3.13 on Linux (aarch64)"),
        ("platform_machine == 'ARM64'", "Python 3.13 on Windows (ARM64)"),
        ("platform_python_implementation != 'CPython'", "PyPy 3.11 on Linux"),
        ("implementation_name == 'pypy' and python_version < '3'", "PyPy 2.7 on Linux"),
        ("implementation_name == 'pypy' and python_version < '3.10'", "PyPy 3.9 on Linux"),
        (
            "implementation_name == 'pypy' and python_full_version == '3.9.12'",
            "PyPy 3.9.12 on Linux",
        ),
        ("sys_platform == 'ios'", "Python 3.13 on iOS"),
        ("sys_platform == 'android' and python_version > '3.13'", "Python 3.14 on Android"),
        ("python_full_version > '3.8.19' and python_version < '3.9'", "Python 3.8.20 on Linux"),
        ("platform_system == 'FreeBSD'", "Python 3.13 on FreeBSD"),
        ("sys_platform == 'cygwin'", "Python 3.13 on Cygwin"),
        ("os.name == 'nt'", "Python 3.13 on Windows"),
        ("sys_platform == 'linux2' and python_version < '3'", "Python 2.7 on Linux"),
    ],
)
def test_boundaries(marker: str, label: str) -> None:
    """What a marker compares with is tried, and what lies just below and above it."""
    assert label in [
        world.environment.label for world in worlds((marker,)) if world.applying == (True,)
    ]


@pytest.mark.parametrize(
    "marker",
    [
        "sys_platform == 'win32' and os_name == 'posix'",
        "platform_system == 'Darwin' and sys_platform != 'darwin'",
        "platform_machine == 'AMD64' and sys_platform == 'linux'",
        "implementation_name == 'pypy' and platform_python_implementation == 'CPython'",
        "python_version == '3.9' and python_full_version >= '3.10'",
        "python_version >= '4'",
        "python_version == '3.8.1'",
        "python_full_version == '3.11.0a6'",
        "python_full_version == '3.11.99999999999999999999'",
        "python_full_version == '3.12.99'",
        "python_full_version == '3.8.50'",
        "python_full_version > '3.8.20' and python_version == '3.8'",
        "implementation_name == 'pypy' and python_version == '3.15'",
        "implementation_name == 'pypy' and python_version > '3.11'",
        "implementation_name == 'pypy' and python_full_version == '3.9.1'",
        "implementation_name == 'pypy' and sys_platform == 'ios'",
        "implementation_name == 'pypy' and platform_machine == 'ARM64'",
        "platform_python_implementation == 'Jython'",
        "sys_platform == 'ios' and python_version < '3.13'",
        "sys_platform == 'android' and python_version == '3.12'",
        "sys_platform == 'windows'",
        "extra == 'x'",
        "platform_release >= '5'",
        "python_version ==",
        "(" * 200 + "os_name == 'nt'" + ")" * 200,
    ],
)
def test_what_nobody_has(marker: str) -> None:
    """No environment is made up to satisfy a marker."""
    assert not can_apply(marker)


def test_without_extras() -> None:
    """A marker on an extra is judged with none."""
    assert can_apply("extra != 'x'")
    assert can_apply(None)


def test_hostile_markers() -> None:
    """However many things markers compare with, what is tried is limited."""
    markers = tuple(
        f"python_full_version == '3.{minor}.{patch}' and platform_machine != '{machine}'"
        for minor in range(8, 15)
        for patch in range(1, 10)
        for machine in ("x86_64", "aarch64", "arm64", "armv7l")
    )

    tried = worlds(markers)

    assert 1 < len(tried) <= MAX_ENVIRONMENTS
    assert not any(world.applying[-1] for world in tried)


_ATOMS = st.one_of(
    st.builds(
        "python_version {} '{}'".format,
        st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
        st.sampled_from(SUPPORTED_PYTHONS),
    ),
    st.builds(
        "sys_platform {} '{}'".format,
        st.sampled_from(["==", "!="]),
        st.sampled_from(["linux", "win32", "darwin"]),
    ),
    st.builds(
        "python_full_version {} '3.{}.{}'".format,
        st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
        st.integers(8, 14),
        st.integers(0, 5),
    ),
)
_MARKERS = st.recursive(
    _ATOMS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=4,
)


@given(st.lists(_MARKERS, min_size=1, max_size=3), st.data())
def test_every_environment_is_stood_for(markers: list[str], data: st.DataObject) -> None:
    """For any real environment there is a candidate in which the same markers hold."""
    minor = data.draw(st.integers(8, 14))
    patch = data.draw(st.integers(0, 6))
    sys_platform, os_name, system = data.draw(
        st.sampled_from(
            [("linux", "posix", "Linux"), ("win32", "nt", "Windows"), ("darwin", "posix", "Darwin")]
        )
    )
    real = {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.{patch}",
        "sys_platform": sys_platform,
        "os_name": os_name,
        "platform_system": system,
    }
    holding = tuple(Marker(marker).evaluate(real) for marker in markers)

    assert holding in {world.applying for world in worlds(tuple(markers))}


def test_cpython_stands_for_pypy_too() -> None:
    """Where both show the same, it is CPython that is named."""
    markers = ("python_version < '3.13'", "platform_python_implementation != 'Jython'")

    labels = [world.environment.label for world in worlds(markers)]

    assert ["Python 3.13 on Linux", "Python 3.12 on Linux"] == labels
