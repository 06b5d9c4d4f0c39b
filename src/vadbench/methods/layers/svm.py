"""What the SVM baselines share: decision functions from plain arrays."""

from collections.abc import Mapping

import numpy as np

from vadbench.methods.layers.rows import Doubles

# Support vectors times rows of one piece: a few tens of megabytes whatever the video's length.
_PIECE_ROWS = 1024


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
