"""The stage `regions`: objects that a detector finds in stored frames, linked to tracks over time."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import RegionsSettings
from vadbench.models.detector import Detections, Detector, load_detector
from vadbench.models.device import device_name, limit_threads
from vadbench.stages.batches import HalvingBatches
from vadbench.stages.embedding import FrameBatch, FrameEmbedding, Row, embed_part
from vadbench.stages.frames import FRAME_SIZE, SIZE_SPEC
from vadbench.stages.pipeline import batches_of
from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.stages.tracks import track_ids
from vadbench.store import ArraySpec, Part, PartWriter

REGIONS = "regions"
"""The group of a part that holds the regions of a row."""

_SIZES_PER_READ = 4096


def run(inputs: StageInputs[RegionsSettings]) -> None:
    """Detect the objects of every `every`-th row of a part of frames.

    The group `regions` holds those of a row, surest first, none where nothing was found: `box` (4,) float32
    left, top, right, bottom in pixels of the decoded frame, whatever the size of the stored one, clipped to
    it and not expanded; `score` float32 from 0 to 1; `class` int16, a number in the attribute `names`;
    `track` int32, counted from 0 in each video (see `track_ids`). Per row `frame_size` (2,) int32, as the
    frames have it. Videos that `frames` skipped are skipped here too.

    Raises:
        VadbenchError: for a part that is missing, damaged or not of `frames`, for a detector that is refused,
            and for a class that it does not know.
    """
    settings, threads = inputs.settings, limit_threads(inputs.threads)
    with inputs.open_source() as frames:
        detector = load_detector(
            Path(settings.weights),
            device=inputs.device,
            image_size=settings.image_size,
            confidence=settings.confidence,
            nms_iou=settings.nms_iou,
            classes=settings.classes,
            most=settings.most,
            precision=settings.precision,
        )
        detect_regions(detector, settings, frames, inputs.out, threads)


def detect_regions(
    detector: Detector, settings: RegionsSettings, frames: Part, out: Path, threads: int
) -> None:
    """What `run` does, with a detector and a part that are open already; `threads` prepare frames."""
    found = HalvingBatches(detector.detect, lambda pieces: list(chain.from_iterable(pieces)))

    def detect(batch: FrameBatch) -> list[Detections]:
        return found(batch.images)

    embedding = FrameEmbedding(
        detector.prepare,
        detect,
        partial(_rows, settings, frames),
        device_name(detector.device),
        copied=(FRAME_SIZE,),
        join=list,
    )
    with _writer(settings, frames, detector, out) as writer:
        embed_part(writer, frames, settings, embedding, threads)


def _writer(settings: RegionsSettings, frames: Part, detector: Detector, out: Path) -> PartWriter:
    return derived_writer(
        settings,
        frames,
        out,
        arrays={FRAME_SIZE: SIZE_SPEC},
        ragged={
            REGIONS: {
                "box": ArraySpec("float32", (4,), "left, top, right, bottom in pixels of the decoded frame"),
                "score": ArraySpec("float32", units="confidence, 0 to 1"),
                "class": ArraySpec("int16", units="number in the attribute names"),
                "track": ArraySpec("int32", units="number of the track in its video, from 0"),
            }
        },
        weights=detector.digests,
        attributes={"names": list(detector.names)},
    )


def _rows(settings: RegionsSettings, frames: Part, id: str, found: Iterator[Detections]) -> Iterator[Row]:
    """The rows of one video."""
    sizes = _sizes(frames, id, settings.every)
    scaled = (_in_decoded_pixels(each, size) for each, size in zip(found, sizes, strict=True))
    detections, ahead = tee(scaled)
    tracks = track_ids((each.boxes for each in ahead), settings.link_iou)
    for each, track in zip(detections, tracks, strict=True):
        yield {REGIONS: {"box": each.boxes, "score": each.scores, "class": each.classes, "track": track}}


def _sizes(frames: Part, id: str, every: int) -> Iterator[NDArray[np.int32]]:
    """Width and height of the decoded frame of every `every`-th row."""
    for rows in batches_of(range(0, frames.row_count(id), every), _SIZES_PER_READ):
        yield from frames.read(id, FRAME_SIZE, rows[0], rows[-1] + 1)[::every]


def _in_decoded_pixels(found: Detections, size: NDArray[np.int32]) -> Detections:
    """Boxes of a stored frame, which may be smaller, in pixels of the decoded one."""
    if tuple(size) == found.size[::-1]:
        return found
    end = np.tile(size, 2).astype(np.float32)
    scale = end / np.tile(found.size[::-1], 2)
    return replace(found, boxes=np.clip(found.boxes * scale, 0, end).astype(np.float32))
