"""The stage `histograms`: how the blocks of each region move, by direction."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vadbench.config import HistogramsSettings
from vadbench.models.hevc_dump import BLOCK
from vadbench.stages.motion import BadVideoError, pass_over
from vadbench.stages.motion_fields import MotionSource, open_motion, size_of
from vadbench.stages.orientation import BINS, Histograms, orientation_histograms
from vadbench.stages.pipeline import prefetch
from vadbench.stages.progress import Progress
from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.stages.regions import REGIONS
from vadbench.store import ArraySpec, Part, PartWriter

HISTOGRAM = "histogram"
"""The array of the group `REGIONS`."""

_ROWS_PER_WRITE = 64
_CHUNKS_AHEAD = 2


@dataclass(frozen=True)
class _Chunk:
    """Rows of one video: their frames, times and histograms."""

    frame: NDArray[np.int32]
    time: NDArray[np.float64]
    histograms: list[Histograms]


def run(inputs: StageInputs[HistogramsSettings]) -> None:
    """Count the motion in the regions of a part, row by row.

    Rows are those of the regions, and so are the regions of each. The group `regions` has the array
    `histogram` (8,) float32, in pixels per frame: see `orientation_histograms`. A row has the motion of its
    own frame since the one before it in the video. Frame 0 has no vectors and takes those of frame 1 in its
    own boxes (**reading** of "frame 1's histogram": that frame has other boxes); the only frame of a video
    has none. Attributes: `motion`, settings and revision of the vectors; `x265` and `x265_options`, what made
    them; `block`, the side of their blocks in pixels. Whether they were stored does not show.
    Videos that the regions or the motion skipped are skipped here too.

    Raises:
        VadbenchError: for parts that are missing, damaged, of other stages or of other videos; for a video
            whose frames are others, by number or size, than those of its regions; and where vectors are made
            anew, as the stage `motion`.
    """
    with ExitStack() as stack:
        regions = stack.enter_context(inputs.open_source())
        motion = stack.enter_context(open_motion(inputs, regions))
        writer = stack.enter_context(_writer(inputs, regions, motion))
        to_do = writer.videos[writer.finished :]
        workers = {"reading": 1, "computing": 1 + motion.encoders, "writing": 1}
        rows = sum(regions.row_count(id) for id in to_do)
        progress = stack.enter_context(
            Progress("histograms", videos=len(to_do), rows=rows, workers=workers, threads=inputs.threads)
        )
        progress.resumed(writer.finished)
        for id in to_do:
            _write_or_skip(writer, id, regions, motion, inputs, progress)
        with progress.busy("writing"):
            writer.complete()


def _writer(inputs: StageInputs[HistogramsSettings], regions: Part, motion: MotionSource) -> PartWriter:
    spec = ArraySpec("float32", (BINS,), "pixels per frame, mean of the vectors of a direction")
    return derived_writer(
        inputs.settings,
        regions,
        inputs.out,
        arrays={},
        ragged={REGIONS: {HISTOGRAM: spec}},
        attributes={**motion.made_of, "block": BLOCK},
    )


def _write_or_skip(
    writer: PartWriter,
    id: str,
    regions: Part,
    motion: MotionSource,
    inputs: StageInputs[HistogramsSettings],
    progress: Progress,
) -> None:
    reason = regions.skipped.get(id) or motion.skipped.get(id)
    if reason:
        writer.skip(id, reason)
        progress.skipped(id, reason)
        return
    rows = _histograms(regions, motion, id, inputs.settings, progress)
    try:
        with closing(prefetch(rows, _CHUNKS_AHEAD)) as chunks:
            _write_video(writer, id, chunks, regions.frame_count(id), progress)
    except BadVideoError as bad:
        pass_over(bad, writer, id, inputs, progress)


def _histograms(
    regions: Part, motion: MotionSource, id: str, settings: HistogramsSettings, progress: Progress
) -> Generator[_Chunk, None, None]:
    """The rows of one video."""
    frames = regions.frame_count(id)
    with motion.video(id, frames, size_of(regions, id), progress) as fields:
        for start in range(0, regions.row_count(id), _ROWS_PER_WRITE):
            with progress.busy("reading"):
                stop = start + _ROWS_PER_WRITE
                frame, time = regions.frame(id, start, stop), regions.time(id, start, stop)
                boxes = regions.ragged_rows(id, REGIONS, "box", start, stop)
            found = []
            for number, some in zip(frame.tolist(), boxes, strict=True):
                if len(some) and frames > 1:
                    field = fields.at(max(number, 1))
                    with progress.busy("computing"):
                        found.append(
                            orientation_histograms(
                                some, field, zeros=settings.zeros, average=settings.average
                            )
                        )
                else:
                    found.append(np.zeros((len(some), BINS), np.float32))
            yield _Chunk(frame, time, found)
        fields.finish()


def _write_video(
    writer: PartWriter, id: str, chunks: Iterator[_Chunk], frames: int, progress: Progress
) -> None:
    with writer.video(id) as video:
        for chunk in chunks:
            with progress.busy("writing"):
                histograms = [{HISTOGRAM: each} for each in chunk.histograms]
                video.append(chunk.frame, chunk.time, **{REGIONS: histograms})
            progress.advance(len(chunk.frame))
        with progress.busy("writing"):
            video.finish(frames)
    progress.finished()
