"""The picture and the annotated video of a video that no benchmark knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from vadbench.datasets import VideoAnnotation
from vadbench.figures.annotated_video import film
from vadbench.figures.curve import CurvePicture
from vadbench.figures.localised import localised_frames
from vadbench.figures.run import run_name, score_range
from vadbench.figures.show import draw_large
from vadbench.figures.stored_frames import near_thumbnails, spread_thumbnails
from vadbench.figures.style import png_bytes, write_picture
from vadbench.methods.protocol import SCORES
from vadbench.store import Part


def picture_prediction(scores: Part, frames: Part, id: str, run: Path, out: Path) -> None:
    """Draw the scores that a run gave to a video of its own list, large, with the frames around the highest.

    Args:
        scores: part with an array `score` that holds the video.
        frames: its part of frames.
        id: the video.
        run: the run's folder; its test videos' range of scores is drawn where scores.h5 is there.
        out: the PNG to write.
    """
    picture = replace(_curve(scores, id, run), thumbnails=spread_thumbnails(frames, id, None))
    peak = int(picture.frame[picture.score.argmax()])
    image = draw_large(replace(picture, peak=peak), near_thumbnails(frames, id, peak, None))
    write_picture(png_bytes(image), out)


def film_prediction(scores: Part, frames: Part, id: str, run: Path, out: Path) -> None:
    """Write what a run found in a video of its own list as H.264: boxes, heat map and the curve so far.

    Args:
        scores: part with scores, heat maps and boxes that holds the video.
        frames: its part of frames.
        id: the video.
        run: the run's folder, as for its picture.
        out: the .mp4 to write; it appears under its name when it is complete.
    """
    nothing_known = VideoAnnotation()
    rows = range(scores.row_count(id))
    film(_curve(scores, id, run), localised_frames(scores, frames, id, rows, nothing_known, Path()), out)


def _curve(scores: Part, id: str, run: Path) -> CurvePicture:
    score = scores.read(id, "score").astype(np.float64)
    frame, time = scores.frame(id), scores.time(id)
    best = int(score.argmax())
    return CurvePicture(
        title=id,
        subtitle=f"run {run_name(run)}   ·   highest score {score[best]:.3g} at {time[best]:.2f} s",
        frame=frame,
        time=time,
        score=score,
        frames=scores.frame_count(id),
        spans=None,
        score_range=_common_range(scores, run / SCORES),
    )


def _common_range(scores: Part, of_run: Path) -> tuple[float, float]:
    low, high = score_range(scores)
    if not of_run.exists():
        return low, high
    with Part.open(of_run) as others:
        low_of_run, high_of_run = score_range(others)
    return min(low, low_of_run), max(high, high_of_run)
