"""From a heat map to boxes. The paper says "by shape detection algorithm"; how is ours."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.localisation.heat import resized

SMALLEST = 0.005
"""Share of the frame below which a component is dropped."""

_BINS = 256


class HeatBoxes(NamedTuple):
    """Boxes of one frame, most confident first; at least one."""

    box: Floats
    """(n, 4) left, top, right, bottom in pixels of the frame, half-open."""
    score: Floats
    """(n,) mean heat of the pixels that the box is drawn around."""


def heat_boxes(
    heat: Floats, size: tuple[int, int], hottest: Floats, threshold: float | Literal["otsu"]
) -> HeatBoxes:
    """Boxes around the 8-connected parts of a heat map above a threshold, on the pixels of the frame.

    Args:
        heat: (h, w) heat map on any grid; it is resized to the frame first.
        size: width and height of the frame in pixels.
        hottest: (4,) the box of the hottest window, taken where no part is large enough; its score is the
            mean heat inside.
        threshold: heat from which a pixel belongs to a part, or "otsu".
    """
    pixels = resized(heat, *size)
    cut = otsu_threshold(pixels) if threshold == "otsu" else threshold
    labelled, count = ndimage.label(pixels >= cut, structure=np.ones((3, 3)))
    area = np.bincount(labelled.ravel(), minlength=count + 1)[1:]
    heat_sum = np.bincount(labelled.ravel(), weights=pixels.ravel(), minlength=count + 1)[1:]
    found: list[tuple[float, tuple[float, float, float, float]]] = [
        (heat_sum[part] / area[part], (columns.start, rows.start, columns.stop, rows.stop))
        for part, (rows, columns) in enumerate(ndimage.find_objects(labelled))
        if area[part] >= SMALLEST * pixels.size
    ]
    found = sorted(found, key=lambda part: -part[0]) or [_fallback(pixels, hottest)]
    return HeatBoxes(
        box=np.array([box for _, box in found], np.float32),
        score=np.array([score for score, _ in found], np.float32),
    )


def otsu_threshold(values: NDArray[np.floating]) -> float:
    """The threshold between 256 equal bins that parts values best: largest variance between the two sides.

    Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9(1), 1979. Values from it on are above.
    Infinite where all values are equal.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.inf
    counts, edges = np.histogram(values, _BINS, (low, high))
    centres = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts)[:-1], counts.sum()
    sum_below, sum_all = np.cumsum(counts * centres)[:-1], (counts * centres).sum()
    # Both ends' bins hold a value, so that neither side is ever empty.
    mean_below, mean_above = sum_below / below, (sum_all - sum_below) / (total - below)
    between = below * (total - below) * (mean_above - mean_below) ** 2
    return float(edges[1:-1][between.argmax()])


def _fallback(pixels: Floats, box: Floats) -> tuple[float, tuple[float, float, float, float]]:
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    x0, y0, x1, y1 = box.tolist()
    return float(pixels[top:bottom, left:right].mean()), (x0, y0, x1, y1)
