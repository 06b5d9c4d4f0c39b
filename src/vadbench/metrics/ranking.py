"""Area under the ROC curve and average precision of frame scores.

Both are computed from two sorted lists, the scores of the abnormal and of the normal frames: sorting values
is several times faster than sorting an order of all frames, and equal scores are counted exactly.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError


class Curve(NamedTuple):
    """Counts at the distinct scores of abnormal frames, highest first; every array (G,) int64.

    Between two of these scores recall does not change, so they are all that average precision needs.
    """

    found: NDArray[np.int64]
    """Abnormal frames with exactly this score."""
    true_at: NDArray[np.int64]
    """Abnormal frames with this score or a higher one."""
    false_at: NDArray[np.int64]
    """Normal frames with this score or a higher one."""
    false_above: NDArray[np.int64]
    """Normal frames with a higher score."""


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: how often an abnormal frame scores above a normal one, ties counting half.

    Args:
        labels: (N,) bool, true where the frame is abnormal.
        scores: (N,) finite numbers, higher is more abnormal.

    Returns:
        A number in [0, 1]; NaN where only one class is present.

    Raises:
        VadbenchError: lengths differ, labels are not bool, or a score is NaN or infinite.
    """
    abnormal, normal = _sorted_sides(*check_frames(labels, scores))
    if not len(abnormal) or not len(normal):
        return math.nan
    twice = np.searchsorted(normal, abnormal, "left").sum() + np.searchsorted(normal, abnormal, "right").sum()
    return float(twice) / (2 * len(abnormal) * len(normal))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Average precision as a step sum: precision at each distinct score times the recall gained there.

    Arguments and errors are those of `roc_auc`; NaN where no frame or every frame is abnormal.
    """
    curve = _curve(labels, scores)
    return float((curve.found * _precision_at(curve)).sum() / curve.found.sum()) if curve else math.nan


def ap_trapezoid(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the straight lines that join the points of the precision-recall curve, from (0, 1).

    What `sklearn.metrics.auc` gives on `precision_recall_curve`, printed as "AP" by much older code.
    Arguments and errors are those of `roc_auc`; NaN where no frame or every frame is abnormal.
    """
    curve = _curve(labels, scores)
    if curve is None:
        return math.nan
    true_above = curve.true_at - curve.found
    above = true_above + curve.false_above
    precision_above = np.where(above > 0, true_above / np.maximum(above, 1), 1.0)
    height = (precision_above + _precision_at(curve)) / 2
    return float((curve.found * height).sum() / curve.found.sum())


def check_frames(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.floating]]:
    """The two arguments as arrays, refused where a metric could misread them."""
    truth, values = np.asarray(labels), np.asarray(scores)
    if truth.dtype != np.bool_:
        raise VadbenchError(f"labels: dtype {truth.dtype}, allowed is bool; compare them with 0 first")
    if truth.ndim != 1 or truth.shape != values.shape:
        raise VadbenchError(
            f"labels of shape {truth.shape}, scores of shape {values.shape}: one score per frame"
        )
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise VadbenchError(f"scores: {values[bad[0]]} at position {bad[0]}, allowed are finite numbers")
    return truth, values


def _sorted_sides(
    labels: NDArray[np.bool_], scores: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    return _sorted(scores[labels]), _sorted(scores[~labels])


def _sorted(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    # Scores held over many frames come in runs of one value, which a merge sort takes as they are.
    held = 2 * np.count_nonzero(scores[1:] == scores[:-1]) > len(scores)
    return np.sort(scores, kind="stable" if held else "quicksort")


def _curve(labels: ArrayLike, scores: ArrayLike) -> Curve | None:
    abnormal, normal = _sorted_sides(*check_frames(labels, scores))
    if not len(abnormal) or not len(normal):
        return None
    distinct, found = np.unique(abnormal, return_counts=True)
    distinct, found = distinct[::-1], found[::-1]
    return Curve(
        found=found,
        true_at=np.cumsum(found),
        false_at=np.subtract(len(normal), np.searchsorted(normal, distinct, "left")),
        false_above=np.subtract(len(normal), np.searchsorted(normal, distinct, "right")),
    )


def _precision_at(curve: Curve) -> NDArray[np.float64]:
    precision: NDArray[np.float64] = curve.true_at / (curve.true_at + curve.false_at)
    return precision
