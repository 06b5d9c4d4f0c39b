"""From row scores to frame scores: each rule against a plain loop, and what no row covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vadbench.config import EvaluationSettings
from vadbench.errors import VadbenchError
from vadbench.evaluation.alignment import frame_scores, row_stride, smooth_rows

HOLD = EvaluationSettings()
REPEAT = EvaluationSettings(score_to_frame="repeat")
INTERPOLATE = EvaluationSettings(score_to_frame="interpolate")


@st.composite
def rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Rising source frames, their scores and a number of frames that may cut some of them off."""
    frame = np.array(sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=8))))
    score = draw(arrays(np.float32, len(frame), elements=st.floats(-1, 1, width=32)))
    return frame, score, draw(st.integers(1, 45))


@given(rows())
def test_hold_takes_the_last_row_at_or_before_a_frame(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    frame, score, frames = case
    expected = [
        max(((f, s) for f, s in zip(frame, score, strict=True) if f <= t), default=(0, np.nan))[1]
        for t in range(frames)
    ]
    got = frame_scores(frame, score, frames, HOLD, stride=0)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)


@given(rows())
def test_interpolate_is_linear_between_rows_and_flat_after_the_last(
    case: tuple[np.ndarray, np.ndarray, int],
) -> None:
    frame, score, frames = case
    got = frame_scores(frame, score, frames, INTERPOLATE, stride=0)
    assert len(got) == frames
    inside = frame < frames
    np.testing.assert_array_equal(got[frame[inside]], score[inside])
    if not inside.any():
        assert np.isnan(got).all()
        return
    assert np.isnan(got[: frame[0]]).all()
    np.testing.assert_array_equal(got[frame[inside][-1] :], score[inside][-1])
    for a, b in zip(np.flatnonzero(inside)[:-1], np.flatnonzero(inside)[1:], strict=True):
        between = np.linspace(score[a], score[b], frame[b] - frame[a] + 1)
        np.testing.assert_allclose(got[frame[a] : frame[b] + 1], between, atol=1e-6)


def test_repeat_counts_rows_and_leaves_the_rest_without_a_score() -> None:
    score = np.array([1.0, 2.0])
    np.testing.assert_array_equal(
        frame_scores(np.array([0, 3]), score, 7, REPEAT, stride=3), [1, 1, 1, 2, 2, 2, np.nan]
    )
    np.testing.assert_array_equal(frame_scores(np.array([0, 3]), score, 4, REPEAT, stride=3), [1, 1, 1, 2])


@pytest.mark.parametrize("stride", [1, 4])
def test_the_rules_agree_on_rows_at_every_stride_of_a_constant(stride: int) -> None:
    frame = np.arange(0, 20, stride)
    for settings in (HOLD, REPEAT, INTERPOLATE):
        np.testing.assert_array_equal(
            frame_scores(frame, np.full(len(frame), 0.3), 20, settings, stride), 0.3
        )


def test_one_row_covers_the_whole_video_and_no_row_none_of_it() -> None:
    assert frame_scores(np.array([0]), np.array([0.5]), 3, HOLD, stride=0).tolist() == [0.5] * 3
    assert np.isnan(frame_scores(np.array([], dtype=int), np.array([]), 3, HOLD, stride=0)).all()


@pytest.mark.parametrize("frame", [[0, 0], [2, 1], [-1, 3]])
def test_rows_that_do_not_rise_are_refused(frame: list[int]) -> None:
    with pytest.raises(VadbenchError, match="rise"):
        frame_scores(np.array(frame), np.zeros(2), 5, HOLD, stride=0)


def test_the_stride_is_that_of_all_rows_or_an_error() -> None:
    assert row_stride([np.array([0, 4, 8]), np.array([0])]) == 4
    with pytest.raises(VadbenchError, match="2, 4"):
        row_stride([np.array([0, 4]), np.array([0, 2])])
    with pytest.raises(VadbenchError, match="no video with two rows"):
        row_stride([np.array([0])])


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(-1, 1)), st.integers(0, 9))
def test_smoothing_is_the_mean_over_a_window_with_repeated_ends(score: np.ndarray, width: int) -> None:
    last = len(score) - 1
    expected = [
        np.mean([score[min(max(t + d, 0), last)] for d in range(-(width // 2), -(width // 2) + width)])
        if width > 1
        else score[t]
        for t in range(len(score))
    ]
    np.testing.assert_allclose(smooth_rows(score, width), expected, atol=1e-12)


@given(st.floats(-1, 1), st.integers(0, 9), st.integers(1, 30))
def test_smoothing_keeps_equal_scores_equal(value: float, width: int, rows: int) -> None:
    assert len(set(smooth_rows(np.full(rows, value), width).tolist())) == 1


def test_smoothing_comes_before_the_frames() -> None:
    settings = EvaluationSettings(smoothing_rows=3)
    got = frame_scores(np.array([0, 2, 4]), np.array([0.0, 3.0, 0.0]), 6, settings, stride=0)
    assert got.tolist() == [1, 1, 1, 1, 1, 1]
