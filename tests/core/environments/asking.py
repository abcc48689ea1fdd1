"""What an interpreter says of itself when it is asked: the oracle of all that is only read."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.layout import read_environment
from pinfold.core.environments.probe import ask
from pinfold.core.files import LocalFileSystem
from pinfold.core.model.environment import Environment

if TYPE_CHECKING:
    from pinfold.core.model.installation import Installation

_SCRIPT = """
import os, sys, sysconfig
try:
    implementation = sys.implementation.name
except AttributeError:
    implementation = 'cpython'
version = '%d.%d.%d' % tuple(sys.version_info[:3])
level = {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}.get(sys.version_info[3])
if level:
    version += level + str(sys.version_info[4])
base = getattr(sys, 'real_prefix', getattr(sys, 'base_prefix', sys.prefix))
paths = sysconfig.get_path('purelib'), sysconfig.get_path('platlib')
for value in (version, implementation, sys.executable, sys.prefix, base) + paths:
    if not isinstance(value, bytes):
        value = value.encode(sys.getfilesystemencoding(), 'surrogateescape')
    os.write(1, value + b'\\0')
"""


@dataclass(frozen=True, slots=True)
class Said:
    """The answer: `packages` are ``purelib`` and ``platlib`` of ``sysconfig``."""

    version: str
    implementation: str
    executable: str
    prefix: str
    base_prefix: str
    packages: frozenset[str]


def said_by(installation: Installation) -> Said:
    """Return what an interpreter says of itself, started with nothing else."""
    assert installation.executable is not None
    flags = ["-E", "-s"] if (installation.version or "").startswith("2.") else ["-I"]
    ran = subprocess.run(
        [str(installation.executable), *flags, "-c", _SCRIPT],
        stdout=subprocess.PIPE,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        timeout=60,
        check=True,
    )
    answers = [os.fsdecode(part) for part in ran.stdout.split(b"\0")[:7]]
    version, implementation, executable, prefix, base_prefix, *packages = answers
    return Said(version, implementation, executable, prefix, base_prefix, frozenset(packages))


def check_says_the_same(installation: Installation) -> Said:
    """What we say of an installation is what its interpreter says; return that."""
    said = said_by(installation)
    _check_version(installation, said.version)
    assert said.implementation == installation.implementation
    assert said.executable == str(installation.executable)
    assert said.prefix == str(installation.prefix)
    assert Path(os.path.realpath(said.executable)) == installation.real_executable
    _check_base(installation, said.base_prefix)
    if not installation.shares_prefix:
        _check_packages(installation.prefix, said)
    return said


def _check_version(installation: Installation, version: str) -> None:
    if version == installation.version:
        return
    # PyPy has neither headers nor build-details.json to say its patch release. That is left open,
    # never guessed, and the probe tells it to those who may start it.
    assert "pypy" == installation.implementation
    assert version.startswith(f"{installation.version}.")
    assert installation.executable is not None
    assert version == ask(installation.executable, {}).version


def _check_base(installation: Installation, base_prefix: str) -> None:
    base = os.path.realpath(base_prefix)
    assert installation.is_base is (base == os.path.realpath(installation.prefix))
    if installation.base_home is None:
        return
    home = os.path.realpath(installation.base_home)
    if Path(home, "../pyvenv.cfg").exists():
        # Made from another environment, whose own base is what counts then.
        home = os.path.dirname(os.path.realpath(Path(home) / "python"))
    assert base in (os.path.dirname(home), home)


def _check_packages(prefix: Path, said: Said) -> None:
    environment = read_environment(prefix, LocalFileSystem())
    assert isinstance(environment, Environment), environment
    assert said.packages <= {str(path) for path in environment.site_packages}
