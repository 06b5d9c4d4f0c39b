"""A test video as H.264: its frames with boxes, its heat maps, and its scores as they come."""

import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.figures.curve import CurvePicture, column_of, draw_curve
from vadbench.figures.localised import LocalisedFrame, with_boxes, with_heat
from vadbench.figures.run import RunPictures
from vadbench.figures.style import VERMILION, rgb

_WIDTH, _PLOT_HEIGHT = 960, 130
_ENCODER = {"preset": "veryfast", "crf": "20"}


def write_annotated_video(
    run: Path, video: str, annotations: Path, out: Path, *, frames: Path | None, data_root: Path
) -> None:
    """Write every scored row of one test video: boxes on the left, heat map on the right, scores below.

    The video runs at the pace of the sampled rows. It appears under its name when it is complete.

    Args:
        run: the run's folder, with scores.h5 and metrics.json.
        video: id of a test video.
        annotations: the benchmark's annotations.json.
        out: the .mp4 to write.
        frames: folder of the set of frames; None: they were freed, which is an error.
        data_root: folder of the data sets, where pixel masks are read.

    Raises:
        VadbenchError: the run does not localise, the video is no test video of it or has no scores, or a file
            is missing or damaged.
    """
    with RunPictures(run, annotations, frames, data_root) as pictures:
        pictures.check_test_video(video)
        if not pictures.localises:
            raise VadbenchError(
                f"{run}: its scores hold no boxes; an annotated video needs a method with `localisation`"
            )
        rows = pictures.row_count(video)
        if not rows or not pictures.has_frames(video):
            raise VadbenchError(f"{run}: the video {video!r} has no scores, or no frames of it are stored")
        picture = pictures.picture(video, pictures.score_range())
        shown = pictures.localised(video, range(rows))
        film(picture, shown, out)


def film(picture: CurvePicture, shown: Iterator[LocalisedFrame], out: Path) -> None:
    """Write localised frames as H.264: boxes on the left, heat map on the right, the curve so far below.

    Args:
        picture: the whole curve, without thumbnails; its times give the pace.
        shown: every row of the curve.
        out: the .mp4 to write; it appears under its name when it is complete.
    """
    _write(out, _composed(picture, shown), _pace(picture.time))


def _composed(picture: CurvePicture, shown: Iterator[LocalisedFrame]) -> Iterator[NDArray[np.uint8]]:
    """The pictures of the video, (H, W, 3) with even sides."""
    whole = draw_curve(picture, width=_WIDTH, plot_height=_PLOT_HEIGHT)
    empty = draw_curve(
        replace(picture, score=np.full(len(picture.score), np.nan)), width=_WIDTH, plot_height=_PLOT_HEIGHT
    )
    for one in shown:
        column = round(column_of(picture, one.frame, width=_WIDTH))
        curve = np.concatenate([whole[:, :column], empty[:, column:]], axis=1)
        curve[-_PLOT_HEIGHT - 50 : -50, column : column + 2] = rgb(VERMILION)
        half = _WIDTH // 2
        above = np.concatenate([with_boxes(one, half), with_heat(one, half)], axis=1)
        both = np.concatenate([above, curve])
        yield both[: len(both) // 2 * 2]


def _pace(time: NDArray[np.float64]) -> Fraction:
    """Rows per second; 1 where they do not say."""
    steps = np.diff(time)
    step = float(np.median(steps)) if len(steps) else 1.0
    return Fraction(1 / step if step > 0 else 1.0).limit_denominator(1000)


def _write(out: Path, pictures: Iterator[NDArray[np.uint8]], rate: Fraction) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.stem}.{os.getpid()}.mp4")
    try:
        _encode(draft, pictures, rate)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _encode(path: Path, pictures: Iterator[NDArray[np.uint8]], rate: Fraction) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options=_ENCODER)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = 1 / rate
        for index, pixels in enumerate(pictures):
            if not index:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
