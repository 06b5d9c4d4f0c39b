"""Rows of training videos: samples of them, and standardisation by them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.methods.layers.seeds import stream_generator

Doubles = NDArray[np.float64]


def sampled_rows(
    counts: Mapping[str, int], read: Callable[[str], NDArray[Any]], *, most: int, seed: int
) -> Doubles:
    """At most `most` rows (N, D), drawn without replacement from all rows of the videos, in their order.

    counts: rows per video id; read: id -> (T, D).
    """
    starts = np.cumsum([0, *counts.values()])
    total = int(starts[-1])
    chosen = np.arange(total)
    if total > most:
        chosen = np.sort(stream_generator(seed, "rows").choice(total, most, replace=False))
    rows: list[Doubles] = []
    for video, start, end in zip(counts, starts, starts[1:], strict=False):
        inside = chosen[(chosen >= start) & (chosen < end)] - start
        if len(inside):
            rows.append(read(video)[inside].astype(np.float64))
    return np.concatenate(rows)


def standardisation(rows: Doubles) -> dict[str, Doubles]:
    """Mean and standard deviation per dimension, (D,) each; a constant dimension has deviation 1."""
    # Of equal values the deviation is not always 0: their mean is rounded.
    varied = rows.max(axis=0) > rows.min(axis=0)
    return {"mean": rows.mean(axis=0), "deviation": np.where(varied, rows.std(axis=0), 1.0)}


def standardised(rows: NDArray[Any], arrays: Mapping[str, Doubles]) -> Doubles:
    """Rows (T, D) in units of the training rows' deviation from their mean."""
    return (rows.astype(np.float64) - arrays["mean"]) / arrays["deviation"]
