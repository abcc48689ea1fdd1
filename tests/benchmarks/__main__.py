"""``make bench``: measure everything, print it, and write it down."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.benchmarks import changes, discovery, packages, parse, server, tree
from tests.benchmarks.report import table, write_report


def main() -> None:
    """Run every benchmark; `--rounds` trades time for steadiness."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dry-run", action="store_true", help="print, but do not write the page")
    options = parser.parse_args()
    # An installed program has its bytecode; where this is set, ours would be compiled at every
    # start, and that of what it is compared with would not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows = parse.measure(options.rounds)
    rows += server.measure(options.rounds)
    rows += packages.measure(options.rounds)
    rows += discovery.measure(options.rounds)
    rows += changes.measure(options.rounds)
    tree_rows, counts = tree.measure(options.rounds)
    rows += tree_rows
    print(table(rows))
    print(f"\nfindings in the tree: {sum(counts.values()):,} from {len(counts)} rules")
    for name, count in counts.items():
        print(f"  {count:6,}  {name}")
    if not options.dry_run:
        write_report(rows, counts, Path(__file__).resolve().parents[2] / "docs")


if __name__ == "__main__":
    main()
