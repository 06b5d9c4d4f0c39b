"""Metrics of many resamples of the videos at once.

A resample takes as many videos as there are, with replacement; it is a row of `counts`: how often each video
was drawn. All metrics that share `counts` see the same resamples, which is what makes differences paired.

No function repeats the sorting per resample. AUC is a sum over pairs of videos (abnormal frames of one
against normal frames of the other), so a resample only weighs those sums. Average precision needs the
weighted counts at the distinct scores of abnormal frames; equal scores of one video are merged first, so that
scores held over many frames cost as much as their rows. For a number of videos and resamples, time and
memory grow linearly with frames; no table of frames by resamples is built.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from vadbench.errors import VadbenchError
from vadbench.metrics.macro import check_starts
from vadbench.metrics.ranking import check_frames

_BLOCK = 16
"""Resamples computed together."""

_STRETCH = 2048
"""Distinct scores computed together: the sums of a block of resamples over them stay in the cache."""


class _Counts(NamedTuple):
    """Frames per (distinct score of abnormal frames, video) for a stretch of these scores, highest first."""

    found: sparse.csr_array
    """Abnormal frames with the score."""
    false: sparse.csr_array
    """Normal frames with the score, or between it and the next higher one."""
    tied: sparse.csr_array
    """Normal frames with the score."""


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
    code = np.searchsorted(distinct, normal, "left")
    code += np.searchsorted(distinct, normal, "right")
    edges = np.searchsorted(video[~truth], np.arange(counts.shape[1] + 1))
    first = _first_of_each_video(video[truth])
    weights_abnormal = np.ascontiguousarray(weights[:, video[truth][first]])
    won = np.zeros(len(counts))
    for v in np.flatnonzero(np.diff(edges)) if len(first) else ():
        beaten = _twice_beaten(code[edges[v] : edges[v + 1]], len(distinct), score_of)
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
    step, trapezoid = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    weights = counts.astype(np.float64)
    both = (_frames_drawn(truth, video, weights) > 0) & (_frames_drawn(~truth, video, weights) > 0)
    defined = np.flatnonzero(both)
    stretches = _count_frames(truth, values, video, counts.shape[1])
    for begin in range(0, len(defined), _BLOCK):
        rows = defined[begin : begin + _BLOCK]
        step[rows], trapezoid[rows] = _areas(stretches, np.ascontiguousarray(weights[rows].T))
    return step, trapezoid


def resampled_mean(values: NDArray[np.float64], counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean of a value per video (V,) over the drawn videos, those with NaN left out; (R,) float64."""
    defined = ~np.isnan(values)
    drawn = counts[:, defined].astype(np.float64)
    total = drawn.sum(axis=1)
    return _ratio(drawn @ values[defined], total)


def _twice_beaten(code: NDArray[np.int64], distinct: int, score_of: NDArray[np.intp]) -> NDArray[np.int64]:
    """Twice the normal frames that each abnormal frame beats: those below, and those below or equal."""
    below = np.bincount(code, minlength=2 * distinct + 1)
    np.cumsum(below, out=below)
    return np.take(below[:-1:2] + below[1::2], score_of)


def _areas(
    stretches: Sequence[_Counts], drawn: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Step and trapezoid areas (R,) of resamples with both classes; `drawn` (V, R): how often each video."""
    true_above, above = np.zeros(drawn.shape[1]), np.zeros(drawn.shape[1])
    step, upper = np.zeros(drawn.shape[1]), np.zeros(drawn.shape[1])
    for stretch in stretches:
        found = stretch.found @ drawn
        true_at = np.cumsum(found, axis=0) + true_above
        all_at = np.cumsum(stretch.false @ drawn + found, axis=0) + above
        true_above, above = true_at[-1].copy(), all_at[-1]
        all_above = all_at - found - stretch.tied @ drawn
        ones = np.ones_like(all_above)
        precision_above = np.divide(true_at - found, all_above, out=ones, where=all_above > 0)
        precision_at = np.divide(true_at, all_at, out=true_at, where=all_at > 0)
        step += np.einsum("gr,gr->r", found, precision_at)
        upper += np.einsum("gr,gr->r", found, precision_above)
    return step / true_above, (step + upper) / (2 * true_above)


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


def _count_frames(
    truth: NDArray[np.bool_], values: NDArray[np.floating], video: NDArray[np.int32], videos: int
) -> list[_Counts]:
    """Counts at all distinct scores of abnormal frames, in stretches of `_STRETCH`."""
    distinct = np.unique(values[truth])
    found = _cells(distinct, values[truth], video[truth], videos)
    false = _cells(distinct, values[~truth], video[~truth], videos)
    stretches = []
    for begin in range(0, len(distinct), _STRETCH):
        shape = (min(_STRETCH, len(distinct) - begin), videos)
        true_part, false_part = (_between(cells, begin, shape) for cells in (found, false))
        parts = (true_part, false_part, false_part[false_part % 2 == 0])
        stretches.append(_Counts(*(_count_matrix(part, shape) for part in parts)))
    return stretches


def _cells(
    distinct: NDArray[np.floating], values: NDArray[np.floating], video: NDArray[np.int32], videos: int
) -> NDArray[np.int64]:
    """Where each frame counts, as one sorted number: twice row * videos + video, 1 more if it is not tied.

    The row is that of the highest distinct score at or below the frame's; row 0 holds the highest of all.
    """
    at_or_below = np.searchsorted(distinct, values, "right")
    tied = np.searchsorted(distinct, values, "left") < at_or_below
    cells: NDArray[np.int64] = np.subtract(len(distinct), at_or_below, out=at_or_below)
    cells *= videos
    cells += video
    cells *= 2
    cells += ~tied
    cells.sort()
    return cells


def _between(cells: NDArray[np.int64], begin: int, shape: tuple[int, int]) -> NDArray[np.int64]:
    """The cells in a stretch of rows, numbered from its first row."""
    first = 2 * shape[1] * begin
    low, high = np.searchsorted(cells, [first, first + 2 * shape[0] * shape[1]])
    return cells[low:high] - first


def _count_matrix(cells: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_array:
    """How many frames every row and video have, tied or not."""
    cells //= 2
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    frames = np.diff(first, append=len(cells)).astype(np.float64)
    # The product with the resamples is faster with indices of 32 bits.
    return sparse.csr_array((frames, np.divmod(cells[first].astype(np.int32), shape[1])), shape=shape)
