"""Frames with what a method localised in them: heat map, predicted boxes in red, true ones in green."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vadbench.datasets import VideoAnnotation
from vadbench.datasets.true_regions import Region, true_regions
from vadbench.evaluation.sources import StoredScores
from vadbench.figures.stored_frames import nearest_rows
from vadbench.figures.style import PREDICTED_RED, TRUE_GREEN
from vadbench.metrics import component_boxes
from vadbench.stages.images import read_image
from vadbench.store import Part, Store

_HEAT_SHARE = 0.55  # of the heat map's colours in the overlay
Boxes = NDArray[np.float64]
"""(n, 4) left, top, right, bottom as shares of the frame."""


@dataclass(frozen=True)
class LocalisedFrame:
    """One row: its frame (H, W, 3) RGB as stored, heat (h, w) in [0, 1], boxes with the best first."""

    image: NDArray[np.uint8]
    heat: NDArray[np.floating]
    predicted: Boxes
    true: Boxes
    frame: int
    time: float
    score: float


def localised_frames(
    scores: Part,
    frames: Part | Store,
    id: str,
    rows: Sequence[int],
    annotation: VideoAnnotation,
    data_root: Path,
) -> Iterator[LocalisedFrame]:
    """Rows of a video with all there is to draw.

    A row shows the true regions of the first annotated frame from its own up to the next row's; of a mask the
    boxes of its parts.

    Args:
        scores: with heat maps and boxes.
        frames: the set of frames below.
        id: the video.
        rows: of the scores.
        annotation: of the video.
        data_root: folder of the data sets, where pixel masks are read.

    Raises:
        VadbenchError: masks are missing or damaged.
    """
    source = StoredScores(scores)
    frame, time, score = scores.frame(id), scores.time(id), scores.read(id, "score")
    sizes, boxes, heat = source.frame_size(id), source.boxes(id), scores.read(id, "heat")
    true = _regions_of_rows(annotation, frame, scores.frame_count(id), data_root)
    stored = nearest_rows(frames.frame(id), frame.astype(np.int64))
    for row in rows:
        size = np.tile(sizes[row], 2)
        yield LocalisedFrame(
            image=read_image(frames, id, int(stored[row])),
            heat=heat[row].astype(np.float32),
            predicted=boxes[row] / size,
            true=true.get(row, np.zeros((0, 4))) / size,
            frame=int(frame[row]),
            time=float(time[row]),
            score=float(score[row]),
        )


def with_boxes(one: LocalisedFrame, width: int) -> NDArray[np.uint8]:
    """The frame at a width with its predicted boxes, the best one bold, and its true ones."""
    picture = _fitted(one.image, width)
    draw = ImageDraw.Draw(picture)
    for rank, box in reversed(list(enumerate(one.predicted))):
        _outline(draw, box, picture.size, PREDICTED_RED, 1 if rank else 3)
    # Last and thinner than the best one, so that each is seen where both are the same.
    for box in one.true:
        _outline(draw, box, picture.size, TRUE_GREEN, 2)
    return np.asarray(picture)


def with_heat(one: LocalisedFrame, width: int) -> NDArray[np.uint8]:
    """The frame at a width below its heat map, from dark for 0 to yellow for 1 on every frame alike."""
    picture = _fitted(one.image, width)
    # Pillow's bilinear enlargement takes cells and pixels at their centres, as the boxes were made.
    heat = Image.fromarray(one.heat).resize(picture.size, Image.Resampling.BILINEAR)
    colours = 255 * colormaps["inferno"](np.clip(np.asarray(heat), 0, 1))[..., :3]
    grey = np.asarray(picture.convert("L"), np.float64)[..., None]
    shown: NDArray[np.uint8] = np.rint(_HEAT_SHARE * colours + (1 - _HEAT_SHARE) * grey).astype(np.uint8)
    return shown


def _regions_of_rows(
    annotation: VideoAnnotation, frame: NDArray[np.int32], frames: int, data_root: Path
) -> dict[int, Boxes]:
    """Boxes in pixels by row, for the rows with an annotated frame."""
    found: dict[int, Boxes] = {}
    for number, region in true_regions(annotation, frames, data_root):
        row = int(np.searchsorted(frame, number, "right")) - 1
        if row >= 0 and row not in found:
            found[row] = _boxes(region)
    return found


def _boxes(region: Region) -> Boxes:
    return component_boxes(region).astype(np.float64) if region.dtype == np.bool_ else region


def _fitted(image: NDArray[np.uint8], width: int) -> Image.Image:
    height = max(round(width * image.shape[0] / image.shape[1] / 2) * 2, 2)
    return Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)


def _outline(
    draw: ImageDraw.ImageDraw,
    box: NDArray[np.float64],
    size: tuple[int, int],
    colour: str,
    width: int,
) -> None:
    left, top, right, bottom = np.rint(box * np.tile(size, 2)).astype(int).tolist()
    draw.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=colour, width=width)
