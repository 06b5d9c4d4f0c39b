"""AUC and AP against plain loops and scikit-learn, on ties, constants, single frames and hostile input."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from frame_strategies import Frames, frames_of_videos
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from vadbench.errors import VadbenchError
from vadbench.metrics import ap_trapezoid, average_precision, roc_auc


def slow_auc(labels: list[bool], scores: list[float]) -> float:
    won = [
        1.0 if a > n else 0.5 if a == n else 0.0
        for a, abnormal in zip(scores, labels, strict=True)
        if abnormal
        for n, other in zip(scores, labels, strict=True)
        if not other
    ]
    return sum(won) / len(won) if won else math.nan


def slow_ap(labels: list[bool], scores: list[float]) -> float:
    total, area, recall = sum(labels), 0.0, 0.0
    if total in (0, len(labels)):
        return math.nan
    for cut in sorted(set(scores), reverse=True):
        kept = [label for label, score in zip(labels, scores, strict=True) if score >= cut]
        area += (sum(kept) / total - recall) * sum(kept) / len(kept)
        recall = sum(kept) / total
    return area


@given(frames_of_videos())
@settings(max_examples=60)
def test_auc_and_ap_equal_plain_loops(frames: Frames) -> None:
    labels, scores, _ = frames
    assert roc_auc(labels, scores) == pytest.approx(slow_auc(labels.tolist(), scores.tolist()), nan_ok=True)
    assert average_precision(labels, scores) == pytest.approx(
        slow_ap(labels.tolist(), scores.tolist()), nan_ok=True
    )
    assert ap_trapezoid(labels, scores) == pytest.approx(
        slow_trapezoid(labels.tolist(), scores.tolist()), nan_ok=True
    )


def slow_trapezoid(labels: list[bool], scores: list[float]) -> float:
    total, area, recall, precision = sum(labels), 0.0, 0.0, 1.0
    if total in (0, len(labels)):
        return math.nan
    for cut in sorted(set(scores), reverse=True):
        kept = [label for label, score in zip(labels, scores, strict=True) if score >= cut]
        area += (sum(kept) / total - recall) * (sum(kept) / len(kept) + precision) / 2
        recall, precision = sum(kept) / total, sum(kept) / len(kept)
    return area


@given(frames_of_videos())
@settings(max_examples=60)
def test_all_equal_scikit_learn_where_both_classes_are_there(frames: Frames) -> None:
    labels, scores, _ = frames
    if labels.all() or not labels.any():
        return
    precision, recall, _ = sk.precision_recall_curve(labels, scores)
    assert roc_auc(labels, scores) == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(labels, scores) == pytest.approx(
        sk.average_precision_score(labels, scores), abs=1e-12
    )
    assert ap_trapezoid(labels, scores) == pytest.approx(sk.auc(recall, precision), abs=1e-12)


@given(frames_of_videos(), st.integers(0, 99))
@settings(max_examples=60)
def test_neither_the_order_nor_the_scale_of_scores_matters(frames: Frames, seed: int) -> None:
    labels, scores, _ = frames
    order = np.random.default_rng(seed).permutation(len(labels))
    for metric in (roc_auc, average_precision, ap_trapezoid):
        expected = pytest.approx(metric(labels, scores), abs=1e-12, nan_ok=True)
        assert metric(labels[order], scores[order]) == expected
        assert metric(labels, np.ldexp(scores, 3)) == expected


@given(frames_of_videos(), st.integers(2, 20))
@settings(max_examples=60)
def test_scores_held_over_frames_are_as_good_as_one_each(frames: Frames, length: int) -> None:
    labels, scores, _ = frames
    for metric in (roc_auc, average_precision, ap_trapezoid):
        expected = pytest.approx(metric(labels, scores), abs=1e-12, nan_ok=True)
        assert metric(np.repeat(labels, length), np.repeat(scores, length)) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [1, 16])
def test_many_frames_equal_scikit_learn(dtype: type, length: int) -> None:
    rng = np.random.default_rng(length)
    labels = rng.random(20_000) < 0.1
    scores = np.repeat(rng.normal(size=20_000 // length), length).astype(dtype) + labels
    precision, recall, _ = sk.precision_recall_curve(labels, scores)
    assert roc_auc(labels, scores) == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(labels, scores) == pytest.approx(sk.average_precision_score(labels, scores))
    assert ap_trapezoid(labels, scores) == pytest.approx(sk.auc(recall, precision), abs=1e-12)


@given(frames_of_videos())
@settings(max_examples=60)
def test_negated_scores_turn_the_auc_round(frames: Frames) -> None:
    labels, scores, _ = frames
    assert roc_auc(labels, -scores) == pytest.approx(1 - roc_auc(labels, scores), nan_ok=True)


def test_truth_as_score_is_perfect_and_a_constant_is_chance() -> None:
    labels = np.array([False, True, False, True, True])
    assert roc_auc(labels, labels.astype(float)) == average_precision(labels, labels.astype(float)) == 1
    assert roc_auc(labels, np.zeros(5)) == 0.5
    assert average_precision(labels, np.zeros(5)) == 0.6


def test_step_and_trapezoid_differ_on_coarse_scores() -> None:
    labels = np.array([True, False, False, True])
    scores = np.array([1.0, 1.0, 0.0, 0.0])
    assert average_precision(labels, scores) == 0.5
    assert ap_trapezoid(labels, scores) == 0.5 * (1 + 0.5) / 2 + 0.5 * 0.5


@pytest.mark.parametrize("labels", [np.zeros(3, bool), np.ones(3, bool), np.zeros(0, bool)])
@pytest.mark.parametrize("metric", [roc_auc, average_precision, ap_trapezoid])
def test_one_class_is_undefined(metric: Callable[..., float], labels: np.ndarray) -> None:
    assert math.isnan(metric(labels, np.linspace(0, 1, len(labels))))


def test_scores_are_never_rounded() -> None:
    labels = np.array([False, True])
    assert roc_auc(labels, np.array([0.5, np.nextafter(0.5, 1)])) == 1
    assert roc_auc(labels, np.array([0.5, np.nextafter(np.float32(0.5), 1)], dtype=np.float32)) == 1


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_finite_number_is_refused_with_its_place(bad: float) -> None:
    with pytest.raises(VadbenchError, match="position 1"):
        roc_auc(np.array([True, False]), np.array([0.0, bad]))


def test_labels_that_could_be_misread_are_refused() -> None:
    with pytest.raises(VadbenchError, match="bool"):
        roc_auc(np.array([0, 1]), np.array([0.0, 1.0]))
    with pytest.raises(VadbenchError, match="one score per frame"):
        average_precision(np.array([True, False]), np.array([0.0]))
