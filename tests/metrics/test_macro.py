"""Macro AUC and its sentinel rule against the literal definitions."""

import math
from itertools import pairwise

import numpy as np
import pytest
from frame_strategies import Frames, frames_of_videos
from hypothesis import given
from sklearn.metrics import roc_auc_score

from vadbench.errors import VadbenchError
from vadbench.metrics import macro_auc, macro_auc_sentinel, sentinel_aucs, video_aucs


def videos(frames: Frames) -> list[tuple[np.ndarray, np.ndarray]]:
    labels, scores, starts = frames
    return [(labels[a:b], scores[a:b]) for a, b in pairwise(starts)]


@given(frames_of_videos())
def test_macro_is_the_mean_over_videos_with_both_classes(frames: Frames) -> None:
    aucs = [roc_auc_score(y, s) for y, s in videos(frames) if len(set(y.tolist())) == 2]
    assert macro_auc(*frames) == pytest.approx(np.mean(aucs) if aucs else math.nan, nan_ok=True)
    assert np.isnan(video_aucs(*frames)).sum() == len(videos(frames)) - len(aucs)


@given(frames_of_videos())
def test_sentinel_adds_one_frame_below_and_one_above(frames: Frames) -> None:
    aucs = [roc_auc_score([0, *y.astype(int), 1], [s.min() - 1, *s, s.max() + 1]) for y, s in videos(frames)]
    assert sentinel_aucs(*frames) == pytest.approx(aucs)
    assert macro_auc_sentinel(*frames) == pytest.approx(np.mean(aucs))


def test_a_video_with_one_class_has_a_sentinel_auc_of_one() -> None:
    labels, scores = np.array([False, False, True, True]), np.array([3.0, -1.0, 2.0, 2.0])
    assert sentinel_aucs(labels, scores, [0, 2, 4]).tolist() == [1.0, 1.0]
    assert math.isnan(macro_auc(labels, scores, [0, 2, 4]))


@pytest.mark.parametrize("starts", [[0, 1], [1, 3], [0, 2, 1, 3], [], [[0, 3]]])
def test_boundaries_that_do_not_divide_the_frames_are_refused(starts: list[int]) -> None:
    with pytest.raises(VadbenchError, match="starts"):
        macro_auc(np.array([True, False, True]), np.zeros(3), starts)
