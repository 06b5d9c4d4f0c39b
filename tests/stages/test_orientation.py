"""Orientation histograms against a plain loop over regions and blocks, and what must not change them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray

from vadbench.models.hevc_dump import BLOCK, INTRA
from vadbench.stages import orientation
from vadbench.stages.orientation import BINS, Average, Zeros, orientation_histograms

Boxes = NDArray[np.float32]
Field = NDArray[np.int16]


def plain_histograms(boxes: Boxes, field: Field, zeros: Zeros, average: Average) -> NDArray[np.float32]:
    """What the text says, block after block."""
    found = np.zeros((len(boxes), BINS), np.float32)
    for region, (left, top, right, bottom) in enumerate(boxes.tolist()):
        speeds: list[list[float]] = [[] for _ in range(BINS)]
        for row, line in enumerate(field.tolist()):
            for column, (x, y) in enumerate(line):
                centre = column * BLOCK + BLOCK / 2, row * BLOCK + BLOCK / 2
                if not (left <= centre[0] < right and top <= centre[1] < bottom) or x == INTRA:
                    continue
                if x or y or zeros == "counted":
                    angle = math.atan2(y, x)
                    place = 0 if angle == math.pi else math.floor((angle + math.pi) / (math.pi / 4))
                    speeds[place].append(math.sqrt(x * x + y * y) / 4)
        everything = sum(map(len, speeds))
        of = [len(each) if average == "direction" else everything for each in speeds]
        found[region] = [sum(each) / number if each else 0 for each, number in zip(speeds, of, strict=True)]
    return found


# Small numbers hit the borders of bins and the length zero; large ones are all that a field can hold.
vector = st.tuples(*2 * [st.integers(-3, 3) | st.integers(-32767, 32767)]) | st.just((INTRA, INTRA))


@st.composite
def fields(draw: st.DrawFn) -> Field:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    vectors = draw(st.lists(vector, min_size=rows * columns, max_size=rows * columns))
    return np.array(vectors, np.int16).reshape(rows, columns, 2)


@st.composite
def some_boxes(draw: st.DrawFn) -> Boxes:
    """Boxes in and beyond the fields, some with an edge on a block's centre, some without a block."""
    edge = st.integers(-12, 60).map(float) | st.floats(-12, 60, width=32)
    corners = draw(st_numpy.arrays(np.float32, (draw(st.integers(0, 6)), 2, 2), elements=edge))
    return np.sort(corners, axis=1).reshape(-1, 4)


zero_ways = st.sampled_from(["left_out", "counted"])
averages = st.sampled_from(["direction", "region"])


@settings(max_examples=60, deadline=None)
@given(some_boxes(), fields(), zero_ways, averages, st.integers(1, 40))
def test_histograms_are_those_of_a_plain_loop(
    boxes: Boxes, field: Field, zeros: Any, average: Any, pairs: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orientation, "_PAIRS", pairs)
        found = orientation_histograms(boxes, field, zeros=zeros, average=average)
    assert found.dtype == np.float32
    assert np.array_equal(found, plain_histograms(boxes, field, zeros, average))


@settings(max_examples=30, deadline=None)
@given(some_boxes(), fields())
def test_a_quarter_turn_moves_bins_by_two(boxes: Boxes, field: Field) -> None:
    x, y = field[..., 0], field[..., 1]
    turned = np.where(field == INTRA, field, np.stack([-y, x], -1))
    expected = np.roll(orientation_histograms(boxes, field), 2, axis=1)
    assert np.array_equal(orientation_histograms(boxes, turned), expected)


@settings(max_examples=30, deadline=None)
@given(some_boxes(), fields(), zero_ways)
def test_twice_the_motion_has_twice_the_bins(boxes: Boxes, field: Field, zeros: Any) -> None:
    field = np.where(field == INTRA, field, np.fix(field / 2)).astype(np.int16)
    doubled = np.where(field == INTRA, field, 2 * field)
    expected = 2 * orientation_histograms(boxes, field, zeros=zeros)
    assert np.array_equal(orientation_histograms(boxes, doubled, zeros=zeros), expected)


@settings(max_examples=30, deadline=None)
@given(some_boxes(), fields(), st.randoms(use_true_random=False))
def test_regions_do_not_depend_on_each_other(boxes: Boxes, field: Field, random: Any) -> None:
    order = random.sample(range(len(boxes)), len(boxes))
    expected = orientation_histograms(boxes, field)[order]
    assert np.array_equal(orientation_histograms(boxes[order], field), expected)


@pytest.mark.parametrize(
    ("angle", "place"),
    [
        ((-1, 0), 0),
        ((-1, -1), 1),
        ((0, -1), 2),
        ((1, -1), 3),
        ((1, 0), 4),
        ((1, 1), 5),
        ((0, 1), 6),
        ((-1, 1), 7),
    ],
)
@pytest.mark.parametrize("length", [1, 4, 32767])
def test_borders_of_bins_belong_to_the_bin_above(angle: Sequence[int], place: int, length: int) -> None:
    field = np.full((1, 1, 2), angle, np.int16) * np.int16(length)
    (found,) = orientation_histograms(np.array([[0, 0, 8, 8]], np.float32), field)
    assert np.flatnonzero(found).tolist() == [place]
    assert found[place] == pytest.approx(math.hypot(*angle) * length / 4)


def test_blocks_without_a_vector_are_not_blocks_that_stand_still() -> None:
    field = np.array([[[4, 0], [0, 0], [INTRA, INTRA]]], np.int16)
    box = np.array([[0, 0, 24, 8]], np.float32)
    assert orientation_histograms(box, field)[0, 4] == 1
    assert orientation_histograms(box, field, zeros="counted")[0, 4] == 0.5


def test_a_block_belongs_to_the_box_that_its_centre_lies_in() -> None:
    field = np.full((2, 3, 2), (8, 0), np.int16)
    for box, inside in (
        ([4, 4, 5, 5], True),
        ([5, 4, 11, 12], False),
        ([0, 0, 4, 8], False),
        ([0, 0, 4.5, 4.5], True),
        ([23, 0, 900, 16], False),
        ([-50, -50, 900, 900], True),
        ([24, 16, 40, 40], False),
    ):
        found = orientation_histograms(np.array([box], np.float32), field)
        assert found.tolist() == [[0, 0, 0, 0, 2 * inside, 0, 0, 0]], box


def test_one_wild_vector_fills_a_bin_or_counts_for_its_area() -> None:
    field = np.zeros((2, 4, 2), np.int16)
    field[..., 0] = 4
    field[0, 0] = (0, 400)
    box = np.array([[0, 0, 32, 16]], np.float32)
    right, down = 4, 6
    by_direction, by_region = (
        orientation_histograms(box, field, average=average)[0] for average in ("direction", "region")
    )
    assert (by_direction[right], by_direction[down]) == (1, 100)
    assert (by_region[right], by_region[down]) == (7 / 8, 100 / 8)
