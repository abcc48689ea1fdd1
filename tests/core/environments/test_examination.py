"""Many installations examined at a time, some of which hang."""

from __future__ import annotations

import threading

import pytest

from pinfold.core.environments.examination import each_in_time


def test_each_is_worked_on_in_order() -> None:
    """Results stand in the order of the items."""
    assert [1, 4, 9] == each_in_time([1, 2, 3], lambda number: number * number, 5.0)


def test_nothing_to_do() -> None:
    """No items, no results."""
    assert [] == each_in_time([], lambda item: item, 5.0)


def test_one_that_hangs() -> None:
    """One that hangs is given up, and costs the others nothing."""
    never = threading.Event()

    def work(number: int) -> int:
        if number == 2:
            never.wait()
        return number

    assert [1, None, 3] == each_in_time([1, 2, 3], work, 0.2)
    never.set()


def test_one_that_fails() -> None:
    """What is raised is raised to whoever waits."""
    with pytest.raises(ZeroDivisionError):
        each_in_time([1, 0], lambda number: 1 / number, 5.0)
