"""Areas and overlaps of boxes and regions.

A box is left, top, right, bottom in pixels, half-open: it covers [left, right) x [top, bottom) and is
right - left wide. A pixel in column c covers [c, c + 1), so boxes with inclusive corners become half-open by
adding 1 to right and bottom. A region is what several boxes cover together, or the true pixels of a mask.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from vadbench.errors import VadbenchError

Boxes = NDArray[np.float64]
"""(n, 4) left, top, right, bottom."""


def check_boxes(boxes: ArrayLike) -> Boxes:
    """Boxes (n, 4) as an array; one box (4,) and none () are allowed.

    Raises:
        VadbenchError: another shape, a number that is not finite, or a box that ends before it begins.
    """
    array = np.asarray(boxes, dtype=np.float64)
    if not array.size:
        return np.zeros((0, 4))
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[1] != 4:
        raise VadbenchError(
            f"boxes of shape {np.shape(boxes)}, allowed is (n, 4), or a mask of bool for a region"
        )
    bad = np.flatnonzero(~(np.isfinite(array).all(axis=1) & (array[:, :2] <= array[:, 2:]).all(axis=1)))
    if len(bad):
        box = ", ".join(f"{number:g}" for number in array[bad[0]])
        raise VadbenchError(
            f"box {bad[0]} is ({box}), allowed are finite numbers with left <= right and top <= bottom"
        )
    return array


def box_areas(boxes: ArrayLike) -> NDArray[np.float64]:
    """(n,) area of each box (n, 4), in pixels."""
    array = check_boxes(boxes)
    areas: NDArray[np.float64] = (array[:, 2] - array[:, 0]) * (array[:, 3] - array[:, 1])
    return areas


def pair_ious(boxes: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """(n,) IoU of each box with the other box of the same row, both (n, 4); 0 where both are empty."""
    ours, theirs = check_boxes(boxes), check_boxes(others)
    common = box_areas(_clip(ours, theirs))
    return _ratio(common, box_areas(ours) + box_areas(theirs) - common)


def union_area(boxes: ArrayLike) -> float:
    """Area that boxes (n, 4) cover together, exact: what several cover counts once."""
    array = check_boxes(boxes)
    columns, rows = np.unique(array[:, 0::2]), np.unique(array[:, 1::2])
    covered = np.zeros((max(len(rows) - 1, 0), max(len(columns) - 1, 0)))
    left, right = (np.searchsorted(columns, array[:, side]) for side in (0, 2))
    top, bottom = (np.searchsorted(rows, array[:, side]) for side in (1, 3))
    for x0, y0, x1, y1 in zip(left, top, right, bottom, strict=True):
        covered[y0:y1, x0:x1] = 1
    return float(np.diff(rows) @ covered @ np.diff(columns)) if covered.size else 0.0


def region_area(region: ArrayLike) -> float:
    """Area of a region: boxes (m, 4), or a mask (H, W) bool."""
    array = np.asarray(region)
    return float(np.count_nonzero(array)) if array.dtype == np.bool_ else union_area(array)


def region_ious(boxes: ArrayLike, region: ArrayLike) -> NDArray[np.float64]:
    """IoU of each box with a region; exact also for boxes that cut through pixels.

    Args:
        boxes: (n, 4).
        region: boxes (m, 4), meant together, or a mask (H, W) bool.

    Returns:
        (n,) float64 in [0, 1]; 0 where box and region are both empty.
    """
    array = check_boxes(boxes)
    truth = np.asarray(region)
    if truth.dtype == np.bool_:
        common = np.array([_covered_pixels(box, truth) for box in array])
    else:
        truth = check_boxes(truth)
        common = np.array([union_area(_clip(truth, box[None])) for box in array])
    return _ratio(common, box_areas(array) + region_area(truth) - common)


def component_boxes(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tight boxes (n, 4) of the 8-connected parts of a mask (H, W), the largest, then topmost first."""
    labelled, count = ndimage.label(mask, structure=np.ones((3, 3)))
    found = ndimage.find_objects(labelled)
    boxes = [(columns.start, rows.start, columns.stop, rows.stop) for rows, columns in found]
    pixels = np.bincount(labelled.ravel(), minlength=count + 1)[1:]
    order = sorted(range(count), key=lambda part: (-pixels[part], boxes[part][1], boxes[part][0]))
    return np.array([boxes[part] for part in order], dtype=np.int64).reshape(count, 4)


def _clip(boxes: Boxes, window: Boxes) -> Boxes:
    """What lies inside the window; a box beside it becomes empty."""
    corner = np.maximum(boxes[:, :2], window[:, :2])
    return np.concatenate([corner, np.maximum(np.minimum(boxes[:, 2:], window[:, 2:]), corner)], axis=1)


def _covered_pixels(box: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    """Area of the mask inside a box, pixels on its edge in part."""
    columns, across = _overlap(box[0], box[2], mask.shape[1])
    rows, down = _overlap(box[1], box[3], mask.shape[0])
    return float(down @ mask[rows, columns] @ across)


def _overlap(low: float, high: float, pixels: int) -> tuple[slice, NDArray[np.float64]]:
    """Pixels of one axis that [low, high) touches, and how much of each."""
    first, last = (int(np.clip(end, 0, pixels)) for end in (np.floor(low), np.ceil(high)))
    index = np.arange(first, last)
    return slice(first, last), np.minimum(high, index + 1) - np.maximum(low, index)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return ratio
