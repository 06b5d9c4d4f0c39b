"""mAP at temporal IoU of methods that score classes, on the test videos whose segments have a class."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation.alignment import frame_scores
from vadbench.evaluation.gather import TestFrames
from vadbench.evaluation.measure import DECIMALS, Measured
from vadbench.evaluation.sources import ScoreSource
from vadbench.metrics import (
    IOUS,
    NORMAL_CLASS,
    Proposals,
    TemporalMap,
    Truths,
    draw_resamples,
    map_fixed,
    map_legacy,
    resampled_map_fixed,
    resampled_map_legacy,
    threshold_proposals,
)
from vadbench.metrics.temporal_map import NO_SEGMENT

MAP_MODES: Mapping[str, str] = {
    "fixed": "annotated classes but the normal one, segments cut at the end of their video, interpolated "
    "precision",
    "legacy": "as the public evaluation of VadCLIP computes it: all classes, the normal one too (its truths "
    "are whole normal videos on XD-Violence, none elsewhere), precision as it is, 0 where a class has no "
    "proposal",
}
"""What differs between the modes of mAP."""

_RULES = (
    "half-open segments on the true length, best free truth first; proposals `threshold`: frames above one "
    "cut per video and class, 0.6 of the range below the maximum"
)

MAP_COLUMNS: Mapping[str, str] = {
    **{str(iou): f"mAP at temporal IoU {iou}" for iou in IOUS},
    "mean": "mean of mAP over temporal IoU 0.1 to 0.5",
}
"""What is measured in each mode."""

MAP_DEFINITIONS: Mapping[str, str] = {
    f"map_{mode}_{column}": f"{what}, mode {mode}: {text}; {_RULES}"
    for mode, text in MAP_MODES.items()
    for column, what in MAP_COLUMNS.items()
}
"""What each metric of segments is, in the order of the tables."""

_NORMAL_VIDEOS_ARE_TRUTHS = ("xd_violence",)
"""Benchmarks where the public evaluation knows normal videos by the name in its list of classes."""

NO_CLASS = "the method scores none of the annotated classes"


class ClassScoreSource(ScoreSource, Protocol):
    """Scores per sampled row, with one for each class beside them."""

    classes: Sequence[str]
    """Names of the columns of `class_scores`."""

    def class_scores(self, id: str) -> NDArray[Any]:
        """(n, C) score of each class in each row, higher is more certain."""


def measure_map(
    scores: ClassScoreSource, annotations: Annotations, frames: TestFrames, settings: EvaluationSettings
) -> dict[str, Measured]:
    """All metrics of `MAP_DEFINITIONS`; they see the same resamples of test videos as those of frames.

    Class scores become frames by the rule of the frame scores. Abnormal videos whose segments have no class
    are left out. A class that is annotated and not scored has no proposals.

    Args:
        scores: of the videos in `frames`.
        annotations: of the benchmark.
        frames: the evaluated videos.
        settings: of the evaluation.

    Raises:
        VadbenchError: a class score is NaN or infinite.
    """
    known = [at for at, id in enumerate(frames.videos) if _has_classes(annotations, id)]
    videos = [frames.videos[at] for at in known]
    drawn = draw_resamples(len(frames.videos), settings.bootstrap_resamples, settings.bootstrap_seed)
    counts = drawn[:, known]
    truths = _truths(annotations, videos)
    annotated = {annotations.classes[label] for label in truths.label}
    if not annotated & set(scores.classes):
        return _undefined(NO_CLASS if annotated else NO_SEGMENT, len(counts))
    proposals = _proposals(scores, annotations.classes, videos, frames.stride, settings)
    lengths = [scores.frame_count(id) for id in videos]
    fixed = map_fixed(proposals, truths, lengths), resampled_map_fixed(proposals, truths, lengths, counts)
    published = _with_normal_videos(truths, annotations, videos, lengths)
    arguments = proposals, published, len(annotations.classes)
    legacy = map_legacy(*arguments), resampled_map_legacy(*arguments, counts)
    return _measured("fixed", *fixed, len(videos)) | _measured("legacy", *legacy, len(videos))


def _measured(
    mode: str, found: TemporalMap, resampled: NDArray[np.float64], videos: int
) -> dict[str, Measured]:
    values = [*found.by_iou.tolist(), found.mean]
    rows = [*resampled, resampled.mean(axis=0)]
    return {
        f"map_{mode}_{column}": Measured(value, found.reason, videos, row.round(DECIMALS))
        for column, value, row in zip(MAP_COLUMNS, values, rows, strict=True)
    }


def _undefined(reason: str, resamples: int) -> dict[str, Measured]:
    nothing = np.full(resamples, math.nan)
    return {name: Measured(math.nan, reason, 0, nothing) for name in MAP_DEFINITIONS}


def _has_classes(annotations: Annotations, id: str) -> bool:
    """Whether the video is normal, or its abnormal segments have a class."""
    video = annotations.videos[id]
    return bool(video.segments) or not video.intervals


def _truths(annotations: Annotations, videos: Sequence[str]) -> Truths:
    label = {name: index for index, name in enumerate(annotations.classes)}
    segments = [
        (index, label[name], start, end)
        for index, id in enumerate(videos)
        for name, start, end in annotations.videos[id].segments
    ]
    video, classes, start, end = np.array(segments, dtype=np.int64).reshape(-1, 4).T
    return Truths(video, classes, start.astype(np.float64), end.astype(np.float64))


def _with_normal_videos(
    truths: Truths, annotations: Annotations, videos: Sequence[str], lengths: Sequence[int]
) -> Truths:
    """The truths with those that the public evaluation sees beside them."""
    if annotations.benchmark not in _NORMAL_VIDEOS_ARE_TRUTHS:
        return truths
    normal = np.array(
        [index for index, id in enumerate(videos) if not annotations.videos[id].intervals], dtype=np.int64
    )
    end = np.asarray(lengths, dtype=np.float64)[normal]
    added = Truths(normal, np.full(len(normal), NORMAL_CLASS), np.zeros(len(normal)), end)
    return Truths(*(np.concatenate(columns) for columns in zip(truths, added, strict=True)))


def _proposals(
    scores: ClassScoreSource,
    classes: Sequence[str],
    videos: Sequence[str],
    stride: int,
    settings: EvaluationSettings,
) -> Proposals:
    """Proposals of all videos, classes as in `classes`."""
    frames = (_class_frames(scores, classes, id, stride, settings) for id in videos)
    proposals = threshold_proposals(frames)
    # Under `repeat` the first row covers the first frames, wherever it stands.
    rows_count = settings.score_to_frame == "repeat"
    begin = np.array([0 if rows_count else scores.frame(id)[0] for id in videos], dtype=np.float64)
    shift = begin[proposals.video]
    return proposals._replace(start=proposals.start + shift, end=proposals.end + shift)


def _class_frames(
    scores: ClassScoreSource, classes: Sequence[str], id: str, stride: int, settings: EvaluationSettings
) -> NDArray[np.floating]:
    """(F, C) class scores of the frames that a row covers, one after another; 0 in classes without scores."""
    rows = scores.class_scores(id)
    if not np.isfinite(rows).all():
        raise VadbenchError(f"{scores.name}: video {id!r}: a class score is not finite")
    columns = {
        name: frame_scores(scores.frame(id), column, scores.frame_count(id), settings, stride)
        for name, column in zip(scores.classes, rows.T, strict=True)
    }
    covered = ~np.isnan(next(iter(columns.values())))
    nothing = np.zeros(int(covered.sum()))
    return np.stack([columns[name][covered] if name in columns else nothing for name in classes], axis=1)
