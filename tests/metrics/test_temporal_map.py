"""mAP at temporal IoU: cases worked by hand, plain loops, invariances, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_strategies import CLASSES, LENGTH, VIDEOS, looped_map, proposals_of, truths_of
from segment_strategies import proposals as any_proposals
from segment_strategies import truths as any_truths

from vadbench.errors import VadbenchError
from vadbench.metrics import IOUS, Proposals, Truths, map_fixed, map_legacy

LENGTHS = [LENGTH] * VIDEOS


def fixed(proposals: Proposals, truths: Truths, iou: float, length: int = 1000) -> float:
    return map_fixed(proposals, truths, [length] * VIDEOS, [iou]).mean


def legacy(proposals: Proposals, truths: Truths, iou: float, classes: int) -> float:
    return map_legacy(proposals, truths, classes, [iou]).mean


def test_the_second_proposal_for_one_truth_is_false() -> None:
    truths = truths_of((0, 1, 0, 100), (0, 1, 200, 300))
    proposals = proposals_of(
        (0, 1, 0, 100, 0.9), (0, 1, 0, 90, 0.8), (0, 1, 210, 300, 0.7), (1, 1, 0, 100, 0.6), (0, 0, 0, 9, 0.1)
    )
    # True, false, true, false: precisions 1 and 2/3 at the truths found.
    assert fixed(proposals, truths, 0.5) == pytest.approx((1 + 2 / 3) / 2)
    # Class 0 has no truth and counts as 0.
    assert legacy(proposals, truths, 0.5, classes=2) == pytest.approx((1 + 2 / 3) / 2 / 2)


def test_a_second_proposal_may_take_the_second_best_truth() -> None:
    truths = truths_of((0, 1, 0, 60), (0, 1, 40, 100))
    proposals = proposals_of((0, 1, 0, 100, 0.9), (0, 1, 0, 100, 0.8), (0, 1, 0, 100, 0.7))
    # IoU 0.6 with both truths: the first takes the first truth, the second the other one, the third none.
    assert fixed(proposals, truths, 0.5) == 1.0
    assert fixed(proposals, truths, 0.61) == 0.0


def test_a_proposal_takes_the_truth_that_it_overlaps_most() -> None:
    truths = truths_of((0, 1, 0, 60), (0, 1, 0, 100))
    proposals = proposals_of((0, 1, 0, 100, 0.9), (0, 1, 0, 50, 0.8))
    # The second proposal reaches 0.55 with the first truth alone.
    assert fixed(proposals, truths, 0.55) == 1.0


def test_of_truths_overlapped_equally_the_first_is_taken() -> None:
    early, late = (0, 1, 0, 60), (0, 1, 40, 100)
    proposals = proposals_of((0, 1, 0, 100, 0.9), (0, 1, 40, 100, 0.8))
    assert fixed(proposals, truths_of(early, late), 0.5) == 1.0
    assert fixed(proposals, truths_of(late, early), 0.5) == 0.5


def test_precision_is_interpolated_in_the_fixed_mode_alone() -> None:
    truths = truths_of((0, 1, 0, 10), (0, 1, 20, 30), (0, 1, 40, 50))
    proposals = proposals_of(
        (1, 1, 0, 10, 0.9), (0, 1, 0, 10, 0.8), (0, 1, 20, 30, 0.7), (1, 0, 0, 9, 0.1), (0, 1, 40, 41, 0.1)
    )
    # False, true, true, false: precisions 1/2 and 2/3; the envelope lifts 1/2 to 2/3.
    assert fixed(proposals, truths, 0.3) == pytest.approx((2 / 3 + 2 / 3) / 3)
    assert legacy(proposals, truths, 0.3, classes=2) == pytest.approx((1 / 2 + 2 / 3) / 3 / 2)


def test_events_of_two_classes_at_one_time_are_found_by_their_own_class() -> None:
    truths = truths_of((0, 1, 0, 100), (0, 2, 50, 150))
    proposals = proposals_of((0, 1, 0, 100, 0.9), (0, 2, 0, 100, 0.9), (0, 2, 50, 150, 0.8), (0, 0, 0, 5, 0))
    # Class 2: its first proposal has IoU 50 / 150 with the truth.
    assert fixed(proposals, truths, 0.5) == pytest.approx((1 + 1 / 2) / 2)
    assert fixed(proposals, truths, 0.3) == 1.0
    assert legacy(proposals, truths, 0.5, classes=3) == pytest.approx((1 + 1 / 2) / 3)


def test_a_class_without_proposals_has_no_ap_or_ends_the_published_evaluation() -> None:
    truths = truths_of((0, 1, 0, 100), (1, 2, 0, 100))
    proposals = proposals_of((0, 0, 0, 100, 0.5), (0, 1, 0, 100, 0.9))
    assert fixed(proposals, truths, 0.5) == 0.5
    assert map_legacy(proposals, truths, 3).by_iou.tolist() == [0.0] * 5


def test_a_class_without_truths_counts_in_the_published_evaluation_alone() -> None:
    truths = truths_of((0, 1, 0, 100))
    proposals = proposals_of((0, 0, 0, 9, 0.5), (0, 1, 0, 100, 0.9), (0, 2, 0, 100, 0.9))
    assert fixed(proposals, truths, 0.5) == 1.0
    assert legacy(proposals, truths, 0.5, classes=3) == pytest.approx(1 / 3)


def test_normal_segments_are_truths_in_the_published_evaluation_alone() -> None:
    truths = truths_of((0, 1, 0, 100), (1, 0, 0, 100))
    proposals = proposals_of((0, 1, 0, 100, 0.9), (1, 0, 0, 60, 0.8))
    assert fixed(proposals, truths, 0.5) == 1.0
    assert legacy(proposals, truths, 0.5, classes=2) == 1.0
    assert legacy(proposals, truths, 0.7, classes=2) == 0.5


def test_equal_scores_rank_in_the_order_given() -> None:
    truths = truths_of((0, 1, 0, 10))
    wrong, right, normal = (1, 1, 0, 10, 0.5), (0, 1, 0, 10, 0.5), (0, 0, 0, 10, 0.5)
    # More than sixteen, beyond which an unstable sort shows.
    assert fixed(proposals_of(right, *[wrong] * 40), truths, 0.5) == 1.0
    assert fixed(proposals_of(*[wrong] * 40, right), truths, 0.5) == pytest.approx(1 / 41)
    assert legacy(proposals_of(right, *[wrong] * 40, normal), truths, 0.5, classes=2) == 0.5


def test_an_event_beyond_the_end_is_clipped_in_the_fixed_mode_alone() -> None:
    truths = truths_of((0, 1, 50, 200), (1, 1, 100, 120))
    proposals = proposals_of((0, 1, 50, 100, 0.9), (0, 0, 0, 9, 0.1))
    # In 100 frames the first truth ends at 100, and the second one, which begins there, is none.
    assert fixed(proposals, truths, 0.5, length=100) == 1.0
    assert legacy(proposals, truths, 0.5, classes=2) == 0.0
    assert legacy(proposals, truths, 0.3, classes=2) == pytest.approx(1 / 2 / 2)


def test_an_iou_at_the_threshold_is_enough() -> None:
    truths = truths_of((0, 1, 0, 10))
    for tenth in (1, 2, 3, 4, 5):
        proposals = proposals_of((0, 1, 0, tenth, 0.9))
        found = map_fixed(proposals, truths, [10])
        assert found.by_iou.tolist() == [1.0] * tenth + [0.0] * (5 - tenth)
        assert found.mean == pytest.approx(tenth / 5)


def test_ends_are_exclusive() -> None:
    truths = truths_of((0, 1, 10, 20))
    # [10, 15) covers half; were ends inclusive, it would be 6 of 11 frames.
    assert fixed(proposals_of((0, 1, 10, 15, 1.0)), truths, 0.5) == 1.0
    assert fixed(proposals_of((0, 1, 10, 15, 1.0)), truths, 0.501) == 0.0
    assert fixed(proposals_of((0, 1, 20, 30, 1.0)), truths, 1e-9) == 0.0
    # The IoU is continuous: half frames count.
    assert fixed(proposals_of((0, 1, 10, 15.5, 1.0)), truths, 0.55) == 1.0


@pytest.mark.parametrize("truths", [truths_of(), truths_of((0, 0, 0, 9)), truths_of((0, 1, 30, 40))])
def test_without_a_truth_there_is_no_fixed_map(truths: Truths) -> None:
    found = map_fixed(proposals_of((0, 1, 0, 9, 0.5)), truths, [20])
    assert np.isnan(found.by_iou).tolist() == [True] * len(IOUS)
    assert math.isnan(found.mean)
    assert "no test video" in found.reason


def test_without_a_truth_there_is_no_legacy_map() -> None:
    found = map_legacy(proposals_of((0, 1, 0, 9, 0.5)), truths_of(), 2)
    assert math.isnan(found.mean)
    assert "no test video" in found.reason


def test_without_a_proposal_the_map_is_zero() -> None:
    truths = truths_of((0, 1, 0, 9))
    assert map_fixed(proposals_of(), truths, [20]).by_iou.tolist() == [0.0] * 5
    assert map_legacy(proposals_of(), truths, 2).by_iou.tolist() == [0.0] * 5


@settings(max_examples=60)
@given(any_proposals(), any_truths(), st.sampled_from(IOUS), st.booleans())
def test_map_is_that_of_plain_loops(proposals: Proposals, truths: Truths, iou: float, old: bool) -> None:
    expected = looped_map(proposals, truths, LENGTHS, iou, legacy=old)
    found = (
        map_legacy(proposals, truths, CLASSES, [iou]) if old else map_fixed(proposals, truths, LENGTHS, [iou])
    )
    assert found.mean == pytest.approx(expected, nan_ok=True)
    assert bool(found.reason) == math.isnan(expected)


@settings(max_examples=40)
@given(any_proposals(distinct=True), any_truths(), st.randoms(use_true_random=False))
def test_the_order_of_videos_and_proposals_does_not_matter(proposals, truths, random) -> None:  # type: ignore[no-untyped-def]
    renamed = np.array(random.sample(range(VIDEOS), VIDEOS))
    order = np.array(random.sample(range(len(proposals.video)), len(proposals.video)), dtype=np.int64)
    moved = proposals.at(order)
    moved = moved._replace(video=renamed[moved.video])
    there = truths._replace(video=renamed[truths.video])
    for a, b in zip(both(proposals, truths), both(moved, there), strict=True):
        np.testing.assert_allclose(a, b)


@settings(max_examples=40)
@given(any_proposals(), any_truths())
def test_only_the_order_of_scores_matters(proposals: Proposals, truths: Truths) -> None:
    curved = proposals._replace(score=np.exp(3 * proposals.score) - 7)
    # Every class ranks on its own.
    shifted = proposals._replace(score=proposals.score + 5 * proposals.label)
    for a, b, c in zip(both(proposals, truths), both(curved, truths), both(shifted, truths), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


@settings(max_examples=40)
@given(any_proposals(), any_truths())
def test_a_longer_clock_changes_nothing(proposals: Proposals, truths: Truths) -> None:
    slow = proposals._replace(start=4 * proposals.start, end=4 * proposals.end)
    long = truths._replace(start=4 * truths.start, end=4 * truths.end)
    fixed_map = map_fixed(slow, long, [4 * LENGTH] * VIDEOS).by_iou
    np.testing.assert_array_equal(both(proposals, truths)[0], fixed_map)
    np.testing.assert_array_equal(both(proposals, truths)[1], map_legacy(slow, long, CLASSES).by_iou)


@settings(max_examples=40)
@given(any_truths())
def test_the_truth_finds_itself(truths: Truths) -> None:
    inside = truths.at(truths.start < LENGTH)
    clipped = inside._replace(end=np.minimum(inside.end, LENGTH))
    found = map_fixed(Proposals(*clipped, np.arange(len(clipped.video))), truths, LENGTHS)
    assert found.reason or found.by_iou.tolist() == [1.0] * 5


def both(proposals: Proposals, truths: Truths) -> list[np.ndarray]:
    fixed_map = map_fixed(proposals, truths, LENGTHS).by_iou
    return [fixed_map, map_legacy(proposals, truths, CLASSES).by_iou]


@pytest.mark.parametrize(
    ("proposals", "message"),
    [
        (proposals_of((0, 1, 0, 9, math.nan)), "score nan at position 0"),
        (proposals_of((0, 1, 0, 9, 1), (0, 1, 0, 9, math.inf)), "score inf at position 1"),
        (proposals_of((0, 1, 9, 9, 1)), r"segment \[9, 9\) at position 0"),
        (proposals_of((0, 1, math.nan, 9, 1)), r"segment \[nan, 9\)"),
        (proposals_of((0, 1, 0, math.inf, 1)), r"segment \[0, inf\)"),
        (proposals_of((-1, 1, 0, 9, 1)), "video -1"),
        (proposals_of((7, 1, 0, 9, 1)), "a segment of video 7, there are 2"),
        (proposals_of((0, 1, 0, 9, 1))._replace(label=np.array([0.5])), "label of dtype float64"),
        (proposals_of((0, 1, 0, 9, 1))._replace(score=np.zeros(2)), r"scores of shape \(2,\)"),
        (proposals_of((0, 1, 0, 9, 1))._replace(end=np.zeros(2)), "one of each per segment"),
    ],
)
def test_proposals_that_are_none_are_refused(proposals: Proposals, message: str) -> None:
    with pytest.raises(VadbenchError, match=message):
        map_fixed(proposals, truths_of((0, 1, 0, 5)), [10, 10])


def test_segments_of_unknown_videos_and_classes_are_refused() -> None:
    one = proposals_of((0, 1, 0, 9, 1))
    with pytest.raises(VadbenchError, match="truths: a segment of video 3, there are 2"):
        map_fixed(one, truths_of((3, 1, 0, 5)), [10, 10])
    with pytest.raises(VadbenchError, match="truths: class 2, there are 2"):
        map_legacy(one, truths_of((0, 2, 0, 5)), 2)
    with pytest.raises(VadbenchError, match="proposals: class 1, there are 1"):
        map_legacy(one, truths_of((0, 0, 0, 5)), 1)
