"""The stage `motion`: HEVC motion vectors of every frame of a shard's videos, at their native rate and size.

Encoding takes one thread and decoding runs ahead of it, so that more cores are used by more shards.
"""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import MotionSettings
from vadbench.datasets import VideoEntry, load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.models.hevc_dump import BLOCK, INTRA
from vadbench.models.hevc_vectors import EncoderFrame, FrameConverter, HevcVectors
from vadbench.models.threads import usable_threads
from vadbench.stages.frames import FRAME_SIZE, SIZE_SPEC
from vadbench.stages.pipeline import batches_of, prefetch
from vadbench.stages.progress import Progress
from vadbench.stages.protocol import S, StageInputs
from vadbench.store import ArraySpec, PartWriter
from vadbench.video import VideoReader, open_video

_DECODED_AHEAD = 4
_PIECES_AHEAD = 8
_ROWS_PER_WRITE = 32

FIELDS_AHEAD = 64
"""How many fields the encoder may be ahead of what takes them."""

GRID = "grid"
"""The array of a part that says how many rows and columns of blocks a field has."""
FIELD = "field"
"""The group of a part that holds the blocks of each frame, in raster order."""
VECTOR = "vector"
"""The array of `FIELD`."""


@dataclass(frozen=True)
class FrameMotion:
    """A frame and how its blocks moved since the one before."""

    frame: int
    """Position among the decoded frames, 0-based."""
    time: float
    """Presentation time, seconds."""
    size: tuple[int, int]
    """Width and height in pixels."""
    field: NDArray[np.int16]
    """(rows, columns, 2); see `HevcVectors.fields`."""


class BadVideoError(Exception):
    """A video that its reader gave up on."""

    def __init__(self, error: VadbenchError, path: Path) -> None:
        self.error = error
        self.path = path


def video_motion(
    vectors: HevcVectors, path: Path, progress: Progress, *, threads: int = 1
) -> Generator[FrameMotion, None, None]:
    """The motion of every frame of a video; `threads` decode, ahead of the encoder.

    Raises:
        BadVideoError: for a video that cannot be read.
        VadbenchError: where x265 fails, naming the video.
    """
    pending: deque[tuple[int, float, tuple[int, int]]] = deque()

    def frames() -> Generator[EncoderFrame, None, None]:
        try:
            with (
                open_video(path, threads=threads) as reader,
                closing(prefetch(progress.timed("reading", _converted(reader)), _DECODED_AHEAD)) as decoded,
            ):
                for index, time, frame in decoded:
                    pending.append((index, time, frame.size))
                    yield frame
        except VadbenchError as error:
            raise BadVideoError(error, path) from error

    # The encoder's thread does nothing else: its dump is read by the one that asks for fields.
    encoding = partial(vectors.pieces, encoding_time=partial(progress.busy, "computing"))
    with closing(frames()) as given, closing(prefetch(encoding(given), _PIECES_AHEAD)) as pieces:
        try:
            for field in vectors.read(pieces):
                yield FrameMotion(*pending.popleft(), field)
        except VadbenchError as error:
            raise VadbenchError(f"{path}: {error}") from error


def _converted(reader: VideoReader) -> Iterator[tuple[int, float, EncoderFrame]]:
    """Index and time of each frame, and it as the encoder takes it."""
    convert = FrameConverter()
    for frame in reader.frames():
        yield frame.index, frame.time, convert(frame.image)


def run(inputs: StageInputs[MotionSettings]) -> None:
    """Encode the videos of a shard and write the motion of all their frames.

    Arrays per frame: `frame_size` (2,) int32, width and height in pixels; `grid` (2,) int32, rows and columns
    of blocks. The group `field` has the array `vector` (2,) int16, x and y per block in raster order: quarter
    pixels that the block moved since the frame before, x to the right, y downwards; both the attribute
    `intra` in blocks without a vector. Other attributes: `block`, their side in pixels; `x265`, the encoder's
    version; `x265_options`, all its settings.

    Raises:
        VadbenchError: where vectors cannot be had here; with `keep: none`; and for a video that cannot be
            read where `on_bad_video` is "fail" (with "skip" the part says which were skipped and why).
    """
    settings = inputs.settings
    if settings.keep == "none":
        raise VadbenchError("motion: keep is none, so that no motion is stored; set keep: all to store it")
    videos = load_videos(inputs.videos)
    vectors = HevcVectors(settings.preset, settings.crf)
    writer = PartWriter(
        inputs.out,
        stage="motion",
        settings=settings.identity(),
        revision=settings.REVISION,
        videos=[video.id for video in videos],
        arrays={FRAME_SIZE: SIZE_SPEC, GRID: ArraySpec("int32", (2,), "rows and columns of blocks")},
        ragged={FIELD: {VECTOR: ArraySpec("int16", (2,), "quarter pixels per frame, x and y")}},
        videos_digest=videos_digest(videos),
        attributes={
            "block": BLOCK,
            "intra": INTRA,
            "x265": vectors.version,
            "x265_options": vectors.options,
        },
    )
    with writer:
        to_do = videos[writer.finished :]
        threads = usable_threads(inputs.threads)
        workers = {"reading": 1, "computing": 1, "writing": 1}
        with Progress("motion", videos=len(to_do), rows=None, workers=workers, threads=threads) as progress:
            progress.resumed(writer.finished)
            for video in to_do:
                _write_or_skip(writer, video, inputs, vectors, threads, progress)
            with progress.busy("writing"):
                writer.complete()


def _write_or_skip(
    writer: PartWriter,
    video: VideoEntry,
    inputs: StageInputs[MotionSettings],
    vectors: HevcVectors,
    threads: int,
    progress: Progress,
) -> None:
    motion = video_motion(vectors, inputs.data_root / video.path, progress, threads=threads)
    try:
        with closing(prefetch(motion, FIELDS_AHEAD)) as rows:
            _write_video(writer, video.id, rows, progress)
    except BadVideoError as bad:
        pass_over(bad, writer, video.id, inputs, progress)


def pass_over(
    bad: BadVideoError, writer: PartWriter, id: str, inputs: StageInputs[S], progress: Progress
) -> None:
    """Skip a video that cannot be read, or raise what its reader said, as `on_bad_video` wants it."""
    if inputs.on_bad_video == "fail":
        raise bad.error from None
    # The part must not say where the data lay.
    reason = str(bad.error).replace(str(bad.path), bad.path.relative_to(inputs.data_root).as_posix())
    writer.skip(id, reason)
    progress.skipped(id, reason)


def _write_video(writer: PartWriter, id: str, rows: Iterator[FrameMotion], progress: Progress) -> None:
    frames = 0
    with writer.video(id) as video:
        for chunk in batches_of(rows, _ROWS_PER_WRITE):
            with progress.busy("writing"):
                video.append(
                    frame=[row.frame for row in chunk],
                    time=[row.time for row in chunk],
                    **{FRAME_SIZE: [row.size for row in chunk]},
                    **{GRID: [row.field.shape[:2] for row in chunk]},
                    **{FIELD: [{VECTOR: row.field.reshape(-1, 2)} for row in chunk]},
                )
            frames += len(chunk)
            progress.advance(len(chunk))
        with progress.busy("writing"):
            video.finish(frames)
    progress.finished()
