"""Boxes and arrows over a frame: where they are in the picture, and which way arrows point."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from vadbench.figures.overlay import (
    ARROW_COLOUR,
    TRACK_COLOURS,
    OverlaidFrame,
    Regions,
    draw_overlaid,
    magnification,
    thinned_arrows,
)
from vadbench.models.hevc_dump import INTRA

SIZE = (96, 64)
SCALE = 1280 / 96
"""Pixels of the picture per pixel of a frame of `SIZE`."""
ROWS, COLUMNS = 8, 12
HEAD = 24
"""Pixels of the picture above the frame."""


def near(image: NDArray[np.uint8], colour: str, most: int = 12) -> NDArray[np.bool_]:
    wanted = np.rint(255 * np.array(to_rgb(colour)))
    return np.abs(image.astype(float) - wanted).max(axis=-1) <= most


def bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def field(*vectors: tuple[int, int, Sequence[int]]) -> NDArray[np.int16]:
    """Zero but at some rows and columns; in quarter pixels."""
    made = np.zeros((ROWS, COLUMNS, 2), np.int16)
    for row, column, vector in vectors:
        made[row, column] = vector
    return made


def drawn(
    width: int = 96, height: int = 64, **content: object
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The frame's part of the picture, and the legend's; the image is of `width` and `height`."""
    image = np.full((height, width, 3), 90, np.uint8)
    picture = draw_overlaid(OverlaidFrame(image, SIZE, "a   ·   frame 3", **content))  # type: ignore[arg-type]
    end = HEAD + round(SIZE[1] * SCALE)
    return picture[HEAD:end], picture[end:]


@pytest.mark.parametrize(("x", "y"), [(6, 0), (-6, 0), (0, 5), (0, -5), (4, -3)])
def test_an_arrow_starts_in_its_block_and_points_where_it_moved(x: float, y: float) -> None:
    frame, _ = drawn(field=field((4, 6, (int(4 * x), int(4 * y)))))
    times = magnification(np.array([[x, y]]), SCALE)
    start = (6.5 * 8 * SCALE, 4.5 * 8 * SCALE)
    end = (start[0] + x * times * SCALE, start[1] + y * times * SCALE)
    left, top, right, bottom = bounds(near(frame, ARROW_COLOUR))
    # Half a head's width beside the shaft, which the rim takes a part of.
    assert min(start[0], end[0]) - left == pytest.approx(0, abs=5)
    assert right - max(start[0], end[0]) == pytest.approx(0, abs=5)
    assert min(start[1], end[1]) - top == pytest.approx(0, abs=5)
    assert bottom - max(start[1], end[1]) == pytest.approx(0, abs=5)
    # The head, which is wider than the shaft, is at the end.
    ys, xs = np.nonzero(near(frame, ARROW_COLOUR))
    along = ((xs - start[0]) * x + (ys - start[1]) * y) / np.hypot(x, y)
    across = np.abs((xs - start[0]) * y - (ys - start[1]) * x) / np.hypot(x, y)
    length = np.hypot(x, y) * times * SCALE
    assert across[along > length - 10].max() > across[along < length - 10].max()


def test_the_legends_arrow_is_as_long_as_one_of_its_motion() -> None:
    # 8 pixels are what fits at this scale, not enlarged.
    frame, legend = drawn(field=field((4, 2, (4 * 4, 0)), (6, 2, (4 * 8, 0))))
    of_frame = bounds(near(frame[round(6 * 8 * SCALE) :], ARROW_COLOUR))
    of_legend = bounds(near(legend, ARROW_COLOUR))
    length = of_legend[2] - of_legend[0]
    ratio = (of_frame[2] - of_frame[0]) / length
    assert min(abs(ratio - expected) for expected in (1, 2, 4)) < 0.05
    assert near(legend, "#6B6B6B").any()


def test_blocks_that_do_not_move_have_no_arrow_and_intra_ones_are_shaded() -> None:
    plain, _ = drawn()
    frame, _ = drawn(field=field((2, 3, (INTRA, INTRA))))
    assert not near(frame, ARROW_COLOUR).any()
    changed = (frame != plain).any(axis=-1)
    block = [round(side * 8 * SCALE) for side in (3, 2, 4, 3)]
    assert np.allclose(bounds(changed), block, atol=1)
    inside = frame[block[1] + 3 : block[3] - 3, block[0] + 3 : block[2] - 3].astype(int)
    assert (inside[..., 0] > inside[..., 1] + 50).all()


