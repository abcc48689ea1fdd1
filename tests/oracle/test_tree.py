"""Who needs whom in an environment of real distributions, against uv and pip.

Neither of them looks at what is needed for an extra that another distribution asks for; uv passes
over what does not fit, too. We show both, and what is missing: that is what ours has more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import read_environment
from pinfold.core.files import LocalFileSystem
from pinfold.core.formats.summary import normalised
from pinfold.core.model.environment import Environment
from pinfold.features.dependency_tree import BranchState, trees
from pinfold.features.freezing import freeze
from pinfold.features.package_listing import listed, required_by
from tests.oracle.installed_packages import real_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.model.environment import InstalledPackages
    from pinfold.features.dependency_tree import Branch

pytestmark = pytest.mark.slow

BUILD = Path(__file__).parents[2] / "build"
INDENT = 4


@pytest.fixture(scope="module")
def prefix() -> Path:
    """The prefix of the environment of real distributions."""
    return real_environment(BUILD)


@pytest.fixture(scope="module")
def installed(prefix: Path) -> InstalledPackages:
    """What is installed there."""
    environment = read_environment(prefix, LocalFileSystem())
    assert isinstance(environment, Environment)
    return PackagesReader(LocalFileSystem()).packages(environment)


def uv_edges(prefix: Path, *options: str) -> tuple[set[tuple[str, str]], set[str]]:
    """Return each pair that stands below each other in uv's trees, and the roots."""
    from uv import find_uv_bin

    python = str(prefix / "bin/python")
    command = [find_uv_bin(), "pip", "tree", "--python", python, *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    edges: set[tuple[str, str]] = set()
    roots: set[str] = set()
    path: list[str] = []
    for line in ran.stdout.splitlines():
        name = line.lstrip("│├└─ ").split(" ")[0].partition("[")[0]
        if name == "(*)":
            continue
        depth = (len(line) - len(line.lstrip("│├└─ \u00a0"))) // INDENT
        path[depth:] = [name]
        if depth:
            edges.add((path[-2], name))
        else:
            roots.add(name)
    return edges, roots


def our_edges(found: Sequence[Branch], state: BranchState) -> Iterator[tuple[str, str]]:
    """Yield each pair of projects that stand below each other in our trees, of one state."""
    for branch in found:
        for below in branch.branches:
            if below.state is state:
                yield branch.key, below.key
        yield from our_edges(branch.branches, state)


def for_extras(installed: InstalledPackages) -> set[tuple[str, str]]:
    """Return each need that is one only because somebody asks for an extra."""
    users = required_by(installed)
    pairs = {(user, needed) for needed, found in users.items() for user in found}
    present = installed.by_name.keys()
    return {
        (user, needed)
        for user, needed in pairs
        if needed in present and needed not in installed.requires[user]
    }


@pytest.mark.parametrize("is_inverted", [False, True], ids=["down", "up"])
def test_uv_shows_the_same(installed: InstalledPackages, prefix: Path, is_inverted: bool) -> None:
    """The same projects stand below each other, and the same ones at the top."""
    edges, roots = uv_edges(prefix, *(["--invert"] if is_inverted else []))
    found = trees(installed, inverted=is_inverted)
    present = installed.by_name.keys()
    ours = set(our_edges(found, BranchState.MET))
    more = {pair[::-1] if is_inverted else pair for pair in for_extras(installed)}
    own_roots = {branch.key for branch in found} & present
    unfit = set(our_edges(found, BranchState.CONFLICTING))

    assert edges
    assert (set(), more - unfit) == (edges - ours, ours - edges)
    assert own_roots - roots <= _circles(installed)
    lacking = {below for _, below in our_edges(found, BranchState.MISSING)}
    assert roots - own_roots <= {
        *(below for _, below in more | unfit),
        *_circles(installed),
        *lacking,
    }


def _circles(installed: InstalledPackages) -> set[str]:
    """Return the projects that need themselves, through others or not."""
    down = {key: set(needed) for key, needed in installed.requires.items()}
    found: set[str] = set()
    for key in down:
        reached: set[str] = set()
        waiting = list(down[key])
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting += down.get(one, ())
        if key in reached:
            found.add(key)
    return found


def test_pip_lists_the_same(installed: InstalledPackages, prefix: Path) -> None:
    """`pip list --not-required` names the same projects."""
    theirs = set(pip_names(prefix, "list", "--not-required", "--format", "freeze"))
    ours = {one.key for one in listed(installed, only_unneeded=True)}
    more = {needed for _, needed in for_extras(installed)}

    assert ours
    assert theirs - more == ours - more
    assert ours <= theirs


def test_pip_freezes_the_same(installed: InstalledPackages, prefix: Path) -> None:
    """`pip freeze` has the same lines."""
    found = freeze(installed, lambda _folder: None)

    assert pip(prefix, "freeze").splitlines() == list(found.lines)


def pip_names(prefix: Path, *arguments: str) -> Iterator[str]:
    """Yield the projects that stand in front of versions in what pip writes."""
    for line in pip(prefix, *arguments).splitlines():
        yield normalised(line.partition("==")[0])


def pip(prefix: Path, *arguments: str) -> str:
    """Return what our own pip says of the environment."""
    command = [sys.executable, "-m", "pip", "--python", str(prefix / "bin/python"), *arguments]
    variables = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=300, env=variables
    )
    return ran.stdout
