"""Threshold proposals: worked by hand and against the published procedure as plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vadbench.errors import VadbenchError
from vadbench.metrics import threshold_proposals

Row = tuple[int, int, int, int, float]


def rows_of(*videos: np.ndarray) -> list[Row]:
    """Proposals as (video, class, start, end, score)."""
    columns = (column.tolist() for column in threshold_proposals(videos))
    return list(zip(*columns, strict=True))


def looped(videos: list[np.ndarray]) -> list[Row]:
    """The published procedure, one column and one frame after the other."""
    found = []
    for v, frames in enumerate(videos):
        for c, column in enumerate(frames.T.astype(float)):
            top = sorted(column, reverse=True)[: len(column) // 16]
            score = sum(top) / len(top) if top else 0.0
            cut = max(column) - 0.6 * (max(column) - min(column)) if score > 0 else np.inf
            start = None
            for t, value in enumerate([*column, -np.inf]):
                if value > cut and start is None:
                    start = t
                elif value <= cut and start is not None:
                    if t - start >= 2:
                        found.append((v, c, start, t, max(column[start:t]) + 0.7 * score))
                    start = None
    return found


def column(*rows: float, repeat: int = 16) -> np.ndarray:
    return np.repeat(np.array(rows, dtype=np.float32)[:, None], repeat, axis=0)


def test_a_run_above_the_cut_is_a_proposal() -> None:
    # The cut lies at 1 - 0.6 * 1 = 0.4; the video's score is the mean of the 5 highest of 80 frames, 1.
    assert rows_of(column(0, 0.5, 1, 0.25, 0.75)) == [
        (0, 0, 16, 48, pytest.approx(1.7)),
        (0, 0, 64, 80, pytest.approx(1.45)),
    ]


def test_the_video_score_is_the_mean_of_the_highest_sixteenth() -> None:
    frames = column(0, 0.25, 0.5, 1, repeat=1)
    # 52 frames: 3 count, of which only one is a 1.
    ramp = np.concatenate([frames, np.zeros((48, 1), np.float32)])
    assert rows_of(ramp) == [(0, 0, 2, 4, pytest.approx(1 + 0.7 * (1 + 0.5 + 0.25) / 3))]


def test_a_score_is_that_of_the_own_class() -> None:
    # The second class begins below its cut with more than the first one ever has.
    assert rows_of(np.hstack([column(0, 0.25), column(0.5, 2)])) == [
        (0, 0, 16, 32, pytest.approx(1.7 * 0.25)),
        (0, 1, 16, 32, pytest.approx(1.7 * 2)),
    ]


def test_a_value_on_the_cut_is_not_active() -> None:
    # The range 0 to 10 puts the cut at exactly 4.
    assert [(s, e) for *_, s, e, _ in rows_of(column(0, 4, 10, 4, 0))] == [(32, 48)]


def test_a_constant_column_proposes_nothing() -> None:
    assert rows_of(column(0.7, 0.7, 0.7)) == []
    assert rows_of(np.hstack([column(1, 1), column(0, 1)])) == [(0, 1, 16, 32, pytest.approx(1.7))]


def test_a_column_that_is_not_above_zero_proposes_nothing() -> None:
    assert rows_of(column(-3, -1, -3)) == []


def test_a_run_of_one_frame_is_none() -> None:
    spike = np.zeros((32, 1), np.float32)
    spike[7] = 1
    assert rows_of(spike) == []
    spike[8] = 1
    assert [(s, e) for *_, s, e, _ in rows_of(spike)] == [(7, 9)]


def test_a_video_below_sixteen_frames_proposes_nothing() -> None:
    ramp = np.repeat(np.float32([[0], [1]]), [5, 10], axis=0)
    assert rows_of(ramp, np.vstack([ramp, np.ones((1, 1))]), np.zeros((0, 1))) == [
        (1, 0, 5, 16, pytest.approx(1.7))
    ]


def test_no_video_no_proposal() -> None:
    assert [len(found) for found in threshold_proposals([])] == [0] * 5


videos = st.lists(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 70), st.just(3)),
        elements=st.sampled_from([-1, 0, 0.25, 0.4, 0.5, 1]),
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(videos)
def test_proposals_are_those_of_plain_loops(frames: list[np.ndarray]) -> None:
    expected = looped(frames)
    found = rows_of(*frames)
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    np.testing.assert_allclose([row[4] for row in found], [row[4] for row in expected])


@pytest.mark.parametrize("bad", [np.zeros(20), np.full((20, 2), np.nan), np.full((20, 2), np.inf)])
def test_values_that_are_none_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(VadbenchError, match="probabilities of video 1"):
        threshold_proposals([np.zeros((20, 2)), bad])
