"""TIoU of methods that localise, and of trivial boxes beside it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.datasets.true_regions import Region, has_regions, true_regions
from vadbench.errors import VadbenchError
from vadbench.evaluation.alignment import frame_scores
from vadbench.evaluation.gather import TestFrames
from vadbench.evaluation.measure import DECIMALS, Measured
from vadbench.evaluation.sources import ScoreSource
from vadbench.metrics import (
    GATE,
    box_areas,
    centred_half,
    draw_resamples,
    random_boxes,
    region_ious,
    resampled_mean,
    tiou,
    video_tious,
    whole_frame,
)

TIOU_BOXES: Mapping[str, str] = {
    "": "the most confident predicted box",
    "whole_frame": "the whole frame, a trivial box",
    "centred_half": "a box half as wide and high in the centre, a trivial box",
    "random": "a box of the predicted one's area, shaped like the frame, at a random place (one each, by the "
    "seed of the resampling), a trivial box",
}
"""Whose overlap with the truth is measured."""

TIOU_GATES: Mapping[str, float | None] = {"": GATE, "ungated": None}
"""Lowest score of a frame whose overlap counts."""

TIOU_MEANS: Mapping[str, str] = {
    "": "mean over annotated frames",
    "macro": "mean over videos of the mean over their annotated frames",
}
"""What is averaged over."""


def tiou_name(box: str = "", gate: str = "", mean: str = "") -> str:
    """The metric for keys of the three mappings; `tiou` is the predicted box, gated, over frames."""
    return "_".join(filter(None, ("tiou", box, gate, mean)))


TIOU_DEFINITIONS: Mapping[str, str] = {
    tiou_name(box, gate, mean): f"IoU of {text} with the truth (all true boxes of the frame, or its mask), "
    f"{f'0 where the frame scores below {least}' if least is not None else 'whatever the frame scores'}, "
    f"{average}; frames without a row are left out, boxes are not interpolated"
    for (box, text), (gate, least), (mean, average) in product(
        TIOU_BOXES.items(), TIOU_GATES.items(), TIOU_MEANS.items()
    )
}
"""What each metric of localisation is, in the order of the tables."""

NO_REGION = "no evaluated frame has a true region"


class BoxSource(ScoreSource, Protocol):
    """Scores per sampled row, with boxes beside them."""

    def boxes(self, id: str) -> Sequence[NDArray[Any]]:
        """Boxes (n, 4) of each row in pixels of the source frame, the most confident first."""

    def frame_size(self, id: str) -> NDArray[np.integer]:
        """(rows, 2) width and height in pixels of the source frame."""


class _VideoOverlaps(NamedTuple):
    """The annotated frames of a video."""

    ious: NDArray[np.float64]
    """(A, boxes) of each frame with the boxes of `TIOU_BOXES`."""
    scores: NDArray[np.floating]
    """(A,) of each frame."""


def measure_tiou(
    scores: BoxSource,
    annotations: Annotations,
    frames: TestFrames,
    settings: EvaluationSettings,
    data_root: Path,
) -> dict[str, Measured]:
    """All metrics of `TIOU_DEFINITIONS`, or none where no test video has annotated regions.

    They see the same resamples of test videos as those of frames.

    Args:
        scores: of the videos in `frames`.
        annotations: of the benchmark.
        frames: the evaluated videos.
        settings: of the evaluation.
        data_root: folder of the data sets, where pixel masks are read.

    Raises:
        VadbenchError: masks are missing or damaged, or masks or boxes do not fit the frames.
    """
    known = [at for at, id in enumerate(frames.videos) if has_regions(annotations.videos[id])]
    if not known:
        return {}
    drawn = draw_resamples(len(frames.videos), settings.bootstrap_resamples, settings.bootstrap_seed)
    overlaps = [
        _overlaps(scores, annotations, frames.videos[at], at, frames.stride, settings, data_root)
        for at in known
    ]
    starts = np.cumsum([0, *(len(video.scores) for video in overlaps)])
    values = np.concatenate([video.scores for video in overlaps])
    measured: dict[str, Measured] = {}
    for (number, box), gate in product(enumerate(TIOU_BOXES), TIOU_GATES):
        ious = np.concatenate([video.ious[:, number] for video in overlaps])
        measured |= _measured(box, gate, ious, values, starts, drawn[:, known])
    return measured


def _measured(
    box: str,
    gate: str,
    ious: NDArray[np.float64],
    scores: NDArray[np.floating],
    starts: NDArray[np.int64],
    counts: NDArray[np.int32],
) -> dict[str, Measured]:
    """Micro and macro mean of one box under one gate."""
    least = TIOU_GATES[gate]
    of_videos = video_tious(ious, scores, starts, gate=least)
    videos = int((~np.isnan(of_videos)).sum())
    reason = "" if videos else NO_REGION
    macro = float(np.nanmean(of_videos)) if videos else math.nan
    # Each video counts with its annotated frames: the mean over frames of what was drawn.
    micro_resampled = resampled_mean(of_videos, counts * np.diff(starts))
    found = (
        ("", tiou(ious, scores, gate=least), micro_resampled),
        ("macro", macro, resampled_mean(of_videos, counts)),
    )
    return {
        tiou_name(box, gate, mean): Measured(value, reason, videos, resampled.round(DECIMALS))
        for mean, value, resampled in found
    }


def _overlaps(
    scores: BoxSource,
    annotations: Annotations,
    id: str,
    number: int,
    stride: int,
    settings: EvaluationSettings,
    data_root: Path,
) -> _VideoOverlaps:
    """The annotated frames of a video that a row covers. `number` tells its random boxes from others'."""
    count = scores.frame_count(id)
    row_of = _rows_of_frames(scores.frame(id), count, settings, stride)
    of_frames = frame_scores(scores.frame(id), scores.score(id), count, settings, stride)
    covered = (
        (frame, region)
        for frame, region in true_regions(annotations.videos[id], count, data_root)
        if row_of[frame] >= 0 and np.isfinite(of_frames[frame])
    )
    sizes = scores.frame_size(id)
    first = np.array([boxes[0] if len(boxes) else np.zeros(4) for boxes in scores.boxes(id)]).reshape(-1, 4)
    try:
        compared = _boxes_beside(first, sizes, settings.bootstrap_seed + number)
        found = list(_frame_overlaps(covered, row_of, compared, sizes))
    except VadbenchError as error:
        raise VadbenchError(f"{scores.name}: video {id!r}: {error}") from None
    at = [frame for frame, _ in found]
    return _VideoOverlaps(
        ious=np.array([ious for _, ious in found]).reshape(-1, len(TIOU_BOXES)),
        scores=of_frames[at],
    )


