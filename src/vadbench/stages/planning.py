"""What extraction will cost: rows and bytes of every feature set, and hours from a short probe."""

import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vadbench.config import (
    ClipSettings,
    FeatureSet,
    FramesSettings,
    ImageTowerSettings,
    MotionSettings,
    WindowsSettings,
)
from vadbench.datasets import Annotations, VideoEntry
from vadbench.errors import VadbenchError
from vadbench.stages.images import decode_image, encode_image
from vadbench.video import open_video, probe, resize_short_side

if TYPE_CHECKING:
    from vadbench.stages.windows import WindowModel

_MOST_ROWS = 256  # of the probe; more than that says nothing new
_ROW_BYTES = 12  # of every row: eight for its time and four for its frame


@dataclass(frozen=True)
class SetPlan:
    """The cost of one feature set of a benchmark.

    `rows` rests on headers and published counts, which are close enough for a plan and for nothing else.
    What is not known is None, as `bytes` and `seconds` are where nothing could be tried; `note` says why.
    """

    name: str
    rows: int | None
    bytes: float | None
    seconds: float | None
    note: str = ""


@dataclass(frozen=True)
class _Sample:
    """What the probe of a set of frames saw: encoded frames, and seconds and bytes per row."""

    encoded: Sequence[NDArray[np.uint8]]
    seconds: float
    bytes: float


def plan_sets(
    features: Mapping[str, FeatureSet],
    entries: Sequence[VideoEntry],
    annotations: Annotations,
    data_root: Path,
    tested: Collection[str],
    *,
    device: str = "auto",
    threads: int = 1,
    seconds: float = 10.0,
) -> list[SetPlan]:
    """Plan the sets of a benchmark. Tries decoding and each model for `seconds` in all, on its first videos.

    `tested`: the videos that a split tests, of which some sets keep more.
    Videos that are not there yet, as the demo's before they are rendered, leave `seconds` and `bytes` open.
    Those that cannot be read are left out, and the notes of the sets of frames say so.
    """
    frames, bad = _known_frames(entries, annotations, data_root)
    each = seconds / len(features)
    samples: dict[str, _Sample | None] = {}
    plans = []
    for name, settings in sorted(features.items(), key=lambda item: item[1].stage != "frames"):
        if isinstance(settings, FramesSettings):
            samples[name] = sample = _try_frames(settings, entries, data_root, threads, each)
            plans.append(_plan_frames(name, settings, frames, sample, bad))
        elif isinstance(settings, MotionSettings):
            tried = partial(_try_motion, settings, entries, data_root, threads, each)
            plans.append(_plan_motion(name, settings, frames, tried, bad))
        elif isinstance(settings, ImageTowerSettings):
            source = features[settings.reads]
            assert isinstance(source, FramesSettings)
            stride = source.stride
            rows = {id: ceil(ceil(count / stride) / settings.every) for id, count in frames.items()}
            plans.append(_plan_embedding(name, settings, rows, tested, samples[settings.reads], device, each))
        else:
            plans.append(SetPlan(name, None, None, None, f"the stage {settings.stage} has no plan"))
    return plans


def _known_frames(
    entries: Sequence[VideoEntry], annotations: Annotations, data_root: Path
) -> tuple[dict[str, int], str]:
    """Frames of each video by its annotation or, failing that, its header; and a note on bad videos."""
    frames: dict[str, int] = {}
    bad: list[str] = []
    for entry in entries:
        known = annotations.videos[entry.id].frames
        try:
            frames[entry.id] = known if known is not None else probe(data_root / entry.path).frames
        except VadbenchError as error:
            bad.append(str(error))
    return frames, f"without {len(bad)} bad videos, the first is {bad[0]}" if bad else ""


def _plan_frames(
    name: str, settings: FramesSettings, frames: Mapping[str, int], sample: _Sample | None, bad: str
) -> SetPlan:
    rows = sum(ceil(count / settings.stride) for count in frames.values())
    if sample is None:
        return SetPlan(name, rows, None, None, bad or "no video to try yet")
    return SetPlan(name, rows, rows * sample.bytes, rows * sample.seconds, bad)


def _plan_motion(
    name: str,
    settings: MotionSettings,
    frames: Mapping[str, int],
    tried: Callable[[], tuple[float, float] | None],
    bad: str,
) -> SetPlan:
    if settings.keep == "none":
        return SetPlan(name, 0, 0.0, 0.0, "keep is none: made by what reads it")
    rows = sum(frames.values())
    try:
        sample = tried()
    except VadbenchError as error:
        return SetPlan(name, rows, None, None, str(error))
    if sample is None:
        return SetPlan(name, rows, None, None, bad or "no video to try yet")
    seconds, size = sample
    return SetPlan(name, rows, rows * size, rows * seconds, bad)


