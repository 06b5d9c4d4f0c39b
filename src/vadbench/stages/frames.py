"""The stage `frames`: every stride-th frame of a shard's videos as JPEG or PNG: each is decoded once.

What JPEG 95 costs (`benchmarks/jpeg.py`, the demo's model): embeddings of frames kept as JPEG have a cosine
of 0.99995 in the median and 0.9991 at least with those of the decoder's own pixels on 16 clips of the demo,
0.99997 at least on 4 of Ped2; those of neighbouring sampled frames have 0.958 and 0.984 in the median.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import FramesSettings
from vadbench.datasets import VideoEntry, load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.models.threads import usable_threads
from vadbench.stages.images import encode_image
from vadbench.stages.pipeline import ordered_map, prefetch
from vadbench.stages.progress import Progress
from vadbench.stages.protocol import StageInputs
from vadbench.store import ArraySpec, PartWriter
from vadbench.video import Frame, open_video, resize_short_side

# Decoded frames in flight per thread; five frames of 1080p.
_BYTES_PER_THREAD = 32 << 20
_DECODED_AHEAD = 2
_ENCODED_AHEAD = 64
_ROWS_PER_WRITE = 16


FRAME_SIZE = "frame_size"
"""The array of a part that says how large the decoded frames are."""
SIZE_SPEC = ArraySpec("int32", (2,), "width and height in pixels")


@dataclass(frozen=True)
class _Row:
    """A sampled frame, encoded."""

    frame: int
    time: float
    size: tuple[int, int]
    encoded: NDArray[np.uint8]


@dataclass(frozen=True)
class _End:
    """The end of a video: how many frames it has, or why it cannot be read."""

    decoded: int
    error: VadbenchError | None = None


class _BadVideoError(Exception):
    """A video that its reader gave up on."""

    def __init__(self, error: VadbenchError) -> None:
        self.error = error


def run(inputs: StageInputs[FramesSettings]) -> None:
    """Decode the videos of a shard and write their sampled frames.

    The part has one per-row array, `frame_size` (2,) int32: width and height in pixels of the decoded frame,
    which the image may be smaller than. The image's bytes are in the group `jpeg` or `png`, array `bytes`.

    Raises:
        VadbenchError: for a video that cannot be read, naming file and frame, where `on_bad_video` is
            "fail"; with "skip" the part says which were skipped and why.
    """
    settings, videos = inputs.settings, load_videos(inputs.videos)
    writer = PartWriter(
        inputs.out,
        stage="frames",
        settings=settings.identity(),
        revision=settings.REVISION,
        videos=[video.id for video in videos],
        arrays={FRAME_SIZE: SIZE_SPEC},
        ragged={settings.format: {"bytes": ArraySpec("uint8", units="byte")}},
        videos_digest=videos_digest(videos),
    )
    with writer:
        to_do = videos[writer.finished :]
        threads = usable_threads(inputs.threads)
        workers = {"reading": 1, "computing": threads, "writing": 1}
        with Progress("frames", videos=len(to_do), rows=None, workers=workers, threads=threads) as progress:
            progress.resumed(writer.finished)
            with _encoded(to_do, inputs, threads, progress) as rows:
                _write(writer, to_do, inputs, _chunked(rows), progress)
            with progress.busy("writing"):
                writer.complete()


@contextmanager
def _encoded(
    videos: Sequence[VideoEntry], inputs: StageInputs[FramesSettings], threads: int, progress: Progress
) -> Iterator[Iterator[_Row | _End]]:
    """The rows of all videos, each video closed by its end; decoding and encoding run ahead."""
    with ThreadPoolExecutor(threads) as pool, ExitStack() as stack:
        frames = _decode(videos, inputs.settings.stride, inputs.data_root, threads, progress)
        decoded = prefetch(frames, _DECODED_AHEAD)
        stack.enter_context(closing(decoded))
        encode = partial(_encode, inputs.settings, progress)
        encoded = ordered_map(pool, encode, decoded, budget=threads * _BYTES_PER_THREAD, cost=_cost)
        stack.enter_context(closing(encoded))
        # Driven by a thread of its own, so that decoding goes on while a video is synced to the disk.
        rows = prefetch(encoded, _ENCODED_AHEAD)
        stack.enter_context(closing(rows))
        yield rows


def _decode(
    videos: Sequence[VideoEntry], stride: int, data_root: Path, threads: int, progress: Progress
) -> Iterator[Frame | _End]:
    """The sampled frames of all videos, each video closed by its end."""
    for video in videos:
        try:
            with open_video(data_root / video.path, threads=threads) as reader:
                yield from progress.timed("reading", reader.frames(stride))
                yield _End(reader.decoded)
        except VadbenchError as error:
            yield _End(0, error)


def _encode(settings: FramesSettings, progress: Progress, item: Frame | _End) -> _Row | _End:
    """Turn a decoded frame into a row; ends of videos pass through."""
    if isinstance(item, _End):
        return item
    with progress.busy("computing"):
        image = item.image
        size = image.shape[1], image.shape[0]
        if settings.short_side is not None:
            image = resize_short_side(image, settings.short_side)
        return _Row(item.index, item.time, size, encode_image(image, settings.format))


def _cost(item: Frame | _End) -> int:
    return item.image.nbytes if isinstance(item, Frame) else 0


def _write(
    writer: PartWriter,
    videos: Sequence[VideoEntry],
    inputs: StageInputs[FramesSettings],
    chunks: Iterator[list[_Row] | _End],
    progress: Progress,
) -> None:
    for video in videos:
        try:
            _write_video(writer, video.id, inputs.settings.format, chunks, progress)
        except _BadVideoError as bad:
            if inputs.on_bad_video == "fail":
                raise bad.error from None
            # The part must not say where the data lay.
            reason = str(bad.error).replace(str(inputs.data_root / video.path), video.path)
            writer.skip(video.id, reason)
            progress.skipped(video.id, reason)


def _write_video(
    writer: PartWriter, id: str, group: str, chunks: Iterator[list[_Row] | _End], progress: Progress
) -> None:
    """Write the rows of one video up to its end. Raises _BadVideoError where its reader gave up."""
    with writer.video(id) as video:
        while isinstance(rows := next(chunks), list):
            with progress.busy("writing"):
                video.append(
                    frame=[row.frame for row in rows],
                    time=[row.time for row in rows],
                    **{FRAME_SIZE: [row.size for row in rows]},
                    **{group: [{"bytes": row.encoded} for row in rows]},
                )
            progress.advance(len(rows))
        if rows.error is not None:
            raise _BadVideoError(rows.error)
        with progress.busy("writing"):
            video.finish(rows.decoded)
    progress.finished()


def _chunked(rows: Iterator[_Row | _End]) -> Iterator[list[_Row] | _End]:
    """Rows in lists that are worth a write, each within one video."""
    chunk: list[_Row] = []
    for row in rows:
        if isinstance(row, _Row):
            chunk.append(row)
        if chunk and (isinstance(row, _End) or len(chunk) == _ROWS_PER_WRITE):
            yield chunk
            chunk = []
        if isinstance(row, _End):
            yield row
