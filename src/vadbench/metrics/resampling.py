"""Metrics of many resamples of the videos at once.

A resample takes as many videos as there are, with replacement; it is a row of `counts`: how often each video
was drawn. All metrics that share `counts` see the same resamples, which is what makes differences paired.

No function repeats the sorting per resample. AUC is a sum over pairs of videos (abnormal frames of one
against normal frames of the other), so a resample only weighs those sums. Average precision needs the
weighted counts at the distinct scores of abnormal frames; equal scores of one video are merged first, so that
scores held over many frames cost as much as their rows. Time and memory grow linearly with frames.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from vadbench.errors import VadbenchError
from vadbench.metrics.macro import check_starts
from vadbench.metrics.ranking import check_frames

_BLOCK = 8
"""Resamples computed together: the running sums over scores of 8 columns stay in the cache (measured)."""


def draw_resamples(videos: int, resamples: int, seed: int) -> NDArray[np.int32]:
    """How often each video is drawn in each resample: (resamples, videos), each row sums to `videos`."""
    if videos < 1:
        return np.zeros((resamples, 0), dtype=np.int32)
    drawn = np.random.default_rng(seed).multinomial(videos, np.full(videos, 1 / videos), size=resamples)
    return drawn.astype(np.int32)


def resampled_auc(
    labels: ArrayLike, scores: ArrayLike, starts: ArrayLike, counts: NDArray[np.integer]
) -> NDArray[np.float64]:
    """`roc_auc` of every resample.

    Args:
        labels: (N,) bool, frames of all videos one after another.
        scores: (N,) finite numbers.
        starts: (V + 1,) integers, video v holds the frames starts[v] to starts[v + 1].
        counts: (R, V) how often each video is taken.

    Returns:
        (R,) float64, NaN where a resample holds one class only.
    """
    truth, values = check_frames(labels, scores)
    video = _video_of_frames(starts, counts, len(truth))
    weights = counts.astype(np.float64)
    distinct, score_of = np.unique(values[truth], return_inverse=True)
    # A normal frame lies between two distinct abnormal scores (even code) or equals one (odd code).
    normal = values[~truth]
    code = np.searchsorted(distinct, normal, "left") + np.searchsorted(distinct, normal, "right")
    edges = np.searchsorted(video[~truth], np.arange(counts.shape[1] + 1))
    first = _first_of_each_video(video[truth])
    weights_abnormal = np.ascontiguousarray(weights[:, video[truth][first]])
    won = np.zeros(len(counts))
    for v in np.flatnonzero(np.diff(edges)) if len(first) else ():
        below = np.cumsum(np.bincount(code[edges[v] : edges[v + 1]], minlength=2 * len(distinct) + 1))
        # Twice the normal frames of v that each abnormal frame beats: those below, and those below or equal.
        beaten = (below[:-1:2] + below[1::2])[score_of]
        won += weights[:, v] * (weights_abnormal @ np.add.reduceat(beaten, first))
    pairs = 2.0 * _frames_drawn(truth, video, weights) * _frames_drawn(~truth, video, weights)
    return _ratio(won, pairs)


def resampled_ap(
    labels: ArrayLike, scores: ArrayLike, starts: ArrayLike, counts: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`average_precision` and `ap_trapezoid` of every resample, in one pass.

    Arguments as in `resampled_auc`. Returns two arrays (R,) float64, NaN where a resample holds one class.
    """
    truth, values = check_frames(labels, scores)
    video = _video_of_frames(starts, counts, len(truth))
    descending = np.unique(-values[truth])
    shape = (len(descending), counts.shape[1])
    found = _count_matrix(np.searchsorted(descending, -values[truth]), video[truth], shape)
    at = np.searchsorted(descending, -values[~truth], "left")
    above = np.searchsorted(descending, -values[~truth], "right")
    false = _count_matrix(at, video[~truth], shape)
    tied = _count_matrix(np.where(above > at, at, shape[0]), video[~truth], shape)
    step, trapezoid = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    weights = counts.astype(np.float64)
    both = (_frames_drawn(truth, video, weights) > 0) & (_frames_drawn(~truth, video, weights) > 0)
    defined = np.flatnonzero(both)
    for begin in range(0, len(defined), _BLOCK):
        rows = defined[begin : begin + _BLOCK]
        drawn = np.ascontiguousarray(weights[rows].T)
        step[rows], trapezoid[rows] = _areas(found @ drawn, false @ drawn, tied @ drawn)
    return step, trapezoid


def resampled_mean(values: NDArray[np.float64], counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean of a value per video (V,) over the drawn videos, those with NaN left out; (R,) float64."""
    defined = ~np.isnan(values)
    drawn = counts[:, defined].astype(np.float64)
    total = drawn.sum(axis=1)
    return _ratio(drawn @ values[defined], total)


def _areas(
    found: NDArray[np.float64], false: NDArray[np.float64], tied: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Step and trapezoid areas, (R,), from weighted counts per distinct score (G, R), highest score first."""
    true_at = np.cumsum(found, axis=0)
    all_at = np.cumsum(false, axis=0)
    all_at += true_at
    all_above = all_at - found - tied
    total = true_at[-1].copy()
    ones = np.ones_like(all_above)
    precision_above = np.divide(true_at - found, all_above, out=ones, where=all_above > 0)
    precision_at = np.divide(true_at, all_at, out=true_at, where=all_at > 0)
    step = np.einsum("gr,gr->r", found, precision_at) / total
    return step, (step + np.einsum("gr,gr->r", found, precision_above) / total) / 2


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return ratio


def _video_of_frames(starts: ArrayLike, counts: NDArray[np.integer], frames: int) -> NDArray[np.int32]:
    edges = check_starts(starts, frames)
    if counts.ndim != 2 or counts.shape[1] != len(edges) - 1:
        raise VadbenchError(f"resamples {counts.shape} for {len(edges) - 1} videos: one column per video")
    return np.repeat(np.arange(len(edges) - 1, dtype=np.int32), np.diff(edges))


def _first_of_each_video(video: NDArray[np.int32]) -> NDArray[np.intp]:
    return np.flatnonzero(np.diff(video, prepend=-1))


def _frames_drawn(
    chosen: NDArray[np.bool_], video: NDArray[np.int32], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    frames: NDArray[np.float64] = weights @ np.bincount(video[chosen], minlength=weights.shape[1])
    return frames


def _count_matrix(
    row: NDArray[np.intp], video: NDArray[np.int32], shape: tuple[int, int]
) -> sparse.csr_array:
    """Frames per (distinct score, video), without those whose row lies beyond the last distinct score."""
    inside = row < shape[0]
    entries = (np.ones(int(inside.sum())), (row[inside], video[inside]))
    return sparse.coo_array(entries, shape=shape).tocsr()
