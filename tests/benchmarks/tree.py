"""A tree of 5,000 files and 100,000 lines, and the start of the command."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.inputs import write_tree
from tests.benchmarks.measure import interleaved, ratio

if TYPE_CHECKING:
    from tests.benchmarks.report import Row

FILES = 5_000
LEAST_FINDINGS = 10_000
LEAST_RULES = 10


def measure(rounds: int) -> tuple[list[Row], dict[str, int]]:
    """Check the tree as a whole process, beside walking and reading it; count what is found.

    Raises:
        AssertionError: the tree gives too few findings, or from too few rules, to mean anything.
    """
    from tests.benchmarks.report import Row

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_tree(root, files=FILES)
        counts = _counts(root)
        assert sum(counts.values()) >= LEAST_FINDINGS, counts
        assert len(counts) >= LEAST_RULES, counts

        def check() -> None:
            _run("-m", "pinfold", "check", "--exit-zero", "--format", "json", str(root))

        def walk() -> None:
            _run("-c", _WALK, str(root))

        figures = interleaved({"check": check, "walk": walk}, rounds=max(3, rounds // 2))
        versions = interleaved(
            {
                "ours": lambda: _run("-m", "pinfold", "--version"),
                "pip": lambda: _run("-m", "pip", "--version"),
                "nothing": lambda: _run("-c", "pass"),
            },
            rounds=max(7, rounds),
        )
    rows = [
        Row(
            f"check a tree of {FILES:,} files, 100,000 lines, {sum(counts.values()):,} findings "
            f"from {len(counts)} rules",
            "walking and reading it in Python",
            figures["check"].median,
            figures["walk"].median,
            ratio(figures["check"], figures["walk"]),
            "of its time",
            "",
        ),
        Row(
            "`pinfold --version`",
            "`pip --version`",
            versions["ours"].median,
            versions["pip"].median,
            1 / ratio(versions["ours"], versions["pip"]),
            "faster",
            "",
        ),
        Row(
            "the same",
            "starting Python and nothing else",
            versions["ours"].median,
            versions["nothing"].median,
            ratio(versions["ours"], versions["nothing"]),
            "of its time",
            "",
        ),
    ]
    return rows, counts


_WALK = """
import os, sys
total = 0
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".txt"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                total += len(file.read())
print(total)
"""


def _counts(root: Path) -> dict[str, int]:
    from pinfold.cli.main import main

    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        main(["check", "--exit-zero", "--format", "json", str(root)])
    report = json.loads(output.getvalue())
    counts = collections.Counter(
        finding["rule"] for file in report["files"] for finding in file["findings"]
    )
    return dict(counts.most_common())


def _run(*arguments: str) -> None:
    server = str(Path(__file__).resolve().parents[2] / "server")
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": server},
    )
