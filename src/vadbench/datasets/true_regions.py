"""True regions of abnormal frames, from boxes or pixel masks, whichever a benchmark has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets.annotations import VideoAnnotation
from vadbench.datasets.pixel_masks import open_masks

Region = NDArray[Any]
"""Boxes (m, 4) float64 left, top, right, bottom in pixels, meant together; or a mask (H, W) bool."""


def has_regions(video: VideoAnnotation) -> bool:
    """Whether regions of the video are annotated."""
    return bool(video.boxes) or video.masks is not None


def true_regions(video: VideoAnnotation, frames: int, data_root: Path) -> Iterator[tuple[int, Region]]:
    """Every frame with an annotated region, in order, and its region; boxes go before masks.

    Args:
        video: its annotation; without boxes and masks there is nothing.
        frames: of the video as decoded; what is annotated behind them is left out.
        data_root: folder of the data sets, where masks are read.

    Raises:
        VadbenchError: masks are missing or damaged.
    """
    if video.boxes:
        yield from _of_boxes(video, frames)
    elif video.masks is not None:
        # Frames outside of the intervals are normal, whatever a mask has there.
        masks = open_masks(data_root / video.masks.path, video.frames or frames)
        last = min(frames, masks.frames)
        for start, end in ((0, last),) if video.intervals is None else video.intervals:
            for frame in range(start, min(end, last)):
                mask = masks.frame(frame)
                if mask.any():
                    yield frame, mask


def _of_boxes(video: VideoAnnotation, frames: int) -> Iterator[tuple[int, Region]]:
    by_frame: dict[int, list[tuple[float, ...]]] = {}
    for frame, *box in video.boxes:
        by_frame.setdefault(frame, []).append(tuple(box))
    for frame in sorted(by_frame):
        if frame < frames:
            yield frame, np.array(by_frame[frame], dtype=np.float64)
