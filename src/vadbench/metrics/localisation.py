"""TIoU: how well the predicted boxes of annotated frames fit, and the trivial boxes to hold it against.

No formula of the papers that print a TIoU is public. Here: over annotated frames, the IoU of the best
predicted box with the truth, 0 where the frame's score is below a gate; averaged over frames, or over videos.
A trivial box can score higher than a published method, so a TIoU is printed beside those of trivial boxes.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError
from vadbench.metrics.boxes import Boxes, region_area, region_ious
from vadbench.metrics.macro import check_starts

GATE = 0.5
"""Lowest frame score that counts as a detection."""


def frame_ious(predicted: Sequence[ArrayLike], truth: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """IoU of the best predicted box of each annotated frame with its truth.

    Args:
        predicted: boxes (n, 4) of each of N frames; n may differ and be 0. More boxes can only raise the
            best IoU: methods are comparable where they give one box a frame.
        truth: region of each frame: boxes (m, 4), taken together, or a mask (H, W) bool.

    Returns:
        (N,) float64 in [0, 1]; 0 for a frame without a predicted box.

    Raises:
        VadbenchError: another number of predictions than truths, a damaged box, or a frame without truth.
    """
    if len(predicted) != len(truth):
        raise VadbenchError(f"boxes of {len(predicted)} frames, truth of {len(truth)}: one entry per frame")
    frames = enumerate(zip(predicted, truth, strict=True))
    return np.array([_best_iou(position, *frame) for position, frame in frames], dtype=np.float64)


def tiou(ious: ArrayLike, scores: ArrayLike, *, gate: float | None = GATE) -> float:
    """Micro TIoU: mean over annotated frames.

    Args:
        ious: (N,) IoU of each annotated frame, as `frame_ious` gives it.
        scores: (N,) finite score of each of these frames.
        gate: a frame whose score is below it counts 0; None: every frame counts with its IoU.

    Returns:
        A number in [0, 1]; NaN where no frame is annotated.

    Raises:
        VadbenchError: lengths differ, an IoU is outside [0, 1], or a score is NaN or infinite.
    """
    values = _gated(ious, scores, gate)
    return float(values.mean()) if len(values) else float("nan")


def video_tious(
    ious: ArrayLike, scores: ArrayLike, starts: ArrayLike, *, gate: float | None = GATE
) -> NDArray[np.float64]:
    """TIoU of every video: (V,) float64, NaN for one without annotated frames.

    `starts` are (V + 1,) integers: video v has the annotated frames starts[v] to starts[v + 1]. The other
    arguments are those of `tiou`. Of these values, `resampled_mean` gives the macro TIoU of resamples, and
    with the number of annotated frames as a factor of its counts the micro TIoU.
    """
    values = _gated(ious, scores, gate)
    edges = check_starts(starts, len(values))
    return np.array([values[a:b].mean() if b > a else np.nan for a, b in pairwise(edges)])


def macro_tiou(ious: ArrayLike, scores: ArrayLike, starts: ArrayLike, *, gate: float | None = GATE) -> float:
    """Mean of `video_tious` over the videos with annotated frames; NaN where there is none."""
    values = video_tious(ious, scores, starts, gate=gate)
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def whole_frame(width: ArrayLike, height: ArrayLike) -> Boxes:
    """The trivial box that covers each frame: (N, 4) for widths and heights in pixels, (N,) or one number."""
    return _centred(width, height, 1.0)


def centred_half(width: ArrayLike, height: ArrayLike) -> Boxes:
    """The trivial box half as wide and half as high as each frame, in its centre: (N, 4)."""
    return _centred(width, height, 0.5)


def random_boxes(areas: ArrayLike, width: ArrayLike, height: ArrayLike, seed: int) -> Boxes:
    """The trivial box that knows only how large the predicted one is: anywhere in the frame, shaped like it.

    Args:
        areas: (N,) area of the predicted box of each frame, 0 where there is none.
        width: of the frames in pixels, (N,) or one for all.
        height: likewise.
        seed: of the places, which are uniform among those inside the frame.

    Returns:
        (N, 4) boxes with these areas.

    Raises:
        VadbenchError: an area is negative or larger than its frame.
    """
    area, wide, high = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (areas, width, height)))
    bad = np.flatnonzero(~((area >= 0) & (area <= wide * high)))
    if len(bad):
        at = bad[0]
        raise VadbenchError(
            f"areas: {area[at]:g} at position {at}, allowed is 0 to {wide[at] * high[at]:g}, the frame; "
            f"clip boxes to the frame first"
        )
    frame = np.stack([wide, high], axis=1)
    size = frame * np.sqrt(area / (wide * high))[:, None]
    corner = np.random.default_rng(seed).random(size.shape) * (frame - size)
    return np.concatenate([corner, corner + size], axis=1)


def _best_iou(position: int, boxes: ArrayLike, region: ArrayLike) -> float:
    try:
        if not region_area(region):
            raise VadbenchError("its truth is empty, allowed are annotated frames only")
        return float(region_ious(boxes, region).max(initial=0))
    except VadbenchError as error:
        raise VadbenchError(f"frame at position {position}: {error}") from None


def _gated(ious: ArrayLike, scores: ArrayLike, gate: float | None) -> NDArray[np.float64]:
    values, confidence = np.asarray(ious, dtype=np.float64), np.asarray(scores)
    if values.ndim != 1 or values.shape != confidence.shape:
        raise VadbenchError(
            f"IoUs of shape {values.shape}, scores of shape {confidence.shape}: one per frame"
        )
    for name, array, allowed, sound in (
        ("IoUs", values, "numbers in [0, 1]", (values >= 0) & (values <= 1)),
        ("scores", confidence, "finite numbers", np.isfinite(confidence)),
    ):
        bad = np.flatnonzero(~sound)
        if len(bad):
            raise VadbenchError(f"{name}: {array[bad[0]]} at position {bad[0]}, allowed are {allowed}")
    return values if gate is None else np.where(confidence >= gate, values, 0.0)


def _centred(width: ArrayLike, height: ArrayLike, share: float) -> Boxes:
    wide, high = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64).reshape(-1) for a in (width, height)))
    frame = np.stack([wide, high], axis=1)
    return np.concatenate([frame * (1 - share) / 2, frame * (1 + share) / 2], axis=1)
