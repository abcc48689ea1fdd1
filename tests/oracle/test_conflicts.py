"""Conflicts between requirements: we find one exactly where uv and pip find no solution."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pinfold.core.formats import marker_environments
from pinfold.core.rules import conflicts as rules
from tests.oracle.conflict_counts import record_conflicts
from tests.oracle.conflicts import (
    RequirementSets,
    Uv,
    disagreements,
    find_uv,
    many_sets,
    our_conflicts,
    pip_resolves,
    targets_of,
    without_markers,
    write_index,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAIRS = int(os.environ.get("PINFOLD_CONFLICT_PAIRS", "150"))
"""How many generated pairs of requirement sets uv is asked about."""

PIP_PAIRS = max(8, min(40, PAIRS // 10))
"""How many of them pip is asked about, which takes half a second for each."""

CHUNKS = 10

ALPHA_1 = "alpha @ {index}/alpha-1.0-py3-none-any.whl"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel of every version."""
    return write_index(tmp_path_factory.mktemp("index"))


@pytest.fixture
def uv(index: Path, tmp_path: Path) -> Uv:
    """The real uv, which has to be there."""
    executable = find_uv()
    assert executable is not None, "uv is among the development dependencies"
    return Uv(executable, index, tmp_path)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_uv_agrees(uv: Uv, chunk: int, record_property: Callable[[str, object], None]) -> None:
    """A conflict is found if and only if uv fails in an environment that the markers tell apart."""
    counts: Counter[str] = Counter()
    different: list[str] = []
    for sets in many_sets(chunk * PAIRS // CHUNKS, (chunk + 1) * PAIRS // CHUNKS):
        counts["pairs"] += 1
        counts["conflicts"] += our_conflicts(sets).is_conflict
        found = disagreements(uv, sets)
        different += [f"seed {sets.seed}: {one}\n{sets.text}" for one in found]
    record_conflicts(
        record_property,
        "uv pip compile",
        {**counts, "asked": uv.runs, "differences": len(different)},
    )

    assert [] == different


@pytest.mark.parametrize("chunk", range(4))
def test_pip_agrees(
    index: Path, tmp_path: Path, chunk: int, record_property: Callable[[str, object], None]
) -> None:
    """Where every line applies, pip's resolver fails on exactly what we report."""
    counts: Counter[str] = Counter()
    different: list[str] = []
    for sets in many_sets(chunk * PIP_PAIRS // 4, (chunk + 1) * PIP_PAIRS // 4):
        plain = without_markers(sets)
        counts["pairs"] += 1
        is_conflict = our_conflicts(plain).is_conflict
        counts["conflicts"] += is_conflict
        if pip_resolves(plain, index, tmp_path) is is_conflict:
            different.append(f"seed {sets.seed}: we say {is_conflict}\n{plain.text}")
    record_conflicts(
        record_property,
        "pip install --dry-run",
        {**counts, "asked": counts["pairs"], "differences": len(different)},
    )

    assert [] == different


@pytest.mark.parametrize(
    ("lines", "is_conflict"),
    [
        (f"{ALPHA_1}\nalpha>=2\n", True),
        (f"{ALPHA_1}\nalpha<2\n", False),
        (f"{ALPHA_1}\nalpha @ {{index}}/alpha-2.0-py3-none-any.whl\n", True),
        (f"{ALPHA_1}\n{ALPHA_1}#egg=alpha\n", False),
        ("alpha @ {index}/alpha-2.0%2Bcu1-py3-none-any.whl\nalpha==2.0+cu1\n", False),
        ("alpha @ {index}/alpha-2.0%2Bcu1-py3-none-any.whl\nalpha==2.0+cu2\n", True),
    ],
)
def test_urls_agree(uv: Uv, index: Path, tmp_path: Path, lines: str, is_conflict: bool) -> None:
    """A URL says its version by the archive's name, and two URLs exclude each other."""
    sets = RequirementSets(0, {"requirements.txt": lines.format(index=index.as_uri())})
    (target, *_) = targets_of(sets)

    assert is_conflict is our_conflicts(sets).is_conflict
    assert is_conflict is not uv.resolves(sets, target)
    assert is_conflict is not pip_resolves(sets, index, tmp_path / "pip")


@pytest.mark.parametrize("fault", ["no boundaries", "one system", "one demand", "no ranges"])
def test_faults_are_noticed(uv: Uv, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """The comparison turns red when the judgement is broken in any of several ways."""
    with monkeypatch.context() as patched:
        marker_environments.worlds.cache_clear()
        rules.judged.cache_clear()
        match fault:
            case "no boundaries":
                patched.setattr(marker_environments, "SUPPORTED_PYTHONS", ("3.13",))
            case "one system":
                patched.setattr(marker_environments, "_SYSTEMS", marker_environments._SYSTEMS[:1])
            case "one demand":
                patched.setattr(rules, "MAX_DEMANDS", 1)
            case _:
                patched.setattr(rules, "intersection", lambda ranges: ranges[0])
        is_noticed = any(disagreements(uv, sets) for sets in many_sets(0, 150))
    marker_environments.worlds.cache_clear()
    rules.judged.cache_clear()

    assert is_noticed
