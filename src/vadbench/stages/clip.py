"""The stage `clip`: embeddings of stored frames by the image tower of a CLIP model."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import ClipSettings
from vadbench.models.clip_tower import ClipModel, load_clip, unfilled_clip
from vadbench.models.counting import Network
from vadbench.models.device import device_name, limit_threads
from vadbench.stages.batches import HalvingBatches
from vadbench.stages.embedding import FrameBatch, FrameEmbedding, Row, embed_part
from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.store import ArraySpec, Part, PartWriter


def run(inputs: StageInputs[ClipSettings]) -> None:
    """Embed every `every`-th row of a part of frames.

    The array `embedding` is (crops, D) float16 per row, projected, not normalised; the names of the crops
    stand in the attribute `crops`. Videos that `frames` skipped are skipped here too.

    Raises:
        VadbenchError: for a part that is missing, damaged or not of `frames`, and for weights that are not
        here.
    """
    settings, threads = inputs.settings, limit_threads(inputs.threads)
    with inputs.open_source() as frames:
        model = load_clip(
            settings.model,
            settings.weights,
            seed=settings.seed,
            crops=settings.crops,
            device=inputs.device,
            precision=settings.precision,
        )
        embed_frames(model, settings, frames, inputs.out, threads)


def embed_frames(model: ClipModel, settings: ClipSettings, frames: Part, out: Path, threads: int) -> None:
    """What `run` does, with a model and a part that are open already; `threads` prepare images."""
    encode = HalvingBatches(model.encode_images)

    def embed(batch: FrameBatch) -> NDArray[np.float32]:
        images = batch.images.reshape(-1, *batch.images.shape[2:])
        return encode(images).reshape(len(batch.videos), -1, model.dimension)

    embedding = FrameEmbedding(model.preprocess, embed, _rows, device_name(model.device))
    with _writer(settings, frames, model, out) as writer:
        embed_part(writer, frames, settings, embedding, threads)


def network(settings: ClipSettings) -> Network:
    """What runs for a frame, for counting."""
    model = unfilled_clip(settings.model, settings.crops)
    images = model.blank_images(settings.crops)
    return Network(
        parts={
            "image" if settings.crops == 1 else f"{settings.crops} crops": lambda: model.embed_images(images)
        },
        modules=[model.image_tower],
    )


def _writer(settings: ClipSettings, frames: Part, model: ClipModel, out: Path) -> PartWriter:
    crops = model.preprocess.crops
    return derived_writer(
        settings,
        frames,
        out,
        arrays={
            "embedding": ArraySpec("float16", (len(crops), model.dimension), "projected, not normalised")
        },
        weights={model.weights_name: model.weights_sha256},
        attributes={
            "crops": list(crops),
            "precision": model.precision,
            "preprocess": model.preprocess.description,
        },
    )


def _rows(_: str, embeddings: Iterator[NDArray[np.float32]]) -> Iterator[Row]:
    for embedding in embeddings:
        yield {"embedding": embedding}
