"""mAP of resampled videos against mAP of the resamples themselves."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_strategies import CLASSES, LENGTH, VIDEOS, proposals_of, truths_of
from segment_strategies import proposals as any_proposals
from segment_strategies import truths as any_truths

from vadbench.errors import VadbenchError
from vadbench.metrics import (
    IOUS,
    Proposals,
    Truths,
    draw_resamples,
    map_fixed,
    map_legacy,
    resampled_map_fixed,
    resampled_map_legacy,
)

COUNTS = st.lists(st.lists(st.integers(0, 3), min_size=VIDEOS, max_size=VIDEOS), min_size=1, max_size=4).map(
    np.array
)


def copied(segments: Proposals | Truths, counts: np.ndarray) -> Proposals | Truths:
    """The segments of every drawn copy of a video, copies of one segment side by side."""
    taken = np.repeat(np.arange(len(segments.video)), counts[segments.video])
    edges = np.cumsum([0, *counts])
    number = np.arange(len(taken)) - np.searchsorted(taken, taken)
    return segments.at(taken)._replace(video=edges[segments.video[taken]] + number)


@settings(max_examples=60)
@given(any_proposals(distinct=True), any_truths(), COUNTS)
def test_a_resample_is_the_map_of_its_videos(
    proposals: Proposals, truths: Truths, counts: np.ndarray
) -> None:
    fixed = resampled_map_fixed(proposals, truths, [LENGTH] * VIDEOS, counts)
    legacy = resampled_map_legacy(proposals, truths, CLASSES, counts)
    assert fixed.shape == legacy.shape == (len(IOUS), len(counts))
    for row, drawn in enumerate(counts):
        data = copied(proposals, drawn), copied(truths, drawn)
        np.testing.assert_allclose(fixed[:, row], map_fixed(*data, [LENGTH] * drawn.sum()).by_iou)
        np.testing.assert_allclose(legacy[:, row], map_legacy(*data, CLASSES).by_iou)


def test_every_video_once_is_the_map_itself() -> None:
    rng = np.random.default_rng(0)
    videos, truth_count, count = 40, 60, 900
    start = rng.integers(0, 90, count)
    proposals = Proposals(
        rng.integers(0, videos, count), rng.integers(0, 5, count), start, start + 10, rng.random(count)
    )
    begin = rng.integers(0, 90, truth_count)
    truths = Truths(rng.integers(0, videos, truth_count), rng.integers(0, 5, truth_count), begin, begin + 12)
    counts = np.vstack([np.ones((1, videos), dtype=int), draw_resamples(videos, 3, 0)])
    fixed = resampled_map_fixed(proposals, truths, [100] * videos, counts)
    legacy = resampled_map_legacy(proposals, truths, 5, counts)
    np.testing.assert_allclose(fixed[:, 0], map_fixed(proposals, truths, [100] * videos).by_iou)
    np.testing.assert_allclose(legacy[:, 0], map_legacy(proposals, truths, 5).by_iou)
    for values in (fixed, legacy):
        assert (values[0] > 0).all()
        assert all((lower <= upper).all() for upper, lower in pairwise(values))
        assert len(set(values[0].tolist())) == 4


def test_a_resample_without_truths_is_undefined() -> None:
    proposals = proposals_of((0, 1, 0, 9, 0.5), (0, 0, 0, 9, 0.5))
    truths = truths_of((0, 1, 0, 9))
    counts = np.array([[1, 1], [0, 2]])
    assert np.isnan(resampled_map_fixed(proposals, truths, [9, 9], counts)).tolist() == [[False, True]] * 5
    assert np.isnan(resampled_map_legacy(proposals, truths, 2, counts)).tolist() == [[False, True]] * 5


def test_resamples_of_other_videos_are_refused() -> None:
    with pytest.raises(VadbenchError, match="one column per video"):
        resampled_map_fixed(proposals_of(), truths_of((2, 1, 0, 9)), [9, 9, 9], np.ones((4, 2), dtype=int))
