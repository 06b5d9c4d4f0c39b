"""Fixed windows of a frame: where they lie, by known sizes and for any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.stages.fixed_windows import fixed_windows

# Width and height of a decoded frame, the paper's side, and by hand the lefts and tops.
PAPER = {
    "shanghaitech": ((856, 480), 224, [0, 112, 224, 336, 448, 560, 632], [0, 112, 224, 256]),
    "avenue": ((640, 360), 320, [0, 160, 320], [0, 40]),
    "ped2": ((360, 240), 60, [*range(0, 301, 30)], [*range(0, 181, 30)]),
}


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_sizes(name: str) -> None:
    (width, height), side, lefts, tops = PAPER[name]
    expected = [[left, top, left + side, top + side] for top in tops for left in lefts]
    found = fixed_windows(width, height, side)
    assert found.dtype == np.float32
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((50, 40), [[0, 0, 50, 40]]),
        ((60, 60), [[0, 0, 60, 60]]),
        ((61, 40), [[0, 0, 60, 40], [1, 0, 61, 40]]),
        ((90, 20), [[0, 0, 60, 20], [30, 0, 90, 20]]),
    ],
)
def test_small_frames_clip_them(size: tuple[int, int], expected: list[list[int]]) -> None:
    assert fixed_windows(*size, 60).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 50))
def test_they_cover_every_pixel_and_stay_inside(width: int, height: int, side: int) -> None:
    boxes = fixed_windows(width, height, side).astype(int)
    covered = np.zeros((height, width), bool)
    for left, top, right, bottom in boxes:
        assert (right - left, bottom - top) == (min(side, width), min(side, height))
        assert left >= 0
        assert top >= 0
        covered[top:bottom, left:right] = True
        assert right <= width
        assert bottom <= height
    assert covered.all()
    assert len({tuple(box) for box in boxes.tolist()}) == len(boxes)
    # Neighbours in a row are at most half a window apart.
    lefts = sorted(set(boxes[:, 0].tolist()))
    assert max(np.diff(lefts), default=0) <= max(1, side // 2)
