"""Batches of rows: every row once per epoch, in an order that seed and epoch alone decide."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.methods.layers.batches import RowBatches

COUNTS = {"a": 3, "none": 0, "b": 7, "c": 1}


@settings(max_examples=40)
@given(counts=st.lists(st.integers(0, 9), min_size=1, max_size=6), size=st.integers(1, 12))
def test_every_row_stands_once_in_an_epoch(counts: list[int], size: int) -> None:
    batches = RowBatches({str(i): count for i, count in enumerate(counts)}, size, seed=0)
    epoch = batches.epoch(3)
    assert len(epoch) == batches.steps_per_epoch
    assert sorted(row for (rows,) in epoch for row in rows) == list(range(batches.total))
    assert all(len(rows) == size for (rows,) in epoch[:-1])


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate([rows for (rows,) in RowBatches({"a": 50}, 8, seed).epoch(epoch)]).tolist()

    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4
    assert order(0, 0) != sorted(order(0, 0))


def test_a_batch_names_the_videos_of_its_rows() -> None:
    batches = RowBatches(COUNTS, 4, seed=0)
    owners = [video for video, count in COUNTS.items() for _ in range(count)]
    for rows in ([0, 2], [3], [2, 3], [9], [10], [10, 0, 5, 4], list(range(11))):
        expected = [video for video in COUNTS if video in {owners[row] for row in rows}]
        assert batches.videos((np.array(rows),)) == expected
