"""Reading, computing and writing at the same time: two ways to run an iterator ahead of its consumer.

Both keep order, hold a bounded number of items, hand on exceptions, and stop what runs in the background
when they are closed.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL_SECONDS = 0.1


class _Failure:
    """What the background thread ended with, None at a regular end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def prefetch(items: Iterable[Item], ahead: int) -> Generator[Item, None, None]:
    """The same items, produced by a thread that is up to `ahead` items in front."""
    ready: queue.Queue[Item | _Failure] = queue.Queue(ahead)
    stopped = threading.Event()

    def put(item: Item | _Failure) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not put(item):
                    break
        except BaseException as error:
            put(_Failure(error))
        else:
            put(_Failure(None))
        finally:
            _close(iterator)

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _Failure):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        thread.join()


def ordered_map(
    pool: Executor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    budget: int,
    cost: Callable[[Item], int] | None = None,
) -> Generator[Result, None, None]:
    """`function` of every item, in order, computed by a pool on items that together cost up to `budget`.

    `cost` of an item is 1 unless given.
    """
    pending: deque[tuple[Future[Result], int]] = deque()
    iterator = iter(items)
    spent = 0
    try:
        for item in iterator:
            pending.append((pool.submit(function, item), 1 if cost is None else cost(item)))
            spent += pending[-1][1]
            while spent > budget:
                future, price = pending.popleft()
                spent -= price
                yield future.result()
        while pending:
            yield pending.popleft()[0].result()
    finally:
        for future, _ in pending:
            future.cancel()
        _close(iterator)


def batches_of(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _close(iterator: Iterator[Item]) -> None:
    if isinstance(iterator, Generator):
        iterator.close()
