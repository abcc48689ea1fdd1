"""What is installed: listing it, and checking it, in a program that is already running."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.files import LocalFileSystem
from tests.benchmarks.inputs import write_distributions
from tests.benchmarks.measure import interleaved, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.model.environment import Environment
    from tests.benchmarks.report import Row

SIZES = (300, 3_000)
TWO_OF_A_KIND = 2


def measure(rounds: int) -> list[Row]:
    """List and check environments of 300 and of 3,000 distributions."""
    rows: list[Row] = []
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            rows += _measure(Path(folder) / ".venv", count, max(5, rounds // TWO_OF_A_KIND))
    return rows


def _measure(prefix: Path, count: int, rounds: int) -> list[Row]:
    from tests.benchmarks.report import Row

    venv.create(prefix, symlinks=True)
    found = read_environment(prefix, LocalFileSystem())
    assert not isinstance(found, NoEnvironment), found.reason
    environment = found
    site_packages = environment.site_packages[0]
    requirements = write_distributions(site_packages, count)
    path = [str(site_packages)]
    warm = PackagesReader(LocalFileSystem())
    broken = warm.packages(environment).broken
    assert broken

    def from_scratch() -> object:
        return PackagesReader(LocalFileSystem()).packages(environment).broken

    def unchanged() -> object:
        return warm.packages(environment)

    another = site_packages / "another-1.0.dist-info"

    def one_changed() -> object:
        """See and check what another program did: it installs one package, or removes it."""
        if another.exists():
            shutil.rmtree(another)
        else:
            another.mkdir()
            (another / "METADATA").write_text(
                "Metadata-Version: 2.1\nName: another\nVersion: 1.0\nRequires-Dist: package-1\n"
            )
            (another / "RECORD").write_text("")
        return warm.packages(environment).broken

    def names() -> object:
        return PackagesReader(LocalFileSystem()).names(environment)

    def names_by_library() -> object:
        return [(d.name, d.version) for d in importlib.metadata.distributions(path=path)]

    def with_requires_by_library() -> object:
        found = importlib.metadata.distributions(path=path)
        return [(d.name, d.version, d.requires) for d in found]

    file = prefix.parent / "requirements.txt"
    file.write_text("\n".join(requirements) + "\n")
    figures = interleaved(
        {
            "names": names,
            "from scratch": from_scratch,
            "one changed": one_changed,
            "unchanged": unchanged,
            "library": names_by_library,
            "library, requires": with_requires_by_library,
            "uv": lambda: _uv(prefix),
            "pip": lambda: _pip(prefix),
            "command": lambda: _check(file, environment),
        },
        rounds=rounds,
    )

    def row(what: str, ours: str, against: str, theirs: str, goal: str, *, faster: bool) -> Row:
        mine, other = figures[ours], figures[theirs]
        share = ratio(other, mine) if faster else ratio(mine, other)
        direction = "faster" if faster else "of its time"
        title = f"{what}, {count:,} distributions"
        return Row(title, against, mine.median, other.median, share, direction, goal)

    library = "importlib.metadata, the same process"
    return [
        row("list names and versions", "names", library, "library", "≥ 20 ×", faster=True),
        row(
            "read everything and check it",
            "from scratch",
            f"{library}, reading only",
            "library, requires",
            "≥ 20 ×",
            faster=True,
        ),
        row(
            f"the same ({len(broken):,} broken), nothing remembered",
            "from scratch",
            "`uv pip check`",
            "uv",
            "",
            faster=False,
        ),
        row(
            "check after another program installed or removed one, in a running server",
            "one changed",
            "`uv pip check`",
            "uv",
            "≤ 1.3 ×",
            faster=False,
        ),
        row(
            "see that nothing changed, just after a change",
            "unchanged",
            "`uv pip check`",
            "uv",
            "",
            faster=False,
        ),
        row(
            f"`pinfold check` of {count:,} pins",
            "command",
            "`pip check`",
            "pip",
            "",
            faster=True,
        ),
    ]


def _uv(prefix: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv) if uv.exists() else shutil.which("uv") or "uv"]
    _run([*command, "pip", "check", "--quiet", "--python", str(prefix)], allowed=(0, 1))


def _pip(prefix: Path) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(prefix), "check"]
    _run([*command, "--disable-pip-version-check"], allowed=(0, 1))


def _check(file: Path, environment: Environment) -> None:
    command = [sys.executable, "-m", "pinfold", "check", "--env", str(environment.prefix)]
    _run([*command, "--format", "json", "--exit-zero", str(file)], allowed=(0,))


def _run(command: Sequence[str], *, allowed: Sequence[int]) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    assert done.returncode in allowed, (command, done.returncode)
