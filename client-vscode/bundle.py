"""The Python part of the VS Code extension: Pinfold and what it imports, in ``bundled/libs``.

One folder serves every supported Python on every system. So it has the pins of
``requirements/run.txt`` whatever their markers say, each by its hash, and nothing compiled.
Owns what of a wheel is left out. Refuses to know which packages there are, and what becomes of the
folder: that is for ``vsix.py``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
LIBRARIES = ROOT / "client-vscode/bundled/libs"

OLDEST_PYTHON = "3.10"

_COMPILED = frozenset((".a", ".dll", ".dylib", ".exe", ".lib", ".o", ".pyc", ".pyd", ".so"))

_KEPT_OF_METADATA = re.compile(r"METADATA|licenses/.+|(AUTHORS|COPYING|LICEN[CS]E|NOTICE)[^/]*")
"""The rest says which files pip has put where, some of it with this machine's paths."""

_INSTALL = (
    *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"),
    *("--no-deps", "--no-compile", "--target", str(LIBRARIES)),
)
_PURE_WHEELS = (
    *("--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--abi", "none"),
    *("--python-version", OLDEST_PYTHON),
)


class CompiledFilesError(Exception):
    """Files in the bundle run on one kind of machine, or on one Python, only."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"the bundle must be pure Python, but has {', '.join(names)}")
        self.names = names


def make_bundle() -> None:
    """Make the folder anew.

    Raises:
        subprocess.CalledProcessError: pip could not install something.
        CompiledFilesError: something in a wheel runs on one kind of machine only.
    """
    shutil.rmtree(LIBRARIES, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "run.txt")
        pins.write_text("\n".join(pins_for_all(_lock("run"))), encoding="utf-8")
        _install(*_PURE_WHEELS, "--require-hashes", "--requirement", str(pins))
    # The build backend is the locked one, which is installed beside pip.
    _install("--no-build-isolation", str(ROOT))
    refuse_compiled(LIBRARIES)
    for path in LIBRARIES.rglob("*"):
        # Whatever the umask is, the same files go into the archive.
        path.chmod(0o755 if path.is_dir() else 0o644)


def refuse_compiled(folder: Path) -> None:
    """Do nothing if all in *folder* is pure Python.

    Raises:
        CompiledFilesError: something is not.
    """
    compiled = [path for path in folder.rglob("*") if path.suffix.lower() in _COMPILED]
    if compiled:
        raise CompiledFilesError(sorted(path.relative_to(folder).as_posix() for path in compiled))


def pins_for_all(lock: str) -> Iterator[str]:
    """Yield a requirement with its hashes and without its marker for each project in *lock*.

    Where there are several, for some Pythons each, it is the lowest: newer Pythons run what the
    oldest does, but not the other way round.
    """
    lowest: dict[str, tuple[Version, str]] = {}
    text = re.sub(r"^ *#.*\n", "", lock, flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        pin, *hashes = line.split(" --hash=")
        requirement = Requirement(pin)
        (specifier,) = requirement.specifier
        hashed = " --hash=".join((f"{requirement.name}{specifier}", *map(str.strip, hashes)))
        found = (Version(specifier.version), hashed)
        name = canonicalize_name(requirement.name)
        lowest[name] = min(found, lowest.get(name, found))
    for _, hashed in lowest.values():
        yield hashed


def _lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def _install(*arguments: str) -> None:
    """Install, and remove what no import needs and no licence asks to be kept."""
    subprocess.run((*_INSTALL, *arguments), check=True)
    shutil.rmtree(LIBRARIES / "bin", ignore_errors=True)
    for metadata in LIBRARIES.glob("*.dist-info"):
        for path in metadata.rglob("*"):
            if path.is_file() and not _KEPT_OF_METADATA.fullmatch(
                path.relative_to(metadata).as_posix()
            ):
                path.unlink()


if __name__ == "__main__":
    make_bundle()
