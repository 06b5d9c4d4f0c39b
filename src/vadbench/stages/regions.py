"""The stage `regions`: objects of stored frames, or fixed windows of them, linked to tracks over time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, tee
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vadbench.config import RegionsSettings
from vadbench.models.counting import Network
from vadbench.models.detector import Detections, Detector, load_detector, unfilled_detector
from vadbench.models.detector_weights import find_detector
from vadbench.models.device import device_name, limit_threads
from vadbench.stages.batches import HalvingBatches
from vadbench.stages.embedding import FrameBatch, FrameEmbedding, Row, embed_part, write_video
from vadbench.stages.fixed_windows import fixed_windows
from vadbench.stages.frames import FRAME_SIZE, SIZE_SPEC
from vadbench.stages.pipeline import batches_of
from vadbench.stages.progress import Progress
from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.stages.tracks import track_ids
from vadbench.store import ArraySpec, Part, PartWriter

REGIONS = "regions"
"""The group of a part that holds the regions of a row."""

WINDOW = "window"
"""The class of fixed windows."""

_SIZES_PER_READ = 4096


def run(inputs: StageInputs[RegionsSettings]) -> None:
    """Make the regions of every `every`-th row of a part of frames: objects of a detector, or fixed windows.

    The group `regions` holds those of a row, surest first, none where nothing was found: `box` (4,) float32
    left, top, right, bottom in pixels of the decoded frame, whatever the size of the stored one, clipped to
    it and not expanded; `score` float32 from 0 to 1; `class` int16, a number in the attribute `names`;
    `track` int32, counted from 0 in each video (see `track_ids`). Per row `frame_size` (2,) int32, as the
    frames have it. Of a detector there is the attribute `ultralytics` too, the version that ran it. Videos
    that `frames` skipped are skipped here too.

    Raises:
        VadbenchError: for a part that is missing, damaged or not of `frames`, for a detector that is refused
            or was not fetched, and for a class that it does not know.
    """
    settings, threads = inputs.settings, limit_threads(inputs.threads)
    with inputs.open_source() as frames:
        if settings.window is not None:
            _write_windows(settings, settings.window, frames, inputs.out)
            return
        detect_regions(open_detector(settings, inputs.device), settings, frames, inputs.out, threads)


def open_detector(settings: RegionsSettings, device: str) -> Detector:
    """The detector that the settings name, which are not those of fixed windows."""
    assert settings.weights is not None
    return load_detector(
        find_detector(settings.weights),
        device=device,
        image_size=settings.image_size,
        confidence=settings.confidence,
        nms_iou=settings.nms_iou,
        classes=settings.classes,
        most=settings.most,
        precision=settings.precision,
    )


def detect_regions(
    detector: Detector, settings: RegionsSettings, frames: Part, out: Path, threads: int
) -> None:
    """What `run` does with a detector, this and the part being open already; `threads` prepare frames."""
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
    made_by = {"ultralytics": detector.ultralytics}
    with _writer(settings, frames, out, detector.names, detector.digests, made_by) as writer:
        embed_part(writer, frames, settings, embedding, threads)


def network(settings: RegionsSettings) -> Network | None:
    """What runs for a square frame, for counting; None for fixed windows, which come without a model."""
    if settings.weights is None:
        return None
    detector = unfilled_detector(find_detector(settings.weights))
    image = torch.zeros(1, 3, settings.image_size, settings.image_size, device="meta")
    return Network(
        parts={"detector": partial(detector, image)},
        modules=[detector],
        note="GFLOPs are those of a square frame: one of 4:3 takes about 3/4 of them, one of 16:9 3/5; NMS "
        "and tracks are not counted",
    )


def _write_windows(settings: RegionsSettings, side: int, frames: Part, out: Path) -> None:
    """What `run` does with fixed windows of a side in pixels, for which no image is read."""
    with _writer(settings, frames, out, (WINDOW,), {}, {}) as writer:
        to_do = writer.videos[writer.finished :]
        rows = sum(-(-frames.row_count(id) // settings.every) for id in to_do)
        with Progress("regions", videos=len(to_do), rows=rows, workers={"writing": 1}, threads=1) as progress:
            progress.resumed(writer.finished)
            for id in to_do:
                windows = (_windows(size, side) for size in _sizes(frames, id, settings.every))
                made = _linked(settings, windows)
                write_video(writer, frames, id, settings.every, made, (FRAME_SIZE,), progress)
            with progress.busy("writing"):
                writer.complete()


def _windows(size: NDArray[np.int32], side: int) -> Detections:
    """Fixed windows of a frame of `size`, width and height, all of them sure and of one class."""
    width, height = size.tolist()
    boxes = fixed_windows(width, height, side)
    return Detections(boxes, np.ones(len(boxes), np.float32), np.zeros(len(boxes), np.int16), (height, width))


def _writer(
    settings: RegionsSettings,
    frames: Part,
    out: Path,
    names: Sequence[str],
    digests: Mapping[str, str],
    made_by: Mapping[str, str],
) -> PartWriter:
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
        weights=digests,
        attributes={"names": list(names), **made_by},
    )


def _rows(settings: RegionsSettings, frames: Part, id: str, found: Iterator[Detections]) -> Iterator[Row]:
    """The rows of one video, of what was found in stored frames."""
    sizes = _sizes(frames, id, settings.every)
    return _linked(
        settings, (_in_decoded_pixels(each, size) for each, size in zip(found, sizes, strict=True))
    )


def _linked(settings: RegionsSettings, found: Iterator[Detections]) -> Iterator[Row]:
    """The rows of one video, with the numbers of tracks."""
    detections, ahead = tee(found)
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
