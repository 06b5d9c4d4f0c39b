"""The stage `windows`: embeddings of sliding windows of stored frames, and what STPrompt makes of them.

Motion map and aggregates are made of the first scale while rows pass: a row waits for the one after it, and
memory does not grow with a video's length. Window embeddings themselves are kept for the videos that `keep`
names; other scales are computed for these only.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vadbench.config import WindowsSettings
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import ClipModel, load_clip, unfilled_clip
from vadbench.models.counting import Network
from vadbench.models.device import device_name, limit_threads
from vadbench.models.preprocess import Preprocess
from vadbench.models.window_tokens import WindowEncoder
from vadbench.stages.batches import HalvingBatches
from vadbench.stages.embedding import FrameBatch, FrameEmbedding, Row, embed_part
from vadbench.stages.frames import FRAME_SIZE, SIZE_SPEC
from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.stages.spatial import Floats, motion_map, spatial_aggregates, with_neighbours
from vadbench.store import ArraySpec, Part, PartWriter

_PROJECTED = "projected, not normalised"
AGGREGATES = ("average", "attention", "selection_average", "selection_attention")
"""Of Table 5 of STPrompt; its fifth, `none`, needs no array."""


@dataclass(frozen=True)
class FrameWindows:
    """A frame (D,) and its windows (windows, D) by scale; of the first scale only where they are not kept."""

    frame: Floats
    windows: Sequence[Floats]
    is_kept: bool


class WindowModel:
    """A model with settings of the stage: from frames to embeddings of frames and windows.

    Raises:
        VadbenchError: for a model without CLIP's tokens, a scale that does not fit its grid, and a `top`
            above the number of windows.
    """

    def __init__(self, model: ClipModel, settings: WindowsSettings) -> None:
        self.model = model
        self.windows = WindowEncoder(model, settings.window_scales, settings.mode, settings.batch_size)
        rows, columns = self.windows.grids[0]
        if settings.top > rows * columns:
            grid = "{} x {}".format(*self.windows.tokens)
            raise VadbenchError(
                f"top: {settings.top} is more windows than there are: the first scale, {settings.scales[0]}, "
                f"has {rows} x {columns} on the model's grid of {grid} tokens; use {rows * columns} or less"
            )
        whole = self.windows.preprocess
        self._images = (whole,) if settings.frame_preprocess == "squash" else (model.preprocess, whole)
        self._encode_frames = HalvingBatches(model.encode_images)
        self._encode_windows = [
            HalvingBatches(partial(self.windows.encode, scale)) for scale in range(len(settings.scales))
        ]

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Frame (H, W, 3) uint8 RGB -> the frame's image and the windows', (1 or 2, height, width, 3)."""
        return np.concatenate([preprocess(image) for preprocess in self._images])

    def embed(self, pixels: NDArray[np.uint8], kept: NDArray[np.bool_]) -> list[FrameWindows]:
        """Images (n, 1 or 2, height, width, 3) of frames; `kept` (n,): whether their windows are stored."""
        images, whole = np.ascontiguousarray(pixels[:, 0]), np.ascontiguousarray(pixels[:, -1])
        frames = self._encode_frames(images)
        windows = [[first] for first in self._encode_windows[0](whole)]
        for encode in self._encode_windows[1:] if kept.any() else ():
            for place, scale in zip(np.flatnonzero(kept), encode(whole[kept]), strict=True):
                windows[place].append(scale)
        return [FrameWindows(*frame) for frame in zip(frames, windows, kept.tolist(), strict=True)]

    def row_bytes(self, is_kept: bool) -> int:
        """Bytes of a row's arrays, with or without its windows."""
        counts = [rows * columns for rows, columns in self.windows.grids]
        vectors = 1 + len(AGGREGATES) + sum(counts) * is_kept
        return int(2 * self.model.dimension * vectors + 4 * counts[0] + SIZE_SPEC.row_bytes)

    @property
    def frame_preprocess(self) -> Preprocess:
        """From a frame to the image that its own embedding sees."""
        return self._images[0]


def run(inputs: StageInputs[WindowsSettings]) -> None:
    """Embed every `every`-th row of a part of frames, and its windows.

    Arrays, of D numbers each: `embedding` (1, D) float16, the frame's own; `aggregate_average`,
    `aggregate_attention`, `aggregate_selection_average` and `aggregate_selection_attention` (D,) float16;
    `motion` (H, W) float32; `frame_size` (2,) int32, as the frames have it. Unless `keep` is none, a group
    `windows_<size>_<stride>` per scale with the array `embedding` (D,) float16: the windows of a row in
    raster order, none in videos that are not kept. Attributes: `scales`, and by scale the `grids` [H, W] of
    windows; `tokens` [rows, columns] of the model; `image_size` [height, width] of its input. All embeddings
    are projected, not normalised.

    Raises:
        VadbenchError: for a part that is missing, damaged or not of `frames`, for weights that are not here,
        and for scales and `top` that do not fit the model.
    """
    settings, threads = inputs.settings, limit_threads(inputs.threads)
    with inputs.open_source() as frames:
        kept = _kept(settings, frames, inputs.test_videos)
        model = load_clip(
            settings.model,
            settings.weights,
            seed=settings.seed,
            device=inputs.device,
            precision=settings.precision,
        )
        embed_windows(WindowModel(model, settings), settings, frames, inputs.out, kept, threads)


