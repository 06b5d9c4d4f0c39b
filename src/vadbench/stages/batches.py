"""Batches that shrink to fit a GPU."""

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

_LOG = logging.getLogger("vadbench.stages")


class HalvingBatches:
    """Runs a model on arrays along their first axis; out of GPU memory, it goes on with half as many at once.

    The smaller size stays, so that not every batch runs into the limit again.
    """

    def __init__(self, model: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> None:
        self._model = model
        self._largest: int | None = None

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, …) -> (n, D). Raises torch.OutOfMemoryError where not even one fits."""
        size = self._largest or len(batch)
        pieces: list[NDArray[np.float32]] = []
        start = 0
        while start < len(batch):
            try:
                pieces.append(self._model(batch[start : start + size]))
            except torch.OutOfMemoryError:
                size = self._halve(size)
            else:
                start += size
        return np.concatenate(pieces)

    def _halve(self, size: int) -> int:
        if size == 1:
            raise
        torch.cuda.empty_cache()
        self._largest = size // 2
        _LOG.warning(
            "out of GPU memory with %d images at once; going on with %d (the last digits may differ)",
            size,
            self._largest,
        )
        return self._largest
