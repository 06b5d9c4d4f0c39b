"""Stretches of time with a class: those annotated and those that a method proposes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError

NORMAL_CLASS = 0
"""Index of the normal class."""


Positions = NDArray[np.bool_] | NDArray[np.intp]


class Truths(NamedTuple):
    """Annotated segments, half-open, in the order of the annotation; every array (N,)."""

    video: NDArray[np.int64]
    """Index of the video."""
    label: NDArray[np.int64]
    """Index of the class, 0 is normal."""
    start: NDArray[np.float64]
    """First frame."""
    end: NDArray[np.float64]
    """First frame after."""

    def at(self, kept: Positions) -> "Truths":
        """Those segments alone."""
        return Truths(self.video[kept], self.label[kept], self.start[kept], self.end[kept])


class Proposals(NamedTuple):
    """Proposed segments, half-open; equal scores rank in the order in which they stand; every array (N,)."""

    video: NDArray[np.int64]
    """Index of the video."""
    label: NDArray[np.int64]
    """Index of the class, 0 is normal."""
    start: NDArray[np.float64]
    """First frame."""
    end: NDArray[np.float64]
    """First frame after."""
    score: NDArray[np.float64]
    """Finite, higher is more certain."""

    def at(self, kept: Positions) -> "Proposals":
        """Those segments alone."""
        columns = self.video[kept], self.label[kept], self.start[kept], self.end[kept]
        return Proposals(*columns, self.score[kept])


def check_truths(truths: Truths) -> Truths:
    """The truths as arrays, refused where they are no segments of frames."""
    return Truths(*_checked_segments("truths", *truths))


def check_proposals(proposals: Proposals) -> Proposals:
    """The proposals as arrays, refused where they are no segments of frames or a score is not finite."""
    segments = _checked_segments("proposals", *proposals[:4])
    score = np.asarray(proposals.score, dtype=np.float64)
    if score.shape != segments[0].shape:
        raise VadbenchError(f"proposals: {len(segments[0])} segments, scores of shape {score.shape}")
    bad = np.flatnonzero(~np.isfinite(score))
    if len(bad):
        raise VadbenchError(
            f"proposals: score {score[bad[0]]} at position {bad[0]}, allowed are finite numbers"
        )
    return Proposals(*segments, score)


def clip_truths(truths: Truths, lengths: ArrayLike) -> Truths:
    """The truths cut at the end of their video, those that begin beyond it left out.

    lengths: (V,) frames of each video.
    """
    limits = np.asarray(lengths, dtype=np.float64)
    check_videos("truths", truths.video, len(limits))
    end = np.minimum(truths.end, limits[truths.video])
    return truths._replace(end=end).at(truths.start < end)


def check_videos(name: str, video: NDArray[np.int64], videos: int) -> None:
    """Raises VadbenchError for a segment of a video beyond the `videos` that there are."""
    if len(video) and video.max() >= videos:
        raise VadbenchError(f"{name}: a segment of video {video.max()}, there are {videos}, counted from 0")


def _checked_segments(
    name: str, video: ArrayLike, label: ArrayLike, start: ArrayLike, end: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    videos, labels = _indices(name, "video", video), _indices(name, "label", label)
    starts, ends = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    if {videos.shape, labels.shape, starts.shape, ends.shape} != {(len(videos),)}:
        shapes = f"{videos.shape}, {labels.shape}, {starts.shape}, {ends.shape}"
        raise VadbenchError(
            f"{name}: video, label, start and end of shapes {shapes}: one of each per segment"
        )
    bad = np.flatnonzero(~((starts < ends) & np.isfinite(starts) & np.isfinite(ends)))
    if len(bad):
        first = f"[{starts[bad[0]]:g}, {ends[bad[0]]:g}) at position {bad[0]}"
        raise VadbenchError(f"{name}: segment {first}, allowed are start < end, both finite")
    return videos, labels, starts, ends


def _indices(name: str, column: str, values: ArrayLike) -> NDArray[np.int64]:
    found = np.asarray(values)
    if found.size and not np.issubdtype(found.dtype, np.integer):
        raise VadbenchError(f"{name}: {column} of dtype {found.dtype}, allowed are integers")
    indices = found.astype(np.int64)
    if indices.size and indices.min() < 0:
        raise VadbenchError(f"{name}: {column} {indices.min()}, allowed are indices from 0")
    return np.atleast_1d(indices)
