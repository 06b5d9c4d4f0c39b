"""Which proposals of one class find a truth: the greedy assignment of mAP."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vadbench.metrics.segments import Proposals, Truths


class Ranking(NamedTuple):
    """The proposals of one class, best first, and which of them found a truth."""

    label: int
    """Index of the class."""
    video: NDArray[np.int64]
    """(P,) video of each proposal."""
    found: NDArray[np.bool_]
    """(H, P) whether it found a truth, at each threshold."""
    truth_video: NDArray[np.int64]
    """(T,) video of each truth."""


class _Pairs(NamedTuple):
    """Proposals and truths of the same video, in the order in which the assignment sees them."""

    rank: NDArray[np.int64]
    """Position of the proposal."""
    truth: NDArray[np.int64]
    """Position of the truth."""
    iou: NDArray[np.float64]


def rankings(
    proposals: Proposals, truths: Truths, classes: NDArray[np.int64], ious: Sequence[float]
) -> Iterator[Ranking]:
    """Rank and match the proposals of each of `classes`.

    Proposals are sorted by descending score, equal ones in the order given. Each in turn takes the truth of
    its video with the largest IoU among those not taken, the first of equal ones, if that IoU reaches the
    threshold. Time grows with proposals, and with pairs of a proposal and a truth of one video and class.
    """
    ranked = proposals.at(np.argsort(-proposals.score, kind="stable"))
    for label in classes.tolist():
        one, true = ranked.at(ranked.label == label), truths.at(truths.label == label)
        pairs = _overlapping(one, true, min(ious))
        found = [_assign(pairs, len(one.video), iou) for iou in ious]
        yield Ranking(label, one.video, np.array(found, dtype=np.bool_), true.video)


def _overlapping(proposals: Proposals, truths: Truths, least: float) -> _Pairs:
    """Pairs with at least the IoU `least`: proposal after proposal, the best truth of each first."""
    rank, truth = _same_video(proposals.video, truths.video)
    start, end = proposals.start[rank], proposals.end[rank]
    first, last = truths.start[truth], truths.end[truth]
    shared = np.maximum(np.minimum(end, last) - np.maximum(start, first), 0.0)
    iou = shared / ((end - start) + (last - first) - shared)
    reaching = iou >= least
    rank, truth, iou = rank[reaching], truth[reaching], iou[reaching]
    order = np.lexsort((truth, -iou, rank))
    return _Pairs(rank[order], truth[order], iou[order])


def _same_video(
    proposals: NDArray[np.int64], truths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of all pairs of a proposal and a truth of the same video."""
    by_video = np.argsort(proposals, kind="stable")
    begin = np.searchsorted(proposals, truths, "left", sorter=by_video)
    count = np.searchsorted(proposals, truths, "right", sorter=by_video) - begin
    truth = np.repeat(np.arange(len(truths)), count)
    within = np.arange(len(truth)) - np.repeat(np.cumsum(count) - count, count)
    return by_video[np.repeat(begin, count) + within], truth


def _assign(pairs: _Pairs, proposals: int, least: float) -> NDArray[np.bool_]:
    found = np.zeros(proposals, dtype=np.bool_)
    taken: set[int] = set()
    reaching = pairs.iou >= least
    # Only pairs that reach the threshold are walked through: few, whatever the number of proposals.
    for rank, truth in zip(pairs.rank[reaching].tolist(), pairs.truth[reaching].tolist(), strict=True):
        if not found[rank] and truth not in taken:
            found[rank] = True
            taken.add(truth)
    return found
