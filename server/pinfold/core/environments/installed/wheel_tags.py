"""Which wheels an environment on this machine can use, told without running anything.

Owns the supported tags (https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/)
of the Python that an environment has, as ``packaging`` generates them. Refuses to start a process,
as ``packaging`` does on musl and on some versions of macOS, and to guess: where the interpreter or
the platform is not known for certain there is no answer.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinfold.core.model.environment import Environment

# No musl has a version beyond this yet; its own is told only by running its loader.
_NEWEST_MUSL_MINOR = 5


def supported_tags(environment: Environment) -> frozenset[str] | None:
    """Return the tags that *environment* supports, ``None`` if that cannot be told.

    Only for CPython: the tags of others hold the version of their own ABI, which no file says.
    """
    values = environment.markers.values
    if environment.python is None or values.get("implementation_name", "cpython") != "cpython":
        return None
    if values.get("sys_platform", sys.platform) != sys.platform:
        return None
    machine = platform.machine()
    if values.get("platform_machine", machine) != machine:
        return None
    try:
        major, minor = (int(part) for part in environment.python.split(".")[:2])
    except ValueError:
        return None
    return _cpython_tags(major, minor, is_free_threaded=_is_free_threaded(environment))


def _is_free_threaded(environment: Environment) -> bool:
    # Its folders are lib/python3.13t on POSIX; on Windows nothing in an environment says so.
    suffix = f"python{'.'.join((environment.python or '').split('.')[:2])}t"
    return any(suffix in folder.parts for folder in environment.site_packages)


@lru_cache(maxsize=64)
def _cpython_tags(major: int, minor: int, *, is_free_threaded: bool) -> frozenset[str] | None:
    from packaging.tags import compatible_tags, cpython_tags

    platforms = _platforms()
    if platforms is None:
        return None
    version = (major, minor)
    name = f"cp{major}{minor}"
    suffix = "t" if is_free_threaded else "m" if version < (3, 8) else ""
    # Python 2's depend on how it was built.
    abis = [name + "m", name + "mu"] if major == 2 else [name + suffix]
    tags = [
        *cpython_tags(version, abis, platforms),
        *compatible_tags(version, name, platforms),
    ]
    return frozenset(map(str, tags))


@lru_cache(maxsize=1)
def _platforms() -> tuple[str, ...] | None:
    """Return the platform tags of this machine, best first."""
    from packaging import tags

    if sys.platform == "linux":
        if _is_glibc():
            return tuple(tags.platform_tags())
        machine = platform.machine()
        return (
            *(f"musllinux_1_{minor}_{machine}" for minor in range(_NEWEST_MUSL_MINOR, -1, -1)),
            f"linux_{machine}",
        )
    if sys.platform == "darwin":
        release, _, machine = platform.mac_ver()
        numbers = re.match(r"([0-9]+)\.([0-9]+)", release)
        # 10.16 is what an old build of Python is told by every macOS since; packaging starts a
        # process to learn the truth.
        if numbers is None or numbers.groups() == ("10", "16"):
            return None
        version = int(numbers[1]), int(numbers[2])
        return tuple(tags.mac_platforms(version, machine))
    return tuple(tags.platform_tags())


def _is_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, OSError, ValueError):
        return False
