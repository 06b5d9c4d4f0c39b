"""RBDC and TBDC against a plain loop over the published description, cases by hand, and the real tracks."""

import math
from pathlib import Path

import numpy as np
import pytest
from box_strategies import boxes_of
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.region_tracks import read_tracks
from vadbench.errors import VadbenchError
from vadbench.metrics import Found, Regions, draw_resamples, find_regions, rbdc_tbdc, resampled_rbdc_tbdc

Case = tuple[Regions, np.ndarray, Regions, np.ndarray, np.ndarray]
"""Detections, their scores, true regions, their tracks, frames of each video."""


def regions(rows: list[tuple[int, int, list[int]]]) -> Regions:
    """Regions of (video, frame, box)."""
    video, frame, boxes = zip(*rows, strict=True) if rows else ((), (), ())
    return Regions(
        np.array(video, dtype=np.int64),
        np.array(frame, dtype=np.int64),
        np.array(boxes, float).reshape(-1, 4),
    )


def rbdc_and_tbdc(case: Case) -> tuple[float, float]:
    detections, scores, truth, track, frames = case
    return rbdc_tbdc(find_regions(detections, scores, truth, track, len(frames)), frames)


def inclusive_iou(a: list[int], b: list[int]) -> float:
    """As the published script counts: corners belong to the box."""
    wide = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    high = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    size = sum((box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b))
    return wide * high / (size - wide * high)


