"""How much of what held-out renders show the demo's detector finds, and how much of what it says is there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.demo.detector_images import UNSEEN_CAMERAS, StoredFrame, held_out_frames
from vadbench.demo.objects import KINDS, LabelledFrame
from vadbench.demo.training_images import TRAINING_CAMERAS
from vadbench.models.detector import Detections, Detector, load_detector
from vadbench.stages.tracks import iou_matrix

DEMO_IMAGE_SIZE = 256
"""Length of a frame's longer side at which the detector is measured."""

_SCENES = 8
_LEAST_IOU = 0.5
_BATCH = 16


@dataclass(frozen=True)
class FoundShares:
    """What a detector found in some frames, at IoU 0.5 and with the right class.

    Attributes:
        frames: number of frames.
        objects: number of objects by class.
        precision: share of the boxes of a class that are right; of none, 1.
        recall: share of the objects of a class that have a box.
    """

    frames: int
    objects: Mapping[str, int]
    precision: Mapping[str, float]
    recall: Mapping[str, float]


def found_shares(file: Path) -> dict[str, FoundShares]:
    """Shares of a detector's file, by where the renders are from."""
    detector = load_detector(file, device="cpu", image_size=DEMO_IMAGE_SIZE)
    cameras = {
        "new scenes of training cameras": TRAINING_CAMERAS[: len(UNSEEN_CAMERAS)],
        "cameras it never saw": UNSEEN_CAMERAS,
    }
    return {name: shares_on(detector, held_out_frames(each, _SCENES)) for name, each in cameras.items()}


def shares_on(detector: Detector, frames: Sequence[StoredFrame]) -> FoundShares:
    """Shares of a detector on some frames."""
    counts = np.zeros((3, len(KINDS)), int)
    for start in range(0, len(frames), _BATCH):
        batch = [frame.decoded() for frame in frames[start : start + _BATCH]]
        found = detector.detect([detector.prepare(frame.pixels) for frame in batch])
        counts += sum(_counts(each, frame) for each, frame in zip(found, batch, strict=True))
    right, said, there = counts
    return FoundShares(
        len(frames),
        dict(zip(KINDS, there.tolist(), strict=True)),
        dict(zip(KINDS, (np.where(said, right, 1) / np.maximum(said, 1)).tolist(), strict=True)),
        dict(zip(KINDS, (right / np.maximum(there, 1)).tolist(), strict=True)),
    )


def share_lines(shares: Mapping[str, FoundShares]) -> Iterator[str]:
    """Precision and recall in lines."""
    for name, each in shares.items():
        kinds = ", ".join(
            f"{kind} {each.precision[kind]:.3f}/{each.recall[kind]:.3f} of {each.objects[kind]}"
            for kind in KINDS
        )
        yield f"detector, precision/recall on {each.frames} renders, {name}: {kinds}"


def _counts(found: Detections, frame: LabelledFrame) -> NDArray[np.int_]:
    """(3, kinds): boxes that are right, boxes, objects; the surest box takes an object first."""
    counts = np.zeros((3, len(KINDS)), int)
    np.add.at(counts[1], found.classes, 1)
    np.add.at(counts[2], frame.kinds, 1)
    ious = iou_matrix(found.boxes, frame.boxes) * (found.classes[:, None] == frame.kinds[None])
    for row, kind in enumerate(found.classes):
        if ious.shape[1] and ious[row].max() >= _LEAST_IOU:
            counts[0, kind] += 1
            ious[:, ious[row].argmax()] = 0
    return counts
