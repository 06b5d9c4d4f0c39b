"""AUC per video and its mean over videos."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError
from vadbench.metrics.ranking import check_frames, roc_auc


def video_aucs(labels: ArrayLike, scores: ArrayLike, starts: ArrayLike) -> NDArray[np.float64]:
    """AUC of every video on its own frames.

    Args:
        labels: (N,) bool, frames of all videos one after another.
        scores: (N,) finite numbers.
        starts: (V + 1,) integers, video v holds the frames starts[v] to starts[v + 1].

    Returns:
        (V,) float64, NaN for a video with one class only.
    """
    truth, values = check_frames(labels, scores)
    edges = check_starts(starts, len(truth))
    aucs = [roc_auc(truth[a:b], values[a:b]) for a, b in pairwise(edges)]
    return np.array(aucs, dtype=np.float64)


def sentinel_aucs(labels: ArrayLike, scores: ArrayLike, starts: ArrayLike) -> NDArray[np.float64]:
    """AUC of every video with one normal frame below and one abnormal frame above its scores added.

    A video with one class only has 1.0. Arguments as in `video_aucs`; source: the public evaluation of
    Georgescu et al. and those that follow it, whose fixed sentinels 0 and 1 equal these for scores in (0, 1).
    """
    truth, _ = check_frames(labels, scores)
    edges = check_starts(starts, len(truth))
    abnormal = _per_video(truth, edges)
    normal = np.diff(edges) - abnormal
    # The added normal frame loses to every abnormal one, the added abnormal frame beats every normal one.
    won = np.nan_to_num(video_aucs(labels, scores, starts)) * abnormal * normal
    sentinel: NDArray[np.float64] = (won + abnormal + normal + 1) / ((abnormal + 1) * (normal + 1))
    return sentinel


def macro_auc(labels: ArrayLike, scores: ArrayLike, starts: ArrayLike) -> float:
    """Mean AUC over the videos that hold both classes; NaN where there is none.

    Arguments as in `video_aucs`.
    """
    return _mean(video_aucs(labels, scores, starts))


def macro_auc_sentinel(labels: ArrayLike, scores: ArrayLike, starts: ArrayLike) -> float:
    """Mean of `sentinel_aucs` over all videos; NaN where there is no video."""
    return _mean(sentinel_aucs(labels, scores, starts))


def check_starts(starts: ArrayLike, frames: int) -> NDArray[np.int64]:
    """Video boundaries as an array, refused unless they divide `frames` frames into videos."""
    edges = np.asarray(starts, dtype=np.int64)
    if (
        edges.ndim == 1
        and len(edges)
        and edges[0] == 0
        and edges[-1] == frames
        and (np.diff(edges) >= 0).all()
    ):
        return edges
    raise VadbenchError(f"starts must rise from 0 to {frames}, the number of frames, one more than videos")


def _per_video(truth: NDArray[np.bool_], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    before = np.concatenate([[0], np.cumsum(truth)])
    counts: NDArray[np.int64] = before[edges[1:]] - before[edges[:-1]]
    return counts


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
