"""Proposals and truths of a few videos as hypothesis strategies, and mAP by plain loops."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from vadbench.metrics import Proposals, Truths

VIDEOS, CLASSES, LENGTH = 3, 3, 12


def truths_of(*segments: tuple[int, int, float, float]) -> Truths:
    """Truths from (video, class, start, end)."""
    columns = list(zip(*segments, strict=True)) or [()] * 4
    return Truths(*(np.array(column, dtype=t) for column, t in zip(columns, "iidd", strict=True)))


def proposals_of(*segments: tuple[int, int, float, float, float]) -> Proposals:
    """Proposals from (video, class, start, end, score)."""
    columns = list(zip(*segments, strict=True)) or [()] * 5
    return Proposals(*(np.array(column, dtype=t) for column, t in zip(columns, "iiddd", strict=True)))


@st.composite
def truths(draw: st.DrawFn) -> Truths:
    """Up to 8 truths, some beyond the end of their video, which has `LENGTH` frames."""
    return truths_of(*draw(st.lists(_segment(), max_size=8)))


@st.composite
def proposals(draw: st.DrawFn, distinct: bool = False) -> Proposals:
    """Up to 14 proposals with few different scores, or with distinct ones."""
    segments = draw(st.lists(_segment(), max_size=14))
    score = st.lists(st.integers(0, 40 if distinct else 3), min_size=14, max_size=14, unique=distinct)
    return proposals_of(
        *((*segment, value / 8) for segment, value in zip(segments, draw(score), strict=False))
    )


@st.composite
def _segment(draw: st.DrawFn) -> tuple[int, int, int, int]:
    start = draw(st.integers(0, LENGTH + 2))
    end = start + draw(st.integers(1, 6))
    return draw(st.integers(0, VIDEOS - 1)), draw(st.integers(0, CLASSES - 1)), start, end


def looped_map(
    proposals: Proposals, truths: Truths, lengths: Sequence[int], iou: float, *, legacy: bool
) -> float:
    """mAP by the definition, proposal after proposal, over sets of frames; NaN where there is no truth."""
    true = [list(row) for row in zip(*(column.tolist() for column in truths), strict=True)]
    if not legacy:
        true = [[v, c, s, min(e, lengths[v])] for v, c, s, e in true if s < lengths[v] and c]
    proposed = list(zip(*(column.tolist() for column in proposals), strict=True))
    classes = range(CLASSES) if legacy else sorted({c for _, c, _, _ in true})
    if not true:
        return float("nan")
    if legacy and {c for _, c, *_ in proposed} != set(classes):
        return 0.0
    return float(np.mean([_looped_ap(proposed, true, c, iou, legacy) for c in classes]))


def _looped_ap(proposed: list, true: list, label: int, iou: float, legacy: bool) -> float:
    open_truths = [row for row in true if row[1] == label]
    count = len(open_truths)
    hits = []
    for v, _, s, e, _ in sorted((p for p in proposed if p[1] == label), key=lambda p: -p[4]):
        best, best_iou = None, 0.0
        for truth in open_truths:
            a, b = set(range(int(s), int(e))), set(range(int(truth[2]), int(truth[3])))
            overlap = len(a & b) / len(a | b) if truth[0] == v else 0.0
            if overlap >= iou and overlap > best_iou:
                best, best_iou = truth, overlap
        hits.append(best is not None)
        # By identity: equal truths are two truths.
        open_truths = [truth for truth in open_truths if truth is not best]
    precision = [sum(hits[: i + 1]) / (i + 1) for i in range(len(hits))]
    heights = precision if legacy else [max(precision[i:]) for i in range(len(precision))]
    return sum(h for h, hit in zip(heights, hits, strict=True) if hit) / count if count else 0.0
