"""Interleaved measuring: each round runs every contestant once, in random order.

A machine drifts by tens of per cent within minutes, so only figures of one interleaved run may be
compared, and only as ratios.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contestant took, in milliseconds, one figure a round."""

    name: str
    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle figure."""
        return statistics.median(self.milliseconds)

    def percentile(self, share: float) -> float:
        """Return the figure that *share* of all do not exceed."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def interleaved(
    contestants: Mapping[str, Callable[[], object]], *, rounds: int, seed: int = 1
) -> dict[str, Figures]:
    """Run every contestant *rounds* times, in an order drawn anew each round."""
    order = list(contestants)
    taken: dict[str, list[float]] = {name: [] for name in order}
    chance = random.Random(seed)
    for _ in range(rounds):
        chance.shuffle(order)
        for name in order:
            gc.collect()
            start = time.perf_counter()
            contestants[name]()
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: Figures(name, tuple(figures)) for name, figures in taken.items()}


def ratio(figures: Figures, baseline: Figures) -> float:
    """Return how many times as long *figures* took, paired round by round, at the median."""
    pairs = zip(figures.milliseconds, baseline.milliseconds, strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def median(figures: Sequence[float]) -> float:
    """Return the middle of *figures*."""
    return statistics.median(figures)
