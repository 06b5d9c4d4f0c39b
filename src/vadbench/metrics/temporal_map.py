"""Mean average precision of proposed segments at thresholds of temporal intersection over union (IoU)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError
from vadbench.metrics.matching import Ranking, rankings
from vadbench.metrics.segments import (
    NORMAL_CLASS,
    Proposals,
    Truths,
    check_proposals,
    check_truths,
    check_videos,
    clip_truths,
)

IOUS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Thresholds of the literature."""

NO_SEGMENT = "no test video has a segment with a class"


class TemporalMap(NamedTuple):
    """Mean average precision over classes, in [0, 1]."""

    by_iou: NDArray[np.float64]
    """(H,) at each threshold; NaN where undefined."""
    mean: float
    """Mean over the thresholds."""
    reason: str = ""
    """Why it is undefined, or an empty string."""


def map_fixed(
    proposals: Proposals, truths: Truths, lengths: ArrayLike, ious: Sequence[float] = IOUS
) -> TemporalMap:
    """mAP as ActivityNet and THUMOS compute it.

    Classes with at least one truth, the normal one left out; truths clipped to their video; each proposal
    takes the truth of its video that it overlaps most among those not taken, if their IoU reaches the
    threshold; area under the precision-recall curve with the precision replaced by its maximum to the right.
    A class without proposals has an AP of 0.

    Args:
        proposals: in any order; equal scores keep it.
        truths: in any order; of truths that a proposal overlaps equally, the first is taken.
        lengths: (V,) frames of each video.
        ious: at least one threshold in (0, 1].

    Returns:
        NaN with a reason where no class has a truth.

    Raises:
        VadbenchError: an array holds what it cannot hold, or a segment names a video that there is not.
    """
    ranked = fixed_rankings(proposals, truths, lengths, ious)
    return _mean([_envelope_ap(one) for one in ranked], ious)


def map_legacy(
    proposals: Proposals, truths: Truths, classes: int, ious: Sequence[float] = IOUS
) -> TemporalMap:
    """mAP as the public evaluation of VadCLIP (Wu et al., AAAI 2024) computes it, for comparison.

    It differs from `map_fixed` thus: all classes count, the normal one and those without a truth (AP 0) too;
    one class without any proposal makes the whole mAP 0; truths are not clipped to their video; the AP is the
    sum of the precisions at the truths found, not interpolated. On UCF-Crime the normal class has no truth
    there, which caps the mAP at 13 / 14; on XD-Violence each normal video is one truth of class 0, from its
    first to its last frame: `truths` must hold them. Equal scores rank in the order of `proposals`; the
    original leaves their order to the sorting.

    Args:
        proposals: as `threshold_proposals` makes them.
        truths: in any order.
        classes: number of classes, the normal one counted.
        ious: at least one threshold in (0, 1].

    Returns:
        NaN with a reason where no class has a truth; the original prints 0 there.

    Raises:
        VadbenchError: an array holds what it cannot hold, or a segment names a class that there is not.
    """
    ranked = legacy_rankings(proposals, truths, classes, ious)
    aps = [_step_ap(one) for one in ranked]
    if any(not len(one.video) for one in ranked):
        aps = [np.zeros(len(ious))]
    return _mean(aps, ious)


def fixed_rankings(
    proposals: Proposals, truths: Truths, lengths: ArrayLike, ious: Sequence[float]
) -> list[Ranking]:
    """The ranking of each class that counts in `map_fixed`, whose arguments and errors these are."""
    proposed, inside = check_proposals(proposals), clip_truths(check_truths(truths), lengths)
    check_videos("proposals", proposed.video, len(np.asarray(lengths)))
    classes = np.setdiff1d(inside.label, [NORMAL_CLASS])
    return list(rankings(proposed, inside, classes, ious))


def legacy_rankings(
    proposals: Proposals, truths: Truths, classes: int, ious: Sequence[float]
) -> list[Ranking]:
    """The ranking of each class, none without a truth of any; arguments and errors as in `map_legacy`."""
    proposed, true = check_proposals(proposals), check_truths(truths)
    for name, label in (("proposals", proposed.label), ("truths", true.label)):
        if len(label) and label.max() >= classes:
            raise VadbenchError(f"{name}: class {label.max()}, there are {classes}, counted from 0")
    return list(rankings(proposed, true, np.arange(classes), ious)) if len(true.video) else []


def _step_ap(ranking: Ranking) -> NDArray[np.float64]:
    """(H,) sum of the precisions at the truths found, over their number; 0 where there is no truth."""
    precision = _precision(ranking.found)
    total: NDArray[np.float64] = (precision * ranking.found).sum(axis=1) / max(len(ranking.truth_video), 1)
    return total


def _envelope_ap(ranking: Ranking) -> NDArray[np.float64]:
    """(H,) as `_step_ap`, the precision replaced by its maximum over all lower ranks."""
    precision = _precision(ranking.found)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    total: NDArray[np.float64] = (envelope * ranking.found).sum(axis=1) / len(ranking.truth_video)
    return total


def _precision(found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(H, P) share of true proposals among those up to each rank."""
    precision: NDArray[np.float64] = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    return precision


def _mean(aps: Sequence[NDArray[np.float64]], ious: Sequence[float]) -> TemporalMap:
    if not aps:
        return TemporalMap(np.full(len(ious), math.nan), math.nan, NO_SEGMENT)
    by_iou = np.mean(aps, axis=0)
    return TemporalMap(by_iou, float(by_iou.mean()))
