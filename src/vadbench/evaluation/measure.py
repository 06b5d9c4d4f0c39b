"""Every metric of the evaluated frames with its interval."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vadbench.evaluation.gather import TestFrames
from vadbench.metrics import (
    ap_trapezoid,
    average_precision,
    draw_resamples,
    percentile_interval,
    resampled_ap,
    resampled_auc,
    resampled_mean,
    roc_auc,
    sentinel_aucs,
    video_aucs,
)

Resamples = dict[str, NDArray[np.float64]]

DEFINITIONS: Mapping[str, str] = {
    "micro_auc": "ROC AUC over all test frames together, ties count half",
    "micro_ap": "average precision (step sum) over all test frames together",
    "micro_ap_trapezoid": "area under the precision-recall polyline over all test frames together",
    "macro_auc": "mean ROC AUC over the test videos that hold both classes",
    "macro_auc_sentinel": "mean ROC AUC over all test videos, one frame added below and one above each",
    "abnormal_videos_auc": "ROC AUC over the frames of videos with an abnormal frame",
    "abnormal_videos_ap": "average precision (step sum) over the frames of videos with an abnormal frame",
}
"""What each metric is, in the order of the tables."""

NO_TRUTH = "no test video has frame truth"
UNREADABLE = "no test video with frame truth can be read"

DECIMALS = 6
"""Decimals kept of a resampled metric: far below the width of any interval, and the file stays small."""


@dataclass(frozen=True)
class Measured:
    """A metric's value and the metric of every resample, NaN where undefined."""

    value: float
    reason: str
    """Why the value is undefined, or an empty string."""
    videos: int
    """Videos it rests on."""
    resampled: NDArray[np.float64]
    """(R,) one value per resample of the videos."""


def measure(frames: TestFrames, resamples: int, seed: int) -> dict[str, Measured]:
    """All metrics of `DEFINITIONS`; every metric sees the same resamples of the test videos."""
    counts = draw_resamples(len(frames.videos), resamples, seed)
    aucs = video_aucs(frames.labels, frames.scores, frames.starts)
    sentinels = sentinel_aucs(frames.labels, frames.scores, frames.starts)
    inside, abnormal = _abnormal_videos(frames)
    empty = UNREADABLE if frames.coverage.videos_total else NO_TRUTH
    both = int((~np.isnan(aucs)).sum())
    return {
        **_pooled(frames, counts, "micro", empty),
        "macro_auc": _mean(aucs, counts, both, "no test video holds both classes"),
        "macro_auc_sentinel": _mean(sentinels, counts, len(aucs), empty),
        **_pooled(abnormal, counts[:, inside], "abnormal_videos", "no test frame is abnormal"),
    }


def per_video_auc(frames: TestFrames) -> dict[str, float | None]:
    """ROC AUC of each video by id, None where it holds one class."""
    aucs = video_aucs(frames.labels, frames.scores, frames.starts)
    return {id: None if math.isnan(auc) else float(auc) for id, auc in zip(frames.videos, aucs, strict=True)}


def interval_of(measured: Measured) -> tuple[float, float, str]:
    """Ends of the 95 % interval, or NaN and the reason why there is none."""
    if measured.reason:
        return math.nan, math.nan, measured.reason
    if measured.videos < 2:
        # Resampling one video gives the same video: an interval of no width would claim certainty.
        return math.nan, math.nan, "an interval over videos needs two videos"
    return percentile_interval(measured.resampled)


def _pooled(frames: TestFrames, counts: NDArray[np.int32], prefix: str, empty: str) -> dict[str, Measured]:
    data = frames.labels, frames.scores, frames.starts
    step, trapezoid = resampled_ap(*data, counts)
    values = {
        f"{prefix}_auc": (roc_auc(*data[:2]), resampled_auc(*data, counts)),
        f"{prefix}_ap": (average_precision(*data[:2]), step),
        f"{prefix}_ap_trapezoid": (ap_trapezoid(*data[:2]), trapezoid),
    }
    reason = _undefined(frames.labels) if len(frames.labels) else empty
    return {
        name: Measured(value, reason, len(frames.videos), resampled.round(DECIMALS))
        for name, (value, resampled) in values.items()
        if name in DEFINITIONS
    }


def _mean(values: NDArray[np.float64], counts: NDArray[np.int32], videos: int, reason: str) -> Measured:
    resampled = resampled_mean(values, counts).round(DECIMALS)
    if not videos:
        return Measured(math.nan, reason, 0, resampled)
    return Measured(float(np.nanmean(values)), "", videos, resampled)


def _undefined(labels: NDArray[np.bool_]) -> str:
    if not labels.any():
        return "no test frame is abnormal"
    return "every frame is abnormal" if labels.all() else ""


def _abnormal_videos(frames: TestFrames) -> tuple[NDArray[np.bool_], TestFrames]:
    """Which videos hold an abnormal frame, and their frames alone."""
    lengths = np.diff(frames.starts)
    video = np.repeat(np.arange(len(lengths)), lengths)
    inside = np.bincount(video[frames.labels], minlength=len(lengths)) > 0
    kept = inside[video]
    return inside, TestFrames(
        videos=tuple(id for id, keep in zip(frames.videos, inside, strict=True) if keep),
        labels=frames.labels[kept],
        scores=frames.scores[kept],
        starts=np.cumsum([0, *lengths[inside]]),
        stride=frames.stride,
        coverage=frames.coverage,
    )
