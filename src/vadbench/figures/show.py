"""One large picture of one video: its curve, frames around its highest score, and what is where in them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.figures.curve import CurvePicture, draw_curve
from vadbench.figures.localised import LocalisedFrame, with_boxes, with_heat
from vadbench.figures.run import RunPictures
from vadbench.figures.strip import Thumbnail, draw_strip
from vadbench.figures.style import GREY, VERMILION, drawing, new_figure, pixels, png_bytes, write_picture

_WIDTH, _PLOT_HEIGHT = 1400, 300
_LEFT, _RIGHT, _HEAD, _FOOT = 62, 16, 26, 30  # pixels, as the two above
_GAP = 4  # pixels between neighbours
_MOST_BYTES = 2_000_000  # of a picture with heat maps


_LOCALISED = 4  # frames with boxes and heat maps, unless they are chosen


def show(
    run: Path,
    video: str,
    annotations: Path,
    out: Path,
    *,
    frames: Path | None = None,
    data_root: Path = Path("data"),
    chosen: Sequence[int] = (),
) -> None:
    """Draw one test video of a run, large, with the frames around its highest score below.

    Of a method that localises, further down some frames with predicted and true boxes, and their heat maps.

    Args:
        run: the run's folder, with scores.h5 and metrics.json.
        video: the video's id.
        annotations: the benchmark's annotations.json.
        out: the PNG to write.
        frames: folder of the set of frames; None: no pictures of frames.
        data_root: folder of the data sets, where pixel masks are read.
        chosen: source frames to localise in; none: the four scored rows around the highest score.

    Raises:
        VadbenchError: if the video is no test video of the run (the nearest ids are named), a file is
            missing or damaged, or frames are chosen that cannot be shown.
    """
    with RunPictures(run, annotations, frames, data_root) as pictures:
        pictures.check_test_video(video)
        picture = replace(
            pictures.picture(video, pictures.score_range()),
            thumbnails=pictures.overview(video),
            peak=pictures.peak(video),
        )
        image = draw_large(picture, pictures.close_up(video))
        localised = _localised(pictures, video, chosen)
        if not localised:
            write_picture(png_bytes(image), out)
            return
        # With fewer colours a heat map would look as if it had steps.
        image = np.concatenate([image, draw_localised(localised)])
        write_picture(png_bytes(image, _MOST_BYTES), out)


def draw_large(picture: CurvePicture, close_up: Sequence[Thumbnail]) -> NDArray[np.uint8]:
    """The picture and below it a row of frames around `picture.peak`, (H, 1400, 3) RGB."""
    curve = draw_curve(picture, width=_WIDTH, plot_height=_PLOT_HEIGHT)
    if not close_up or picture.peak is None:
        return curve
    return np.concatenate([curve, _draw_close_up(close_up, picture.peak)])


def draw_localised(shown: Sequence[LocalisedFrame]) -> NDArray[np.uint8]:
    """Frames with boxes side by side and their heat maps below, in rows of four, (H, 1400, 3) RGB."""
    inner = _WIDTH - _LEFT - _RIGHT
    rows = [shown[start : start + _LOCALISED] for start in range(0, len(shown), _LOCALISED)]
    return np.concatenate([_draw_row(row, inner // _LOCALISED - _GAP) for row in rows])


def _draw_row(shown: Sequence[LocalisedFrame], width: int) -> NDArray[np.uint8]:
    columns = [np.concatenate([with_boxes(one, width), with_heat(one, width)]) for one in shown]
    height = max(map(len, columns))
    with drawing():
        figure = new_figure(_WIDTH, _HEAD + height + _FOOT)
        title = (
            "Predicted boxes red, the most confident one bold; true ones green. Below: heat, dark 0, yellow 1"
        )
        figure.text(_LEFT / _WIDTH, 1 - 6 / (_HEAD + height + _FOOT), title, va="top", fontsize=9)
        for number, one in enumerate(shown):
            middle = _LEFT + number * (width + _GAP) + width / 2
            caption = f"{one.time:.2f} s, frame {one.frame}, score {one.score:.2f}"
            bottom = (_FOOT - 4) / (_HEAD + height + _FOOT)
            figure.text(middle / _WIDTH, bottom, caption, ha="center", va="top", color=GREY)
        image = pixels(figure)
    for number, column in enumerate(columns):
        left = _LEFT + number * (width + _GAP)
        image[_HEAD : _HEAD + len(column), left : left + width] = column
    return image


def _localised(pictures: RunPictures, video: str, chosen: Sequence[int]) -> list[LocalisedFrame]:
    """The chosen rows, or those around the highest score."""
    can = pictures.localises and pictures.has_frames(video) and pictures.row_count(video)
    if chosen and not can:
        raise VadbenchError(
            "chosen frames are shown with what was localised in them, for which the scores must hold boxes "
            "and the frames of the video must be stored"
        )
    if not can:
        return []
    rows = pictures.rows_near(video, chosen) if chosen else pictures.rows_around_peak(video, _LOCALISED)
    return list(pictures.localised(video, rows))


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
