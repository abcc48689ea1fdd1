"""What Pinfold makes of an environment, put so that it can be held against pip.

What is meant to differ from ``pip check`` stands in ``docs/pip-check-differences.md``.
How pip is asked is for :mod:`tests.oracle.installed_packages_pip`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.environment import (
    Breakage,
    Environment,
    InstalledPackages,
    MarkerEnvironment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES_FILE = Path(__file__).with_name("installed_packages.txt")


def environment_of(prefix: Path, site: Path, markers: Mapping[str, str]) -> Environment:
    """Return the environment at *prefix*, for the Python whose marker values are *markers*."""
    version = markers["python_full_version"]
    return Environment(prefix, (site,), version, MarkerEnvironment(markers, "this Python"))


def our_packages(prefix: Path, site: Path, markers: Mapping[str, str]) -> InstalledPackages:
    """Return what a reader that knows nothing yet finds in an environment."""
    return PackagesReader(LocalFileSystem()).packages(environment_of(prefix, site, markers))


def our_lines(packages: InstalledPackages) -> list[str]:
    """Return the lines that ``pip check`` should print."""
    return [
        found.message for found in packages.broken if found.breakage is not Breakage.PYTHON
    ] or ["No broken requirements found."]


def package_names() -> list[str]:
    """Return the names of the distributions in the real environment."""
    lines = (line.partition("#")[0] for line in NAMES_FILE.read_text("utf-8").splitlines())
    return list(dict.fromkeys(name for line in lines for name in line.split()))


def real_environment(cache: Path) -> Path:
    """Return the prefix of the environment that holds them all, made on the first call.

    It fetches wheels by name, through whatever index is configured, and runs nothing of them.
    """
    tag = f"{sys.implementation.cache_tag}"
    prefix = cache / f"installed-packages-{tag}"
    done = prefix / "complete"
    if done.exists():
        return prefix
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", prefix], check=True)
    uv = Path(sys.executable).with_name("uv")
    python = prefix / "bin" / "python"
    options = ["--no-deps", "--only-binary", ":all:"]
    command: list[str | Path] = (
        [uv, "pip", "install", "--python", python, *options]
        if uv.exists()
        else [sys.executable, "-m", "pip", "--python", python, "install", *options]
    )
    subprocess.run([*command, *package_names()], check=True, stdout=subprocess.DEVNULL)
    done.touch()
    return prefix
