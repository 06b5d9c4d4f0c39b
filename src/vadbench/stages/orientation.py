"""Orientation histograms: how fast the blocks of a region move, by direction (Local Patterns, TME)."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vadbench.models.hevc_dump import BLOCK, INTRA

BINS = 8
"""Bin `k` has the vectors whose `atan2(y, x)` is from `-pi + k pi/4` to below `-pi + (k + 1) pi/4`; y points
down, so that bin 4 begins with motion to the right and bin 6 with motion downwards. The angle pi, which
`atan2` gives for motion straight to the left, is -pi here and in bin 0."""

_QUARTERS = 4
# Regions times blocks that are looked at together: 16 MB of indices.
_PAIRS = 1 << 20

Histograms: TypeAlias = NDArray[np.float32]
Zeros: TypeAlias = Literal["left_out", "counted"]
Average: TypeAlias = Literal["direction", "region"]


def orientation_histograms(
    boxes: NDArray[np.floating],
    field: NDArray[np.int16],
    *,
    zeros: Zeros = "left_out",
    average: Average = "direction",
) -> Histograms:
    """The mean speed of each region's blocks in each of `BINS` directions, in pixels per frame.

    A block belongs to every region whose box its centre lies in, the left and upper edge included, the others
    not (**reading**; the box is the detector's, not expanded). Blocks without a vector are left out.

    Args:
        boxes: (R, 4) left, top, right, bottom in pixels; what lies outside the field has no blocks.
        field: (rows, columns, 2) x and y of each block in quarter pixels per frame, or `INTRA`; blocks have a
            side of `BLOCK` pixels, and the first one's corner is at 0, 0.
        zeros: whether vectors of length zero are in no bin or in that of angle 0.
        average: over the vectors of a direction, or over all of the region that are in some bin.

    Returns:
        (R, BINS); 0 in a bin without vectors.
    """
    counted = field[..., 0] != INTRA
    if zeros == "left_out":
        counted &= field.any(axis=-1)
    rows, columns = np.nonzero(counted)
    x, y = field[rows, columns].astype(np.int64).T
    # Of whole numbers below 2 ** 31 the root is the exact one rounded, on every machine.
    speeds = np.sqrt(x * x + y * y) / _QUARTERS
    bins = directions(x, y)
    centres = (np.stack([columns, rows]) + 0.5) * BLOCK
    found = np.empty((len(boxes), BINS), np.float32)
    step = max(1, _PAIRS // max(1, len(bins)))
    for start in range(0, len(boxes), step):
        inside = _inside(boxes[start : start + step], centres)
        found[start : start + step] = _means(inside, bins, speeds, average)
    return found


def directions(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) bins of vectors; by comparisons alone, since an angle that is rounded may leave its bin."""
    lower = (y > 0) | ((y == 0) & (x >= 0))
    x, y = np.where(lower, x, -x), np.where(lower, y, -y)  # turned into the half from 0 to pi
    obtuse = (x <= 0) & (y > 0)
    x, y = np.where(obtuse, y, x), np.where(obtuse, -x, y)  # and into the quarter from 0 to pi/2
    steep = (y >= x) & (y > 0)
    bins: NDArray[np.int64] = 4 * lower + 2 * obtuse + steep
    return bins


def _inside(boxes: NDArray[np.floating], centres: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(R, n) whether centres (2, n), x and y, lie in boxes (R, 4)."""
    left, top, right, bottom = boxes.T[..., None]
    x, y = centres
    inside: NDArray[np.bool_] = (left <= x) & (x < right) & (top <= y) & (y < bottom)
    return inside


def _means(
    inside: NDArray[np.bool_], bins: NDArray[np.int64], speeds: NDArray[np.float64], average: Average
) -> NDArray[np.float64]:
    """(R, BINS) mean of the speeds (n,) that are inside a region and of a bin; 0 where there is none."""
    region, block = np.nonzero(inside)
    cells, size = region * BINS + bins[block], len(inside) * BINS
    counts = np.bincount(cells, minlength=size).reshape(-1, BINS)
    sums = np.bincount(cells, weights=speeds[block], minlength=size).reshape(-1, BINS)
    if average == "region":
        counts = counts.sum(axis=1, keepdims=True)
    means: NDArray[np.float64] = sums / np.maximum(counts, 1)
    return means
