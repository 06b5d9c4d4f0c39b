"""Boxes of heat maps that are known by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.methods.layers.localisation.boxes import heat_boxes, otsu_threshold

HOTTEST = np.array([2, 4, 12, 14], np.float32)


def test_parts_above_the_threshold_have_tight_boxes_best_first() -> None:
    heat = np.zeros((20, 30), np.float32)
    heat[2:6, 1:4] = 0.6
    heat[10:15, 20:30] = 0.8
    heat[15:17, 25:26] = 0.5
    heat[0, 29] = 1  # one pixel of 600 is less than the smallest part
    found = heat_boxes(heat, (30, 20), HOTTEST, 0.5)
    assert found.box.tolist() == [[20, 10, 30, 17], [1, 2, 4, 6]]
    np.testing.assert_allclose(found.score, [(50 * 0.8 + 2 * 0.5) / 52, 0.6], rtol=1e-6)


@pytest.mark.parametrize(("pixels", "is_kept"), [(4, True), (3, False)])
def test_a_part_of_half_a_per_cent_is_kept(pixels: int, is_kept: bool) -> None:
    heat = np.zeros((20, 40), np.float32)
    heat[7, 3 : 3 + pixels] = 0.9
    found = heat_boxes(heat, (40, 20), HOTTEST, 0.5)
    assert found.box.tolist() == ([[3, 7, 7, 8]] if is_kept else [HOTTEST.tolist()])


def test_parts_that_touch_at_a_corner_are_one() -> None:
    heat = np.zeros((10, 10), np.float32)
    heat[2:4, 2:4] = heat[4:6, 4:6] = 0.7
    assert heat_boxes(heat, (10, 10), HOTTEST, 0.5).box.tolist() == [[2, 2, 6, 6]]


def test_without_a_part_the_hottest_window_is_taken_with_the_heat_inside() -> None:
    heat = np.full((20, 20), 0.1, np.float32)
    heat[4:14, 2:12] = 0.3
    found = heat_boxes(heat, (20, 20), HOTTEST, 0.5)
    assert found.box.tolist() == [HOTTEST.tolist()]
    assert found.score == pytest.approx([0.3])


def test_the_map_is_resized_to_the_frame_first() -> None:
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1
    # The cell's centre is at (50, 15), its neighbours' are 20 and 10 pixels away. Half a pixel from it, the
    # most that pixels have is 39/40 across and 19/20 down: 21/40 * 19/20 is below a half.
    found = heat_boxes(heat, (80, 40), HOTTEST, 0.5)
    ((left, top, right, bottom),) = found.box.tolist()
    assert (left, right) == (41, 59)
    assert (top, bottom) == (10, 20)


def test_otsu_parts_two_heaps() -> None:
    values = np.concatenate([np.linspace(0.1, 0.2, 50), np.linspace(0.7, 0.8, 20)])
    assert 0.2 < otsu_threshold(values) <= 0.7
    heat = np.full((10, 10), 0.02, np.float32)
    heat[3:6, 3:6] = 0.1
    assert heat_boxes(heat, (10, 10), HOTTEST, "otsu").box.tolist() == [[3, 3, 6, 6]]
    assert heat_boxes(heat * 0, (20, 20), HOTTEST, "otsu").box.tolist() == [HOTTEST.tolist()]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1, width=16), min_size=2, max_size=30))
def test_otsu_is_the_best_of_all_thresholds(given_values: list[float]) -> None:
    values = np.array([0.0, 1.0, *given_values])
    centre = (np.minimum(np.floor(values * 256), 255) + 0.5) / 256

    def between(cut: float) -> float:
        below, above = centre[values < cut], centre[values >= cut]
        return len(below) * len(above) * (below.mean() - above.mean()) ** 2

    best = max(between(n / 256) for n in range(1, 256))
    assert between(otsu_threshold(values)) == pytest.approx(best)
