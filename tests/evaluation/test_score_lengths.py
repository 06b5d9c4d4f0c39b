"""Which lengths of scores are normal, which are reported and which are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadbench.errors import VadbenchError
from vadbench.evaluation.lengths import FEW_FRAMES, Rows, Wanted, check_lengths, fits, rows_of


def in_order(rows: int, stride: int) -> Rows:
    return Rows((rows - 1) * stride if rows else -1, stride)


def check(rows: int, stride: int, frames: int, length: int | None = None) -> dict[str, int]:
    wanted = {"a": Wanted(frames, frames if length is None else length)}
    return check_lengths({"a": in_order(rows, stride)}, wanted, "scores", in_order=True)


@given(st.integers(1, 400), st.integers(4, 40), st.integers(-3, 4))
def test_one_row_more_or_less_fits_and_two_do_not(frames: int, stride: int, more: int) -> None:
    whole, ceil = frames // stride, -(-frames // stride)
    rows = max(whole + more, 0)
    assert fits(in_order(rows, stride), Wanted(frames, frames)) == (whole - 1 <= rows <= ceil + 1)


@given(st.integers(1, 400), st.integers(-6, 6))
def test_scores_per_frame_may_be_a_few_frames_off(frames: int, more: int) -> None:
    rows = max(frames + more, 0)
    assert fits(in_order(rows, 1), Wanted(frames, frames)) == (abs(rows - frames) <= FEW_FRAMES)


def test_the_four_frames_that_prediction_leaves_out_are_more_than_a_few() -> None:
    with pytest.raises(VadbenchError, match="one per frame, reach to frame 96, the video has 100 frames"):
        check(96, 1, 100)


@pytest.mark.parametrize(
    ("rows", "stride", "frames", "short"),
    [
        (100, 1, 100, {}),
        (101, 1, 100, {}),
        (98, 1, 100, {"a": 2}),
        (6, 16, 100, {}),
        (7, 16, 100, {}),
        (8, 16, 100, {}),
        (5, 16, 100, {"a": 20}),
        (5, 16, 96, {"a": 16}),
    ],
)
def test_what_no_whole_row_reaches_is_reported(
    rows: int, stride: int, frames: int, short: dict[str, int]
) -> None:
    assert check(rows, stride, frames) == short


def test_scores_may_be_as_long_as_the_video_or_as_what_is_evaluated_of_it() -> None:
    assert check(111, 1, 111, length=96) == {}
    assert check(96, 1, 111, length=96) == {}
    assert check(111, 1, 111, length=112) == {"a": 1}
    with pytest.raises(VadbenchError, match="has 111 frames, of which 96 are evaluated"):
        check(80, 1, 111, length=96)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([6, 12], "2 of 2 videos do not fit; with --stride 16 all would$"),
        ([96, 192], '2 of 2 videos do not fit; with --settings .{"length_rule": "floor16"}. all would$'),
        ([112, 208], 'with --settings .{"length_rule": "ceil16"}. all would$'),
        ([100, 192], "1 of 2 videos do not fit; give a score for every frame or every row"),
        ([0, 0], "reach to frame 0, .*give a score"),
        ([100, 1], "give a score"),
    ],
)
def test_an_error_says_what_would_help(rows: list[int], said: str) -> None:
    wanted = {"a": Wanted(100, 100), "b": Wanted(200, 200)}
    given = dict(zip("ab", (in_order(n, 1) for n in rows), strict=True))
    with pytest.raises(VadbenchError, match=said):
        check_lengths(given, wanted, "scores", in_order=True)


def test_frames_of_their_own_are_as_wide_as_their_widest_gap() -> None:
    assert rows_of(np.array([0, 4, 16, 20])) == Rows(20, 12)
    assert rows_of(np.array([], dtype=np.int64)).last == -1
    with pytest.raises(VadbenchError, match="check the numbers of their frames"):
        check_lengths({"a": Rows(20, 12)}, {"a": Wanted(200, 200)}, "scores", in_order=False)
