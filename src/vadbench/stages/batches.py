"""Batches that shrink to fit a GPU."""

import logging
from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
import torch

from vadbench.errors import VadbenchError

_LOG = logging.getLogger("vadbench.stages")


class _Sliced(Protocol):
    """An array, which is cut along its first axis, or a sequence."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Self: ...


Batch = TypeVar("Batch", bound=_Sliced)
Made = TypeVar("Made")


class HalvingBatches(Generic[Batch, Made]):
    """Runs a model on batches; out of GPU memory, it goes on with half as many items at once.

    The smaller size stays, so that not every batch runs into the limit again.

    Args:
        model: what is to be run, on arrays along their first axis or on sequences.
        join: puts together, in their order, what the model made of the pieces of one batch.
    """

    def __init__(
        self, model: Callable[[Batch], Made], join: Callable[[list[Any]], Any] = np.concatenate
    ) -> None:
        self._model = model
        self._join = join
        self._largest: int | None = None

    def __call__(self, batch: Batch) -> Made:
        """What the model makes of a batch. Raises VadbenchError where not even one item fits."""
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

    def _tried(self, batch: Batch) -> Made | None:
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
