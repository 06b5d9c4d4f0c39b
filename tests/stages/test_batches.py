"""Batches that shrink when a GPU has no room; the GPU is played by a function with a limit."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.stages.batches import HalvingBatches


class LimitedModel:
    """Adds up each row; has room for `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sizes: list[int] = []

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.sizes.append(len(batch))
        if len(batch) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch.sum(axis=1, dtype=np.float32)[:, None]


@given(st.integers(1, 70), st.integers(1, 80))
def test_every_row_is_computed_once_in_order(rows: int, limit: int) -> None:
    batch = np.arange(rows * 3, dtype=np.uint8).reshape(rows, 3)
    model = LimitedModel(limit)
    assert np.array_equal(HalvingBatches(model)(batch)[:, 0], batch.sum(axis=1, dtype=np.float32))
    assert sum(size for size in model.sizes if size <= limit) == rows


def test_the_smaller_size_is_kept_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    model = LimitedModel(10)
    encode = HalvingBatches(model)
    batch = np.zeros((32, 2), np.uint8)
    with caplog.at_level(logging.WARNING):
        encode(batch)
        encode(batch)
    assert model.sizes == [32, 16, 8, 8, 8, 8, 8, 8, 8, 8]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "going on with 8" in caplog.messages[1]


def test_no_room_for_one_is_an_error() -> None:
    with pytest.raises(VadbenchError, match="not even one image fits"):
        HalvingBatches(LimitedModel(0))(np.zeros((4, 2), np.uint8))
