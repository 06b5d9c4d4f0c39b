"""TIoU against rasters and means written out, its gate, and the trivial boxes on the real annotations."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from box_strategies import box, boxes_of, masks, raster
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.errors import VadbenchError
from vadbench.metrics import (
    box_areas,
    centred_half,
    draw_resamples,
    frame_ious,
    macro_tiou,
    random_boxes,
    resampled_mean,
    tiou,
    video_tious,
    whole_frame,
)

Case = tuple[list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]


@st.composite
def annotated_frames(draw: st.DrawFn) -> Case:
    """Predicted boxes, truth regions and scores of some frames, and the starts of their videos."""
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    frames = sum(lengths)
    region = st.one_of(boxes_of(1), masks()).filter(lambda r: (r if r.dtype == bool else raster(r)).any())
    predicted = draw(st.lists(boxes_of(0, 3), min_size=frames, max_size=frames))
    truth = draw(st.lists(region, min_size=frames, max_size=frames))
    score = st.sampled_from([0.0, 0.49999, 0.5, 0.7, 1.0])
    scores = draw(st.lists(score, min_size=frames, max_size=frames))
    return predicted, truth, np.array(scores), np.cumsum([0, *lengths])


def slow_ious(case: Case, gate: float) -> list[float]:
    ious = []
    for boxes, region, score in zip(*case[:3], strict=True):
        pixels = region if region.dtype == bool else raster(region)
        drawn = [raster(box[None]) for box in boxes]
        best = max(((one & pixels).sum() / (one | pixels).sum() for one in drawn), default=0.0)
        ious.append(float(best) if score >= gate else 0.0)
    return ious


@given(annotated_frames(), st.sampled_from([0.5, 0.7, None]))
@settings(max_examples=60)
def test_tiou_by_rasterising(case: Case, gate: float | None) -> None:
    predicted, truth, scores, starts = case
    expected = slow_ious(case, -math.inf if gate is None else gate)
    ious = frame_ious(predicted, truth)
    assert tiou(ious, scores, gate=gate) == pytest.approx(
        np.mean(expected) if expected else math.nan, nan_ok=True
    )
    means = [np.mean(expected[a:b]) for a, b in pairwise(starts) if b > a]
    assert macro_tiou(ious, scores, starts, gate=gate) == pytest.approx(
        np.mean(means) if means else math.nan, nan_ok=True
    )
    assert np.isnan(video_tious(ious, scores, starts)).sum() == len(starts) - 1 - len(means)


@given(annotated_frames(), st.integers(0, 9))
@settings(max_examples=30)
def test_resamples_are_those_of_the_drawn_videos(case: Case, seed: int) -> None:
    predicted, truth, scores, starts = case
    ious, lengths = frame_ious(predicted, truth), np.diff(starts)
    counts = draw_resamples(len(lengths), 5, seed)
    values = video_tious(ious, scores, starts)
    macro, micro = resampled_mean(values, counts), resampled_mean(values, counts * lengths)
    for row, one_macro, one_micro in zip(counts, macro, micro, strict=True):
        drawn = np.repeat(np.arange(len(lengths)), row)
        frames = np.concatenate([np.arange(starts[v], starts[v + 1]) for v in drawn])
        edges = np.cumsum([0, *lengths[drawn]])
        assert one_micro == pytest.approx(tiou(ious[frames], scores[frames]), nan_ok=True)
        assert one_macro == pytest.approx(macro_tiou(ious[frames], scores[frames], edges), nan_ok=True)


def test_the_default_gate_keeps_one_half_and_drops_less() -> None:
    ious, scores = [0.8, 0.4, 0.6], np.array([0.5, np.nextafter(0.5, 0), 0.9])
    assert tiou(ious, scores) == pytest.approx((0.8 + 0.6) / 3)
    assert tiou(ious, scores, gate=None) == pytest.approx(0.6)
    assert tiou(ious, scores, gate=0.95) == 0.0


def test_several_truths_count_as_one_region() -> None:
    truth = [[0, 0, 2, 2], [2, 0, 4, 2]]
    assert frame_ious([[[0, 0, 4, 2]]], [truth]).tolist() == [1.0]
    assert frame_ious([[[0, 0, 2, 2]]], [truth]).tolist() == [0.5]


def test_the_best_of_several_boxes_counts_and_none_is_zero() -> None:
    truth = [[0, 0, 4, 4]]
    assert frame_ious([[[0, 0, 1, 1], [0, 0, 4, 2]], []], [truth, truth]).tolist() == [0.5, 0.0]


def test_no_annotated_frame_is_undefined() -> None:
    assert math.isnan(tiou([], []))
    assert math.isnan(macro_tiou([], [], [0, 0]))


def test_bad_input_is_refused_with_its_place() -> None:
    with pytest.raises(VadbenchError, match="position 1: its truth is empty"):
        frame_ious([[], []], [[[0, 0, 1, 1]], np.zeros((2, 2), dtype=bool)])
    with pytest.raises(VadbenchError, match="position 0: box 0 is"):
        frame_ious([[[3, 0, 1, 1]]], [[[0, 0, 1, 1]]])
    with pytest.raises(VadbenchError, match="one entry per frame"):
        frame_ious([[]], [])
    with pytest.raises(VadbenchError, match="scores: nan at position 1"):
        tiou([0.5, 0.5], [0.5, math.nan])
    with pytest.raises(VadbenchError, match=r"IoUs: 1\.5 at position 0"):
        tiou([1.5], [0.5])
    with pytest.raises(VadbenchError, match="one per frame"):
        tiou([0.5], [0.5, 0.5])
    with pytest.raises(VadbenchError, match="starts"):
        macro_tiou([0.5], [0.5], [0, 2])


def test_trivial_boxes_of_a_frame() -> None:
    assert whole_frame(320, 240).tolist() == [[0, 0, 320, 240]]
    assert centred_half(320, 240).tolist() == [[80, 60, 240, 180]]
    assert centred_half([320, 8], [240, 4]).tolist() == [[80, 60, 240, 180], [2, 1, 6, 3]]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 99))
@settings(max_examples=60)
def test_random_boxes_have_the_area_and_lie_in_the_frame(shares: list[float], seed: int) -> None:
    areas = np.array(shares) * 32 * 18
    boxes = random_boxes(areas, 32, 18, seed)
    assert box_areas(boxes) == pytest.approx(areas, abs=1e-9)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= np.array([32, 18]) + 1e-9).all()
    np.testing.assert_array_equal(boxes, random_boxes(areas, 32, 18, seed))


def test_random_boxes_are_anywhere_and_follow_from_the_seed() -> None:
    boxes = random_boxes(np.full(4000, 12.0), 6, 8, seed=1)  # 3 x 4: left is uniform in [0, 3], top in [0, 4]
    assert boxes[:, :2].mean(axis=0) == pytest.approx([1.5, 2], abs=0.1)
    assert boxes[:, :2].min(axis=0) == pytest.approx([0, 0], abs=0.02)
    assert boxes[:, 2:].max(axis=0) == pytest.approx([6, 8], abs=0.02)
    assert (boxes != random_boxes(np.full(4000, 12.0), 6, 8, seed=2)).any()


@pytest.mark.parametrize("area", [-1.0, 48.1, math.nan])
def test_random_boxes_need_an_area_inside_the_frame(area: float) -> None:
    with pytest.raises(VadbenchError, match="at position 1, allowed is 0 to 48"):
        random_boxes([1.0, area], 6, 8, seed=0)


@given(box(), box())
@settings(max_examples=30)
def test_the_score_is_no_part_of_an_ungated_tiou(one: list[int], other: list[int]) -> None:
    if not raster(np.array([other])).any():
        return
    ious = frame_ious([[one], [one]], [[other], [other]])
    assert tiou(ious, [0.0, 1.0], gate=None) == ious[0]
    assert tiou(ious, [0.0, 1.0]) == ious[0] / 2


@pytest.mark.real
def test_trivial_boxes_on_ucf_crime(real_data: Path) -> None:
    videos = json.loads((real_data / "ucf_crime/Test_Spatial_Annotation.json").read_text())
    reference = json.loads((real_data / "ucf_crime/tiou_reference_values.json").read_text())
    truth = [[box] for frames in videos.values() for box in frames.values()]
    numbers = np.array([int(number) for frames in videos.values() for number in frames])
    starts = np.cumsum([0, *map(len, videos.values())])
    sure = np.ones(len(truth))
    assert (len(videos), len(truth)) == (140, 3102)
    for trivial, name in (
        (whole_frame, "full_frame_0_0_320_240"),
        (centred_half, "centre_half_80_60_240_180"),
    ):
        ious = frame_ious(trivial(np.full(len(truth), 320), 240)[:, None], truth)
        expected = reference[name]
        assert tiou(ious, sure) == pytest.approx(expected["micro_mean_over_3102_boxes"], abs=1e-12)
        assert macro_tiou(ious, sure, starts) == pytest.approx(
            expected["macro_mean_over_140_videos"], abs=1e-12
        )
        assert (ious >= 0.5).sum() == expected["boxes_iou_ge_0.5"]
    even = (numbers % 2 == 0).astype(float)
    ious = frame_ious(whole_frame(np.full(len(truth), 320), 240)[:, None], truth)
    gated = reference["full_frame_gated_even_frame_numbers_only"]
    assert even.sum() == gated["kept"]
    assert tiou(ious, even) == pytest.approx(gated["micro"], abs=1e-12)
