"""Batches that shrink to fit a GPU."""

import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from vadbench.errors import VadbenchError

_LOG = logging.getLogger("vadbench.stages")


Made = TypeVar("Made")


class HalvingBatches(Generic[Made]):
    """Runs a model on arrays along their first axis; out of GPU memory, it goes on with half as many at once.

    The smaller size stays, so that not every batch runs into the limit again. Of lists, `join` makes one of
    what the model makes of several.
    """

    def __init__(
        self, model: Callable[[Any], Made], join: Callable[[list[Any]], Any] = np.concatenate
    ) -> None:
        self._model = model
        self._join = join
        self._largest: int | None = None

    def __call__(self, batch: Any) -> Made:
        """What the model makes of (n, …), as (n, D). Raises VadbenchError where not even one fits."""
        size = self._largest or len(batch)
        pieces: list[Made] = []
        start = 0
        while start < len(batch):
            piece = self._tried(batch[start : start + size])
            if piece is None:
                size = self._halved(size)
            else:
                pieces.append(piece)
                start += size
        joined: Made = self._join(pieces)
        return joined

    def _tried(self, batch: Any) -> Made | None:
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
