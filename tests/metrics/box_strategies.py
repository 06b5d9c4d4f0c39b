"""Boxes and masks on a small raster as hypothesis draws them: overlapping, touching and empty ones."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SIZE = 9
"""Pixels of either side of the raster."""


@st.composite
def box(draw: st.DrawFn) -> list[int]:
    """Left, top, right, bottom on whole pixels, possibly empty."""
    left, right = sorted((draw(st.integers(0, SIZE)), draw(st.integers(0, SIZE))))
    top, bottom = sorted((draw(st.integers(0, SIZE)), draw(st.integers(0, SIZE))))
    return [left, top, right, bottom]


def boxes_of(min_size: int = 0, max_size: int = 4) -> st.SearchStrategy[np.ndarray]:
    """Boxes (n, 4) int64."""
    listed = st.lists(box(), min_size=min_size, max_size=max_size)
    return listed.map(lambda boxes: np.array(boxes, dtype=np.int64).reshape(-1, 4))


def masks() -> st.SearchStrategy[np.ndarray]:
    """Masks (SIZE, SIZE) bool."""
    return arrays(np.bool_, (SIZE, SIZE))


def raster(boxes: np.ndarray) -> np.ndarray:
    """The pixels (SIZE, SIZE) bool that boxes with whole corners cover together."""
    pixels = np.zeros((SIZE, SIZE), dtype=bool)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = True
    return pixels
