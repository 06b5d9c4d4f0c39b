"""Resizing to a short side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from vadbench.video import resize_short_side


@pytest.mark.parametrize(
    ("shape", "short_side", "expected"),
    [((240, 360), 120, (120, 180)), ((360, 240), 100, (150, 100)), ((47, 65), 20, (20, 27))],
)
def test_the_shorter_side_gets_the_size(
    shape: tuple[int, int], short_side: int, expected: tuple[int, int]
) -> None:
    assert resize_short_side(np.zeros((*shape, 3), np.uint8), short_side).shape == (*expected, 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90))
def test_no_side_is_enlarged_and_the_short_one_is_exact(height: int, width: int, short_side: int) -> None:
    image = np.full((height, width, 3), 200, np.uint8)
    resized = resize_short_side(image, short_side)
    assert min(resized.shape[:2]) == min(short_side, height, width)
    assert resized.shape[0] <= height
    assert resized.shape[1] <= width
    assert (resized == 200).all()


def test_an_image_that_is_small_enough_is_left_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8)
    assert resize_short_side(image, 10) is image


def test_it_is_pillows_antialiased_bicubic_filter() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    expected = PillowImage.fromarray(image).resize((40, 30), PillowImage.Resampling.BICUBIC)
    np.testing.assert_array_equal(resize_short_side(image, 30), np.asarray(expected))
