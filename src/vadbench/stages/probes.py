"""What a row of a set costs, tried for some seconds on the first videos of a benchmark."""

import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vadbench.config import (
    ClipSettings,
    FramesSettings,
    HistogramsSettings,
    ImageTowerSettings,
    MotionSettings,
    RegionsSettings,
    WindowsSettings,
)
from vadbench.errors import VadbenchError
from vadbench.stages.fixed_windows import fixed_windows
from vadbench.stages.images import decode_image, encode_image
from vadbench.stages.orientation import orientation_histograms
from vadbench.video import open_video, resize_short_side

if TYPE_CHECKING:
    from vadbench.models.hevc_vectors import HevcVectors
    from vadbench.stages.windows import WindowModel

_MOST_ROWS = 256  # of a probe; more than that says nothing new
_ROW_BYTES = 12  # of every row: eight for its time and four for its frame
_SIZE_BYTES = 8  # of the width and height of a decoded frame
_GROUP_BYTES = 12  # of a row of a group: eight for where its entries start, four for how many they are
_REGION_BYTES = 26  # of a box, its score, class and track
_HISTOGRAM_BYTES = 32

Image = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Seconds and bytes of a row."""

    seconds: float
    bytes: float


@dataclass(frozen=True, kw_only=True)
class FramesProbe(Probe):
    """Of a set of frames, with some of them encoded; `size` is height and width of a decoded one."""

    encoded: Sequence[NDArray[np.uint8]]
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class RegionsProbe(Probe):
    """Of a set of regions, with the boxes (n, 4) of some frames."""

    boxes: Sequence[NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class MotionProbe(Probe):
    """Of a set of motion, with the last field (rows, columns, 2)."""

    field: NDArray[np.int16]


class Budget:
    """The end of a probe: some seconds, or as many rows as are enough."""

    def __init__(self, seconds: float) -> None:
        self._start, self._seconds, self.rows = time.perf_counter(), seconds, 0

    def spend(self, rows: int = 1) -> bool:
        """Count rows as tried; whether that was enough."""
        self.rows += rows
        return self.taken > self._seconds or self.rows >= _MOST_ROWS

    @property
    def taken(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._start

    @property
    def per_row(self) -> float:
        """Seconds per row so far."""
        return self.taken / self.rows


def probe_frames(
    settings: FramesSettings, paths: Sequence[Path], threads: int, seconds: float
) -> FramesProbe | None:
    """Decode and encode the first videos; None where none can be read."""
    encoded: list[NDArray[np.uint8]] = []
    budget, size = Budget(seconds), (0, 0)
    for image in _decoded(paths, threads, settings.stride):
        size, side = (image.shape[0], image.shape[1]), settings.short_side
        encoded.append(
            encode_image(image if side is None else resize_short_side(image, side), settings.format)
        )
        if budget.spend():
            break
    if not encoded:
        return None
    return FramesProbe(
        seconds=budget.per_row,
        bytes=sum(item.nbytes for item in encoded) / len(encoded),
        encoded=encoded,
        size=size,
    )


def probe_motion(
    settings: MotionSettings, paths: Sequence[Path], threads: int, seconds: float
) -> MotionProbe | None:
    """Encode the first videos; None where none can be read.

    Raises:
        VadbenchError: where vectors cannot be had here.
    """
    from vadbench.models.hevc_vectors import HevcVectors

    vectors = HevcVectors(settings.preset, settings.crf)
    size, field, budget = 0, None, Budget(seconds)
    for field in _fields(vectors, paths, threads):
        # As the store compresses: low and high bytes apart.
        shuffled = field.view(np.uint8).reshape(-1, 2).T.tobytes()
        size += _ROW_BYTES + len(zlib.compress(shuffled, 1))
        if budget.spend():
            break
    if field is None:
        return None
    return MotionProbe(seconds=budget.per_row, bytes=size / budget.rows, field=field)


def probe_regions(
    settings: RegionsSettings, frames: FramesProbe, device: str, seconds: float
) -> RegionsProbe:
    """Find regions in some frames.

    Raises:
        VadbenchError: for a detector that is refused or was not fetched.
    """
    boxes: list[NDArray[np.float32]] = []
    if settings.window is not None:
        budget = Budget(seconds)
        boxes.append(fixed_windows(frames.size[1], frames.size[0], settings.window))
        budget.spend()
    else:
        from vadbench.stages.regions import open_detector

        detector = open_detector(settings, device)
        budget = Budget(seconds)
        for images in _batches(frames, settings.batch_size):
            boxes += [each.boxes for each in detector.detect([detector.prepare(image) for image in images])]
            if budget.spend(len(images)):
                break
    size = _ROW_BYTES + _SIZE_BYTES + _GROUP_BYTES + _REGION_BYTES * sum(map(len, boxes)) / len(boxes)
    return RegionsProbe(seconds=budget.per_row, bytes=size, boxes=boxes)


def probe_histograms(
    settings: HistogramsSettings, regions: RegionsProbe, motion: MotionProbe, seconds: float
) -> Probe:
    """Count the motion of one frame in the boxes of others; making that motion is not included."""
    budget = Budget(seconds)
    for boxes in cycle(regions.boxes):
        orientation_histograms(boxes, motion.field, zeros=settings.zeros, average=settings.average)
        if budget.spend():
            break
    regions_per_row = sum(map(len, regions.boxes)) / len(regions.boxes)
    return Probe(seconds=budget.per_row, bytes=_ROW_BYTES + _GROUP_BYTES + _HISTOGRAM_BYTES * regions_per_row)


def probe_embedding(
    settings: ImageTowerSettings,
    rows: Mapping[str, int],
    tested: Collection[str],
    frames: FramesProbe,
    device: str,
    seconds: float,
) -> Probe:
    """Embed some frames; the mean over rows of videos whose windows are kept, and of others.

    Args:
        rows: of each video.
        tested: ids of the videos that a split tests, of which some sets keep more.

    Raises:
        VadbenchError: for weights that are not here, and settings that do not fit their model.
    """
    trials = _trials(settings, rows, tested, device)
    total = sum(trial.rows for trial in trials)
    taken = 0.0
    for trial in trials:
        budget = Budget(seconds / len(trials))
        for images in _batches(frames, settings.batch_size):
            trial.embed(images)
            if budget.spend(len(images)):
                break
        taken += budget.per_row * trial.rows
    return Probe(seconds=taken / total, bytes=sum(trial.rows * trial.bytes for trial in trials) / total)


@dataclass(frozen=True)
class _Trial:
    """Rows of a set that cost the same each: how many, bytes of each, what is done with a batch of frames."""

    rows: int
    bytes: int
    embed: Callable[[Sequence[Image]], object]


def _trials(
    settings: ImageTowerSettings, rows: Mapping[str, int], tested: Collection[str], device: str
) -> list[_Trial]:
    from vadbench.models.clip_tower import load_clip

    model = load_clip(
        settings.model,
        settings.weights,
        seed=settings.seed,
        crops=settings.crops if isinstance(settings, ClipSettings) else 1,
        device=device,
        precision=settings.precision,
    )
    if not isinstance(settings, WindowsSettings):
        width = 2 * len(model.preprocess.crops) * model.dimension

        def embed(images: Sequence[Image]) -> object:
            return model.encode_images(np.concatenate([model.preprocess(image) for image in images]))

        return [_Trial(sum(rows.values()), _ROW_BYTES + width, embed)]
    from vadbench.stages.windows import WindowModel

    windows = WindowModel(model, settings)
    kept = {"none": (), "test": tested, "all": rows}[settings.keep]
    of_kept = sum(count for id, count in rows.items() if id in kept)
    return [
        _Trial(count, _ROW_BYTES + windows.row_bytes(is_kept), partial(_embed_windows, windows, is_kept))
        for is_kept, count in ((False, sum(rows.values()) - of_kept), (True, of_kept))
        if count
    ]


def _embed_windows(windows: "WindowModel", is_kept: bool, images: Sequence[Image]) -> object:
    prepared = np.stack([windows.prepare(image) for image in images])
    return windows.embed(prepared, np.full(len(images), is_kept))


def _decoded(paths: Sequence[Path], threads: int, stride: int = 1) -> Iterator[Image]:
    """Frames of the videos that are there, of bad ones those before their damage."""
    for path in paths:
        if path.exists():
            # What a bad video gave up to its damage counts too.
            with suppress(VadbenchError), open_video(path, threads=threads) as reader:
                yield from (frame.image for frame in reader.frames(stride))


def _fields(vectors: "HevcVectors", paths: Sequence[Path], threads: int) -> Iterator[NDArray[np.int16]]:
    """Motion of the videos that are there, one video after the other."""
    for path in paths:
        with closing(vectors.fields(_decoded([path], threads))) as fields:
            yield from fields


def _batches(frames: FramesProbe, size: int) -> Iterator[list[Image]]:
    """Decoded frames in batches without end."""
    images = cycle([decode_image(encoded) for encoded in frames.encoded])
    while True:
        yield list(islice(images, size))