def _rows_of_frames(
    frame: NDArray[np.integer], frames: int, settings: EvaluationSettings, stride: int
) -> NDArray[np.int64]:
    """(frames,) the row whose boxes a frame has, -1 for none: by the rule of the scores, not interpolated."""
    rule = "hold" if settings.score_to_frame == "interpolate" else settings.score_to_frame
    plain = settings.model_copy(update={"score_to_frame": rule, "smoothing_rows": 0})
    rows = frame_scores(frame, np.arange(len(frame), dtype=np.float64), frames, plain, stride)
    return np.where(np.isnan(rows), -1, rows).astype(np.int64)


def _boxes_beside(
    predicted: NDArray[np.float64], sizes: NDArray[np.integer], seed: int
) -> NDArray[np.float64]:
    """(rows, boxes, 4) of each row the boxes of `TIOU_BOXES`, from the predicted ones (rows, 4)."""
    width, height = sizes.T
    trivial = whole_frame(width, height), centred_half(width, height)
    chance = random_boxes(box_areas(predicted), width, height, seed)
    return np.stack([predicted, *trivial, chance], axis=1)


def _frame_overlaps(
    regions: Iterator[tuple[int, Region]],
    row_of: NDArray[np.int64],
    boxes: NDArray[np.float64],
    sizes: NDArray[np.integer],
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Each annotated frame and the IoU of its boxes with its region."""
    for frame, region in regions:
        width, height = sizes[row_of[frame]].tolist()
        if region.dtype == np.bool_ and region.shape != (height, width):
            raise VadbenchError(
                f"frame {frame}: its mask is {region.shape[1]} x {region.shape[0]} pixels, the frame "
                f"{width} x {height}; masks and video must be of one copy of the benchmark"
            )
        yield frame, region_ious(boxes[row_of[frame]], region)
