"""What the stages share that embed stored frames: reading and preparing run ahead of the model.

Which frames share a batch does not depend on where a run was cut off.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vadbench.config import ImageTowerSettings, RegionsSettings
from vadbench.stages.images import decode_image, read_encoded
from vadbench.stages.pipeline import batches_of, ordered_map, prefetch
from vadbench.stages.progress import Progress
from vadbench.store import Part, PartWriter

_ROWS_PER_READ = 32
_ROWS_PER_WRITE = 64
_ENCODED_AHEAD = 32
_PREPARED_AHEAD = 4

Row: TypeAlias = Mapping[str, Any]
"""One row of each array of the part by name; of a group a mapping by array."""


@dataclass(frozen=True)
class FrameBatch:
    """Frames that go through the model together, possibly of several videos.

    Args:
        videos: the video of each frame.
        images: what was prepared of each frame, joined; (frames, images of each, height, width, 3) uint8
            unless the stage joins otherwise.
    """

    videos: Sequence[str]
    images: Any


@dataclass(frozen=True)
class FrameEmbedding:
    """How a stage embeds frames.

    Args:
        prepare: frame (H, W, 3) uint8 RGB -> what the model takes of it; by several threads.
        embed: what the model makes of each frame of a batch, in their order.
        rows: from a video's id and what was made of its frames, in their order, to as many rows of the part.
        device: where the model is, for the log.
        copied: arrays of the frames that the part has too, of the rows that are embedded.
        join: what was prepared of several frames -> the images of a batch.
    """

    prepare: Callable[[NDArray[np.uint8]], Any]
    embed: Callable[[FrameBatch], Iterable[Any]]
    rows: Callable[[str, Iterator[Any]], Iterator[Row]]
    device: str
    copied: Sequence[str] = ()
    join: Callable[[Sequence[Any]], Any] = np.stack


def embed_part(
    writer: PartWriter,
    frames: Part,
    settings: ImageTowerSettings | RegionsSettings,
    embedding: FrameEmbedding,
    threads: int,
) -> None:
    """Embed every `every`-th row of a part of frames and complete the writer's part.

    Videos that `frames` skipped are skipped here too; `threads` prepare images.
    """
    done = writer.finished_rows
    # A batch that was cut off is computed again whole: which rows share a batch moves the last bits of each.
    first = done - done % settings.batch_size
    total = sum(-(-frames.row_count(id) // settings.every) for id in frames.videos)
    to_do = writer.videos[writer.finished :]
    workers = {"reading": 1, "preparing": threads, "computing": 1, "writing": 1}
    with Progress(
        settings.stage,
        videos=len(to_do),
        rows=total - done,
        workers=workers,
        device=embedding.device,
        threads=threads,
    ) as progress:
        progress.resumed(writer.finished)
        with _embedded(frames, settings, embedding, threads, first, progress) as embedded:
            # Rows of that batch which the finished videos hold already.
            deque(islice(embedded, done - first), maxlen=0)
            for id in to_do:
                own = islice(embedded, -(-frames.row_count(id) // settings.every))
                write_video(
                    writer, frames, id, settings.every, embedding.rows(id, own), embedding.copied, progress
                )
        with progress.busy("writing"):
            writer.complete()


@contextmanager
def _embedded(
    frames: Part,
    settings: ImageTowerSettings | RegionsSettings,
    embedding: FrameEmbedding,
    threads: int,
    first: int,
    progress: Progress,
) -> Iterator[Iterator[Any]]:
    """What the model makes of the rows from number `first` on; reading to computing runs ahead."""
    size = settings.batch_size
    with ThreadPoolExecutor(threads) as pool, ExitStack() as stack:
        encoded = prefetch(_encoded(frames, settings.every, first, progress), _ENCODED_AHEAD)
        stack.enter_context(closing(encoded))
        prepare = partial(_prepared, embedding, progress)
        prepared = ordered_map(pool, prepare, encoded, budget=size + _PREPARED_AHEAD * threads)
        stack.enter_context(closing(prepared))
        # Joined ahead of the model, which else would wait for the copy.
        batches = prefetch(_joined(prepared, embedding.join, size), 1)
        stack.enter_context(closing(batches))
        embedded = prefetch(_computed(batches, embedding, progress), 2 * size)
        stack.enter_context(closing(embedded))
        yield embedded


def _encoded(
    frames: Part, every: int, first: int, progress: Progress
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Video and JPEG or PNG bytes of every `every`-th row of each video, from the `first`-th of these on."""
    rows = ((id, row) for id in frames.videos for row in range(0, frames.row_count(id), every))
    for id, numbers in groupby(islice(rows, first, None), itemgetter(0)):
        for block in batches_of((row for _, row in numbers), _ROWS_PER_READ):
            with progress.busy("reading"):
                encoded = read_encoded(frames, id, range(block[0], block[-1] + 1, every))
            yield from ((id, image) for image in encoded)


def _prepared(
    embedding: FrameEmbedding, progress: Progress, item: tuple[str, NDArray[np.uint8]]
) -> tuple[str, Any]:
    video, encoded = item
    with progress.busy("preparing"):
        return video, embedding.prepare(decode_image(encoded))


def _joined(
    prepared: Iterator[tuple[str, Any]], join: Callable[[Sequence[Any]], Any], size: int
) -> Iterator[FrameBatch]:
    for batch in batches_of(prepared, size):
        videos, images = zip(*batch, strict=True)
        yield FrameBatch(videos, join(images))


def _computed(batches: Iterator[FrameBatch], embedding: FrameEmbedding, progress: Progress) -> Iterator[Any]:
    for batch in batches:
        with progress.busy("computing"):
            embedded = embedding.embed(batch)
        yield from embedded


def write_video(
    writer: PartWriter,
    frames: Part,
    id: str,
    every: int,
    rows: Iterator[Row],
    copied: Sequence[str],
    progress: Progress,
) -> None:
    """Write the rows that were made of every `every`-th row of one video of a part of frames, or skip it.

    The arrays `copied` come from the frames.
    """
    if id in frames.skipped:
        writer.skip(id, frames.skipped[id])
        progress.skipped(id, frames.skipped[id])
        return
    with writer.video(id) as video:
        for numbers in batches_of(range(0, frames.row_count(id), every), _ROWS_PER_WRITE):
            chunk = list(islice(rows, len(numbers)))
            with progress.busy("writing"):
                start, stop = numbers[0], numbers[-1] + 1
                frame, time = (read(id, start, stop)[::every] for read in (frames.frame, frames.time))
                same = {name: frames.read(id, name, start, stop)[::every] for name in copied}
                arrays = {name: [row[name] for row in chunk] for name in chunk[0]} | same
                video.append(frame=frame, time=time, **arrays)
            progress.advance(len(numbers))
        with progress.busy("writing"):
            video.finish(frames.frame_count(id))
    progress.finished()
