"""What the SVM baselines share: row samples, standardisation, decision functions from plain arrays."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.methods.layers.seeds import stream_generator

Doubles = NDArray[np.float64]
# Support vectors times rows of one piece: a few tens of megabytes whatever the video's length.
_PIECE_ROWS = 1024


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
    deviation = rows.std(axis=0)
    return {"mean": rows.mean(axis=0), "deviation": np.where(deviation > 0, deviation, 1.0)}


def standardised(rows: NDArray[Any], arrays: Mapping[str, Doubles]) -> Doubles:
    """Rows (T, D) in units of the training rows' deviation from their mean."""
    return (rows.astype(np.float64) - arrays["mean"]) / arrays["deviation"]


def linear_decision(rows: Doubles, arrays: Mapping[str, Doubles]) -> Doubles:
    """scikit-learn's `LinearSVC.decision_function` (T,) from `coefficients` (D,) and `intercept` (1,)."""
    return rows @ arrays["coefficients"] + arrays["intercept"]


def rbf_decision(rows: Doubles, arrays: Mapping[str, Doubles]) -> Doubles:
    """scikit-learn's `OneClassSVM.decision_function` (T,), positive inside the learned region.

    `support` (S, D), `dual` (S,), `intercept` (1,), `gamma` (1,):
    sum_s dual_s exp(-gamma ||x - support_s||^2) + intercept.
    """
    pieces = [
        np.exp(-arrays["gamma"] * _squared_distances(rows[start : start + _PIECE_ROWS], arrays["support"]))
        @ arrays["dual"]
        for start in range(0, len(rows), _PIECE_ROWS)
    ]
    return np.concatenate([np.zeros(0), *pieces]) + arrays["intercept"]


def _squared_distances(rows: Doubles, others: Doubles) -> Doubles:
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T
    distances: Doubles = np.maximum(squares, 0.0)
    return distances
