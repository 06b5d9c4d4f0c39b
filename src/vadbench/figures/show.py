"""One large picture of one video: its curve and the frames around its highest score."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.figures.curve import CurvePicture, draw_curve
from vadbench.figures.names import nearest_names
from vadbench.figures.run import RunPictures
from vadbench.figures.strip import Thumbnail, draw_strip
from vadbench.figures.style import GREY, VERMILION, drawing, new_figure, pixels, png_bytes, write_picture

_WIDTH, _PLOT_HEIGHT = 1400, 300
_LEFT, _RIGHT, _HEAD, _FOOT = 62, 16, 26, 30  # pixels, as the two above


def show(run: Path, video: str, annotations: Path, out: Path, *, frames: Path | None = None) -> None:
    """Draw one test video of a run, large, with the frames around its highest score below.

    Args:
        run: the run's folder, with scores.h5 and metrics.json.
        video: the video's id.
        annotations: the benchmark's annotations.json.
        out: the PNG to write.
        frames: folder of the set of frames; None: no pictures of frames.

    Raises:
        VadbenchError: if the video is no test video of the run (the nearest ids are named), or a file is
            missing or damaged.
    """
    with RunPictures(run, annotations, frames) as pictures:
        if video not in pictures.test:
            raise VadbenchError(
                f"{run}: no test video {video!r}; the nearest of {len(pictures.test)} are "
                f"{nearest_names(video, pictures.test)}"
            )
        picture = replace(
            pictures.picture(video, pictures.score_range()),
            thumbnails=pictures.overview(video),
            peak=pictures.peak(video),
        )
        write_picture(png_bytes(draw_large(picture, pictures.close_up(video))), out)


def draw_large(picture: CurvePicture, close_up: Sequence[Thumbnail]) -> NDArray[np.uint8]:
    """The picture and below it a row of frames around `picture.peak`, (H, 1400, 3) RGB."""
    curve = draw_curve(picture, width=_WIDTH, plot_height=_PLOT_HEIGHT)
    if not close_up or picture.peak is None:
        return curve
    return np.concatenate([curve, _draw_close_up(close_up, picture.peak)])


def _draw_close_up(thumbnails: Sequence[Thumbnail], peak: int) -> NDArray[np.uint8]:
    inner = _WIDTH - _LEFT - _RIGHT
    strip = draw_strip(thumbnails, inner)
    height = _HEAD + len(strip) + _FOOT
    nearest = min(thumbnails, key=lambda thumbnail: abs(thumbnail.frame - peak))
    with drawing():
        figure = new_figure(_WIDTH, height)
        figure.text(
            _LEFT / _WIDTH, 1 - 6 / height, "Around the highest score (dashed line)", va="top", fontsize=9
        )
        for number, thumbnail in enumerate(thumbnails):
            figure.text(
                (_LEFT + inner * (number + 0.5) / len(thumbnails)) / _WIDTH,
                (_FOOT - 4) / height,
                f"{thumbnail.time:.2f} s, frame {thumbnail.frame}",
                ha="center",
                va="top",
                color=VERMILION if thumbnail is nearest else GREY,
            )
        image = pixels(figure)
    image[_HEAD : _HEAD + len(strip), _LEFT : _LEFT + inner] = strip
    return image
