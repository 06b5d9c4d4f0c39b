"""Batches: half normal, half abnormal videos, or rows of all training videos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.methods.layers.seeds import stream_generator


@dataclass(frozen=True)
class BalancedBatches:
    """Batches of video ids, a function of the seed and the epoch's number alone, so that they need no state.

    Each half is drawn without replacement; what does not fill a half-batch is left out of that pass. A half
    that is used up before the epoch ends is shuffled anew and recycled. half_batch is the number of videos of
    each kind; a half with fewer videos gives all it has. The epoch ends when the half with fewer batches is
    used up ("shorter", as the public VadCLIP code) or the other one ("longer").
    """

    normal: tuple[str, ...]
    abnormal: tuple[str, ...]
    half_batch: int
    epoch_ends: Literal["shorter", "longer"]
    seed: int

    def __post_init__(self) -> None:
        for kind, videos in (("normal", self.normal), ("abnormal", self.abnormal)):
            if not videos:
                raise VadbenchError(
                    f"no {kind} training video with features: weak training needs both kinds; "
                    "check the split's lists and labels in annotations.json"
                )

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch, at least one."""
        passes = [len(videos) // self._size(videos) for videos in (self.normal, self.abnormal)]
        return min(passes) if self.epoch_ends == "shorter" else max(passes)

    def epoch(self, number: int) -> list[tuple[list[str], list[str]]]:
        """The batches of an epoch in order: (normal ids, abnormal ids) per step."""
        generator = stream_generator(self.seed, "batches", number)
        normal = self._half(self.normal, generator)
        abnormal = self._half(self.abnormal, generator)
        return list(zip(normal, abnormal, strict=True))

    def videos(self, batch: tuple[list[str], list[str]]) -> list[str]:
        """The videos of a batch."""
        normal, abnormal = batch
        return normal + abnormal

    def _size(self, videos: tuple[str, ...]) -> int:
        return min(self.half_batch, len(videos))

    def _half(self, videos: tuple[str, ...], generator: np.random.Generator) -> list[list[str]]:
        size = self._size(videos)
        batches: list[list[str]] = []
        while len(batches) < self.steps_per_epoch:
            order = generator.permutation(len(videos))
            batches += [
                [videos[index] for index in order[start : start + size]]
                for start in range(0, len(videos) - size + 1, size)
            ]
        return batches[: self.steps_per_epoch]


@dataclass(frozen=True)
class RowBatches:
    """Batches of row numbers, a function of seed and epoch alone, so that they need no state.

    Rows of all videos lie one after another. Each stands once in an epoch, in an order drawn from them all;
    the last batch holds what is left.
    """

    counts: Mapping[str, int]
    """Rows of each video, by its id."""
    batch_size: int
    seed: int

    @property
    def total(self) -> int:
        """Number of rows."""
        return sum(self.counts.values())

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.total // self.batch_size)

    def epoch(self, number: int) -> list[tuple[NDArray[np.int64]]]:
        """The batches of an epoch in order: row numbers (n,) per step."""
        order = stream_generator(self.seed, "batches", number).permutation(self.total)
        starts = range(0, self.total, self.batch_size)
        return [(order[start : start + self.batch_size],) for start in starts]

    def videos(self, batch: tuple[NDArray[np.int64]]) -> list[str]:
        """The videos that rows of a batch are of."""
        ends = np.cumsum(list(self.counts.values()))
        ids = list(self.counts)
        return [ids[index] for index in np.unique(np.searchsorted(ends, batch[0], side="right"))]
