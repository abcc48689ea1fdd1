"""What an interpreter says of itself when it is asked: the oracle of all that is only read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinfold.core.model.installation import Installation

_SCRIPT = """
import os, sys
try:
    implementation = sys.implementation.name
except AttributeError:
    implementation = 'cpython'
version = '%d.%d.%d' % tuple(sys.version_info[:3])
level = {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}.get(sys.version_info[3])
if level:
    version += level + str(sys.version_info[4])
base = getattr(sys, 'base_prefix', getattr(sys, 'real_prefix', sys.prefix))
for value in (version, implementation, sys.executable, sys.prefix, base):
    os.write(1, value.encode() + b'\\0' if not isinstance(value, bytes) else value + b'\\0')
"""


def check_says_the_same(installation: Installation) -> str:
    """What we say of an installation is what its interpreter says, started with nothing else."""
    assert installation.executable is not None
    flags = ["-E", "-s"] if (installation.version or "").startswith("2.") else ["-I"]
    ran = subprocess.run(
        [str(installation.executable), *flags, "-c", _SCRIPT],
        stdout=subprocess.PIPE,
        cwd="/",
        env={"PATH": os.defpath},
        timeout=60,
        check=True,
    )
    version, implementation, executable, prefix, base_prefix = (
        part.decode() for part in ran.stdout.split(b"\0")[:5]
    )
    assert installation.version is not None
    # What the files of some interpreters do not say is left open, never guessed.
    assert version == installation.version or version.startswith(installation.version + ".")
    assert implementation == installation.implementation
    assert str(installation.executable) == executable
    assert str(installation.prefix) == prefix
    if installation.base_home is not None:
        home = os.path.realpath(installation.base_home)
        if Path(home, "../pyvenv.cfg").exists():
            # Made from another environment, whose own base is what counts then.
            home = os.path.dirname(os.path.realpath(Path(home) / "python"))
        assert os.path.realpath(base_prefix) in (os.path.dirname(home), home)
    else:
        assert os.path.realpath(base_prefix) == os.path.realpath(installation.prefix)
    assert installation.real_executable == Path(os.path.realpath(executable))
    return version