def slow_rbdc_tbdc(case: Case) -> tuple[float, float]:
    """All of the description, step by step: every track is counted anew after every detection."""
    detections, scores, truth, track, frames = case
    inclusive = [[x0, y0, x1 - 1, y1 - 1] for x0, y0, x1, y1 in truth.box.tolist()]
    of_track: dict[tuple[int, int], list[int]] = {}
    for region, key in enumerate(zip(truth.video.tolist(), track.tolist(), strict=True)):
        of_track.setdefault(key, []).append(region)
    matched: set[int] = set()
    true = false = 0
    points = [(0.0, 0.0, 0.0)]
    for d in sorted(range(len(scores)), key=lambda d: -scores[d]):
        x0, y0, x1, y1 = detections.box[d].tolist()
        here = [
            region
            for region, box in enumerate(inclusive)
            if (truth.video[region], truth.frame[region]) == (detections.video[d], detections.frame[d])
            and inclusive_iou([x0, y0, x1 - 1, y1 - 1], box) >= 0.1
        ]
        if not here:
            false += 1
        true += len(set(here) - matched)
        matched |= set(here)
        found = [len(matched & set(members)) / len(members) >= 0.1 for members in of_track.values()]
        points.append((false / frames.sum(), true / len(inclusive), sum(found) / len(found)))
    kept = [point for point in points if point[0] <= 1]
    if kept[-1][0] < 1:
        kept.append((1.0, *kept[-1][1:]))
    rate, region_rate, track_rate = np.array(kept).T
    return float(np.trapezoid(region_rate, rate)), float(np.trapezoid(track_rate, rate))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few frames, so that detections meet regions, false ones pass one per frame, and tracks are long."""
    frames = np.array(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    solid = boxes_of(1, 1).map(lambda boxes: boxes[0] + np.array([0, 0, 1, 1]))

    def place() -> tuple[int, int, list[int]]:
        video = draw(st.integers(0, len(frames) - 1))
        return video, draw(st.integers(0, int(frames[video]) - 1)), draw(solid).tolist()

    truth = [place() for _ in range(draw(st.integers(1, 14)))]
    detections = [place() for _ in range(draw(st.integers(0, 14)))]
    track = draw(st.lists(st.integers(0, 1), min_size=len(truth), max_size=len(truth)))
    score = st.sampled_from([0.1, 0.5, 0.5, 0.9])
    scores = draw(st.lists(score, min_size=len(detections), max_size=len(detections)))
    return regions(detections), np.array(scores), regions(truth), np.array(track), frames


@given(cases())
@settings(max_examples=60)
def test_both_follow_the_published_description(case: Case) -> None:
    assert rbdc_and_tbdc(case) == pytest.approx(slow_rbdc_tbdc(case), abs=1e-12)


@given(cases(), st.integers(0, 9))
@settings(max_examples=30)
def test_resamples_are_those_of_the_drawn_videos(case: Case, seed: int) -> None:
    detections, _, truth, track, frames = case
    # Distinct scores: of equal ones, copies of a video would come in another order.
    scores = np.random.default_rng(seed).permutation(len(detections.video)).astype(float)
    counts = draw_resamples(len(frames), 6, seed)
    found = find_regions(detections, scores, truth, track, len(frames))
    rbdc, tbdc = resampled_rbdc_tbdc(found, frames, counts)
    for row, *pair in zip(counts, rbdc, tbdc, strict=True):
        drawn = np.repeat(np.arange(len(frames)), row)
        taken = [(new, np.flatnonzero(detections.video == old)) for new, old in enumerate(drawn)]
        sought = [(new, np.flatnonzero(truth.video == old)) for new, old in enumerate(drawn)]
        which, what = (np.concatenate([at for _, at in part]) for part in (taken, sought))
        again = find_regions(
            copies(detections, taken), scores[which], copies(truth, sought), track[what], len(drawn)
        )
        assert pair == pytest.approx(rbdc_tbdc(again, frames[drawn]), nan_ok=True, abs=1e-12)


def copies(original: Regions, parts: list[tuple[int, np.ndarray]]) -> Regions:
    video = np.concatenate([np.full(len(at), new) for new, at in parts])
    at = np.concatenate([at for _, at in parts])
    return Regions(video, original.frame[at], original.box[at])


BOX, ELSEWHERE = [0, 0, 10, 10], [50, 50, 60, 60]


def test_a_false_detection_before_the_true_one_costs_its_share_of_frames() -> None:
    truth = regions([(0, 0, BOX)])
    detections = regions([(0, 1, BOX), (0, 0, BOX)])
    case = (detections, np.array([0.9, 0.8]), truth, np.zeros(1, int), np.array([4]))
    # One false positive in four frames, then the region: the curve is 0 up to 0.25 and 1 from there.
    assert rbdc_and_tbdc(case) == (0.75, 0.75)


def test_what_is_found_after_one_false_positive_per_frame_counts_nothing() -> None:
    truth = regions([(0, 0, BOX)])
    detections = regions([(0, 0, ELSEWHERE), (0, 0, ELSEWHERE), (0, 0, BOX)])
    for frames, expected in ((2, 0.0), (3, 1 / 3)):
        case = (detections, np.array([3.0, 2.0, 1.0]), truth, np.zeros(1, int), np.array([frames]))
        assert rbdc_and_tbdc(case) == pytest.approx((expected, expected))


def test_a_track_is_found_with_a_tenth_of_its_regions() -> None:
    for size in (10, 11, 20, 30, 70):
        truth = regions([(0, frame, BOX) for frame in range(size)])
        for detected in range(1, size // 5 + 2):
            case = (
                regions([(0, frame, BOX) for frame in range(detected)]),
                np.ones(detected),
                truth,
                np.zeros(size, int),
                np.array([size]),
            )
            rbdc, tbdc = rbdc_and_tbdc(case)
            assert rbdc == pytest.approx(detected / size)
            assert tbdc == (1.0 if 10 * detected >= size else 0.0)


def test_one_detection_finds_several_regions_and_a_repeat_is_neither_true_nor_false() -> None:
    truth = regions([(0, 0, [0, 0, 10, 10]), (0, 0, [10, 0, 20, 10])])
    once = regions([(0, 0, [0, 0, 20, 10])])
    twice = regions([(0, 0, [0, 0, 20, 10])] * 2)
    for detections in (once, twice):
        scores = np.linspace(1, 0.5, len(detections.video))
        found = find_regions(detections, scores, truth, np.array([0, 1]), 1)
        assert found.regions.tolist() == [2, 0][: len(scores)]
        assert found.tracks.tolist() == [2, 0][: len(scores)]
        assert not found.false.any()
        assert rbdc_tbdc(found, [1]) == (1.0, 1.0)


def test_an_iou_of_exactly_a_tenth_finds_a_region() -> None:
    truth = regions([(0, 0, [0, 0, 10, 10])])
    for box, expected in (([0, 0, 10, 1], 1.0), ([0, 0, 9, 1], 0.0)):
        case = (regions([(0, 0, box)]), np.ones(1), truth, np.zeros(1, int), np.array([100]))
        assert rbdc_and_tbdc(case)[0] == expected


def test_a_region_of_another_frame_or_video_is_not_found() -> None:
    truth = regions([(0, 1, BOX)])
    for video, frame in ((0, 0), (1, 1), (1, 0)):
        found = find_regions(regions([(video, frame, BOX)]), [1.0], truth, [0], 2)
        assert found.false.tolist() == [True]
        assert found.regions.tolist() == [0]


def test_tracks_of_different_videos_with_one_number_are_different() -> None:
    truth = regions([(0, 0, BOX), (1, 0, BOX)])
    found = find_regions(regions([(1, 0, BOX)]), [1.0], truth, [7, 7], 2)
    assert found.all_tracks.tolist() == [1, 1]
    assert rbdc_tbdc(found, [5, 5]) == (0.5, 0.5)


def test_no_detection_finds_nothing_and_no_region_is_undefined() -> None:
    one, none = regions([(0, 0, BOX)]), regions([])
    assert rbdc_tbdc(find_regions(none, [], one, [0], 1), [3]) == (0.0, 0.0)
    found = find_regions(one, [1.0], none, np.zeros(0, int), 1)
    assert all(math.isnan(value) for value in rbdc_tbdc(found, [3]))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_finite_number_is_refused(bad: float) -> None:
    two = regions([(0, 0, BOX), (0, 1, BOX)])
    with pytest.raises(VadbenchError, match=r"detections: scores .* at position 1"):
        find_regions(two, [0.5, bad], two, [0, 0], 1)


def test_bad_regions_are_refused_with_their_place() -> None:
    one = regions([(0, 0, BOX)])
    with pytest.raises(VadbenchError, match="video 1, frame 0 at position 0"):
        find_regions(regions([(1, 0, BOX)]), [1.0], one, [0], 1)
    with pytest.raises(VadbenchError, match="frame -1 at position 0"):
        find_regions(one, [1.0], regions([(0, -1, BOX)]), [0], 1)
    with pytest.raises(VadbenchError, match=r"truth: .* one of each per box"):
        find_regions(one, [1.0], one, [0, 1], 1)
    with pytest.raises(VadbenchError, match="box 0 is"):
        find_regions(regions([(0, 0, [5, 0, 4, 1])]), [1.0], one, [0], 1)
    found = find_regions(one, [1.0], one, [0], 1)
    with pytest.raises(VadbenchError, match="allowed are numbers from 1"):
        rbdc_tbdc(found, [0])
    with pytest.raises(VadbenchError, match="one column per video"):
        rbdc_tbdc(found, [3, 3])


@pytest.mark.real
def test_the_tracks_of_shanghaitech_find_themselves(real_data: Path) -> None:
    found, truth = shanghaitech(real_data, shift=0)
    assert (found.all_tracks.sum(), found.all_regions.sum(), len(found.all_tracks)) == (158, 18_937, 107)
    assert rbdc_tbdc(found, np.full(107, 381)) == (1.0, 1.0)
    assert len(truth.video) == 18_937


@pytest.mark.real
def test_wrong_frames_find_fewer_tracks_of_shanghaitech(real_data: Path) -> None:
    found, _ = shanghaitech(real_data, shift=60)
    rbdc, tbdc = rbdc_tbdc(found, np.full(107, 381))
    assert 0 < rbdc < 0.6
    assert rbdc < tbdc < 1


def shanghaitech(real_data: Path, shift: int) -> tuple[Found, Regions]:
    """Its tracks as detections, `shift` frames late, against themselves."""
    paths = sorted((real_data / "rbdc/shanghaitech_tracks").glob("*.txt"))
    files = [read_tracks(path, 856, 480) for path in paths]
    video = np.repeat(np.arange(len(files)), [len(file.track) for file in files])
    frame, box, track = (
        np.concatenate([getattr(file, name) for file in files]) for name in ("frame", "box", "track")
    )
    truth = Regions(video, frame, box.astype(np.float64))
    late = truth._replace(frame=frame + shift)
    return find_regions(late, np.ones(len(track)), truth, track, len(files)), truth
