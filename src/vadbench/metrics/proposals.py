"""Proposals of segments from the class probabilities of frames, for methods that propose none themselves."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.metrics.segments import Proposals

_DEPTH = 0.6
"""The cut lies this share of a column's range below its maximum."""
_VIDEO_WEIGHT = 0.7
"""Weight of the video's score in a proposal's score."""
_TOP_SHARE = 16
"""The video's score is the mean of one frame's value in this many, the highest."""
_SHORTEST = 2
"""Frames of the shortest run that is a proposal."""


def threshold_proposals(probabilities: Iterable[NDArray[np.floating]]) -> Proposals:
    """Runs of frames above one cut per video and class: the generator `threshold`.

    The cut lies at 0.6 of a column's range below its maximum, and frames strictly above it are active: a
    constant column proposes nothing. Every class proposes in every video, normal ones too. A run's score is
    its maximum plus 0.7 times the video's score of the class, the mean over the highest sixteenth of the
    video's frames. A class whose video score is not above 0 proposes nothing, nor does a video of fewer than
    16 frames.

    Source: the public evaluation of VadCLIP (Wu et al., AAAI 2024), `getLocMAP`. Its suppression of
    overlapping runs is left out: runs of one cut never overlap.

    Args:
        probabilities: per video (F, C), the values of each frame, finite, class 0 is normal. In that
            evaluation every row is repeated for its 16 frames.

    Returns:
        The proposals in the order of videos, classes and time.

    Raises:
        VadbenchError: a video has not one row of finite values per frame.
    """
    found = [_of_video(index, np.asarray(frames)) for index, frames in enumerate(probabilities)]
    video = np.repeat(np.arange(len(found)), [len(label) for label, *_ in found])
    label, start, end, score = (
        np.concatenate([np.zeros(0), *columns])
        for columns in (zip(*found, strict=True) if found else [()] * 4)
    )
    return Proposals(video, label.astype(np.int64), start, end, score)


def _of_video(index: int, frames: NDArray[np.floating]) -> tuple[NDArray[np.number], ...]:
    """Class, start, end and score of the proposals of one video."""
    if frames.ndim != 2 or not np.isfinite(frames).all():
        raise VadbenchError(
            f"probabilities of video {index}: shape {frames.shape}, must be finite, (frames, classes)"
        )
    top = len(frames) // _TOP_SHARE
    if not top:
        return (np.zeros(0),) * 4
    columns = np.ascontiguousarray(frames.T, dtype=np.float64)
    video_score = np.partition(columns, len(frames) - top, axis=1)[:, -top:].mean(axis=1)
    highest, lowest = columns.max(axis=1), columns.min(axis=1)
    active = columns > (highest - (highest - lowest) * _DEPTH)[:, None]
    active &= (video_score > 0)[:, None]
    label, start, end = _runs(active)
    # Beyond a run its values are masked, so that a run's maximum is that from its start to the next one's.
    flat = np.where(active, columns, -np.inf).ravel()
    peak = np.maximum.reduceat(flat, label * len(frames) + start) if len(label) else np.zeros(0)
    score = peak + _VIDEO_WEIGHT * video_score[label]
    kept = end - start >= _SHORTEST
    return label[kept], start[kept], end[kept], score[kept]


def _runs(active: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Row, first column and first column after of every maximal run of true values."""
    edges = np.diff(active.astype(np.int8), axis=1, prepend=0, append=0)
    row, start = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    return row, start, end
