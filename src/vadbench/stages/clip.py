"""The stage `clip`: embeddings of stored frames by the image tower of a CLIP model."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import ClipSettings
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.models.device import limit_threads
from vadbench.stages.batches import HalvingBatches
from vadbench.stages.images import decode_image, read_encoded
from vadbench.stages.pipeline import batches_of, ordered_map, prefetch
from vadbench.stages.progress import Progress
from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.store import ArraySpec, Part, PartWriter

_ROWS_PER_READ = 32
_ROWS_PER_WRITE = 64
_ENCODED_AHEAD = 32
_PREPARED_AHEAD = 4


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
    with _writer(settings, frames, model, out) as writer:
        _write(writer, frames, settings, model, threads)


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


def _write(writer: PartWriter, frames: Part, settings: ClipSettings, model: ClipModel, threads: int) -> None:
    done = writer.finished_rows
    # A batch that was cut off is computed again whole: which rows share a batch moves the last bits of each.
    first = done - done % settings.batch_size
    total = sum(-(-frames.row_count(id) // settings.every) for id in frames.videos)
    to_do = writer.videos[writer.finished :]
    workers = {"reading": 1, "preparing": threads, "computing": 1, "writing": 1}
    with Progress("clip", videos=len(to_do), rows=total - done, workers=workers) as progress:
        progress.resumed(writer.finished)
        with _embeddings(frames, settings, model, threads, first, progress) as embedded:
            # Rows of that batch which the finished videos hold already.
            deque(islice(embedded, done - first), maxlen=0)
            for id in to_do:
                _write_video(writer, frames, id, settings.every, embedded, progress)
        with progress.busy("writing"):
            writer.complete()


@contextmanager
def _embeddings(
    frames: Part, settings: ClipSettings, model: ClipModel, threads: int, first: int, progress: Progress
) -> Iterator[Iterator[NDArray[np.float32]]]:
    """Embeddings (crops, D) of the rows from number `first` on; reading to computing runs ahead."""
    size = settings.batch_size
    with ThreadPoolExecutor(threads) as pool, ExitStack() as stack:
        encoded = prefetch(_encoded(frames, settings.every, first, progress), _ENCODED_AHEAD)
        stack.enter_context(closing(encoded))
        prepare = partial(_prepare, model, progress)
        pixels = ordered_map(pool, prepare, encoded, budget=size + _PREPARED_AHEAD * threads)
        stack.enter_context(closing(pixels))
        # Joined ahead of the model, which else would wait for the copy.
        batches = prefetch(_joined(pixels, size), 1)
        stack.enter_context(closing(batches))
        embedded = prefetch(_embedded(batches, model, progress), 2 * size)
        stack.enter_context(closing(embedded))
        yield embedded


def _encoded(frames: Part, every: int, first: int, progress: Progress) -> Iterator[NDArray[np.uint8]]:
    """JPEG or PNG bytes of every `every`-th row of each video, from the `first`-th of these on."""
    rows = ((id, row) for id in frames.videos for row in range(0, frames.row_count(id), every))
    for id, numbers in groupby(islice(rows, first, None), itemgetter(0)):
        for block in batches_of((row for _, row in numbers), _ROWS_PER_READ):
            with progress.busy("reading"):
                encoded = read_encoded(frames, id, range(block[0], block[-1] + 1, every))
            yield from encoded


def _prepare(model: ClipModel, progress: Progress, encoded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    with progress.busy("preparing"):
        return model.preprocess(decode_image(encoded))


def _joined(pixels: Iterator[NDArray[np.uint8]], batch_size: int) -> Iterator[NDArray[np.uint8]]:
    """Frames (crops, height, width, 3) in batches (frames * crops, height, width, 3)."""
    for batch in batches_of(pixels, batch_size):
        yield np.concatenate(batch)


def _embedded(
    batches: Iterator[NDArray[np.uint8]], model: ClipModel, progress: Progress
) -> Iterator[NDArray[np.float32]]:
    """Embeddings (crops, D) of one frame after another."""
    encode = HalvingBatches(model.encode_images)
    for batch in batches:
        with progress.busy("computing"):
            embeddings = encode(batch)
        yield from embeddings.reshape(-1, len(model.preprocess.crops), model.dimension)


def _write_video(
    writer: PartWriter,
    frames: Part,
    id: str,
    every: int,
    embedded: Iterator[NDArray[np.float32]],
    progress: Progress,
) -> None:
    if id in frames.skipped:
        writer.skip(id, frames.skipped[id])
        progress.skipped(id, frames.skipped[id])
        return
    with writer.video(id) as video:
        for rows in batches_of(range(0, frames.row_count(id), every), _ROWS_PER_WRITE):
            embeddings = list(islice(embedded, len(rows)))
            with progress.busy("writing"):
                frame, time = (
                    read(id, rows[0], rows[-1] + 1)[::every] for read in (frames.frame, frames.time)
                )
                video.append(frame=frame, time=time, embedding=np.stack(embeddings))
            progress.advance(len(rows))
        with progress.busy("writing"):
            video.finish(frames.frame_count(id))
    progress.finished()
