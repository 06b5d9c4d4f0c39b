"""Areas and overlaps against rasters: every box with whole corners is a set of pixels."""

import numpy as np
import pytest
from box_strategies import SIZE, boxes_of, masks, raster
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.errors import VadbenchError
from vadbench.metrics import boxes as geometry


def slow_iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum()) if (one | other).any() else 0.0


@given(boxes_of(max_size=5))
@settings(max_examples=60)
def test_areas_count_pixels_once(boxes: np.ndarray) -> None:
    assert geometry.union_area(boxes) == raster(boxes).sum()
    assert geometry.box_areas(boxes).tolist() == [raster(box[None]).sum() for box in boxes]


@given(boxes_of(max_size=3), boxes_of(max_size=4))
@settings(max_examples=60)
def test_iou_with_a_region_of_boxes_counts_pixels(boxes: np.ndarray, region: np.ndarray) -> None:
    expected = [slow_iou(raster(box[None]), raster(region)) for box in boxes]
    assert geometry.region_ious(boxes, region) == pytest.approx(expected)


@given(boxes_of(max_size=3), masks())
@settings(max_examples=60)
def test_iou_with_a_mask_counts_pixels(boxes: np.ndarray, mask: np.ndarray) -> None:
    expected = [slow_iou(raster(box[None]), mask) for box in boxes]
    assert geometry.region_ious(boxes, mask) == pytest.approx(expected)


@given(boxes_of(min_size=1, max_size=4), st.integers(0, 3))
@settings(max_examples=60)
def test_iou_of_pairs_is_that_of_a_region_of_one_box(boxes: np.ndarray, shift: int) -> None:
    others = np.roll(boxes, shift, axis=0)
    expected = [geometry.region_ious(a[None], b[None])[0] for a, b in zip(boxes, others, strict=True)]
    assert geometry.pair_ious(boxes, others) == pytest.approx(expected)


@given(boxes_of(min_size=1, max_size=3), boxes_of(min_size=1, max_size=3))
@settings(max_examples=60)
def test_boxes_that_cut_through_pixels_are_as_exact_as_a_finer_grid(
    boxes: np.ndarray, region: np.ndarray
) -> None:
    fine = geometry.region_ious(boxes, region)
    assert geometry.region_ious(boxes / 4, region / 4) == pytest.approx(fine)
    # A mask of whole pixels under boxes of quarter pixels is the same mask drawn four times as large.
    mask = raster(region)
    large = np.kron(mask, np.ones((4, 4), dtype=bool))
    assert geometry.region_ious(boxes / 4, mask) == pytest.approx(geometry.region_ious(boxes, large))


def test_a_box_beyond_the_mask_keeps_its_area() -> None:
    mask = np.ones((4, 4), dtype=bool)
    assert geometry.region_ious([[-4.0, 0.0, 4.0, 4.0]], mask).tolist() == [0.5]
    assert geometry.region_ious([[8.0, 8.0, 9.0, 9.0]], mask).tolist() == [0.0]


def test_empty_boxes_overlap_nothing() -> None:
    assert geometry.region_ious([[1, 1, 1, 5]], [[1, 1, 1, 5]]).tolist() == [0.0]
    assert geometry.pair_ious([[1, 1, 1, 5]], [[1, 1, 1, 5]]).tolist() == [0.0]
    assert geometry.union_area([]) == 0.0


@given(masks())
@settings(max_examples=60)
def test_component_boxes_are_tight_and_cover_the_mask(mask: np.ndarray) -> None:
    boxes = geometry.component_boxes(mask)
    assert not (mask & ~raster(boxes)).any()
    for left, top, right, bottom in boxes:
        part = mask[top:bottom, left:right]
        assert part[0].any()
        assert part[-1].any()
        assert part[:, 0].any()
        assert part[:, -1].any()


def test_components_touch_at_corners_and_come_largest_first() -> None:
    mask = np.zeros((6, 8), dtype=bool)
    mask[0, 0] = mask[1, 1] = mask[2, 2] = True  # one part, joined by corners
    mask[0:2, 5:7] = True
    mask[5, 0] = mask[4, 7] = True
    expected = [[5, 0, 7, 2], [0, 0, 3, 3], [7, 4, 8, 5], [0, 5, 1, 6]]
    assert geometry.component_boxes(mask).tolist() == expected
    assert geometry.component_boxes(np.zeros((SIZE, SIZE), dtype=bool)).shape == (0, 4)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 1]], r"shape \(1, 3\)"),
        ([[0, 0, 1, 1], [3, 0, 2, 1]], "box 1 is"),
        ([[0, np.nan, 1, 1]], "box 0 is"),
        ([[0, 0, np.inf, 1]], "finite"),
        (np.zeros((5, 6)), r"shape \(5, 6\)"),
    ],
)
def test_what_is_no_box_is_refused(boxes: list[list[float]], message: str) -> None:
    with pytest.raises(VadbenchError, match=message):
        geometry.region_ious(boxes, [[0, 0, 1, 1]])
    with pytest.raises(VadbenchError, match=message):
        geometry.region_ious([[0, 0, 1, 1]], boxes)
