"""Many installations examined at a time, some of which hang."""

from __future__ import annotations

import threading

import pytest

from pinfold.core.environments.examination import MAX_HUNG, each_in_time


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


def test_where_everything_hangs() -> None:
    """Nothing more is begun at some time, and nobody gets an answer."""
    released = threading.Event()
    try:
        results = each_in_time(range(MAX_HUNG + 3), lambda _: released.wait(), 0.01)
    finally:
        released.set()

    assert [None] * (MAX_HUNG + 3) == results


def test_work_that_gets_on_is_waited_for() -> None:
    """Where no single call takes long, all of it may: a large environment answers."""
    looks = iter(range(20))
    done = threading.Event()

    def silent_since(_thread: int) -> float | None:
        if next(looks, None) is None:
            done.set()
        return None

    assert [True] == each_in_time([1], lambda _: done.wait(), 0.001, silent_since)


def test_call_that_hangs_amid_work() -> None:
    """One call that does not come back is given up."""
    never = threading.Event()
    try:
        assert [None] == each_in_time([1], lambda _: never.wait(), 0.05, lambda _thread: 0.0)
    finally:
        never.set()
