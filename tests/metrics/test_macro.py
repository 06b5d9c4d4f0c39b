"""Macro AUC and its sentinel rule against the literal definitions."""

import math
from itertools import pairwise

import numpy as np
import pytest
from frame_strategies import Frames, frames_of_videos
from hypothesis import given, settings
from sklearn.metrics import roc_auc_score

from vadbench.errors import VadbenchError
from vadbench.metrics import macro_auc, macro_auc_sentinel, sentinel_aucs, video_aucs


def videos(frames: Frames) -> list[tuple[np.ndarray, np.ndarray]]:
    labels, scores, starts = frames
    return [(labels[a:b], scores[a:b]) for a, b in pairwise(starts)]


@given(frames_of_videos())
@settings(max_examples=60)
def test_macro_is_the_mean_over_videos_with_both_classes(frames: Frames) -> None:
    aucs = [roc_auc_score(y, s) for y, s in videos(frames) if len(set(y.tolist())) == 2]
    assert macro_auc(*frames) == pytest.approx(np.mean(aucs) if aucs else math.nan, nan_ok=True)
    assert np.isnan(video_aucs(*frames)).sum() == len(videos(frames)) - len(aucs)


@given(frames_of_videos())
@settings(max_examples=60)
def test_sentinel_adds_one_frame_below_and_one_above(frames: Frames) -> None:
    aucs = [roc_auc_score([0, *y.astype(int), 1], [s.min() - 1, *s, s.max() + 1]) for y, s in videos(frames)]
    assert sentinel_aucs(*frames) == pytest.approx(aucs)
    assert macro_auc_sentinel(*frames) == pytest.approx(np.mean(aucs))


@given(frames_of_videos())
@settings(max_examples=60)
def test_sentinel_follows_from_the_auc_in_closed_form(frames: Frames) -> None:
    labels, _, starts = frames
    for (y, _), auc, lifted in zip(videos(frames), video_aucs(*frames), sentinel_aucs(*frames), strict=True):
        n0, n1 = int((~y).sum()), int(y.sum())
        won = n0 * n1 * auc if n0 and n1 else 0
        assert lifted == pytest.approx((won + n0 + n1 + 1) / ((n0 + 1) * (n1 + 1)), abs=1e-12)
        assert lifted >= (auc if n0 and n1 else 1)
    assert macro_auc_sentinel(labels, np.zeros(len(labels)), starts) >= 0.5


@given(frames_of_videos())
@settings(max_examples=60)
def test_sentinel_equals_the_published_ends_where_scores_are_inside_them(frames: Frames) -> None:
    labels, scores, starts = frames
    inside = (scores + 6) / 12  # in (0, 1)
    aucs = [roc_auc_score([0, *y.astype(int), 1], [0, *s, 1]) for y, s in videos((labels, inside, starts))]
    assert sentinel_aucs(labels, inside, starts) == pytest.approx(aucs)


def test_sentinel_lifts_a_video_with_a_rare_class() -> None:
    labels = np.arange(182) >= 180
    scores = np.where(labels, 0.5, np.arange(182) / 180)
    auc = roc_auc_score(labels, scores)
    expected = (180 * 2 * auc + 183) / (181 * 3)
    assert sentinel_aucs(labels, scores, [0, 182]) == pytest.approx([expected])
    assert expected > auc + 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_finite_number_is_refused(bad: float) -> None:
    for metric in (macro_auc, macro_auc_sentinel):
        with pytest.raises(VadbenchError, match="position 2"):
            metric(np.array([True, False, True]), np.array([0, 1, bad]), [0, 1, 3])


def test_a_video_with_one_class_has_a_sentinel_auc_of_one() -> None:
    labels, scores = np.array([False, False, True, True]), np.array([3.0, -1.0, 2.0, 2.0])
    assert sentinel_aucs(labels, scores, [0, 2, 4]).tolist() == [1.0, 1.0]
    assert math.isnan(macro_auc(labels, scores, [0, 2, 4]))


@pytest.mark.parametrize("starts", [[0, 1], [1, 3], [0, 2, 1, 3], [], [[0, 3]]])
def test_boundaries_that_do_not_divide_the_frames_are_refused(starts: list[int]) -> None:
    with pytest.raises(VadbenchError, match="starts"):
        macro_auc(np.array([True, False, True]), np.zeros(3), starts)