def embed_windows(
    model: WindowModel,
    settings: WindowsSettings,
    frames: Part,
    out: Path,
    kept: Collection[str],
    threads: int,
) -> None:
    """What `run` does, with a model and a part that are open already; of the videos `kept`, windows stay."""

    def embed(batch: FrameBatch) -> list[FrameWindows]:
        return model.embed(batch.images, np.array([id in kept for id in batch.videos]))

    rows = partial(_rows, settings, model.windows.grids[0])
    device = device_name(model.model.device)
    embedding = FrameEmbedding(model.prepare, embed, rows, device, copied=(FRAME_SIZE,))
    with _writer(settings, frames, model, out, kept) as writer:
        embed_part(writer, frames, settings, embedding, threads)


def network(settings: WindowsSettings) -> Network:
    """What runs for a frame whose windows are kept, for counting; of `keep: none` for any frame."""
    model = unfilled_clip(settings.model)
    windows = WindowModel(model, settings).windows
    scales = range(len(settings.scales) if settings.keep != "none" else 1)
    others = f"; the windows of {', '.join(settings.scales[1:])} only of tested videos"
    return Network(
        parts={
            "image": partial(model.embed_images, model.blank_images(1)),
            **{
                f"windows {settings.scales[scale]}": partial(
                    _windows_of_blank, model, windows, settings.mode, scale
                )
                for scale in scales
            },
        },
        modules=[model.image_tower],
        note="motion map and aggregates, which NumPy computes, are not counted"
        + (others if settings.keep == "test" and len(scales) > 1 else ""),
    )


def _windows_of_blank(model: ClipModel, windows: WindowEncoder, mode: str, scale: int) -> Tensor:
    """The windows of a blank image, to be counted."""
    if mode == "tokens":
        return windows.embed_tokens(scale, model.blank_images(1))
    return model.embed_images(model.blank_images(prod(windows.grids[scale])))


def _kept(settings: WindowsSettings, frames: Part, test_videos: Collection[str] | None) -> frozenset[str]:
    """The videos of the part whose windows are stored."""
    if settings.keep != "test":
        return frozenset(frames.videos if settings.keep == "all" else ())
    if test_videos is None:
        raise VadbenchError("keep: test needs --test-videos, the shard's videos that are tested")
    if unknown := sorted(set(test_videos) - set(frames.videos)):
        raise VadbenchError(f"--test-videos: {frames.path} has no video {unknown[0]!r}")
    return frozenset(test_videos)


def _writer(
    settings: WindowsSettings, frames: Part, model: WindowModel, out: Path, kept: Collection[str]
) -> PartWriter:
    clip, windows = model.model, model.windows
    vector = ArraySpec("float16", (clip.dimension,), _PROJECTED)
    return derived_writer(
        settings,
        frames,
        out,
        arrays={
            "embedding": ArraySpec("float16", (1, clip.dimension), _PROJECTED),
            **{f"aggregate_{name}": vector for name in AGGREGATES},
            "motion": ArraySpec("float32", windows.grids[0], "norm of the second difference of embeddings"),
            FRAME_SIZE: SIZE_SPEC,
        },
        ragged={}
        if settings.keep == "none"
        else {scale.group: {"embedding": vector} for scale in settings.window_scales},
        weights={clip.weights_name: clip.weights_sha256},
        attributes={
            "scales": list(settings.scales),
            "grids": [list(grid) for grid in windows.grids],
            "tokens": list(windows.tokens),
            "image_size": [windows.preprocess.height, windows.preprocess.width],
            "precision": clip.precision,
            "preprocess": model.frame_preprocess.description,
            "window_preprocess": windows.preprocess.description,
            # Finished videos of an interrupted run may stay only if the same ones are kept.
            "kept_digest": hashlib.sha256(json.dumps(sorted(kept)).encode()).hexdigest(),
        },
    )


def _rows(
    settings: WindowsSettings, grid: tuple[int, int], _id: str, frames: Iterator[FrameWindows]
) -> Iterator[Row]:
    """The rows of one video."""
    for neighbours in with_neighbours(frames):
        _, frame, _ = neighbours
        first = [each.windows[0] for each in neighbours]
        motion = motion_map(*(map(_unit, first) if settings.normalise_windows else first))
        aggregates = spatial_aggregates(frame.windows[0], motion, settings.top)
        yield {
            "embedding": frame.frame[None],
            **{f"aggregate_{name}": aggregates[name] for name in AGGREGATES},
            "motion": motion.reshape(grid),
            **({} if settings.keep == "none" else _groups(settings, frame)),
        }


def _groups(settings: WindowsSettings, frame: FrameWindows) -> dict[str, dict[str, Floats]]:
    """The windows of a frame that are stored, by scale; none of a video that is not kept."""
    none = np.empty((0, len(frame.frame)), np.float32)
    windows = frame.windows if frame.is_kept else [none] * len(settings.scales)
    groups = (scale.group for scale in settings.window_scales)
    return {group: {"embedding": each} for group, each in zip(groups, windows, strict=True)}


def _unit(windows: Floats) -> Floats:
    unit: Floats = windows / np.linalg.norm(windows, axis=1, keepdims=True)
    return unit
