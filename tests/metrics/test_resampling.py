"""Vectorised resamples against concatenating the drawn videos, and intervals that mean what they say."""

import math

import numpy as np
import pytest
from frame_strategies import Frames, frames_of_videos
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.errors import VadbenchError
from vadbench.metrics import (
    ap_trapezoid,
    average_precision,
    difference_interval,
    draw_resamples,
    macro_auc,
    percentile_interval,
    resampled_ap,
    resampled_auc,
    resampled_mean,
    roc_auc,
    video_aucs,
)


def take_videos(frames: Frames, counts: np.ndarray) -> Frames:
    """The frames of the drawn videos, each repeated as often as drawn."""
    labels, scores, starts = frames
    drawn = [v for v, count in enumerate(counts) for _ in range(count)]
    parts = [slice(starts[v], starts[v + 1]) for v in drawn]
    lengths = [part.stop - part.start for part in parts]
    return (
        np.concatenate([labels[p] for p in parts]),
        np.concatenate([scores[p] for p in parts]),
        np.cumsum([0, *lengths]),
    )


@given(frames_of_videos(), st.integers(0, 10))
@settings(max_examples=60)
def test_resamples_equal_the_metric_of_the_drawn_videos(frames: Frames, seed: int) -> None:
    counts = draw_resamples(len(frames[2]) - 1, 20, seed)
    drawn = [take_videos(frames, row) for row in counts]
    step, trapezoid = resampled_ap(*frames, counts)
    macro = resampled_mean(video_aucs(*frames), counts)
    for got, metric in [
        (resampled_auc(*frames, counts), roc_auc),
        (step, average_precision),
        (trapezoid, ap_trapezoid),
    ]:
        assert got == pytest.approx([metric(*f[:2]) for f in drawn], nan_ok=True, abs=1e-12)
    assert macro == pytest.approx([macro_auc(*f) for f in drawn], nan_ok=True, abs=1e-12)


@pytest.mark.parametrize("digits", [1, 3, 9])
def test_resamples_of_many_scores_equal_the_metric_of_the_drawn_videos(digits: int) -> None:
    rng = np.random.default_rng(digits)
    starts = np.array([0, 1, 900, 901, 4000, 5500, 9000])
    labels = rng.random(9000) < 0.6
    labels[900:4000] = False  # two normal videos, one of them a single frame
    scores = np.round(rng.random(9000), digits).astype(np.float32)
    scores[starts[4] : starts[5]] = scores[starts[4]]
    counts = draw_resamples(6, 40, digits)
    drawn = [take_videos((labels, scores, starts), row) for row in counts]
    step, trapezoid = resampled_ap(labels, scores, starts, counts)
    assert resampled_auc(labels, scores, starts, counts) == pytest.approx([roc_auc(*f[:2]) for f in drawn])
    assert step == pytest.approx([average_precision(*f[:2]) for f in drawn], abs=1e-12)
    assert trapezoid == pytest.approx([ap_trapezoid(*f[:2]) for f in drawn], abs=1e-12)


@given(frames_of_videos(), st.integers(0, 10))
@settings(max_examples=60)
def test_scores_in_the_same_order_do_not_differ_in_any_resample(frames: Frames, seed: int) -> None:
    labels, scores, starts = frames
    counts = draw_resamples(len(starts) - 1, 20, seed)
    stretched = np.searchsorted(np.unique(scores), scores) * 3.0 - 50
    ours, theirs = (resampled_auc(labels, values, starts, counts) for values in (scores, stretched))
    interval = difference_interval(ours, theirs)
    assert (interval.low, interval.high) == (0, 0) or "undefined" in interval.reason


@given(frames_of_videos(), st.integers(0, 10))
@settings(max_examples=60)
def test_a_paired_difference_is_taken_resample_by_resample(frames: Frames, seed: int) -> None:
    labels, scores, starts = frames
    counts = draw_resamples(len(starts) - 1, 40, seed)
    other = np.roll(scores, 1)
    drawn = [take_videos((labels, np.stack([scores, other], axis=1), starts), row)[:2] for row in counts]
    differences = [average_precision(y, s[:, 0]) - average_precision(y, s[:, 1]) for y, s in drawn]
    pair = (resampled_ap(labels, values, starts, counts)[0] for values in (scores, other))
    expected, got = percentile_interval(differences), difference_interval(*pair)
    assert got[:2] == pytest.approx(expected[:2], abs=1e-12, nan_ok=True)
    assert got.reason == expected.reason


def test_a_video_taken_once_each_is_the_metric_itself() -> None:
    labels = np.array([False, True, False, False, True, True])
    scores = np.array([0.1, 0.4, 0.4, 0.2, 0.9, 0.3], dtype=np.float32)
    once = np.ones((1, 2), dtype=np.int32)
    assert resampled_auc(labels, scores, [0, 3, 6], once) == roc_auc(labels, scores)
    assert resampled_ap(labels, scores, [0, 3, 6], once)[0] == average_precision(labels, scores)


def test_a_video_without_frames_takes_part_in_no_metric() -> None:
    labels, scores = np.array([False, True]), np.array([0.0, 1.0])
    assert resampled_auc(labels, scores, [0, 0, 2], np.array([[1, 1], [2, 0]])).tolist() == pytest.approx(
        [1.0, math.nan], nan_ok=True
    )


def test_draws_follow_from_the_seed_and_keep_the_number_of_videos() -> None:
    drawn = draw_resamples(7, 50, seed=3)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn == draw_resamples(7, 50, seed=3)).all()
    assert (drawn != draw_resamples(7, 50, seed=4)).any()
    assert draw_resamples(0, 5, seed=0).shape == (5, 0)


def test_resamples_need_one_column_per_video() -> None:
    with pytest.raises(VadbenchError, match="one column per video"):
        resampled_auc(np.array([True, False]), np.zeros(2), [0, 2], np.ones((3, 2), dtype=int))


def test_the_interval_covers_the_true_auc_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        # Scores of a video share an offset: frames of one video are no independent samples.
        offsets = rng.normal(size=30)
        labels = np.tile([False, True], 30 * 5)
        scores = np.repeat(offsets, 10) + labels * 1.0 + rng.normal(size=300)
        values = resampled_auc(labels, scores, np.arange(31) * 10, draw_resamples(30, 200, trial))
        low, high, _ = percentile_interval(values)
        covered += low <= 0.6915 <= high  # P(N(1, 4) > 0): the difference of two such scores has variance 4
    assert 0.88 <= covered / 200 <= 0.99


def test_a_paired_difference_is_narrower_than_two_intervals_suggest() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random(2000) < 0.3
    shared = labels + rng.normal(size=2000) + np.repeat(rng.normal(size=20), 100)
    counts, starts = draw_resamples(20, 300, 0), np.arange(21) * 100
    ours = resampled_auc(labels, shared + 0.1 * labels, starts, counts)
    theirs = resampled_auc(labels, shared, starts, counts)
    one, paired = percentile_interval(ours), difference_interval(ours, theirs)
    assert paired.low > 0
    assert paired.high - paired.low < (one.high - one.low) / 3
    with pytest.raises(VadbenchError, match="paired"):
        difference_interval(ours, theirs[:5])


def test_no_interval_where_too_many_resamples_are_undefined() -> None:
    low, high, reason = percentile_interval([0.5] * 9 + [math.nan])
    assert math.isnan(low)
    assert math.isnan(high)
    assert reason == "undefined in 1 of 10 resamples"
    assert percentile_interval([0.5] * 99 + [math.nan]) == (0.5, 0.5, "")
    assert percentile_interval([]).reason == "no resamples were drawn"
