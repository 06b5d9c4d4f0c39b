"""Training videos at the length that a method takes, read from the store once."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from vadbench.methods.layers.lengths import Floats, fitted

MOST_BYTES = 4 << 30
"""Rows kept in memory at most; what is beyond is read from the store again in every epoch."""


class FittedRows:
    """Batches of training videos, reduced to `max_length` rows where they are longer.

    Args:
        read: rows (T, D) float32 of a training video by its name.
        max_length, resample: as `fitted` takes them.
        device: where batches go, and where rows are kept.
        pad_to: rows that every batch is padded to; None: those of its longest video.
    """

    def __init__(
        self,
        read: Callable[[str], Floats],
        *,
        max_length: int,
        resample: Literal["mean", "pick"],
        device: torch.device,
        pad_to: int | None = None,
    ) -> None:
        self._read = read
        self._max_length, self._resample = max_length, resample
        self._device, self._pad_to = device, pad_to
        self._kept: dict[str, Tensor] = {}
        self._bytes = 0

    def batch(self, videos: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Rows (B, T, D) float32 with zeros behind a video's end, and true lengths (B,) int64."""
        rows = [self._rows(video) for video in videos]
        lengths = [len(video) for video in rows]
        batch = rows[0].new_zeros(len(rows), self._pad_to or max(lengths), rows[0].shape[1])
        for place, video_rows in enumerate(rows):
            batch[place, : len(video_rows)] = video_rows
        return batch, torch.tensor(lengths, device=self._device)

    def _rows(self, video: str) -> Tensor:
        if video in self._kept:
            return self._kept[video]
        rows = torch.from_numpy(fitted(self._read(video), self._max_length, self._resample)).to(self._device)
        if self._bytes + rows.nbytes <= MOST_BYTES:
            self._kept[video] = rows
            self._bytes += rows.nbytes
        return rows
