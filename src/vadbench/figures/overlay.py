"""One frame, large, with boxes of regions and arrows of motion over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image

from vadbench.figures.style import GREY, INK, clean_text, drawing, new_figure, pixels
from vadbench.models.hevc_dump import BLOCK, INTRA

TRACK_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#882255")
"""Of tracks, by their number in turn: Okabe and Ito's but yellow, and Tol's wine."""
ARROW_COLOUR = "#F0E442"
COLOURS = (*TRACK_COLOURS, ARROW_COLOUR)
"""What a picture's palette has to keep."""
_INTRA_SHADE = np.array([1, 0, 1, 0.3])

_WIDTH, _MOST_HEIGHT = 1280, 960  # pixels; of the picture, and of the frame in it
_HEAD, _FOOT = 24, 30  # pixels above and below the frame
_APART = 12  # pixels of the picture between neighbouring arrows, at least
_USUAL_LENGTH = 36  # pixels of the picture: longer ones of a frame are few, or as long as they are
_MAGNIFICATIONS = (20, 15, 10, 8, 6, 5, 4, 3, 2)
_REFERENCES = (64, 32, 16, 8, 4, 2, 1, 0.5)  # pixels per frame
_REFERENCE_LENGTH = 90  # pixels of the picture, at most
_LABEL_HEIGHT = 13  # pixels of the picture
_QUARTERS = 4  # of a pixel


@dataclass(frozen=True)
class Regions:
    """What was found in a frame: boxes (n, 4) left, top, right, bottom; a class, score and track for each."""

    boxes: NDArray[np.floating]
    classes: Sequence[str]
    scores: NDArray[np.floating]
    tracks: NDArray[np.integer]


@dataclass(frozen=True)
class OverlaidFrame:
    """A frame and what lies over it.

    Args:
        image: (H, W, 3) RGB uint8, possibly smaller than the decoded frame.
        size: width and height of the decoded frame, in whose pixels boxes and vectors are.
        caption: what stands above.
        regions: None: no set of regions is shown.
        field: (rows, columns, 2) int16 as the stage `motion` stores it; None: no set of motion is shown.
    """

    image: NDArray[np.uint8]
    size: tuple[int, int]
    caption: str
    regions: Regions | None = None
    field: NDArray[np.int16] | None = None


@dataclass(frozen=True)
class Arrows:
    """Some vectors of a field: from (n, 2) to (n, 2), x and y in pixels of the decoded frame."""

    starts: NDArray[np.float64]
    vectors: NDArray[np.float64]


def draw_overlaid(frame: OverlaidFrame) -> NDArray[np.uint8]:
    """The frame, as large as 1280 x 960 pixels hold, with its boxes and arrows, (H, 1280, 3) RGB.

    A legend below gives the length of an arrow by one of a round number of pixels per frame.
    """
    width, height = frame.size
    scale = min(_WIDTH / width, _MOST_HEIGHT / height)
    shown = max(round(width * scale), 1), max(round(height * scale), 1)
    total = shown[1] + _HEAD + _FOOT
    with drawing():
        figure = new_figure(_WIDTH, total)
        page = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(total, 0))
        page.axis("off")
        page.text(4, _HEAD / 2, clean_text(frame.caption, 150), va="center", fontsize=9)
        axes = figure.add_axes((0, _FOOT / total, shown[0] / _WIDTH, shown[1] / total))
        axes.axis("off")
        _draw_raster(axes, np.asarray(_fitted(frame.image, shown)), frame.size)
        legend = []
        if frame.field is not None:
            legend = _draw_motion(axes, page, frame.field, scale, total - _FOOT / 2)
        if frame.regions is not None:
            _draw_regions(axes, frame.regions, scale)
            legend.append("boxes: class, confidence and #track, coloured by track")
        left = 4 if frame.field is None else _REFERENCE_LENGTH + 12
        page.text(left, total - _FOOT / 2, "; ".join(legend), va="center", color=GREY)
        axes.set(xlim=(0, width), ylim=(height, 0))
        return pixels(figure)