def _plan_embedding(
    name: str,
    settings: ImageTowerSettings,
    rows: Mapping[str, int],
    tested: Collection[str],
    sample: _Sample | None,
    device: str,
    seconds: float,
) -> SetPlan:
    total = sum(rows.values())
    if sample is None:
        return SetPlan(name, total, None, None, "no video to try yet")
    images = [decode_image(encoded) for encoded in sample.encoded]
    size = taken = 0.0
    try:
        trials = _trials(settings, rows, tested, device)
        for trial in trials:
            size += trial.rows * trial.bytes
            taken += trial.rows * _try(trial, images, settings.batch_size, seconds / len(trials))
    except VadbenchError as error:
        return SetPlan(name, total, None, None, str(error))
    return SetPlan(name, total, size, taken)


@dataclass(frozen=True)
class _Trial:
    """Rows of a set that cost the same each: how many, bytes of each, what is done with a batch of frames."""

    rows: int
    bytes: int
    embed: Callable[[Sequence[NDArray[np.uint8]]], object]


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

        def embed(images: Sequence[NDArray[np.uint8]]) -> object:
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


def _embed_windows(windows: "WindowModel", is_kept: bool, images: Sequence[NDArray[np.uint8]]) -> object:
    prepared = np.stack([windows.prepare(image) for image in images])
    return windows.embed(prepared, np.full(len(images), is_kept))


def _try(trial: _Trial, images: Sequence[NDArray[np.uint8]], batch_size: int, seconds: float) -> float:
    """Seconds per row, measured for some seconds."""
    start, done = time.perf_counter(), 0
    while done == 0 or (time.perf_counter() - start < seconds and done < _MOST_ROWS):
        trial.embed([images[(done + i) % len(images)] for i in range(batch_size)])
        done += batch_size
    return (time.perf_counter() - start) / done


def _try_frames(
    settings: FramesSettings, entries: Sequence[VideoEntry], data_root: Path, threads: int, seconds: float
) -> _Sample | None:
    """Decode and encode the first videos for some seconds; None where none can be read."""
    encoded: list[NDArray[np.uint8]] = []
    start = time.perf_counter()
    for entry in entries:
        if not (data_root / entry.path).exists():
            continue
        # What a bad video gave up to its damage counts too.
        with (
            suppress(VadbenchError),
            open_video(data_root / entry.path, threads=threads) as reader,
        ):
            for frame in reader.frames(settings.stride):
                side = settings.short_side
                image = frame.image if side is None else resize_short_side(frame.image, side)
                encoded.append(encode_image(image, settings.format))
                if time.perf_counter() - start > seconds or len(encoded) == _MOST_ROWS:
                    return _sample(encoded, start)
    return _sample(encoded, start) if encoded else None


def _try_motion(
    settings: MotionSettings, entries: Sequence[VideoEntry], data_root: Path, threads: int, seconds: float
) -> tuple[float, float] | None:
    """Seconds and bytes per row of the first videos, encoded for a while; None where none can be read."""
    from vadbench.models.hevc_vectors import HevcVectors

    vectors = HevcVectors(settings.preset, settings.crf)
    rows = size = 0
    start = time.perf_counter()
    for entry in entries:
        if not (data_root / entry.path).exists():
            continue
        with suppress(VadbenchError), open_video(data_root / entry.path, threads=threads) as reader:
            images = (frame.image for frame in reader.frames())
            with closing(vectors.fields(images)) as fields:
                for field in fields:
                    rows += 1
                    # As the store compresses: low and high bytes apart.
                    shuffled = field.view(np.uint8).reshape(-1, 2).T.tobytes()
                    size += _ROW_BYTES + len(zlib.compress(shuffled, 1))
                    if time.perf_counter() - start > seconds or rows == _MOST_ROWS:
                        return (time.perf_counter() - start) / rows, size / rows
    return ((time.perf_counter() - start) / rows, size / rows) if rows else None


def _sample(encoded: Sequence[NDArray[np.uint8]], start: float) -> _Sample:
    taken = time.perf_counter() - start
    return _Sample(encoded, taken / len(encoded), sum(item.nbytes for item in encoded) / len(encoded))
