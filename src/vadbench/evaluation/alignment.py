"""From one score per sampled row to one score per frame."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.errors import VadbenchError

Scores = NDArray[np.floating]


def frame_scores(
    frame: NDArray[np.integer], score: Scores, frames: int, settings: EvaluationSettings, stride: int
) -> Scores:
    """One score per frame of a video, by the declared convention.

    Args:
        frame: (n,) 0-based source frame of each row, rising.
        score: (n,) score of each row.
        frames: decoded frames of the video; rows beyond them are left out.
        settings: `score_to_frame`, and `smoothing_rows`, which is applied to the rows first.
        stride: frames a row covers under `repeat`; unused otherwise.

    Returns:
        (frames,) in the type of `score` (float64 for `interpolate`), NaN where no row covers the frame.

    Raises:
        VadbenchError: the rows' frames do not rise.
    """
    if len(frame) and (frame[0] < 0 or (np.diff(frame) <= 0).any()):
        raise VadbenchError("frame indices of the scores must rise from 0 on; sort the rows by frame")
    smooth = smooth_rows(score, settings.smoothing_rows)
    if not len(frame):
        return np.full(frames, np.nan)
    if settings.score_to_frame == "repeat":
        return _repeat(smooth, frames, stride)
    inside = frame < frames
    return _FILL[settings.score_to_frame](frame[inside], smooth[inside], frames)


def smooth_rows(score: Scores, rows: int) -> Scores:
    """Centred moving average over `rows` rows, the first and last row repeated beyond the ends.

    Every mean is taken over the same number of values in the same way, so equal scores stay equal.
    """
    if rows < 2 or not len(score):
        return score
    padded = np.pad(score.astype(np.float64), (rows // 2, (rows - 1) // 2), mode="edge")
    smooth: Scores = np.lib.stride_tricks.sliding_window_view(padded, rows).mean(axis=1)
    return smooth


def row_stride(frames: Iterable[NDArray[np.integer]]) -> int:
    """Frames from one row to the next, the same in all videos.

    Raises:
        VadbenchError: rows are not evenly spaced, or no video has two of them.
    """
    steps = {int(step) for frame in frames for step in np.unique(np.diff(frame))}
    if len(steps) != 1:
        found = ", ".join(map(str, sorted(steps)[:5])) or "no video with two rows"
        raise VadbenchError(
            f"score_to_frame: repeat needs rows at one stride, here are: {found}; write score_to_frame: hold"
        )
    return steps.pop()


def _repeat(score: Scores, frames: int, stride: int) -> Scores:
    covered = np.repeat(score, stride)[:frames]
    return np.concatenate([covered, np.full(frames - len(covered), np.nan, dtype=score.dtype)])


def _hold(frame: NDArray[np.integer], score: Scores, frames: int) -> Scores:
    length = np.diff(frame, append=frames)
    before = np.full(int(frame[0]) if len(frame) else frames, np.nan, dtype=score.dtype)
    return np.concatenate([before, np.repeat(score, length)])


def _interpolate(frame: NDArray[np.integer], score: Scores, frames: int) -> Scores:
    if not len(frame):
        return np.full(frames, np.nan)
    return np.interp(np.arange(frames), frame, score, left=np.nan)


_FILL = {"hold": _hold, "interpolate": _interpolate}
