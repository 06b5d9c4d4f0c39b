"""Batches that shrink to fit a GPU."""

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from vadbench.errors import VadbenchError

_LOG = logging.getLogger("vadbench.stages")


class HalvingBatches:
    """Runs a model on arrays along their first axis; out of GPU memory, it goes on with half as many at once.

    The smaller size stays, so that not every batch runs into the limit again.
    """

    def __init__(self, model: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> None:
        self._model = model
        self._largest: int | None = None

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, …) -> (n, D). Raises VadbenchError where not even one fits."""
        size = self._largest or len(batch)
        pieces: list[NDArray[np.float32]] = []
        start = 0
        while start < len(batch):
            piece = self._tried(batch[start : start + size])
            if piece is None:
                size = self._halved(size)
            else:
                pieces.append(piece)
                start += size
        return np.concatenate(pieces)

    def _tried(self, batch: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        # The memory is free only when the error, which holds what the model had computed, is gone.
        try:
            return self._model(batch)
        except torch.OutOfMemoryError:
            return None

    def _halved(self, size: int) -> int:
        if size == 1:
            raise VadbenchError(
                "not even one image fits into the GPU's memory; end what else runs there, or use device cpu"
            )
        torch.cuda.empty_cache()
        self._largest = size // 2
        _LOG.warning(
            "out of GPU memory with %d images at once; going on with %d (the last digits may differ)",
            size,
            self._largest,
        )
        return self._largest
