"""Running iterators ahead of their consumers."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.stages.pipeline import batches_of, ordered_map, prefetch


def _counted(produced: list[int], closed: list[str] | None = None) -> Iterator[int]:
    try:
        for number in range(10_000):
            produced.append(number)
            yield number
    finally:
        if closed is not None:
            closed.append("closed")


def test_prefetch_keeps_order_and_content() -> None:
    assert list(prefetch(range(1000), 3)) == list(range(1000))


def test_prefetch_runs_ahead_by_a_bounded_number() -> None:
    produced: list[int] = []
    with closing(prefetch(_counted(produced), 5)) as items:
        assert next(items) == 0
        # One in the consumer's hands, five in the queue, one in the producer's.
        while len(produced) < 7:
            time.sleep(0.001)
        time.sleep(0.05)
        assert len(produced) == 7


def test_prefetch_closed_early_stops_its_thread_and_closes_its_source() -> None:
    produced: list[int] = []
    closed: list[str] = []
    before = threading.active_count()
    with closing(prefetch(_counted(produced, closed), 2)) as items:
        next(items)
    assert closed == ["closed"]
    assert threading.active_count() == before


def test_prefetch_hands_on_an_exception_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield from range(3)
        raise OSError("disk")

    items = prefetch(failing(), 10)
    assert list(islice(items, 3)) == [0, 1, 2]
    with pytest.raises(OSError, match="disk"):
        next(items)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 12))
@settings(deadline=None, max_examples=50)
def test_ordered_map_keeps_order_whatever_takes_longer(delays: list[int], budget: int) -> None:
    def work(delay: int) -> int:
        time.sleep(delay / 10_000)
        return delay * 2

    with ThreadPoolExecutor(4) as pool:
        assert list(ordered_map(pool, work, delays, budget=budget)) == [delay * 2 for delay in delays]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(0, 30))
@settings(deadline=None, max_examples=50)
def test_ordered_map_holds_no_more_than_its_budget_and_one_item(costs: list[int], budget: int) -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for cost in costs:
            taken.append(cost)
            yield cost

    with ThreadPoolExecutor(2) as pool:
        results = ordered_map(pool, int, source(), budget=budget, cost=int)
        for given_back, _ in enumerate(results):
            assert sum(taken) - sum(costs[: given_back + 1]) <= budget + max(costs)


def test_ordered_map_closed_early_closes_its_source() -> None:
    closed: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        results = ordered_map(pool, int, _counted([], closed), budget=4)
        next(results)
        results.close()
    assert closed == ["closed"]


def test_an_exception_in_the_pool_arrives_at_its_place() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = ordered_map(pool, lambda number: 1 // (3 - number), range(6), budget=2)
        assert list(islice(results, 3)) == [0, 0, 1]
        with pytest.raises(ZeroDivisionError):
            next(results)


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_are_full_but_for_the_last(items: list[int], size: int) -> None:
    batches = list(batches_of(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(batches)