def thinned_arrows(field: NDArray[np.int16], every: int) -> Arrows:
    """The vectors of a field that are drawn: of each `every` x `every` blocks the longest, none of length 0.

    They start at the middle of their block and are in pixels. Blocks without a vector have none.
    """
    rows, columns = field.shape[:2]
    vectors: NDArray[np.float64] = np.where(field == INTRA, 0, field) / float(_QUARTERS)
    lengths = np.hypot(vectors[..., 0], vectors[..., 1])
    chosen = []
    for top in range(0, rows, every):
        for left in range(0, columns, every):
            cell = lengths[top : top + every, left : left + every]
            row, column = np.unravel_index(cell.argmax(), cell.shape)
            if cell[row, column]:
                chosen.append((top + row, left + column))
    places = np.array(chosen, np.int64).reshape(-1, 2)
    return Arrows((places[:, ::-1].astype(np.float64) + 0.5) * BLOCK, vectors[places[:, 0], places[:, 1]])


def magnification(vectors: NDArray[np.float64], scale: float) -> int:
    """How many times as long as the motion (n, 2) its arrows are drawn, so that most of them are seen.

    scale: pixels of the picture per pixel of the decoded frame.
    """
    if not len(vectors):
        return 1
    usual = float(np.quantile(np.hypot(vectors[:, 0], vectors[:, 1]), 0.95)) * scale
    return next((times for times in _MAGNIFICATIONS if times * usual <= _USUAL_LENGTH), 1)


def _fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    is_much_smaller = size[0] < image.shape[1] / 2
    return Image.fromarray(image).resize(
        size, Image.Resampling.BOX if is_much_smaller else Image.Resampling.BICUBIC
    )


def _draw_raster(axes: Axes, raster: NDArray[np.generic], size: tuple[int, int]) -> None:
    """Draw pixels or blocks over `size`, width and height in pixels of the decoded frame."""
    axes.imshow(raster, extent=(0, size[0], size[1], 0), interpolation="nearest", aspect="auto")


def _draw_motion(axes: Axes, page: Axes, field: NDArray[np.int16], scale: float, middle: float) -> list[str]:
    """Draw a field, and on the page at the height `middle` the arrow that the legend speaks of."""
    intra = field[..., 0] == INTRA
    _draw_raster(axes, intra[..., None] * _INTRA_SHADE, (BLOCK * intra.shape[1], BLOCK * intra.shape[0]))
    every = ceil(_APART / (BLOCK * scale))
    arrows = thinned_arrows(field, every)
    times = magnification(arrows.vectors, scale)
    _draw_arrows(axes, arrows, times)
    reference = next((each for each in _REFERENCES if each * times * scale <= _REFERENCE_LENGTH), 0.25)
    length = reference * times * scale
    _draw_arrows(page, Arrows(np.array([[6.0, middle]]), np.array([[length, 0.0]])), 1)
    of = "of each block" if every == 1 else f"of {every} x {every} blocks the longest"
    enlarged = "as long as it is" if times == 1 else f"{times} times enlarged"
    return [
        f"{reference:g} pixels per frame: arrows show {of} its motion since the frame before, {enlarged}",
        f"pink: intra ({int(intra.sum())} of {intra.size})",
    ]


def _draw_arrows(axes: Axes, arrows: Arrows, times: float) -> None:
    if not len(arrows.starts):
        return
    drawn = axes.quiver(
        *arrows.starts.T,
        *(arrows.vectors * times).T,
        angles="xy",
        scale_units="xy",
        scale=1,
        units="dots",
        width=1.6,
        headwidth=4,
        headlength=5,
        headaxislength=4.5,
        minlength=0,
        color=ARROW_COLOUR,
        zorder=4,
    )
    # A dark rim, so that they are seen on bright ground.
    drawn.set_path_effects([withStroke(linewidth=1.2, foreground=INK)])


def _draw_regions(axes: Axes, regions: Regions, scale: float) -> None:
    for box, name, score, track in zip(
        regions.boxes, regions.classes, regions.scores, regions.tracks, strict=True
    ):
        left, top, right, bottom = box.tolist()
        colour = TRACK_COLOURS[int(track) % len(TRACK_COLOURS)]
        axes.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, lw=1.4, zorder=3)
        )
        over = top * scale >= _LABEL_HEIGHT
        axes.text(
            left,
            top if over else bottom,
            f"{name} {score:.2f} #{track}",
            va="bottom" if over else "top",
            fontsize=7,
            color="white",
            clip_on=True,
            bbox={"facecolor": colour, "edgecolor": "none", "alpha": 0.85, "pad": 1},
            zorder=5,
        )
