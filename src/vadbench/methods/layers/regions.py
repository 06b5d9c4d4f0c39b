"""From regions to frames: reading their histograms of motion, and scores of frames from scores of regions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import Features, training_videos
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.smoothing import smoothed
from vadbench.methods.protocol import ScoreInputs, TrainInputs
from vadbench.stages.orientation import BINS

LOWEST = "lowest_frame_score"
"""The array (1,) of a checkpoint with the smallest score of a training frame."""

_GROUP, _ARRAY = "regions", "histogram"
# Hundreds of regions in each would be some ten megabytes of histograms, whatever the video's length.
_ROWS_PER_READ = 256

RegionScores = Callable[[Floats], NDArray[np.floating[Any]]]
"""Histograms (R, 8) of regions, pixels per frame, to their scores (R,)."""


def histograms(features: Features, video: str) -> Floats:
    """Histograms (R, 8) of all regions of a video, row after row."""
    rows = [np.concatenate(piece) for _, piece in _pieces(features, video)]
    return np.concatenate([np.zeros((0, BINS), np.float32), *rows])


def training_histograms(inputs: TrainInputs[Any]) -> dict[str, Floats]:
    """Histograms (R, 8) of the regions of the split's normal training videos, by id in the split's order.

    Raises:
        VadbenchError: there is no such video, or no region in any.
    """
    method = inputs.settings.method
    normal = training_videos(inputs.features, inputs.split, inputs.annotations).normal
    if not normal:
        raise VadbenchError(f"{method}: the split has no normal training video with features")
    found = {video: histograms(inputs.features, video) for video in normal}
    if not any(map(len, found.values())):
        raise VadbenchError(
            f"{method}: no region was found in the {len(normal)} normal training videos; lower the "
            "confidence of the set of regions, or let it take more classes"
        )
    return found


def frame_scores(
    features: Features, video: str, region_scores: RegionScores, *, without: float
) -> NDArray[np.float64]:
    """The largest score of the regions of each row (T,); `without` for rows without regions."""
    scores = np.full(features.row_count(video), without)
    for start, rows in _pieces(features, video):
        counts = np.array([len(row) for row in rows])
        filled = np.flatnonzero(counts)
        if len(filled):
            first = np.cumsum(counts) - counts
            of_regions = region_scores(np.concatenate(rows))
            scores[start + filled] = np.maximum.reduceat(of_regions, first[filled])
    return scores


def lowest_frame_score(features: Features, videos: Iterable[str], region_scores: RegionScores) -> float:
    """The smallest score of the rows of some videos; rows without regions do not count.

    It is what a row without regions gets (a reading of ours: nothing is there that could be abnormal).
    """
    return min(float(frame_scores(features, video, region_scores, without=np.inf).min()) for video in videos)


def write_region_scores(
    inputs: ScoreInputs[Any],
    region_scores: RegionScores,
    *,
    without: float,
    selection: str = "none",
    checkpoint: Path | None = None,
) -> None:
    """Score every row of every test video by its highest region, smoothed over time as the settings say.

    without: the score of a row without regions; selection, checkpoint: as `write_scores` takes them.
    """

    def row_scores(video: str) -> Mapping[str, Floats]:
        rows = frame_scores(inputs.features, video, region_scores, without=without)
        over_time = smoothed(rows, inputs.features.frame(video), inputs.settings.smooth_sigma)
        return {"score": over_time.astype(np.float32)}

    write_scores(inputs, row_scores, selection=selection, checkpoint=checkpoint)


def _pieces(features: Features, video: str) -> Iterator[tuple[int, list[Floats]]]:
    """Some rows at a time: the first one's number, and the histograms (r, 8) of each."""
    for start in range(0, features.row_count(video), _ROWS_PER_READ):
        yield start, features.ragged_rows(video, _GROUP, _ARRAY, start, start + _ROWS_PER_READ)
