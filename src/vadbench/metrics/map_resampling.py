"""mAP at temporal IoU of many resamples of the videos at once.

Which proposals find a truth is settled within a video, so no resample changes it: it only weighs the
proposals of a video by how often that is drawn. The precision at a truth found needs the weighted number of
proposals up to its rank, a product of counts per video and of draws per video.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError
from vadbench.metrics.matching import Ranking
from vadbench.metrics.segments import Proposals, Truths
from vadbench.metrics.temporal_map import IOUS, fixed_rankings, legacy_rankings

Values = NDArray[np.float64]


class _Drawn(NamedTuple):
    """A class at one threshold in all resamples: at each truth found, best rank first; every array (K, R)."""

    copies: Values
    """How often its video is drawn: the proposal stands there so often, one after the other."""
    true: Values
    """Truths found up to and with the last of these copies."""
    proposed: Values
    """Proposals up to and with the last of these copies."""


def resampled_map_fixed(
    proposals: Proposals,
    truths: Truths,
    lengths: ArrayLike,
    counts: NDArray[np.integer],
    ious: Sequence[float] = IOUS,
) -> Values:
    """`map_fixed` of every resample: the classes that count are those with a truth in it.

    Args:
        proposals: as in `map_fixed`.
        truths: as in `map_fixed`.
        lengths: as in `map_fixed`.
        counts: (R, V) how often each video is taken.
        ious: as in `map_fixed`.

    Returns:
        (H, R), NaN where a resample holds no truth.
    """
    total, classes = np.zeros((len(ious), len(counts))), np.zeros(len(counts))
    for ranking in fixed_rankings(proposals, truths, lengths, ious):
        drawn_truths = _drawn(ranking.truth_video, counts)
        classes += drawn_truths > 0
        for height, drawn in zip(total, _at_truths_found(ranking, counts), strict=True):
            height += _envelope_sum(drawn) / np.maximum(drawn_truths, 1)
    return _where(classes > 0, total / np.maximum(classes, 1))


def resampled_map_legacy(
    proposals: Proposals,
    truths: Truths,
    classes: int,
    counts: NDArray[np.integer],
    ious: Sequence[float] = IOUS,
) -> Values:
    """`map_legacy` of every resample.

    Arguments as in `map_legacy`, `counts` as in `resampled_map_fixed`. Returns (H, R), NaN where a resample
    holds no truth.
    """
    total, every = np.zeros((len(ious), len(counts))), np.zeros(len(counts))
    proposing = np.ones(len(counts), dtype=np.bool_)
    for ranking in legacy_rankings(proposals, truths, classes, ious):
        drawn_truths = _drawn(ranking.truth_video, counts)
        every += drawn_truths
        proposing &= _drawn(ranking.video, counts) > 0
        for height, drawn in zip(total, _at_truths_found(ranking, counts), strict=True):
            height += _step_sum(drawn) / np.maximum(drawn_truths, 1)
    return _where(every > 0, total * proposing / classes)


def _at_truths_found(ranking: Ranking, counts: NDArray[np.integer]) -> Iterator[_Drawn]:
    """What the precision needs, at each threshold."""
    weights = counts.T.astype(np.float64)
    for found in ranking.found:
        ranks = np.flatnonzero(found)
        # Proposals of each video from after one truth found up to the next.
        step = np.searchsorted(ranks, np.arange(len(ranking.video)))
        shape = len(ranks) + 1, len(weights)
        cells = np.bincount(step * shape[1] + ranking.video, minlength=shape[0] * shape[1]).reshape(shape)
        copies = weights[ranking.video[ranks]]
        yield _Drawn(copies, np.cumsum(copies, axis=0), np.cumsum(cells[:-1] @ weights, axis=0))


def _step_sum(drawn: _Drawn) -> Values:
    """(R,) sum of the precisions at every copy of the truths found."""
    total = np.zeros(drawn.copies.shape[1])
    before = drawn.true - drawn.copies, drawn.proposed - drawn.copies
    for copy in range(1, int(drawn.copies.max(initial=0)) + 1):
        total += ((copy <= drawn.copies) * (before[0] + copy) / (before[1] + copy)).sum(axis=0)
    return total


def _envelope_sum(drawn: _Drawn) -> Values:
    """(R,) as `_step_sum`, the precision replaced by its maximum over all lower ranks.

    Among copies of one proposal the last has the highest precision; at one that is not drawn precision is not
    above that of the truth found before it, and raises no maximum.
    """
    precision = drawn.true / np.maximum(drawn.proposed, 1)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    total: Values = (drawn.copies * envelope).sum(axis=0)
    return total


def _drawn(video: NDArray[np.int64], counts: NDArray[np.integer]) -> Values:
    """(R,) number of segments of these videos in every resample."""
    if len(video) and video.max() >= counts.shape[1]:
        raise VadbenchError(
            f"resamples {counts.shape}, a segment of video {video.max()}: one column per video"
        )
    per_video = np.bincount(video, minlength=counts.shape[1])
    total: Values = counts.astype(np.float64) @ per_video
    return total


def _where(defined: NDArray[np.bool_], values: Values) -> Values:
    return np.where(defined, values, np.nan)