def regions(*boxes: Sequence[float], tracks: Sequence[int]) -> Regions:
    count = len(boxes)
    return Regions(np.array(boxes).reshape(-1, 4), ["cart"] * count, np.full(count, 0.75), np.array(tracks))


@pytest.mark.parametrize("stored", [(96, 64), (48, 32), (31, 20)])
def test_boxes_are_at_their_pixels_of_the_decoded_frame(stored: tuple[int, int]) -> None:
    frame, _ = drawn(*stored, regions=regions((24, 32, 72, 60), tracks=[3]))
    edges = near(frame, TRACK_COLOURS[3])
    edges[: round(32 * SCALE) - 3] = False  # its label
    expected = [side * SCALE for side in (24, 32, 72, 60)]
    assert np.allclose(bounds(edges), expected, atol=2)
    # Only its outline.
    assert not edges[round(36 * SCALE) : round(56 * SCALE), round(28 * SCALE) : round(68 * SCALE)].any()


def test_boxes_are_coloured_by_track() -> None:
    frame, _ = drawn(regions=regions((8, 16, 24, 60), (56, 16, 88, 60), tracks=[1, 1 + len(TRACK_COLOURS)]))
    half = frame.shape[1] // 2
    assert near(frame[:, :half], TRACK_COLOURS[1]).sum() > 500
    assert near(frame[:, half:], TRACK_COLOURS[1]).sum() > 500
    other, _ = drawn(regions=regions((8, 16, 24, 60), (56, 16, 88, 60), tracks=[1, 2]))
    assert near(other[:, half:], TRACK_COLOURS[2]).sum() > 500
    assert not near(other[:, half:], TRACK_COLOURS[1]).any()


def test_a_label_at_the_upper_edge_lies_in_the_frame() -> None:
    frame, _ = drawn(regions=regions((8, 0, 40, 30), tracks=[0]))
    label = near(frame, "white", 60)
    assert label.sum() > 50
    assert bounds(label)[1] >= round(30 * SCALE) - 3


def test_the_picture_keeps_to_its_size() -> None:
    for width, height in ((360, 640), (17, 16), (3000, 20)):
        image = np.zeros((height // 2, width // 2, 3), np.uint8)
        vectors = np.full((-(-height // 8), -(-width // 8), 2), 8, np.int16)
        picture = draw_overlaid(OverlaidFrame(image, (width, height), "a", field=vectors))
        assert picture.shape[1] == 1280
        assert len(picture) <= 960 + 60


def test_thinned_arrows_are_the_longest_of_their_cells() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.integers(-40, 41, (7, 10, 2)).astype(np.int16)
    vectors[generator.random((7, 10)) < 0.3] = 0
    vectors[generator.random((7, 10)) < 0.3] = INTRA
    for every in (1, 2, 3):
        expected = {}
        for row, column in product(range(7), range(10)):
            x, y = vectors[row, column].tolist()
            cell, length = (row // every, column // every), x * x + y * y
            if x != INTRA and length > expected.get(cell, (0,))[0]:
                expected[cell] = (length, 8 * column + 4, 8 * row + 4, x / 4, y / 4)
        found = thinned_arrows(vectors, every)
        assert np.array_equal(
            np.hstack([found.starts, found.vectors]), [each[1:] for _, each in sorted(expected.items())]
        )
    assert len(thinned_arrows(np.full((2, 2, 2), INTRA, np.int16), 1).starts) == 0


def test_dense_blocks_are_thinned_in_the_picture() -> None:
    """A frame of 1920 x 1080: its blocks are five pixels apart in the picture, arrows twelve at least."""
    vectors = np.zeros((135, 240, 2), np.int16)
    vectors[..., 0] = 4
    image = np.full((270, 480, 3), 90, np.uint8)
    picture = draw_overlaid(OverlaidFrame(image, (1920, 1080), "a", field=vectors))[HEAD:-30]
    lines = near(picture, ARROW_COLOUR, 60).any(axis=1)
    assert np.diff(np.flatnonzero(np.diff(lines.astype(int)) == 1)).min() >= 12


def test_motion_is_enlarged_until_most_arrows_are_long_enough() -> None:
    for length in (0.25, 1, 3, 10, 60):
        vectors = np.array([[length, 0.0]] * 20)
        for scale in (0.5, 1, 4):
            times = magnification(vectors, scale)
            assert times == 1 or times * length * scale <= 36
            assert times == 20 or 2 * times * length * scale > 36
    assert magnification(np.zeros((0, 2)), 1) == 1
